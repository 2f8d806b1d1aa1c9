"""True colour: dark ink on warm paper. Older eyes read dark on light with fewer errors than light on dark."""

from __future__ import annotations

from typing import Final

from kiosk.theme.colours import Ink, Theme, rgb
from kiosk.theme.roles import Role

_PAPER: Final = rgb("#faf7f0")
_DESK: Final = rgb("#dcd6c8")
_BLACK: Final = rgb("#1a1a1a")
_WHITE: Final = rgb("#ffffff")
_GREY: Final = rgb("#474747")
_RULE: Final = rgb("#a39c8c")
_BLUE: Final = rgb("#0b4687")
_PALE_BLUE: Final = rgb("#e2ecf7")
_EDGE_BLUE: Final = rgb("#8aa8c8")
_STOP_RED: Final = rgb("#9b0000")
_PAD_RED: Final = rgb("#a30000")
_PAD_BLUE: Final = rgb("#0a2a96")
_AMBER: Final = rgb("#ffb638")
_PALE_AMBER: Final = rgb("#ffefc4")

PAPER: Final[Theme] = {
    Role.MARGIN: Ink(_DESK, _DESK),
    Role.PAPER: Ink(_BLACK, _PAPER),
    Role.QUIET: Ink(_GREY, _PAPER),
    Role.STRONG: Ink(_BLACK, _PAPER, bold=True),
    Role.LINE: Ink(_RULE, _PAPER),
    Role.SIMULATOR: Ink(_WHITE, rgb("#4b2e83"), bold=True),
    Role.LIVE: Ink(_BLACK, _AMBER, bold=True),
    Role.KEY: Ink(_BLUE, _PAPER, bold=True),
    Role.BUTTON: Ink(_BLACK, _PALE_BLUE),
    Role.BUTTON_KEY: Ink(_WHITE, _BLUE, bold=True),
    Role.BUTTON_EDGE: Ink(_EDGE_BLUE, _PALE_BLUE),
    Role.CHOSEN: Ink(_WHITE, _BLUE, bold=True),
    Role.NOTICE: Ink(_BLACK, _PALE_AMBER, bold=True),
    Role.WARN: Ink(_BLACK, _PALE_AMBER, bold=True),
    Role.ALARM: Ink(rgb("#ffe14d"), _BLACK, bold=True),
    Role.STOP: Ink(_WHITE, _STOP_RED, bold=True),
    Role.STOP_EDGE: Ink(_STOP_RED, _STOP_RED),
    Role.DIGITS: Ink(_BLACK, _PAPER),
    Role.BAR: Ink(_BLUE, _PAPER),
    Role.BAR_REST: Ink(rgb("#7a7365"), _PAPER),
    Role.RHYTHM_PAST: Ink(rgb("#7a7365"), _PAPER),
    Role.RHYTHM_AHEAD: Ink(_BLUE, _PAPER),
    Role.BODY: Ink(rgb("#54452f"), _PAPER),
    Role.SPINE: Ink(rgb("#6b5a45"), _PAPER),
    Role.PAD_IDLE: Ink(_GREY, _PAPER),
    Role.PAD_RED: Ink(_WHITE, _PAD_RED, bold=True),
    Role.PAD_BLUE: Ink(_WHITE, _PAD_BLUE, bold=True),
    Role.PAD_BLACK: Ink(_WHITE, _BLACK, bold=True),
    Role.PAD_WHITE: Ink(_BLACK, _WHITE, bold=True),
    Role.PAD_RED_FILL: Ink(_PAD_RED, _PAD_RED),
    Role.PAD_BLUE_FILL: Ink(_PAD_BLUE, _PAD_BLUE),
    Role.PAD_BLACK_FILL: Ink(_BLACK, _BLACK),
    Role.PAD_WHITE_FILL: Ink(_WHITE, _WHITE),
    Role.CHART: Ink(_BLUE, _PAPER),
    Role.CHART_HALF: Ink(_BLUE, _PAPER),
}
