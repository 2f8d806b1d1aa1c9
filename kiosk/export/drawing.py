"""One page as plain shapes: what the PDF and the HTML page are both made of.

Lengths are points (1/72 inch), the origin is the upper left corner, y grows downwards. reportlab's own SVG
names a font that no reader has and loses the widths that its layout was made with; here both stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

A4_WIDTH: Final = 595.28
A4_HEIGHT: Final = 841.89

BLACK: Final = "#000000"
GREY: Final = "#474747"
BLUE: Final = "#0b4687"
RED: Final = "#9b0000"
WHITE: Final = "#ffffff"
PAPER_FILLS: Final = ("#ffffff", "#eef2f7", "#ffefc4")
"""What words may stand on: white, a calm band, a warning. Every ink above has 7 : 1 on each."""
CALM, WARN = PAPER_FILLS[1], PAPER_FILLS[2]
RULE: Final = "#b5b5b5"
"""Of lines that carry no meaning of their own."""

Anchor = Literal["start", "middle", "end"]


class Rule(msgspec.Struct, frozen=True, tag=True):
    """A straight line."""

    x1: float
    y1: float
    x2: float
    y2: float
    ink: str = BLACK
    width: float = 0.6
    dashed: bool = False


class Box(msgspec.Struct, frozen=True, tag=True):
    """A rectangle; `fill` or `ink` None: not filled, no edge."""

    x: float
    y: float
    width: float
    height: float
    fill: str | None = None
    ink: str | None = None


class Dot(msgspec.Struct, frozen=True, tag=True):
    """A circle around x, y; hollow when it is not `filled`."""

    x: float
    y: float
    radius: float
    ink: str = BLACK
    filled: bool = True


class Curve(msgspec.Struct, frozen=True, tag=True):
    """A line through points; `closed`: a filled area."""

    points: tuple[tuple[float, float], ...]
    ink: str = BLACK
    width: float = 1.4
    closed: bool = False


class Words(msgspec.Struct, frozen=True, tag=True):
    """One line of text; `y` is its baseline, `width` what the layout reckoned with."""

    x: float
    y: float
    text: str
    size: float
    width: float
    bold: bool = False
    ink: str = BLACK
    anchor: Anchor = "start"


Shape = Rule | Box | Dot | Curve | Words


class Page(msgspec.Struct, frozen=True):
    """An A4 page, upright. `summary` says in words what it shows, for who cannot see it."""

    title: str
    language: str
    summary: str
    shapes: tuple[Shape, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """Every line of text, in the order of drawing."""
        return tuple(shape.text for shape in self.shapes if isinstance(shape, Words))


class Measure:
    """How wide a line of text is: by the font that the PDF carries (Bitstream Vera, as is DejaVu Sans)."""

    def __init__(self) -> None:
        from kiosk.export.fonts import register_fonts

        self._width_of = register_fonts()

    def width(self, text: str, size: float, bold: bool = False) -> float:
        return self._width_of(text, size, bold)

    def wrapped(self, text: str, width: float, size: float, bold: bool = False) -> list[str]:
        """Lines no wider than `width`; a single word that is wider is cut."""
        lines: list[str] = []
        line = ""
        for word in text.split():
            longer = f"{line} {word}" if line else word
            if self.width(longer, size, bold) <= width:
                line = longer
                continue
            if line:
                lines.append(line)
            while self.width(word, size, bold) > width:
                fits = self._fitting(word, width, size, bold)
                lines.append(word[:fits])
                word = word[fits:]
            line = word
        return [*lines, line] if line else lines

    def shortened(self, text: str, width: float, size: float, bold: bool = False) -> str:
        """The text, ended by "…" where it is too wide."""
        if self.width(text, size, bold) <= width:
            return text
        return text[: self._fitting(text + "…", width, size, bold) - 1].rstrip() + "…"

    def _fitting(self, text: str, width: float, size: float, bold: bool) -> int:
        """How many letters of it fit, one at least."""
        fits = len(text)
        while fits > 1 and self.width(text[:fits], size, bold) > width:
            fits -= 1
        return fits


class Pen:
    """Collects the shapes of a page."""

    def __init__(self, measure: Measure) -> None:
        self.measure = measure
        self.shapes: list[Shape] = []

    def add(self, *shapes: Shape) -> None:
        self.shapes += shapes

    def say(
        self,
        x: float,
        y: float,
        text: str,
        size: float = 8,
        *,
        bold: bool = False,
        ink: str = BLACK,
        anchor: Anchor = "start",
        within: float | None = None,
    ) -> None:
        """One line; shortened to `within` points."""
        text = _printable(text)
        if within is not None:
            text = self.measure.shortened(text, within, size, bold)
        if text:
            self.add(Words(x, y, text, size, self.measure.width(text, size, bold), bold, ink, anchor))

    def paragraph(
        self,
        x: float,
        y: float,
        text: str,
        width: float,
        size: float = 8,
        *,
        bold: bool = False,
        ink: str = BLACK,
        most: int = 99,
    ) -> float:
        """Lines below each other, `most` of them; the baseline of the next line."""
        lines: Sequence[str] = self.measure.wrapped(_printable(text), width, size, bold)
        if len(lines) > most:
            rest = " ".join(lines[most - 1 :])
            lines = [*lines[: most - 1], self.measure.shortened(rest, width, size, bold)]
        for line in lines:
            self.say(x, y, line, size, bold=bold, ink=ink)
            y += size * 1.35
        return y


def _printable(text: str) -> str:
    """Without control characters, which neither PDF nor HTML may hold."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
