"""Five kinds of noise on a serial line, and how many good frames are found behind each.

Shared by the tests of the framing and by the benchmarks.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

from drivers.hasomed import FrameScanner, Layout, build_frame
from drivers.p24.codec import SCIENCE_MODE_4

SPECIAL = (0xF0, 0x0F, 0x81)

Noise = Callable[[random.Random, bytes], bytes]
"""From a good frame to what arrives in its place, or before it."""


def random_bytes(randomness: random.Random, frame: bytes) -> bytes:
    return randomness.randbytes(randomness.randrange(1, 40))


def special_bytes(randomness: random.Random, frame: bytes) -> bytes:
    return bytes(randomness.choice((*SPECIAL, 0x55)) for _ in range(randomness.randrange(1, 40)))


def truncated_frame(randomness: random.Random, frame: bytes) -> bytes:
    return frame[: randomness.randrange(1, len(frame))]


def lost_byte(randomness: random.Random, frame: bytes) -> bytes:
    at = randomness.randrange(len(frame))
    return frame[:at] + frame[at + 1 :]


def flipped_bit(randomness: random.Random, frame: bytes) -> bytes:
    at = randomness.randrange(len(frame))
    return frame[:at] + bytes((frame[at] ^ 1 << randomness.randrange(8),)) + frame[at + 1 :]


NOISES: list[Noise] = [random_bytes, special_bytes, truncated_frame, lost_byte, flipped_bit]


def random_body(randomness: random.Random, layout: Layout = SCIENCE_MODE_4) -> bytes:
    """The inside of a frame; three in ten are made of the bytes that have to be escaped."""
    longest = min(120, layout.longest_frame - 19)  # room for what has to be escaped
    if randomness.random() < 0.3:
        return bytes(
            randomness.choice((*SPECIAL, 0x55)) for _ in range(randomness.randrange(4, longest // 2))
        )
    return randomness.randbytes(randomness.randrange(4, longest))


def recovered_after_noise(
    noise: Noise, frames: int, seed: int, layout: Layout = SCIENCE_MODE_4
) -> tuple[int, int, int]:
    """(good frames sent, found, found although never sent): before each good frame stands some noise."""
    randomness = random.Random(seed)
    stream = bytearray()
    sent = []
    for _ in range(frames):
        body = random_body(randomness, layout)
        damaged = build_frame(layout, random_body(randomness, layout))
        sent.append(body)
        stream += noise(randomness, damaged) + build_frame(layout, body)
    scanner = FrameScanner(layout)
    found = []
    at = 0
    while at < len(stream):
        cut = at + randomness.randrange(1, 64)
        found += scanner.feed(bytes(stream[at:cut]))
        at = cut
    hits = Counter(sent) & Counter(found)
    return len(sent), hits.total(), len(found) - hits.total()
