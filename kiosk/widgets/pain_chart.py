"""Pain over time: a full block is what a row stands for, a shaded one half of it; gaps stay gaps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kiosk.page import Column, Overview
from kiosk.theme.roles import Role
from kiosk.widgets.canvas import Area, Canvas
from kiosk.widgets.glyphs import width_of

WORD_ROWS: Final = 4
"""Of the overview: axis, sessions, days without an entry, dates."""
_HIGHEST: Final = 10
_WEEK: Final = 7


def draw_pain_chart(canvas: Canvas, area: Area, overview: Overview) -> None:
    """The family's four weeks."""
    columns = [
        Column(
            label if index % _WEEK == 0 else "",
            pain,
            marks=(session, pain is None and index >= overview.unbegun),
        )
        for index, (label, pain, session) in enumerate(overview.days)
    ]
    captions = (overview.sessions_word, overview.no_entry_word)
    draw_columns(canvas, area, columns, captions, overview.pain_word)


def draw_columns(
    canvas: Canvas, area: Area, columns: Sequence[Column], captions: Sequence[str], axis_word: str = ""
) -> None:
    """As many rows of bars as `area` leaves, and as many of the last columns as fit."""
    words = [canvas.clean(word) for word in captions]
    narrow, wide = (
        area.x + max(4, *map(width_of, widths))
        for widths in (words, (*words, f"{canvas.clean(axis_word)}   "))
    )
    axis_x = wide if 2 * len(columns) <= area.right - wide - 1 else narrow
    room = area.right - axis_x - 1
    step = 2 if len(columns) * 2 <= room else 1
    columns = columns[-(room // step) :]
    rows = area.height - len(words) - 2
    axis_y = area.y + rows
    if axis_x == wide:
        canvas.put(area.x, area.y, axis_word, Role.QUIET)
    _draw_axis(canvas, axis_x, axis_y, rows, 1 + len(columns) * step)
    for offset, word in enumerate(words):
        canvas.put(area.x, axis_y + 1 + offset, word, Role.QUIET)
    label_free_from = area.x
    for index, column in enumerate(columns):
        x = axis_x + 1 + index * step
        if column.value is not None:
            _draw_bar(canvas, x, axis_y, rows, column.value)
        if column.mean is not None and step == 2:
            _draw_mean(canvas, x + 1, axis_y, rows, column.mean)
        for offset, marked in enumerate(column.marks):
            if marked:
                canvas.put(x, axis_y + 1 + offset, "▲" if offset == 0 else "•", Role.PAPER)
        end = x + width_of(canvas.clean(column.label))
        if column.label and x >= label_free_from and end <= area.right:
            canvas.put(x, axis_y + 1 + len(words), column.label, Role.QUIET)
            label_free_from = end + 1


def _draw_axis(canvas: Canvas, x: int, y: int, rows: int, width: int) -> None:
    for row in range(rows):
        value = round(_HIGHEST * (rows - row) / rows)
        canvas.put(x - 3, y - rows + row, f"{value:>2} ┤", Role.QUIET)
    canvas.put(x - 3, y, " 0 ┼" + "─" * (width - 1), Role.QUIET)


def _draw_bar(canvas: Canvas, x: int, axis_y: int, rows: int, value: float) -> None:
    halves = round(value * rows * 2 / _HIGHEST)
    for row in range(rows):
        if halves >= 2 * (row + 1):
            canvas.put(x, axis_y - 1 - row, "█", Role.CHART)
        elif halves == 2 * row + 1:
            canvas.put(x, axis_y - 1 - row, "░", Role.CHART_HALF)


def _draw_mean(canvas: Canvas, x: int, axis_y: int, rows: int, mean: float) -> None:
    row = min(rows - 1, max(0, round(mean * rows / _HIGHEST - 0.5)))
    canvas.put(x, axis_y - 1 - row, "•", Role.PAPER)
