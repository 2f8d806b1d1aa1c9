"""ScienceMode2 as the RehaStim2 speaks it: every message of both directions as frozen data, and its bytes.

No I/O. `to_bytes` and `from_bytes` deal in a message's data field; `Packet` adds number and command and the
frame. The host encodes commands and decodes answers, the virtual device the other way round, with the same
classes. Channels count from 1, currents are whole milliamperes, durations whole microseconds. Every table is
sent most significant byte first, whatever the maker's text says. Source: card rehastim2.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from math import ceil
from typing import ClassVar, Final, TypeAlias

from drivers.hasomed import Layout, Malformed, WithoutData, build_frame
from drivers.record import record


def _crc8_of_one_byte(byte: int) -> int:
    for _ in range(8):
        byte = byte << 1 ^ 0x07 if byte & 0x80 else byte << 1
    return byte & 0xFF


_CRC8: Final = bytes(map(_crc8_of_one_byte, range(256)))


def crc8(data: bytes) -> int:
    """CRC-8: polynomial 0x07, initial value 0."""
    crc = 0
    for byte in data:
        crc = _CRC8[crc ^ byte]
    return crc


SCIENCE_MODE_2: Final = Layout(
    length_bytes=1,
    checksum_bytes=1,
    length_first=False,
    length_of_frame=False,
    shortest_frame=8,
    longest_frame=69,
    checksum=crc8,
)

VERSION: Final = 1
"""Of the protocol, as the device gives it in Init; no other is spoken here."""
PACKET_NUMBERS: Final = 256
CHANNELS: Final = 8
CURRENT_SOURCES: Final = ((1, 2, 3, 4), (5, 6, 7, 8))
"""Channels of one source take turns: two of them never pulse at the same moment."""
MAX_MA: Final = 130
STEP_MA: Final = 2
"""The hardware's step; the frame could carry 1 mA."""
PULSE_WIDTH_US: Final = (20, 500)
"""A shorter one acts as 20 µs, so that off is a current of 0 and never a width of 0."""
PULSE_GAP_US: Final = 100
"""Between the two phases of a pulse, which the device makes by itself."""
SHORT_BY_US: Final = 1
"""By so much the second phase is shorter than the first: the pulse's net charge is this × its current."""
MAX_V: Final = 154

SLOT_MS: Final = Fraction(3, 2)
"""Kept for each active channel."""
SHORTEST_PERIOD_MS: Final = 8
LONGEST_PERIOD_MS: Final = 1025
SHORTEST_INTER_PULSE_MS: Final = 8
"""Between the pulses of a doublet or triplet; a shorter one acts as this."""

RESULT_OK: Final = 0
RESULT_TRANSFER: Final = -1
RESULT_PARAMETER: Final = -2
RESULT_WRONG_MODE: Final = -3
RESULT_VERSION: Final = -5
RESULT_BUSY: Final = -8

MODE_START: Final = 0
MODE_INITIALISED: Final = 1
MODE_STARTED: Final = 2

SINGLET: Final = 0
DOUBLET: Final = 1
TRIPLET: Final = 2

ERROR_SWITCH: Final = -1
"""The stop switch was pressed, or is not connected."""
ERROR_ELECTRODE: Final = -2
ERROR_MODULE: Final = -3


# ── packets ─────────────────────────────────────────────────────────────────────────────────────


@record
class Packet:
    """What a frame carries: `number` 0…255 (echoed in the answer), the command code, its data."""

    number: int
    code: int
    data: bytes = b""

    def to_frame(self) -> bytes:
        """The whole frame, ready for the line."""
        return build_frame(SCIENCE_MODE_2, bytes((self.number, self.code)) + self.data)

    @classmethod
    def from_body(cls, body: bytes) -> Packet:
        """From a frame's unstuffed body. Raises Malformed when it holds no command."""
        if len(body) < 2:
            raise Malformed(f"{len(body)} bytes hold no command")
        return cls(body[0], body[1], body[2:])


# ── periods and pulses ──────────────────────────────────────────────────────────────────────────


@record
class Period:
    """The time between two pulses of a channel, in half milliseconds from 8 to 1025 ms."""

    code: int

    def __post_init__(self) -> None:
        if not SHORTEST_PERIOD_MS <= self.ms <= LONGEST_PERIOD_MS:
            raise Malformed(f"a period of {float(self.ms):g} ms")

    @property
    def ms(self) -> Fraction:
        return Fraction(self.code, 2) + 1

    @property
    def frequency_Hz(self) -> Fraction:
        return 1000 / self.ms

    @staticmethod
    @lru_cache(maxsize=64)
    def not_faster(frequency_Hz: Fraction) -> Period:
        """The one next to `frequency_Hz` that is not shorter: what is asked for keeps the limits, and pulses
        that come more often might not. Raises Malformed."""
        if frequency_Hz <= 0:
            raise Malformed(f"a frequency of {frequency_Hz} Hz")
        if frequency_Hz > Fraction(1000, SHORTEST_PERIOD_MS):
            raise Malformed(f"a period of {float(1000 / frequency_Hz):g} ms")
        return Period(ceil(2000 / frequency_Hz) - 2)


def shortest_period_ms(active_channels: int) -> Fraction:
    """The shortest period with so many active channels.

    The card gives a slot of 1.5 ms a channel, and 50 Hz for all eight, which is 2.5 ms a channel. Both hold
    here: the stricter one counts until a device has been asked (docs/hardware-test.md).
    """
    return max(Fraction(SHORTEST_PERIOD_MS), Fraction(20, CHANNELS) * active_channels)


@record
class ChannelPulse:
    """What one channel puts out each period; `mode` is SINGLET, DOUBLET or TRIPLET."""

    pulse_width_us: int
    current_mA: int
    mode: int = SINGLET

    def __post_init__(self) -> None:
        _check_pulse(self.pulse_width_us, self.current_mA)
        if not SINGLET <= self.mode <= TRIPLET:
            raise Malformed(f"mode {self.mode}")

    @property
    def effective_us(self) -> int:
        """The width that the device really makes."""
        return max(self.pulse_width_us, PULSE_WIDTH_US[0])

    def to_bytes(self) -> bytes:
        return bytes((self.mode,)) + _pulse_bytes(self.pulse_width_us, self.current_mA)

    @classmethod
    def from_bytes(cls, data: bytes) -> ChannelPulse:
        return cls(int.from_bytes(data[1:3], "big"), data[3], data[0])


def net_charge_nC(current_mA: int) -> int:
    """Of one pulse: what the device's shorter second phase leaves (mA × µs)."""
    return current_mA * SHORT_BY_US


def _check_pulse(pulse_width_us: int, current_mA: int) -> None:
    if not 0 <= pulse_width_us <= PULSE_WIDTH_US[1]:
        raise Malformed(f"a pulse width of {pulse_width_us} µs")
    if not 0 <= current_mA <= MAX_MA:
        raise Malformed(f"a current of {current_mA} mA")


def _pulse_bytes(pulse_width_us: int, current_mA: int) -> bytes:
    """Refuses a width that the device would not make as it stands."""
    if pulse_width_us < PULSE_WIDTH_US[0]:
        raise Malformed(f"a pulse width of {pulse_width_us} µs is never sent: it acts as {PULSE_WIDTH_US[0]}")
    return pulse_width_us.to_bytes(2, "big") + bytes((current_mA,))


# ── host to device ──────────────────────────────────────────────────────────────────────────────


@record
class InitAck:
    """The host's answer to Init, with Init's own number; nothing answers it."""

    CODE: ClassVar[int] = 2
    NAME: ClassVar[str] = "InitAck"
    result: int

    def to_bytes(self) -> bytes:
        return _signed(self.result)

    @classmethod
    def from_bytes(cls, data: bytes) -> InitAck:
        return cls(_only_result(cls.NAME, data))


class Watchdog(WithoutData):
    """Feeds the device's watchdog, as any good packet does; nothing answers it."""

    __slots__ = ()
    CODE = 4
    NAME = "Watchdog"


class GetStimulationMode(WithoutData):
    __slots__ = ()
    CODE = 10
    NAME = "GetStimulationMode"


@record
class InitChannelListMode:
    """Which channels there will be, and how often they pulse. No pulse yet.

    Channels of `low_frequency` leave out `low_frequency_factor` (0…7) pulses after each one.
    """

    CODE: ClassVar[int] = 30
    NAME: ClassVar[str] = "InitChannelListMode"
    active: tuple[int, ...]
    period: Period | None
    """None: one pulse for each StartChannelListMode."""
    inter_pulse_code: int = 13
    """Half milliseconds above 1.5 ms; 13 is 8 ms."""
    low_frequency_factor: int = 0
    low_frequency: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not self.active:
            raise Malformed("no active channel")
        if not 0 <= self.inter_pulse_code <= 0xFF:
            raise Malformed(f"inter-pulse code {self.inter_pulse_code}")
        if not 0 <= self.low_frequency_factor <= 7:
            raise Malformed(f"low-frequency factor {self.low_frequency_factor}")
        _mask(self.active)
        _mask(self.low_frequency)

    @property
    def inter_pulse_ms(self) -> Fraction:
        """As the device keeps it."""
        return max(Fraction(self.inter_pulse_code, 2) + Fraction(3, 2), Fraction(SHORTEST_INTER_PULSE_MS))

    def to_bytes(self) -> bytes:
        head = (
            self.low_frequency_factor,
            _mask(self.active),
            _mask(self.low_frequency),
            self.inter_pulse_code,
        )
        period_code = 0 if self.period is None else self.period.code
        return bytes(head) + period_code.to_bytes(2, "big") + b"\x00"

    @classmethod
    def from_bytes(cls, data: bytes) -> InitChannelListMode:
        if len(data) != 7 or data[6]:
            raise Malformed(f"InitChannelListMode {data.hex()}")
        period_code = int.from_bytes(data[4:6], "big")
        period = Period(period_code) if period_code else None
        return cls(_channels(data[1]), period, data[3], data[0], _channels(data[2]))


@record
class StartChannelListMode:
    """Start and update alike: a pulse for every active channel, ascending, the silent ones with 0 mA."""

    CODE: ClassVar[int] = 32
    NAME: ClassVar[str] = "StartChannelListMode"
    pulses: tuple[ChannelPulse, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.pulses) <= CHANNELS:
            raise Malformed(f"{len(self.pulses)} channels")

    def to_bytes(self) -> bytes:
        return b"".join([pulse.to_bytes() for pulse in self.pulses])

    @classmethod
    def from_bytes(cls, data: bytes) -> StartChannelListMode:
        if len(data) % 4:
            raise Malformed(f"StartChannelListMode of {len(data)} bytes")
        return cls(tuple(ChannelPulse.from_bytes(data[at : at + 4]) for at in range(0, len(data), 4)))


class StopChannelListMode(WithoutData):
    __slots__ = ()
    CODE = 34
    NAME = "StopChannelListMode"


@record
class SinglePulse:
    """One pulse on one channel, where no list is initialised."""

    CODE: ClassVar[int] = 36
    NAME: ClassVar[str] = "SinglePulse"
    channel: int
    pulse_width_us: int
    current_mA: int

    def __post_init__(self) -> None:
        if not 1 <= self.channel <= CHANNELS:
            raise Malformed(f"channel {self.channel}")
        _check_pulse(self.pulse_width_us, self.current_mA)

    def to_bytes(self) -> bytes:
        return bytes((self.channel - 1,)) + _pulse_bytes(self.pulse_width_us, self.current_mA)

    @classmethod
    def from_bytes(cls, data: bytes) -> SinglePulse:
        if len(data) != 4:
            raise Malformed(f"SinglePulse of {len(data)} bytes")
        return cls(data[0] + 1, int.from_bytes(data[1:3], "big"), data[3])


Command: TypeAlias = (
    InitAck
    | Watchdog
    | GetStimulationMode
    | InitChannelListMode
    | StartChannelListMode
    | StopChannelListMode
    | SinglePulse
)

# ── device to host ──────────────────────────────────────────────────────────────────────────────


@record
class Init:
    """The device's own beginning, every 500 ms until it is answered."""

    CODE: ClassVar[int] = 1
    version: int

    def to_bytes(self) -> bytes:
        return bytes((self.version,))


@record
class UnknownCommand:
    """The device did not know this command."""

    CODE: ClassVar[int] = 3
    command: int

    def to_bytes(self) -> bytes:
        return bytes((self.command,))


@record
class ModeAck:
    """`mode` is one of MODE_…, or −1 where there is but a result."""

    CODE: ClassVar[int] = 11
    result: int
    mode: int = -1

    def to_bytes(self) -> bytes:
        return _signed(self.result) + (b"" if self.mode < 0 else bytes((self.mode,)))

    @classmethod
    def from_bytes(cls, data: bytes) -> ModeAck:
        result = _only_result("GetStimulationModeAck", data[:1])
        if len(data) == 1 and result != RESULT_OK:
            return cls(result)
        if len(data) != 2 or not MODE_START <= data[1] <= MODE_STARTED:
            raise Malformed(f"GetStimulationModeAck {data.hex()}")
        return cls(result, data[1])


@record
class Ack:
    """An answer that is a result alone. `code` is the command's plus 1."""

    code: int
    result: int

    def to_bytes(self) -> bytes:
        return _signed(self.result)


@record
class StimulationError:
    """Unasked: the device stopped everything because of `cause`, one of ERROR_…."""

    CODE: ClassVar[int] = 38
    cause: int

    def to_bytes(self) -> bytes:
        return _signed(self.cause)


Answer: TypeAlias = Init | UnknownCommand | ModeAck | Ack | StimulationError


# ── from and to packets ─────────────────────────────────────────────────────────────────────────

_COMMANDS: Final[dict[int, Callable[[bytes], Command]]] = {
    InitAck.CODE: InitAck.from_bytes,
    Watchdog.CODE: Watchdog.from_bytes,
    GetStimulationMode.CODE: GetStimulationMode.from_bytes,
    InitChannelListMode.CODE: InitChannelListMode.from_bytes,
    StartChannelListMode.CODE: StartChannelListMode.from_bytes,
    StopChannelListMode.CODE: StopChannelListMode.from_bytes,
    SinglePulse.CODE: SinglePulse.from_bytes,
}
_ANSWERS: Final[dict[int, Callable[[bytes], Answer]]] = {
    Init.CODE: lambda data: Init(_only_byte("Init", data)),
    UnknownCommand.CODE: lambda data: UnknownCommand(_only_byte("UnknownCommand", data)),
    ModeAck.CODE: ModeAck.from_bytes,
    StimulationError.CODE: lambda data: StimulationError(_only_result("StimulationError", data)),
}
_RESULT_ONLY: Final = frozenset(
    cls.CODE + 1 for cls in (InitChannelListMode, StartChannelListMode, StopChannelListMode, SinglePulse)
)


def is_known_command(code: int) -> bool:
    """Whether the device would answer UnknownCommand."""
    return code in _COMMANDS


def parse_command(packet: Packet) -> Command:
    """The device's side. Raises Malformed."""
    parse = _COMMANDS.get(packet.code)
    if parse is None:
        raise Malformed(f"no command {packet.code}")
    return parse(packet.data)


def parse_answer(packet: Packet) -> Answer:
    """The host's side. Raises Malformed.

    Lengths and ranges are exact here, because a checksum of one byte lets some damage through."""
    if packet.code in _RESULT_ONLY:
        return Ack(packet.code, _only_result(f"answer {packet.code}", packet.data))
    parse = _ANSWERS.get(packet.code)
    if parse is None:
        raise Malformed(f"no answer {packet.code}")
    return parse(packet.data)


def command_frame(command: Command, number: int) -> bytes:
    """A command's bytes on the line. Raises Malformed."""
    return Packet(number, command.CODE, command.to_bytes()).to_frame()


def answer_frame(answer: Answer, number: int) -> bytes:
    """An answer's bytes on the line."""
    code = answer.code if isinstance(answer, Ack) else answer.CODE
    return Packet(number, code, answer.to_bytes()).to_frame()


def _mask(channels: tuple[int, ...]) -> int:
    """Bit 0 is channel 1. Raises Malformed unless they are channels of the device, ascending."""
    mask = 0
    for channel in channels:
        bit = 1 << channel - 1 if 1 <= channel <= CHANNELS else 0
        if bit <= mask:
            raise Malformed(f"channels {channels}")
        mask |= bit
    return mask


def _channels(mask: int) -> tuple[int, ...]:
    return tuple(channel for channel in range(1, CHANNELS + 1) if mask >> channel - 1 & 1)


def _signed(result: int) -> bytes:
    return result.to_bytes(1, "big", signed=True)


def _only_byte(name: str, data: bytes) -> int:
    if len(data) != 1:
        raise Malformed(f"{name} of {len(data)} bytes")
    return data[0]


def _only_result(name: str, data: bytes) -> int:
    byte = _only_byte(name, data)
    return byte - 0x100 if byte & 0x80 else byte
