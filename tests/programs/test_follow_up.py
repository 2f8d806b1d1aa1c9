"""What is due besides the session, and when a course without benefit stops."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest

from programs.follow_up import Due, PadsUsed, due_today, no_benefit
from programs.history import CourseHistory, PastSession
from programs.plan import NotToday, SessionPlan
from programs.prescription import Prescription, demonstration_prescription
from programs.progression import next_session
from programs.text import Reason

START = dt.datetime(2025, 3, 1, 9, tzinfo=dt.UTC)
FIRST = START.date()
DAY, WEEK = dt.timedelta(days=1), dt.timedelta(days=7)
replace = msgspec.structs.replace
RX: Prescription = replace(
    demonstration_prescription(FIRST), valid_until=FIRST + 400 * DAY, limits={}, programmes=("tens_conv",)
)
RECENT = {"peg": FIRST, "pgic": FIRST}


def course(before: int | None = None, now: int | None = None, on: dt.date = FIRST) -> CourseHistory:
    """A course that began on START; pain 7 days before it and in the 7 days up to `on`."""
    history = CourseHistory()
    for day in range(7):
        if before is not None:
            history = history.with_pain(FIRST - (day + 1) * DAY, before)
    history = history.with_session(PastSession("tens_conv", "tens", START, True, 15, 900, 900, RX.plan))
    for day in range(7):
        if now is not None:
            history = history.with_pain(on - day * DAY, now)
    return history


def kinds(found: tuple[Due, ...]) -> list[str]:
    return [due.kind for due in found]


def rules(found: tuple[Due, ...]) -> list[str]:
    return [due.reason.rule for due in found]


def test_on_a_quiet_day_nothing_is_due() -> None:
    assert due_today(RX, course(), FIRST + DAY, forms=RECENT) == ()


def test_questions_are_due_with_their_reason_but_not_for_somebody_new() -> None:
    reason = Reason("rescreen_days", {"days": 28})
    assert due_today(RX, course(), FIRST + DAY, forms=RECENT, rescreen=reason) == (
        Due("rescreen", FIRST + DAY, reason),
    )
    assert due_today(RX, course(), FIRST + DAY, forms=RECENT, rescreen=Reason("first_time")) == ()


@pytest.mark.parametrize(
    ("uses", "days", "rule"),
    [(24, 1, None), (25, 1, "pads_order"), (1, 79, None), (1, 80, "pads_order"), (30, 1, "pads_worn"),
     (1, 93, "pads_worn"), (1, -1, "pads_worn")],
)  # fmt: skip
def test_pads_warn_at_25_uses_or_80_days_and_are_worn_at_30_or_three_months(
    uses: int, days: int, rule: str | None
) -> None:
    pads = PadsUsed(uses, FIRST + DAY - days * DAY)
    found = due_today(RX, course(), FIRST + DAY, pads=pads, forms=RECENT)
    assert rules(found) == ([] if rule is None else [rule])


@pytest.mark.parametrize(("left", "due"), [(15, False), (14, True), (0, True), (-1, False)])
def test_a_prescription_that_ends_soon_is_said_two_weeks_before(left: int, due: bool) -> None:
    rx = replace(RX, valid_until=FIRST + (left + 1) * DAY) if left >= 0 else replace(RX, valid_until=FIRST)
    found = due_today(rx, course(), FIRST + DAY, forms=RECENT)
    assert ("prescription" in kinds(found)) == due


def test_peg_is_weekly_from_the_first_day() -> None:
    assert [due.form for due in due_today(RX, CourseHistory(), FIRST)] == ["peg"]
    for days, due in ((6, False), (7, True), (30, True)):
        found = due_today(RX, course(), FIRST + days * DAY, forms={"peg": FIRST, "pgic": FIRST + 30 * DAY})
        assert ("peg" in [one.form for one in found]) == due
    late = due_today(RX, course(), FIRST + 30 * DAY, forms={"peg": FIRST, "pgic": FIRST + 30 * DAY})
    assert late[0].since == FIRST + 7 * DAY


def test_pgic_asks_for_a_change_every_four_weeks_of_the_course() -> None:
    for days, due in ((27, False), (28, True)):
        found = due_today(RX, course(), FIRST + days * DAY, forms={"peg": FIRST + days * DAY})
        assert ("pgic" in [one.form for one in found]) == due
    again = {"peg": FIRST + 50 * DAY, "pgic": FIRST + 28 * DAY}
    assert "pgic" not in [one.form for one in due_today(RX, course(), FIRST + 50 * DAY, forms=again)]


def test_a_form_of_the_future_is_asked_again() -> None:
    found = due_today(RX, course(), FIRST, forms={"peg": FIRST + 9 * DAY})
    assert [(due.form, due.since) for due in found] == [("peg", FIRST)]


@pytest.mark.parametrize(
    ("weeks", "now", "rule"),
    [
        (6, 5, "review_no_change"),
        (6, 3, "review_better"),
        (6, None, "review_no_data"),
        (12, 5, "no_benefit"),
        (12, 3, "review_better"),
        (12, None, "review_no_data"),
    ],
)
def test_a_review_says_what_the_ratings_show(weeks: int, now: int | None, rule: str) -> None:
    day = FIRST + weeks * WEEK
    (due,) = due_today(RX, course(5, now, day), day, forms={"peg": day, "pgic": day})
    assert (due.kind, due.since, due.reason) == ("review", day, Reason(rule, {"weeks": weeks}))
    early = due_today(RX, course(5, now, day), day - DAY, forms={"peg": day - DAY, "pgic": day - DAY})
    assert weeks not in [due.reason.parameters["weeks"] for due in early]


def test_a_review_is_over_once_a_clinician_prescribed_at_most_14_days_before_it() -> None:
    """A prescription of 12 weeks ends before the review at 12 weeks: week 0 lies before the plan."""
    day = FIRST + 6 * WEEK
    forms = {"peg": day, "pgic": day}
    history = course(5, 5, day)
    assert due_today(RX, history.with_prescription(day - 15 * DAY), day, forms=forms)
    assert due_today(RX, history.with_prescription(day - 14 * DAY), day, forms=forms) == ()
    assert due_today(RX, history.with_prescription(day), day, forms=forms) == ()


@pytest.mark.parametrize(("now", "stops"), [(6, True), (5, True), (4, True), (3, False)])
def test_without_a_third_less_pain_at_twelve_weeks_it_stops_until_a_clinician_looked(
    now: int, stops: bool
) -> None:
    day = FIRST + 12 * WEEK
    history = course(5, now, day)
    found = next_session(RX, history, START + 12 * WEEK, True)
    assert isinstance(found, NotToday) == stops
    if stops:
        assert found == NotToday((Reason("no_benefit", {"weeks": 12}),), None)
    looked = next_session(RX, history.with_prescription(day), START + 12 * WEEK, True)
    assert isinstance(looked, SessionPlan)


def test_before_the_twelfth_week_and_without_any_pain_nothing_stops() -> None:
    day = FIRST + 12 * WEEK
    assert no_benefit(RX, course(5, 5, day), day - DAY) is None
    assert no_benefit(RX, course(0, 0, day), day) is None


@pytest.mark.parametrize(("before", "now"), [(5, None), (None, 5), (None, None)])
def test_too_few_ratings_to_tell_stop_it_at_twelve_weeks_as_well(before: int | None, now: int | None) -> None:
    day = FIRST + 12 * WEEK
    history = course(before, now, day)
    said = Reason("review_no_data", {"weeks": 12})
    assert no_benefit(RX, history, day) == said
    assert next_session(RX, history, START + 12 * WEEK, True) == NotToday((said,), None)
    assert no_benefit(RX, history.with_prescription(day), day) is None
    assert no_benefit(RX, history, FIRST + 6 * WEEK) is None


def test_fewer_than_five_ratings_are_no_mean() -> None:
    history = course(5)
    for day in range(4):
        history = history.with_pain(FIRST + (10 + day) * DAY, 5)
    assert history.pain_change_percent is None
    assert history.with_pain(FIRST + 20 * DAY, 5).pain_change_percent == 0


def test_another_plan_is_measured_against_its_own_beginning() -> None:
    history = course(8, 4, FIRST + 30 * DAY)
    assert history.pain_change_percent == 50
    other = PastSession("tens_conv", "tens", START + 31 * DAY, True, 15, 900, 900, "chronic-pain")
    history = history.with_session(other)
    assert history.pain_change_percent is None
    for day in range(5):
        history = history.with_pain(FIRST + (40 + day) * DAY, 4)
    assert history.pain_change_percent == 0


def test_pain_that_rose_twice_is_due_until_a_clinician_looked() -> None:
    history = course().with_pain_up(FIRST + DAY).with_pain_up(FIRST + 3 * DAY)
    found = due_today(RX, history, FIRST + 5 * DAY, forms=RECENT)
    assert found == (Due("pain", FIRST + 3 * DAY, Reason("pain_up_twice")),)
    for looked in (
        history.with_prescription(FIRST + 4 * DAY),
        history.opened_by_clinician("pain", FIRST + 4 * DAY),
    ):
        assert due_today(RX, looked, FIRST + 5 * DAY, forms=RECENT) == ()
