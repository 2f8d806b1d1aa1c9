"""What only the P24's driver does (test_driver_contract.py has the rest), against the virtual P24."""

from __future__ import annotations

import asyncio
from fractions import Fraction

import pytest

from drivers import limits
from drivers.hasomed import FrameScanner
from drivers.p24 import codec
from drivers.p24.codec import (
    Ack,
    ChannelUpdate,
    GeneralError,
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
    Refused,
    Running,
    WrongDevice,
)
from tests.drivers.device_bench import targets
from tests.drivers.guard_bench import in_virtual_time, virtual_time
from tests.drivers.p24_bench import p24_on_bench, ready_p24


def commands_in(data: bytes) -> list[codec.Command]:
    return [
        parse_command(Packet.from_body(body)) for body in FrameScanner(codec.SCIENCE_MODE_4).feed(bytes(data))
    ]


@pytest.fixture
def short_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SILENCE_S", 0.02)


# ── start-up ────────────────────────────────────────────────────────────────────────────────────


@in_virtual_time
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


@in_virtual_time
async def test_a_level_that_somebody_left_on_is_stopped_first() -> None:
    for left_on, stop in ((MlInit(stop_all_on_error=False), "Ml_stop"), (LlInit(), "Ll_stop")):
        async with p24_on_bench() as (driver, bench):
            bench.device.receive(command_frame(left_on, 1), virtual_time().now_s)
            if isinstance(left_on, MlInit):
                update = MlUpdate((ChannelUpdate(1, Period(60, False), biphasic_pulse(20, 300)),))
                bench.device.receive(command_frame(update, 2), virtual_time().now_s)
            bench.device.take_outgoing()
            bench.device.take_events()
            await driver.identify()
            assert bench.names()[:3] == ["Get_stim_status", stop, "Get_stim_status"]
            assert (await driver.check()).running is Running.OFF


@in_virtual_time
async def test_another_major_version_of_the_protocol_is_refused() -> None:
    version = Version((1, 0, 0), (5, 0, 0), 0, 0, hash_valid=False)
    async with p24_on_bench(version=version) as (driver, _bench):
        with pytest.raises(WrongDevice) as refused:
            await driver.identify()
        assert "5.0.0" in str(refused.value)
        with pytest.raises(Refused):
            await driver.initialise()


@in_virtual_time
async def test_untested_firmware_is_said() -> None:
    version = Version((9, 9, 9), (4, 1, 0), 0, 0, hash_valid=True)
    async with p24_on_bench(version=version) as (driver, _bench):
        assert not (await driver.identify()).firmware_tested


@in_virtual_time
async def test_nobody_answers() -> None:
    async with p24_on_bench() as (driver, bench):
        bench.freeze()
        with pytest.raises(NoAnswer):
            await driver.identify()


@in_virtual_time
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
        bench.device.receive(half, virtual_time().now_s)
        assert (await driver.identify()).device_id == "SIMP240001"


# ── apply ───────────────────────────────────────────────────────────────────────────────────────


@in_virtual_time
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
        assert output[0]["frequency_Hz"] == pytest.approx(29.851, abs=0.001), "30 Hz, and not more"
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
@in_virtual_time
async def test_what_the_device_cannot_do_is_refused_before_a_byte_is_sent(impossible) -> None:
    async with ready_p24() as (driver, bench):
        assert driver.refusal(impossible) is not None
        with pytest.raises(Refused):
            await driver.apply(impossible)
        await driver.check()
        assert "Ml_update" not in bench.names()


@in_virtual_time
async def test_the_duty_rule_is_the_devices_own() -> None:
    # (Σ t + 60) of 8 channels in 8 ms: 939 µs a channel still fit, 940 µs do not.
    async with ready_p24() as (driver, bench):
        for width_us, fits in ((419, True), (420, False)):
            eight = targets(*[1] * 8, pulse_width_us=width_us, frequency_Hz=Fraction(125))
            assert (driver.refusal(eight) is None) == fits
        await driver.apply(targets(*[1] * 8, pulse_width_us=419, frequency_Hz=Fraction(125)))
        assert len(bench.outputs()[-1]) == 8


# ── answers ─────────────────────────────────────────────────────────────────────────────────────


@in_virtual_time
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


@in_virtual_time
async def test_frames_that_are_whole_but_say_nonsense_are_survived() -> None:
    async with ready_p24() as (driver, bench):
        await driver.apply(targets(10))
        for code in (33, 35, 37, 53, 63, 69, 500):
            bench.send(Packet(1, code, b"").to_frame())
            bench.send(Packet(1, code, b"\x00\x01").to_frame())
        await driver.check()


# ── what the device reports ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("report", "fault"),
    [(GeneralError(8), "result"), (GeneralError(10), "electrode"), (UnknownCommand(), "result")],
)
@in_virtual_time
async def test_an_unasked_report_names_its_fault(report, fault) -> None:
    async with ready_p24() as (driver, bench):
        heard = asyncio.get_running_loop().create_future()
        driver.on_trouble = heard.set_result
        await driver.apply(targets(10))
        bench.send(answer_frame(report, 0))
        assert (await heard).fault == fault


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


@in_virtual_time
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


@in_virtual_time
async def test_low_current_is_reported() -> None:
    async with ready_p24() as (driver, bench):
        bench.fault("gel_dry:1")
        await driver.apply(targets(120))
        await bench.until(lambda: any(event["event"] == "stop" for event in bench.events))
        assert (await latched_after(driver, bench, "low_current")).channel == 1


@in_virtual_time
async def test_a_lapse_is_seen_and_not_undone() -> None:
    async with ready_p24(watchdog_s=0.1) as (driver, bench):
        await driver.apply(targets(10))
        await bench.until(lambda: any(event["event"] == "timeout" for event in bench.events))
        await latched_after(driver, bench, "lapsed")
        assert bench.outputs()[-1] == []


@in_virtual_time
async def test_a_restart_is_seen() -> None:
    async with ready_p24() as (driver, bench):
        await driver.apply(targets(10))
        bench.fault("brown_out")
        bench.device._deaf_until_s = 0
        await latched_after(driver, bench, "restarted")


@in_virtual_time
async def test_a_restart_at_zero_is_seen_too() -> None:
    async with ready_p24() as (driver, bench):
        await driver.apply(targets(0))
        bench.fault("brown_out")
        bench.device._deaf_until_s = 0
        with pytest.raises(DeviceStopped) as stopped:
            await driver.apply(targets(10))
        assert stopped.value.fault == "restarted"


@pytest.mark.parametrize("deaf_s", [0.0, 0.2, 0.3, 1.0, 60.0])
@in_virtual_time
async def test_a_restart_that_meets_a_stop_is_seen_by_the_stop(deaf_s: float) -> None:
    async with ready_p24() as (driver, bench):
        await driver.apply(targets(10))
        bench.fault("brown_out")
        bench.device._deaf_until_s = virtual_time().now_s + deaf_s
        outcome = await driver.stop()
        assert outcome.fault == ("restarted" if deaf_s == 0 else "no_answer")
        assert outcome.confirmed is (deaf_s < 1)


@in_virtual_time
async def test_a_stop_that_finds_on_what_was_switched_on_saw_no_restart() -> None:
    async with ready_p24() as (driver, bench):
        for again in range(3):
            await driver.apply(targets(10 * again))
            assert (await driver.stop()).fault == ""
            assert (await driver.stop()).fault == "", "nothing is on, and nobody expects it"
            await driver.initialise()
        bench.fault("pad_off:1")
        await driver.apply(targets(40))
        await asyncio.sleep(0.1)
        with pytest.raises(DeviceStopped):
            await driver.check()
        bench.fault("brown_out")
        bench.device._deaf_until_s = 0
        assert (await driver.stop()).fault == "", "it has stopped itself, and said so"


@pytest.mark.parametrize("fault", ["stop_ignored:1", "busy:1"])
@in_virtual_time
async def test_a_stop_that_was_done_at_the_second_try_saw_no_restart(fault: str) -> None:
    async with ready_p24() as (driver, bench):
        await driver.apply(targets(10))
        bench.fault(fault)
        outcome = await driver.stop()
        assert (outcome.confirmed, outcome.fault) == (True, "")


@in_virtual_time
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


# ── stop ────────────────────────────────────────────────────────────────────────────────────────


@in_virtual_time
async def test_status_zero_with_the_high_voltage_on_is_no_confirmation(short_silence, monkeypatch) -> None:
    async with ready_p24() as (driver, bench):
        monkeypatch.setattr(type(bench.device), "_high_voltage", lambda self: codec.HIGH_VOLTAGE_150_V)
        outcome = await driver.stop()
        assert not outcome.confirmed
        assert outcome.how.startswith("status 0, high voltage 6")


@in_virtual_time
async def test_a_low_level_that_is_on_is_stopped_too() -> None:
    async with p24_on_bench() as (driver, bench):
        await driver.identify()
        bench.device.receive(command_frame(LlInit(), 1), virtual_time().now_s)
        outcome = await driver.stop()
        assert (outcome.confirmed, outcome.tries) == (True, 2)
        assert "Ll_stop" in bench.names()


def test_the_driver_says_how_a_person_cuts_the_output() -> None:
    from drivers.p24.driver import P24

    assert P24.how_to_cut_output == "p24_unplug_supply"
    assert (P24.capabilities.channels, P24.capabilities.step_half_mA, P24.capabilities.watchdog_s) == (
        8,
        1,
        2.0,
    )
