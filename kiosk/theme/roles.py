"""What a cell *is*. Drawings name roles only; a theme colours them."""

from __future__ import annotations

from enum import Enum, auto


class Role(Enum):
    """The part that a cell plays on a screen."""

    MARGIN = auto()
    """Around the design, on a terminal larger than it."""
    PAPER = auto()
    QUIET = auto()
    """Small print: a source, a code, an axis."""
    STRONG = auto()
    """What to read first."""
    LINE = auto()
    """Frames and rules: no meaning of their own."""
    SIMULATOR = auto()
    LIVE = auto()
    """CURRENT IS ON."""
    KEY = auto()
    """The name of a key."""
    BUTTON = auto()
    BUTTON_KEY = auto()
    BUTTON_EDGE = auto()
    CHOSEN = auto()
    """The number or the side that is chosen; marked by a shape too."""
    NOTICE = auto()
    WARN = auto()
    ALARM = auto()
    STOP = auto()
    STOP_EDGE = auto()
    """The filled part of the STOP row: a block where colour fails."""
    DIGITS = auto()
    BAR = auto()
    BAR_REST = auto()
    RHYTHM_PAST = auto()
    RHYTHM_AHEAD = auto()
    BODY = auto()
    """The outline of the drawn back."""
    SPINE = auto()
    PAD_IDLE = auto()
    """A pad of a lead that is not its turn."""
    PAD_RED = auto()
    PAD_BLUE = auto()
    PAD_BLACK = auto()
    PAD_WHITE = auto()
    PAD_RED_FILL = auto()
    PAD_BLUE_FILL = auto()
    PAD_BLACK_FILL = auto()
    PAD_WHITE_FILL = auto()
    CHART = auto()
    CHART_HALF = auto()


DECORATION = frozenset({Role.LINE, Role.BUTTON_EDGE, Role.MARGIN})
"""Roles that carry no meaning by their colour."""
FILLS = frozenset(
    {Role.STOP_EDGE, Role.PAD_RED_FILL, Role.PAD_BLUE_FILL, Role.PAD_BLACK_FILL, Role.PAD_WHITE_FILL}
)
"""Areas of one colour, foreground on the same background: blocks where a terminal has no colour."""
