"""The contact check in the visit: what has to be so before it, and where each of its ends leads (rule 22)."""

from __future__ import annotations

import pytest

from drivers.messages import LeadContact
from kiosk.diary.records import AdverseEvent, Alert, Contact, Lock, Screening
from kiosk.events import (
    BeginContactCheck,
    BeginSession,
    ContactCheckEnded,
    DeviceSeen,
    OutputUnknown,
    SaveFailed,
    StopContactCheck,
)
from kiosk.keys import Key
from kiosk.page import Placement
from kiosk.visit import flow
from kiosk.visit.steps.contact import MOST_FAILURES
from programs.contact import GoodContact
from programs.montage import Montage
from programs.plan import SessionPlan
from tests.kiosk.visit.visit_bench import Walk, device, lead, today


def before_the_check(**changes: object) -> Walk:
    walk = Walk(today(**changes), measures=True)
    walk.until("contact_check")
    return walk


def probing() -> Walk:
    walk = before_the_check()
    walk.press("enter")
    assert walk.step == "probing"
    return walk


def after(*leads: LeadContact) -> Walk:
    walk = probing()
    walk.measured(*leads)
    return walk


def placement(walk: Walk) -> Placement:
    body = walk.page.body
    assert isinstance(body, Placement)
    return body


def montage(walk: Walk) -> Montage:
    plan = walk.day.next
    assert isinstance(plan, SessionPlan)
    return plan.montage


# ── before ──────────────────────────────────────────────────────────────────────────────────────


def test_it_comes_after_the_stop_test_and_nothing_starts_by_itself() -> None:
    walk = before_the_check()
    assert walk.steps[-2:] == ["stop_works", "contact_check"]
    walk.wait(600)
    walk.press("1", "2", "3", "up", "down", "7")
    assert walk.sent(BeginContactCheck) == []


def test_enter_starts_it_for_all_leads_of_today() -> None:
    walk = probing()
    assert walk.sent(BeginContactCheck) == [BeginContactCheck((1, 2))]


@pytest.mark.parametrize("after_s", [0.45, 0.95])
def test_an_enter_that_comes_twice_sends_no_pulse(after_s: float) -> None:
    walk = Walk(today(), measures=True)
    walk.until("stop_works")
    walk.press("enter")
    assert walk.step == "contact_check"
    walk.press("enter", after_s=after_s)
    assert walk.sent(BeginContactCheck) == []
    assert "Let go of the key, then press Enter once." in walk.page.notice
    walk.press("enter", after_s=1.0)
    assert walk.sent(BeginContactCheck) == [BeginContactCheck((1, 2))]
    walk.measured(lead(1), lead(2, "dry"))
    walk.press("enter", after_s=after_s)
    assert len(walk.sent(BeginContactCheck)) == 1
    walk.press("enter", after_s=1.0)
    assert len(walk.sent(BeginContactCheck)) == 2


def test_a_device_that_cannot_measure_asks_the_person() -> None:
    walk = Walk(measures=False)
    walk.until("contact")
    assert "contact_check" not in walk.steps


def test_the_cleared_answers_are_durable_before_the_first_pulse() -> None:
    walk = before_the_check()
    walk.answering = False
    walk.press("enter")
    assert (walk.step, walk.sent(BeginContactCheck)) == ("saving", [])
    walk.answer_saves()
    assert (walk.step, len(walk.sent(BeginContactCheck))) == ("probing", 1)
    record = walk.records(Screening)[-1]
    assert isinstance(record, Screening)
    assert record.verdict == "cleared"


def test_a_diary_that_cannot_be_written_lets_no_check_begin() -> None:
    walk = before_the_check()
    walk.answering = False
    walk.press("enter")
    walk.fail_saves()
    assert (walk.step, walk.sent(BeginContactCheck)) == ("not_saved", [])


@pytest.mark.parametrize(
    ("seen", "step"),
    [
        (device(present=False), "no_device"),
        (device(device_id="SIM-2", measures=True), "stop_test"),
    ],
)
def test_a_device_that_went_while_it_was_saved_is_not_asked(seen: object, step: str) -> None:
    walk = before_the_check()
    walk.answering = False
    walk.press("enter")
    walk.hear(DeviceSeen(seen))  # type: ignore[arg-type]
    walk.answer_saves()
    assert (walk.step, walk.sent(BeginContactCheck)) == (step, [])


def test_answers_older_than_an_hour_are_asked_again_first() -> None:
    walk = before_the_check()
    walk.wait(3700)
    walk.press("enter")
    assert walk.step == "group"
    assert walk.sent(BeginContactCheck) == []


def test_an_answer_after_the_check_takes_its_verdict_back() -> None:
    """Power fails before its lock is written: a round that counts as cleared would hide the yes."""
    walk = after(lead(1), lead(2))
    for _ in range(40):
        if walk.step in ("single", "group"):
            break
        walk.press("back")
    walk.press("1")
    record = walk.records(Screening)[-1]
    assert isinstance(record, Screening)
    assert (record.verdict, record.findings) == (None, ())


# ── while it runs ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("key", [Key.STOP, Key.ZERO, Key.BACK, Key.UNKNOWN, Key.LEAVE])
def test_what_stops_a_session_stops_it(key: Key) -> None:
    walk = probing()
    visit, effects = flow.press(walk.visit, key, walk.moment)
    assert StopContactCheck() in effects
    assert visit.step == "probing", "what became of it is the guard's to say"


@pytest.mark.parametrize("key", [Key.ONE, Key.ENTER, Key.UP, Key.DOWN, Key.SEVEN])
def test_a_known_key_does_nothing(key: Key) -> None:
    walk = probing()
    visit, effects = flow.press(walk.visit, key, walk.moment)
    assert (visit, effects) == (walk.visit, ())


def test_stop_and_current_are_said_while_it_runs_and_only_then() -> None:
    walk = probing()
    assert walk.page.stop_row
    assert walk.page.header.current_on
    walk.measured(lead(1), lead(2))
    assert not walk.page.stop_row
    assert not walk.page.header.current_on


def test_nothing_covers_it_while_current_may_flow() -> None:
    walk = probing()
    walk.hear(SaveFailed("entry-0", "The diary cannot be written."))
    assert walk.step == "probing"
    walk.hear(OutputUnknown("not_off"))
    assert walk.step == "probing", "its own end says so"


# ── good ────────────────────────────────────────────────────────────────────────────────────────


def test_good_pads_lead_to_the_session_by_enter() -> None:
    walk = after(lead(1), lead(2))
    assert "All pads lie well." in walk.words
    assert walk.sent(BeginSession) == []
    walk.press("enter")
    assert (walk.step, len(walk.sent(BeginSession))) == ("session", 1)


def test_every_lead_is_written_down() -> None:
    walk = after(lead(1), lead(2, "open"))
    assert walk.records(Contact) == [
        Contact(
            montage=montage(walk).id,
            pads=montage(walk).pad_size,
            channel=1,
            side="left",
            contact="good",
            load_ohm=693,
            series_ohm=500,
        ),
        Contact(
            montage=montage(walk).id,
            pads=montage(walk).pad_size,
            channel=2,
            side="right",
            contact="open",
            load_ohm=None,
            series_ohm=None,
        ),
    ]


@pytest.mark.parametrize(("series_ohm", "said"), [(510, False), (700, True)])
def test_pads_that_hold_less_than_usual_are_pressed_and_the_session_goes_on(
    series_ohm: int, said: bool
) -> None:
    where = montage(Walk())
    past = tuple(GoodContact(where.id, where.pad_size, 1, 500) for _ in range(3))
    walk = before_the_check(contacts=past)
    walk.press("enter")
    walk.measured(lead(1, series_ohm=series_ohm), lead(2))
    assert ("They hold less well than last time. Press them on." in walk.words) is said
    walk.press("enter")
    assert walk.step == "session"


# ── not good ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("leads", "box", "lit", "advice"),
    [
        (
            (lead(1, "open"), lead(2)),
            ("RED  pad 1 + 2  ● OPEN", "BLUE  pad 3 + 4  ● GOOD"),
            {1, 2},
            "Is the lead plugged in?",
        ),
        (
            (lead(1), lead(2, "dry")),
            ("RED  pad 1 + 2  ● GOOD", "BLUE  pad 3 + 4  ● DRY"),
            {3, 4},
            "A drop of water",
        ),
    ],
)
def test_the_lead_is_named_with_both_its_pads(
    leads: tuple[LeadContact, ...], box: tuple[str, ...], lit: set[int], advice: str
) -> None:
    walk = after(*leads)
    body = placement(walk)
    assert body.box == box
    assert {pad.number for pad in body.pads if pad.lit} == lit
    assert advice in walk.words


def test_enter_checks_again_and_never_goes_on() -> None:
    walk = after(lead(1), lead(2, "dry"))
    walk.press("enter")
    assert walk.step == "probing"
    assert len(walk.sent(BeginContactCheck)) == 2
    assert walk.sent(BeginSession) == []


@pytest.mark.parametrize("key", ["2", "0", "back"])
def test_back_to_the_pads_begins_with_the_lead_and_says_why(key: str) -> None:
    walk = after(lead(1), lead(2, "dry"))
    walk.press(key)
    assert (walk.step, walk.visit.place.index) == ("placement", 1)
    assert "The check found: look at BLUE." in walk.words
    walk.press("enter")
    assert walk.step == "contact_check", "the same place, the same STOP, another check"


def test_the_question_says_why_too() -> None:
    walk = Walk()
    walk.until("contact")
    walk.press("2")
    assert walk.step == "placement"
    assert "A pad may not lie well. Look at each one." in walk.words
    walk.until("contact")


def test_the_third_check_that_is_not_good_ends_the_day_with_the_pads_off() -> None:
    walk = before_the_check()
    for count in range(1, MOST_FAILURES + 1):
        walk.press("enter")
        walk.measured(lead(1), lead(2, "dry"))
        assert walk.step == ("contact_end" if count == MOST_FAILURES else "contact_result")
    locks = [record for record in walk.records(Lock) if isinstance(record, Lock)]
    assert [(lock.class_, lock.cause) for lock in locks] == [("P", "pad_contact")]
    alerts = [record for record in walk.records(Alert) if isinstance(record, Alert)]
    assert [alert.rule.rule for alert in alerts] == ["pad_contact"]
    walk.press("enter")
    assert walk.step == "pads_off"
    walk.press("enter", "1", "enter")
    assert walk.step == "home"
    assert "The pads did not hold well." in walk.words
    assert walk.sent(BeginSession) == []


def test_a_good_check_between_begins_the_count_anew() -> None:
    walk = before_the_check()
    for contact in ("dry", "dry", "good", "dry", "dry"):
        walk.press("enter")
        walk.measured(lead(1), lead(2, contact))  # type: ignore[arg-type]
        assert walk.step == "contact_result"
        if contact == "good":
            walk.press("back")
            walk.until("contact_check")


# ── other ends ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("why", ["person", "button"])
def test_who_stops_it_is_asked_and_may_check_again(why: str) -> None:
    walk = probing()
    walk.hear(ContactCheckEnded(why, True, "status 0"))
    assert walk.step == "contact_stopped"
    walk.press("1")
    assert walk.step == "probing"


def test_it_burned_is_locked_and_told() -> None:
    walk = probing()
    walk.hear(ContactCheckEnded("person", True, "status 0"))
    walk.press("3")
    assert walk.step == "red"
    (event,) = walk.records(AdverseEvent)
    assert isinstance(event, AdverseEvent)
    assert event.symptom == "burning"
    walk.press("enter")
    assert walk.step == "pads_off"


def test_a_fault_tests_stop_anew_before_the_next_check() -> None:
    walk = probing()
    walk.hear(ContactCheckEnded("result", True, "status 0"))
    assert walk.step == "contact_fault"
    walk.press("1")
    assert walk.step == "stop_test"


def test_what_was_refused_is_not_said_to_be_the_stimulators_word() -> None:
    walk = probing()
    walk.hear(ContactCheckEnded("refused", True, "stop_test: not tested"))
    assert walk.step == "contact_fault"
    assert "No current was switched on." in walk.words
    assert "reports" not in walk.words


def test_a_refusal_after_two_restarts_is_said_in_words_and_not_tried_again() -> None:
    walk = probing()
    walk.hear(ContactCheckEnded("refused", True, "restarts: 2"))
    assert "The stimulator started again by itself, more than once in 24 hours." in walk.words
    assert "Code: refused, restarts" in walk.words
    assert "try again" not in walk.words
    walk.press("1")
    assert walk.step == "contact_fault"
    walk.press("2")
    assert walk.step == "pads_off"


def test_the_second_fault_of_the_day_ends_it() -> None:
    walk = probing()
    walk.hear(ContactCheckEnded("result", True, "status 0"))
    walk.until("contact_check")
    walk.press("enter")
    walk.hear(ContactCheckEnded("no_answer", True, "status 0"))
    walk.press("1")
    assert walk.step == "contact_fault", "no other try"
    walk.press("2")
    assert walk.step == "pads_off"


@pytest.mark.parametrize("why", ["probed", "person", "result", "guard_gone"])
def test_an_unconfirmed_stop_after_it_says_switch_it_off(why: str) -> None:
    walk = probing()
    walk.hear(ContactCheckEnded(why, False, "no answer", (lead(1), lead(2))))
    assert walk.step == "not_confirmed"
    locks = [record for record in walk.records(Lock) if isinstance(record, Lock)]
    assert [lock.cause for lock in locks] == ["not_confirmed"]
    assert walk.records(Contact) == []
    walk.press("enter")
    assert walk.step == "pads_off"


def test_an_end_that_comes_to_another_screen_changes_nothing() -> None:
    walk = before_the_check()
    walk.hear(ContactCheckEnded("probed", True, "status 0", (lead(1), lead(2))))
    walk.until("contact_check")
    assert walk.sent(BeginSession) == []


# ── once more ───────────────────────────────────────────────────────────────────────────────────


def test_a_pad_that_came_loose_is_measured_again() -> None:
    walk = Walk(measures=True)
    walk.until("session")
    walk.end_session("person")
    walk.press("enter", "1", "1")
    assert walk.step == "contact_check"
    walk.until("session")
    contacts = [record for record in walk.records(Contact) if isinstance(record, Contact)]
    assert [record.session_id for record in contacts] == [None, None, "session-1", "session-1"]


def test_a_pad_fault_of_the_device_is_measured_again() -> None:
    walk = Walk(measures=True)
    walk.until("session")
    walk.end_session("electrode", channel=2, pad_faults=1)
    walk.press("enter", "1")
    assert walk.step == "contact_check"
