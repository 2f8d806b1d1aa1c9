"""Words are found wherever they stand, in all years, whatever their case and accents."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk import words
from kiosk.clock import FixedClock
from kiosk.diary.records import Entry, Note
from kiosk.diary.store import Store, open_store
from kiosk.errors import KioskError
from kiosk.review import word_search
from kiosk.review.child import found_in_child
from kiosk.review.family import Found
from kiosk.review.word_search import Wanted, find, folded

NOON = dt.datetime(2026, 11, 20, 12, 0, tzinfo=dt.UTC)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
def store(tmp_path: Path, clock: FixedClock) -> Iterator[Store]:
    with open_store(tmp_path / "data", "simulated", clock) as opened:
        yield opened


@pytest.fixture
def german() -> Iterator[None]:
    words.set_language("de")
    yield
    words.set_language("en")


def years_ago(years: float) -> dt.datetime:
    return NOON - dt.timedelta(days=365.25 * years)


def days(found: Found) -> list[int]:
    return [(NOON - one.at).days for one in found.entries]


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ("rucken", "Rückenschmerzen"),
        ("RÜCKEN", "ihr ruecken"),
        ("ruecken", "Rückenschmerzen"),
        ("strasse", "über die Straße"),
        ("lodz", "aus Łódź"),
        ("cafe\u0301", "Café"),
        ("fell stairs", "On the stairs she fell"),
        ("12", "after 12 days"),
    ],
)
def test_a_word_is_found(asked: str, text: str) -> None:
    assert Wanted(asked).stands_in([text])


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ("2", "after 12 days"),
        ("fell stairs", "she fell"),
        ("", "anything"),
        ("  ", "anything"),
        (".*", "all"),
    ],
)
def test_a_word_is_not_found_where_it_does_not_stand(asked: str, text: str) -> None:
    assert not Wanted(asked).stands_in([text])


@given(st.text(min_size=1, max_size=40))
def test_every_text_is_found_by_itself_in_capitals_and_small_letters(text: str) -> None:
    if folded(text).split() and not any(word.isdecimal() for word in folded(text).split()):
        for asked in (text, text.upper(), text.lower(), text.swapcase()):
            if folded(asked) == folded(text):
                assert Wanted(asked).stands_in([text])


async def test_notes_picks_answers_and_the_words_beside_them_are_looked_at_in_all_years(store: Store) -> None:
    old = await store.add(Entry(moment="daily", sleep=3, phrases=("long_sitting",)), years_ago(3))
    await store.add(Note(text="Gärtnern war zu viel", author="family", about=old.envelope.id))
    await store.add(Entry(moment="before", pain_rest=7, medicine=True, sleep=6), years_ago(2))
    await store.add(Entry(moment="after", pain_rest=3, note="Rain", activity="less"), years_ago(1))
    expected = {
        "gartnern": [1095],
        "sat long": [1095],
        "sleep 3": [1095],
        "rain": [365],
        "less than usual": [365],
        "medicine yes": [730],
        "rest 7": [730],
        "rest 3": [365],
        "before": [730],
        "november 2024": [730],
        "sleep": [],
        "pain": [],
        "sleep 9": [],
    }
    for asked, at in expected.items():
        assert days(find(store, asked)) == at, asked


async def test_a_note_is_found_with_its_entry_and_beside_it(store: Store) -> None:
    entry = await store.add(Entry(moment="daily", pain_rest=4), years_ago(2))
    await store.add(Note(text="new mattress", author="family", about=entry.envelope.id), years_ago(2))
    await store.add(Note(text="mattress paid", author="family"), years_ago(1))
    found = find(store, "MATTRESS")
    assert [one.id for one in found.entries] == [entry.envelope.id]
    assert [note.text for note in found.notes] == ["mattress paid", "new mattress"]
    assert [note.text for note in found.about] == ["new mattress"]


async def test_a_note_stays_with_its_entry_when_an_answer_is_corrected_later(store: Store) -> None:
    first = await store.add(Entry(moment="daily", pain_rest=4), years_ago(0.1))
    second = await store.correct(Entry(moment="daily", pain_rest=5), first.envelope.id)
    await store.add(Note(text="after the fall", author="family", about=second.envelope.id))
    third = await store.correct(Entry(moment="daily", pain_rest=6), second.envelope.id)
    await store.add(Note(text="fall again", author="family", about=third.envelope.id))
    (one,) = find(store, "fall").entries
    assert one.id == first.envelope.id
    assert [note.about for note in find(store, "fall").about] == [one.id] * 2
    assert one.corrected


async def test_the_screen_s_own_language_is_the_one_that_is_looked_for(store: Store, german: None) -> None:
    await store.add(Entry(moment="daily", pain_rest=4, phrases=("hard_work",)), years_ago(2))
    assert len(find(store, "buecken").entries) == 1
    assert len(find(store, "ruhe 4").entries) == 1
    assert not find(store, "bending").entries


async def test_the_child_looks_in_the_language_it_is_told(store: Store, clock: FixedClock) -> None:
    await store.add(Entry(moment="daily", pain_rest=4, phrases=("hard_work",)), years_ago(2))
    assert len((await found_in_child(store.folder, clock, "Bücken", "de")).entries) == 1
    assert not (await found_in_child(store.folder, clock, "Bücken", "en")).entries


async def test_where_there_is_no_diary_a_sentence_comes_back(tmp_path: Path, clock: FixedClock) -> None:
    with pytest.raises(KioskError, match="not a homestim data folder"):
        await found_in_child(tmp_path, clock, "rain", "en")


async def test_what_is_more_than_a_list_holds_is_counted(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(word_search, "MOST_FOUND", 5)
    for n in range(12):
        await store.add(Entry(moment="daily", note="rain"), years_ago(n))
        await store.add(Note(text="rain", author="family"), years_ago(n))
    found = find(store, "rain")
    assert (len(found.entries), len(found.notes), found.left_out) == (5, 5, 14)
    assert days(found) == [0, 365, 730, 1095, 1461], "the newest are shown"
