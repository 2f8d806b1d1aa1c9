"""Pads off, pain and skin afterwards, and "saved" only when it is."""

from __future__ import annotations

from typing import Final

from kiosk.keys import Key
from kiosk.page import Choice, NumberLine, Page, Words
from kiosk.visit.pages.checks import how_to_type_ten, pain_at_rest
from kiosk.visit.pages.chrome import build
from kiosk.visit.pages.form_pages import asked_for
from kiosk.visit.state import Moment, Visit
from kiosk.visit.steps import home, numbers
from kiosk.visit.steps.ending import after_entry, played
from kiosk.visit.steps.exercises import offered
from kiosk.visit.steps.forms import next_due
from kiosk.words import _

SPOILT: Final = ("burning", "sting")
"""Reasons for a stop after which the pads are not used again."""


def pads_off(visit: Visit, moment: Moment) -> Page:
    outcome = visit.context.run.outcome
    was_begun = outcome is not None or visit.context.activity == "restart"
    # Every other end has had a page of its own that said it.
    by_itself = outcome is not None and outcome.why == "plan_over" and outcome.confirmed
    lines = (
        *((_("The stimulator reports that its output is off."),) if by_itself else ()),
        _("The session is over. Take the pads off now.") if was_begun else _("Take the pads off now."),
        _("Lift a corner and peel. Never pull at the cable."),
        _("Throw these pads away. Take new ones next time.")
        if visit.context.run.reason in SPOILT
        else _("Put the pads back on their foil."),
    )
    choices = (
        Choice(Key.ENTER, _("They are off, next")),
        Choice(Key.SIX, _("How it is done"), prominent=False),
    )
    return build(visit, moment, Words(lines), choices, title=_("Pads off"))


def pain_after(visit: Visit, moment: Moment) -> Page:
    """The same question as before the session, so that the two can be compared."""
    value = numbers.marked(visit.context.number, after_entry(visit).pain_rest)
    question, low, high = pain_at_rest()
    left_out = (_("You can leave this out: press Enter."),) if value is None else ()
    body = NumberLine(question, low, high, value, (how_to_type_ten(), *left_out))
    choices = (Choice(Key.ENTER, _("Next")),)
    title = _("How is your back now?")
    return build(visit, moment, body, choices, title=title, digits=True, back=True)


def skin_choices() -> tuple[Choice, ...]:
    """Grade 0 to 4, on the keys 1 to 5."""
    return (
        Choice(Key.ONE, _("As before")),
        Choice(Key.TWO, _("A little pink")),
        Choice(Key.THREE, _("Red, itchy or raised")),
        Choice(Key.FOUR, _("Blister or burn")),
        Choice(Key.FIVE, _("Open or infected")),
    )


def skin_help() -> Choice:
    """To what is common after a session, and what is not."""
    return Choice(Key.SIX, _("What is common?"), prominent=False)


def skin_after(visit: Visit, moment: Moment) -> Page:
    lines = (_("Look at the skin where the pads were. How is it?"),)
    choices = (*skin_choices(), skin_help())
    return build(visit, moment, Words(lines), choices, title=_("Your skin"), back=True)


def _tomorrow(visit: Visit) -> tuple[str, ...]:
    """The day after a session its skin and muscles are asked for: not where none was played."""
    if not played(visit):
        return ()
    return (_("Tomorrow the box will ask about your skin and muscles."),)


def saved(visit: Visit, moment: Moment) -> Page:
    more_today = visit.context.loads != "none" or home.variant(visit) in ("ready", "no_device")
    lines = (
        _("Saved. Thank you.") if more_today else _("Saved. You are done for today."),
        *_tomorrow(visit),
        *asked_for(visit),
    )
    choices = []
    if next_due(visit) is not None:
        choices.append(Choice(Key.ONE, _("Answer them now")))
    if offered(visit):
        choices.append(Choice(Key.TWO, _("Show me today's exercises")))
    choices.append(Choice(Key.ENTER, _("Home")))
    return build(visit, moment, Words(lines), tuple(choices), title=_("Saved"))
