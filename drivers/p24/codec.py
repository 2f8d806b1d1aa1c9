"""ScienceMode4 as the P24 speaks it: every command and answer as frozen data, and its bytes. No I/O.

`to_bytes` and `from_bytes` deal in a message's data field; `Packet` adds number and command and the frame.
The host encodes commands and decodes answers, the virtual device the other way round, with the same classes.
Currents are integer half-milliamperes, durations integer microseconds, periods exact rationals.
Source: card p24; section names are quoted where a layout is not obvious.
"""

from __future__ import annotations

from binascii import crc_hqx
from collections.abc import Callable, Iterable
from fractions import Fraction
from functools import lru_cache
from math import ceil
from typing import ClassVar, Final, TypeAlias

from drivers.hasomed import Layout, Malformed, WithoutData, build_frame
from drivers.record import record


def crc16_xmodem(data: bytes) -> int:
    """CRC-16/XMODEM: polynomial 0x1021, initial value 0."""
    return crc_hqx(data, 0)


SCIENCE_MODE_4: Final = Layout(
    length_bytes=2,
    checksum_bytes=2,
    length_first=True,
    length_of_frame=True,
    shortest_frame=12,
    longest_frame=1200,
    checksum=crc16_xmodem,
)

PACKET_NUMBERS: Final = 64
CHANNELS: Final = 8
MAX_HALF_MA: Final = 260
"""±130 mA."""
MAX_DURATION_US: Final = 4095
SHORTEST_DURATION_US: Final = 10
"""A shorter duration acts as this one."""
PULSE_GAP_US: Final = 100
"""Between the two phases of a pulse."""
MAX_POINTS: Final = 16
MAX_RAMP: Final = 15
SAMPLES: Final = 128

RESULT_OK: Final = 0
RESULT_PARAMETER: Final = 2
RESULT_LAPSED: Final = 4
RESULT_NOT_INITIALISED: Final = 7
RESULT_HIGH_VOLTAGE: Final = 8
RESULT_ELECTRODE: Final = 10
RESULT_UNKNOWN_COMMAND: Final = 11
RESULT_PULSE_TIMEOUT: Final = 16
RESULT_BUSY: Final = 21
RESULT_LOW_CURRENT: Final = 28

LEVEL_NONE: Final = 0
LEVEL_LOW_READY: Final = 1
LEVEL_MID_READY: Final = 2
LEVEL_MID_RUNNING: Final = 3
HIGH_VOLTAGE_OFF: Final = 1
HIGH_VOLTAGE_150_V: Final = 6

NIBBLE_FAULTS: Final = {1: "electrode", 2: "pulse_timeout", 3: "low_current"}
"""What a channel's nibble in the Ml_get_current_data answer says; 0 is well."""

MEASURE_NOTHING: Final = 0
MEASURE_CURRENT: Final = 1
MEASURE_VOLTAGE: Final = 2
MEASURE_HIGH_VOLTAGE: Final = 3


class Unbalanced(Malformed):
    """A pulse that would leave a net charge in tissue; it is never encoded."""


# ── packets ─────────────────────────────────────────────────────────────────────────────────────


@record
class Packet:
    """What a frame carries: `number` 0…63 (echoed in the answer), the 10-bit command code, its data."""

    number: int
    code: int
    data: bytes = b""

    def to_frame(self) -> bytes:
        """The whole frame, ready for the line."""
        prefix = (self.number << 10 | self.code).to_bytes(2, "big")
        return build_frame(SCIENCE_MODE_4, prefix + self.data)

    @classmethod
    def from_body(cls, body: bytes) -> Packet:
        """From a frame's unstuffed body. Raises Malformed when it holds no prefix."""
        if len(body) < 2:
            raise Malformed(f"{len(body)} bytes hold no command")
        prefix = int.from_bytes(body[:2], "big")
        return cls(prefix >> 10, prefix & 0x3FF, body[2:])


# ── points, pulses, periods ─────────────────────────────────────────────────────────────────────


@record
class Point:
    """A constant current for a time."""

    duration_us: int
    half_mA: int

    def __post_init__(self) -> None:
        if not 0 <= self.duration_us <= MAX_DURATION_US:
            raise Malformed(f"a point of {self.duration_us} µs")
        if not -MAX_HALF_MA <= self.half_mA <= MAX_HALF_MA:
            raise Malformed(f"a point of {self.half_mA} half-mA")

    def to_bytes(self) -> bytes:
        return (self.duration_us << 20 | (self.half_mA + 300) << 10).to_bytes(4, "big")

    @classmethod
    def from_bytes(cls, data: bytes) -> Point:
        word = int.from_bytes(data, "big")
        if len(data) != 4 or word & 0x3FF:
            raise Malformed(f"not a point: {data.hex()}")
        return cls(word >> 20, (word >> 10 & 0x3FF) - 300)

    @property
    def effective_us(self) -> int:
        """The time for which the device really drives this point."""
        return max(self.duration_us, SHORTEST_DURATION_US)


Points: TypeAlias = tuple[Point, ...]


@lru_cache(maxsize=256)
def biphasic_pulse(half_mA: int, pulse_width_us: int) -> Points:
    """The one pulse form that is ever sent: (t, +I), (100 µs, 0), (t, −I). Off is the same with I = 0."""
    return (
        Point(pulse_width_us, half_mA),
        Point(PULSE_GAP_US, 0),
        Point(pulse_width_us, -half_mA),
    )


def net_charge_half_mA_us(points: Points) -> int:
    """Σ t·I as the device drives it, exactly, in half-mA × µs (two of them are 1 nC)."""
    return sum(point.effective_us * point.half_mA for point in points)


@lru_cache(maxsize=256)
def _encode_points(points: Points) -> bytes:
    if not 1 <= len(points) <= MAX_POINTS:
        raise Malformed(f"{len(points)} points")
    charge = net_charge_half_mA_us(points)
    if charge:
        raise Unbalanced(f"a net charge of {charge / 2} nC is never sent")
    return b"".join([point.to_bytes() for point in points])


def _decode_points(data: bytes) -> Points:
    return tuple(Point.from_bytes(data[at : at + 4]) for at in range(0, len(data), 4))


@record
class Period:
    """A pulse period as the device holds it: 15-bit `code`, quarter (acc 1) or half (acc 0) milliseconds."""

    code: int
    quarter_ms: bool

    def __post_init__(self) -> None:
        if not 1 <= self.code <= 0x7FFF:
            raise Malformed(f"a period of code {self.code}")

    @property
    def ms(self) -> Fraction:
        return Fraction(self.code, 4 if self.quarter_ms else 2)

    @property
    def frequency_Hz(self) -> Fraction:
        return 1000 / self.ms

    @staticmethod
    @lru_cache(maxsize=64)
    def not_faster(frequency_Hz: Fraction) -> Period:
        """The representable period next to `frequency_Hz` that is not shorter: what is asked for keeps the
        limits, and pulses that come more often might not.

        Half milliseconds are used where they are exact or where the quarters end (8191 ms).
        Raises Malformed outside of 0.5…16383 ms.
        """
        if frequency_Hz <= 0:
            raise Malformed(f"a frequency of {frequency_Hz} Hz")
        period_ms = 1000 / frequency_Hz
        steps_per_ms = 4 if period_ms <= 8191 else 2
        next_ms = Fraction(ceil(period_ms * steps_per_ms), steps_per_ms)
        if period_ms < Fraction(1, 2) or next_ms > 16383:
            raise Malformed(f"a period of {float(period_ms):.3f} ms")
        halves = next_ms * 2
        if halves.denominator == 1:
            return Period(int(halves), quarter_ms=False)
        return Period(int(next_ms * 4), quarter_ms=True)


# ── commands, host to device ────────────────────────────────────────────────────────────────────


class GetDeviceId(WithoutData):
    __slots__ = ()
    CODE = 52
    NAME = "Get_device_id"


class Reset(WithoutData):
    """Its answer may never arrive."""

    __slots__ = ()
    CODE = 58
    NAME = "Reset"


class GetStimStatus(WithoutData):
    """Asks which level is on. Does not feed the device's watchdog."""

    __slots__ = ()
    CODE = 62
    NAME = "Get_stim_status"


class GetExtendedVersion(WithoutData):
    __slots__ = ()
    CODE = 68
    NAME = "Get_extended_version"


@record
class LlInit:
    """Low level on. `measurement` is one of MEASURE_…; `high_voltage` 0 standard 150 V, 1 off."""

    CODE: ClassVar[int] = 0
    NAME: ClassVar[str] = "Ll_init"
    measurement: int = MEASURE_NOTHING
    high_voltage: int = 0

    def to_bytes(self) -> bytes:
        if not (0 <= self.measurement <= 7 and 0 <= self.high_voltage <= 7):
            raise Malformed(repr(self))
        return bytes((self.measurement << 4 | self.high_voltage << 1,))

    @classmethod
    def from_bytes(cls, data: bytes) -> LlInit:
        byte = _single(cls.NAME, data)
        if byte & 0x81:
            raise Malformed(f"Ll_init {byte:02x}")
        return cls(byte >> 4, byte >> 1 & 0x07)


@record
class LlChannelConfig:
    """One pulse on one lead, at once when `execute`.

    `lead` 0-3 is red, blue, black, white; `connector` 0 is yellow, 1 green.
    """

    CODE: ClassVar[int] = 2
    NAME: ClassVar[str] = "Ll_channel_config"
    execute: bool
    lead: int
    connector: int
    points: Points

    def to_bytes(self) -> bytes:
        if not (0 <= self.lead <= 3 and 0 <= self.connector <= 1):
            raise Malformed(repr(self))
        points = _encode_points(self.points)
        head = self.execute << 7 | self.lead << 5 | self.connector << 4 | len(self.points) - 1
        return bytes((head,)) + points

    @classmethod
    def from_bytes(cls, data: bytes) -> LlChannelConfig:
        if not data or len(data) != 1 + 4 * ((data[0] & 0x0F) + 1):
            raise Malformed(f"Ll_channel_config of {len(data)} bytes")
        head = data[0]
        return cls(bool(head >> 7), head >> 5 & 0x03, head >> 4 & 0x01, _decode_points(data[1:]))


class LlStop(WithoutData):
    __slots__ = ()
    CODE = 4
    NAME = "Ll_stop"


@record
class MlInit:
    """Mid level on, high voltage on, no pulse yet."""

    CODE: ClassVar[int] = 30
    NAME: ClassVar[str] = "Ml_init"
    stop_all_on_error: bool

    def to_bytes(self) -> bytes:
        return bytes((self.stop_all_on_error,))

    @classmethod
    def from_bytes(cls, data: bytes) -> MlInit:
        byte = _single(cls.NAME, data)
        if byte > 1:
            raise Malformed(f"Ml_init {byte:02x}")
        return cls(bool(byte))


@record
class ChannelUpdate:
    """One channel of an Ml_update; `channel` counts from 1. `ramp`: pulses over which it is faded in."""

    channel: int
    period: Period
    points: Points
    ramp: int = 0


@record
class MlUpdate:
    """New output for the listed channels, ascending. A channel that is not listed keeps what it had.

    `to_bytes` raises Unbalanced for any net charge: nothing in this project can send one.
    """

    CODE: ClassVar[int] = 32
    NAME: ClassVar[str] = "Ml_update"
    channels: tuple[ChannelUpdate, ...]

    def to_bytes(self) -> bytes:
        mask = 0
        parts = []
        for update in self.channels:
            bit = 1 << update.channel - 1 if 1 <= update.channel <= CHANNELS else 0
            if bit <= mask or not 0 <= update.ramp <= MAX_RAMP:
                raise Malformed(f"channel {update.channel}, ramp {update.ramp}")
            mask |= bit
            points = _encode_points(update.points)
            parts.append(bytes(((len(update.points) - 1) << 4 | update.ramp,)))
            parts.append((update.period.code << 1 | update.period.quarter_ms).to_bytes(2, "big"))
            parts.append(points)
        return bytes((mask,)) + b"".join(parts)

    @classmethod
    def from_bytes(cls, data: bytes) -> MlUpdate:
        if not data:
            raise Malformed("Ml_update without a mask")
        channels = []
        at = 1
        for channel in range(1, CHANNELS + 1):
            if not data[0] >> channel - 1 & 1:
                continue
            if len(data) < at + 3:
                raise Malformed("Ml_update ends early")
            end = at + 3 + 4 * ((data[at] >> 4) + 1)
            if len(data) < end:
                raise Malformed("Ml_update ends early")
            word = int.from_bytes(data[at + 1 : at + 3], "big")
            period = Period(word >> 1, bool(word & 1))
            points = _decode_points(data[at + 3 : end])
            channels.append(ChannelUpdate(channel, period, points, ramp=data[at] & 0x0F))
            at = end
        if at != len(data):
            raise Malformed(f"Ml_update with {len(data) - at} bytes too many")
        return cls(tuple(channels))


def duty(channels: Iterable[ChannelUpdate]) -> int:
    """How full the device's time is, in thousandths, rounded up (card, "Duty rule": below 1000)."""
    load, per = 0, 1  # their quotient; asked before every update, for which a Fraction is too slow
    for update in channels:
        steps_per_ms = 4 if update.period.quarter_ms else 2
        busy_us = sum(point.duration_us for point in update.points) + 60
        load = load * update.period.code + busy_us * steps_per_ms * per
        per *= update.period.code
    return -(-load // per)


MAX_DUTY: Final = 999


class MlStop(WithoutData):
    __slots__ = ()
    CODE = 34
    NAME = "Ml_stop"


@record
class MlGetCurrentData:
    """Asks for each channel's fault, and feeds the device's watchdog."""

    CODE: ClassVar[int] = 36
    NAME: ClassVar[str] = "Ml_get_current_data"

    def to_bytes(self) -> bytes:
        return b"\x04"

    @classmethod
    def from_bytes(cls, data: bytes) -> MlGetCurrentData:
        if data != b"\x04":
            raise Malformed(f"Ml_get_current_data {data.hex()}")
        return cls()


Command: TypeAlias = (
    GetDeviceId
    | Reset
    | GetStimStatus
    | GetExtendedVersion
    | LlInit
    | LlChannelConfig
    | LlStop
    | MlInit
    | MlUpdate
    | MlStop
    | MlGetCurrentData
)

# ── answers, device to host ─────────────────────────────────────────────────────────────────────


@record
class Ack:
    """An answer that is a result alone. `code` is the command's plus 1."""

    code: int
    result: int

    def to_bytes(self) -> bytes:
        return bytes((self.result,))


@record
class DeviceIdAck:
    """`device_id`: ten characters, empty when the result says that there is none."""

    CODE: ClassVar[int] = 53
    result: int
    device_id: str = ""

    def to_bytes(self) -> bytes:
        return bytes((self.result,)) + self.device_id.encode("ascii")

    @classmethod
    def from_bytes(cls, data: bytes) -> DeviceIdAck:
        result, rest = _result("Get_device_id_ack", data, 10)
        rest = rest[:10]
        if not all(0x20 <= byte <= 0x7E for byte in rest):
            raise Malformed(f"device id {rest.hex()}")
        return cls(result, rest.decode("ascii"))


@record
class StimStatusAck:
    """`level` is one of LEVEL_…, `high_voltage` 1 off … 6 150 V; both −1 where there is but a result."""

    CODE: ClassVar[int] = 63
    result: int
    level: int = -1
    high_voltage: int = -1

    def to_bytes(self) -> bytes:
        if self.level < 0:
            return bytes((self.result,))
        return bytes((self.result, self.level, self.high_voltage))

    @classmethod
    def from_bytes(cls, data: bytes) -> StimStatusAck:
        result, rest = _result("Get_stim_status_ack", data, 2)
        return cls(result, rest[0], rest[1]) if rest else cls(result)


@record
class Version:
    """Firmware and ScienceMode version, and the firmware's hash."""

    firmware: tuple[int, int, int]
    science_mode: tuple[int, int, int]
    hash: int
    hash_type: int
    hash_valid: bool


@record
class ExtendedVersionAck:
    CODE: ClassVar[int] = 69
    result: int
    version: Version | None = None

    def to_bytes(self) -> bytes:
        if self.version is None:
            return bytes((self.result,))
        version = self.version
        return bytes(
            (
                self.result,
                *version.firmware,
                *version.science_mode,
                *version.hash.to_bytes(4, "big"),
                version.hash_type,
                version.hash_valid,
            )
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> ExtendedVersionAck:
        result, rest = _result("Get_extended_version_ack", data, 12)
        if not rest:
            return cls(result)
        return cls(
            result,
            Version(
                firmware=(rest[0], rest[1], rest[2]),
                science_mode=(rest[3], rest[4], rest[5]),
                hash=int.from_bytes(rest[6:10], "big"),
                hash_type=rest[10],
                hash_valid=rest[11] == 1,
            ),
        )


@record
class LlChannelConfigAck:
    """Sent after the pulse. `samples` are magnitudes in 0.01 mA or 0.01 V, empty when not measuring."""

    CODE: ClassVar[int] = 3
    result: int
    lead: int = 0
    connector: int = 0
    measurement: int = MEASURE_NOTHING
    sampling_us: int = 0
    samples: tuple[int, ...] = ()

    def to_bytes(self) -> bytes:
        if self.result != RESULT_OK:
            return bytes((self.result,))
        head = bytes((self.result, self.connector << 4 | self.lead, self.measurement))
        if self.measurement == MEASURE_NOTHING:
            return head
        samples = b"".join([sample.to_bytes(2, "big") for sample in self.samples])
        return head + self.sampling_us.to_bytes(2, "big") + samples

    @classmethod
    def from_bytes(cls, data: bytes) -> LlChannelConfigAck:
        result, rest = _result("Ll_channel_config_ack", data, 2)
        if not rest or result != RESULT_OK:
            return cls(result)
        lead, connector, measurement = rest[0] & 0x0F, rest[0] >> 4, rest[1]
        if measurement == MEASURE_NOTHING:
            return cls(result, lead, connector)
        measured = rest[2:]
        if len(measured) < 2 + 2 * SAMPLES:
            raise Malformed(f"{len(measured)} bytes of samples")
        samples = tuple(int.from_bytes(measured[at : at + 2], "big") for at in range(2, 2 + 2 * SAMPLES, 2))
        return cls(result, lead, connector, measurement, int.from_bytes(measured[:2], "big"), samples)


@record
class CurrentDataAck:
    """`active`: channels that put out pulses. `faults`: (channel, nibble), without those that are well."""

    CODE: ClassVar[int] = 37
    result: int
    active: tuple[int, ...] = ()
    faults: tuple[tuple[int, int], ...] = ()

    def to_bytes(self) -> bytes:
        mask = sum(1 << channel - 1 for channel in self.active)
        nibbles = sum(nibble << 4 * (channel - 1) for channel, nibble in self.faults)
        return bytes((self.result, 4, mask)) + nibbles.to_bytes(4, "little")

    @classmethod
    def from_bytes(cls, data: bytes) -> CurrentDataAck:
        result, rest = _result("Ml_get_current_data_ack", data, 6)
        if not rest:
            return cls(result)
        if rest[0] != 4:
            raise Malformed(f"Ml_get_current_data_ack selects {rest[0]}")
        channels = range(1, CHANNELS + 1)
        nibbles = int.from_bytes(rest[2:6], "little")
        return cls(
            result,
            tuple(channel for channel in channels if rest[1] >> channel - 1 & 1),
            tuple(
                (channel, nibble) for channel in channels if (nibble := nibbles >> 4 * (channel - 1) & 0x0F)
            ),
        )


@record
class GeneralError:
    """Unsolicited: the device reports an error by itself."""

    CODE: ClassVar[int] = 66
    result: int

    def to_bytes(self) -> bytes:
        return bytes((self.result,))


@record
class UnknownCommand:
    """The device did not know a command."""

    CODE: ClassVar[int] = 67
    result: int = RESULT_UNKNOWN_COMMAND

    def to_bytes(self) -> bytes:
        return bytes((self.result,))


Answer: TypeAlias = (
    Ack
    | DeviceIdAck
    | StimStatusAck
    | ExtendedVersionAck
    | LlChannelConfigAck
    | CurrentDataAck
    | GeneralError
    | UnknownCommand
)


# ── from and to packets ─────────────────────────────────────────────────────────────────────────

_COMMANDS: Final[dict[int, Callable[[bytes], Command]]] = {
    GetDeviceId.CODE: GetDeviceId.from_bytes,
    Reset.CODE: Reset.from_bytes,
    GetStimStatus.CODE: GetStimStatus.from_bytes,
    GetExtendedVersion.CODE: GetExtendedVersion.from_bytes,
    LlInit.CODE: LlInit.from_bytes,
    LlChannelConfig.CODE: LlChannelConfig.from_bytes,
    LlStop.CODE: LlStop.from_bytes,
    MlInit.CODE: MlInit.from_bytes,
    MlUpdate.CODE: MlUpdate.from_bytes,
    MlStop.CODE: MlStop.from_bytes,
    MlGetCurrentData.CODE: MlGetCurrentData.from_bytes,
}
_ANSWERS: Final[dict[int, Callable[[bytes], Answer]]] = {
    DeviceIdAck.CODE: DeviceIdAck.from_bytes,
    StimStatusAck.CODE: StimStatusAck.from_bytes,
    ExtendedVersionAck.CODE: ExtendedVersionAck.from_bytes,
    LlChannelConfigAck.CODE: LlChannelConfigAck.from_bytes,
    CurrentDataAck.CODE: CurrentDataAck.from_bytes,
    GeneralError.CODE: lambda data: GeneralError(_result("General_error", data, 0)[0]),
    UnknownCommand.CODE: lambda data: UnknownCommand(_result("Unknown_cmd", data, 0)[0]),
}
_RESULT_ONLY: Final = frozenset(cls.CODE + 1 for cls in (Reset, LlInit, LlStop, MlInit, MlUpdate, MlStop))


def is_known_command(code: int) -> bool:
    """Whether the device would answer Unknown_cmd."""
    return code in _COMMANDS


def parse_command(packet: Packet) -> Command:
    """The device's side. Raises Malformed."""
    parse = _COMMANDS.get(packet.code)
    if parse is None:
        raise Malformed(f"no command {packet.code}")
    return parse(packet.data)


def parse_answer(packet: Packet) -> Answer:
    """The host's side. Raises Malformed, also for an answer of result 0 that is shorter than its table."""
    if packet.code in _RESULT_ONLY:
        return Ack(packet.code, _result(f"answer {packet.code}", packet.data, 0)[0])
    parse = _ANSWERS.get(packet.code)
    if parse is None:
        raise Malformed(f"no answer {packet.code}")
    return parse(packet.data)


def command_frame(command: Command, number: int) -> bytes:
    """A command's bytes on the line. Raises Malformed, Unbalanced."""
    return Packet(number, command.CODE, command.to_bytes()).to_frame()


def answer_frame(answer: Answer, number: int) -> bytes:
    """An answer's bytes on the line."""
    code = answer.code if isinstance(answer, Ack) else answer.CODE
    return Packet(number, code, answer.to_bytes()).to_frame()


def _single(name: str, data: bytes) -> int:
    if len(data) != 1:
        raise Malformed(f"{name} of {len(data)} bytes")
    return data[0]


def _result(name: str, data: bytes, needed: int) -> tuple[int, bytes]:
    """The result and what follows it: at least `needed` bytes, or nothing where the result is not 0."""
    if not data:
        raise Malformed(f"{name} without a result")
    result, rest = data[0], data[1:]
    if len(rest) >= needed:
        return result, rest if needed else b""
    if result == RESULT_OK:
        raise Malformed(f"{name} of {len(data)} bytes")
    return result, b""
