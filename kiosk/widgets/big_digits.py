"""Numbers that are read across a room, from full blocks alone: a console font has no half ones."""

from __future__ import annotations

from typing import Final

import msgspec

from kiosk.theme.roles import Role
from kiosk.widgets.canvas import Canvas

HEIGHT: Final = 5


class Face(msgspec.Struct, frozen=True):
    """Cells of a stroke, of a digit, and between two."""

    stroke: int
    digit: int
    gap: int


WIDE: Final = Face(stroke=2, digit=6, gap=2)
MEDIUM: Final = Face(stroke=1, digit=4, gap=2)
NARROW: Final = Face(stroke=1, digit=4, gap=1)

# As on a calculator: a top, b right above, c right below, d bottom, e left below, f left above, g middle.
_SEGMENTS: Final = {
    "0": "abcdef", "2": "abged", "3": "abgcd", "4": "fgbc", "5": "afgcd",
    "6": "afgedc", "7": "abc", "8": "abcdefg", "9": "abcdfg", "-": "g", "–": "g",
}  # fmt: skip
_POINTS: Final = {".": (4,), ",": (4,), ":": (1, 3)}


def big_width(text: str, face: Face) -> int:
    """Cells that `text` takes."""
    return sum(_width(character, face) + face.gap for character in text) - face.gap


def draw_big(canvas: Canvas, x: int, y: int, text: str, face: Face) -> int:
    """Five rows of blocks from a cell on; gives back the column after them."""
    for character in text:
        for row in range(HEIGHT):
            for offset in _filled(character, row, face):
                canvas.put(x + offset, y + row, "█", Role.DIGITS)
        x += _width(character, face) + face.gap
    return x - face.gap


def _width(character: str, face: Face) -> int:
    return face.stroke if character in _POINTS else face.digit


def _filled(character: str, row: int, face: Face) -> list[int]:
    """Columns of a character's cells that are filled in a row."""
    if character in _POINTS:
        return list(range(face.stroke)) if row in _POINTS[character] else []
    if character == "1":
        middle = face.digit // 2
        return list(range(middle, middle + face.stroke))
    on = set(_SEGMENTS.get(character, ""))
    bar, left, right = (
        ("a", "f", "b"),
        ("", "f", "b"),
        ("g", "fe", "bc"),
        ("", "e", "c"),
        ("d", "e", "c"),
    )[row]
    if bar in on:
        return list(range(face.digit))
    columns: list[int] = []
    if on & set(left):
        columns += range(face.stroke)
    if on & set(right):
        columns += range(face.digit - face.stroke, face.digit)
    return columns
