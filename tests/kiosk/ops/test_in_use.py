"""May the box be taken from the person now? The diary says what it knows."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from kiosk.clock import FixedClock
from kiosk.diary.records import Entry, Session
from kiosk.diary.settings_file import Reminders, Settings, save_settings
from kiosk.diary.store import Store, open_store
from kiosk.ops.in_use import in_use, kiosk_runs
from programs.plan import SessionPlan

BERLIN = dt.timezone(dt.timedelta(hours=1))
MORNING = dt.datetime(2026, 11, 20, 8, 0, tzinfo=BERLIN)
SESSION = Session(programme="tens_conv", montage="M1", session_kind="tens", planned_seconds=1200)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(MORNING)


@pytest.fixture
def store(tmp_path: Path, clock: FixedClock) -> Iterator[Store]:
    """Simulated, because there a prescription is in force from the beginning: today's session is to come."""
    with open_store(tmp_path / "data", "simulated", clock) as opened:
        save_settings(opened.folder, Settings(reminders=Reminders(hours=(10, 14, 18))))
        yield opened


def state(store: Store, clock: FixedClock, *, runs: bool = True) -> str:
    return in_use(store, clock, "p24", kiosk_runs=runs).state


async def begin(store: Store, clock: FixedClock) -> str:
    stored = await store.add(replace(SESSION, began_at=clock.now()))
    return stored.envelope.id


async def end(store: Store, clock: FixedClock, session: str) -> None:
    await store.correct(
        replace(SESSION, state="done", seconds_done=1200, ended_at=clock.now()), points_to=session
    )


async def test_a_session_is_never_disturbed_from_its_first_second_to_its_end(
    store: Store, clock: FixedClock
) -> None:
    session = await begin(store, clock)
    for _ in range(9):
        found = in_use(store, clock, "p24", kiosk_runs=True)
        assert (found.state, found.sentence) == ("session", "A session was begun at 08:00 and has not ended.")
        clock.advance(300)
    await end(store, clock, session)
    assert state(store, clock) == "somebody", "she writes in her diary afterwards"
    clock.advance(901)
    assert state(store, clock) == "free"


async def test_a_session_that_a_power_cut_ended_keeps_nobody_waiting(store: Store, clock: FixedClock) -> None:
    await begin(store, clock)
    assert state(store, clock, runs=False) == "free", "no kiosk, no session"
    clock.advance(3 * 3600 + 1)
    assert state(store, clock) != "session", "none is that long"


async def test_while_somebody_writes_the_box_is_hers(store: Store, clock: FixedClock) -> None:
    assert state(store, clock) == "free"
    await store.add(Entry(moment="daily", pain_rest=3))
    clock.advance(14 * 60)
    found = in_use(store, clock, "p24", kiosk_runs=True)
    assert (found.state, found.sentence) == ("somebody", "Somebody used the box at 08:00.")
    clock.advance(61)
    assert state(store, clock) == "free"


async def test_a_clock_that_was_set_back_frees_nothing(store: Store, clock: FixedClock) -> None:
    await store.add(Entry(moment="daily", pain_rest=3))
    clock.advance(-7200)
    assert state(store, clock) == "somebody"
    await begin(store, clock)
    clock.advance(-600)
    assert state(store, clock) == "session"


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("08:59", "free"),
        ("09:00", "expected"),
        ("09:59", "expected"),
        ("10:00", "expected"),
        ("10:01", "free"),
    ],
)
def test_nothing_is_changed_in_the_hour_before_a_reminder(
    store: Store, clock: FixedClock, at: str, expected: str
) -> None:
    clock.advance((int(at[:2]) - 8) * 3600 + int(at[3:]) * 60)
    found = in_use(store, clock, "p24", kiosk_runs=True)
    assert found.state == expected
    if expected == "expected":
        assert found.sentence == "Today's session is still to come, and the person is reminded at 10:00."


def test_reminders_that_are_off_promise_no_session(store: Store, clock: FixedClock) -> None:
    save_settings(store.folder, Settings(reminders=Reminders(on=False)))
    clock.advance(90 * 60)
    assert state(store, clock) == "free"


async def test_three_sessions_at_the_same_hour_are_a_habit(store: Store, clock: FixedClock) -> None:
    save_settings(store.folder, Settings(reminders=Reminders(on=False)))
    for day in range(3):
        clock.advance(4 * 3600 if day == 0 else 24 * 3600 - 1200)
        session = await begin(store, clock)
        clock.advance(1200)
        await end(store, clock, session)
        at_eleven = FixedClock(clock.now().replace(hour=11, minute=30) + dt.timedelta(days=1))
        found = in_use(store, at_eleven, "p24", kiosk_runs=True)
        assert (found.state == "expected") == (day == 2), found
    assert found.sentence == "Today's session is still to come, usually at about 12:00."
    assert state(store, FixedClock(at_eleven.now().replace(hour=10, minute=59))) == "free"
    assert state(store, FixedClock(at_eleven.now().replace(hour=12, minute=1))) == "free"


async def test_what_is_done_or_not_today_is_expected_no_more(store: Store, clock: FixedClock) -> None:
    session = await begin(store, clock)
    clock.advance(1200)
    await end(store, clock, session)
    clock.advance(75 * 60)
    assert clock.now().hour == 9
    assert state(store, clock) == "free"


def test_the_kiosk_that_holds_the_folder_is_seen_and_not_disturbed(store: Store) -> None:
    assert kiosk_runs(store.folder)
    store.close()
    assert not kiosk_runs(store.folder)


def test_where_it_cannot_be_told_a_kiosk_runs(store: Store, tmp_path: Path) -> None:
    (tmp_path / "unreadable").mkdir()
    assert kiosk_runs(store.folder, locks=tmp_path / "unreadable")


def test_the_installer_is_answered_in_one_line(store: Store, tmp_path: Path) -> None:
    def asked(data: Path) -> dict[str, str]:
        command = ["-m", "kiosk.ops.in_use", "--data", str(data), "--config", str(tmp_path / "none.toml")]
        done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        found: dict[str, str] = json.loads(done.stdout)
        return found

    assert set(asked(store.folder)) == {"state", "sentence"}
    assert asked(tmp_path / "nothing") == {"state": "free", "sentence": ""}
    before = {path: path.stat().st_mtime_ns for path in store.folder.rglob("*")}
    asked(store.folder)
    assert {path: path.stat().st_mtime_ns for path in store.folder.rglob("*")} == before, os.listdir(
        store.folder
    )


def test_the_example_has_a_session_to_come(store: Store, clock: FixedClock) -> None:
    """Else the tests above would say nothing."""
    from kiosk import today

    assert isinstance(today.read(store, clock).next, SessionPlan)
