"""What is damaged in the diary is said to whoever can do something about it, and to nobody in riddles."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from kiosk import words
from kiosk.diary.records import Lock
from kiosk.events import DiaryChecked, TodayNotLoaded
from kiosk.locale.compile import compile_all
from tests.kiosk.visit.family_album import BURN, FULL, opened
from tests.kiosk.visit.visit_bench import Walk
from tests.whole_visits.sitting import sitting

OCTOBER = DiaryChecked(("2026-10",), cut_short=False)
CALL = "Call the person who set up this box."


def test_home_names_the_months_says_that_the_rest_can_be_read_and_whom_to_call() -> None:
    walk = Walk()
    assert "damaged" not in walk.words
    walk.hear(OCTOBER)
    assert "Diary damaged: October 2026. The rest can be read." in walk.words
    assert CALL in walk.words
    walk.hear(DiaryChecked(("2026-08", "2026-09", "2026-10"), cut_short=False))
    assert "damaged: 3 months." in walk.words


def test_it_stands_on_home_after_a_visit_too() -> None:
    walk = Walk()
    walk.hear(OCTOBER)
    walk.press("1", "3")
    assert walk.step != "home"
    walk.press("0")
    while walk.step != "home":
        walk.press("0")
    assert "October 2026" in walk.words


def test_where_the_damage_keeps_the_diary_from_being_read_the_months_stand_in_place_of_a_path() -> None:
    walk = Walk()
    walk.hear(TodayNotLoaded("The diary in /var/lib/homestim/journal/2026-10/0001.jsonl is damaged."))
    walk.hear(OCTOBER)
    assert "Your diary cannot be read." in walk.words
    assert "Damaged: October 2026. All the rest is kept." in walk.words
    assert "/var/lib" not in walk.words
    assert CALL in walk.words


def test_the_family_sees_it_before_all_is_fine_and_after_what_is_urgent() -> None:
    fine = opened(replace(FULL, alerts=()))
    assert "All fine" in fine.words
    fine.hear(OCTOBER)
    assert "LOOK HERE: a part of the diary is damaged." in fine.words
    assert "Damaged: October 2026. The rest can be read" in fine.words
    assert CALL in fine.words
    assert "All fine" not in fine.words
    burnt = opened(replace(FULL, alerts=(BURN,)), Lock(class_="red", cause="burning"))
    burnt.hear(OCTOBER)
    assert "a part of the diary is damaged" not in burnt.words


def test_what_a_power_cut_kept_from_being_saved_is_said_until_the_next_visit_begins() -> None:
    walk = Walk()
    walk.hear(DiaryChecked((), cut_short=True))
    assert "The power failed while saving. Is your last entry in the diary?" in walk.words
    walk.press("1")
    walk.press("0")
    while walk.step != "home":
        walk.press("0")
    assert "The power failed" not in walk.words


def test_the_months_are_named_in_her_language(tmp_path: Path) -> None:
    compile_all(into=tmp_path)
    walk = Walk()
    walk.hear(OCTOBER)
    words.set_language("de", tmp_path)
    try:
        assert "Oktober 2026" in walk.words
    finally:
        words.set_language("en")


async def test_a_running_kiosk_says_what_its_diary_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kiosk.errands.diary_watch.LOOK_EVERY_S", 0.05)
    async with sitting(tmp_path) as person:
        store = person.application._store
        store._damage = replace(store._damage, months=("2026-10",))
        await person.until(lambda: "October 2026" in person.application.page().spoken)
