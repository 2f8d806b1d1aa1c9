"""The P24's driver against the virtual P24, over a pty that pyserial opened."""

from __future__ import annotations

import asyncio
import os
import time
from fractions import Fraction

import pytest

from drivers import limits
from drivers.hasomed import FrameScanner
from drivers.p24 import codec
from drivers.p24.codec import (
    Ack,
    ChannelUpdate,
    GeneralError,
    GetStimStatus,
    LlInit,
    MlInit,
    MlStop,
    MlUpdate,
    Packet,
    Period,
    StimStatusAck,
    UnknownCommand,
    Version,
    answer_frame,
    biphasic_pulse,
    command_frame,
    parse_command,
)
from drivers.stimulator import (
    DeviceStopped,
    NoAnswer,
    Preempted,
    Refused,
    Running,
    Unplugged,
    WrongDevice,
)
from tests.drivers.device_bench import Clock, DeviceOnPty, fill, targets
from tests.drivers.p24_bench import p24_on_bench, ready_p24


def commands_in(data: bytes) -> list[codec.Command]:
    return [
        parse_command(Packet.from_body(body)) for body in FrameScanner(codec.SCIENCE_MODE_4).feed(bytes(data))
    ]


@pytest.fixture
def short_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SILENCE_S", 0.02)


# ── start-up ────────────────────────────────────────────────────────────────────────────────────


async def test_start_up_follows_the_card() -> None:
    async with p24_on_bench() as (driver, bench):
        identity = await driver.identify()
        assert bench.names() == ["Get_stim_status", "Get_device_id", "Get_extended_version"]
        assert (identity.kind, identity.device_id, identity.protocol) == ("p24", "SIMP240001", "4.0.0")
        assert identity.simulated
        assert identity.firmware_tested
        bench.read.clear()
        await driver.initialise()
        assert commands_in(bench.read)[0] == MlInit(stop_all_on_error=True)
        assert (await driver.check()).running is Running.READY


async def test_a_level_that_somebody_left_on_is_stopped_first() -> None:
    for left_on, stop in ((MlInit(stop_all_on_error=False), "Ml_stop"), (LlInit(), "Ll_stop")):
        async with p24_on_bench() as (driver, bench):
            bench.device.receive(command_frame(left_on, 1), time.monotonic())
            if isinstance(left_on, MlInit):
                update = MlUpdate((ChannelUpdate(1, Period(60, False), biphasic_pulse(20, 300)),))
                bench.device.receive(command_frame(update, 2), time.monotonic())
            bench.device.take_outgoing()
            bench.device.take_events()
            await driver.identify()
            assert bench.names()[:3] == ["Get_stim_status", stop, "Get_stim_status"]
            assert (await driver.check()).running is Running.OFF


async def test_another_major_version_of_the_protocol_is_refused() -> None:
    version = Version((1, 0, 0), (5, 0, 0), 0, 0, hash_valid=False)
    async with p24_on_bench(version=version) as (driver, _bench):
        with pytest.raises(WrongDevice) as refused:
            await driver.identify()
        assert "5.0.0" in str(refused.value)
        with pytest.raises(Refused):
            await driver.initialise()


async def test_untested_firmware_is_said() -> None:
    version = Version((9, 9, 9), (4, 1, 0), 0, 0, hash_valid=True)
    async with p24_on_bench(version=version) as (driver, _bench):
        assert not (await driver.identify()).firmware_tested


async def test_nobody_answers() -> None:
    async with p24_on_bench() as (driver, bench):
        bench.freeze()
        with pytest.raises(NoAnswer):
            await driver.identify()


async def test_half_a_frame_that_a_predecessor_left_does_not_swallow_ours() -> None:
    class WaitsForTheLength(FrameScanner):
        """A parser that trusts a length as soon as it has read one."""

        def feed(self, data: bytes) -> list[bytes]:
            self._buffer += data
            if len(self._buffer) < 5:
                return []
            length = (self._buffer[2] ^ 0x55) << 8 | self._buffer[4] ^ 0x55
            if len(self._buffer) < length:
                return []
            data, self._buffer = self._buffer, b""
            return super().feed(data)

    async with p24_on_bench() as (driver, bench):
        bench.device._scanner = WaitsForTheLength(codec.SCIENCE_MODE_4)
        half = command_frame(
            MlUpdate(
                tuple(ChannelUpdate(n, Period(60, False), biphasic_pulse(20, 300)) for n in range(1, 9))
            ),
            1,
        )[:40]
        bench.device.receive(half, time.monotonic())
        assert (await driver.identify()).device_id == "SIMP240001"


# ── apply ───────────────────────────────────────────────────────────────────────────────────────


async def test_every_target_is_listed_balanced_and_without_ramp() -> None:
    async with ready_p24() as (driver, bench):
        await driver.apply(targets(24, 0, 7))
        (update,) = commands_in(bench.read)
        assert isinstance(update, MlUpdate)
        assert [(c.channel, c.points, c.ramp) for c in update.channels] == [
            (1, biphasic_pulse(24, 300), 0),
            (2, biphasic_pulse(0, 300), 0),
            (3, biphasic_pulse(7, 300), 0),
        ]
        (output,) = bench.outputs()
        assert [(c["channel"], c["current_mA"], c["net_charge_nC"]) for c in output] == [
            (1, 12.0, 0),
            (3, 3.5, 0),
        ]
        assert output[0]["frequency_Hz"] == pytest.approx(30.075, abs=0.001)
        assert (await driver.check()).running is Running.RUNNING


@pytest.mark.parametrize(
    "impossible",
    [
        targets(261),
        targets(-1),
        targets(10, pulse_width_us=4096),
        targets(10, pulse_width_us=9),
        targets(10, frequency_Hz=Fraction(1, 20)),
        targets(*[10] * 9),
        targets(*[10] * 8, pulse_width_us=500, frequency_Hz=Fraction(125)),
        targets(10)[:1] + targets(10)[:1],
    ],
)
async def test_what_the_device_cannot_do_is_refused_before_a_byte_is_sent(impossible) -> None:
    async with ready_p24() as (driver, bench):
        assert driver.refusal(impossible) is not None
        with pytest.raises(Refused):
            await driver.apply(impossible)
        await driver.check()
        assert "Ml_update" not in bench.names()


async def test_the_duty_rule_is_the_devices_own() -> None:
    # (Σ t + 60) of 8 channels in 8 ms: 939 µs a channel still fit, 940 µs do not.
    async with ready_p24() as (driver, bench):
        for width_us, fits in ((419, True), (420, False)):
            eight = targets(*[1] * 8, pulse_width_us=width_us, frequency_Hz=Fraction(125))
            assert (driver.refusal(eight) is None) == fits
        await driver.apply(targets(*[1] * 8, pulse_width_us=419, frequency_Hz=Fraction(125)))
        assert len(bench.outputs()[-1]) == 8


async def test_nothing_is_applied_before_initialise_or_after_a_stop() -> None:
    async with p24_on_bench() as (driver, bench):
        await driver.identify()
        with pytest.raises(Refused):
            await driver.apply(targets(10))
        await driver.initialise()
        await driver.apply(targets(10))
        await driver.stop()
        with pytest.raises(Refused):
            await driver.apply(targets(10))
        await driver.initialise()
        await driver.apply(targets(0))
        assert bench.names().count("Ml_update") == 2


async def test_a_stop_that_comes_with_the_last_answer_of_a_start_is_not_forgotten(monkeypatch) -> None:
    async with p24_on_bench() as (driver, bench):
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
            await driver.apply(targets(10))
        assert "Ml_update" not in bench.names()


async def test_a_channel_above_zero_may_not_be_left_out() -> None:
    async with ready_p24() as (driver, bench):
        await driver.apply(targets(10, 10))
        with pytest.raises(Refused):
            await driver.apply(targets(10))
        assert bench.names() == ["Ml_update"]
        await driver.apply(targets(10, 0))
        await driver.apply(targets(10))


# ── answers ─────────────────────────────────────────────────────────────────────────────────────


async def test_an_answer_counts_only_with_its_own_number_and_command() -> None:
    async with ready_p24() as (driver, bench):
        bench.fault("mute")
        applied = asyncio.create_task(driver.apply(targets(10)))
        await bench.until(lambda: "Ml_update" in bench.names())
        number = Packet.from_body(FrameScanner(codec.SCIENCE_MODE_4).feed(bytes(bench.read))[-1]).number
        for wrong in (
            answer_frame(Ack(33, 0), (number - 1) % 64),
            answer_frame(Ack(33, 0), (number + 1) % 64),
            answer_frame(Ack(35, 0), number),
            answer_frame(Ack(31, 0), number),
            answer_frame(StimStatusAck(0, 3, 6), number),
            command_frame(MlStop(), number),
            b"\xf0\x0f\x81\x55 some noise",
        ):
            bench.send(wrong)
        await asyncio.sleep(0)
        await asyncio.sleep(0.01)
        assert not applied.done()
        bench.send(answer_frame(Ack(33, 0), number))
        await applied


async def test_a_late_answer_is_not_taken_for_the_next_one() -> None:
    async with ready_p24() as (driver, bench):
        bench.device.latency_s = 0.13
        began_s = time.monotonic()
        with pytest.raises(NoAnswer):
            await driver.apply(targets(10))
        assert time.monotonic() - began_s >= limits.ACK_S
        bench.device.latency_s = 0.09
        began_s = time.monotonic()
        await driver.apply(targets(12))
        assert time.monotonic() - began_s >= 0.09  # the first one's answer came after 0.03 s


@pytest.mark.parametrize("fault", ["duplicate_ack", "stale_ack", "garbage:40", "garbage:1"])
async def test_noise_around_an_answer_does_not_matter(fault) -> None:
    async with ready_p24() as (driver, bench):
        for half_mA in range(5):
            bench.fault(fault)
            await driver.apply(targets(half_mA))
            await driver.check()
        assert [channels[0]["current_mA"] for channels in bench.outputs()[1:]] == [0.5, 1.0, 1.5, 2.0]


@pytest.mark.parametrize(
    "fault", ["ack_lost", "byte_lost", "flipped", "truncated", "byte_lost:in", "truncated:in"]
)
async def test_a_damaged_exchange_ends_in_no_answer_and_the_next_one_works(fault) -> None:
    async with ready_p24(seed=3) as (driver, bench):
        bench.fault(fault)
        with pytest.raises(NoAnswer) as error:
            await driver.apply(targets(10))
        assert error.value.sentence == "The stimulator does not answer."
        await driver.apply(targets(10))
        assert (await driver.check()).running is Running.RUNNING


async def test_any_bytes_from_the_device_are_survived() -> None:
    async with ready_p24() as (driver, bench):
        for seed in range(20):
            bench.fault(f"garbage:{50 + 37 * seed}")
        await driver.apply(targets(10))
        # Frames that are whole but say nonsense.
        for code in (33, 35, 37, 53, 63, 69, 500):
            bench.send(Packet(1, code, b"").to_frame())
            bench.send(Packet(1, code, b"\x00\x01").to_frame())
        await driver.check()


# ── what the device reports ─────────────────────────────────────────────────────────────────────


async def latched_after(driver, bench, fault: str) -> DeviceStopped:
    """The fault that `check` raises, after which nothing is applied until a new start."""
    with pytest.raises(DeviceStopped) as stopped:
        await driver.check()
    updates = bench.names().count("Ml_update")
    for again in (driver.apply(targets(2)), driver.check(), driver.apply(targets(0))):
        with pytest.raises(DeviceStopped) as same:
            await again
        assert same.value is stopped.value
    assert bench.names().count("Ml_update") == updates
    assert stopped.value.fault == fault
    assert stopped.value.sentence
    return stopped.value


async def test_an_open_pad_is_named_latched_and_cleared_only_by_a_new_start() -> None:
    async with ready_p24() as (driver, bench):
        bench.fault("pad_off:2")
        await driver.apply(targets(10, 30))
        await bench.until(lambda: any(event["event"] == "stop" for event in bench.events))
        error = await latched_after(driver, bench, "electrode")
        assert error.channel == 2
        assert (await driver.stop()).confirmed
        await driver.initialise()
        await driver.apply(targets(10, 10))
        assert (await driver.check()).running is Running.RUNNING


async def test_low_current_is_reported() -> None:
    async with ready_p24() as (driver, bench):
        bench.fault("gel_dry:1")
        await driver.apply(targets(120))
        await bench.until(lambda: any(event["event"] == "stop" for event in bench.events))
        assert (await latched_after(driver, bench, "low_current")).channel == 1


async def test_a_lapse_is_seen_and_not_undone() -> None:
    async with ready_p24(watchdog_s=0.1) as (driver, bench):
        await driver.apply(targets(10))
        await bench.until(lambda: any(event["event"] == "timeout" for event in bench.events))
        await latched_after(driver, bench, "lapsed")
        assert bench.outputs()[-1] == []


async def test_a_restart_is_seen() -> None:
    async with ready_p24() as (driver, bench):
        await driver.apply(targets(10))
        bench.fault("brown_out")
        bench.device._deaf_until_s = 0
        await latched_after(driver, bench, "restarted")


async def test_a_restart_at_zero_is_seen_too() -> None:
    async with ready_p24() as (driver, bench):
        await driver.apply(targets(0))
        bench.fault("brown_out")
        bench.device._deaf_until_s = 0
        with pytest.raises(DeviceStopped) as stopped:
            await driver.apply(targets(10))
        assert stopped.value.fault == "restarted"


async def test_a_result_other_than_ok_latches() -> None:
    async with ready_p24() as (driver, bench):
        await driver.apply(targets(10))
        bench.fault("busy")
        with pytest.raises(DeviceStopped) as stopped:
            await driver.apply(targets(12))
        assert (stopped.value.fault, "21" in str(stopped.value)) == ("result", True)
        with pytest.raises(DeviceStopped):
            await driver.apply(targets(12))
        assert bench.names().count("Ml_update") == 2


@pytest.mark.parametrize("report", [GeneralError(8), GeneralError(10), UnknownCommand()])
async def test_an_error_that_nobody_asked_for_latches_at_once(report) -> None:
    async with ready_p24() as (driver, bench):
        heard = []
        driver.on_trouble = heard.append
        await driver.apply(targets(10))
        bench.fault("mute")
        in_flight = asyncio.create_task(driver.apply(targets(12)))
        await bench.until(lambda: bench.names().count("Ml_update") == 2)
        bench.send(answer_frame(report, 0))
        with pytest.raises(DeviceStopped) as stopped:
            await in_flight
        assert heard == [stopped.value]
        with pytest.raises(DeviceStopped):
            await driver.apply(targets(10))
        assert bench.names().count("Ml_update") == 2


# ── stale ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("first", ["check", "apply"])
async def test_without_a_good_reading_in_time_nothing_more_is_sent_above_zero(first: str) -> None:
    clock = Clock()
    async with ready_p24(clock) as (driver, bench):
        await driver.apply(targets(10))
        clock.now_s += 0.5
        await driver.check()
        clock.now_s += 0.501
        frames = len(bench.names())
        for attempt in range(3):
            with pytest.raises(DeviceStopped) as stopped:
                await (driver.check() if (first == "check") == (attempt == 0) else driver.apply(targets(0)))
            assert stopped.value.fault == "stale"
        assert len(bench.names()) == frames
        assert (await driver.stop()).confirmed


async def test_a_reading_is_as_old_as_its_question() -> None:
    clock = Clock()
    async with ready_p24(clock) as (driver, bench):
        await driver.apply(targets(10))
        bench.device.latency_s = 0.02
        checked = asyncio.create_task(driver.check())
        await bench.until(lambda: "Get_stim_status" in bench.names())
        clock.now_s += 0.6  # suspended while the answer lay in the port
        await checked
        with pytest.raises(DeviceStopped) as stopped:
            await driver.apply(targets(10))
        assert stopped.value.fault == "stale"


async def test_a_zero_that_was_not_acknowledged_is_not_taken_for_one() -> None:
    clock = Clock()
    async with ready_p24(clock) as (driver, bench):
        await driver.apply(targets(10))
        bench.fault("truncated:in")
        with pytest.raises(NoAnswer):
            await driver.apply(targets(0))
        clock.now_s += 0.501
        with pytest.raises(DeviceStopped):
            await driver.check()


async def test_an_update_is_no_reading() -> None:
    clock = Clock()
    async with ready_p24(clock) as (driver, _bench):
        await driver.apply(targets(10))
        clock.now_s += 0.4
        await driver.apply(targets(11))
        clock.now_s += 0.101
        with pytest.raises(DeviceStopped):
            await driver.apply(targets(12))


async def test_at_zero_nothing_grows_stale() -> None:
    clock = Clock()
    async with ready_p24(clock) as (driver, _bench):
        clock.now_s += 100
        await driver.apply(targets(0))
        clock.now_s += 100
        await driver.apply(targets(10))
        await driver.check()


async def test_a_process_that_was_suspended_in_mid_write_stops_what_it_may_have_started() -> None:
    clock = Clock()
    async with ready_p24(clock) as (driver, bench):
        await driver.apply(targets(10))
        write = driver._link.write

        def suspended_write(frame: bytes) -> None:
            clock.now_s += 30
            write(frame)

        driver._link.write = suspended_write
        with pytest.raises(DeviceStopped) as stopped:
            await driver.apply(targets(12))
        assert stopped.value.fault == "stale"
        driver._link.write = write
        await bench.until(lambda: "Ml_stop" in bench.names())
        assert bench.names()[-2:] == ["Ml_update", "Ml_stop"]
        assert (await driver.stop()).confirmed


# ── stop ────────────────────────────────────────────────────────────────────────────────────────


async def test_a_stop_is_believed_when_the_device_says_so() -> None:
    async with ready_p24() as (driver, bench):
        await driver.apply(targets(10))
        before_s = time.monotonic()
        outcome = await driver.stop()
        assert (outcome.confirmed, outcome.tries, outcome.how) == (True, 1, "status 0, high voltage off")
        assert outcome.confirmed_at_s is not None
        assert before_s <= outcome.confirmed_at_s <= time.monotonic()
        assert bench.names() == ["Ml_update", "Ml_stop", "Get_stim_status"]
        assert bench.outputs()[-1] == []


async def test_the_stop_frame_leaves_in_the_callers_own_stack() -> None:
    async with ready_p24() as (driver, bench):
        bench.freeze()
        driver.stop_now()
        # Nothing was awaited: whatever is there was written synchronously.
        assert commands_in(os.read(bench.master, 4096)) == [MlStop()]
        driver.stop_now()
        with pytest.raises(BlockingIOError):
            os.read(bench.master, 4096)


async def test_stop_goes_on_where_stop_now_began() -> None:
    async with ready_p24() as (driver, bench):
        await driver.apply(targets(10))
        driver.stop_now()
        assert (await driver.stop()).tries == 1
        assert bench.names().count("Ml_stop") == 1


async def test_a_stop_does_not_wait_for_the_command_in_flight() -> None:
    async with ready_p24() as (driver, bench):
        bench.fault("mute:1")
        applied = asyncio.create_task(driver.apply(targets(10)))
        queued = [asyncio.create_task(driver.apply(targets(20))), asyncio.create_task(driver.check())]
        await bench.until(lambda: "Ml_update" in bench.names())
        began_s = time.monotonic()
        assert (await driver.stop()).confirmed
        assert time.monotonic() - began_s < limits.ACK_S
        for preempted in (applied, *queued):
            with pytest.raises((Preempted, Refused)):
                await preempted
        assert bench.names()[:3] == ["Ml_update", "Ml_stop", "Get_stim_status"]
        assert bench.names().count("Ml_update") == 1


async def test_overlapping_stops_share_one_run() -> None:
    async with ready_p24() as (driver, bench):
        outcomes = await asyncio.gather(*(driver.stop() for _ in range(5)))
        assert len(set(outcomes)) == 1
        assert bench.names().count("Ml_stop") == 1
        assert (await driver.stop()).confirmed


async def test_a_caller_that_gives_up_does_not_end_the_stop() -> None:
    async with ready_p24() as (driver, bench):
        bench.fault("stop_ignored:1")
        impatient = asyncio.create_task(driver.stop())
        await bench.until(lambda: "Ml_stop" in bench.names())
        impatient.cancel()
        assert (await driver.stop()).confirmed


@pytest.mark.parametrize(
    ("fault", "tries"), [("stop_ignored:1", 2), ("stop_ignored:2", 3), ("ack_lost:1", 1)]
)
async def test_a_lost_stop_is_tried_again(fault, tries) -> None:
    async with ready_p24() as (driver, bench):
        await driver.apply(targets(10))
        bench.fault(fault)
        outcome = await driver.stop()
        assert (outcome.confirmed, outcome.tries) == (True, tries)
        assert bench.outputs()[-1] == []


async def test_only_a_second_try_voids_what_may_be_stuck_in_the_device() -> None:
    async with ready_p24() as (driver, bench):
        bench.fault("stop_ignored:1")
        assert (await driver.stop()).tries == 2
        filler = b"\x0f" * codec.SCIENCE_MODE_4.longest_frame
        assert bench.read.count(filler) == 1
        first, _, second = bytes(bench.read).rpartition(filler)
        assert [type(command) for command in commands_in(first)] == [MlStop, GetStimStatus]
        assert [type(command) for command in commands_in(second)] == [MlStop, GetStimStatus]


async def test_a_stop_gets_through_a_full_port() -> None:
    async with ready_p24() as (driver, bench):
        await driver.apply(targets(10))
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
        assert [output[0]["current_mA"] for output in bench.outputs() if output] == [5.0]
        assert bench.outputs()[-1] == []


async def test_a_busy_device_gets_time_between_the_tries() -> None:
    async with ready_p24() as (driver, bench):
        await driver.apply(targets(10))
        bench.fault("busy:4")
        began_s = time.monotonic()
        outcome = await driver.stop()
        assert (outcome.confirmed, outcome.tries) == (True, 3)
        assert time.monotonic() - began_s >= 2 * limits.ACK_S


async def test_after_an_unconfirmed_stop_not_one_byte_leaves_for_three_seconds() -> None:
    async with ready_p24() as (driver, bench):
        await driver.apply(targets(10))
        bench.fault("mute")
        bench.fault("stop_ignored")
        began_s = time.monotonic()
        stopping = asyncio.create_task(driver.stop())
        await bench.until(lambda: bench.names().count("Get_stim_status") == 3)
        assert bench.names().count("Ml_stop") == 3
        await asyncio.sleep(limits.ACK_S + 0.05)
        so_far = len(bench.read)
        for unwelcome in (driver.apply(targets(10)), driver.check(), driver.identify(), driver.initialise()):
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
        assert limits.SILENCE_S < time.monotonic() - began_s < limits.SILENCE_S + 3 * 0.35 + 1.5
        # The silence let the device's own time-out end it.
        assert any(event["event"] == "timeout" for event in bench.events)
        assert bench.outputs()[-1] == []


async def test_after_the_silence_a_stop_can_be_tried_anew(short_silence) -> None:
    async with ready_p24() as (driver, bench):
        await driver.apply(targets(10))
        bench.fault("mute:6")
        assert not (await driver.stop()).confirmed
        with pytest.raises(Refused):
            await driver.apply(targets(10))
        assert (await driver.stop()).confirmed


async def test_status_zero_with_the_high_voltage_on_is_no_confirmation(short_silence, monkeypatch) -> None:
    async with ready_p24() as (driver, bench):
        monkeypatch.setattr(type(bench.device), "_high_voltage", lambda self: codec.HIGH_VOLTAGE_150_V)
        outcome = await driver.stop()
        assert not outcome.confirmed
        assert outcome.how.startswith("status 0, high voltage 6")


async def test_a_low_level_that_is_on_is_stopped_too() -> None:
    async with p24_on_bench() as (driver, bench):
        await driver.identify()
        bench.device.receive(command_frame(LlInit(), 1), time.monotonic())
        outcome = await driver.stop()
        assert (outcome.confirmed, outcome.tries) == (True, 2)
        assert "Ll_stop" in bench.names()


async def test_a_stop_works_before_anything_else_was_said() -> None:
    async with p24_on_bench() as (driver, bench):
        bench.device.receive(command_frame(MlInit(stop_all_on_error=True), 1), time.monotonic())
        assert (await driver.stop()).confirmed


async def test_an_error_report_does_not_disturb_a_stop() -> None:
    async with ready_p24() as (driver, bench):
        await driver.apply(targets(10))
        heard = []
        driver.on_trouble = heard.append
        driver.stop_now()
        bench.send(answer_frame(GeneralError(8), 0))
        assert (await driver.stop()).tries == 1
        assert heard == []


# ── the cable ───────────────────────────────────────────────────────────────────────────────────


async def test_an_unplugged_cable_is_noticed_at_once() -> None:
    async with ready_p24() as (driver, bench):
        lost = asyncio.Event()
        heard = []
        driver.on_trouble = lambda error: (heard.append(error), lost.set())
        await driver.apply(targets(10))
        bench.fault("mute")
        in_flight = asyncio.create_task(driver.apply(targets(11)))
        await bench.until(lambda: bench.names().count("Ml_update") == 2)
        began_s = time.monotonic()
        bench.fault("unplug")
        await lost.wait()
        assert time.monotonic() - began_s < 0.05
        with pytest.raises(Unplugged):
            await in_flight
        assert [type(error) for error in heard] == [Unplugged]
        outcome = await driver.stop()
        assert (outcome.confirmed, outcome.how) == (False, "unplugged")
        assert time.monotonic() - began_s < 0.5
        for refused in (driver.apply(targets(1)), driver.check(), driver.identify()):
            with pytest.raises(Unplugged):
                await refused


async def test_unplugged_during_a_stop() -> None:
    async with ready_p24() as (driver, bench):
        bench.fault("mute")
        stopping = asyncio.create_task(driver.stop())
        await bench.until(lambda: "Ml_stop" in bench.names())
        bench.fault("unplug")
        assert (await stopping).how == "unplugged"


async def test_a_closed_driver_says_so_and_can_be_closed_twice() -> None:
    async with ready_p24() as (driver, bench):
        await driver.close()
        await driver.close()
        with pytest.raises(Unplugged):
            await driver.check()
        assert (await driver.stop()).confirmed is False
        assert isinstance(bench, DeviceOnPty)


def test_the_driver_says_how_a_person_cuts_the_output() -> None:
    from drivers.p24.driver import P24

    assert P24.how_to_cut_output == "p24_unplug_supply"
    assert (P24.capabilities.channels, P24.capabilities.step_half_mA, P24.capabilities.watchdog_s) == (
        8,
        1,
        2.0,
    )
