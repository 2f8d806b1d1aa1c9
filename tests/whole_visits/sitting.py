"""A kiosk, the pilot at its keys, the log of its device: real guard and virtual stimulator, short phases."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from textual.pilot import Pilot

from drivers.build import build_id
from kiosk import today
from kiosk.access.pins import Access
from kiosk.app import KioskApp
from kiosk.application import Application
from kiosk.clock import Clock, SystemClock
from kiosk.config import load_config
from kiosk.diary.store import Store, StoreReader, open_store
from kiosk.settings import RunOptions, resolve
from kiosk.sound.player import SILENT, Sounds
from kiosk.terminal.liveness import AlwaysAlive
from kiosk.theme.rendering import Rendering
from kiosk.today import Today
from programs.plan import SessionPlan
from tests.whole_visits.device_log import DeviceLog
from tests.whole_visits.person import STARTS_CURRENT_AFTER_S, UP_COUNTS_AFTER_S

PHASE_SECONDS = {"warm_up": 3, "work": 6, "cool_down": 3}
LIMIT_MA = 30.0


def short_today(reader: StoreReader, clock: Clock, device_kind: str) -> Today:
    """Today with the plan's phases shortened; nothing else is changed."""
    found = today.read(reader, clock, device_kind)
    if not isinstance(found.next, SessionPlan):
        return found
    phases = tuple(
        msgspec.structs.replace(phase, seconds=PHASE_SECONDS[phase.role]) for phase in found.next.phases
    )
    return msgspec.structs.replace(found, next=msgspec.structs.replace(found.next, phases=phases))


class Sitting:
    """A kiosk, the pilot at its keys, and the device's log."""

    def __init__(self, application: Application, pilot: Pilot[None], store: Store, log: DeviceLog) -> None:
        self.application = application
        self.store = store
        self.log = log
        self._pilot = pilot
        self._changed = asyncio.Event()
        application.on_change(self._changed.set)

    async def page(self, *ids: str) -> str:
        """Waits until one of the steps `ids` stands on the screen."""
        return await self.until(lambda: self.application.page().id in ids, f"{ids}")

    async def until(self, holds: Callable[[], bool], what: str = "") -> str:
        async with asyncio.timeout(60):
            while not holds():
                self._changed.clear()
                await self._changed.wait()
        return self.application.page().id

    async def press(self, *keys: str) -> None:
        if keys == ("enter",) and self._starts_current():
            await asyncio.sleep(STARTS_CURRENT_AFTER_S)
        await self._pilot.press(*keys)

    def _starts_current(self) -> bool:
        page, state = self.application.page().id, self.application.session
        finding = state.find_step if page == "session" and state is not None else ""
        return page == "contact_check" or finding in ("offer", "both")

    async def all_no(self, rounds: str) -> None:
        """Answers question after question with No until something else stands there."""
        while await self.page("group", "single", rounds) in ("group", "single"):
            title = self.application.page().header.left
            await self.press("1")
            await self.until(lambda title=title: self.application.page().header.left != title)

    async def raise_by(self, presses: int) -> None:
        """Raises the side that is being found, each press at the plateau of a contraction."""
        session = self.application.session
        assert session is not None
        wanted = session.side.level_half_mA + presses
        side = session.finding
        while (state := self.application.session) is not None and state.sides[side].level_half_mA < wanted:
            await self.until(lambda: self._may_raise(side, wanted))
            await self.press("up")
            await asyncio.sleep(UP_COUNTS_AFTER_S)

    def _may_raise(self, side: int, wanted: int) -> bool:
        state = self.application.session
        assert state is not None
        assert state.stage != "ended", state
        assert state.status is not None
        return state.status.may_raise or state.sides[side].level_half_mA >= wanted


@asynccontextmanager
async def sitting(
    folder: Path, kind: str = "p24", sounds: Sounds = SILENT, faults: tuple[str, ...] = ()
) -> AsyncIterator[Sitting]:
    log = DeviceLog(folder / "device.jsonl")
    options = RunOptions(simulate=kind, sim_log=log.path, faults=faults, data=folder / "data")
    (folder / "kiosk.toml").write_text("")
    settings = resolve(options, load_config(folder / "kiosk.toml"), {kind}, build_id())
    clock = SystemClock()
    with open_store(settings.data_folder, settings.kind, clock) as store:
        application = Application(settings, store, Access(store), clock, AlwaysAlive(), short_today, sounds)
        seconds = itertools.count()
        app = KioskApp(application, AlwaysAlive(), Rendering.RICH, clock_s=lambda: float(next(seconds)))
        running = asyncio.create_task(application.run())
        try:
            async with app.run_test(size=(80, 25)) as pilot:
                yield Sitting(application, pilot, store, log)
        finally:
            application.leave()
            assert await running == 0


async def to_the_level(person: Sitting) -> None:
    """Home, the baseline, home, the day's questions, pads, STOP, contact: up to the first milliampere."""
    await to_the_contact_check(person)
    if await person.page("contact", "contact_check") == "contact":
        await person.press("1")
        return
    await person.press("enter")
    await person.page("contact_result")
    await person.press("enter")


async def to_the_contact_check(person: Sitting) -> None:
    """Up to the question, or the measurement, how the pads lie."""
    await person.until(lambda: person.application.page().header.right.endswith("ready"))
    await person.press("1")
    await person.page("identity")
    await person.press("1")
    await person.page("get_ready")
    await person.press("enter")
    await person.all_no("first_done")
    await person.press("enter")
    await person.page("home")
    await person.until(lambda: any("session 1" in line for line in person.application.page().body.lines))
    await person.press("1")
    await person.page("identity")
    await person.press("1")
    await person.page("get_ready")
    await person.press("enter")
    await person.all_no("pain_rest")
    for step, value in (("pain_rest", "3"), ("pain_moving", "4"), ("soreness", "0")):
        await person.page(step)
        await person.press(value, "enter")
    await person.page("check")
    await person.press("enter")
    await person.all_no("placement")
    await person.press("enter")
    await person.until(lambda: "BLUE" in person.application.page().header.left)
    await person.press("enter")
    await person.page("settle")
    await person.press("enter")
    await person.all_no("stop_test")
    await person.until(lambda: "Press STOP now." in person.application.page().spoken)
    await person.press("space")
    await person.page("stop_works")
    await person.press("enter")
    await person.page("contact", "contact_check")


async def feeling(person: Sitting) -> None:
    """The first side's level is being found and something comes out."""
    await to_the_level(person)
    await person.until(
        lambda: person.application.session is not None and person.application.session.stage == "find"
    )
    await person.raise_by(2)
    assert person.log.output_now()
