"""What kiosk and guard say to each other: one JSON object a datagram (SOCK_SEQPACKET), plain numbers only.

The decoder is strict, because the client may be broken or hostile: exactly the declared keys, exactly
the declared types (no booleans for integers, no floats for integers, no NaN), sizes bounded. What does
not decode is `MalformedMessage`, and the guard answers it as a fault.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache, partial
from types import NoneType, UnionType
from typing import Any, Final, Literal, TypeAlias, Union, get_args, get_origin, get_type_hints

from drivers.record import record

PROTOCOL_VERSION: Final = 1
MAX_MESSAGE_BYTES: Final = 16_384
MAX_INTEGER: Final = (1 << 63) - 1


class MalformedMessage(ValueError):  # noqa: N818 - it names the message, not a mistake of ours
    """A datagram that is not one of ours."""


# ── the plan ────────────────────────────────────────────────────────────────────────────────────


@record
class Pattern:
    """How the fraction moves inside a phase.

    continuous: rises once, stays. cycle: up, on (plateau), down, off, again and again. burst: pulses
    gated on/off inside the phase; fraction, plateau and rise hold for the phase. Times in ms, else 0.
    """

    shape: Literal["continuous", "cycle", "burst"]
    up_ms: int = 0
    on_ms: int = 0
    down_ms: int = 0
    off_ms: int = 0


@record
class Phase:
    """A part of a session. `channel` names the only channel that may put out (finding); None is all."""

    role: Literal["find", "warm_up", "work", "cool_down"]
    duration_ms: int
    channel: int | None
    pulse_width_us: int
    frequency_mHz: int
    pattern: Pattern
    scale_permille: int


@record
class GuardPlan:
    """All that the guard plays by itself once it is armed."""

    kind: Literal["nmes", "tens"]
    phases: tuple[Phase, ...]


@record
class ChannelLimit:
    """What may not be passed on one channel; the guard's constants hold besides."""

    channel: int
    ceiling_half_mA: int
    pad_area_mm2: int
    known_level: bool
    """False: no level of this person is known yet, so 30 mA is the most."""
    last_contraction_half_mA: int = 0
    """nmes: the level of the last contraction before a stop that is gone on from; 0: none."""


# ── to the guard ────────────────────────────────────────────────────────────────────────────────


@record
class Hello:
    """First message of a client: protocol version and build."""

    v: int
    build: str


@record
class Test:
    """Begin the STOP test: stage on, no pulse. It ends by `Stop("test")`, a stop key, or 3 minutes."""

    button: bool = False
    """Only a button that the guard itself watches passes it; every other stop ends it (safety rule 15)."""


@record
class Arm:
    epoch: int
    plan: GuardPlan
    limits: tuple[ChannelLimit, ...]


@record
class Probe:
    """Measure the contact of these channels' pads (rule 22): an arming of its own, under the same lease.

    It ends by itself: `Contact` once every pair is measured, then `Stopped("probed")`.
    """

    epoch: int
    channels: tuple[int, ...]


@record
class Level:
    """The person's level of one channel from now on (absolute)."""

    epoch: int
    channel: int
    half_mA: int


@record
class Next:
    """Ends the running find phase; its level is kept."""

    epoch: int


@record
class Rest:
    """Levels to zero, still armed."""

    epoch: int


@record
class Present:
    """The person pressed a key."""

    epoch: int


@record
class Lease:
    """Renews the right to put out. `boottime_ns` is CLOCK_BOOTTIME when it was written."""

    epoch: int
    n: int
    boottime_ns: int


@record
class Stop:
    """Stop. From anyone, at any time, in any state."""

    why: str


# ── from the guard ──────────────────────────────────────────────────────────────────────────────

GuardState = Literal["no_device", "idle", "testing", "probing", "armed", "stopping", "unconfirmed"]
"""no_device: nothing open. idle: device there, said "off". testing: STOP test, and the device said that its
stage is on; until it did, idle is told. probing: contact check. armed. stopping: a stop is not yet confirmed.
unconfirmed: it was not confirmed; it is not known whether current flows."""


@record
class ChannelStatus:
    channel: int
    level_half_mA: int
    applied_half_mA: int
    """What the device last acknowledged."""


@record
class Status:
    """Sent on every change but a ramp's, and at least every 250 ms while armed."""

    state: GuardState
    epoch: int
    n: int
    """The last lease number that was taken."""
    channels: tuple[ChannelStatus, ...]
    fraction_permille: int
    may_raise: bool
    """The fraction is at its plateau."""
    phase: int | None
    """Index into the plan's phases."""
    phase_elapsed_ms: int
    confirmed_at_s: float | None
    """CLOCK_MONOTONIC of the device's last own word on its state."""


@record
class Refused:
    """A request was not done. `fault` true: it was beyond a limit, so everything was stopped too.

    `limit` is the constant's or the rule's id ("plateau", "too_soon", "old_epoch", "ceiling", "rms" …).
    """

    epoch: int
    limit: str
    asked: str
    allowed: str
    fault: bool


@record
class Stopped:
    """Every stop ends in exactly one of these. `confirmed` only after the device's own word."""

    epoch: int
    why: str
    confirmed: bool
    how: str
    duration_ms: float
    """From the trigger in the guard to the confirmation (or to the end of the silence)."""


@record
class Device:
    """Who is on the port; `present` false when nobody is."""

    present: bool
    kind: str
    device_id: str
    firmware: str
    simulated: bool
    build: str
    """The guard's own build: another build than the kiosk's does not arm (rule 24)."""
    how_to_cut_output: str
    sentence: str
    """Why there is none, in plain words; empty when all is well."""
    measures_contact: bool = False
    """It can be asked to `Probe`."""


@record
class Fault:
    """Something ended or prevented output. `kind` as in drivers.stimulator; always followed by Stopped if
    output was possible."""

    epoch: int
    kind: str
    channel: int | None
    detail: str


@record
class LeadContact:
    """What was measured through one channel's two pads; both resistances None where the lead is open."""

    channel: int
    contact: Literal["good", "dry", "open"]
    load_ohm: int | None
    """Voltage over current at the end of the probe's 100 µs: the skin charges during it."""
    series_ohm: int | None
    """What it is made of at the pulse's start: gel, pads and tissue, followed from session to session."""


@record
class Contact:
    """Every pair of a `Probe`, measured; sent before the probing is stopped."""

    epoch: int
    leads: tuple[LeadContact, ...]


ToGuard = Hello | Test | Probe | Arm | Level | Next | Rest | Present | Lease | Stop
FromGuard = Status | Refused | Stopped | Device | Fault | Contact

_NAMES: Final[dict[str, Any]] = {
    cls.__name__.lower(): cls for union in (ToGuard, FromGuard) for cls in get_args(union)
}
MOST_ITEMS: Final = 64
MOST_CHARACTERS: Final = 500


def encode(message: ToGuard | FromGuard) -> bytes:
    """One datagram."""
    return _ENCODER.encode({"type": type(message).__name__.lower(), **_fields(message)}).encode()


def _fields(message: Any) -> dict[str, Any]:
    return {name: getattr(message, name) for name in message.__slots__}


def decode(datagram: bytes, allowed: Any) -> Any:
    """The message in `datagram`, which must be one of the union `allowed` (ToGuard or FromGuard).

    Raises MalformedMessage with what was wrong; never anything else.
    """
    if len(datagram) > MAX_MESSAGE_BYTES:
        raise MalformedMessage(f"{len(datagram)} bytes are too many")
    try:
        body = _DECODER.decode(datagram.decode())
    except (ValueError, RecursionError) as error:
        raise MalformedMessage(f"not JSON: {error}") from None
    if not isinstance(body, dict):
        raise MalformedMessage("not an object")
    name = body.pop("type", None)
    cls = _NAMES.get(name) if isinstance(name, str) else None
    if cls is None or cls not in get_args(allowed):
        raise MalformedMessage(f"unknown type {name!r}")
    try:
        return _record_reader(cls)(body)
    except _Wrong as wrong:
        raise MalformedMessage(f"{cls.__name__}{wrong}") from None


def _no_constant(text: str) -> float:
    raise MalformedMessage(f"{text} is no number")


_ENCODER: Final = json.JSONEncoder(separators=(",", ":"), allow_nan=False, default=_fields)
_DECODER: Final = json.JSONDecoder(parse_constant=_no_constant)


# ── readers, made once a type: from what JSON says to what was declared, or _Wrong ──────────────────

_Reader: TypeAlias = Callable[[Any], Any]


class _Wrong(Exception):  # noqa: N818 - as MalformedMessage
    """Of a part of a message, ": WHAT"; on its way out each part that it is in puts its name before it."""


@cache
def _record_reader(cls: Any) -> _Reader:
    readers = {name: _reader(hint) for name, hint in get_type_hints(cls).items()}

    def read(value: Any) -> Any:
        if not isinstance(value, dict):
            raise _Wrong(": expected an object")
        if value.keys() != readers.keys():
            raise _Wrong(f": keys {sorted(value.keys() ^ readers.keys())}")
        parts = []
        for name, read_part in readers.items():
            try:
                parts.append(read_part(value[name]))
            except _Wrong as wrong:
                raise _Wrong(f".{name}{wrong}") from None
        return cls(*parts)

    return read


def _reader(hint: Any) -> _Reader:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        (only,) = (argument for argument in arguments if argument is not NoneType)
        return _optional_reader(_reader(only))
    if origin is Literal:
        return partial(_read_word, arguments)
    if origin is tuple:
        return partial(_read_list, _reader(arguments[0]))
    return _PLAIN_READERS.get(hint) or _record_reader(hint)


def _optional_reader(read: _Reader) -> _Reader:
    return lambda value: None if value is None else read(value)


def _read_word(words: tuple[str, ...], value: Any) -> Any:
    if not isinstance(value, str) or value not in words:
        raise _Wrong(": unexpected value")
    return value


def _read_list(read: _Reader, value: Any) -> Any:
    if not isinstance(value, list) or len(value) > MOST_ITEMS:
        raise _Wrong(": expected a list")
    items = []
    for item in value:
        try:
            items.append(read(item))
        except _Wrong as wrong:
            raise _Wrong(f"[{len(items)}]{wrong}") from None
    return tuple(items)


def _read_int(value: Any) -> int:
    if type(value) is not int:
        raise _Wrong(": expected int")
    if not -MAX_INTEGER <= value <= MAX_INTEGER:
        raise _Wrong(": too large")
    return value


def _read_str(value: Any) -> str:
    if type(value) is not str:
        raise _Wrong(": expected str")
    if len(value) > MOST_CHARACTERS:
        raise _Wrong(": too long")
    return value


def _read_bool(value: Any) -> bool:
    if type(value) is not bool:
        raise _Wrong(": expected bool")
    return value


def _read_float(value: Any) -> float:
    if type(value) is float:
        return value
    if type(value) is not int:
        raise _Wrong(": expected a number")
    return float(_read_int(value))


_PLAIN_READERS: Final[dict[Any, _Reader]] = {
    int: _read_int,
    str: _read_str,
    bool: _read_bool,
    float: _read_float,
}
