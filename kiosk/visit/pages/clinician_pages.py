"""What is prescribed, for whoever looks; and the locks, for the clinician at the box."""

from __future__ import annotations

import datetime as dt

from kiosk import words
from kiosk.access.handed_in import Held, Opens
from kiosk.keys import Key
from kiosk.page import Choice, Page, PinEntry, Words
from kiosk.visit.pages.chrome import build
from kiosk.visit.pages.family_pages import leafing
from kiosk.visit.pages.pin_words import pin_notice
from kiosk.visit.pages.verdicts import cause_of
from kiosk.visit.state import FromClinic, Moment, Visit
from kiosk.visit.steps import clinician
from kiosk.visit.steps import held as held_steps
from kiosk.wording import sides
from kiosk.words import _, content, ngettext, worded
from programs.library import load_courses, load_montages, load_programme
from programs.prescription import Prescription


def prescription(visit: Visit, moment: Moment) -> Page:
    """Page by page: who and when; what and how strong; what was cleared."""
    found, index = clinician.prescription(visit), visit.place.index
    if found is None:
        body = Words((_("There is no prescription in the box."),))
    elif index == 0:
        body = Words(_who(found), _what(found))
    elif index == 1:
        body = Words((_("No session goes beyond these limits."),), _limits(found))
    else:
        body = Words((_("The clinician knows of these, and allows it:"),), _cleared(visit, found, index))
    count = clinician.page_count(visit)
    number = _("{number} of {count}").format(number=index + 1, count=count)
    choices = [Choice(Key.ENTER, _("Next") if index + 1 < count else _("Close"))]
    if clinician.leads_to_clinician(visit):
        choices.append(Choice(Key.SEVEN, _("For the clinician"), prominent=False))
    title = f"{_('My prescription')}  {number}"
    return build(visit, moment, body, tuple(choices), title=title, pauses=True, back=True)


def _who(found: Prescription) -> tuple[str, ...]:
    return (
        _("From {first} to {last}.").format(
            first=_with_year(found.valid_from), last=_with_year(found.valid_until)
        ),
        _("Set by {clinician}. The box cannot check who wrote it.").format(clinician=found.clinician.name),
    )


def _what(found: Prescription) -> tuple[str, ...]:
    montages = ", ".join(content(load_montages()[id_].name) for id_ in found.montages)
    size = f"{found.pads.width_cm:g} × {found.pads.height_cm:g} cm"
    days = found.days_per_week
    return (
        _("Plan: {plan}").format(plan=content(load_courses()[found.plan].name)),
        ngettext("Up to {n} day a week", "Up to {n} days a week", days).format(n=days),
        _("Pads: {size}, {montages}").format(size=size, montages=montages),
        _("Number of the prescription: {serial}").format(serial=found.serial),
    )


def _limits(found: Prescription) -> tuple[str, ...]:
    """Of the sides, then of the programmes. A programme without one of its own has the sides' alone."""
    leads = {lead.channel: lead for id_ in found.montages for lead in load_montages()[id_].leads}
    of_sides = tuple(
        _limited(sides.back_name(lead), limit_mA)
        for channel, lead in sorted(leads.items())
        if (limit_mA := found.limits.get(str(channel))) is not None
    )
    of_programmes = tuple(
        name if limit_mA is None else _limited(name, limit_mA)
        for id_ in found.programmes
        for name, limit_mA in [(content(load_programme(id_).name), found.limits.get(id_))]
    )
    return (*([", ".join(of_sides)] if of_sides else ()), *of_programmes)


def _limited(name: str, limit_mA: float) -> str:
    return _("{name}: limit {limit} mA").format(name=name, limit=words.decimal(limit_mA))


def _cleared(visit: Visit, found: Prescription, index: int) -> tuple[str, ...]:
    first = (index - clinician.FIRST_PAGES) * clinician.CLEARANCES_A_PAGE
    today = visit.context.today
    said = []
    for one in found.clearances[first : first + clinician.CLEARANCES_A_PAGE]:
        question = None if today is None else today.questionnaire.questions.get(one.question)
        asked = one.question if question is None else content(question.worded("baseline"))
        said.append(f"{asked} ({one.by}, {_with_year(one.on)})")
    return tuple(said)


def _with_year(day: dt.date) -> str:
    return f"{words.date(day)} {day.year}"


# ── the clinician at the box ────────────────────────────────────────────────────────────────────


def clinician_pin(visit: Visit, moment: Moment) -> Page:
    entry = visit.context.pin
    lines = (_("This page is for the clinician. Please type the PIN."),)
    body = PinEntry(lines, len(entry.typed), pin_notice(entry))
    choices = (Choice(Key.ENTER, _("Open")),) if entry.typed and not entry.checking else ()
    title = _("For the clinician")
    return build(visit, moment, body, choices, title=title, digits=True, back=not entry.checking)


def locks(visit: Visit, moment: Moment) -> Page:
    """One lock at a time: why it is there, and the key that opens it."""
    code, lock = visit.context.code, clinician.chosen(visit)
    held = len(visit.context.from_clinic.held or ())
    sent = ngettext("What the clinic sent: {n}", "What the clinic sent: {n}", held).format(n=held)
    choices = [Choice(Key.TWO, _("Read the prescription")), *([Choice(Key.THREE, sent)] if held else [])]
    lines = [_("Lock {lock} is open.").format(lock=code.opened)] if code.opened else []
    if code.checking or (code.state is None and not code.sentence):
        lines.append(_("One moment."))
    elif code.sentence:
        lines.append(worded(code.sentence))
    elif lock is None:
        lines.append(_("No lock is left.") if code.opened else _("There is no lock."))
    else:
        assert code.state is not None
        lines.append(_("Lock {lock}").format(lock=lock.name))
        lines.append(f"{cause_of(visit, lock.lock)} ({lock.lock.cause})")
        lines.append(_("Open it only when you have looked into it. It is kept in the diary."))
        choices.insert(0, Choice(clinician.OPENS, _("Open this lock")))
        if len(code.state.locks) > 1:
            choices.append(Choice(Key.RIGHT, _("Another lock"), prominent=False))
    if code.checking:
        choices = []
    title = _("For the clinician")
    body = Words(tuple(lines))
    return build(visit, moment, body, tuple(choices), title=title, back=not code.checking)


# ── what the clinic sent ────────────────────────────────────────────────────────────────────────


def held(visit: Visit, moment: Moment) -> Page:
    """One at a time: who signed it, what it would change, and the keys that take or decline it."""
    state, one = visit.context.from_clinic, held_steps.chosen(visit)
    lines = [_became(state)] if state.done or state.sentence else []
    items: tuple[str, ...] = ()
    choices: list[Choice] = []
    shared = held_steps.change_sheets(visit)
    at = min(visit.place.item, len(shared) - 1)
    if state.doing or state.held is None:
        lines.append(_("One moment."))
    elif one is None:
        lines.append(_("Nothing waits here."))
    else:
        said, items = _sent(one, shared[at])
        lines += said
        if one.order is not None and held_steps.seen_whole(visit):
            choices.append(Choice(held_steps.TAKES, _("Take it")))
        choices += [Choice(held_steps.DECLINES, _("Decline it")), *leafing(at, len(shared))]
        if len(state.held) > 1:
            choices.append(Choice(Key.RIGHT, _("Another one"), prominent=False))
    title = _("From the clinic")
    if state.held is not None and len(state.held) > 1:
        number = _("{number} of {count}").format(number=visit.place.index + 1, count=len(state.held))
        title = f"{title}  {number}"
    body = Words(tuple(lines), items)
    return build(visit, moment, body, tuple(choices), title=title, back=not state.doing)


def _became(state: FromClinic) -> str:
    if state.sentence:
        return worded(state.sentence)
    return _("It is taken, and holds now.") if state.done == "take" else _("It is declined. Nothing changed.")


def _sent(one: Held, changes: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    order = one.order
    if order is None:
        return (_("This one cannot be taken: {why}").format(why=worded(one.sentence)),), ()
    if isinstance(order, Opens):
        return (_("It opens lock {number}. By {who}.").format(number=order.number, who=order.note),), ()
    new = order.prescription
    return (
        _("Prescription {serial}, set by {clinician}.").format(
            serial=new.serial, clinician=new.clinician.name
        ),
        _("It is signed by the clinic. ▲ allows more than now."),
    ), changes


def held_decline(visit: Visit, moment: Moment) -> Page:
    """The clinic does not hear of it: a second question."""
    lines = (
        _("Decline it? It does not come again."),
        _("What is in force stays as it is. Tell the clinic."),
    )
    choices = (Choice(Key.ONE, _("Decline it")), Choice(Key.TWO, _("Let it wait")))
    return build(visit, moment, Words(lines), choices, title=_("From the clinic"), back=True)
