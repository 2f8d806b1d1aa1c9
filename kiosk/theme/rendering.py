"""Which of the two renderings a terminal gets."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final

from kiosk.theme.colours import Theme
from kiosk.theme.console import CONSOLE
from kiosk.theme.paper import PAPER

OVERRIDE: Final = "HOMESTIM_RENDERING"
"""Environment variable: `rich` or `console`."""

_TRUE_COLOUR: Final = frozenset({"truecolor", "24bit"})
_RICH_TERMINALS: Final = ("foot", "alacritty", "xterm-kitty", "xterm-ghostty", "wezterm", "contour")
_RICH_ENDINGS: Final = ("-256color", "-direct", "-truecolor")


class Rendering(Enum):
    """`rich`: true colour, any glyph. `console`: sixteen colours, the console font's glyphs only."""

    RICH = "rich"
    CONSOLE = "console"

    @property
    def theme(self) -> Theme:
        """Its colours."""
        return PAPER if self is Rendering.RICH else CONSOLE

    @property
    def console_glyphs_only(self) -> bool:
        """Words are written with what a console font has (a person's name may hold more)."""
        return self is Rendering.CONSOLE


def detected(environment: Mapping[str, str]) -> Rendering:
    """From HOMESTIM_RENDERING, else COLORTERM and TERM; the console's where it is not known to do more."""
    for rendering in Rendering:
        if environment.get(OVERRIDE, "").lower() == rendering.value:
            return rendering
    terminal = environment.get("TERM", "")
    if terminal == "linux":
        return Rendering.CONSOLE
    if environment.get("COLORTERM", "").lower() in _TRUE_COLOUR:
        return Rendering.RICH
    if terminal.startswith(_RICH_TERMINALS) or terminal.endswith(_RICH_ENDINGS):
        return Rendering.RICH
    return Rendering.CONSOLE
