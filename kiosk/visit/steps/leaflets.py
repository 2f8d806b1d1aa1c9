"""What there is to read, a screen at a time: what the device is and is not, what is known of its effect, how
pads are put on."""

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

PAD_HELP: Final = ("skin_before", "no_go", "pads_on", "by_touch", "for_helper", "move_pad", "posture")
"""Leaflets on the pads, in the order in which they are needed."""
PAGES: Final[Mapping[str, Callable[[], tuple[Page | Leaflet, ...]]]] = MappingProxyType(
    {
        "label": lambda: load_label().pages,
        "evidence": lambda: load_evidence().pages,
        "pad_help": lambda: tuple(load_leaflets()[id_] for id_ in PAD_HELP),
    }
)
"""Step → its screens; read only when somebody looks."""


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
