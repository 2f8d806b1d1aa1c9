"""Five kinds of noise on a serial line, and how many good frames are found behind each.

Shared by the tests of the framing and by the benchmarks.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

from drivers.hasomed import FrameScanner, build_frame
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


def random_body(randomness: random.Random) -> bytes:
    """The inside of a frame; three in ten are made of the bytes that have to be escaped."""
    if randomness.random() < 0.3:
        return bytes(randomness.choice((*SPECIAL, 0x55)) for _ in range(randomness.randrange(4, 60)))
    return randomness.randbytes(randomness.randrange(4, 120))


def recovered_after_noise(noise: Noise, frames: int, seed: int) -> tuple[int, int, int]:
    """(good frames sent, found, found although never sent): before each good frame stands some noise."""
    randomness = random.Random(seed)
    stream = bytearray()
    sent = []
    for _ in range(frames):
        body = random_body(randomness)
        damaged = build_frame(SCIENCE_MODE_4, random_body(randomness))
        sent.append(body)
        stream += noise(randomness, damaged) + build_frame(SCIENCE_MODE_4, body)
    scanner = FrameScanner(SCIENCE_MODE_4)
    found = []
    at = 0
    while at < len(stream):
        cut = at + randomness.randrange(1, 64)
        found += scanner.feed(bytes(stream[at:cut]))
        at = cut
    hits = Counter(sent) & Counter(found)
    return len(sent), hits.total(), len(found) - hits.total()
