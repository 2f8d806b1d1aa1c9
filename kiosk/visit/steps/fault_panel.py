"""The trainers' fault panel: a list of the simulator's faults over whatever screen stands. Pure.

It is there only while the guard reports a simulator (safety rule 19). What stands under it goes on: the
panel asks nothing of the session, and is gone as soon as another screen comes, so that a trainee sees what a
fault looks like.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

import msgspec

from kiosk.keys import Key

Group = Literal["pads", "supply", "answers"]

GROUPS: Final[tuple[Group, ...]] = ("pads", "supply", "answers")
FAULTS: Final[Mapping[Group, tuple[str, ...]]] = MappingProxyType(
    {
        "pads": ("pad_off", "pad_half", "gel_dry", "pad_on"),
        "supply": ("unplug", "replug", "brown_out", "emergency", "emergency_off", "battery_low"),
        "answers": ("mute", "ack_lost", "garbage", "busy", "error", "stop_ignored"),
    }
)
"""Kinds of `drivers.virtual.faults` in the order of their keys, and "replug", which is no fault."""
ONLY_REHASTIM2: Final = frozenset({"emergency", "emergency_off", "battery_low"})
LEADS: Final = 8
REPLUG: Final = "replug"

PASSED_ON: Final = frozenset({Key.STOP, Key.LEAVE, Key.UNKNOWN, Key.DOWN})
"""What means the same with the panel open as without: STOP in all its forms, and less current."""
PASSED_ON_WITH_OUTPUT: Final = PASSED_ON | {Key.ZERO, Key.BACK}
"""These stop while output is possible; otherwise they go back in the panel."""


class FaultPanel(msgspec.Struct, frozen=True):
    """The panel as it is open."""

    over: int
    """`Page.serial` of the screen under it: over any other it is gone."""
    group: Group | None = None
    fault: str = ""
    """Chosen, and its lead is asked for."""


class Pressed(msgspec.Struct, frozen=True):
    """What a key did: the panel that stands now, what the simulator is told, whether the screen under it
    is to have the key."""

    panel: FaultPanel | None
    order: str = ""
    passed_on: bool = False


def choices(panel: FaultPanel, device_kind: str) -> tuple[str, ...]:
    """What keys 1, 2, … choose now: groups, faults, or leads by number."""
    if panel.group is None:
        return GROUPS
    if panel.fault:
        return tuple(str(lead) for lead in range(1, LEADS + 1))
    return tuple(
        fault for fault in FAULTS[panel.group] if device_kind == "rehastim2" or fault not in ONLY_REHASTIM2
    )


def press(panel: FaultPanel, key: Key, device_kind: str, *, ours: bool, output_possible: bool) -> Pressed:
    """A key while the panel is open. `ours`: the simulator was started by this kiosk and takes orders."""
    if key in (PASSED_ON_WITH_OUTPUT if output_possible else PASSED_ON):
        return Pressed(panel if key is Key.DOWN else None, passed_on=True)
    if key is Key.TRAINER:
        return Pressed(None)
    if key in (Key.LEFT, Key.BACK, Key.ZERO):
        return Pressed(_one_back(panel))
    number = key.digit
    offered = choices(panel, device_kind) if ours else ()
    if number is None or not 1 <= number <= len(offered):
        return Pressed(panel)
    return _chosen(panel, offered[number - 1])


def _chosen(panel: FaultPanel, choice: str) -> Pressed:
    if panel.group is None:
        group = next(group for group in GROUPS if group == choice)
        return Pressed(FaultPanel(panel.over, group))
    if panel.fault:
        return Pressed(None, f"fault {panel.fault}:{choice}")
    if panel.group == "pads":
        return Pressed(FaultPanel(panel.over, panel.group, choice))
    return Pressed(None, REPLUG if choice == REPLUG else f"fault {choice}")


def _one_back(panel: FaultPanel) -> FaultPanel | None:
    if panel.fault:
        return FaultPanel(panel.over, panel.group)
    return None if panel.group is None else FaultPanel(panel.over)
