"""Text made fit for cells: which characters there are, how wide they are, and where lines break."""

from __future__ import annotations

import re
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


_KEPT_WITH_NEXT: Final = re.compile(r"\(?(\d[\d.,:–]*|(Dr|Prof|Mr|Mrs|Ms)\.)")
"""A number goes with what it counts, a title with its name."""
_SHORT_LAST_LINE: Final = 3
"""A last line below this part of the width is too short."""
_WORTH_OF_ENDS: Final = {".": 30, "?": 30, "!": 30, ":": 20, ",": 10}
"""What a first line ends with → how many columns of difference it makes up for."""
_WORTH_OF_FULL: Final = 10
_ENDS: Final = (".", "?", "!")


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
    return _laid(text.split(" "), width, hanging)


def evenly_wrapped(text: str, width: int, hanging: int = 0) -> list[str]:
    """As `wrapped`, but a number stays with what it counts ("14. November") and a title with its name, two
    lines break where a sentence ends if they can, and no word is left alone on the last of several.
    """
    words = _kept_together(text.split(" "), width - hanging)
    lines = _laid(words, width, hanging)
    short = width_of(lines[-1].strip()) * _SHORT_LAST_LINE <= width
    if len(lines) == 2:
        return _in_two(words, lines, width, hanging, short)
    if len(lines) == 1 or not short:
        return _begun_together(lines, width, hanging)
    narrow, wide = min(width, max(map(width_of, words)) + hanging), width
    while narrow < wide:
        middle = (narrow + wide) // 2
        if len(_laid(words, middle, hanging)) == len(lines):
            wide = middle
        else:
            narrow = middle + 1
    return _begun_together(_laid(words, wide, hanging), width, hanging)


def _begun_together(lines: list[str], width: int, hanging: int) -> list[str]:
    """The first word of a sentence goes down to the rest of it, where there is room."""
    lines = list(lines)
    for at in range(len(lines) - 1, 0, -1):
        before, _, word = lines[at - 1].rpartition(" ")
        below = " " * hanging + f"{word} {lines[at].strip()}"
        ended = before.endswith(_ENDS) and not _KEPT_WITH_NEXT.fullmatch(before.split(" ")[-1])
        if ended and width_of(below) <= width:
            lines[at - 1 : at + 1] = [before, below]
    return lines


def _in_two(words: list[str], full: list[str], width: int, hanging: int, short: bool) -> list[str]:
    """The two lines that are most alike; the end of a sentence or of a part of it is worth some difference,
    and so is a `full` first line whose second is not too `short`."""
    best, least = full, _worse(full) - (0 if short else _WORTH_OF_FULL)
    for at in range(1, len(words)):
        lines = [" ".join(words[:at]).rstrip(), (" " * hanging + " ".join(words[at:])).rstrip()]
        if max(map(width_of, lines)) <= width and _worse(lines) < least:
            best, least = lines, _worse(lines)
    return best


def _worse(lines: list[str]) -> int:
    """How unlike two lines are, less what their break is worth."""
    return abs(width_of(lines[0]) - width_of(lines[1])) - _WORTH_OF_ENDS.get(lines[0][-1:], 0)


def _kept_together(words: list[str], width: int) -> list[str]:
    """A number or a title and the word after it as one, where `width` has room for both."""
    together: list[str] = []
    for word in words:
        pair = f"{together[-1]} {word}" if together else word
        if together and word and _KEPT_WITH_NEXT.fullmatch(together[-1]) and width_of(pair) <= width:
            together[-1] = pair
        else:
            together.append(word)
    return together


def _laid(words: list[str], width: int, hanging: int) -> list[str]:
    lines: list[str] = []
    line = ""
    for word in words:
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
