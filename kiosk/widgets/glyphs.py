"""Text made fit for cells: which characters there are, how wide they are, and where lines break."""

from __future__ import annotations

import unicodedata
from typing import Final

from rich.cells import get_character_cell_size

DRAWING: Final = frozenset("─│┌┐└┘├┤┬┴┼═║█░▒")
"""Lines and blocks that every console font has. Half blocks, heavy lines and braille are missing there."""
SIGNS: Final = frozenset("←↑→↓●•▲▼◀▶≤≥…–°±µ×")
_ASCII: Final = frozenset(map(chr, range(0x20, 0x7F)))
_LATIN: Final = frozenset(map(chr, [*range(0xA0, 0xAD), *range(0xAE, 0x100)])) | frozenset("ŒœŠšŽžŸ€")

CONSOLE_CHARACTERS: Final = _ASCII | _LATIN | DRAWING | SIGNS

_SAME_IN_CONSOLE: Final = {
    "−": "-",
    "’": "'",
    "‘": "'",
    "“": '"',
    "”": '"',
    "„": '"',
    "—": "–",
    "\u202f": "\u00a0",
}


def clean(text: str, console: bool) -> str:
    """`text` without what is no character of a cell: controls, lone marks, unassigned code points.

    `console`: in the console font's characters, an unknown letter as its base letter, else "?".
    """
    kept = (_clean_character(character, console) for character in unicodedata.normalize("NFC", text))
    return "".join(kept)


def _clean_character(character: str, console: bool) -> str:
    if character in CONSOLE_CHARACTERS:
        return character
    if character in "\t\r\n\v\f\u2028\u2029":
        return " "
    if unicodedata.category(character)[0] in "CM" or get_character_cell_size(character) < 1:
        return ""
    if not console:
        return character
    if character in _SAME_IN_CONSOLE:
        return _SAME_IN_CONSOLE[character]
    base = "".join(c for c in unicodedata.normalize("NFKD", character) if c in CONSOLE_CHARACTERS)
    return base or "?"


def width_of(text: str) -> int:
    """Cells that cleaned text takes."""
    return len(text) if text.isascii() else sum(map(get_character_cell_size, text))


def wrapped(text: str, width: int, hanging: int = 0) -> list[str]:
    """Lines of at most `width` cells, broken at spaces where it goes; later lines indented by `hanging`.

    Spaces inside a line are kept (a draft may align by them); an empty text is one empty line.
    """
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        candidate = word if not line and not lines else f"{line} {word}"
        if not line and lines:
            candidate = " " * hanging + word
        if width_of(candidate.rstrip()) <= width:
            line = candidate
            continue
        if line.strip():
            lines.append(line.rstrip())
        line = " " * (hanging if lines else 0) + word
        while width_of(line) > width:
            head = _head(line, width)
            lines.append(head)
            line = " " * hanging + line[len(head) :]
    lines.append(line.rstrip())
    return lines


def _head(text: str, width: int) -> str:
    """As much of `text` as `width` cells hold; at least one character."""
    cells = 0
    for at, character in enumerate(text):
        cells += get_character_cell_size(character)
        if cells > width and at > 0:
            return text[:at]
    return text


def shortened(text: str, width: int) -> str:
    """`text`, or as much of it as fits with a "…" at its end."""
    return text if width_of(text) <= width else _head(text, max(1, width - 1)) + "…"
