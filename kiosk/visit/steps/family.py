"""The family's view behind its PIN, and the person's own look back."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from kiosk.keys import Key
from kiosk.visit.events import CheckPin, FamilyLoaded, LoadFamilyView, PinChecked
from kiosk.visit.state import Moment, Pin, Result, Visit
from kiosk.visit.steps.moves import back, go, home, jump, update

LONGEST_PIN: Final = 12


def press_pin(visit: Visit, key: Key, moment: Moment) -> Result:
    """Digits, Back deletes, Enter asks."""
    pin = visit.context.pin
    if pin.checking:
        return visit, ()
    if key.digit is not None and len(pin.typed) < LONGEST_PIN:
        return update(visit, pin=replace(pin, typed=pin.typed + str(key.digit), sentence="")), ()
    if key is Key.BACK:
        if not pin.typed:
            return back(visit, moment)
        return update(visit, pin=replace(pin, typed=pin.typed[:-1])), ()
    if key is Key.ENTER and pin.typed and moment.monotonic_s >= pin.wait_until_s:
        return update(visit, pin=replace(pin, checking=True)), (CheckPin("family", pin.typed),)
    return visit, ()


def hear_pin(visit: Visit, event: PinChecked, moment: Moment) -> Result:
    """Right: the view is loaded. Wrong: it says so, and how long to wait."""
    if visit.step != "pin" or not visit.context.pin.checking:
        return visit, ()
    if event.ok:
        return update(visit, pin=replace(visit.context.pin, typed="")), (LoadFamilyView(),)
    pin = Pin(
        sentence=event.sentence,
        wait_until_s=moment.monotonic_s + event.wait_s,
        wait_s=event.wait_s,
        wrong=True,
    )
    return update(visit, pin=pin), ()


def hear_family(visit: Visit, event: FamilyLoaded, moment: Moment) -> Result:
    """The view is there: for the family, or for the person who asked how it has been going."""
    visit = update(visit, family=event.view)
    if visit.step == "pin" and visit.context.pin.checking:
        return jump(update(visit, pin=Pin()), moment, "family"), ()
    return visit, ()


def press_family(visit: Visit, key: Key, moment: Moment) -> Result:
    return home(visit, moment) if key is Key.BACK else (visit, ())


def begin_look_back(visit: Visit, moment: Moment) -> Result:
    """ "How it has been going"."""
    return go(update(visit, family=None), moment, "look_back"), (LoadFamilyView(),)


def press_look_back(visit: Visit, key: Key, moment: Moment) -> Result:
    return back(visit, moment) if key in (Key.BACK, Key.ENTER) else (visit, ())
