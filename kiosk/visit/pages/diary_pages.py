"""Writing in the diary."""

from __future__ import annotations

from kiosk.keys import Key
from kiosk.page import Choice, Page, Words
from kiosk.visit.pages.checks import number_line
from kiosk.visit.pages.chrome import build
from kiosk.visit.pages.end_pages import skin_choices
from kiosk.visit.pages.form_pages import asked_for
from kiosk.visit.state import Moment, Visit
from kiosk.visit.steps.diary import NUMBERS
from kiosk.visit.steps.forms import next_due
from kiosk.words import _


def number(visit: Visit, moment: Moment) -> Page:
    field, entry = NUMBERS[visit.step], visit.context.entry
    return number_line(visit, moment, field, None if entry is None else getattr(entry, field))


def medicine(visit: Visit, moment: Moment) -> Page:
    body = Words((_("Did you take medicine for pain today?"),))
    choices = (Choice(Key.ONE, _("No")), Choice(Key.TWO, _("Yes")))
    return build(visit, moment, body, choices, title=_("Medicine"), pauses=True, back=True)


def skin(visit: Visit, moment: Moment) -> Page:
    """The day after a session."""
    body = Words((_("Look at the skin where the pads were. How is it today?"),))
    return build(visit, moment, body, skin_choices(), title=_("Your skin"), pauses=True, back=True)


def entry_saved(visit: Visit, moment: Moment) -> Page:
    body = Words((_("Saved. Thank you."), *asked_for(visit)))
    now = () if next_due(visit) is None else (Choice(Key.ONE, _("Answer them now")),)
    return build(visit, moment, body, (*now, Choice(Key.ENTER, _("Home"))), title=_("Saved"))
