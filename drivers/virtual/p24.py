"""A P24 without hardware: bytes and the time in, bytes and a log out. Nothing in the driver knows of it.

It follows the protocol card. Where the card leaves room it takes the reading that is harder on a driver: an
Ml_update after a lapse or an error *does* start output again, a host that hangs up does not end it, and an
error that is reported unasked does not either. `serve` puts it on a pty as its own process.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final

from drivers.hasomed import FrameScanner, Malformed
from drivers.p24 import codec
from drivers.p24.codec import (
    Ack,
    Answer,
    ChannelUpdate,
    Command,
    CurrentDataAck,
    DeviceIdAck,
    ExtendedVersionAck,
    GeneralError,
    GetDeviceId,
    GetExtendedVersion,
    GetStimStatus,
    LlChannelConfig,
    LlChannelConfigAck,
    LlInit,
    LlStop,
    MlGetCurrentData,
    MlInit,
    MlStop,
    MlUpdate,
    Packet,
    Points,
    Reset,
    StimStatusAck,
    UnknownCommand,
    Version,
    answer_frame,
    is_known_command,
    parse_command,
)
from drivers.virtual import tissue
from drivers.virtual.faults import FOR_EVER, LINE_KINDS, Fault, Line, parse_fault
from drivers.virtual.pty import Event, run_on_pty

DEVICE_ID: Final = "SIMP240001"
VERSION: Final = Version(
    firmware=(0, 0, 1), science_mode=(4, 0, 0), hash=0x51A0_0001, hash_type=1, hash_valid=True
)
WATCHDOG_S: Final = 2.0
SUPPLY_V: Final = 150.0
OPEN_PAD_SEEN_FROM_HALF_MA: Final = 30
"""15 mA: below it the device does not notice an open pad."""
RESTART_S: Final = 0.3
"""How long it is deaf after a brown-out."""
LOW_LEVEL_QUEUE: Final = 10

_NIBBLES: Final = {"electrode": 1, "low_current": 3}


@dataclass(slots=True)
class _Output:
    """What one channel puts out: the last update that listed it, and when it was switched on."""

    update: ChannelUpdate
    enabled_at_s: float
    pulses: int = 0
    """Pulses put out since then, as far as its ramp needs them counted."""

    def points(self) -> Points:
        return self.update.points

    def share(self) -> Fraction:
        """How much of the set current the ramp lets through by now."""
        return min(Fraction(1), Fraction(self.pulses + 1, self.update.ramp + 1))

    def ramp_step_at_s(self) -> float | None:
        """When its ramp takes the next step."""
        if self.pulses >= self.update.ramp:
            return None
        return self.enabled_at_s + (self.pulses + 1) * float(self.update.period.ms) / 1000


@dataclass(slots=True)
class _Due:
    """Bytes that leave at a time."""

    at_s: float
    frame: bytes
    is_answer: bool = True


@dataclass(slots=True)
class VirtualP24:
    """The device itself. Call `advance` and `receive` with the time; fetch `take_outgoing` and `take_events`.

    `latency_s` passes before each answer. Time is any monotonic clock in seconds, `started_at_s` its origin.
    """

    started_at_s: float
    latency_s: float = 0.001
    watchdog_s: float = WATCHDOG_S
    faults: Sequence[Fault] = ()
    seed: int = 0
    leads: dict[int, tissue.Lead | None] = field(
        default_factory=lambda: dict.fromkeys(range(1, 9), tissue.GOOD)
    )
    device_id: str = DEVICE_ID
    version: Version = VERSION
    plugged: bool = True

    _scanner: FrameScanner = field(default_factory=lambda: FrameScanner(codec.SCIENCE_MODE_4), init=False)
    _line: Line = field(init=False)
    _pending_faults: list[Fault] = field(init=False)
    _events: list[Event] = field(default_factory=list, init=False)
    _outgoing: bytearray = field(default_factory=bytearray, init=False)
    _due: list[_Due] = field(default_factory=list, init=False)
    _bytes_received: int = field(default=0, init=False)
    _frames_received: int = field(default=0, init=False)
    _busy_answers: int = field(default=0, init=False)
    _stops_to_ignore: int | None = field(default=0, init=False)
    """None: every one from now on."""
    _deaf_until_s: float = field(default=0.0, init=False)

    _level: int = field(default=codec.LEVEL_NONE, init=False)
    _stop_all_on_error: bool = field(default=False, init=False)
    _outputs: dict[int, _Output] = field(default_factory=dict, init=False)
    _latched: dict[int, str] = field(default_factory=dict, init=False)
    """Channel → fault; stays until the level is initialised or stopped."""
    _fed_at_s: float = field(default=0.0, init=False)
    _look_at_pads_at_s: float | None = field(default=None, init=False)
    """The next pulse after something changed: then the device notices what is wrong with the pads."""
    _measurement: int = field(default=codec.MEASURE_NOTHING, init=False)
    _low_level_high_voltage: int = field(default=0, init=False)
    _low_level_pulses: list[tuple[float, LlChannelConfig]] = field(default_factory=list, init=False)
    """(end, pulse) of those that are queued or running."""

    def __post_init__(self) -> None:
        self._line = Line(random.Random(self.seed))  # noqa: S311 - noise that can be repeated
        self._pending_faults = []
        for fault in self.faults:
            self.inject(fault, self.started_at_s)

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
        deadlines += [end_s for end_s, _ in self._low_level_pulses]
        if self._level == codec.LEVEL_MID_RUNNING:
            deadlines.append(self._fed_at_s + self.watchdog_s)
        if self._look_at_pads_at_s is not None:
            deadlines.append(self._look_at_pads_at_s)
        deadlines += [
            step for output in self._outputs.values() if (step := output.ramp_step_at_s()) is not None
        ]
        return min(deadlines, default=None)

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

    # ── time ────────────────────────────────────────────────────────────────────────────────────

    def _do_what_is_due(self, now_s: float) -> None:
        self._strike(now_s, lambda fault: fault.at_s is not None and self.started_at_s + fault.at_s <= now_s)
        if self._level == codec.LEVEL_MID_RUNNING and self._fed_at_s + self.watchdog_s <= now_s:
            self._log(now_s, "timeout")
            self._mid_level_to_ready(now_s)
        for output in self._outputs.values():
            step_s = output.ramp_step_at_s()
            if step_s is not None and step_s <= now_s:
                output.pulses += 1
                self._log_output(now_s)
        if self._look_at_pads_at_s is not None and self._look_at_pads_at_s <= now_s:
            self._look_at_pads_at_s = None
            self._look_at_pads(now_s)
        while self._low_level_pulses and self._low_level_pulses[0][0] <= now_s:
            self._low_level_pulses.pop(0)
            self._log_output(now_s)
        due, self._due = self._due, []
        for item in due:
            if item.at_s > now_s:
                self._due.append(item)
            elif self.plugged:
                self._outgoing += self._line.to_host(item.frame) if item.is_answer else item.frame

    # ── frames ──────────────────────────────────────────────────────────────────────────────────

    def _take_frame(self, body: bytes, now_s: float) -> None:
        try:
            packet = Packet.from_body(body)
        except Malformed:
            return
        self._frames_received += 1
        self._strike(
            now_s, lambda fault: fault.at_frame is not None and fault.at_frame <= self._frames_received
        )
        if not self.plugged:
            return
        command: Command | None = None
        problem = ""
        try:
            command = parse_command(packet)
        except Malformed as error:
            problem = str(error)
        name = command.NAME if command is not None else f"command {packet.code}"
        self._log(now_s, "frame", name=name, hex=packet.to_frame().hex())
        if isinstance(command, MlStop) and self._ignores_this_stop():
            return
        answer = self._answer(packet, command, now_s)
        result = answer.result
        if result != codec.RESULT_OK:
            self._log(now_s, "refused", name=name, result=result, why=problem)
        self._reply(answer, packet.number, now_s)

    def _answer(self, packet: Packet, command: Command | None, now_s: float) -> Answer:
        if not is_known_command(packet.code):
            return UnknownCommand()
        if self._busy_answers:
            self._busy_answers -= 1
            return Ack(packet.code + 1, codec.RESULT_BUSY)
        match command:
            case None:
                return Ack(packet.code + 1, codec.RESULT_PARAMETER)
            case GetDeviceId():
                return DeviceIdAck(codec.RESULT_OK, self.device_id)
            case GetExtendedVersion():
                return ExtendedVersionAck(codec.RESULT_OK, self.version)
            case GetStimStatus():
                return StimStatusAck(codec.RESULT_OK, self._level, self._high_voltage())
            case MlGetCurrentData():
                return self._current_data(now_s)
            case LlChannelConfig():
                return self._low_level_pulse(command, now_s)
        return Ack(packet.code + 1, self._result_of(command, now_s))

    def _result_of(self, command: Command, now_s: float) -> int:
        """Do a command whose answer is its result alone."""
        match command:
            case MlInit():
                return self._init_mid_level(command, now_s)
            case MlUpdate():
                return self._update(command, now_s)
            case MlStop():
                self._log(now_s, "stop", why="command")
                return self._stop_level((codec.LEVEL_MID_READY, codec.LEVEL_MID_RUNNING), now_s)
            case LlInit():
                return self._init_low_level(command)
            case LlStop():
                self._log(now_s, "stop", why="command")
                return self._stop_level((codec.LEVEL_LOW_READY,), now_s)
            case Reset():
                self._log(now_s, "stop", why="reset")
                self._level_to_none(now_s)
                return codec.RESULT_OK
        raise AssertionError(command)

    def _reply(self, answer: Answer, number: int, now_s: float) -> None:
        at_s = now_s + self.latency_s
        if isinstance(answer, LlChannelConfigAck) and self._low_level_pulses:
            at_s = self._low_level_pulses[-1][0] + self.latency_s
        self._due.append(_Due(at_s, answer_frame(answer, number)))

    # ── mid level ───────────────────────────────────────────────────────────────────────────────

    def _init_mid_level(self, command: MlInit, now_s: float) -> int:
        if self._level == codec.LEVEL_LOW_READY:
            return codec.RESULT_NOT_INITIALISED
        if self._level == codec.LEVEL_MID_RUNNING:
            self._mid_level_to_ready(now_s)
        self._level = codec.LEVEL_MID_READY
        self._stop_all_on_error = command.stop_all_on_error
        self._outputs = {}
        self._latched = {}
        return codec.RESULT_OK

    def _update(self, command: MlUpdate, now_s: float) -> int:
        if self._level not in (codec.LEVEL_MID_READY, codec.LEVEL_MID_RUNNING):
            return codec.RESULT_NOT_INITIALISED
        listed = {update.channel: update for update in command.channels}
        kept = [output.update for channel, output in self._outputs.items() if channel not in listed]
        if codec.duty([*kept, *command.channels]) > codec.MAX_DUTY:
            return codec.RESULT_PARAMETER
        for channel, update in listed.items():
            running = self._outputs.get(channel)
            if channel in self._latched:
                continue
            if running is None:
                self._outputs[channel] = _Output(update, enabled_at_s=now_s)
            else:
                running.update = update
        self._level = codec.LEVEL_MID_RUNNING
        self._fed_at_s = now_s
        self._look_at_next_pulse(now_s)
        self._log_output(now_s)
        return codec.RESULT_OK

    def _current_data(self, now_s: float) -> CurrentDataAck:
        if self._level not in (codec.LEVEL_MID_READY, codec.LEVEL_MID_RUNNING):
            return CurrentDataAck(codec.RESULT_NOT_INITIALISED)
        if self._level == codec.LEVEL_MID_RUNNING:
            self._fed_at_s = now_s
        faults = tuple((channel, _NIBBLES[fault]) for channel, fault in sorted(self._latched.items()))
        return CurrentDataAck(codec.RESULT_OK, tuple(sorted(self._outputs)), faults)

    def _look_at_next_pulse(self, now_s: float) -> None:
        looks_s = [now_s + float(output.update.period.ms) / 1000 for output in self._outputs.values()]
        if looks_s and self._look_at_pads_at_s is not None:
            looks_s.append(self._look_at_pads_at_s)
        self._look_at_pads_at_s = min(looks_s, default=None)

    def _look_at_pads(self, now_s: float) -> None:
        """One pulse of every channel, and what the device notices by it."""
        for channel, output in sorted(self._outputs.items()):
            fault = self._pad_fault(channel, output)
            if fault is None:
                continue
            self._latched[channel] = fault
            self._log(now_s, "stop", why=fault, channel=channel)
            if self._stop_all_on_error:
                self._mid_level_to_ready(now_s)
                return
            del self._outputs[channel]
            self._log_output(now_s)
        if any(output.ramp_step_at_s() is not None for output in self._outputs.values()):
            self._look_at_next_pulse(now_s)

    def _pad_fault(self, channel: int, output: _Output) -> str | None:
        lead = self.leads[channel]
        for point in output.update.points:
            half_mA = abs(point.half_mA) * output.share()
            if half_mA == 0:
                continue
            if lead is None:
                return "electrode" if half_mA >= OPEN_PAD_SEEN_FROM_HALF_MA else None
            if lead.voltage_V(float(half_mA) / 2, point.effective_us) > SUPPLY_V:
                return "low_current"
        return None

    def _mid_level_to_ready(self, now_s: float) -> None:
        """Pulses end, the level stays on."""
        self._level = codec.LEVEL_MID_READY
        self._outputs = {}
        self._look_at_pads_at_s = None
        self._log_output(now_s)

    # ── low level ───────────────────────────────────────────────────────────────────────────────

    def _init_low_level(self, command: LlInit) -> int:
        if self._level in (codec.LEVEL_MID_READY, codec.LEVEL_MID_RUNNING):
            return codec.RESULT_NOT_INITIALISED
        self._level = codec.LEVEL_LOW_READY
        self._measurement = command.measurement
        self._low_level_high_voltage = command.high_voltage
        return codec.RESULT_OK

    def _low_level_pulse(self, command: LlChannelConfig, now_s: float) -> LlChannelConfigAck:
        if self._level != codec.LEVEL_LOW_READY:
            return LlChannelConfigAck(codec.RESULT_NOT_INITIALISED)
        if len(self._low_level_pulses) >= LOW_LEVEL_QUEUE:
            return LlChannelConfigAck(codec.RESULT_BUSY)
        if not command.execute:
            return LlChannelConfigAck(codec.RESULT_OK, command.lead, command.connector)
        begins_s = max([now_s] + [end_s for end_s, _ in self._low_level_pulses])
        width_us = sum(point.effective_us for point in command.points)
        self._low_level_pulses.append((begins_s + width_us / 1e6, command))
        self._log_output(now_s)
        lead = self.leads[_channel_of(command)]
        strongest_half_mA = max(abs(point.half_mA) for point in command.points)
        if lead is None and strongest_half_mA >= OPEN_PAD_SEEN_FROM_HALF_MA:
            return LlChannelConfigAck(codec.RESULT_ELECTRODE)
        if self._measurement == codec.MEASURE_NOTHING:
            return LlChannelConfigAck(codec.RESULT_OK, command.lead, command.connector)
        points = [(point.effective_us, point.half_mA / 2) for point in command.points]
        supply_V = 0.0 if self._low_level_high_voltage else SUPPLY_V
        measured = tissue.measure(lead, points, supply_V, codec.SAMPLES)
        if self._measurement == codec.MEASURE_CURRENT:
            values = [current_mA for current_mA, _ in measured.samples]
        elif self._measurement == codec.MEASURE_VOLTAGE:
            values = [voltage_V for _, voltage_V in measured.samples]
        else:
            values = [supply_V] * codec.SAMPLES
        hundredths = tuple(min(65_535, round(abs(value) * 100)) for value in values)
        return LlChannelConfigAck(
            codec.RESULT_OK,
            command.lead,
            command.connector,
            self._measurement,
            measured.sampling_us,
            hundredths,
        )

    # ── levels, power, faults ───────────────────────────────────────────────────────────────────

    def _stop_level(self, levels: tuple[int, ...], now_s: float) -> int:
        if self._level not in levels:
            return codec.RESULT_NOT_INITIALISED
        self._level_to_none(now_s)
        return codec.RESULT_OK

    def _level_to_none(self, now_s: float) -> None:
        self._power_off()
        self._log_output(now_s)

    def _power_off(self) -> None:
        self._level = codec.LEVEL_NONE
        self._outputs = {}
        self._latched = {}
        self._look_at_pads_at_s = None
        self._low_level_pulses = []
        self._measurement = codec.MEASURE_NOTHING

    def _high_voltage(self) -> int:
        off = self._level == codec.LEVEL_NONE or (
            self._level == codec.LEVEL_LOW_READY and self._low_level_high_voltage
        )
        return codec.HIGH_VOLTAGE_OFF if off else codec.HIGH_VOLTAGE_150_V

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
        elif fault.kind == "error":
            known = UnknownCommand if fault.number == codec.RESULT_UNKNOWN_COMMAND else GeneralError
            self._due.append(_Due(now_s, answer_frame(known(fault.number), number=0), is_answer=False))
        elif fault.kind in ("unplug", "brown_out"):
            self._lose_power(fault.kind, now_s)
        else:
            self._change_pad(fault, now_s)

    def _lose_power(self, kind: str, now_s: float) -> None:
        self._log(
            now_s, "unplug" if kind == "unplug" else "stop", **({} if kind == "unplug" else {"why": kind})
        )
        self._level_to_none(now_s)
        self._due = []
        self._scanner.reset()
        if kind == "unplug":
            self.plugged = False
        else:
            self._deaf_until_s = now_s + RESTART_S

    def _change_pad(self, fault: Fault, now_s: float) -> None:
        lead = self.leads[fault.number]
        self.leads[fault.number] = {
            "pad_off": None,
            "pad_half": lead.half_off() if lead is not None else None,
            "pad_on": tissue.GOOD,
            "gel_dry": tissue.DRY,
        }[fault.kind]
        self._look_at_next_pulse(now_s)

    # ── the log ─────────────────────────────────────────────────────────────────────────────────

    def _log(self, now_s: float, event: str, **details: Any) -> None:
        self._events.append({"t": round(now_s, 6), "event": event, **details})

    def _log_output(self, now_s: float) -> None:
        """Everything that flows from now on; nothing listed is zero output."""
        channels = [
            _described(
                channel, output.update.points, float(output.share()), float(output.update.period.frequency_Hz)
            )
            for channel, output in sorted(self._outputs.items())
        ]
        channels += [
            _described(_channel_of(pulse), pulse.points, 1.0, 0.0) for _, pulse in self._low_level_pulses[:1]
        ]
        self._log(now_s, "output", channels=[channel for channel in channels if channel["current_mA"]])


def _channel_of(pulse: LlChannelConfig) -> int:
    """The mid level's channel that uses the same lead: 1-4 are yellow red…white, 5-8 green."""
    return pulse.connector * 4 + pulse.lead + 1


def _described(channel: int, points: Points, share: float, frequency_Hz: float) -> dict[str, float]:
    strongest = max(points, key=lambda point: abs(point.half_mA))
    return {
        "channel": channel,
        "current_mA": abs(strongest.half_mA) / 2 * share,
        "pulse_width_us": strongest.duration_us,
        "frequency_Hz": frequency_Hz,
        "net_charge_nC": codec.net_charge_half_mA_us(points) / 2 * share,
    }


def serve(
    link_path: str,
    log_path: str | None = None,
    latency_ms: float = 1.0,
    watchdog_s: float = WATCHDOG_S,
    faults: Sequence[str] = (),
    seed: int = 0,
) -> None:
    """Run a virtual P24 on a pty until SIGTERM; `link_path` becomes a link to it; `ready PATH` is printed.

    While it runs, lines on standard input control it: `fault KIND[:ARG][@…]` (a time counts from the start
    of the process) and `replug`. Raises FaultSpecError before anything is opened, OSError for bad paths.
    """
    parsed = [parse_fault(spec) for spec in faults]
    run_on_pty(
        lambda now_s: VirtualP24(now_s, latency_ms / 1000, watchdog_s, parsed, seed), link_path, log_path
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """`python -m drivers.virtual.p24 --link PATH …`, the options of `homestim simulate p24`."""
    import argparse

    parser = argparse.ArgumentParser(
        prog="python -m drivers.virtual.p24", description="A virtual P24 on a pty."
    )
    parser.add_argument("--link", required=True, metavar="PATH")
    parser.add_argument("--log", metavar="FILE")
    parser.add_argument("--latency", type=float, default=1.0, metavar="MS")
    parser.add_argument("--watchdog", type=float, default=WATCHDOG_S, metavar="S")
    parser.add_argument("--fault", action="append", default=[], metavar="SPEC")
    parser.add_argument("--seed", type=int, default=0, metavar="N")
    given = parser.parse_args(arguments)
    serve(given.link, given.log, given.latency, given.watchdog, given.fault, given.seed)


if __name__ == "__main__":
    main()
