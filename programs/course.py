"""A course by complaint: what a prescription's `plan` names. Source: clinical reference 3.1 ("Progress").

A course goes through stages (learn, endure, strengthen) and never stands alone: each stage has exercises
for every day of the plan. It only orders what the prescription allows; it adds no programme to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from typing import Literal

import msgspec

from programs.checked_toml import Problem
from programs.program import Programme
from programs.text import Text

StageId = Literal["learn", "endure", "strengthen"]
STAGES: tuple[StageId, ...] = ("learn", "endure", "strengthen")
EXERCISES = (2, 4)
"""On every day of a plan: at least and at most. EMS does not replace exercise (clinical reference 3.2)."""
MOST_MUSCLE_SESSIONS_A_WEEK = 3
"""48 h of rest allow no more (clinical reference 4)."""


class Stage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One stage. It is left after `weeks` *and* `sessions` of its own; the last one is not left."""

    id: StageId
    name: Text
    """What the patient reads: "Learning"."""
    source: str
    programmes: tuple[str, ...]
    """Muscle programmes of this stage; the prescription says which of them."""
    weeks: int
    """At least so many since its first session."""
    sessions: int
    """At least so many that were played to their half."""
    sessions_per_week: int
    """Muscle sessions in any seven days, at most."""
    exercises: tuple[str, ...]
    """Two to four for every day of the plan, with or without current."""
    contract_along: bool
    """The patient tightens the muscle herself while the current does."""


class Course(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"stages": "stage"}):
    """One course: its stages in order, and the TENS programmes that go with all of them."""

    id: str
    name: Text
    source: str
    advice: Text
    """Said with every plan: current is the smaller part of it."""
    tens: tuple[str, ...]
    review_weeks: tuple[int, ...]
    """A clinician looks at the outcome after so many weeks; without benefit at the last, it stops."""
    stages: tuple[Stage, ...]
    needs_clearance: tuple[str, ...] = ()
    """Questions that the prescription must clear by name; without them it is refused."""

    @property
    def programmes(self) -> tuple[str, ...]:
        """All of them, in the order in which the course goes through them."""
        return (*(id_ for stage in self.stages for id_ in stage.programmes), *self.tens)

    @property
    def doses(self) -> tuple[object, ...]:
        """What decides how much is done how often, without the words and the exercises."""
        stages = tuple(
            (stage.id, stage.programmes, stage.weeks, stage.sessions, stage.sessions_per_week)
            for stage in self.stages
        )
        return (stages, self.tens, self.review_weeks, self.needs_clearance)

    def missing_clearances(self, cleared: Set[str]) -> tuple[str, ...]:
        """The questions that a prescription of this course has to clear and does not."""
        return tuple(key for key in self.needs_clearance if key not in cleared)


def problems(course: Course, programmes: Mapping[str, Programme]) -> Iterator[Problem]:
    """What cannot be meant in this course; nothing when it is well."""
    ids = [stage.id for stage in course.stages]
    if not ids or ids != list(STAGES[: len(ids)]):
        yield Problem("stage", ", ".join(ids) or "none", "learn, then endure, then strengthen")
    for index, stage in enumerate(course.stages):
        yield from _stage_problems(stage, f"stage[{index}]", programmes)
    yield from _programme_problems("tens", course.tens, "tens", programmes)
    named = course.programmes
    if len(set(named)) != len(named):
        yield Problem("stage", "a programme twice", "each programme in one place")
    weeks = course.review_weeks
    if not weeks or weeks[0] < 1 or list(weeks) != sorted(set(weeks)):
        yield Problem("review_weeks", str(list(weeks)), "growing numbers of weeks")
    if not (course.advice.en.strip() and course.advice.de.strip()):
        yield Problem("advice", "nothing", "a text in both languages: never current alone")


def _stage_problems(stage: Stage, at: str, programmes: Mapping[str, Programme]) -> Iterator[Problem]:
    if not stage.source.strip():
        yield Problem(f"{at}.source", "nothing", "a source code or [D]")
    if not stage.programmes:
        yield Problem(f"{at}.programmes", "none", "at least one muscle programme")
    yield from _programme_problems(f"{at}.programmes", stage.programmes, "nmes", programmes)
    low, high = EXERCISES
    if not low <= len(stage.exercises) <= high or len(set(stage.exercises)) != len(stage.exercises):
        yield Problem(f"{at}.exercises", str(list(stage.exercises)), "two to four, each once")
    if not 1 <= stage.sessions_per_week <= MOST_MUSCLE_SESSIONS_A_WEEK:
        yield Problem(f"{at}.sessions_per_week", str(stage.sessions_per_week), "1 to 3")
    if stage.weeks < 1:
        yield Problem(f"{at}.weeks", str(stage.weeks), "at least 1")
    if not 1 <= stage.sessions <= stage.weeks * stage.sessions_per_week:
        expected = f"1 to {stage.weeks * stage.sessions_per_week}, what its weeks allow"
        yield Problem(f"{at}.sessions", str(stage.sessions), expected)


def _programme_problems(
    key: str, ids: tuple[str, ...], kind: str, programmes: Mapping[str, Programme]
) -> Iterator[Problem]:
    for index, id_ in enumerate(ids):
        programme = programmes.get(id_)
        if programme is None or not programme.armable or programme.role != "work" or programme.kind != kind:
            yield Problem(f"{key}[{index}]", repr(id_), f"a {kind} programme that may be armed")
