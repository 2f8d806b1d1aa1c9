"""Finding one side's level: one big number, its bar, and two ways: a bit more, or less."""

from __future__ import annotations

from collections.abc import Sequence

from kiosk.page import Choice, LevelFinding
from kiosk.screens.blocks import Block, draw_blocks
from kiosk.theme.roles import Role
from kiosk.widgets.big_digits import HEIGHT, WIDE, big_width, draw_big
from kiosk.widgets.buttons import draw_button_row
from kiosk.widgets.canvas import Area, Canvas
from kiosk.widgets.frame import KeyLine
from kiosk.widgets.level_bar import draw_level_bar

_WIDEST_NUMBER = "00.0"
_ROOMY_FROM = 16
_BAR_ROWS = 2
_BELOW_BUTTONS = 2
"""Rows between them and the further keys, which need them for a finger."""


def draw(canvas: Canvas, area: Area, body: LevelFinding, choices: Sequence[Choice]) -> None:
    """From the top: number and instruction, bar, notice, buttons, further keys."""
    roomy = area.height >= _ROOMY_FROM
    keys = KeyLine(canvas, [c for c in choices if not c.prominent], area.width)
    button_height = 4 if roomy else 3
    notice = canvas.wrap(body.notice or body.cue, area.width) if body.notice or body.cue else []
    keys_y = area.bottom - keys.height
    used = HEIGHT + _BAR_ROWS + len(notice) + button_height + keys.height
    # Where it has four rows, one is left to the keys below it.
    below = 0 if roomy else max(0, min(_BELOW_BUTTONS, area.height - used))
    buttons_y = keys_y - button_height - below
    top = area.y + (1 if roomy else 0)
    end = draw_big(canvas, area.x + 1, top, body.big, WIDE)
    canvas.put(end + 1, top + HEIGHT - 1, body.unit, Role.STRONG)
    text_x = area.x + big_width(_WIDEST_NUMBER, WIDE) + 6
    text = Area(text_x, top, area.right - text_x, HEIGHT + (1 if roomy else 0))
    blocks = [
        Block(canvas.wrap(line, text.width), Role.STRONG if i == 0 else Role.PAPER, air=1)
        for i, line in enumerate(body.lines)
    ]
    draw_blocks(canvas, text, blocks, most_air=1 if roomy else 0)
    bar_y = top + HEIGHT + (1 if roomy else 0)
    draw_level_bar(canvas, Area(area.x, bar_y, area.width, _BAR_ROWS), body.bar)
    if notice:
        place = Area(area.x, bar_y + _BAR_ROWS, area.width, buttons_y - bar_y - _BAR_ROWS)
        if body.notice:
            band = Area(area.x - 1, place.y, area.width + 2, min(place.height, len(notice)))
            canvas.fill(band, Role.NOTICE)
        canvas.lines(place, notice, Role.NOTICE if body.notice else Role.STRONG)
    prominent = [c for c in choices if c.prominent]
    draw_button_row(canvas, Area(area.x, buttons_y, area.width, button_height), prominent)
    keys.draw(Area(area.x, keys_y, area.width, keys.height))
