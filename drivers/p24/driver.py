"""The P24's driver: targets to ScienceMode4 commands, answers to readings.

What it shares with other drivers (one answer at a time, latch, stop path) is `drivers.framed_driver`. Timing
and start-up order: card p24, "Timing", "Start-up and end".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from drivers import limits
from drivers.framed_driver import FramedDriver
from drivers.hasomed import FILLER
from drivers.p24 import codec, waveform
from drivers.p24.codec import (
    Ack,
    Answer,
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
    Packet,
    StimStatusAck,
    UnknownCommand,
    biphasic_pulse,
    command_frame,
    parse_answer,
)
from drivers.stimulator import (
    Identity,
    NoAnswer,
    ProbePulse,
    Quantity,
    Reading,
    Recording,
    Refused,
    Running,
    Stimulator,
    StimulatorError,
    Targets,
    WrongDevice,
)

TESTED_FIRMWARE: Final = frozenset({("0.0.1", "4.0.0")})
"""(firmware, ScienceMode) that this driver was tried with: so far the virtual P24 alone."""

_STAGE_SWITCHES: Final = (MlInit, MlStop, LlInit, LlStop)
_RESULT_FAULTS: Final = {
    codec.RESULT_ELECTRODE: "electrode",
    codec.RESULT_LOW_CURRENT: "low_current",
    codec.RESULT_PULSE_TIMEOUT: "pulse_timeout",
    codec.RESULT_LAPSED: "lapsed",
    codec.RESULT_NOT_INITIALISED: "restarted",
}
_NO_CURRENT: Final = (codec.RESULT_ELECTRODE, codec.RESULT_LOW_CURRENT)
"""What a pulse on an open lead may be answered with (below 15 mA the device does not say 10)."""
_MEASUREMENTS: Final = {"current": codec.MEASURE_CURRENT, "voltage": codec.MEASURE_VOLTAGE}
_PROBE_ROUNDS: Final[tuple[tuple[Quantity, int], ...]] = (("voltage", 3), ("current", 2))
_STATUS_RUNNING: Final = {
    codec.LEVEL_NONE: Running.OFF,
    codec.LEVEL_LOW_READY: Running.READY,
    codec.LEVEL_MID_READY: Running.READY,
    codec.LEVEL_MID_RUNNING: Running.RUNNING,
}


class P24(FramedDriver[Command, Answer]):
    """One HASOMED P24 on one serial port; fulfils `drivers.stimulator.Stimulator`."""

    kind = "p24"
    how_to_cut_output = "p24_unplug_supply"
    capabilities = waveform.CAPABILITIES
    layout: ClassVar = codec.SCIENCE_MODE_4
    packet_numbers: ClassVar = codec.PACKET_NUMBERS
    _low_level = False
    """The low level was asked for, or the device last said that it is on; only Ll_stop ends it."""
    _probing = False
    _measures: Quantity | None = None
    """What the low level that is on measures; it is chosen when it is switched on."""

    # ── what the guard calls ────────────────────────────────────────────────────────────────────

    def refusal(self, targets: Targets) -> str | None:
        """Why a P24 cannot do `targets`, or None. No I/O."""
        return waveform.refusal(targets)

    def probe_pulses(self, channels: tuple[int, ...]) -> tuple[ProbePulse, ...]:
        """Each pair's voltage three times, then each pair's current twice, the pairs taking turns.

        The device measures one of them at a time, chosen by Ll_init, so there are two rounds. The current is
        a set value that has only to be confirmed; the voltage carries the load, and its noise.
        """
        return tuple(
            ProbePulse(channel, limits.PROBE_HALF_MA, limits.PROBE_PULSE_WIDTH_US, measures)
            for measures, times in _PROBE_ROUNDS
            for _ in range(times)
            for channel in channels
        )

    async def begin_probe(self, measures: Quantity) -> None:
        """As `Stimulator.begin_probe`: the low level on. It goes off between two quantities, because the card
        does not say that a level that is on takes another Ll_init."""
        if not self._identified:
            raise Refused("The stimulator has not said who it is yet.")
        async with self._turn:
            self._raise_if_stopping_or_lost()
            if not self._probing:
                self._latched = None
            self._raise_if_latched()
            self._initialised, self._probing = False, True
            was_on, self._measures, self._low_level = self._measures is not None, None, True
            if was_on:
                self._judge_low_level(await self._exchange_in_turn(LlStop()))
            self._judge_low_level(await self._exchange_in_turn(LlInit(_MEASUREMENTS[measures])))
            self._raise_unless_probing()
            self._measures = measures

    async def probe(self, pulse: ProbePulse) -> Recording:
        """As `Stimulator.probe`: one Ll_channel_config, answered after its pulse."""
        async with self._turn:
            self._raise_unless_probing()
            if self._measures != pulse.measures:
                raise Refused("The stimulator is not ready to measure this.", repr(pulse))
            measures = _MEASUREMENTS[pulse.measures]
            connector, lead = low_level_lead(pulse.channel)
            points = biphasic_pulse(pulse.half_mA, pulse.pulse_width_us)
            answer = await self._exchange_in_turn(LlChannelConfig(True, lead, connector, points))
        if not isinstance(answer, LlChannelConfigAck):
            raise self._latch("result", detail=repr(answer))
        if answer.result in _NO_CURRENT:
            return Recording(pulse, 0, None)
        if answer.result != codec.RESULT_OK:
            fault = _RESULT_FAULTS.get(answer.result, "result")
            raise self._latch(fault, detail=f"Ll_channel_config answered with result {answer.result}")
        if (answer.lead, answer.connector, answer.measurement) != (lead, connector, measures):
            detail = f"measured {answer.measurement} of lead {answer.lead}, connector {answer.connector}"
            raise self._latch("result", detail=f"{detail}; asked {measures}, {lead}, {connector}")
        return Recording(pulse, answer.sampling_us, answer.samples)

    def stop_now(self) -> None:
        """As `Stimulator.stop_now`; nothing is probed after it either."""
        self._probing = False
        super().stop_now()
        self._measures = None

    async def identify(self) -> Identity:
        """Stop whatever runs, ask who it is (card, "Start-up"). Raises WrongDevice, NoAnswer, Unplugged."""
        self._identified = self._initialised = self._probing = False
        self._latched = self._measures = None
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

    # ── its words ───────────────────────────────────────────────────────────────────────────────

    def _frame(self, command: Command, number: int) -> bytes:
        return command_frame(command, number)

    def _parse(self, body: bytes) -> tuple[int, int, Answer]:
        packet = Packet.from_body(body)
        return packet.code, packet.number, parse_answer(packet)

    def _answers_within_s(self, command: Command) -> float:
        return limits.ACK_STAGE_SWITCH_S if isinstance(command, _STAGE_SWITCHES) else limits.ACK_S

    def _take_unasked(self, answer: Answer, number: int) -> bool:
        """66 and 67 come unasked."""
        if not isinstance(answer, GeneralError | UnknownCommand):
            return False
        self._report(_RESULT_FAULTS.get(answer.result, "result"), repr(answer))
        return True

    async def _switch_on(self) -> None:
        """High voltage on, no pulse; any error of one channel will stop all."""
        self._probing, self._measures = False, None
        ack = await self._exchange(MlInit(stop_all_on_error=True))
        if isinstance(ack, Ack) and ack.result != codec.RESULT_OK:
            raise self._latch("result", detail=f"Ml_init answered with result {ack.result}")
        status = await self._status()
        if status.level != codec.LEVEL_MID_READY:
            raise self._latch("result", detail=f"status {status.level} after Ml_init")

    def _judge_low_level(self, answer: Answer) -> None:
        if isinstance(answer, Ack) and answer.result != codec.RESULT_OK:
            fault = _RESULT_FAULTS.get(answer.result, "result")
            raise self._latch(fault, detail=f"command {answer.code - 1} answered with result {answer.result}")

    def _raise_unless_probing(self) -> None:
        self._raise_if_stopping_or_lost()
        self._raise_if_latched()
        if not self._probing:
            raise Refused("The stimulator is stopped. The contact check has to be started anew first.")

    def _update(self, targets: Targets) -> Command:
        return waveform.update_for(targets)

    def _judge_update(self, answer: Answer) -> None:
        if isinstance(answer, Ack) and answer.result != codec.RESULT_OK:
            fault = _RESULT_FAULTS.get(answer.result, "result")
            raise self._latch(fault, detail=f"Ml_update answered with result {answer.result}")

    async def _look(self) -> Reading:
        return _reading(await self._status_in_turn())

    async def _read_state(self) -> Reading:
        """Each channel's fault and the device's status; the first also feeds the device's watchdog."""
        if self._output:
            await self._raise_on_channel_fault()
        status = await self._status_in_turn()
        if self._above_zero and status.level == codec.LEVEL_MID_READY:
            raise self._latch("lapsed", detail="status 2 while above zero")
        if status.level not in (codec.LEVEL_MID_READY, codec.LEVEL_MID_RUNNING):
            raise self._latch("restarted", detail=f"status {status.level} after Ml_init")
        return _reading(status)

    async def _raise_on_channel_fault(self) -> None:
        """What Ml_get_current_data says; any fault latches and raises."""
        data = await self._exchange_in_turn(MlGetCurrentData())
        if not isinstance(data, CurrentDataAck):
            raise self._latch("result", detail=repr(data))
        if data.faults:
            channel, nibble = data.faults[0]
            raise self._latch(codec.NIBBLE_FAULTS.get(nibble, "result"), channel, detail=repr(data))
        if data.result != codec.RESULT_OK:
            raise self._latch(_RESULT_FAULTS.get(data.result, "result"), detail=repr(data))

    @property
    def _is_on(self) -> bool:
        return super()._is_on or (self._measures is not None and self._latched is None)

    def _was_off(self, answer: Answer | StimulatorError | None) -> bool:
        return isinstance(answer, Ack) and answer.result == codec.RESULT_NOT_INITIALISED

    def _stop_command(self) -> Command:
        return LlStop() if self._low_level else MlStop()

    def _status_command(self) -> Command:
        return GetStimStatus()

    def _says_off(self, status: Answer) -> tuple[bool, str]:
        if not isinstance(status, StimStatusAck) or status.result != codec.RESULT_OK:
            result = getattr(status, "result", "?")
            return False, f"the status query was answered with result {result}"
        self._low_level = status.level == codec.LEVEL_LOW_READY
        if (status.level, status.high_voltage) == (codec.LEVEL_NONE, codec.HIGH_VOLTAGE_OFF):
            return True, "status 0, high voltage off"
        return False, f"status {status.level}, high voltage {status.high_voltage}"

    async def _status(self) -> StimStatusAck:
        async with self._turn:
            return await self._status_in_turn()

    async def _status_in_turn(self) -> StimStatusAck:
        status = await self._exchange_in_turn(GetStimStatus())
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


def low_level_lead(channel: int) -> tuple[int, int]:
    """(connector, lead) by which the low level knows the mid level's channel 1…8.

    Card, "Commands": channels 1-4 are on the yellow side (connector 0), 5-8 on the green one (1); on each
    side the leads are red, blue, black, white (0…3). The golden frame of Ll_channel_config "green black"
    carries connector 1 and lead 2, channel 7; `science_mode_4` 0.0.23 names them so, too. That the mid level
    counts in the same order only hardware can show (docs/hardware-test.md, step P5).
    """
    return divmod(channel - 1, 4)


def _reading(status: StimStatusAck) -> Reading:
    return Reading(_STATUS_RUNNING.get(status.level, Running.UNKNOWN))


if TYPE_CHECKING:
    _fulfils: type[Stimulator] = P24
