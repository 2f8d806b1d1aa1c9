"""Digits that are typed or touched: a PIN as dots, a code (worth nothing once it is used) as it is typed."""

from __future__ import annotations

from collections.abc import Sequence

from kiosk.keys import Key
from kiosk.page import Choice, PinEntry
from kiosk.screens.blocks import Block, draw_blocks
from kiosk.theme.roles import Role
from kiosk.widgets.canvas import Area, Canvas
from kiosk.widgets.number_grid import HEIGHT, NumberCell, draw_grid

KEYS_IN_GRID = (Key.BACK, Key.ENTER)
"""The grid's last cells; other choices stand in the key line."""

_COLUMNS = 4


def draw(canvas: Canvas, area: Area, body: PinEntry, choices: Sequence[Choice]) -> None:
    """What is asked for, one dot a digit, the digits to touch."""
    grid_y = area.bottom - HEIGHT
    dots = (body.shown or "● " * body.typed) + "–"
    blocks = [
        *(Block(canvas.wrap(line, area.width), Role.STRONG if i == 0 else Role.PAPER, air=5 - min(i, 4))
          for i, line in enumerate(body.lines)),
        Block([dots], Role.STRONG, air=3),
        Block(canvas.wrap(body.notice, area.width) if body.notice else [], Role.NOTICE, air=1, band=True),
    ]  # fmt: skip
    draw_blocks(canvas, Area(area.x, area.y, area.width, grid_y - area.y), blocks)
    digits: list[NumberCell | Choice | None] = [
        NumberCell(str(number), (Key(str(number)),)) for number in (1, 2, 3, 4, 5, 6, 7, 8, 9, 0)
    ]
    digits += [next((choice for choice in choices if choice.key is key), None) for key in KEYS_IN_GRID]
    draw_grid(canvas, Area(area.x, grid_y, area.width, HEIGHT), digits, _COLUMNS)
