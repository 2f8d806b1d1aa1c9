"""What every driver of a framed serial device does alike: one command and its answer, the latch, the one stop
path. A device's own driver adds its words: frames, start-up, and what an answer means.

An answer counts only if command *and* packet number fit the command in flight; whatever else arrives (late,
doubled, stale, noise) is dropped. Rules 12, 13 and 16 of safety.md are enforced here.
"""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Final, Generic, Protocol, TypeVar

from drivers import limits
from drivers.hasomed import FILLER, FrameScanner, Layout, Malformed
from drivers.serial_port import SerialLink, open_port
from drivers.serial_settings import Direction, SerialSettings
from drivers.stimulator import (
    Capabilities,
    DeviceStopped,
    NoAnswer,
    Preempted,
    ProbePulse,
    Quantity,
    Reading,
    Recording,
    Refused,
    StimulatorError,
    StopOutcome,
    Targets,
    Unplugged,
)

_FAULT_SENTENCES: Final = {
    "electrode": "The stimulator reports that a pad has lost contact. It stopped.",
    "low_current": "The stimulator could not push the set current through the pads. It stopped.",
    "pulse_timeout": "The stimulator reports a fault in its pulses. It stopped.",
    "lapsed": "The stimulator stopped by itself, because it was not heard from in time.",
    "restarted": "The stimulator restarted by itself, or lost its power for a moment. It stopped.",
    "result": "The stimulator reports a fault.",
    "stale": "The stimulator was not heard from in time.",
}


def boot_time_s() -> float:
    """CLOCK_BOOTTIME: it goes on while the machine sleeps, so that what is old stays old after a suspend."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Coded(Protocol):
    """A command; its answer's code is one more."""

    @property
    def CODE(self) -> int: ...


CommandT = TypeVar("CommandT", bound=Coded)
AnswerT = TypeVar("AnswerT")


@dataclass(slots=True)
class InFlight(Generic[AnswerT]):
    """The command whose answer is awaited.

    Its future never fails: it gets the answer, the reason why there is none, or None when its time is over.
    """

    code: int
    number: int
    answer: asyncio.Future[AnswerT | StimulatorError | None]


class FramedDriver(ABC, Generic[CommandT, AnswerT]):
    """One device on one serial port; with what a device's driver adds it fulfils `Stimulator`.

    `clock` is CLOCK_MONOTONIC in seconds; `age_clock` measures how old a reading is.
    """

    kind: str
    capabilities: Capabilities
    layout: ClassVar[Layout]
    packet_numbers: ClassVar[int]
    fault_sentences: ClassVar[Mapping[str, str]] = _FAULT_SENTENCES

    def __init__(
        self,
        port: str,
        settings: SerialSettings,
        clock: Callable[[], float] = time.monotonic,
        age_clock: Callable[[], float] = boot_time_s,
    ) -> None:
        self.on_trouble: Callable[[StimulatorError], None] | None = None
        self.late_s = 0.0
        """So much later than a device's an answer may come; more than 0 only of a simulator."""
        self._clock = clock
        self._age_clock = age_clock
        self._loop = asyncio.get_running_loop()
        self._scanner = FrameScanner(self.layout)
        self._number = 0
        self._in_flight: InFlight[AnswerT] | None = None
        self._turn = asyncio.Lock()

        self._identified = False
        self._initialised = False
        self._latched: DeviceStopped | None = None
        self._lost: Unplugged | None = None
        self._output: dict[int, int] = {}
        """Channel → the highest half-mA that the device may have since the last acknowledged update."""
        self._heard_at_s = 0.0
        """When the last good reading was asked for, or when output rose from zero, whichever is later."""

        self._stop_frame: InFlight[AnswerT] | None = None
        """A stop frame that left and is not followed up yet."""
        self._stops_what_is_on = False
        """As far as we know the stop that is under way has something to switch off."""
        self._restarted_meanwhile = False
        """The device said during this stop that it had restarted."""
        self._stop_run: asyncio.Task[StopOutcome] | None = None

        self._link = SerialLink(
            open_port(port, settings),
            self._receive,
            self._on_lost,
            filler=FILLER,
            longest_frame=self.layout.longest_frame,
        )
        self._link.forget_input()

    # ── what a device's own driver says ─────────────────────────────────────────────────────────

    @abstractmethod
    def refusal(self, targets: Targets) -> str | None:
        """As `Stimulator.refusal`."""

    @abstractmethod
    def _frame(self, command: CommandT, number: int) -> bytes:
        """A command's bytes on the line."""

    @abstractmethod
    def _parse(self, body: bytes) -> tuple[int, int, AnswerT]:
        """(code, packet number, answer) of a frame's body. Raises Malformed."""

    @abstractmethod
    def _take_unasked(self, answer: AnswerT, number: int) -> bool:
        """Whether this comes without a question, and has been dealt with."""

    @abstractmethod
    async def _switch_on(self) -> None:
        """Bring the device from off to ready, no pulse. Raises DeviceStopped (latched)."""

    async def _make_ready(self, targets: Targets) -> None:
        """What has to be said before an update to `targets`; the turn is ours."""

    @abstractmethod
    def _update(self, targets: Targets) -> CommandT:
        """The command that makes the device do `targets`."""

    @abstractmethod
    def _judge_update(self, answer: AnswerT) -> None:
        """Raises DeviceStopped (latched) unless the update was done."""

    @abstractmethod
    async def _look(self) -> Reading:
        """How a device is that nobody initialised; the turn is ours."""

    @abstractmethod
    async def _read_state(self) -> Reading:
        """How an initialised device is; the turn is ours. Raises DeviceStopped (latched) when not well."""

    @property
    def _is_on(self) -> bool:
        """We switched the device's stage on, and know of nothing that switched it off."""
        return self._initialised and self._latched is None

    def _was_off(self, answer: AnswerT | StimulatorError | None) -> bool:
        """Whether this answer to a stop says that there was nothing to stop."""
        return False

    @abstractmethod
    def _stop_command(self) -> CommandT:
        """What ends all output."""

    @abstractmethod
    def _status_command(self) -> CommandT:
        """Which answer says whether output is off."""

    @abstractmethod
    def _says_off(self, status: AnswerT) -> tuple[bool, str]:
        """Whether this answer to the status query says that output is off, and what it says."""

    def _answers_within_s(self, command: CommandT) -> float:
        """How long an answer to `command` may take."""
        return limits.ACK_S

    # ── what the guard calls ────────────────────────────────────────────────────────────────────

    def tap(self, show: Callable[[Direction, bytes], None]) -> None:
        """As `Stimulator.tap`."""
        self._link.tap = show

    async def initialise(self) -> None:
        """As `Stimulator.initialise`; clears the latch."""
        if not self._identified:
            raise Refused("The stimulator has not said who it is yet.")
        self._initialised = False
        self._output = {}
        asked_at_s = self._age_clock()
        await self._switch_on()
        self._raise_if_stopping_or_lost()
        self._latched = None
        self._initialised = True
        self._heard_at_s = asked_at_s

    async def apply(self, targets: Targets) -> None:
        """One update with every target, and its acknowledgement. Raises as `Stimulator.apply` says."""
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
            await self._make_ready(targets)
            rises_from_zero = not self._above_zero
            asked = {target.channel: target.half_mA for target in targets}
            self._output = {
                channel: max(half_mA, self._output.get(channel, 0)) for channel, half_mA in asked.items()
            }
            if rises_from_zero:
                self._heard_at_s = self._age_clock()
            sent = self._send(self._update(targets))
            if self._is_stale():
                # Held up between looking at the clock and writing: the device may have lapsed meanwhile,
                # and this update would have started it again.
                sent.answer.cancel()
                self.stop_now()
                raise self._latch("stale")
            self._judge_update(await self._answer_to(sent))
            self._output = asked

    def probe_pulses(self, channels: tuple[int, ...]) -> tuple[ProbePulse, ...]:
        """As `Stimulator.probe_pulses`; none, unless the device can measure."""
        return ()

    async def begin_probe(self, measures: Quantity) -> None:
        """As `Stimulator.begin_probe`."""
        raise Refused("This stimulator cannot measure how well the pads lie.")

    async def probe(self, pulse: ProbePulse) -> Recording:
        """As `Stimulator.probe`."""
        raise Refused("This stimulator cannot measure how well the pads lie.")

    async def check(self) -> Reading:
        """As `Stimulator.check`. While nothing is initialised any answer is a good reading."""
        async with self._turn:
            if not self._initialised:
                return await self._look()
            self._raise_if_latched()
            self._latch_if_stale()
            asked_at_s = self._age_clock()
            reading = await self._read_state()
            self._heard_at_s = max(self._heard_at_s, asked_at_s)
            return reading

    def stop_now(self) -> None:
        """The stop frame leaves before this returns, whatever answer is in flight. Never raises."""
        was_on, self._initialised = self._is_on, False
        if not self._stopping:
            self._stops_what_is_on, self._restarted_meanwhile = was_on, False
            self._stop_frame = self._send_stop(void=False)

    async def stop(self) -> StopOutcome:
        """The stop path (safety rule 12). Calls that overlap share one run."""
        if self._stop_run is None:
            self.stop_now()
            self._stop_run = self._loop.create_task(self._run_stop(), name=f"{self.kind} stop")
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

    @property
    def _stopping(self) -> bool:
        return self._stop_frame is not None or self._stop_run is not None

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
        answers: list[AnswerT | StimulatorError | None] = []
        for attempt in range(1, limits.STOP_TRIES + 1):
            began_s = self._loop.time()
            frame = self._stop_frame if attempt == 1 else None
            if frame is None:
                frame = self._send_stop(void=attempt > 1)
            if frame is not None:
                answers.append(await frame.answer)
            question = self._send_while_stopping(self._status_command())
            status = await question.answer if question is not None else None
            if self._lost is not None:
                return StopOutcome(False, attempt, "unplugged")
            if status is not None and not isinstance(status, StimulatorError):
                off, how = self._says_off(status)
                if off:
                    self._output = {}
                    return StopOutcome(True, attempt, how, self._clock(), self._fault_of_stop(answers))
            # A refusal comes back at once: the tries are spread out, so that a busy device can get ready.
            if attempt < limits.STOP_TRIES:
                await asyncio.sleep(max(0.0, began_s + limits.ACK_S - self._loop.time()))
        how = f"{how}, {limits.SILENCE_S:.0f} s silence"
        return StopOutcome(False, limits.STOP_TRIES, how, fault=self._fault_of_stop(answers))

    def _fault_of_stop(self, answers: list[AnswerT | StimulatorError | None]) -> str:
        """As `StopOutcome.fault`; `answers` are those to the stop frames. One that came to nothing may have
        been done without our hearing of it: after it "there is nothing to stop" says no more than silence."""
        if not self._stops_what_is_on:
            return ""
        if self._restarted_meanwhile or any(map(self._was_off, answers[:1])):
            return "restarted"
        return "no_answer" if all(one is None or self._was_off(one) for one in answers) else ""

    def _send_stop(self, *, void: bool) -> InFlight[AnswerT] | None:
        """Pre-empt everything with a stop frame. None when there is no port any more."""
        self._end_in_flight(Preempted("The stimulator is being stopped."))
        if self._lost is not None:
            return None
        command = self._stop_command()
        number = self._next_number()
        self._link.preempt(self._frame(command, number), void=void)
        return None if self._lost is not None else self._expect(command, number)

    def _send_while_stopping(self, command: CommandT) -> InFlight[AnswerT] | None:
        if self._lost is not None:
            return None
        number = self._next_number()
        in_flight = self._expect(command, number)
        self._link.write(self._frame(command, number))
        return in_flight

    # ── one command and its answer ──────────────────────────────────────────────────────────────

    async def _exchange(self, command: CommandT) -> AnswerT:
        async with self._turn:
            return await self._exchange_in_turn(command)

    async def _exchange_in_turn(self, command: CommandT) -> AnswerT:
        return await self._answer_to(self._send(command))

    def _send(self, command: CommandT) -> InFlight[AnswerT]:
        """Write `command` now; the caller holds the turn. Raises Preempted, Unplugged."""
        self._raise_if_stopping_or_lost()
        number = self._next_number()
        in_flight = self._expect(command, number, self.late_s)
        self._link.write(self._frame(command, number))
        return in_flight

    async def _answer_to(self, sent: InFlight[AnswerT]) -> AnswerT:
        answer = await sent.answer
        if isinstance(answer, StimulatorError):
            raise answer.with_traceback(None)
        if answer is None:
            raise NoAnswer(
                "The stimulator does not answer.", f"no answer to command {sent.code} #{sent.number}"
            )
        return answer

    def _expect(self, command: CommandT, number: int, late_s: float = 0.0) -> InFlight[AnswerT]:
        in_flight: InFlight[AnswerT] = InFlight(command.CODE, number, self._loop.create_future())
        within_s = self._answers_within_s(command) + late_s
        timer = self._loop.call_later(within_s, self._expire, in_flight)
        in_flight.answer.add_done_callback(lambda _: timer.cancel())
        self._in_flight = in_flight
        return in_flight

    def _expire(self, in_flight: InFlight[AnswerT]) -> None:
        if not in_flight.answer.done():
            in_flight.answer.set_result(None)

    def _end_in_flight(self, error: StimulatorError) -> None:
        """The command in flight is given up, because of `error`."""
        in_flight, self._in_flight = self._in_flight, None
        if in_flight is not None and not in_flight.answer.done():
            in_flight.answer.set_result(error)

    def _next_number(self) -> int:
        self._number = (self._number + 1) % self.packet_numbers
        return self._number

    # ── what the port delivers ──────────────────────────────────────────────────────────────────

    def _receive(self, data: bytes) -> None:
        for body in self._scanner.feed(data):
            try:
                code, number, answer = self._parse(body)
            except Malformed:
                continue
            if self._take_unasked(answer, number):
                continue
            expected = self._in_flight
            if (
                expected is not None
                and (code, number) == (expected.code + 1, expected.number)
                and not expected.answer.done()
            ):
                self._in_flight = None
                expected.answer.set_result(answer)

    def _report(self, fault: str, detail: str) -> None:
        """A fault that the device reports unasked. It latches; a stop that is under way goes on."""
        if self._stopping:
            return
        error = self._latch(fault, detail=detail)
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
        """Above zero without a good reading in time: nothing more that could keep or start output."""
        if self._initialised and self._is_stale():
            raise self._latch("stale")

    def _latch(self, fault: str, channel: int | None = None, detail: str = "") -> DeviceStopped:
        """The first fault stays until the device is initialised anew."""
        if self._latched is None:
            self._latched = DeviceStopped(self.fault_sentences[fault], fault, channel, detail)
        return self._latched

    def _raise_if_stopping_or_lost(self) -> None:
        if self._lost is not None:
            raise self._lost.with_traceback(None)
        if self._stopping:
            raise Preempted("The stimulator is being stopped.")

    def _raise_if_latched(self) -> None:
        if self._latched is not None:
            raise self._latched.with_traceback(None)

    def _raise_unless_applicable(self) -> None:
        self._raise_if_stopping_or_lost()
        self._raise_if_latched()
        if not self._initialised:
            raise Refused("The stimulator is stopped. It has to be started anew first.")
