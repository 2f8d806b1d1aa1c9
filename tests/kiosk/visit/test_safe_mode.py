"""Safe mode on the screens: no way to current, the diary open, and the way out for who set the box up."""

from __future__ import annotations

import itertools

import pytest

from kiosk.diary.records import Lock
from kiosk.events import (
    BeginContactCheck,
    BeginSession,
    BoxChecked,
    CheckBox,
    LeaveSafeMode,
    StartStopTest,
)
from kiosk.keys import Key
from kiosk.visit import flow
from kiosk.visit.state import Setting
from tests.kiosk.visit.visit_bench import FIRST_TIME, Walk, today

SAFE_MODE = Setting(safe_mode=True)
DAYS = {
    "ready": today(),
    "first questions": today(baseline_due=FIRST_TIME),
    "week 0": today(week0_day=3),
    "locked": today(locks=(Lock(class_="E", cause="rf_chest"),)),
}


@pytest.mark.parametrize("name", DAYS)
def test_home_says_so_and_offers_no_therapy(name: str) -> None:
    walk = Walk(DAYS[name], SAFE_MODE)
    assert "There is no therapy now." in walk.words
    assert walk.page.header.right == "safe mode: no therapy"
    keys = {choice.key for choice in walk.page.choices}
    assert Key.ONE not in keys
    assert {Key.TWO, Key.THREE, Key.FOUR, Key.SEVEN, Key.NINE} <= keys
    walk.press("1")
    assert walk.step == "home"


def test_a_lock_is_still_told_first() -> None:
    walk = Walk(DAYS["locked"], SAFE_MODE)
    locked = Walk(DAYS["locked"])
    first = locked.page.body.lines[0]  # type: ignore[union-attr]
    assert walk.page.body.lines[0] == first  # type: ignore[union-attr]


def test_no_keys_lead_to_current() -> None:
    """Every path of four keys from home, on the day on which everything is ready."""
    forbidden = (BeginSession, StartStopTest, BeginContactCheck)
    keys = [key for key in Key if key not in (Key.LEAVE, Key.TRAINER)]
    seen, ways = set(), [Walk(setting=SAFE_MODE).visit]
    moment = Walk().moment
    for _ in range(4):
        onward = []
        for visit, key in itertools.product(ways, keys):
            after, effects = flow.press(visit, key, moment)
            assert not [effect for effect in effects if isinstance(effect, forbidden)]
            if (after.place, after.context.looking) not in seen:
                seen.add((after.place, after.context.looking))
                onward.append(after)
        ways = onward
    assert {place.step for place, _looking in seen} & {"diary_day", "look_back", "help", "box_check"}
    assert not {place.step for place, _looking in seen} & {"identity", "stop_test", "probing", "session"}


def test_the_diary_is_open() -> None:
    walk = Walk(setting=SAFE_MODE)
    walk.press("2")
    assert walk.step == "diary_day"


MEND = tuple((f"Thing {n} is broken.", f"Mend thing {n}.") for n in range(5))


def checked(found: BoxChecked) -> Walk:
    walk = Walk(setting=SAFE_MODE)
    walk.press("7")
    assert walk.sent(CheckBox) == [CheckBox()]
    assert "One moment" in walk.words
    walk.press("1", "enter")
    assert not walk.sent(LeaveSafeMode), "while it is being checked nothing is left"
    assert len(walk.sent(CheckBox)) == 1
    walk.hear(found)
    return walk


def test_a_clean_check_leads_out() -> None:
    walk = checked(BoxChecked(to_see=2))
    assert "The box is well." in walk.words
    assert "2 more to look at" in walk.words
    walk.press("1")
    assert walk.sent(LeaveSafeMode) == [LeaveSafeMode()]


@pytest.mark.parametrize("found", [BoxChecked(to_mend=MEND[:1]), BoxChecked(sentence="It did not end.")])
def test_what_is_not_clean_does_not(found: BoxChecked) -> None:
    walk = checked(found)
    assert Key.ONE not in {choice.key for choice in walk.page.choices}
    walk.press("1")
    assert not walk.sent(LeaveSafeMode)
    walk.press("enter")
    assert len(walk.sent(CheckBox)) == 2, "it is checked again"
    walk.hear(BoxChecked())
    walk.press("1")
    assert walk.sent(LeaveSafeMode)


def test_on_the_simulator_nothing_keeps_anybody_in_it() -> None:
    walk = checked(BoxChecked(to_mend=MEND, harmless=True))
    walk.press("1")
    assert walk.sent(LeaveSafeMode)


def test_every_finding_and_its_remedy_is_read_screen_by_screen() -> None:
    walk = checked(BoxChecked(to_mend=MEND))
    read = walk.words
    while Key.DOWN in {choice.key for choice in walk.page.choices}:
        walk.press("down")
        read += walk.words
    for found, remedy in MEND:
        assert f"{found} → {remedy}" in read
    last = walk.visit.place
    walk.press("down")
    assert walk.visit.place == last
    walk.press("up", "up")
    assert "Thing 0" in walk.words
    walk.press("back")
    assert walk.step == "home"


def test_a_check_that_comes_after_it_was_left_changes_no_screen() -> None:
    walk = Walk(setting=SAFE_MODE)
    walk.press("7", "back")
    before = walk.page
    walk.hear(BoxChecked(to_mend=MEND))
    assert walk.page.body == before.body
