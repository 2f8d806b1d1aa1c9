"""Whether the stimulator that the guard reports can be used."""

from __future__ import annotations

from kiosk.visit import Visit


def usable(visit: Visit) -> bool:
    """It is there, and guard and kiosk are of one build (safety rule 24)."""
    device = visit.context.device
    return device is not None and device.present and not other_build(visit)


def other_build(visit: Visit) -> bool:
    """Guard and kiosk are of different builds: nothing is armed."""
    device, build = visit.context.device, visit.context.setting.build
    return device is not None and bool(build) and bool(device.build) and device.build != build
