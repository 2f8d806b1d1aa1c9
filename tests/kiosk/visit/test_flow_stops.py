"""What ends the day, and what is true to say of a stop, wherever it is heard."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from kiosk import words
from kiosk.diary.records import Alert, Entry, Lock
from kiosk.events import BeginSession, DeviceSeen, OutputUnknown, SessionKey, Speak, StopTestEnded, Woke
from kiosk.keys import Key
from kiosk.visit import flow
from tests.kiosk.visit.visit_bench import Walk, device, today

REPORTS_OFF = "The stimulator reports that its output is off."


def in_session() -> Walk:
    """With a prescription that is valid tomorrow too."""
    day = today()
    assert day.prescription is not None
    prescription = replace(day.prescription, valid_until=day.now.date() + dt.timedelta(days=7))
    walk = Walk(today(prescription=prescription))
    walk.until("session")
    return walk


def day_locks(walk: Walk) -> list[str]:
    """The causes of what is locked until tomorrow."""
    found = [lock for lock in walk.records(Lock) if isinstance(lock, Lock)]
    assert all(lock.class_ == "P" for lock in found)
    assert all(lock.until is not None and (lock.until - walk.now.date()).days == 1 for lock in found)
    return [lock.cause for lock in found]


def alerts(walk: Walk) -> list[tuple[str, str]]:
    found = [alert for alert in walk.records(Alert) if isinstance(alert, Alert)]
    return [(alert.level, alert.rule.rule) for alert in found]


def second_device_fault(walk: Walk) -> None:
    walk.end_session("no_answer")
    walk.until("session")
    walk.end_session("restarted")


# ── none for today ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("end", "cause", "said"),
    [
        (lambda walk: walk.end_session(confirmed=False), "not_confirmed", "did not confirm a stop"),
        (lambda walk: walk.end_session("electrode", pad_faults=3), "pad_faults", "came loose three times"),
        (lambda walk: walk.end_session("nothing_felt", pad_faults=3), "pad_faults", "came loose three times"),
        (second_device_fault, "device_faults", "two faults in one day"),
    ],
)
def test_what_ends_the_day_holds_at_home_until_tomorrow(end: object, cause: str, said: str) -> None:
    walk = in_session()
    assert callable(end)
    end(walk)
    begun = len(walk.sent(BeginSession))
    assert day_locks(walk) == [cause]
    walk.press("2" if walk.step == "fault" else "enter")
    walk.until("home")
    assert "Not today." in walk.words
    assert said in walk.words
    assert "ask again on Saturday" in walk.words
    walk.press("1")
    assert walk.step == "home"
    assert len(walk.sent(BeginSession)) == begun
    walk.wait(86400)
    walk.hear(Woke())
    walk.press("1")
    assert walk.step == "identity"


def test_the_third_loose_pad_by_her_own_word_ends_the_day() -> None:
    walk = in_session()
    walk.end_session(pad_faults=2)
    walk.press("enter", "1")
    assert walk.step == "pad_faults_end"
    assert day_locks(walk) == ["pad_faults"]
    assert ("amber", "pad_faults") in alerts(walk)


def test_the_lock_of_the_day_is_sent_to_the_diary_before_anything_is_pressed() -> None:
    walk = in_session()
    walk.answering = False
    walk.end_session(confirmed=False)
    assert [effect.tag.split("-")[0] for effect in walk.unanswered] == ["alert", "lock"]


def test_going_home_forgets_no_fault_of_the_device() -> None:
    walk = in_session()
    walk.end_session("no_answer", seconds_done=0)
    walk.press("1")
    walk.hear(StopTestEnded(True, "status 0"))
    walk.press("stop", "2")
    walk.until("home")
    walk.until("session")
    walk.end_session("no_answer", seconds_done=0)
    assert day_locks(walk) == ["device_faults"]


def test_a_session_refused_after_two_restarts_says_so_and_is_not_tried_again() -> None:
    walk = in_session()
    walk.end_session("refused", never_armed=True, how="never armed: restarts", seconds_done=0)
    assert "The stimulator started again by itself, more than once in 24 hours." in walk.words
    assert "No current was switched on." in walk.words
    assert "Try again" not in [choice.label for choice in walk.page.choices]
    walk.press("1")
    assert walk.step == "fault"
    walk.press("2")
    assert walk.step == "pads_off"


def test_a_fault_of_yesterday_is_not_todays() -> None:
    walk = in_session()
    walk.end_session("no_answer")
    walk.press("2")
    walk.until("home")
    walk.wait(86400)
    walk.hear(Woke())
    walk.until("session")
    walk.end_session("no_answer")
    assert [lock.cause for lock in walk.records(Lock) if isinstance(lock, Lock)] == ["enough"]
    assert "Try again" in [choice.label for choice in walk.page.choices]


def _enough(walk: Walk) -> None:
    walk.end_session()
    walk.press("enter", "2")


def _after_a_mistake(walk: Walk) -> None:
    walk.end_session()
    walk.press("enter", "5", "2")


def _after_a_fault(walk: Walk) -> None:
    walk.end_session("no_answer")
    walk.press("2")


def _nobody(walk: Walk) -> None:
    walk.end_session("still_ok")
    walk.press("2")


@pytest.mark.parametrize("end", [_enough, _after_a_mistake, _after_a_fault, _nobody])
def test_who_said_that_it_is_enough_is_offered_no_other_session_today(end: Callable[[Walk], None]) -> None:
    """A muscle session leaves a tingling one allowed by the plan."""
    walk = in_session()
    end(walk)
    assert walk.step == "pads_off"
    assert day_locks(walk) == ["enough"]
    walk.until("home")
    assert "You said that it is enough for today." in walk.words
    begun = len(walk.sent(BeginSession))
    walk.press("1")
    assert walk.step == "home"
    walk.press("2")
    assert walk.step == "diary_day"
    assert len(walk.sent(BeginSession)) == begun


def test_the_next_day_it_may_begin_again() -> None:
    walk = in_session()
    _enough(walk)
    walk.until("home")
    walk.wait(86400)
    walk.hear(Woke())
    walk.press("1")
    assert walk.step == "identity"


@pytest.mark.parametrize("reason", ["1", "5", "6"])
def test_a_stop_by_the_person_locks_nothing(reason: str) -> None:
    walk = in_session()
    walk.end_session()
    walk.press("enter", reason)
    assert day_locks(walk) == []


@pytest.mark.parametrize("why", ["not_saved", "finding_too_long", "shutdown"])
def test_what_is_no_fault_of_the_device_counts_as_none(why: str) -> None:
    walk = in_session()
    walk.end_session(why)
    assert walk.visit.context.run.device_faults == 0


def test_a_lock_whose_day_came_while_the_clock_is_not_set_says_so() -> None:
    day = today()
    walk = Walk(today(locks=(Lock(class_="P", cause="not_confirmed", until=day.now.date()),)))
    assert "The clock of the box is not set." in walk.words
    assert "ask again on" not in walk.words


def test_home_says_in_german_why_not_today() -> None:
    walk = in_session()
    walk.end_session(confirmed=False)
    walk.press("enter")
    walk.until("home")
    words.set_language("de")
    try:
        assert "Heute nicht." in walk.words
        assert "Samstag" in walk.words
        assert "Not today" not in walk.words
    finally:
        words.set_language("en")


# ── it is not known whether current flows ───────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("step", "then"),
    [
        ("home", "home"),
        ("group", "home"),
        ("pain_rest", "home"),
        ("check", "home"),
        ("placement", "pads_off"),
        ("settle", "pads_off"),
        ("contact", "pads_off"),
    ],
)
def test_an_unconfirmed_stop_heard_anywhere_says_switch_it_off(step: str, then: str) -> None:
    walk = Walk()
    walk.until(step)
    walk.hear(OutputUnknown("lease"))
    assert walk.step == "not_confirmed"
    assert "Switch the stimulator OFF now." in walk.words
    assert "lease" in walk.words
    assert alerts(walk) == [("red", "stop_not_confirmed")]
    assert day_locks(walk) == ["not_confirmed"]
    walk.press("back", "stop", "1", "2")
    assert walk.step == "not_confirmed"
    walk.press("enter")
    assert walk.step == then
    walk.until("home")
    walk.press("1")
    assert walk.step == "home"


@pytest.mark.parametrize(
    "keys", [(), ("enter",), ("enter", "2"), ("enter", "2", "enter"), ("enter", "2", "enter", "4", "enter")]
)
def test_an_unconfirmed_stop_heard_after_the_session_leads_to_pads_off(keys: tuple[str, ...]) -> None:
    walk = in_session()
    walk.end_session()
    walk.press(*keys)
    walk.hear(OutputUnknown("no answer"))
    assert walk.step == "not_confirmed"
    walk.press("enter")
    assert walk.step == "pads_off"


def test_an_unconfirmed_stop_heard_after_the_skin_was_looked_at_leads_home() -> None:
    walk = in_session()
    walk.end_session("plan_over")
    walk.until("saved")
    walk.hear(OutputUnknown("no answer"))
    walk.press("enter")
    assert walk.step == "home"
    after = [one for one in walk.saved if isinstance(one.record, Entry) and one.record.moment == "after"]
    assert len({one.envelope.corrects or one.envelope.id for one in after}) == 1


def test_a_yes_that_stands_while_an_unconfirmed_stop_is_heard_locks() -> None:
    walk = Walk()
    walk.until("group")
    walk.press("2", "2")
    assert walk.step == "confirm_yes"
    name = walk.visit.context.unsure
    walk.hear(OutputUnknown("no answer"))
    walk.press("enter")
    assert walk.step == "home"
    causes = [lock.cause for lock in walk.records(Lock) if isinstance(lock, Lock)]
    assert set(causes) == {name, "not_confirmed"}
    assert "Call 112" in walk.words


@pytest.mark.parametrize("step", ["session", "stop_test"])
def test_session_and_stop_test_have_their_own_way(step: str) -> None:
    walk = Walk()
    walk.until(step)
    before = walk.visit
    walk.hear(OutputUnknown("no answer"))
    assert walk.visit == before


def test_heard_twice_it_is_told_once() -> None:
    walk = Walk()
    walk.hear(OutputUnknown("no answer"))
    walk.hear(OutputUnknown("no answer"))
    assert alerts(walk) == [("red", "stop_not_confirmed")]
    assert day_locks(walk) == ["not_confirmed"]


def test_a_stop_test_that_was_not_confirmed_is_told_and_ends_the_day() -> None:
    walk = Walk()
    walk.until("stop_test")
    walk.hear(StopTestEnded(False, "no answer"))
    assert alerts(walk) == [("red", "stop_not_confirmed")]
    assert day_locks(walk) == ["not_confirmed"]
    walk.press("enter")
    assert "take the pads off" in walk.words
    walk.press("enter", "1")
    assert walk.step == "home"


# ── what is true to say ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("why", ["person", "refused", "not_saved", "still_ok"])
def test_what_was_never_armed_is_not_reported_off(why: str) -> None:
    walk = in_session()
    walk.end_session(why, never_armed=True, seconds_done=0)
    assert "No current was switched on." in walk.words
    assert REPORTS_OFF not in walk.words
    walk = in_session()
    walk.end_session(why)
    assert REPORTS_OFF in walk.words


def test_nobody_is_asked_why_she_stopped_what_was_never_armed() -> None:
    walk = in_session()
    walk.end_session(never_armed=True, seconds_done=0)
    walk.press("enter")
    assert walk.step == "go_on"
    walk.press("1")
    assert walk.step == "session"


def test_a_diary_that_cannot_be_written_is_not_tried_again() -> None:
    walk = in_session()
    walk.end_session("not_saved")
    assert walk.step == "fault"
    assert "Try again" not in [choice.label for choice in walk.page.choices]
    assert "diary could not be written" in walk.words
    assert "Call the person who set up this box." in walk.words
    walk.press("1")
    assert walk.step == "fault"
    walk.press("2")
    assert walk.step == "pads_off"


# ── keys in the session, and the device ─────────────────────────────────────────────────────────


@pytest.mark.parametrize("key", [Key.EIGHT, Key.READ])
def test_reading_aloud_is_a_key_of_the_session_too(key: Key) -> None:
    walk = in_session()
    _, effects = flow.press(walk.visit, key, walk.moment)
    assert effects == (SessionKey(key), Speak())


@pytest.mark.parametrize("seen", [device(present=False), device(device_id="SIM-2")])
def test_a_device_that_was_away_or_is_another_has_its_stop_tested_anew(seen: object) -> None:
    walk = Walk()
    walk.until("contact")
    walk.hear(DeviceSeen(seen))  # type: ignore[arg-type]
    walk.hear(DeviceSeen(device()))
    walk.press("1")
    assert walk.step == "stop_test"


def test_a_device_that_is_seen_again_keeps_its_tested_stop() -> None:
    walk = Walk()
    walk.until("contact")
    walk.hear(DeviceSeen(device()))
    walk.press("1")
    assert walk.step == "session"


def test_going_on_with_another_device_tests_stop_anew() -> None:
    walk = in_session()
    walk.hear(DeviceSeen(device(present=False)))
    walk.hear(DeviceSeen(device()))
    walk.end_session()
    walk.press("enter", "5", "1")
    assert walk.step == "stop_test"
