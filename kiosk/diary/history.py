"""What the diary says of the course so far, folded into what the rules of progression look at.

Pure over the records of the reader's own folder kind (safety rule 20). Where a record leaves something open
the reading is the one that gives the muscles more rest and the person less current.
"""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final, Literal

import msgspec

from kiosk.diary.records import (
    Entry,
    LevelFound,
    Lock,
    PrescriptionInstalled,
    Screening,
    Session,
    Stored,
    Unlock,
)
from kiosk.diary.short_reader import Course, Rating, ShortReader
from kiosk.diary.store import StoreReader
from programs import library
from programs.history import (
    PAIN_ENTRIES,
    SKIN_LOCKS,
    WEEK,
    ClockThen,
    CourseHistory,
    Level,
    LevelKey,
    PastSession,
    is_held,
)
from programs.prescription import DEMONSTRATION_SERIAL
from programs.screening import ANSWERS_LAST, SORENESS_CALM

LONGEST_SESSION: Final = dt.timedelta(hours=2)
"""From the first record to the end of the current, with finding, pauses and a restart: an upper bound."""
DAY: Final = dt.timedelta(days=1)
DAYS_KEPT: Final = dt.timedelta(days=10)
"""Of ratings: the day after a session, its own, the one before that, and the week whose mean is usual."""
PAIN_UP: Final = 2
"""Points on 0–10 (clinical reference 4, "Regress")."""
CORRECTED_BY_S: Final = 600.0
"""A clock that moved by that much against CLOCK_BOOTTIME was set (`kiosk.clock.RTC_AGREES_WITHIN_S`)."""
BY_CLINICIAN: Final = ("code", "file", "clinician_pin")
CUT_SHORT: Final = ("enough", "burning", "faint", "sting")
"""Why a person ends a session because of what it feels like."""
_COMPARABLE: Final = ("before", "daily", "next_day")
"""Moments at which pain is not coloured by a session that has just ended."""


def course_history(reader: StoreReader) -> CourseHistory:
    """The summary of everything in the diary. Raises DiaryDamaged."""
    before, newer = _parts(reader)
    history = folded(before, newer).history
    for what, day in _opened_by_clinician(reader):
        history = history.opened_by_clinician(what, day)
    for stored in reader.all("prescriptions"):
        history = history.with_prescription(stored.envelope.event_time.date())
    return history


def folded(before: Course, reader: StoreReader) -> Course:
    """`before`, and after it everything in `reader`: later records, each with all that took its place. Of
    prescriptions and screenings `reader` also has those that were in force at the beginning."""
    sessions = past_sessions(reader)
    entries = [stored for stored in reader.all("entries") if isinstance(stored.record, Entry)]
    over_by = _over_by(reader, sessions, entries)
    counted = _dated_anew(sessions, over_by)
    levels_from = max(before.levels_from, _levels_anew(reader))
    history = before.history
    if levels_from > before.levels_from:
        history = msgspec.structs.replace(history, levels=())
    for session in counted.values():
        history = history.with_session(session)
    for level in _levels(reader, sessions):
        if level.prescription >= levels_from:
            history = history.with_level(level)
    for stored in entries:
        assert isinstance(stored.record, Entry)
        soreness, skin = _counted(stored)
        said_at = over_by.get(stored.envelope.id, stored.envelope.event_time)
        clock = _clock_then(stored, corrected=stored.envelope.id in over_by)
        history = history.with_day(said_at.date(), soreness=soreness, skin=skin, clock=clock)
        pain = stored.record.pain_rest
        if pain is not None and stored.record.moment in _COMPARABLE and not stored.from_memory:
            history = history.with_pain(stored.envelope.event_time.date(), pain)
    ratings = (*before.ratings, *_ratings(entries))
    by_day, usual = _by_day(ratings), _by_day(rating for rating in ratings if rating.is_usual)
    ended = [(session, session) for session in before.sessions]
    ended += [(session, counted[id_]) for id_, session in sessions.items()]
    for session, as_counted in ended:
        if _pain_went_up_after(session, by_day, usual):
            day = as_counted.ended_at.date()
            history = history.with_pain_up(day, muscles=as_counted.kind == "nmes")
    for day in _diary_days(entries, sessions, before):
        history = history.with_diary_day(day)
    days = [session.ended_at.date() for session in sessions.values()]
    newest = max([*days, *by_day], default=dt.date.min + DAYS_KEPT)
    return Course(
        history,
        levels_from,
        first_session=min(days, default=None) if before.first_session is None else before.first_session,
        last_session=_latest(before.last_session, days),
        answered_on=_latest(before.answered_on, map(_day_of, filter(_answers_the_next_day, entries))),
        ratings=tuple(one for one in ratings if one.at.date() >= newest - DAYS_KEPT),
        sessions=tuple(one for one, _ in ended if one.ended_at.date() >= newest - 2 * DAY),
    )


def _parts(reader: StoreReader) -> tuple[Course, StoreReader]:
    """What the older months come to, and a reader of the others."""
    return (reader.course, reader.newer) if isinstance(reader, ShortReader) else (Course(), reader)


def _latest(before: dt.date | None, days: Iterable[dt.date]) -> dt.date | None:
    return max([*days, *([] if before is None else [before])], default=None)


def _day_of(stored: Stored) -> dt.date:
    return stored.envelope.event_time.date()


def _counted(stored: Stored) -> tuple[int | None, int | None]:
    """Soreness and skin as they count for the rules. Told from memory, they count where they ask for rest:
    a calm day that is filled in later opens no lock."""
    record = stored.record
    assert isinstance(record, Entry)
    soreness, skin = record.soreness, record.skin
    if stored.from_memory:
        soreness = None if soreness is None or soreness <= SORENESS_CALM else soreness
        skin = None if skin is None or skin < SKIN_LOCKS else skin
    return soreness, skin


def _clock_then(stored: Stored, *, corrected: bool) -> ClockThen:
    """What the day of an entry is known by. A clock that was set, or a boot, begins another era."""
    if corrected:
        return ClockThen(trusted=False)
    envelope = stored.envelope
    shows_s = envelope.entry_time.timestamp() - envelope.monotonic_s
    return ClockThen(envelope.clock_trusted, f"{envelope.boot_id} {round(shows_s / CORRECTED_BY_S)}")


def past_sessions(reader: StoreReader) -> dict[str, PastSession]:
    """Id of a session's first record → the session, where output was possible; in the order of writing."""
    sessions: dict[str, PastSession] = {}
    prescriptions = _Timeline(reader.all("prescriptions"))
    for versions in reader.versions("sessions"):
        record = versions[-1].record
        assert isinstance(record, Session)
        if current_was_possible(record):
            governed = prescriptions.at(versions[0].envelope.event_time)
            without = 0 if reader.kind == "real" else DEMONSTRATION_SERIAL
            sessions[versions[0].envelope.id] = _past_session(record, versions, governed, without)
    return sessions


def diary_due(reader: StoreReader, today: dt.date) -> Literal["next_day", "daily"] | None:
    """What the diary still asks for today: skin and muscles after the last session, or the day itself.

    Soreness comes the day after (screens.md, flow), so a session of today asks for nothing yet.
    """
    before, newer = _parts(reader)
    entries = newer.all("entries")
    days = [session.ended_at.date() for session in past_sessions(newer).values()]
    last_session = _latest(before.last_session, days)
    if last_session is not None and last_session != today:
        since = min(
            last_session, today - dt.timedelta(days=1)
        )  # a session in a clock's future is over as well
        answered_on = _latest(before.answered_on, map(_day_of, filter(_answers_the_next_day, entries)))
        if answered_on is None or answered_on <= since:
            return "next_day"
    written = any(_day_of(stored) == today for stored in entries)
    return None if written else "daily"


def _answers_the_next_day(stored: Stored) -> bool:
    """It says how skin and muscles are the day after a session, or before the next one."""
    entry = stored.record
    assert isinstance(entry, Entry)
    said = entry.soreness is not None and (entry.skin is not None or entry.moment == "before")
    return said and not stored.from_memory


# ── sessions ──


def current_was_possible(record: Session) -> bool:
    """A session that was never closed may have had current; a closed one had it when some was applied."""
    return record.state in ("begun", "interrupted") or any(record.peak_mA.values())


class _Timeline:
    """Which of some records was the newest at a time."""

    def __init__(self, records: Sequence[Stored]) -> None:
        self._records = sorted(records, key=lambda stored: stored.envelope.event_time)
        self._times = [stored.envelope.event_time for stored in self._records]

    def at(self, time: dt.datetime) -> Stored | None:
        index = bisect_right(self._times, time)
        return self._records[index - 1] if index else None


def _past_session(
    record: Session, versions: tuple[Stored, ...], governed: Stored | None, serial_without: int
) -> PastSession:
    begun, last = versions[0].envelope, versions[-1].envelope
    latest_end = begun.event_time + LONGEST_SESSION
    ended_at = latest_end if record.state == "begun" else min(last.entry_time, latest_end)
    prescription = None if governed is None else governed.record
    assert prescription is None or isinstance(prescription, PrescriptionInstalled)
    return PastSession(
        programme=record.programme,
        kind=record.session_kind,
        ended_at=record.ended_at or ended_at,
        clock_trusted=all(version.envelope.clock_trusted for version in versions),
        work_minutes=max(0, record.planned_seconds // 60 - _minutes_around_work(record)),
        seconds_planned=record.planned_seconds,
        seconds_done=record.seconds_done,
        plan="" if prescription is None else _plan_of(prescription.toml),
        prescription=serial_without if prescription is None else prescription.serial,
        cut_short=record.state == "ended_early" and record.stop_reason in CUT_SHORT,
        began_at=begun.event_time,
    )


def _over_by(
    reader: StoreReader, sessions: Mapping[str, PastSession], entries: Sequence[Stored]
) -> dict[str, dt.datetime]:
    """Id of a session's first record, or of an entry → when it was certainly over, where it lies in the
    future (`kiosk.diary.clock_trust`)."""
    now = reader.clock.now()
    ahead = {id_ for id_, session in sessions.items() if session.ended_at > now}
    ahead |= {stored.envelope.id for stored in entries if stored.envelope.event_time > now}
    if not ahead:
        return {}
    # What was corrected later was over when it was closed, or said first.
    written = {chain[0].envelope.id: chain[:2][-1].envelope for chain in reader.versions("sessions")}
    written |= {chain[-1].envelope.id: chain[0].envelope for chain in reader.versions("entries")}
    believed = reader.believed()
    found = ((id_, believed.over_by(written[id_])) for id_ in ahead)
    return {id_: at for id_, at in found if at is not None}


def _dated_anew(
    sessions: Mapping[str, PastSession], over_by: Mapping[str, dt.datetime]
) -> dict[str, PastSession]:
    """Those that a clock dated which stood ahead, on the last days on which they can have been: as many
    therapy days as there were, and each as late as it may have been (safety rule 29)."""
    taken = {session.ended_at.date() for id_, session in sessions.items() if id_ not in over_by}
    days: dict[tuple[dt.datetime, dt.date], dt.date] = {}
    anew = dict(sessions)
    for id_, session in reversed(list(sessions.items())):
        at = over_by.get(id_)
        if at is None:
            continue
        key = at, session.ended_at.date()
        if key not in days:
            day = at.date()
            while day in taken:
                day -= DAY
            days[key] = day
            taken.add(day)
        ended_at = at - (at.date() - days[key])
        anew[id_] = msgspec.structs.replace(session, ended_at=ended_at, over_by=at)
    return anew


@lru_cache(maxsize=64)
def _plan_of(toml: str) -> str:
    """The plan that an installed prescription names."""
    return str(tomllib.loads(toml).get("plan", ""))


def _levels_anew(reader: StoreReader) -> int:
    """Serial of the newest prescription for which levels found before it count no more; 0: none."""
    installed = [stored.record for stored in reader.all("prescriptions")]
    serials = [
        record.serial
        for record in installed
        if isinstance(record, PrescriptionInstalled) and tomllib.loads(record.toml).get("levels_anew")
    ]
    return max(serials, default=0)


def _minutes_around_work(record: Session) -> int:
    """Warm-up and cool-down, which every muscle session has."""
    if record.session_kind == "tens":
        return 0
    return library.load_programme("warm_up").minutes + library.load_programme("cool_down").minutes


# ── levels ──


def _levels(reader: StoreReader, sessions: dict[str, PastSession]) -> list[Level]:
    """Each side's level of each session, as it was confirmed last in it."""
    last: dict[tuple[str, LevelKey], Level] = {}
    screenings, today = _Timeline(reader.all("screenings")), library.questionnaire_digest()
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
            content=_other_content(screenings.at(stored.envelope.event_time), today),
        )
        last[found.session_id, key] = Level(
            key=key,
            kind=session.kind,
            pulse_width_us=_pulse_width_us(found.waveform),
            day=stored.envelope.event_time.date(),
            comfortable_mA=found.comfortable_mA,
            first_feeling_mA=found.first_feeling_mA,
            motor_threshold_mA=found.motor_threshold_mA,
            held=is_held(found.comfortable_mA, found.ceiling_mA, found.ceiling_set_by.rule),
            prescription=session.prescription,
        )
    return list(last.values())


def _other_content(screening: Stored | None, today: str) -> str:
    """The digest of the questions and doses that were in force, if they are not today's (safety rule 24)."""
    if screening is None:
        return ""
    assert isinstance(screening.record, Screening)
    digest = screening.record.questionnaire_digest
    return "" if digest == today else digest


def _pulse_width_us(waveform: str) -> int:
    """Out of "35 Hz 250 us" (`programs.program.waveform`)."""
    match = re.search(r"(\d+) us", waveform)
    if match is None:
        raise ValueError(f"no pulse width in the waveform {waveform!r}")
    return int(match[1])


# ── entries ──


def pain_went_up(before: int, next_day: int, usual: float | None) -> bool:
    """Whether the pain at rest was clearly higher on the day after a session (clinical reference 4).

    Two points above this person's usual, and higher than before the session: one rating alone is unreliable
    (HEA14), and a bad day before the session is no rise. Without a usual, two above the rating before it.
    """
    if usual is None:
        return next_day - before >= PAIN_UP
    return next_day - usual >= PAIN_UP and next_day > before


def mean_pain(ratings: Sequence[int]) -> float | None:
    """None where they are too few to be reliable (clinical reference 5, HEA14)."""
    return sum(ratings) / len(ratings) if len(ratings) >= PAIN_ENTRIES else None


def _ratings(entries: Iterable[Stored]) -> list[Rating]:
    """In the order of their times."""
    found = []
    for stored in sorted(entries, key=lambda one: one.envelope.event_time):
        record = stored.record
        assert isinstance(record, Entry)
        if record.moment in _COMPARABLE and record.pain_rest is not None and not stored.from_memory:
            is_usual = record.moment != "next_day"
            found.append(Rating(stored.envelope.event_time, record.pain_rest, is_usual))
    return found


def _by_day(ratings: Iterable[Rating]) -> dict[dt.date, list[Rating]]:
    days: dict[dt.date, list[Rating]] = {}
    for rating in ratings:
        days.setdefault(rating.at.date(), []).append(rating)
    return days


def _pain_went_up_after(
    session: PastSession, by_day: Mapping[dt.date, list[Rating]], usual: Mapping[dt.date, list[Rating]]
) -> bool:
    """Whether the pain at rest was clearly higher still on the next day.

    Its day is the one on which it began. Compared are the last rating before the session on its day, or just
    before that day, and the first one on the day after; pain that was said just after the current does not
    count. Usual is the week before the session's day.
    """
    began_at = session.began_at or session.ended_at
    day = began_at.date()
    said = [*by_day.get(day - DAY, []), *by_day.get(day, [])]
    before = [
        rating.pain
        for rating in said
        if rating.at <= session.ended_at and (rating.at.date() == day or began_at - rating.at <= ANSWERS_LAST)
    ]
    next_day = by_day.get(day + DAY, [])
    if not (before and next_day):
        return False
    week = (day - dt.timedelta(days=ago) for ago in range(1, WEEK.days + 1))
    ratings = [rating.pain for one in week for rating in usual.get(one, [])]
    return pain_went_up(before[-1], next_day[0].pain, mean_pain(ratings))


def _diary_days(entries: list[Stored], sessions: Mapping[str, PastSession], before: Course) -> list[dt.date]:
    """Days before the first session's on which an entry was made (week 0); none can be filled in later."""
    if before.first_session is not None:
        return []
    first = min((session.ended_at.date() for session in sessions.values()), default=dt.date.max)
    return sorted(
        {day for day in map(_day_of, (one for one in entries if not one.from_memory)) if day < first}
    )


# ── what a clinician opened ──


def _opened_by_clinician(reader: StoreReader) -> list[tuple[str, dt.date]]:
    """("soreness", "skin" or "pain", day) of each such lock that a clinician opened."""
    locks = {stored.envelope.id: stored.record for stored in reader.facts("locks")}
    opened: list[tuple[str, dt.date]] = []
    for stored in reader.all("unlocks"):
        unlock = stored.record
        assert isinstance(unlock, Unlock)
        lock = locks.get(unlock.lock_id)
        if (
            isinstance(lock, Lock)
            and lock.class_ in ("soreness", "skin", "pain")
            and unlock.by in BY_CLINICIAN
        ):
            opened.append((lock.class_, stored.envelope.event_time.date()))
    return opened
