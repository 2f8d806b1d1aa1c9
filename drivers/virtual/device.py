"""What every virtual stimulator does alike: bytes and the time in, bytes and a log out, and its faults.

A device's own module adds what it says and does. Nothing in the drivers knows of any of this.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from drivers.hasomed import FrameScanner, Layout, Malformed
from drivers.virtual import tissue
from drivers.virtual.faults import CHANNELS, FOR_EVER, LINE_KINDS, PAD_KINDS, Fault, Line
from drivers.virtual.pty import Event

RESTART_S: Final = 0.3
"""How long a device is deaf after a brown-out."""


@dataclass(slots=True)
class Due:
    """Bytes that leave at a time."""

    at_s: float
    frame: bytes
    is_answer: bool = True


@dataclass(slots=True)
class VirtualStimulator(ABC):
    """The device itself. Call `advance` and `receive` with the time; fetch `take_outgoing` and `take_events`.

    `latency_s` passes before each answer. Time is any monotonic clock in seconds, `started_at_s` its origin.
    """

    layout: ClassVar[Layout]
    fault_kinds: ClassVar[frozenset[str]]

    started_at_s: float
    latency_s: float = 0.001
    watchdog_s: float = 2.0
    faults: Sequence[Fault] = ()
    seed: int = 0
    leads: dict[int, tissue.Lead | None] = field(default_factory=lambda: dict.fromkeys(CHANNELS, tissue.GOOD))
    plugged: bool = True

    _scanner: FrameScanner = field(init=False)
    _line: Line = field(init=False)
    _pending_faults: list[Fault] = field(init=False)
    _events: list[Event] = field(default_factory=list, init=False)
    _outgoing: bytearray = field(default_factory=bytearray, init=False)
    _due: list[Due] = field(default_factory=list, init=False)
    _bytes_received: int = field(default=0, init=False)
    _frames_received: int = field(default=0, init=False)
    _busy_answers: int = field(default=0, init=False)
    _stops_to_ignore: int | None = field(default=0, init=False)
    """None: every one from now on."""
    _deaf_until_s: float = field(default=0.0, init=False)
    _look_at_pads_at_s: float | None = field(default=None, init=False)
    """The next pulse after something changed: then the device notices what is wrong with the pads."""

    def __post_init__(self) -> None:
        self._scanner = FrameScanner(self.layout)
        self._line = Line(random.Random(self.seed))  # noqa: S311 - noise that can be repeated
        self._pending_faults = []
        self._power_on(self.started_at_s)
        for fault in self.faults:
            self.inject(fault, self.started_at_s)

    # ── what a device's own module says ─────────────────────────────────────────────────────────

    @abstractmethod
    def _packet_in(self, body: bytes) -> Any:
        """A good frame's packet. Raises Malformed."""

    @abstractmethod
    def _command_in(self, packet: Any) -> Any:
        """Raises Malformed."""

    @abstractmethod
    def _obey(self, packet: Any, command: Any, problem: str, now_s: float) -> None:
        """A good packet; its command is None where it is unknown or malformed, `problem` says how."""

    @abstractmethod
    def _own_deadlines_s(self) -> list[float]:
        """When something of its own happens next."""

    @abstractmethod
    def _do_own(self, now_s: float) -> None:
        """What of its own is due now."""

    @abstractmethod
    def _power_on(self, now_s: float) -> None:
        """As freshly started."""

    @abstractmethod
    def _power_off(self) -> None:
        """Nothing flows, nothing is remembered."""

    @abstractmethod
    def _pulse_periods_s(self) -> list[float]:
        """Of what is put out now."""

    @abstractmethod
    def _look_at_pads(self, now_s: float) -> None:
        """One pulse of every channel, and what the device notices by it."""

    @abstractmethod
    def _flowing(self) -> list[dict[str, float]]:
        """Each channel that is on, as the log describes it."""

    @abstractmethod
    def _have_own(self, fault: Fault, now_s: float) -> None:
        """A fault that only this device can have."""

    # ── what the host's side of the line calls ──────────────────────────────────────────────────

    def connected(self, now_s: float) -> None:
        """The host opened the port."""
        self._log(now_s, "connected")

    def receive(self, data: bytes, now_s: float) -> None:
        """Bytes from the host, read at `now_s`."""
        self.advance(now_s)
        while data and self.plugged:
            taken = self._bytes_until_fault(len(data))
            if now_s >= self._deaf_until_s:
                for body in self._scanner.feed(self._line.to_device(data[:taken])):
                    if self.plugged:
                        self._take_frame(body, now_s)
            self._bytes_received += taken
            data = data[taken:]
            self._strike(
                now_s, lambda fault: fault.at_byte is not None and fault.at_byte <= self._bytes_received
            )
        self.advance(now_s)

    def advance(self, now_s: float) -> None:
        """Do everything that is due until `now_s`, each thing at its time."""
        while (deadline_s := self.next_deadline_s()) is not None and deadline_s <= now_s:
            self._do_what_is_due(deadline_s)

    def next_deadline_s(self) -> float | None:
        """When something happens next without a byte from the host; None: nothing."""
        deadlines = [due.at_s for due in self._due]
        deadlines += [
            self.started_at_s + fault.at_s for fault in self._pending_faults if fault.at_s is not None
        ]
        if self._look_at_pads_at_s is not None:
            deadlines.append(self._look_at_pads_at_s)
        return min(deadlines + self._own_deadlines_s(), default=None)

    def inject(self, fault: Fault, now_s: float) -> None:
        """Have a fault from now on, by its own trigger."""
        self.advance(now_s)
        if fault.at_once:
            self._have(fault, now_s)
        else:
            self._pending_faults.append(fault)
        self.advance(now_s)

    def replug(self, now_s: float) -> None:
        """Power and cable are back: a freshly started device."""
        self.advance(now_s)
        self._power_off()
        self._power_on(now_s)
        self.plugged = True

    def take_outgoing(self) -> bytes:
        """Bytes for the host, since the last call."""
        outgoing = bytes(self._outgoing)
        self._outgoing.clear()
        return outgoing

    def take_events(self) -> list[Event]:
        """What happened, for the log, since the last call."""
        events, self._events = self._events, []
        return events

    # ── time and frames ─────────────────────────────────────────────────────────────────────────

    def _do_what_is_due(self, now_s: float) -> None:
        self._strike(now_s, lambda fault: fault.at_s is not None and self.started_at_s + fault.at_s <= now_s)
        self._do_own(now_s)
        if self._look_at_pads_at_s is not None and self._look_at_pads_at_s <= now_s:
            self._look_at_pads_at_s = None
            self._look_at_pads(now_s)
        due, self._due = self._due, []
        for item in due:
            if item.at_s > now_s:
                self._due.append(item)
            elif self.plugged:
                self._outgoing += self._line.to_host(item.frame) if item.is_answer else item.frame

    def _take_frame(self, body: bytes, now_s: float) -> None:
        try:
            packet = self._packet_in(body)
        except Malformed:
            return
        self._frames_received += 1
        self._strike(
            now_s, lambda fault: fault.at_frame is not None and fault.at_frame <= self._frames_received
        )
        if not self.plugged:
            return
        command, problem = None, ""
        try:
            command = self._command_in(packet)
        except Malformed as error:
            problem = str(error)
        self._log(now_s, "frame", name=self._name(packet, command), hex=packet.to_frame().hex())
        self._obey(packet, command, problem, now_s)

    def _name(self, packet: Any, command: Any) -> str:
        return command.NAME if command is not None else f"command {packet.code}"

    def _look_at_next_pulse(self, now_s: float) -> None:
        looks_s = [now_s + period_s for period_s in self._pulse_periods_s()]
        if looks_s and self._look_at_pads_at_s is not None:
            looks_s.append(self._look_at_pads_at_s)
        self._look_at_pads_at_s = min(looks_s, default=None)

    # ── faults ──────────────────────────────────────────────────────────────────────────────────

    def _is_busy(self) -> bool:
        """Whether this command is not done, because the device says that it is busy."""
        if self._busy_answers == 0:
            return False
        self._busy_answers -= 1
        return True

    def _ignores_this_stop(self) -> bool:
        if self._stops_to_ignore is None:
            return True
        if self._stops_to_ignore == 0:
            return False
        self._stops_to_ignore -= 1
        return True

    def _bytes_until_fault(self, available: int) -> int:
        ends = [
            fault.at_byte - self._bytes_received
            for fault in self._pending_faults
            if fault.at_byte is not None
        ]
        return min([available] + [max(1, end) for end in ends])

    def _strike(self, now_s: float, is_due: Callable[[Fault], bool]) -> None:
        due = [fault for fault in self._pending_faults if is_due(fault)]
        for fault in due:
            self._pending_faults.remove(fault)
            self._have(fault, now_s)

    def _have(self, fault: Fault, now_s: float) -> None:
        if fault.kind in LINE_KINDS:
            self._outgoing += self._line.strike(fault)
        elif fault.kind == "busy":
            self._busy_answers += fault.number
        elif fault.kind == "stop_ignored":
            self._stops_to_ignore = None if fault.number == FOR_EVER else fault.number
        elif fault.kind in ("unplug", "brown_out"):
            self._lose_power(fault.kind, now_s)
        elif fault.kind in PAD_KINDS:
            self._change_pad(fault, now_s)
        else:
            self._have_own(fault, now_s)

    def _lose_power(self, kind: str, now_s: float) -> None:
        self._log(
            now_s, "unplug" if kind == "unplug" else "stop", **({} if kind == "unplug" else {"why": kind})
        )
        self._everything_off(now_s)
        self._due = []
        self._scanner.reset()
        if kind == "unplug":
            self.plugged = False
        else:
            self._deaf_until_s = now_s + RESTART_S
            self._power_on(self._deaf_until_s)

    def _everything_off(self, now_s: float) -> None:
        self._power_off()
        self._look_at_pads_at_s = None
        self._log_output(now_s)

    def _change_pad(self, fault: Fault, now_s: float) -> None:
        lead = self.leads[fault.number]
        self.leads[fault.number] = {
            "pad_off": None,
            "pad_half": lead.half_off() if lead is not None else None,
            "pad_on": tissue.GOOD,
            "gel_dry": tissue.DRY,
            "dummy_load": tissue.DUMMY,
        }[fault.kind]
        self._look_at_next_pulse(now_s)

    # ── the log ─────────────────────────────────────────────────────────────────────────────────

    def _log(self, now_s: float, event: str, **details: Any) -> None:
        self._events.append({"t": round(now_s, 6), "event": event, **details})

    def _log_output(self, now_s: float) -> None:
        """Everything that flows from now on; nothing listed is zero output."""
        self._log(now_s, "output", channels=[channel for channel in self._flowing() if channel["current_mA"]])


def described(
    channel: int, current_mA: float, pulse_width_us: int, frequency_Hz: float, net_charge_nC: float
) -> dict[str, float]:
    """One channel as every virtual device's log gives it; the net charge is of one pulse."""
    return {
        "channel": channel,
        "current_mA": current_mA,
        "pulse_width_us": pulse_width_us,
        "frequency_Hz": frequency_Hz,
        "net_charge_nC": net_charge_nC,
    }
