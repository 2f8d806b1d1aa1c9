"""One command and its answer: our P24 driver and the package science_mode_4, on the same virtual P24.

The command is the one that shapes the current: one update of two channels. Its answer leaves the device 1 ms
after the command arrived.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
import time
from collections.abc import Awaitable, Callable
from fractions import Fraction
from pathlib import Path
from statistics import median

import science_mode_4 as peer

from benchmarks.figures import Figure
from drivers.p24.driver import P24
from drivers.registry import DRIVERS
from drivers.stimulator import ChannelTarget
from tests.drivers.p24_bench import simulator

LATENCY_MS = 1.0


def measure(quick: bool) -> list[Figure]:
    ours, theirs = (50, 20) if quick else (1000, 300)
    with (
        tempfile.TemporaryDirectory() as folder,
        simulator(Path(folder), "--latency", str(LATENCY_MS)) as device,
    ):
        ours_ms = asyncio.run(_ours(device.link, ours))
        theirs_ms = asyncio.run(_theirs(device.link, theirs))
    p50_ms, peer_ms = median(ours_ms), median(theirs_ms)
    trials = f"{ours} / {theirs}"
    return [
        Figure("roundtrip_p50_ms", p50_ms, trials, peer_ms, f"of it {LATENCY_MS:g} ms in the device"),
        Figure("roundtrip_speedup_vs_science_mode_4", peer_ms / p50_ms, trials),
    ]


async def _ours(link: Path, trials: int) -> list[float]:
    driver = P24(str(link), DRIVERS["p24"].serial)
    await driver.identify()
    await driver.initialise()
    targets = [
        tuple(ChannelTarget(channel, half_mA, 300, Fraction(30)) for channel in (1, 2))
        for half_mA in (20, 22)
    ]
    times_ms = await _timed(lambda n: driver.apply(targets[n % 2]), driver.check, trials)
    await driver.stop()
    await driver.close()
    return times_ms


async def _theirs(link: Path, trials: int) -> list[float]:
    connection = peer.SerialPortConnection(str(link))
    connection.open()
    device = peer.DeviceP24(connection)
    logging.getLogger("science_mode_4").setLevel(logging.WARNING)
    await device.initialize()
    mid = device.get_layer_mid_level()
    await mid.init(do_stop_on_all_errors=True)
    updates = [
        [
            peer.MidLevelChannelConfiguration(
                True,
                0,
                33,
                [peer.ChannelPoint(300, mA), peer.ChannelPoint(100, 0), peer.ChannelPoint(300, -mA)],
            )
        ]
        * 2
        for mA in (10, 11)
    ]
    times_ms = await _timed(lambda n: mid.update(updates[n % 2]), mid.get_current_data, trials)
    await mid.stop()
    connection.close()
    return times_ms


async def _timed(
    command: Callable[[int], Awaitable[object]], keep_alive: Callable[[], Awaitable[object]], trials: int
) -> list[float]:
    """How long each command took, in ms; the first tenth is the warm-up. Now and then the device's state is
    read, as in a session."""
    times_ms = []
    for number in range(trials + trials // 10):
        if number % 20 == 0:
            await keep_alive()
        began_s = time.perf_counter()
        await command(number)
        times_ms.append((time.perf_counter() - began_s) * 1000)
    return times_ms[trials // 10 :]
