"""A small drawing with its instructions beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kiosk.page import Choice, Pictured
from kiosk.screens.blocks import Block, draw_blocks
from kiosk.theme.roles import Role
from kiosk.widgets.canvas import Area, Canvas
from kiosk.widgets.frame import KeyLine

COLUMNS: Final = 24
"""A drawing's most."""
GAP: Final = 3


def draw(canvas: Canvas, area: Area, body: Pictured, choices: Sequence[Choice]) -> None:
    """`choices` are only given where the bottom is the STOP row: they then stand below the text."""
    keys = KeyLine(canvas, choices, area.width)
    keys.draw(Area(area.x, area.bottom - keys.height, area.width, keys.height))
    room = Area(area.x, area.y, area.width, area.height - keys.height)
    top = max(0, (room.height - len(body.drawing)) // 3)
    canvas.lines(Area(room.x, room.y + top, COLUMNS, room.height - top), list(body.drawing), Role.BODY)
    beside = Area(room.x + COLUMNS + GAP, room.y, room.width - COLUMNS - GAP, room.height)
    blocks = [
        Block(canvas.wrap(f"{number}. {line}", beside.width, hanging=3), Role.PAPER, air=3)
        for number, line in enumerate(body.lines, start=1)
    ]
    blocks += [Block(canvas.wrap(line, beside.width), Role.STRONG, air=4) for line in body.after]
    blocks += [Block(canvas.wrap(line, beside.width), Role.QUIET, air=1) for line in body.small]
    draw_blocks(canvas, beside, blocks)
