"""A whole visit to the end of its plan, by Textual's pilot: phases are seconds long, all else is real.

Guard and virtual stimulator are processes; the device's own log says what came out.
"""

from __future__ import annotations

import asyncio
import io
import itertools
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from textual.pilot import Pilot

from drivers import limits
from drivers.build import build_id
from kiosk import today
from kiosk.access.pins import Access
from kiosk.app import KioskApp
from kiosk.application import Application
from kiosk.clock import Clock, SystemClock
from kiosk.config import load_config
from kiosk.diary.records import Entry, Session
from kiosk.diary.store import Store, StoreReader, open_store
from kiosk.export.csv_table import rows
from kiosk.export.fhir import write_bundle
from kiosk.page import Overview
from kiosk.review.reading import family_view
from kiosk.settings import RunOptions, resolve
from kiosk.sound.player import SILENT, Sounds
from kiosk.terminal.liveness import AlwaysAlive
from kiosk.theme.rendering import Rendering
from kiosk.today import Today
from programs.plan import SessionPlan
from tests.visit.device_log import DeviceLog
from tests.visit.person import STARTS_CURRENT_AFTER_S

PHASE_SECONDS = {"warm_up": 3, "work": 6, "cool_down": 3}
LIMIT_MA = 30.0
UP_COUNTS_AFTER_S = 1.05
"""A press sooner than a second after the one before does not count (safety rule 2)."""


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


async def test_a_stop_that_the_guard_confirms_before_the_key_is_heard_is_the_persons(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with sitting(tmp_path) as person:
        await to_the_level(person)
        await person.until(
            lambda: person.application.session is not None and person.application.session.stage == "find"
        )
        with monkeypatch.context() as deaf:
            deaf.setattr(person.application, "_loop", None)  # the key's own event comes too late
            await asyncio.to_thread(person.application.stop_from_input_thread, "space")
        await person.page("stopped")


@pytest.mark.timeout(400)
@pytest.mark.real_time
@pytest.mark.parametrize(
    ("kind", "level_half_mA", "net_charge_us"), [("p24", 4, 0), ("rehastim2", 8, 1)], ids=["P24", "RehaStim2"]
)
async def test_a_visit_to_the_end_of_its_plan(
    tmp_path: Path, kind: str, level_half_mA: int, net_charge_us: int, soak: bool
) -> None:
    if kind != "p24" and not soak:
        pytest.skip("a second minute of real time: make soak")
    async with sitting(tmp_path, kind) as person:
        await to_the_level(person)
        for index, key in enumerate("12"):
            await person.until(
                lambda index=index: (
                    person.application.session is not None
                    and person.application.session.stage == "find"
                    and person.application.session.finding == index
                )
            )
            await person.raise_by(level_half_mA)
            await person.press("enter", key)
            await person.press("enter")  # it tightens
            await person.press("enter")
        await person.press("enter")
        await person.until(
            lambda: person.application.session is not None and person.application.session.stage == "play"
        )
        await person.page("pads_off")
        assert not person.log.output_now()
        await person.press("enter")
        await person.page("pain_after")
        await person.press("2", "enter")
        await person.page("skin_after")
        await person.press("1")
        await person.page("saved")
        await person.press("enter")
        await person.page("home")
        await person.press("9")
        await person.page("consent")
        await person.press("1")
        await person.page("home")
        await person.until(lambda: "Family: may look" in person.application.page().spoken)
        await person.press("9")
        await person.page("pin")
        await person.press(*"2580", "enter")
        await person.page("family")
        body = person.application.page().body
        assert isinstance(body, Overview)
        assert body.days[-1][1] == 3, "today's pain stands in the family's view"

        (session,) = [stored.record for stored in person.store.all("sessions")]
        assert isinstance(session, Session)
        assert (session.state, session.stop_confirmed) == ("done", True)
        assert session.seconds_done == sum(PHASE_SECONDS.values())
        moments = [entry.moment for entry in map(_record, person.store.all("entries"))]
        assert moments == ["before", "after"]
        assert around_the_session(person.store) == {"family": (3, 2), "table": [3, 2], "clinic": [3, 2]}
    person.log.check(limit_mA=LIMIT_MA, contraction_raise_mA=2.0, net_charge_us=net_charge_us)
    step_mA = limits.STEP_HALF_MA[kind] / 2
    warm_mA = 0.4 * level_half_mA / 2 // step_mA * step_mA
    warm = [channels for _, channels in person.log.outputs() if warm_mA in channels.values()]
    assert warm or not warm_mA, "warm-up and cool-down are at 0.4 of the level"


def around_the_session(store: StoreReader) -> dict[str, object]:
    """Pain at rest before and after the one session, wherever it is shown or sent."""
    now = SystemClock().now()
    (session,) = family_view(store, now).sessions
    table = [row["pain_rest_0_to_10"] for row in rows(store, now.date(), now.date()) if "moment" in row]
    bundle = io.StringIO()
    write_bundle(store, now.date(), now.date(), bundle)
    sent = [entry["resource"] for entry in json.loads(bundle.getvalue())["entry"]]
    clinic = [
        one["valueInteger"]
        for one in sent
        if one["resourceType"] == "Observation"
        and any(code["code"] == "pain_rest" for code in one["code"]["coding"])
    ]
    return {"family": (session.pain_before, session.pain_after), "table": table, "clinic": clinic}


def _record(stored: object) -> Entry:
    record = stored.record  # type: ignore[attr-defined]
    assert isinstance(record, Entry)
    return record
