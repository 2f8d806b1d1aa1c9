"""Whether the times of new records can be believed, judged by the records that are there. Pure.

A clock that is behind a record which a trusted clock dated was set back: its records are marked. That holds
until the clock has passed that record. Where the record itself was wrong (a clock that stood a year ahead,
once) that would be for ever: so a clock that is trusted by itself is believed again after it was marked on
`DAYS` days, each later than the one before. Setting it back for an evening gains nothing.

What was written while the clock stood ahead lies in the future afterwards. It came before the first record
that a believed clock wrote after it, and counts as of then (`Believed`): not before it was, so that neither
rest nor a lock is cut short, and not for as long as the clock stood ahead. Once its own date has come, it
counts as of that again: which of the two clocks was wrong cannot be told any more.
"""

from __future__ import annotations

import datetime as dt
import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from typing import Final

import msgspec

from kiosk.diary.records import Envelope

DAYS: Final = 3
"""Of use; it is believed on a later one."""


class ClockTrust(msgspec.Struct, frozen=True):
    """What the records say."""

    newest: dt.datetime | None = None
    """The latest time that was trusted."""
    went_on: dt.datetime | None = None
    """The latest time that was trusted although it lies before `newest`."""
    marked: frozenset[dt.date] = frozenset()
    """The days of records that were marked although the clock was trusted by itself."""
    marked_until: dt.datetime | None = None

    def judged(self, now: dt.datetime, trusted: bool) -> tuple[bool, bool]:
        """`Envelope.clock_trusted` and `set_back` of a record that is written now; `trusted`: by itself."""
        if not trusted:
            return False, False
        if self.newest is None or now >= self.newest:
            return True, False
        return self._believed_again(now), True

    def at_least(self, now: dt.datetime, trusted: bool) -> dt.datetime:
        """What it is by now at least: `now` by a clock that is believed, else not before the latest time that
        one wrote. For what ends or falls due; never for what begins by waiting."""
        past = self.newest if self.went_on is None else self.went_on
        if past is None or self.judged(now, trusted)[0]:
            return now
        return max(now, past)

    def _believed_again(self, now: dt.datetime) -> bool:
        if self.went_on is not None:
            return now >= self.went_on
        earlier = sum(day < now.date() for day in self.marked)
        return earlier >= DAYS and (self.marked_until is None or now >= self.marked_until)

    def after(self, envelope: Envelope) -> ClockTrust:
        """With one more record."""
        at = envelope.entry_time
        if envelope.clock_trusted and envelope.set_back:
            return msgspec.structs.replace(self, went_on=_later(self.went_on, at))
        if envelope.clock_trusted:
            return msgspec.structs.replace(self, newest=_later(self.newest, at))
        if envelope.set_back:
            marked = self.marked | {at.date()}
            return msgspec.structs.replace(self, marked=marked, marked_until=_later(self.marked_until, at))
        return self


def of(envelopes: Iterable[Envelope]) -> ClockTrust:
    """Of some records, in any order."""
    newest: dt.datetime | None = None
    trust = ClockTrust()
    for envelope in envelopes:
        if envelope.set_back:
            trust = trust.after(envelope)
        elif envelope.clock_trusted and (newest is None or envelope.entry_time > newest):
            newest = envelope.entry_time
    return msgspec.structs.replace(trust, newest=newest)


class Believed:
    """When a trusted clock wrote what, in the order of writing."""

    def __init__(self, envelopes: Iterable[Envelope]) -> None:
        found = sorted((one for one in envelopes if one.clock_trusted), key=lambda one: one.after)
        self._after = [one.after for one in found]
        self._latest = list(itertools.accumulate((one.entry_time for one in found), max))
        self._earliest = [one.entry_time for one in found]
        for place in range(len(found) - 2, -1, -1):
            self._earliest[place] = min(self._earliest[place], self._earliest[place + 1])

    def not_before(self, envelope: Envelope) -> dt.datetime | None:
        """The latest time that a trusted clock wrote before a record; None: none did."""
        place = bisect_left(self._after, envelope.after)
        return self._latest[place - 1] if place else None

    def over_by(self, envelope: Envelope) -> dt.datetime | None:
        """When a record that is dated later was certainly over: the earliest time that a trusted clock wrote
        after it. None: nothing says that it was not when it says."""
        place = bisect_right(self._after, envelope.after)
        if place == len(self._after) or self._earliest[place] >= envelope.entry_time:
            return None
        return self._earliest[place]


def _later(one: dt.datetime | None, other: dt.datetime) -> dt.datetime:
    return other if one is None else max(one, other)
