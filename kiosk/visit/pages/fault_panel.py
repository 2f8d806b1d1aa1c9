"""The trainers' fault panel in words, over the page that stands: its header and its STOP row stay."""

from __future__ import annotations

from msgspec.structs import replace

from kiosk.keys import Key
from kiosk.page import Choice, Page, Words
from kiosk.visit.pages.chrome import choose
from kiosk.visit.steps.fault_panel import FaultPanel, choices
from kiosk.words import _

DEPTHS = 8
"""More than the screens that a panel has over one page: groups, three groups' faults, leads."""


def over(page: Page, panel: FaultPanel, device_kind: str, *, ours: bool) -> Page:
    """`page` with the panel on it. What its header says of the current, and its STOP row, are the page's."""
    offered = choices(panel, device_kind) if ours else ()
    keys = tuple(
        Choice(Key(str(number)), _name(panel, choice)) for number, choice in enumerate(offered, start=1)
    )
    line = (
        Choice(Key.LEFT, _("Back"), prominent=False),
        Choice(Key.TRAINER, _("Close"), prominent=False),
    )
    return replace(
        page,
        id="fault_panel",
        header=replace(page.header, left=_("For trainers: faults")),
        body=Words(_lines(panel, ours=ours)),
        choices=(*keys, *line),
        title="",
        spoken="",
        # What the page under it says of its own keys is not said of the panel's.
        hint=choose(keys),
        notice="",
        # A screen of its own for whatever looks at serials, and never the serial of a page without a panel.
        serial=-(page.serial * DEPTHS + _depth(panel)) - 1,
    )


def _depth(panel: FaultPanel) -> int:
    if panel.fault:
        return 4
    return {None: 0, "pads": 1, "supply": 2, "answers": 3}[panel.group]


def _lines(panel: FaultPanel, *, ours: bool) -> tuple[str, ...]:
    if not ours:
        return (
            _("This simulator was not started here, so it takes no faults from here."),
            _("Give them to it where it runs: `homestim simulate --fault`."),
        )
    if panel.fault:
        return (_("On which lead?"),)
    return (_("Which fault shall the simulator have? The session goes on."),)


def _name(panel: FaultPanel, choice: str) -> str:
    if panel.fault:
        return _("Lead {number}").format(number=choice)
    return {
        "pads": _("A pad"),
        "supply": _("Cable, supply, switch"),
        "answers": _("What it answers"),
        "pad_off": _("Pad off"),
        "pad_half": _("Pad half off"),
        "gel_dry": _("Gel dry"),
        "pad_on": _("Pad on again, good"),
        "unplug": _("Unplug the cable"),
        "replug": _("Plug it in again"),
        "brown_out": _("Supply fails for a moment"),
        "emergency": _("Press its stop switch"),
        "emergency_off": _("Let its stop switch go"),
        "battery_low": _("Battery empty"),
        "mute": _("Silent from now on"),
        "ack_lost": _("One answer lost"),
        "garbage": _("Noise on the line"),
        "busy": _("Busy once"),
        "error": _("Reports an error"),
        "stop_ignored": _("Ignores every STOP"),
    }[choice]
