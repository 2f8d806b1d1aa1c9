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
    framed = text_rows + len(body.box) + 2 <= area.height
    box_height = len(body.box) + (2 if framed else 0)
    draw_blocks(canvas, Area(area.x, area.y, area.width, area.height - box_height), blocks)
    _draw_box(canvas, Area(area.x, area.bottom - box_height, area.width, box_height), body, framed)


def _draw_box(canvas: Canvas, area: Area, body: Placement, framed: bool) -> None:
    """The lead's state; its frame is left out where the words need the room."""
    lines = [canvas.clean(text) for text in body.box]
    if framed and lines:
        width = min(area.width, max(map(width_of, lines)) + 4)
        canvas.box(Area(area.x, area.y, width, area.height), Role.LINE)
        area = Area(area.x + 2, area.y + 1, width - 4, area.height - 2)
    for offset, line in enumerate(lines):
        role = Role.STRONG if offset in body.box_strong else Role.PAPER
        canvas.lines(Area(area.x, area.y + offset, area.width, 1), canvas.wrap(line, area.width), role)
