"""The family's screens: what is to be done stands first, and nothing is closed without a note or opened."""

from __future__ import annotations

import datetime as dt

import pytest
from msgspec.structs import replace

from kiosk.diary.records import Access, Acknowledgement, Lock, Note, Unlock
from kiosk.events import Save, Woke
from kiosk.page import Overview, Table, Words
from kiosk.review.family import FamilyView, Told
from kiosk.review.listing import Looking, day_of, entries_shown
from programs.library import load_questionnaire
from tests.kiosk.visit.family_album import (
    BURN,
    FULL,
    GAP,
    LAST,
    RED_ANSWER,
    SEEN,
    SORE,
    family_screens,
    opened,
    told,
)
from tests.kiosk.visit.visit_bench import Walk


def headline(walk: Walk) -> str:
    body = walk.page.body
    assert isinstance(body, Overview)
    return body.headline


def body_words(walk: Walk) -> Words:
    body = walk.page.body
    assert isinstance(body, Words)
    return body


def table(walk: Walk) -> Table:
    body = walk.page.body
    assert isinstance(body, Table)
    return body


@pytest.mark.parametrize(
    ("alerts", "locks", "first"),
    [
        ((SEEN,), (), "All fine. Nothing to do today."),
        ((GAP,), (), "All fine: nothing urgent."),
        ((SORE, GAP), (), "▲ LOOK HERE: one thing, by tomorrow evening"),
        ((SORE, BURN), (), "▲ LOOK HERE: 2 things, today"),
        ((), (Lock(class_="E", cause="rf_chest"),), "▲ LOOK HERE: the device is locked."),
        ((), (Lock(class_="P", cause="d_ill", until=LAST + dt.timedelta(days=1)),), "All fine."),
    ],
)
def test_the_first_line_says_whether_all_is_well(
    alerts: tuple[object, ...], locks: tuple[Lock, ...], first: str
) -> None:
    assert headline(opened(replace(FULL, alerts=alerts), *locks)) == first


def test_the_worst_alert_is_the_one_thing_to_do() -> None:
    said = opened(replace(FULL, alerts=(SORE, BURN))).words
    assert "stopped because it burned" in said
    assert "See how Kim DEMO is, now. Call Dr. Demo" in said


HELP = "Call 112 now, or see that Kim DEMO gets to an emergency department."


@pytest.mark.parametrize("told", [(), (RED_ANSWER,)], ids=["seen to", "standing"])
def test_an_emergency_sends_who_looks_in_for_help_and_not_herself(told: tuple[Told, ...]) -> None:
    said = opened(replace(FULL, alerts=told), Lock(class_="E", cause="rf_chest")).words
    assert "An answer meant: call for help now." in said
    assert HELP in said
    assert "Do not drive yourself" not in said


def test_a_same_day_doctor_is_called_by_the_person_herself() -> None:
    said = opened(replace(FULL, alerts=()), Lock(class_="U", cause="rf_fever")).words
    assert "An answer meant: call a doctor the same day. See that Kim DEMO calls one today." in said
    assert "Call your doctor" not in said


def test_a_look_is_written_down() -> None:
    assert Access(role="family", action="look") in opened().records(Access)


def test_a_yes_that_was_taken_back_is_told_with_its_question() -> None:
    walk = opened(replace(FULL, alerts=(told("amber", "yes_taken_back", question="c_heart"),)))
    assert load_questionnaire().questions["c_heart"].text.en in walk.words


def test_a_restored_diary_names_the_lock_of_the_restore_beside_an_alert_of_something_else() -> None:
    alerts = (told("amber", "yes_taken_back", question="c_heart"),)
    walk = opened(replace(FULL, alerts=alerts), Lock(class_="restore", cause="restored"))
    assert "The box was set up again from a copy. It is locked." in walk.words
    assert "The device is locked." not in walk.words


def test_what_was_picked_by_keys_is_not_called_a_note_which_the_notes_do_not_have() -> None:
    one = FULL.entries[0]
    chosen = replace(one, entry=replace(one.entry, note="", phrases=("hard_work",)))
    walk = opened(replace(FULL, entries=(chosen,), notes=()))
    walk.press("3")
    assert "picked" in table(walk).rows[0][-1]
    assert "note" not in table(walk).rows[0][-1]
    walk.press("back", "6")
    assert table(walk).rows == ()


def test_who_took_her_consent_back_is_not_looked_at() -> None:
    walk = opened(replace(FULL, allowed=False))
    assert walk.records(Access) == []
    for key in ("1", "2", "3", "4", "6", "enter"):
        walk.press(key)
        assert walk.step == "family"
    assert "PEG" not in walk.words
    walk.press("back")
    assert walk.step == "home"


def test_an_alert_is_closed_by_a_note_alone() -> None:
    walk = opened(replace(FULL, alerts=(BURN, SORE)))
    walk.press("enter", "back")
    assert walk.records(Acknowledgement) == []
    walk.press("enter", "3")
    assert walk.records(Acknowledgement) == [
        Acknowledgement(alert=BURN.id, note="We called the clinician.", who="family")
    ]
    assert walk.step == "family"
    assert headline(walk) == "▲ LOOK HERE: one thing, by tomorrow evening", "the other one stands"
    walk.press("1", "down")
    assert "“We called the clinician.”" in walk.words
    assert "enter" not in [choice.key.value for choice in walk.page.choices], "it is done"


def test_nothing_of_the_family_opens_a_lock_or_changes_a_fact() -> None:
    """Every key, on every one of its screens."""
    written = (Access, Note, Acknowledgement)
    for name, walk in family_screens():
        walk.effects.clear()
        for key in ("1", "2", "3", "4", "5", "6", "7", "9", "up", "right", "enter", "enter"):
            walk.press(key)
        for effect in walk.sent(Save):
            assert isinstance(effect, Save)
            assert isinstance(effect.record, written), name
            assert effect.corrects is None, name
        assert not walk.records(Unlock)


def test_it_closes_after_five_minutes_without_a_key_and_not_before() -> None:
    walk = opened()
    walk.press("3")
    for _ in range(4):
        walk.wait(200)
        walk.press("down")
    walk.hear(Woke())
    assert walk.step == "family_diary", "somebody is there"
    walk.wait(299)
    walk.hear(Woke())
    assert walk.step == "family_diary"
    walk.wait(1)
    walk.hear(Woke())
    assert walk.step == "home"
    assert walk.visit.context.family is None


def test_the_diary_is_filtered_sorted_and_read_in_full() -> None:
    walk = opened()
    walk.press("3")
    assert len(table(walk).rows) == 8
    walk.press("1")
    assert "with a note" in table(walk).lines[0]
    noted = entries_shown(FULL, Looking(filter="notes"))
    assert noted
    assert all(one.entry.note for one in noted)
    walk.press("1")
    assert {row[2] for row in table(walk).rows} <= {"7", "8", "9"}
    walk.press("1", "1", "1", "1", "2", "2")
    assert [row[2] for row in table(walk).rows] == ["9"] * 7 + ["8"], "of equal pain the newest first"
    walk.press("enter")
    assert "Pain at rest: 9" in walk.words
    walk.press("1", "5")
    (note,) = walk.records(Note)
    assert isinstance(note, Note)
    assert (note.author, note.about) == ("family", "e9")
    assert "We keep an eye on it." in walk.words


def test_a_late_or_corrected_entry_says_so() -> None:
    walk = opened()
    walk.press("3", "down", "down")
    assert "late" in table(walk).rows[2][-1]
    walk.press("down", "enter")
    assert "Corrected. On 17 Nov" in walk.words
    assert "it said: pain at rest 9, sleep 2." in walk.words, "what was written first is kept"


def test_a_day_is_found() -> None:
    walk = opened()
    walk.press("3", "3", "0", "9", "1", "1", "enter")
    assert table(walk).rows[table(walk).chosen or 0][0] == "9 Nov"
    walk.press("3", "3", "1", "0", "2", "enter")
    assert walk.step == "family_find", "there is no 31 February"


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("2011", dt.date(2026, 11, 20)),
        ("2111", dt.date(2025, 11, 21)),
        ("2902", None),
        ("9999", None),
        ("09", None),
    ],
)
def test_a_day_that_is_typed_is_the_last_one_of_that_name(typed: str, day: dt.date | None) -> None:
    assert day_of(typed, LAST) == day


def test_the_pain_of_four_weeks_has_its_gaps_its_mean_and_its_marks() -> None:
    walk = opened()
    walk.press("2")
    columns = walk.page.body.columns  # type: ignore[union-attr]
    assert len(columns) == 28
    gaps = [column for column in columns if column.value is None]
    assert len(gaps) == 3
    assert all(column.marks[1] for column in gaps)
    assert sum(column.marks[3] for column in columns) == 1, "the flare"
    assert all(column.mean is not None for column in columns)
    walk.press("2")
    assert len(walk.page.body.columns) == 42  # type: ignore[union-attr]
    walk.press("2")
    assert len(walk.page.body.columns) == 64  # type: ignore[union-attr]
    walk.press("2")
    assert len(walk.page.body.columns) == 28  # type: ignore[union-attr]


def test_days_before_the_diary_was_begun_are_no_gaps() -> None:
    unbegun = tuple(replace(day, begun=n >= 70, pain=None) for n, day in enumerate(FULL.days))
    body = opened(replace(FULL, days=unbegun)).page.body
    assert isinstance(body, Overview)
    assert body.unbegun == 14


def test_nothing_known_is_not_called_fine() -> None:
    empty = FamilyView(first_day=FULL.first_day, last_day=LAST, days=FULL.days[:1] * 84, allowed=True)
    assert headline(opened(empty)) == "Nothing to do. There is no entry in these four weeks."


def test_patients_words_are_never_markup() -> None:
    walk = opened()
    walk.press("3", "down", "enter")
    assert any("[@click=app.quit]" in item for item in body_words(walk).items)
