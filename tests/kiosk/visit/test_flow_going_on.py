"""Going on with a session that was stopped, and a visit over midnight: what holds then."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest

from kiosk.diary.records import Lock
from kiosk.events import BeginSession
from programs.history import CourseHistory, PastSession
from programs.plan import SessionPlan
from programs.prescription import demonstration_prescription
from programs.text import Reason
from tests.kiosk.visit.visit_bench import SAFE, START, Walk, today

LATE = START.replace(hour=23, minute=40)


def stopped_after(minutes: int, walk: Walk | None = None) -> Walk:
    """In the session, and stopped by mistake: she may go on."""
    walk = walk or Walk()
    walk.until("session")
    walk.wait(60 * minutes)
    walk.end_session("person")
    walk.press("enter", "5")
    assert walk.step == "go_on"
    return walk


def go_on(walk: Walk, *, soreness: str = "0") -> None:
    """Goes on as a person who is well but for this soreness, as far as it leads."""
    walk.steps.clear()
    walk.press("1")
    for _ in range(40):
        if walk.step not in SAFE or walk.step == "pads_off":
            return
        if walk.step == "soreness":
            walk.press(soreness, "enter")
        else:
            walk.until_next()
    raise AssertionError(walk.steps)


def armed_again(walk: Walk) -> bool:
    return len(walk.sent(BeginSession)) > 1


# ── what is said while going on ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("soreness", "locked"), [("4", False), ("7", True), ("8", True)])
def test_soreness_that_is_said_while_going_on_ends_the_session_as_before_it(
    soreness: str, locked: bool
) -> None:
    walk = stopped_after(56)
    walk.wait(240)
    go_on(walk, soreness=soreness)
    assert walk.step == "not_today"
    assert not armed_again(walk)
    said = [(lock.class_, lock.cause) for lock in walk.records(Lock) if isinstance(lock, Lock)]
    assert said == ([("soreness", "d_sore")] if locked else [])
    assert "sore" in walk.words
    walk.press("enter")
    assert walk.step == "pads_off", "the pads are on"


def test_who_is_well_goes_on_with_the_minutes_that_are_left_after_an_hour() -> None:
    walk = stopped_after(56)
    walk.wait(240)
    go_on(walk)
    assert "check" in walk.steps
    assert walk.step == "session"
    first, again = walk.sent(BeginSession)
    assert isinstance(first, BeginSession)
    assert isinstance(again, BeginSession)
    assert again.resume is not None
    assert again.plan == first.plan


def test_after_a_pause_of_five_minutes_nothing_is_asked_again() -> None:
    walk = stopped_after(20)
    walk.wait(300)
    walk.steps.clear()
    walk.press("1")
    assert walk.steps == ["saving", "session"]


# ── clocks that are set, and a box that sleeps ──────────────────────────────────────────────────


def test_a_clock_that_is_set_back_in_a_visit_makes_no_answer_younger() -> None:
    walk = Walk()
    walk.until("placement")
    walk.wait(50 * 60)
    walk.now -= dt.timedelta(minutes=49)
    walk.wait(15 * 60)
    walk.steps.clear()
    walk.until("session")
    assert {"group", "pain_rest", "soreness"} <= set(walk.steps)


def test_answers_grow_old_while_the_box_sleeps() -> None:
    walk = Walk()
    walk.until("contact")
    walk.sleep(3700)
    walk.now -= dt.timedelta(seconds=3600)
    walk.press("1")
    assert walk.step == "group"


def test_ten_minutes_to_go_on_pass_while_the_box_sleeps() -> None:
    walk = stopped_after(5)
    walk.sleep(590)
    assert "minutes are left" in walk.words
    walk.sleep(20)
    assert "The time for going on is over." in walk.words
    walk.press("1")
    assert walk.step == "pads_off"
    assert not armed_again(walk)


def test_the_box_may_sleep_on_the_way_to_going_on() -> None:
    walk = stopped_after(5)
    walk.answering = False
    walk.press("1")
    assert walk.step == "saving"
    walk.sleep(700)
    walk.answering = True
    walk.answer_saves()
    assert walk.step == "pads_off"
    assert not armed_again(walk)


# ── over midnight ───────────────────────────────────────────────────────────────────────────────


def at_midnight(days_valid: int = 0, **changes: object) -> Walk:
    """A visit that begins shortly before midnight, with the prescription's last day so many days ahead."""
    prescription = demonstration_prescription(LATE.date())
    until = LATE.date() + dt.timedelta(days=days_valid)
    prescription = msgspec.structs.replace(prescription, valid_until=until, **changes)
    return Walk(day=today(LATE, prescription=prescription), now=LATE)


def test_a_prescription_that_ends_at_midnight_begins_nothing_after_it() -> None:
    walk = at_midnight()
    walk.until("contact")
    walk.wait(1500)
    assert walk.now.date() > LATE.date()
    walk.press("1")
    assert walk.step == "not_today"
    assert "prescription ended" in walk.words
    assert not walk.sent(BeginSession)


def test_no_pad_is_measured_after_the_midnight_that_ended_the_prescription() -> None:
    walk = Walk(day=at_midnight().day, now=LATE, measures=True)
    walk.until("contact_check")
    walk.wait(1500)
    walk.press("enter")
    assert walk.step == "not_today"


def test_it_is_not_gone_on_with_after_that_midnight() -> None:
    walk = stopped_after(18, at_midnight())
    walk.wait(300)
    assert walk.now.date() > LATE.date()
    go_on(walk)
    assert walk.step == "not_today"
    assert not armed_again(walk)
    walk.press("enter")
    assert walk.step == "pads_off"


def test_a_session_that_is_still_prescribed_begins_after_midnight_without_another_question() -> None:
    walk = at_midnight(days_valid=30)
    walk.until("contact")
    walk.wait(1500)
    walk.steps.clear()
    walk.press("1")
    assert walk.step == "session"
    assert set(walk.steps) == {"saving", "session"}


def test_it_is_gone_on_with_after_midnight_without_another_question() -> None:
    walk = stopped_after(18, at_midnight(days_valid=30))
    walk.wait(300)
    walk.steps.clear()
    walk.press("1")
    assert walk.step == "session"
    assert set(walk.steps) == {"saving", "session"}


def test_the_days_of_the_week_are_counted_by_the_day_on_which_it_begins() -> None:
    history = CourseHistory()
    for back in (4, 2, 0):
        ended = LATE - dt.timedelta(days=back, hours=10)
        history = history.with_session(PastSession("tens_conv", "tens", ended, True, 20, 1200, 1200))
    walk = at_midnight(days_valid=30, days_per_week=3)
    walk = Walk(day=msgspec.structs.replace(walk.day, history=history), now=LATE)
    walk.until("contact")
    walk.wait(1500)
    walk.press("1")
    assert walk.step == "not_today"
    assert "days a week" in walk.words


def test_another_plan_for_the_new_day_puts_its_own_pads_on() -> None:
    walk = at_midnight(days_valid=30)
    walk.until("contact")
    before = walk.day.next
    assert isinstance(before, SessionPlan)
    elsewhere = msgspec.structs.replace(before.montage, id="M0-other")
    plan = msgspec.structs.replace(before, montage=elsewhere)
    run = msgspec.structs.replace(walk.visit.context.run, plan=plan)
    walk.visit = msgspec.structs.replace(
        walk.visit, context=msgspec.structs.replace(walk.visit.context, run=run)
    )
    walk.wait(1500)
    walk.press("1")
    assert walk.step == "placement"
    assert not walk.sent(BeginSession)


def test_questions_that_fall_due_at_midnight_are_asked_before_anything_begins() -> None:
    walk = at_midnight(days_valid=30)
    walk.until("contact")
    walk.wait(1500)
    walk.day = msgspec.structs.replace(walk.day, baseline_due=Reason("rescreen_days", {"days": 28}))
    walk.press("1")
    assert walk.step == "not_today"
    assert "28 days old" in walk.words
    assert not walk.sent(BeginSession)


def test_a_practice_over_midnight_goes_on() -> None:
    walk = at_midnight(days_valid=30)
    walk.press("4", "5", "enter")
    inner = walk.visit.context.practice
    while inner.step != "contact":
        walk.press(*(("stop",) if inner.step == "stop_test" else SAFE[inner.step]))
        inner = walk.visit.context.practice
    walk.wait(1500)
    walk.press("1")
    assert walk.visit.context.practice.step == "session"
