"""Bars over time: a full block is what a row stands for, a shaded one half of it; gaps stay gaps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import msgspec

from kiosk.page import Column, Overview, Panel
from kiosk.theme.roles import Role
from kiosk.widgets.canvas import Area, Canvas
from kiosk.widgets.glyphs import shortened, width_of

WORD_ROWS: Final = 4
"""Of the overview: axis, sessions, days without an entry, dates."""
FEW_COLUMNS: Final = 14
"""So few stand apart, …"""
BROADEST_STEP: Final = 5
"""… so far."""
NEARLY_WHOLE: Final = 0.05
"""A row that stands for 6.7 has no number: 7 would be read from it."""
_WEEK: Final = 7
_BESIDE_WORD: Final = 4
"""Columns from a word to its axis: a number of two digits, and a blank on each side of it."""


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


class Across(msgspec.Struct, frozen=True):
    """Where the columns stand: the axis, and how far one is from the next."""

    axis_x: int
    step: int

    @property
    def bar_width(self) -> int:
        """Of one bar: a column that stands apart is broad."""
        return max(1, self.step - 2)


def across(
    canvas: Canvas, area: Area, count: int, captions: Sequence[str], axis_words: Sequence[str]
) -> Across:
    """For `count` columns with these words at the left; more than fit are shown from the last one back. The
    axis' words give way before a column does."""
    words = [canvas.clean(word) for word in captions]
    beside = [canvas.clean(word) + " " * _BESIDE_WORD for word in axis_words]
    narrow, wide = (area.x + max([4, *map(width_of, texts)]) for texts in (words, (*words, *beside)))
    step, step_wide = (_step(count, area.right - axis_x - 1) for axis_x in (narrow, wide))
    fits_wide = step_wide == step and count * step <= area.right - wide - 1
    return Across(wide if fits_wide else narrow, step)


def _step(count: int, room: int) -> int:
    if 0 < count <= FEW_COLUMNS:
        return max(1, min(BROADEST_STEP, room // count))
    return 2 if count * 2 <= room else 1


def draw_columns(
    canvas: Canvas, area: Area, columns: Sequence[Column], captions: Sequence[str], axis_word: str = ""
) -> None:
    """As many rows of bars as `area` leaves, and as many of the last columns as fit."""
    panel = Panel(tuple(columns), axis_word)
    draw_panels(canvas, area, (panel,), captions)


def draw_panels(canvas: Canvas, area: Area, panels: Sequence[Panel], captions: Sequence[str]) -> None:
    """Bars below one another over the same days; the marks and dates of the first stand below the last."""
    words = [canvas.clean(word) for word in captions]
    first = panels[0].columns
    where = across(canvas, area, len(first), words, [panel.word for panel in panels])
    shown = (area.right - where.axis_x - 1) // where.step
    rows = (area.height - len(words) - 1 - len(panels)) // len(panels)
    y = area.y
    for panel in panels:
        # A row stands for a whole number where there are rows enough.
        panel_rows = min(rows, math.ceil(panel.highest))
        _draw_panel(canvas, area.x, y, panel_rows, panel, panel.columns[-shown:], where)
        y += panel_rows + 1
    _draw_below(canvas, area, y, first[-shown:], words, where)


def _draw_panel(
    canvas: Canvas, x: int, y: int, rows: int, panel: Panel, columns: Sequence[Column], where: Across
) -> None:
    axis_y = y + rows
    _draw_axis(canvas, where.axis_x, axis_y, rows, 1 + len(columns) * where.step, panel.highest)
    if panel.word:
        _draw_axis_word(canvas, Area(x, y, where.axis_x - x, rows), canvas.clean(panel.word), panel.highest)
    for index, column in enumerate(columns):
        at = where.axis_x + 1 + index * where.step
        if column.value is not None:
            for cell in range(where.bar_width):
                _draw_bar(canvas, at + cell, axis_y, rows, column.value / panel.highest)
        beside = at + where.bar_width if where.step > 1 else at
        if column.mean is not None and where.step > 1:
            _draw_sign(canvas, beside, axis_y, rows, column.mean / panel.highest, "•")
        if column.limit is not None and (where.step > 1 or column.limit > (column.value or 0)):
            _draw_sign(canvas, beside, axis_y, rows, column.limit / panel.highest, "─")


def _draw_below(
    canvas: Canvas, area: Area, y: int, columns: Sequence[Column], words: Sequence[str], where: Across
) -> None:
    """A row for each kind of mark, then dates where there is room."""
    for offset, word in enumerate(words):
        canvas.put(area.x, y + offset, word, Role.QUIET)
    label_free_from = area.x
    for index, column in enumerate(columns):
        x = where.axis_x + 1 + index * where.step
        for offset, marked in enumerate(column.marks):
            if marked:
                canvas.put(x, y + offset, "▲" if offset == 0 else "•", Role.PAPER)
        end = x + width_of(canvas.clean(column.label))
        if column.label and x >= label_free_from and end <= area.right:
            canvas.put(x, y + len(words), column.label, Role.QUIET)
            label_free_from = end + 1


def _draw_axis(canvas: Canvas, x: int, y: int, rows: int, width: int, highest: float) -> None:
    for row in range(rows):
        value = highest * (rows - row) / rows
        number = f"{round(value):>2}" if _has_number(value) else "  "
        canvas.put(x - 3, y - rows + row, f"{number} ┤", Role.QUIET)
    canvas.put(x - 3, y, " 0 ┼" + "─" * (width - 1), Role.QUIET)


def _has_number(value: float) -> bool:
    return abs(value - round(value)) < NEARLY_WHOLE


def _draw_axis_word(canvas: Canvas, place: Area, word: str, highest: float) -> None:
    """Beside the highest number if both fit, else in a row below it: in place of a number if all have one."""
    y, room = place.y, place.width - _BESIDE_WORD
    if width_of(word) > room:
        free = [row for row in range(1, place.height) if not _has_number(highest * (1 - row / place.height))]
        y, room = place.y + [*free, place.height - 1][0], place.width
    canvas.put(place.x, y, shortened(word, max(1, room)), Role.QUIET)


def _draw_bar(canvas: Canvas, x: int, axis_y: int, rows: int, share: float) -> None:
    """`share` of the height. What is too small for half a row is a tick: it was said, and is no gap."""
    halves = round(share * rows * 2)
    if halves == 0:
        canvas.put(x, axis_y, "┴", Role.QUIET)
    for row in range(rows):
        if halves >= 2 * (row + 1):
            canvas.put(x, axis_y - 1 - row, "█", Role.CHART)
        elif halves == 2 * row + 1:
            canvas.put(x, axis_y - 1 - row, "░", Role.CHART_HALF)


def _draw_sign(canvas: Canvas, x: int, axis_y: int, rows: int, share: float, sign: str) -> None:
    row = min(rows - 1, max(0, round(share * rows - 0.5)))
    canvas.put(x, axis_y - 1 - row, sign, Role.PAPER)
