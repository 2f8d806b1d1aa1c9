"""Faults that a virtual stimulator can be told to have: `KIND[:ARG][@t=S|@n=K|@byte=K]`.

`@t` counts seconds from the device's start, `@n` the good frames that it received (the fault strikes before
the K-th is acted upon), `@byte` the bytes that it received. Without one the fault strikes at once.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

FOR_EVER: Final = 0

KINDS: Final[dict[str, int | str | None]] = {
    "ack_lost": 1,
    "byte_lost": "out",
    "flipped": "out",
    "truncated": "out",
    "duplicate_ack": 1,
    "stale_ack": 1,
    "garbage": 64,
    "busy": 1,
    "mute": FOR_EVER,
    "stop_ignored": FOR_EVER,
    "error": 8,
    "unplug": None,
    "brown_out": None,
    "pad_off": 1,
    "pad_half": 1,
    "pad_on": 1,
    "gel_dry": 1,
    "dummy_load": 1,
    "emergency": None,
    "emergency_off": None,
    "battery_low": None,
}
"""Kind → what ARG is when it is left out. A number: how many answers (ack_lost, duplicate_ack, stale_ack,
mute), commands (busy), stop frames (stop_ignored) or bytes (garbage), the result code (error), the channel
(pads); 0 is for ever. byte_lost, flipped and truncated damage the next frame "out" of the device or "in".
emergency presses the device's own stop switch until emergency_off; battery_low switches it off for good."""

COMMON_KINDS: Final = frozenset(KINDS) - {"emergency", "emergency_off", "battery_low"}
"""What every device can have; a stop switch and a battery of its own only some."""

PAD_KINDS: Final = frozenset({"pad_off", "pad_half", "pad_on", "gel_dry", "dummy_load"})
CHANNELS: Final = range(1, 9)

LINE_KINDS: Final = frozenset(
    {"ack_lost", "byte_lost", "flipped", "truncated", "duplicate_ack", "stale_ack", "garbage", "mute"}
)
"""What happens to bytes on the line, whichever device is at its end (`Line`)."""


class FaultSpecError(ValueError):
    """A fault that cannot be read; str(self) says what was expected."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault and what triggers it; with no trigger it strikes at once."""

    kind: str
    arg: int | str | None
    at_s: float | None = None
    at_frame: int | None = None
    at_byte: int | None = None

    @property
    def at_once(self) -> bool:
        return self.at_s is None and self.at_frame is None and self.at_byte is None

    @property
    def number(self) -> int:
        """ARG of a kind that counts."""
        return self.arg if isinstance(self.arg, int) else 0


def parse_fault(spec: str, kinds: Collection[str] = KINDS) -> Fault:
    """`spec` as data, if it is one of `kinds`. Raises FaultSpecError."""
    what, _, when = spec.strip().partition("@")
    kind, colon, given = what.partition(":")
    if kind not in kinds:
        raise FaultSpecError(f"no fault {kind!r}; there are {', '.join(sorted(kinds))}")
    fault = Fault(kind, _argument(kind, given if colon else None))
    return _with_trigger(fault, when, spec) if "@" in spec else fault


def _argument(kind: str, given: str | None) -> int | str | None:
    default = KINDS[kind]
    if given is None:
        return default
    if isinstance(default, str):
        if given not in ("in", "out"):
            raise FaultSpecError(f"{kind}:{given}: expected {kind}:in or {kind}:out")
        return given
    if default is None or not given.isascii() or not given.isdigit():
        raise FaultSpecError(f"{kind}:{given}: expected {kind}" + ("" if default is None else ":NUMBER"))
    if kind in PAD_KINDS and int(given) not in CHANNELS:
        raise FaultSpecError(f"{kind}:{given}: expected a channel from 1 to 8")
    return int(given)


def _with_trigger(fault: Fault, when: str, spec: str) -> Fault:
    name, _, value = when.partition("=")
    with suppress(ValueError):
        if name == "t" and 0 <= float(value) < math.inf:
            return replace(fault, at_s=float(value))
        if name == "n" and int(value) >= 1:
            return replace(fault, at_frame=int(value))
        if name == "byte" and int(value) >= 1:
            return replace(fault, at_byte=int(value))
    raise FaultSpecError(f"{spec}: expected @t=SECONDS, @n=FRAME or @byte=BYTE")


class Line:
    """The bytes' way between host and device, and the damage that they take there."""

    def __init__(self, randomness: random.Random) -> None:
        self._randomness = randomness
        self._counts: Counter[str] = Counter()
        self._damage_in: list[str] = []
        self._damage_out: list[str] = []
        self._mute_for_ever = False
        self._last_answer = b""

    def strike(self, fault: Fault) -> bytes:
        """Arm a fault of LINE_KINDS; bytes that go to the host at once because of it."""
        if fault.kind == "garbage":
            return self._randomness.randbytes(fault.number)
        if fault.arg in ("in", "out"):
            (self._damage_in if fault.arg == "in" else self._damage_out).append(fault.kind)
        elif fault.kind == "mute" and fault.number == FOR_EVER:
            self._mute_for_ever = True
        else:
            self._counts[fault.kind] += fault.number
        return b""

    def to_device(self, data: bytes) -> bytes:
        """What arrives of `data`."""
        return self._damaged(data, self._damage_in.pop(0)) if self._damage_in and data else data

    def to_host(self, frame: bytes) -> bytes:
        """What arrives of an answer, with what stands before and behind it."""
        if self._mute_for_ever or self._take("mute") or self._take("ack_lost"):
            return b""
        before = self._last_answer if self._take("stale_ack") else b""
        behind = frame if self._take("duplicate_ack") else b""
        self._last_answer = frame
        if self._damage_out:
            frame = self._damaged(frame, self._damage_out.pop(0))
        return before + frame + behind

    def _take(self, kind: str) -> bool:
        if self._counts[kind] == 0:
            return False
        self._counts[kind] -= 1
        return True

    def _damaged(self, frame: bytes, kind: str) -> bytes:
        at = self._randomness.randrange(len(frame))
        if kind == "byte_lost":
            return frame[:at] + frame[at + 1 :]
        if kind == "flipped":
            return frame[:at] + bytes((frame[at] ^ 1 << self._randomness.randrange(8),)) + frame[at + 1 :]
        return frame[:at]
