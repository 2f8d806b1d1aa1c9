"""Data folders with an invented history, made once for all tests that only read them.

`rehearsed(weeks)` gives the folder; who writes in it takes a copy (`shutil.copytree`).
"""

from __future__ import annotations

import atexit
import datetime as dt
import shutil
import tempfile
from functools import cache
from pathlib import Path

from kiosk.clock import FixedClock
from kiosk.rehearsal.books import NewFolder
from kiosk.rehearsal.course import Course

ENDS = dt.datetime(2026, 11, 2, tzinfo=dt.UTC)
"""A Monday: the last day of every history is the Sunday before."""


def rehearsed(weeks: int) -> Path:
    """A folder of kind rehearsal with `weeks` of therapy up to the day before `ENDS`. Never write in it."""
    return rehearsed_course(weeks, "deconditioned", 1)[0]


@cache
def rehearsed_course(weeks: int, plan: str, seed: int) -> tuple[Path, Course]:
    """The same, and the course that was played."""
    folder = _place() / f"{plan}-{seed}-{weeks}"
    return folder, play_into(folder, weeks, plan, seed)


def play_into(folder: Path, weeks: int, plan: str, seed: int) -> Course:
    """Writes such a history into `folder`, and gives the course that was played."""
    clock = FixedClock(ENDS - dt.timedelta(weeks=weeks))
    with NewFolder(folder, clock) as book:
        course = Course(plan, seed, clock, book)
        for _ in course.days(weeks * 7):
            pass
    return course


@cache
def _place() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="homestim-rehearsed-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
