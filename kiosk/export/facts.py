"""What the report is made of, gathered from the diary once. Nothing is worded or drawn here."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from typing import Final

import msgspec

from kiosk.diary.prescriptions import newest_installed
from kiosk.diary.records import Entry, FolderKind, Form, LevelFound, Lock, Session, Stored
from kiosk.diary.store import StoreReader
from kiosk.review import statistics
from kiosk.review.alerts import COMPARABLE, FLARE_POINTS, Told, told_in
from kiosk.review.statistics import Change, Comparison, Share, Slope
from programs.forms import load_forms
from programs.prescription import PrescriptionError, demonstration_prescription

WEEK: Final = dt.timedelta(days=7)
USUAL_WEEKS: Final = 12


class PainDay(msgspec.Struct, frozen=True):
    """The last rating at rest of one day."""

    day: dt.date
    pain: int
    late: bool
    """It was entered on a later day."""


class Held(msgspec.Struct, frozen=True):
    """One session with current."""

    day: dt.date
    minutes: float
    state: str
    stop_reason: str | None


class LevelPoint(msgspec.Struct, frozen=True):
    """What one channel was set to in one session."""

    day: dt.date
    channel: int
    side: str
    level_mA: float
    limit_mA: float


class Prescribed(msgspec.Struct, frozen=True):
    """Who set the limits."""

    pseudonym: str
    clinician: str
    serial: int
    since: dt.date | None
    days_per_week: int


class ReportFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that stands on the page. Each kind in the order of its days, within the period."""

    kind: FolderKind
    box_id: str
    version: str
    made: dt.datetime
    head: str
    lines: int
    """So many lines of the journal lead to `head`."""
    first: dt.date
    last: dt.date
    prescribed: Prescribed | None
    devices: tuple[str, ...]
    pain: tuple[PainDay, ...]
    mean: tuple[float | None, ...]
    """The 7-day mean of each day of the period; None: not enough ratings."""
    rated: Share
    """Days with a rating among the last 28 of the period."""
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
    all_entries = [one for one in reader.all("entries") if _day(one) <= last]
    entries = [one for one in all_entries if _day(one) >= first]
    said = [one.record for one in entries if isinstance(one.record, Entry)]
    ratings = pain_by_day(all_entries)
    whole = statistics.by_day(
        {day: one.pain for day, one in ratings.items()}, min(ratings, default=last), last
    )
    shown = statistics.by_day({day: one.pain for day, one in ratings.items()}, first, last)
    # The first days of the period have a mean as well, if the week before it has ratings.
    longer = statistics.by_day({day: one.pain for day, one in ratings.items()}, first - WEEK, last)
    with_before = statistics.rolling_mean(longer)
    sessions = held(reader.all("sessions"), first, last)
    prescribed = _prescribed(reader, made.date())
    pegs = _scores(reader.all("forms"), "peg", last)
    pgics = _scores(reader.all("forms"), "pgic", last)
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
        prescribed=prescribed,
        devices=_devices(reader.all("sessions"), first, last),
        pain=tuple(one for day, one in sorted(ratings.items()) if day >= first),
        mean=tuple(None if value != value else float(value) for value in with_before[7:]),
        rated=statistics.share_rated(shown[-statistics.BLOCK_DAYS :]),
        comparison=statistics.last_against_first(whole),
        slope=statistics.theil_sen(statistics.week_means(shown)),
        sessions=sessions,
        kept=statistics.sessions_a_week(
            [session.day for session in sessions], first, last, prescribed.days_per_week if prescribed else 0
        ),
        medicine=_medicine_days(entries, {True}),
        asked_medicine=len(_medicine_days(entries, {True, False})),
        levels=_levels(reader.all("levels"), first, last),
        before_after=statistics.before_and_after(_before_and_after(entries)),
        peg_first=pegs[0] if pegs else None,
        peg_last=pegs[-1] if len(pegs) > 1 else None,
        peg_change=statistics.peg_change(pegs[0], pegs[-1]) if len(pegs) > 1 else "not_enough_data",
        pgic=int(pgics[-1]) if pgics else None,
        skin_worst=max((entry.skin for entry in said if entry.skin is not None), default=None),
        sore_worst=max((entry.soreness for entry in said if entry.soreness is not None), default=None),
        flares=tuple(
            one.day
            for day, one in sorted(ratings.items())
            if day >= first and one.pain >= with_before[(day - first).days + 6] + FLARE_POINTS
        ),
        alerts=tuple(one for one in told if one.stands or first <= one.at.date() <= last),
        locks=tuple(one.record for one in reader.locks_open() if isinstance(one.record, Lock)),
        late=sum(one.entered_late for one in entries),
        entries=len(entries),
        untrusted=sum(not one.envelope.clock_trusted for one in entries),
    )


def pain_by_day(entries: Iterable[Stored]) -> dict[dt.date, PainDay]:
    """Each day's last comparable rating at rest."""
    found: dict[dt.date, PainDay] = {}
    for stored in sorted(entries, key=lambda one: one.envelope.event_time):
        entry = stored.record
        if isinstance(entry, Entry) and entry.moment in COMPARABLE and entry.pain_rest is not None:
            found[_day(stored)] = PainDay(_day(stored), entry.pain_rest, stored.entered_late)
    return found


def held(sessions: Iterable[Stored], first: dt.date, last: dt.date) -> tuple[Held, ...]:
    """The sessions of the period in which some of the plan was played."""
    found = [
        Held(_day(one), one.record.seconds_done / 60, one.record.state, one.record.stop_reason)
        for one in sessions
        if isinstance(one.record, Session) and one.record.seconds_done > 0 and first <= _day(one) <= last
    ]
    return tuple(sorted(found, key=lambda session: session.day))


def _levels(levels: Iterable[Stored], first: dt.date, last: dt.date) -> tuple[LevelPoint, ...]:
    """Each channel's last confirmed level of each session."""
    found: dict[tuple[str, int], LevelPoint] = {}
    for stored in levels:
        level = stored.record
        if not isinstance(level, LevelFound) or level.comfortable_mA is None:
            continue
        if first <= _day(stored) <= last:
            found[level.session_id, level.channel] = LevelPoint(
                _day(stored), level.channel, level.side, level.comfortable_mA, level.ceiling_mA
            )
    return tuple(sorted(found.values(), key=lambda point: (point.day, point.channel)))


def _before_and_after(entries: Sequence[Stored]) -> list[tuple[float, float]]:
    """Pain before and after each session where both were said: the newest before of the same day."""
    pairs: list[tuple[float, float]] = []
    before: dict[dt.date, int] = {}
    for stored in sorted(entries, key=lambda one: one.envelope.event_time):
        entry = stored.record
        if not isinstance(entry, Entry) or entry.pain_rest is None:
            continue
        if entry.moment == "before":
            before[_day(stored)] = entry.pain_rest
        elif entry.moment == "after" and _day(stored) in before:
            pairs.append((before.pop(_day(stored)), entry.pain_rest))
    return pairs


def _scores(forms: Iterable[Stored], form: str, last: dt.date) -> list[float]:
    """The scores of one form up to `last`, oldest first."""
    text = load_forms()[form]
    filled = [one for one in forms if isinstance(one.record, Form) and one.record.form == form]
    filled = sorted((one for one in filled if _day(one) <= last), key=lambda one: one.envelope.event_time)
    scores = []
    for stored in filled:
        assert isinstance(stored.record, Form)
        try:
            score = text.score(stored.record.answers)
        except ValueError:  # items of another version of the form
            continue
        if score is not None:
            scores.append(score)
    return scores


def _prescribed(reader: StoreReader, today: dt.date) -> Prescribed | None:
    """The newest prescription, valid or not; what this version does not understand is left out."""
    try:
        installed = newest_installed(reader)
    except PrescriptionError:
        return None
    if installed is None:
        if reader.kind == "real":
            return None
        prescription, since = demonstration_prescription(today), None
    else:
        prescription, since = installed.prescription, installed.stored.envelope.event_time.date()
    return Prescribed(
        pseudonym=prescription.patient.pseudonym,
        clinician=prescription.clinician.name,
        serial=prescription.serial,
        since=since,
        days_per_week=prescription.days_per_week,
    )


def _devices(sessions: Iterable[Stored], first: dt.date, last: dt.date) -> tuple[str, ...]:
    ids = (one.envelope.device_id for one in sessions if first <= _day(one) <= last)
    return tuple(sorted({id_ for id_ in ids if id_}))


def _medicine_days(entries: Iterable[Stored], said: set[bool]) -> tuple[dt.date, ...]:
    days = {_day(one) for one in entries if isinstance(one.record, Entry) and one.record.medicine in said}
    return tuple(sorted(days))


def _day(stored: Stored) -> dt.date:
    return stored.envelope.event_time.date()
