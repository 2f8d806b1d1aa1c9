"""A drawing as a small SVG, straight from its cells: the gallery in `docs/screens`."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from kiosk.theme.colours import Colour, Theme
from kiosk.theme.roles import Role
from kiosk.widgets.canvas import Drawing
from kiosk.widgets.glyphs import width_of

CELL_WIDTH = 10
CELL_HEIGHT = 20
_BASELINE = 15
_FULL = "█"
_WORDS = re.compile(r"\S+(?: \S+)*")
"""Apart by two spaces or more: a renderer may collapse them."""


def svg_of(drawing: Drawing, theme: Theme) -> str:
    """Backgrounds, then words, then full blocks as areas: no font has to have them."""
    ground = theme[Role.PAPER].background
    width, height = drawing.width * CELL_WIDTH, drawing.height * CELL_HEIGHT
    backgrounds, texts = [], []
    for y, row in enumerate(drawing.rows):
        x = 0
        for text, role in row:
            ink, cells = theme[role], width_of(text)
            if ink.background != ground:
                backgrounds.append(_area(x, y, cells, ink.background))
            texts += _written(x, y, text, ink.foreground, ink.bold)
            x += cells
    body = "\n".join([*backgrounds, *texts])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">\n'
        "<style>text{font:16.61px 'DejaVu Sans Mono',monospace;white-space:pre}.b{font-weight:bold}</style>\n"
        f'<rect width="100%" height="100%" fill="{_hex(ground)}"/>\n{body}\n</svg>\n'
    )


def _written(x: int, y: int, text: str, colour: Colour, bold: bool) -> Iterator[str]:
    for blocks in re.finditer(f"{_FULL}+", text):
        yield _area(x + width_of(text[: blocks.start()]), y, len(blocks.group()), colour)
    for words in _WORDS.finditer(text.replace(_FULL, " ")):
        at, cells = x + width_of(text[: words.start()]), width_of(words.group())
        kind = ' class="b"' if bold else ""
        yield (
            f'<text{kind} x="{at * CELL_WIDTH}" y="{y * CELL_HEIGHT + _BASELINE}" '
            f'textLength="{cells * CELL_WIDTH}" fill="{_hex(colour)}">{html.escape(words.group())}</text>'
        )


def _area(x: int, y: int, cells: int, colour: Colour) -> str:
    place = f'x="{x * CELL_WIDTH}" y="{y * CELL_HEIGHT}" width="{cells * CELL_WIDTH}" height="{CELL_HEIGHT}"'
    return f'<rect {place} fill="{_hex(colour)}"/>'


def _hex(colour: Colour) -> str:
    return f"#{colour.red:02x}{colour.green:02x}{colour.blue:02x}"
