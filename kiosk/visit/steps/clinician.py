"""The clinician at the box, behind a PIN of her own: reads what is prescribed, and opens one lock at a time
(safety rule 27). Nothing that is prescribed is changed here."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from kiosk.access.unlocking import ToOpen
from kiosk.events import CodeTried, LoadCodeState, LoadHeld, OpenLock, PinChecked
from kiosk.keys import Key
from kiosk.visit.state import Code, FromClinic, Moment, Pin, Result, Visit
from kiosk.visit.steps.moves import back, go, home, update
from kiosk.visit.steps.pin_entry import say_wrong, type_pin
from programs.prescription import Prescription

OPENS: Final = Key.FIVE
"""Far from Enter: nobody opens a lock by going on."""
FIRST_PAGES: Final = 2
CLEARANCES_A_PAGE: Final = 2


def offered(visit: Visit) -> bool:
    """A clinician has a PIN at this box."""
    return visit.context.clinician_pin


def ask_pin(visit: Visit, moment: Moment) -> Result:
    """To the PIN."""
    return go(update(visit, pin=Pin()), moment, "clinician_pin"), ()


def press_pin(visit: Visit, key: Key, moment: Moment) -> Result:
    """Digits, Back deletes, Enter asks."""
    return type_pin(visit, key, moment, "clinician")


def hear_pin(visit: Visit, event: PinChecked, moment: Moment) -> Result:
    """Right: the locks are read. There is no way back to the PIN."""
    if not visit.context.pin.checking:
        return visit, ()
    if not event.ok:
        return say_wrong(visit, event, moment), ()
    visit = update(visit, pin=Pin(), code=Code(), from_clinic=FromClinic())
    return go(visit, moment, "clinician", remember=False), (LoadCodeState(), LoadHeld())


def chosen(visit: Visit) -> ToOpen | None:
    """The lock that is shown; None while they are being read, or when there is none."""
    state = visit.context.code.state
    return state.locks[visit.place.index % len(state.locks)] if state is not None and state.locks else None


def press_clinician(visit: Visit, key: Key, moment: Moment) -> Result:
    """5 Open this lock. Left and Right choose another. 2 The prescription, 3 what was sent. Back: home."""
    code, lock = visit.context.code, chosen(visit)
    if code.checking:
        return visit, ()
    if key is Key.BACK:
        return home(visit, moment)
    if key is Key.TWO:
        return go(visit, moment, "prescription"), ()
    if key is Key.THREE and visit.context.from_clinic.held:
        return go(visit, moment, "held"), ()
    if lock is None:
        return visit, ()
    if key in (Key.LEFT, Key.RIGHT) and code.state is not None and len(code.state.locks) > 1:
        step = 1 if key is Key.RIGHT else -1
        index = (visit.place.index + step) % len(code.state.locks)
        return replace(visit, place=replace(visit.place, index=index), serial=visit.serial + 1), ()
    if key is OPENS:
        return update(visit, code=replace(code, checking=True, opened="")), (OpenLock(lock.lock.number),)
    return visit, ()


def hear_opened(visit: Visit, event: CodeTried) -> Result:
    """Opened, or not: what is left is read anew."""
    code, lock = visit.context.code, chosen(visit)
    if not code.checking:
        return visit, ()
    done = event.result is not None and not event.result.refused and lock is not None
    opened = lock.name if done and lock is not None else ""
    visit = replace(visit, place=replace(visit.place, index=0), serial=visit.serial + 1)
    code = replace(code, checking=False, opened=opened, sentence=event.sentence)
    return update(visit, code=code), (LoadCodeState(),)


# ── what is prescribed ──────────────────────────────────────────────────────────────────────────


def prescription(visit: Visit) -> Prescription | None:
    """What is in the box, in force or not."""
    return None if visit.context.today is None else visit.context.today.prescription


def page_count(visit: Visit) -> int:
    """Who and when; what and how strong; then what was cleared."""
    found = prescription(visit)
    cleared = 0 if found is None else len(found.clearances)
    return FIRST_PAGES + -(-cleared // CLEARANCES_A_PAGE)


def leads_to_clinician(visit: Visit) -> bool:
    """The clinician can go on from here to the locks."""
    return offered(visit) and all(place.step != "clinician" for place in visit.trail)


def press_prescription(visit: Visit, key: Key, moment: Moment) -> Result:
    """Enter: the next page, and from the last one out. 7 For the clinician."""
    if key is Key.SEVEN and leads_to_clinician(visit):
        return ask_pin(visit, moment)
    if key is Key.ENTER and visit.place.index + 1 < page_count(visit):
        return go(visit, moment, "prescription", visit.place.index + 1), ()
    if key is Key.ENTER:
        before = tuple(place for place in visit.trail if place.step != "prescription")
        return back(replace(visit, trail=before), moment)
    return back(visit, moment) if key is Key.BACK else (visit, ())
