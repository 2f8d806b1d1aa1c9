"""How her back is after the session: asked once, left out with one key, and never lost."""

from __future__ import annotations

import datetime as dt

import pytest
from msgspec.structs import replace

from kiosk.diary.records import Entry, Session
from kiosk.events import Woke
from kiosk.keys import Key
from kiosk.page import NumberLine
from kiosk.today import CutOff, OpenEntry
from kiosk.visit import flow
from programs.history import CourseHistory, PastSession
from tests.kiosk.visit.visit_bench import START, Walk, today


def ended(why: str = "plan_over", **changes: object) -> Walk:
    walk = Walk()
    walk.until("session")
    walk.end_session(why, **changes)
    return walk


def asked(why: str = "plan_over") -> Walk:
    walk = ended(why)
    walk.until("pain_after")
    return walk


def after(walk: Walk) -> list[Entry]:
    """Every version of what was said after the session."""
    return [one for one in walk.records(Entry) if isinstance(one, Entry) and one.moment == "after"]


def line(walk: Walk) -> NumberLine:
    assert isinstance(walk.page.body, NumberLine)
    return walk.page.body


# ── when it is asked ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("why", "keys"),
    [
        ("plan_over", ()),
        ("person", ("enter", "2")),
        ("person", ("enter", "3", "enter")),
        ("person", ("enter", "4", "enter")),
        ("look", ("2",)),
        ("nothing_felt", ("2",)),
        ("still_ok", ("2",)),
        ("no_answer", ("2",)),
        ("electrode", ("enter", "2")),
    ],
)
def test_it_is_asked_however_the_session_ended(why: str, keys: tuple[str, ...]) -> None:
    walk = ended(why)
    walk.press(*keys)
    assert walk.step == "pads_off", "the pads come first"
    walk.press("enter")
    assert walk.step == "pain_after"
    walk.press("6", "enter")
    assert walk.step == "skin_after"
    assert after(walk) == [Entry(moment="after", pain_rest=6, session_id="session-1")]


def test_after_a_stop_that_was_not_confirmed_it_waits_for_the_switch() -> None:
    walk = ended("no_answer", confirmed=False)
    walk.press("5", "enter")
    assert walk.step == "pads_off"
    walk.press("enter")
    assert walk.step == "pain_after"


def test_without_current_there_is_no_after() -> None:
    walk = ended("not_saved", never_armed=True, seconds_done=0)
    walk.press("enter", "enter")
    assert walk.step == "skin_after"
    walk.press("1")
    assert after(walk) == [Entry(moment="after", skin=0, session_id="session-1")]


def test_minutes_before_a_second_arming_that_failed_count() -> None:
    walk = ended("not_saved", never_armed=True, seconds_done=120)
    walk.press("enter", "enter")
    assert walk.step == "pain_after"


# ── one question, the same as before ────────────────────────────────────────────────────────────


def test_the_question_is_the_one_from_before_the_session() -> None:
    before = Walk()
    before.until("pain_rest")
    walk = asked()
    assert (line(walk).question, line(walk).low, line(walk).high) == (
        line(before).question,
        line(before).low,
        line(before).high,
    )
    assert line(walk).value is None, "what was said before is not marked"


def test_one_key_leaves_it_out_and_nothing_is_written_of_it() -> None:
    walk = asked()
    assert "leave this out" in walk.words
    walk.press("enter")
    assert walk.step == "skin_after"
    assert not after(walk)
    walk.press("1")
    assert after(walk) == [Entry(moment="after", skin=0, session_id="session-1")]


def test_a_marked_number_is_not_left_out_by_the_same_key() -> None:
    walk = asked()
    walk.press("1", "0")
    assert "leave this out" not in walk.words
    walk.press("enter")
    assert after(walk)[-1].pain_rest == 10


def test_back_changes_it_in_the_same_record() -> None:
    walk = asked()
    walk.press("4", "enter", "back")
    assert (walk.step, line(walk).value) == ("pain_after", 4)
    walk.press("5", "enter", "1")
    assert after(walk)[-1] == Entry(moment="after", pain_rest=5, skin=0, session_id="session-1")
    kept = [one.envelope for one in walk.saved if one.record in after(walk)]
    assert {envelope.corrects for envelope in kept[1:]} == {kept[0].id}


def test_back_clears_the_mark_then_shows_the_pads() -> None:
    walk = asked()
    walk.press("4", "back")
    assert line(walk).value is None
    walk.press("back")
    assert walk.step == "pads_off"


@pytest.mark.parametrize("key", ["stop", "6", "up"])
def test_stop_and_the_other_keys_leave_nothing(key: str) -> None:
    walk = asked()
    walk.press(key)
    assert walk.step == "pain_after"


def test_no_time_ends_it() -> None:
    walk = asked()
    assert flow.deadline_s(walk.visit) is None
    walk.wait(7200)
    walk.hear(Woke())
    assert walk.step == "pain_after"


# ── kept ────────────────────────────────────────────────────────────────────────────────────────


def test_saved_waits_for_the_pain_as_for_the_skin() -> None:
    walk = asked()
    walk.answering = False
    walk.press("4", "enter", "1")
    assert walk.step == "saving"
    walk.answer_saves()
    assert walk.step == "saved"
    assert after(walk)[-1] == Entry(moment="after", pain_rest=4, skin=0, session_id="session-1")


def test_what_could_not_be_saved_is_said_and_tried_again() -> None:
    walk = asked()
    walk.answering = False
    walk.press("4", "enter")
    walk.fail_saves()
    assert walk.step == "not_saved"
    walk.answering = True
    walk.press("1")
    assert walk.step == "skin_after"
    assert after(walk) == [Entry(moment="after", pain_rest=4, session_id="session-1")]


def test_the_next_visit_writes_a_record_of_its_own() -> None:
    walk = asked()
    walk.until("home")
    first = walk.saved[-1].envelope.id
    walk.until("session")
    walk.end_session("plan_over", session_id="session-2")
    walk.until("saved")
    entry = walk.saved[-1]
    assert entry.record == Entry(moment="after", pain_rest=2, skin=0, session_id="session-2")
    assert first not in (entry.envelope.id, entry.envelope.corrects)


def cut_off(after: Entry | None = None, at: dt.datetime = START, state: str = "done") -> CutOff:
    """A session that ended, and a restart before the skin was looked at."""
    record = Session(
        programme="nmes_learn",
        montage="M4-par",
        session_kind="nmes",
        planned_seconds=900,
        seconds_done=900,
        state=state,  # type: ignore[arg-type]
        peak_mA={"1": 10.0},
    )
    said = None if after is None else OpenEntry("entry-1", after, at)
    return CutOff("session-1", record, at, said)


def test_a_restart_after_the_session_comes_back_to_the_pads() -> None:
    walk = Walk(today(unlooked=cut_off()))
    assert walk.step == "after_restart"
    assert "Your session is over." in walk.words
    assert "early" not in walk.words
    assert not walk.records(Session), "its end stands in the diary"
    walk.press("enter", "enter")
    assert walk.step == "pain_after"
    walk.press("4", "enter", "1")
    assert after(walk)[-1] == Entry(moment="after", pain_rest=4, skin=0, session_id="session-1")
    assert "done for today" not in walk.words, "home offers a session"


@pytest.mark.parametrize(
    ("programmes", "said"),
    [
        (("nmes_learn",), "Saved. You are done for today."),
        (("nmes_learn", "tens_conv"), "Saved. Thank you."),
    ],
)
def test_done_for_today_is_said_only_where_home_offers_no_other_session(
    programmes: tuple[str, ...], said: str
) -> None:
    walk = asked()
    assert walk.day.prescription is not None
    walk.day = replace(
        walk.day,
        prescription=replace(walk.day.prescription, programmes=programmes),
        history=CourseHistory().with_session(PastSession("nmes_learn", "nmes", START, True, 10, 1500, 1500)),
    )
    walk.press("4", "enter", "1")
    assert walk.step == "saved"
    assert said in walk.words
    walk.press("enter")
    assert (Key.ONE in [choice.key for choice in walk.page.choices]) is ("done" not in said)


def test_what_was_said_before_a_restart_is_not_asked_again_and_not_lost() -> None:
    said = Entry(moment="after", pain_rest=7, session_id="session-1")
    walk = Walk(today(unlooked=cut_off(said)))
    walk.press("enter", "enter")
    assert walk.step == "skin_after"
    walk.press("1")
    (written,) = [one for one in walk.saved if isinstance(one.record, Entry)]
    assert written.record == Entry(moment="after", pain_rest=7, skin=0, session_id="session-1")
    assert written.envelope.corrects == "entry-1"


def test_hours_later_nobody_is_asked() -> None:
    walk = Walk(today(unlooked=cut_off(at=START - dt.timedelta(hours=2, minutes=1))))
    assert walk.step == "home"


def test_a_session_that_was_cut_off_asks_for_the_pain_too() -> None:
    walk = Walk(today(interrupted=cut_off(state="begun")))
    walk.until("saved")
    assert after(walk)[-1] == Entry(moment="after", pain_rest=2, skin=0, session_id="session-1")
