"""What is too long for one screen, shared out so that nothing of it is cut in the largest letters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

ROW: Final = 56
"""Characters that a row of the smallest screen holds for certain."""
ROWS: Final = 9
"""Beside a heading and one choice."""


def sheets(items: Sequence[str], rows: int = ROWS) -> tuple[tuple[str, ...], ...]:
    """The items in their order, each sheet of at most `rows`; a longer item is parted. One sheet at least."""
    shared: list[list[str]] = [[]]
    taken = 0
    for piece in (piece for item in items for piece in _pieces(item, ROW * rows)):
        needs = -(-len(piece) // ROW)
        if shared[-1] and taken + needs > rows:
            shared.append([])
            taken = 0
        shared[-1].append(piece)
        taken += needs
    return tuple(map(tuple, shared))


def _pieces(text: str, most: int) -> Iterator[str]:
    while len(text) > most:
        end = text.rfind(" ", 1, most) + 1 or most
        yield text[:end]
        text = text[end:]
    yield text
