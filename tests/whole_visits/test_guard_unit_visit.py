"""The kiosk on a box: its guard is a unit of its own, which the kiosk joins and never replaces.

Application, guard and virtual P24 are the real ones, each its own process; keys come without a terminal.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest
from textual.pilot import Pilot

from drivers.build import build_id
from drivers.guard.link import GuardLink
from drivers.registry import DRIVERS
from kiosk.access.pins import Access
from kiosk.application import Application
from kiosk.clock import SystemClock
from kiosk.config import load_config
from kiosk.diary.store import open_store
from kiosk.keys import Key
from kiosk.settings import RunOptions, resolve
from kiosk.terminal.liveness import AlwaysAlive
from kiosk.visit.pages.home_pages import device_lines
from tests.faults.guard_rig import WAIT_S, VirtualDevice, virtual_device
from tests.whole_visits.device_log import DeviceLog
from tests.whole_visits.sitting import Sitting, feeling, short_today

pytestmark = [pytest.mark.timeout(300), pytest.mark.real_time]

KEYS = {**{key.value: key for key in Key}, "space": Key.STOP}
SENT = frozenset({"MlInit", "MlUpdate", "LlInit", "LlChannelConfig"})
"""What switches a P24 on: a stranger hears none of these. Names as the device's log has them."""


class Keyboard:
    """Keys, as Textual's pilot would press them."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def press(self, *names: str) -> None:
        for name in names:
            self._application.press(KEYS[name])
            await asyncio.sleep(0)


@dataclass
class Box:
    """A folder with a configuration, the guard's unit, and who sits before the kiosk."""

    folder: Path
    device: VirtualDevice
    person: Sitting
    guards: list[asyncio.subprocess.Process] = field(default_factory=list)

    async def start_guard(self, build: str = "") -> asyncio.subprocess.Process:
        """As its unit would: everything from the box's one configuration, but the port of a simulator."""
        run = "from drivers.guard.command import main; import sys; sys.exit(main(sys.argv[1:]))"
        if build:
            run = f"import drivers.guard.process as p; p.build_id = lambda: {build!r}; {run}"
        with (self.folder / "guard.log").open("ab") as log:
            guard = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", run, "--config", str(self.folder / "kiosk.toml")),
                *("--port", self.device.path, "--state", str(self.folder)),
                stderr=log,
            )
        self.guards.append(guard)
        return guard

    async def end_guards(self) -> None:
        for guard in self.guards:
            if guard.returncode is None:
                guard.terminate()
            await asyncio.wait_for(guard.wait(), WAIT_S)

    @property
    def words(self) -> str:
        return self.person.application.page().spoken

    async def says(self, words: str) -> None:
        """Of the stimulator, wherever the kiosk has to say it."""
        application = self.person.application
        await self.person.until(lambda: words in " ".join(device_lines(application._visit)), words)

    async def ready(self) -> None:
        await self.person.until(lambda: self.person.application.page().header.right.endswith("ready"))


@asynccontextmanager
async def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Box]:
    monkeypatch.setattr(GuardLink, "start_child", lambda *_, **__: pytest.fail("a guard of its own"))
    (tmp_path / "kiosk.toml").write_text(
        f'[device]\nkind = "p24"\nsimulated = true\ndevice_id = "SIMP240001"\n'
        f'[guard]\nsocket = "{tmp_path}/guard.sock"\n'
    )
    settings = resolve(
        RunOptions(data=tmp_path / "data"), load_config(tmp_path / "kiosk.toml"), DRIVERS, build_id()
    )
    clock = SystemClock()
    async with virtual_device(tmp_path) as device:
        with open_store(settings.data_folder, settings.kind, clock) as store:
            application = Application(settings, store, Access(store), clock, AlwaysAlive(), short_today)
            keyboard = cast("Pilot[None]", Keyboard(application))
            person = Sitting(application, keyboard, store, DeviceLog(device.log_path))
            running = asyncio.create_task(application.run())
            here = Box(tmp_path, device, person)
            try:
                yield here
            finally:
                application.leave()
                await asyncio.wait_for(running, WAIT_S)
                await here.end_guards()


async def test_a_guard_that_is_not_there_or_goes_is_said_and_joined_when_it_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with box(tmp_path, monkeypatch) as here:
        await here.says("The program that drives the stimulator does not run.")
        assert "ready" not in here.person.application.page().header.right
        guard = await here.start_guard()
        await here.ready()
        guard.send_signal(signal.SIGKILL)
        await here.says("The program that drives the stimulator does not run.")
        await here.start_guard()
        await here.ready()


async def test_leaving_in_a_session_stops_and_waits_for_the_guards_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with box(tmp_path, monkeypatch) as here:
        guard = await here.start_guard()
        await feeling(here.person)
        here.person.application.press(Key.LEAVE)
        here.person.application.press(Key.LEAVE)
        await asyncio.to_thread(here.person.log.wait_for_output, above_zero=False)
        assert guard.returncode is None, "it is not the kiosk's to end"
    here.person.log.check(limit_mA=30.0)


async def test_a_guard_of_another_build_arms_nothing_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with box(tmp_path, monkeypatch) as here:
        await here.start_guard(build="0123456789abcdef")
        await here.says("The box was updated and has to start again.")
        assert not SENT & {event.get("name") for event in here.person.log.events()}
