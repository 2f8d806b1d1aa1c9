"""Notes and searches that are typed on a real keyboard; whoever has none loses nothing."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from kiosk.diary.records import Acknowledgement, Note
from kiosk.events import FamilyLoaded, FindWords, PinChecked, Woke, WordsFound
from kiosk.keys import ERASE, typed
from kiosk.page import Table, TextEntry
from kiosk.review import entry_words
from kiosk.review.family import EntryView, Found, NoteView
from kiosk.visit.sheets import ROW, sheets
from kiosk.visit.steps import typing
from kiosk.visit.steps.family_notes import MOST_WRITTEN
from tests.kiosk.visit.family_album import BURN, FOUND, FULL, LONG_NOTE, an_entry, opened
from tests.kiosk.visit.visit_bench import START, Walk


def text_of(walk: Walk) -> str:
    body = walk.page.body
    assert isinstance(body, TextEntry)
    return body.text


def table(walk: Walk) -> Table:
    body = walk.page.body
    assert isinstance(body, Table)
    return body


def writing() -> Walk:
    """A note about the newest entry is being typed."""
    walk = opened()
    walk.press("3", "enter", "1", "7")
    assert walk.step == "family_write"
    return walk


def searching(wanted: str, where: str = "3") -> Walk:
    walk = opened()
    walk.press(where, "4")
    walk.write(wanted)
    walk.press("enter")
    return walk


# ── one character after the other ──


def test_a_character_is_one_that_can_be_seen_and_every_other_key_stays_a_key() -> None:
    assert typed("a", "a") == "a"
    assert typed("space", " ") == " "
    assert typed("full_stop", ".") == "."
    assert typed("8", "8") == "8"
    assert typed("backspace", "\x7f") == ERASE
    for name, text in (("enter", "\r"), ("escape", "\x1b"), ("up", None), ("ctrl+c", "\x03"), ("f12", None)):
        assert typed(name, text) is None
    assert typed("asterisk", "*") is None, "it reads aloud"
    assert typed("rlo", "\u202e") is None, "nothing turns the line round"


@given(st.lists(st.characters(codec="utf-8") | st.just(ERASE), max_size=60), st.integers(0, 20))
def test_a_text_never_grows_beyond_its_bound_nor_shrinks_by_more_than_one(keys: list[str], most: int) -> None:
    text = ""
    for key in keys:
        before, text = text, typing.after(text, key, most)
        assert len(text) <= most
        assert len(text) >= len(before) - 1


def test_an_accent_that_comes_after_its_letter_is_one_character_with_it() -> None:
    assert typing.after("e", "\u0301", 9) == "é"


def test_a_number_pad_takes_back_with_the_key_that_goes_back_everywhere() -> None:
    assert typing.after("12", "/", 9) == "1"
    assert typing.after("und", "/", 9) == "und/"


# ── a note ──


def test_a_typed_note_is_a_record_of_its_own_that_points_at_the_entry() -> None:
    walk = writing()
    walk.write("She fell 0n the stairs. 8/9: [@click=app.quit]x[/] & no more?")
    walk.press("enter")
    (note,) = walk.records(Note)
    assert note == Note(
        text="She fell 0n the stairs. 8/9: [@click=app.quit]x[/] & no more?", author="family", about="e0"
    )
    assert walk.step == "family_entry"
    assert "She fell 0n the stairs." in walk.words


def test_space_comma_and_digits_are_letters_here_and_neither_stop_nor_choose() -> None:
    walk = writing()
    walk.write(" 1, 2. 0")
    assert text_of(walk) == "1, 2. 0"
    assert walk.step == "family_write"
    walk.write(ERASE * 3)
    assert text_of(walk) == "1, 2"


def test_an_alert_is_acknowledged_by_typed_words_too() -> None:
    walk = opened(replace(FULL, alerts=(BURN,)))
    walk.press("enter", "7")
    walk.write("Doctor called, pads changed")
    walk.press("enter")
    assert walk.records(Acknowledgement) == [
        Acknowledgement(alert=BURN.id, note="Doctor called, pads changed", who="family")
    ]
    assert walk.step == "family"


@pytest.mark.parametrize("blank", ["", "   "])
def test_an_empty_note_is_none(blank: str) -> None:
    walk = writing()
    walk.write(blank)
    walk.press("enter")
    assert walk.records(Note) == []
    assert walk.step == "family_write"


def test_what_was_typed_and_not_kept_is_there_again_and_only_for_what_it_was_about() -> None:
    walk = writing()
    walk.write("half a th")
    walk.press("back", "back", "back", "down", "enter", "1", "7")
    assert text_of(walk) == "", "this is another entry"
    walk = writing()
    walk.write("half a th")
    walk.press("back")
    assert walk.step == "family_note", "a ready one can still be chosen"
    walk.press("7")
    assert text_of(walk) == "half a th"


def test_a_note_that_another_one_interrupts_is_there_again() -> None:
    walk = writing()
    walk.write("half a th")
    walk.press("back", "back", "back", "down", "enter", "1", "7")
    walk.write("another")
    walk.press("enter", "back", "up", "enter", "1", "7")
    assert text_of(walk) == "half a th"


def test_the_time_closes_the_view_and_the_note_is_there_again_behind_the_pin() -> None:
    walk = writing()
    walk.write("She fell on the st")
    walk.wait(301)
    walk.hear(Woke())
    assert walk.step == "home"
    assert "She fell" not in walk.words
    walk.press("9", "7")
    assert walk.step == "pin", "only the PIN leads to it"
    assert "She fell" not in walk.words
    walk.press("enter")
    walk.hear(PinChecked(True, 0))
    walk.hear(FamilyLoaded(FULL))
    assert "A note is begun and not kept yet." in walk.words
    walk.press("7")
    assert text_of(walk) == "She fell on the st"
    walk.write("airs")
    walk.press("enter")
    assert walk.records(Note) == [Note(text="She fell on the stairs", author="family", about="e0")]
    assert walk.step == "family"
    assert "not kept yet" not in walk.words


def test_without_a_note_that_was_begun_seven_is_no_key_of_the_overview() -> None:
    walk = opened()
    walk.press("7")
    assert walk.step == "family"
    assert "7" not in [choice.key.value for choice in walk.page.choices]


def test_a_long_note_is_bounded_says_so_and_is_read_in_full() -> None:
    walk = writing()
    walk.write(LONG_NOTE + "and more")
    assert text_of(walk) == LONG_NOTE[:MOST_WRITTEN]
    assert "no room for more" in walk.words
    walk.press("enter")
    said = walk.words
    while "down" in [choice.key.value for choice in walk.page.choices]:
        walk.press("down")
        said += walk.words
    assert LONG_NOTE.strip() in said


def test_typing_keeps_the_page_open_and_five_minutes_of_silence_close_it() -> None:
    walk = writing()
    for _ in range(3):
        walk.wait(290)
        walk.write("x")
    walk.hear(Woke())
    assert walk.step == "family_write"
    walk.wait(301)
    walk.hear(Woke())
    assert walk.step == "home"


def test_without_a_keyboard_a_ready_note_is_two_keys_away_as_before() -> None:
    walk = opened()
    walk.press("3", "enter", "1", "5")
    (note,) = walk.records(Note)
    assert isinstance(note, Note)
    assert note.text == "We keep an eye on it."


# ── words that are looked for ──


def test_words_are_looked_for_in_the_whole_diary_and_not_in_what_is_shown() -> None:
    walk = searching("Rain")
    assert walk.sent(FindWords) == [FindWords("Rain")]
    assert walk.step == "family_diary"
    assert table(walk).rows == (), "what stood there before is not taken for the answer"
    assert "looks for “Rain”" in walk.words
    walk.hear(WordsFound(replace(FOUND, words="Rain")))
    assert "12 entries with “Rain”" in walk.words
    assert "31 older ones are left out." in walk.words
    assert any("2021" in row[0] for row in table(walk).rows), "another year says which"
    walk.press("2")
    assert "2017" in table(walk).rows[0][0] or "2016" in table(walk).rows[0][0], "order goes beside it"
    walk.press("1", "1")
    assert "pain 7 or more" in walk.words, "and so do the filters"


def test_an_entry_that_was_found_is_read_with_its_notes_and_can_get_another() -> None:
    walk = searching("rain")
    walk.hear(WordsFound(FOUND))
    walk.press("enter", "1", "3")
    assert walk.records(Note) == [Note(text="We called the clinician.", author="family", about="f0")]
    said = walk.words
    while "down" in [choice.key.value for choice in walk.page.choices]:
        walk.press("down")
        said += walk.words
    assert "We called the clinician." in said
    assert "She walked to the lake" in said
    assert said.count("The rain again.") == 1


def test_an_answer_to_words_that_are_not_looked_for_any_more_changes_nothing() -> None:
    walk = searching("rain")
    walk.press("4")
    walk.write("snow")
    walk.press("enter")
    walk.hear(WordsFound(FOUND))
    assert "looks for “snow”" in walk.words
    walk.hear(WordsFound(Found("snow")))
    assert "0 entries with “snow”" in walk.words
    walk.press("4", "enter")
    assert len(table(walk).rows) == 8, "Enter alone shows everything again"


def test_what_cannot_be_looked_through_says_so() -> None:
    walk = searching("rain", "6")
    walk.hear(WordsFound(None, "A part of the diary is damaged."))
    assert "A part of the diary is damaged." in walk.words
    assert table(walk).rows == ()


def test_notes_are_found_and_read_in_full() -> None:
    walk = searching("rain", "6")
    walk.hear(WordsFound(FOUND))
    assert "2 notes with “rain”" in walk.words
    walk.press("enter")
    assert LONG_NOTE.strip() in walk.words
    walk.press("back", "back", "6")
    assert "Notes of a year" in walk.words, "looking anew begins with everything"


def test_the_search_ends_with_the_visit_to_the_family_s_pages() -> None:
    walk = searching("rain")
    walk.press("back", "back")
    assert walk.step == "home"
    walk.hear(WordsFound(FOUND))
    assert walk.step == "home"


# ── in full ──


@given(st.lists(st.text(max_size=1500), max_size=6), st.integers(1, 9))
def test_nothing_is_left_out_of_the_sheets_and_none_is_too_long(notes: list[str], rows: int) -> None:
    views = [NoteView(id=str(n), at=START, text=text, author="family") for n, text in enumerate(notes)]
    items = entry_words.in_full(an_entry(3), views)
    shared = sheets(items, rows)
    assert "".join(item for sheet in shared for item in sheet) == "".join(items)
    for sheet in shared:
        assert sum(-(-len(item) // ROW) for item in sheet) <= rows


def test_what_was_picked_by_keys_is_read_in_full_too() -> None:
    entry = replace(an_entry(2).entry, activity="less", phrases=("slept_badly", "from a later version"))
    view = EntryView(id="e", at=START + dt.timedelta(0), entry=entry, entered_late=False)
    assert "Less than usual, Slept badly, from a later version" in entry_words.in_full(view, ())
