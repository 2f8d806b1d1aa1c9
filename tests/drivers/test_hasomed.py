"""Framing: what is built is found again, whatever stands around it, and nothing else is found."""

import random
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.hasomed import FrameScanner, Layout, build_frame, stuff, unstuff
from drivers.p24.codec import SCIENCE_MODE_4, Malformed, Packet, parse_answer, parse_command
from drivers.virtual.p24 import VirtualP24
from tests.drivers.line_noise import NOISES, SPECIAL, random_body, recovered_after_noise


def crc8(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x07 if crc & 0x80 else crc << 1) & 0xFF
    return crc


SCIENCE_MODE_2 = Layout(
    length_bytes=1,
    checksum_bytes=1,
    length_first=False,
    length_of_frame=False,
    shortest_frame=8,
    longest_frame=69,
    checksum=crc8,
)
"""The other protocol's header, as its card gives it: the shared part must carry it too."""

bodies_of_any_kind = st.one_of(
    st.binary(min_size=2, max_size=300),
    st.lists(st.sampled_from(SPECIAL), min_size=2, max_size=100).map(bytes),
)


@given(st.binary(max_size=400))
def test_stuffing_is_undone_exactly(data):
    stuffed = stuff(data)
    assert not any(byte in (0xF0, 0x0F) for byte in stuffed)
    assert unstuff(stuffed) == data


def test_only_three_bytes_are_stuffed():
    assert [byte for byte in range(256) if len(stuff(bytes((byte,)))) == 2] == sorted(SPECIAL)
    assert stuff(b"\x81\xf0\x0f\x55") == bytes.fromhex("81d481a5815a55")


@given(st.lists(bodies_of_any_kind, max_size=6), st.data())
def test_frames_come_back_however_the_stream_is_cut(bodies, data):
    stream = b"".join(build_frame(SCIENCE_MODE_4, body) for body in bodies)
    scanner = FrameScanner(SCIENCE_MODE_4)
    found = []
    while stream:
        cut = data.draw(st.integers(1, len(stream)))
        found += scanner.feed(stream[:cut])
        stream = stream[cut:]
    assert found == bodies
    assert scanner.skipped_bytes == 0


@given(st.lists(st.binary(min_size=2, max_size=30), min_size=1, max_size=6))
def test_the_other_protocols_header_is_a_parameter(bodies):
    scanner = FrameScanner(SCIENCE_MODE_2)
    stream = b"".join(build_frame(SCIENCE_MODE_2, body) for body in bodies)
    assert [body for byte in stream for body in scanner.feed(bytes((byte,)))] == bodies


def test_an_escaped_header_byte_may_be_a_special_byte_itself():
    for number in range(64):
        for code in (34, 62, 36):
            body = (number << 10 | code).to_bytes(2, "big")
            assert FrameScanner(SCIENCE_MODE_4).feed(build_frame(SCIENCE_MODE_4, body)) == [body]
    # A checksum byte of 5A travels as 81 0F, one of A5 as 81 F0.
    frames = [build_frame(SCIENCE_MODE_4, n.to_bytes(2, "big")) for n in range(65_536)]
    assert any(frame[6] == 0x0F or frame[8] == 0x0F for frame in frames)
    assert any(frame[6] == 0xF0 or frame[8] == 0xF0 for frame in frames)


def test_too_long_a_body_is_refused():
    build_frame(SCIENCE_MODE_4, bytes(1190))
    with pytest.raises(ValueError):
        build_frame(SCIENCE_MODE_4, bytes(1191))


@given(
    st.one_of(
        st.binary(max_size=3000), st.lists(st.sampled_from((*SPECIAL, 0x55, 0x58)), max_size=3000).map(bytes)
    )
)
def test_any_bytes_are_taken_and_no_frame_is_invented(noise):
    scanner = FrameScanner(SCIENCE_MODE_4)
    assert scanner.feed(noise) == []
    assert len(scanner._buffer) < SCIENCE_MODE_4.longest_frame


def test_a_long_stream_of_anything_holds_only_what_was_sent(soak: bool) -> None:
    """Random bytes, special bytes and damaged frames, through scanner and parsers of both sides."""
    wanted_bytes = 1_000_000 if soak else 100_000
    randomness = random.Random(24)
    scanner = FrameScanner(SCIENCE_MODE_4)
    device = VirtualP24(0.0)
    damaged_bodies: set[bytes] = set()
    found: list[bytes] = []
    fed = 0
    while fed < wanted_bytes:
        body = random_body(randomness)
        damaged_bodies.add(body)
        noise = randomness.choice(NOISES)(randomness, build_frame(SCIENCE_MODE_4, body))
        for body in scanner.feed(noise):
            found.append(body)
            for parse in (parse_command, parse_answer):
                with suppress(Malformed):
                    parse(Packet.from_body(body))
        assert len(scanner._buffer) < SCIENCE_MODE_4.longest_frame
        device.receive(noise, fed / 1e6)
        device.take_outgoing()
        fed += len(noise)
    print(f"{fed} bytes of noise, {len(found)} frames found in them")
    # A frame that lost its last byte alone is whole again when the noise behind it happens to begin with it.
    assert damaged_bodies.issuperset(found)
    assert len(found) < fed / 10_000
    assert not [event for event in device.take_events() if event["event"] == "output"]


@pytest.mark.parametrize("noise", NOISES)
def test_every_good_frame_is_recovered_after_noise(noise, soak: bool) -> None:
    sent, found, invented = recovered_after_noise(noise, 7_500 if soak else 1_500, seed=4)
    print(f"{noise.__name__}: {found} of {sent} good frames, {invented} invented")
    assert (found, invented) == (sent, 0)


@pytest.mark.parametrize("noise", NOISES)
def test_a_good_frame_is_found_at_once_and_not_only_when_more_arrives(noise):
    randomness = random.Random(9)
    for _ in range(500):
        scanner = FrameScanner(SCIENCE_MODE_4)
        body = random_body(randomness)
        damaged = build_frame(SCIENCE_MODE_4, random_body(randomness))
        scanner.feed(noise(randomness, damaged))
        assert scanner.feed(build_frame(SCIENCE_MODE_4, body))[-1:] == [body]


def test_what_was_received_of_an_unfinished_frame_can_be_forgotten():
    frame = build_frame(SCIENCE_MODE_4, b"\x01\x02\x03")
    scanner = FrameScanner(SCIENCE_MODE_4)
    scanner.feed(frame[:-1])
    scanner.reset()
    assert scanner.feed(frame[-1:]) == []
    assert scanner.feed(frame) == [b"\x01\x02\x03"]
