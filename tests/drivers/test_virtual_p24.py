"""The virtual P24 itself: bytes and the time in, bytes and its log out. Time is a number here."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.hasomed import FrameScanner
from drivers.p24 import codec
from drivers.p24.codec import (
    Ack,
    Answer,
    ChannelUpdate,
    Command,
    CurrentDataAck,
    DeviceIdAck,
    ExtendedVersionAck,
    GeneralError,
    GetDeviceId,
    GetExtendedVersion,
    GetStimStatus,
    LlChannelConfig,
    LlChannelConfigAck,
    LlInit,
    LlStop,
    MlGetCurrentData,
    MlInit,
    MlStop,
    MlUpdate,
    Packet,
    Period,
    Point,
    Reset,
    StimStatusAck,
    UnknownCommand,
    biphasic_pulse,
    command_frame,
    parse_answer,
)
from drivers.virtual import tissue
from drivers.virtual.faults import Fault, FaultSpecError, parse_fault
from drivers.virtual.p24 import VirtualP24

START_S = 1_000.0
OFF = StimStatusAck(0, codec.LEVEL_NONE, codec.HIGH_VOLTAGE_OFF)
READY = StimStatusAck(0, codec.LEVEL_MID_READY, codec.HIGH_VOLTAGE_150_V)
RUNNING = StimStatusAck(0, codec.LEVEL_MID_RUNNING, codec.HIGH_VOLTAGE_150_V)


def update(*half_mA: int, width_us: int = 300, hz: int = 50, ramp: int = 0) -> MlUpdate:
    period = Period.not_faster(Fraction(hz))
    return MlUpdate(
        tuple(
            ChannelUpdate(channel, period, biphasic_pulse(current, width_us), ramp)
            for channel, current in enumerate(half_mA, start=1)
        )
    )


class Bench:
    """A device, the time, and what came of it. An exchange takes the device's latency."""

    def __init__(self, *faults: str, **device: Any) -> None:
        self.now_s = START_S
        self.device = VirtualP24(
            START_S, faults=[parse_fault(fault) for fault in faults], **{"latency_s": 0.0, **device}
        )
        self.events: list[dict[str, Any]] = []
        self.scanner = FrameScanner(codec.SCIENCE_MODE_4)
        self.number = 0

    def wait(self, seconds: float) -> list[Answer]:
        """Let time pass; what the device says meanwhile."""
        self.now_s += seconds
        self.device.advance(self.now_s)
        return self._collect()

    def send(self, data: bytes) -> list[Answer]:
        self.device.receive(data, self.now_s)
        return self._collect()

    def ask(self, command: Command) -> Answer | None:
        """The answer to `command`, if there is one within the device's latency."""
        self.number = (self.number + 1) % 64
        answers = self.send(command_frame(command, self.number)) + self.wait(self.device.latency_s)
        return answers[-1] if answers else None

    def running(self, *half_mA: int, **options: Any) -> Bench:
        """Initialised and put to work; the log begins afterwards."""
        self.ask(MlInit(stop_all_on_error=True))
        assert self.ask(update(*half_mA, **options)) == Ack(33, 0)
        self.events.clear()
        return self

    def fault(self, spec: str) -> list[Answer]:
        self.device.inject(parse_fault(spec), self.now_s)
        return self._collect()

    def of(self, event: str) -> list[dict[str, Any]]:
        return [entry for entry in self.events if entry["event"] == event]

    def output(self) -> list[tuple[int, float]]:
        """(channel, mA) of what flows, by the log's last word."""
        return [(channel["channel"], channel["current_mA"]) for channel in self.of("output")[-1]["channels"]]

    def _collect(self) -> list[Answer]:
        self.events += self.device.take_events()
        return [
            parse_answer(Packet.from_body(body)) for body in self.scanner.feed(self.device.take_outgoing())
        ]


# ── general ─────────────────────────────────────────────────────────────────────────────────────


def test_it_says_who_it_is() -> None:
    bench = Bench()
    answer = bench.ask(GetDeviceId())
    assert isinstance(answer, DeviceIdAck)
    assert (len(answer.device_id), answer.device_id[:3]) == (10, "SIM")
    version = bench.ask(GetExtendedVersion())
    assert isinstance(version, ExtendedVersionAck)
    assert version.version is not None
    assert version.version.science_mode[0] == 4
    assert bench.ask(GetStimStatus()) == OFF


def test_an_answer_echoes_the_number_after_the_latency() -> None:
    bench = Bench(latency_s=0.005)
    assert bench.send(command_frame(GetStimStatus(), 42)) == []
    assert bench.device.next_deadline_s() == pytest.approx(START_S + 0.005)
    assert bench.wait(0.004) == []
    bench.now_s += 0.001
    bench.device.advance(bench.now_s)
    (body,) = FrameScanner(codec.SCIENCE_MODE_4).feed(bench.device.take_outgoing())
    assert (Packet.from_body(body).number, Packet.from_body(body).code) == (42, 63)


def test_an_unknown_command_is_answered_as_such() -> None:
    bench = Bench()
    assert bench.send(Packet(4, 200).to_frame()) == [UnknownCommand()]
    assert bench.of("refused")[0]["result"] == codec.RESULT_UNKNOWN_COMMAND


def test_a_frame_with_wrong_length_or_checksum_is_ignored() -> None:
    frame = command_frame(GetStimStatus(), 3)
    for damaged in (
        frame[:2] + b"\x54" + frame[3:],
        frame[:-2] + bytes((frame[-2] ^ 1,)) + frame[-1:],
        frame[1:],
    ):
        bench = Bench()
        assert bench.send(damaged) == []
        assert bench.events == []
        assert bench.send(frame) == [OFF]


@pytest.mark.parametrize(
    "data", [b"", b"\x03", b"\x01\x00", b"\x01\x20\x00\x00" + bytes(12), b"\x01\x20\x00\x50" + bytes(11)]
)
def test_a_malformed_update_is_a_parameter_error(data: bytes) -> None:
    bench = Bench()
    bench.ask(MlInit(stop_all_on_error=True))
    assert bench.send(Packet(1, 32, data).to_frame()) == [Ack(33, codec.RESULT_PARAMETER)]
    assert bench.of("output") == []


@settings(max_examples=50)
@given(st.lists(st.tuples(st.binary(max_size=200), st.floats(0, 0.5)), max_size=20))
def test_any_bytes_are_survived_and_put_nothing_out(chunks: list[tuple[bytes, float]]) -> None:
    bench = Bench()
    for chunk, pause_s in chunks:
        bench.send(chunk)
        bench.wait(pause_s)
    assert bench.of("output") == []


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 70), st.binary(max_size=40)), max_size=30))
def test_any_frame_is_answered_or_refused_but_never_a_crash(frames: list[tuple[int, bytes]]) -> None:
    bench = Bench()
    bench.ask(MlInit(stop_all_on_error=False))
    for code, data in frames:
        bench.send(Packet(1, code, data).to_frame())
        bench.wait(0.01)
    assert bench.ask(MlStop()) is not None


# ── mid level ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("command", [update(10), MlGetCurrentData(), MlStop(), LlStop()])
def test_nothing_works_before_it_is_initialised(command: Command) -> None:
    bench = Bench()
    answer = bench.ask(command)
    assert answer is not None
    assert answer.result == codec.RESULT_NOT_INITIALISED
    assert bench.of("refused")[0]["name"] == command.NAME


def test_one_level_at_a_time() -> None:
    bench = Bench()
    bench.ask(LlInit())
    assert bench.ask(MlInit(stop_all_on_error=True)) == Ack(31, codec.RESULT_NOT_INITIALISED)
    assert bench.ask(update(10)) == Ack(33, codec.RESULT_NOT_INITIALISED)
    bench.ask(LlStop())
    assert bench.ask(MlInit(stop_all_on_error=True)) == Ack(31, 0)
    assert bench.ask(LlInit()) == Ack(1, codec.RESULT_NOT_INITIALISED)
    assert bench.ask(GetStimStatus()) == READY


def test_an_update_puts_out_what_it_says_and_a_stop_ends_it() -> None:
    bench = Bench().running(20, 0, 7)
    assert bench.ask(GetStimStatus()) == RUNNING
    assert bench.ask(MlGetCurrentData()) == CurrentDataAck(0, (1, 2, 3))
    bench.ask(update(22, 0, 7, hz=40))
    (described, _third) = bench.of("output")[-1]["channels"]
    assert described == {
        "channel": 1,
        "current_mA": 11.0,
        "pulse_width_us": 300,
        "frequency_Hz": 40.0,
        "net_charge_nC": 0.0,
    }
    bench.ask(update(0, 0, 0))
    assert bench.output() == []
    assert bench.ask(MlStop()) == Ack(35, 0)
    assert bench.ask(GetStimStatus()) == OFF
    assert [event["why"] for event in bench.of("stop")] == ["command"]


def test_a_channel_that_is_not_listed_keeps_what_it_had() -> None:
    bench = Bench().running(20, 30)
    bench.ask(update(10))
    assert bench.output() == [(1, 5.0), (2, 15.0)]


def test_direct_current_from_a_foreign_client_shows_in_the_log() -> None:
    bench = Bench()
    bench.ask(MlInit(stop_all_on_error=True))
    data = b"\x01\x00\x00\x28" + Point(200, 20).to_bytes()
    assert bench.send(Packet(1, 32, data).to_frame()) == [Ack(33, 0)]
    (channel,) = bench.of("output")[-1]["channels"]
    assert channel["net_charge_nC"] == 2_000.0


def test_what_does_not_fit_into_the_time_is_a_parameter_error() -> None:
    bench = Bench().running(20)
    assert bench.ask(update(*[1] * 8, width_us=420, hz=125)) == Ack(33, codec.RESULT_PARAMETER)
    assert bench.of("output") == []
    assert bench.ask(update(*[1] * 8, width_us=419, hz=125)) == Ack(33, 0)


# ── the watchdog ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("feeding", [update(20), MlGetCurrentData()])
def test_only_an_update_or_the_current_data_feed_the_watchdog(feeding: Command) -> None:
    bench = Bench().running(20)
    for _ in range(4):
        bench.wait(1.9)
        bench.ask(feeding)
    assert bench.of("timeout") == []
    for _ in range(4):
        bench.wait(0.499)
        bench.ask(GetStimStatus())
        bench.ask(GetDeviceId())
    assert bench.of("timeout") == []
    bench.wait(0.005)
    (timeout,) = bench.of("timeout")
    assert timeout["t"] == pytest.approx(START_S + 4 * 1.9 + 2.0)
    assert bench.output() == []
    assert bench.ask(GetStimStatus()) == READY


def test_the_lapse_is_logged_at_its_own_time_however_late_it_is_looked_for() -> None:
    bench = Bench().running(20)
    bench.wait(60)
    assert bench.of("timeout")[0]["t"] == START_S + 2.0


def test_after_a_lapse_an_update_starts_again_and_the_current_data_do_not() -> None:
    bench = Bench().running(20)
    bench.wait(3)
    bench.ask(MlGetCurrentData())
    assert bench.ask(GetStimStatus()) == READY
    assert bench.output() == []
    bench.ask(update(20))
    assert bench.ask(GetStimStatus()) == RUNNING
    assert bench.output() == [(1, 10.0)]


def test_the_time_limit_can_be_set() -> None:
    bench = Bench(watchdog_s=0.5).running(20)
    bench.wait(0.5)
    assert len(bench.of("timeout")) == 1


def test_at_rest_nothing_lapses() -> None:
    bench = Bench()
    bench.ask(MlInit(stop_all_on_error=True))
    bench.wait(100)
    assert bench.of("timeout") == []
    assert bench.ask(GetStimStatus()) == READY


# ── pads ────────────────────────────────────────────────────────────────────────────────────────


def test_an_open_pad_is_seen_from_15_mA_on_with_the_next_pulse() -> None:
    bench = Bench("pad_off:2").running(20, 29)
    bench.wait(1)
    assert bench.of("stop") == []
    bench.ask(update(20, 30))
    bench.wait(0.019)
    assert bench.of("stop") == []
    bench.wait(0.001)
    assert [(event["why"], event["channel"]) for event in bench.of("stop")] == [("electrode", 2)]
    assert bench.output() == []
    assert bench.ask(GetStimStatus()) == READY
    assert bench.ask(MlGetCurrentData()) == CurrentDataAck(0, (), ((2, 1),))


def test_updates_faster_than_the_pulses_do_not_hide_an_open_pad() -> None:
    bench = Bench("pad_off:1").running(40)
    for _ in range(5):
        bench.wait(0.01)
        bench.ask(update(40))
    assert [event["why"] for event in bench.of("stop")][:1] == ["electrode"]


def test_the_fault_is_latched_until_the_level_is_initialised_anew() -> None:
    bench = Bench("pad_off:2").running(20, 40)
    bench.wait(0.1)
    bench.fault("pad_on:2")
    bench.ask(update(20, 40))
    assert bench.output() == [(1, 10.0)]  # an update does start the others: the driver must not send one
    assert bench.ask(MlGetCurrentData()) == CurrentDataAck(0, (1,), ((2, 1),))
    bench.ask(MlInit(stop_all_on_error=True))
    assert bench.output() == []
    bench.ask(update(20, 40))
    assert bench.output() == [(1, 10.0), (2, 20.0)]
    assert bench.ask(MlGetCurrentData()) == CurrentDataAck(0, (1, 2))


def test_without_stop_all_only_the_faulty_channel_ends() -> None:
    bench = Bench("pad_off:2")
    bench.ask(MlInit(stop_all_on_error=False))
    bench.ask(update(20, 40))
    bench.wait(0.1)
    assert bench.output() == [(1, 10.0)]
    assert bench.ask(GetStimStatus()) == RUNNING


def test_a_pad_that_comes_off_while_it_runs_is_noticed() -> None:
    bench = Bench().running(40)
    bench.fault("pad_off:1@t=1")
    bench.wait(0.99)
    assert bench.of("stop") == []
    bench.wait(0.05)
    assert bench.of("stop")[0]["why"] == "electrode"
    assert bench.of("stop")[0]["t"] == pytest.approx(START_S + 1.02)


@pytest.mark.parametrize(("fault", "most_half_mA"), [("pad_on", 260), ("pad_half", 143), ("gel_dry", 73)])
def test_what_150_volts_cannot_drive_is_low_current(fault: str, most_half_mA: int) -> None:
    for half_mA, flows in ((most_half_mA, True), (most_half_mA + 1, False)):
        if half_mA > codec.MAX_HALF_MA:
            continue
        bench = Bench(fault).running(half_mA)
        bench.wait(0.1)
        assert (bench.of("stop") == []) == flows
        if not flows:
            assert bench.ask(MlGetCurrentData()) == CurrentDataAck(0, (), ((1, 3),))


# ── ramp ────────────────────────────────────────────────────────────────────────────────────────


def test_the_ramp_field_fades_a_channel_in_pulse_by_pulse() -> None:
    bench = Bench().running(40, hz=50, ramp=3)
    bench.ask(MlInit(stop_all_on_error=True))
    bench.events.clear()
    bench.ask(update(40, hz=50, ramp=3))
    bench.wait(0.2)
    steps = [(event["t"], event["channels"][0]["current_mA"]) for event in bench.of("output")]
    assert [current_mA for _, current_mA in steps] == [5.0, 10.0, 15.0, 20.0]
    assert [t - steps[0][0] for t, _ in steps] == pytest.approx([0, 0.02, 0.04, 0.06])
    bench.ask(update(20, hz=50, ramp=3))
    assert bench.output() == [(1, 10.0)]  # it runs already: no new ramp


# ── low level ───────────────────────────────────────────────────────────────────────────────────


def probe(half_mA: int = 4, width_us: int = 100, lead: int = 2, connector: int = 1) -> LlChannelConfig:
    return LlChannelConfig(True, lead, connector, biphasic_pulse(half_mA, width_us))


def test_a_low_level_pulse_is_one_pulse_and_its_answer_comes_after_it() -> None:
    bench = Bench(latency_s=0.001)
    bench.ask(LlInit())
    assert bench.ask(GetStimStatus()) == StimStatusAck(0, codec.LEVEL_LOW_READY, codec.HIGH_VOLTAGE_150_V)
    bench.events.clear()
    assert bench.ask(probe()) is None
    assert bench.wait(0.0003) == [LlChannelConfigAck(0, 2, 1)]
    began, ended = bench.of("output")
    assert [(c["channel"], c["current_mA"]) for c in began["channels"]] == [(7, 2.0)]
    assert ended["channels"] == []
    assert ended["t"] - began["t"] == pytest.approx(300e-6, abs=2e-6)


def measured(bench: Bench, kind: int, pulse: LlChannelConfig) -> LlChannelConfigAck:
    bench.ask(LlInit(measurement=kind))
    bench.ask(pulse)
    (answer,) = bench.wait(0.01)
    assert isinstance(answer, LlChannelConfigAck)
    bench.ask(LlStop())
    return answer


def test_the_samples_show_the_leads_load() -> None:
    bench = Bench()
    loads = {}
    for fault in ("pad_on:7", "gel_dry:7"):
        bench.fault(fault)
        voltage = measured(bench, codec.MEASURE_VOLTAGE, probe())
        current = measured(bench, codec.MEASURE_CURRENT, probe())
        assert (voltage.sampling_us, len(voltage.samples)) == (3, 128)
        last = 100 // voltage.sampling_us - 1
        assert current.samples[last] == 200
        loads[fault] = voltage.samples[last] / current.samples[last] * 1000
    assert loads["pad_on:7"] == pytest.approx(500 + 3_000 * 0.0645, rel=0.03)
    assert loads["gel_dry:7"] == pytest.approx(1_500 + 10_000 * 0.0952, rel=0.03)


def test_an_open_lead_lets_nothing_through_and_shows_the_full_voltage() -> None:
    bench = Bench("pad_off:7")
    assert max(measured(bench, codec.MEASURE_CURRENT, probe()).samples) == 0
    assert max(measured(bench, codec.MEASURE_VOLTAGE, probe()).samples) == 15_000
    assert max(measured(bench, codec.MEASURE_HIGH_VOLTAGE, probe()).samples) == 15_000
    assert measured(bench, codec.MEASURE_CURRENT, probe(half_mA=30)).result == codec.RESULT_ELECTRODE


def test_ten_pulses_may_wait() -> None:
    bench = Bench()
    assert bench.ask(probe()) == LlChannelConfigAck(codec.RESULT_NOT_INITIALISED)
    bench.ask(LlInit())
    answers: list[Answer] = []
    for number in range(11):
        answers += bench.send(command_frame(probe(), number))
    assert answers == []
    answers = bench.wait(1)
    assert [answer.result for answer in answers].count(codec.RESULT_BUSY) == 1
    assert len(answers) == 11


def test_a_pulse_is_only_stored_when_it_is_not_to_be_executed() -> None:
    bench = Bench()
    bench.ask(LlInit())
    bench.events.clear()
    stored = LlChannelConfig(False, 0, 0, biphasic_pulse(4, 100))
    assert bench.ask(stored) == LlChannelConfigAck(0, 0, 0)
    assert bench.of("output") == []


# ── tissue ──────────────────────────────────────────────────────────────────────────────────────


def test_the_leads_step_response_is_its_formula() -> None:
    lead = tissue.GOOD
    assert lead.time_constant_us == 1_500
    for time_us in (50, 300, 5_000):
        measured = tissue.measure(lead, [(time_us, 10.0)], supply_V=150, count=time_us)
        assert measured.samples[-1][0] == 10.0
        assert measured.samples[-1][1] == pytest.approx(lead.voltage_V(10.0, time_us - 1))
    assert lead.voltage_V(10.0, 0) == pytest.approx(5.0)
    assert lead.voltage_V(10.0, 1e6) == pytest.approx(35.0)


def test_the_source_gives_no_more_than_its_voltage() -> None:
    measured = tissue.measure(tissue.DRY, [(300, 130.0), (100, 0.0), (300, -130.0)], supply_V=150, count=700)
    assert max(voltage_V for _, voltage_V in measured.samples) == pytest.approx(150)
    assert min(voltage_V for _, voltage_V in measured.samples) == pytest.approx(-150)
    currents_mA = [current_mA for current_mA, _ in measured.samples]
    assert currents_mA[0] == pytest.approx(100.0)
    assert currents_mA[299] < currents_mA[0]


# ── faults ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("spec", "fault"),
    [
        ("unplug", Fault("unplug", None)),
        ("unplug@t=30", Fault("unplug", None, at_s=30.0)),
        ("unplug@byte=100", Fault("unplug", None, at_byte=100)),
        ("ack_lost", Fault("ack_lost", 1)),
        ("ack_lost:3@n=12", Fault("ack_lost", 3, at_frame=12)),
        ("byte_lost", Fault("byte_lost", "out")),
        ("flipped:in@t=1.5", Fault("flipped", "in", at_s=1.5)),
        ("pad_off:4", Fault("pad_off", 4)),
        ("error", Fault("error", 8)),
        ("mute", Fault("mute", 0)),
    ],
)
def test_a_fault_is_read(spec: str, fault: Fault) -> None:
    assert parse_fault(spec) == fault


@pytest.mark.parametrize(
    "spec",
    [
        "",
        "nonsense",
        "unplug:3",
        "pad_off:x",
        "pad_off:",
        "pad_off:-1",
        "pad_off:9",
        "gel_dry:0",
        "byte_lost:up",
        "unplug@",
        "unplug@t=x",
        "unplug@t=-1",
        "unplug@t=nan",
        "unplug@t=inf",
        "unplug@n=0",
        "unplug@byte=1.5",
        "unplug@w=3",
        "pad_off:²",
    ],
)
def test_a_fault_that_cannot_be_read_says_what_was_expected(spec: str) -> None:
    with pytest.raises(FaultSpecError) as error:
        parse_fault(spec)
    assert str(error.value)


@pytest.mark.parametrize("kind", sorted(VirtualP24.fault_kinds))
def test_every_fault_can_happen_at_any_moment(kind: str) -> None:
    for when in ("", "@t=0.5", "@n=3", "@byte=50"):
        bench = Bench(kind + when, seed=7)
        bench.ask(MlInit(stop_all_on_error=True))
        for _ in range(10):
            bench.ask(update(20))
            bench.ask(MlGetCurrentData())
            bench.wait(0.1)


@pytest.mark.parametrize(
    ("spec", "answers"),
    [
        ("ack_lost:2", [0, 0, 1]),
        ("mute:2", [0, 0, 1]),
        ("mute", [0, 0, 0]),
        ("duplicate_ack:2", [2, 2, 1]),
        ("byte_lost", [0, 1, 1]),
        ("flipped", [0, 1, 1]),
        ("truncated", [0, 1, 1]),
        ("garbage:30", [1, 1, 1]),
        ("byte_lost:in", [0, 1, 1]),
        ("flipped:in", [0, 1, 1]),
        ("truncated:in", [0, 1, 1]),
    ],
)
def test_what_happens_to_answers_on_the_line(spec: str, answers: list[int]) -> None:
    bench = Bench(spec, seed=1)
    assert [len(bench.send(command_frame(GetStimStatus(), n))) for n in range(3)] == answers


def test_a_stale_answer_comes_before_the_fresh_one() -> None:
    bench = Bench()
    bench.ask(MlInit(stop_all_on_error=True))
    bench.fault("stale_ack")
    assert bench.send(command_frame(GetStimStatus(), 9)) == [Ack(31, 0), READY]


def test_the_nth_frame_and_the_kth_byte_are_counted_from_the_start() -> None:
    bench = Bench("ack_lost@n=3")
    assert [bench.ask(GetStimStatus()) is None for _ in range(4)] == [False, False, True, False]
    bench = Bench("unplug@byte=30")
    frames = command_frame(GetStimStatus(), 1) * 4
    bench.send(frames)
    assert len(bench.of("frame")) == 2
    assert not bench.device.plugged
    for spec, seen in (("unplug@byte=24", 2), ("unplug@byte=23", 1)):
        bench = Bench(spec)
        bench.send(frames)
        assert len(bench.of("frame")) == seen


def test_a_busy_device_does_not_do_what_it_is_told() -> None:
    bench = Bench().running(20)
    bench.fault("busy:2")
    assert bench.ask(update(30)) == Ack(33, codec.RESULT_BUSY)
    assert bench.ask(MlStop()) == Ack(35, codec.RESULT_BUSY)
    assert bench.of("output") == []
    assert bench.ask(MlStop()) == Ack(35, 0)


def test_an_ignored_stop_is_neither_done_nor_answered() -> None:
    bench = Bench().running(20)
    bench.fault("stop_ignored:1")
    assert bench.ask(MlStop()) is None
    assert bench.ask(GetStimStatus()) == RUNNING
    assert bench.ask(MlStop()) == Ack(35, 0)
    bench.running(20)
    bench.fault("stop_ignored")
    for _ in range(5):
        assert bench.ask(MlStop()) is None


def test_an_error_comes_unasked_and_the_output_goes_on() -> None:
    bench = Bench().running(20)
    assert bench.fault("error:8") == [GeneralError(8)]
    assert bench.fault("error:11") == [UnknownCommand()]
    assert bench.ask(GetStimStatus()) == RUNNING


def test_a_brown_out_ends_everything_and_leaves_it_deaf_for_a_moment() -> None:
    bench = Bench().running(20)
    bench.fault("brown_out")
    assert bench.output() == []
    assert bench.of("stop")[0]["why"] == "brown_out"
    assert bench.ask(GetStimStatus()) is None
    bench.wait(0.4)
    assert bench.ask(GetStimStatus()) == OFF


def test_an_unplugged_device_is_off_and_comes_back_fresh() -> None:
    bench = Bench(latency_s=0.01).running(20)
    bench.send(command_frame(GetStimStatus(), 1))
    bench.fault("unplug")
    assert bench.output() == []
    assert len(bench.of("unplug")) == 1
    assert bench.wait(1) == []
    bench.device.replug(bench.now_s)
    assert bench.ask(GetStimStatus()) == OFF


def test_a_reset_ends_everything() -> None:
    bench = Bench().running(20)
    assert bench.ask(Reset()) == Ack(59, 0)
    assert bench.output() == []
    assert bench.ask(GetStimStatus()) == OFF


def test_the_same_seed_makes_the_same_noise() -> None:
    noises = []
    for seed in (1, 1, 2):
        bench = Bench(seed=seed)
        bench.device.inject(parse_fault("garbage:100"), bench.now_s)
        noises.append(bench.device.take_outgoing())
    assert noises[0] == noises[1] != noises[2]
    assert noises[0] == random.Random(1).randbytes(100)


def test_every_frame_is_logged_with_its_bytes() -> None:
    bench = Bench()
    frame = command_frame(GetStimStatus(), 5)
    bench.send(frame)
    assert bench.of("frame") == [
        {"t": START_S, "event": "frame", "name": "Get_stim_status", "hex": frame.hex()}
    ]
