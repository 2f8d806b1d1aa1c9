"""The family's view, worked out of the diary. With numpy: for a child process and the command line."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Final

import numpy as np

from kiosk.diary.prescriptions import newest_installed
from kiosk.diary.records import (
    Access,
    Consent,
    Entry,
    Form,
    LevelFound,
    Lock,
    Note,
    Session,
    Stored,
)
from kiosk.diary.store import StoreReader
from kiosk.review import statistics
from kiosk.review.alerts import COMPARABLE, FLARE_POINTS, told_in
from kiosk.review.family import (
    DAYS,
    LISTED_DAYS,
    LONG_DAYS,
    WEEKS,
    DayView,
    EntryView,
    FamilyView,
    Kept,
    News,
    NoteView,
    Numbers,
    SessionView,
    SideLevel,
    Stretch,
    Trend,
)
from programs.forms import load_forms
from programs.prescription import PrescriptionError, demonstration_prescription

DAY: Final = dt.timedelta(days=1)
WEEK: Final = dt.timedelta(days=7)
MOST_STRETCHES: Final = 64
"""Columns of a chart of everything."""
MOST_ALERTS: Final = 200
"""Of those that somebody has seen to; what stands is never left out."""


def family_view(reader: StoreReader, now: dt.datetime) -> FamilyView:
    """Everything up to `now`. Raises DiaryDamaged."""
    today = now.date()
    first_day = today - (LONG_DAYS - 1) * DAY
    listed_from = today - LISTED_DAYS * DAY
    entries, sessions = reader.all("entries"), reader.all("sessions")
    pain = pain_by_day(entries)
    begun = min((stored.envelope.event_time.date() for stored in entries), default=None)
    session_days = Counter(stored.envelope.event_time.date() for stored in sessions)
    told = told_in(reader)
    return FamilyView(
        first_day=first_day,
        last_day=today,
        days=_days(entries, pain, session_days, first_day, today, begun),
        stretches=_stretches(pain, session_days, begun, today),
        entries=_entry_views(reader, entries, listed_from),
        sessions=_session_views(entries, sessions, listed_from),
        notes=_notes(reader, listed_from),
        numbers=_numbers(reader, entries, pain, begun, today),
        kept=_kept(reader, sessions, today),
        levels=_levels(reader, today),
        alerts=(*(one for one in told if one.stands), *[one for one in told if not one.stands][:MOST_ALERTS]),
        locks=tuple(stored.record for stored in reader.locks_open(now) if isinstance(stored.record, Lock)),
        news=_news(reader),
        allowed=_allowed(reader),
    )


def pain_by_day(entries: Iterable[Stored]) -> dict[dt.date, int]:
    """The last rating of pain at rest of each day that no session had just changed."""
    rated = (
        (stored.envelope.event_time, stored.record.pain_rest)
        for stored in entries
        if isinstance(stored.record, Entry) and stored.record.moment in COMPARABLE
    )
    return {at.date(): pain for at, pain in sorted(rated, key=lambda one: one[0]) if pain is not None}


def _days(
    entries: Sequence[Stored],
    pain: dict[dt.date, int],
    session_days: Counter[dt.date],
    first: dt.date,
    last: dt.date,
    begun: dt.date | None,
) -> tuple[DayView, ...]:
    earlier = first - WEEK
    values = statistics.by_day(pain, earlier, last)
    means = statistics.rolling_mean(values)
    of_day: dict[dt.date, list[Stored]] = {}
    for stored in entries:
        if stored.envelope.event_time.date() >= first:
            of_day.setdefault(stored.envelope.event_time.date(), []).append(stored)
    days = []
    for n in range((last - first).days + 1):
        day, index = first + n * DAY, n + 7
        said = [stored.record for stored in of_day.get(day, ()) if isinstance(stored.record, Entry)]
        rated = pain.get(day)
        days.append(
            DayView(
                day=day,
                pain=rated,
                session=session_days[day] > 0,
                mean=None if np.isnan(means[index]) else float(means[index]),
                late=rated is not None and all(stored.entered_late for stored in of_day.get(day, ())),
                medicine=any(entry.medicine for entry in said),
                flare=rated is not None and bool(rated >= means[index - 1] + FLARE_POINTS),
                begun=begun is not None and day >= begun,
                soreness=max((e.soreness for e in said if e.soreness is not None), default=None),
                skin=max((e.skin for e in said if e.skin is not None), default=None),
            )
        )
    return tuple(days)


def _stretches(
    pain: dict[dt.date, int], session_days: Counter[dt.date], begun: dt.date | None, last: dt.date
) -> tuple[Stretch, ...]:
    """Whole weeks taken together until a chart holds them; the last one ends today."""
    if begun is None or begun > last:
        return ()
    weeks = -(-((last - begun).days + 1) // 7)
    length = 7 * -(-weeks // MOST_STRETCHES)
    count = -(-((last - begun).days + 1) // length)
    first = last - (count * length - 1) * DAY
    values = statistics.by_day(pain, first, last).reshape(count, length)
    rated = (~np.isnan(values)).sum(axis=1)
    sums = np.nansum(values, axis=1)
    sessions = [0] * count
    for day, held in session_days.items():
        if first <= day <= last:
            sessions[(day - first).days // length] += held
    return tuple(
        Stretch(
            first=first + n * length * DAY,
            days=length,
            pain=float(sums[n] / rated[n]) if rated[n] >= statistics.LEAST_RATINGS else None,
            rated=int(rated[n]),
            sessions=sessions[n],
        )
        for n in range(count)
    )


# ── lists ───────────────────────────────────────────────────────────────────────────────────────


def _entry_views(reader: StoreReader, entries: Sequence[Stored], first: dt.date) -> tuple[EntryView, ...]:
    """A growing entry of one writing is not a corrected one: an answer that was given has changed."""
    changed = {
        versions[-1].envelope.id
        for versions in reader.versions("entries")
        if versions[-1].envelope.event_time.date() >= first and _answer_changed(versions)
    }
    views = [
        EntryView(
            id=stored.envelope.id,
            at=stored.envelope.event_time,
            entry=stored.record,
            entered_late=stored.entered_late,
            corrected=stored.envelope.id in changed,
        )
        for stored in entries
        if isinstance(stored.record, Entry) and stored.envelope.event_time.date() >= first
    ]
    return tuple(sorted(views, key=lambda view: view.at, reverse=True))


def _answer_changed(versions: Sequence[Stored]) -> bool:
    if len(versions) == 1:
        return False
    records = [stored.record for stored in versions]
    return any(
        getattr(old, name) not in (None, "", getattr(new, name))
        for old, new in pairwise(records)
        for name in ("pain_rest", "pain_moving", "soreness", "skin", "sleep", "medicine", "note")
    )


def _session_views(
    entries: Sequence[Stored], sessions: Sequence[Stored], first: dt.date
) -> tuple[SessionView, ...]:
    """With the last pain of the same day before it, and the first one after it."""
    said = sorted(
        (
            (stored.envelope.event_time, stored.record)
            for stored in entries
            if isinstance(stored.record, Entry)
            and stored.record.pain_rest is not None
            and stored.envelope.event_time.date() >= first
        ),
        key=lambda one: one[0],
    )
    of_day: dict[dt.date, list[tuple[dt.datetime, Entry]]] = {}
    for at, entry in said:
        of_day.setdefault(at.date(), []).append((at, entry))
    views = []
    for stored in sessions:
        at, record = stored.envelope.event_time, stored.record
        if not isinstance(record, Session) or at.date() < first:
            continue
        that_day = of_day.get(at.date(), [])
        before = [entry.pain_rest for when, entry in that_day if when <= at and entry.moment != "after"]
        after = [entry.pain_rest for when, entry in that_day if when > at and entry.moment == "after"]
        views.append(
            SessionView(
                id=stored.envelope.id,
                at=at,
                session=record,
                pain_before=before[-1] if before else None,
                pain_after=after[0] if after else None,
            )
        )
    return tuple(sorted(views, key=lambda view: view.at, reverse=True))


def _notes(reader: StoreReader, first: dt.date) -> tuple[NoteView, ...]:
    views = [
        NoteView(
            id=stored.envelope.id,
            at=stored.envelope.event_time,
            text=stored.record.text,
            author=stored.record.author,
            about=stored.record.about,
        )
        for stored in reader.all("notes")
        if isinstance(stored.record, Note) and stored.envelope.event_time.date() >= first
    ]
    return tuple(sorted(views, key=lambda view: view.at, reverse=True))


# ── numbers ─────────────────────────────────────────────────────────────────────────────────────


def _numbers(
    reader: StoreReader,
    entries: Sequence[Stored],
    pain: dict[dt.date, int],
    begun: dt.date | None,
    today: dt.date,
) -> Numbers:
    values = statistics.by_day(pain, begun or today + DAY, today)
    compared = statistics.last_against_first(values)
    recent = values[-DAYS:]
    slope = statistics.theil_sen(statistics.week_means(values[-LONG_DAYS:]))
    sessions = _session_views(entries, reader.all("sessions"), today - LONG_DAYS * DAY)
    pairs = (
        (one.pain_before, one.pain_after)
        for one in sessions
        if one.pain_before is not None and one.pain_after is not None
    )
    peg, pgic = (_scores(reader, form) for form in ("peg", "pgic"))
    return Numbers(
        first=compared.first,
        last=compared.last if compared.last is not None else statistics.median_of(recent),
        change=compared.change,
        days_rated=statistics.share_rated(recent).done,
        days=len(recent),
        trend=None if slope is None else Trend(per_week=slope.per_week, low=slope.low, high=slope.high),
        within_session=statistics.before_and_after(pairs),
        peg_first=peg[0] if peg else None,
        peg_last=peg[-1] if len(peg) > 1 else None,
        peg_change=statistics.peg_change(peg[0], peg[-1]) if len(peg) > 1 else "not_enough_data",
        pgic=int(pgic[-1]) if pgic else None,
    )


def _scores(reader: StoreReader, id_: str) -> list[float]:
    """Of every form that was filled in far enough, oldest first; nothing of a form that there is no more."""
    form = load_forms().get(id_)
    if form is None:
        return []
    scores = []
    for stored in reader.all("forms"):
        if isinstance(stored.record, Form) and stored.record.form == id_:
            with suppress(ValueError):  # an answer that this version of the form does not have
                scores.append(form.score(stored.record.answers))
    return [score for score in scores if score is not None]


def _kept(reader: StoreReader, sessions: Sequence[Stored], today: dt.date) -> Kept:
    all_days = sorted({stored.envelope.event_time.date() for stored in sessions})
    first = today - (DAYS - 1) * DAY
    recent = [
        stored.record
        for stored in sessions
        if isinstance(stored.record, Session) and first <= stored.envelope.event_time.date() <= today
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
    days_per_week = _days_per_week(reader, today)
    weeks = 0 if not all_days else min(WEEKS, (today - all_days[0]).days // 7)
    if days_per_week is None or not weeks:
        return kept
    begins = today - weeks * WEEK
    held = sum(begins < day <= today for day in all_days)
    return Kept(
        held=kept.held,
        done=kept.done,
        minutes=kept.minutes,
        early=kept.early,
        planned=days_per_week * weeks,
        held_of_planned=held,
    )


def _days_per_week(reader: StoreReader, today: dt.date) -> int | None:
    try:
        installed = newest_installed(reader)
    except PrescriptionError:
        return None
    if installed is not None:
        return installed.prescription.days_per_week
    return None if reader.kind == "real" else demonstration_prescription(today).days_per_week


def _levels(reader: StoreReader, today: dt.date) -> tuple[SideLevel, ...]:
    """Of the last twelve weeks, side by side; the newest waveform of each channel."""
    found = [
        (stored.envelope.event_time.date(), stored.record)
        for stored in reader.days("levels", today - LONG_DAYS * DAY, today)
        if isinstance(stored.record, LevelFound) and stored.record.comfortable_mA is not None
    ]
    newest = {record.channel: (day, record) for day, record in found}
    levels = []
    for channel, (last_day, record) in sorted(newest.items()):
        same = [
            (day, one.comfortable_mA or 0.0, one.ceiling_mA)
            for day, one in found
            if (one.channel, one.waveform) == (channel, record.waveform)
        ]
        before = [current for day, current, _ in same if day <= last_day - DAYS * DAY]
        levels.append(
            SideLevel(
                side=record.side,
                channel=channel,
                current_mA=record.comfortable_mA or 0.0,
                limit_mA=record.ceiling_mA,
                before_mA=before[-1] if before else None,
                days=tuple(same),
            )
        )
    return tuple(levels)


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
    """The newest word counts, by the order of writing; without a yes nobody looks."""
    consents = [
        stored.record
        for stored in reader.all("consents")
        if isinstance(stored.record, Consent) and stored.record.topic == "family"
    ]
    return bool(consents) and consents[-1].given
