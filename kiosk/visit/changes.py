"""What a new prescription changes, in words: old → new. What allows more stands first and bears a mark."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from kiosk import words
from kiosk.today import Today
from kiosk.wording import sides
from kiosk.words import _, content
from programs.library import load_courses, load_montages, load_programme
from programs.prescription import Prescription

MORE: Final = "▲ "


class Change(NamedTuple):
    """One difference."""

    text: str
    more: bool
    """It allows what was not allowed; where that is not certain, too."""


def in_words(new: Prescription, old: Prescription | None, today: Today | None) -> tuple[str, ...]:
    """Every difference, one an item; of a first prescription what it allows."""
    found = tuple(_first(new) if old is None else changes(new, old, today))
    if not found:
        return (_("Nothing but its number changes."),)
    more = tuple(MORE + change.text for change in found if change.more)
    return more + tuple(change.text for change in found if not change.more)


def changes(new: Prescription, old: Prescription, today: Today | None) -> Iterator[Change]:
    """Every difference, in the order of a prescription."""
    if new.patient != old.patient:
        yield _changed(_("Person"), old.patient.name, new.patient.name)
    yield from _limits(new, old)
    yield from _listed(old.programmes, new.programmes, _programme)
    yield from _listed(old.montages, new.montages, _montage)
    if new.pads != old.pads:
        yield _changed(_("Pads"), _pads(old), _pads(new))
    if new.plan != old.plan:
        yield _changed(_("Plan"), _course(old.plan), _course(new.plan))
    if new.days_per_week != old.days_per_week:
        more = new.days_per_week > old.days_per_week
        yield _changed(_("Days a week"), str(old.days_per_week), str(new.days_per_week), more=more)
    if new.valid_from != old.valid_from:
        more = new.valid_from < old.valid_from
        yield _changed(_("Valid from"), _day(old.valid_from), _day(new.valid_from), more=more)
    if new.valid_until != old.valid_until:
        more = new.valid_until > old.valid_until
        yield _changed(_("Valid until"), _day(old.valid_until), _day(new.valid_until), more=more)
    if new.week0 != old.week0:
        yield _changed(_("A first week to get used to it"), _yes(old.week0), _yes(new.week0), more=old.week0)
    if new.helper_for_pads != old.helper_for_pads:
        helped, more = (_yes(old.helper_for_pads), _yes(new.helper_for_pads)), old.helper_for_pads
        yield _changed(_("Somebody helps with the pads"), *helped, more=more)
    if new.levels_anew:
        yield Change(_("Each level is found as if for the first time."), more=True)
    yield from _clearances(new, old, today)
    if new.clinician != old.clinician:
        told = (f"{one.name}, {one.phone}" for one in (old.clinician, new.clinician))
        yield _changed(_("Clinician"), *told, more=False)


def _first(new: Prescription) -> Iterator[Change]:
    yield Change(_("Person: {name}").format(name=new.patient.name), more=True)
    yield Change(_("Plan: {plan}").format(plan=_course(new.plan)), more=True)
    for key, limit_mA in new.limits.items():
        limit = words.decimal(limit_mA)
        yield Change(_("{name}: limit {limit} mA").format(name=_limited(key, new), limit=limit), more=True)
    first, last = _day(new.valid_from), _day(new.valid_until)
    yield Change(_("From {first} to {last}.").format(first=first, last=last), more=True)


def _limits(new: Prescription, old: Prescription) -> Iterator[Change]:
    for key in sorted({*old.limits, *new.limits}):
        before, after = old.limits.get(key), new.limits.get(key)
        if before != after:
            text = _("{name}: limit {old} → {new} mA").format(
                name=_limited(key, new), old=_limit(before), new=_limit(after)
            )
            yield Change(text, more=after is None or (before is not None and after > before))


def _listed(old: Sequence[str], new: Sequence[str], name: Callable[[str], str]) -> Iterator[Change]:
    for id_ in new:
        if id_ not in old:
            yield Change(_("New: {name}").format(name=name(id_)), more=True)
    for id_ in old:
        if id_ not in new:
            yield Change(_("No more: {name}").format(name=name(id_)), more=False)


def _clearances(new: Prescription, old: Prescription, today: Today | None) -> Iterator[Change]:
    before, after = old.cleared_questions(), new.cleared_questions()
    for one in new.clearances:
        if one.question not in before:
            text = _("Allowed all the same: {question} ({by}, {day})").format(
                question=_question(one.question, today), by=one.by, day=_day(one.on)
            )
            yield Change(text, more=True)
    for key in sorted(before - after):
        yield Change(_("Not allowed any more: {question}").format(question=_question(key, today)), more=False)


def _changed(what: str, old: str, new: str, *, more: bool = True) -> Change:
    return Change(f"{what}: {old} → {new}", more)


def _limited(key: str, of: Prescription) -> str:
    if not key.isdigit():
        return _programme(key)
    leads = (lead for id_ in of.montages for lead in load_montages()[id_].leads)
    return next((sides.back_name(lead) for lead in leads if str(lead.channel) == key), key)


def _limit(limit_mA: float | None) -> str:
    return _("none") if limit_mA is None else words.decimal(limit_mA)


def _programme(id_: str) -> str:
    return content(load_programme(id_).name)


def _montage(id_: str) -> str:
    return content(load_montages()[id_].name)


def _course(id_: str) -> str:
    return content(load_courses()[id_].name)


def _pads(of: Prescription) -> str:
    return f"{of.pads.width_cm:g} × {of.pads.height_cm:g} cm"


def _yes(value: bool) -> str:
    return _("yes") if value else _("no")


def _day(day: dt.date) -> str:
    return f"{words.short_date(day)} {day.year}"


def _question(key: str, today: Today | None) -> str:
    question = None if today is None else today.questionnaire.questions.get(key)
    return key if question is None else content(question.worded("baseline"))
