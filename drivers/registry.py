"""Which stimulators there are: one line each. A driver's module is imported when its device is opened."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Final, cast

from drivers.record import record
from drivers.serial_settings import Direction, SerialSettings

if TYPE_CHECKING:
    from drivers.stimulator import Capabilities, Stimulator, Targets


@record
class Driver:
    """Where a kind of stimulator's driver is, and how its line is set."""

    module: str
    class_name: str
    serial: SerialSettings
    waveform: str
    """The module that says, without a port, what it can put out."""


DRIVERS: Final = {
    "p24": Driver(
        "drivers.p24.driver", "P24", SerialSettings(3_000_000, "N", 2, rts_cts=True), "drivers.p24.waveform"
    ),
    "rehastim2": Driver(
        "drivers.rehastim2.driver",
        "RehaStim2",
        SerialSettings(460_800, "E", 1, rts_cts=False),
        "drivers.rehastim2.waveform",
    ),
}


@record
class Fit:
    """What a kind of stimulator can do at all."""

    kind: str
    capabilities: Capabilities
    refusal: Callable[[Targets], str | None]
    """As `Stimulator.refusal`."""


def fit_of(kind: str) -> Fit:
    """What a `kind` can do, without one: no port is opened, and what opens ports is not imported.

    Raises KeyError for a kind that is not in DRIVERS.
    """
    waveform = import_module(DRIVERS[kind].waveform)
    return Fit(kind, waveform.CAPABILITIES, waveform.refusal)


def open_stimulator(
    kind: str,
    port: str,
    clock: Callable[[], float] = time.monotonic,
    tap: Callable[[Direction, bytes], None] | None = None,
    late_s: float = 0.0,
) -> Stimulator:
    """Open `port` and put the driver of `kind` on it; needs a running loop. Nothing is sent yet.

    `clock` is CLOCK_MONOTONIC in seconds; `tap` gets all bytes that leave and arrive; a simulator's answers
    may come `late_s` later than a device's.
    Raises PortError, and KeyError for a kind that is not in DRIVERS.
    """
    driver = DRIVERS[kind]
    factory = getattr(import_module(driver.module), driver.class_name)
    made = factory(port, driver.serial, clock)
    made.late_s = late_s
    stimulator = cast("Stimulator", made)
    if tap is not None:
        stimulator.tap(tap)
    return stimulator
