"""ScienceMode4: golden frames of the card, the maker's vectors, round trips, and what is never encoded."""

import json
import math
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.hasomed import FrameScanner
from drivers.p24 import codec
from drivers.p24.codec import (
    Ack,
    ChannelUpdate,
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
    Malformed,
    MlGetCurrentData,
    MlInit,
    MlStop,
    MlUpdate,
    Packet,
    Period,
    Point,
    Reset,
    StimStatusAck,
    Unbalanced,
    UnknownCommand,
    Version,
    answer_frame,
    biphasic_pulse,
    command_frame,
    duty,
    net_charge_half_mA_us,
    parse_answer,
    parse_command,
)

VECTORS = [
    json.loads(line)
    for line in (Path(__file__).parent / "data" / "p24-ml-update-vectors.jsonl").read_text().splitlines()
]


def two_channels(period: Period) -> MlUpdate:
    return MlUpdate(tuple(ChannelUpdate(channel, period, biphasic_pulse(20, 300)) for channel in (1, 2)))


GOLDEN_COMMANDS = [
    (GetDeviceId(), 1, "f08155815981ef814604340f"),
    (GetExtendedVersion(), 2, "f08155815981d481bc08440f"),
    (GetStimStatus(), 63, "f08155815981d48164fc3e0f"),
    (MlInit(stop_all_on_error=True), 3, "f081558158811081690c1e010f"),
    (MlStop(), 60, "f08155815881bf819481a5220f"),
    (MlGetCurrentData(), 5, "f081558158814081501424040f"),
    (LlInit(), 6, "f08155815881bf81971800000f"),
    (
        LlChannelConfig(execute=True, lead=2, connector=1, points=biphasic_pulse(41, 250)),
        7,
        "f08155814e813981641c02d2815aa554000644b000815aa40c000f",
    ),
    (
        two_channels(Period(67, quarter_ms=False)),
        4,
        "f08155817e815b810410200320008612c500000644b00012c4600020008612c500000644b00012c460000f",
    ),
    (
        two_channels(Period(133, quarter_ms=True)),
        4,
        "f08155817e81d4818110200320010b12c500000644b00012c4600020010b12c500000644b00012c460000f",
    ),
]
GOLDEN_ANSWERS = [
    (CurrentDataAck(0, active=(1,), faults=((2, 1), (8, 3))), 5, "f081558146812881961425000401100000300f"),
    (Ack(33, 0), 4, "f08155815881 2381e11021000f".replace(" ", "")),
    (UnknownCommand(), 4, "f08155815881ff81c210430b0f"),
    (
        StimStatusAck(0, codec.LEVEL_MID_RUNNING, codec.HIGH_VOLTAGE_150_V),
        63,
        "f08155815a812c81bafc3f0003060f",
    ),
    (DeviceIdAck(0, "1234567890"), None, "f08155814281d48188043500313233343536373839300f"),
]


def packet_in(frame: bytes) -> Packet:
    (body,) = FrameScanner(codec.SCIENCE_MODE_4).feed(frame)
    return Packet.from_body(body)


@pytest.mark.parametrize(("command", "number", "golden"), GOLDEN_COMMANDS)
def test_commands_are_the_makers_bytes(command, number, golden):
    assert command_frame(command, number).hex() == golden
    packet = packet_in(bytes.fromhex(golden))
    assert packet.number == number
    assert parse_command(packet) == command


@pytest.mark.parametrize(("answer", "number", "golden"), GOLDEN_ANSWERS)
def test_answers_are_the_makers_bytes(answer, number, golden):
    packet = packet_in(bytes.fromhex(golden))
    assert parse_answer(packet) == answer
    assert number in (None, packet.number)
    assert answer_frame(answer, packet.number).hex() == golden


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"number {vector['number']}")
def test_updates_are_the_makers_bytes(vector):
    update = MlUpdate(
        tuple(
            ChannelUpdate(
                channel=channel["channel"],
                period=Period(
                    int(channel["period_ms"] * (4 if channel["quarter_ms"] else 2)), channel["quarter_ms"]
                ),
                points=tuple(
                    Point(duration_us, int(current_mA * 2)) for duration_us, current_mA in channel["points"]
                ),
                ramp=channel["ramp"],
            )
            for channel in vector["channels"]
        )
    )
    assert command_frame(update, vector["number"]).hex() == vector["frame"]
    assert parse_command(packet_in(bytes.fromhex(vector["frame"]))) == update
    for channel, given_channel in zip(update.channels, vector["channels"], strict=True):
        assert float(channel.period.ms) == given_channel["period_ms"]
        assert channel.points == biphasic_pulse(channel.points[0].half_mA, channel.points[0].duration_us)


def test_there_are_120_vectors():
    assert len(VECTORS) == 120


# ── round trips ─────────────────────────────────────────────────────────────────────────────────

periods = st.builds(Period, st.integers(1, 0x7FFF), st.booleans())
pulses = st.builds(biphasic_pulse, st.integers(-260, 260), st.integers(0, 4095))
channel_sets = st.sets(st.integers(1, 8)).map(sorted)
results = st.integers(1, 255)
updates = channel_sets.flatmap(
    lambda channels: st.tuples(
        *(
            st.builds(ChannelUpdate, st.just(channel), periods, pulses, st.integers(0, 15))
            for channel in channels
        )
    ).map(MlUpdate)
)
commands = st.one_of(
    st.sampled_from([GetDeviceId(), Reset(), GetStimStatus(), GetExtendedVersion()]),
    st.sampled_from([LlStop(), MlStop(), MlGetCurrentData()]),
    st.builds(LlInit, st.integers(0, 7), st.integers(0, 7)),
    st.builds(LlChannelConfig, st.booleans(), st.integers(0, 3), st.integers(0, 1), pulses),
    st.builds(MlInit, st.booleans()),
    updates,
)
bytes_ = st.integers(0, 255)
triples = st.tuples(bytes_, bytes_, bytes_)
answers = st.one_of(
    st.builds(Ack, st.sampled_from([1, 5, 31, 33, 35, 59]), bytes_),
    st.builds(
        DeviceIdAck,
        st.just(0),
        st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=10, max_size=10),
    ),
    st.builds(DeviceIdAck, results),
    st.builds(StimStatusAck, bytes_, bytes_, bytes_),
    st.builds(StimStatusAck, results),
    st.builds(ExtendedVersionAck, results),
    st.builds(
        ExtendedVersionAck,
        bytes_,
        st.builds(Version, triples, triples, st.integers(0, 2**32 - 1), bytes_, st.booleans()),
    ),
    st.builds(
        CurrentDataAck,
        bytes_,
        channel_sets.map(tuple),
        st.dictionaries(st.integers(1, 8), st.integers(1, 15)).map(
            lambda faults: tuple(sorted(faults.items()))
        ),
    ),
    st.builds(LlChannelConfigAck, results),
    st.builds(LlChannelConfigAck, st.just(0), st.integers(0, 3), st.integers(0, 1)),
    st.builds(
        LlChannelConfigAck,
        st.just(0),
        st.integers(0, 3),
        st.integers(0, 1),
        st.integers(1, 3),
        st.integers(0, 65_535),
        st.lists(st.integers(0, 65_535), min_size=128, max_size=128).map(tuple),
    ),
    st.builds(GeneralError, bytes_),
    st.builds(UnknownCommand, bytes_),
)
numbers = st.integers(0, 63)


@given(commands, numbers)
def test_commands_round_trip(command, number):
    packet = packet_in(command_frame(command, number))
    assert (packet.number, packet.code) == (number, command.CODE)
    assert parse_command(packet) == command


@given(answers, numbers)
def test_answers_round_trip(answer, number):
    packet = packet_in(answer_frame(answer, number))
    assert packet.number == number
    assert parse_answer(packet) == answer


@given(st.integers(0, 1023), st.binary(max_size=300), numbers)
def test_any_data_is_either_read_or_malformed(code, data, number):
    packet = Packet(number, code, data)
    assert packet_in(packet.to_frame()) == packet
    for parse in (parse_command, parse_answer):
        try:
            parse(packet)
        except Malformed:
            pass


@given(st.sampled_from([53, 63, 69, 37, 3, 33]), results)
def test_an_answer_that_says_no_may_be_short(code, result):
    assert parse_answer(Packet(0, code, bytes((result,)))).result == result


@pytest.mark.parametrize("code", [53, 63, 69, 37, 3])
def test_an_answer_that_says_yes_may_not_be_short(code):
    with pytest.raises(Malformed):
        parse_answer(Packet(0, code, b"\x00"))


def test_a_packet_needs_a_prefix():
    for body in (b"", b"\x04"):
        with pytest.raises(Malformed):
            Packet.from_body(body)


# ── charge ──────────────────────────────────────────────────────────────────────────────────────


@given(st.integers(-260, 260), st.integers(0, 4095))
def test_the_pulse_that_we_build_is_balanced_and_has_its_gap(half_mA, pulse_width_us):
    points = biphasic_pulse(half_mA, pulse_width_us)
    assert net_charge_half_mA_us(points) == 0
    assert points[1] == Point(100, 0)
    assert (points[0].half_mA, points[2].half_mA) == (half_mA, -half_mA)


@given(
    st.lists(st.builds(Point, st.integers(0, 4095), st.integers(-260, 260)), min_size=1, max_size=16).map(
        tuple
    )
)
def test_no_unbalanced_pulse_is_ever_encoded(points):
    update = MlUpdate((ChannelUpdate(1, Period(80, False), points),))
    probe = LlChannelConfig(True, 0, 0, points)
    if sum(max(point.duration_us, 10) * point.half_mA for point in points):
        for message in (update, probe):
            with pytest.raises(Unbalanced):
                message.to_bytes()
    else:
        assert MlUpdate.from_bytes(update.to_bytes()) == update
        assert LlChannelConfig.from_bytes(probe.to_bytes()) == probe


def test_a_pulse_that_only_looks_balanced_is_not_encoded():
    # 5 µs acts as 10 µs, so the first phase carries twice what it seems to.
    points = (Point(5, 40), Point(100, 0), Point(20, -10))
    with pytest.raises(Unbalanced):
        LlChannelConfig(True, 0, 0, points).to_bytes()


@pytest.mark.parametrize(("duration_us", "half_mA"), [(4096, 0), (-1, 0), (100, 261), (100, -261)])
def test_a_point_out_of_range_cannot_exist(duration_us, half_mA):
    with pytest.raises(Malformed):
        Point(duration_us, half_mA)


@pytest.mark.parametrize(
    "channels",
    [
        (ChannelUpdate(0, Period(80, False), biphasic_pulse(0, 100)),),
        (ChannelUpdate(9, Period(80, False), biphasic_pulse(0, 100)),),
        (ChannelUpdate(1, Period(80, False), biphasic_pulse(0, 100), ramp=16),),
        (ChannelUpdate(1, Period(80, False), ()),),
        (ChannelUpdate(1, Period(80, False), biphasic_pulse(0, 100) * 6),),
        tuple(ChannelUpdate(channel, Period(80, False), biphasic_pulse(0, 100)) for channel in (2, 1)),
        tuple(ChannelUpdate(channel, Period(80, False), biphasic_pulse(0, 100)) for channel in (1, 1)),
    ],
)
def test_an_update_that_the_frame_cannot_carry_is_refused(channels):
    with pytest.raises(Malformed):
        MlUpdate(channels).to_bytes()


# ── periods and duty ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("frequency_Hz", "period_ms", "quarter_ms"),
    [
        (Fraction(100), Fraction(10), False),
        (Fraction(125), Fraction(8), False),
        (Fraction(80), Fraction(25, 2), False),
        (Fraction(1), Fraction(1000), False),
        (Fraction(1, 16), Fraction(16000), False),
        # 33.33 ms is nearer to 33.25 ms, which would be more than 30 Hz.
        (Fraction(30), Fraction(67, 2), False),
        # 20.125 ms lies exactly between 20 and 20.25 ms.
        (Fraction(1000) / Fraction(161, 8), Fraction(81, 4), True),
        # 20.375 ms between 20.25 and 20.5 ms, which is a half.
        (Fraction(1000) / Fraction(163, 8), Fraction(41, 2), False),
        # beyond 8191 ms only halves exist; 10000.25 ms lies between two of them.
        (Fraction(1000) / Fraction(40_001, 4), Fraction(20_001, 2), False),
    ],
)
def test_a_frequency_becomes_the_next_period_that_is_not_shorter(frequency_Hz, period_ms, quarter_ms):
    period = Period.not_faster(frequency_Hz)
    assert (period.ms, period.quarter_ms) == (period_ms, quarter_ms)
    assert period.frequency_Hz == 1000 / period_ms


@given(st.fractions(Fraction(1), Fraction(1000), max_denominator=1000))
def test_no_pulse_comes_earlier_than_asked_and_no_period_between_is_left_out(frequency_Hz):
    late_ms = Period.not_faster(frequency_Hz).ms - 1000 / frequency_Hz
    assert 0 <= late_ms < Fraction(1, 4)


@pytest.mark.parametrize("frequency_Hz", [Fraction(0), Fraction(-30), Fraction(1, 17), Fraction(100_000)])
def test_a_frequency_out_of_range_is_refused(frequency_Hz):
    with pytest.raises(Malformed):
        Period.not_faster(frequency_Hz)


def test_duty_is_exact_and_rounded_up():
    # (300 + 100 + 300 + 60) µs in 33.25 ms, twice: 45.71… ‰
    assert duty(two_channels(Period(133, quarter_ms=True)).channels) == 46
    assert duty(()) == 0
    assert duty([ChannelUpdate(1, Period(2, False), (Point(940, 0),))]) == 1000


@given(st.lists(st.builds(ChannelUpdate, st.integers(1, 8), periods, pulses), max_size=8))
def test_duty_is_the_sum_of_the_channels(channels):
    per_ms = [(sum(p.duration_us for p in one.points) + 60) / one.period.ms for one in channels]
    assert duty(channels) == math.ceil(sum(per_ms))
