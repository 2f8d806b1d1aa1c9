"""Bars over time, with what they say below."""

from __future__ import annotations

from collections.abc import Sequence

from kiosk.page import Chart
from kiosk.screens.blocks import Block, draw_blocks
from kiosk.theme.roles import Role
from kiosk.widgets.canvas import Area, Canvas
from kiosk.widgets.pain_chart import draw_panels

_MOST_BAR_ROWS = 10
_LEAST_BAR_ROWS = 3
_LEAST_ROWS_OF_SEVERAL = 2
_TIGHT = 6
"""Rows below which no blank one is given away."""


def draw(canvas: Canvas, area: Area, body: Chart) -> None:
    """The bars take the height that the words leave; where it is short the last facts give way."""
    head = [
        Block(canvas.wrap(line, area.width), Role.STRONG if n == 0 else Role.PAPER, air=0)
        for n, line in enumerate(body.lines)
    ]
    foot = [Block(canvas.wrap(fact, area.width), Role.PAPER, air=0) for fact in body.facts]
    panels = body.panels
    head_rows, word_rows = _rows(head), len(body.captions) + 1 + len(panels)
    least_rows = _LEAST_BAR_ROWS if len(panels) == 1 else _LEAST_ROWS_OF_SEVERAL * len(panels)
    while foot and area.height - head_rows - _rows(foot) - word_rows < least_rows:
        foot.pop()
    foot_rows = _rows(foot)
    room = area.height - head_rows - foot_rows - word_rows
    bar_rows = max(least_rows, min(_MOST_BAR_ROWS, room - 1 if room > _TIGHT else room))
    bar_rows -= bar_rows % len(panels)
    if room < bar_rows:
        canvas.cut.append(body.lines[0])
    draw_blocks(canvas, Area(area.x, area.y, area.width, head_rows), head)
    chart_y = area.y + head_rows + (1 if room > bar_rows else 0)
    chart = Area(area.x, chart_y, area.width, bar_rows + word_rows)
    draw_panels(canvas, chart, panels, body.captions)
    draw_blocks(canvas, Area(area.x, area.bottom - foot_rows, area.width, foot_rows), foot)


def _rows(blocks: Sequence[Block]) -> int:
    return sum(len(block.lines) for block in blocks)
