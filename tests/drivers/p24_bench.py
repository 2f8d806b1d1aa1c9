"""A P24's driver and its virtual device, for the tests of both."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from drivers.p24.driver import P24
from tests.drivers.device_bench import DeviceOnPty, SimulatorProcess, on_bench, simulator, targets

__all__ = ["SimulatorProcess", "p24_on_bench", "ready_p24", "simulator", "targets"]


def p24_on_bench(
    age_clock: Callable[[], float] | None = None, **device: Any
) -> AbstractAsyncContextManager[tuple[P24, DeviceOnPty]]:
    """A driver and its device, nothing said yet."""
    return on_bench(P24, age_clock, **device)


@asynccontextmanager
async def ready_p24(
    age_clock: Callable[[], float] | None = None, **device: Any
) -> AsyncIterator[tuple[P24, DeviceOnPty]]:
    """The same, identified and initialised; the device's events begin after that."""
    async with p24_on_bench(age_clock, **device) as (driver, bench):
        await driver.identify()
        await driver.initialise()
        bench.events.clear()
        bench.read.clear()
        yield driver, bench
