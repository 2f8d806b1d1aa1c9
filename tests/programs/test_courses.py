"""Courses by complaint: what ships, what a course may not be, and what a prescription of one needs."""

from __future__ import annotations

import msgspec
import pytest

from programs import library
from programs.course import Course, problems
from programs.prescription import Prescription, parse
from programs.prescription import problems as prescription_problems

replace = msgspec.structs.replace
COURSES = library.load_courses()
PROGRAMMES = library.load_programmes()
EXAMPLE = parse(library.prescription_example())
WITHOUT_CLEARANCE = {"muscle-tension", "deconditioned", "chronic-pain", "older-stiff"}
CLEARANCES = {
    "after-strain": ("c_acute",),
    "after-injury": ("c_acute",),
    "herniated-disc": ("c_spine",),
    "arthritis": ("c_spine",),
}


def test_there_is_a_course_for_every_complaint() -> None:
    assert set(COURSES) == WITHOUT_CLEARANCE | set(CLEARANCES)


@pytest.mark.parametrize("course", COURSES.values(), ids=str)
def test_what_ships_is_well_and_goes_to_both_reviews(course: Course) -> None:
    assert list(problems(course, PROGRAMMES)) == []
    assert course.review_weeks == (6, 12)
    assert sum(stage.weeks for stage in course.stages) == 12
    assert all(stage.name.de and course.name.de for stage in course.stages)
    assert "strengthen" not in [stage.id for stage in course.stages] or course.id == "deconditioned"


@pytest.mark.parametrize("course", COURSES.values(), ids=str)
def test_never_a_plan_without_active_movement(course: Course) -> None:
    for stage in course.stages:
        assert 2 <= len(stage.exercises) <= 4
        assert "walk" in stage.exercises
    assert "exercises" in course.advice.en
    assert "Übungen" in course.advice.de


def test_while_learning_the_muscle_is_left_to_the_current() -> None:
    for course in COURSES.values():
        for stage in course.stages:
            assert stage.contract_along == (stage.id != "learn")


STAGE = COURSES["deconditioned"].stages[0]


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"exercises": ("walk",)}, "stage[0].exercises"),
        ({"exercises": ("a", "b", "c", "d", "e")}, "stage[0].exercises"),
        ({"exercises": ("walk", "walk")}, "stage[0].exercises"),
        ({"programmes": ()}, "stage[0].programmes"),
        ({"programmes": ("tens_conv",)}, "stage[0].programmes[0]"),
        ({"programmes": ("wbems_ref",)}, "stage[0].programmes[0]"),
        ({"sessions_per_week": 4}, "stage[0].sessions_per_week"),
        ({"sessions": 0}, "stage[0].sessions"),
        ({"sessions": 5}, "stage[0].sessions"),
        ({"weeks": 0}, "stage[0].weeks"),
        ({"source": " "}, "stage[0].source"),
        ({"id": "endure"}, "stage"),
    ],
)
def test_a_stage_that_cannot_be_meant_is_said(changes: dict[str, object], key: str) -> None:
    course = replace(COURSES["deconditioned"], stages=(replace(STAGE, **changes),))
    assert key in [problem.key for problem in problems(course, PROGRAMMES)]


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"stages": ()}, "stage"),
        ({"tens": ("nmes_end",)}, "tens[0]"),
        ({"tens": ("tens_conv", "tens_conv")}, "stage"),
        ({"review_weeks": ()}, "review_weeks"),
        ({"review_weeks": (12, 6)}, "review_weeks"),
        ({"advice": replace(COURSES["deconditioned"].advice, de="")}, "advice"),
    ],
)
def test_a_course_that_cannot_be_meant_is_said(changes: dict[str, object], key: str) -> None:
    course = replace(COURSES["deconditioned"], **changes)
    assert key in [problem.key for problem in problems(course, PROGRAMMES)]


def prescribed(**changes: object) -> Prescription:
    return replace(EXAMPLE, clearances=(), limits={}, **changes)


@pytest.mark.parametrize("plan", CLEARANCES)
def test_a_course_that_needs_a_clearance_is_refused_without_it(plan: str) -> None:
    programmes = ("nmes_learn", "tens_conv")
    (problem,) = prescription_problems(prescribed(plan=plan, programmes=programmes))
    assert problem.key == "clearance"
    assert CLEARANCES[plan][0] in problem.expected
    clearance = replace(EXAMPLE.clearances[0], question=CLEARANCES[plan][0])
    cleared = replace(prescribed(plan=plan, programmes=programmes), clearances=(clearance,))
    assert list(prescription_problems(cleared)) == []


@pytest.mark.parametrize("plan", sorted(WITHOUT_CLEARANCE))
def test_the_others_need_none(plan: str) -> None:
    assert list(prescription_problems(prescribed(plan=plan, programmes=("nmes_learn", "tens_conv")))) == []


def test_a_muscle_programme_that_the_plan_does_not_have_is_refused() -> None:
    (problem,) = prescription_problems(prescribed(plan="older-stiff", programmes=("nmes_learn", "nmes_str")))
    assert problem.key == "programmes[1]"
    assert "older-stiff" in problem.found


def test_a_plan_cannot_begin_in_its_middle() -> None:
    (problem,) = prescription_problems(prescribed(programmes=("nmes_str", "tens_conv")))
    assert problem.key == "programmes[0]"
    assert "nmes_learn" in problem.expected


def test_a_plans_doses_are_in_the_digest_and_its_words_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other doses: everything is asked again and found from zero (safety rule 24)."""

    def digest(course: Course) -> str:
        monkeypatch.setattr(library, "load_courses", lambda: {course.id: course})
        return library.questionnaire_digest.__wrapped__()

    plan = library.load_courses()["deconditioned"]
    learn, *others = plan.stages
    more = msgspec.structs.replace(learn, sessions_per_week=learn.sessions_per_week + 1)
    reworded = msgspec.structs.replace(learn, exercises=learn.exercises[:2])
    same = digest(plan)
    assert digest(msgspec.structs.replace(plan, stages=(more, *others))) != same
    assert digest(msgspec.structs.replace(plan, stages=(reworded, *others))) == same
