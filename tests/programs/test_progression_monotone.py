"""A worse answer never yields a laxer plan: no session that was closed, no higher limit, no more minutes.

What is not compared is said where it is left out: a worse answer may lead to another programme (TENS in place
of the muscles), whose levels are of another kind.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from programs import library
from programs.history import CourseHistory, Level, LevelKey, PastSession, is_held
from programs.plan import NotToday, SessionPlan
from programs.prescription import Prescription, demonstration_prescription
from programs.progression import TodayFacts, next_session

START = dt.datetime(2025, 3, 1, 9, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
replace = msgspec.structs.replace
Found = SessionPlan | NotToday


def not_laxer(worse: Found, better: Found) -> None:
    if isinstance(better, NotToday):
        assert isinstance(worse, NotToday)
        return
    if isinstance(worse, NotToday):
        return
    if worse.programme != better.programme:
        # The same rules close it for the worse answer alone: the muscles rest, TENS stands in.
        assert (worse.kind, better.kind) != ("nmes", "tens")
        return
    assert worse.minutes <= better.minutes
    assert worse.work.seconds <= better.work.seconds
    for one, other in zip(worse.channels, better.channels, strict=True):
        assert one.ceiling_mA <= other.ceiling_mA
        if other.reference_mA is None:
            assert one.reference_mA is None
        elif one.reference_mA is not None:
            assert one.reference_mA <= other.reference_mA


PLANS = sorted(library.load_courses())


@st.composite
def prescriptions(draw: st.DrawFn) -> Prescription:
    plan = draw(st.sampled_from(PLANS))
    return replace(
        demonstration_prescription(START.date()),
        valid_until=START.date() + 900 * DAY,
        plan=plan,
        programmes=library.load_courses()[plan].programmes,
        days_per_week=draw(st.integers(2, 7)),
        limits={},
    )


VISITS = st.lists(
    st.tuples(
        st.sampled_from([1, 1, 2, 3, 3, 4, 7, 10, 15, 30]),
        st.floats(0.1, 1.0),
        st.integers(0, 3),
        st.integers(0, 1),
        st.sampled_from([False, False, True]),
    ),
    min_size=1,
    max_size=30,
)


def lived(
    rx: Prescription, visits: list[tuple[int, float, int, int, bool]]
) -> tuple[CourseHistory, dt.datetime]:
    """The history after these visits, each so many days after the one before, and the day of the last."""
    history, now = CourseHistory(), START
    for days, comfortable, soreness, skin, cut_short in visits:
        now += days * DAY
        history = history.with_pain(now.date(), soreness)
        history = history.with_day(now.date(), soreness=soreness, skin=skin)
        plan = next_session(rx, history, now, True)
        if isinstance(plan, SessionPlan):
            history = played(history, plan, rx, now, comfortable, cut_short)
    return history, now


def played(
    history: CourseHistory, plan: SessionPlan, rx: Prescription, now: dt.datetime, share: float, cut: bool
) -> CourseHistory:
    seconds = sum(phase.seconds for phase in plan.phases)
    done = int(seconds * 0.6) if cut else seconds
    past = PastSession(
        plan.programme, plan.kind, now, True, plan.work.seconds // 60, seconds, done, rx.plan, 1, cut
    )
    history = history.with_session(past)
    for channel, lead in zip(plan.channels, plan.montage.leads, strict=True):
        key = LevelKey(
            plan.work.waveform, plan.montage.id, plan.montage.pad_size, lead.side, lead.channel, "p24"
        )
        current = max(0.5, math.floor(channel.ceiling_mA * share * 2) / 2)
        held = is_held(current, channel.ceiling_mA, channel.set_by.rule)
        width = plan.work.pulse_width_us
        history = history.with_level(
            Level(key, plan.kind, width, now.date(), current, current / 2, held=held, prescription=1)
        )
    return history


Worse = Callable[[CourseHistory, dt.date], CourseHistory]


def last_cut_short(history: CourseHistory, _: dt.date) -> CourseHistory:
    return replace(history, cut_short={kind: times + 1 for kind, times in history.cut_short.items()})


SOONER_OR_LATER = st.integers(0, 20)
QUIET = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@QUIET
@given(
    prescriptions(), VISITS, SOONER_OR_LATER, st.integers(0, 10), st.integers(0, 10), st.integers(0, 4),
    st.integers(0, 4), st.integers(0, 20),
)  # fmt: skip
def test_more_soreness_or_worse_skin_on_any_day(
    rx: Prescription, visits: list[tuple[int, float, int, int, bool]], later: int,
    soreness: int, more: int, skin: int, worse_skin: int, ago: int,
) -> None:  # fmt: skip
    history, now = lived(rx, visits)
    now += later * DAY
    day = (now - ago * DAY).date()
    better = history.with_day(day, soreness=soreness, skin=skin)
    worse = history.with_day(day, soreness=min(10, soreness + more), skin=max(skin, worse_skin))
    not_laxer(next_session(rx, worse, now, True), next_session(rx, better, now, True))


@QUIET
@given(
    prescriptions(), VISITS, SOONER_OR_LATER, st.integers(0, 10), st.integers(0, 10), st.integers(0, 10),
    st.integers(0, 10), st.sampled_from([None, 2.0, 4.5]),
)  # fmt: skip
def test_more_soreness_or_pain_said_today(
    rx: Prescription, visits: list[tuple[int, float, int, int, bool]], later: int,
    soreness: int, more: int, pain: int, more_pain: int, usual: float | None,
) -> None:  # fmt: skip
    history, now = lived(rx, visits)
    now += later * DAY
    better = next_session(rx, history, now, True, facts=TodayFacts(soreness, pain, usual))
    said = TodayFacts(min(10, soreness + more), min(10, pain + more_pain), usual)
    not_laxer(next_session(rx, history, now, True, facts=said), better)


@QUIET
@given(prescriptions(), VISITS, SOONER_OR_LATER, st.lists(st.integers(0, 30), min_size=1, max_size=2))
def test_pain_that_rose_once_more_a_session_cut_short_or_a_clock_nobody_trusts(
    rx: Prescription, visits: list[tuple[int, float, int, int, bool]], later: int, ups: list[int]
) -> None:
    history, now = lived(rx, visits)
    now += later * DAY
    better = next_session(rx, history, now, True)
    not_laxer(next_session(rx, history, now, False), better)
    not_laxer(next_session(rx, last_cut_short(history, now.date()), now, True), better)
    for ago in ups:
        worse = history.with_pain_up((now - ago * DAY).date())
        found = next_session(rx, worse, now, True)
        not_laxer(found, better)
        history, better = worse, found


@QUIET
@given(prescriptions(), VISITS, st.integers(7, 60), st.integers(0, 60))
def test_more_missed_days_lower_the_level(
    rx: Prescription, visits: list[tuple[int, float, int, int, bool]], missed: int, more: int
) -> None:
    """From the seventh on: before that waiting lets a level rise (ten percent in seven days) and ends a rest.
    Weeks that pass may bring the next stage: another programme is not compared."""
    history, last = lived(rx, visits)
    better = next_session(rx, history, last + missed * DAY, True)
    worse = next_session(rx, history, last + (missed + more) * DAY, True)
    plans = isinstance(better, SessionPlan) and isinstance(worse, SessionPlan)
    if plans and worse.programme == better.programme:
        not_laxer(worse, better)


@QUIET
@given(prescriptions(), VISITS, SOONER_OR_LATER, st.integers(1, 40))
def test_a_lower_prescribed_limit_never_raises_one(
    rx: Prescription, visits: list[tuple[int, float, int, int, bool]], later: int, half_mA: int
) -> None:
    history, now = lived(rx, visits)
    now += later * DAY
    lower = replace(rx, limits={"1": half_mA / 2})
    not_laxer(next_session(lower, history, now, True), next_session(rx, history, now, True))
