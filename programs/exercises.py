"""Simple exercises without the device: moving matters more than current (clinical reference 3.1, 3.2).

A plan names two to four of them for each of its days. They are done with the pads off; what a person does
along with the current stands in the leaflet "tighten_along" (`programs.care`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from functools import cache
from importlib.resources.abc import Traversable
from typing import Literal

import msgspec

from programs import library
from programs.checked_toml import Problem
from programs.content_files import (
    ContentError,
    by_id,
    checked,
    count_problems,
    root,
    text_problems,
)
from programs.text import Text

DRAWING_COLUMNS = 24
DRAWING_ROWS = 8
STEP_COLUMNS = 60
SAFE_GLYPHS = frozenset("─│┌┐└┘├┤┬┴┼═║█░▒←→↑↓●•▲▼◀▶°±µ≤≥…–")
"""What every console font has (screens.md), besides plain ASCII."""


class Repetitions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much: so many times, or so many minutes; one of the two."""

    times: int = 0
    minutes: int = 0
    hold_seconds: int = 0
    """Stay there each time."""
    each_side: bool = False
    """`times` on the left and as often on the right."""
    rounds: int = 1
    rest_seconds: int = 0
    """Between two rounds."""


class LeaveOut(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When an exercise is left out: this safety question was answered with its worse answer."""

    question: str
    text: Text
    """The same in words, after "Leave it out"."""


class Exercise(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One exercise, as it fits on one screen."""

    id: str
    name: Text
    position: Literal["lying", "hands_and_knees", "sitting", "standing", "walking"]
    drawing: str
    """At most 24 × 8 glyphs that every console has; the same in every language."""
    steps: tuple[Text, ...]
    """At most five short lines."""
    repetitions: Repetitions
    not_if: tuple[LeaveOut, ...]
    not_if_pain_from: int
    """Left out when the pain now (0–10) is this or more."""
    source: str


@cache
def load_exercises() -> Mapping[str, Exercise]:
    """All exercises by id. Raises ContentError."""
    return exercises_in(root() / "exercises", frozenset(library.load_questionnaire().questions))


def exercises_in(folder: Traversable, questions: Set[str]) -> Mapping[str, Exercise]:
    """The exercises in `folder`, one a file, checked; `questions` may be named in `not_if`.

    Raises ContentError.
    """
    exercises = checked(by_id(folder, Exercise), problems)
    for exercise in exercises.values():
        for index, leave_out in enumerate(exercise.not_if):
            if leave_out.question not in questions:
                at, found = f"not_if[{index}].question", repr(leave_out.question)
                raise ContentError(f"{exercise.id}.toml", at, found, "the key of a safety question")
    return exercises


def suited(
    exercises: Mapping[str, Exercise], worse_answers: Set[str], pain_0_10: int
) -> tuple[Exercise, ...]:
    """Those that nothing speaks against today, in their order.

    `worse_answers` are the questions that stand with their worse answer, cleared or not: a clearance is for
    the current and says nothing of an exercise.
    """
    return tuple(
        exercise
        for exercise in exercises.values()
        if pain_0_10 < exercise.not_if_pain_from
        and not any(leave_out.question in worse_answers for leave_out in exercise.not_if)
    )


def problems(exercise: Exercise) -> Iterator[Problem]:
    """What does not fit a screen or cannot be meant; nothing when it is well."""
    yield from text_problems(exercise)
    yield from count_problems(len(exercise.steps), "steps")
    for index, step in enumerate(exercise.steps):
        if (longest := max(len(step.en), len(step.de))) > STEP_COLUMNS:
            yield Problem(f"steps[{index}]", f"{longest} columns", f"at most {STEP_COLUMNS} columns")
    yield from _drawing_problems(exercise.drawing)
    yield from _repetition_problems(exercise.repetitions)
    if not 1 <= exercise.not_if_pain_from <= 10:
        yield Problem("not_if_pain_from", str(exercise.not_if_pain_from), "1 to 10")


def _drawing_problems(drawing: str) -> Iterator[Problem]:
    rows = drawing.splitlines()
    if not 1 <= len(rows) <= DRAWING_ROWS or not drawing.strip():
        yield Problem("drawing", f"{len(rows)} rows", f"1 to {DRAWING_ROWS} rows")
    if (widest := max(map(len, rows), default=0)) > DRAWING_COLUMNS:
        yield Problem("drawing", f"{widest} columns", f"at most {DRAWING_COLUMNS} columns")
    unsafe = {glyph for row in rows for glyph in row if not " " <= glyph <= "~"} - SAFE_GLYPHS
    if unsafe:
        yield Problem("drawing", f"the glyphs {' '.join(sorted(unsafe))}", "glyphs that every console has")


def _repetition_problems(repetitions: Repetitions) -> Iterator[Problem]:
    numbers = msgspec.structs.asdict(repetitions)
    for key in ("times", "minutes", "hold_seconds", "rest_seconds"):
        if numbers[key] < 0:
            yield Problem(f"repetitions.{key}", str(numbers[key]), "0 or more")
    if (repetitions.times > 0) == (repetitions.minutes > 0):
        found = f"{repetitions.times} times and {repetitions.minutes} minutes"
        yield Problem("repetitions", found, "so many times or so many minutes")
    if repetitions.rounds < 1:
        yield Problem("repetitions.rounds", str(repetitions.rounds), "1 or more")
