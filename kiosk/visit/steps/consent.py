"""Who may see: given and withdrawn by the person alone, on the screen. Without a yes nobody looks."""

from __future__ import annotations

from typing import Final

from kiosk.diary.records import Consent
from kiosk.keys import Key
from kiosk.visit.state import Moment, Pin, Result, Visit
from kiosk.visit.steps.moves import back, go, save, update, wait_for_saves
from kiosk.visit.steps.patient_pin import ask_first

FAMILY: Final = "family"
"""The topic of the record."""


def family_may_look(visit: Visit) -> bool | None:
    """What she said last; None: she was never asked."""
    today = visit.context.today
    return None if today is None else today.family_may_look


def to_family(visit: Visit, moment: Moment) -> Result:
    """The family's key: its PIN, where she allowed it; else she is asked."""
    if family_may_look(visit):
        return go(update(visit, pin=Pin()), moment, "pin"), ()
    return ask_first(visit, moment, "consent")


def press_consent(visit: Visit, key: Key, moment: Moment) -> Result:
    """1 They may look. 2 They may not."""
    if key is Key.BACK:
        return back(visit, moment)
    if key not in (Key.ONE, Key.TWO):
        return visit, ()
    visit, effects = save(visit, "consent", Consent(topic=FAMILY, given=key is Key.ONE, who="patient"))
    return wait_for_saves(visit, moment, "home"), effects
