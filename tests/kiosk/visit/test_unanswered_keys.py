"""A key that a screen has no use for is answered in words, once: nobody presses harder."""

from __future__ import annotations

import pytest

from kiosk.events import Speak
from kiosk.keys import Key
from kiosk.screens.draw import draw
from kiosk.visit import flow
from kiosk.visit.state import Setting
from tests.kiosk.visit.visit_album import album
from tests.kiosk.visit.visit_bench import Walk

NOTHING = "That key does nothing here."


def test_a_key_without_a_meaning_is_answered_above_the_keys_that_have_one() -> None:
    walk = Walk()
    walk.press("1")
    assert walk.page.notice == ""
    before = walk.page.serial
    walk.press("7")
    assert walk.page.notice == NOTHING
    assert walk.page.serial == before, "it is the same screen: the next key acts at once"
    text = draw(walk.page, 80, 25).text()
    assert NOTHING in text.splitlines()[-3]
    walk.press("1")
    assert (walk.step, walk.page.notice) == ("get_ready", "")


def test_a_key_that_has_a_meaning_takes_it_back_on_the_same_screen() -> None:
    walk = Walk()
    walk.until("pain_rest")
    walk.press("enter")
    assert walk.page.notice == NOTHING
    walk.press("4")
    assert (walk.step, walk.page.notice) == ("pain_rest", "")


def test_while_the_box_is_busy_no_key_is_called_wrong() -> None:
    walk = Walk()
    visit, _ = flow.start(walk.setting, walk.moment)
    visit, _ = flow.press(visit, Key.ONE, walk.moment)
    assert flow.page(visit, walk.moment).notice == ""


def test_a_stop_that_pauses_nothing_is_heard_but_never_called_confirmed() -> None:
    walk = Walk()
    walk.press("stop")
    assert walk.page.notice == "STOP was heard."
    walk.until("session")
    walk.end_session("person", confirmed=False)
    assert walk.step == "not_confirmed"
    walk.press("stop")
    assert walk.page.notice == ""


@pytest.mark.parametrize("key", ["8", "read"])
def test_a_box_without_a_voice_says_so_and_offers_none(key: str) -> None:
    walk = Walk(setting=Setting(reads_aloud=False))
    assert Key.EIGHT not in [choice.key for choice in walk.page.choices]
    walk.press("1")
    visit, effects = flow.press(walk.visit, Key.EIGHT if key == "8" else Key.READ, walk.moment)
    assert not any(isinstance(effect, Speak) for effect in effects)
    assert flow.page(visit, walk.moment).notice == "This box cannot read aloud."


def test_with_the_sounds_off_it_is_that_what_is_said() -> None:
    walk = Walk()
    walk.press("4", "3", *["down"] * 6, "8")
    assert walk.page.notice == "The sounds are off."


def test_a_practised_visit_answers_the_same_way() -> None:
    walk = Walk(setting=Setting(reads_aloud=False))
    walk.press("4", "5", "enter", "7")
    assert walk.page.notice == NOTHING
    walk.press("8")
    assert walk.page.notice == "This box cannot read aloud."


def test_no_key_is_dead_without_a_word() -> None:
    """Every screen, every key: something happens, or it is said that nothing does, or it waits."""
    silent = set()
    for shot in album():
        if shot.visit.step in ("session", "stop_test", "probing", "saving"):
            continue
        for key in Key:
            visit, effects = flow.press(shot.visit, key, shot.moment)
            if visit is shot.visit and not effects:
                silent.add((shot.name, key))
    waiting = ("home loading", "after_restart asking", "checking", "opening", "writing")
    odd = {(name, key) for name, key in silent if key is not Key.STOP and not any(w in name for w in waiting)}
    assert {pair for pair in odd if pair[1] is not Key.LEAVE} == set()
