"""Which device id the kiosk hands to its guard (safety rule 21)."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.registry import DRIVERS
from kiosk.config import Config, Device
from kiosk.guard_unit import recorded_device_id
from kiosk.settings import RunOptions, resolve

BOX = Device(kind="p24", id_path="/dev/serial/by-id/usb-1", device_id="1234567890")
DEMO = Device(kind="p24", simulated=True, device_id="SIMP240001")


@pytest.mark.parametrize(
    ("device", "simulate", "expected"),
    [
        (BOX, None, "1234567890"),
        (BOX, "p24", ""),
        (DEMO, None, "SIMP240001"),
        (DEMO, "p24", "SIMP240001"),
        (DEMO, "rehastim2", ""),
        (Device(kind="p24", id_path="/dev/serial/by-id/usb-1"), None, ""),
        (None, "p24", ""),
    ],
)
def test_the_recorded_id_goes_with_the_recorded_device_alone(
    device: Device | None, simulate: str | None, expected: str, tmp_path: Path
) -> None:
    options = RunOptions(simulate=simulate, data=tmp_path)
    settings = resolve(options, Config(device=device), DRIVERS, build="b")
    assert recorded_device_id(settings) == expected
