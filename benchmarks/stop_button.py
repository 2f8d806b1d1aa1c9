"""A stop input that the guard itself watches → the moment when the device has read the stop frame.

The one who should renew the lease does nothing meanwhile. First a bare client of the guard's, which falls
silent; then a kiosk that is stopped by SIGSTOP, and one with work in another thread.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from benchmarks.button_guard import Button, start
from benchmarks.figures import Figure, percentile
from benchmarks.kiosk_rig import Kiosk, kiosk_with_button
from benchmarks.processes import DeviceLog, let_run_as_hardware
from drivers import messages as guard
from tests.drivers.guard_bench import arm
from tests.drivers.p24_bench import SimulatorProcess

WARM_UP = 5
SILENT_AT_MOST_S = 0.05
"""Well within the lease: what is measured is the button, not the lapse."""
BUSY_AT_MOST_S = 30.0
"""A kiosk that is kept from its work keeps an arming only now and then."""


def measure(quick: bool) -> list[Figure]:
    bare, with_kiosk = (20, 3) if quick else (1000, 30)
    randomness = random.Random("button")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        device = SimulatorProcess(folder)
        stack.callback(device.end)
        let_run_as_hardware(device.process.pid)
        bare_ms = asyncio.run(_with_a_bare_client(device, Button(folder / "button"), bare, randomness))
    with kiosk_with_button() as (kiosk, button):
        hung_ms = [_hung(kiosk, button, randomness) for _ in range(with_kiosk)]
        busy_ms = {load: _busy(kiosk, button, load, with_kiosk, randomness) for load in ("loop", "json")}
    others = {"kiosk stopped": hung_ms, "200 ms loops": busy_ms["loop"], "json.dumps": busy_ms["json"]}
    said = ", ".join(
        f"{name} p50 {median(ms):.1f} max {max(ms):.1f} ({len(ms)})" for name, ms in others.items() if ms
    )
    note = f"p50 {median(bare_ms):.2f} ms; with a kiosk (trials): {said}"
    return [Figure("stop_button_hung_p99_ms", percentile(bare_ms, 99), str(bare), note=note)]


class _Client:
    """Arms a guard at zero, and then says nothing more."""

    def __init__(self, port: str, button: Path) -> None:
        self._link = start(port, button)
        self._heard: asyncio.Queue[guard.FromGuard | None] = asyncio.Queue()
        self._link.listen(self._heard.put_nowait, lambda: self._heard.put_nowait(None))
        self._epoch = 0

    async def test_stop(self) -> None:
        await self._state("idle")
        self._link.send(guard.Test())
        await self._state("testing")
        self._link.send(guard.Stop("test"))
        await self.stopped()

    async def arm(self) -> None:
        self._epoch += 1
        self._link.send(arm(self._epoch))
        self._link.send(guard.Lease(self._epoch, 1, time.clock_gettime_ns(time.CLOCK_BOOTTIME)))
        await self._state("armed")

    async def stopped(self) -> str:
        while True:
            match await self._next():
                case guard.Stopped(why=why):
                    await self._state("idle")
                    return why

    async def close(self) -> None:
        await self._link.close()

    async def _state(self, wanted: str) -> None:
        while True:
            match await self._next():
                case guard.Refused() as refused:
                    raise RuntimeError(f"refused: {refused}")
                case guard.Status(state=state) if state == wanted:
                    return

    async def _next(self) -> guard.FromGuard:
        async with asyncio.timeout(20):
            message = await self._heard.get()
        if message is None:
            raise RuntimeError("the guard is gone")
        return message


async def _with_a_bare_client(
    device: SimulatorProcess, button: Button, trials: int, randomness: random.Random
) -> list[float]:
    """How long each stop took, in ms, from the event in the pipe to the frame in the device."""
    log = DeviceLog(device.log_path)
    client = _Client(str(device.link), button.path)
    times_ms: list[float] = []
    try:
        await client.test_stop()
        for _ in range(trials + WARM_UP):
            await client.arm()
            await asyncio.sleep(randomness.uniform(0.0, SILENT_AT_MOST_S))
            pressed_s = button.press()
            assert await client.stopped() == "keyboard"
            times_ms.append((log.stop_frame_s(after_s=pressed_s) - pressed_s) * 1000)
    finally:
        await client.close()
        button.close()
    return times_ms[WARM_UP:]


def _hung(kiosk: Kiosk, button: Button, randomness: random.Random) -> float:
    kiosk.arm()
    os.kill(kiosk.pid, signal.SIGSTOP)
    try:
        time.sleep(randomness.uniform(0.0, SILENT_AT_MOST_S))
        pressed_s = button.press()
        read_s = kiosk.log.stop_frame_s(after_s=pressed_s)
    finally:
        os.kill(kiosk.pid, signal.SIGCONT)
    kiosk.stopped()
    return (read_s - pressed_s) * 1000


def _busy(kiosk: Kiosk, button: Button, load: str, trials: int, randomness: random.Random) -> list[float]:
    kiosk.order(f"load {load}")
    times_ms: list[float] = []
    end_s = time.monotonic() + BUSY_AT_MOST_S
    while len(times_ms) < trials and time.monotonic() < end_s:
        ordered_s = time.monotonic()
        if not kiosk.is_armed():
            continue
        time.sleep(randomness.uniform(0.0, SILENT_AT_MOST_S))
        pressed_s = button.press()
        kiosk.stopped()
        # Under load the lease can lapse before the button is pressed, even before "armed" was read here.
        read_s = kiosk.log.stop_frame_s(after_s=ordered_s)
        if read_s > pressed_s:
            times_ms.append((read_s - pressed_s) * 1000)
    kiosk.order("load none")
    return times_ms
