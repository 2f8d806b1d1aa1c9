"""Exercises on every day of a plan, rating forms when they are due, and what is known of the effect."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from msgspec.structs import replace

from kiosk.config import load_config
from kiosk.diary.records import Form, Lock
from kiosk.errors import KioskError
from kiosk.page import NumberLine, Pictured, Words
from kiosk.run import check_forms
from kiosk.visit import flow
from kiosk.visit.state import Setting
from kiosk.visit.steps import leaflets
from kiosk.visit.steps.exercises import todays
from kiosk.visit.steps.forms import can_be_asked
from programs.forms import load_forms
from programs.history import CourseHistory
from programs.library import load_courses
from tests.kiosk.visit.visit_album import album, with_stage
from tests.kiosk.visit.visit_bench import FIRST_TIME, START, Walk, today

LONG_AGO = START.date() - dt.timedelta(days=100)


def offered_at_home(walk: Walk) -> bool:
    assert walk.step == "home"
    return any(choice.label == "Exercises" for choice in walk.page.choices)


# ── exercises ──


@pytest.mark.parametrize("course", sorted(load_courses()))
def test_every_plan_offers_two_to_four_exercises_a_screen_each(course: str) -> None:
    walk = Walk(with_stage(course))
    assert offered_at_home(walk)
    walk.press("5")
    names = [choice.label for choice in walk.page.choices if choice.key.value in "1234"]
    assert 2 <= len(names) <= 4
    walk.press("enter")
    for number, name in enumerate(names, start=1):
        assert walk.step == "exercise"
        assert f"Exercise {number} of {len(names)}: {name}" in walk.page.header.left
        assert isinstance(walk.page.body, Pictured)
        walk.press("enter")
    assert walk.step == "exercises"
    walk.press("0")
    assert walk.step == "home"


def test_one_exercise_is_picked_by_its_key() -> None:
    walk = Walk(with_stage("deconditioned"))
    walk.press("5", "2")
    assert walk.visit.place.index == 1


def test_an_answer_that_speaks_against_an_exercise_leaves_it_out() -> None:
    plain = todays(Walk(with_stage("deconditioned")).visit)
    against = {leave_out.question for exercise in plain for leave_out in exercise.not_if}
    question = sorted(against)[0]
    left = todays(Walk(with_stage("deconditioned", worse_answers=frozenset({question}))).visit)
    assert left
    assert set(left) == {e for e in plain if question not in {leave_out.question for leave_out in e.not_if}}


def test_strong_pain_today_leaves_out_what_is_not_for_it() -> None:
    plain = todays(Walk(with_stage("deconditioned")).visit)
    left = todays(Walk(with_stage("deconditioned", pain_now=10)).visit)
    assert set(left) < set(plain)
    assert all(exercise.not_if_pain_from > 10 for exercise in left)


@pytest.mark.parametrize("class_", ["E", "U", "X", "C", "red"])
def test_a_lock_that_a_clinician_has_to_open_closes_the_exercises_too(class_: str) -> None:
    lock = Lock(class_=class_, cause="rf_saddle")  # type: ignore[arg-type]
    walk = Walk(with_stage("deconditioned", locks=(lock,)))
    assert not offered_at_home(walk)
    walk.press("5")
    assert walk.step == "home"


@pytest.mark.parametrize("class_", ["P", "skin", "soreness"])
def test_rest_from_the_current_is_no_rest_from_moving(class_: str) -> None:
    lock = Lock(class_=class_, cause="skin_2")  # type: ignore[arg-type]
    assert offered_at_home(Walk(with_stage("deconditioned", locks=(lock,))))


def test_before_the_first_questions_there_are_none() -> None:
    assert not offered_at_home(Walk(with_stage("deconditioned", baseline_due=FIRST_TIME)))


def test_without_a_plan_there_are_none() -> None:
    assert not offered_at_home(Walk(today(stage=None)))


def test_after_a_session_the_exercises_are_one_key_away() -> None:
    walk = Walk(with_stage("deconditioned"))
    walk.until("session")
    walk.end_session("plan_over")
    walk.until("saved")
    walk.press("2")
    assert walk.step == "exercises"


# ── forms ──


def due_today() -> Walk:
    """Both forms are due: PEG for the first time, PGIC because the course is long under way."""
    return Walk(today(history=replace(CourseHistory(), plan_began=LONG_AGO)))


def entry_written(walk: Walk) -> None:
    walk.press("2", "enter", *("4", "enter") * 4, "1", "2", "enter")
    assert walk.step == "entry_saved"


def test_a_form_that_is_due_is_asked_after_the_diary_and_can_wait() -> None:
    walk = due_today()
    entry_written(walk)
    assert "3 more questions, once a week" in walk.words
    walk.press("enter")
    assert walk.step == "home"
    assert walk.records(Form) == []


def test_both_forms_are_asked_one_after_the_other_and_saved() -> None:
    walk = due_today()
    entry_written(walk)
    walk.press("1")
    for value in ("5", "6", "7"):
        assert isinstance(walk.page.body, NumberLine)
        assert walk.page.body.value is None, "nothing is marked beforehand"
        walk.press(value, "enter")
    assert walk.step == "entry_saved"
    assert "1 more question," in walk.words
    walk.press("1", "3")
    assert walk.step == "entry_saved"
    walk.press("1")
    assert walk.step == "entry_saved", "nothing more is due"
    peg, pgic = walk.records(Form)[-2:]
    assert (peg.form, dict(peg.answers)) == ("peg", {"pain": 5, "joy": 6, "daily_life": 7})
    assert (pgic.form, dict(pgic.answers)) == ("pgic", {"change": 3})
    assert load_forms()["peg"].score(dict(peg.answers)) == 6


def test_every_answer_is_saved_as_it_is_given() -> None:
    walk = due_today()
    entry_written(walk)
    walk.press("1", "5", "enter")
    assert dict(walk.records(Form)[-1].answers) == {"pain": 5}
    walk.press("6", "enter", "back")
    assert isinstance(walk.page.body, NumberLine)
    assert walk.page.body.value == 6
    walk.press("2", "enter")
    assert dict(walk.records(Form)[-1].answers) == {"pain": 5, "joy": 2}


def test_a_form_is_offered_after_a_session_too() -> None:
    walk = Walk()
    walk.until("session")
    walk.end_session("plan_over")
    walk.until("saved")
    walk.press("1")
    assert walk.step == "form_scale"


def test_what_was_filled_in_is_not_due_the_next_day() -> None:
    walk = Walk(today(forms={"peg": START.date() - dt.timedelta(days=1)}))
    entry_written(walk)
    walk.press("1")
    assert walk.step == "entry_saved"


def test_a_clinics_form_that_the_keys_cannot_answer_is_not_asked() -> None:
    peg, pgic = load_forms()["peg"], load_forms()["pgic"]
    assert can_be_asked(peg)
    assert can_be_asked(pgic)
    assert not can_be_asked(replace(peg, items=(replace(peg.items[0], highest=100),)))
    many = tuple(replace(pgic.items[0].choices[0], value=value) for value in range(8))
    assert not can_be_asked(replace(pgic, items=(replace(pgic.items[0], choices=many),)))


# ── what is known, and what it is not ──


@pytest.mark.parametrize(("key", "step"), [("1", "label"), ("2", "evidence")])
def test_label_and_evidence_are_read_a_screen_at_a_time_and_left_at_the_end(key: str, step: str) -> None:
    walk = Walk()
    walk.press("4", key)
    assert walk.step == step
    many = leaflets.count(step)
    assert many >= 2
    for number in range(1, many + 1):
        assert walk.step == step
        assert f"{number} of {many}" in walk.page.header.left
        assert isinstance(walk.page.body, Words)
        assert len(walk.page.body.lines) <= 5
        walk.press("enter")
    assert walk.step == "help"
    walk.press("0")
    assert walk.step == "home"


def test_the_evidence_says_on_every_screen_what_matters_more() -> None:
    walk = Walk()
    walk.press("4", "2")
    assert "Moving and exercise matter more" in walk.words


# ── tightening along ──


@pytest.mark.parametrize("along", [True, False])
def test_who_is_to_tighten_along_is_told_so_and_nobody_else(along: bool) -> None:
    """Clinical reference 3.1: learning lets the muscle do it alone; later stages tighten with it."""
    shots = [shot for shot in album() if shot.session is not None and shot.session.stage == "play"]
    plan = shots[0].session.plan  # type: ignore[union-attr]
    assert plan.kind == "nmes"
    titles = set()
    for shot in shots:
        assert shot.session is not None
        if shot.session.plan.kind == "nmes":
            changed = replace(shot.session, plan=replace(shot.session.plan, contract_along=along))
            titles.add(flow.page(shot.visit, shot.moment, changed).header.left)
    said = {title for title in titles if title.startswith("Working")}
    assert said
    assert all(("tighten with it" in title) is along for title in said)


# ── a clinic's own forms ──

INVENTED = """
id = "stairs"
name.en = "Stairs"
languages = ["en"]
source = "[D]"
scoring = "sum"
{when}
intro.en = "Today."
[licence]
words = "own"
holder = "this test"
terms = "none"
[thresholds]
points = 1
source = "[D]"
[[item]]
key = "up"
kind = "tick"
text.en = "Can you climb stairs?"
"""


def clinic(folder: Path, when: str) -> Setting:
    (folder / "stairs").mkdir(parents=True)
    (folder / "stairs" / "form.toml").write_text(INVENTED.replace("{when}", when), encoding="utf-8")
    return Setting(forms_folder=str(folder))


def asked(walk: Walk) -> bool:
    """Whether the clinic's form is asked; the shipped ones were filled in yesterday."""
    entry_written(walk)
    return "more question" in walk.words


YESTERDAY = START.date() - dt.timedelta(days=1)
SHIPPED_DONE = {"peg": YESTERDAY, "pgic": YESTERDAY}


def test_a_clinics_form_is_asked_as_often_as_it_says(tmp_path: Path) -> None:
    setting = clinic(tmp_path, "every_days = 30")
    walk = Walk(today(forms=SHIPPED_DONE), setting=setting)
    assert asked(walk)
    walk.press("1", "1")
    assert dict(walk.records(Form)[-1].answers) == {"up": 1}
    long_ago, lately = (START.date() - dt.timedelta(days=days) for days in (30, 29))
    assert asked(Walk(today(forms={**SHIPPED_DONE, "stairs": long_ago}), setting=setting))
    assert not asked(Walk(today(forms={**SHIPPED_DONE, "stairs": lately}), setting=setting))


@pytest.mark.parametrize(("weeks", "due"), [(0, True), (3, False), (4, True), (5, False)])
def test_a_clinics_form_is_asked_in_the_weeks_that_it_names(tmp_path: Path, weeks: int, due: bool) -> None:
    history = replace(CourseHistory(), plan_began=START.date() - dt.timedelta(weeks=weeks))
    walk = Walk(today(forms=SHIPPED_DONE, history=history), setting=clinic(tmp_path, "at_weeks = [0, 4]"))
    assert asked(walk) is due


def test_a_clinics_form_that_is_wrong_is_said_before_anything_starts(tmp_path: Path) -> None:
    clinic(tmp_path / "forms", "every_days = 0")
    (tmp_path / "kiosk.toml").write_text(f'[kiosk]\nforms = "{tmp_path / "forms"}"\n')
    config = load_config(tmp_path / "kiosk.toml")
    with pytest.raises(KioskError, match=r"stairs/form\.toml.*every_days"):
        check_forms(config.kiosk.forms)
