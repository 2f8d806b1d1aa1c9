"""A RehaStim2 without hardware. What it shares with other virtual devices is `drivers.virtual.device`.

It follows the protocol card. Where the card leaves room it takes the reading that is harder on a driver:
before the handshake nothing is answered, a list is initialised from the start mode only, an odd current is
rounded up, and an `error` that is injected comes while the output goes on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar, Final

from drivers.rehastim2 import codec
from drivers.rehastim2.codec import (
    Ack,
    Answer,
    ChannelPulse,
    Command,
    GetStimulationMode,
    Init,
    InitAck,
    InitChannelListMode,
    ModeAck,
    Packet,
    SinglePulse,
    StartChannelListMode,
    StimulationError,
    StopChannelListMode,
    UnknownCommand,
    Watchdog,
    answer_frame,
    is_known_command,
    parse_command,
    shortest_period_ms,
)
from drivers.virtual.device import Due, VirtualStimulator, described
from drivers.virtual.faults import COMMON_KINDS, Fault
from drivers.virtual.process import main

WATCHDOG_S: Final = 1.2
INIT_EVERY_S: Final = 0.5


@dataclass(slots=True)
class VirtualRehaStim2(VirtualStimulator):
    """The device itself."""

    layout: ClassVar = codec.SCIENCE_MODE_2
    fault_kinds: ClassVar = COMMON_KINDS | {"emergency", "emergency_off", "battery_low"}

    watchdog_s: float = WATCHDOG_S
    version: int = codec.VERSION

    _greeted: bool = field(default=False, init=False)
    """The host answered Init."""
    _init_at_s: float | None = field(default=None, init=False)
    """When it says Init next."""
    _init_number: int = field(default=-1, init=False)
    """Of the last Init."""
    _fed_at_s: float = field(default=0.0, init=False)
    _mode: int = field(default=codec.MODE_START, init=False)
    _list: InitChannelListMode | None = field(default=None, init=False)
    _pulses: dict[int, ChannelPulse] = field(default_factory=dict, init=False)
    """What each channel puts out."""
    _ends_s: float | None = field(default=None, init=False)
    """When what is put out has been put out once."""
    _switch_pressed: bool = field(default=False, init=False)

    # ── time ────────────────────────────────────────────────────────────────────────────────────

    def _own_deadlines_s(self) -> list[float]:
        lapses_s = self._fed_at_s + self.watchdog_s if self._greeted else None
        return [at_s for at_s in (self._init_at_s, self._ends_s, lapses_s) if at_s is not None]

    def _do_own(self, now_s: float) -> None:
        if self._greeted and self._fed_at_s + self.watchdog_s <= now_s:
            if self._mode == codec.MODE_STARTED:
                self._log(now_s, "timeout")
            self._to_start(now_s)
            self._greeted, self._init_at_s = False, now_s
        if self._ends_s is not None and self._ends_s <= now_s:
            self._pulses, self._ends_s = {}, None
            self._log_output(now_s)
        if self._init_at_s is not None and self._init_at_s <= now_s:
            self._init_number = (self._init_number + 1) % codec.PACKET_NUMBERS
            self._init_at_s = now_s + INIT_EVERY_S
            self._due.append(Due(now_s, answer_frame(Init(self.version), self._init_number)))

    # ── frames ──────────────────────────────────────────────────────────────────────────────────

    def _packet_in(self, body: bytes) -> Packet:
        return Packet.from_body(body)

    def _command_in(self, packet: Packet) -> Command:
        return parse_command(packet)

    def _obey(self, packet: Packet, command: Command | None, problem: str, now_s: float) -> None:
        self._fed_at_s = now_s
        if not self._greeted:
            self._greet(packet, command)
            return
        if isinstance(command, StopChannelListMode) and self._ignores_this_stop():
            return
        answer = self._answer(packet, command, now_s)
        if answer is None:
            return
        result = getattr(answer, "result", None)
        if result != codec.RESULT_OK:
            name = self._name(packet, command)
            self._log(now_s, "refused", name=name, result=result, why=problem)
        self._due.append(Due(now_s + self.latency_s, answer_frame(answer, packet.number)))

    def _greet(self, packet: Packet, command: Command | None) -> None:
        if command == InitAck(codec.RESULT_OK) and packet.number == self._init_number:
            self._greeted, self._init_at_s = True, None

    def _answer(self, packet: Packet, command: Command | None, now_s: float) -> Answer | None:
        if not is_known_command(packet.code):
            return UnknownCommand(packet.code)
        if packet.code in (InitAck.CODE, Watchdog.CODE):
            return None
        busy = self._is_busy()
        match command:
            case None:
                return Ack(packet.code + 1, codec.RESULT_PARAMETER)
            case GetStimulationMode():
                return ModeAck(codec.RESULT_BUSY) if busy else ModeAck(codec.RESULT_OK, self._mode)
            case StopChannelListMode():
                return Ack(packet.code + 1, codec.RESULT_TRANSFER if busy else self._stop(now_s))
        return Ack(packet.code + 1, codec.RESULT_BUSY if busy else self._result_of(command, now_s))

    def _stop(self, now_s: float) -> int:
        self._log(now_s, "stop", why="command")
        self._to_start(now_s)
        return codec.RESULT_OK

    def _result_of(self, command: Command, now_s: float) -> int:
        match command:
            case InitChannelListMode():
                return self._init_list(command)
            case StartChannelListMode():
                return self._start(command, now_s)
            case SinglePulse():
                return self._single(command, now_s)
        raise AssertionError(command)

    # ── pulses ──────────────────────────────────────────────────────────────────────────────────

    def _init_list(self, command: InitChannelListMode) -> int:
        if self._mode != codec.MODE_START or self._switch_pressed:
            return codec.RESULT_WRONG_MODE
        if command.period is not None and command.period.ms < shortest_period_ms(len(command.active)):
            return codec.RESULT_PARAMETER
        self._mode, self._list = codec.MODE_INITIALISED, command
        return codec.RESULT_OK

    def _start(self, command: StartChannelListMode, now_s: float) -> int:
        if self._list is None:
            return codec.RESULT_WRONG_MODE
        if len(command.pulses) != len(self._list.active):
            return codec.RESULT_PARAMETER
        period = self._list.period
        most_pulses = 1 + max(pulse.mode for pulse in command.pulses)
        if period is not None and most_pulses > 1 and period.ms < most_pulses * self._list.inter_pulse_ms:
            return codec.RESULT_PARAMETER
        self._mode = codec.MODE_STARTED
        self._put_out(dict(zip(self._list.active, command.pulses, strict=True)), now_s)
        if period is None:
            self._ends_s = now_s + float(codec.SLOT_MS) * len(self._pulses) / 1000
        return codec.RESULT_OK

    def _single(self, command: SinglePulse, now_s: float) -> int:
        if self._mode != codec.MODE_START or self._switch_pressed:
            return codec.RESULT_WRONG_MODE
        pulse = ChannelPulse(command.pulse_width_us, command.current_mA)
        self._put_out({command.channel: pulse}, now_s)
        self._ends_s = now_s + float(codec.SLOT_MS) / 1000
        return codec.RESULT_OK

    def _put_out(self, pulses: dict[int, ChannelPulse], now_s: float) -> None:
        self._pulses = pulses
        self._look_at_next_pulse(now_s)
        self._log_output(now_s)

    def _pulse_periods_s(self) -> list[float]:
        if not self._pulses:
            return []
        period = None if self._list is None else self._list.period
        return [0.0 if period is None else float(period.ms) / 1000]

    def _look_at_pads(self, now_s: float) -> None:
        """The skin's resistance is tested before each pulse."""
        for channel, pulse in sorted(self._pulses.items()):
            lead, current_mA = self.leads[channel], _applied_mA(pulse.current_mA)
            if current_mA == 0:
                continue
            if lead is None or lead.voltage_V(current_mA, pulse.effective_us) > codec.MAX_V:
                self._fail(codec.ERROR_ELECTRODE, now_s, why="electrode", channel=channel)
                return

    def _fail(self, cause: int, now_s: float, **why: str | int) -> None:
        """Everything stops, and the host is told."""
        self._log(now_s, "stop", **why)
        self._to_start(now_s)
        if self._greeted:
            self._due.append(Due(now_s, answer_frame(StimulationError(cause), number=0), is_answer=False))

    def _to_start(self, now_s: float) -> None:
        self._back_to_start()
        self._log_output(now_s)

    def _back_to_start(self) -> None:
        self._mode, self._list = codec.MODE_START, None
        self._pulses, self._ends_s, self._look_at_pads_at_s = {}, None, None

    # ── power and faults ────────────────────────────────────────────────────────────────────────

    def _power_on(self, now_s: float) -> None:
        self._init_at_s = now_s

    def _power_off(self) -> None:
        self._back_to_start()
        self._greeted, self._init_at_s = False, None

    def _have_own(self, fault: Fault, now_s: float) -> None:
        if fault.kind == "emergency":
            self._switch_pressed = True
            self._fail(codec.ERROR_SWITCH, now_s, why="emergency")
        elif fault.kind == "emergency_off":
            self._switch_pressed = False
        elif fault.kind == "battery_low":
            self._lose_power(fault.kind, now_s)
            self._deaf_until_s, self._init_at_s = math.inf, None
        else:
            report = StimulationError(-min(fault.number, 128))
            self._due.append(Due(now_s, answer_frame(report, number=0), is_answer=False))

    # ── the log ─────────────────────────────────────────────────────────────────────────────────

    def _flowing(self) -> list[dict[str, float]]:
        return [
            described(
                channel,
                _applied_mA(pulse.current_mA),
                pulse.effective_us,
                self._frequency_Hz(channel),
                codec.net_charge_nC(_applied_mA(pulse.current_mA)),
            )
            for channel, pulse in sorted(self._pulses.items())
        ]

    def _frequency_Hz(self, channel: int) -> float:
        if self._list is None or self._list.period is None:
            return 0.0
        left_out = self._list.low_frequency_factor if channel in self._list.low_frequency else 0
        return float(self._list.period.frequency_Hz) / (1 + left_out)


def _applied_mA(current_mA: int) -> int:
    """In the hardware's steps."""
    return -(-current_mA // codec.STEP_MA) * codec.STEP_MA


DEVICE: Final = VirtualRehaStim2

if __name__ == "__main__":
    main(DEVICE)
