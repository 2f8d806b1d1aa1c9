"""A diary of years, read as if it were short: what its older months come to, and the newer ones in full.

`kiosk.diary.shortening` makes such a reader. Today's rules ask it and nobody else: who looks back, takes
along or checks reads the whole.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from kiosk.diary.records import TABLES, Stored
from kiosk.diary.store import StoreReader
from programs.history import CourseHistory, PastSession

Facts = Mapping[str, Sequence[Stored]]
"""Kind → facts in the order of writing, corrected ones too."""


class Rating(NamedTuple):
    """Pain at rest, not coloured by a session that has just ended."""

    at: dt.datetime
    pain: int
    is_usual: bool
    """Not said as an answer of the day after a session."""


class Course(msgspec.Struct, frozen=True):
    """Records of the diary, folded in the order of writing; of bounded size."""

    history: CourseHistory = CourseHistory()
    """Without what clinicians opened and prescribed: that counts at the end."""
    levels_from: int = 0
    """Serial of the prescription from which on levels count (`Prescription.levels_anew`)."""
    first_session: dt.date | None = None
    last_session: dt.date | None = None
    """The newest day on which one ended."""
    answered_on: dt.date | None = None
    """The newest day on which the diary was told of skin and muscles."""
    ratings: tuple[Rating, ...] = ()
    """Of the last days."""
    sessions: tuple[PastSession, ...] = ()
    """Of the last days: the pain of the next one may not be said yet."""


class FactsReader(StoreReader):
    """Some facts of another reader's diary, as if there were no others."""

    def __init__(self, of: StoreReader, facts: Facts) -> None:
        super().__init__(of.folder, of.meta, of.clock)
        self._given = facts

    def _facts(self, kind: str, first_month: str = "") -> list[Stored]:
        if kind not in TABLES:
            raise KeyError(f"no such kind of record: {kind}")
        return list(self._given.get(kind, ()))

    def _backwards(self, kind: str) -> Iterator[tuple[Stored, ...]]:
        yield tuple(self._facts(kind))


class ShortReader(FactsReader):
    """`course` and `kept` stand for the older months; of the newer ones it has everything."""

    def __init__(self, of: StoreReader, course: Course, kept: Facts, newer: Facts) -> None:
        super().__init__(of, together(kept, newer))
        self.course = course
        self.newer = FactsReader(of, with_context(kept, newer))
        """What `course` has not seen."""


def together(older: Facts, newer: Facts) -> dict[str, list[Stored]]:
    """All of both."""
    return {kind: [*older.get(kind, ()), *newer.get(kind, ())] for kind in TABLES}


def with_context(older: Facts, newer: Facts) -> dict[str, Sequence[Stored]]:
    """`newer`, with what was in force at its beginning."""
    both = together(older, newer)
    return {**newer, **{kind: both[kind] for kind in ("prescriptions", "screenings")}}
