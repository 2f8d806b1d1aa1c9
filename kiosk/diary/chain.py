"""The lines of a journal and the SHA-256 chain through them. Pure: bytes in, bytes out.

    {"h":"<64 hex>","c":<change>}\\n

`h` is SHA-256 over the h of the line before (its 64 hex digits as ASCII; 64 zeros before the first line of a
file) and the bytes of the change exactly as they stand. A change is one line and holds no newline, so that
what a torn write leaves behind has its only newline, if any, at its very end.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from typing import Final

import msgspec

GENESIS: Final = "0" * 64
MENDABLE_BYTES: Final = 16 * 1024
"""Longer lines are not searched for a flipped bit: the search grows with the square of their length."""

_OPEN: Final = b'{"h":"'
_MIDDLE: Final = b'","c":'
_CLOSE: Final = b"}"
_HASH: Final = slice(len(_OPEN), len(_OPEN) + 64)
_CHANGE: Final = len(_OPEN) + 64 + len(_MIDDLE)
_NEWLINE: Final = 0x0A
FRAME_BYTES: Final = _CHANGE + len(_CLOSE) + 1
"""What a line has besides its change."""


class Reading(msgspec.Struct, frozen=True):
    """What a journal says."""

    content: bytes
    """Mended where it could be; the valid lines are `content[:end]`."""
    end: int
    head: str
    """The last valid line's h."""
    mended: tuple[tuple[int, int], ...]
    """From … to: the lines that stood there wrongly and were put right."""
    torn: bytes
    """What follows the valid lines and cannot have been acknowledged; b"" after a clean end."""
    damaged: bool
    """After `end` comes more than one torn line: acknowledged data is damaged and could not be mended."""


def line(previous: str, change: bytes) -> tuple[bytes, str]:
    """`change` as the line after the one whose h is `previous`, and its own h."""
    head = sha256(previous.encode() + change).hexdigest()
    return b'{"h":"%s","c":%s}\n' % (head.encode(), change), head


def head_of(lines: bytes) -> str:
    """The h of the last of some valid `lines`."""
    start = lines.rfind(b"\n", 0, -1) + 1
    return lines[start + _HASH.start : start + _HASH.stop].decode()


def read(content: bytes, copy: bytes = b"", start: int = 0, previous: str = GENESIS) -> Reading:
    """Follows the chain from byte `start` as far as it goes.

    A line that does not fit is put right where that is certain: by its twin at the same place of `copy`, or
    by the one bit that has to be turned for its hash to fit.
    """
    at, head = start, previous.encode()
    mended: list[tuple[int, int]] = []
    while True:
        at, head = _followed(content, at, head)
        right = _twin(copy, at, head) or _with_one_bit_turned(content, at, head)
        if right is None:
            break
        content = content[:at] + right + content[at + len(right) :]
        mended.append((at, at + len(right)))
    rest = content[at:]
    rest = b"" if rest == bytes(len(rest)) else rest.rstrip(b"\0")
    newline = rest.find(b"\n")
    damaged = 0 <= newline < len(rest) - 1
    return Reading(content, at, head.decode(), tuple(mended), b"" if damaged else rest, damaged)


def _followed(content: bytes, at: int, head: bytes) -> tuple[int, bytes]:
    """As far as every line is what it says it is: where that ends, and the last one's h."""
    while (stop := content.find(b"\n", at)) >= 0:
        digest = _digest(content[at:stop], head)
        if digest is None:
            break
        at, head = stop + 1, digest
    return at, head


def _digest(text: bytes, previous: bytes) -> bytes | None:
    """The line's own h in ASCII when the line is what it says it is."""
    digest = sha256(previous + text[_CHANGE:-1]).hexdigest().encode()
    # One comparison for the frame and h: this is done for every line that is ever read.
    return digest if b"%b%b%b" % (_OPEN, digest, _MIDDLE) == text[:_CHANGE] and text[-1:] == _CLOSE else None


def _twin(copy: bytes, at: int, previous: bytes) -> bytes | None:
    stop = copy.find(b"\n", at)
    return copy[at : stop + 1] if stop >= 0 and _digest(copy[at:stop], previous) else None


def _with_one_bit_turned(content: bytes, at: int, previous: bytes) -> bytes | None:
    """The line at `at` as it was before one of its bits flipped; None when it was not that.

    Its hash fits for one way only: a wrong mending is as unlikely as a forged SHA-256.
    """
    reach = content[at : at + MENDABLE_BYTES].rstrip(b"\0")
    if not reach or reach.count(0) > 1:
        return None  # a clean end; a write that was cut short: sectors are missing, not a bit
    newlines = _newlines(reach)
    for end in newlines[:1]:
        if right := _frame_mended(reach[:end], previous) or _change_mended(reach[:end], previous):
            return right + b"\n"
    for end in newlines[1:]:
        # Its first newline may be a byte of the change that became one.
        for flipped in _flips(_NEWLINE):
            text = reach[: newlines[0]] + flipped + reach[newlines[0] + 1 : end]
            if _digest(text, previous):
                return text + b"\n"
    for end in range(_CHANGE, newlines[0] if newlines else len(reach)):
        # Its newline may have become another byte.
        if (reach[end] ^ _NEWLINE).bit_count() == 1 and _digest(reach[:end], previous):
            return reach[:end] + b"\n"
    return None


def _newlines(reach: bytes) -> list[int]:
    """Where the first two are."""
    first = reach.find(b"\n")
    second = reach.find(b"\n", first + 1) if first >= 0 else -1
    return [place for place in (first, second) if place >= 0]


def _frame_mended(text: bytes, previous: bytes) -> bytes | None:
    """The flipped bit was in the frame or in h, both of which are known from the rest."""
    right = line(previous.decode(), text[_CHANGE:-1])[0][:-1]
    return right if _bits_apart(text, right) == 1 else None


def _change_mended(text: bytes, previous: bytes) -> bytes | None:
    """The flipped bit was in the change."""
    if not (text.startswith(_OPEN) and text[_HASH.stop : _CHANGE] == _MIDDLE and text.endswith(_CLOSE)):
        return None
    try:
        asked = bytes.fromhex(text[_HASH].decode())
    except ValueError:
        return None
    change = text[_CHANGE:-1]
    before = sha256(previous)
    for place, byte in enumerate(change):
        rest = change[place + 1 :]
        for flipped in _flips(byte):
            trial = before.copy()
            trial.update(flipped + rest)
            if trial.digest() == asked:
                return text[: _CHANGE + place] + flipped + text[_CHANGE + place + 1 :]
        before.update(change[place : place + 1])
    return None


@cache
def _flips(byte: int) -> list[bytes]:
    return [bytes([byte ^ 1 << bit]) for bit in range(8)]


def _bits_apart(one: bytes, other: bytes) -> int:
    if len(one) != len(other):
        return -1
    return (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()
