"""Alerts of a diary on a disk: found in its records, journalled once, and kept when they are seen to."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from kiosk import today
from kiosk.clock import FixedClock
from kiosk.diary.records import Acknowledgement, AdverseEvent, Alert, Entry
from kiosk.diary.store import Store, open_store
from kiosk.review.alerts import AlertsNow, read_alerts

NOON = dt.datetime(2026, 11, 20, 12, 0, tzinfo=dt.UTC)
BURNT = AdverseEvent(symptom="burning", programme="", montage="", current_mA={"1": 14.0}, action="stopped")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
def store(tmp_path: Path, clock: FixedClock):
    with open_store(tmp_path / "data", "simulated", clock) as opened:
        yield opened


def alerts(store: Store) -> AlertsNow:
    return read_alerts(store, today.read(store, store.clock))


async def journal(store: Store) -> list[str]:
    """What the kiosk does with what is new."""
    new = alerts(store).new
    for one in new:
        if one.locks is not None:
            await store.lock(one.locks, one.rule.rule)
        await store.add(Alert(level=one.level, rule=one.rule, records=one.records, since=one.since))
    return [one.rule.rule for one in new]


async def test_a_burn_is_told_once_over_days_and_kept_when_it_is_seen_to(
    store: Store, clock: FixedClock
) -> None:
    event = await store.add(BURNT)
    assert await journal(store) == ["red_event"]
    assert [lock.record.class_ for lock in store.locks_open()] == ["red"]  # type: ignore[attr-defined]
    for _ in range(3):
        clock.advance(86400)
        assert "red_event" not in await journal(store)
    (told,) = (one for one in alerts(store).standing if one.level == "red")
    assert told.records == (event.envelope.id,)
    await store.add(Acknowledgement(alert=told.id, note="We called.", who="family"))
    assert not [one for one in alerts(store).standing if one.level == "red"]
    assert "red_event" not in await journal(store)
    assert [one.note for one in alerts(store).told if one.level == "red"] == ["We called."]
    assert store.locks_open(), "seeing to an alert opens no lock"


async def test_a_lock_that_the_visit_has_set_is_not_set_twice(store: Store, clock: FixedClock) -> None:
    await store.add(BURNT)
    await store.lock("red", "burning")
    clock.advance(60)
    assert await journal(store) == ["red_event"]
    assert len(store.all("locks")) == 1


async def test_worse_skin_while_its_lock_still_stands_sets_no_second_one(
    store: Store, clock: FixedClock
) -> None:
    await store.add(Entry(moment="next_day", skin=2))
    await store.lock("skin", "skin_2")
    clock.advance(2 * 86400)
    await store.add(Entry(moment="next_day", skin=2))
    assert [one.locks for one in alerts(store).new] == [None, None]


@pytest.mark.parametrize("days_later", [1, 2])
async def test_soreness_of_7_after_its_lock_was_opened_is_told_and_locked_again(
    store: Store, clock: FixedClock, days_later: int
) -> None:
    """The rules of the course close therapy for it: without a lock nobody could open it."""
    await store.add(Entry(moment="daily", soreness=7, skin=0))
    assert await journal(store) == ["sore_high"]
    (lock,) = store.locks_open()
    clock.advance(3 * 3600)
    await store.unlock(lock.envelope.id, "code")
    assert alerts(store).new == ()
    clock.advance(days_later * 86400)
    await store.add(Entry(moment="daily", soreness=8, skin=0))
    assert await journal(store) == ["sore_high"]
    (again,) = store.locks_open()
    assert again.envelope.id != lock.envelope.id
    assert await journal(store) == []


async def test_the_same_burn_on_another_day_is_another_alert(store: Store, clock: FixedClock) -> None:
    await store.add(BURNT)
    assert await journal(store) == ["red_event"]
    clock.advance(5 * 86400)
    await store.add(BURNT)
    assert "red_event" in await journal(store)
    assert len([one for one in alerts(store).told if one.rule.rule == "red_event"]) == 2


async def test_a_correction_takes_its_alert_before_it_is_told_and_never_after(store: Store) -> None:
    wrong = await store.add(Entry(moment="daily", soreness=7))
    right = Entry(moment="daily", soreness=1)
    assert [one.rule.rule for one in alerts(store).new] == ["sore_high"]
    await journal(store)
    await store.correct(right, wrong.envelope.id)
    assert alerts(store).new == ()
    assert [one.rule.rule for one in alerts(store).standing] == ["sore_high"], "never silently closed"


async def test_long_pain_is_one_episode_also_when_it_lasts_for_months(
    store: Store, clock: FixedClock
) -> None:
    seen: list[str] = []
    for day in range(60):
        await store.add(Entry(moment="daily", pain_rest=8 if day > 10 else 3, sleep=3))
        seen += await journal(store)
        clock.advance(86400)
    amber = [rule for rule in seen if rule in ("pain_up_days", "pain_very_high", "sleep_low")]
    assert sorted(amber) == ["pain_up_days", "pain_very_high", "sleep_low"]
