"""Where the pads go: the back from behind, what to do beside it, the lead's state in a frame."""

from __future__ import annotations

from collections.abc import Sequence

from kiosk.page import Choice, Placement
from kiosk.screens.blocks import Block, draw_blocks
from kiosk.theme.roles import Role
from kiosk.widgets.back import WIDTH, draw_back, height_of
from kiosk.widgets.buttons import button_row_height, draw_button_row
from kiosk.widgets.canvas import Area, Canvas
from kiosk.widgets.frame import KeyLine
from kiosk.widgets.glyphs import width_of

_FRAME = 4
"""Columns of the frame around the lead's state."""
_ROOMY_FROM = 70
"""From this width on there are two columns between drawing and text."""


def draw(canvas: Canvas, area: Area, body: Placement, choices: Sequence[Choice]) -> None:
    """`choices` do not stand in the key line: the big ones come below the text, the others below them."""
    below = canvas.wrap(body.below, area.width) if body.below else []
    keys = KeyLine(canvas, [c for c in choices if not c.prominent], area.width)
    prominent = [c for c in choices if c.prominent]
    buttons_height = button_row_height(canvas, prominent, area.width)
    room = area.height - len(below) - buttons_height - keys.height
    gap = 2 if area.width >= _ROOMY_FROM else 1
    if height_of(body) > room:
        canvas.cut.append(body.lowest_rib)
    draw_back(canvas, Area(area.x, area.y, WIDTH, room), body)
    beside = Area(area.x + WIDTH + gap, area.y, area.width - WIDTH - gap, room)
    _draw_beside(canvas, beside, body)
    canvas.lines(Area(area.x, area.y + room, area.width, len(below)), below, Role.STRONG)
    buttons_y = area.bottom - keys.height - buttons_height
    draw_button_row(canvas, Area(area.x, buttons_y, area.width, buttons_height), prominent)
    keys.draw(Area(area.x, area.bottom - keys.height, area.width, keys.height))


def _draw_beside(canvas: Canvas, area: Area, body: Placement) -> None:
    blocks = [
        Block(canvas.wrap(line, area.width, hanging=2 if line.startswith(("▶", "●")) else 0),
              Role.STRONG if index == 0 else Role.PAPER, air=4 if index == 0 else 2)
        for index, line in enumerate(body.lines)
    ]  # fmt: skip
    text_rows = sum(len(block.lines) for block in blocks)
    rows = _box_rows(canvas, body, area.width - _FRAME)
    framed = text_rows + len(rows) + 2 <= area.height
    if not framed:
        rows = _box_rows(canvas, body, area.width)
    box_height = len(rows) + (2 if framed else 0)
    draw_blocks(canvas, Area(area.x, area.y, area.width, area.height - box_height), blocks)
    _draw_box(canvas, Area(area.x, area.bottom - box_height, area.width, box_height), rows, framed)


def _box_rows(canvas: Canvas, body: Placement, width: int) -> list[tuple[str, Role]]:
    """The lead's state in rows; what is to be read first stands out."""
    return [
        (row, Role.STRONG if index in body.box_strong else Role.PAPER)
        for index, line in enumerate(body.box)
        for row in canvas.wrap(line, width)
    ]


def _draw_box(canvas: Canvas, area: Area, rows: list[tuple[str, Role]], framed: bool) -> None:
    """The lead's state; its frame is left out where the words need the room."""
    if framed and rows:
        width = min(area.width, max(width_of(text) for text, _ in rows) + _FRAME)
        canvas.box(Area(area.x, area.y, width, area.height), Role.LINE)
        area = Area(area.x + 2, area.y + 1, width - _FRAME, area.height - 2)
    for offset, (text, role) in enumerate(rows):
        canvas.put(area.x, area.y + offset, text, role)
