"""After another screen has come, keys meant for the one before must not act on it (screens.md, rule 2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from kiosk.keys import Key

QUIET_S: Final = 0.4

_NEVER_IGNORED: Final = frozenset({Key.STOP, Key.DOWN, Key.LEAVE})
"""Ctrl+C among them: its second press within two seconds leaves, and it is meant."""

_STOPS_ON_HARDWARE: Final = frozenset({Key.UNKNOWN, Key.TRAINER})


class KeyGate:
    """Shut for 400 ms after a screen took the place of another, but never for STOP, down and Ctrl+C."""

    def __init__(self, clock_s: Callable[[], float]) -> None:
        self._clock_s = clock_s
        self._serial: int | None = None
        self._changed_at_s = float("-inf")

    def shown(self, serial: int) -> None:
        """A page of this serial is on the screen now."""
        # Before the first screen there is none that a key could have been meant for.
        if self._serial is not None and serial != self._serial:
            self._changed_at_s = self._clock_s()
        self._serial = serial

    def lets(self, key: Key, output_possible: bool) -> bool:
        """Whether `key` may act. An unknown key is a stop while output is possible."""
        if key in _NEVER_IGNORED or (key in _STOPS_ON_HARDWARE and output_possible):
            return True
        return self._clock_s() - self._changed_at_s >= QUIET_S
