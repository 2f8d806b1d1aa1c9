"""What the family sees: the last four weeks of diary and sessions, as facts. Words are the screens'."""

from __future__ import annotations

import datetime as dt
from typing import Final

import msgspec

from kiosk.diary.records import Entry, Lock, Session, Stored
from kiosk.diary.store import StoreReader

DAYS: Final = 28
ENTRIES_FOR_A_MEAN: Final = 5
"""One rating is unreliable, the mean of five is not (review.md; clinical reference 5, HEA14)."""
_COMPARABLE: Final = ("before", "daily")
"""Moments at which pain is not coloured by a session that has just ended."""


class DayView(msgspec.Struct, frozen=True, kw_only=True):
    """One day of the four weeks."""

    day: dt.date
    pain: int | None
    """0–10 at rest, the day's last rating that no session had just changed; None: a gap, shown as one."""
    session: bool
    """A session was begun that day."""


class EntryView(msgspec.Struct, frozen=True, kw_only=True):
    """One diary entry, as it stands now."""

    at: dt.datetime
    entry: Entry
    entered_late: bool


class SessionView(msgspec.Struct, frozen=True, kw_only=True):
    """One session, as it stands now."""

    at: dt.datetime
    session: Session


class FamilyView(msgspec.Struct, frozen=True, kw_only=True):
    """Four weeks that end with `last_day`. From her own answers, not checked."""

    first_day: dt.date
    last_day: dt.date
    days: tuple[DayView, ...]
    """Oldest first, none left out."""
    entries: tuple[EntryView, ...]
    """Newest first."""
    sessions: tuple[SessionView, ...]
    """Newest first."""
    mean_pain: float | None
    """Over the days with a rating; None where they are fewer than five: not enough data."""
    days_with_pain: int
    sessions_done: int
    """Played to their end."""
    locks: tuple[Lock, ...]
    """Therapy is locked while there is one."""


def family_view(reader: StoreReader, today: dt.date) -> FamilyView:
    """The four weeks up to and with `today`. Raises DiaryDamaged."""
    first_day = today - dt.timedelta(days=DAYS - 1)
    entries = reader.days("entries", first_day, today)
    sessions = reader.days("sessions", first_day, today)
    pain_of = _pain_by_day(entries)
    session_days = {stored.envelope.event_time.date() for stored in sessions}
    all_days = (first_day + dt.timedelta(days=n) for n in range(DAYS))
    return FamilyView(
        first_day=first_day,
        last_day=today,
        days=tuple(DayView(day=day, pain=pain_of.get(day), session=day in session_days) for day in all_days),
        entries=tuple(
            EntryView(at=stored.envelope.event_time, entry=stored.record, entered_late=stored.entered_late)
            for stored in reversed(entries)
            if isinstance(stored.record, Entry)
        ),
        sessions=tuple(
            SessionView(at=stored.envelope.event_time, session=stored.record)
            for stored in reversed(sessions)
            if isinstance(stored.record, Session)
        ),
        mean_pain=sum(pain_of.values()) / len(pain_of) if len(pain_of) >= ENTRIES_FOR_A_MEAN else None,
        days_with_pain=len(pain_of),
        sessions_done=sum(
            isinstance(stored.record, Session) and stored.record.state == "done" for stored in sessions
        ),
        locks=tuple(stored.record for stored in reader.locks_open() if isinstance(stored.record, Lock)),
    )


def _pain_by_day(entries: tuple[Stored, ...]) -> dict[dt.date, int]:
    """The last comparable rating of each day that has one; `entries` in order of their events."""
    return {
        stored.envelope.event_time.date(): stored.record.pain_rest
        for stored in entries
        if isinstance(stored.record, Entry)
        and stored.record.moment in _COMPARABLE
        and stored.record.pain_rest is not None
    }
