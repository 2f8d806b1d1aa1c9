"""The stimulator that the guard reports, and whether it can be used."""

from __future__ import annotations

from drivers.messages import Device
from kiosk.visit.state import Visit
from kiosk.visit.steps.moves import update, update_run


def seen(visit: Visit, device: Device) -> Visit:
    """The guard reports a stimulator, or none: with one that was away, or is another, STOP was not tested
    (safety rule 15)."""
    before = visit.context.device
    same = before is None or before.device_id == device.device_id
    if not (device.present and same):
        visit = update_run(visit, stop_tested=False)
    return update(visit, device=device)


def usable(visit: Visit) -> bool:
    """It is there, and guard and kiosk are of one build (safety rule 24)."""
    device = visit.context.device
    return device is not None and device.present and not other_build(visit)


def measures_contact(visit: Visit) -> bool:
    """It can be asked how the pads lie; else the person is (safety rule 22)."""
    device = visit.context.device
    return device is not None and device.measures_contact


def other_build(visit: Visit) -> bool:
    """Guard and kiosk are of different builds: nothing is armed."""
    device, build = visit.context.device, visit.context.setting.build
    return device is not None and bool(build) and bool(device.build) and device.build != build
