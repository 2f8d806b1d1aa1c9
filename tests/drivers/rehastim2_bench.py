"""A RehaStim2's driver and its virtual device, for the tests of both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from drivers.rehastim2.driver import RehaStim2
from tests.drivers.device_bench import DeviceOnPty, on_bench


async def greet(driver: RehaStim2, bench: DeviceOnPty) -> None:
    """Have the device say Init at once, instead of within half a second, and the driver answer it."""
    bench.device._init_at_s = asyncio.get_running_loop().time()
    bench.serve()
    await driver._init_heard.wait()
    await bench.until(lambda: bench.device._greeted)


@asynccontextmanager
async def greeted_rehastim2(
    age_clock: Callable[[], float] | None = None, **device: Any
) -> AsyncIterator[tuple[RehaStim2, DeviceOnPty]]:
    """A driver and its device after the handshake."""
    async with on_bench(RehaStim2, age_clock, **device) as (driver, bench):
        await greet(driver, bench)
        yield driver, bench


@asynccontextmanager
async def ready_rehastim2(
    age_clock: Callable[[], float] | None = None, **device: Any
) -> AsyncIterator[tuple[RehaStim2, DeviceOnPty]]:
    """The same, identified and initialised; the device's events begin after that."""
    async with greeted_rehastim2(age_clock, **device) as (driver, bench):
        await driver.identify()
        await driver.initialise()
        bench.events.clear()
        bench.read.clear()
        yield driver, bench
