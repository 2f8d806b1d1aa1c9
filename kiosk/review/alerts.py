"""What has to be told (clinical reference 6): pure rules over a frozen view of the diary's facts.

A rule gives what fired, since when, and the records behind it; nothing is worded or saved here. An alert is
journalled once for each episode and stands until somebody acknowledges it with a note. Not covered: the
warning of current density, which no record holds.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice, pairwise
from typing import Final, Generic, Literal, TypeVar

import msgspec

from kiosk.diary.history import CUT_SHORT
from kiosk.diary.records import (
    Acknowledgement,
    AdverseEvent,
    Alert,
    AlertLevel,
    Entry,
    LevelFound,
    Lock,
    LockClass,
    Record,
    Session,
    Stored,
)
from kiosk.diary.store import StoreReader
from kiosk.review.family import LEVELS, standing
from kiosk.review.family import Told as Told
from kiosk.today import Today
from programs.follow_up import Due
from programs.text import Reason

RecordT = TypeVar("RecordT", bound=Record)

DAY: Final = dt.timedelta(days=1)
WEEK: Final = dt.timedelta(days=7)
NEWS_FOR: Final = dt.timedelta(days=28)
"""What ended longer ago is history, not news."""
LOOKED_AT: Final = dt.timedelta(days=400)
"""Ten years are not gone through at every visit; what began before has been told then."""
LONGEST_GAP: Final = dt.timedelta(days=3)
"""Days without a rating neither count in a row of days nor end it, unless the next rating is later [D]."""
BASE_DAYS, BASE_RATINGS = 7, 5
"""A base of fewer ratings is not reliable (clinical reference 5, HEA14)."""
FLARE_POINTS, FLARE_DAYS = 2, 3
PAIN_HIGH, PAIN_HIGH_DAYS = 8, 2
SORE_HIGH, SORE, SORE_TOO_LONG = 7, 4, dt.timedelta(hours=72)
SKIN_AMBER, SKIN_RED = 2, 3
SLEEP_LOW, SLEEP_NIGHTS = 3, 3
LEVEL_FALL_PERCENT: Final = 30
PAD_FAULTS: Final = 3
MEDICINE_TIMES, MEDICINE_LEAST, MEDICINE_ANSWERS = 1.5, 2, 5
"""More than 50 % week on week; on two days at least, and in weeks with enough answers [D]."""
MISSED, KEPT_SHARE, KEPT_WEEKS = 2, 0.8, 2
DIARY_GAP_DAYS: Final = 3
EARLY_STOPS: Final = 2
INFO_AGAIN: Final = WEEK
"""An info is told again after a week at the earliest, and not while it stands [D]."""
ANSWER_CLASSES: Final = ("E", "U", "X")
COMPARABLE: Final = ("before", "daily", "next_day")
"""Moments at which pain is not coloured by a session that has just ended."""
IDENTITY: Final = ("question", "symptom", "channel", "waveform", "weeks")
"""Parameters that tell two alerts of one rule apart; the others are numbers that may grow."""


class Fact(msgspec.Struct, Generic[RecordT], frozen=True):
    """One record as a rule sees it."""

    id: str
    at: dt.datetime
    record: RecordT

    @property
    def day(self) -> dt.date:
        return self.at.date()


class Fall(msgspec.Struct, frozen=True):
    """How far one side's last level lies below the three before it."""

    waveform: str
    channel: int
    percent: int
    day: dt.date


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """All that the rules look at; each kind in the order of its events."""

    today: dt.date
    entries: tuple[Fact[Entry], ...] = ()
    sessions: tuple[Fact[Session], ...] = ()
    events: tuple[Fact[AdverseEvent], ...] = ()
    levels: tuple[Fact[LevelFound], ...] = ()
    locks: tuple[Fact[Lock], ...] = ()
    """Every lock that was ever set, opened or not."""
    standing: frozenset[str] = frozenset()
    """Ids of those that hold now."""
    falls: tuple[Fall, ...] = ()
    follow_up: tuple[Due, ...] = ()
    days_per_week: int | None = None
    locked: bool = False
    """Therapy is locked now: a session that is not held is not missed."""


class Fired(msgspec.Struct, frozen=True):
    """A rule that holds for a span of days."""

    level: AlertLevel
    rule: Reason
    since: dt.date
    until: dt.date
    """The last day that belongs to it."""
    records: tuple[str, ...] = ()
    """Ids of the records that fired it."""
    locks: LockClass | None = None
    """What has to be locked, where nothing has been locked for it yet: "red" all, "pain" the muscles."""

    @property
    def key(self) -> tuple[object, ...]:
        """The same for the same matter, however its numbers grow."""
        return _key(self.rule)


class AlertsNow(msgspec.Struct, frozen=True):
    """What is to be journalled, and everything that was."""

    new: tuple[Fired, ...] = ()
    told: tuple[Told, ...] = ()
    """Newest first."""

    @property
    def standing(self) -> tuple[Told, ...]:
        """What nobody has acknowledged: the worst first, of those the newest."""
        return standing(self.told)


def read_alerts(reader: StoreReader, today: Today) -> AlertsNow:
    """What the diary has to tell. `today`: read by the same reader. Raises DiaryDamaged."""
    told = told_in(reader)
    return AlertsNow(new_ones(fired(facts_of(reader, today)), told, today.now.date()), told)


def facts_of(reader: StoreReader, today: Today) -> Facts:
    """The diary as the rules see it. Raises DiaryDamaged."""
    history, prescription = today.history, today.prescription
    first = today.now.date() - LOOKED_AT
    return Facts(
        today=today.now.date(),
        entries=_facts(reader.all("entries"), Entry, first),
        sessions=_facts(reader.all("sessions"), Session, first),
        events=_facts(reader.all("events"), AdverseEvent, first),
        levels=_facts(reader.all("levels"), LevelFound, first),
        locks=_facts(reader.all("locks"), Lock, first),
        standing=frozenset(stored.envelope.id for stored in reader.locks_open(today.now)),
        falls=tuple(
            Fall(level.key.waveform, level.key.channel, level.fall_percent, level.own[-1].day)
            for level in history.levels
        ),
        follow_up=today.follow_up,
        days_per_week=None if prescription is None else prescription.days_per_week,
        locked=bool(today.locks or today.muscle_locks),
    )


def told_in(reader: StoreReader) -> tuple[Told, ...]:
    """Every alert of the diary, newest first. Raises DiaryDamaged."""
    done = {
        stored.record.alert: (stored.envelope.event_time, stored.record)
        for stored in reversed(reader.all("acknowledgements"))
        if isinstance(stored.record, Acknowledgement)
    }
    told = []
    for stored in reader.all("alerts"):
        alert, at = stored.record, stored.envelope.event_time
        assert isinstance(alert, Alert)
        done_at, seen = done.get(stored.envelope.id, (None, None))
        told.append(
            Told(
                id=stored.envelope.id,
                at=at,
                level=alert.level,
                rule=alert.rule,
                since=alert.since or at.date(),
                records=alert.records,
                done_at=done_at,
                note="" if seen is None else seen.note,
                who="" if seen is None else seen.who,
            )
        )
    return tuple(sorted(told, key=lambda one: one.at, reverse=True))


def fired(facts: Facts) -> tuple[Fired, ...]:
    """Everything that holds now or held lately: the worst first, of those the newest."""
    earliest = facts.today - LOOKED_AT + LONGEST_GAP
    found = [
        one
        for rule in RULES
        for one in rule(facts)
        if one.until >= facts.today - NEWS_FOR and one.since > earliest
    ]
    return tuple(
        sorted(found, key=lambda one: (LEVELS.index(one.level), -one.since.toordinal(), str(one.key)))
    )


def new_ones(found: Iterable[Fired], told: Sequence[Told], today: dt.date) -> tuple[Fired, ...]:
    """What was not journalled yet, each matter once."""
    new: dict[tuple[object, ...], Fired] = {}
    for one in found:
        if not any(_is_same(one, before, today) for before in told):
            new.setdefault((one.key, one.since), one)
    return tuple(new.values())


def _is_same(one: Fired, before: Told, today: dt.date) -> bool:
    """Whether an alert has told of it. What was raised at the moment itself has its own day as `since`."""
    if _key(before.rule) != one.key:
        return False
    if one.level == "info":
        return before.stands or today < before.at.date() + INFO_AGAIN
    return before.since == one.since or one.since <= before.since <= one.until


def _key(rule: Reason) -> tuple[object, ...]:
    return (rule.rule, *(rule.parameters.get(name) for name in IDENTITY))


# ── red ─────────────────────────────────────────────────────────────────────────────────────────


def _answers(facts: Facts) -> Iterator[Fired]:
    """Emergency, same-day doctor, newly contraindicated: the answer has set its own lock."""
    for lock in facts.locks:
        if lock.record.class_ in ANSWER_CLASSES:
            parameters = {"question": lock.record.cause, "class": lock.record.class_}
            yield Fired("red", Reason("red_answer", parameters), lock.day, lock.day, (lock.id,))


def _adverse_events(facts: Facts) -> Iterator[Fired]:
    """A stop because it burned or she felt faint, an injury; skin is told by its grade."""
    for event in facts.events:
        symptom = event.record.symptom
        if symptom == "skin":
            continue
        lock: LockClass | None = None if _locked_since(facts, event.at, ("red",), symptom) else "red"
        yield Fired("red", Reason("red_event", {"symptom": symptom}), event.day, event.day, (event.id,), lock)


def _skin(facts: Facts) -> Iterator[Fired]:
    """Grade 3 and 4 red, grade 2 amber: the place is locked either way."""
    for entry in facts.entries:
        grade = entry.record.skin
        if grade is None or grade < SKIN_AMBER:
            continue
        level: AlertLevel = "red" if grade >= SKIN_RED else "amber"
        lock: LockClass | None = None
        if not _locked_since(facts, entry.at, ("skin", "red")):
            lock = "red" if level == "red" else "skin"
        rule = Reason("red_skin" if level == "red" else "skin_marked", {"grade": grade})
        yield Fired(level, rule, entry.day, entry.day, (entry.id,), lock)


def _locked_since(
    facts: Facts, at: dt.datetime, classes: Sequence[LockClass], cause: str | None = None
) -> bool:
    """A lock was set for it, opened since or not; one that stood already counts as well."""
    return any(
        lock.record.class_ in classes
        and (lock.day >= at.date() or lock.id in facts.standing)
        and cause in (None, lock.record.cause)
        for lock in facts.locks
    )


# ── amber ───────────────────────────────────────────────────────────────────────────────────────


def _flare(facts: Facts) -> Iterator[Fired]:
    """Two points above the seven days before, on three days or more (FLA21)."""
    pain = _by_day(facts.entries, "pain_rest", max)
    days = sorted(pain)
    taken_until = dt.date.min
    for index, first in enumerate(days):
        if first <= taken_until or pain[first][0] < FLARE_POINTS:
            continue
        base = [pain[day][0] for day in days[max(0, index - BASE_DAYS) : index] if day >= first - WEEK]
        if len(base) < BASE_RATINGS:
            continue
        row = _row(days, index, partial(_is_flare, pain, sum(base) / len(base)))
        if len(row) >= FLARE_DAYS:
            taken_until = row[-1]
            yield _muscles_rest(facts, Reason("pain_up_days", {"days": len(row)}), row, pain)


def _is_flare(pain: Mapping[dt.date, tuple[int, str]], base: float, day: dt.date) -> bool:
    return pain[day][0] >= base + FLARE_POINTS


def _very_high(facts: Facts) -> Iterator[Fired]:
    pain = _by_day(facts.entries, "pain_rest", max)
    for row in _rows(
        sorted(pain), {day for day, (value, _) in pain.items() if value >= PAIN_HIGH}.__contains__
    ):
        if len(row) >= PAIN_HIGH_DAYS:
            yield _muscles_rest(facts, Reason("pain_very_high", {"days": len(row)}), row, pain)


def _muscles_rest(
    facts: Facts, rule: Reason, row: Sequence[dt.date], pain: Mapping[dt.date, tuple[int, str]]
) -> Fired:
    """ "Review, TENS only" (clinical reference 6): the muscles stay closed until a clinician has looked."""
    locked = any(
        lock.record.class_ == "pain"
        and (lock.id in facts.standing or (lock.record.cause == rule.rule and lock.day >= row[0]))
        for lock in facts.locks
    )
    records = tuple(pain[day][1] for day in row)
    return Fired("amber", rule, row[0], row[-1], records, None if locked else "pain")


def _pain_up_twice(facts: Facts) -> Iterator[Fired]:
    """Its lock is set where the diary is read (`kiosk.visit`), which also tells it."""
    for due in facts.follow_up:
        if due.kind == "pain":
            yield Fired("amber", due.reason, due.since, facts.today, ())


def _soreness(facts: Facts) -> Iterator[Fired]:
    """7 or more once, or 4 and more for longer than 72 hours."""
    sore = [entry for entry in facts.entries if entry.record.soreness is not None]
    for row in _rows_of(sore, lambda entry: (entry.record.soreness or 0) >= SORE):
        worst = max(entry.record.soreness or 0 for entry in row)
        ids = tuple(entry.id for entry in row)
        if worst >= SORE_HIGH:
            high = [entry for entry in row if (entry.record.soreness or 0) >= SORE_HIGH]
            free = [entry for entry in high if not _soreness_locked_after(facts, entry.at)]
            rule = Reason("sore_high", {"soreness": worst})
            lock: LockClass | None = "soreness" if free else None
            yield Fired("amber", rule, (free or high)[0].day, row[-1].day, ids, lock)
        elif row[-1].at - row[0].at > SORE_TOO_LONG:
            days = {"soreness": row[-1].record.soreness or 0, "since": row[0].day.isoformat()}
            yield Fired("amber", Reason("sore_days", days), row[0].day, row[-1].day, ids)


def _soreness_locked_after(facts: Facts, at: dt.datetime) -> bool:
    """A lock was set for what was said then, or stands. One that was opened before has not seen it: the rules
    of the course close therapy all the same, and without a lock nobody could open it."""
    return any(
        lock.record.class_ == "soreness" and (lock.at >= at or lock.id in facts.standing)
        for lock in facts.locks
    )


def _felt_faint(facts: Facts) -> Iterator[Fired]:
    for lock in facts.locks:
        if lock.record.class_ == "P" and lock.record.cause == "d_faint":
            yield Fired("amber", Reason("felt_faint"), lock.day, lock.day, (lock.id,))


def _level_fell(facts: Facts) -> Iterator[Fired]:
    for fall in facts.falls:
        if fall.percent <= LEVEL_FALL_PERCENT:
            continue
        ids = tuple(
            level.id
            for level in facts.levels
            if (level.record.waveform, level.record.channel) == (fall.waveform, fall.channel)
        )[-4:]
        parameters = {"percent": fall.percent, "channel": fall.channel, "waveform": fall.waveform}
        yield Fired("amber", Reason("level_fell", parameters), fall.day, fall.day, ids)


def _pad_faults(facts: Facts) -> Iterator[Fired]:
    for session in facts.sessions:
        if session.record.pad_faults >= PAD_FAULTS:
            rule = Reason("pad_faults", {"count": session.record.pad_faults})
            yield Fired("amber", rule, session.day, session.day, (session.id,))


def _medicine(facts: Facts) -> Iterator[Fired]:
    """Days with medicine in the last whole week against the week before it."""
    answers = _by_day(facts.entries, "medicine", max)
    this = _monday(facts.today) - WEEK
    before = this - WEEK
    weeks = [[day for day in answers if first <= day < first + WEEK] for first in (before, this)]
    taken = [[day for day in week if answers[day][0]] for week in weeks]
    enough = all(len(week) >= MEDICINE_ANSWERS for week in weeks)
    if enough and len(taken[1]) >= MEDICINE_LEAST and len(taken[1]) > MEDICINE_TIMES * len(taken[0]):
        rule = Reason("medicine_up", {"days": len(taken[1]), "before": len(taken[0])})
        ids = tuple(answers[day][1] for day in sorted(taken[1]))
        yield Fired("amber", rule, this, this + WEEK - DAY, ids)


def _sleep(facts: Facts) -> Iterator[Fired]:
    sleep = _by_day(facts.entries, "sleep", min)
    for row in _rows(
        sorted(sleep), {day for day, (hours, _) in sleep.items() if hours <= SLEEP_LOW}.__contains__
    ):
        if len(row) >= SLEEP_NIGHTS:
            ids = tuple(sleep[day][1] for day in row)
            yield Fired("amber", Reason("sleep_low", {"nights": len(row)}), row[0], row[-1], ids)


# ── info ────────────────────────────────────────────────────────────────────────────────────────


def _missed_sessions(facts: Facts) -> Iterator[Fired]:
    """Two whole weeks after the first session: two planned ones missed, or fewer than 80 %."""
    end = _monday(facts.today)
    first = end - KEPT_WEEKS * WEEK
    begun = min((session.day for session in facts.sessions), default=dt.date.max)
    if facts.days_per_week is None or facts.locked or begun > first:
        return
    planned = facts.days_per_week * KEPT_WEEKS
    done = len({session.day for session in facts.sessions if first <= session.day < end})
    if planned - done >= MISSED or done < KEPT_SHARE * planned:
        rule = Reason("sessions_missed", {"done": done, "planned": planned})
        yield Fired("info", rule, first, end - DAY)


def _diary_gap(facts: Facts) -> Iterator[Fired]:
    """Three whole days without an entry; today is not over."""
    last = max((entry.day for entry in facts.entries), default=None)
    if last is not None and (facts.today - last).days - 1 >= DIARY_GAP_DAYS:
        days = (facts.today - last).days - 1
        yield Fired("info", Reason("diary_gap", {"days": days}), last + DAY, facts.today - DAY)


def _early_stops(facts: Facts) -> Iterator[Fired]:
    """Two sessions running that the person ended because of what they felt like."""
    closed = [session for session in facts.sessions if session.record.state != "begun"]
    early = [
        session.record.state == "ended_early" and session.record.stop_reason in CUT_SHORT
        for session in closed
    ]
    for (one, other), stopped in zip(pairwise(closed), pairwise(early), strict=True):
        if all(stopped):
            rule = Reason("early_stops", {"times": EARLY_STOPS})
            yield Fired("info", rule, other.day, other.day, (one.id, other.id))


def _due(facts: Facts) -> Iterator[Fired]:
    """Reviews, pads, questions, prescription: what `programs.follow_up` says. Forms are asked, not told."""
    for due in facts.follow_up:
        if due.kind in ("review", "pads", "rescreen", "prescription"):
            yield Fired("info", due.reason, due.since, facts.today)


RULES: Final[tuple[Callable[[Facts], Iterator[Fired]], ...]] = (
    _answers,
    _adverse_events,
    _skin,
    _flare,
    _very_high,
    _pain_up_twice,
    _soreness,
    _felt_faint,
    _level_fell,
    _pad_faults,
    _medicine,
    _sleep,
    _missed_sessions,
    _diary_gap,
    _early_stops,
    _due,
)


# ── rows of days ────────────────────────────────────────────────────────────────────────────────


def _by_day(
    entries: Iterable[Fact[Entry]],
    field: Literal["pain_rest", "sleep", "medicine"],
    worst: Callable[..., int],
) -> dict[dt.date, tuple[int, str]]:
    """Day → its worst number and the entry that holds it."""
    found: dict[dt.date, tuple[int, str]] = {}
    for entry in entries:
        value = getattr(entry.record, field)
        if value is None or (field == "pain_rest" and entry.record.moment not in COMPARABLE):
            continue
        old = found.get(entry.day)
        if old is None or worst(old[0], value) != old[0]:
            found[entry.day] = (value, entry.id)
    return found


def _row(days: Sequence[dt.date], first: int, holds: Callable[[dt.date], bool]) -> list[dt.date]:
    """The days from that one on, as long as it holds."""
    row: list[dt.date] = []
    for day in islice(days, first, None):
        if not holds(day) or (row and day - row[-1] > LONGEST_GAP):
            break
        row.append(day)
    return row


def _rows(days: Sequence[dt.date], holds: Callable[[dt.date], bool]) -> Iterator[list[dt.date]]:
    """Every longest row."""
    index = 0
    while index < len(days):
        row = _row(days, index, holds)
        if row:
            yield row
        index += max(1, len(row))


def _rows_of(
    entries: Sequence[Fact[Entry]], holds: Callable[[Fact[Entry]], bool]
) -> Iterator[list[Fact[Entry]]]:
    """Every longest row of ratings, also of several a day."""
    row: list[Fact[Entry]] = []
    for entry in entries:
        if row and (not holds(entry) or entry.at - row[-1].at > LONGEST_GAP):
            yield row
            row = []
        if holds(entry):
            row.append(entry)
    if row:
        yield row


def _monday(day: dt.date) -> dt.date:
    return day - day.weekday() * DAY


def _facts(stored: Iterable[Stored], kind: type[RecordT], first: dt.date) -> tuple[Fact[RecordT], ...]:
    facts = (
        Fact(one.envelope.id, one.envelope.event_time, one.record)
        for one in stored
        if isinstance(one.record, kind) and one.envelope.event_time.date() >= first
    )
    return tuple(sorted(facts, key=lambda fact: fact.at))
