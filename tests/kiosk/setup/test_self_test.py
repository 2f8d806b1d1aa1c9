"""The dummy load and nothing else gets more than a probe (safety rule 23): a real guard, a virtual P24."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from drivers import limits
from drivers.guard.link import GuardLink
from drivers.messages import FromGuard, LeadContact, Refused, Stopped
from kiosk.clock import SystemClock
from kiosk.settings import SimulatorSpec
from kiosk.setup import self_test
from kiosk.setup.conversation import Conversation, Left
from kiosk.setup.self_test import MOST_HALF_MA, Result, SelfTest, is_dummy
from kiosk.simulator import Simulator, running_simulator
from kiosk.terminal.liveness import AlwaysAlive
from tests.whole_visits.device_log import DeviceLog


@pytest.mark.parametrize(
    ("load_ohm", "series_ohm", "dummy"),
    [
        (1000, 1000, True),
        (900, 900, True),
        (1100, 1100, True),
        (899, 899, False),
        (1101, 1101, False),
        (1000, 950, True),
        (1000, 949, False),
        (1000, 1051, False),
        (693, 500, False),
        (1000, 800, False),
        (None, None, False),
        (1000, None, False),
    ],
)
def test_only_a_flat_resistor_of_one_kiloohm_is_one(
    load_ohm: int | None, series_ohm: int | None, dummy: bool
) -> None:
    assert is_dummy(LeadContact(1, "good", load_ohm, series_ohm)) is dummy


TRIES = 4
ENDED_BY_A_BUSY_MACHINE = ("lease", "stale", "no_answer")


class Rig:
    def __init__(self, test: SelfTest, log: DeviceLog, simulator: Simulator, terminal: int) -> None:
        self.test, self.log, self.simulator = test, log, simulator
        self._terminal: int | None = terminal
        self.pressing = asyncio.Event()

    def hang_up(self) -> None:
        """The terminal at which the installer sits is gone."""
        if self._terminal is not None:
            os.close(self._terminal)
            self._terminal = None

    async def stop_tested(self) -> None:
        assert await self.test.stop_test(self.pressed, self.pressing.set)
        self.pressing.clear()

    async def pressed(self) -> None:
        await self.pressing.wait()

    async def channel(self, channel: int) -> Result:
        """A machine that is busy with other tests lets the lease lapse, which rightly ends it: once more."""
        for _ in range(TRIES):
            result = await self.test.channel(channel, self.pressed)
            if result.detail not in ENDED_BY_A_BUSY_MACHINE:
                break
        return result

    @property
    def outputs(self) -> list[dict[str, Any]]:
        """Everything that ever flowed."""
        return [one for event in self.log.events() if event["event"] == "output" for one in event["channels"]]

    def most_mA(self, channel: int | None = None) -> float:
        """The largest current that ever flowed, there or anywhere."""
        return max(
            (abs(one["current_mA"]) for one in self.outputs if channel in (None, one["channel"])), default=0.0
        )


@asynccontextmanager
async def rig(folder: Path, *faults: str, kind: str = "p24") -> AsyncIterator[Rig]:
    log = folder / "device.jsonl"
    async with running_simulator(SimulatorSpec(kind=kind, log=log, faults=faults)) as simulator:
        link = GuardLink.start_child(
            str(simulator.port), kind, simulated=True, log_path=str(folder / "guard.log")
        )
        terminal, answers = os.openpty()
        test = SelfTest(link, SystemClock(), Conversation(print, answers))
        test.begin()
        box = Rig(test, DeviceLog(log), simulator, terminal)
        try:
            yield box
        finally:
            await link.close()
            box.hang_up()
            os.close(answers)


async def test_on_the_dummy_load_five_milliamperes_and_the_dead_man_and_nothing_on_a_body_beside_it(
    tmp_path: Path,
) -> None:
    async with rig(tmp_path, "dummy_load:1") as box:
        assert (await box.test.identify()).present
        await box.stop_tested()
        result = await box.channel(1)
        assert (result.outcome, result.detail) == ("passed", "")
        assert result.load_ohm is not None
        assert abs(result.load_ohm - 1000) <= 20
        assert result.most_half_mA == 10
        assert 0 < result.stopped_after_ms < 500
        body = await box.channel(2)
        assert (body.outcome, body.detail) == ("no_dummy", "")
        await asyncio.to_thread(box.log.wait_for_output, above_zero=False)
    assert box.most_mA(1) == 5.0
    assert box.most_mA(2) == limits.PROBE_HALF_MA / 2


async def test_on_a_body_nothing_but_single_pulses_of_the_probe(tmp_path: Path) -> None:
    faults = {2: "gel_dry:2", 3: "pad_half:3", 4: "pad_off:4"}
    async with rig(tmp_path, *faults.values()) as box:
        await box.test.identify()
        await box.stop_tested()
        for channel in (1, *faults):
            result = await box.channel(channel)
            assert (result.outcome, result.detail) == ("open" if channel == 4 else "no_dummy", "")
            assert result.most_half_mA == 0
        await asyncio.to_thread(box.log.wait_for_output, above_zero=False)
    assert box.most_mA() <= limits.PROBE_HALF_MA / 2
    assert all(one["frequency_Hz"] == 0 for one in box.outputs), "no train of pulses"


async def test_a_line_stops_it(tmp_path: Path) -> None:
    async with rig(tmp_path, "dummy_load:1") as box:
        await box.test.identify()
        await box.stop_tested()

        async def once_current_flows() -> None:
            await asyncio.to_thread(box.log.wait_for_output, above_zero=True)

        result = await box.test.channel(1, once_current_flows)
        assert result.outcome == "stopped"
        await asyncio.to_thread(box.log.wait_for_output, above_zero=False)
    assert box.most_mA() < MOST_HALF_MA / 2


async def test_what_was_said_of_the_run_before_ends_no_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A level that crosses the end of its run on the way is refused when the next one may have begun."""
    heard: list[Callable[[FromGuard], None]] = []
    listen = GuardLink.listen

    def overheard(
        link: GuardLink, on_message: Callable[[FromGuard], None], on_closed: Callable[[], None]
    ) -> None:
        heard.append(on_message)
        listen(link, on_message, on_closed)

    monkeypatch.setattr(GuardLink, "listen", overheard)
    async with rig(tmp_path, "dummy_load:1") as box:
        await box.test.identify()
        await box.stop_tested()

        async def once_current_flows() -> None:
            await asyncio.to_thread(box.log.wait_for_output, above_zero=True)

        assert (await box.test.channel(1, once_current_flows)).outcome == "stopped"
        for late in (Refused(2, "old_epoch", "2", "idle", False), Stopped(2, "lease", True, "its word", 1.0)):
            heard[0](late)
        result = await box.channel(1)
    assert (result.outcome, result.detail) == ("passed", "")


async def test_the_lease_ends_with_the_installers_terminal(tmp_path: Path) -> None:
    async with rig(tmp_path, "dummy_load:1") as box:
        await box.test.identify()
        await box.stop_tested()

        async def never_but_the_terminal_goes() -> None:
            await asyncio.to_thread(box.log.wait_for_output, above_zero=True)
            box.hang_up()
            await asyncio.Event().wait()

        result = await box.test.channel(1, never_but_the_terminal_goes)
        assert result.outcome == "failed"
        assert result.detail in ENDED_BY_A_BUSY_MACHINE
        await asyncio.to_thread(box.log.wait_for_output, above_zero=False)
    assert box.most_mA() < MOST_HALF_MA / 2


async def test_a_terminal_that_goes_is_no_press_of_stop(tmp_path: Path) -> None:
    async with rig(tmp_path, "dummy_load:1") as box:
        await box.test.identify()

        async def nobody() -> None:
            raise Left("")

        with pytest.raises(Left):
            await box.test.stop_test(nobody, lambda: None)


async def test_nothing_goes_on_without_a_stop_test(tmp_path: Path) -> None:
    async with rig(tmp_path, "dummy_load:1") as box:
        await box.test.identify()
        result = await box.channel(1)
        assert (result.outcome, result.detail.partition(":")[0]) == ("failed", "stop_test")
    assert box.outputs == []


async def test_a_stop_that_is_not_confirmed_is_said(tmp_path: Path) -> None:
    async with rig(tmp_path, "dummy_load:1") as box:
        await box.test.identify()
        await box.stop_tested()
        box.simulator.inject("fault stop_ignored")
        result = await box.channel(1)
        assert result.outcome == "not_confirmed"
        assert result.most_half_mA == 0, "the probe's stop was not confirmed, so nothing more was put out"


async def test_a_stimulator_that_cannot_measure_puts_nothing_out(tmp_path: Path) -> None:
    async with rig(tmp_path, kind="rehastim2") as box:
        device = await box.test.identify()
        assert device.present
        assert not device.measures_contact
        await box.stop_tested()
        assert (await box.channel(1)).outcome == "not_measured"
    assert box.outputs == []


async def test_nobody_on_the_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(self_test, "DEVICE_WITHIN_S", 3.0)
    link = GuardLink.start_child(str(tmp_path / "none"), "p24", simulated=True)
    test = SelfTest(link, SystemClock(), AlwaysAlive())
    test.begin()
    device = await test.identify()
    await link.close()
    assert not device.present
    assert "is not there" in device.sentence
