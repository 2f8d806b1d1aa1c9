"""What both HASOMED protocols share: escaping, the envelope, and finding frames in a byte stream.

A frame is `F0 | header | stuffed body | 0F`. The header's bytes (length, checksum) are always escaped, the
body's only where they collide with one of the three special bytes. ScienceMode2 and ScienceMode4 differ in
the header alone, which is therefore a parameter (`Layout`). Source: cards p24 and rehastim2, section "Frame".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import ClassVar, Final, Self

from drivers.record import record

START: Final = 0xF0
STOP: Final = 0x0F
ESCAPE: Final = 0x81
KEY: Final = 0x55
"""An escaped byte b travels as `81 (b ^ 55)`. What follows an 81 is opaque: it may itself be F0 or 0F."""

FILLER: Final = b"\x0f"
"""A stop byte inside a frame ends or spoils it for any parser; outside of one it is skipped."""

_LEGAL_BODY: Final = re.compile(rb"(?:[^\xf0\x0f\x81]+|\x81.)*", re.DOTALL)
"""A stuffed body: no bare special byte, and every 81 has its follower."""


class Malformed(ValueError):  # noqa: N818 - it names the message, not a mistake of ours
    """Not a message of the protocol, or a value that it cannot carry."""


@record
class WithoutData:
    """A command that is its number alone; those that derive from it compare by their class."""

    CODE: ClassVar[int]
    NAME: ClassVar[str]

    def to_bytes(self) -> bytes:
        return b""

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        if data:
            raise Malformed(f"{cls.NAME} carries no data, not {data.hex()}")
        return cls()


@record
class Layout:
    """How one protocol writes its header."""

    length_bytes: int
    checksum_bytes: int
    length_first: bool
    """Length before checksum (ScienceMode4), or after it (ScienceMode2)."""
    length_of_frame: bool
    """The length counts the whole frame (ScienceMode4), or the stuffed body alone (ScienceMode2)."""
    shortest_frame: int
    longest_frame: int
    checksum: Callable[[bytes], int]
    """Over the stuffed body."""

    @property
    def header_bytes(self) -> int:
        """Bytes before the body, the start byte included."""
        return 1 + 2 * (self.length_bytes + self.checksum_bytes)


def stuff(data: bytes) -> bytes:
    """`data` with its special bytes escaped."""
    return data.replace(b"\x81", b"\x81\xd4").replace(b"\xf0", b"\x81\xa5").replace(b"\x0f", b"\x81\x5a")


def unstuff(stuffed: bytes) -> bytes:
    """The inverse of `stuff`, for a legal body (`_LEGAL_BODY`)."""
    if ESCAPE not in stuffed:
        return stuffed
    plain = bytearray()
    at = 0
    while (escape := stuffed.find(ESCAPE, at)) >= 0:
        plain += stuffed[at:escape]
        plain.append(stuffed[escape + 1] ^ KEY)
        at = escape + 2
    return bytes(plain + stuffed[at:])


def build_frame(layout: Layout, body: bytes) -> bytes:
    """One frame around `body` (unstuffed). Raises ValueError when it would not be of an allowed length."""
    stuffed = stuff(body)
    total = layout.header_bytes + len(stuffed) + 1
    if not layout.shortest_frame <= total <= layout.longest_frame:
        raise ValueError(f"a frame of {total} bytes is not allowed")
    length = (total if layout.length_of_frame else len(stuffed)).to_bytes(layout.length_bytes, "big")
    checksum = layout.checksum(stuffed).to_bytes(layout.checksum_bytes, "big")
    header = length + checksum if layout.length_first else checksum + length
    frame = bytearray((START,))
    for byte in header:
        frame += bytes((ESCAPE, byte ^ KEY))
    frame += stuffed
    frame.append(STOP)
    return bytes(frame)


_NOT_A_FRAME: Final = -1
_INCOMPLETE: Final = 0


class FrameScanner:
    """Finds the frames in a stream that may hold anything; any input is taken, nothing is raised.

    Resynchronises by length: a start byte's header says where the frame ends; only a stop byte and a right
    checksum at that distance make a frame, otherwise the search goes on at the next start byte. A body never
    holds a bare F0 or 0F, so a wrong length is given up as soon as one shows, instead of swallowing the
    frames behind it. Holds no more than one longest frame between calls.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._buffer = b""
        self.skipped_bytes = 0
        """Bytes that belonged to no frame, since the start."""

    def reset(self) -> None:
        """Forget what has been received of an unfinished frame."""
        self.skipped_bytes += len(self._buffer)
        self._buffer = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next bytes of the stream; the bodies (unstuffed) of the frames that are now complete."""
        buffer = self._buffer + data if self._buffer else data
        bodies: list[bytes] = []
        at = 0
        while True:
            start = buffer.find(START, at)
            if start < 0:
                start = len(buffer)
            self.skipped_bytes += start - at
            at = start
            if at == len(buffer):
                break
            length = self._frame_length(buffer, at)
            if length == _NOT_A_FRAME:
                self.skipped_bytes += 1
                at += 1
            elif length == _INCOMPLETE:
                break
            else:
                head = at + self._layout.header_bytes
                bodies.append(unstuff(buffer[head : at + length - 1]))
                at += length
        self._buffer = buffer[at:]
        return bodies

    def _frame_length(self, buffer: bytes, start: int) -> int:
        """Length of the good frame at `start`; or `_NOT_A_FRAME`; or `_INCOMPLETE` if it may become one."""
        layout = self._layout
        head = start + layout.header_bytes
        escapes = buffer[start + 1 : head : 2]
        if escapes.count(ESCAPE) != len(escapes):
            return _NOT_A_FRAME
        if len(buffer) < head:
            return _INCOMPLETE
        header = bytes(byte ^ KEY for byte in buffer[start + 2 : head : 2])
        split = layout.length_bytes if layout.length_first else layout.checksum_bytes
        first, second = header[:split], header[split:]
        length_field, checksum_field = (first, second) if layout.length_first else (second, first)
        length = int.from_bytes(length_field, "big")
        if not layout.length_of_frame:
            length += layout.header_bytes + 1
        if not layout.shortest_frame <= length <= layout.longest_frame:
            return _NOT_A_FRAME
        stop = start + length - 1
        received = min(stop, len(buffer))
        legal = _LEGAL_BODY.match(buffer, head, received)
        illegal_from = legal.end() if legal else head
        if illegal_from < received:
            # Legal only if all that is missing is the follower of the last 81, still to come.
            follower_to_come = received < stop and illegal_from == received - 1
            if not (follower_to_come and buffer[illegal_from] == ESCAPE):
                return _NOT_A_FRAME
        if len(buffer) <= stop:
            return _INCOMPLETE
        if buffer[stop] != STOP:
            return _NOT_A_FRAME
        if layout.checksum(buffer[head:stop]) != int.from_bytes(checksum_field, "big"):
            return _NOT_A_FRAME
        return length
