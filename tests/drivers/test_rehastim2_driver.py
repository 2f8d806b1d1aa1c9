"""What only the RehaStim2's driver does (test_driver_contract.py has the rest), against the virtual one."""

from __future__ import annotations

import asyncio
import os
from fractions import Fraction
from pathlib import Path

import pytest

from drivers import limits
from drivers.hasomed import FrameScanner
from drivers.registry import DRIVERS
from drivers.rehastim2 import codec
from drivers.rehastim2.codec import (
    Ack,
    ChannelPulse,
    GetStimulationMode,
    Init,
    InitAck,
    InitChannelListMode,
    ModeAck,
    Packet,
    Period,
    StartChannelListMode,
    StimulationError,
    StopChannelListMode,
    UnknownCommand,
    answer_frame,
    command_frame,
    parse_command,
)
from drivers.rehastim2.driver import RehaStim2, usb_serial
from drivers.stimulator import ChannelTarget, DeviceStopped, NoAnswer, Refused, Running, WrongDevice
from drivers.virtual.rehastim2 import VirtualRehaStim2
from tests.drivers.device_bench import Clock, DeviceOnPty, on_bench, targets
from tests.drivers.guard_bench import in_virtual_time, virtual_time
from tests.drivers.rehastim2_bench import greet, greeted_rehastim2, ready_rehastim2


def packets_in(data: bytes) -> list[Packet]:
    return [Packet.from_body(body) for body in FrameScanner(codec.SCIENCE_MODE_2).feed(bytes(data))]


def commands_in(data: bytes) -> list[codec.Command]:
    return [parse_command(packet) for packet in packets_in(data)]


async def trouble_of(driver: RehaStim2) -> DeviceStopped:
    """The next trouble that nobody asked about."""
    heard: asyncio.Future[DeviceStopped] = asyncio.get_running_loop().create_future()
    driver.on_trouble = lambda error: heard.done() or heard.set_result(error)
    async with asyncio.timeout(10):
        return await heard


# ── the handshake ───────────────────────────────────────────────────────────────────────────────


@in_virtual_time
async def test_the_device_begins_and_is_answered_with_its_own_number() -> None:
    async with on_bench(RehaStim2) as (driver, bench):
        identity = await driver.identify()
        assert bench.names() == ["GetStimulationMode", "InitAck", "GetStimulationMode"]
        (answered,) = [packet for packet in packets_in(bench.read) if packet.code == InitAck.CODE]
        assert (answered.number, answered.data) == (bench.device._init_number, b"\x00")
        assert (identity.kind, identity.firmware, identity.protocol) == ("rehastim2", "", "2, version 1")
        assert (await driver.check()).running is Running.OFF


@in_virtual_time
async def test_another_version_is_answered_with_minus_5_and_never_used() -> None:
    async with on_bench(RehaStim2, version=2) as (driver, bench):
        await asyncio.gather(bench.until(lambda: "InitAck" in bench.names()), _refused(driver))
        assert InitAck(codec.RESULT_VERSION) in commands_in(bench.read)
        with pytest.raises(Refused):
            await driver.initialise()


async def _refused(driver: RehaStim2) -> None:
    with pytest.raises(WrongDevice) as refused:
        await driver.identify()
    assert "version 2" in str(refused.value)


@in_virtual_time
async def test_nobody_says_init() -> None:
    async with on_bench(RehaStim2) as (driver, bench):
        bench.freeze()
        began_s = virtual_time().now_s
        with pytest.raises(NoAnswer):
            await driver.identify()
        assert virtual_time().now_s - began_s >= 1.2 + 0.5


@in_virtual_time
async def test_what_somebody_left_running_is_stopped_and_its_version_awaited_in_silence() -> None:
    async with on_bench(RehaStim2, watchdog_s=0.3) as (driver, bench):
        now_s = virtual_time().now_s
        bench.device.advance(now_s)
        for command in (
            InitAck(0),
            InitChannelListMode((1,), Period(38)),
            StartChannelListMode((ChannelPulse(300, 10),)),
        ):
            bench.device.receive(command_frame(command, 0), now_s)
        bench.device.advance(now_s)
        bench.device.take_outgoing()
        assert bench.device._flowing()
        await driver.identify()
        assert bench.names()[-4:] == [
            "GetStimulationMode",
            "StopChannelListMode",
            "InitAck",
            "GetStimulationMode",
        ]
        stop = next(event for event in bench.events if event.get("name") == "StopChannelListMode")
        greeting = next(event for event in reversed(bench.events) if event.get("name") == "InitAck")
        assert greeting["t"] - stop["t"] >= 0.29


@in_virtual_time
async def test_a_device_that_lapsed_at_rest_is_greeted_again_without_a_word() -> None:
    async with greeted_rehastim2(watchdog_s=0.1) as (driver, bench):
        heard = []
        driver.on_trouble = heard.append
        await driver.identify()
        await bench.until(lambda: bench.names().count("InitAck") >= 3)
        assert (await driver.check()).running is Running.OFF
        assert heard == []


# ── who it is ───────────────────────────────────────────────────────────────────────────────────


@in_virtual_time
async def test_on_a_pty_it_is_a_simulator_whatever_the_name_of_the_port(tmp_path: Path) -> None:
    bench = DeviceOnPty(VirtualRehaStim2)
    disguise = tmp_path / "usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0"
    disguise.symlink_to(bench.path)
    driver = RehaStim2(str(disguise), DRIVERS["rehastim2"].serial, by_id=str(tmp_path))
    bench.release()
    try:
        await greet(driver, bench)
        identity = await driver.identify()
        assert identity.simulated
        assert identity.device_id.startswith("SIM")
    finally:
        await driver.close()
        bench.pull_out()


@in_virtual_time
async def test_hardware_is_untested_until_it_was_tested(tmp_path: Path) -> None:
    async with greeted_rehastim2() as (driver, _bench):
        assert (await driver.identify()).firmware_tested
        (tmp_path / "usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0").symlink_to("/dev/null")
        driver._link.device, driver._by_id = os.stat("/dev/null").st_rdev, str(tmp_path)
        identity = await driver.identify()
        assert (identity.device_id, identity.simulated) == ("A50285BI", False)
        assert not identity.firmware_tested


@in_virtual_time
async def test_a_port_without_a_usb_serial_number_is_nobody() -> None:
    async with greeted_rehastim2() as (driver, _bench):
        driver._link.device = os.makedev(188, 0)
        driver._by_id = "/nonexistent"
        with pytest.raises(WrongDevice):
            await driver.identify()
        with pytest.raises(Refused):
            await driver.initialise()


@pytest.mark.parametrize(
    ("name", "serial"),
    [
        ("usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0", "A50285BI"),
        ("usb-HASOMED_RehaStim2_RS2-0815-if00-port0", "RS2-0815"),
        ("usb-0403_6001_FT1-if00", "FT1"),
        ("pci-0000:00-usb", None),
        ("usb-FTDI", None),
    ],
)
def test_the_id_is_the_serial_number_in_the_name_by_id(tmp_path: Path, name: str, serial: str) -> None:
    (tmp_path / "usb-Other_Thing_X1-if00-port0").symlink_to("/dev/zero")
    (tmp_path / "usb-Gone_Thing_X2-if00-port0").symlink_to("/dev/nonexistent")
    (tmp_path / name).symlink_to("/dev/null")
    assert usb_serial(os.stat("/dev/null").st_rdev, str(tmp_path)) == serial
    assert usb_serial(os.stat("/dev/null").st_rdev, str(tmp_path / "none")) is None


# ── apply ───────────────────────────────────────────────────────────────────────────────────────


@in_virtual_time
async def test_initialised_means_a_list_and_no_pulse() -> None:
    async with greeted_rehastim2() as (driver, bench):
        await driver.identify()
        await driver.initialise()
        assert bench.names()[-3:] == ["StopChannelListMode", "InitChannelListMode", "GetStimulationMode"]
        assert (await driver.check()).running is Running.READY
        assert not any(bench.outputs())


@in_virtual_time
async def test_every_channel_is_listed_with_a_legal_width_and_off_is_a_current_of_zero() -> None:
    async with ready_rehastim2() as (driver, bench):
        await driver.apply(targets(24, 0, 8, frequency_Hz=Fraction(100)))
        stop, listed, start = commands_in(bench.read)
        assert stop == StopChannelListMode()
        assert listed == InitChannelListMode((1, 2, 3), Period(18))
        assert start == StartChannelListMode(
            (ChannelPulse(300, 12), ChannelPulse(300, 0), ChannelPulse(300, 4))
        )
        output = bench.outputs()[-1]
        assert [(c["channel"], c["current_mA"], c["frequency_Hz"]) for c in output] == [
            (1, 12, 100.0),
            (3, 4, 100.0),
        ]
        assert all(c["net_charge_nC"] == c["current_mA"] for c in output)  # 1 µs × I
        assert (await driver.check()).running is Running.RUNNING


@pytest.mark.parametrize(
    ("half_mA", "applied_mA"), [(0, 0), (1, 0), (3, 0), (4, 2), (7, 2), (8, 4), (260, 130), (261, 130)]
)
@in_virtual_time
async def test_a_current_between_two_steps_is_rounded_down(half_mA: int, applied_mA: int) -> None:
    async with ready_rehastim2() as (driver, bench):
        await driver.apply(targets(half_mA))
        assert [channel["current_mA"] for channel in bench.outputs()[-1]] == [applied_mA] * (applied_mA > 0)
        assert RehaStim2.capabilities.step_half_mA == 4


@in_virtual_time
async def test_an_update_at_the_same_frequency_is_one_command() -> None:
    async with ready_rehastim2() as (driver, bench):
        await driver.apply(targets(4))
        bench.events.clear()
        await driver.apply(targets(8))
        await driver.apply(targets(0))
        assert bench.names() == ["StartChannelListMode"] * 2


@pytest.mark.parametrize(
    "changed",
    [
        targets(8, frequency_Hz=Fraction(80)),
        (*targets(8), ChannelTarget(2, 4, 300, Fraction(30))),
    ],
)
@in_virtual_time
async def test_another_frequency_or_other_channels_pass_through_zero(changed) -> None:
    async with ready_rehastim2() as (driver, bench):
        await driver.apply(targets(8))
        bench.events.clear()
        await driver.apply(changed)
        assert bench.names() == ["StopChannelListMode", "InitChannelListMode", "StartChannelListMode"]
        flowing = [[channel["current_mA"] for channel in output] for output in bench.outputs()]
        assert flowing[0] == []
        assert flowing[-1][0] == 4
        await driver.check()


@pytest.mark.parametrize(
    ("impossible", "words"),
    [
        (targets(264), "current of 132 mA"),
        (targets(-4), "current of -2 mA"),
        (targets(8, pulse_width_us=501), "pulse width of 501"),
        (targets(8, pulse_width_us=19), "pulse width of 19"),
        (targets(0, pulse_width_us=0), "pulse width of 0"),
        (targets(8, frequency_Hz=Fraction(140)), "period of"),
        (targets(8, frequency_Hz=Fraction(1, 2)), "period of"),
        (targets(*[8] * 9), "channels (1, 2, 3, 4, 5, 6, 7, 8, 9)"),
        (targets(8)[:1] + targets(8)[:1], "channels (1, 1)"),
        ((), "no channel"),
        (
            targets(*[8] * 5, frequency_Hz=Fraction(100)),
            "With 5 channels this stimulator makes at most 80 pulses a second; the programme asks for 100.",
        ),
        (targets(8) + targets(8, 8, frequency_Hz=Fraction(50))[1:], "equally often"),
    ],
)
@in_virtual_time
async def test_what_the_device_cannot_do_is_refused_before_a_byte_is_sent(impossible, words) -> None:
    async with ready_rehastim2() as (driver, bench):
        assert words in (driver.refusal(impossible) or "")
        with pytest.raises(Refused):
            await driver.apply(impossible)
        await driver.check()
        assert bench.names() == ["GetStimulationMode"]


@pytest.mark.parametrize(
    ("channels", "hz", "fits"),
    [(1, 100, True), (2, 100, True), (2, 125, True), (4, 100, True), (4, 125, False), (8, 50, True)],
)
@in_virtual_time
async def test_the_frequency_that_the_channels_allow_is_the_devices_own(channels, hz, fits) -> None:
    async with ready_rehastim2() as (driver, bench):
        asked = targets(*[4] * channels, frequency_Hz=Fraction(hz))
        assert (driver.refusal(asked) is None) == fits
        if fits:
            await driver.apply(asked)
            assert len(bench.outputs()[-1]) == channels
        else:
            answer = bench.device._init_list(
                InitChannelListMode(tuple(range(1, channels + 1)), Period.not_faster(Fraction(hz)))
            )
            assert answer != codec.RESULT_OK


def test_which_channels_share_a_source_is_said() -> None:
    assert RehaStim2.capabilities.current_sources == ((1, 2, 3, 4), (5, 6, 7, 8))


# ── answers ─────────────────────────────────────────────────────────────────────────────────────


@in_virtual_time
async def test_an_answer_counts_only_with_its_own_number_and_command() -> None:
    async with ready_rehastim2() as (driver, bench):
        await driver.apply(targets(0))
        bench.events.clear()
        bench.fault("mute")
        applied = asyncio.create_task(driver.apply(targets(8)))
        await bench.until(lambda: "StartChannelListMode" in bench.names())
        number = packets_in(bench.read)[-1].number
        for wrong in (
            answer_frame(Ack(33, 0), (number - 1) % 256),
            answer_frame(Ack(33, 0), (number + 1) % 256),
            answer_frame(Ack(35, 0), number),
            answer_frame(Ack(31, 0), number),
            answer_frame(ModeAck(0, 2), number),
            command_frame(StopChannelListMode(), number),
            Packet(number, 33, b"\x00\x00").to_frame(),
            b"\xf0\x81\x55 some noise",
        ):
            bench.send(wrong)
        await asyncio.sleep(0.01)
        assert not applied.done()
        bench.send(answer_frame(Ack(33, 0), number))
        await applied


# ── what the device reports ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("cause", "fault", "words"),
    [
        (codec.ERROR_SWITCH, "switch", "stop switch"),
        (codec.ERROR_ELECTRODE, "electrode", "pad"),
        (codec.ERROR_MODULE, "module", "inside"),
        (-8, "result", "fault"),
    ],
)
@in_virtual_time
async def test_error_38_latches_with_its_cause(cause: int, fault: str, words: str) -> None:
    async with ready_rehastim2() as (driver, bench):
        await driver.apply(targets(8))
        trouble = asyncio.create_task(trouble_of(driver))
        await asyncio.sleep(0)
        bench.send(answer_frame(StimulationError(cause), 0))
        error = await trouble
        assert (error.fault, error.channel) == (fault, None)
        assert words in error.sentence
        for again in (driver.apply(targets(4)), driver.check()):
            with pytest.raises(DeviceStopped) as same:
                await again
            assert same.value is error


@pytest.mark.parametrize(
    ("fault", "latched"), [("emergency", "switch"), ("pad_off:1", "electrode"), ("error:3", "module")]
)
@in_virtual_time
async def test_what_stops_the_device_is_told_at_once_and_confirmed(fault: str, latched: str) -> None:
    async with ready_rehastim2() as (driver, bench):
        await driver.apply(targets(40))
        trouble = asyncio.create_task(trouble_of(driver))
        await asyncio.sleep(0)
        bench.fault(fault)
        assert (await trouble).fault == latched
        assert (await driver.stop()).confirmed
        assert bench.outputs()[-1] == []


@in_virtual_time
async def test_a_command_that_it_does_not_know_latches() -> None:
    async with ready_rehastim2() as (driver, bench):
        trouble = asyncio.create_task(trouble_of(driver))
        await asyncio.sleep(0)
        bench.send(answer_frame(UnknownCommand(32), 0))
        assert (await trouble).fault == "result"


@in_virtual_time
async def test_an_init_while_stimulating_means_that_the_device_stopped_us() -> None:
    async with ready_rehastim2() as (driver, bench):
        await driver.apply(targets(8))
        bench.events.clear()
        trouble = asyncio.create_task(trouble_of(driver))
        await asyncio.sleep(0)
        bench.fault("brown_out")
        error = await trouble
        assert error.fault == "restarted"
        # It is greeted at once, so that the stop can be confirmed, and nothing is resumed.
        await bench.until(lambda: bench.device._greeted)
        with pytest.raises(DeviceStopped):
            await driver.apply(targets(8))
        outcome = await driver.stop()
        assert (outcome.confirmed, outcome.how) == (True, "mode 0, nothing started")
        assert not any(bench.outputs())


@in_virtual_time
async def test_a_lapse_is_told_from_a_restart() -> None:
    clock = Clock()
    async with ready_rehastim2(clock) as (driver, bench):
        await driver.apply(targets(8))
        clock.now_s += 1.2
        trouble = asyncio.create_task(trouble_of(driver))
        await asyncio.sleep(0)
        bench.device._fed_at_s -= 1.2
        bench.serve()
        assert (await trouble).fault == "lapsed"
        assert any(event["event"] == "timeout" for event in bench.events)


@pytest.mark.parametrize("half_mA", [8, 0])
@in_virtual_time
async def test_a_silent_stop_is_seen_by_the_mode(half_mA: int) -> None:
    async with ready_rehastim2() as (driver, bench):
        await driver.apply(targets(half_mA))
        bench.device._to_start(virtual_time().now_s)
        with pytest.raises(DeviceStopped) as stopped:
            await driver.check()
        assert stopped.value.fault == "lapsed"
        with pytest.raises(DeviceStopped):
            await driver.apply(targets(8))
        assert bench.names().count("StartChannelListMode") == 1


@in_virtual_time
async def test_a_silent_stop_is_seen_by_the_next_update_too() -> None:
    async with ready_rehastim2() as (driver, bench):
        await driver.apply(targets(8))
        bench.device._to_start(virtual_time().now_s)
        with pytest.raises(DeviceStopped) as stopped:
            await driver.apply(targets(12))
        assert stopped.value.fault == "lapsed"


@in_virtual_time
async def test_a_reset_before_the_first_pulse_is_seen() -> None:
    async with ready_rehastim2() as (driver, bench):
        bench.device._to_start(virtual_time().now_s)
        with pytest.raises(DeviceStopped) as stopped:
            await driver.check()
        assert stopped.value.fault == "restarted"


@in_virtual_time
async def test_asking_for_the_mode_every_400_ms_keeps_it_alive() -> None:
    async with ready_rehastim2() as (driver, bench):
        await driver.apply(targets(8))
        began_s = virtual_time().now_s
        while virtual_time().now_s - began_s < 1.5:  # more than the device's watchdog
            assert (await driver.check()).running is Running.RUNNING
            await asyncio.sleep(limits.READ_STATE_EVERY_S["rehastim2"])
        assert not [event for event in bench.events if event["event"] == "timeout"]
        assert set(bench.names()) >= {"GetStimulationMode"}
        assert "Watchdog" not in bench.names()


# ── stop ────────────────────────────────────────────────────────────────────────────────────────


@in_virtual_time
async def test_a_mode_other_than_started_confirms_a_stop() -> None:
    async with ready_rehastim2() as (driver, _bench):
        outcome = await driver.stop()
        assert (outcome.confirmed, outcome.how) == (True, "mode 0, nothing started")
        assert driver._says_off(ModeAck(0, codec.MODE_INITIALISED))[0]
        assert not driver._says_off(ModeAck(0, codec.MODE_STARTED))[0]
        assert not driver._says_off(ModeAck(codec.RESULT_BUSY))[0]


@in_virtual_time
async def test_in_the_silence_not_even_an_init_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SILENCE_S", 2.0)  # longer than the device's watchdog
    errors: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(context))
    async with ready_rehastim2() as (driver, bench):
        await driver.apply(targets(8))
        bench.fault("stop_ignored")
        stopping = asyncio.create_task(driver.stop())
        await bench.until(lambda: any(event["event"] == "timeout" for event in bench.events))
        so_far = len(bench.read)
        outcome = await stopping
        assert (outcome.confirmed, outcome.how) == (False, "mode 2, 2 s silence")
        assert len(bench.read) == so_far
        assert errors == []  # nor is it tried
        # It went on saying Init all the while, and is answered again afterwards.
        assert bench.device._init_number >= 2
        await bench.until(lambda: bench.device._greeted)
        assert bench.outputs()[-1] == []
        assert (await driver.identify()).kind == "rehastim2"


@in_virtual_time
async def test_a_stop_of_a_device_that_has_just_restarted_is_confirmed_after_its_init() -> None:
    async with ready_rehastim2() as (driver, bench):
        await driver.apply(targets(8))
        bench.fault("brown_out")
        outcome = await driver.stop()
        assert outcome.confirmed
        assert outcome.tries > 1
        assert outcome.fault == "restarted"


@in_virtual_time
async def test_an_init_of_a_device_that_was_not_on_or_has_lapsed_is_no_restart_seen_by_a_stop() -> None:
    clock = Clock()
    async with ready_rehastim2(clock) as (driver, bench):
        await driver.apply(targets(8))
        assert (await driver.stop()).fault == ""
        driver.stop_now()
        bench.send(answer_frame(Init(1), 77))
        assert (await driver.stop()).fault == "", "nothing was on"
        await driver.initialise()
        await driver.apply(targets(8))
        clock.now_s += 1.2
        driver.stop_now()
        bench.send(answer_frame(Init(1), 78))
        assert (await driver.stop()).fault == "", "it had lapsed"


@in_virtual_time
async def test_an_init_during_a_stop_is_answered_and_disturbs_nothing() -> None:
    async with ready_rehastim2() as (driver, bench):
        heard = []
        driver.on_trouble = heard.append
        driver.stop_now()
        bench.send(answer_frame(Init(1), 77))
        outcome = await driver.stop()
        assert (outcome.confirmed, outcome.fault) == (True, "restarted"), "but it is told with the stop"
        assert heard == []
        assert Packet(77, InitAck.CODE, b"\x00") in packets_in(bench.read)


def test_the_driver_says_what_it_is_and_how_a_person_cuts_the_output() -> None:
    assert RehaStim2.how_to_cut_output == "rehastim2_switch"
    can = RehaStim2.capabilities
    assert (can.channels, can.max_half_mA, can.watchdog_s) == (8, 260, 1.2)
    assert (can.min_pulse_width_us, can.max_pulse_width_us) == (20, 500)
    assert GetStimulationMode.CODE == 10
