"""Exercises fit one screen and are left out for whom they are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from programs import exercises, library
from programs.course import Course
from programs.exercises import SAFE_GLYPHS, Exercise
from tests.programs.content_copies import assert_named, broken_copy

EXERCISES = exercises.load_exercises()
every_exercise = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)


def test_what_there_is() -> None:
    assert set(EXERCISES) == {
        "walk",
        "pelvic_tilt",
        "knee_roll",
        "bridge",
        "arm_leg_reach",
        "sit_to_stand",
        "heel_raise",
        "back_stretch_sitting",
    }


@every_exercise
def test_the_drawing_needs_nothing_but_glyphs_that_every_console_has(exercise: Exercise) -> None:
    rows = exercise.drawing.splitlines()
    assert len(rows) <= 8
    assert max(map(len, rows)) <= 24
    assert all(" " <= glyph <= "~" or glyph in SAFE_GLYPHS for row in rows for glyph in row)
    assert "●" in exercise.drawing, "a head, so that it is seen to be a person"
    assert not any(glyph.isalpha() for glyph in exercise.drawing), "words would need a translation"


@every_exercise
def test_steps_are_few_and_short(exercise: Exercise) -> None:
    assert 3 <= len(exercise.steps) <= 5
    for step in exercise.steps:
        assert max(len(step.en), len(step.de)) <= 60


@every_exercise
def test_each_says_for_whom_it_is_not(exercise: Exercise) -> None:
    questions = library.load_questionnaire().questions
    assert {"x_bone3", "d_ill"} <= {leave_out.question for leave_out in exercise.not_if} <= set(questions)
    assert 7 <= exercise.not_if_pain_from <= 8


def test_after_an_operation_only_walking_and_toes_are_left() -> None:
    left = {exercise.id for exercise in exercises.suited(EXERCISES, {"c_surg"}, 3)}
    assert left == {"walk", "heel_raise"}


def test_weak_bones_are_neither_bent_nor_turned() -> None:
    left = {exercise.id for exercise in exercises.suited(EXERCISES, {"c_osteo"}, 3)}
    assert set(EXERCISES) - left == {"knee_roll", "back_stretch_sitting"}


def test_who_is_dizzy_or_unsteady_stays_off_her_feet() -> None:
    for question in ("d_faint", "rf_gait"):
        for exercise in exercises.suited(EXERCISES, {question}, 0):
            assert exercise.position not in ("standing", "walking")
            assert exercise.id != "sit_to_stand"


@pytest.mark.parametrize("pain", range(11))
def test_strong_pain_leaves_less_and_less(pain: int) -> None:
    now = {exercise.id for exercise in exercises.suited(EXERCISES, set(), pain)}
    assert now == {id_ for id_, exercise in EXERCISES.items() if pain < exercise.not_if_pain_from}
    if pain <= 6:
        assert now == set(EXERCISES)
    if pain >= 8:
        assert now == set()


@every_exercise
def test_one_more_worse_answer_never_adds_an_exercise(exercise: Exercise) -> None:
    for leave_out in exercise.not_if:
        assert exercise not in exercises.suited(EXERCISES, {leave_out.question}, 0)


WALK = "exercises/walk.toml"


@pytest.mark.parametrize(
    ("file", "old", "new", "parts"),
    [
        (WALK, 'id = "walk"', 'id = "walking"', ["id", "'walking'", "'walk'"]),
        (WALK, 'name.de = "Gehen"', 'name.de = ""', ["name.de", "''", "not empty"]),
        (WALK, 'position = "walking"', 'position = "flying"', ["position", "'flying'", "'lying'"]),
        (WALK, "●", "☻", ["drawing", "☻", "every console"]),
        (WALK, "→ →", "⇒ →", ["drawing", "⇒"]),
        (WALK, "═══", "═" * 12, ["drawing", "27 columns", "24"]),
        (WALK, "drawing = '''\n", "drawing = '''\n\n|\n", ["drawing", "10 rows", "8"]),
        (WALK, "minutes = 10", "minutes = 0", ["repetitions", "0 minutes"]),
        (WALK, "minutes = 10", "minutes = 10\ntimes = 3", ["repetitions", "3 times and 10 minutes"]),
        (WALK, "minutes = 10", "minutes = 10\nrounds = 0", ["repetitions.rounds", "0"]),
        (WALK, "minutes = 10", "minutes = 10\nhold_seconds = -1", ["repetitions.hold_seconds", "-1"]),
        (WALK, "minutes = 10", 'minutes = "ten"', ["repetitions.minutes", "'ten'", "a whole number"]),
        (WALK, "not_if_pain_from = 8", "not_if_pain_from = 11", ["not_if_pain_from", "11", "1 to 10"]),
        (WALK, 'question = "rf_gait"', 'question = "rf_walk"', ["not_if[0].question", "'rf_walk'"]),
        (WALK, 'source = "', 'source = ""#', ["source", "[D]"]),
        (WALK, 'en = "You can still talk while you walk."', f'en = "{"x" * 61}"', ["steps[2]", "61 columns"]),
        (WALK, "[[steps]]", '[[steps]]\nen = "x"\nde = "x"\n\n[[steps]]\nen = "x"\nde = "x"\n\n[[steps]]',
         ["steps", "6 lines", "1 to 5"]),
        (WALK, "[repetitions]", "[repetition]", ["repetition", "only keys"]),
    ],
)  # fmt: skip
def test_a_broken_file_is_named_with_its_key(
    tmp_path: Path, file: str, old: str, new: str, parts: list[str]
) -> None:
    root = broken_copy(tmp_path, file, old, new)
    questions = frozenset(library.load_questionnaire().questions)
    assert_named(root, file, lambda root: exercises.exercises_in(root / "exercises", questions), parts)


COURSES = library.load_courses()


@pytest.mark.parametrize("course", COURSES.values(), ids=COURSES)
def test_every_course_names_exercises_that_are_there_and_that_suit_whom_it_is_for(course: Course) -> None:
    """Who needs a clearance for the course has at least two exercises left on each of its days."""
    for stage in course.stages:
        named = {id_: EXERCISES[id_] for id_ in stage.exercises}
        assert len(exercises.suited(named, set(course.needs_clearance), 5)) >= 2, stage.id
