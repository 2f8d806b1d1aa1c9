"""The P24's driver: targets to ScienceMode4 commands, answers to readings, and the one stop path.

An answer counts only if command *and* packet number fit the command in flight; whatever else arrives (late,
doubled, stale, noise) is dropped. Timing and start-up order: card p24, "Timing", "Start-up and end". Rules
12, 13 and 16 of safety.md are enforced here.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from drivers import limits
from drivers.hasomed import FrameScanner
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
    LlInit,
    LlStop,
    Malformed,
    MlGetCurrentData,
    MlInit,
    MlStop,
    MlUpdate,
    Packet,
    Period,
    StimStatusAck,
    UnknownCommand,
    biphasic_pulse,
    command_frame,
    duty,
    parse_answer,
)
from drivers.serial_port import SerialLink, SerialSettings, open_port
from drivers.stimulator import (
    Capabilities,
    DeviceStopped,
    Identity,
    NoAnswer,
    Preempted,
    Reading,
    Refused,
    Running,
    Stimulator,
    StimulatorError,
    StopOutcome,
    Targets,
    Unplugged,
    WrongDevice,
)

RAMP: Final = 0
"""Pulses over which the device itself fades a channel in. Always none: the guard shapes every rise, and what
a real P24 does with this field on an update of a running channel is not yet measured (safety rule 13)."""

TESTED_FIRMWARE: Final = frozenset({("0.0.1", "4.0.0")})
"""(firmware, ScienceMode) that this driver was tried with: so far the virtual P24 alone."""

FILLER: Final = b"\x0f"
"""A stop byte inside a frame ends or spoils it for any parser; outside of one it is skipped."""

_STAGE_SWITCHES: Final = (MlInit, MlStop, LlInit, LlStop)
_RESULT_FAULTS: Final = {
    codec.RESULT_ELECTRODE: "electrode",
    codec.RESULT_LOW_CURRENT: "low_current",
    codec.RESULT_PULSE_TIMEOUT: "pulse_timeout",
    codec.RESULT_LAPSED: "lapsed",
    codec.RESULT_NOT_INITIALISED: "restarted",
}
_FAULT_SENTENCES: Final = {
    "electrode": "The stimulator reports that a pad has lost contact. It stopped.",
    "low_current": "The stimulator could not push the set current through the pads. It stopped.",
    "pulse_timeout": "The stimulator reports a fault in its pulses. It stopped.",
    "lapsed": "The stimulator stopped by itself, because it was not heard from in time.",
    "restarted": "The stimulator restarted by itself, or lost its power for a moment. It stopped.",
    "result": "The stimulator reports a fault.",
    "stale": "The stimulator was not heard from in time.",
}
_STATUS_RUNNING: Final = {
    codec.LEVEL_NONE: Running.OFF,
    codec.LEVEL_LOW_READY: Running.READY,
    codec.LEVEL_MID_READY: Running.READY,
    codec.LEVEL_MID_RUNNING: Running.RUNNING,
}


def boot_time_s() -> float:
    """CLOCK_BOOTTIME: it goes on while the machine sleeps, so that what is old stays old after a suspend."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@dataclass(slots=True)
class _InFlight:
    """The command whose answer is awaited.

    Its future never fails: it gets the answer, the reason why there is none, or None when its time is over.
    """

    code: int
    number: int
    answer: asyncio.Future[Answer | StimulatorError | None]


class P24:
    """One HASOMED P24 on one serial port; fulfils `drivers.stimulator.Stimulator`.

    `clock` is CLOCK_MONOTONIC in seconds; `age_clock` measures how old a reading is.
    """

    kind = "p24"
    how_to_cut_output = "p24_unplug_supply"
    capabilities = Capabilities(
        channels=codec.CHANNELS,
        step_half_mA=1,
        max_half_mA=codec.MAX_HALF_MA,
        min_pulse_width_us=codec.SHORTEST_DURATION_US,
        max_pulse_width_us=codec.MAX_DURATION_US,
        watchdog_s=2.0,
    )

    def __init__(
        self,
        port: str,
        settings: SerialSettings,
        clock: Callable[[], float] = time.monotonic,
        age_clock: Callable[[], float] = boot_time_s,
    ) -> None:
        self.on_trouble: Callable[[StimulatorError], None] | None = None
        self._clock = clock
        self._age_clock = age_clock
        self._loop = asyncio.get_running_loop()
        self._scanner = FrameScanner(codec.SCIENCE_MODE_4)
        self._number = 0
        self._in_flight: _InFlight | None = None
        self._turn = asyncio.Lock()

        self._identified = False
        self._initialised = False
        self._latched: DeviceStopped | None = None
        self._lost: Unplugged | None = None
        self._output: dict[int, int] = {}
        """Channel → the highest half-mA that the device may have since the last acknowledged update."""
        self._heard_at_s = 0.0
        """When the last good reading was asked for, or when output rose from zero, whichever is later."""

        self._stop_frame: _InFlight | None = None
        """A stop frame that left and is not followed up yet."""
        self._stop_run: asyncio.Task[StopOutcome] | None = None
        self._low_level = False
        """The device last said that its low level is on, which only Ll_stop ends."""

        self._link = SerialLink(
            open_port(port, settings),
            self._receive,
            self._on_lost,
            filler=FILLER,
            longest_frame=codec.SCIENCE_MODE_4.longest_frame,
        )
        self._link.forget_input()

    # ── what the guard calls ────────────────────────────────────────────────────────────────────

    def refusal(self, targets: Targets) -> str | None:
        """Why a P24 cannot do `targets`, or None. No I/O."""
        try:
            update = _update_for(targets)
            update.to_bytes()
        except Malformed as error:
            return f"The stimulator cannot do this: {error}."
        if duty(update.channels) > codec.MAX_DUTY:
            return "The stimulator cannot do this: the pulses of all channels do not fit into its time."
        return None

    async def identify(self) -> Identity:
        """Stop whatever runs, ask who it is (card, "Start-up"). Raises WrongDevice, NoAnswer, Unplugged."""
        self._identified = False
        self._initialised = False
        self._latched = None
        status = await self._first_status()
        if status.level != codec.LEVEL_NONE:
            await self._exchange(LlStop() if status.level == codec.LEVEL_LOW_READY else MlStop())
            status = await self._status()
        if status.level != codec.LEVEL_NONE:
            raise self._latch("result", detail=f"level {status.level} does not stop")
        device_id = await self._exchange(GetDeviceId())
        version = await self._exchange(GetExtendedVersion())
        if not isinstance(device_id, DeviceIdAck) or not device_id.device_id:
            raise WrongDevice("What is on the port does not say who it is.", repr(device_id))
        if not isinstance(version, ExtendedVersionAck) or version.version is None:
            raise WrongDevice("What is on the port does not say which version it is.", repr(version))
        firmware = ".".join(map(str, version.version.firmware))
        protocol = ".".join(map(str, version.version.science_mode))
        if version.version.science_mode[0] != 4:
            raise WrongDevice(
                "This stimulator speaks a version that homestim does not know. It cannot be used.",
                f"ScienceMode {protocol}, firmware {firmware}",
            )
        self._identified = True
        tested = (firmware, protocol) in TESTED_FIRMWARE
        return Identity(self.kind, device_id.device_id.strip(), firmware, protocol, tested)

    async def initialise(self) -> None:
        """High voltage on, no pulse; any error of one channel will stop all. Clears the latch."""
        if not self._identified:
            raise Refused("The stimulator has not said who it is yet.")
        self._initialised = False
        self._output = {}
        asked_at_s = self._age_clock()
        ack = await self._exchange(MlInit(stop_all_on_error=True))
        if isinstance(ack, Ack) and ack.result != codec.RESULT_OK:
            raise self._latch("result", detail=f"Ml_init answered with result {ack.result}")
        status = await self._status()
        if status.level != codec.LEVEL_MID_READY:
            raise self._latch("result", detail=f"status {status.level} after Ml_init")
        self._latched = None
        self._initialised = True
        self._heard_at_s = asked_at_s

    async def apply(self, targets: Targets) -> None:
        """One Ml_update with every target, and its acknowledgement. Raises as `Stimulator.apply` says."""
        async with self._turn:
            self._raise_unless_applicable()
            if reason := self.refusal(targets):
                raise Refused(reason)
            omitted = {channel for channel, half_mA in self._output.items() if half_mA} - {
                target.channel for target in targets
            }
            if omitted:
                raise Refused(
                    "The stimulator would go on with the channels that are not listed.", f"omitted {omitted}"
                )
            self._latch_if_stale()
            rises_from_zero = not self._above_zero
            asked = {target.channel: target.half_mA for target in targets}
            self._output = {
                channel: max(half_mA, self._output.get(channel, 0)) for channel, half_mA in asked.items()
            }
            if rises_from_zero:
                self._heard_at_s = self._age_clock()
            sent = self._send(_update_for(targets))
            if self._is_stale():
                # Held up between looking at the clock and writing: the device may have lapsed meanwhile,
                # and this update would have started it again.
                sent.answer.cancel()
                self.stop_now()
                raise self._latch("stale")
            ack = await self._answer_to(sent)
            if isinstance(ack, Ack) and ack.result != codec.RESULT_OK:
                fault = _RESULT_FAULTS.get(ack.result, "result")
                raise self._latch(fault, detail=f"Ml_update answered with result {ack.result}")
            self._output = asked

    async def check(self) -> Reading:
        """Each channel's fault and the device's status; the first also feeds the device's watchdog.

        While nothing is initialised only the status is asked, and any status is a good reading.
        """
        async with self._turn:
            if not self._initialised:
                return _reading(await self._status_in_turn())
            self._raise_if_latched()
            self._latch_if_stale()
            asked_at_s = self._age_clock()
            if self._output:
                await self._raise_on_channel_fault()
            status = await self._status_in_turn()
            if self._above_zero and status.level == codec.LEVEL_MID_READY:
                raise self._latch("lapsed", detail="status 2 while above zero")
            if status.level not in (codec.LEVEL_MID_READY, codec.LEVEL_MID_RUNNING):
                raise self._latch("restarted", detail=f"status {status.level} after Ml_init")
            self._heard_at_s = max(self._heard_at_s, asked_at_s)
            return _reading(status)

    def stop_now(self) -> None:
        """The stop frame leaves before this returns, whatever answer is in flight. Never raises."""
        self._initialised = False
        if self._stop_frame is None and self._stop_run is None:
            self._stop_frame = self._send_stop(void=False)

    async def stop(self) -> StopOutcome:
        """The stop path (safety rule 12). Calls that overlap share one run."""
        if self._stop_run is None:
            self.stop_now()
            self._stop_run = self._loop.create_task(self._run_stop(), name="p24 stop")
        return await asyncio.shield(self._stop_run)

    async def close(self) -> None:
        """Give the port back. Stops nothing."""
        self._initialised = False
        self._identified = False
        if self._lost is None:
            self._lost = Unplugged("The stimulator's port is closed.", "closed by us")
        self._end_in_flight(self._lost)
        self._link.close()

    # ── the stop path ───────────────────────────────────────────────────────────────────────────

    async def _run_stop(self) -> StopOutcome:
        try:
            outcome = await self._stop_and_ask()
            if not outcome.confirmed and self._lost is None:
                self._link.silence()
                await asyncio.sleep(limits.SILENCE_S)
                self._link.end_silence()
            return outcome
        finally:
            self._stop_run = None
            self._stop_frame = None

    async def _stop_and_ask(self) -> StopOutcome:
        """Stop frame and status query, up to three times; confirmed only by the device's own word."""
        how = "no answer"
        for attempt in range(1, limits.STOP_TRIES + 1):
            began_s = self._loop.time()
            frame = self._stop_frame if attempt == 1 else None
            if frame is None:
                frame = self._send_stop(void=attempt > 1)
            if frame is not None:
                await frame.answer
            question = self._send_while_stopping(GetStimStatus())
            status = await question.answer if question is not None else None
            if self._lost is not None:
                return StopOutcome(False, attempt, "unplugged")
            if isinstance(status, StimStatusAck) and status.result == codec.RESULT_OK:
                if (status.level, status.high_voltage) == (codec.LEVEL_NONE, codec.HIGH_VOLTAGE_OFF):
                    self._output = {}
                    self._low_level = False
                    return StopOutcome(True, attempt, "status 0, high voltage off", self._clock())
                self._low_level = status.level == codec.LEVEL_LOW_READY
                how = f"status {status.level}, high voltage {status.high_voltage}"
            elif status is not None:
                how = f"the status query was answered with result {getattr(status, 'result', '?')}"
            # A refusal comes back at once: the tries are spread out, so that a busy device can get ready.
            if attempt < limits.STOP_TRIES:
                await asyncio.sleep(max(0.0, began_s + limits.ACK_S - self._loop.time()))
        return StopOutcome(False, limits.STOP_TRIES, f"{how}, {limits.SILENCE_S:.0f} s silence")

    def _send_stop(self, *, void: bool) -> _InFlight | None:
        """Pre-empt everything with a stop frame. None when there is no port any more."""
        self._end_in_flight(Preempted("The stimulator is being stopped."))
        if self._lost is not None:
            return None
        command = LlStop() if self._low_level else MlStop()
        number = self._next_number()
        in_flight = self._expect(command, number)
        self._link.preempt(command_frame(command, number), void=void)
        return in_flight

    def _send_while_stopping(self, command: Command) -> _InFlight | None:
        if self._lost is not None:
            return None
        number = self._next_number()
        in_flight = self._expect(command, number)
        self._link.write(command_frame(command, number))
        return in_flight

    # ── one command and its answer ──────────────────────────────────────────────────────────────

    async def _exchange(self, command: Command) -> Answer:
        async with self._turn:
            return await self._answer_to(self._send(command))

    async def _status(self) -> StimStatusAck:
        async with self._turn:
            return await self._status_in_turn()

    async def _status_in_turn(self) -> StimStatusAck:
        status = await self._answer_to(self._send(GetStimStatus()))
        if not isinstance(status, StimStatusAck) or status.result != codec.RESULT_OK:
            raise self._latch("result", detail=f"status query answered with {status}")
        self._low_level = status.level == codec.LEVEL_LOW_READY
        return status

    async def _first_status(self) -> StimStatusAck:
        """Whoever wrote before us may have left half a frame: if nobody answers, void it and ask again."""
        try:
            return await self._status()
        except NoAnswer:
            async with self._turn:
                self._raise_if_stopping_or_lost()
                self._link.write(FILLER * codec.SCIENCE_MODE_4.longest_frame)
            return await self._status()

    async def _raise_on_channel_fault(self) -> None:
        """What Ml_get_current_data says; any fault latches and raises."""
        data = await self._answer_to(self._send(MlGetCurrentData()))
        if not isinstance(data, CurrentDataAck):
            raise self._latch("result", detail=repr(data))
        if data.faults:
            channel, nibble = data.faults[0]
            raise self._latch(codec.NIBBLE_FAULTS.get(nibble, "result"), channel, detail=repr(data))
        if data.result != codec.RESULT_OK:
            raise self._latch(_RESULT_FAULTS.get(data.result, "result"), detail=repr(data))

    def _send(self, command: Command) -> _InFlight:
        """Write `command` now; the caller holds the turn. Raises Preempted, Unplugged."""
        self._raise_if_stopping_or_lost()
        number = self._next_number()
        in_flight = self._expect(command, number)
        self._link.write(command_frame(command, number))
        return in_flight

    async def _answer_to(self, sent: _InFlight) -> Answer:
        answer = await sent.answer
        if isinstance(answer, StimulatorError):
            raise answer.with_traceback(None)
        if answer is None:
            raise NoAnswer(
                "The stimulator does not answer.", f"no answer to command {sent.code} #{sent.number}"
            )
        return answer

    def _expect(self, command: Command, number: int) -> _InFlight:
        in_flight = _InFlight(command.CODE, number, self._loop.create_future())
        wait_s = limits.ACK_STAGE_SWITCH_S if isinstance(command, _STAGE_SWITCHES) else limits.ACK_S
        timer = self._loop.call_later(wait_s, self._expire, in_flight)
        in_flight.answer.add_done_callback(lambda _: timer.cancel())
        self._in_flight = in_flight
        return in_flight

    def _expire(self, in_flight: _InFlight) -> None:
        if not in_flight.answer.done():
            in_flight.answer.set_result(None)

    def _end_in_flight(self, error: StimulatorError) -> None:
        """The command in flight is given up, because of `error`."""
        in_flight, self._in_flight = self._in_flight, None
        if in_flight is not None and not in_flight.answer.done():
            in_flight.answer.set_result(error)

    def _next_number(self) -> int:
        self._number = (self._number + 1) % codec.PACKET_NUMBERS
        return self._number

    # ── what the port delivers ──────────────────────────────────────────────────────────────────

    def _receive(self, data: bytes) -> None:
        for body in self._scanner.feed(data):
            try:
                packet = Packet.from_body(body)
                answer = parse_answer(packet)
            except Malformed:
                continue
            if isinstance(answer, GeneralError | UnknownCommand):
                self._on_error_report(answer)
                continue
            expected = self._in_flight
            if (
                expected is not None
                and (packet.code, packet.number) == (expected.code + 1, expected.number)
                and not expected.answer.done()
            ):
                self._in_flight = None
                expected.answer.set_result(answer)

    def _on_error_report(self, report: GeneralError | UnknownCommand) -> None:
        """66 and 67 come unasked. They latch; a stop that is under way goes on."""
        if self._stop_frame is not None or self._stop_run is not None:
            return
        error = self._latch(_RESULT_FAULTS.get(report.result, "result"), detail=repr(report))
        self._end_in_flight(error)
        if self.on_trouble is not None:
            self.on_trouble(error)

    def _on_lost(self, error: Unplugged) -> None:
        self._lost = error
        self._initialised = False
        self._identified = False
        self._end_in_flight(error)
        if self.on_trouble is not None:
            self.on_trouble(error)

    # ── what keeps output from going on ─────────────────────────────────────────────────────────

    @property
    def _above_zero(self) -> bool:
        return any(self._output.values())

    def _is_stale(self) -> bool:
        age_s = self._age_clock() - self._heard_at_s
        return self._above_zero and age_s > limits.READING_MAX_AGE_S[self.kind]

    def _latch_if_stale(self) -> None:
        """Above zero without a good reading for 500 ms: nothing more that could keep or start output."""
        if self._initialised and self._is_stale():
            raise self._latch("stale")

    def _latch(self, fault: str, channel: int | None = None, detail: str = "") -> DeviceStopped:
        """The first fault stays until the device is initialised anew."""
        if self._latched is None:
            self._latched = DeviceStopped(_FAULT_SENTENCES[fault], fault, channel, detail)
        return self._latched

    def _raise_if_stopping_or_lost(self) -> None:
        if self._lost is not None:
            raise self._lost.with_traceback(None)
        if self._stop_frame is not None or self._stop_run is not None:
            raise Preempted("The stimulator is being stopped.")

    def _raise_if_latched(self) -> None:
        if self._latched is not None:
            raise self._latched.with_traceback(None)

    def _raise_unless_applicable(self) -> None:
        self._raise_if_stopping_or_lost()
        self._raise_if_latched()
        if not self._initialised:
            raise Refused("The stimulator is stopped. It has to be started anew first.")


def _reading(status: StimStatusAck) -> Reading:
    return Reading(_STATUS_RUNNING.get(status.level, Running.UNKNOWN))


def _update_for(targets: Targets) -> MlUpdate:
    """Every target as a balanced pulse, the silent ones with 0 mA. Raises Malformed."""
    for target in targets:
        if target.half_mA < 0:
            raise Malformed(f"{target.half_mA} half-mA on channel {target.channel}")
        if target.pulse_width_us < codec.SHORTEST_DURATION_US:
            raise Malformed(f"a pulse width of {target.pulse_width_us} µs")
    return MlUpdate(
        tuple(
            ChannelUpdate(
                channel=target.channel,
                period=Period.nearest(target.frequency_Hz),
                points=biphasic_pulse(target.half_mA, target.pulse_width_us),
                ramp=RAMP,
            )
            for target in targets
        )
    )


if TYPE_CHECKING:
    _fulfils: type[Stimulator] = P24
