"""A list: heads, rows, the chosen row marked by a sign as well as by colour."""

from __future__ import annotations

from collections.abc import Sequence

from kiosk.page import Table
from kiosk.screens.blocks import Block, draw_blocks
from kiosk.theme.roles import Role
from kiosk.widgets.canvas import Area, Canvas
from kiosk.widgets.glyphs import shortened, width_of

_MARK = "▶ "
_GAPS = (2, 1)
"""Columns between two cells: as it should be, and where a word would be cut otherwise."""
_LEAST_CELL = 2
"""A letter and "…": what has less room is read in full on the next screen."""


def draw(canvas: Canvas, area: Area, body: Table) -> None:
    """The last column takes what is left of the width; a text that is longer is read in full on its own."""
    head = [
        Block(canvas.wrap(line, area.width), Role.STRONG if n == 0 else Role.PAPER, air=0)
        for n, line in enumerate(body.lines)
    ]
    head_rows = sum(len(block.lines) for block in head)
    draw_blocks(canvas, Area(area.x, area.y, area.width, head_rows), head)
    foot = [Block(canvas.wrap(line, area.width), Role.QUIET, air=0) for line in body.small]
    foot_rows = sum(len(block.lines) for block in foot)
    y = area.y + head_rows + (1 if area.height > head_rows + foot_rows + len(body.rows) + 2 else 0)
    starts, gap = _starts(canvas, area, (body.heads, *body.rows))
    _put_row(canvas, area, y, starts, gap, body.heads, Role.QUIET)
    for index, row in enumerate(body.rows):
        role = Role.CHOSEN if index == body.chosen else Role.PAPER
        row_y = y + 1 + index
        if index == body.chosen:
            canvas.fill(Area(area.x, row_y, area.width, 1), role)
            canvas.put(area.x, row_y, _MARK, role)
        _put_row(canvas, area, row_y, starts, gap, row, role)
    draw_blocks(canvas, Area(area.x, area.bottom - foot_rows, area.width, foot_rows), foot)


def _starts(canvas: Canvas, area: Area, rows: Sequence[Sequence[str]]) -> tuple[list[int], int]:
    """Where each column begins, and the gap before the next."""
    widths = [max(width_of(canvas.clean(cell)) for cell in column) for column in zip(*rows, strict=True)]
    room = area.width - width_of(_MARK) - sum(widths)
    gap = next((gap for gap in _GAPS if gap * (len(widths) - 1) <= room), _GAPS[0])
    starts, x = [], area.x + width_of(_MARK)
    for width in widths:
        starts.append(x)
        x += width + gap
    return starts, gap


def _put_row(
    canvas: Canvas, area: Area, y: int, starts: Sequence[int], gap: int, row: Sequence[str], role: Role
) -> None:
    ends = [*(min(area.right, start - gap) for start in starts[1:]), area.right]
    for x, end, cell in zip(starts, ends, row, strict=True):
        if end - x >= _LEAST_CELL:
            canvas.put(x, y, shortened(canvas.clean(cell), end - x), role)
