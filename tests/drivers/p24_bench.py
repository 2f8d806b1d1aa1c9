"""What the P24's tests share: a virtual P24 on a pty in the test's own loop, and one as its own process."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
import tty
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

from drivers.framed_driver import boot_time_s
from drivers.p24.driver import P24
from drivers.registry import DRIVERS
from drivers.stimulator import ChannelTarget, Targets
from drivers.virtual.faults import parse_fault
from drivers.virtual.p24 import VirtualP24

SETTINGS = DRIVERS["p24"].serial


def targets(*half_mA: int, pulse_width_us: int = 300, frequency_Hz: Fraction = Fraction(30)) -> Targets:
    """Channel 1 gets the first current, channel 2 the second, …"""
    return tuple(
        ChannelTarget(channel, current, pulse_width_us, frequency_Hz)
        for channel, current in enumerate(half_mA, start=1)
    )


class DeviceOnPty:
    """A virtual P24 behind a pty, served by the running loop; `read` is all that came from the host."""

    def __init__(self, **device: Any) -> None:
        self._loop = asyncio.get_running_loop()
        self.master, slave = os.openpty()
        tty.setraw(self.master)
        os.set_blocking(self.master, False)
        self.path = os.ttyname(slave)
        # Held open until the driver has it: a pty without a slave is readable for ever.
        self.slave: int | None = slave
        self.device = VirtualP24(time.monotonic(), **{"latency_s": 0.0, **device})
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
        self._serve()

    def fault(self, spec: str) -> None:
        self.device.inject(parse_fault(spec), time.monotonic())
        self._serve()

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
        self.device.receive(data, time.monotonic())
        self._serve()

    def _serve(self) -> None:
        now_s = time.monotonic()
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
            self._timer = self._loop.call_later(max(0.0, deadline_s - now_s), self._serve)


@asynccontextmanager
async def p24_on_bench(
    age_clock: Callable[[], float] = boot_time_s, **device: Any
) -> AsyncIterator[tuple[P24, DeviceOnPty]]:
    """A driver and its device, nothing said yet."""
    bench = DeviceOnPty(**device)
    driver = P24(bench.path, SETTINGS, age_clock=age_clock)
    bench.release()
    try:
        yield driver, bench
    finally:
        await driver.close()
        bench.pull_out()


@asynccontextmanager
async def ready_p24(
    age_clock: Callable[[], float] = boot_time_s, **device: Any
) -> AsyncIterator[tuple[P24, DeviceOnPty]]:
    """The same, identified and initialised; the device's events begin after that."""
    async with p24_on_bench(age_clock, **device) as (driver, bench):
        await driver.identify()
        await driver.initialise()
        bench.events.clear()
        bench.read.clear()
        yield driver, bench


class SimulatorProcess:
    """`python -m drivers.virtual.p24` and its log."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.link = folder / "p24"
        self.log_path = folder / "p24.jsonl"
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "drivers.virtual.p24",
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

    def await_ready(self) -> None:
        assert self.process.stdout is not None
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
def simulator(folder: Path, *options: str) -> Iterator[SimulatorProcess]:
    process = SimulatorProcess(folder, *options)
    try:
        yield process
    finally:
        if process.process.poll() is None:
            process.end()
