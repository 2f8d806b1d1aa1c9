"""What today's session is, or why there is none: one pure function over prescription, history and clock.

Every rule is a small function with its source. A rule can only lower a number or close a day, never raise
or open; all that fire are said, as `Reason`s. Sources: safety rules 4, 6, 27–29; clinical reference 3–4.
"""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections.abc import Callable, Iterator

import msgspec

from programs import dose, follow_up, library, screening
from programs.history import (
    SKIN_LOCKS,
    WEEK,
    ClockThen,
    CourseHistory,
    DayLevel,
    LevelHistory,
    LevelKey,
    median_a_week_before_mA,
    median_of_last_three_mA,
    soreness_state,
)
from programs.montage import Kind, Lead, Montage
from programs.plan import ChannelPlan, NotToday, PlannedPhase, SessionPlan
from programs.prescription import Prescription
from programs.program import MAX_DAY_MINUTES, Programme
from programs.stage import StageToday, stage_today
from programs.text import Reason

PEAK_MA = {"nmes": 60.0, "tens": 50.0}
"""Nothing raises this (safety rules, constants)."""
WITHOUT_HISTORY_MA = 30.0
RISE = 1.1
RISE_MOST_MA = 5.0
"""Clinical reference 4: +10 % or +5 mA, the lower one; safety rule 4: of the median of the last three."""
CHANGED_WAVEFORM = 0.8
"""Safety rule 4: of the old charge per pulse phase, in the first session with another waveform."""
STEP_BACK = 0.8
"""After a day at a lowered limit the next one undoes no more than one cut of 20 % [D]."""
PHASE_SCALE = 0.4
"""Safety rule 4: warm-up and cool-down, of the person's level."""
NMES_REST = dt.timedelta(hours=48)
NMES_REST_FIRST_WEEKS = dt.timedelta(hours=72)
FIRST_WEEKS = dt.timedelta(days=14)
FIRST_SESSIONS = 3
WEEK0_DAYS = 7
RESTART_AFTER_DAYS = 28
SKIN_SHIFTS = 1
PAIN_UP_CLOSES = 2
"""Clinical reference 4, "Regress"."""
CUT_SHORT_HOLDS = 2
"""Sessions running that the person cut short: then the level does not rise [D]."""
FALL_HOLDS_PERCENT = 30
"""Clinical reference 6: tolerated mA more than 30 % below the median of three. It does not rise [D]."""


class TodayFacts(msgspec.Struct, frozen=True):
    """What the person said today. None: not asked yet (the home screen looks before the questions)."""

    soreness: int | None = None
    pain: int | None = None
    usual_pain: float | None = None
    muscles_closed: Reason | None = None
    """Why a lock closes muscle programmes until a clinician has looked; None: none does."""
    soreness_on: dt.date | None = None
    """The day on which the soreness was said, where that was before midnight; None: today."""


NOTHING_SAID = TodayFacts()


class _Day(msgspec.Struct, frozen=True):
    """Everything the rules look at."""

    prescription: Prescription
    history: CourseHistory
    facts: TodayFacts
    now: dt.datetime
    today: dt.date
    clock_trusted: bool
    device_kind: str
    stage: StageToday


class _Obstacle(msgspec.Struct, frozen=True):
    """Why not, and the first day on which it could be otherwise (None: not by waiting)."""

    reason: Reason
    again_on: dt.date | None = None


class _Ceiling(msgspec.Struct, frozen=True):
    current_mA: float
    reason: Reason


class _Factor(msgspec.Struct, frozen=True):
    """What today's level is multiplied with, because of `reason`."""

    factor: float
    reason: Reason


def next_session(
    prescription: Prescription,
    history: CourseHistory,
    now: dt.datetime,
    clock_trusted: bool,
    *,
    facts: TodayFacts = NOTHING_SAID,
    device_kind: str = "p24",
    unfit: Callable[[SessionPlan], Reason | None] = lambda _plan: None,
) -> SessionPlan | NotToday:
    """Today's session, or why there is none.

    `now` is aware. `clock_trusted`: an RTC or a synchronised clock; one that is behind a session that a
    trusted clock dated is not trusted, whatever is said of it. `unfit` says why the stimulator cannot play a
    session, or None: then the next programme is tried. Raises ValueError for a naive `now`.

    The first programme that no rule forbids: those of the course's present stage first, TENS while the
    muscles rest, in the prescription's order. Locks, screening and consent are not looked at here.
    """
    if now.tzinfo is None:
        raise ValueError("now must be aware")
    day = _day(prescription, history, now, clock_trusted, facts, device_kind)
    closed = [obstacle for rule in _DAY_RULES if (obstacle := rule(day)) is not None]
    if closed:
        return NotToday(_said(closed), _when_all_pass(closed))
    skipped = _stage_obstacles(day)
    for programme in _in_order(day):
        obstacles = [found for rule in _PROGRAMME_RULES if (found := rule(day, programme)) is not None]
        if not obstacles:
            planned = _plan(day, programme, _said(skipped))
            if isinstance(planned, _Obstacle):
                obstacles = [planned]
            elif (reason := unfit(planned)) is not None:
                obstacles = [_Obstacle(reason)]
            else:
                return planned
        skipped.append(_Obstacle(obstacles[0].reason, _when_all_pass(obstacles)))
    days = [obstacle.again_on for obstacle in skipped if obstacle.again_on is not None]
    return NotToday(_said(skipped), min(days, default=None))


def why_not_gone_on(
    programme_id: str,
    prescription: Prescription,
    history: CourseHistory,
    now: dt.datetime,
    clock_trusted: bool,
    *,
    facts: TodayFacts = NOTHING_SAID,
) -> NotToday | None:
    """Why a session that was stopped is not gone on with, by what was said since and by the day that it is;
    None: nothing forbids it.

    Whatever closes a day, and pain for a muscle programme. Rest and the sessions of a week are not looked at:
    those of this session are the ones it would go on with. Raises KeyError for an unknown programme.
    """
    day = _day(prescription, history, now, clock_trusted, facts)
    programme = library.load_programme(programme_id)
    closed = [obstacle for rule in _DAY_RULES if (obstacle := rule(day)) is not None]
    closed += [obstacle for rule in _PAIN_RULES if (obstacle := rule(day, programme)) is not None]
    return NotToday(_said(closed), _when_all_pass(closed)) if closed else None


def _day(
    prescription: Prescription,
    history: CourseHistory,
    now: dt.datetime,
    clock_trusted: bool,
    facts: TodayFacts,
    device_kind: str = "p24",
) -> _Day:
    trusted = clock_trusted and not _clock_is_behind(history, now)
    stage = todays_stage(prescription, history, now.date())
    return _Day(prescription, history, facts, now, now.date(), trusted, device_kind, stage)


def _clock_is_behind(history: CourseHistory, now: dt.datetime) -> bool:
    return any(session.ended_at > now for session in history.recent if session.clock_trusted)


def todays_stage(prescription: Prescription, history: CourseHistory, today: dt.date) -> StageToday:
    """Where in the prescribed course the person is. Raises KeyError for a course that there is not."""
    course = library.load_courses()[prescription.plan]
    return stage_today(course, set(prescription.programmes), history, prescription.plan, today)


def _in_order(day: _Day) -> list[Programme]:
    """The prescribed programmes of the stage, then TENS."""
    programmes = [library.load_programme(id_) for id_ in day.prescription.programmes]
    muscle = [programme for programme in programmes if programme.id in day.stage.programmes]
    return muscle + [programme for programme in programmes if programme.kind == "tens"]


def _stage_obstacles(day: _Day) -> list[_Obstacle]:
    """A stage of which nothing is prescribed: only the clinician can change that."""
    kinds = {library.load_programme(id_).kind for id_ in day.prescription.programmes}
    if day.stage.programmes or "nmes" not in kinds:
        return []
    return [_Obstacle(Reason("stage_not_prescribed", {"stage": day.stage.stage.id}))]


def _said(obstacles: list[_Obstacle]) -> tuple[Reason, ...]:
    """Their reasons, each once, the first first."""
    reasons = [obstacle.reason for obstacle in obstacles]
    return tuple(reason for index, reason in enumerate(reasons) if reason not in reasons[:index])


def _when_all_pass(obstacles: list[_Obstacle]) -> dt.date | None:
    """The day on which the last of them passes; None where one does not pass by waiting."""
    days = [obstacle.again_on for obstacle in obstacles]
    return max(day for day in days if day is not None) if None not in days else None


# ── rules that close the day ──


def _prescription_holds(day: _Day) -> _Obstacle | None:
    """Safety rule 28: not valid today → no therapy."""
    if day.today < day.prescription.valid_from:
        since = day.prescription.valid_from
        return _Obstacle(Reason("prescription_not_yet", {"from": since.isoformat()}), since)
    if not day.prescription.valid_on(day.today):
        return _Obstacle(expired(day.prescription))
    return None


def expired(prescription: Prescription) -> Reason:
    """It ended on its last day, by whichever clock that is known."""
    return Reason("prescription_expired", {"on": prescription.valid_until.isoformat()})


def _week0(day: _Day) -> _Obstacle | None:
    """Seven diary days before the first session (screens.md, flow; HEA14)."""
    passed = day.history.diary_days_before(day.today)
    if not day.prescription.week0 or day.history.sessions_done or passed >= WEEK0_DAYS:
        return None
    count = {"day": passed + 1, "of": WEEK0_DAYS}
    return _Obstacle(Reason("week0", count), day.today + dt.timedelta(days=1))


def _skin_heals(day: _Day) -> _Obstacle | None:
    """Skin 2 or worse locks until a clinician opens it (safety rule 27, clinical reference 4)."""
    opened = day.history.skin_opened_on
    for score in day.history.skin:
        if score.value >= SKIN_LOCKS and (opened is None or score.day > opened):
            return _Obstacle(Reason("skin_locked", {"skin": score.value, "on": score.day.isoformat()}))
    return None


def _soreness_passes(day: _Day) -> _Obstacle | None:
    """Soreness ≥ 4 or too long: not until ≤ 3 on two days running; ≥ 7: the clinician (safety rule 27)."""
    history = day.history
    if day.facts.soreness is not None:
        clock, said_on = ClockThen(day.clock_trusted), day.facts.soreness_on or day.today
        history = history.with_day(said_on, soreness=day.facts.soreness, clock=clock)
    state = soreness_state(history.soreness, history.soreness_opened_on)
    if state.needs_clinician:
        return _Obstacle(Reason("soreness_locked"))
    if not (state.locked or _is_sore_now(day, history, state.calm_days)):
        return None
    wait = dt.timedelta(days=max(1, screening.SORENESS_CALM_DAYS - state.calm_days))
    return _Obstacle(Reason("sore"), day.today + wait)


def _is_sore_now(day: _Day, history: CourseHistory, calm_days: int) -> bool:
    """What was said today, whatever the clock did: ≥ 4, or more than 72 h after muscle work (1D d_sore)."""
    return any(
        screening.soreness_finding(score.value, _hours_since_nmes(day), calm_days) is not None
        for score in history.soreness
        if score.day in (day.today, day.facts.soreness_on)
    )


def _hours_since_nmes(day: _Day) -> float | None:
    if day.history.last_nmes_end is None:
        return None
    return (day.now - day.history.last_nmes_end).total_seconds() / 3600


def _helps(day: _Day) -> _Obstacle | None:
    """Without benefit at the last review it stops until a clinician has looked (clinical reference 3.1)."""
    reason = follow_up.no_benefit(day.prescription, day.history, day.today)
    return None if reason is None else _Obstacle(reason)


def _days_of_the_week(day: _Day) -> _Obstacle | None:
    """Not more therapy days in any seven than prescribed. Days in a clock's future count as well."""
    others = sorted({session.ended_at.date() for session in day.history.recent} - {day.today})
    within = [other for other in others if other > day.today - WEEK]
    if len(within) < day.prescription.days_per_week:
        return None
    reason = Reason("days_per_week", {"days": day.prescription.days_per_week})
    return _Obstacle(reason, within[-day.prescription.days_per_week] + WEEK)


_DAY_RULES: tuple[Callable[[_Day], _Obstacle | None], ...] = (
    _prescription_holds,
    _week0,
    _helps,
    _skin_heals,
    _soreness_passes,
    _days_of_the_week,
)


# ── rules that rule a programme out ──


def _muscles_rest(day: _Day, programme: Programme) -> _Obstacle | None:
    """48 h between muscle sessions, 72 h in the first two weeks (clinical reference 4, CK15).

    Only a clock that was trusted then and is trusted now proves it (safety rule 29).
    """
    if programme.kind != "nmes" or day.history.last_nmes_end is None:
        return None
    end = day.history.muscles_rest_from
    if not day.clock_trusted or end is None:
        return _Obstacle(Reason("rest_not_known"))
    begun = day.history.first_nmes_day
    early = begun is None or day.today - begun < FIRST_WEEKS
    rested_at = end + (NMES_REST_FIRST_WEEKS if early else NMES_REST)
    if day.now >= rested_at:
        return None
    until = rested_at.astimezone(day.now.tzinfo).date()
    return _Obstacle(Reason("muscles_rest", {"until": until.isoformat()}), until)


def _pain_is_usual(day: _Day, programme: Programme) -> _Obstacle | None:
    """No muscle programme at the usual pain + 2 (clinical reference 1D d_pain, FLA21)."""
    if programme.kind != "nmes" or day.facts.pain is None:
        return None
    if screening.pain_finding(day.facts.pain, day.facts.usual_pain) is None:
        return None
    return _Obstacle(Reason("pain_high"), day.today + dt.timedelta(days=1))


def _pain_rose_twice(day: _Day, programme: Programme) -> _Obstacle | None:
    """Pain higher for 24 h after two muscle sessions within 28 days, or a lock for pain: TENS only, until
    reviewed (clinical reference 4, 6)."""
    if programme.kind != "nmes":
        return None
    if day.facts.muscles_closed is not None:
        return _Obstacle(day.facts.muscles_closed)
    unseen = day.history.pain_up_unseen
    return _Obstacle(Reason("pain_up_twice")) if len(unseen) >= PAIN_UP_CLOSES else None


def _stage_is_due(day: _Day, programme: Programme) -> _Obstacle | None:
    """Not more muscle sessions in any seven days than the stage has (clinical reference 3.1)."""
    if programme.kind != "nmes":
        return None
    most = day.stage.stage.sessions_per_week
    ended = [session.ended_at.date() for session in day.history.recent if session.kind == "nmes"]
    week = sorted(when for when in ended if when > day.today - WEEK)
    if len(week) < most:
        return None
    return _Obstacle(Reason("enough_this_week", {"times": most}), week[-most] + WEEK)


def _programme_goes_on(day: _Day, programme: Programme) -> _Obstacle | None:
    """One that ends after some weeks (relax: CPB) begins anew by a new prescription only."""
    run = day.history.runs.get(programme.id)
    if programme.weeks is None or run is None or day.history.prescription != day.prescription.serial:
        return None
    latest = max(day.today, day.history.last_session_day or day.today)  # a clock set back reopens nothing
    if latest - run.first_day < programme.weeks * WEEK:
        return None
    return _Obstacle(Reason("programme_over", {"weeks": programme.weeks}))


def _has_its_gap(day: _Day, programme: Programme) -> _Obstacle | None:
    """Some minutes between two sessions of it on one day (relax: 10, CPB)."""
    gap = dt.timedelta(minutes=programme.gap_minutes)
    ends = [session.ended_at for session in day.history.recent if session.programme == programme.id]
    if all(abs(day.now - end) >= gap for end in ends):
        return None
    return _Obstacle(Reason("gap_minutes", {"minutes": programme.gap_minutes}), day.today)


def _programme_is_due(day: _Day, programme: Programme) -> _Obstacle | None:
    """Not more often a day or a week than its dose (clinical reference 3.1); at most 135 minutes a day."""
    tomorrow = day.today + dt.timedelta(days=1)
    today = [session for session in day.history.recent if session.ended_at.date() == day.today]
    same = [session for session in day.history.recent if session.programme == programme.id]
    if len([session for session in same if session in today]) >= programme.per_day:
        return _Obstacle(Reason("enough_today", {"times": programme.per_day}), tomorrow)
    week = sorted(session.ended_at.date() for session in same if session.ended_at.date() > day.today - WEEK)
    if programme.per_week is not None and len(week) >= programme.per_week:
        reason = Reason("enough_this_week", {"times": programme.per_week})
        return _Obstacle(reason, week[-programme.per_week] + WEEK)
    minutes = sum(session.seconds_done for session in today) / 60
    planned = sum(phase.seconds for phase in _phases(day, programme)) / 60
    if minutes + planned > MAX_DAY_MINUTES:
        return _Obstacle(Reason("day_is_full", {"minutes": MAX_DAY_MINUTES}), tomorrow)
    return None


def _has_a_montage(day: _Day, programme: Programme) -> _Obstacle | None:
    """A prescribed montage must allow the programme's kind (clinical reference 2)."""
    if _montage_for(day.prescription, programme) is None:
        return _Obstacle(Reason("no_montage", {"programme": programme.id}))
    return None


_PAIN_RULES: tuple[Callable[[_Day, Programme], _Obstacle | None], ...] = (_pain_rose_twice, _pain_is_usual)
_PROGRAMME_RULES: tuple[Callable[[_Day, Programme], _Obstacle | None], ...] = (
    _has_a_montage,
    *_PAIN_RULES,
    _muscles_rest,
    _stage_is_due,
    _programme_goes_on,
    _programme_is_due,
    _has_its_gap,
)


# ── the session itself ──


def _plan(day: _Day, programme: Programme, skipped: tuple[Reason, ...]) -> SessionPlan | _Obstacle:
    montage = _montage_for(day.prescription, programme)
    assert montage is not None, "_has_a_montage went before"
    phases = _phases(day, programme)
    channels = [_channel(day, programme, phases, montage, lead) for lead in montage.leads]
    if any(channel.plan.ceiling_mA < dose.STEP_MA for channel in channels):
        return _Obstacle(Reason("limit_too_low"))
    said = [*skipped, *(day.stage.reasons if programme.kind == "nmes" else ())]
    said += _length_reasons(day, programme)
    said += [reason for channel in channels for reason in channel.reasons]
    said += _skin_reasons(day)
    return SessionPlan(
        kind=programme.kind,
        programme=programme.id,
        montage=montage,
        phases=phases,
        channels=tuple(channel.plan for channel in channels),
        reasons=tuple(reason for index, reason in enumerate(said) if reason not in said[:index]),
        contract_along=programme.kind == "nmes" and day.stage.stage.contract_along,
    )


def _montage_for(prescription: Prescription, programme: Programme) -> Montage | None:
    """The first prescribed montage for this kind, with the prescribed pads."""
    montages = (library.load_montage(id_) for id_ in prescription.montages)
    for montage in montages:
        if montage.armable and programme.kind in montage.kinds:
            return montage.with_pads(prescription.pads.width_cm, prescription.pads.height_cm)
    return None


def _phases(day: _Day, programme: Programme) -> tuple[PlannedPhase, ...]:
    """Warm-up, work, cool-down for a muscle programme; TENS is work only (clinical reference 3.1)."""
    work = _phase(programme, _work_minutes(day, programme), 1.0)
    if programme.kind == "tens":
        return (work,)
    warm_up, cool_down = library.load_programme("warm_up"), library.load_programme("cool_down")
    return (
        _phase(warm_up, warm_up.minutes, PHASE_SCALE),
        work,
        _phase(cool_down, cool_down.minutes, PHASE_SCALE),
    )


def _phase(programme: Programme, minutes: int, scale: float) -> PlannedPhase:
    return PlannedPhase(
        role=programme.role,
        programme=programme.id,
        seconds=minutes * 60,
        pulse_width_us=programme.pulse_width_us,
        frequency_Hz=programme.frequency_Hz,
        pattern=programme.pattern,
        scale=scale,
    )


def _is_among_the_first(day: _Day, programme: Programme) -> bool:
    return day.history.sessions_of_kind.get(programme.kind, 0) < FIRST_SESSIONS


def _work_minutes(day: _Day, programme: Programme) -> int:
    """The first three sessions of a kind have half the length; nmes_learn's 10 minutes are the half (CPX)."""
    if _is_among_the_first(day, programme) and not programme.is_half_length:
        return programme.minutes // 2
    return programme.minutes


def _length_reasons(day: _Day, programme: Programme) -> list[Reason]:
    if not _is_among_the_first(day, programme):
        return []
    number = day.history.sessions_of_kind.get(programme.kind, 0) + 1
    return [Reason("first_sessions_short", {"session": number, "of": FIRST_SESSIONS})]


def _skin_reasons(day: _Day) -> list[Reason]:
    """A pink spot the day after: the pads a little beside it (clinical reference 4, "Regress")."""
    marked = day.history.skin and day.history.skin[-1].value == SKIN_SHIFTS
    return [Reason("shift_pads")] if marked else []


# ── a channel's numbers (safety rule 4) ──


class _Channel(msgspec.Struct, frozen=True):
    plan: ChannelPlan
    reasons: tuple[Reason, ...]


class _FromZero(msgspec.Struct, frozen=True):
    """Why no slow rise is offered today, and what the limit is for that reason alone."""

    reason: Reason
    most_mA: float = math.inf


def _channel(
    day: _Day, programme: Programme, phases: tuple[PlannedPhase, ...], montage: Montage, lead: Lead
) -> _Channel:
    """C and L: C = min(prescription, pads, guard, history); L = min(C, last comfortable × factor), and a
    factor below 1 lowers C to L."""
    key = LevelKey(programme.waveform, montage.id, montage.pad_size, lead.side, lead.channel, day.device_kind)
    history = day.history.level_history(key)
    from_zero = _from_zero(day, programme, key, history)
    factors = _factors(day, programme.kind, history)
    ceilings = [
        *_fixed_ceilings(day, programme, phases, montage, lead),
        *_history_ceilings(day, programme, history, from_zero, factors),
    ]
    lowest = min(ceilings, key=lambda ceiling: ceiling.current_mA)
    ceiling_mA = dose.floor_to_step(lowest.current_mA)
    reference_mA = None
    if history is not None and from_zero is None:
        reference_mA = min(ceiling_mA, dose.floor_to_step(history.last.current_mA * _product(factors)))
    usual_mA = None if history is None else history.usual_first_feeling_mA
    plan = ChannelPlan(
        channel=lead.channel,
        ceiling_mA=ceiling_mA,
        set_by=lowest.reason,
        reference_mA=reference_mA,
        usual_first_feeling_mA=usual_mA,
    )
    reasons = [item.reason for item in factors] + ([from_zero.reason] if from_zero else [])
    if usual_mA is not None and ceiling_mA < usual_mA:
        reasons.append(Reason("may_feel_nothing"))
    return _Channel(plan, tuple(reasons))


def _fixed_ceilings(
    day: _Day, programme: Programme, phases: tuple[PlannedPhase, ...], montage: Montage, lead: Lead
) -> Iterator[_Ceiling]:
    """Prescription, pads (2.1) and what nothing raises; of every phase at its share of the level."""
    limit_mA = day.prescription.limit_for(lead.channel, programme.id)
    if limit_mA is not None:
        yield _Ceiling(limit_mA, Reason("prescription"))
    for phase in phases:
        pads_mA = dose.pad_ceiling_mA(montage.pad_area_cm2, phase.pulse_width_us, phase.frequency_Hz)
        yield _Ceiling(pads_mA / phase.scale, Reason("pads"))
        waveform_mA = dose.waveform_ceiling_mA(phase.pulse_width_us, phase.frequency_Hz)
        yield _Ceiling(waveform_mA / phase.scale, Reason("device"))
    yield _Ceiling(PEAK_MA[programme.kind], Reason("device"))


def _history_ceilings(
    day: _Day,
    programme: Programme,
    history: LevelHistory | None,
    from_zero: _FromZero | None,
    factors: tuple[_Factor, ...],
) -> Iterator[_Ceiling]:
    """What this person's levels allow (safety rule 4): all that she confirmed, and those of her own."""
    if factors:
        last_mA = history.last.current_mA if history else from_zero.most_mA if from_zero else math.inf
        yield _Ceiling(last_mA * _product(factors), factors[-1].reason)
    if from_zero is not None:
        yield _Ceiling(from_zero.most_mA, from_zero.reason)
    if history is None:
        return
    by_three, by_week = Reason("last_three"), Reason("last_week")
    yield from _rise_of(history.own, day.today, by_three, by_week)
    if history.last.held:
        by_three = by_week = Reason("step_by_step")
        yield _Ceiling(_step_back_mA(day, programme, history, from_zero, factors), by_three)
    yield from _rise_of(history.confirmed, day.today, by_three, by_week)
    for reason in _holds(day, programme, history):
        yield _Ceiling(median_of_last_three_mA(history.confirmed), reason)


def _rise_of(
    levels: tuple[DayLevel, ...], today: dt.date, by_three: Reason, by_week: Reason
) -> Iterator[_Ceiling]:
    """At most 10 % above the median of the last three, and above what that was 7 days ago."""
    usual_mA = median_of_last_three_mA(levels)
    yield _Ceiling(min(usual_mA * RISE, usual_mA + RISE_MOST_MA), by_three)
    yield _Ceiling(median_a_week_before_mA(levels, today) * RISE, by_week)


def _step_back_mA(
    day: _Day,
    programme: Programme,
    history: LevelHistory,
    from_zero: _FromZero | None,
    factors: tuple[_Factor, ...],
) -> float:
    """After a day at a lowered limit: one step a day back, and none while something speaks against it."""
    last = history.last
    rests = factors or from_zero or last.day >= day.today
    rests = rests or _minutes_rise(day, programme) or _is_cut_short(day, programme)
    return last.current_mA / (1 if rests else STEP_BACK)


def _product(factors: tuple[_Factor, ...]) -> float:
    return math.prod(item.factor for item in factors)


def _holds(day: _Day, programme: Programme, history: LevelHistory) -> Iterator[Reason]:
    """Why the level does not rise today."""
    if _minutes_rise(day, programme):
        yield Reason("longer_this_week")
    if _is_cut_short(day, programme):
        yield Reason("cut_short", {"times": day.history.cut_short[programme.kind]})
    if (fall := history.fall_percent) > FALL_HOLDS_PERCENT:
        yield Reason("tolerance_fell", {"percent": fall})


def _minutes_rise(day: _Day, programme: Programme) -> bool:
    """One variable a week: while minutes or duty rise, the level does not (clinical reference 4)."""
    before = day.history.work_minutes.get(programme.id)
    if before is not None and _work_minutes(day, programme) > before:
        return True
    rose_on = day.history.minutes_rose_on.get(programme.id)
    return rose_on is not None and day.today - rose_on < WEEK


def _is_cut_short(day: _Day, programme: Programme) -> bool:
    return day.history.cut_short.get(programme.kind, 0) >= CUT_SHORT_HOLDS


def _from_zero(
    day: _Day, programme: Programme, key: LevelKey, history: LevelHistory | None
) -> _FromZero | None:
    """None where levels compare and nothing changed since the last session of the kind: else 80 % of the old
    charge, or 30 mA, or what the levels of this place allow (safety rule 4).

    "Old" is what was confirmed last of the same kind under another waveform, pads, montage, side or device,
    on this channel and, if that was later, on another: a tingle says nothing of a contraction. Also after 28
    days, with a clock that cannot tell, and in the first session under another prescription (safety rules 24,
    28) the level is found from zero.
    """
    if history is None:
        old_mA = _old_mA(day.history, programme.kind, programme.pulse_width_us, key)
        if old_mA is None:
            return _FromZero(Reason("no_history"), WITHOUT_HISTORY_MA)
        return _FromZero(Reason("changed"), min(CHANGED_WAVEFORM * old_mA, WITHOUT_HISTORY_MA))
    last_mA = history.last.current_mA
    if not day.clock_trusted:
        usual_mA = min(median_of_last_three_mA(history.confirmed), last_mA)
        return _FromZero(Reason("clock_not_trusted"), min(usual_mA, WITHOUT_HISTORY_MA))
    if (days := _days_since_level(day, history)) >= RESTART_AFTER_DAYS:
        return _FromZero(Reason("restart", {"days": days}), min(last_mA, WITHOUT_HISTORY_MA))
    if history.prescription != day.prescription.serial:
        return _FromZero(Reason("new_prescription"))
    if _was_elsewhere(day.history, programme.kind, key):
        return _FromZero(Reason("changed"))
    return None


def _was_elsewhere(history: CourseHistory, kind: Kind, key: LevelKey) -> bool:
    """The last level of this kind was found with another waveform, montage, pads or device."""
    last = next(item.key for item in reversed(history.levels) if item.kind == kind)
    return msgspec.structs.replace(last, side=key.side, channel=key.channel) != key


def _old_mA(history: CourseHistory, kind: Kind, pulse_width_us: int, key: LevelKey) -> float | None:
    """The current that has the charge of the old level in today's pulse width; None: there is none."""
    others = [item for item in history.levels if item.kind == kind and item.key != key]
    if not others:
        return None
    newest = max(item.last.day for item in others)
    old = [item for item in others if item.last.day == newest]
    mine = [item for item in others if item.key.channel == key.channel]
    if mine:
        last = max(item.last.day for item in mine)
        old = [item for item in mine if item.last.day == last] + (old if last < newest else [])
    return min(_charge_uC(item) for item in old) * 1000 / pulse_width_us


def _charge_uC(item: LevelHistory) -> float:
    """Of the last level, or of what was usual where that is less."""
    level_mA = min(item.last.current_mA, median_of_last_three_mA(item.confirmed))
    return dose.charge_uC(level_mA, item.pulse_width_us)


def _days_since_level(day: _Day, history: LevelHistory) -> int:
    return (day.today - history.last.day).days


def _factors(day: _Day, kind: Kind, history: LevelHistory | None) -> tuple[_Factor, ...]:
    """What makes today's level lower (clinical reference 4, "Regress"); they multiply."""
    last_day = day.history.last_day_of_kind.get(kind)
    found = []
    if _was_sore_since(day, last_day):
        found.append(_Factor(0.8, Reason("lower_sore", {"percent": 20})))
    if {last_day, day.history.last_session_day} & day.history.pain_up_lowers:
        found.append(_Factor(0.8, Reason("lower_pain", {"percent": 20})))
    if history is not None:
        found += _gap_factor(_days_since_level(day, history))
    return tuple(found)


def _gap_factor(days: int) -> Iterator[_Factor]:
    """7–13 days without it −20 %, 14 and more −40 % (clinical reference 4)."""
    if days >= 14:
        yield _Factor(0.6, Reason("lower_gap", {"days": days, "percent": 40}))
    elif days >= 7:
        yield _Factor(0.8, Reason("lower_gap", {"days": days, "percent": 20}))


def _was_sore_since(day: _Day, since: dt.date | None) -> bool:
    """Soreness of 4 or more since the last session of this kind: −20 % (clinical reference 4)."""
    newest_first = reversed(day.history.soreness)
    scores = itertools.takewhile(lambda score: since is None or score.day >= since, newest_first)
    return any(score.value >= screening.SORE_POSTPONES for score in scores)
