"""Reads a diary of years for today's rules without keeping the years in memory, and with the same result.

Months that are long over are folded, one after the other: into the summary of the course
(`kiosk.diary.history.folded`), and into the few records that still speak, however old they are: every lock,
the last baseline, the last session (`_kept`). That is exact only where all that comes later is dated later
and corrects nothing of them; where that is not so (a clock that stood ahead, a correction of months later),
months stay together, or the whole is read as it is.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import msgspec

from kiosk.diary.history import folded
from kiosk.diary.meanings import ended, is_restore, is_whole_baseline, says_of_a_change
from kiosk.diary.records import (
    TABLES,
    Acknowledgement,
    Contact,
    Entry,
    Form,
    LevelFound,
    Screening,
    Session,
    Stored,
)
from kiosk.diary.short_reader import Course, Facts, FactsReader, ShortReader, together, with_context
from kiosk.diary.store import StoreReader
from programs.contact import LAST_GOOD

IN_FULL: Final = dt.timedelta(days=402)
"""At least so much is read in full: the alerts look back 400 days."""
AHEAD: Final = 2
"""Months that are looked at before one is folded: what corrects it comes soon, or hardly ever."""
ROUNDS: Final = 3
"""Of questions: who answers too fast is seen by the last three."""

Chain = Sequence[Stored]
"""A record and all that took its place."""


class Memory:
    """Goes from one look at a diary to the next: what is long over is gone through once."""

    def __init__(self, in_full: dt.timedelta = IN_FULL) -> None:
        self._in_full = in_full
        self._past = _Past()

    def shortened(self, reader: StoreReader) -> StoreReader:
        """`reader` itself, or one that says the same to today's rules. Raises DiaryDamaged."""
        until = reader.clock.now() - self._in_full
        past = self._past
        if past.last_at is not None and past.last_at >= until:
            past = _Past()  # the clock was set back since
        waiting: list[_Month] = []
        names = reader.months()
        for name in names:
            if name <= past.name:
                continue
            month = _Month(name, reader.of_month(name, is_newest=name == names[-1]))
            if name != names[-1]:
                reader.forget(name)
            if not _is_later(month, past):
                return reader
            waiting.append(month)
            over = _over(waiting, until)
            past, waiting = _after(past, waiting[:over], reader), waiting[over:]
        if past.name > self._past.name:
            self._past = past
        if not past.name or _points_back(waiting):
            return reader
        return ShortReader(reader, past.course, past.kept, _joined(waiting))


class _Month:
    """A month that is read in full."""

    def __init__(self, name: str, facts: Facts) -> None:
        self.name = name
        self.facts = facts
        found = [stored for kind in TABLES for stored in facts.get(kind, ())]
        events = [stored.envelope.event_time for stored in found]
        times = [time for stored in found for time in _times(stored)]
        self.first_at, self.last_at = min(events, default=None), max(times, default=None)
        self.first_day = min((time.date() for time in events), default=None)
        self.last_day = max((time.date() for time in times), default=None)
        self.ids = {stored.envelope.id for stored in found}
        self.corrects = {stored.envelope.corrects for stored in found} - {None}
        levels = (stored.record for stored in facts.get("levels", ()))
        self.sessions = {level.session_id for level in levels if isinstance(level, LevelFound)}


class _Past(msgspec.Struct, frozen=True):
    """What the months up to `name` come to."""

    name: str = ""
    course: Course = Course()
    kept: Facts = {}
    last_at: dt.datetime | None = None
    last_day: dt.date | None = None


def _times(stored: Stored) -> list[dt.datetime]:
    record, found = stored.record, [stored.envelope.event_time, stored.envelope.entry_time]
    if isinstance(record, Session):
        found += [time for time in (record.began_at, record.ended_at) if time is not None]
    if isinstance(record, Screening):
        found += record.answered_at.values()
    return found


# ── what is long over ──


def _over(waiting: Sequence[_Month], until: dt.datetime) -> int:
    """How many of the first months can be folded: over before `until`, and the others are later."""
    if _points_back(waiting):
        return 0
    past = _Past()
    for count in range(1, len(waiting) - AHEAD + 1):
        past = _reaching(past, waiting[count - 1])
        if past.last_at is not None and past.last_at >= until:
            return 0
        others = waiting[count:]
        ids = set[str]().union(*(month.ids for month in waiting[:count]))
        means_them = any(month.sessions & ids for month in others)
        if not means_them and not _points_back(others) and all(_is_later(month, past) for month in others):
            return count
    return 0


def _is_later(month: _Month, past: _Past) -> bool:
    """All that it tells of is."""
    if past.last_at is None or month.first_at is None or past.last_day is None or month.first_day is None:
        return True
    return month.first_at > past.last_at and month.first_day > past.last_day


def _points_back(months: Sequence[_Month]) -> bool:
    """Something in them corrects what is in none of them."""
    ids = set[str]().union(*(month.ids for month in months))
    return any(not month.corrects <= ids for month in months)


def _reaching(past: _Past, month: _Month) -> _Past:
    """Up to the end of `month`."""
    return msgspec.structs.replace(
        past,
        name=month.name,
        last_at=max(filter(None, (past.last_at, month.last_at)), default=None),
        last_day=max(filter(None, (past.last_day, month.last_day)), default=None),
    )


def _after(past: _Past, months: Sequence[_Month], of: StoreReader) -> _Past:
    if not months:
        return past
    facts = _joined(months)
    course = folded(past.course, FactsReader(of, with_context(past.kept, facts)))
    for month in months:
        past = _reaching(past, month)
    kept = _kept(FactsReader(of, together(past.kept, facts)))
    return msgspec.structs.replace(past, course=course, kept=kept)


def _joined(months: Iterable[_Month]) -> dict[str, list[Stored]]:
    facts: dict[str, list[Stored]] = {kind: [] for kind in TABLES}
    for month in months:
        for kind, found in month.facts.items():
            facts[kind] += found
    return facts


# ── what still speaks ──


def _kept(reader: FactsReader) -> Facts:
    """Of the reader's facts those that today's rules may still ask for, whatever comes after them."""
    sessions = _kept_sessions(reader.versions("sessions"))
    return {
        **{kind: reader.facts(kind) for kind in ("consents", "locks", "unlocks")},
        "prescriptions": _kept_prescriptions(reader.versions("prescriptions")),
        "screenings": _kept_screenings(reader.versions("screenings"), reader.facts("locks")),
        "sessions": sessions,
        "entries": _kept_entries(reader.versions("entries"), sessions),
        "pads": _flat(reader.versions("pads")[-1:]),
        "forms": _flat(_last_of(reader.versions("forms"), _form)),
        "contacts": _flat(_last_of(reader.versions("contacts"), _place, LAST_GOOD)),
        "alerts": _kept_alerts(reader.versions("alerts"), reader.all("acknowledgements")),
    }


def _flat(chains: Iterable[Chain]) -> list[Stored]:
    return [stored for chain in chains for stored in chain]


def _last_of(chains: Sequence[Chain], key: Callable[[Any], object], count: int = 1) -> list[Chain]:
    """The last `count` of each key that is not None, in their order."""
    kept: list[Chain] = []
    left: dict[object, int] = {}
    for chain in reversed(chains):
        found = key(chain[-1].record)
        if found is not None and left.setdefault(found, count):
            left[found] -= 1
            kept.insert(0, chain)
    return kept


def _form(form: Form) -> str:
    return form.form


def _place(contact: Contact) -> tuple[str, str, int] | None:
    """Only a good one is compared with (`programs.contact`)."""
    is_good = contact.contact == "good" and contact.series_ohm is not None
    return (contact.montage, contact.pads, contact.channel) if is_good else None


def _chosen(chains: Sequence[Chain], indices: Iterable[int]) -> list[Stored]:
    return _flat(chains[index] for index in sorted(set(indices)))


def _latest(chains: Sequence[Chain], when: Callable[[Stored], Any]) -> list[int]:
    """The place of the last of the latest ones; none where there are none."""
    return [max(range(len(chains)), key=lambda index: (when(chains[index][-1]), index))] if chains else []


def _event_time(stored: Stored) -> dt.datetime:
    return stored.envelope.event_time


def _kept_sessions(chains: Sequence[Chain]) -> list[Stored]:
    """The last one, and the one that ended last."""
    return _chosen(chains, [*range(len(chains))[-1:], *_latest(chains, ended)])


def _kept_entries(chains: Sequence[Chain], sessions: Sequence[Stored]) -> list[Stored]:
    """What was said after one of those sessions: perhaps the skin was not looked at."""
    ids = {stored.envelope.id for stored in sessions}
    return _flat(
        chain for chain in chains if isinstance(said := chain[-1].record, Entry) and said.session_id in ids
    )


def _kept_prescriptions(chains: Sequence[Chain]) -> list[Stored]:
    """The last one; the one that governs what is written next; the one of the newest day."""
    latest = [*_latest(chains, _event_time), *_latest(chains, lambda one: _event_time(one).date())]
    return _chosen(chains, [*range(len(chains))[-1:], *latest])


def _kept_screenings(chains: Sequence[Chain], locks: Iterable[Stored]) -> list[Stored]:
    """The last rounds of each kind; the last whole baseline since a restore, and the latest change after it;
    the one that governs what is written next."""
    kept = _latest(chains, _event_time)
    restored = max((one.envelope.entry_time for one in locks if is_restore(one)), default=None)
    baseline: list[int] = []
    changes: list[int] = []
    rounds: dict[str, list[int]] = {"baseline": [], "daily": []}
    concluded: dict[str, list[int]] = {"baseline": [], "daily": []}
    for index, chain in enumerate(chains):
        record = chain[-1].record
        assert isinstance(record, Screening)
        rounds[record.asks].append(index)
        if record.verdict is not None:
            concluded[record.asks].append(index)
        if restored is not None and chain[-1].envelope.entry_time <= restored:
            continue
        if is_whole_baseline(record):
            baseline, changes = [index], []
        if says_of_a_change(record):
            changes.append(index)
    for asks in rounds:
        kept += [*rounds[asks][-1:], *concluded[asks][-ROUNDS:]]
    latest = _latest([chains[index] for index in changes], _changed_at)
    return _chosen(chains, [*kept, *baseline, *(changes[place] for place in latest)])


def _changed_at(stored: Stored) -> dt.datetime:
    assert isinstance(stored.record, Screening)
    return stored.record.answered_at["d_change"]


def _kept_alerts(chains: Sequence[Chain], acknowledged: Iterable[Stored]) -> list[Stored]:
    """Those that nobody has seen to."""
    seen = {one.record.alert for one in acknowledged if isinstance(one.record, Acknowledgement)}
    return _flat(chain for chain in chains if chain[-1].envelope.id not in seen)
