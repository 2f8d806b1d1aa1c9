"""A virtual device on a pseudo-terminal, as its own process: one loop over pty, standard input and time.

The device side holds the pty's master only: with the slave open too, a host that hangs up would not be seen.
While the host has hung up nothing is written, and what it wrote before is still read.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
import tty
from collections.abc import Callable, Collection
from contextlib import suppress
from types import FrameType
from typing import Any, Final, Protocol, TextIO, TypeAlias

from drivers.virtual.faults import Fault, FaultSpecError, parse_fault

Event: TypeAlias = dict[str, Any]

HANG_UP_LOOK_S: Final = 0.005
"""How often a pty without a host is looked at: nothing wakes the device side when one opens it."""
_READ_BYTES: Final = 65_536


class VirtualDevice(Protocol):
    """A device as the loop drives it: bytes and the time in, bytes and log events out."""

    plugged: bool

    @property
    def fault_kinds(self) -> Collection[str]: ...
    def connected(self, now_s: float) -> None: ...
    def receive(self, data: bytes, now_s: float) -> None: ...
    def advance(self, now_s: float) -> None: ...
    def next_deadline_s(self) -> float | None: ...
    def inject(self, fault: Fault, now_s: float) -> None: ...
    def replug(self, now_s: float) -> None: ...
    def take_outgoing(self) -> bytes: ...
    def take_events(self) -> list[Event]: ...


def run_on_pty(
    make_device: Callable[[float], VirtualDevice],
    link_path: str,
    log_path: str | None,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Put a device on a pty that `link_path` points to, print `ready PATH`, run until SIGTERM or Ctrl+C.

    The log is JSON Lines, one event a line, flushed each. The link is removed at the end.
    """
    with open(log_path or os.devnull, "a", encoding="utf-8", buffering=1) as log:
        loop = _Loop(make_device(clock()), link_path, log, clock)
        with _termination() as ended:
            try:
                loop.plug_in()
                loop.run(ended)
            finally:
                loop.pull_out()


class _termination:  # noqa: N801 - used as a context manager
    """A file descriptor that becomes readable on SIGTERM or SIGINT."""

    def __enter__(self) -> int:
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        self._handlers = {
            number: signal.signal(number, self._nothing) for number in (signal.SIGTERM, signal.SIGINT)
        }
        # In a shell's background, reading the terminal shall fail instead of stopping the device.
        self._handlers[signal.SIGTTIN] = signal.signal(signal.SIGTTIN, signal.SIG_IGN)
        self._wakeup = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        return self._read

    def _nothing(self, number: int, frame: FrameType | None) -> None:
        """The wake-up descriptor says it all."""

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(self._wakeup)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        os.close(self._read)
        os.close(self._write)


class _Loop:
    def __init__(
        self, device: VirtualDevice, link_path: str, log: TextIO, clock: Callable[[], float]
    ) -> None:
        self._device = device
        self._link_path = link_path
        self._log = log
        self._clock = clock
        self._master: int | None = None
        self._name = ""
        self._hung_up = True
        self._to_write = b""
        self._control: int | None = _control_input()
        self._control_text = b""

    def plug_in(self) -> None:
        """A new pty; its name is told once it can be opened."""
        self._master, slave = os.openpty()
        tty.setraw(self._master)  # no echo of what is written before the host has configured its end
        os.set_blocking(self._master, False)
        self._name = os.ttyname(slave)
        os.close(slave)
        self._hung_up = True
        self._to_write = b""
        if os.path.lexists(self._link_path) and not os.path.islink(self._link_path):
            raise FileExistsError(f"{self._link_path} is there already, and is not a link")
        beside = f"{self._link_path}.{os.getpid()}"
        os.symlink(self._name, beside)
        os.replace(beside, self._link_path)
        print(f"ready {self._link_path}", flush=True)  # noqa: T201 - whoever started us waits for it

    def pull_out(self) -> None:
        """The pty is gone for the host; before that its name, so that nobody finds one without the other."""
        if self._master is not None:
            with suppress(OSError):
                if os.readlink(self._link_path) == self._name:
                    os.unlink(self._link_path)
            os.close(self._master)
            self._master = None

    def run(self, ended: int) -> None:
        while True:
            self._settle()
            readers = [ended] + [fd for fd in (self._control,) if fd is not None]
            writers = []
            if self._master is not None and not self._hung_up:
                readers.append(self._master)
                if self._to_write:
                    writers.append(self._master)
            ready, writable, _ = select.select(readers, writers, [], self._patience_s())
            if ended in ready:
                return
            if self._control in ready:
                self._read_control()
            self._look_for_the_host()
            if self._master is not None and (self._hung_up or self._master in ready or writable):
                self._read_host()

    def _patience_s(self) -> float | None:
        deadline_s = self._device.next_deadline_s()
        patience_s = None if deadline_s is None else max(0.0, deadline_s - self._clock())
        if self._master is not None and self._hung_up:
            return HANG_UP_LOOK_S if patience_s is None else min(patience_s, HANG_UP_LOOK_S)
        return patience_s

    def _settle(self) -> None:
        """Let the device do what is due, and bring out what came of it: log, bytes, then the plug."""
        self._device.advance(self._clock())
        self._write_log()
        self._to_write += self._device.take_outgoing()
        self._write_host()
        if self._master is not None and not self._device.plugged:
            self.pull_out()

    def _write_log(self) -> None:
        for event in self._device.take_events():
            self._log.write(json.dumps(event) + "\n")
        self._log.flush()

    def _look_for_the_host(self) -> None:
        if self._master is None:
            return
        poll = select.poll()
        poll.register(self._master, 0)  # asks for nothing: a hang-up is reported all the same
        hung_up = bool(poll.poll(0))
        if self._hung_up and not hung_up:
            self._device.connected(self._clock())
        if hung_up:
            self._to_write = b""
        self._hung_up = hung_up

    def _read_host(self) -> None:
        if self._master is None:
            return
        try:
            data = os.read(self._master, _READ_BYTES)
        except OSError:
            return
        self._device.receive(data, self._clock())

    def _write_host(self) -> None:
        if self._master is None or not self._to_write:
            return
        self._look_for_the_host()
        if self._hung_up:
            return
        try:
            written = os.write(self._master, self._to_write)
        except BlockingIOError:
            return
        except OSError:
            written = len(self._to_write)
        self._to_write = self._to_write[written:]

    def _read_control(self) -> None:
        assert self._control is not None
        try:
            data = os.read(self._control, _READ_BYTES)
        except OSError:
            data = b""
        if not data:
            self._control = None
            return
        *lines, self._control_text = (self._control_text + data).split(b"\n")
        for line in lines:
            self._obey(line.decode("utf-8", "replace").strip())

    def _obey(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        now_s = self._clock()
        if word == "fault":
            try:
                self._device.inject(parse_fault(rest, self._device.fault_kinds), now_s)
            except FaultSpecError as error:
                print(f"refused {error}", file=sys.stderr, flush=True)  # noqa: T201
        elif word == "replug" and self._master is None:
            self._device.replug(now_s)
            self.plug_in()
        elif word:
            print(f"refused {line}", file=sys.stderr, flush=True)  # noqa: T201


def _control_input() -> int | None:
    """Standard input, unless it is closed."""
    try:
        fd = sys.stdin.fileno()
        os.fstat(fd)
    except (AttributeError, OSError, ValueError):
        return None
    return fd
