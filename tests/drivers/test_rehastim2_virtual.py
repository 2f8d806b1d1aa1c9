"""The virtual RehaStim2 itself: bytes and the time in, bytes and its log out. Time is a number here."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.hasomed import FrameScanner
from drivers.rehastim2 import codec
from drivers.rehastim2.codec import (
    Ack,
    Answer,
    ChannelPulse,
    Command,
    GetStimulationMode,
    Init,
    InitAck,
    InitChannelListMode,
    ModeAck,
    Packet,
    Period,
    SinglePulse,
    StartChannelListMode,
    StimulationError,
    StopChannelListMode,
    UnknownCommand,
    Watchdog,
    command_frame,
    parse_answer,
)
from drivers.virtual.faults import FaultSpecError, parse_fault
from drivers.virtual.p24 import VirtualP24
from drivers.virtual.rehastim2 import VirtualRehaStim2

START_S = 1_000.0
AT_START = ModeAck(0, codec.MODE_START)
INITIALISED = ModeAck(0, codec.MODE_INITIALISED)
STARTED = ModeAck(0, codec.MODE_STARTED)


def listed(*channels: int, hz: int = 50, **options: Any) -> InitChannelListMode:
    return InitChannelListMode(channels, Period.not_faster(Fraction(hz)), **options)


def start(*current_mA: int, width_us: int = 300, mode: int = 0) -> StartChannelListMode:
    return StartChannelListMode(tuple(ChannelPulse(width_us, mA, mode) for mA in current_mA))


class Bench:
    """A device, the time, and what came of it. An exchange takes the device's latency."""

    def __init__(self, *faults: str, **device: Any) -> None:
        self.now_s = START_S
        parsed = [parse_fault(fault, VirtualRehaStim2.fault_kinds) for fault in faults]
        self.device = VirtualRehaStim2(START_S, faults=parsed, **{"latency_s": 0.0, **device})
        self.events: list[dict[str, Any]] = []
        self.scanner = FrameScanner(codec.SCIENCE_MODE_2)
        self.number = 0

    def wait(self, seconds: float) -> list[Answer]:
        """Let time pass; what the device says meanwhile."""
        self.now_s += seconds
        self.device.advance(self.now_s)
        return [answer for _, answer in self.collect()]

    def send(self, data: bytes) -> list[Answer]:
        self.device.receive(data, self.now_s)
        return [answer for _, answer in self.collect()]

    def ask(self, command: Command) -> Answer | None:
        """The answer to `command`, if there is one within the device's latency."""
        self.number = (self.number + 1) % 256
        answers = self.send(command_frame(command, self.number)) + self.wait(self.device.latency_s)
        return answers[-1] if answers else None

    def greeted(self) -> Bench:
        self.device.advance(self.now_s)
        number, answer = self.collect()[-1]
        assert answer == Init(codec.VERSION)
        assert self.send(command_frame(InitAck(0), number)) == []
        return self

    def running(self, *current_mA: int, hz: int = 50, **options: Any) -> Bench:
        """Greeted, initialised and started; the log begins afterwards."""
        self.greeted()
        channels = range(1, len(current_mA) + 1)
        assert self.ask(listed(*channels, hz=hz)) == Ack(31, 0)
        assert self.ask(start(*current_mA, **options)) == Ack(33, 0)
        self.events.clear()
        return self

    def fault(self, spec: str) -> list[Answer]:
        self.device.inject(parse_fault(spec, self.device.fault_kinds), self.now_s)
        return [answer for _, answer in self.collect()]

    def of(self, event: str) -> list[dict[str, Any]]:
        return [entry for entry in self.events if entry["event"] == event]

    def output(self) -> list[tuple[int, float]]:
        """(channel, mA) of what flows, by the log's last word."""
        return [(channel["channel"], channel["current_mA"]) for channel in self.of("output")[-1]["channels"]]

    def collect(self) -> list[tuple[int, Answer]]:
        self.events += self.device.take_events()
        bodies = self.scanner.feed(self.device.take_outgoing())
        packets = [Packet.from_body(body) for body in bodies]
        return [(packet.number, parse_answer(packet)) for packet in packets]


# ── the handshake ───────────────────────────────────────────────────────────────────────────────


def test_it_says_init_every_500_ms_until_it_is_answered() -> None:
    bench = Bench()
    assert bench.wait(0) == [Init(1)]
    assert bench.wait(0.499) == []
    assert bench.wait(0.002) == [Init(1)]
    assert bench.wait(5) == [Init(1)] * 10
    bench.device.advance(bench.now_s + 0.5)
    number, _ = bench.collect()[-1]
    assert number == 12
    bench.send(command_frame(InitAck(0), number))
    assert bench.wait(1.0) == []
    assert bench.ask(GetStimulationMode()) == AT_START


@pytest.mark.parametrize(("answer", "off_by"), [(InitAck(codec.RESULT_VERSION), 0), (InitAck(0), 1)])
def test_another_answer_than_its_own_is_no_handshake(answer: InitAck, off_by: int) -> None:
    bench = Bench()
    bench.device.advance(bench.now_s)
    number, _ = bench.collect()[-1]
    bench.send(command_frame(answer, number + off_by))
    assert bench.ask(GetStimulationMode()) is None
    assert bench.wait(0.5) == [Init(1)]


@pytest.mark.parametrize(
    "command", [GetStimulationMode(), listed(1), start(10), StopChannelListMode(), SinglePulse(1, 300, 10)]
)
def test_before_the_handshake_nothing_is_done_or_answered(command: Command) -> None:
    bench = Bench()
    bench.wait(0)
    assert bench.ask(command) is None
    assert bench.of("output") == []


def test_an_answer_echoes_the_number_after_the_latency() -> None:
    bench = Bench(latency_s=0.005).greeted()
    assert bench.send(command_frame(GetStimulationMode(), 0x81)) == []
    assert bench.wait(0.004) == []
    bench.device.advance(bench.now_s + 0.002)
    assert bench.collect() == [(0x81, AT_START)]


def test_an_unknown_command_is_named() -> None:
    bench = Bench().greeted()
    # 95 is what a well-known client makes of GetStimulationMode.
    assert bench.send(Packet(4, 95).to_frame()) == [UnknownCommand(95)]
    assert len(bench.of("refused")) == 1


def test_the_watchdog_command_and_a_second_answer_to_init_are_not_answered() -> None:
    bench = Bench().greeted()
    assert bench.ask(Watchdog()) is None
    assert bench.ask(InitAck(0)) is None


@pytest.mark.parametrize(
    ("code", "data"),
    [
        (30, b""),
        (30, b"\x00\x00\x00\x0d\x00\x12\x00"),
        (30, b"\x00\x01\x00\x0d\x00\x0d\x00"),
        (30, b"\x00\x01\x00\x0d\x08\x01\x00"),
        (32, b""),
        (32, b"\x00\x01\x2c"),
        (32, b"\x00\x01\x2c\x83"),
        (32, b"\x03\x01\x2c\x02"),
        (36, b"\x08\x01\x2c\x02"),
    ],
)
def test_a_malformed_command_is_a_parameter_error(code: int, data: bytes) -> None:
    bench = Bench().greeted()
    assert bench.send(Packet(1, code, data).to_frame()) == [Ack(code + 1, codec.RESULT_PARAMETER)]
    assert bench.of("output") == []


@settings(max_examples=50)
@given(st.lists(st.tuples(st.binary(max_size=200), st.floats(0, 0.5)), max_size=20))
def test_any_bytes_are_survived_and_put_nothing_out(chunks: list[tuple[bytes, float]]) -> None:
    bench = Bench().greeted()
    for chunk, pause_s in chunks:
        bench.send(chunk)
        bench.wait(pause_s)
    assert all(entry["channels"] == [] for entry in bench.of("output"))


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 40), st.binary(max_size=28)), max_size=30))
def test_any_frame_is_taken_but_never_a_crash(frames: list[tuple[int, bytes]]) -> None:
    bench = Bench().greeted()
    bench.ask(listed(1, 2))
    for code, data in frames:
        bench.send(Packet(1, code, data).to_frame())
        bench.wait(0.01)
    assert bench.ask(StopChannelListMode()) == Ack(35, 0)


# ── the channel list ────────────────────────────────────────────────────────────────────────────


def test_a_list_is_initialised_started_updated_and_stopped() -> None:
    bench = Bench().greeted()
    assert bench.ask(start(10)) == Ack(33, codec.RESULT_WRONG_MODE)
    assert bench.ask(listed(2, 5, hz=40)) == Ack(31, 0)
    assert bench.ask(GetStimulationMode()) == INITIALISED
    assert bench.of("output") == []
    assert bench.ask(start(10, 0)) == Ack(33, 0)
    assert bench.ask(GetStimulationMode()) == STARTED
    (described,) = bench.of("output")[-1]["channels"]
    assert described == {
        "channel": 2,
        "current_mA": 10,
        "pulse_width_us": 300,
        "frequency_Hz": 40.0,
        "net_charge_nC": 10,
    }
    bench.ask(start(12, 14))
    assert bench.output() == [(2, 12), (5, 14)]
    bench.ask(start(0, 0))
    assert bench.output() == []
    assert bench.ask(GetStimulationMode()) == STARTED
    assert bench.ask(StopChannelListMode()) == Ack(35, 0)
    assert bench.ask(GetStimulationMode()) == AT_START
    assert bench.ask(start(10, 0)) == Ack(33, codec.RESULT_WRONG_MODE)


def test_a_new_list_needs_a_stop_before_it() -> None:
    bench = Bench().running(10)
    assert bench.ask(listed(1, hz=40)) == Ack(31, codec.RESULT_WRONG_MODE)
    assert bench.of("output") == []
    bench.ask(StopChannelListMode())
    assert bench.ask(listed(1, hz=40)) == Ack(31, 0)


def test_a_list_of_another_length_is_a_parameter_error() -> None:
    bench = Bench().running(10, 10)
    for wrong in (start(10), start(10, 10, 10)):
        assert bench.ask(wrong) == Ack(33, codec.RESULT_PARAMETER)
    assert bench.of("output") == []


@pytest.mark.parametrize(
    ("channels", "fits_ms"), [(1, 8.0), (3, 8.0), (4, 10.0), (5, 12.5), (7, 17.5), (8, 20.0)]
)
def test_the_period_has_to_hold_every_active_channel(channels: int, fits_ms: float) -> None:
    active = tuple(range(1, channels + 1))
    for ms, fits in ((fits_ms, True), (fits_ms - 0.5, False)):
        if ms < 8:
            continue
        bench = Bench().greeted()
        answer = bench.ask(InitChannelListMode(active, Period(int(ms * 2) - 2)))
        assert answer == Ack(31, 0 if fits else codec.RESULT_PARAMETER)


def test_doublets_and_triplets_have_to_fit_as_well() -> None:
    for hz, mode, fits in ((50, 1, True), (50, 2, False), (40, 2, True), (80, 1, False)):
        bench = Bench().greeted()
        bench.ask(listed(1, hz=hz))
        assert bench.ask(start(10, mode=mode)) == Ack(33, 0 if fits else codec.RESULT_PARAMETER)


def test_low_frequency_channels_leave_pulses_out() -> None:
    bench = Bench().greeted()
    bench.ask(listed(1, 2, hz=40, low_frequency_factor=3, low_frequency=(2,)))
    bench.ask(start(10, 10))
    assert [channel["frequency_Hz"] for channel in bench.of("output")[-1]["channels"]] == [40.0, 10.0]


def test_what_a_foreign_client_may_send_is_rounded_as_the_hardware_does() -> None:
    bench = Bench().greeted()
    bench.ask(listed(1))
    data = b"\x00\x00\x05\x0f"  # 5 µs, 15 mA
    assert bench.send(Packet(1, 32, data).to_frame()) == [Ack(33, 0)]
    (channel,) = bench.of("output")[-1]["channels"]
    assert (channel["pulse_width_us"], channel["current_mA"], channel["net_charge_nC"]) == (20, 16, 16)


def test_a_single_pulse_and_a_list_without_a_period_are_put_out_once() -> None:
    bench = Bench().greeted()
    assert bench.ask(SinglePulse(3, 300, 10)) == Ack(37, 0)
    assert bench.output() == [(3, 10)]
    bench.wait(0.002)
    assert bench.output() == []
    bench.ask(InitChannelListMode((1, 2), None))
    assert bench.ask(SinglePulse(3, 300, 10)) == Ack(37, codec.RESULT_WRONG_MODE)
    bench.ask(start(10, 10))
    assert bench.output() == [(1, 10), (2, 10)]
    bench.wait(0.004)
    assert bench.output() == []
    assert bench.ask(GetStimulationMode()) == STARTED


# ── the watchdog ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "feeding", [GetStimulationMode(), Watchdog(), start(10), InitAck(0), Packet(9, 200, b"nonsense")]
)
def test_any_valid_packet_feeds_the_watchdog(feeding: Command | Packet) -> None:
    bench = Bench().running(10)
    frame = feeding.to_frame() if isinstance(feeding, Packet) else command_frame(feeding, 9)
    for _ in range(5):
        bench.wait(1.19)
        bench.send(frame)
    assert bench.of("timeout") == []
    assert bench.wait(1.19) == []
    assert bench.wait(0.02) == [Init(1)]
    (timeout,) = bench.of("timeout")
    assert timeout["t"] == pytest.approx(START_S + 5 * 1.19 + 1.2)
    assert bench.output() == []


def test_damaged_packets_do_not_feed_it() -> None:
    bench = Bench().running(10)
    frame = command_frame(GetStimulationMode(), 9)
    for _ in range(5):
        bench.wait(0.3)
        bench.send(frame[:-2] + bytes((frame[-2] ^ 1,)) + frame[-1:])
    assert len(bench.of("timeout")) == 1


def test_after_a_lapse_the_modes_are_reset_and_the_handshake_begins_anew() -> None:
    bench = Bench().running(10)
    bench.wait(2)
    assert bench.ask(GetStimulationMode()) is None
    bench.wait(0.5)
    bench.device.advance(bench.now_s + 0.5)
    number, _ = bench.collect()[-1]
    bench.send(command_frame(InitAck(0), number))
    assert bench.ask(GetStimulationMode()) == AT_START
    assert bench.ask(start(10)) == Ack(33, codec.RESULT_WRONG_MODE)
    assert bench.output() == []


def test_at_rest_it_says_init_again_too_and_nothing_is_called_a_time_out() -> None:
    bench = Bench().greeted()
    assert bench.wait(1.3) == [Init(1)]
    assert bench.of("timeout") == []


# ── pads, switch, battery ───────────────────────────────────────────────────────────────────────


def test_an_open_pad_stops_everything_before_the_next_pulse() -> None:
    bench = Bench("pad_off:2").running(10, 0)
    bench.wait(0.5)
    assert bench.of("stop") == []
    bench.ask(start(10, 2))
    assert bench.wait(0.019) == []
    assert bench.wait(0.002) == [StimulationError(codec.ERROR_ELECTRODE)]
    assert [(event["why"], event["channel"]) for event in bench.of("stop")] == [("electrode", 2)]
    assert bench.output() == []
    assert bench.ask(GetStimulationMode()) == AT_START
    assert bench.ask(start(10, 0)) == Ack(33, codec.RESULT_WRONG_MODE)


@pytest.mark.parametrize(("fault", "most_mA"), [("pad_on", 130), ("pad_half", 72), ("gel_dry", 36)])
def test_what_154_volts_cannot_drive_is_an_electrode_error(fault: str, most_mA: int) -> None:
    for current_mA, flows in ((most_mA, True), (most_mA + 2, False)):
        if current_mA > codec.MAX_MA:
            continue
        bench = Bench(fault).running(current_mA)
        bench.wait(0.1)
        assert (bench.of("stop") == []) == flows


def test_a_pad_that_comes_off_while_it_runs_is_noticed() -> None:
    bench = Bench("pad_off:1@t=0.5").running(10)
    bench.wait(0.499)
    assert bench.of("stop") == []
    assert StimulationError(codec.ERROR_ELECTRODE) in bench.wait(0.05)
    assert bench.of("stop")[0]["t"] == pytest.approx(START_S + 0.52)


def test_its_own_switch_stops_it_and_keeps_it_stopped_until_it_is_released() -> None:
    bench = Bench().running(10)
    assert bench.fault("emergency") == [StimulationError(codec.ERROR_SWITCH)]
    assert bench.of("stop")[0]["why"] == "emergency"
    assert bench.output() == []
    assert bench.ask(GetStimulationMode()) == AT_START
    assert bench.ask(listed(1)) == Ack(31, codec.RESULT_WRONG_MODE)
    bench.fault("emergency_off")
    assert bench.ask(listed(1)) == Ack(31, 0)


def test_an_empty_battery_switches_it_off_for_good() -> None:
    bench = Bench().running(10)
    assert bench.fault("battery_low") == []
    assert bench.of("stop")[0]["why"] == "battery_low"
    assert bench.output() == []
    assert bench.wait(60) == []
    assert bench.ask(GetStimulationMode()) is None


def test_an_error_comes_unasked_and_the_output_goes_on() -> None:
    bench = Bench().running(10)
    assert bench.fault("error:3") == [StimulationError(codec.ERROR_MODULE)]
    assert bench.ask(GetStimulationMode()) == STARTED


# ── faults that every device has ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", sorted(VirtualRehaStim2.fault_kinds))
def test_every_fault_can_happen_at_any_moment(kind: str) -> None:
    for when in ("", "@t=0.5", "@n=3", "@byte=50"):
        bench = Bench(kind + when, seed=7)
        bench.wait(0)
        for number in range(3):
            bench.send(command_frame(InitAck(0), number))
            bench.ask(listed(1))
            for _ in range(4):
                bench.ask(start(10))
                bench.ask(GetStimulationMode())
                bench.wait(0.1)


def test_a_device_has_only_the_faults_that_it_can_have() -> None:
    with pytest.raises(FaultSpecError):
        parse_fault("emergency", VirtualP24.fault_kinds)
    assert parse_fault("emergency@t=3", VirtualRehaStim2.fault_kinds).at_s == 3


def test_a_mute_device_does_not_even_say_init() -> None:
    bench = Bench()
    bench.wait(0.1)
    bench.fault("mute")
    assert bench.wait(10) == []


def test_a_busy_device_does_not_do_what_it_is_told() -> None:
    bench = Bench().running(10)
    bench.fault("busy:3")
    assert bench.ask(start(20)) == Ack(33, codec.RESULT_BUSY)
    assert bench.ask(GetStimulationMode()) == ModeAck(codec.RESULT_BUSY)
    assert bench.ask(StopChannelListMode()) == Ack(35, codec.RESULT_TRANSFER)
    assert bench.of("output") == []
    assert bench.ask(StopChannelListMode()) == Ack(35, 0)


def test_an_ignored_stop_is_neither_done_nor_answered_but_feeds_the_watchdog() -> None:
    bench = Bench().running(10)
    bench.fault("stop_ignored")
    for _ in range(5):
        bench.wait(1.0)
        assert bench.ask(StopChannelListMode()) is None
    assert bench.of("timeout") == []
    bench.wait(1.3)
    assert len(bench.of("timeout")) == 1


def test_a_brown_out_ends_everything_and_the_handshake_begins_anew() -> None:
    bench = Bench().running(10)
    bench.fault("brown_out")
    assert bench.output() == []
    assert bench.ask(GetStimulationMode()) is None
    assert bench.wait(0.29) == []
    assert bench.wait(0.02) == [Init(1)]


def test_an_unplugged_device_is_off_and_comes_back_fresh() -> None:
    bench = Bench().running(10)
    bench.fault("unplug")
    assert bench.output() == []
    assert bench.wait(1) == []
    bench.device.replug(bench.now_s)
    assert bench.wait(0) == [Init(1)]
    assert bench.ask(GetStimulationMode()) is None


def test_noise_that_is_no_frame_never_starts_anything() -> None:
    randomness = random.Random(2)
    bench = Bench().greeted()
    bench.ask(listed(1))
    for _ in range(500):
        bench.send(randomness.randbytes(40))
    assert all(entry["channels"] == [] for entry in bench.of("output"))


def test_every_frame_is_logged_with_its_bytes() -> None:
    bench = Bench().greeted()
    bench.events.clear()
    frame = command_frame(GetStimulationMode(), 5)
    bench.send(frame)
    assert bench.of("frame") == [
        {"t": START_S, "event": "frame", "name": "GetStimulationMode", "hex": frame.hex()}
    ]
