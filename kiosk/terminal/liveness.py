"""Whether the terminal still reads what is drawn (safety rule 9).

A terminal that stopped reading leaves a dead picture over a live current. It is asked for its cursor
position (`ESC[6n`) every half second while output is possible; the lease is renewed only while it answers.
"""

from __future__ import annotations

from collections import deque
from typing import Final

QUERY: Final = "\x1b[6n"
ASK_EVERY_S: Final = 0.5
ANSWER_WITHIN_S: Final = 0.75
FORGOTTEN_AFTER_S: Final = 10.0
"""A query so old, and nothing asked since: its answer got lost, as when a terminal is exchanged for another.
It would make every later answer look late, for each is taken for the oldest query's."""

_QUERIES_REMEMBERED: Final = 16


class TerminalLiveness:
    """Alive: it has answered once, and no query is older than 0.75 s without its answer."""

    def __init__(self) -> None:
        self._unanswered_s: deque[float] = deque(maxlen=_QUERIES_REMEMBERED)
        self._answered_since_loss = False

    def asked(self, now_s: float) -> None:
        """A query was handed to the terminal."""
        if self._unanswered_s and now_s - self._unanswered_s[-1] > FORGOTTEN_AFTER_S:
            self.lost()
        self._unanswered_s.append(now_s)

    def answered(self) -> None:
        """An answer came: answers come in the order of their queries."""
        self._answered_since_loss = True
        if self._unanswered_s:
            self._unanswered_s.popleft()

    def lost(self) -> None:
        """Queries were dropped with frames that nobody read: dead until the next answer."""
        self._unanswered_s.clear()
        self._answered_since_loss = False

    def alive(self, now_s: float) -> bool:
        """True while the picture can be believed to be seen; `now_s` is CLOCK_MONOTONIC."""
        overdue = bool(self._unanswered_s) and now_s - self._unanswered_s[0] > ANSWER_WITHIN_S
        return self._answered_since_loss and not overdue


class AlwaysAlive:
    """For headless tests, which have no terminal to ask."""

    def asked(self, now_s: float) -> None:
        """Nobody is asked."""

    def answered(self) -> None:
        """Nobody answers."""

    def lost(self) -> None:
        """Nothing is lost."""

    def alive(self, now_s: float) -> bool:
        """Always."""
        return True
