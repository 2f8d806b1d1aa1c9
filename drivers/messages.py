"""What kiosk and guard say to each other: one JSON object a datagram (SOCK_SEQPACKET), plain numbers only.

The decoder is strict, because the client may be broken or hostile: exactly the declared keys, exactly
the declared types (no booleans for integers, no floats for integers, no NaN), sizes bounded. What does
not decode is `MalformedMessage`, and the guard answers it as a fault.
"""

from __future__ import annotations

import json
from types import NoneType, UnionType
from typing import Any, Final, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

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
    """Sent on every change, and at least every 250 ms while armed."""

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

_NAMES: Final[dict[str, type[Any]]] = {
    cls.__name__.lower(): cls for union in (ToGuard, FromGuard) for cls in get_args(union)
}
_HINTS: Final[dict[type[Any], dict[str, Any]]] = {}

T = TypeVar("T")


def encode(message: ToGuard | FromGuard) -> bytes:
    """One datagram."""
    body = {"type": type(message).__name__.lower(), **_fields(message)}
    return json.dumps(body, separators=(",", ":"), allow_nan=False, default=_fields).encode()


def _fields(message: Any) -> dict[str, Any]:
    return {name: getattr(message, name) for name in message.__slots__}


def decode(datagram: bytes, allowed: Any) -> Any:
    """The message in `datagram`, which must be one of the union `allowed` (ToGuard or FromGuard).

    Raises MalformedMessage with what was wrong; never anything else.
    """
    if len(datagram) > MAX_MESSAGE_BYTES:
        raise MalformedMessage(f"{len(datagram)} bytes are too many")
    try:
        body = json.loads(datagram, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise MalformedMessage(f"not JSON: {error}") from None
    if not isinstance(body, dict):
        raise MalformedMessage("not an object")
    name = body.pop("type", None)
    cls = _NAMES.get(name) if isinstance(name, str) else None
    if cls is None or cls not in get_args(allowed):
        raise MalformedMessage(f"unknown type {name!r}")
    return _build(cls, body, cls.__name__)


def _no_constant(text: str) -> float:
    raise MalformedMessage(f"{text} is no number")


def _build(cls: type[Any], body: object, where: str) -> Any:
    if not isinstance(body, dict):
        raise MalformedMessage(f"{where}: expected an object")
    hints = _HINTS.get(cls)
    if hints is None:
        hints = _HINTS[cls] = get_type_hints(cls)
    if set(body) != set(hints):
        raise MalformedMessage(f"{where}: keys {sorted(map(str, set(body) ^ set(hints)))}")
    return cls(*[_value(hint, body[key], f"{where}.{key}") for key, hint in hints.items()])


def _value(hint: Any, value: Any, where: str) -> Any:
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        options = get_args(hint)
        if value is None and NoneType in options:
            return None
        (hint,) = [option for option in options if option is not NoneType]
        return _value(hint, value, where)
    if origin is Literal:
        if not isinstance(value, str) or value not in get_args(hint):
            raise MalformedMessage(f"{where}: unexpected value")
        return value
    if origin is tuple:
        if not isinstance(value, list) or len(value) > 64:
            raise MalformedMessage(f"{where}: expected a list")
        return tuple(_value(get_args(hint)[0], item, f"{where}[{i}]") for i, item in enumerate(value))
    if hint is float:
        if type(value) not in (int, float):
            raise MalformedMessage(f"{where}: expected a number")
        return float(value)
    if hint in (int, str, bool):
        if type(value) is not hint:
            raise MalformedMessage(f"{where}: expected {hint.__name__}")
        if hint is str and len(value) > 500:
            raise MalformedMessage(f"{where}: too long")
        if hint is int and not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise MalformedMessage(f"{where}: too large")
        return value
    return _build(hint, value, where)
