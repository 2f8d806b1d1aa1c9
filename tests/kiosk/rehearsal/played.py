"""Plays many courses, on both cores."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import NamedTuple

from kiosk.clock import FixedClock
from kiosk.collecting import without_collecting
from kiosk.rehearsal.books import Nowhere
from kiosk.rehearsal.course import Course
from kiosk.rehearsal.life import Event
from kiosk.rehearsal.report import Tally

BEGINS = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
PROCESSES = 2


class Played(NamedTuple):
    """One course in short."""

    plan: str
    seed: int
    sessions: int
    armings: int
    outputs: int
    rules: Counter[str]
    locks: Counter[str]
    highest_mA: float


def new_course(plan: str, seed: int) -> Course:
    """A course that writes nothing."""
    return Course(plan, seed, FixedClock(BEGINS), Nowhere())


def events(plan: str, seed: int, weeks: int) -> list[Event]:
    """Everything that happens in it."""
    return [event for day in new_course(plan, seed).days(weeks * 7) for event in day]


def play(plan: str, seed: int, weeks: int) -> Played:
    """Plays it to its end. Raises RuleBroken."""
    course, tally = new_course(plan, seed), Tally()
    with without_collecting():
        for day in course.days(weeks * 7):
            tally.count(day)
    return Played(
        plan,
        seed,
        tally.sessions,
        course.checker.armings,
        course.checker.outputs,
        tally.rules,
        tally.locks,
        max(tally.highest.values(), default=0.0),
    )


def play_all(plans: list[str], seeds: int, weeks: int) -> Iterator[Played]:
    """`seeds` courses, the plans in turn."""
    chosen = [plans[seed % len(plans)] for seed in range(seeds)]
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        yield from pool.map(play, chosen, range(seeds), [weeks] * seeds, chunksize=2)
