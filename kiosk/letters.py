"""How large the letters are: on a box the terminal's own configuration reads a file that is written here.

A terminal takes it up when it starts, so the kiosk ends after a choice, and its unit starts it again.
"""

from __future__ import annotations

import fcntl
import os
import struct
import termios
from pathlib import Path
from typing import Final

import msgspec

from kiosk.diary import durable
from kiosk.diary.folder import reason_of
from kiosk.diary.settings_file import Letters
from kiosk.errors import N_, KioskError, filled

CELLS: Final[dict[Letters, tuple[int, int]]] = {"usual": (80, 25), "large": (67, 20)}
"""Columns and rows that the whole screen then has, at least (screens.md, "Where it runs")."""
FONT: Final = "DejaVu Sans Mono"
ADVANCE, LINE = 0.6021, 1.1641
"""Width and height of its cell, as parts of its size."""


class Pixels(msgspec.Struct, frozen=True):
    """A terminal's size in pixels; 0 where it does not tell."""

    width: int
    height: int


def pixels_of(fd: int) -> Pixels:
    """The size of the terminal behind `fd`."""
    try:
        _rows, _columns, width, height = struct.unpack("HHHH", fcntl.ioctl(fd, termios.TIOCGWINSZ, b"\0" * 8))
    except OSError:
        return Pixels(0, 0)
    return Pixels(width, height)


def font_pixels(screen: Pixels, letters: Letters) -> int:
    """The largest font, in pixels, with which the screen still has its columns and rows; 0: nobody knows."""
    columns, rows = CELLS[letters]
    size = 0
    while -(-(size + 1) * ADVANCE // 1) * columns <= screen.width and -(-(size + 1) * LINE // 1) * rows <= (
        screen.height
    ):
        size += 1
    return size


def write(file: Path, screen: Pixels, letters: Letters) -> None:
    """What the terminal's configuration includes. Raises KioskError; then the letters stay as they are."""
    size = font_pixels(screen, letters)
    if not size:
        raise KioskError(N_("The letters stay as they are: this terminal does not say how large it is."))
    try:
        durable.write_file(file, f"font={FONT}:pixelsize={size}\n".encode())
    except OSError as error:
        raise KioskError(
            filled(
                N_("The letters stay as they are: {file} cannot be written: {reason}."),
                file=file,
                reason=reason_of(error),
            ),
            detail=str(error),
        ) from error


def fit(file: Path, fd: int, letters: Letters) -> bool:
    """Whether the terminal behind `fd` has to start again, because `file` now says other letters.

    It does where nobody has chosen any yet, and where no page fits any more: another screen was connected.
    """
    try:
        before = file.read_bytes()
        cells = os.get_terminal_size(fd)
    except OSError:
        return False
    columns, rows = CELLS["large"]
    if before and cells.columns >= columns and cells.lines >= rows:
        return False
    try:
        write(file, pixels_of(fd), letters)
    except KioskError:
        return False
    return file.read_bytes() != before
