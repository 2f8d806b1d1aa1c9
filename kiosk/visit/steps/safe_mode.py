"""Safe mode: the kiosk ended by itself three times. The diary goes on, therapy waits for a check."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec.structs import replace

from kiosk.events import BoxChecked, CheckBox, LeaveSafeMode
from kiosk.keys import Key
from kiosk.visit.state import Moment, Result, Visit
from kiosk.visit.steps.moves import back, go, update

AT_A_TIME: Final = 2
"""Findings on one screen; each has its remedy below it."""


class Checked(msgspec.Struct, frozen=True):
    """What the last check of the box found; nothing of it is about a person."""

    running: bool = True
    to_mend: tuple[tuple[str, str], ...] = ()
    """(what was found, what to do)"""
    to_see: int = 0
    sentence: str = ""
    """Why there was no check."""
    may_leave: bool = False


def on(visit: Visit) -> bool:
    return visit.context.setting.safe_mode


def begin(visit: Visit, moment: Moment) -> Result:
    """The installer's key on home."""
    return go(update(visit, checked=Checked()), moment, "box_check"), (CheckBox(),)


def press_box_check(visit: Visit, key: Key, moment: Moment) -> Result:
    """Enter: again. 1: leave safe mode, where nothing is left to be mended. ▲ ▼ between findings."""
    checked: Checked = visit.context.checked
    if key is Key.BACK:
        return back(visit, moment)
    if checked.running:
        return visit, ()
    if key is Key.ONE and checked.may_leave:
        return visit, (LeaveSafeMode(),)
    if key is Key.ENTER:
        return update(visit, checked=Checked()), (CheckBox(),)
    index = visit.place.index + {Key.DOWN: 1, Key.UP: -1}.get(key, 0)
    if index == visit.place.index or not 0 <= index <= last_screen(checked):
        return visit, ()
    return go(visit, moment, "box_check", index, remember=False), ()


def last_screen(checked: Checked) -> int:
    """The findings' last screen, counted from 0."""
    return max(0, -(-len(checked.to_mend) // AT_A_TIME) - 1)


def hear(visit: Visit, event: BoxChecked) -> Visit:
    """What the doctor found. On the simulator nothing is at stake, so nothing keeps anybody in safe mode."""
    checked = Checked(
        running=False,
        to_mend=event.to_mend,
        to_see=event.to_see,
        sentence=event.sentence,
        may_leave=event.harmless or not (event.sentence or event.to_mend),
    )
    return replace(update(visit, checked=checked), place=replace(visit.place, index=0))
