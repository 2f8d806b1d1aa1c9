"""A P24 without hardware. What it shares with other virtual devices is `drivers.virtual.device`.

It follows the protocol card. Where the card leaves room it takes the reading that is harder on a driver: an
Ml_update after a lapse or an error *does* start output again, a host that hangs up does not end it, and an
error that is reported unasked does not either.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import ClassVar, Final

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
from drivers.virtual.device import Due, VirtualStimulator, described
from drivers.virtual.faults import COMMON_KINDS, Fault
from drivers.virtual.process import main

DEVICE_ID: Final = "SIMP240001"
VERSION: Final = Version(
    firmware=(0, 0, 1), science_mode=(4, 0, 0), hash=0x51A0_0001, hash_type=1, hash_valid=True
)
WATCHDOG_S: Final = 2.0
SUPPLY_V: Final = 150.0
OPEN_PAD_SEEN_FROM_HALF_MA: Final = 30
"""15 mA: below it the device does not notice an open pad."""
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
class VirtualP24(VirtualStimulator):
    """The device itself."""

    layout: ClassVar = codec.SCIENCE_MODE_4
    fault_kinds: ClassVar = COMMON_KINDS

    watchdog_s: float = WATCHDOG_S
    device_id: str = DEVICE_ID
    version: Version = VERSION

    _level: int = field(default=codec.LEVEL_NONE, init=False)
    _stop_all_on_error: bool = field(default=False, init=False)
    _outputs: dict[int, _Output] = field(default_factory=dict, init=False)
    _latched: dict[int, str] = field(default_factory=dict, init=False)
    """Channel → fault; stays until the level is initialised or stopped."""
    _fed_at_s: float = field(default=0.0, init=False)
    _measurement: int = field(default=codec.MEASURE_NOTHING, init=False)
    _low_level_high_voltage: int = field(default=0, init=False)
    _low_level_pulses: list[tuple[float, LlChannelConfig]] = field(default_factory=list, init=False)
    """(end, pulse) of those that are queued or running."""

    # ── time ────────────────────────────────────────────────────────────────────────────────────

    def _own_deadlines_s(self) -> list[float]:
        deadlines = [end_s for end_s, _ in self._low_level_pulses]
        if self._level == codec.LEVEL_MID_RUNNING:
            deadlines.append(self._fed_at_s + self.watchdog_s)
        return deadlines + [
            step for output in self._outputs.values() if (step := output.ramp_step_at_s()) is not None
        ]

    def _do_own(self, now_s: float) -> None:
        if self._level == codec.LEVEL_MID_RUNNING and self._fed_at_s + self.watchdog_s <= now_s:
            self._log(now_s, "timeout")
            self._mid_level_to_ready(now_s)
        for output in self._outputs.values():
            step_s = output.ramp_step_at_s()
            if step_s is not None and step_s <= now_s:
                output.pulses += 1
                self._log_output(now_s)
        while self._low_level_pulses and self._low_level_pulses[0][0] <= now_s:
            self._low_level_pulses.pop(0)
            self._log_output(now_s)

    # ── frames ──────────────────────────────────────────────────────────────────────────────────

    def _packet_in(self, body: bytes) -> Packet:
        return Packet.from_body(body)

    def _command_in(self, packet: Packet) -> Command:
        return parse_command(packet)

    def _obey(self, packet: Packet, command: Command | None, problem: str, now_s: float) -> None:
        if isinstance(command, MlStop | LlStop) and self._ignores_this_stop():
            return
        answer = self._answer(packet, command, now_s)
        if answer.result != codec.RESULT_OK:
            name = self._name(packet, command)
            self._log(now_s, "refused", name=name, result=answer.result, why=problem)
        self._reply(answer, packet.number, now_s)

    def _answer(self, packet: Packet, command: Command | None, now_s: float) -> Answer:
        if not is_known_command(packet.code):
            return UnknownCommand()
        if self._is_busy():
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
                self._everything_off(now_s)
                return codec.RESULT_OK
        raise AssertionError(command)

    def _reply(self, answer: Answer, number: int, now_s: float) -> None:
        at_s = now_s + self.latency_s
        if isinstance(answer, LlChannelConfigAck) and self._low_level_pulses:
            at_s = self._low_level_pulses[-1][0] + self.latency_s
        self._due.append(Due(at_s, answer_frame(answer, number)))

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

    def _pulse_periods_s(self) -> list[float]:
        return [float(output.update.period.ms) / 1000 for output in self._outputs.values()]

    def _look_at_pads(self, now_s: float) -> None:
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
        self._everything_off(now_s)
        return codec.RESULT_OK

    def _power_on(self, now_s: float) -> None:
        """It waits to be asked."""

    def _power_off(self) -> None:
        self._level = codec.LEVEL_NONE
        self._outputs = {}
        self._latched = {}
        self._low_level_pulses = []
        self._measurement = codec.MEASURE_NOTHING

    def _high_voltage(self) -> int:
        off = self._level == codec.LEVEL_NONE or (
            self._level == codec.LEVEL_LOW_READY and self._low_level_high_voltage
        )
        return codec.HIGH_VOLTAGE_OFF if off else codec.HIGH_VOLTAGE_150_V

    def _have_own(self, fault: Fault, now_s: float) -> None:
        """`error`: reported unasked."""
        known = UnknownCommand if fault.number == codec.RESULT_UNKNOWN_COMMAND else GeneralError
        self._due.append(Due(now_s, answer_frame(known(fault.number), number=0), is_answer=False))

    def _flowing(self) -> list[dict[str, float]]:
        channels = [
            _described(
                channel, output.update.points, float(output.share()), float(output.update.period.frequency_Hz)
            )
            for channel, output in sorted(self._outputs.items())
        ]
        return channels + [
            _described(_channel_of(pulse), pulse.points, 1.0, 0.0) for _, pulse in self._low_level_pulses[:1]
        ]


def _channel_of(pulse: LlChannelConfig) -> int:
    """The mid level's channel that uses the same lead: 1-4 are yellow red…white, 5-8 green."""
    return pulse.connector * 4 + pulse.lead + 1


def _described(channel: int, points: Points, share: float, frequency_Hz: float) -> dict[str, float]:
    strongest = max(points, key=lambda point: abs(point.half_mA))
    current_mA = abs(strongest.half_mA) / 2 * share
    charge_nC = codec.net_charge_half_mA_us(points) / 2 * share
    return described(channel, current_mA, strongest.duration_us, frequency_Hz, charge_nC)


DEVICE: Final = VirtualP24

if __name__ == "__main__":
    main(DEVICE)
