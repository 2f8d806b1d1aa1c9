"""What the flow must never do: begin without every answer, lose one, lift a lock, say "saved" too early."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from kiosk.diary.records import Alert, Lock, Screening
from kiosk.events import (
    BeginSession,
    LoadToday,
    Save,
    SaveFailed,
    SaveScreening,
    StartStopTest,
    TodayLoaded,
    TodayNotLoaded,
)
from kiosk.keys import Key
from kiosk.screens.draw import draw
from kiosk.today import OpenScreening
from kiosk.visit import flow
from kiosk.visit.steps.answers import CONFIRMED_CLASSES, groups
from programs.screening import Class, Finding
from programs.text import Reason
from tests.kiosk.visit.visit_bench import (
    BASELINE,
    DAILY,
    FIRST_TIME,
    LOCKING,
    QUESTIONS,
    START,
    Walk,
    today,
)

EMERGENCIES = [key for key in BASELINE if QUESTIONS.questions[key].class_ is Class.E]


def to_question(walk: Walk, key: str) -> None:
    """Answers the safe way until `key` is asked alone."""
    for _ in range(120):
        if walk.step in ("group", "single"):
            group = groups(walk.visit)[walk.visit.place.index]
            if key in group.questions:
                if walk.step == "group":
                    walk.press("2")
                while group.questions[walk.visit.place.item] != key:
                    walk.press("1")
                return
        walk.until_next()
    raise AssertionError(f"{key} was not asked")


def locks(walk: Walk) -> list[tuple[str, str]]:
    return [(lock.class_, lock.cause) for lock in walk.records(Lock) if isinstance(lock, Lock)]


def last_screening(walk: Walk) -> Screening:
    record = walk.records(Screening)[-1]
    assert isinstance(record, Screening)
    return record


# ── worse answers ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("answer", ["2", "3"])
@pytest.mark.parametrize("key", LOCKING)
def test_a_worse_answer_of_the_baseline_is_asked_once_more_and_locks(key: str, answer: str) -> None:
    walk = Walk(today(baseline_due=FIRST_TIME))
    to_question(walk, key)
    walk.press(answer)
    assert walk.step == "confirm_yes"
    walk.press("enter", "1", "3")
    assert walk.step == "confirm_yes"
    walk.press("2")
    class_ = QUESTIONS.questions[key].class_.value
    assert (class_, key) in locks(walk)
    walk.until("verdict", most=120)
    assert last_screening(walk).verdict == class_
    walk.press("enter", "1")
    assert walk.step == "home"


@pytest.mark.parametrize("key", EMERGENCIES)
def test_an_emergency_waits_for_no_other_question(key: str) -> None:
    walk = Walk(today(baseline_due=FIRST_TIME))
    to_question(walk, key)
    walk.press("2", "2")
    assert walk.step == "verdict"
    assert "112" in walk.words
    assert "locked until Dr. Demo opens it" in walk.words


@pytest.mark.parametrize("answer", ["2", "3"])
@pytest.mark.parametrize("key", DAILY)
def test_a_worse_answer_of_a_visit_never_leads_to_the_session(key: str, answer: str) -> None:
    walk = Walk()
    to_question(walk, key)
    question = QUESTIONS.questions[key]
    walk.press(answer)
    if question.mendable:
        assert walk.step == "mend"
        walk.press("2")
    elif question.class_ in CONFIRMED_CLASSES:
        walk.press("2")
    walk.until("verdict")
    assert (question.class_.value, key) in locks(walk)
    assert not walk.sent(BeginSession)
    walk.press("enter", "1")
    assert walk.step == "home"


@pytest.mark.parametrize("key", ["rf_chest", "d_change", "d_ill"])
def test_the_lock_is_durable_before_its_screen_shows(key: str) -> None:
    walk = Walk()
    to_question(walk, key)
    walk.answering = False
    walk.press("2")
    if walk.step == "confirm_yes":
        walk.press("2")
    walk.until("saving")
    while walk.unanswered:
        assert walk.step == "saving"
        unsaved = walk.unanswered.pop(0)
        walk.hear(walk.written(unsaved))
    assert walk.step == "verdict"


def test_all_locks_apply_and_the_worst_picks_the_screen() -> None:
    walk = Walk(today(baseline_due=FIRST_TIME))
    for key in ("rf_fever", "x_pacer", "c_heart"):
        to_question(walk, key)
        walk.press("2", "2")
    walk.until("verdict", most=120)
    assert [class_ for class_, _ in locks(walk)] == ["U", "X", "C"]
    assert "urgent-care" in walk.words


@pytest.mark.parametrize("key", ["1", "2", "3"])
def test_no_key_pressed_twice_takes_a_yes_back(key: str) -> None:
    walk = Walk()
    to_question(walk, "d_change")
    if key == "1":
        walk.press("2", "2", "back")
        assert walk.step == "single"
    for _ in range(4):
        walk.press(key)
    assert last_screening(walk).answers["d_change"] in ("yes", "not_sure")
    assert last_screening(walk).retracted == {}


@pytest.mark.parametrize("size", [(67, 20), (80, 25), (120, 40)])
def test_no_place_touched_twice_takes_a_yes_back(size: tuple[int, int]) -> None:
    walk = Walk()
    to_question(walk, "d_change")
    before = draw(walk.page, *size)
    walk.press("2")
    after = draw(walk.page, *size)
    cells = [(x, y) for x in range(size[0]) for y in range(size[1]) if Key.FIVE in after.keys_at(x, y)]
    assert cells
    assert not {key for cell in cells for key in before.keys_at(*cell)} & {Key.ONE, Key.TWO, Key.THREE}


def test_a_wrong_key_keeps_both_answers_and_tells_the_family() -> None:
    walk = Walk()
    to_question(walk, "d_change")
    walk.press("2", "5")
    assert walk.step == "pain_rest"
    screening = last_screening(walk)
    assert screening.answers["d_change"] == "no"
    assert screening.retracted == {"d_change": "yes"}
    (alert,) = walk.records(Alert)
    assert isinstance(alert, Alert)
    assert alert.rule.rule == "yes_taken_back"
    assert locks(walk) == []
    walk.until("session")


def test_a_wrong_key_is_believed_once() -> None:
    walk = Walk()
    to_question(walk, "d_change")
    walk.press("2", "5", "back")
    assert walk.step == "single"
    while walk.step != "single":
        walk.press("back")
    walk.press("2")
    assert walk.step != "confirm_yes"
    assert locks(walk) == [("C", "d_change")]


def test_enter_answers_no_safety_question() -> None:
    walk = Walk()
    walk.until("group")
    place = walk.visit.place
    walk.press("enter", "enter", "3", "4", "up")
    assert walk.visit.place == place
    walk.press("2")
    place = walk.visit.place
    walk.press("enter", "enter", "4", "down")
    assert walk.visit.place == place
    walk = Walk()
    walk.until("contact")
    walk.press("enter", "enter")
    assert walk.step == "contact"


def test_a_cleared_question_locks_nothing() -> None:
    walk = Walk(today(baseline_due=FIRST_TIME, clearances=frozenset({"c_heart"})))
    to_question(walk, "c_heart")
    walk.press("2")
    walk.until("first_done", most=120)
    assert locks(walk) == []
    assert "c_heart" in last_screening(walk).findings


def test_what_can_be_put_right_is_asked_again() -> None:
    walk = Walk()
    to_question(walk, "d_dry")
    walk.press("2")
    assert walk.step == "mend"
    walk.press("enter")
    assert walk.step == "single"
    walk.press("1")
    walk.until("session")
    assert locks(walk) == []


def test_what_could_be_put_right_but_was_not_asked_again_does_not_begin() -> None:
    walk = Walk()
    to_question(walk, "d_dry")
    walk.press("2", "enter")
    while walk.step != "check":
        walk.press("back")
    walk.press("enter")
    assert walk.step in ("group", "single")
    assert "d_dry" in groups(walk.visit)[walk.visit.place.index].questions


@pytest.mark.parametrize(("soreness", "locked"), [(3, False), (4, False), (7, True), (10, True)])
def test_sore_muscles_postpone_and_very_sore_ones_lock(soreness: int, locked: bool) -> None:
    walk = Walk()
    walk.until("soreness")
    walk.press(*(("1", "0") if soreness == 10 else (str(soreness),)), "enter", "enter")
    assert walk.step == ("not_today" if soreness >= 4 else "group")
    assert locks(walk) == ([("soreness", "d_sore")] if locked else [])


# ── nothing lifts a lock ────────────────────────────────────────────────────────────────────────


def test_going_back_and_answering_no_lifts_no_lock() -> None:
    walk = Walk()
    to_question(walk, "d_change")
    walk.press("2", "2")
    assert locks(walk) == [("C", "d_change")]
    while walk.step not in ("single", "group"):
        walk.press("back")
    walk.press("1")
    assert walk.step == "confirm_yes"
    walk.press("5")
    walk.until("verdict")
    assert locks(walk) == [("C", "d_change")]
    assert last_screening(walk).retracted == {"d_change": "yes"}
    assert not walk.sent(BeginSession)


def test_there_is_no_way_back_from_a_yes() -> None:
    walk = Walk()
    to_question(walk, "d_change")
    walk.press("2", "back", "0", "back", "enter", "3")
    assert walk.step == "confirm_yes"
    assert "Back" not in [choice.label for choice in walk.page.choices]
    walk.press("stop", "1")
    assert walk.step == "confirm_yes"
    assert last_screening(walk).answers["d_change"] == "yes"


def test_a_group_answered_no_takes_no_yes_back_unasked() -> None:
    walk = Walk(today(baseline_due=FIRST_TIME))
    to_question(walk, "c_heart")
    walk.press("2", "2")
    while walk.step != "group" or "c_heart" not in groups(walk.visit)[walk.visit.place.index].questions:
        walk.press("back")
    walk.press("1")
    assert walk.step == "confirm_yes"
    assert last_screening(walk).answers["c_heart"] == "yes"
    walk.press("1", "5")
    assert last_screening(walk).answers["c_heart"] == "no"
    assert last_screening(walk).retracted == {"c_heart": "yes"}
    assert locks(walk) == [("C", "c_heart")]
    (alert,) = walk.records(Alert)
    assert isinstance(alert, Alert)
    assert alert.rule == Reason("yes_taken_back", {"question": "c_heart"})


def test_a_yes_that_could_not_be_saved_locks_all_the_same_when_she_goes_home() -> None:
    walk = Walk()
    to_question(walk, "d_change")
    walk.answering = False
    walk.press("2")
    walk.fail_saves()
    assert walk.step == "not_saved"
    walk.press("2")
    assert walk.step == "home"
    walk.fail_saves()
    walk.answering = True
    walk.press("1")
    assert locks(walk) == [("C", "d_change")]
    walk.press("1")
    assert walk.step == "home"


def test_a_diary_that_was_read_before_a_lock_was_written_lifts_none() -> None:
    walk = Walk()
    to_question(walk, "d_change")
    walk.press("2", "stop")
    visit, effects = flow.press(walk.visit, Key.TWO, walk.moment)
    assert LoadToday() in effects
    (lock,) = [effect for effect in effects if isinstance(effect, Save) and effect.tag.startswith("lock")]
    for effect in effects:
        if isinstance(effect, Save | SaveScreening):
            visit, _ = flow.hear(visit, walk.written(effect), walk.moment)
    assert isinstance(lock.record, Lock)
    visit, effects = flow.hear(visit, TodayLoaded(walk.day), walk.moment)  # read before they were written
    assert effects == (LoadToday(),)
    visit, _ = flow.press(visit, Key.ONE, walk.moment)
    assert visit.step == "home"


@pytest.mark.parametrize("presses", [("2",), ("2", "back"), ("2", "stop"), ("2", "back", "back")])
def test_leaving_at_the_second_question_counts_as_yes(presses: tuple[str, ...]) -> None:
    walk = Walk()
    to_question(walk, "d_change")
    walk.press(*presses)
    if walk.step != "paused":
        walk.press("stop")
    walk.press("2")
    assert walk.step == "home"
    assert locks(walk) == [("C", "d_change")]
    walk.press("1")
    assert walk.step == "home"


def test_a_yes_that_a_restart_cut_off_locks_at_once() -> None:
    walk = Walk(today(yes_without_lock=(Finding("d_change", Class.C),)))
    assert locks(walk) == [("C", "d_change")]
    walk.press("1")
    assert walk.step == "home"


def test_an_emergency_that_a_restart_cut_off_shows_at_once() -> None:
    before = Walk()
    to_question(before, "rf_chest")
    before.press("2")
    fact = before.saved[-1]
    assert isinstance(fact.record, Screening)
    walk = Walk(today(open_screening=OpenScreening(fact.envelope.id, fact.record)), now=before.now)
    walk.press("1", "1", "enter")
    assert walk.step == "verdict"
    assert locks(walk) == [("E", "rf_chest")]


def test_changed_questions_begin_anew() -> None:
    old = Screening(
        asks="daily", answers={"d_ill": "no"}, answered_at={"d_ill": START}, questionnaire_digest="old"
    )
    walk = Walk(today(open_screening=OpenScreening("s", old)))
    walk.press("1", "1", "enter", "1")
    assert walk.saved[-1].envelope.id != "s"


def test_a_round_that_was_begun_under_another_prescription_begins_anew() -> None:
    """A clearance of the new one, or one that it does not have any more, speaks to what is asked under it."""
    day = today()
    said = {"answers": {"d_ill": "no"}, "answered_at": {"d_ill": START}, "questionnaire_digest": day.digest}
    for serial, goes_on in ((1, True), (2, False), (0, False)):
        old = Screening(asks="daily", prescription=serial, **said)
        walk = Walk(today(open_screening=OpenScreening("s", old)))
        walk.press("1", "1", "enter", "1")
        assert (walk.saved[-1].envelope.id == "s") is goes_on, serial


def test_a_group_that_was_answered_too_fast_is_asked_one_by_one() -> None:
    walk = Walk(today(one_by_one=frozenset({"daily_unwell"})))
    to_question(walk, "d_ill")
    assert walk.step == "single"


# ── saving ──────────────────────────────────────────────────────────────────────────────────────


def test_every_answer_is_saved_as_given() -> None:
    walk = Walk()
    walk.until("group")
    walk.press("2", "1", "1")
    given = [len(record.answers) for record in walk.records(Screening) if isinstance(record, Screening)]
    assert given == [1, 2]
    assert len({item.envelope.id for item in walk.saved}) == 1


def test_answers_given_while_a_write_is_under_way_are_written_after_it() -> None:
    walk = Walk(answering=False)
    walk.until("pain_rest")
    assert len(walk.unanswered) == 1
    walk.answer_saves()
    screening = last_screening(walk)
    assert set(screening.answers) == set(QUESTIONS.keys_of("daily"))
    assert len({item.envelope.id for item in walk.saved}) == 1


def test_a_failed_save_is_said_and_nothing_goes_on() -> None:
    walk = Walk(answering=False)
    walk.until("group")
    walk.press("1")
    place = walk.visit.place
    walk.fail_saves("No space is left.")
    assert walk.step == "not_saved"
    assert "No space is left." in walk.words
    walk.press("back", "stop", "0")
    assert walk.step == "not_saved"
    walk.press("1")
    assert walk.step == "saving"
    walk.answer_saves()
    assert walk.visit.place == place
    assert len(last_screening(walk).answers) == len(groups(walk.visit)[0].questions)


def test_with_something_unsaved_home_starts_nothing_and_can_try_again() -> None:
    walk = Walk(answering=False)
    walk.until("group")
    walk.press("1")
    walk.fail_saves()
    walk.press("2")
    assert walk.step == "home"
    walk.press("2")
    assert walk.step == "home"
    walk.press("1")
    walk.answer_saves()
    assert walk.step == "home"
    assert len(walk.records(Screening)) == 1
    walk.press("1")
    assert walk.step == "identity"


def test_an_emergency_that_cannot_be_saved_is_told_all_the_same_and_holds() -> None:
    walk = Walk()
    to_question(walk, "rf_chest")
    walk.answering = False
    walk.press("2", "2")
    walk.fail_saves()
    assert walk.step == "not_saved"
    assert "Call 112 now" in walk.words
    walk.press("2")
    walk.press("1")
    walk.fail_saves()
    walk.press("2", "1")
    assert not walk.sent(BeginSession)


def test_a_save_that_fails_while_current_may_flow_covers_no_stop() -> None:
    walk = Walk()
    walk.until("contact")
    walk.press("1")
    assert walk.step == "session"
    walk.hear(SaveFailed("pads-99", "No space is left."))
    assert walk.step == "session"


def test_a_diary_that_cannot_be_read_starts_nothing() -> None:
    walk = Walk()
    walk.until("check")
    visit, effects = flow.press(walk.visit, Key.ENTER, walk.moment)
    assert visit.step == "saving"
    visit, effects = flow.hear(visit, TodayNotLoaded("The diary cannot be read."), walk.moment)
    assert visit.step == "home"
    assert effects == ()
    visit, _ = flow.press(visit, Key.ONE, walk.moment)
    assert visit.step == "home"


def test_the_verdict_waits_for_the_diary_as_it_stands_after_the_answers() -> None:
    walk = Walk()
    walk.until("soreness")
    walk.press("3", "enter")
    being_read = replace(walk.visit, context=replace(walk.visit.context, loads="one"))
    visit, effects = flow.press(being_read, Key.ENTER, walk.moment)
    assert effects == ()
    visit, effects = flow.hear(visit, TodayLoaded(walk.day), walk.moment)
    assert visit.step == "saving"
    assert effects == (LoadToday(),)
    visit, _ = flow.hear(visit, TodayLoaded(walk.day), walk.moment)
    assert visit.step == "group"


def test_the_stop_test_is_begun_by_its_own_step_alone() -> None:
    walk = Walk()
    walk.until("stop_test")
    assert len(walk.sent(StartStopTest)) == 1


@settings(max_examples=60)
@given(
    answers=st.lists(st.sampled_from(["1", "2", "3"]), min_size=len(DAILY), max_size=len(DAILY)),
    changed=st.integers(0, len(DAILY) - 1),
)
def test_a_worse_answer_never_gives_a_laxer_end(answers: list[str], changed: int) -> None:
    """Monotone: what ends with a lock for some answers ends so for worse ones."""
    worse = [*answers]
    worse[changed] = "2"
    assert _locked_by(answers) <= _locked_by(worse)


def _locked_by(answers: list[str]) -> set[tuple[str, str]]:
    """The locks after this person answered question by question, a mendable one not mended."""
    every = frozenset(group.id for group in QUESTIONS.groups)
    walk = Walk(today(one_by_one=every))
    said = dict(zip(DAILY, answers, strict=True))
    for _ in range(80):
        if walk.step == "single":
            walk.press(said[groups(walk.visit)[walk.visit.place.index].questions[walk.visit.place.item]])
        elif walk.step in ("confirm_yes", "mend"):
            walk.press("2")
        elif walk.step in ("verdict", "session"):
            break
        else:
            walk.until_next()
    found = set(locks(walk))
    if any(class_ == "E" for class_, _ in found):
        return {("E", "")} | {(class_, "") for class_ in ("U", "X", "C", "P")}
    return {(class_, "") for class_, _ in found}


def test_the_questions_of_a_visit_are_all_asked_before_the_session() -> None:
    walk = Walk()
    walk.until("session")
    assert set(last_screening(walk).answers) == set(DAILY)
    assert last_screening(walk).verdict == "cleared"


def test_a_screening_is_what_the_store_can_read_back() -> None:
    walk = Walk()
    walk.until("session")
    body = msgspec.to_builtins(last_screening(walk))
    assert msgspec.convert(body, Screening).answers == last_screening(walk).answers


def test_every_visit_tests_stop_and_pads_anew() -> None:
    walk = Walk()
    walk.until("contact")
    walk.press("stop", "2")
    walk.steps.clear()
    walk.until("session")
    assert {"placement", "settle", "stop_test", "contact"} <= set(walk.steps)


def test_another_soreness_after_the_verdict_is_another_verdict() -> None:
    walk = Walk()
    walk.until("placement")
    while walk.step != "soreness":
        walk.press("back")
    walk.press("6", "enter")
    assert walk.step == "check"
    walk.press("enter")
    assert walk.step == "not_today"


def test_answers_that_grew_old_while_they_were_saved_begin_nothing() -> None:
    walk = Walk()
    walk.until("contact")
    walk.answering = False
    walk.press("1")
    assert walk.step == "saving"
    walk.fail_saves()
    assert walk.step == "not_saved"
    walk.wait(3700)
    walk.answering = True
    walk.press("1")
    assert walk.step == "group"
    assert not walk.sent(BeginSession)
