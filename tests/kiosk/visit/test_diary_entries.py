"""Writing in the diary: any day of the last week, notes by keys, and what a late entry may and may not do."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from kiosk import today as today_of
from kiosk import words
from kiosk.clock import FixedClock
from kiosk.diary.history import course_history, diary_due
from kiosk.diary.records import Entry, Lock, Session
from kiosk.diary.store import Store, open_store
from kiosk.events import Save
from programs.content_files import ContentError
from programs.diary_words import load_diary_words
from programs.history import soreness_state
from tests.kiosk.visit.visit_bench import START, Walk, today
from tests.programs.content_copies import broken_copy

NOON = dt.datetime(2026, 11, 20, 12, 30, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
DAY_S = 24 * 3600.0


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
def store(tmp_path: Path, clock: FixedClock):
    with open_store(tmp_path / "data", "simulated", clock) as opened:
        yield opened


def entry_of(walk: Walk) -> Entry:
    entry = walk.records(Entry)[-1]
    assert isinstance(entry, Entry)
    return entry


# ── which day ──


def test_today_is_one_key_and_its_entry_is_of_now() -> None:
    walk = Walk()
    walk.press("2", "enter", "4", "enter")
    assert [save.event_time for save in walk.sent(Save)] == [None]


@pytest.mark.parametrize("days_ago", range(1, 8))
def test_an_entry_for_an_earlier_day_stands_under_that_day(days_ago: int) -> None:
    walk = Walk()
    walk.press("2")
    day = START.date() - days_ago * DAY
    assert words.date(day) in walk.words
    walk.press(str(days_ago))
    for _ in range(4):
        assert words.date(day) in walk.page.header.left
        assert "now" not in walk.words.lower().split(), "of an earlier day nothing is asked about now"
        walk.press("4", "enter")
    walk.press("1", "2", "enter")
    assert walk.step == "entry_saved"
    assert f"{words.date(day)}, as entered late" in walk.words
    last = walk.saved[-1]
    assert last.envelope.event_time.date() == day
    assert {fact.envelope.event_time for fact in walk.saved} == {last.envelope.event_time}


def test_for_an_earlier_day_the_skin_of_now_is_not_asked() -> None:
    walk = Walk(today(diary_due="next_day"))
    walk.press("2", "1", *("4", "enter") * 4, "1")
    assert walk.step == "diary_activity"
    assert entry_of(walk).moment == "daily"


def test_several_entries_a_day_are_several_entries() -> None:
    walk = Walk()
    for pain in ("3", "6"):
        walk.press("2", "enter", pain, "enter", *("4", "enter") * 3, "1", "2", "enter", "enter")
        assert walk.step == "home"
    originals = [save for save in walk.sent(Save) if isinstance(save, Save) and save.corrects is None]
    assert len(originals) == 2


def test_the_diary_is_open_while_the_box_is_locked() -> None:
    walk = Walk(today(locks=(Lock(class_="E", cause="rf_chest"),)))
    walk.press("2", "enter", *("4", "enter") * 4, "1", "2", "enter")
    assert walk.step == "entry_saved"


# ── activity and notes ──


def test_activity_and_notes_are_saved_as_they_are_picked_and_taken_back() -> None:
    walk = Walk()
    walk.press("2", "enter", *("4", "enter") * 4, "1", "3")
    assert entry_of(walk).activity == "more"
    walk.press("1", "7")
    assert entry_of(walk).phrases == ("slept_badly", "good_day")
    assert "● Slept badly" in walk.words
    walk.press("1")
    assert entry_of(walk).phrases == ("good_day",)
    walk.press("enter")
    assert walk.step == "entry_saved"


def test_nothing_has_to_be_noted() -> None:
    walk = Walk()
    walk.press("2", "enter", *("4", "enter") * 4, "1", "2", "enter")
    assert walk.step == "entry_saved"
    assert entry_of(walk).phrases == ()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('id = "walked"', 'id = "hard_work"', "each id once"),
        ('[[activity]]\nid = "more"', '[[phrase]]\nid = "more"', "1 to 7"),
        ('text.de = "Ein guter Tag"', 'text.de = ""', "phrase[6].text.de"),
    ],
)
def test_broken_phrases_are_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    folder = broken_copy(tmp_path, "diary.toml", old, new)
    with pytest.raises(ContentError) as caught:
        load_diary_words(folder)
    assert "diary.toml" in caught.value.sentence
    assert said in caught.value.sentence


# ── what is told from memory ──


async def late(store: Store, days_ago: int, **said: object) -> None:
    at = store.clock.now() - days_ago * DAY
    await store.add(Entry(moment="daily", **said), at.replace(hour=12, minute=0))  # type: ignore[arg-type]


async def test_calm_days_that_are_filled_in_later_open_no_soreness_lock(
    store: Store, clock: FixedClock
) -> None:
    """Safety rule 27: 3 or less on two days running. Two late entries in one sitting are not that."""
    await store.add(Entry(moment="daily", soreness=5))
    clock.advance(3 * DAY_S)
    await late(store, 2, soreness=0)
    await late(store, 1, soreness=0)
    assert soreness_state(course_history(store).soreness, None).locked
    await store.add(Entry(moment="daily", soreness=0))
    assert soreness_state(course_history(store).soreness, None).locked, "one calm day of two"
    clock.advance(DAY_S)
    await store.add(Entry(moment="daily", soreness=0))
    assert not soreness_state(course_history(store).soreness, None).locked


async def test_sore_muscles_and_marked_skin_count_however_late(store: Store, clock: FixedClock) -> None:
    await late(store, 1, soreness=8, skin=2)
    history = course_history(store)
    assert soreness_state(history.soreness, None).needs_clinician
    assert [score.value for score in history.skin] == [2]


async def test_the_days_of_week_0_are_not_filled_in_later(store: Store, clock: FixedClock) -> None:
    for days_ago in range(1, 8):
        await late(store, days_ago, pain_rest=4)
    assert course_history(store).diary_days == 0
    await store.add(Entry(moment="daily", pain_rest=4))
    assert course_history(store).diary_days == 1


async def test_an_entry_that_midnight_cut_in_two_is_none_from_memory(store: Store, clock: FixedClock) -> None:
    clock.advance((11 * 60 + 25) * 60.0)
    first = await store.add(Entry(moment="daily", pain_rest=4))
    clock.advance(600.0)
    whole = await store.correct(Entry(moment="daily", pain_rest=4, soreness=0), first.envelope.id)
    assert whole.entered_late
    assert not whole.from_memory
    assert course_history(store).diary_days == 1


async def test_a_late_pain_is_neither_the_usual_one_nor_a_rise_after_a_session(
    store: Store, clock: FixedClock
) -> None:
    begun = await store.add(
        Session(programme="nmes_learn", montage="M4-par", session_kind="nmes", planned_seconds=900)
    )
    await store.correct(
        Session(
            programme="nmes_learn",
            montage="M4-par",
            session_kind="nmes",
            planned_seconds=900,
            state="done",
            seconds_done=900,
            peak_mA={"1": 10.0},
            ended_at=clock.now(),
        ),
        begun.envelope.id,
    )
    await store.add(Entry(moment="before", pain_rest=2), clock.now() - dt.timedelta(minutes=40))
    clock.advance(3 * DAY_S)
    await late(store, 2, pain_rest=9)
    history = course_history(store)
    assert history.pain_up_days == ()
    for days_ago in range(1, 7):
        await late(store, days_ago, pain_rest=9)
    assert today_of._usual_pain(store.all("entries"), clock.now().date()) is None


async def test_the_day_after_a_session_is_answered_by_skin_and_muscles_of_that_day_alone(
    store: Store, clock: FixedClock
) -> None:
    begun = await store.add(
        Session(programme="nmes_learn", montage="M4-par", session_kind="nmes", planned_seconds=900)
    )
    assert begun.envelope.id
    clock.advance(2 * DAY_S)
    day = clock.now().date()
    assert diary_due(store, day) == "next_day"
    await late(store, 1, soreness=2)
    assert diary_due(store, day) == "next_day", "told from memory, and without the skin"
    first = await store.add(Entry(moment="next_day", soreness=2))
    assert diary_due(store, day) == "next_day", "the skin was not looked at yet"
    await store.correct(Entry(moment="next_day", soreness=2, skin=0), first.envelope.id)
    assert diary_due(store, day) is None
