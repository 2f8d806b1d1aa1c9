"""What every driver has to do, whichever device it drives: the answers that count, the latch, the stop path.

A new device joins by one line in KITS. Each driver works against its own virtual device, over a pty.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import pytest

from drivers import limits
from drivers.framed_driver import FramedDriver
from drivers.hasomed import FILLER, FrameScanner
from drivers.p24 import codec as p24
from drivers.registry import DRIVERS
from drivers.rehastim2 import codec as rehastim2
from drivers.stimulator import (
    DeviceStopped,
    NoAnswer,
    Preempted,
    Refused,
    Running,
    StimulatorError,
    Targets,
    Unplugged,
)
from drivers.virtual.process import virtual_device
from tests.drivers.device_bench import Clock, DeviceOnPty, fill, targets
from tests.drivers.guard_bench import in_virtual_time, virtual_time
from tests.drivers.p24_bench import p24_on_bench, ready_p24
from tests.drivers.rehastim2_bench import greeted_rehastim2, ready_rehastim2

Driver = FramedDriver[Any, Any]
Bench = AbstractAsyncContextManager[tuple[Driver, DeviceOnPty]]


@dataclass(frozen=True)
class Kit:
    """A device's words for what every device has."""

    on_bench: Callable[..., Bench]
    """Connected, nothing asked yet."""
    initialised: Callable[..., Bench]
    update: str
    stop: str
    status: str
    error: bytes
    """A fault that the device reports unasked."""
    busy_tries: int
    """How many of its tries a stop needs when the device is busy for four commands."""

    @asynccontextmanager
    async def ready(
        self, age_clock: Callable[[], float] | None = None, **device: Any
    ) -> AsyncIterator[tuple[Driver, DeviceOnPty]]:
        """At work, at zero; the device's events begin after that."""
        async with self.initialised(age_clock, **device) as (driver, bench):
            await driver.apply(targets(0))
            bench.events.clear()
            bench.read.clear()
            yield driver, bench


KITS = {
    "p24": Kit(
        p24_on_bench,
        ready_p24,
        update="Ml_update",
        stop="Ml_stop",
        status="Get_stim_status",
        error=p24.answer_frame(p24.GeneralError(8), 0),
        busy_tries=3,
    ),
    "rehastim2": Kit(
        greeted_rehastim2,
        ready_rehastim2,
        update="StartChannelListMode",
        stop="StopChannelListMode",
        status="GetStimulationMode",
        error=rehastim2.answer_frame(rehastim2.StimulationError(rehastim2.ERROR_MODULE), 0),
        busy_tries=3,
    ),
}


@pytest.fixture(params=sorted(KITS))
def kit(request: pytest.FixtureRequest) -> Kit:
    return KITS[request.param]


@pytest.fixture
def short_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SILENCE_S", 0.02)


def frames_in(driver: Driver, data: bytes) -> int:
    """How many good frames there are in what a host sent."""
    return len(FrameScanner(driver.layout).feed(bytes(data)))


def steps(driver: Driver, count: int) -> Targets:
    """Channel 1 at so many of the hardware's own steps."""
    return targets(count * driver.capabilities.step_half_mA)


def test_every_driver_keeps_this_contract() -> None:
    assert set(KITS) == set(DRIVERS)


@pytest.mark.parametrize("kind", sorted(DRIVERS))
def test_every_driver_has_what_the_house_needs_of_it(kind: str) -> None:
    driver = getattr(import_module(DRIVERS[kind].module), DRIVERS[kind].class_name)
    assert driver.kind == kind
    for constants in (
        limits.STEP_HALF_MA,
        limits.MAX_RAISE_HALF_MA,
        limits.READ_STATE_EVERY_S,
        limits.READING_MAX_AGE_S,
    ):
        assert kind in constants
    can = driver.capabilities
    assert can.step_half_mA == limits.STEP_HALF_MA[kind] <= limits.MAX_RAISE_HALF_MA[kind]
    # The state is read often enough to keep the device alive, and a reading is too old before it lapses.
    assert limits.READ_STATE_EVERY_S[kind] < limits.READING_MAX_AGE_S[kind] < can.watchdog_s
    assert can.watchdog_s < limits.SILENCE_S
    assert can.min_pulse_width_us <= limits.PULSE_WIDTH_US[0]
    assert can.max_pulse_width_us >= limits.PULSE_WIDTH_US[1]
    assert virtual_device(kind)(0.0).layout == driver.layout


# ── what may be applied ─────────────────────────────────────────────────────────────────────────


@in_virtual_time
async def test_nothing_is_applied_before_initialise_or_after_a_stop(kit: Kit) -> None:
    async with kit.on_bench() as (driver, bench):
        with pytest.raises(Refused):
            await driver.initialise()
        await driver.identify()
        with pytest.raises(Refused):
            await driver.apply(targets(8))
        await driver.initialise()
        assert (await driver.check()).running is Running.READY
        await driver.apply(targets(8))
        assert (await driver.check()).running is Running.RUNNING
        await driver.stop()
        assert (await driver.check()).running is Running.OFF
        with pytest.raises(Refused):
            await driver.apply(targets(8))
        await driver.initialise()
        await driver.apply(targets(0))
        assert bench.names().count(kit.update) == 2


@in_virtual_time
async def test_a_stop_that_comes_with_the_last_answer_of_a_start_is_not_forgotten(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with kit.on_bench() as (driver, bench):
        await driver.identify()
        switch_on = driver._switch_on

        async def stopped_in_the_same_instant() -> None:
            await switch_on()
            driver.stop_now()

        monkeypatch.setattr(driver, "_switch_on", stopped_in_the_same_instant)
        with pytest.raises(Preempted):
            await driver.initialise()
        assert (await driver.stop()).confirmed
        with pytest.raises(Refused):
            await driver.apply(targets(8))
        assert kit.update not in bench.names()


@in_virtual_time
async def test_a_channel_above_zero_may_not_be_left_out(kit: Kit) -> None:
    async with kit.ready() as (driver, bench):
        await driver.apply(targets(8, 8))
        updates = bench.names().count(kit.update)
        with pytest.raises(Refused):
            await driver.apply(targets(8))
        assert bench.names().count(kit.update) == updates
        await driver.apply(targets(8, 0))
        await driver.apply(targets(8))


# ── answers ─────────────────────────────────────────────────────────────────────────────────────


@in_virtual_time
async def test_a_late_answer_is_not_taken_for_the_next_one(kit: Kit) -> None:
    async with kit.ready() as (driver, bench):
        bench.device.latency_s = 0.13
        began_s = virtual_time().now_s
        with pytest.raises(NoAnswer):
            await driver.apply(targets(8))
        assert virtual_time().now_s - began_s >= limits.ACK_S
        bench.device.latency_s = 0.09
        began_s = virtual_time().now_s
        await driver.apply(targets(12))
        assert virtual_time().now_s - began_s >= 0.09  # the first one's answer came after 0.03 s


@in_virtual_time
async def test_a_simulators_answer_that_was_held_up_is_waited_for_longer_than_a_devices(kit: Kit) -> None:
    async with kit.ready() as (driver, bench):
        driver.late_s = limits.SIMULATOR_LATE_S
        bench.device.latency_s = limits.ACK_S + limits.SIMULATOR_LATE_S - 0.01
        await driver.apply(targets(8))
        assert (await driver.check()).running is Running.RUNNING
        bench.device.latency_s = limits.ACK_STAGE_SWITCH_S + limits.SIMULATOR_LATE_S + 0.01
        with pytest.raises(NoAnswer):
            await driver.check()


@in_virtual_time
async def test_a_stop_of_a_simulator_waits_no_longer_than_that_of_a_device(kit: Kit) -> None:
    took_s = []
    for late_s in (0.0, limits.SIMULATOR_LATE_S):
        async with kit.ready() as (driver, bench):
            driver.late_s = late_s
            bench.device._deaf_until_s = virtual_time().now_s + 60
            began_s = virtual_time().now_s
            assert not (await driver.stop()).confirmed
            took_s.append(round(virtual_time().now_s - began_s, 2))
    assert took_s[0] == took_s[1]


@pytest.mark.parametrize("fault", ["duplicate_ack", "stale_ack", "garbage:40", "garbage:1"])
@in_virtual_time
async def test_noise_around_an_answer_does_not_matter(kit: Kit, fault: str) -> None:
    async with kit.ready() as (driver, bench):
        for count in range(1, 5):
            bench.fault(fault)
            await driver.apply(steps(driver, count))
            await driver.check()
        step_mA = driver.capabilities.step_half_mA / 2
        assert [channels[0]["current_mA"] / step_mA for channels in bench.outputs()] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "fault", ["ack_lost", "byte_lost", "flipped", "truncated", "byte_lost:in", "truncated:in"]
)
@in_virtual_time
async def test_a_damaged_exchange_ends_in_no_answer_and_the_next_one_works(kit: Kit, fault: str) -> None:
    async with kit.ready(seed=3) as (driver, bench):
        bench.fault(fault)
        with pytest.raises(NoAnswer) as error:
            await driver.apply(targets(8))
        assert error.value.sentence == "The stimulator does not answer."
        await driver.apply(targets(8))
        assert (await driver.check()).running is Running.RUNNING


@in_virtual_time
async def test_any_bytes_from_the_device_are_survived(kit: Kit) -> None:
    async with kit.ready() as (driver, bench):
        for seed in range(20):
            bench.fault(f"garbage:{50 + 37 * seed}")
        await driver.apply(targets(8))
        await driver.check()


# ── what the device reports ─────────────────────────────────────────────────────────────────────


@in_virtual_time
async def test_an_error_that_nobody_asked_for_latches_at_once(kit: Kit) -> None:
    async with kit.ready() as (driver, bench):
        heard: list[StimulatorError] = []
        driver.on_trouble = heard.append
        await driver.apply(targets(8))
        bench.fault("mute")
        in_flight = asyncio.create_task(driver.apply(targets(12)))
        await bench.until(lambda: bench.names().count(kit.update) == 2)
        bench.send(kit.error)
        with pytest.raises(DeviceStopped) as stopped:
            await in_flight
        assert heard == [stopped.value]
        assert stopped.value.sentence
        for again in (driver.apply(targets(8)), driver.check(), driver.apply(targets(0))):
            with pytest.raises(DeviceStopped) as same:
                await again
            assert same.value is stopped.value
        assert bench.names().count(kit.update) == 2


@in_virtual_time
async def test_a_new_start_clears_the_latch(kit: Kit) -> None:
    async with kit.ready() as (driver, bench):
        await driver.apply(targets(8))
        bench.fault("busy")
        with pytest.raises(DeviceStopped) as stopped:
            await driver.apply(targets(12))
        assert stopped.value.fault == "result"
        assert (await driver.stop()).confirmed
        await driver.initialise()
        await driver.apply(targets(8))
        assert (await driver.check()).running is Running.RUNNING


# ── stale ───────────────────────────────────────────────────────────────────────────────────────


def past_age_s(driver: Driver) -> float:
    """Just more than a reading may be old."""
    return limits.READING_MAX_AGE_S[driver.kind] + 0.001


@pytest.mark.parametrize("first", ["check", "apply"])
@in_virtual_time
async def test_without_a_good_reading_in_time_nothing_more_is_sent_above_zero(kit: Kit, first: str) -> None:
    clock = Clock()
    async with kit.ready(clock) as (driver, bench):
        await driver.apply(targets(8))
        clock.now_s += past_age_s(driver) - 0.001
        await driver.check()
        clock.now_s += past_age_s(driver)
        frames = len(bench.names())
        for attempt in range(3):
            with pytest.raises(DeviceStopped) as stopped:
                await (driver.check() if (first == "check") == (attempt == 0) else driver.apply(targets(0)))
            assert stopped.value.fault == "stale"
        assert len(bench.names()) == frames
        assert (await driver.stop()).confirmed


@in_virtual_time
async def test_a_reading_is_as_old_as_its_question(kit: Kit) -> None:
    clock = Clock()
    async with kit.ready(clock) as (driver, bench):
        await driver.apply(targets(8))
        bench.device.latency_s = 0.02
        checked = asyncio.create_task(driver.check())
        await bench.until(lambda: kit.status in bench.names())
        clock.now_s += past_age_s(driver)  # suspended while the answer lay in the port
        await checked
        with pytest.raises(DeviceStopped) as stopped:
            await driver.apply(targets(8))
        assert stopped.value.fault == "stale"


@in_virtual_time
async def test_a_zero_that_was_not_acknowledged_is_not_taken_for_one(kit: Kit) -> None:
    clock = Clock()
    async with kit.ready(clock) as (driver, bench):
        await driver.apply(targets(8))
        bench.fault("truncated:in")
        with pytest.raises(NoAnswer):
            await driver.apply(targets(0))
        clock.now_s += past_age_s(driver)
        with pytest.raises(DeviceStopped):
            await driver.check()


@in_virtual_time
async def test_an_update_is_no_reading(kit: Kit) -> None:
    clock = Clock()
    async with kit.ready(clock) as (driver, _bench):
        await driver.apply(targets(8))
        clock.now_s += past_age_s(driver) - 0.1
        await driver.apply(targets(12))
        clock.now_s += 0.1
        with pytest.raises(DeviceStopped):
            await driver.apply(targets(16))


@in_virtual_time
async def test_at_zero_nothing_grows_stale(kit: Kit) -> None:
    clock = Clock()
    async with kit.ready(clock) as (driver, _bench):
        clock.now_s += 100
        await driver.apply(targets(0))
        clock.now_s += 100
        await driver.apply(targets(8))
        await driver.check()


@in_virtual_time
async def test_a_process_that_was_suspended_in_mid_write_stops_what_it_may_have_started(kit: Kit) -> None:
    clock = Clock()
    async with kit.ready(clock) as (driver, bench):
        await driver.apply(targets(8))
        write = driver._link.write

        def suspended_write(frame: bytes) -> None:
            clock.now_s += 30
            write(frame)

        driver._link.write = suspended_write
        with pytest.raises(DeviceStopped) as stopped:
            await driver.apply(targets(12))
        assert stopped.value.fault == "stale"
        driver._link.write = write
        await bench.until(lambda: kit.stop in bench.names())
        assert bench.names()[-2:] == [kit.update, kit.stop]
        assert (await driver.stop()).confirmed


# ── stop ────────────────────────────────────────────────────────────────────────────────────────


@in_virtual_time
async def test_a_stop_is_believed_when_the_device_says_so(kit: Kit) -> None:
    async with kit.ready() as (driver, bench):
        await driver.apply(targets(8))
        before_s = virtual_time().now_s
        outcome = await driver.stop()
        assert (outcome.confirmed, outcome.tries) == (True, 1)
        assert outcome.confirmed_at_s is not None
        assert before_s <= outcome.confirmed_at_s <= virtual_time().now_s
        assert bench.names() == [kit.update, kit.stop, kit.status]
        assert bench.outputs()[-1] == []


@in_virtual_time
async def test_the_stop_frame_leaves_in_the_callers_own_stack(kit: Kit) -> None:
    async with kit.ready() as (driver, bench):
        await driver.apply(targets(8))
        bench.freeze()
        driver.stop_now()
        # Nothing was awaited: whatever is there was written synchronously.
        written = os.read(bench.master, 4096)
        assert frames_in(driver, written) == 1
        bench.device.receive(written, virtual_time().now_s)
        bench.events += bench.device.take_events()
        assert bench.names()[-1] == kit.stop
        driver.stop_now()
        with pytest.raises(BlockingIOError):
            os.read(bench.master, 4096)


@in_virtual_time
async def test_stop_goes_on_where_stop_now_began(kit: Kit) -> None:
    async with kit.ready() as (driver, bench):
        await driver.apply(targets(8))
        driver.stop_now()
        assert (await driver.stop()).tries == 1
        assert bench.names().count(kit.stop) == 1


@in_virtual_time
async def test_a_stop_does_not_wait_for_the_command_in_flight(kit: Kit) -> None:
    async with kit.ready() as (driver, bench):
        bench.fault("mute:1")
        applied = asyncio.create_task(driver.apply(targets(8)))
        queued = [asyncio.create_task(driver.apply(targets(20))), asyncio.create_task(driver.check())]
        await bench.until(lambda: kit.update in bench.names())
        began_s = virtual_time().now_s
        outcome = await driver.stop()
        assert virtual_time().now_s - began_s < limits.ACK_S / 10
        for preempted in (applied, *queued):
            with pytest.raises((Preempted, Refused)):
                await preempted
        assert outcome.confirmed
        assert bench.names()[:3] == [kit.update, kit.stop, kit.status]
        assert bench.names().count(kit.update) == 1


@in_virtual_time
async def test_overlapping_stops_share_one_run(kit: Kit) -> None:
    async with kit.ready() as (driver, bench):
        outcomes = await asyncio.gather(*(driver.stop() for _ in range(5)))
        assert len(set(outcomes)) == 1
        assert bench.names().count(kit.stop) == 1
        assert (await driver.stop()).confirmed


@in_virtual_time
async def test_a_caller_that_gives_up_does_not_end_the_stop(kit: Kit) -> None:
    async with kit.ready() as (driver, bench):
        bench.fault("stop_ignored:1")
        impatient = asyncio.create_task(driver.stop())
        await bench.until(lambda: kit.stop in bench.names())
        impatient.cancel()
        assert (await driver.stop()).confirmed


@pytest.mark.parametrize(
    ("fault", "tries"), [("stop_ignored:1", 2), ("stop_ignored:2", 3), ("ack_lost:1", 1)]
)
@in_virtual_time
async def test_a_lost_stop_is_tried_again(kit: Kit, fault: str, tries: int) -> None:
    async with kit.ready() as (driver, bench):
        await driver.apply(targets(8))
        bench.fault(fault)
        outcome = await driver.stop()
        assert (outcome.confirmed, outcome.tries) == (True, tries)
        assert bench.outputs()[-1] == []


@in_virtual_time
async def test_only_a_second_try_voids_what_may_be_stuck_in_the_device(kit: Kit) -> None:
    async with kit.ready() as (driver, bench):
        await driver.apply(targets(8))
        bench.read.clear()
        bench.fault("stop_ignored:1")
        assert (await driver.stop()).tries == 2
        filler = FILLER * driver.layout.longest_frame
        assert bench.read.count(filler) == 1
        first, _, second = bytes(bench.read).rpartition(filler)
        assert (frames_in(driver, first), frames_in(driver, second)) == (2, 2)
        assert bench.names()[-4:] == [kit.stop, kit.status] * 2


@in_virtual_time
async def test_a_stop_gets_through_a_full_port(kit: Kit) -> None:
    async with kit.ready() as (driver, bench):
        await driver.apply(targets(8))
        bench.freeze()
        fill(driver._link._fd)
        applied = asyncio.create_task(driver.apply(targets(20)))
        await asyncio.sleep(0)
        assert driver._link.unsent > 0
        driver.stop_now()
        bench.thaw()
        assert (await driver.stop()).confirmed
        with pytest.raises(Preempted):
            await applied
        assert [output[0]["current_mA"] for output in bench.outputs() if output] == [4.0]
        assert bench.outputs()[-1] == []


@pytest.mark.parametrize("written", [1, 5, 9])
@in_virtual_time
async def test_a_stop_while_a_frame_of_ours_is_half_written(
    kit: Kit, written: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The device's parser has the begin of an update when the stop comes: the stop is read all the same."""
    async with kit.ready() as (driver, bench):
        await driver.apply(targets(8))
        port, write, room = driver._link._fd, os.write, [written]

        def nearly_full(fd: int, data: bytes) -> int:
            if fd != port or room == [-1]:
                return write(fd, data)
            if not room[0]:
                raise BlockingIOError
            taken = write(fd, data[: room[0]])
            room[0] -= taken
            return taken

        monkeypatch.setattr(os, "write", nearly_full)
        applied = asyncio.create_task(driver.apply(targets(20)))
        await asyncio.sleep(0)
        assert driver._link.half_written > 0
        room[0] = -1
        driver.stop_now()
        assert (await driver.stop()).confirmed
        with pytest.raises(Preempted):
            await applied
        assert bench.outputs()[-1] == []
        assert bench.names().count(kit.stop) == 1


@in_virtual_time
async def test_a_busy_device_gets_time_between_the_tries(kit: Kit) -> None:
    async with kit.ready() as (driver, bench):
        await driver.apply(targets(8))
        bench.fault("busy:4")
        began_s = virtual_time().now_s
        outcome = await driver.stop()
        assert (outcome.confirmed, outcome.tries) == (True, kit.busy_tries)
        assert virtual_time().now_s - began_s >= 2 * limits.ACK_S


@in_virtual_time
async def test_after_an_unconfirmed_stop_not_one_byte_leaves_for_three_seconds(kit: Kit) -> None:
    async with kit.ready() as (driver, bench):
        await driver.apply(targets(8))
        bench.fault("mute")
        bench.fault("stop_ignored")
        began_s = virtual_time().now_s
        stopping = asyncio.create_task(driver.stop())
        await bench.until(lambda: bench.names().count(kit.status) == 3)
        assert bench.names().count(kit.stop) == 3
        await asyncio.sleep(limits.ACK_S + 0.05)
        so_far = len(bench.read)
        for unwelcome in (driver.apply(targets(8)), driver.check(), driver.identify(), driver.initialise()):
            with pytest.raises((Preempted, Refused)):
                await unwelcome
        driver.stop_now()
        with pytest.raises(RuntimeError):
            driver._link.write(b"\x00")
        driver._link.preempt(b"\x00")
        late = asyncio.create_task(driver.stop())
        outcome = await stopping
        assert len(bench.read) == so_far
        assert await late == outcome
        assert (outcome.confirmed, outcome.tries, outcome.confirmed_at_s) == (False, 3, None)
        assert limits.SILENCE_S < virtual_time().now_s - began_s < limits.SILENCE_S + 3 * 0.35 + 1.5
        # The silence let the device's own time-out end it.
        assert any(event["event"] == "timeout" for event in bench.events)
        assert bench.outputs()[-1] == []


@in_virtual_time
async def test_after_the_silence_a_stop_can_be_tried_anew(kit: Kit, short_silence: None) -> None:
    async with kit.ready() as (driver, bench):
        await driver.apply(targets(8))
        bench.fault("mute:6")
        assert not (await driver.stop()).confirmed
        with pytest.raises(Refused):
            await driver.apply(targets(8))
        assert (await driver.stop()).confirmed


@in_virtual_time
async def test_a_stop_works_before_anything_else_was_said(kit: Kit) -> None:
    async with kit.on_bench() as (driver, bench):
        assert (await driver.stop()).confirmed
        assert bench.names()[-2:] == [kit.stop, kit.status]


@in_virtual_time
async def test_an_error_report_does_not_disturb_a_stop(kit: Kit) -> None:
    async with kit.ready() as (driver, bench):
        await driver.apply(targets(8))
        heard: list[StimulatorError] = []
        driver.on_trouble = heard.append
        driver.stop_now()
        bench.send(kit.error)
        assert (await driver.stop()).tries == 1
        assert heard == []


# ── the cable ───────────────────────────────────────────────────────────────────────────────────


@in_virtual_time
async def test_an_unplugged_cable_is_noticed_at_once(kit: Kit) -> None:
    async with kit.ready() as (driver, bench):
        lost = asyncio.Event()
        heard: list[StimulatorError] = []

        def trouble(error: StimulatorError) -> None:
            heard.append(error)
            lost.set()

        driver.on_trouble = trouble
        await driver.apply(targets(8))
        bench.fault("mute")
        in_flight = asyncio.create_task(driver.apply(targets(12)))
        await bench.until(lambda: bench.names().count(kit.update) == 2)
        bench.fault("unplug")
        await lost.wait()
        # Not by the answer that does not come: that would be another error, and later.
        with pytest.raises(Unplugged):
            await in_flight
        assert [type(error) for error in heard] == [Unplugged]
        outcome = await driver.stop()
        assert (outcome.confirmed, outcome.how) == (False, "unplugged")
        for refused in (driver.apply(targets(1)), driver.check(), driver.identify()):
            with pytest.raises(Unplugged):
                await refused


@in_virtual_time
async def test_unplugged_during_a_stop(kit: Kit) -> None:
    async with kit.ready() as (driver, bench):
        bench.fault("mute")
        stopping = asyncio.create_task(driver.stop())
        await bench.until(lambda: kit.stop in bench.names())
        bench.fault("unplug")
        assert (await stopping).how == "unplugged"


@in_virtual_time
async def test_a_closed_driver_says_so_and_can_be_closed_twice(kit: Kit) -> None:
    async with kit.ready() as (driver, _bench):
        await driver.close()
        await driver.close()
        with pytest.raises(Unplugged):
            await driver.check()
        assert (await driver.stop()).confirmed is False
