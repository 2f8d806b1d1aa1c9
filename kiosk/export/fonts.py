"""The fonts of a printed page, and how wide a text is in them. Heavy: for the commands that write a page."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Final

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

REGULAR: Final = "Vera"
BOLD: Final = "VeraBd"


@cache
def register_fonts() -> Callable[[str, float, bool], float]:
    """Makes the fonts known that reportlab ships; gives how wide (points) a text is, plain or bold."""
    for name in (REGULAR, BOLD):
        pdfmetrics.registerFont(TTFont(name, f"{name}.ttf"))

    def width(text: str, size: float, bold: bool) -> float:
        return float(pdfmetrics.stringWidth(text, BOLD if bold else REGULAR, size))

    return width
