"""What home and a visit know of the past, read from a real diary."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kiosk import today
from kiosk.clock import FixedClock
from kiosk.diary.clock_trust import DAYS
from kiosk.diary.prescriptions import install
from kiosk.diary.records import Alert, Entry, Form, Pads
from kiosk.diary.store import Store, open_store
from kiosk.errors import KioskError
from programs.plan import NotToday, SessionPlan
from programs.text import Reason
from tests.kiosk.visit.real_visit import NMES, baseline, begin, daily
from tests.kiosk.visit.visit_bench import START

# ── what is read ────────────────────────────────────────────────────────────────────────────────


async def test_a_new_simulated_box_has_the_demonstration_and_asks_the_baseline(
    store: Store, clock: FixedClock
) -> None:
    found = today.read(store, clock)
    assert found.prescription is not None
    assert found.prescription_state == "in_force"
    assert found.baseline_due is not None
    assert found.baseline_due.rule == "first_time"
    assert isinstance(found.next, SessionPlan)
    assert (found.locks, found.pads, found.interrupted, found.open_screening) == ((), None, None, None)


def test_a_real_box_without_a_prescription_has_none(folder: Path, clock: FixedClock) -> None:
    with open_store(folder, "real", clock) as store:
        found = today.read(store, clock)
    assert found.prescription is None
    assert found.prescription_state == "none"
    assert isinstance(found.next, NotToday)


async def test_a_diary_from_a_backup_is_screened_anew_from_the_beginning(
    store: Store, clock: FixedClock
) -> None:
    await store.add(baseline(clock.now()))
    assert today.read(store, clock).baseline_due is None
    clock.advance(3600)
    restored = await store.lock("restore", "restored")
    assert today.read(store, clock).baseline_due is not None
    await store.unlock(restored.envelope.id, "code")
    found = today.read(store, clock)
    assert (found.locks, found.baseline_due is None) == ((), False)
    clock.advance(3600)
    await store.add(baseline(clock.now()))
    assert today.read(store, clock).baseline_due is None


EXPIRED = """
serial = 1
valid_from = 2026-10-01
valid_until = 2026-10-31
plan = "deconditioned"
programmes = ["nmes_learn"]
montages = ["M4-par"]
days_per_week = 7
week0 = false
helper_for_pads = false
[patient]
name = "A. Person"
pseudonym = "P-1"
[clinician]
name = "Dr. Who"
phone = "1234"
[pads]
width_cm = 5
height_cm = 9
"""


@pytest.mark.parametrize(
    ("replaced", "state"),
    [({}, "expired"), ({"2026-10-31": "2026-12-31"}, "in_force"), ({"2026-10": "2027-01"}, "not_yet")],
)
async def test_the_newest_installed_prescription_governs_valid_or_not(
    store: Store, clock: FixedClock, replaced: dict[str, str], state: str
) -> None:
    text = EXPIRED
    for old, new in replaced.items():
        text = text.replace(old, new)
    await install(store, text, "p.toml")
    found = today.read(store, clock)
    assert found.prescription is not None
    assert found.prescription.patient.name == "A. Person"
    assert found.prescription_state == state
    assert isinstance(found.next, SessionPlan) == (state == "in_force")


def long_ago(clock: FixedClock, **ago: float) -> None:
    """After a power cut the clock shows an older time."""
    clock.boot, clock.uptime_s = "00000000-0000-4000-8000-000000000009", 40.0
    clock.time -= dt.timedelta(**ago)


@pytest.mark.parametrize("trusted", [True, False])
async def test_a_prescription_that_has_ended_does_not_come_back_with_a_clock_that_was_set_back(
    store: Store, clock: FixedClock, trusted: bool
) -> None:
    await install(store, EXPIRED.replace("2026-10-31", "2026-11-22"), "p.toml")
    await store.add(baseline(clock.now()))
    assert today.read(store, clock).prescription_state == "in_force"
    clock.advance(5 * 86400)
    await store.add(Entry(moment="daily", pain_rest=3))
    assert today.read(store, clock).prescription_state == "expired"
    long_ago(clock, days=4)
    clock.is_trusted = trusted
    found = today.read(store, clock)
    assert found.prescription_state == "expired"
    assert [reason.rule for reason in found.next.reasons] == ["prescription_expired"]


async def test_a_clock_that_stood_a_year_ahead_once_ends_no_prescription_for_good(
    store: Store, clock: FixedClock
) -> None:
    await install(store, EXPIRED.replace("2026-10-31", "2026-12-31"), "p.toml")
    clock.advance(365 * 86400)
    await store.add(Entry(moment="daily", pain_rest=3))
    clock.time -= dt.timedelta(days=365)
    for _ in range(DAYS):
        assert today.read(store, clock).prescription_state == "expired"
        await store.add(Entry(moment="daily", pain_rest=3))
        clock.advance(86400)
    assert today.read(store, clock).prescription_state == "in_force"


async def test_questions_that_fell_due_stay_due_when_the_clock_is_set_back_until_they_are_answered(
    store: Store, clock: FixedClock
) -> None:
    await store.add(baseline(clock.now()))
    begun = await store.add(NMES)
    await store.correct(msgspec.structs.replace(NMES, state="done", seconds_done=1500), begun.envelope.id)
    clock.advance(20 * 86400)
    await store.add(Entry(moment="daily", pain_rest=3))
    due = today.read(store, clock).baseline_due
    assert due is not None
    assert due.rule == "rescreen_gap"
    long_ago(clock, days=15)
    clock.is_trusted = False
    assert today.read(store, clock).baseline_due == due
    clock.advance(60)
    await store.add(baseline(clock.now()))
    assert today.read(store, clock).baseline_due is None
    clock.advance(5 * 86400)
    assert today.read(store, clock).baseline_due is None


async def test_a_prescription_that_does_not_fit_is_said(store: Store, clock: FixedClock) -> None:
    await install(store, EXPIRED, "p.toml")
    fact = store.latest("prescriptions")
    assert fact is not None
    broken = msgspec.structs.replace(fact.record, toml=EXPIRED.replace("nmes_learn", "gone"), serial=2)
    await store.add(broken)
    with pytest.raises(KioskError, match="gone"):
        today.read(store, clock)


async def test_the_baseline_is_due_after_28_days_a_change_and_other_questions(
    store: Store, clock: FixedClock
) -> None:
    await store.add(baseline())
    assert today.read(store, clock).baseline_due is None
    clock.advance(10 * 86400)
    assert today.read(store, clock).baseline_due is None
    await store.add(daily(clock.now(), {"d_change": "yes"}, verdict="C"))
    due = today.read(store, clock).baseline_due
    assert due is not None
    assert due.rule == "health_changed"
    clock.advance(3600)
    await store.add(baseline(clock.now(), questionnaire_digest="old"))
    due = today.read(store, clock).baseline_due
    assert due is not None
    assert due.rule == "questions_changed"
    await store.add(baseline(clock.now()))
    assert today.read(store, clock).baseline_due is None
    clock.advance(28 * 86400)
    assert today.read(store, clock).baseline_due is not None


async def test_a_baseline_that_an_emergency_cut_short_does_not_count(store: Store, clock: FixedClock) -> None:
    await store.add(baseline(answers={"rf_saddle": "yes"}, answered_at={"rf_saddle": START}, verdict="E"))
    assert today.read(store, clock).baseline_due is not None


async def test_an_open_round_is_gone_on_with_for_an_hour(store: Store, clock: FixedClock) -> None:
    fact = await store.add(daily(START, {"d_ill": "no"}))
    found = today.read(store, clock).open_screening
    assert found is not None
    assert found.id == fact.envelope.id
    clock.advance(3601)
    assert today.read(store, clock).open_screening is None


async def test_a_yes_without_its_lock_is_never_forgotten(store: Store, clock: FixedClock) -> None:
    await store.add(daily(START, {"d_change": "not_sure", "d_ill": "yes"}))
    clock.advance(40 * 86400)
    await store.add(baseline(clock.now()))
    assert [finding.key for finding in today.read(store, clock).yes_without_lock] == ["d_change"]
    lock = await store.lock("C", "d_change")
    assert today.read(store, clock).yes_without_lock == ()
    await store.unlock(lock.envelope.id, "code")
    found = today.read(store, clock)
    assert (found.yes_without_lock, found.locks) == ((), ())


async def test_a_concluded_round_is_not_open(store: Store, clock: FixedClock) -> None:
    await store.add(daily(START, {"d_ill": "no"}, verdict="cleared"))
    assert today.read(store, clock).open_screening is None


async def test_what_was_said_before_counts_until_a_session_or_an_hour(
    store: Store, clock: FixedClock
) -> None:
    first = await store.add(Entry(moment="before", pain_rest=3))
    await store.correct(Entry(moment="before", pain_rest=3, soreness=5), first.envelope.id)
    found = today.read(store, clock)
    assert found.open_entry is not None
    assert (found.open_entry.id, found.open_entry.record.soreness) == (first.envelope.id, 5)
    assert isinstance(found.next, NotToday)
    clock.advance(60)
    await store.add(NMES)
    assert today.read(store, clock).open_entry is None
    await store.add(Entry(moment="before", pain_rest=3))
    clock.advance(3601)
    assert today.read(store, clock).open_entry is None


async def test_one_answer_shortly_before_midnight_is_not_the_calm_of_two_days(
    store: Store, clock: FixedClock
) -> None:
    clock.advance(-86400)
    await store.add(Entry(moment="daily", soreness=5))
    clock.time = START.replace(hour=23, minute=50)
    await store.add(Entry(moment="before", pain_rest=3, soreness=2))
    assert isinstance(today.read(store, clock).next, NotToday)
    clock.advance(1200)
    found = today.read(store, clock)
    assert found.open_entry is not None
    assert isinstance(found.next, NotToday)
    clock.advance(3600)
    await store.add(Entry(moment="before", pain_rest=3, soreness=2))
    assert isinstance(today.read(store, clock).next, SessionPlan)


@pytest.mark.parametrize(("days", "plan"), [(4, "nmes_learn"), (5, "tens_conv")])
async def test_pain_above_the_usual_rests_the_muscles_once_the_usual_is_known(
    store: Store, clock: FixedClock, days: int, plan: str
) -> None:
    for _ in range(days):
        await store.add(Entry(moment="daily", pain_rest=3))
        clock.advance(86400)
    await store.add(Entry(moment="before", pain_rest=5, soreness=0))
    found = today.read(store, clock).next
    assert isinstance(found, SessionPlan)
    assert found.programme == plan


@pytest.mark.parametrize(
    ("seconds", "singly"), [([0.9, 1.0, 1.2], True), ([0.9, 1.0, 2.0], False), ([1.0, 1.0], False)]
)
async def test_three_visits_too_fast_are_asked_one_by_one(
    store: Store, clock: FixedClock, seconds: list[float], singly: bool
) -> None:
    for each in seconds:
        await store.add(
            daily(clock.now(), {"d_ill": "no"}, verdict="cleared", seconds={"daily_unwell": each})
        )
    assert today.read(store, clock).one_by_one == ({"daily_unwell"} if singly else set())


async def test_locks_pads_and_what_was_played_today(store: Store, clock: FixedClock) -> None:
    await store.lock("P", "d_ill", START.date() + dt.timedelta(days=1))
    await store.add(Pads(event="used", size="5x9", uses=7, since=START.date()))
    begun = await store.add(NMES)
    await store.correct(msgspec.structs.replace(NMES, state="done", seconds_done=1500), begun.envelope.id)
    found = today.read(store, clock)
    assert [lock.class_ for lock in found.locks] == ["P"]
    assert found.pads is not None
    assert found.pads.uses == 7
    assert found.done_today
    assert found.sessions_done == 1
    assert found.interrupted is None
    clock.advance(86400)
    found = today.read(store, clock)
    assert found.locks == ()
    assert not found.done_today
    assert found.diary_due == "next_day"


async def test_a_clock_that_was_set_back_locks_an_answer_once(store: Store, clock: FixedClock) -> None:
    await store.add(daily(START, {"d_change": "not_sure"}))
    clock.time = START - dt.timedelta(days=2)
    assert [finding.key for finding in today.read(store, clock).yes_without_lock] == ["d_change"]
    await store.lock("C", "d_change")
    assert today.read(store, clock).yes_without_lock == ()


async def test_an_older_lock_that_was_lifted_does_not_stand_for_a_new_yes(
    store: Store, clock: FixedClock
) -> None:
    lock = await store.lock("C", "d_change")
    await store.unlock(lock.envelope.id, "code")
    clock.advance(86400)
    await store.add(daily(clock.now(), {"d_change": "yes"}))
    assert [finding.key for finding in today.read(store, clock).yes_without_lock] == ["d_change"]


async def test_a_session_without_an_end_was_cut_off(store: Store, clock: FixedClock) -> None:
    begun = await store.add(NMES)
    found = today.read(store, clock).interrupted
    assert found is not None
    assert found.id == begun.envelope.id


async def test_week_0_counts_days_with_an_entry(store: Store, clock: FixedClock) -> None:
    await install(
        store, EXPIRED.replace("2026-10-31", "2026-12-31").replace("week0 = false", "week0 = true"), "p"
    )
    days = []
    for _ in range(8):
        found = today.read(store, clock)
        days.append((found.week0_day, found.week0_done_today))
        if found.week0_day is not None:
            await store.add(Entry(moment="daily", pain_rest=3))
            found = today.read(store, clock)
            days.append((found.week0_day, found.week0_done_today))
        clock.advance(86400)
    assert days[:4] == [(1, False), (1, True), (2, False), (2, True)]
    assert days[-3:] == [(7, False), (7, True), (None, False)]


# ── the course ──────────────────────────────────────────────────────────────────────────────────


async def pain_rises_after_a_session(store: Store, clock: FixedClock) -> None:
    """One session, and the pain is two points higher on the next day."""
    await store.add(Entry(moment="before", pain_rest=3))
    clock.advance(60)
    begun = await store.add(NMES)
    clock.advance(1500)
    done = msgspec.structs.replace(NMES, state="done", seconds_done=1500, peak_mA={"1": 9.0})
    await store.correct(done, begun.envelope.id)
    clock.advance(86400)
    await store.add(Entry(moment="next_day", pain_rest=5, soreness=0, skin=0))
    clock.advance(4 * 86400)


async def test_pain_that_rose_twice_locks_the_muscles_alone_and_says_so(
    store: Store, clock: FixedClock
) -> None:
    await store.add(baseline())
    await pain_rises_after_a_session(store, clock)
    assert not today.read(store, clock).pain_lock_missing
    await pain_rises_after_a_session(store, clock)
    found = today.read(store, clock)
    assert found.pain_lock_missing
    assert isinstance(found.next, SessionPlan)
    assert found.next.kind == "tens"
    await begin(store, clock)
    found = today.read(store, clock)
    assert not found.pain_lock_missing
    assert [lock.cause for lock in found.muscle_locks] == ["pain_up_twice"]
    assert found.locks == ()
    (alert,) = store.all("alerts")
    assert isinstance(alert.record, Alert)
    assert (alert.record.level, alert.record.rule) == ("amber", Reason("pain_up_twice"))
    await begin(store, clock)
    assert len(store.all("locks")) == 1


@pytest.mark.parametrize("how", ["code", "clinician_pin", "prescription", "day"])
async def test_only_a_clinician_lifts_it(store: Store, clock: FixedClock, how: Any) -> None:
    await store.add(baseline())
    await pain_rises_after_a_session(store, clock)
    await pain_rises_after_a_session(store, clock)
    lock = await store.lock("pain", "pain_up_twice")
    if how == "prescription":
        await install(store, EXPIRED.replace("2026-10-31", "2027-12-31"), "p.toml")
    else:
        await store.unlock(lock.envelope.id, how)
    found = today.read(store, clock).next
    assert isinstance(found, SessionPlan)
    assert found.kind == ("tens" if how == "day" else "nmes")


@pytest.mark.parametrize("looked", [False, True])
async def test_a_lock_for_much_pain_closes_the_muscles_until_a_clinician_has_looked(
    store: Store, clock: FixedClock, looked: bool
) -> None:
    await store.add(baseline())
    await store.lock("P", "d_ill", START.date() + dt.timedelta(days=1))
    await store.lock("pain", "pain_up_days")
    if looked:
        clock.advance(60)
        await install(store, EXPIRED.replace("2026-10-31", "2027-12-31"), "p.toml")
    found = today.read(store, clock)
    assert isinstance(found.next, SessionPlan)
    assert found.next.kind == ("nmes" if looked else "tens")
    assert [lock.cause for lock in found.muscle_locks] == ([] if looked else ["pain_up_days"])


async def test_what_is_due_comes_with_the_day(store: Store, clock: FixedClock) -> None:
    await install(store, EXPIRED.replace("2026-10-31", "2026-11-30"), "p.toml")
    await store.add(Pads(event="used", size="5x9", uses=26, since=START.date()))
    kinds = [due.kind for due in today.read(store, clock).follow_up]
    assert kinds == ["prescription", "pads", "form"]
    await store.add(Form(form="peg", answers={"pain": 4, "enjoyment": 3, "activity": 5}))
    assert [due.kind for due in today.read(store, clock).follow_up] == ["prescription", "pads"]


async def test_the_stage_and_its_exercises_come_with_the_day(store: Store, clock: FixedClock) -> None:
    stage = today.read(store, clock).stage
    assert stage is not None
    assert (stage.stage.id, stage.week) == ("learn", 1)
    assert "walk" in stage.stage.exercises


# ── a clock that was set back ───────────────────────────────────────────────────────────────────


async def test_a_clock_set_back_does_not_forget_what_was_said_before_a_session(
    store: Store, clock: FixedClock
) -> None:
    for _ in range(6):
        await store.add(Entry(moment="daily", pain_rest=3))
        clock.advance(86400)
    await store.add(Entry(moment="before", pain_rest=6, soreness=0))
    for back_s in (60, 86400, 3 * 86400):
        clock.advance(-back_s)
        found = today.read(store, clock)
        assert isinstance(found.next, SessionPlan)
        assert found.next.kind == "tens", back_s


async def test_a_session_in_the_future_hides_no_answer(store: Store, clock: FixedClock) -> None:
    for _ in range(6):
        await store.add(Entry(moment="daily", pain_rest=3))
        clock.advance(86400)
    clock.advance(3600)
    begun = await store.add(NMES)
    tens = msgspec.structs.replace(NMES, session_kind="tens", programme="tens_conv", state="done")
    await store.correct(tens, begun.envelope.id)
    clock.advance(-3600)
    await store.add(Entry(moment="before", pain_rest=6, soreness=0))
    found = today.read(store, clock)
    assert found.open_entry is not None
    assert isinstance(found.next, SessionPlan)
    assert found.next.kind == "tens"


async def test_a_clock_set_back_hides_no_change_of_health(store: Store, clock: FixedClock) -> None:
    await store.add(baseline())
    clock.advance(-600)
    await store.add(daily(clock.now(), {"d_change": "yes"}, verdict="C"))
    due = today.read(store, clock).baseline_due
    assert due is not None
    assert due.rule == "health_changed"


async def test_the_day_after_a_session_is_asked_for_under_a_clock_set_back_too(
    store: Store, clock: FixedClock
) -> None:
    begun = await store.add(NMES)
    done = msgspec.structs.replace(NMES, state="done", seconds_done=1500, peak_mA={"1": 9.0})
    await store.correct(done, begun.envelope.id)
    assert today.read(store, clock).diary_due == "daily"
    clock.advance(-5 * 86400)
    assert today.read(store, clock).diary_due == "next_day"
    await store.add(Entry(moment="next_day", soreness=1, skin=0))
    assert today.read(store, clock).diary_due != "next_day"
