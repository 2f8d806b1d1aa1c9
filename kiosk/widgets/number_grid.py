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


def draw_grid(
    canvas: Canvas,
    area: Area,
    cells: Sequence[NumberCell | Choice | None],
    columns: int,
    widest: Choice | None = None,
) -> None:
    """Cells row by row; a Choice is drawn as a button, over the empty place beside it too; None stays empty.

    `widest`: a Choice that may come to stand in the last column. It has its room from the start, so that no
    cell moves when it comes.
    """
    width = (area.width - (columns - 1)) // columns
    last = [cell for cell in (*cells[columns - 1 :: columns], widest) if isinstance(cell, Choice)]
    needed = max((fitting_width(canvas, choice) for choice in last), default=0)
    narrower = -(-max(0, needed - width) // (columns - 1))
    if width - narrower < LEAST_TOUCH_WIDTH:
        narrower = 0
    widths = [*([width - narrower] * (columns - 1)), width + narrower * (columns - 1)]
    for index, cell in enumerate(cells):
        row, column = divmod(index, columns)
        x, y = area.x + column * (width - narrower + 1), area.y + row * _CELL_HEIGHT
        if isinstance(cell, NumberCell):
            _draw_cell(canvas, Area(x, y, widths[column], _CELL_HEIGHT), cell)
        elif cell is not None:
            beside = column + 1 < columns and index + 1 < len(cells) and cells[index + 1] is None
            both = widths[column] + 1 + widths[column + 1] if beside else widths[column]
            draw_fitting_button(canvas, Area(x, y, both, _CELL_HEIGHT), cell)


def _draw_cell(canvas: Canvas, place: Area, cell: NumberCell) -> None:
    role = Role.CHOSEN if cell.chosen else Role.BUTTON
    canvas.fill(place, role)
    canvas.box(place, role if cell.chosen else Role.BUTTON_EDGE)
    text = f"▶ {cell.text} ◀" if cell.chosen else cell.text
    canvas.centred(place, place.y + 1, text, role)
    canvas.target(place, *cell.keys)
