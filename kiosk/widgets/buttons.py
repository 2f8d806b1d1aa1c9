"""Big choices: a face with its key, at least 12×3 cells."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto
from typing import Final

from kiosk.page import Choice
from kiosk.theme.roles import Role
from kiosk.widgets.canvas import Area, Canvas
from kiosk.widgets.frame import LEAST_TOUCH_WIDTH
from kiosk.widgets.glyphs import width_of
from kiosk.widgets.key_names import key_name, short_key_name

_LEAST_HEIGHT: Final = 3
_BETWEEN: Final = 2
"""Columns between two buttons of a grid."""
_EDGES: Final = 4
"""Columns that a frame and its padding take."""


class Face(Enum):
    """How key and label share a button."""

    BESIDE = auto()
    """In a frame, the key before the label."""
    ABOVE = auto()
    """In a frame, the key above the label; from four rows on."""
    BARE = auto()
    """Without a frame: the key above a label that would not fit inside one."""


def draw_button(canvas: Canvas, area: Area, choice: Choice, face: Face = Face.BESIDE) -> None:
    """A button of the size of `area`; a touch anywhere on it is its key."""
    canvas.fill(area, Role.BUTTON)
    canvas.target(area, choice.key)
    if face is Face.BARE:
        inside = Area(area.x + 1, area.y, area.width - 2, area.height)
    else:
        canvas.box(area, Role.BUTTON_EDGE)
        inside = Area(area.x + 2, area.y + 1, area.width - _EDGES, area.height - 2)
    if face is Face.BESIDE:
        name = f" {short_key_name(choice.key)} "
        label = canvas.wrap(choice.label, inside.width - width_of(name) - 1)
        y = inside.y + max(0, inside.height - len(label)) // 2
        end = canvas.put(inside.x, y, name, Role.BUTTON_KEY)
        canvas.lines(Area(end + 1, y, inside.right - end - 1, inside.bottom - y), label, Role.BUTTON)
        return
    name = f" {key_name(choice.key)} "
    if width_of(name) > inside.width:
        name = f" {short_key_name(choice.key)} "
    canvas.put(inside.x, inside.y, name, Role.BUTTON_KEY)
    room = Area(inside.x, inside.y + 1, inside.width, inside.height - 1)
    canvas.lines(room, canvas.wrap(choice.label, inside.width), Role.BUTTON)


def _lines_beside(canvas: Canvas, choice: Choice, width: int) -> int:
    """Rows of its label beside its key in a framed button; where a word would break, far too many."""
    room = width - _EDGES - width_of(f" {short_key_name(choice.key)} ") - 1
    label = canvas.clean(choice.label)
    return len(canvas.wrap(label, room)) if _longest_word(label) <= room else 99


def fitting_width(canvas: Canvas, choice: Choice) -> int:
    """The columns in which its key and its label stand side by side in a frame, on one row."""
    return _EDGES + width_of(f" {short_key_name(choice.key)} ") + 1 + width_of(canvas.clean(choice.label))


def draw_fitting_button(canvas: Canvas, area: Area, choice: Choice) -> None:
    """A button in the face that its size allows."""
    beside = _lines_beside(canvas, choice, area.width) <= area.height - 2
    draw_button(canvas, area, choice, Face.BESIDE if beside else Face.BARE)


class ButtonGrid:
    """Choices in columns over the whole width, filled column by column, in the order of their keys.

    Where the words leave little room, in one row that they share by what they have to say.
    """

    def __init__(self, canvas: Canvas, choices: Sequence[Choice], width: int, most_rows: int) -> None:
        self._canvas = canvas
        self._choices = choices
        self._width = width
        self._in_one_row = False
        # One row over, if it can be: the keys at the bottom need it for a finger.
        self._columns, self._button_height, self._face = (
            self._framed(most_rows - 1, _LEAST_HEIGHT)
            or self._row()
            or self._framed(most_rows - 1)
            or self._framed(most_rows)
            or self._lowest()
        )
        self._rows = -(-len(choices) // self._columns)
        self.height = self._rows * self._button_height

    def _framed(self, most_rows: int, most_height: int = 99) -> tuple[int, int, Face] | None:
        """Columns, and rows of a button: labels on one line where they can."""
        count = len(self._choices)
        if count == 0:
            return 1, 0, Face.BESIDE
        fitting = [
            (columns, height)
            for columns, height in self._options()
            if -(-count // columns) * height <= most_rows and height <= most_height
        ]
        if not fitting:
            return None
        one_line = [option for option in fitting if option[1] == _LEAST_HEIGHT]
        preferred = 3 if count == 3 else 2
        columns, height = min(one_line or fitting, key=lambda option: (abs(option[0] - preferred), option[1]))
        return columns, height, Face.BESIDE

    def _row(self) -> tuple[int, int, Face] | None:
        """All of them side by side, each as wide as it needs."""
        widths = _row_widths(self._canvas, self._choices, self._width, _BETWEEN)
        if not _labels_fit(self._canvas, self._choices, widths, Face.BESIDE, _LEAST_HEIGHT):
            return None
        self._in_one_row = True
        return len(self._choices), _LEAST_HEIGHT, Face.BESIDE

    def _options(self) -> list[tuple[int, int]]:
        """Columns of equal width, and the rows of a framed button in them."""
        return [
            (columns, 2 + max(_lines_beside(self._canvas, choice, width) for choice in self._choices))
            for columns in range(1, len(self._choices) + 1)
            for width in [self._button_width(columns)]
            if columns == 1 or width >= LEAST_TOUCH_WIDTH
        ]

    def _lowest(self) -> tuple[int, int, Face]:
        """Where the words above leave too little room: the fewest rows, without frames if that helps."""
        count = len(self._choices)
        framed = self._options()
        bare = [
            (columns, _LEAST_HEIGHT, Face.BARE)
            for columns, _ in framed
            for widths in [[self._button_width(columns)] * count]
            if _labels_fit(self._canvas, self._choices, widths, Face.BARE, _LEAST_HEIGHT)
        ]
        options = [*((columns, height, Face.BESIDE) for columns, height in framed), *bare]
        return min(options, key=lambda option: -(-count // option[0]) * option[1])

    def _button_width(self, columns: int) -> int:
        return (self._width - _BETWEEN * (columns - 1)) // columns

    def draw(self, x: int, y: int) -> None:
        """From a cell on. A button on its own is as wide as half the screen, or as its label."""
        if self._in_one_row:
            draw_button_row(self._canvas, Area(x, y, self._width, self.height), self._choices, _BETWEEN)
            return
        width = self._button_width(self._columns)
        if len(self._choices) == 1:
            label = width_of(self._canvas.clean(self._choices[0].label))
            name = width_of(short_key_name(self._choices[0].key)) + 3
            width = min(width, max(self._button_width(2), label + name + _EDGES))
        for index, choice in enumerate(self._choices):
            column, row = divmod(index, self._rows)
            left, top = x + column * (width + _BETWEEN), y + row * self._button_height
            draw_button(self._canvas, Area(left, top, width, self._button_height), choice, self._face)


def draw_button_row(canvas: Canvas, area: Area, choices: Sequence[Choice], between: int = 1) -> None:
    """One row of buttons, alike in their looks, that share the width by what they have to say."""
    widths = _row_widths(canvas, choices, area.width, between)
    if area.height > _LEAST_HEIGHT and _labels_fit(canvas, choices, widths, Face.ABOVE, area.height):
        face = Face.ABOVE
    elif _labels_fit(canvas, choices, widths, Face.BESIDE, area.height):
        face = Face.BESIDE
    else:
        face = Face.BARE
    x = area.x
    for choice, width in zip(choices, widths, strict=True):
        draw_button(canvas, Area(x, area.y, width, area.height), choice, face)
        x += width + between


def button_row_height(canvas: Canvas, choices: Sequence[Choice], width: int) -> int:
    """The fewest rows that a row of buttons needs for its labels; 0 without any."""
    if not choices:
        return 0
    widths = _row_widths(canvas, choices, width)
    for height in (_LEAST_HEIGHT, _LEAST_HEIGHT + 1):
        if any(_labels_fit(canvas, choices, widths, face, height) for face in (Face.BESIDE, Face.BARE)):
            return height
    return _LEAST_HEIGHT + 1


def _labels_fit(
    canvas: Canvas, choices: Sequence[Choice], widths: Sequence[int], face: Face, height: int
) -> bool:
    edge = 0 if face is Face.BARE else 1
    for choice, width in zip(choices, widths, strict=True):
        if face is Face.BESIDE:
            rows = _lines_beside(canvas, choice, width)
        else:
            rows = 1 + len(canvas.wrap(choice.label, width - 2 - 2 * edge))
        if rows > height - 2 * edge:
            return False
    return True


def _row_widths(canvas: Canvas, choices: Sequence[Choice], width: int, between: int = 1) -> list[int]:
    """What each needs; then what is over by what each wishes, and what nobody wishes alike."""
    labels = [canvas.clean(choice.label) for choice in choices]
    least = [max(LEAST_TOUCH_WIDTH, _longest_word(label) + 2) for label in labels]
    wishes = [
        max(0, width_of(label) + width_of(short_key_name(choice.key)) + _EDGES + 3 - at_least)
        for choice, label, at_least in zip(choices, labels, least, strict=True)
    ]
    spare = max(0, width - between * (len(choices) - 1) - sum(least))
    wished = sum(wishes)
    shares = [min(spare, wished) * wish // max(1, wished) for wish in wishes]
    alike = (spare - sum(shares)) // max(1, len(choices))
    return [at_least + share + alike for at_least, share in zip(least, shares, strict=True)]


def _longest_word(text: str) -> int:
    return max(map(width_of, text.split(" ")))
