"""The real things: a virtual stimulator and the guard, each its own process, and the device's own log."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from drivers import limits
from drivers import messages as m
from drivers.guard.link import GuardLink
from tests.drivers.guard_bench import arm, phase, plan

WAIT_S = 20.0
"""Generous: a wait ends when what it waits for comes."""
BUSY_S = 0.3
"""What other work on the machine may add."""
DEVICE_WATCHDOG_S = 2.0


@dataclass
class VirtualDevice:
    """A virtual stimulator's process, what can be done to it, and what it wrote down."""

    process: asyncio.subprocess.Process
    path: str
    log_path: Path
    kind: str = "p24"

    def fault(self, spec: str) -> None:
        self._order(f"fault {spec}")

    def replug(self) -> None:
        self._order("replug")

    def _order(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line.encode() + b"\n")

    def log(self) -> list[dict[str, Any]]:
        lines = self.log_path.read_text().splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]

    async def until(self, wanted: Callable[[dict[str, Any]], bool], since_s: float) -> dict[str, Any]:
        """The first event at or after `since_s` that fits."""
        async with asyncio.timeout(WAIT_S):
            while True:
                for event in self.log():
                    if event["t"] >= since_s and wanted(event):
                        return event
                await asyncio.sleep(0.01)

    async def zero_after(self, since_s: float) -> float:
        """Seconds from `since_s` until the device put out nothing any more, by its own log."""
        event = await self.until(lambda one: one["event"] == "output" and not flows(one), since_s)
        return float(event["t"]) - since_s

    def flowed_after(self, since_s: float) -> list[dict[str, Any]]:
        """Every output above zero that began after `since_s`."""
        return [one for one in self.log() if one["t"] > since_s and one["event"] == "output" and flows(one)]

    def frames_between(self, first_s: float, last_s: float) -> list[str]:
        return [one["name"] for one in self.log() if one["event"] == "frame" and first_s < one["t"] < last_s]


def flows(event: dict[str, Any]) -> bool:
    return any(channel["current_mA"] > 0 for channel in event["channels"])


@dataclass
class Kiosk:
    """A client as the kiosk's runner is one, without a kiosk."""

    link: GuardLink
    device: VirtualDevice
    heard: list[tuple[float, Any]] = field(default_factory=list)
    """(CLOCK_MONOTONIC, message)"""
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _leasing: asyncio.Task[None] | None = None
    _n: int = 0

    def listen(self) -> None:
        self.link.listen(self._hear, self._gone)

    def _hear(self, message: Any) -> None:
        self.heard.append((time.monotonic(), message))
        self._news.set()

    def _gone(self) -> None:
        self.closed.set()
        self._news.set()

    async def until(self, wanted: Callable[[Any], bool], since_s: float = 0.0) -> Any:
        async with asyncio.timeout(WAIT_S):
            while True:
                for at_s, message in self.heard:
                    if at_s >= since_s and wanted(message):
                        return message
                self._news.clear()
                await self._news.wait()

    async def until_state(self, state: str, since_s: float = 0.0) -> m.Status:
        return await self.until(lambda x: isinstance(x, m.Status) and x.state == state, since_s)  # type: ignore[no-any-return]

    async def until_armed(self, wanted: Callable[[m.Status], bool], since_s: float) -> None:
        """It fails at once when the arming is refused or ends."""
        said = await self.until(
            lambda x: isinstance(x, m.Stopped | m.Refused) or (isinstance(x, m.Status) and wanted(x)), since_s
        )
        assert isinstance(said, m.Status), said

    async def stopped(self, since_s: float) -> m.Stopped:
        return await self.until(lambda x: isinstance(x, m.Stopped), since_s)  # type: ignore[no-any-return]

    def lease(self, epoch: int) -> None:
        self._n += 1
        self.link.send(m.Lease(epoch, self._n, time.clock_gettime_ns(time.CLOCK_BOOTTIME)))

    def keep_lease(self, epoch: int) -> None:
        async def renew() -> None:
            while True:
                self.lease(epoch)
                await asyncio.sleep(0.1)

        self.stop_leasing()
        self._leasing = asyncio.get_running_loop().create_task(renew())

    def stop_leasing(self) -> None:
        if self._leasing is not None:
            self._leasing.cancel()
            self._leasing = None

    async def stop_tested(self) -> None:
        began_s = time.monotonic()
        await self.until_state("idle")
        self.link.send(m.Test())
        await self.until_state("testing", began_s)
        self.link.send(m.Stop("test"))
        assert (await self.stopped(began_s)).confirmed

    async def probing(self, epoch: int = 1, channels: tuple[int, ...] = tuple(range(1, 9))) -> None:
        """STOP test, and a contact check (of all channels: 4 s) that is under way."""
        await self.stop_tested()
        began_s = time.monotonic()
        self.link.send(m.Probe(epoch, channels))
        self.keep_lease(epoch)
        await self.until_state("probing", began_s)

    async def current_flows(
        self, epoch: int = 1, the_plan: m.GuardPlan | None = None, *, stop_test: bool = False
    ) -> None:
        """STOP test (the first time, or as asked), arming, one raise by the device's own largest step,
        acknowledged."""
        half_mA = limits.MAX_RAISE_HALF_MA[self.device.kind]
        if stop_test or epoch == 1:
            await self.stop_tested()
        began_s = time.monotonic()
        self.link.send(arm(epoch, the_plan or plan(phase(duration_ms=600_000))))
        self.keep_lease(epoch)
        await self.until_armed(lambda status: status.may_raise, began_s)
        self.link.send(m.Level(epoch, 1, half_mA))
        flowing = (m.ChannelStatus(1, half_mA, half_mA),)
        await self.until_armed(lambda status: status.channels == flowing, began_s)


@asynccontextmanager
async def virtual_device(
    tmp_path: Path, *arguments: str, kind: str = "p24", module: str = ""
) -> AsyncIterator[VirtualDevice]:
    """A stimulator of `kind`, or the one that `module` is."""
    path, log_path = str(tmp_path / kind), tmp_path / "device.jsonl"
    process = await asyncio.create_subprocess_exec(
        *(
            sys.executable,
            "-m",
            module or f"drivers.virtual.{kind}",
            "--link",
            path,
            "--log",
            str(log_path),
            *arguments,
        ),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(WAIT_S):
            assert (await process.stdout.readline()).startswith(b"ready")
        yield VirtualDevice(process, path, log_path, kind)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


@asynccontextmanager
async def kiosk(tmp_path: Path, *arguments: str, kind: str = "p24") -> AsyncIterator[Kiosk]:
    """Both processes and a client; at the end the guard has stopped the device, or was killed by the test."""
    async with virtual_device(tmp_path, *arguments, kind=kind) as device:
        link = GuardLink.start_child(
            device.path,
            kind,
            simulated=True,
            state_dir=str(tmp_path),
            log_path=str(tmp_path / "guard.log"),
            wire_log=str(tmp_path / "wire.jsonl"),
        )
        client = Kiosk(link, device)
        client.listen()
        try:
            yield client
        finally:
            client.stop_leasing()
            await link.close()


@asynccontextmanager
async def client_process(
    device: VirtualDevice, tmp_path: Path, what: str = "session"
) -> AsyncIterator[tuple[int, int]]:
    """(pid of a client with current flowing, or in a contact check; pid of its guard)."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.faults.guard_client"),
        *(device.path, str(tmp_path / "guard.log"), str(tmp_path), what),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        line = (await asyncio.wait_for(process.stdout.readline(), 20)).split()
        yield process.pid, int(line[1])
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def is_running(pid: int) -> bool:
    """False for a zombie too: nobody here is the parent that could reap it."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


async def gone(pid: int) -> None:
    async with asyncio.timeout(20):
        while is_running(pid):  # noqa: ASYNC110 - another process's end is no event of this loop
            await asyncio.sleep(0.02)


async def outlives_a_stopped_guard(client: Kiosk, device_watchdog_s: float) -> None:
    """Its device goes to zero by itself, and what the guard does later brings nothing back."""
    await client.current_flows()
    assert client.link.pid is not None
    at_s = time.monotonic()
    os.kill(client.link.pid, signal.SIGSTOP)
    try:
        assert await client.device.zero_after(at_s) < device_watchdog_s + BUSY_S
    finally:
        os.kill(client.link.pid, signal.SIGCONT)
    assert (await client.stopped(at_s)).confirmed
    await asyncio.sleep(0.3)
    assert client.device.flowed_after(at_s) == []


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not holds():  # noqa: ASYNC110 - what another process does is no event of this loop
            await asyncio.sleep(0.01)
