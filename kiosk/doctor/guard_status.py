"""What the guard that is a unit of its own says of its stimulator, without a connection to it.

It tells systemd (`drivers.guard.report.unit_status`), and systemd tells everybody: a second connection may
only stop (safety rule 8), and the port is nobody's but the guard's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from kiosk.doctor.machine import Machine

UNIT: Final = "homestim-guard.service"


@dataclass(frozen=True, slots=True)
class GuardStatus:
    """The guard's own word."""

    present: bool
    device_id: str
    firmware: str
    build: str
    sentence: str
    """Why there is no stimulator."""


def properties(machine: Machine, unit: str, *names: str) -> Mapping[str, str]:
    """What systemd says of `unit`; nothing where there is no systemd."""
    ran = machine.run(["systemctl", "show", unit, "--property", ",".join(names)])
    if ran is None or ran.code:
        return {}
    pairs = (line.partition("=") for line in ran.output.splitlines())
    return {name: value for name, equals, value in pairs if equals}


def read(machine: Machine) -> GuardStatus | None:
    """None: no guard runs as a unit, or it said nothing yet."""
    found = properties(machine, UNIT, "ActiveState", "StatusText")
    if found.get("ActiveState") != "active":
        return None
    try:
        told: Any = json.loads(found.get("StatusText", ""))
    except ValueError:
        return None
    if not isinstance(told, dict):
        return None

    def text(name: str) -> str:
        value = told.get(name, "")
        return value if isinstance(value, str) else ""

    return GuardStatus(
        told.get("present") is True, text("device_id"), text("firmware"), text("build"), text("sentence")
    )
