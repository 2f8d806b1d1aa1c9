"""Where in a course a person is: by weeks and sessions, never by the calendar alone."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from programs import library
from programs.history import CourseHistory, PastSession
from programs.plan import NotToday, SessionPlan
from programs.prescription import Prescription, demonstration_prescription
from programs.progression import next_session, todays_stage
from programs.text import Reason

START = dt.datetime(2025, 3, 1, 9, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
replace = msgspec.structs.replace
ALL = ("nmes_learn", "nmes_end", "nmes_str", "tens_conv")


def prescribed(*programmes: str, **changes: object) -> Prescription:
    base = demonstration_prescription(START.date())
    known = {"valid_until": START.date() + 4000 * DAY, "limits": {}, "programmes": programmes or ALL}
    return replace(base, **{**known, **changes})


def session(programme: str, day: int, **changes: object) -> PastSession:
    kind = library.load_programme(programme).kind
    known = PastSession(programme, kind, START + day * DAY, True, 10, 1500, 1500, plan="deconditioned")
    return replace(known, **changes)


def after(*sessions: PastSession) -> CourseHistory:
    history = CourseHistory()
    for one in sessions:
        history = history.with_session(one)
    return history


def learned(*days: int) -> CourseHistory:
    return after(*[session("nmes_learn", day) for day in days])


def stage_on(day: int, history: CourseHistory, rx: Prescription | None = None) -> str:
    return todays_stage(rx or prescribed(), history, (START + day * DAY).date()).stage.id


def today(day: int, history: CourseHistory, rx: Prescription | None = None) -> SessionPlan | NotToday:
    return next_session(rx or prescribed(), history, START + day * DAY, True)


def test_everybody_begins_with_learning() -> None:
    assert stage_on(0, CourseHistory()) == "learn"
    plan = today(0, CourseHistory())
    assert isinstance(plan, SessionPlan)
    assert plan.programme == "nmes_learn"
    assert not plan.contract_along


@pytest.mark.parametrize(
    ("days", "on", "stage"),
    [
        ((0, 4, 8), 13, "learn"),
        ((0, 4, 8), 14, "endure"),
        ((0, 8), 20, "learn"),
        ((0, 8, 20), 21, "endure"),
    ],
    ids=["weeks are missing", "weeks and sessions", "sessions are missing", "made up later"],
)
def test_a_stage_ends_by_weeks_and_sessions(days: tuple[int, ...], on: int, stage: str) -> None:
    assert stage_on(on, learned(*days)) == stage


def test_a_session_stopped_before_its_half_brings_nobody_on() -> None:
    short = [session("nmes_learn", day, seconds_done=600) for day in (0, 4, 8, 11)]
    assert stage_on(20, after(*short)) == "learn"


def test_who_missed_weeks_goes_on_where_she_was() -> None:
    history = learned(0, 4, 8).with_session(session("nmes_end", 14))
    assert stage_on(14 + 27, history) == "endure", "27 days later, though the weeks of endurance are over"
    assert stage_on(14 + 28, history) == "learn"


def test_after_28_days_the_whole_way_begins_again() -> None:
    history = learned(0, 4, 8)
    history = history.with_session(session("nmes_end", 14)).with_session(session("nmes_learn", 50))
    assert stage_on(60, history) == "learn"
    plan = today(14 + 28, learned(0, 4, 8).with_session(session("nmes_end", 14)))
    assert isinstance(plan, SessionPlan)
    assert Reason("restart_learning", {"days": 28}) in plan.reasons


def test_a_new_stage_is_said_and_its_level_found_from_zero() -> None:
    plan = today(15, learned(0, 4, 8))
    assert isinstance(plan, SessionPlan)
    assert (plan.programme, plan.contract_along) == ("nmes_end", True)
    assert Reason("new_stage", {"stage": "endure"}) in plan.reasons
    assert all(channel.reference_mA is None for channel in plan.channels)


def test_strength_comes_after_endurance() -> None:
    endured = [session("nmes_end", day) for day in (15, 18, 21, 25)]
    history = after(*[session("nmes_learn", day) for day in (0, 4, 8)], *endured)
    assert stage_on(28, history) == "endure"
    assert stage_on(29, history) == "strengthen"


def test_only_what_is_prescribed() -> None:
    rx = prescribed("nmes_learn", "tens_conv")
    assert stage_on(100, learned(*range(0, 100, 4)), rx) == "learn"


def test_the_weeks_of_a_stage_that_is_not_prescribed_pass_all_the_same() -> None:
    rx = prescribed("nmes_learn", "nmes_str")
    assert stage_on(27, learned(0, 4, 8, 20), rx) == "learn"
    assert stage_on(28, learned(0, 4, 8, 20), rx) == "strengthen"


def test_a_stage_without_a_prescribed_programme_is_no_muscle_session() -> None:
    found = today(0, CourseHistory(), prescribed("nmes_str"))
    assert found == NotToday((Reason("stage_not_prescribed", {"stage": "learn"}),), None)
    plan = today(0, CourseHistory(), prescribed("nmes_str", "tens_conv"))
    assert isinstance(plan, SessionPlan)
    assert plan.programme == "tens_conv"


def test_not_more_muscle_sessions_a_week_than_the_stage_has() -> None:
    history = after(
        *[session("nmes_learn", day) for day in (0, 4, 8)],
        *[session("nmes_end", day) for day in (15, 18, 20)],
    )
    found = today(22 - 0, history, prescribed("nmes_learn", "nmes_end"))
    assert isinstance(found, SessionPlan), "the first of the three is seven days old"
    found = today(22, history.with_session(session("nmes_end", 21)), prescribed("nmes_learn", "nmes_end"))
    assert isinstance(found, NotToday)
    older = prescribed("nmes_learn", "nmes_end", plan="older-stiff")
    twice = after(
        *[session("nmes_learn", day) for day in (0, 4, 8, 12, 16)],
        *[session("nmes_end", day) for day in (22, 25)],
    )
    found = today(28, twice, older)
    assert isinstance(found, NotToday)
    assert found.reasons == (Reason("enough_this_week", {"times": 2}),)


def test_weeks_and_reviews_are_counted_from_the_first_session_of_the_plan() -> None:
    history = learned(3)
    found = todays_stage(prescribed(), history, (START + 3 * DAY).date())
    assert (found.week, found.next_review) == (1, (START + 45 * DAY).date())
    found = todays_stage(prescribed(), history, (START + 46 * DAY).date())
    assert (found.week, found.next_review) == (7, (START + 87 * DAY).date())
    assert todays_stage(prescribed(), history, (START + 88 * DAY).date()).next_review is None
    other = todays_stage(prescribed(plan="chronic-pain"), history, (START + 46 * DAY).date())
    assert (other.week, other.next_review) == (1, None)


def test_a_break_does_not_put_off_the_review() -> None:
    history = learned(0).with_session(session("nmes_learn", 40))
    assert (
        todays_stage(prescribed(), history, (START + 40 * DAY).date()).next_review
        == (START + 42 * DAY).date()
    )


def test_loosening_ends_after_two_weeks_and_begins_anew_by_a_new_prescription() -> None:
    rx = prescribed("relax", plan="muscle-tension")
    history = after(session("relax", 0, prescription=1), session("relax", 13, prescription=1))
    assert isinstance(today(13, after(session("relax", 0, prescription=1)), rx), SessionPlan)
    found = today(14, history, rx)
    assert found == NotToday((Reason("programme_over", {"weeks": 2}),), None)
    assert isinstance(today(200, history, rx), NotToday)
    assert isinstance(today(14, history, replace(rx, serial=2)), SessionPlan)
    again = history.with_session(session("relax", 14, prescription=2))
    assert isinstance(today(15, again, replace(rx, serial=2)), SessionPlan)
    assert isinstance(today(28, again, replace(rx, serial=2)), NotToday)


def test_a_clock_set_back_does_not_reopen_what_is_over() -> None:
    history = after(session("relax", 0, prescription=1), session("tens_conv", 20, prescription=1))
    assert isinstance(today(10, history, prescribed("relax", plan="muscle-tension")), NotToday)


def test_ten_minutes_between_two_loosenings() -> None:
    rx, end = prescribed("relax", plan="muscle-tension"), START + 5 * DAY
    history = after(session("relax", 5))
    early = next_session(rx, history, end + dt.timedelta(minutes=9), True)
    assert early == NotToday((Reason("gap_minutes", {"minutes": 10}),), end.date())
    assert isinstance(next_session(rx, history, end + dt.timedelta(minutes=10), True), SessionPlan)


def test_two_sessions_cut_short_hold_the_level() -> None:
    rx = prescribed("tens_conv")
    done = [session("tens_conv", day) for day in (-9, -8, -7, -6)]
    once = after(*done, session("tens_conv", -1, cut_short=True))
    assert once.cut_short["tens"] == 1
    twice = once.with_session(session("tens_conv", 0, cut_short=True))
    assert twice.cut_short["tens"] == 2
    assert twice.with_session(session("tens_conv", 1)).cut_short["tens"] == 0
    assert isinstance(today(2, twice, rx), SessionPlan)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 45), st.booleans()), min_size=1, max_size=60),
    st.sampled_from(sorted(library.load_courses())),
)
def test_nobody_ever_skips_a_stage_or_leaves_it_early(steps: list[tuple[int, bool]], plan: str) -> None:
    """Plays any attendance against the log's own arithmetic."""
    course = library.load_courses()[plan]
    rx = prescribed(*course.programmes, plan=plan)
    history, day, log = CourseHistory(), 0, []
    for wait, counts in steps:
        day += wait
        found = today(day, history, rx)
        if not isinstance(found, SessionPlan) or found.kind != "nmes":
            continue
        at = [stage.programmes for stage in course.stages].index((found.programme,))
        if log and day - log[-1][0] >= 28:
            log = []
        if at:
            before = course.stages[at - 1]
            mine = [when for when, stage, ok in log if stage == at - 1 and ok]
            entered = any(stage == at for _, stage, _ in log)
            assert entered or (len(mine) >= before.sessions and day - min(mine) >= 7 * before.weeks)
        log.append((day, at, counts))
        done = sum(phase.seconds for phase in found.phases)
        played = done if counts else 30
        one = PastSession(
            found.programme, "nmes", START + day * DAY, True, found.work.seconds // 60, done, played, plan
        )
        history = history.with_session(one)
