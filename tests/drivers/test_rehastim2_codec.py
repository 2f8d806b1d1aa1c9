"""ScienceMode2: golden bytes worked out by hand from the card, round trips, and what is never encoded."""

from __future__ import annotations

import random
from contextlib import suppress
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.hasomed import FrameScanner, Malformed
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
    SinglePulse,
    StartChannelListMode,
    StimulationError,
    StopChannelListMode,
    UnknownCommand,
    Watchdog,
    answer_frame,
    command_frame,
    crc8,
    net_charge_nC,
    parse_answer,
    parse_command,
    shortest_period_ms,
)

TEN_MS = Period(18)

GOLDEN_COMMANDS = [
    (InitAck(0), 0, "f0817f81560002000f"),
    (InitAck(codec.RESULT_VERSION), 7, "f0818681560702fb0f"),
    (Watchdog(), 15, "f081a78156815a040f"),
    (GetStimulationMode(), 10, "f081e181570a0a0f"),
    # A checksum of A5 travels as 81 F0, one of 5A as 81 0F: what follows an 81 is opaque.
    (GetStimulationMode(), 198, "f081f08157c60a0f"),
    (GetStimulationMode(), 222, "f0810f8157de0a0f"),
    (InitChannelListMode((1, 2), TEN_MS), 1, "f08111815c011e0003000d0012000f"),
    (
        InitChannelListMode(tuple(range(1, 9)), Period(39), 255, 7, (5, 6, 7, 8)),
        129,
        "f081bf815e81d41e07ff81a5ff0027000f",
    ),
    (InitChannelListMode((8,), Period(2048)), 240, "f08194815f81a51e0080000d0800000f"),
    (InitChannelListMode((1,), None), 2, "f081b5815c021e0001000d0000000f"),
    (
        StartChannelListMode((ChannelPulse(300, 20), ChannelPulse(271, 0))),
        2,
        "f081a7815e022000012c140001815a000f",
    ),
    (StartChannelListMode((ChannelPulse(129, 15, codec.TRIPLET),)), 240, "f081e4815c81a520020081d4815a0f"),
    (StopChannelListMode(), 255, "f0816c8157ff220f"),
    (SinglePulse(8, 500, 130), 3, "f0810b815303240701f4820f"),
]
GOLDEN_ANSWERS = [
    (Init(1), 0, "f0814781560001010f"),
    (UnknownCommand(95), 3, "f0814d815603035f0f"),
    (ModeAck(0, codec.MODE_STARTED), 10, "f0812b81510a0b00020f"),
    (ModeAck(codec.RESULT_BUSY), 10, "f081a381560a0bf80f"),
    (Ack(31, 0), 1, "f081aa8156011f000f"),
    (Ack(31, codec.RESULT_PARAMETER), 1, "f0815e8156011ffe0f"),
    (Ack(33, codec.RESULT_WRONG_MODE), 2, "f081c581560221fd0f"),
    (Ack(35, codec.RESULT_TRANSFER), 255, "f0811c8156ff23ff0f"),
    (Ack(37, 0), 3, "f0810781560325000f"),
    (StimulationError(codec.ERROR_SWITCH), 0, "f0817681560026ff0f"),
    (StimulationError(codec.ERROR_ELECTRODE), 0, "f0817181560026fe0f"),
    (StimulationError(codec.ERROR_MODULE), 0, "f0817881560026fd0f"),
]


def packet_in(frame: bytes) -> Packet:
    (body,) = FrameScanner(codec.SCIENCE_MODE_2).feed(frame)
    return Packet.from_body(body)


@pytest.mark.parametrize(("command", "number", "golden"), GOLDEN_COMMANDS)
def test_commands_are_these_bytes(command, number, golden):
    assert command_frame(command, number).hex() == golden
    packet = packet_in(bytes.fromhex(golden))
    assert packet.number == number
    assert parse_command(packet) == command


@pytest.mark.parametrize(("answer", "number", "golden"), GOLDEN_ANSWERS)
def test_answers_are_these_bytes(answer, number, golden):
    assert answer_frame(answer, number).hex() == golden
    packet = packet_in(bytes.fromhex(golden))
    assert packet.number == number
    assert parse_answer(packet) == answer


def test_the_checksum_is_the_usual_crc8():
    assert crc8(b"123456789") == 0xF4
    assert crc8(b"") == 0


# ── round trips ─────────────────────────────────────────────────────────────────────────────────

bytes_ = st.integers(0, 255)
results = st.integers(-128, 127)
channels = st.sets(st.integers(1, 8), min_size=1).map(lambda found: tuple(sorted(found)))
periods = st.builds(Period, st.integers(14, 2048))
pulses = st.builds(ChannelPulse, st.integers(20, 500), st.integers(0, 130), st.integers(0, 2))
commands = st.one_of(
    st.builds(InitAck, results),
    st.sampled_from([Watchdog(), GetStimulationMode(), StopChannelListMode()]),
    st.builds(
        InitChannelListMode,
        channels,
        st.none() | periods,
        bytes_,
        st.integers(0, 7),
        channels | st.just(()),
    ),
    st.lists(pulses, min_size=1, max_size=8).map(tuple).map(StartChannelListMode),
    st.builds(SinglePulse, st.integers(1, 8), st.integers(20, 500), st.integers(0, 130)),
)
answers = st.one_of(
    st.builds(Init, bytes_),
    st.builds(UnknownCommand, bytes_),
    st.builds(ModeAck, results, st.integers(0, 2)),
    st.builds(ModeAck, results.filter(bool)),
    st.builds(Ack, st.sampled_from([31, 33, 35, 37]), results),
    st.builds(StimulationError, results),
)


@given(commands, bytes_)
def test_commands_round_trip(command, number):
    packet = packet_in(command_frame(command, number))
    assert (packet.number, packet.code) == (number, command.CODE)
    assert parse_command(packet) == command


@given(answers, bytes_)
def test_answers_round_trip(answer, number):
    packet = packet_in(answer_frame(answer, number))
    assert packet.number == number
    assert parse_answer(packet) == answer


@given(bytes_, bytes_, st.binary(max_size=28))
def test_any_data_is_either_read_exactly_or_malformed(number, code, data):
    packet = Packet(number, code, data)
    assert packet_in(packet.to_frame()) == packet
    for parse, known in ((parse_command, codec.is_known_command(code)), (parse_answer, True)):
        try:
            message = parse(packet)
        except Malformed:
            continue
        assert known
        with suppress(Malformed):  # a width below 20 µs is read, and never sent
            assert message.to_bytes() == data


@pytest.mark.parametrize("code", [1, 3, 11, 31, 33, 35, 37, 38])
@pytest.mark.parametrize("data", [b"", b"\x00\x00\x00"])
def test_an_answer_of_another_length_is_none(code, data):
    with pytest.raises(Malformed):
        parse_answer(Packet(0, code, data))


@pytest.mark.parametrize("data", [b"\x00", b"\x00\x03", b"\x00\xff"])
def test_a_mode_that_does_not_exist_is_none(data):
    with pytest.raises(Malformed):
        parse_answer(Packet(0, 11, data))


def test_a_packet_needs_a_command():
    for body in (b"", b"\x04"):
        with pytest.raises(Malformed):
            Packet.from_body(body)


# ── what is never encoded ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("width_us", [0, 1, 19])
def test_off_is_never_a_width_of_zero(width_us):
    for message in (StartChannelListMode((ChannelPulse(width_us, 0),)), SinglePulse(1, width_us, 0)):
        with pytest.raises(Malformed):
            message.to_bytes()
    assert ChannelPulse(width_us, 0).effective_us == 20


@pytest.mark.parametrize(
    ("width_us", "current_mA", "mode"), [(501, 0, 0), (-1, 0, 0), (300, 131, 0), (300, -2, 0), (300, 2, 3)]
)
def test_a_pulse_out_of_range_cannot_exist(width_us, current_mA, mode):
    with pytest.raises(Malformed):
        ChannelPulse(width_us, current_mA, mode)
    if mode == 0:
        with pytest.raises(Malformed):
            SinglePulse(1, width_us, current_mA)


@pytest.mark.parametrize(
    "make",
    [
        lambda: InitChannelListMode((), TEN_MS),
        lambda: InitChannelListMode((0,), TEN_MS),
        lambda: InitChannelListMode((9,), TEN_MS),
        lambda: InitChannelListMode((2, 1), TEN_MS),
        lambda: InitChannelListMode((1, 1), TEN_MS),
        lambda: InitChannelListMode((1,), TEN_MS, 256),
        lambda: InitChannelListMode((1,), TEN_MS, 13, 8),
        lambda: InitChannelListMode((1,), TEN_MS, 13, 1, (9,)),
        lambda: StartChannelListMode(()),
        lambda: StartChannelListMode((ChannelPulse(300, 0),) * 9),
        lambda: SinglePulse(0, 300, 0),
        lambda: SinglePulse(9, 300, 0),
        lambda: Period(13),
        lambda: Period(2049),
    ],
)
def test_what_the_frame_or_the_device_cannot_carry_cannot_exist(make):
    with pytest.raises(Malformed):
        make()


def test_the_last_byte_of_a_list_is_zero():
    data = InitChannelListMode((1,), TEN_MS).to_bytes()
    with pytest.raises(Malformed):
        InitChannelListMode.from_bytes(data[:-1] + b"\x01")


def test_the_net_charge_is_one_microsecond_of_the_current():
    assert [net_charge_nC(current_mA) for current_mA in (0, 2, 60)] == [0, 2, 60]


# ── periods ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("frequency_Hz", "period_ms"),
    [
        (Fraction(125), Fraction(8)),
        (Fraction(100), Fraction(10)),
        (Fraction(80), Fraction(25, 2)),
        (Fraction(50), Fraction(20)),
        (Fraction(30), Fraction(67, 2)),
        (Fraction(3), Fraction(667, 2)),
        # 16.13 ms is nearer to 16 ms, which would be more than 62 Hz.
        (Fraction(62), Fraction(33, 2)),
        (Fraction(1), Fraction(1000)),
        # 20.25 ms lies exactly between 20 and 20.5 ms.
        (Fraction(1000) / Fraction(81, 4), Fraction(41, 2)),
    ],
)
def test_a_frequency_becomes_the_next_period_that_is_not_shorter(frequency_Hz, period_ms):
    assert Period.not_faster(frequency_Hz).ms == period_ms


@given(st.fractions(Fraction(1), Fraction(125), max_denominator=1000))
def test_no_pulse_comes_earlier_than_asked_and_no_period_between_is_left_out(frequency_Hz):
    period = Period.not_faster(frequency_Hz)
    assert 0 <= period.ms - 1000 / frequency_Hz < Fraction(1, 2)
    assert period.frequency_Hz == 1000 / period.ms


@pytest.mark.parametrize("frequency_Hz", [Fraction(0), Fraction(-30), Fraction(130), Fraction(9, 10)])
def test_a_frequency_out_of_range_is_refused(frequency_Hz):
    with pytest.raises(Malformed):
        Period.not_faster(frequency_Hz)


def test_the_shortest_period_is_the_strictest_of_what_the_card_says():
    assert [float(shortest_period_ms(active)) for active in range(1, 9)] == [8, 8, 8, 10, 12.5, 15, 17.5, 20]
    assert all(shortest_period_ms(active) >= codec.SLOT_MS * active for active in range(1, 9))


# ── noise ───────────────────────────────────────────────────────────────────────────────────────


def test_every_frame_that_was_sent_is_found_and_no_other_in_any_stream(soak: bool) -> None:
    """Good frames of both directions between random bytes, special bytes and pieces of frames."""
    wanted_bytes = 1_000_000 if soak else 100_000
    randomness = random.Random(2)
    examples = [bytes.fromhex(golden) for _, _, golden in GOLDEN_COMMANDS + GOLDEN_ANSWERS]
    scanner = FrameScanner(codec.SCIENCE_MODE_2)
    sent: list[bytes] = []
    found: list[bytes] = []
    fed = 0
    while fed < wanted_bytes:
        frame = randomness.choice(examples)
        noise = randomness.choice(
            (
                randomness.randbytes(randomness.randrange(1, 60)),
                bytes(randomness.choices((0xF0, 0x0F, 0x81, 0x55, 0x57), k=randomness.randrange(1, 60))),
                frame[: randomness.randrange(1, len(frame))],
                frame[randomness.randrange(1, len(frame)) :],
            )
        )
        sent.append(frame)
        found += scanner.feed(noise + frame)
        fed += len(noise) + len(frame)
        assert len(scanner._buffer) < codec.SCIENCE_MODE_2.longest_frame
    print(f"{fed} bytes, {len(sent)} frames among them, {len(found)} found")
    assert found == [FrameScanner(codec.SCIENCE_MODE_2).feed(frame)[0] for frame in sent]
