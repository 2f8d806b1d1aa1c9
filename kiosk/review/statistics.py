"""What a diary's numbers say, and when they say nothing: pure functions over ratings of 0–10.

A day without a rating is NaN in every array here: a gap stays a gap. Sources: clinical reference 5 (HEA14,
JEN93: one rating is unreliable, the mean of five reaches 0.90), the smallest important change by baseline
in 1 232 inpatients, Sen 1968 for the slope and its interval.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import NormalDist
from typing import Final, Literal

import msgspec
import numpy as np
import numpy.typing as npt

Ratings = npt.NDArray[np.float64]

WINDOW_DAYS: Final = 7
LEAST_RATINGS: Final = 5
"""Below it: not enough data (HEA14)."""
BLOCK_DAYS: Final = 28
"""Diary blocks as in WEI18 and MIC21."""
LEAST_RATINGS_A_BLOCK: Final = 12
"""JEN93: twelve ratings are adequate."""
RESPONDER_SHARE: Final = 0.3
RESPONDER_POINTS: Final = ((4.5, 1.0), (7.5, 2.0), (math.inf, 3.0))
"""Baseline up to → the smallest fall that is important: 1–4, 5–7, 8–10."""
LEAST_WEEKS: Final = 4
"""A slope over fewer week means is not told [D]."""
PEG_IMPORTANT: Final = 1.0
PEG_SHARE: Final = 0.3
"""REE23; clinical reference 5."""
PGIC_IMPROVED: Final = 2
"""1 very much, 2 much improved (FAR01): the anchor."""

Change = Literal["less", "no_clear_change", "more", "not_enough_data"]


class Slope(msgspec.Struct, frozen=True):
    """Points a week, and between which two the true slope lies with `confidence`."""

    per_week: float
    low: float
    high: float
    confidence: float

    @property
    def is_clear(self) -> bool:
        """The interval leaves out "no change"."""
        return self.low > 0 or self.high < 0


class Comparison(msgspec.Struct, frozen=True):
    """Two blocks of days. Medians are None where a block has too few ratings."""

    first: float | None
    last: float | None
    change: Change


class Share(msgspec.Struct, frozen=True):
    """So many of so many: sessions of those planned, days with an entry."""

    done: int
    of: int

    @property
    def share(self) -> float | None:
        """None where nothing was to be done."""
        return self.done / self.of if self.of else None


def by_day(ratings: Mapping[dt.date, float], first: dt.date, last: dt.date) -> Ratings:
    """One value for each day from `first` to `last`, both included; NaN where there is none."""
    days = max(0, (last - first).days + 1)
    values = np.full(days, np.nan)
    for day, value in ratings.items():
        if first <= day <= last:
            values[(day - first).days] = value
    return values


def rolling_mean(values: Ratings, window: int = WINDOW_DAYS, least: int = LEAST_RATINGS) -> Ratings:
    """The mean of each day and the `window` − 1 before it; NaN where fewer than `least` are rated."""
    if not len(values):
        return values.copy()
    rated = ~np.isnan(values)
    sums = np.concatenate(([0.0], np.cumsum(np.where(rated, values, 0.0))))
    counts = np.concatenate(([0], np.cumsum(rated)))
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(ends - window, 0)
    within = counts[ends] - counts[starts]
    total = sums[ends] - sums[starts]
    return np.where(within >= least, total / np.maximum(within, 1), np.nan)


def week_means(values: Ratings, least: int = LEAST_RATINGS) -> Ratings:
    """The mean of each whole week, counted back from the last day; the oldest days may be left out."""
    weeks = len(values) // WINDOW_DAYS
    whole = values[len(values) - weeks * WINDOW_DAYS :].reshape(weeks, WINDOW_DAYS)
    counts = (~np.isnan(whole)).sum(axis=1)
    sums = np.where(np.isnan(whole), 0.0, whole).sum(axis=1)
    return np.where(counts >= least, sums / np.maximum(counts, 1), np.nan)


def theil_sen(values: Ratings, confidence: float = 0.95) -> Slope | None:
    """The median of all slopes between two weeks, with Sen's interval; None with too few weeks.

    `values`: one a week, NaN where there is none. The interval is Sen's normal approximation with the
    correction for ties. Robust against a few bad weeks, unlike a least-squares line.
    """
    weeks = np.flatnonzero(~np.isnan(values))
    n = len(weeks)
    if n < LEAST_WEEKS:
        return None
    y = values[weeks]
    left, right = np.triu_indices(n, 1)
    slopes = np.sort((y[right] - y[left]) / (weeks[right] - weeks[left]))
    _, ties = np.unique(y, return_counts=True)
    variance = (n * (n - 1) * (2 * n + 5) - float(np.sum(ties * (ties - 1) * (2 * ties + 5)))) / 18
    spread = NormalDist().inv_cdf(0.5 + confidence / 2) * math.sqrt(variance)
    low = max(round((len(slopes) - spread) / 2), 1) - 1
    high = min(round((len(slopes) + spread) / 2), len(slopes) - 1)
    return Slope(float(np.median(slopes)), float(slopes[low]), float(slopes[high]), confidence)


def median_of(values: Ratings, least: int = LEAST_RATINGS_A_BLOCK) -> float | None:
    """The median of the days with a rating; None where they are fewer than `least`."""
    rated = values[~np.isnan(values)]
    return float(np.median(rated)) if len(rated) >= least else None


def last_against_first(values: Ratings) -> Comparison:
    """The last four weeks against the first four (the end point of the WB-EMS trials), by medians.

    The two blocks may not overlap: before eight weeks have passed there is nothing to compare.
    """
    if len(values) < 2 * BLOCK_DAYS:
        return Comparison(median_of(values[:BLOCK_DAYS]), None, "not_enough_data")
    first, last = median_of(values[:BLOCK_DAYS]), median_of(values[-BLOCK_DAYS:])
    return Comparison(first, last, change_of(first, last))


def change_of(first: float | None, last: float | None) -> Change:
    """Less pain: by 30 % at least, and by the points that are important at this baseline. More: by the same
    points [D]. All else is no clear change; nobody "failed"."""
    if first is None or last is None:
        return "not_enough_data"
    points = next(points for most, points in RESPONDER_POINTS if first < most)
    return _change(first - last, points, RESPONDER_SHARE * first)


def peg_change(first: float | None, last: float | None) -> Change:
    """A mean of three items of 0–10: by one point and 30 % less (REE23), or one point more."""
    if first is None or last is None:
        return "not_enough_data"
    return _change(first - last, PEG_IMPORTANT, PEG_SHARE * first)


def _change(fall: float, points: float, share: float) -> Change:
    """A hair (1e-9) of rounding error does not make 30 % of 6.0 less than 1.8."""
    fall = round(fall, 9)
    if fall >= points and fall >= round(share, 9):
        return "less"
    return "more" if -fall >= points else "no_clear_change"


def before_and_after(pairs: Iterable[tuple[float, float]]) -> float | None:
    """The median change within a session, in points; None below five sessions."""
    changes = [after - before for before, after in pairs]
    return float(np.median(changes)) if len(changes) >= LEAST_RATINGS else None


def sessions_a_week(
    days: Sequence[dt.date], first: dt.date, last: dt.date, planned: Callable[[dt.date], int]
) -> tuple[Share, ...]:
    """Days with a session in each whole week from `first` on, of those planned on its last day; the last week
    of `last` counts only when it is over."""
    weeks = max(0, ((last - first).days + 1) // WINDOW_DAYS)
    done = [0] * weeks
    for day in set(days):
        week = (day - first).days // WINDOW_DAYS
        if 0 <= week < weeks:
            done[week] += 1
    ends = (first + dt.timedelta(days=WINDOW_DAYS * n + WINDOW_DAYS - 1) for n in range(weeks))
    return tuple(Share(count, planned(end)) for count, end in zip(done, ends, strict=True))


def share_rated(values: Ratings) -> Share:
    """Days with a rating, of all days: missing data is said in words."""
    return Share(int((~np.isnan(values)).sum()), len(values))
