"""Pain by day: a full block is what a row stands for, a shaded one half of it; gaps stay gaps."""

from __future__ import annotations

from typing import Final

from kiosk.page import Overview
from kiosk.theme.roles import Role
from kiosk.widgets.canvas import Area, Canvas
from kiosk.widgets.glyphs import width_of

WORD_ROWS: Final = 4
"""Axis, sessions, days without an entry, dates."""
_HIGHEST: Final = 10
_WEEK: Final = 7


def draw_pain_chart(canvas: Canvas, area: Area, overview: Overview) -> None:
    """As many rows of bars as `area` leaves, and as many of the last days as fit."""
    captions = [canvas.clean(word) for word in (overview.sessions_word, overview.no_entry_word)]
    axis_x = area.x + max(4, *map(width_of, captions))
    room = area.right - axis_x - 1
    days = overview.days
    step = 2 if len(days) * 2 <= room else 1
    days = days[-(room // step) :]
    rows = area.height - WORD_ROWS
    axis_y = area.y + rows
    _draw_axis(canvas, axis_x, axis_y, rows, 1 + len(days) * step)
    canvas.put(area.x, axis_y + 1, captions[0], Role.QUIET)
    canvas.put(area.x, axis_y + 2, captions[1], Role.QUIET)
    for index, (label, pain, session) in enumerate(days):
        x = axis_x + 1 + index * step
        if pain is None:
            canvas.put(x, axis_y + 2, "•", Role.PAPER)
        else:
            _draw_bar(canvas, x, axis_y, rows, pain)
        if session:
            canvas.put(x, axis_y + 1, "▲", Role.PAPER)
        if index % _WEEK == 0 and x + width_of(canvas.clean(label)) <= area.right:
            canvas.put(x, axis_y + 3, label, Role.QUIET)


def _draw_axis(canvas: Canvas, x: int, y: int, rows: int, width: int) -> None:
    for row in range(rows):
        value = round(_HIGHEST * (rows - row) / rows)
        canvas.put(x - 3, y - rows + row, f"{value:>2} ┤", Role.QUIET)
    canvas.put(x - 3, y, " 0 ┼" + "─" * (width - 1), Role.QUIET)


def _draw_bar(canvas: Canvas, x: int, axis_y: int, rows: int, pain: int) -> None:
    halves = round(pain * rows * 2 / _HIGHEST)
    for row in range(rows):
        if halves >= 2 * (row + 1):
            canvas.put(x, axis_y - 1 - row, "█", Role.CHART)
        elif halves == 2 * row + 1:
            canvas.put(x, axis_y - 1 - row, "░", Role.CHART_HALF)
