"""A diary of years says the same to today's rules whether its old months are remembered or read in full."""

from __future__ import annotations

import datetime as dt
import shutil
import tracemalloc
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from kiosk import today
from kiosk.clock import FixedClock
from kiosk.diary.records import Entry, Session
from kiosk.diary.short_reader import ShortReader
from kiosk.diary.shortening import IN_FULL, Memory
from kiosk.diary.store import Store, StoreReader, open_reader, open_store
from kiosk.review.alerts import LOOKED_AT, read_alerts
from programs.contact import LAST_GOOD, GoodContact
from tests.kiosk.diary.lives import lived
from tests.kiosk.rehearsal.folders import ENDS, rehearsed

DAY = dt.timedelta(days=1)
SHORT = 31 * DAY
"""Much shorter than the kiosk's: more has to be remembered."""


def comparable(found: today.Today) -> dict[str, object]:
    """Every field; of the contacts those that one is compared with."""
    fields = {name: getattr(found, name) for name in found.__struct_fields__}
    fields |= msgspec.structs.asdict(found.history)
    places: dict[tuple[str, str, int], list[GoodContact]] = {}
    for one in found.contacts:
        places.setdefault((one.montage, one.pads, one.channel), []).append(one)
    return {**fields, "contacts": {place: ones[-LAST_GOOD:] for place, ones in places.items()}}


def told(reader: StoreReader, found: today.Today) -> tuple[object, ...]:
    alerts = read_alerts(reader, found)
    return alerts.standing, alerts.new


def happened(found: today.Today) -> dict[str, bool]:
    """What has to come up in some diary, or nothing was compared."""
    history = found.history
    return {
        "pain_up": bool(history.pain_up_unseen),
        "pain_before": bool(history.pain_before and history.pain),
        "levels": bool(history.levels),
        "diary_days": bool(history.diary_days),
        "baseline_due": found.baseline_due is not None,
        "no_baseline_due": found.baseline_due is None,
        "change": found.baseline_due is not None and found.baseline_due.rule == "health_changed",
        "locks": bool(found.locks),
        "unlooked": found.unlooked is not None,
        "interrupted": found.interrupted is not None,
        "pads": found.pads is not None,
        "contacts": bool(found.contacts),
        "one_by_one": bool(found.one_by_one),
        "worse": bool(found.worse_answers),
    }


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("crossings", [False, True])
def test_whatever_happened_today_is_the_same(tmp_path: Path, crossings: bool, soak: bool) -> None:
    lives, looks, shortened, seen = (60 if soak else 3), 0, 0, Counter[str]()
    for seed in range(lives):
        clock = FixedClock(dt.datetime.now(dt.UTC))
        memories = {in_full: Memory(in_full) for in_full in (SHORT, IN_FULL)}
        for now in lived(tmp_path / f"{seed}", seed, crossings=crossings):
            clock.time, clock.is_trusted = now, looks % 5 != 0
            whole = open_reader(tmp_path / f"{seed}", clock)
            expected = today.read(whole, clock)
            seen.update(name for name, is_so in happened(expected).items() if is_so)
            for in_full, memory in memories.items():
                short = memory.shortened(open_reader(tmp_path / f"{seed}", clock))
                found = today.read(short, clock)
                assert comparable(found) == comparable(expected)
                assert found.follow_up == expected.follow_up
                if in_full == IN_FULL:
                    assert told(short, found) == told(whole, expected)
                looks += 1
                shortened += isinstance(short, ShortReader)
    print(f"{lives} lives, {shortened} of {looks} looks were short; {dict(seen)}")
    assert {"pain_up", "levels", "locks", "baseline_due", "unlooked"} <= set(seen)
    assert not soak or set(seen) == set(happened(expected))
    assert shortened > looks / 3


def test_the_alerts_look_back_no_further_than_what_is_read_in_full() -> None:
    assert IN_FULL >= LOOKED_AT + 2 * DAY


def test_the_memory_that_it_takes_does_not_grow_with_the_diary(tmp_path: Path) -> None:
    def peak_kB(folder: Path, now: dt.datetime) -> float:
        tracemalloc.start()
        reader = Memory(SHORT).shortened(open_reader(folder, FixedClock(now)))
        assert isinstance(reader, ShortReader)
        today.read(reader, reader.clock)
        peak = tracemalloc.get_traced_memory()[1] / 1024
        tracemalloc.stop()
        return peak

    half = tmp_path / "half"
    shutil.copytree(
        rehearsed(26), half, ignore=shutil.ignore_patterns("2026-08", "2026-09", "2026-1?", "manifest.json")
    )
    peak_kB(half, ENDS - 92 * DAY)  # fills the caches
    peaks_kB = peak_kB(half, ENDS - 92 * DAY), peak_kB(rehearsed(26), ENDS)
    print(f"at most {peaks_kB[0]:.0f} kB for 13 weeks, {peaks_kB[1]:.0f} kB for 26")
    assert peaks_kB[1] < 1.4 * peaks_kB[0]


async def test_what_is_written_since_the_last_look_is_seen(tmp_path: Path) -> None:
    """The months that are remembered are not read again; the newest is."""
    shutil.copytree(rehearsed(26), tmp_path / "data")
    clock, memory = FixedClock(ENDS), Memory(SHORT)
    with open_store(tmp_path / "data", "rehearsal", clock, "SIM-1") as store:
        first = memory.shortened(open_reader(store.folder, clock))
        assert isinstance(first, ShortReader)
        before = len(today.read(first, clock).locks)
        await store.lock("E", "rf_chest")
        found = today.read(memory.shortened(open_reader(store.folder, clock)), clock)
        assert [lock.cause for lock in found.locks][before:] == ["rf_chest"]


async def months_pass(store: Store, clock: FixedClock, months: int = 20) -> None:
    for _ in range(months):
        clock.advance(30 * DAY.total_seconds())
        await store.add(Entry(moment="daily", pain_rest=2))


NMES = Session(programme="nmes_learn", montage="M4-par", session_kind="nmes", planned_seconds=1500)
PLAYED = msgspec.structs.replace(NMES, state="done", seconds_done=1500, peak_mA={"1": 12.0})


async def test_a_lock_of_long_ago_holds(tmp_path: Path) -> None:
    clock, memory = FixedClock(ENDS), Memory()
    with open_store(tmp_path / "data", "simulated", clock, "SIM-1") as store:
        lock = await store.lock("E", "rf_chest")
        await months_pass(store, clock)
        reader = memory.shortened(open_reader(store.folder, clock))
        assert isinstance(reader, ShortReader)
        assert [one.cause for one in today.read(reader, clock).locks] == ["rf_chest"]
        await store.unlock(lock.envelope.id, "code")
        assert today.read(memory.shortened(open_reader(store.folder, clock)), clock).locks == ()


@pytest.mark.parametrize("skin", [None, 0])
async def test_the_skin_of_the_last_session_is_remembered_through_a_pause_of_years(
    tmp_path: Path, skin: int | None
) -> None:
    clock, memory = FixedClock(ENDS), Memory()
    with open_store(tmp_path / "data", "simulated", clock, "SIM-1") as store:
        session = await store.add(PLAYED)
        await store.add(Entry(moment="after", pain_rest=2, skin=skin, session_id=session.envelope.id))
        await months_pass(store, clock)
        reader = memory.shortened(open_reader(store.folder, clock))
        assert isinstance(reader, ShortReader)
        found = today.read(reader, clock)
        assert (found.unlooked is None) is (skin is not None)
        if found.unlooked is not None:
            assert found.unlooked.after is not None, "only the skin is missing"


@pytest.mark.parametrize("dated_anew", [False, True])
async def test_a_correction_of_what_is_remembered_is_seen(tmp_path: Path, dated_anew: bool) -> None:
    """A session of a year and a half ago gets its end: then the whole is read as it is, for good."""
    clock, memory = FixedClock(ENDS), Memory()
    with open_store(tmp_path / "data", "simulated", clock, "SIM-1") as store:
        begun = await store.add(NMES)
        await months_pass(store, clock)
        assert isinstance(memory.shortened(open_reader(store.folder, clock)), ShortReader)
        await store.correct(PLAYED, begun.envelope.id, clock.now() if dated_anew else None)
        for _ in range(2):
            for one in (memory, Memory()):
                reader = one.shortened(open_reader(store.folder, clock))
                assert not isinstance(reader, ShortReader)
                assert today.read(reader, clock).history.sessions_done == 1
            await months_pass(store, clock)


async def test_what_a_clock_that_was_set_back_dated_is_put_where_it_was_written(tmp_path: Path) -> None:
    clock, memory = FixedClock(ENDS), Memory()
    with open_store(tmp_path / "data", "simulated", clock, "SIM-1") as store:
        await store.add(PLAYED)
        await months_pass(store, clock)
        assert isinstance(memory.shortened(open_reader(store.folder, clock)), ShortReader)
        clock.time -= 500 * DAY
        await store.add(PLAYED)
        clock.time += 500 * DAY
        expected = comparable(today.read(open_reader(store.folder, clock), clock))
        for one in (memory, Memory()):
            reader = one.shortened(open_reader(store.folder, clock))
            assert not isinstance(reader, ShortReader)
            assert comparable(today.read(reader, clock)) == expected


def test_a_clock_that_is_set_back_reads_in_full_what_matters_then() -> None:
    clock, memory = FixedClock(ENDS + 300 * DAY), Memory(SHORT)
    folder = rehearsed(26)
    assert isinstance(memory.shortened(open_reader(folder, clock)), ShortReader)
    clock.time = ENDS - 120 * DAY
    expected = comparable(today.read(open_reader(folder, clock), clock))
    assert comparable(today.read(memory.shortened(open_reader(folder, clock)), clock)) == expected
