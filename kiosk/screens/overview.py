"""The family's view: one line first, then pain by day, then facts."""

from __future__ import annotations

from collections.abc import Sequence

from kiosk.page import Overview
from kiosk.screens.blocks import Block, draw_blocks
from kiosk.theme.roles import Role
from kiosk.widgets.canvas import Area, Canvas
from kiosk.widgets.pain_chart import WORD_ROWS, draw_pain_chart

_MOST_BAR_ROWS = 5
_LEAST_BAR_ROWS = 2


def draw(canvas: Canvas, area: Area, body: Overview) -> None:
    """The chart takes the height that the words leave."""
    head = [
        Block(
            canvas.wrap(body.headline, area.width),
            Role.WARN if body.lines else Role.STRONG,
            band=bool(body.lines),
        )
    ]
    head += [Block(canvas.wrap(line, area.width), Role.PAPER, air=0) for line in body.lines]
    small = Block(canvas.wrap(body.small, area.width), Role.QUIET, air=0)
    facts = [Block(canvas.wrap(fact, area.width), Role.PAPER, air=0) for fact in body.facts]
    head_rows = _rows(head)
    while len(facts) > 1 and _rows([*head, *facts, small]) + WORD_ROWS + _LEAST_BAR_ROWS > area.height:
        facts.pop()  # it stands on a screen of its own too; what is to be done stands here alone
    foot = [*facts, small]
    foot_rows = _rows(foot)
    room = area.height - head_rows - foot_rows - WORD_ROWS
    bar_rows = max(_LEAST_BAR_ROWS, min(_MOST_BAR_ROWS, room))
    spare = max(0, room - bar_rows)
    head_bottom = draw_blocks(
        canvas, Area(area.x, area.y, area.width, head_rows + min(1, spare)), head, most_air=1
    )
    spare = max(0, spare - 1)
    if room >= _LEAST_BAR_ROWS:  # else the words come first: the chart has a screen of its own
        chart_y = head_bottom + min(1, spare)
        draw_pain_chart(canvas, Area(area.x, chart_y, area.width, bar_rows + WORD_ROWS), body)
    draw_blocks(canvas, Area(area.x, area.bottom - foot_rows, area.width, foot_rows), foot)


def _rows(blocks: Sequence[Block]) -> int:
    return sum(len(block.lines) for block in blocks)
