"""How the pads lie, measured: what will happen, that it happens, and which lead to look at."""

from __future__ import annotations

from collections.abc import Iterator

from drivers.messages import LeadContact
from kiosk.keys import Key
from kiosk.page import Choice, Page, Words
from kiosk.visit.pages.chrome import build
from kiosk.visit.pages.pad_pages import back_drawn
from kiosk.visit.pages.stops import fault_sentence, then_lines
from kiosk.visit.state import Moment, Visit
from kiosk.visit.steps.contact import holds_less_than_usual, may_check_again, not_good
from kiosk.visit.steps.pads import montage
from kiosk.visit.steps.stimulation import OVER_FOR_TODAY, STOP_INPUT
from kiosk.wording import sides
from kiosk.words import _, ngettext
from programs.montage import Lead


def contact_check(visit: Visit, moment: Moment) -> Page:
    """Nothing starts by itself."""
    body = Words(
        (
            _("Press Enter to check the pads. No current flows yet."),
            _("Then a very small current flows for one second per lead."),
            _("You should feel nothing, or a faint tick."),
            _("STOP ends it at once."),
        )
    )
    choices = (Choice(Key.ENTER, _("Check the pads now")),)
    return build(visit, moment, body, choices, title=_("How the pads lie"), pauses=True, back=True)


def probing(visit: Visit, moment: Moment) -> Page:
    """From the request to the guard's last word."""
    body = Words(
        (
            _("One moment: the pads are being checked."),
            _("A very small current flows. You should feel nothing, or a faint tick."),
            _("It ends by itself. STOP ends it at once."),
        )
    )
    title = _("How the pads lie")
    return build(visit, moment, body, title=title, stop_text=sides.stop_text(), current_on=True)


def contact_result(visit: Visit, moment: Moment) -> Page:
    """The leads to look at stand out on the drawn back; where all is well, all do."""
    where, measured, bad = montage(visit), visit.context.run.contact_leads, not_good(visit)
    leads = {lead.channel: lead for lead in where.leads}
    shown = [leads[one.channel] for one in (bad or measured)]
    body = back_drawn(
        where,
        tuple(pad.number for lead in shown for pad in lead.pads),
        lines=tuple(_advice(visit, [(leads[one.channel], one) for one in bad])),
        box=tuple(_state(leads[one.channel], one) for one in measured),
        below=_("The stimulator reports that its output is off."),
        box_strong=tuple(at for at, one in enumerate(measured) if one in bad or not bad),
    )
    choices: tuple[Choice, ...] = (Choice(Key.ENTER, _("Next")),)
    if bad:
        choices = (Choice(Key.ENTER, _("Check again")), Choice(Key.TWO, _("Back to the pads")))
    return build(visit, moment, body, choices, title=_("How the pads lie"), pauses=True, back=True)


def _state(lead: Lead, measured: LeadContact) -> str:
    """ "RED  pad 1 + 2  ● GOOD": two terminals cannot tell which of the two it is."""
    word = {"good": _("GOOD"), "dry": _("DRY"), "open": _("OPEN")}[measured.contact]
    first, second = (pad.number for pad in lead.pads)
    pads = _("pad {first} + {second}").format(first=first, second=second)
    return f"{sides.colour(lead)}  {pads}  ● {word}"


def _advice(visit: Visit, bad: list[tuple[Lead, LeadContact]]) -> Iterator[str]:
    """What to do, one thing a line."""
    if not bad:
        if not holds_less_than_usual(visit):
            yield _("All pads lie well.")
            return
        yield _("The pads hold well enough.")
        yield _("They hold less well than last time. Press them on.")
        yield from _age_of_pads(visit)
        return
    yield _("Look at: {leads}.").format(leads=", ".join(sides.colour(lead) for lead, _measured in bad))
    kinds = {measured.contact for _lead, measured in bad}
    if "open" in kinds:
        yield _("OPEN: Is the lead plugged in? Are both its pads flat?")
    if "dry" in kinds:
        yield _("DRY: Press both pads. Still dry? A drop of water on each, or new pads.")


def _age_of_pads(visit: Visit) -> Iterator[str]:
    today, run = visit.context.today, visit.context.run
    if today is not None and today.pads is not None and not run.new_pads:
        uses = today.pads.uses
        yield ngettext(
            "They were used {n} time. New ones may hold better.",
            "They were used {n} times. New ones may hold better.",
            uses,
        ).format(n=uses)


def contact_stopped(visit: Visit, moment: Moment) -> Page:
    lines = (
        _("You stopped. That is fine."),
        _("The stimulator reports that its output is off."),
        _("Without this check there is no session."),
    )
    choices = (
        Choice(Key.ONE, _("Check again")),
        Choice(Key.TWO, _("End for today")),
        Choice(Key.THREE, _("It burned or hurt")),
    )
    return build(visit, moment, Words(lines), choices, title=_("How the pads lie"))


def contact_fault(visit: Visit, moment: Moment) -> Page:
    """What happened, is it dangerous, one thing to do, whom to call; the code last."""
    again, run = may_check_again(visit), visit.context.run
    why, limit = run.contact_end, run.contact_refusal
    refused = why == "refused"
    unchecked = _("The pads could not be checked.")
    lines = (
        unchecked if refused and limit not in (*OVER_FOR_TODAY, STOP_INPUT) else fault_sentence(why, limit),
        _("No current was switched on.") if refused else _("The stimulator reports that its output is off."),
        *then_lines(visit, limit or why, again=again),
    )
    choices = (
        *((Choice(Key.ONE, _("Try again")),) if again else ()),
        Choice(Key.TWO, _("End for today")),
    )
    code = f"{why}, {limit}" if limit else why
    body = Words(lines, small=(_("Code: {code}").format(code=code),), tone="warn")
    return build(visit, moment, body, choices, title=_("How the pads lie"))


def contact_end(visit: Visit, moment: Moment) -> Page:
    """The third check that was not good."""
    lines = (
        _("The pads did not hold well three times. That is enough for today."),
        _("The current is off. This is not dangerous."),
        _("Take new pads next time. The skin has to be clean and dry."),
    )
    choices = (Choice(Key.ENTER, _("Next")),)
    return build(visit, moment, Words(lines, tone="calm"), choices, title=_("How the pads lie"))
