"""How large the letters are, by a ruler on the screen: no computer knows how large its screen is."""

from __future__ import annotations

from typing import Final

import msgspec

LINE_CELLS: Final = 40
"""The line that is measured."""
X_HEIGHT_OF_CELL: Final = 0.87
"""A small letter's height as part of a cell's width, in the smaller of the two fonts of a box (Terminus Bold
16×32: 14 rows of 16 columns; DejaVu Sans Mono: 0.91)."""
LEAST_X_HEIGHT_MM: Final = 4.5
"""screens.md, "Where it runs"."""
POSSIBLE_MM: Final = (40.0, 1500.0)
"""A line outside was mistyped, or measured in another unit."""


class Letters(msgspec.Struct, frozen=True):
    """What the ruler says."""

    x_height_mm: float

    @property
    def large_enough(self) -> bool:
        return self.x_height_mm >= LEAST_X_HEIGHT_MM


def measured(line_mm: float) -> Letters | None:
    """From the measured length of `LINE_CELLS` cells; None: that cannot be."""
    if not POSSIBLE_MM[0] <= line_mm <= POSSIBLE_MM[1]:
        return None
    return Letters(round(line_mm / LINE_CELLS * X_HEIGHT_OF_CELL, 1))


def number(typed: str) -> float | None:
    """Millimetres as a person types them: "245", "24,5 cm"."""
    text = typed.strip().lower().replace(",", ".")
    scale = 10.0 if text.endswith("cm") else 1.0
    try:
        return float(text.removesuffix("mm").removesuffix("cm").strip()) * scale
    except ValueError:
        return None
