"""Enter as a keyboard and a hand give it: held down it repeats, and a stiff hand presses it twice."""

from __future__ import annotations

from typing import Final

import msgspec

HELD_KEY_S: Final = 1.0
"""Events of a key that follow each other faster than this may be one that is held down, because no keyboard
waits longer before it repeats, or one press that a hand gave twice."""


class EnterKey(msgspec.Struct, frozen=True):
    """What was heard of Enter, by CLOCK_MONOTONIC in seconds."""

    event_s: float = -1e9
    """When it was heard of last, pressed or repeated."""
    since_s: float = -1e9
    """When the first of the Enters came that follow each other as those of a held key do."""

    def heard(self, now_s: float) -> EnterKey:
        """Once more, now."""
        return EnterKey(now_s, now_s if now_s - self.event_s >= HELD_KEY_S else self.since_s)

    @property
    def pressed_anew(self) -> bool:
        """The last one is a press of its own. Only such a one starts a current (safety rule 2)."""
        return self.since_s == self.event_s

    def down_before(self, at_s: float) -> bool:
        """It may be held since before that moment."""
        return self.since_s < at_s
