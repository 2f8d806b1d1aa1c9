"""Every screen of the album, drawn as a person may see it: in each language, size and rendering."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from kiosk import words
from kiosk.page import Page
from kiosk.screens.draw import draw
from kiosk.widgets.canvas import Drawing
from tests.kiosk.visit.visit_album import Shot, album

LOOKS = Path(__file__).parent / "looks.txt"
_DIGITS_OF_A_LOOK = 10


@dataclass(frozen=True)
class View:
    """One way to look at every screen."""

    language: str
    width: int
    height: int
    console: bool = False

    def __str__(self) -> str:
        return f"{self.language}-{self.width}x{self.height}{'-console' if self.console else ''}"


VIEWS = (
    View("en", 67, 20),
    View("en", 80, 25),
    View("en", 80, 25, console=True),
    View("de", 67, 20),
    View("de", 80, 25),
    View("de", 67, 20, console=True),
    View("de", 120, 40, console=True),
)
"""A larger terminal has the drawing of 80×25 in its middle, and the console's differs by glyphs alone."""


@cache
def shots() -> tuple[tuple[str, Shot], ...]:
    """(name, screen); a name that comes again has a number."""
    seen: Counter[str] = Counter()

    def named() -> Iterator[tuple[str, Shot]]:
        for shot in album():
            seen[shot.name] += 1
            again = seen[shot.name]
            yield (shot.name if again == 1 else f"{shot.name} ({again})"), shot

    return tuple(named())


def pages(language: str, translations: Path = words.LOCALE) -> dict[str, Page]:
    """Name → page in a language; English stands again afterwards."""
    words.set_language(language, translations)
    try:
        return {name: shot.page() for name, shot in shots()}
    finally:
        words.set_language("en")


def drawings(view: View, of: dict[str, Page], translations: Path = words.LOCALE) -> dict[str, Drawing]:
    """Name → drawing. The words of keys and of the header's badge are worded when they are drawn."""
    words.set_language(view.language, translations)
    try:
        return {name: draw(page, view.width, view.height, view.console) for name, page in of.items()}
    finally:
        words.set_language("en")


def look_of(drawing: Drawing) -> str:
    """Another one for another character, role or place."""
    cells = "\n".join("|".join(f"{role.name}:{text}" for text, role in row) for row in drawing.rows)
    return hashlib.sha256(cells.encode()).hexdigest()[:_DIGITS_OF_A_LOOK]


def read_looks() -> dict[str, list[str]]:
    """Name → its look in each of VIEWS, as it was last looked at."""
    lines = LOOKS.read_text(encoding="utf-8").splitlines() if LOOKS.exists() else []
    return {name: looks.split() for name, _, looks in (line.partition("\t") for line in lines[1:])}


def write_looks(looks: dict[str, list[str]]) -> None:
    """One line a screen: an edit of one changes one line."""
    head = "screen\t" + " ".join(map(str, VIEWS))
    lines = [f"{name}\t{' '.join(of)}" for name, of in looks.items()]
    LOOKS.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
