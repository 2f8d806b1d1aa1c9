"""Typing a PIN: the family's, the person's own, the clinician's."""

from __future__ import annotations

from typing import Final, Literal

from msgspec.structs import replace

from kiosk.events import CheckPin, PinChecked
from kiosk.keys import Key
from kiosk.visit.state import Moment, Pin, Result, Visit
from kiosk.visit.steps.moves import back, update

LONGEST_PIN: Final = 12


def type_pin(
    visit: Visit, key: Key, moment: Moment, role: Literal["family", "patient", "clinician"]
) -> Result:
    """Digits, Back deletes, Enter asks. Back after a PIN that was refused deletes it, and leaves nothing."""
    pin = visit.context.pin
    if pin.checking:
        return visit, ()
    if key.digit is not None and len(pin.typed) < LONGEST_PIN:
        return update(
            visit, pin=replace(pin, typed=pin.typed + str(key.digit), sentence="", refused_anew=False)
        ), ()
    if key is Key.BACK:
        if not pin.typed and not pin.refused_anew:
            return back(visit, moment)
        return update(visit, pin=replace(pin, typed=pin.typed[:-1], refused_anew=False)), ()
    if key is Key.ENTER and pin.typed and moment.monotonic_s >= pin.wait_until_s:
        return update(visit, pin=replace(pin, checking=True)), (CheckPin(role, pin.typed),)
    return visit, ()


def say_wrong(visit: Visit, event: PinChecked, moment: Moment) -> Visit:
    """It says so, and how long to wait."""
    pin = Pin(
        sentence=event.sentence,
        wait_until_s=moment.monotonic_s + event.wait_s,
        wait_s=event.wait_s,
        wrong=True,
        refused_anew=True,
    )
    return update(visit, pin=pin)
