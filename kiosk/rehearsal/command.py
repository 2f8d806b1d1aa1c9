"""`homestim rehearse`: plays, checks, tells, and writes the history when it is asked to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

from kiosk.clock import Clock, FixedClock
from kiosk.collecting import without_collecting
from kiosk.errors import KioskError
from kiosk.rehearsal import report
from kiosk.rehearsal.books import NewFolder, Nowhere
from kiosk.rehearsal.course import Course
from programs import library

MOST_WEEKS = 2600
"""Fifty years: the calendar of the clock's sane years ends."""


def rehearse(
    plan: str,
    weeks: int,
    seed: int,
    folder: Path | None,
    as_json: bool,
    clock: Clock,
    out: Callable[[str], None],
) -> None:
    """Plays `weeks` up to yesterday and gives every line to `out`.

    Raises KioskError for what cannot be played, RuleBroken when a rule was.
    """
    plans = library.load_courses()
    if plan not in plans:
        raise KioskError(f"There is no plan {plan!r}. There are: {', '.join(sorted(plans))}.", exit_code=2)
    if not 1 <= weeks <= MOST_WEEKS:
        raise KioskError(f"--weeks is {weeks}; expected 1 to {MOST_WEEKS}.", exit_code=2)
    virtual = FixedClock(_first_day(clock.now(), weeks))
    where = NewFolder(folder, virtual) if folder is not None else nullcontext(Nowhere())
    with without_collecting(), where as book:
        course, tally = Course(plan, seed, virtual, book), report.Tally()
        if as_json:
            report.write_json(course, seed, weeks, course.days(weeks * 7), tally, out)
            return
        out("\n".join(report.head(course, seed, weeks)) + "\n")
        for day in course.days(weeks * 7):
            tally.count(day)
            for event in day:
                out(report.line(event) + "\n")
    lines = report.in_short(tally)
    if folder is not None:
        lines.insert(-1, f"{book.written} records are written in {folder}.")
    out("\n".join(lines) + "\n")


def _first_day(now: dt.datetime, weeks: int) -> dt.datetime:
    """A Monday, so that the whole weeks end before today."""
    monday = now.date() - dt.timedelta(days=now.weekday(), weeks=weeks)
    return dt.datetime.combine(monday, dt.time(), now.tzinfo)
