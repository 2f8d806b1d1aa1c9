"""Colours, inks and their contrast (WCAG 2.2, "contrast ratio")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from kiosk.theme.roles import Role

CONSOLE_RGB: Final = (
    (0x00, 0x00, 0x00), (0xAA, 0x00, 0x00), (0x00, 0xAA, 0x00), (0xAA, 0x55, 0x00),
    (0x00, 0x00, 0xAA), (0xAA, 0x00, 0xAA), (0x00, 0xAA, 0xAA), (0xAA, 0xAA, 0xAA),
    (0x55, 0x55, 0x55), (0xFF, 0x55, 0x55), (0x55, 0xFF, 0x55), (0xFF, 0xFF, 0x55),
    (0x55, 0x55, 0xFF), (0xFF, 0x55, 0xFF), (0x55, 0xFF, 0xFF), (0xFF, 0xFF, 0xFF),
)  # fmt: skip
"""The Linux console's palette as the kernel sets it."""


class Colour(msgspec.Struct, frozen=True):
    """A colour as it is seen; `ansi` is its number where the terminal is told the number."""

    red: int
    green: int
    blue: int
    ansi: int | None = None


class Ink(msgspec.Struct, frozen=True):
    """How a cell is coloured."""

    foreground: Colour
    background: Colour
    bold: bool = False


Theme = Mapping[Role, Ink]


def rgb(hexadecimal: str) -> Colour:
    """ "#0b4a8f" as a colour."""
    return Colour(*(int(hexadecimal[at : at + 2], 16) for at in (1, 3, 5)))


def ansi(number: int) -> Colour:
    """One of the console's sixteen."""
    return Colour(*CONSOLE_RGB[number], ansi=number)


def contrast_ratio(one: Colour, other: Colour) -> float:
    """1 … 21, whichever way round."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Colour) -> float:
    """Relative luminance, 0 … 1."""
    red, green, blue = (_linear(channel / 255) for channel in (colour.red, colour.green, colour.blue))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
