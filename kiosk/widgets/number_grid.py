"""Numbers to touch: a grid of four by three cells, as large as buttons; the last column may be wider."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from kiosk.keys import Key
from kiosk.page import Choice
from kiosk.theme.roles import Role
from kiosk.widgets.buttons import draw_fitting_button, fitting_width
from kiosk.widgets.canvas import Area, Canvas
from kiosk.widgets.frame import LEAST_TOUCH_WIDTH

ROWS: Final = 3
_CELL_HEIGHT: Final = 3
HEIGHT: Final = ROWS * _CELL_HEIGHT


class NumberCell(msgspec.Struct, frozen=True):
    """A cell that says `text` and means `keys`."""

    text: str
    keys: tuple[Key, ...]
    chosen: bool = False


def draw_grid(canvas: Canvas, area: Area, cells: Sequence[NumberCell | Choice | None], columns: int) -> None:
    """Cells row by row; a Choice is drawn as a button, None stays empty."""
    width = (area.width - (columns - 1)) // columns
    last = [cell for cell in cells[columns - 1 :: columns] if isinstance(cell, Choice)]
    needed = max((fitting_width(canvas, choice) for choice in last), default=0)
    narrower = -(-max(0, needed - width) // (columns - 1))
    if width - narrower < LEAST_TOUCH_WIDTH:
        narrower = 0
    for index, cell in enumerate(cells):
        row, column = divmod(index, columns)
        wider = narrower * (columns - 1) if column == columns - 1 else -narrower
        x = area.x + column * (width - narrower + 1)
        place = Area(x, area.y + row * _CELL_HEIGHT, width + wider, _CELL_HEIGHT)
        if isinstance(cell, NumberCell):
            _draw_cell(canvas, place, cell)
        elif cell is not None:
            draw_fitting_button(canvas, place, cell)


def _draw_cell(canvas: Canvas, place: Area, cell: NumberCell) -> None:
    role = Role.CHOSEN if cell.chosen else Role.BUTTON
    canvas.fill(place, role)
    canvas.box(place, role if cell.chosen else Role.BUTTON_EDGE)
    text = f"▶ {cell.text} ◀" if cell.chosen else cell.text
    canvas.centred(place, place.y + 1, text, role)
    canvas.target(place, *cell.keys)
