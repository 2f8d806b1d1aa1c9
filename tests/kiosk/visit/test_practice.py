"""The practice visit: the whole flow by hand, with nothing armed, nothing kept, and every screen marked."""

from __future__ import annotations

import random

import pytest

from kiosk.diary.records import Lock
from kiosk.events import DeviceSeen, Effect, LoadToday, OutputUnknown, PlayTone, Speak
from kiosk.keys import Key
from kiosk.page import LevelFinding
from kiosk.visit.steps import practice
from tests.kiosk.visit.visit_bench import SAFE, Walk, device, today

HARMLESS = (Speak, LoadToday, PlayTone)


def practising() -> Walk:
    walk = Walk()
    walk.press("4", "5", "enter")
    assert walk.step == "practice"
    walk.effects.clear()
    return walk


def inner_step(walk: Walk) -> str:
    return practice.inside(walk.visit).step


def one_on(walk: Walk) -> None:
    keys = {"stop_test": ("stop",), "session": ("up", "up", "stop")}
    walk.press(*keys.get(inner_step(walk), SAFE.get(inner_step(walk), ("enter",))))


def harmless(effects: list[Effect]) -> bool:
    return all(isinstance(effect, HARMLESS) for effect in effects)


def test_it_goes_through_the_whole_visit_marks_every_screen_and_keeps_nothing() -> None:
    walk = practising()
    seen = []
    while walk.step == "practice" and len(seen) < 60:
        seen.append(inner_step(walk))
        assert walk.page.header.right == "PRACTICE: no current"
        assert not walk.page.header.current_on
        assert walk.words.startswith("PRACTICE: no current")
        one_on(walk)
    assert walk.step == "home"
    for step in ("identity", "group", "pain_rest", "check", "placement", "settle", "stop_test", "session"):
        assert step in seen
    after = [step for step in seen[seen.index("session") :] if step != "go_on"]
    assert after == ["session", "stopped", "why_stopped", "pads_off", "pain_after", "skin_after", "saved"]
    assert walk.saved == []
    assert harmless(walk.effects)


def test_it_needs_no_stimulator() -> None:
    walk = Walk()
    walk.hear(DeviceSeen(device(present=False)))
    walk.press("4", "5", "enter")
    while walk.step == "practice":
        one_on(walk)
    assert walk.step == "home"
    assert walk.saved == []


def test_stop_is_pressed_in_earnest_and_nothing_is_said_that_no_device_confirmed() -> None:
    walk = practising()
    while inner_step(walk) != "stop_test":
        one_on(walk)
    walk.press("1", "enter", "up")
    assert inner_step(walk) == "stop_test"
    walk.press("stop")
    assert inner_step(walk) == "stop_works"
    assert "The box heard your STOP." in walk.words
    assert "confirmed it" not in walk.words
    while inner_step(walk) != "session":
        one_on(walk)
    walk.press("stop")
    assert inner_step(walk) == "stopped"
    assert "reports that its output is off" not in walk.words


def test_up_and_down_move_a_number_and_no_current() -> None:
    walk = practising()
    while inner_step(walk) != "session":
        one_on(walk)
    walk.press(*["up"] * 30)
    body = walk.page.body
    assert isinstance(body, LevelFinding)
    assert body.bar.value_mA == body.bar.limit_mA
    walk.press("down", "1", "4")
    assert inner_step(walk) == "session"
    walk.press("unknown")
    assert inner_step(walk) != "session"
    assert harmless(walk.effects)


def test_a_yes_in_practice_locks_nothing_and_says_what_to_do_if_it_is_true() -> None:
    walk = practising()
    while inner_step(walk) != "group":
        one_on(walk)
    walk.press("2", "2", "2")
    assert inner_step(walk) == "verdict"
    assert "nothing is locked" in walk.words
    assert "Is what you answered true?" in walk.words
    walk.press("enter")
    assert walk.step == "home"
    assert walk.visit.context.locks == ()
    assert walk.records(Lock) == []


@pytest.mark.parametrize("seed", range(20))
def test_no_key_of_a_practice_reaches_guard_or_diary(seed: int) -> None:
    rng = random.Random(seed)
    walk = practising()
    for _ in range(300):
        if walk.step != "practice":
            break
        if rng.random() < 0.5:
            one_on(walk)
        else:
            walk.press(rng.choice([key for key in Key if key is not Key.LEAVE]))
    if walk.step == "practice":
        assert harmless(walk.effects)
    assert walk.saved == []


def test_an_unknown_output_is_more_urgent_than_any_practice() -> None:
    walk = practising()
    walk.hear(OutputUnknown("not_off"))
    assert walk.step == "not_confirmed"


def test_a_locked_box_and_one_without_a_prescription_offer_none() -> None:
    for day in (
        today(locks=(Lock(class_="E", cause="rf_chest"),)),
        today(prescription=None, prescription_state="none"),
    ):
        walk = Walk(day)
        walk.press("4", "5")
        assert walk.step == "help"


def test_a_real_visit_afterwards_begins_from_the_beginning() -> None:
    walk = practising()
    while inner_step(walk) != "session":
        one_on(walk)
    walk.press("stop")
    while walk.step == "practice":
        one_on(walk)
    walk.press("1", "1")
    assert walk.step == "get_ready"
    assert walk.page.header.right != "PRACTICE: no current"
    walk.until("stop_test")
    assert not walk.visit.context.run.stop_tested
