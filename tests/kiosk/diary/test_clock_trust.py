"""A clock that was set back is marked, one that once stood far ahead is no blemish for ever."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from kiosk.clock import FixedClock
from kiosk.diary.clock_trust import DAYS, Believed
from kiosk.diary.records import SCHEMA_VERSION, Entry, Envelope
from kiosk.diary.store import Store, open_store

NOON = dt.datetime(2026, 11, 20, 12, 0, tzinfo=dt.timezone(dt.timedelta(hours=1)))
DAY = dt.timedelta(days=1)
YEAR = 365 * DAY


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


async def added(store: Store) -> Envelope:
    return (await store.add(Entry(moment="daily", pain_rest=1))).envelope


async def on(folder: Path, clock: FixedClock, *times: dt.datetime) -> list[bool]:
    """One entry at each time, each in a run of its own: whether it was trusted."""
    trusted = []
    for time in times:
        clock.time = time
        with open_store(folder, "real", clock) as store:
            trusted.append((await added(store)).clock_trusted)
    return trusted


async def test_a_clock_that_stood_a_year_ahead_once_is_believed_again_after_days_of_use(
    folder: Path, clock: FixedClock
) -> None:
    assert await on(folder, clock, NOON, NOON + YEAR) == [True, True]
    after = [NOON + n * DAY for n in range(1, DAYS + 4)]
    assert await on(folder, clock, *after) == [False] * DAYS + [True] * 3


async def test_it_heals_within_one_run_as_well(folder: Path, clock: FixedClock) -> None:
    clock.time = NOON + YEAR
    with open_store(folder, "real", clock) as store:
        await added(store)
        clock.time = NOON
        found = []
        for _ in range(DAYS + 1):
            found += [await added(store), await added(store)]
            clock.advance(86400)
    assert [one.clock_trusted for one in found] == [False] * (2 * DAYS) + [True, True]
    assert all(one.set_back for one in found)


async def test_a_clock_that_nobody_vouches_for_never_heals(folder: Path, clock: FixedClock) -> None:
    await on(folder, clock, NOON + YEAR)
    clock.is_trusted = False
    assert not any(await on(folder, clock, *[NOON + n * DAY for n in range(2 * DAYS)]))
    clock.is_trusted = True
    assert await on(folder, clock, NOON + 3 * DAYS * DAY) == [False]


async def test_setting_it_back_for_an_evening_or_jumping_about_gains_nothing(
    folder: Path, clock: FixedClock
) -> None:
    await on(folder, clock, NOON)
    evening = [NOON - DAY + dt.timedelta(minutes=n) for n in range(2 * DAYS)]
    assert not any(await on(folder, clock, *evening))
    jumps = [NOON - 9 * DAY, NOON - 8 * DAY, NOON - 7 * DAY, NOON - 10 * DAY, NOON - 20 * DAY]
    assert not any(await on(folder, clock, *jumps))


async def test_once_it_has_passed_what_was_ahead_all_is_as_before(folder: Path, clock: FixedClock) -> None:
    await on(folder, clock, NOON + 2 * DAY, NOON + DAY)
    clock.time = NOON + 3 * DAY
    with open_store(folder, "real", clock) as store:
        envelope = await added(store)
    assert (envelope.clock_trusted, envelope.set_back) == (True, False)


async def test_what_is_believed_again_is_marked_when_it_is_set_back_once_more(
    folder: Path, clock: FixedClock
) -> None:
    await on(folder, clock, NOON + YEAR, *[NOON + n * DAY for n in range(DAYS)])
    assert await on(folder, clock, NOON + 20 * DAY, NOON + 19 * DAY, NOON + 21 * DAY) == [True, False, True]


async def test_a_year_back_and_a_year_ahead_lose_and_hide_nothing(folder: Path, clock: FixedClock) -> None:
    times = [NOON, NOON - YEAR, NOON + YEAR, NOON + DAY, NOON - YEAR, NOON + 2 * YEAR, NOON + 2 * DAY]
    await on(folder, clock, *times)
    with open_store(folder, "real", clock) as store:
        assert [one.envelope.entry_time for one in store.all("entries")] == times
        assert store.latest("entries").envelope.entry_time == times[-1]
        today = store.days("entries", clock.now().date(), clock.now().date())
        assert [one.envelope.entry_time for one in today] == [NOON + 2 * DAY]


# ── what a clock that stood ahead wrote ──


def written(after: int, time: dt.datetime, trusted: bool = True) -> Envelope:
    return Envelope(
        id=str(after),
        schema=SCHEMA_VERSION,
        event_time=time,
        entry_time=time,
        clock_trusted=trusted,
        boot_id="",
        monotonic_s=0.0,
        folder="real",
        device_id="",
        after=after,
    )


def test_it_was_over_by_the_earliest_trusted_time_that_was_written_after_it() -> None:
    ahead = written(7, NOON + YEAR)
    others = [written(3, NOON), written(9, NOON + 2 * DAY, trusted=False), written(12, NOON + 6 * DAY)]
    believed = Believed([*others, ahead, written(11, NOON + 5 * DAY), written(15, NOON + 2 * YEAR)])
    assert believed.over_by(ahead) == NOON + 5 * DAY
    assert believed.over_by(written(7, NOON + 4 * DAY)) is None, "it lies before all that came after it"
    assert believed.over_by(written(15, NOON + 3 * YEAR)) is None, "nothing came after it"
    assert Believed([]).over_by(ahead) is None


async def test_each_record_says_how_many_lines_came_before_it(folder: Path, clock: FixedClock) -> None:
    await on(folder, clock, NOON + YEAR, NOON, NOON + 2 * DAY)
    with open_store(folder, "real", clock) as store:
        await store.lock("P", "skin_dry")
        found = [fact.envelope.after for kind in ("entries", "locks") for fact in store.facts(kind)]
        assert found == [0, 2, 3, 4], "the first line names the month"


async def test_a_lock_until_tomorrow_that_a_clock_ahead_set_opens_the_day_after_that_is_known(
    folder: Path, clock: FixedClock
) -> None:
    await on(folder, clock, NOON)
    clock.time = NOON + YEAR
    with open_store(folder, "real", clock) as store:
        await store.lock("P", "skin_dry", (clock.now() + DAY).date())
        clock.time = NOON
        for n in range(DAYS + 1):
            clock.time = NOON + n * DAY
            await added(store)
            assert store.locks_open(), "nothing that is believed came after it"
        clock.advance(86400)
        assert not store.locks_open()
        clock.is_trusted = False
        assert store.locks_open()
