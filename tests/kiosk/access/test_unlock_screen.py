"""From a locked home to an open lock: the screens, and the kiosk started anew on the same folder."""

from __future__ import annotations

from kiosk.access.unlocking import CodeResult, CodeState, ToOpen
from kiosk.diary.records import Lock
from kiosk.events import CodeStateLoaded, CodeTried, LoadCodeState, TakenIn, TryCode
from programs.text import Reason
from tests.kiosk.visit.visit_bench import Walk, today

E = Lock(class_="E", cause="rf_ces", number=12)
SKIN = Lock(class_="skin", cause="skin_3", number=13)
TWO = CodeState("3F7A-91C2", (ToOpen(E, "12"), ToOpen(SKIN, "13")))
EIGHT = ("1", "2", "3", "4", "5", "6", "7", "0")


def at_the_code(state: CodeState = TWO) -> Walk:
    walk = Walk(today(locks=(E, SKIN)))
    walk.press("6")
    assert walk.effects[-1] == LoadCodeState()
    walk.hear(CodeStateLoaded(state))
    return walk


def test_lock_and_box_are_said_first_and_eight_digits_are_asked_for() -> None:
    walk = at_the_code()
    assert walk.page.body.lines[0] == "Lock 12, box 3F7A-91C2"
    walk.press(*EIGHT[:7], "enter")
    assert not any(isinstance(effect, TryCode) for effect in walk.effects)
    walk.press("0", "enter")
    assert walk.effects[-1] == TryCode(12, "12345670")


def test_a_wrong_code_is_said_and_opens_nothing() -> None:
    walk = at_the_code()
    walk.press(*EIGHT, "enter")
    walk.hear(CodeTried(CodeResult("wrong", 300)))
    assert "Try again in 300 seconds" in walk.words
    walk.press(*EIGHT, "enter")
    assert sum(isinstance(effect, TryCode) for effect in walk.effects) == 1, "it waits"
    assert walk.step == "unlock_code"


def test_an_open_lock_leads_to_the_next_one_then_home() -> None:
    walk = at_the_code()
    walk.press(*EIGHT, "enter")
    walk.hear(CodeTried(CodeResult()))
    walk.hear(CodeStateLoaded(CodeState(TWO.box, TWO.locks[1:])))
    assert "Lock 12 is open. Lock 13 is still closed." in walk.words
    walk.press("enter")
    assert walk.step == "home"


def test_the_other_lock_is_chosen_by_an_arrow_and_starts_without_digits() -> None:
    walk = at_the_code()
    walk.press("1", "2", "right")
    assert walk.page.body.lines[0] == "Lock 13, box 3F7A-91C2"
    assert walk.page.body.typed == 0


def test_without_an_enrolment_it_says_whom_to_call() -> None:
    walk = at_the_code(CodeState("", TWO.locks))
    assert "not set up for codes" in walk.words
    walk.press(*EIGHT, "enter")
    assert walk.step == "home"


def test_a_postponed_day_offers_no_code() -> None:
    walk = Walk(today(locks=(Lock(class_="P", cause="d_dry"),)))
    walk.press("6")
    assert walk.step == "home"


def test_what_to_say_on_the_telephone_is_one_key_from_a_locked_home() -> None:
    walk = Walk(today(locks=(E,)))
    walk.press("7")
    assert walk.step == "telephone"
    assert "Say your name and where you are." in walk.words
    walk.press("enter")
    assert walk.step == "home"


def test_home_says_who_installed_a_prescription_until_the_next_visit_begins() -> None:
    walk = Walk()
    walk.hear(TakenIn((Reason("prescription_installed", {"by": "Dr. Example"}),)))
    assert "A new prescription was installed by Dr. Example." in walk.words
    walk.press("1")
    walk.press("back")
    assert "Dr. Example" not in walk.words


def test_no_keys_on_the_screen_for_the_code_open_anything_by_themselves() -> None:
    walk = at_the_code()
    for key in ("up", "down", "left", "right", "enter", "stop", "back", "6", "1", "enter", "0", "enter"):
        walk.press(key)
    assert not any(isinstance(effect, TryCode) for effect in walk.effects)
