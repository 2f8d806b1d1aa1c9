"""For any history, answers and clock: never above a ceiling, never against a rest, never past a closed day.

The oracle reads the whole log, by its own arithmetic; the rules see only the rolling summary.
"""

from __future__ import annotations

import datetime as dt
import itertools
import math
from dataclasses import dataclass, field
from statistics import median

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from programs import library
from programs.history import CourseHistory, Level, LevelKey, PastSession, is_held
from programs.plan import ChannelPlan, NotToday, SessionPlan
from programs.prescription import PadsPrescribed, Prescription, demonstration_prescription, problems
from programs.progression import TodayFacts, next_session

START = dt.datetime(2025, 3, 1, 9, tzinfo=dt.UTC)
DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)
PROGRAMMES = ["nmes_learn", "nmes_end", "nmes_str", "tens_conv", "tens_low", "tens_burst", "relax"]
PADS = [(5.0, 9.0), (4.0, 6.4), (5.0, 5.0)]


@st.composite
def prescriptions(draw: st.DrawFn) -> Prescription:
    """Any prescription that passes its checks."""
    base = demonstration_prescription(START.date())
    programmes = tuple(draw(st.lists(st.sampled_from(PROGRAMMES), min_size=1, max_size=4, unique=True)))
    if any(id_.startswith("nmes") for id_ in programmes) and "nmes_learn" not in programmes:
        programmes = (*programmes, "nmes_learn")
    montages = tuple(draw(st.permutations(["M4-par", "M2", "M4-cross"])))
    half_mA = st.integers(1, 120).map(lambda value: value / 2)
    keys = st.sampled_from(["1", "2", *programmes])
    found = msgspec.structs.replace(
        base,
        valid_from=START.date() - 3 * DAY,
        valid_until=START.date() + draw(st.integers(0, 400)) * DAY,
        programmes=programmes,
        montages=montages,
        pads=PadsPrescribed(*draw(st.sampled_from(PADS))),
        days_per_week=draw(st.integers(1, 7)),
        limits=draw(st.dictionaries(keys, half_mA, max_size=3)),
    )
    assert not list(problems(found))
    return found


@dataclass
class Log:
    """The whole truth, for the oracle."""

    sessions: list[PastSession] = field(default_factory=list)
    levels: list[Level] = field(default_factory=list)
    soreness: dict[dt.date, int] = field(default_factory=dict)
    skin: dict[dt.date, int] = field(default_factory=dict)
    summary: CourseHistory = field(default_factory=CourseHistory)

    def add(self, fact: PastSession | Level) -> None:
        if isinstance(fact, PastSession):
            self.sessions.append(fact)
            self.summary = self.summary.with_session(fact)
        else:
            self.levels.append(fact)
            self.summary = self.summary.with_level(fact)

    def say(self, day: dt.date, soreness: int, skin: int) -> None:
        self.soreness[day] = max(soreness, self.soreness.get(day, 0))
        self.skin[day] = max(skin, self.skin.get(day, 0))
        self.summary = self.summary.with_day(day, soreness=soreness, skin=skin)


def check(
    log: Log, rx: Prescription, now: dt.datetime, trusted: bool, facts: TodayFacts, plan: SessionPlan
) -> None:
    today = now.date()
    programme = library.load_programme(plan.programme)
    assert rx.valid_from <= today <= rx.valid_until
    assert programme.armable
    assert plan.programme in rx.programmes
    assert plan.montage.id in rx.montages
    assert plan.kind in plan.montage.kinds
    check_limits(rx, plan)
    check_rest(log, rx, now, trusted, plan)
    check_answers(log, today, facts, plan)
    check_levels(log, today, trusted, plan)


def check_limits(rx: Prescription, plan: SessionPlan) -> None:
    area = rx.pads.width_cm * rx.pads.height_cm
    assert plan.montage.pad_area_cm2 == area
    assert sum(phase.seconds for phase in plan.phases) <= 45 * 60
    assert plan.kind == "tens" or plan.work.seconds <= 30 * 60
    for channel in plan.channels:
        ceiling = channel.ceiling_mA
        assert ceiling >= 0.5
        assert ceiling % 0.5 == 0
        assert ceiling <= min(rx.limits.get(str(channel.channel), 99), rx.limits.get(plan.programme, 99))
        assert ceiling <= {"nmes": 60, "tens": 50}[plan.kind]
        assert channel.reference_mA is None or 0 <= channel.reference_mA <= ceiling
        for phase in plan.phases:
            current = ceiling * phase.scale
            rms = current * math.sqrt(2 * phase.pulse_width_us * 1e-6 * phase.frequency_Hz)
            assert current / area <= 2 + 1e-9
            assert rms / (area / 2) <= 2 + 1e-9
            assert rms <= 16 + 1e-9
            assert current * phase.pulse_width_us / 1000 <= 21 + 1e-9


def check_rest(log: Log, rx: Prescription, now: dt.datetime, trusted: bool, plan: SessionPlan) -> None:
    today = now.date()
    nmes = [session for session in log.sessions if session.kind == "nmes"]
    if plan.kind == "nmes" and nmes:
        assert trusted
        since = log.sessions[log.sessions.index(nmes[-1]) :]
        known = [session.ended_at for session in since if session.clock_trusted]
        assert known, "a trusted clock saw the muscles rest, from their session or one after it"
        early = (today - nmes[0].ended_at.date()).days < 14
        assert now - known[0] >= (72 if early else 48) * HOUR
        assert (today - nmes[-1].ended_at.date()).days < 28 or plan.programme == "nmes_learn"
    others = {session.ended_at.date() for session in log.sessions} - {today}
    assert len([day for day in others if day > today - 7 * DAY]) < rx.days_per_week
    programme = library.load_programme(plan.programme)
    week = [session for session in nmes if session.ended_at.date() > today - 7 * DAY]
    assert plan.kind == "tens" or len(week) < 3
    same = [session for session in log.sessions if session.programme == plan.programme]
    assert len([session for session in same if session.ended_at.date() == today]) < programme.per_day
    if programme.per_week is not None:
        week = [session for session in same if session.ended_at.date() > today - 7 * DAY]
        assert len(week) < programme.per_week
    done = sum(session.seconds_done for session in log.sessions if session.ended_at.date() == today)
    assert done + sum(phase.seconds for phase in plan.phases) <= 135 * 60


def check_answers(log: Log, today: dt.date, facts: TodayFacts, plan: SessionPlan) -> None:
    said = dict(log.soreness)
    if facts.soreness is not None:
        said[today] = max(facts.soreness, said.get(today, 0))
    assert all(value < 7 for value in said.values())
    assert said.get(today, 0) < 4
    sore_days = [day for day, value in said.items() if value >= 4]
    if sore_days:
        after = sorted(day for day in said if day > max(sore_days))
        assert any(later - earlier == DAY for earlier, later in itertools.pairwise(after))
    assert all(value < 2 for value in log.skin.values())
    if facts.pain is not None and facts.usual_pain is not None and facts.pain >= facts.usual_pain + 2:
        assert plan.kind == "tens"


def check_levels(log: Log, today: dt.date, trusted: bool, plan: SessionPlan) -> None:
    for channel, lead in zip(plan.channels, plan.montage.leads, strict=True):
        key = LevelKey(
            plan.work.waveform, plan.montage.id, plan.montage.pad_size, lead.side, lead.channel, "p24"
        )
        mine = [level for level in log.levels if level.key == key]
        check_channel(mine, today, trusted, channel)


def check_channel(mine: list[Level], today: dt.date, trusted: bool, channel: ChannelPlan) -> None:
    """`mine`: the levels that compare with today's. Their rises and cuts: `test_safety_rule_4`."""
    ceiling = channel.ceiling_mA
    if not mine or not trusted:
        assert channel.reference_mA is None
    if not mine:
        assert ceiling <= 30
        return
    currents, last = [level.comfortable_mA or 0.0 for level in mine], mine[-1]
    assert ceiling <= 1.1 * median(currents[-3:]) + 1e-9
    before = [level.comfortable_mA or 0.0 for level in mine if level.day <= today - 7 * DAY]
    assert ceiling <= 1.1 * (median(before[-3:]) if before else currents[0]) + 1e-9
    gap = (today - last.day).days
    if gap >= 7:
        assert ceiling <= currents[-1] * (0.8 if gap < 14 else 0.6) + 1e-9
    if gap >= 28:
        assert channel.reference_mA is None
    if not trusted:
        assert ceiling <= currents[-1]


@st.composite
def steps(draw: st.DrawFn) -> list[tuple[float, bool, TodayFacts, float, int]]:
    """(hours later, clock trusted, what is said, share of the ceiling that was comfortable, skin) …"""
    hours = st.one_of(st.floats(0.5, 60), st.floats(60, 40 * 24), st.floats(-30, 0))
    score = st.one_of(st.none(), st.integers(0, 3), st.integers(0, 10))
    facts = st.builds(TodayFacts, soreness=score, pain=score, usual_pain=st.sampled_from([None, 3.0, 5.5]))
    skin = st.sampled_from([0, 0, 0, 0, 1, 1, 2, 4])
    trusted = st.sampled_from([True, True, True, False])
    return draw(
        st.lists(st.tuples(hours, trusted, facts, st.floats(0.1, 1.0), skin), min_size=1, max_size=40)
    )


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(prescriptions(), steps(), st.sampled_from([None, 0.3]))
def test_no_course_ever_breaks_a_rule(
    rx: Prescription, course: list[tuple[float, bool, TodayFacts, float, int]], stopped_at: float | None
) -> None:
    log, now = Log(), START
    for hours, clock_trusted, facts, comfortable, skin in course:
        now += hours * HOUR
        behind = any(session.ended_at > now and session.clock_trusted for session in log.sessions)
        plan = next_session(rx, log.summary, now, clock_trusted, facts=facts)
        if isinstance(plan, NotToday):
            assert plan.reasons
            assert plan.again_on is None or behind or plan.again_on >= now.date()
        else:
            check(log, rx, now, clock_trusted and not behind, facts, plan)
            play(log, plan, now, clock_trusted, comfortable, stopped_at)
        if facts.soreness is not None:
            log.say(now.date(), facts.soreness, skin)


def play(
    log: Log, plan: SessionPlan, now: dt.datetime, trusted: bool, comfortable: float, stopped_at: float | None
) -> None:
    """A person goes through the session as far as `stopped_at` of it, and likes this share of the ceiling."""
    planned = sum(phase.seconds for phase in plan.phases)
    done = planned if stopped_at is None else int(planned * stopped_at)
    end = now + dt.timedelta(seconds=done)
    log.add(PastSession(plan.programme, plan.kind, end, trusted, plan.work.seconds // 60, planned, done))
    for channel, lead in zip(plan.channels, plan.montage.leads, strict=True):
        current = max(0.5, math.floor(channel.ceiling_mA * comfortable * 2) / 2)
        key = LevelKey(
            plan.work.waveform, plan.montage.id, plan.montage.pad_size, lead.side, lead.channel, "p24"
        )
        held = is_held(current, channel.ceiling_mA, channel.set_by.rule)
        width = plan.work.pulse_width_us
        log.add(Level(key, plan.kind, width, now.date(), current, current / 2, held=held, prescription=1))


@settings(max_examples=100, deadline=None)
@given(prescriptions(), steps())
def test_the_summary_does_not_grow_with_the_years(
    rx: Prescription, course: list[tuple[float, bool, TodayFacts, float, int]]
) -> None:
    log, now = Log(), START
    everything = TodayFacts()
    for hours, trusted, facts, comfortable, _ in course * 3:
        now += hours * HOUR
        plan = next_session(rx, log.summary, now, trusted, facts=everything)
        if isinstance(plan, SessionPlan):
            play(log, plan, now, trusted, comfortable, None)
        log.say(now.date(), min(3, facts.soreness or 0), 0)
    summary = log.summary
    assert len(summary.recent) <= 64
    assert len(summary.soreness) <= 41
    assert all(len(item.confirmed) <= 64 for item in summary.levels)


def test_after_ten_years_the_summary_is_as_large_as_after_three() -> None:
    """Sessions every other day, an entry every day, new pads every quarter, other doses every year."""
    history, sizes = CourseHistory(), {}
    for day in range(3650):
        now = START + day * DAY
        history = history.with_day(now.date(), soreness=day % 7, skin=day % 3 == 0)
        history = history.with_pain(now.date(), day % 11)
        if day % 10 == 0:
            history = history.with_pain_up(now.date()).with_prescription(now.date())
        if day % 2 == 0:
            programme = PROGRAMMES[day // 2 % len(PROGRAMMES)]
            kind = library.load_programme(programme).kind
            plan = f"plan-{day // 400}"
            history = history.with_session(
                PastSession(programme, kind, now, True, 10, 1500, 1500, plan, day // 90)
            )
            for channel in (1, 2):
                waveform = library.load_programme(programme).waveform
                pads, content = f"5x{9 + day // 90}", "0" * 60 + f"{day // 365}"
                key = LevelKey(waveform, "M4-par", pads, "left", channel, "p24", content)
                history = history.with_level(Level(key, kind, 250, now.date(), 12.0, 5.0, 7.0))
        if day % 365 == 364:
            sizes[day // 365 + 1] = len(msgspec.json.encode(history))
    early, late = (max(sizes[year] for year in years) for years in ((1, 2, 3), (8, 9, 10)))
    assert late <= 1.1 * early, sizes
    assert late < 30_000, sizes
    assert len(history.levels) <= 24


@settings(max_examples=200, deadline=None)
@given(prescriptions(), steps(), st.integers(0, 10), st.integers(0, 10))
def test_more_soreness_or_pain_never_opens_a_session(
    rx: Prescription,
    course: list[tuple[float, bool, TodayFacts, float, int]],
    soreness: int,
    pain: int,
) -> None:
    log, now = Log(), START
    for hours, trusted, _, comfortable, _ in course:
        now += abs(hours) * HOUR
        plan = next_session(rx, log.summary, now, trusted)
        if isinstance(plan, SessionPlan):
            play(log, plan, now, trusted, comfortable, None)
    now += 3 * DAY
    mild = TodayFacts(soreness=min(soreness, 1), pain=min(pain, 1), usual_pain=3)
    better = next_session(rx, log.summary, now, True, facts=mild)
    worse = next_session(rx, log.summary, now, True, facts=TodayFacts(soreness, pain, 3))
    if isinstance(better, NotToday):
        assert isinstance(worse, NotToday)
    elif isinstance(worse, SessionPlan) and worse.programme == better.programme:
        for one, other in zip(worse.channels, better.channels, strict=True):
            assert one.ceiling_mA <= other.ceiling_mA
