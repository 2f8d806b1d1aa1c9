"""What the clinic sent and that allows more, or opens a lock: the clinician at the box sees what would change
and says yes or no (safety rules 27 and 28). Until then it waits, and what is in force stays."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from kiosk.access.handed_in import Held, Installs
from kiosk.events import DeclineHeld, HeldDone, HeldLoaded, LoadHeld, TakeHeld
from kiosk.keys import Key
from kiosk.visit import changes
from kiosk.visit.sheets import sheets
from kiosk.visit.state import FromClinic, Moment, Result, Visit
from kiosk.visit.steps.moves import back, go, load_today, update

TAKES: Final = Key.FIVE
"""Far from Enter: nobody takes more by going on."""
DECLINES: Final = Key.SEVEN
ROWS: Final = 6
"""Beside two lines above them and two choices."""


def chosen(visit: Visit) -> Held | None:
    """The one that is shown; None while they are read, or when there is none."""
    held = visit.context.from_clinic.held
    return held[visit.place.index % len(held)] if held else None


def change_sheets(visit: Visit) -> tuple[tuple[str, ...], ...]:
    """What would change, screen by screen."""
    one, today = chosen(visit), visit.context.today
    if one is None or not isinstance(one.order, Installs):
        return sheets(())
    old = None if today is None else today.prescription
    return sheets(changes.in_words(one.order.prescription, old, today), ROWS)


def press_held(visit: Visit, key: Key, moment: Moment) -> Result:
    """5 Take it. 7 Decline it. Left and Right another one, Up and Down through what it changes."""
    state, one = visit.context.from_clinic, chosen(visit)
    if state.doing:
        return visit, ()
    if key is Key.BACK or one is None or state.held is None:
        return back(visit, moment) if key is Key.BACK else (visit, ())
    if key in (Key.LEFT, Key.RIGHT) and len(state.held) > 1:
        index = (visit.place.index + (1 if key is Key.RIGHT else -1)) % len(state.held)
        return go(_anew(visit), moment, "held", index, remember=False), ()
    if key in (Key.UP, Key.DOWN):
        item = visit.place.item + (1 if key is Key.DOWN else -1)
        if not 0 <= item < len(change_sheets(visit)):
            return visit, ()
        return go(visit, moment, "held", visit.place.index, item, remember=False), ()
    if key is TAKES and one.order is not None and seen_whole(visit):
        return update(visit, from_clinic=replace(state, doing="take", done="", sentence="")), (
            TakeHeld(one.name),
        )
    if key is DECLINES:
        return go(_anew(visit), moment, "held_decline", visit.place.index), ()
    return visit, ()


def seen_whole(visit: Visit) -> bool:
    """The last of its screens stands: nobody says yes to what was not shown."""
    return visit.place.item + 1 >= len(change_sheets(visit))


def press_decline(visit: Visit, key: Key, moment: Moment) -> Result:
    """1 Decline it. 2 Keep it waiting."""
    one = chosen(visit)
    if key is Key.ONE and one is not None:
        visit = update(visit, from_clinic=replace(visit.context.from_clinic, doing="decline"))
        visit, effects = back(visit, moment)
        return visit, (*effects, DeclineHeld(one.name))
    return back(visit, moment) if key in (Key.TWO, Key.BACK) else (visit, ())


def hear(visit: Visit, event: HeldLoaded | HeldDone, moment: Moment) -> Result:
    """What waits; or one of them waits no longer, and what is left is read anew."""
    state = visit.context.from_clinic
    if isinstance(event, HeldLoaded):
        held = event.held or ()
        return update(
            visit, from_clinic=replace(state, held=held, sentence=event.sentence or state.sentence)
        ), ()
    if not state.doing:
        return visit, ()
    done = "" if event.sentence else state.doing
    visit = update(visit, from_clinic=FromClinic(done=done, sentence=event.sentence))
    if visit.step == "held":
        visit = go(visit, moment, "held", remember=False)
    visit, effects = load_today(visit)  # the next one is held against what is in force by now
    return visit, (*effects, LoadHeld())


def _anew(visit: Visit) -> Visit:
    """What was said of the last one is over."""
    return update(visit, from_clinic=replace(visit.context.from_clinic, done="", sentence=""))
