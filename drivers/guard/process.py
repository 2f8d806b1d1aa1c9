"""The guard process: it alone owns the port, the limits and the dead-man.

`run` does one thing at a time, by its state: search, wait, test, probe, play, confirm a stop. Messages come
in beside it and change the state at any moment. Every stop goes through `trip`, which writes the stop frame
before it does anything else. Safety rules 8-13, 15, 19, 21, 22, 24, 29.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Callable
from typing import Final

from drivers import limits as c
from drivers import messages as m
from drivers.admission import Admission
from drivers.bounds import first_broken
from drivers.build import build_id
from drivers.guard.lease import Now, system_now
from drivers.guard.output import Arming, Refusal
from drivers.guard.probe import Probing, measure
from drivers.guard.report import device_of, is_news, status_of
from drivers.guard.requests import button_refusal, refusal
from drivers.line import Line
from drivers.sd_notify import Vitals
from drivers.stimulator import (
    DeviceStopped,
    Identity,
    NoAnswer,
    Reading,
    Running,
    Stimulator,
    StimulatorError,
    StopOutcome,
    Targets,
)
from drivers.stop_inputs import StopInputs
from drivers.tally import Tally
from drivers.unix_socket import peer_uid

log = logging.getLogger("homestim.guard")

SEARCH_EVERY_S: Final = 1.0
STATUS_EVERY_MS: Final = 250
CHECK_MARGIN_MS: Final = 50
"""The device's state is read this much earlier than it has to be."""
OUTPUT_MS: Final = int(c.ACK_S * 1000) - CHECK_MARGIN_MS
"""And by so much more before an output, which is under way for as long as its answer may take."""
FRAME_FIRST_S: Final = 0.001
"""After a stop frame nothing else is done for so long: this process runs before others, and the kernel's own
thread that carries the frame on may be one of them."""
ASK_ANEW: Final = ("restarted", "no_answer")
"""After these the device may have restarted: a brown-out shows as a moment of deafness (rule 21)."""
MOST_STOPPERS: Final = 8
"""Connections beside the client's, so that nobody can use up what we can open. For one more the oldest is
hung up on: whoever comes last may be who has to stop."""
TELL_REFUSED_EVERY_MS: Final = 1_000
"""In the log; a client that asks on and on does not fill the disk."""


LIVE: Final = ("testing", "probing", "armed")
"""In these states something may come out, or STOP is being tried: whatever stops does so now."""


class Guard:
    """One client, device and arming at a time. `open_device` gives a fresh driver or raises PortError.

    With a `listener` only the users `client_uids` may be the client; whoever else connects may only stop.
    """

    def __init__(
        self,
        kind: str,
        open_device: Callable[[], Stimulator],
        *,
        simulated: bool,
        client: socket.socket | None = None,
        listener: socket.socket | None = None,
        client_uids: frozenset[int] = frozenset(),
        device_id: str | None = None,
        allow_untested_firmware: bool = False,
        tally: Tally | None = None,
        now: Callable[[], Now] = system_now,
    ) -> None:
        self.kind, self.simulated, self.build = kind, simulated, build_id()
        self.state: m.GuardState = "no_device"
        self._stop_from: m.GuardState = "no_device"
        self.epoch = 0
        self.failed = self._leaving = False
        self._admission = Admission(simulated, device_id, allow_untested_firmware)
        self._open, self._now, self._tally = open_device, now, tally or Tally(None)
        self._listener, self._client = listener, Line(client) if client is not None else None
        self._client_uids = client_uids
        self._stoppers: dict[Line, None] = {}
        """In the order in which they came."""
        self._refused_ms = -TELL_REFUSED_EVERY_MS
        self._client_build, self._stop_tested, self._button_alone = "", False, False
        self._stage_on = False
        """The device said so during this STOP test: only then is there something for STOP to switch off."""
        self._driver: Stimulator | None = None
        self._live: Arming | Probing | None = None
        """What the client's lease keeps alive."""
        self._applied: dict[int, int] = {}
        self._confirmed_at_s: float | None = None
        self._stop_why, self._stop_s, self._stop_asked = "", 0.0, False
        self._restarted = False
        """Since it said who it is, the device may have restarted; that was counted."""
        self._device = device_of(None, None, kind, simulated, self.build, "Looking for the stimulator.")
        self._told: m.Status | None = None
        self._told_ms = 0
        self._turn_ms = now().ms
        self._check_ms = int(c.READ_STATE_EVERY_S[kind] * 1000) - CHECK_MARGIN_MS
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.stop_inputs = StopInputs(self.stop_pressed, self.stop_input_lost)
        self.on_device: Callable[[m.Device], None] = lambda _device: None
        """Told of every change of who is on the port, beside the client."""

    async def run(self) -> int:
        """Serve until the client (without a listener) or `leave` ends it. 0, or 1: not known to be off."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(
            lambda _, context: self._crash(context.get("exception"), context["message"])
        )
        if self._listener is not None:
            self._listener.setblocking(False)
            loop.add_reader(self._listener, self._accept)
        if self._client is not None:
            self._attend(self._client)
        do = {"idle": self._wait, "testing": self._test, "probing": self._probe, "armed": self._play}
        do["stopping"] = self._confirm
        while self.state == "stopping" or not self._leaving:
            if self.state == "stopping":
                await asyncio.sleep(FRAME_FIRST_S)
            self._report()
            self._turn_ms = self._now().ms
            self._task = asyncio.create_task(do.get(self.state, self._search)())
            await asyncio.wait([self._task])
            error = None if self._task.cancelled() else self._task.exception()
            if isinstance(error, StimulatorError):
                self._trouble(error)
            elif error is not None:
                self._crash(error, self.state)
        self._report()
        if self._driver is not None:
            await self._driver.close()
        for line in (self._client, *self._stoppers):
            if line is not None:
                line.close()
        self.stop_inputs.close()
        return int(self.failed or self.state == "unconfirmed")

    # ── the one stop path ──

    def trip(self, why: str, *, asked: bool = False) -> None:
        """Stop (`asked`: by what passes the STOP test). The frame leaves before anything is awaited, told or
        logged.

        Exactly one Stopped follows.
        """
        if self.state == "stopping":
            return
        if self._driver is not None:
            try:
                self._driver.stop_now()
            except Exception:  # it never raises; if it does, `_confirm` still has its tries
                self.failed = self._leaving = True
                log.exception("stop_now failed")
        self._stop_why, self._stop_from, self._stop_s = why, self.state, time.monotonic()
        self._stop_asked, self._live = asked, None
        self._enter("stopping")

    def stop_pressed(self, name: str) -> None:
        """A stop input beside the kiosk (rule 14); it acts only while something may come out."""
        is_button = self.stop_inputs.is_button(name)
        if self.state in LIVE:
            self.trip("button" if is_button else "keyboard", asked=is_button or not self._button_alone)

    def stop_input_lost(self, name: str) -> None:
        """What was tested, or is just being confirmed, is not there any more: a stop, and another test
        (rule 15)."""
        self._stop_tested = self._stop_asked = False
        if self.state in LIVE:
            self.trip("stop_input_lost")

    def leave(self, why: str) -> None:
        """Stop, have it confirmed, end the process."""
        self._leaving = True
        self.trip(why)

    def _crash(self, error: BaseException | None, where: str) -> None:
        """A mistake of our own: the stop path, then a non-zero exit."""
        self.failed = True
        self.leave("guard_error")
        log.error("guard error: %s", where, exc_info=error)

    def _trouble(self, error: StimulatorError) -> None:
        """The device is not well. While output was possible: fault and stop. Otherwise look for it anew."""
        kind = error.fault if isinstance(error, DeviceStopped) else error.kind
        self._count_restart(kind)
        if self.state in LIVE:
            self.trip(kind)
            self._send(m.Fault(self.epoch, kind, getattr(error, "channel", None), str(error)[:400]))
        elif self.state == "idle":
            self._enter("no_device")
            self._announce(error.sentence)
            self._tally.save()

    def _count_restart(self, fault: str) -> None:
        """If `fault` may mean one (rule 21), also where it is seen while a stop is under way: once."""
        doing = self._stop_from if self.state == "stopping" else self.state
        # In the STOP test no pulse can brown it out: there a lost answer is a lost answer.
        restarted = fault == "restarted" or (fault == "no_answer" and doing in ("probing", "armed"))
        if restarted and doing in ("idle", *LIVE) and not self._restarted:
            self._restarted = True
            self._tally.restarted()

    async def _confirm(self) -> None:
        """Second half of every stop: the device's own word, or that there was none."""
        log.warning("stop: %s, epoch %d", self._stop_why, self.epoch)
        outcome = StopOutcome(False, 0, "no device")
        if self._driver is not None:
            try:
                outcome = await self._driver.stop()
            except Exception as error:  # it never raises; if it does, nothing is known of the output
                self.failed = self._leaving = True
                log.exception("stop failed")
                outcome = StopOutcome(False, 0, f"stop failed: {error}"[:400])
        duration_ms = ((outcome.confirmed_at_s or time.monotonic()) - self._stop_s) * 1000
        self._confirmed_at_s = outcome.confirmed_at_s or self._confirmed_at_s
        self._applied = {}
        self._count_restart(outcome.fault)
        if self._stop_asked and self._stop_from == "testing" and self._client is not None:
            self._stop_tested = outcome.confirmed and self._stage_on
            self._stop_why = self._stop_why if self._stage_on else "test_too_early"
        if self._driver is None:
            self.state = self._stop_from
        elif not outcome.confirmed:
            self.state = "unconfirmed"
        elif self._stop_from in ("idle", *LIVE) and self._stop_why not in ASK_ANEW and not self._restarted:
            self.state = "idle"
        else:
            self.state = "no_device"  # off, but who it is has to be asked first (rule 21)
        self._send(m.Stopped(self.epoch, self._stop_why, outcome.confirmed, outcome.how, duration_ms))
        log.warning("stopped: %s, confirmed %s: %s", self._stop_why, outcome.confirmed, outcome.how)
        self._tally.save()

    # ── what is done in each state ──

    async def _search(self) -> None:
        """No device, or one that did not say "off": ask once a second, this port alone, until it does.

        Whoever says so may be another, or may have restarted: STOP is to be tested anew (rules 15, 21).
        """
        self._stop_tested = False
        while True:
            try:
                if self._driver is None:
                    self._driver = self._open()
                    self._driver.on_trouble = self._trouble
                identity = await self._driver.identify()
                self._admission.check(identity)
                if (await self._read()).running is not Running.OFF:
                    raise NoAnswer("The stimulator does not say that its output is off.")
                self.state, self._restarted = "idle", False
                self._announce("", identity)
                return
            except StimulatorError as error:
                self._announce(error.sentence)
                if self._driver is not None and not isinstance(error, NoAnswer):
                    driver, self._driver = self._driver, None
                    await driver.close()
                await self._sleep(SEARCH_EVERY_S)

    async def _wait(self) -> None:
        """Idle: ask the device now and then whether it is there and off."""
        while self.state == "idle":
            self.stop_inputs.look()
            await self._sleep(SEARCH_EVERY_S)
            if self.state == "idle" and (await self._read()).running is not Running.OFF:
                self.trip("not_off")

    async def _test(self) -> None:
        """The STOP test: stage on, no pulse, until a stop or for 3 minutes (rule 15)."""
        assert self._driver is not None
        end_ms = self._now().ms + c.ARMED_IDLE_S * 1000
        self._stop_tested = False
        await self._driver.initialise()
        while self._now().ms < end_ms:
            self._stage_on = (await self._read()).running is Running.READY
            self._report()
            await self._sleep(self._check_ms / 1000)
        self.trip("test_over")

    async def _probe(self) -> None:
        """The contact check: pulse by pulse, then `Contact` and a stop like any other (rule 22)."""
        probing = self._live
        assert self._driver is not None
        assert isinstance(probing, Probing)
        end = await measure(probing, self._driver, self._now, self._pause, self._answered)
        if isinstance(end, Refusal):
            self._refuse(probing.epoch, end)
        elif end is not None:
            self._send(end)
            self.trip("probed")

    async def _pause(self, seconds: float) -> bool:
        """False: what is being done is over."""
        self._report()
        await self._sleep(seconds)
        return not self._expired()

    async def _play(self) -> None:
        """Armed: level × fraction to the device whenever it changes, the device's state read in between.

        What has to be in time is the beginning of each reading after that of the one before. One that is due
        does not take the place of the zero between two waveforms (rule 6); after each comes the output that
        waited, or a slow device would only be asked.
        """
        driver, arming = self._driver, self._live
        assert driver is not None
        assert isinstance(arming, Arming)
        await driver.initialise()
        arming.start(self._now())
        out: Targets | None = None
        was_read = False
        played_ms = read_ms = self._now().ms
        while True:
            now = self._now()
            targets = arming.targets(now)
            if any(self._applied.values()):
                self._tally.add((now.ms - played_ms) / 1000)
            played_ms = now.ms
            if self._expired():
                return
            anew = targets != out
            if anew and (beyond := first_broken(arming.output_bounds(targets))) is not None:
                raise AssertionError(f"output beyond a limit: {beyond}")
            if now.ms - read_ms > c.READING_MAX_AGE_S[self.kind] * 1000:
                raise DeviceStopped("The stimulator did not say in time how it is.", "stale")
            if self._tally.seconds() >= c.MAX_DAY_S:
                self.trip("day")
                return
            goes_first = anew and (was_read or _waveforms(out or targets) != _waveforms(targets))
            if now.ms - read_ms >= self._check_ms - OUTPUT_MS * anew and not goes_first:
                read_ms, was_read = now.ms, True
                await self._read()
                continue
            was_read = False
            if anew:
                await driver.apply(targets)
                out, self._applied = targets, {target.channel: target.half_mA for target in targets}
                self._answered()
            self._report()
            next_ms = min(arming.due_ms, read_ms + self._check_ms, self._told_ms + STATUS_EVERY_MS)
            await self._sleep((next_ms - self._now().ms) / 1000)

    async def _read(self) -> Reading:
        assert self._driver is not None
        reading = await self._driver.check()
        self._answered()
        return reading

    def _answered(self) -> None:
        self._confirmed_at_s = time.monotonic()

    async def _sleep(self, seconds: float) -> None:
        """Until the time has come or something changed."""
        self._turn_ms = self._now().ms
        timer = asyncio.get_running_loop().call_later(max(0.0, seconds), self._wake.set)
        try:
            await self._wake.wait()
        finally:
            timer.cancel()
            self._wake.clear()

    def _expired(self) -> bool:
        """Asked before every message and every output: an arming that is over stops now, for good."""
        why = None if self._live is None else self._live.over(self._now())
        if why is not None:
            self.trip(why)
        return why is not None

    def _enter(self, state: m.GuardState) -> None:
        """Another state from now on, which `run` tells; what was being done is given up."""
        self.state = state
        if self._task is not None:
            self._task.cancel()

    def vitals(self) -> Vitals:
        """What the watchdog looks at; changes nothing that is not over anyway."""
        now, live = self._now(), self._live
        ended, leased_for_ms = (None, 0) if live is None else (live.over(now), live.lease.left_ms(now))
        above_zero = any(self._applied.values())
        return Vitals(self.state, now.ms - self._turn_ms, above_zero, live is not None, ended, leased_for_ms)

    # ── requests ──

    def _hear(self, datagram: bytes) -> None:
        self._expired()
        if not datagram:
            # What it began to test is not the next client's.
            self._client, self._client_build, self._stop_tested, self._stop_asked = None, "", False, False
            self._leaving |= self._listener is None
            self.trip("client_gone")
            return
        try:
            self._take(m.decode(datagram, m.ToGuard))
        except m.MalformedMessage as error:
            self.trip("malformed")
            self._send(m.Fault(self.epoch, "malformed", None, str(error)[:400]))

    def _take(self, message: m.ToGuard) -> None:
        refused: Refusal | None = None
        match message:
            case m.Stop(why):
                self.trip(why, asked=not self._button_alone)
            case m.Hello(v, build):
                self._client_build = build if v == m.PROTOCOL_VERSION else ""
                self._send(self._device)
                self._told = None
                self._report()
            case m.Lease() if self._live is not None:
                self._live.renew(message, self._now())
            case m.Present(epoch) if isinstance(self._live, Arming) and epoch == self.epoch:
                self._live.present(self._now())
            case m.Test(button):
                refused = button_refusal(message, self.stop_inputs) or self._begin("testing")
                self._button_alone = button if refused is None else self._button_alone
            case m.Arm() | m.Probe():
                refused = self._arm(message)
            case m.Level() | m.Next() | m.Rest():
                refused = self._change(message)
        if refused is not None:
            self._refuse(getattr(message, "epoch", self.epoch), refused)

    def _refuse(self, epoch: int, refused: Refusal) -> None:
        if refused.fault:
            self.trip(f"limit_{refused.limit}")
        asked, allowed = refused.asked[:400], refused.allowed[:400]
        self._send(m.Refused(epoch, refused.limit, asked, allowed, refused.fault))
        now_ms = self._now().ms
        if refused.fault or now_ms - self._refused_ms >= TELL_REFUSED_EVERY_MS:
            self._refused_ms = now_ms
            log.warning("refused: %s, asked %s, allowed %s", refused.limit, asked, allowed)

    def _begin(self, state: m.GuardState, live: Arming | Probing | None = None) -> Refusal | None:
        if self.state != "idle":
            return Refusal("state", self.state, "idle")
        self.state, self._live, self._stage_on = state, live, False
        if live is not None:
            self.epoch = live.epoch
            log.info("%s: epoch %d", state, live.epoch)
        self._wake.set()
        self._report()
        return None

    def _arm(self, wanted: m.Arm | m.Probe) -> Refusal | None:
        if self.state == "testing":
            self.trip("arm")  # a test does not survive an arm
        if self.state != "idle" or self._driver is None:
            return Refusal("state", self.state, "idle")
        if self._client_build != self.build:
            return Refusal("build", self._client_build, self.build)
        if wanted.epoch != self.epoch + 1:
            return Refusal("epoch", str(wanted.epoch), str(self.epoch + 1))
        for name in self.stop_inputs.missing:
            return Refusal("stop_input", name, "plugged in")
        if not self._stop_tested:
            return Refusal("stop_test", "not tested", "a STOP test that the device confirmed")
        refused = refusal(wanted, self._driver, self._tally)
        if refused is not None:
            return refused
        if isinstance(wanted, m.Probe):
            return self._begin("probing", Probing(wanted, self._now()))
        max_raise = c.MAX_RAISE_HALF_MA[self.kind]
        return self._begin("armed", Arming(wanted, self._driver.capabilities, max_raise, self._now()))

    def _change(self, message: m.Level | m.Next | m.Rest) -> Refusal | None:
        arming = self._live
        if not isinstance(arming, Arming) or message.epoch != arming.epoch:
            allowed = str(self.epoch) if isinstance(arming, Arming) else self.state
            return Refusal("old_epoch", str(message.epoch), allowed)
        self._wake.set()
        match message:
            case m.Level():
                return arming.set_level(message, self._now())
            case m.Next():
                return arming.next_phase(self._now())
            case m.Rest():
                arming.rest()
                return None

    # ── the client ──

    def _attend(self, line: Line) -> None:
        self._client = line
        line.listen(self._hear)

    def _accept(self) -> None:
        assert self._listener is not None
        sock = self._listener.accept()[0]
        line, uid = Line(sock), peer_uid(sock)
        if self._client is None and uid in self._client_uids:
            self._attend(line)
            return
        if len(self._stoppers) >= MOST_STOPPERS:
            self._hang_up(next(iter(self._stoppers)))
        self._stoppers[line] = None
        line.listen(lambda datagram: self._hear_stop(line, datagram))

    def _hear_stop(self, line: Line, datagram: bytes) -> None:
        """A second connection may stop, and nothing else (rule 8)."""
        try:
            self.trip(m.decode(datagram, m.Stop | None).why)
        except m.MalformedMessage:
            self._hang_up(line)

    def _hang_up(self, line: Line) -> None:
        self._stoppers.pop(line, None)
        line.close()

    def _send(self, message: m.FromGuard) -> None:
        """Never waits. A slow client misses statuses; all else is kept for it."""
        if self._client is not None:
            self._client.send(m.encode(message), keep=not isinstance(message, m.Status))

    def _announce(self, sentence: str, who: Identity | None = None) -> None:
        """Who is on the port, when that has changed; `sentence` says why there is nobody."""
        device = device_of(self._driver, who, self.kind, self.simulated, self.build, sentence)
        if who is not None or device != self._device:
            self._device = device
            self._send(device)
            self.on_device(device)
            log.info("device: %s", sentence or device.device_id)

    def _report(self) -> None:
        """A status when there is news, and while armed at least every 250 ms."""
        state: m.GuardState = "idle" if self.state == "testing" and not self._stage_on else self.state
        status = status_of(state, self.epoch, self._live, self._applied, self._confirmed_at_s)
        now_ms = self._now().ms
        if is_news(status, self._told) or now_ms - self._told_ms >= STATUS_EVERY_MS:
            self._told, self._told_ms = status, now_ms
            self._send(status)


def _waveforms(targets: Targets) -> list[tuple[object, ...]]:
    return [(target.pulse_width_us, target.frequency_Hz) for target in targets]
