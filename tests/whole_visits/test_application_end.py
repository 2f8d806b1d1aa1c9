"""The end of one run of the kiosk: whatever was under way, nothing goes on behind it. No screen, no guard."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from drivers.build import build_id
from kiosk.access.pins import Access
from kiosk.application import Application
from kiosk.clock import SystemClock
from kiosk.config import Config
from kiosk.diary.store import open_store
from kiosk.keys import Key
from kiosk.settings import RunOptions, SimulatorSpec, resolve
from kiosk.simulator import SimulatorError
from kiosk.terminal.liveness import AlwaysAlive


@asynccontextmanager
async def a_kiosk(folder: Path, simulator: SimulatorSpec | None = None) -> AsyncIterator[Application]:
    """In safe mode, which needs no stimulator, unless a `simulator` is named."""
    settings = resolve(RunOptions(simulate="p24", data=folder), Config(), {"p24"}, build_id())
    if simulator is None:
        settings = msgspec.structs.replace(settings, safe_mode=True)
    else:
        settings = msgspec.structs.replace(settings, simulator=simulator)
    clock = SystemClock()
    with open_store(folder, settings.kind, clock) as store:
        yield Application(settings, store, Access(store), clock, AlwaysAlive())


async def until(kiosk: Application, holds: Callable[[], bool]) -> None:
    changed = asyncio.Event()
    kiosk.on_change(changed.set)
    async with asyncio.timeout(60):
        while not holds():
            changed.clear()
            await changed.wait()


def left_behind() -> set[asyncio.Task[object]]:
    here = asyncio.current_task()
    return {task for task in asyncio.all_tasks() if task is not here}


async def test_what_is_being_read_is_given_up(tmp_path: Path) -> None:
    async with a_kiosk(tmp_path) as kiosk:
        running = asyncio.create_task(kiosk.run())
        await until(kiosk, lambda: Key.THREE in {choice.key for choice in kiosk.page().choices})
        kiosk.press(Key.THREE)
        assert kiosk.page().id == "look_back"
        reading = left_behind() - {running}
        kiosk.leave()
        assert await running == 0
        assert [task for task in reading if task.cancelled()]
        assert not left_behind()


async def test_a_key_behind_the_end_begins_nothing(tmp_path: Path) -> None:
    async with a_kiosk(tmp_path) as kiosk:
        running = asyncio.create_task(kiosk.run())
        kiosk.leave()
        assert await running == 0
        before = kiosk.page()
        for key in Key:
            kiosk.press(key)
        assert kiosk.page() == before
        assert not left_behind()


async def test_what_is_being_written_is_waited_for_when_the_session_could_not_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []

    async def writes() -> None:
        await asyncio.to_thread(lambda: None)
        await asyncio.to_thread(lambda: None)
        written.append("whole")

    async with a_kiosk(tmp_path) as kiosk:

        async def fails() -> None:
            kiosk._tasks.spawn(writes())
            raise OSError("the disk is gone")

        monkeypatch.setattr(kiosk._runner, "drain", fails)
        running = asyncio.create_task(kiosk.run())
        kiosk.leave()
        with pytest.raises(OSError, match="the disk is gone"):
            await running
        assert written == ["whole"]
        assert not left_behind()


async def test_a_start_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    async with a_kiosk(tmp_path, SimulatorSpec("p24", join=tmp_path / "nobody")) as kiosk:
        with pytest.raises(SimulatorError):
            await kiosk.run()
        assert not left_behind()


async def test_the_task_that_failed_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def reads_the_diary() -> None:
        raise ZeroDivisionError

    async with a_kiosk(tmp_path) as kiosk:
        running = asyncio.create_task(kiosk.run())
        await asyncio.sleep(0)
        kiosk._tasks.spawn(reads_the_diary())
        with caplog.at_level(logging.CRITICAL), pytest.raises(ZeroDivisionError):
            await running
    assert "reads_the_diary" in caplog.text


async def test_a_task_that_was_lost_is_named(tmp_path: Path) -> None:
    async def waits_for_ever() -> None:
        await asyncio.get_running_loop().create_future()

    async with a_kiosk(tmp_path) as kiosk:
        running = asyncio.create_task(kiosk.run())
        await asyncio.sleep(0)
        lost = asyncio.create_task(waits_for_ever())
        await asyncio.sleep(0)
        del lost  # nobody else holds it
        gc.collect()
        with pytest.raises(RuntimeError, match=r"destroyed.*waits_for_ever"):
            await running
