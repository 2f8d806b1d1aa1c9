"""A number from 0 to 10: typed, moved with the arrows, or touched."""

from __future__ import annotations

from collections.abc import Sequence

from kiosk.keys import Key
from kiosk.page import Choice, NumberLine
from kiosk.screens.blocks import Block, draw_blocks
from kiosk.theme.roles import Role
from kiosk.widgets.canvas import Area, Canvas
from kiosk.widgets.glyphs import width_of
from kiosk.widgets.number_grid import HEIGHT, NumberCell, draw_grid
from kiosk.words import _

KEYS_IN_GRID = (Key.ENTER,)
"""Enter is the grid's last cell; other choices stand in the key line."""

_COLUMNS = 4
_HIGHEST = 10


def draw(canvas: Canvas, area: Area, body: NumberLine, choices: Sequence[Choice]) -> None:
    """The question, the two ends in words, the grid."""
    grid_y = area.bottom - HEIGHT
    ends_y = grid_y - 1
    low, high = canvas.clean(f"0 = {body.low}"), canvas.clean(f"{_HIGHEST} = {body.high}")
    blocks = [Block(canvas.wrap(body.question, area.width), Role.STRONG, air=5)]
    blocks += [Block(canvas.wrap(line, area.width), Role.PAPER, air=2) for line in body.lines]
    if width_of(low) + width_of(high) + 2 <= area.width:
        canvas.put(area.x, ends_y, low, Role.PAPER)
        canvas.put(area.right - width_of(high), ends_y, high, Role.PAPER)
    else:
        ends_y -= 1
        canvas.put(area.x, ends_y, low, Role.PAPER)
        canvas.put(area.x, ends_y + 1, high, Role.PAPER)
    draw_blocks(canvas, Area(area.x, area.y, area.width, ends_y - area.y), blocks)
    cells: list[NumberCell | Choice | None] = [
        NumberCell(str(number), _keys(number, body.value), number == body.value)
        for number in range(_HIGHEST + 1)
    ]
    cells.append(choices[0] if choices else None)
    confirm = Choice(Key.ENTER, _("Next"))
    draw_grid(canvas, Area(area.x, grid_y, area.width, HEIGHT), cells, _COLUMNS, confirm)


def _keys(number: int, marked: int | None) -> tuple[Key, ...]:
    """The keys that mark `number` when `marked` is: 1 then 0 means 10, so 0 after 1 clears first."""
    if number == _HIGHEST:
        return (Key.ZERO,) if marked == 1 else (Key.ONE, Key.ZERO)
    if number == 0 and marked == 1:
        return (Key.BACK, Key.ZERO)
    return (Key(str(number)),)
