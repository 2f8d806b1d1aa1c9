"""How months of the diary are named: "2026-10", and "2026-12/.." where later ones are gone too."""

from __future__ import annotations

from typing import Final

AND_LATER: Final = "/.."
"""Behind a month, as ISO 8601-2 has it: this one and later ones, of which nobody knows how many."""


def later_than(month: str) -> str:
    """All that came after `month`."""
    year, number = map(int, month.split("-"))
    return f"{year + number // 12:04}-{number % 12 + 1:02}{AND_LATER}"


def plainly(month: str) -> str:
    """ "2026-10"; "2026-12 and later"."""
    return month.replace(AND_LATER, " and later")
