"""What is around every screen: the frame, the header, the keys in words or the STOP row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kiosk.keys import Key
from kiosk.page import Choice, Header
from kiosk.theme.roles import Role
from kiosk.widgets.canvas import Area, Canvas
from kiosk.widgets.glyphs import shortened, width_of
from kiosk.widgets.key_names import key_name
from kiosk.words import _

LEAST_TOUCH_WIDTH: Final = 12
"""Cells; screens.md, rule 2."""

_GAPS: Final = (3, 2)
"""Columns between two keys of the key line: as it should be, and where that saves a row."""
_TALL_FROM: Final = 22
"""From this height on the STOP row has three rows."""


def draw_outline(canvas: Canvas, design: Area, framed: bool, rules: Sequence[int]) -> None:
    """A rule below the header and one above the footer, in a frame if it is to have one."""
    canvas.fill(design, Role.PAPER)
    if framed:
        canvas.box(design, Role.LINE)
    left, right = ("├", "┤") if framed else ("─", "─")
    for y in rules:
        canvas.put(design.x, y, left + "─" * (design.width - 2) + right, Role.LINE)


class HeaderLine:
    """Title left, SIMULATOR in the middle, the device's state right; on two rows where one is too short."""

    def __init__(self, canvas: Canvas, header: Header, width: int) -> None:
        self._canvas = canvas
        self._live = header.current_on
        state = canvas.clean(f"● {header.right}" if header.right else "")
        self._state = f" {state} " if self._live else f" {state}"
        self._badge = f" {canvas.clean(_('SIMULATOR'))} " if header.simulator else ""
        self._title = canvas.clean(header.left)
        beside = width_of(self._state) + width_of(self._badge) + 1
        short = canvas.clean(header.short)
        if short and width_of(self._title) + beside > width >= width_of(short) + beside:
            self._title = short
        if width_of(self._title) + beside > width:
            self._title = "  ".join(part.strip() for part in self._title.split("  ") if part.strip())
        self.height = 1 if width_of(self._title) + beside <= width else 2

    def draw(self, area: Area) -> None:
        """The title in the first row, the rest in the last: they may be the same."""
        canvas = self._canvas
        y = area.y + self.height - 1
        state_x = area.right - width_of(self._state)
        canvas.put(state_x, y, self._state, Role.LIVE if self._live else Role.PAPER)
        title = shortened(self._title, area.width)
        if title != self._title:
            canvas.cut.append(self._title)
        end = canvas.put(area.x, area.y, title, Role.STRONG)
        if self._badge:
            width = width_of(self._badge)
            middle = area.x + (area.width - width) // 2
            free_from = end + 1 if self.height == 1 else area.x
            canvas.put(max(free_from, min(middle, state_x - width - 1)), y, self._badge, Role.SIMULATOR)


def stop_row_height(height: int) -> int:
    """Three rows, two on a screen of 67×20 (screens.md, rule 3)."""
    return 3 if height >= _TALL_FROM else 2


def draw_stop_row(canvas: Canvas, area: Area, text: str, touch: Area) -> None:
    """The whole bottom is STOP; a touch anywhere in `touch` stops."""
    canvas.fill(area, Role.STOP_EDGE, "█")
    words = f"  {text}  "
    width = width_of(canvas.clean(words))
    x = area.x + (area.width - width) // 2
    y = area.y + (area.height - 1) // 2
    canvas.put(x, y, words, Role.STOP)
    canvas.target(touch, Key.STOP)


class KeyLine:
    """Keys in words: in columns, or one after the other where that saves a row; wide enough for a finger.

    `hint` stands before them where that costs no row. `airy`: a blank row between two rows, and as many below
    as `below` says, so that each key has three rows for a finger.
    """

    def __init__(
        self,
        canvas: Canvas,
        choices: Sequence[Choice],
        width: int,
        hint: str = "",
        *,
        airy: bool = False,
        below: int = 0,
    ) -> None:
        self._pitch = 2 if airy else 1
        self._below = below if airy else 0
        self._canvas = canvas
        self._choices = choices
        texts = [width_of(f"{key_name(c.key)}  {canvas.clean(c.label)}") for c in choices]
        self._rows = _rows(texts, width)
        self._hint = canvas.clean(hint)
        self._indent = width_of(self._hint) + _GAPS[0] if hint else 0
        if hint:
            beside = _rows(texts, width - self._indent)
            if len(beside) <= max(1, len(self._rows)):
                self._rows = beside
            else:
                self._hint, self._indent = "", 0
        rows = max(len(self._rows), 1 if self._hint else 0)
        self.rows = rows
        self.height = (rows - 1) * self._pitch + 1 + self._below if rows else 0

    def draw(self, area: Area) -> None:
        """Row by row. A touch reaches halfway to the next row, at the first and the last one beyond the line,
        and above it one row more where nothing else is touched there: three rows for a finger."""
        self._canvas.put(area.x, area.y, self._hint, Role.PAPER)
        area = Area(area.x + self._indent, area.y, area.width - self._indent, area.height)
        index = 0
        for row, widths in enumerate(self._rows):
            x = area.x
            for column, width in enumerate(widths):
                choice = self._choices[index]
                index += 1
                y = area.y + row * self._pitch
                end = self._canvas.put(x, y, key_name(choice.key), Role.KEY)
                end = self._canvas.put(end + 2, y, choice.label, Role.PAPER)
                if end > area.right:
                    self._canvas.cut.append(choice.label)
                last = column == len(widths) - 1
                right = max(area.right, x + LEAST_TOUCH_WIDTH) if last else x + width
                above = int(row == 0 or self._pitch > 1)
                below = int(row == self.rows - 1)
                self._canvas.target(Area(x, y - above, right - x, 1 + above + below), choice.key)
                if row == 0:
                    self._canvas.spare_target(Area(x, y - 2, right - x, 3), choice.key)
                x += width


def _rows(texts: Sequence[int], width: int) -> list[list[int]]:
    """The cells' widths, row by row, for texts of these widths: the layout with the fewest rows."""
    options = [
        *(_in_columns([max(LEAST_TOUCH_WIDTH, text + gap) for text in texts], width, gap) for gap in _GAPS),
        _in_order([max(LEAST_TOUCH_WIDTH, text + _GAPS[-1]) for text in texts], width),
    ]
    return min(options, key=len)


def _in_columns(cells: Sequence[int], width: int, gap: int) -> list[list[int]]:
    """Rows of cells below one another, with the most columns that fit."""
    for columns in range(len(cells), 0, -1):
        widths = [max(cells[column::columns]) for column in range(columns)]
        if sum(widths) - gap <= width or columns == 1:
            return [widths[: len(cells) - first] for first in range(0, len(cells), columns)]
    return []


def _in_order(cells: Sequence[int], width: int) -> list[list[int]]:
    """Rows of cells, each as full as it gets."""
    rows: list[list[int]] = []
    for cell in cells:
        if rows and sum(rows[-1]) + cell - _GAPS[-1] <= width:
            rows[-1].append(cell)
        else:
            rows.append([cell])
    return rows
