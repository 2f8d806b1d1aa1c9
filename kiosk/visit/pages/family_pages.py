"""The family's page behind its PIN, and the person's own look back. Facts, no praise, no goals."""

from __future__ import annotations

from typing import Final

from kiosk import words
from kiosk.keys import Key
from kiosk.page import Choice, Overview, Page, PinEntry, Words
from kiosk.review.family import FamilyView
from kiosk.visit.pages import people, verdicts
from kiosk.visit.pages.chrome import build
from kiosk.visit.state import Moment, Visit
from kiosk.visit.steps import answers
from kiosk.words import _, ngettext

LOOK_BACK_DAYS: Final = 7
ENTRIES_FOR_A_MEAN: Final = 5


def pin(visit: Visit, moment: Moment) -> Page:
    entry = visit.context.pin
    lines = [_("This page is for the family. Please type the PIN.")]
    if visit.context.setting.shown_pin:
        lines.append(
            _("This is a demonstration. The PIN is {pin}.").format(pin=visit.context.setting.shown_pin)
        )
    notice = ""
    if entry.checking:
        notice = _("One moment.")
    elif entry.wrong:
        notice = entry.sentence or _("That PIN is not right. Please try again.")
        if entry.wait_s:
            notice = ngettext(
                "That PIN is not right. Try again in {n} second.",
                "That PIN is not right. Try again in {n} seconds.",
                entry.wait_s,
            ).format(n=entry.wait_s)
    body = PinEntry(tuple(lines), len(entry.typed), notice)
    choices = (Choice(Key.ENTER, _("Open")),) if entry.typed and not entry.checking else ()
    return build(
        visit, moment, body, choices, title=_("For the family"), digits=True, back=not entry.checking
    )


def family(visit: Visit, moment: Moment) -> Page:
    """One line first, then four weeks of pain, then facts."""
    view: FamilyView = visit.context.family
    locks = answers.locks_open(visit)
    if locks:
        headline = _("▲ LOOK HERE: the device is locked.")
        lines = (*verdicts.lock_lines(visit, locks[0])[:2], _("Ask how it is."))
    else:
        headline = _("Nothing to do today.")
        lines = ()
    facts = (_pain_fact(view), _session_fact(view))
    title = _("For the family   {name}").format(name=people.patient(visit))
    body = Overview(
        headline=headline,
        lines=lines,
        days=tuple((_day_label(day.day), day.pain, day.session) for day in view.days),
        facts=facts,
        small=_("From own answers, not checked. This is not an emergency service."),
        sessions_word=_("sessions"),
        no_entry_word=_("no entry"),
    )
    return build(visit, moment, body, (Choice(Key.ZERO, _("Leave"), prominent=False),), title=title)


def _day_label(day: object) -> str:
    return f"{day:%d.%m.}"


def _pain_fact(view: FamilyView) -> str:
    count = _("{n} of {days} days").format(n=view.days_with_pain, days=len(view.days))
    if view.mean_pain is None:
        return _("Pain: not enough data, {count}").format(count=count)
    return _("Pain, mean: {mean}, {count}").format(mean=words.decimal(view.mean_pain), count=count)


def _session_fact(view: FamilyView) -> str:
    return _("Sessions: {begun} begun, {done} done to the end").format(
        begun=len(view.sessions), done=view.sessions_done
    )


def look_back(visit: Visit, moment: Moment) -> Page:
    """The last seven days; a gap is shown as one."""
    view: FamilyView | None = visit.context.family
    if view is None:
        body = Words((_("One moment. The box reads your diary."),))
        return build(visit, moment, body, title=_("How it has been going"), pauses=True, back=True)
    days = view.days[-LOOK_BACK_DAYS:]
    items = []
    for day in days:
        pain = _("no entry") if day.pain is None else _("pain {value}").format(value=day.pain)
        session = _(", session") if day.session else ""
        items.append(f"{words.weekday(day.day)}: {pain}{session}")
    ratings = [day.pain for day in days if day.pain is not None]
    mean = _("Mean pain: not enough entries yet.")
    if len(ratings) >= ENTRIES_FOR_A_MEAN:
        mean = _("Mean pain: {mean} of 10").format(mean=words.decimal(sum(ratings) / len(ratings)))
    body = Words((_("The last seven days. {mean}").format(mean=mean),), tuple(items))
    return build(visit, moment, body, title=_("How it has been going"), pauses=True, back=True)
