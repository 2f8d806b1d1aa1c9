"""The guard as its own unit: real processes, a real socket, and what systemd would hear of it.

Against the virtual P24; on hardware not yet measured.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from drivers import messages as m
from drivers.guard.link import GuardLink
from tests.drivers.guard_bench import arm
from tests.faults.guard_rig import WAIT_S, Kiosk, VirtualDevice, flows, until, virtual_device

pytestmark = pytest.mark.real_time

WATCHDOG_S = 0.4
BUSY_S = 0.3
"""What other work on the machine may add."""


@dataclass
class Box:
    """A guard that listens, the device behind it, and what systemd heard, with its time."""

    process: asyncio.subprocess.Process
    device: VirtualDevice
    folder: Path
    notified: list[tuple[float, str]]

    @property
    def socket_path(self) -> str:
        return str(self.folder / "guard")

    def connect(self) -> Kiosk:
        client = Kiosk(GuardLink.connect(self.socket_path), self.device)
        client.listen()
        return client

    def pings_after(self, since_s: float) -> list[float]:
        return [at_s for at_s, message in self.notified if message == "WATCHDOG=1" and at_s > since_s]

    def wire(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / "wire.jsonl").read_text().splitlines()]


@asynccontextmanager
async def box(tmp_path: Path, *arguments: str) -> AsyncIterator[Box]:
    """Ready when systemd would call it ready."""
    notified: list[tuple[float, str]] = []
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.bind(str(tmp_path / "notify"))
    notify.setblocking(False)

    def hear() -> None:
        notified.append((time.monotonic(), notify.recv(1000).decode()))

    loop = asyncio.get_running_loop()
    loop.add_reader(notify, hear)
    environment = {
        **os.environ,
        "NOTIFY_SOCKET": str(tmp_path / "notify"),
        "WATCHDOG_USEC": str(int(WATCHDOG_S * 1e6)),
    }
    command = [sys.executable, "-m", "drivers.guard", "--socket", str(tmp_path / "guard")]
    command += ["--device", "p24", "--simulated", "--state", str(tmp_path), "--notify"]
    command += ["--wire-log", str(tmp_path / "wire.jsonl"), *arguments]
    try:
        async with virtual_device(tmp_path) as device:
            with (tmp_path / "guard.log").open("ab") as log:
                process = await asyncio.create_subprocess_exec(
                    *command, "--port", device.path, stderr=log, env=environment
                )
            try:
                await until(lambda: "READY=1" in [message for _at, message in notified])
                yield Box(process, device, tmp_path, notified)
            finally:
                if process.returncode is None:
                    process.kill()
                await process.wait()
    finally:
        loop.remove_reader(notify)
        notify.close()


async def test_a_kiosk_comes_goes_and_comes_again(tmp_path: Path) -> None:
    async with box(tmp_path, "--device-id", "SIMP240001") as guard:
        first = guard.connect()
        await first.current_flows()
        began_s = time.monotonic()
        await asyncio.sleep(1)
        pings = guard.pings_after(began_s)
        assert 3 <= len(pings) <= 6, "at half the watchdog's time"
        status = [message for _at, message in guard.notified if message.startswith("STATUS=")]
        assert '"device_id": "SIMP240001"' in status[-1], "whoever asks systemd need not connect"
        left_s = time.monotonic()
        first.stop_leasing()
        await first.link.close()
        assert await guard.device.zero_after(left_s) < BUSY_S

        second = guard.connect()
        await second.until_state("idle")
        asked_s = time.monotonic()
        second.link.send(arm(2))
        refused = await second.until(lambda x: isinstance(x, m.Refused), asked_s)
        assert refused.limit == "stop_test"
        await second.current_flows(2, stop_test=True)

        ended_s = time.monotonic()
        guard.process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(guard.process.wait(), WAIT_S) == 0
        assert await guard.device.zero_after(ended_s) < BUSY_S
        await until(lambda: "STOPPING=1" in [message for _at, message in guard.notified])
        assert "guard" not in os.listdir(tmp_path), "and takes its socket away"
        second.stop_leasing()
        await second.link.close()

        sent = [line["hex"] for line in guard.wire() if line["direction"] == "out"]
        heard_by_device = [event["hex"] for event in guard.device.log() if event["event"] == "frame"]
        assert [frame for frame in sent if frame in heard_by_device] == heard_by_device
        stop_at_s = max(one["t"] for one in guard.wire() if one["direction"] == "out" and one["t"] < ended_s)
        assert stop_at_s < ended_s < guard.wire()[-1]["t"], "to the last answer, on the same clock"


async def test_whoever_is_not_named_may_stop_and_nothing_else(tmp_path: Path) -> None:
    async with box(tmp_path, "--client-user", str(os.getuid() + 1)) as guard:
        stranger = guard.connect()
        await asyncio.wait_for(stranger.closed.wait(), WAIT_S)
        assert stranger.heard == [], "its first message was no stop: hung up on, told nothing"
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as stopper:
            stopper.connect(guard.socket_path)
            stopper.send(m.encode(m.Stop("stranger")))
            await until(lambda: "stop: stranger" in (tmp_path / "guard.log").read_text())
        await stranger.link.close()


async def test_a_disk_that_hangs_does_not_hold_up_a_stop(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "wire.jsonl")
    async with box(tmp_path) as guard:
        client = guard.connect()
        await client.current_flows()
        at_s = time.monotonic()
        client.link.stop_now("key")
        assert await guard.device.zero_after(at_s) < BUSY_S
        assert (await client.stopped(at_s)).confirmed
        client.stop_leasing()
        await client.link.close()
        guard.process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(guard.process.wait(), WAIT_S) == 0


async def test_another_stimulator_is_said_in_plain_words_and_left_alone(tmp_path: Path) -> None:
    async with virtual_device(tmp_path) as device:
        link = GuardLink.start_child(device.path, "p24", simulated=True, device_id="SIMP240002")
        client = Kiosk(link, device)
        client.listen()
        try:
            said = await client.until(lambda x: isinstance(x, m.Device) and "Another" in x.sentence)
            assert said.sentence.startswith("Another stimulator is plugged in.")
            assert not said.present
            client.link.send(m.Test())
            refused = await client.until(lambda x: isinstance(x, m.Refused))
            assert refused.limit == "state"
            names = {event["name"] for event in device.log() if event["event"] == "frame"}
            assert not names & {"Ml_init", "Ml_update", "Ll_init"}, "asked who it is, and no more"
            assert not any(event["event"] == "output" and flows(event) for event in device.log())
        finally:
            await link.close()
