"""The family's view, worked out of the diary. With numpy: for a child process and the command line."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from msgspec.structs import replace

from kiosk.diary.meanings import lost_in_restores
from kiosk.diary.records import Access, Consent, Entry, Lock, Session, Stored
from kiosk.diary.store import StoreReader
from kiosk.review import lists, series, statistics
from kiosk.review.alerts import FLARE_POINTS, told_in
from kiosk.review.family import (
    DAYS,
    LISTED_DAYS,
    LONG_DAYS,
    LONG_WEEKS,
    WEEKS,
    DayView,
    FamilyView,
    Kept,
    Level,
    News,
    Numbers,
    SessionView,
    SideLevel,
    Stretch,
    Trend,
    Week,
)
from kiosk.review.series import Around, LevelPoint, day_of

DAY: Final = dt.timedelta(days=1)
WEEK: Final = dt.timedelta(days=7)
MOST_STRETCHES: Final = 64
"""Columns of a chart of everything."""
MOST_ALERTS: Final = 200
"""Of those that somebody has seen to; what stands is never left out."""


class _Read:
    """What is asked of the diary, read once."""

    def __init__(self, reader: StoreReader, today: dt.date) -> None:
        self.today = today
        self.chains = reader.versions("entries")
        self.entries = [chain[-1] for chain in self.chains]
        self.sessions = reader.all("sessions")
        self.session_days = Counter(map(day_of, self.sessions))
        self.pain = {day: one.pain for day, one in series.pain_by_day(self.entries).items()}
        self.begun = min(map(day_of, self.entries), default=None)
        self.around = series.around_sessions(self.entries, self.sessions)
        self.levels = series.level_points(reader.all("levels"))
        self.planned = series.days_planned(reader, today)

    @property
    def around_by_day(self) -> dict[dt.date, tuple[int, int]]:
        """Of each day's first session of which both were said."""
        found: dict[dt.date, tuple[int, int]] = {}
        for session in series.in_order(self.sessions):
            pair = self.around[session.envelope.id].pair
            if pair is not None:
                found.setdefault(day_of(session), pair)
        return found


def family_view(reader: StoreReader, now: dt.datetime) -> FamilyView:
    """Everything up to `now`, of a reader `in_parts` as far as it can be read. Raises DiaryDamaged."""
    today = now.date()
    first_day = today - (LONG_DAYS - 1) * DAY
    listed_from = today - LISTED_DAYS * DAY
    read = _Read(reader, today)
    told = told_in(reader)
    worst = {name: _worst_by_day(read.entries, name) for name in ("soreness", "skin")}
    spans = _spans(read.begun, today)
    return FamilyView(
        first_day=first_day,
        last_day=today,
        days=_days(read, worst, first_day),
        stretches=_stretches(read, worst, spans),
        weeks=_weeks(read),
        entries=lists.entry_views(read.chains, listed_from),
        sessions=_session_views(read, listed_from),
        notes=lists.note_views(reader, read.chains, listed_from),
        numbers=_numbers(reader, read),
        kept=_kept(read),
        levels=_levels(read, first_day, spans),
        alerts=(*(one for one in told if one.stands), *[one for one in told if not one.stands][:MOST_ALERTS]),
        locks=tuple(stored.record for stored in reader.locks_open(now) if isinstance(stored.record, Lock)),
        news=_news(reader),
        allowed=_allowed(reader),
        unreadable=reader.unreadable,
        lost=lost_in_restores(reader.facts("locks")),
    )


def _worst_by_day(entries: Sequence[Stored], name: str) -> dict[dt.date, int]:
    worst: dict[dt.date, int] = {}
    for stored in entries:
        value = getattr(stored.record, name)
        if value is not None:
            worst[day_of(stored)] = max(value, worst.get(day_of(stored), 0))
    return worst


def _days(read: _Read, worst: Mapping[str, Mapping[dt.date, int]], first: dt.date) -> tuple[DayView, ...]:
    values = statistics.by_day(read.pain, first - WEEK, read.today)
    means = statistics.rolling_mean(values)
    around = read.around_by_day
    of_day: dict[dt.date, list[Stored]] = {}
    for stored in read.entries:
        if day_of(stored) >= first:
            of_day.setdefault(day_of(stored), []).append(stored)
    days = []
    for n in range((read.today - first).days + 1):
        day, index = first + n * DAY, n + 7
        said = [stored.record for stored in of_day.get(day, ()) if isinstance(stored.record, Entry)]
        rated = read.pain.get(day)
        days.append(
            DayView(
                day=day,
                pain=rated,
                session=read.session_days[day] > 0,
                mean=None if np.isnan(means[index]) else float(means[index]),
                late=rated is not None and all(stored.entered_late for stored in of_day.get(day, ())),
                medicine=any(entry.medicine for entry in said),
                flare=rated is not None and bool(rated >= means[index - 1] + FLARE_POINTS),
                begun=read.begun is not None and day >= read.begun,
                soreness=worst["soreness"].get(day),
                skin=worst["skin"].get(day),
                around=around.get(day),
            )
        )
    return tuple(days)


# ── everything, in stretches of whole weeks ─────────────────────────────────────────────────────


class _Spans:
    """Equal stretches of days, oldest first; the last one ends today."""

    def __init__(self, begun: dt.date, last: dt.date) -> None:
        weeks = -(-((last - begun).days + 1) // 7)
        self.length = 7 * -(-weeks // MOST_STRETCHES)
        self.count = -(-((last - begun).days + 1) // self.length)
        self.first = last - (self.count * self.length - 1) * DAY
        self.last = last

    def sums(self, values: Mapping[dt.date, float]) -> tuple[np.ndarray, np.ndarray]:
        """Of each stretch the sum of its days' values, and how many there are."""
        array = statistics.by_day(values, self.first, self.last).reshape(self.count, self.length)
        return np.nansum(array, axis=1), (~np.isnan(array)).sum(axis=1)

    def index(self, day: dt.date) -> int | None:
        """Of the stretch that holds the day."""
        n = (day - self.first).days // self.length
        return n if self.first <= day <= self.last else None


def _spans(begun: dt.date | None, last: dt.date) -> _Spans | None:
    return None if begun is None or begun > last else _Spans(begun, last)


def _stretches(
    read: _Read, worst: Mapping[str, Mapping[dt.date, int]], spans: _Spans | None
) -> tuple[Stretch, ...]:
    if spans is None:
        return ()
    pain, rated = spans.sums(read.pain)
    sore, sore_said = spans.sums(worst["soreness"])
    around = read.around_by_day
    before, pairs = spans.sums({day: one[0] for day, one in around.items()})
    after, _ = spans.sums({day: one[1] for day, one in around.items()})
    skin: dict[int, int] = {}
    for day, grade in worst["skin"].items():
        if (n := spans.index(day)) is not None:
            skin[n] = max(grade, skin.get(n, 0))
    held = [0] * spans.count
    for day, sessions in read.session_days.items():
        if (n := spans.index(day)) is not None:
            held[n] += sessions
    stretches = []
    for n in range(spans.count):
        first = spans.first + n * spans.length * DAY
        stretches.append(
            Stretch(
                first=first,
                days=spans.length,
                pain=float(pain[n] / rated[n]) if rated[n] >= statistics.LEAST_RATINGS else None,
                rated=int(rated[n]),
                sessions=held[n],
                planned=series.planned_on(read.planned, first + (spans.length - 1) * DAY),
                soreness=float(sore[n] / sore_said[n]) if sore_said[n] else None,
                skin=skin.get(n),
                around=(float(before[n] / pairs[n]), float(after[n] / pairs[n])) if pairs[n] else None,
            )
        )
    return tuple(stretches)


def _weeks(read: _Read) -> tuple[Week, ...]:
    """Whole weeks since the first session: what was before it is no missed one."""
    begun = min(read.session_days, default=None)
    weeks = 0 if begun is None else min(LONG_WEEKS, -(-((read.today - begun).days + 1) // 7))
    return tuple(
        Week(
            first=last - WEEK + DAY,
            held=sum(last - WEEK < day <= last for day in read.session_days),
            planned=series.planned_on(read.planned, last),
        )
        for last in (read.today - n * WEEK for n in reversed(range(weeks)))
    )


# ── lists ───────────────────────────────────────────────────────────────────────────────────────


def _session_views(read: _Read, first: dt.date) -> tuple[SessionView, ...]:
    """With the last pain of the same day before it, and the first one after it."""
    nothing = Around(None, None)
    views = []
    for stored in read.sessions:
        if isinstance(stored.record, Session) and day_of(stored) >= first:
            around = read.around.get(stored.envelope.id, nothing)
            views.append(
                SessionView(
                    id=stored.envelope.id,
                    at=stored.envelope.event_time,
                    session=stored.record,
                    pain_before=around.before,
                    pain_after=around.after,
                )
            )
    return tuple(sorted(views, key=lambda view: view.at, reverse=True))


# ── numbers ─────────────────────────────────────────────────────────────────────────────────────


def _numbers(reader: StoreReader, read: _Read) -> Numbers:
    values = statistics.by_day(read.pain, read.begun or read.today + DAY, read.today)
    compared = statistics.last_against_first(values)
    recent = values[-DAYS:]
    slope = statistics.theil_sen(statistics.week_means(values[-LONG_DAYS:]))
    since = read.today - LONG_DAYS * DAY
    lately = (read.around[one.envelope.id].pair for one in read.sessions if day_of(one) >= since)
    forms = reader.all("forms")
    peg, pgic = (series.scores(forms, form) for form in ("peg", "pgic"))
    return Numbers(
        first=compared.first,
        last=compared.last if compared.last is not None else statistics.median_of(recent),
        change=compared.change,
        days_rated=statistics.share_rated(recent).done,
        days=len(recent),
        trend=None if slope is None else Trend(per_week=slope.per_week, low=slope.low, high=slope.high),
        within_session=statistics.before_and_after(pair for pair in lately if pair is not None),
        peg_first=peg[0] if peg else None,
        peg_last=peg[-1] if len(peg) > 1 else None,
        peg_change=statistics.peg_change(peg[0], peg[-1]) if len(peg) > 1 else "not_enough_data",
        pgic=int(pgic[-1]) if pgic else None,
    )


def _kept(read: _Read) -> Kept:
    all_days, today = sorted(read.session_days), read.today
    first = today - (DAYS - 1) * DAY
    recent = [
        stored.record
        for stored in read.sessions
        if isinstance(stored.record, Session) and first <= day_of(stored) <= today
    ]
    early = Counter(
        record.stop_reason or record.state
        for record in recent
        if record.state in ("ended_early", "interrupted")
    )
    kept = Kept(
        held=len(recent),
        done=sum(record.state == "done" for record in recent),
        minutes=sum(record.seconds_done for record in recent) // 60,
        early=dict(early),
    )
    weeks = 0 if not all_days else min(WEEKS, (today - all_days[0]).days // 7)
    planned = [series.planned_on(read.planned, today - n * WEEK) for n in range(weeks)]
    known = [days for days in planned if days is not None]
    if weeks <= 0 or len(known) < weeks:
        return kept
    begins = today - weeks * WEEK
    held = sum(begins < day <= today for day in all_days)
    return replace(kept, planned=sum(known), held_of_planned=held)


def _levels(read: _Read, first_day: dt.date, spans: _Spans | None) -> tuple[SideLevel, ...]:
    """Each channel that was set in the last twelve weeks; "before" is with the newest waveform alone."""
    of_channel: dict[int, list[LevelPoint]] = {}
    for point in read.levels:
        of_channel.setdefault(point.channel, []).append(point)
    return tuple(
        _side_level(points, first_day, read.today, spans)
        for _, points in sorted(of_channel.items())
        if points[-1].day >= first_day
    )


def _side_level(
    points: Sequence[LevelPoint], first_day: dt.date, today: dt.date, spans: _Spans | None
) -> SideLevel:
    newest = points[-1]
    before = [
        one.level_mA
        for one in points
        if one.waveform == newest.waveform and first_day <= one.day <= newest.day - DAYS * DAY
    ]
    by_day: dict[dt.date, Level] = {}
    for last, point in pairwise((None, *points)):
        assert point is not None
        changed = last is not None and last.waveform != point.waveform
        by_day[point.day] = Level(point.level_mA, point.limit_mA, changed)
    return SideLevel(
        side=newest.side,
        channel=newest.channel,
        current_mA=newest.level_mA,
        limit_mA=newest.limit_mA,
        before_mA=before[-1] if before else None,
        days=tuple(by_day.get(first_day + n * DAY) for n in range((today - first_day).days + 1)),
        stretches=() if spans is None else _mean_levels(by_day, spans),
    )


def _mean_levels(by_day: Mapping[dt.date, Level], spans: _Spans) -> tuple[Level | None, ...]:
    current, count = spans.sums({day: one.current_mA for day, one in by_day.items()})
    limit, _ = spans.sums({day: one.limit_mA for day, one in by_day.items()})
    changed = {spans.index(day) for day, one in by_day.items() if one.changed}
    return tuple(
        Level(float(current[n] / count[n]), float(limit[n] / count[n]), n in changed) if count[n] else None
        for n in range(spans.count)
    )


def _news(reader: StoreReader) -> News:
    looks = [
        stored.envelope.event_time
        for stored in reader.all("access")
        if isinstance(stored.record, Access)
        and (stored.record.role, stored.record.action) == ("family", "look")
    ]
    since = max(looks, default=None)

    def new(kind: str) -> int:
        return sum(since is None or stored.envelope.event_time > since for stored in reader.all(kind))

    return News(
        since=since,
        notes=new("notes"),
        alerts=new("alerts"),
        limits_changed=since is not None and new("prescriptions") > 0,
    )


def _allowed(reader: StoreReader) -> bool:
    """The newest word counts, by the order of writing; without a yes nobody looks. A month that cannot be
    read may hold a no."""
    consents = [
        stored
        for stored in reader.all("consents")
        if isinstance(stored.record, Consent) and stored.record.topic == "family"
    ]
    if not consents:
        return False
    said = consents[-1]
    assert isinstance(said.record, Consent)
    return said.record.given and not any(
        month > f"{said.envelope.entry_time:%Y-%m}" for month in reader.unreadable
    )
