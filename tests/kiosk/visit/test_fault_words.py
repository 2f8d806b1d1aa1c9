"""Every end that the guard can name has words of its own; what can be put right is said, and nobody is sent
into a refusal that is certain."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import drivers
from drivers import messages as guard
from drivers.messages import Device
from kiosk.diary.records import Lock
from kiosk.events import ContactCheckEnded, DeviceSeen, SessionEnded, StopTestEnded
from kiosk.page import Words
from kiosk.session import contact, machine
from kiosk.session.state import Ended, Heard, SessionSaved
from kiosk.visit.pages.stops import fault_sentence
from kiosk.visit.steps.stimulation import NOBODY, PAD_FAULTS, PERSON
from tests.kiosk.session.plans import tens_plan
from tests.kiosk.visit.visit_bench import Walk, outcome, today

ROOM = Path(drivers.__path__[0])
NAMING = {"trip": 0, "leave": 0, "_latch": 0, "_report": 0, "DeviceStopped": 1}
"""Call → which of its arguments is the word for an end."""
NOT_THERE = frozenset({"probed", "test_over", "arm"})
"""Ends of a contact check that was done, of a STOP test that nobody answered, and of one that was left."""
NO_STOP = "The stop button or the keyboard is not plugged in. Plug it in."
ENOUGH = "The box has given enough current for today."


def named_ends() -> Iterator[str]:
    """Every word with which something in the drivers ends an output."""
    for path in sorted(ROOM.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                at = NAMING.get(name)
                if at is not None and len(node.args) > at and isinstance(node.args[at], ast.Constant):
                    yield str(node.args[at].value)
            elif isinstance(node, ast.Assign) and getattr(node.targets[0], "attr", "") == "_ended":
                yield str(getattr(node.value, "value", None))


ENDS = sorted(set(named_ends()) - {*PERSON, *NOBODY, *PAD_FAULTS, *NOT_THERE, "None"})


def test_the_drivers_name_many_ends() -> None:
    assert {"day", "stop_input_lost", "not_off", "guard_error", "client_gone", "lease", "stale"} <= {*ENDS}


@pytest.mark.parametrize("why", ENDS)
def test_every_end_has_words_of_its_own(why: str) -> None:
    assert fault_sentence(why) != fault_sentence("something that nobody says")


def refused(limit: str, asked: str) -> Walk:
    """The session machine hears the guard refuse the arming, and the visit hears how that ended."""
    walk = Walk()
    walk.until("session")
    at_s = walk.uptime_s
    state, _ = machine.begin(tens_plan(), device_kind="p24", last_epoch=1, first_session=False, now_s=at_s)
    state, _ = machine.step(state, SessionSaved("s1"), at_s)
    message = guard.Refused(state.epoch, limit, asked, "", False)
    state, effects = machine.step(state, Heard(message), at_s)
    (end,) = (effect for effect in effects if isinstance(effect, Ended))
    walk.hear(SessionEnded(end.outcome))
    return walk


def checked(limit: str, asked: str) -> Walk:
    """The same of the contact check."""
    state, _ = contact.begin((1, 2), 1, 100.0)
    state, effects = contact.step(state, Heard(guard.Refused(state.epoch, limit, asked, "", False)), 100.1)
    walk = Walk(measures=True)
    walk.until("contact_check")
    walk.press("enter")
    (end,) = (effect for effect in effects if isinstance(effect, contact.Ended))
    assert isinstance(end.end, ContactCheckEnded)
    walk.hear(end.end)
    return walk


def first_line(walk: Walk) -> str:
    body = walk.page.body
    assert isinstance(body, Words)
    return body.lines[0]


def test_a_stop_button_that_is_missing_is_named_wherever_it_ends_something() -> None:
    walk = refused("stop_input", "usb-Big_Red_Button")
    assert (walk.step, first_line(walk)) == ("fault", NO_STOP)
    walk = checked("stop_input", "usb-Big_Red_Button")
    assert (walk.step, first_line(walk)) == ("contact_fault", NO_STOP)
    walk = Walk()
    walk.until("session")
    walk.end_session("stop_input_lost")
    assert (walk.step, first_line(walk)) == ("fault", NO_STOP)
    walk = Walk()
    walk.until("stop_test")
    walk.hear(StopTestEnded(True, "status 0", by_person=False, why="stop_input_lost"))
    assert (walk.step, first_line(walk)) == ("stop_not_pressed", NO_STOP)


def test_a_button_pulled_out_twice_is_no_fault_of_the_stimulator() -> None:
    walk = Walk()
    for _ in range(2):
        walk.until("session")
        walk.end_session("stop_input_lost")
    assert "Try again" in walk.words
    walk = refused("stop_input", "usb-Big_Red_Button")
    walk.press("1")
    walk.until("session")
    walk.hear(SessionEnded(outcome(walk.uptime_s, "refused", how="never armed: stop_input")))
    assert "Try again" in walk.words


def test_a_day_that_is_full_is_said_so_and_offers_no_second_try() -> None:
    walk = Walk()
    walk.until("session")
    walk.end_session("day")
    for full in (walk, refused("day", "8100"), checked("day", "8100")):
        assert first_line(full) == ENOUGH
        assert "End here for today." in full.words
        assert "Try again" not in full.words
        assert "Call" not in full.words
        before = full.step
        full.press("1")
        assert full.step == before
        full.press("2")
        assert full.step == "pads_off"


def test_after_one_fault_nobody_has_to_be_called() -> None:
    walk = Walk()
    walk.until("session")
    walk.end_session("result")
    assert "If it happens again, call Dr. Demo" in walk.words
    walk.press("1")
    walk.until("session")
    walk.end_session("result")
    assert "Try again" not in walk.words
    assert "If it happens again" not in walk.words
    assert "Call Dr. Demo" in walk.words


# ── a stimulator that does not say that its output is off ───────────────────────────────────────

ON = "The stimulator does not say that its output is off."


def gone(sentence: str) -> Device:
    return Device(False, "p24", "", "", False, "", "", sentence)


def test_a_stimulator_that_may_be_on_is_to_be_switched_off_whatever_home_is_about() -> None:
    for day in (today(), today(week0_day=3), today(locks=(Lock(class_="E", cause="rf_chest"),))):
        walk = Walk(day)
        walk.hear(DeviceSeen(gone(ON)))
        body = walk.page.body
        assert isinstance(body, Words)
        assert body.lines[:3] == (
            "Switch the stimulator OFF now.",
            "It is not known if current still flows.",
            "Do not touch the pads until it is off.",
        )
        assert (body.tone, walk.page.header.right) == ("alarm", "output not known")
        assert ("Call 112 now" in walk.words) is bool(day.locks)
        walk.hear(DeviceSeen(gone("The stimulator does not answer.")))
        assert "OFF now" not in walk.words


def test_it_is_said_as_well_where_the_visit_waits_for_the_stimulator() -> None:
    walk = Walk()
    walk.until("placement")
    walk.hear(DeviceSeen(gone(ON)))
    walk.press("enter", "enter")
    while walk.step != "no_device":
        walk.until_next()
    assert first_line(walk) == "Switch the stimulator OFF now."
    assert walk.page.header.right == "output not known"
