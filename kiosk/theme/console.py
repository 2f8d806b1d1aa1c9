"""The Linux console: light on black, 16 foregrounds on 8 backgrounds, each named by its number.

Numbers, because a quantised colour comes out as another one there. No bold: the console turns it into another
foreground. Green, brown, and the light red and light blue foregrounds stay below 7 : 1 and are not used.
"""

from __future__ import annotations

from typing import Final

from kiosk.theme.colours import Ink, Theme, ansi
from kiosk.theme.roles import Role

_BLACK: Final = ansi(0)
_RED: Final = ansi(1)
_BLUE: Final = ansi(4)
_CYAN: Final = ansi(6)
_GREY: Final = ansi(7)
_YELLOW: Final = ansi(11)
_LIGHT_CYAN: Final = ansi(14)
_WHITE: Final = ansi(15)

CONSOLE: Final[Theme] = {
    Role.MARGIN: Ink(_BLACK, _BLACK),
    Role.PAPER: Ink(_WHITE, _BLACK),
    Role.QUIET: Ink(_GREY, _BLACK),
    Role.STRONG: Ink(_WHITE, _BLACK),
    Role.LINE: Ink(_GREY, _BLACK),
    Role.SIMULATOR: Ink(_BLACK, _CYAN),
    Role.LIVE: Ink(_YELLOW, _BLACK),
    Role.KEY: Ink(_LIGHT_CYAN, _BLACK),
    Role.BUTTON: Ink(_WHITE, _BLUE),
    Role.BUTTON_KEY: Ink(_BLACK, _GREY),
    Role.BUTTON_EDGE: Ink(_GREY, _BLUE),
    Role.CHOSEN: Ink(_BLACK, _GREY),
    Role.NOTICE: Ink(_YELLOW, _BLACK),
    Role.WARN: Ink(_YELLOW, _BLACK),
    Role.ALARM: Ink(_BLACK, _GREY),
    Role.STOP: Ink(_WHITE, _RED),
    Role.STOP_EDGE: Ink(_RED, _RED),
    Role.DIGITS: Ink(_WHITE, _BLACK),
    Role.BAR: Ink(_LIGHT_CYAN, _BLACK),
    Role.BAR_REST: Ink(_GREY, _BLACK),
    Role.RHYTHM_PAST: Ink(_GREY, _BLACK),
    Role.RHYTHM_AHEAD: Ink(_LIGHT_CYAN, _BLACK),
    Role.BODY: Ink(_GREY, _BLACK),
    Role.SPINE: Ink(_GREY, _BLACK),
    Role.PAD_IDLE: Ink(_GREY, _BLACK),
    Role.PAD_RED: Ink(_WHITE, _RED),
    Role.PAD_BLUE: Ink(_WHITE, _BLUE),
    Role.PAD_BLACK: Ink(_GREY, _BLACK),
    Role.PAD_WHITE: Ink(_BLACK, _GREY),
    Role.PAD_RED_FILL: Ink(_RED, _RED),
    Role.PAD_BLUE_FILL: Ink(_BLUE, _BLUE),
    Role.PAD_BLACK_FILL: Ink(ansi(8), _BLACK),
    Role.PAD_WHITE_FILL: Ink(_GREY, _GREY),
    Role.CHART: Ink(_LIGHT_CYAN, _BLACK),
    Role.CHART_HALF: Ink(_LIGHT_CYAN, _BLACK),
}
