"""What the report is made of, gathered from the diary once. Nothing is worded or drawn here."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Final

import msgspec

from kiosk.diary.meanings import lost_in_restores
from kiosk.diary.records import Entry, FolderKind, Lock, Session, Stored
from kiosk.diary.store import StoreReader
from kiosk.review import series, statistics
from kiosk.review.alerts import FLARE_POINTS, Told, told_in
from kiosk.review.series import LevelPoint, PainDay, day_of
from kiosk.review.statistics import Change, Comparison, Share, Slope

WEEK: Final = dt.timedelta(days=7)
USUAL_WEEKS: Final = 12


class Held(msgspec.Struct, frozen=True):
    """One session with current."""

    day: dt.date
    minutes: float
    state: str
    stop_reason: str | None


class Prescribed(msgspec.Struct, frozen=True):
    """Who set the limits."""

    pseudonym: str
    clinician: str
    serial: int
    since: dt.date | None


class ReportFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that stands on the page. Each kind in the order of its days, within the period."""

    kind: FolderKind
    box_id: str
    version: str
    made: dt.datetime
    head: str
    """Empty: the newest month cannot be read."""
    lines: int
    """So many lines of the journal lead to `head`."""
    first: dt.date
    last: dt.date
    begun: dt.date | None
    """The day of the first entry of all; None: there is none yet."""
    prescribed: Prescribed | None
    devices: tuple[str, ...]
    pain: tuple[PainDay, ...]
    mean: tuple[float | None, ...]
    """The 7-day mean of each day of the period; None: not enough ratings."""
    rated: Share
    """Days with a rating among the last 28 of the period, since the diary was begun."""
    comparison: Comparison
    """First four weeks of all ratings against the last four before the end of the period."""
    slope: Slope | None
    sessions: tuple[Held, ...]
    kept: tuple[Share, ...]
    """Whole weeks from the first day of the period on."""
    medicine: tuple[dt.date, ...]
    asked_medicine: int
    """Days on which medicine was answered at all."""
    levels: tuple[LevelPoint, ...]
    before_after: float | None
    """The median change of pain within a session; None below five sessions."""
    peg_first: float | None
    peg_last: float | None
    peg_change: Change
    pgic: int | None
    skin_worst: int | None
    sore_worst: int | None
    flares: tuple[dt.date, ...]
    """Days two points or more above the mean of the seven days before."""
    alerts: tuple[Told, ...]
    """Those of the period and all that nobody has acknowledged."""
    locks: tuple[Lock, ...]
    """Therapy, or muscle programmes, are locked now."""
    late: int
    """Entries of the period that were written on a later day."""
    entries: int
    untrusted: int
    """Entries of the period whose clock could not be believed."""
    unreadable: tuple[str, ...]
    """Months ("2026-10") that are missing, because they cannot be read."""

    @property
    def minutes(self) -> float:
        return sum(session.minutes for session in self.sessions)

    @property
    def stop_reasons(self) -> Mapping[str, int]:
        """Why sessions ended early → how often, the most frequent first."""
        reasons = Counter(
            session.stop_reason or session.state for session in self.sessions if session.state != "done"
        )
        return dict(reasons.most_common())


def read_facts(reader: StoreReader, first: dt.date | None, last: dt.date | None) -> ReportFacts:
    """The facts of the days from `first` to `last`, both included.

    `last` None: today; `first` None: twelve weeks up to it. Raises DiaryDamaged.
    """
    made = reader.clock.now()
    head, lines = reader.head()
    last = last or made.date()
    first = first or last - USUAL_WEEKS * WEEK + dt.timedelta(days=1)
    all_entries = [one for one in reader.all("entries") if day_of(one) <= last]
    entries = [one for one in all_entries if day_of(one) >= first]
    said = [one.record for one in entries if isinstance(one.record, Entry)]
    ratings = series.pain_by_day(all_entries)
    pain = {day: one.pain for day, one in ratings.items()}
    whole = statistics.by_day(pain, min(pain, default=last), last)
    shown = statistics.by_day(pain, first, last)
    begun = min(map(day_of, all_entries), default=None)
    # A day before the diary was begun is none without a rating.
    since = max(first, begun) if begun is not None else first
    # The first days of the period have a mean as well, if the week before it has ratings.
    with_before = statistics.rolling_mean(statistics.by_day(pain, first - WEEK, last))
    all_sessions = [one for one in reader.all("sessions") if first <= day_of(one) <= last]
    sessions = held(all_sessions)
    planned = series.days_planned(reader, made.date())
    forms = [one for one in reader.all("forms") if day_of(one) <= last]
    pegs, pgics = series.scores(forms, "peg"), series.scores(forms, "pgic")
    around = series.around_sessions(entries, all_sessions).values()
    told = told_in(reader)
    return ReportFacts(
        kind=reader.kind,
        box_id=reader.box_id,
        version=version("homestim"),
        made=made,
        head=head,
        lines=lines,
        first=first,
        last=last,
        begun=begun,
        prescribed=_prescribed(reader, made.date()),
        devices=tuple(sorted({one.envelope.device_id for one in all_sessions} - {""})),
        pain=tuple(one for day, one in ratings.items() if day >= first),
        mean=tuple(None if value != value else float(value) for value in with_before[7:]),
        rated=statistics.share_rated(statistics.by_day(pain, since, last)[-statistics.BLOCK_DAYS :]),
        comparison=statistics.last_against_first(whole),
        slope=statistics.theil_sen(statistics.week_means(shown)),
        sessions=sessions,
        kept=statistics.sessions_a_week(
            [session.day for session in sessions],
            first,
            last,
            lambda day: series.planned_on(planned, day) or 0,
        ),
        medicine=_medicine_days(entries, {True}),
        asked_medicine=len(_medicine_days(entries, {True, False})),
        levels=tuple(
            point for point in series.level_points(reader.all("levels")) if first <= point.day <= last
        ),
        before_after=statistics.before_and_after(one.pair for one in around if one.pair is not None),
        peg_first=pegs[0] if pegs else None,
        peg_last=pegs[-1] if len(pegs) > 1 else None,
        peg_change=statistics.peg_change(pegs[0], pegs[-1]) if len(pegs) > 1 else "not_enough_data",
        pgic=int(pgics[-1]) if pgics else None,
        skin_worst=max((entry.skin for entry in said if entry.skin is not None), default=None),
        sore_worst=max((entry.soreness for entry in said if entry.soreness is not None), default=None),
        flares=tuple(
            one.day
            for day, one in ratings.items()
            if day >= first and one.pain >= with_before[(day - first).days + 6] + FLARE_POINTS
        ),
        alerts=tuple(one for one in told if one.stands or first <= one.at.date() <= last),
        locks=tuple(one.record for one in reader.locks_open() if isinstance(one.record, Lock)),
        late=sum(one.entered_late for one in entries),
        entries=len(entries),
        untrusted=sum(not one.envelope.clock_trusted for one in entries),
        unreadable=tuple(sorted({*reader.unreadable, *lost_in_restores(reader.facts("locks"))})),
    )


def held(sessions: Iterable[Stored]) -> tuple[Held, ...]:
    """Those in which some of the plan was played."""
    found = [
        Held(day_of(one), one.record.seconds_done / 60, one.record.state, one.record.stop_reason)
        for one in sessions
        if isinstance(one.record, Session) and one.record.seconds_done > 0
    ]
    return tuple(sorted(found, key=lambda session: session.day))


def _prescribed(reader: StoreReader, today: dt.date) -> Prescribed | None:
    """The newest prescription, valid or not."""
    newest = series.in_force(reader, today)
    if newest is None:
        return None
    return Prescribed(
        pseudonym=newest.prescription.patient.pseudonym,
        clinician=newest.prescription.clinician.name,
        serial=newest.prescription.serial,
        since=None if newest.installed_at is None else newest.installed_at.date(),
    )


def _medicine_days(entries: Iterable[Stored], said: set[bool]) -> tuple[dt.date, ...]:
    days = {day_of(one) for one in entries if isinstance(one.record, Entry) and one.record.medicine in said}
    return tuple(sorted(days))
