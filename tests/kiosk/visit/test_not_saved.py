"""A disk that takes nothing more: what an answer asks for is said all the same, and stays."""

from __future__ import annotations

import pytest

from kiosk.diary.records import Lock, Session
from kiosk.events import Leave, OpenDiaryAnew, Save, SaveFailed, SaveScreening, SessionNotSaved
from kiosk.keys import Key
from kiosk.page import Words
from programs.advice import load_advice
from programs.screening import Class
from tests.kiosk.visit.visit_bench import FIRST_TIME, QUESTIONS, Walk, today

CALL = "Call 112 now, or go to an emergency department."
ALONE = "Do not drive yourself. The box cannot call for you."
FULL = "The data folder /data cannot be used: the disk is full."


def lines(walk: Walk) -> tuple[str, ...]:
    body = walk.page.body
    assert isinstance(body, Words)
    return body.lines


def said_yes(*keys: str) -> Walk:
    """To the first question of an emergency; nothing that was sent to be saved has been answered yet."""
    walk = Walk()
    walk.until("group")
    walk.answering = False
    walk.press("2", "2", *keys)
    return walk


def test_a_yes_to_an_emergency_is_told_though_its_save_fails_before_it_is_confirmed() -> None:
    walk = said_yes()
    assert walk.step == "confirm_yes"
    walk.fail_saves(FULL)
    assert walk.step == "not_saved"
    assert lines(walk)[0] == CALL
    assert walk.page.body.tone == "alarm"  # type: ignore[union-attr]


def test_trying_again_keeps_saying_it() -> None:
    walk = said_yes()
    for _ in range(3):
        walk.fail_saves(FULL)
        assert (walk.step, lines(walk)[0]) == ("not_saved", CALL)
        walk.press("1")


@pytest.mark.parametrize("keys", [(), ("2",)], ids=["unconfirmed", "confirmed"])
def test_home_still_says_it_and_that_it_is_not_saved(keys: tuple[str, ...]) -> None:
    walk = said_yes(*keys)
    walk.fail_saves(FULL)
    walk.press("2")
    walk.fail_saves(FULL)
    assert walk.step == "home"
    assert lines(walk) == (
        CALL,
        ALONE,
        "Not everything is saved.",
        "There is no session until it is saved.",
        "Call the person who set up this box.",
    )


def test_a_confirmed_one_is_told_on_the_page_that_says_that_it_is_not_saved() -> None:
    walk = said_yes("2")
    walk.fail_saves(FULL)
    assert (walk.step, lines(walk)[:2]) == ("not_saved", (CALL, ALONE))


def test_once_the_disk_takes_it_the_question_is_asked_again() -> None:
    walk = said_yes()
    walk.fail_saves(FULL)
    walk.answering = True
    walk.press("1")
    assert walk.step == "confirm_yes"


def test_the_same_day_doctor_is_told_as_well_and_what_can_wait_is_not() -> None:
    for answer, first in (("rf_fever", "Do not use the device."), ("c_spine", "This could not be saved.")):
        assert first_line_after_yes(answer) == first
    assert load_advice()[Class.U].do[0].text.en == "Do not use the device."


def first_line_after_yes(question: str) -> str:
    """The disk fails at the yes to one question of the baseline."""
    walk = Walk(today(baseline_due=FIRST_TIME))
    walk.until("group")
    groups = QUESTIONS.groups_of("baseline")
    while question not in groups[walk.visit.place.index].questions:
        walk.press("1")
    if walk.step == "group":
        walk.press("2")
    while groups[walk.visit.place.index].questions[walk.visit.place.item] != question:
        walk.press("1")
    walk.answering = False
    walk.press("2")
    assert walk.step == "confirm_yes"
    walk.fail_saves(FULL)
    return lines(walk)[0]


def test_an_old_lock_is_no_alarm_where_today_s_diary_cannot_be_saved() -> None:
    walk = Walk(today(locks=(Lock(class_="E", cause="rf_chest"),)))
    walk.press("2", "enter")
    walk.answering = False
    walk.press("4", "enter")
    walk.fail_saves(FULL)
    assert walk.step == "not_saved"
    assert lines(walk)[0] == "This could not be saved."


def test_everything_is_sent_again_in_its_order_and_with_what_is_known_of_it() -> None:
    walk = said_yes("2")
    first = list(walk.unanswered)
    assert len(first) > 1
    assert isinstance(first[0], SaveScreening)
    for number, effect in enumerate(first):
        walk.hear(SaveFailed(effect.tag, FULL, "an-id" if number == 0 else ""))
    walk.unanswered.clear()
    walk.effects.clear()
    walk.press("1")
    again = [effect for effect in walk.effects if isinstance(effect, (OpenDiaryAnew, Save, SaveScreening))]
    assert isinstance(again[0], OpenDiaryAnew)
    assert [effect.tag for effect in walk.unanswered] == [effect.tag for effect in first]
    assert [effect.tried or "" for effect in walk.unanswered] == ["an-id", *[""] * (len(first) - 1)]
    walk.fail_saves(FULL)  # refused without a try: what was known of the first still holds
    walk.press("1")
    assert walk.unanswered[0].tried == "an-id"


def test_leaving_with_something_unsaved_says_so_once() -> None:
    walk = said_yes()
    walk.fail_saves(FULL)
    walk.press("2")
    walk.fail_saves(FULL)
    assert walk.step == "home"
    for _ in range(2):
        walk.press(Key.LEAVE, after_s=0.5)
    assert (walk.step, walk.sent(Leave)) == ("not_saved", [])
    assert "If you leave now, it is lost." in lines(walk)
    for _ in range(2):
        walk.press(Key.LEAVE, after_s=0.5)
    assert walk.sent(Leave) == [Leave()]


def test_the_end_of_a_session_waits_like_everything_else() -> None:
    walk = Walk()
    walk.until("home")
    end = Session(programme="p", montage="m", session_kind="nmes", planned_seconds=60, state="done")
    walk.hear(SessionNotSaved(end, "begun-id", FULL, "end-id"))
    assert walk.step == "home"
    assert "Not everything is saved." in lines(walk)
    walk.answering = False
    walk.press("1")
    assert walk.unanswered == [Save(walk.unanswered[0].tag, end, "begun-id", tried="end-id")]
