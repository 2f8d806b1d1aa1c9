"""What the drivers' tests share: a virtual device on a pty in the test's own loop, or as its own process."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import select
import subprocess
import sys
import time
import tty
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

from drivers.framed_driver import FramedDriver
from drivers.registry import DRIVERS
from drivers.stimulator import ChannelTarget, Targets
from drivers.virtual.device import VirtualStimulator
from drivers.virtual.faults import parse_fault
from drivers.virtual.process import virtual_device
from tests.drivers.guard_bench import virtual_time

DriverT = TypeVar("DriverT", bound=FramedDriver[Any, Any])


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


def targets(*half_mA: int, pulse_width_us: int = 300, frequency_Hz: Fraction = Fraction(30)) -> Targets:
    """Channel 1 gets the first current, channel 2 the second, …"""
    return tuple(
        ChannelTarget(channel, current, pulse_width_us, frequency_Hz)
        for channel, current in enumerate(half_mA, start=1)
    )


def fill(fd: int) -> None:
    """Write noise until the port takes not one byte more, also after the kernel has moved it on."""
    for size in (1000, 1000, 1000, 1):
        select.select([], [fd], [], 0.02)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(fd, bytes(size))


class DeviceOnPty:
    """A virtual device behind a pty, served by the running loop; `read` is all that came from the host.

    Needs `in_virtual_time`: what a busy machine keeps waiting waits, and nothing falls due meanwhile.
    """

    def __init__(self, kind: type[VirtualStimulator], **device: Any) -> None:
        self._loop = asyncio.get_running_loop()
        self.master, slave = os.openpty()
        tty.setraw(self.master)
        os.set_blocking(self.master, False)
        self.path = os.ttyname(slave)
        # Held open until the driver has it: a pty without a slave is readable for ever.
        self.slave: int | None = slave
        self.device = kind(virtual_time().now_s, **{"latency_s": 0.0, **device})
        self.events: list[dict[str, Any]] = []
        self.read = bytearray()
        self._timer: asyncio.TimerHandle | None = None
        self._changed = asyncio.Event()
        self.thaw()

    def freeze(self) -> None:
        """The device stops reading, answering, living."""
        self._loop.remove_reader(self.master)
        if self._timer is not None:
            self._timer.cancel()

    def thaw(self) -> None:
        self._loop.add_reader(self.master, self._readable)
        self.serve()

    def fault(self, spec: str) -> None:
        self.device.inject(parse_fault(spec), virtual_time().now_s)
        self.serve()

    def send(self, data: bytes) -> None:
        """Bytes that the device did not mean to send."""
        os.write(self.master, data)

    def pull_out(self) -> None:
        """The host's port ends."""
        if self.master >= 0:
            self.freeze()
            os.close(self.master)
            self.master = -1

    def release(self) -> None:
        if self.slave is not None:
            os.close(self.slave)
            self.slave = None

    def names(self) -> list[str]:
        """The frames that arrived, by name."""
        return [event["name"] for event in self.events if event["event"] == "frame"]

    def outputs(self) -> list[list[dict[str, float]]]:
        return [event["channels"] for event in self.events if event["event"] == "output"]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something that the device sees makes `condition` true."""
        async with asyncio.timeout(20):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    def _readable(self) -> None:
        try:
            data = os.read(self.master, 65_536)
        except OSError:
            self._loop.remove_reader(self.master)
            return
        self.read += data
        self.device.receive(data, virtual_time().now_s)
        self.serve()

    def serve(self) -> None:
        """Let the device do what is due, and bring out what came of it."""
        now_s = virtual_time().now_s
        self.device.advance(now_s)
        self.events += self.device.take_events()
        self._changed.set()
        outgoing = self.device.take_outgoing()
        if outgoing:
            os.write(self.master, outgoing)
        if not self.device.plugged:
            self.pull_out()
            return
        deadline_s = self.device.next_deadline_s()
        if self._timer is not None:
            self._timer.cancel()
        if deadline_s is not None:
            self._timer = self._loop.call_later(max(0.0, deadline_s - now_s), self.serve)


@asynccontextmanager
async def on_bench(
    driver_class: type[DriverT], age_clock: Callable[[], float] | None = None, **device: Any
) -> AsyncIterator[tuple[DriverT, DeviceOnPty]]:
    """A driver and its device, nothing said yet."""
    kind = driver_class.kind
    bench = DeviceOnPty(virtual_device(kind), **device)
    clock = asyncio.get_running_loop().time
    driver = driver_class(bench.path, DRIVERS[kind].serial, clock=clock, age_clock=age_clock or clock)
    bench.release()
    try:
        yield driver, bench
    finally:
        await driver.close()
        bench.pull_out()


class SimulatorProcess:
    """`python -m drivers.virtual.<kind>` and its log."""

    def __init__(self, folder: Path, *options: str, kind: str = "p24") -> None:
        self.link = folder / kind
        self.log_path = folder / f"{kind}.jsonl"
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                f"drivers.virtual.{kind}",
                "--link",
                self.link,
                "--log",
                self.log_path,
                *options,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.await_ready()

    def await_ready(self, within_s: float = 20) -> None:
        assert self.process.stdout is not None
        said, _, _ = select.select([self.process.stdout], [], [], within_s)
        assert said, f"the simulator does not say that it is ready within {within_s} s"
        assert self.process.stdout.readline() == f"ready {self.link}\n"

    def control(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log_path.read_text().splitlines()]

    def of(self, event: str) -> list[dict[str, Any]]:
        return [entry for entry in self.log() if entry["event"] == event]

    def until(self, condition: Callable[[], bool], within_s: float = 20) -> None:
        """Wait for the log to say so: it is a file, so there is nothing to be woken by."""
        end_s = time.monotonic() + within_s
        while not condition():
            assert time.monotonic() < end_s, self.log()[-5:]
            time.sleep(0.002)

    def end(self) -> int:
        self.process.terminate()
        status = self.process.wait(timeout=20)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()
        return status


@contextmanager
def simulator(folder: Path, *options: str, kind: str = "p24") -> Iterator[SimulatorProcess]:
    process = SimulatorProcess(folder, *options, kind=kind)
    try:
        yield process
    finally:
        if process.process.poll() is None:
            process.end()
