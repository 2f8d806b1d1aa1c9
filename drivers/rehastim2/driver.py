"""The RehaStim2's driver: targets to ScienceMode2 commands, answers to readings.

What it shares with other drivers (one answer at a time, latch, stop path) is `drivers.framed_driver`. Here
the device begins: it says Init until it is answered, and says it again whenever it stopped by itself. Card
rehastim2, "Timing" and "Driver rules".
"""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar, Final

from drivers.framed_driver import FramedDriver, boot_time_s
from drivers.hasomed import FILLER
from drivers.rehastim2 import codec, waveform
from drivers.rehastim2.codec import (
    Ack,
    Answer,
    Command,
    GetStimulationMode,
    Init,
    InitAck,
    InitChannelListMode,
    ModeAck,
    Packet,
    Period,
    StartChannelListMode,
    StimulationError,
    StopChannelListMode,
    UnknownCommand,
    command_frame,
    parse_answer,
)
from drivers.serial_port import is_pty
from drivers.serial_settings import SerialSettings
from drivers.stimulator import (
    Identity,
    NoAnswer,
    Reading,
    Running,
    Stimulator,
    Targets,
    Unplugged,
    WrongDevice,
)

TESTED_VERSIONS: Final[frozenset[int]] = frozenset()
"""Of the protocol, that this driver was tried with on hardware: none yet (docs/hardware-test.md). A RehaStim2
does not tell its firmware, so that its protocol's version stands for it."""

INIT_WAIT_S: Final = 2.2
"""Its watchdog, its pause between two Inits, and half a second more."""

SIMULATED_ID: Final = "SIMREHASTIM2"
BY_ID: Final = "/dev/serial/by-id"
_USB_SERIAL: Final = re.compile(r"usb-.*_([^_]+)-if[0-9a-f]{2}(?:-port\d+)?")

_AT_REST: Final = InitChannelListMode((1,), Period(38))
"""Initialised, before it is known what will be asked for."""
_CAUSE_FAULTS: Final = {
    codec.ERROR_SWITCH: "switch",
    codec.ERROR_ELECTRODE: "electrode",
    codec.ERROR_MODULE: "module",
}


class RehaStim2(FramedDriver[Command, Answer]):
    """One HASOMED RehaStim2 on one serial port; fulfils `drivers.stimulator.Stimulator`.

    A current between two of the hardware's steps is rounded down.
    """

    kind = "rehastim2"
    how_to_cut_output = "rehastim2_switch"
    capabilities = waveform.CAPABILITIES
    layout: ClassVar = codec.SCIENCE_MODE_2
    packet_numbers: ClassVar = codec.PACKET_NUMBERS
    fault_sentences: ClassVar[Mapping[str, str]] = {
        **FramedDriver.fault_sentences,
        "switch": "The stop switch of the stimulator was pressed, or it is not plugged in. It stopped.",
        "module": "The stimulator reports a fault inside it. It stopped.",
        "lapsed": "The stimulator stopped by itself.",
    }

    def __init__(
        self,
        port: str,
        settings: SerialSettings,
        clock: Callable[[], float] = time.monotonic,
        age_clock: Callable[[], float] = boot_time_s,
        by_id: str = BY_ID,
    ) -> None:
        super().__init__(port, settings, clock, age_clock)
        self._by_id = by_id
        self._version: int | None = None
        """Of the protocol, as the last Init said; None: not heard yet on this port."""
        self._init_heard = asyncio.Event()
        self._list: InitChannelListMode | None = None
        """What the device has initialised."""
        self._started = False
        """A start was acknowledged: from now on any mode but started means that the device stopped us."""

    # ── what the guard calls ────────────────────────────────────────────────────────────────────

    def refusal(self, targets: Targets) -> str | None:
        """Why a RehaStim2 cannot do `targets`, or None. No I/O."""
        return waveform.refusal(targets)

    async def identify(self) -> Identity:
        """Stop whatever runs, await the device's Init if none was heard yet on this port.

        Raises WrongDevice, NoAnswer, Unplugged.
        """
        self._identified = False
        self._initialised = False
        self._latched = None
        if self._version is None:
            await self._await_init()
        if self._version != codec.VERSION:
            raise WrongDevice(
                "This stimulator speaks a version that homestim does not know. It cannot be used.",
                f"ScienceMode2 version {self._version}",
            )
        async with self._turn:
            if await self._mode_in_turn() == codec.MODE_STARTED:
                await self._end_list()
                if await self._mode_in_turn() == codec.MODE_STARTED:
                    raise self._latch("result", detail="it does not stop")
        device_id = self._device_id()
        identity = Identity(
            self.kind,
            device_id,
            firmware="",
            protocol=f"2, version {self._version}",
            firmware_tested=device_id == SIMULATED_ID or self._version in TESTED_VERSIONS,
        )
        self._identified = True
        return identity

    async def _await_init(self) -> None:
        """A device that was used a moment ago says Init only after its watchdog: what it does is ended first.

        While it is waited for nothing is sent, because any packet would feed the watchdog.
        """
        async with self._turn:
            try:
                if await self._mode_in_turn() == codec.MODE_STARTED:
                    await self._end_list()
            except NoAnswer:
                # Nobody is greeted yet, or somebody before us left half a frame.
                self._raise_if_stopping_or_lost()
                self._link.write(FILLER * self.layout.longest_frame)
        try:
            async with asyncio.timeout(INIT_WAIT_S):
                await self._init_heard.wait()
        except TimeoutError:
            raise NoAnswer("The stimulator does not answer.", "no Init") from None
        self._raise_if_stopping_or_lost()

    def _device_id(self) -> str:
        """It has no id of its own: the serial number of its USB plug, or SIM on a pty (safety rule 19)."""
        if is_pty(self._link.device):
            return SIMULATED_ID
        serial = usb_serial(self._link.device, self._by_id)
        if serial is None:
            raise WrongDevice(
                "It cannot be told which stimulator this is: its USB plug has no serial number.",
                f"nothing in {self._by_id} leads to the port",
            )
        return serial

    # ── its words ───────────────────────────────────────────────────────────────────────────────

    def _frame(self, command: Command, number: int) -> bytes:
        return command_frame(command, number)

    def _parse(self, body: bytes) -> tuple[int, int, Answer]:
        packet = Packet.from_body(body)
        return packet.code, packet.number, parse_answer(packet)

    def _take_unasked(self, answer: Answer, number: int) -> bool:
        match answer:
            case Init(version):
                self._greet(version, number)
            case StimulationError(cause):
                self._report(_CAUSE_FAULTS.get(cause, "result"), repr(answer))
            case UnknownCommand():
                self._report("result", repr(answer))
            case _:
                return False
        return True

    def _greet(self, version: int, number: int) -> None:
        """Init: the device has nothing running. Answered at once, or no stop could be confirmed either; but
        not while the line has to be silent. Whatever we believed to be running was stopped."""
        self._version = version
        self._init_heard.set()
        if not self._link.silent:
            result = codec.RESULT_OK if version == codec.VERSION else codec.RESULT_VERSION
            self._link.write(command_frame(InitAck(result), number))
        if version != codec.VERSION:
            self._identified = False
        if self._initialised or self._stopping:
            unheard_s = self._age_clock() - self._heard_at_s
            fault = "lapsed" if unheard_s >= self.capabilities.watchdog_s else "restarted"
            self._restarted_meanwhile |= self._stopping and fault == "restarted"
            self._report(fault, f"Init, {unheard_s:.3f} s after the last question")

    def _on_lost(self, error: Unplugged) -> None:
        self._init_heard.set()
        super()._on_lost(error)

    async def _switch_on(self) -> None:
        """A channel list is initialised, no pulse."""
        async with self._turn:
            await self._begin_list(_AT_REST)
            mode = await self._mode_in_turn()
        if mode != codec.MODE_INITIALISED:
            raise self._latch("result", detail=f"mode {mode} after InitChannelListMode")

    async def _make_ready(self, targets: Targets) -> None:
        """Another frequency or other channels need another list."""
        wanted = waveform.list_for(targets)
        if wanted != self._list:
            await self._begin_list(wanted)

    async def _begin_list(self, wanted: InitChannelListMode) -> None:
        """A list begins from the start mode, so that the output passes through zero."""
        await self._end_list()
        begun = await self._exchange_in_turn(wanted)
        self._raise_unless_done(begun, wanted.NAME)
        self._list = wanted

    async def _end_list(self) -> None:
        self._list, self._started = None, False
        command = StopChannelListMode()
        self._raise_unless_done(await self._exchange_in_turn(command), command.NAME)
        self._output = {}

    def _update(self, targets: Targets) -> Command:
        return waveform.start_for(targets)

    def _judge_update(self, answer: Answer) -> None:
        self._raise_unless_done(answer, StartChannelListMode.NAME)
        self._started = True

    def _raise_unless_done(self, answer: Answer, name: str) -> None:
        result = answer.result if isinstance(answer, Ack) else None
        if result != codec.RESULT_OK:
            stopped_us = self._started and result == codec.RESULT_WRONG_MODE
            raise self._latch("lapsed" if stopped_us else "result", detail=f"{name} answered with {result}")

    async def _look(self) -> Reading:
        started = await self._mode_in_turn() == codec.MODE_STARTED
        return Reading(Running.RUNNING if started else Running.OFF)

    async def _read_state(self) -> Reading:
        """Its mode; asking for it also feeds the device's watchdog."""
        mode = await self._mode_in_turn()
        if self._started and mode != codec.MODE_STARTED:
            raise self._latch("lapsed", detail=f"mode {mode} after StartChannelListMode")
        if not self._started and mode != codec.MODE_INITIALISED:
            raise self._latch("restarted", detail=f"mode {mode} after InitChannelListMode")
        return Reading(Running.RUNNING if self._started else Running.READY)

    async def _mode_in_turn(self) -> int:
        answer = await self._exchange_in_turn(GetStimulationMode())
        if not isinstance(answer, ModeAck) or answer.result != codec.RESULT_OK:
            raise self._latch("result", detail=f"GetStimulationMode answered with {answer}")
        return answer.mode

    def _stop_command(self) -> Command:
        return StopChannelListMode()

    def _status_command(self) -> Command:
        return GetStimulationMode()

    def _says_off(self, status: Answer) -> tuple[bool, str]:
        if not isinstance(status, ModeAck) or status.result != codec.RESULT_OK:
            return False, f"GetStimulationMode was answered with {getattr(status, 'result', '?')}"
        off = status.mode != codec.MODE_STARTED
        return off, f"mode {status.mode}, nothing started" if off else f"mode {status.mode}"


def usb_serial(device: int, by_id: str = BY_ID) -> str | None:
    """The serial number of the USB plug behind `device` (an st_rdev), out of the name that udev gives it."""
    try:
        names = sorted(os.listdir(by_id))
    except OSError:
        return None
    for name in names:
        found = _USB_SERIAL.fullmatch(name)
        if found is None:
            continue
        try:
            if os.stat(os.path.join(by_id, name)).st_rdev == device:
                return found[1]
        except OSError:
            continue
    return None


if TYPE_CHECKING:
    _fulfils: type[Stimulator] = RehaStim2
