"""The one interface that every stimulator driver fulfils, and the plain data that crosses it.

A driver turns targets (current, pulse width, frequency per channel) into its device's bytes and its
device's answers into readings. It owns no plan, no level, no lease: that is the guard's
(`drivers.guard`). Currents are integer half-milliamperes, pulse widths integer microseconds,
frequencies exact rationals, so that a charge of zero is exactly zero.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from fractions import Fraction
from typing import TYPE_CHECKING, Literal, Protocol

from drivers.record import record

if TYPE_CHECKING:
    from drivers.serial_settings import Direction


@record
class ChannelTarget:
    """What one armed channel shall put out from the next update on.

    `channel` counts from 1 as printed on the device. `half_mA` 0 is "off, still listed".
    """

    channel: int
    half_mA: int
    pulse_width_us: int
    frequency_Hz: Fraction


Targets = tuple[ChannelTarget, ...]
"""Every armed channel, ascending, the silent ones with 0 mA: an omitted channel keeps its last current."""


Quantity = Literal["current", "voltage"]
"""What a device can be asked to measure."""


@record
class ProbePulse:
    """One biphasic pulse of the contact check (rule 22), and what the device shall measure during it."""

    channel: int
    half_mA: int
    pulse_width_us: int
    measures: Quantity


@record
class Recording:
    """What the device measured during a `ProbePulse`, from its beginning on.

    `hundredths`: magnitudes in 0.01 mA or 0.01 V, one every `sampling_us`. None: the device itself says that
    the current did not flow.
    """

    pulse: ProbePulse
    sampling_us: int
    hundredths: tuple[int, ...] | None


@record
class Capabilities:
    """What the device can do at all; a plan outside of it is refused before a person starts."""

    channels: int
    step_half_mA: int
    """Smallest current step that the hardware really makes, in half-mA (P24 1, RehaStim2 4)."""
    max_half_mA: int
    min_pulse_width_us: int
    max_pulse_width_us: int
    watchdog_s: float
    """Time after the last keep-alive at which the device itself stops."""
    current_sources: tuple[tuple[int, ...], ...] = ()
    """Channels that share one source take turns; empty: the maker does not say."""
    measures_contact: bool = False
    """It can measure how well the pads of a channel conduct (rule 22)."""

    # A driver's module supplies `refusal(targets) -> str | None`; see `Stimulator.refusal`.


@record
class Identity:
    """Who answered on the port."""

    kind: str
    device_id: str
    firmware: str
    protocol: str
    firmware_tested: bool

    @property
    def simulated(self) -> bool:
        """A virtual device says so itself: its id begins with SIM (safety rule 19)."""
        return self.device_id.startswith("SIM")


class Running(Enum):
    """What the device says of itself."""

    OFF = "off"
    """Nothing initialised, high voltage off."""
    READY = "ready"
    """Initialised, no pulses."""
    RUNNING = "running"
    """Pulses are being generated (their current may be zero)."""
    UNKNOWN = "unknown"


@record
class Reading:
    """One good answer to "how are you": only ever built from a device's own bytes."""

    running: Running
    channel_faults: tuple[tuple[int, str], ...] = ()
    """(channel, "electrode" | "pulse_timeout" | "low_current"); empty is well."""


@record
class StopOutcome:
    """How a stop ended. `confirmed` is true only after the device itself said that its output is off."""

    confirmed: bool
    tries: int
    how: str
    """For the log and the screen's small print: "status 0, high voltage off", "no answer, 3 s silence" …"""
    confirmed_at_s: float | None = None
    """CLOCK_MONOTONIC of the confirming answer."""
    fault: str = ""
    """What was seen of a device that was well until then: "restarted", it was switched off before the stop
    could do it; "no_answer", it was deaf to all of the stop (safety rule 21)."""


class StimulatorError(Exception):
    """Something between us and the device is not well. `sentence` is for a person, str(self) for the log."""

    kind = "device"

    def __init__(self, sentence: str, detail: str = "") -> None:
        super().__init__(detail or sentence)
        self.sentence = sentence


class PortError(StimulatorError):
    """The port is missing, taken, forbidden, or not a serial port."""

    kind = "port"


class Unplugged(StimulatorError):  # noqa: N818
    """The port ended: EIO or an empty read."""

    kind = "unplugged"


class NoAnswer(StimulatorError):  # noqa: N818
    """No acknowledgement within its time."""

    kind = "no_answer"


class WrongDevice(StimulatorError):  # noqa: N818
    """Another device, an unsupported protocol version, or a simulator where hardware is demanded."""

    kind = "wrong_device"


class Refused(StimulatorError):  # noqa: N818
    """The driver will not encode this: unbalanced charge, out of range, does not fit the device."""

    kind = "refused"


class Preempted(StimulatorError):  # noqa: N818
    """A stop came first: the command was given up, or not begun. Its caller has nothing to do but end."""

    kind = "preempted"


class DeviceStopped(StimulatorError):  # noqa: N818
    """The device stopped itself or reports a fault; latched until it is initialised anew (safety rule 13).

    `fault` is one of "electrode", "low_current", "pulse_timeout", "switch" (its own stop switch), "module",
    "lapsed", "restarted", "result", "stale" (no good reading in time); `channel` is the one it names, if any.
    """

    kind = "device_stopped"

    def __init__(self, sentence: str, fault: str, channel: int | None = None, detail: str = "") -> None:
        super().__init__(sentence, detail or f"{fault} on channel {channel}")
        self.fault = fault
        self.channel = channel


class Stimulator(Protocol):
    """A driver. All methods run on one asyncio loop; one command is in flight at a time.

    Order of use: `identify` → `initialise` → `apply`/`check` … → `stop`. After `DeviceStopped`, and
    after any `stop`, `apply` refuses until `initialise` succeeded again: nothing resumes itself.
    """

    kind: str
    capabilities: Capabilities
    how_to_cut_output: str
    """A rule id whose words the kiosk knows, e.g. "p24_unplug_supply": how a person cuts the output."""
    on_trouble: Callable[[StimulatorError], None] | None
    """Called at once, from the loop, when something goes wrong that no command was asking about.

    Unplugged, or DeviceStopped (latched already) for an error that the device reported by itself."""

    def refusal(self, targets: Targets) -> str | None:
        """Why the device cannot do these targets at all (one plain sentence), or None. No I/O."""

    async def identify(self) -> Identity:
        """Stop whatever runs, ask who it is. Raises WrongDevice, NoAnswer, Unplugged."""

    async def initialise(self) -> None:
        """Switch the stage on, no pulse. Clears the STOPPED latch.

        Raises Refused without `identify` before it; DeviceStopped, NoAnswer, Unplugged.
        """

    async def apply(self, targets: Targets) -> None:
        """Make the device do exactly these targets and await its acknowledgement.

        Raises Refused before a byte is sent; DeviceStopped (latched), NoAnswer, Unplugged.
        """

    async def check(self) -> Reading:
        """Ask the device how it is; while nothing is initialised, its status alone.

        Raises DeviceStopped (latched) when a channel reports a fault, when it is not running while targets
        above zero are out, or when the last good reading is too old; NoAnswer, Unplugged.
        """

    def probe_pulses(self, channels: tuple[int, ...]) -> tuple[ProbePulse, ...]:
        """What this device needs, in this order, to measure the contact of these channels. No I/O."""

    async def begin_probe(self, measures: Quantity) -> None:
        """Get ready for `probe` to measure this, no pulse; once more for another quantity. The first one
        after a stop clears the STOPPED latch.

        Raises Refused without `identify` before it, or when the device cannot measure; DeviceStopped
        (latched), NoAnswer, Unplugged.
        """

    async def probe(self, pulse: ProbePulse) -> Recording:
        """One pulse, and what was measured. Nothing is awaited before the pulse leaves: the caller has just
        held it against lease, count, strength and pause.

        Raises Refused without `begin_probe` for this quantity since the last stop; DeviceStopped (latched),
        NoAnswer, Unplugged.
        """

    def stop_now(self) -> None:
        """First half of the stop path: drop what is queued, latch, write the stop frame at once.

        Never raises, never waits, needs no running task. `stop` must follow; it goes on from here and does
        not begin again. Until it has ended every other command raises Preempted.
        """

    async def stop(self) -> StopOutcome:
        """The one stop path (safety rule 12). Never raises, pre-empts a command in flight, returns within
        3 s + the tries. Not one byte leaves the driver during the 3 s of silence, whoever calls."""

    def tap(self, show: Callable[[Direction, bytes], None]) -> None:
        """From now on `show` gets all bytes after they left or arrived. It may neither wait nor raise."""

    async def close(self) -> None:
        """Give the port back. Does not stop: `stop` does."""
