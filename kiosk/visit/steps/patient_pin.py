"""The person's own PIN, where one was set: before a visit, and before she says who may look (safety rule 18).

STOP never asks for it: no current can flow while it is typed.
"""

from __future__ import annotations

from typing import Literal

from kiosk.events import PinChecked
from kiosk.keys import Key
from kiosk.visit.state import Moment, Pin, Result, Visit
from kiosk.visit.steps.moves import go, update
from kiosk.visit.steps.pin_entry import say_wrong, type_pin

Behind = Literal["get_ready", "consent"]


def ask_first(visit: Visit, moment: Moment, then: Behind) -> Result:
    """To `then`, by way of the PIN where one was set."""
    if not visit.context.patient_pin:
        return go(visit, moment, then), ()
    return go(update(visit, pin=Pin(), behind_pin=then), moment, "patient_pin"), ()


def press_patient_pin(visit: Visit, key: Key, moment: Moment) -> Result:
    return type_pin(visit, key, moment, "patient")


def hear(visit: Visit, event: PinChecked, moment: Moment) -> Result:
    """Right: on to what is behind it."""
    if not visit.context.pin.checking:
        return visit, ()
    if not event.ok:
        return say_wrong(visit, event, moment), ()
    return go(update(visit, pin=Pin()), moment, visit.context.behind_pin), ()
