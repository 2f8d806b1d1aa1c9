"""What the diary says of the course so far, folded into what the rules of progression look at.

Pure over the records of the reader's own folder kind (safety rule 20). Where a record leaves something open
the reading is the one that gives the muscles more rest and the person less current.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Final, Literal

from kiosk.diary.records import Entry, LevelFound, Lock, Session, Stored, Unlock
from kiosk.diary.store import StoreReader
from programs import library
from programs.history import CourseHistory, Level, LevelKey, PastSession

LONGEST_SESSION: Final = dt.timedelta(hours=2)
"""From the first record to the end of the current, with finding, pauses and a restart: an upper bound."""
PAIN_UP: Final = 2
"""Points on 0–10 (clinical reference 4, "Regress")."""
BY_CLINICIAN: Final = ("code", "file", "clinician_pin")
_COMPARABLE: Final = ("before", "daily", "next_day")
"""Moments at which pain is not coloured by a session that has just ended."""


def course_history(reader: StoreReader) -> CourseHistory:
    """The summary of everything in the diary. Raises DiaryDamaged."""
    history = CourseHistory()
    sessions = past_sessions(reader)
    for session in sessions.values():
        history = history.with_session(session)
    for level in _levels(reader, sessions):
        history = history.with_level(level)
    entries = [stored for stored in reader.all("entries") if isinstance(stored.record, Entry)]
    for stored in entries:
        assert isinstance(stored.record, Entry)
        history = history.with_day(
            stored.envelope.event_time.date(), soreness=stored.record.soreness, skin=stored.record.skin
        )
    for day in _days_of_pain_up(entries, sessions):
        history = history.with_pain_up(day)
    for _ in range(_diary_days(entries, sessions)):
        history = history.with_diary_day()
    for what, day in _opened_by_clinician(reader):
        history = history.opened_by_clinician(what, day)
    return history


def past_sessions(reader: StoreReader) -> dict[str, PastSession]:
    """Id of a session's first record → the session, where output was possible; in the order of writing."""
    sessions: dict[str, PastSession] = {}
    for versions in reader.versions("sessions"):
        record = versions[-1].record
        assert isinstance(record, Session)
        if _current_was_possible(record):
            sessions[versions[0].envelope.id] = _past_session(record, versions)
    return sessions


def diary_due(reader: StoreReader, today: dt.date) -> Literal["next_day", "daily"] | None:
    """What the diary still asks for today: skin and muscles after the last session, or the day itself.

    Soreness comes the day after (screens.md, flow), so a session of today asks for nothing yet.
    """
    entries = [stored for stored in reader.all("entries") if isinstance(stored.record, Entry)]
    last_session = max((session.ended_at.date() for session in past_sessions(reader).values()), default=None)
    if last_session is not None and last_session < today:
        answered = any(
            isinstance(stored.record, Entry)
            and stored.envelope.event_time.date() > last_session
            and stored.record.soreness is not None
            for stored in entries
        )
        if not answered:
            return "next_day"
    written = any(stored.envelope.event_time.date() == today for stored in entries)
    return None if written else "daily"


# ── sessions ──


def _current_was_possible(record: Session) -> bool:
    """A session that was never closed may have had current; a closed one had it when some was applied."""
    return record.state in ("begun", "interrupted") or any(record.peak_mA.values())


def _past_session(record: Session, versions: tuple[Stored, ...]) -> PastSession:
    begun, last = versions[0].envelope, versions[-1].envelope
    latest_end = begun.event_time + LONGEST_SESSION
    ended_at = latest_end if record.state == "begun" else min(last.entry_time, latest_end)
    return PastSession(
        programme=record.programme,
        kind=record.session_kind,
        ended_at=record.ended_at or ended_at,
        clock_trusted=all(version.envelope.clock_trusted for version in versions),
        work_minutes=max(0, record.planned_seconds // 60 - _minutes_around_work(record)),
        seconds_planned=record.planned_seconds,
        seconds_done=record.seconds_done,
    )


def _minutes_around_work(record: Session) -> int:
    """Warm-up and cool-down, which every muscle session has."""
    if record.session_kind == "tens":
        return 0
    return library.load_programme("warm_up").minutes + library.load_programme("cool_down").minutes


# ── levels ──


def _levels(reader: StoreReader, sessions: dict[str, PastSession]) -> list[Level]:
    """Each side's level of each session, as it was confirmed last in it."""
    last: dict[tuple[str, LevelKey], Level] = {}
    for stored in reader.all("levels"):
        found = stored.record
        assert isinstance(found, LevelFound)
        session = sessions.get(found.session_id)
        if session is None:
            continue
        key = LevelKey(
            waveform=found.waveform,
            montage=found.montage,
            pads=found.pads,
            side=found.side,
            channel=found.channel,
            device_kind=found.device_kind,
        )
        last[found.session_id, key] = Level(
            key=key,
            kind=session.kind,
            pulse_width_us=_pulse_width_us(found.waveform),
            day=stored.envelope.event_time.date(),
            comfortable_mA=found.comfortable_mA,
            first_feeling_mA=found.first_feeling_mA,
        )
    return list(last.values())


def _pulse_width_us(waveform: str) -> int:
    """Out of "35 Hz 250 us" (`programs.program.waveform`)."""
    match = re.search(r"(\d+) us", waveform)
    if match is None:
        raise ValueError(f"no pulse width in the waveform {waveform!r}")
    return int(match[1])


# ── entries ──


def _days_of_pain_up(entries: list[Stored], sessions: dict[str, PastSession]) -> list[dt.date]:
    """The days of sessions after which the pain at rest was 2 or more higher still on the next day.

    Compared are the last rating before the session on its day and the first one on the day after; pain
    that was said just after the current does not count.
    """
    by_day: dict[dt.date, list[tuple[dt.datetime, int]]] = {}
    for stored in sorted(entries, key=lambda one: one.envelope.event_time):
        record, at = stored.record, stored.envelope.event_time
        assert isinstance(record, Entry)
        if record.moment in _COMPARABLE and record.pain_rest is not None:
            by_day.setdefault(at.date(), []).append((at, record.pain_rest))
    days = []
    for session in sessions.values():
        day = session.ended_at.date()
        before = [pain for at, pain in by_day.get(day, []) if at <= session.ended_at]
        next_day = by_day.get(day + dt.timedelta(days=1), [])
        if before and next_day and next_day[0][1] - before[-1] >= PAIN_UP:
            days.append(day)
    return days


def _diary_days(entries: list[Stored], sessions: dict[str, PastSession]) -> int:
    """Days with an entry before the first session's (week 0)."""
    first = min((session.ended_at.date() for session in sessions.values()), default=dt.date.max)
    days = {stored.envelope.event_time.date() for stored in entries}
    return len([day for day in days if day < first])


# ── what a clinician opened ──


def _opened_by_clinician(reader: StoreReader) -> list[tuple[str, dt.date]]:
    """("soreness" or "skin", day) of each such lock that a clinician opened."""
    locks = {stored.envelope.id: stored.record for stored in reader.facts("locks")}
    opened: list[tuple[str, dt.date]] = []
    for stored in reader.all("unlocks"):
        unlock = stored.record
        assert isinstance(unlock, Unlock)
        lock = locks.get(unlock.lock_id)
        if isinstance(lock, Lock) and lock.class_ in ("soreness", "skin") and unlock.by in BY_CLINICIAN:
            opened.append((lock.class_, stored.envelope.event_time.date()))
    return opened
