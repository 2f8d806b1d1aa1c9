"""A whole session, or a contact check, in virtual time: machine, runner, guard and driver as they are, on a
virtual device.

Only the line is another: a pair of sockets in place of a pty, whose bytes the kernel moves in its own time.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any, cast
from unittest import mock

from drivers import framed_driver
from drivers import messages as m
from drivers.guard.link import GuardLink
from drivers.guard.process import Guard
from drivers.registry import DRIVERS
from drivers.stimulator import PortError, Stimulator
from drivers.virtual.faults import parse_fault
from drivers.virtual.process import virtual_device
from kiosk.diary.records import Record
from kiosk.events import ContactCheckEnded, SessionOutcome
from kiosk.keys import Key
from kiosk.session.contact import ContactRunner
from kiosk.session.runner import SessionRunner
from kiosk.terminal.liveness import AlwaysAlive
from programs.plan import SessionPlan
from tests.drivers.guard_bench import virtual_time

START = dt.datetime(2026, 11, 20, 14, 5, tzinfo=dt.UTC)
STEP_S = 0.05
"""How often the person looks at the screen."""
COUNTS_AFTER_S = {"p24": 1.05, "rehastim2": 2.05}

FOUND_HALF_MA = {"p24": 6, "rehastim2": 12}
"""At this level something comes out in the warm-up too: 0.4 of it, rounded down to the device's step."""


class LoopClock:
    """The kiosk's clock, on the loop's virtual time."""

    def now(self) -> dt.datetime:
        return START + dt.timedelta(seconds=self.monotonic_s())

    def monotonic_s(self) -> float:
        return virtual_time().now_s

    def boottime_ns(self) -> int:
        return virtual_time()().boot_ms * 1_000_000

    def boot_id(self) -> str:
        return "00000000-0000-4000-8000-000000000001"

    def trusted(self) -> bool:
        return True


class _Port:
    """What the driver's link needs of an open serial port."""

    def __init__(self, sock: socket.socket) -> None:
        self.fd = sock.detach()

    def close(self) -> None:
        os.close(self.fd)


class DeviceOnLine:
    """A virtual device in the loop, and its log."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.events: list[dict[str, Any]] = []
        self._loop = asyncio.get_running_loop()
        self._device = virtual_device(kind)(self._loop.time(), latency_s=0.001)
        self._sock: socket.socket | None = None
        self._timer: asyncio.TimerHandle | None = None

    def open(self) -> Stimulator:
        """A fresh driver on a fresh line. Raises PortError while it is unplugged."""
        if not self._device.plugged:
            raise PortError("The stimulator's port is not there.", "unplugged")
        self._hang_up()
        ours, theirs = socket.socketpair()
        for end in (ours, theirs):
            end.setblocking(False)
        self._sock = theirs
        self._loop.add_reader(theirs, self._readable)
        self._device.connected(self._loop.time())
        entry = DRIVERS[self.kind]
        driver_class = getattr(import_module(entry.module), entry.class_name)
        with mock.patch.object(framed_driver, "open_port", return_value=_Port(ours)):
            driver = driver_class("virtual", entry.serial, clock=self._loop.time, age_clock=self._loop.time)
        # A pty counts as a simulator for what has no id of its own (safety rule 19).
        driver._link.device = os.makedev(136, 0)
        self.serve()
        return cast("Stimulator", driver)

    def fault(self, spec: str) -> None:
        self._device.inject(parse_fault(spec, self._device.fault_kinds), self._loop.time())
        self.serve()

    def flowed_after(self, since_s: float) -> list[dict[str, Any]]:
        """Whatever was put out at some time after `since_s`, also what had begun before."""
        outputs = [event for event in self.events if event["event"] == "output"]
        ends_s = [*(event["t"] for event in outputs[1:]), float("inf")]
        return [
            event
            for event, end_s in zip(outputs, ends_s, strict=False)
            if end_s > since_s and any(channel["current_mA"] for channel in event["channels"])
        ]

    def peak_mA(self) -> dict[int, float]:
        """Channel → the most that it ever put out."""
        peaks: dict[int, float] = {}
        for event in self.events:
            for channel in event.get("channels", []):
                number = int(channel["channel"])
                peaks[number] = max(peaks.get(number, 0.0), channel["current_mA"])
        return peaks

    def serve(self) -> None:
        """Lets the device do what is due, and brings out what came of it."""
        now_s = self._loop.time()
        self._device.advance(now_s)
        self.events += self._device.take_events()
        outgoing = self._device.take_outgoing()
        if outgoing and self._sock is not None:
            try:
                self._sock.send(outgoing)
            except OSError:
                self._hang_up()
        if not self._device.plugged:
            self._hang_up()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        deadline_s = self._device.next_deadline_s()
        if deadline_s is not None:
            self._timer = self._loop.call_later(max(0.0, deadline_s - now_s), self.serve)

    def close(self) -> None:
        self._hang_up()
        if self._timer is not None:
            self._timer.cancel()

    def _readable(self) -> None:
        assert self._sock is not None
        try:
            data = self._sock.recv(65_536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._hang_up()
            return
        self._device.receive(data, self._loop.time())
        self.serve()

    def _hang_up(self) -> None:
        if self._sock is not None:
            self._loop.remove_reader(self._sock)
            self._sock.close()
            self._sock = None


class Seat:
    """A person before a kiosk without a screen: the runner, the guard's word, the diary's records."""

    def __init__(self, kind: str, link: GuardLink, device: DeviceOnLine) -> None:
        self.kind, self.link, self.device = kind, link, device
        self.heard: list[m.FromGuard] = []
        self.records: list[Record] = []
        self.outcome: SessionOutcome | None = None
        self.contact_end: ContactCheckEnded | None = None
        self.sent: list[m.ToGuard] = []
        """By the kiosk itself: what a test sends past it is not in here."""
        self.epoch = 0
        self.contact = ContactRunner(
            send=self._send, clock=LoopClock(), liveness=AlwaysAlive(), on_end=self._contact_ended
        )
        self.runner = SessionRunner(
            send=self._send,
            save=self._save,
            clock=LoopClock(),
            liveness=AlwaysAlive(),
            on_change=lambda: None,
            on_end=self._ended,
            on_tone=lambda name: None,
        )
        link.listen(self._hear, self._gone)

    def _send(self, message: m.ToGuard) -> None:
        self.sent.append(message)
        self.link.send(message)

    def _gone(self) -> None:
        self.contact.guard_gone()
        self.runner.guard_gone()

    async def _save(self, record: Record, corrects: str | None) -> str:
        self.records.append(record)
        return "session-1"

    def _ended(self, outcome: SessionOutcome) -> None:
        self.outcome = outcome

    def _contact_ended(self, end: ContactCheckEnded) -> None:
        self.contact_end = end

    def _hear(self, message: m.FromGuard) -> None:
        self.heard.append(message)
        if isinstance(message, m.Status):
            self.epoch = message.epoch
        self.contact.hear(message)
        self.runner.hear(message)

    def of(self, kind: type[Any], after: int = 0) -> list[Any]:
        return [message for message in self.heard[after:] if isinstance(message, kind)]

    @property
    def guard_state(self) -> str:
        states = self.of(m.Status)
        return states[-1].state if states else "no_device"

    def begin(self, plan: SessionPlan, resume: SessionOutcome | None = None) -> None:
        self.outcome = None
        self.runner.begin(
            plan,
            device_kind=self.kind,
            last_epoch=self.epoch,
            first_session=False,
            resume=resume,
            session_id=None if resume is None else resume.session_id,
        )

    async def until(self, reached: Callable[[], bool], within_s: float = 1_200.0) -> None:
        """Does what the screen asks until `reached`."""
        end_s, key_s = virtual_time().now_s + within_s, 0.0
        while not reached():
            assert virtual_time().now_s < end_s, f"not reached: {self.runner.state}"
            key = self._key()
            if key is not None and virtual_time().now_s - key_s >= COUNTS_AFTER_S[self.kind]:
                key_s = virtual_time().now_s
                self.runner.press(key)
            await asyncio.sleep(STEP_S)

    def _key(self) -> Key | None:
        state = self.runner.state
        if state is None or state.stage != "find" or state.status is None:
            return None
        if state.prompt is not None or state.find_step in ("offer", "both"):
            return Key.ENTER
        if state.find_step == "where":
            return Key.ONE if state.side.side == "left" else Key.TWO
        if state.side.slow is not None and state.side.slow.running:
            return None
        if state.side.level_half_mA >= FOUND_HALF_MA[self.kind]:
            return Key.ENTER
        return Key.UP if state.status.may_raise else None

    async def stop_tested(self) -> None:
        self.link.send(m.Test())
        await self.until(lambda: self.guard_state == "testing")
        mark = len(self.heard)
        self.link.send(m.Stop("test"))
        await self.until(lambda: bool(self.of(m.Stopped, mark)) and self.guard_state == "idle")
        assert self.of(m.Stopped, mark)[0].confirmed

    async def wait(self, seconds: float) -> None:
        """Nobody presses a key."""
        await asyncio.sleep(seconds)


@asynccontextmanager
async def seated(kind: str) -> AsyncIterator[Seat]:
    """A guard that has found its device, and a kiosk joined to it. Needs `in_virtual_time`."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    device = DeviceOnLine(kind)
    guard = Guard(kind, device.open, simulated=True, client=theirs, now=virtual_time())
    seat = Seat(kind, GuardLink(ours), device)
    result = asyncio.get_running_loop().create_task(guard.run())
    try:
        await seat.until(lambda: seat.guard_state == "idle")
        yield seat
    finally:
        seat.contact.close()
        seat.runner.close()
        await seat.link.close()
        await asyncio.wait_for(result, 60)
        device.close()
