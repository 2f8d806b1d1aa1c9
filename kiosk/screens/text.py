"""Words that are typed: what is asked for, the text with its cursor, how much room is left."""

from __future__ import annotations

from kiosk.page import TextEntry
from kiosk.screens.blocks import Block, draw_blocks
from kiosk.theme.roles import Role
from kiosk.widgets.canvas import Area, Canvas

CURSOR = "_"


def draw(canvas: Canvas, area: Area, body: TextEntry) -> None:
    """Of a text that is longer than the screen its end stands there: what is being typed."""
    head = [
        Block(canvas.wrap(line, area.width), Role.STRONG if n == 0 else Role.PAPER, air=3)
        for n, line in enumerate(body.lines)
    ]
    foot = Block(canvas.wrap(body.notice, area.width) if body.notice else [], Role.QUIET)
    room = area.height - len(foot.lines) - sum(len(block.lines) + 1 for block in head)
    text = canvas.wrap_typed(body.text + CURSOR, area.width)[-max(1, room) :]
    draw_blocks(canvas, area, [*head, Block(text, Role.STRONG, air=4), foot])
