"""A number line, 0 to 10: marked by a digit, an arrow or a finger. Nothing is ever marked beforehand."""

from __future__ import annotations

from kiosk.keys import Key
from kiosk.visit.state import Number

HIGHEST = 10


def press_number(number: Number, key: Key, said: int | None) -> Number | None:
    """The line after a key, or None where the key does nothing on it. `said` is the answer given before.

    A first 1 may become 10 by a 0. Back clears what is marked now.
    """
    digit = key.digit
    if digit is not None:
        if digit == 0 and number.ten_possible:
            return Number(HIGHEST)
        return Number(digit, ten_possible=digit == 1)
    value = number.value if number.value is not None else said
    if key in (Key.UP, Key.RIGHT):
        return Number(0 if value is None else min(HIGHEST, value + 1))
    if key in (Key.DOWN, Key.LEFT) and value is not None:
        return Number(max(0, value - 1))
    if key is Key.BACK and number.value is not None:
        return Number()
    return None


def marked(number: Number, said: int | None) -> int | None:
    """What stands on the line now."""
    return number.value if number.value is not None else said
