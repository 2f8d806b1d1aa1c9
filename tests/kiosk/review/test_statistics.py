"""The diary's numbers: what they say, beside independent implementations, and when they say nothing."""

from __future__ import annotations

import datetime as dt
import statistics as standard

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from kiosk.review import statistics

MONDAY = dt.date(2026, 8, 31)
NAN = float("nan")

ratings = st.lists(st.one_of(st.integers(0, 10).map(float), st.just(NAN)), max_size=120).map(np.array)
week_values = st.lists(
    st.one_of(st.floats(0, 10, allow_nan=False).map(lambda x: round(x, 1)), st.just(NAN)),
    min_size=statistics.LEAST_WEEKS,
    max_size=40,
).map(np.array)


def block(value: float, rated: int = statistics.BLOCK_DAYS) -> list[float]:
    """Four weeks of days, the first `rated` of them with the same rating."""
    return [value] * rated + [NAN] * (statistics.BLOCK_DAYS - rated)


class TestDays:
    def test_a_day_without_a_rating_is_a_gap(self) -> None:
        values = statistics.by_day(
            {MONDAY: 4.0, MONDAY + dt.timedelta(2): 6.0}, MONDAY, MONDAY + dt.timedelta(3)
        )
        np.testing.assert_array_equal(values, [4.0, NAN, 6.0, NAN])

    def test_ratings_outside_the_days_are_left_out(self) -> None:
        values = statistics.by_day({MONDAY - dt.timedelta(1): 9.0, MONDAY: 4.0}, MONDAY, MONDAY)
        np.testing.assert_array_equal(values, [4.0])

    def test_no_days_are_no_values(self) -> None:
        assert len(statistics.by_day({}, MONDAY, MONDAY - dt.timedelta(1))) == 0


class TestRollingMean:
    @given(ratings)
    def test_it_is_the_mean_of_the_week_that_ends_on_the_day_where_five_days_are_rated(
        self, values: statistics.Ratings
    ) -> None:
        found = statistics.rolling_mean(values)
        assert len(found) == len(values)
        for day in range(len(values)):
            week = [value for value in values[max(0, day - 6) : day + 1] if not np.isnan(value)]
            if len(week) >= 5:
                assert found[day] == pytest.approx(standard.fmean(week), abs=1e-9)
            else:
                assert np.isnan(found[day])

    def test_four_ratings_a_week_are_not_enough(self) -> None:
        assert np.isnan(statistics.rolling_mean(np.array([5.0] * 4 + [NAN] * 3))).all()


class TestWeekMeans:
    @given(ratings)
    def test_weeks_are_counted_back_from_the_last_day(self, values: statistics.Ratings) -> None:
        found = statistics.week_means(values)
        assert len(found) == len(values) // 7
        for back in range(1, len(found) + 1):
            end = len(values) - (back - 1) * 7
            week = [value for value in values[end - 7 : end] if not np.isnan(value)]
            if len(week) >= 5:
                assert found[-back] == pytest.approx(standard.fmean(week))
            else:
                assert np.isnan(found[-back])


class TestSlope:
    @given(week_values, st.sampled_from([0.8, 0.9, 0.95, 0.99]))
    def test_slope_and_interval_are_those_of_an_independent_implementation(
        self, values: statistics.Ratings, confidence: float
    ) -> None:
        found = statistics.theil_sen(values, confidence)
        weeks = np.flatnonzero(~np.isnan(values))
        if len(weeks) < statistics.LEAST_WEEKS:
            assert found is None
            return
        theirs = stats.theilslopes(values[weeks], weeks, confidence)
        assert found is not None
        assert found.per_week == pytest.approx(theirs.slope, abs=1e-12)
        assert found.low == pytest.approx(theirs.low_slope, abs=1e-12)
        assert found.high == pytest.approx(theirs.high_slope, abs=1e-12)

    def test_a_steady_fall_is_clear(self) -> None:
        slope = statistics.theil_sen(np.array([8.0, 7.5, 7.0, 6.5, 6.0, 5.5, 5.0]))
        assert slope is not None
        assert slope.per_week == pytest.approx(-0.5)
        assert slope.is_clear

    def test_one_bad_week_does_not_tilt_it(self) -> None:
        slope = statistics.theil_sen(np.array([5.0, 5.0, 5.0, 10.0, 5.0, 5.0, 5.0, 5.0]))
        assert slope is not None
        assert slope.per_week == 0
        assert not slope.is_clear

    def test_three_weeks_say_nothing(self) -> None:
        assert statistics.theil_sen(np.array([8.0, 5.0, 2.0])) is None
        assert statistics.theil_sen(np.array([8.0, NAN, 5.0, NAN, 2.0])) is None


class TestLastFourWeeksAgainstTheFirst:
    def test_eight_weeks_have_to_have_passed(self) -> None:
        compared = statistics.last_against_first(np.array(block(7.0) + [2.0] * 27))
        assert compared == statistics.Comparison(7.0, None, "not_enough_data")

    def test_twelve_ratings_a_block_have_to_be_there(self) -> None:
        few = statistics.last_against_first(np.array(block(7.0) + block(2.0, rated=11)))
        enough = statistics.last_against_first(np.array(block(7.0) + block(2.0, rated=12)))
        assert few.change == "not_enough_data"
        assert enough == statistics.Comparison(7.0, 2.0, "less")

    def test_what_lies_between_the_blocks_does_not_count(self) -> None:
        compared = statistics.last_against_first(np.array(block(6.0) + [10.0] * 50 + block(6.0)))
        assert compared.change == "no_clear_change"

    @pytest.mark.parametrize(
        ("first", "last", "change"),
        [
            # 1–4: one point, 5–7: two, 8–10: three; and 30 % besides
            (2.0, 1.0, "less"),
            (4.0, 3.0, "no_clear_change"),  # one point, 25 %
            (4.0, 2.5, "less"),
            (5.0, 3.5, "no_clear_change"),  # 30 %, but one point and a half
            (5.0, 3.0, "less"),
            (7.0, 5.0, "no_clear_change"),  # two points, 29 %
            (7.0, 4.5, "less"),
            (8.0, 5.5, "no_clear_change"),
            (8.0, 5.0, "less"),
            (10.0, 7.0, "less"),
            (10.0, 7.5, "no_clear_change"),
            (0.0, 0.0, "no_clear_change"),
            (2.0, 3.0, "more"),
            (5.0, 6.5, "no_clear_change"),
            (5.0, 7.0, "more"),
            (0.0, 1.0, "more"),
        ],
    )
    def test_important_depends_on_where_it_began(self, first: float, last: float, change: str) -> None:
        assert statistics.change_of(first, last) == change

    @given(st.floats(0, 10), st.floats(0, 10), st.floats(0, 10))
    def test_less_pain_is_never_called_a_worse_change(self, first: float, one: float, other: float) -> None:
        order = {"more": 0, "no_clear_change": 1, "less": 2}
        better, worse = min(one, other), max(one, other)
        assert order[statistics.change_of(first, better)] >= order[statistics.change_of(first, worse)]


@pytest.mark.parametrize(
    ("first", "last", "change"),
    [
        (6.0, 4.2, "less"),
        (6.0, 4.3, "no_clear_change"),
        (2.0, 1.3, "no_clear_change"),  # 35 %, but less than a point
        (2.0, 1.0, "less"),
        (5.0, 6.0, "more"),
        (None, 3.0, "not_enough_data"),
    ],
)
def test_peg_changes_by_a_point_and_thirty_percent(first: float | None, last: float, change: str) -> None:
    assert statistics.peg_change(first, last) == change


def test_the_change_within_a_session_is_a_median_of_five_at_least() -> None:
    assert statistics.before_and_after([(6, 4)] * 4) is None
    assert statistics.before_and_after([(6, 4), (6, 5), (7, 4), (5, 5), (6, 9)]) == -1


class TestAdherence:
    def test_days_with_a_session_are_counted_by_week(self) -> None:
        days = [MONDAY, MONDAY, MONDAY + dt.timedelta(3), MONDAY + dt.timedelta(8)]
        weeks = statistics.sessions_a_week(days, MONDAY, MONDAY + dt.timedelta(13), planned=lambda day: 2)
        assert weeks == (statistics.Share(2, 2), statistics.Share(1, 2))

    def test_each_week_has_its_own_plan(self) -> None:
        weeks = statistics.sessions_a_week(
            [], MONDAY, MONDAY + dt.timedelta(13), lambda day: 2 if day < MONDAY + dt.timedelta(7) else 3
        )
        assert [week.of for week in weeks] == [2, 3]

    def test_a_week_that_is_not_over_is_not_counted(self) -> None:
        assert (
            len(
                statistics.sessions_a_week([MONDAY], MONDAY, MONDAY + dt.timedelta(12), planned=lambda day: 2)
            )
            == 1
        )

    def test_nothing_planned_has_no_share(self) -> None:
        assert statistics.Share(0, 0).share is None
        assert statistics.Share(7, 8).share == pytest.approx(0.875)

    def test_days_with_a_rating_are_said_in_numbers(self) -> None:
        assert statistics.share_rated(np.array([1.0, NAN, 0.0])) == statistics.Share(2, 3)
