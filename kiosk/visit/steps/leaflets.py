"""What there is to read, a screen at a time: what the device is and is not, what is known of its effect, how
pads are put on and taken off, what the skin may look like, what to mind when exercising."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from msgspec.structs import replace

from kiosk.keys import Key
from kiosk.visit.state import Moment, Result, Visit
from kiosk.visit.steps.moves import back, go
from programs.care import Leaflet, load_leaflets
from programs.evidence import Page, load_evidence, load_label

PAD_HELP: Final = (
    "skin_before",
    "no_go",
    "pads_on",
    "by_touch",
    "for_helper",
    "move_pad",
    "posture",
    "tighten_along",
)
"""Leaflets on the pads, in the order in which they are needed; the last is on what comes next."""
PADS_OFF_HELP: Final = ("pads_off", "skin_after", "pad_wear")
SKIN_HELP: Final = ("skin_after",)
EXERCISE_HELP: Final = ("exercise",)
PAGES: Final[Mapping[str, Callable[[], tuple[Page | Leaflet, ...]]]] = MappingProxyType(
    {
        "label": lambda: load_label().pages,
        "evidence": lambda: load_evidence().pages,
        "pad_help": lambda: _care(PAD_HELP),
        "pads_off_help": lambda: _care(PADS_OFF_HELP),
        "skin_help": lambda: _care(SKIN_HELP),
        "exercise_help": lambda: _care(EXERCISE_HELP),
    }
)
"""Step → its screens; read only when somebody looks."""
AFTER_CURRENT: Final = frozenset({"pads_off_help", "skin_help"})
"""Read after a session: nobody goes home past taking the pads off and looking at the skin."""


def _care(ids: tuple[str, ...]) -> tuple[Leaflet, ...]:
    return tuple(load_leaflets()[id_] for id_ in ids)


def count(step: str) -> int:
    """How many screens."""
    return len(PAGES[step]())


def press_leaflet(visit: Visit, key: Key, moment: Moment) -> Result:
    """Enter: the next screen, and from the last one out. Back: one screen back."""
    if key is Key.ENTER and visit.place.index + 1 < count(visit.step):
        return go(visit, moment, visit.step, visit.place.index + 1), ()
    if key is Key.ENTER:
        before = tuple(place for place in visit.trail if place.step != visit.step)
        return back(replace(visit, trail=before), moment)
    return back(visit, moment) if key is Key.BACK else (visit, ())
