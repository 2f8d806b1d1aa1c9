"""A visit on a real diary: what a start, a boot or a power cut at any screen leaves of what was said."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kiosk import today
from kiosk.clock import FixedClock
from kiosk.diary.records import Entry, Lock, Screening
from kiosk.diary.store import Store, open_store
from kiosk.events import SessionEnded
from kiosk.visit.steps import answers
from tests.kiosk.visit.real_visit import NMES, baseline, begin
from tests.kiosk.visit.visit_bench import SAFE, outcome


async def test_a_first_day_on_a_real_diary(store: Store, clock: FixedClock) -> None:
    visit = await begin(store, clock)
    await visit.until("first_done")
    await visit.press("enter")
    await visit.until("session")
    (begun,) = visit.begun
    assert begun.first_session
    record = await store.add(NMES)
    closed = msgspec.structs.replace(NMES, state="done", seconds_done=1500)
    clock.advance(1500)
    await store.correct(closed, record.envelope.id)
    ended = outcome(clock.monotonic_s(), "plan_over", session_id=record.envelope.id, record=closed)
    await visit.hear(SessionEnded(ended))
    await visit.until("home")
    found = today.read(store, clock)
    assert found.sessions_done == 1
    assert found.baseline_due is None
    assert found.pads is not None
    assert found.pads.uses == 1
    moments = [stored.record.moment for stored in store.all("entries") if isinstance(stored.record, Entry)]
    assert moments == ["before", "after"]
    kinds = [
        (stored.record.asks, stored.record.verdict)
        for stored in store.all("screenings")
        if isinstance(stored.record, Screening)
    ]
    assert kinds == [("baseline", "cleared"), ("daily", "cleared")]


# ── how old answers are ─────────────────────────────────────────────────────────────────────────


async def everything_said(store: Store, clock: FixedClock) -> None:
    """All is answered up to the last look at the numbers; then the program ends."""
    await store.add(baseline(clock.now()))
    visit = await begin(store, clock)
    await visit.until("check")


async def first_question_now(store: Store, clock: FixedClock) -> str:
    """Where a visit comes to after a start."""
    visit = await begin(store, clock)
    await visit.press("1", "1", "enter")
    return visit.visit.step


def boots(clock: FixedClock) -> None:
    clock.boot, clock.uptime_s = "00000000-0000-4000-8000-000000000002", 40.0


async def test_after_a_start_within_the_same_boot_nothing_is_asked_twice(
    store: Store, clock: FixedClock
) -> None:
    clock.is_trusted = False
    await everything_said(store, clock)
    clock.advance(300)
    assert await first_question_now(store, clock) == "check"


async def test_after_a_boot_answers_count_where_the_clock_was_trusted_before_and_after(
    store: Store, clock: FixedClock
) -> None:
    await everything_said(store, clock)
    boots(clock)
    clock.advance(300)
    assert await first_question_now(store, clock) == "check"


@pytest.mark.parametrize(("then", "now"), [(True, False), (False, True), (False, False)])
async def test_after_a_boot_without_a_clock_to_trust_everything_is_asked_again(
    store: Store, clock: FixedClock, then: bool, now: bool
) -> None:
    clock.is_trusted = then
    await everything_said(store, clock)
    boots(clock)
    clock.is_trusted = now
    clock.advance(60)
    visit = await begin(store, clock)
    await visit.press("1", "1", "enter")
    assert visit.visit.step == "group"
    await visit.until("soreness")


async def test_after_a_boot_a_clock_that_was_set_back_makes_no_answer_younger(
    store: Store, clock: FixedClock
) -> None:
    await everything_said(store, clock)
    clock.advance(4 * 3600)
    await store.add(Entry(moment="daily", pain_rest=3))
    boots(clock)
    clock.time -= dt.timedelta(hours=4) - dt.timedelta(minutes=5)
    assert await first_question_now(store, clock) == "group"


async def test_a_clock_that_is_set_back_within_a_boot_makes_no_answer_younger(
    store: Store, clock: FixedClock
) -> None:
    await everything_said(store, clock)
    clock.advance(3700)
    clock.time -= dt.timedelta(minutes=50)
    assert await first_question_now(store, clock) == "group"


async def test_what_was_said_yes_to_before_a_boot_is_asked_again_and_stands_all_the_same(
    store: Store, clock: FixedClock
) -> None:
    await store.add(baseline(clock.now()))
    visit = await begin(store, clock)
    await visit.until("group")
    while "d_ill" not in answers.groups(visit.visit)[visit.visit.place.index].questions:
        await visit.press("1")
    await visit.press("2")
    asked = answers.groups(visit.visit)[visit.visit.place.index].questions
    await visit.press(*("1" * asked.index("d_ill")), "2")
    boots(clock)
    clock.is_trusted = False
    clock.advance(60)
    visit = await begin(store, clock)
    await visit.press("1", "1", "enter")
    locks = [stored.record for stored in store.all("locks")]
    assert [(lock.class_, lock.cause) for lock in locks if isinstance(lock, Lock)] == [("P", "d_ill")]


@pytest.mark.parametrize(("pain", "goes_on"), [("3", True), ("5", False)])
async def test_more_pain_than_usual_that_is_said_while_going_on_ends_muscle_work(
    store: Store, clock: FixedClock, pain: str, goes_on: bool
) -> None:
    for _ in range(5):
        await store.add(Entry(moment="daily", pain_rest=3))
        clock.advance(86400)
    await store.add(baseline(clock.now()))
    visit = await begin(store, clock)
    await visit.until("session")
    (begun,) = visit.begun
    assert begun.plan.kind == "nmes"
    record = await store.add(NMES)
    clock.advance(57 * 60)
    part = msgspec.structs.replace(NMES, state="ended_early", seconds_done=700)
    await store.correct(part, record.envelope.id)
    ended = outcome(clock.monotonic_s(), "person", session_id=record.envelope.id, record=part)
    await visit.hear(SessionEnded(ended))
    await visit.press("enter", "5")
    clock.advance(240)
    await visit.press("1")
    while visit.visit.step not in ("session", "not_today"):
        await visit.press(*((pain, "enter") if visit.visit.step == "pain_rest" else SAFE[visit.visit.step]))
    assert visit.visit.step == ("session" if goes_on else "not_today")
    assert len(visit.begun) == (2 if goes_on else 1)


async def test_nothing_entered_is_lost_when_the_power_goes_at_any_screen(
    folder: Path, clock: FixedClock
) -> None:
    """The program ends after each key in turn; the next one goes on where it was, to the same session."""
    with open_store(folder, "simulated", clock, "SIM-1") as store:
        await store.add(baseline())
    visited = []
    for _ in range(60):
        with open_store(folder, "simulated", clock, "SIM-1") as store:
            visit = await begin(store, clock)
            await visit.press("1", "1", "enter")
            visited.append(visit.visit.place)
            if visit.visit.step == "check":
                await visit.until("session")
                break
            await visit.press(*SAFE[visit.visit.step])
    else:
        raise AssertionError(visited)
    assert [place.step for place in visited] == [
        *("group", "group", "group", "single", "pain_rest", "pain_moving", "soreness", "check"),
    ]
    with open_store(folder, "simulated", clock) as store:
        assert len(store.all("screenings")) == 2
        (entry,) = store.all("entries")
    assert isinstance(entry.record, Entry)
    assert (entry.record.pain_rest, entry.record.pain_moving, entry.record.soreness) == (3, 4, 0)


async def test_nothing_said_after_the_session_is_lost_when_the_power_goes_at_any_screen(
    folder: Path, clock: FixedClock
) -> None:
    """Each next program comes back to the pads, asks what is not said yet, and stops when all is."""
    with open_store(folder, "simulated", clock, "SIM-1") as store:
        await store.add(baseline())
        begun = await store.add(NMES)
        clock.advance(1500)
        await store.correct(msgspec.structs.replace(NMES, state="done", seconds_done=1500), begun.envelope.id)
    visited = []
    for keys in (("2",), ("2", "enter"), ("1",)):
        with open_store(folder, "simulated", clock, "SIM-1") as store:
            visit = await begin(store, clock)
            await visit.press("enter", "enter")
            visited.append(visit.visit.step)
            await visit.press(*keys)
    assert visited == ["pain_after", "pain_after", "skin_after"]
    with open_store(folder, "simulated", clock, "SIM-1") as store:
        visit = await begin(store, clock)
        assert visit.visit.step == "home"
        (entry,) = store.all("entries")
    assert entry.record == Entry(moment="after", pain_rest=2, skin=0, session_id=begun.envelope.id)


@pytest.mark.parametrize(
    ("changes", "unlooked"),
    [
        ({"state": "done"}, True),
        ({"state": "ended_early"}, True),
        ({"state": "interrupted"}, True),
        ({"state": "begun"}, False),
        ({"state": "ended_early", "peak_mA": {}}, False),
    ],
)
async def test_a_session_with_current_is_unlooked_until_the_skin_was_seen(
    store: Store, clock: FixedClock, changes: dict[str, Any], unlooked: bool
) -> None:
    begun = await store.add(NMES)
    await store.correct(msgspec.structs.replace(NMES, **changes), begun.envelope.id)
    found = today.read(store, clock).unlooked
    assert (found is not None) == unlooked
    if found is not None:
        assert (found.id, found.record.state) == (begun.envelope.id, changes["state"])
    await store.add(Entry(moment="after", skin=0, session_id="another"))
    assert (today.read(store, clock).unlooked is not None) == unlooked
    await store.add(Entry(moment="after", skin=0, session_id=begun.envelope.id))
    assert today.read(store, clock).unlooked is None


@pytest.mark.parametrize("confirmed", [True, False])
async def test_a_lock_outlives_a_restart_and_a_second_no(
    folder: Path, clock: FixedClock, confirmed: bool
) -> None:
    with open_store(folder, "simulated", clock, "SIM-1") as store:
        await store.add(baseline())
        visit = await begin(store, clock)
        await visit.press("1", "1", "enter", "1", "1", "1", "2")
        assert visit.visit.step == "confirm_yes"
        if confirmed:
            await visit.press("2")
    clock.advance(7200)
    with open_store(folder, "simulated", clock, "SIM-1") as store:
        visit = await begin(store, clock)
        assert [lock.cause for lock in today.read(store, clock).locks] == ["d_change"]
        await visit.press("1")
        assert visit.visit.step == "home"
        assert not visit.begun
