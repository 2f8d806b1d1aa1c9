"""Framing: what is built is found again, whatever stands around it, and nothing else is found."""

import random
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.hasomed import FrameScanner, Malformed, build_frame, stuff, unstuff
from drivers.p24 import codec as p24
from drivers.p24.codec import SCIENCE_MODE_4
from drivers.rehastim2 import codec as rehastim2
from drivers.rehastim2.codec import SCIENCE_MODE_2
from drivers.virtual.p24 import VirtualP24
from drivers.virtual.rehastim2 import VirtualRehaStim2
from tests.drivers.line_noise import NOISES, SPECIAL, random_body, recovered_after_noise

LAYOUTS = pytest.mark.parametrize("layout", [SCIENCE_MODE_2, SCIENCE_MODE_4], ids=["SM2", "SM4"])
SIDES = pytest.mark.parametrize(
    ("protocol", "make_device"), [(rehastim2, VirtualRehaStim2), (p24, VirtualP24)], ids=["SM2", "SM4"]
)

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
    for layout in (SCIENCE_MODE_2, SCIENCE_MODE_4):
        scanner = FrameScanner(layout)
        assert scanner.feed(noise) == []
        assert len(scanner._buffer) < layout.longest_frame


@SIDES
def test_a_long_stream_of_anything_holds_only_what_was_sent(protocol, make_device, soak: bool) -> None:
    """Random bytes, special bytes and damaged frames, through scanner and parsers of both sides."""
    wanted_bytes = 1_000_000 if soak else 100_000
    randomness = random.Random(24)
    device = make_device(0.0)
    layout = device.layout
    scanner = FrameScanner(layout)
    damaged_bodies: set[bytes] = set()
    found: list[bytes] = []
    fed = 0
    while fed < wanted_bytes:
        body = random_body(randomness, layout)
        damaged_bodies.add(body)
        noise = randomness.choice(NOISES)(randomness, build_frame(layout, body))
        for body in scanner.feed(noise):
            found.append(body)
            for parse in (protocol.parse_command, protocol.parse_answer):
                with suppress(Malformed):
                    parse(protocol.Packet.from_body(body))
        assert len(scanner._buffer) < layout.longest_frame
        device.receive(noise, fed / 1e6)
        device.take_outgoing()
        fed += len(noise)
    print(f"{fed} bytes of noise, {len(found)} frames found in them")
    # A frame that lost its last byte alone is whole again when the noise behind it happens to begin with it.
    assert damaged_bodies.issuperset(found)
    assert len(found) < fed / 10_000
    assert not any(event["channels"] for event in device.take_events() if event["event"] == "output")


@LAYOUTS
@pytest.mark.parametrize("noise", NOISES)
def test_every_good_frame_is_recovered_after_noise(noise, layout, soak: bool) -> None:
    sent, found, invented = recovered_after_noise(noise, 7_500 if soak else 1_500, 4, layout)
    print(f"{noise.__name__}: {found} of {sent} good frames, {invented} invented")
    assert (found, invented) == (sent, 0)


@LAYOUTS
@pytest.mark.parametrize("noise", NOISES)
def test_a_good_frame_is_found_at_once_and_not_only_when_more_arrives(noise, layout):
    randomness = random.Random(9)
    for _ in range(500):
        scanner = FrameScanner(layout)
        body = random_body(randomness, layout)
        damaged = build_frame(layout, random_body(randomness, layout))
        scanner.feed(noise(randomness, damaged))
        assert scanner.feed(build_frame(layout, body))[-1:] == [body]


def test_what_was_received_of_an_unfinished_frame_can_be_forgotten():
    frame = build_frame(SCIENCE_MODE_4, b"\x01\x02\x03")
    scanner = FrameScanner(SCIENCE_MODE_4)
    scanner.feed(frame[:-1])
    scanner.reset()
    assert scanner.feed(frame[-1:]) == []
    assert scanner.feed(frame) == [b"\x01\x02\x03"]
