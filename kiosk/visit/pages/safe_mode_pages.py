"""Safe mode: what a person reads on home, and the check of the box for whoever mends it."""

from __future__ import annotations

from kiosk.keys import Key
from kiosk.page import Choice, Page, Words
from kiosk.visit.pages.chrome import build
from kiosk.visit.state import Moment, Visit
from kiosk.visit.steps.safe_mode import AT_A_TIME, Checked, last_screen
from kiosk.words import _


def home_lines() -> tuple[str, ...]:
    """For the person: what does not go, what goes, whom to call."""
    return (
        _("The box had trouble and started again three times."),
        _("There is no therapy now. Your diary is open, and nothing is lost."),
        _("Call the person who set up this box: key 7 is for them."),
    )


def header() -> str:
    return _("safe mode: no therapy")


def box_check(visit: Visit, moment: Moment) -> Page:
    """The doctor's findings that have to be mended, each with its remedy."""
    checked: Checked = visit.context.checked
    title = _("Check of the box")
    if checked.running:
        body = Words((_("One moment. The box is being checked."), _("It can take a minute.")), tone="calm")
        return build(visit, moment, body, title=title, back=True, right=header())
    first = visit.place.index * AT_A_TIME
    shown = checked.to_mend[first : first + AT_A_TIME]
    items = tuple(f"{found} → {remedy}" for found, remedy in shown)
    see = _("{n} more to look at: homestim doctor").format(n=checked.to_see) if checked.to_see else ""
    small = tuple(part for part in (checked.sentence, see) if part)
    lines: tuple[str, ...]
    if checked.to_mend:
        lines = (_("To be mended: {n}.").format(n=len(checked.to_mend)),)
    elif checked.sentence:
        lines = (_("The box could not be checked."),)
    else:
        lines = (
            _("The box is well."),
            _("When safe mode is left, the box starts again. Sessions are possible then."),
            _("Nothing starts by itself."),
        )
    choices = (
        *((Choice(Key.ONE, _("Leave safe mode")),) if checked.may_leave else ()),
        Choice(Key.ENTER, _("Check again")),
        *((Choice(Key.UP, _("Before"), prominent=False),) if visit.place.index else ()),
        *(
            (Choice(Key.DOWN, _("More"), prominent=False),)
            if visit.place.index < last_screen(checked)
            else ()
        ),
    )
    body = Words(lines, items, small, tone="warn" if checked.to_mend or checked.sentence else "calm")
    return build(visit, moment, body, choices, title=title, back=True, right=header())
