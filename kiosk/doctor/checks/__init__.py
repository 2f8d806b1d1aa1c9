"""The checks, by what they look at. Each is a function of the box and gives what it found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from kiosk.doctor.box import Box
from kiosk.doctor.checks import (
    backup,
    clock,
    disk,
    outside,
    program,
    screen,
    sending,
    settings,
    stimulator,
    units,
)
from kiosk.doctor.finding import Finding

CHECKS: Final[tuple[tuple[str, Callable[[Box], Finding]], ...]] = (
    ("program", program.program),
    ("configuration", program.configuration),
    ("builds", program.builds),
    ("safe-mode", program.safe_mode),
    ("diary", program.diary),
    ("backup", backup.backup),
    ("patient-pin", settings.patient_pin),
    ("port", stimulator.port),
    ("port-name", stimulator.port_name),
    ("device-id", stimulator.device_id),
    ("firmware", stimulator.firmware),
    ("guard", stimulator.guard),
    ("watchdog", stimulator.watchdog),
    ("stop-inputs", stimulator.stop_inputs),
    ("disk-space", disk.space),
    ("disk-wear", disk.wear),
    ("disk-flags", disk.flags),
    ("clock", clock.clock),
    ("clock-source", clock.source),
    ("power", outside.power),
    ("font", screen.font),
    ("glyphs", screen.glyphs),
    ("locale", screen.locale),
    ("sound", outside.sound),
    ("printer", outside.printer),
    ("outbox", sending.outbox),
    ("handed-in", sending.handed_in),
    ("units", units.units),
    ("sandbox", units.sandbox),
    ("keys", units.keys),
)
"""In the order of the report: first what keeps the kiosk from starting."""
