"""Finds `systemd/stop-output` and runs it as systemd does: apart from all of ours, which may be broken."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from kiosk.errors import KioskError

PLACES: Final = (
    Path(__file__).parents[2] / "systemd" / "stop-output",
    Path(sys.prefix) / "lib" / "homestim" / "stop-output",
)
"""In a checkout; where a wheel puts it."""


def run(arguments: Sequence[str]) -> int:
    """Its exit status: 0 the stimulator said that its output is off, or none is configured; 1 not known; 2
    wrong usage. Raises KioskError when the file is missing."""
    found = next((place for place in PLACES if place.exists()), None)
    if found is None:
        raise KioskError(
            "The file stop-output is missing. Switch the stimulator OFF, then install homestim anew.",
            detail=f"looked for {', '.join(map(str, PLACES))}",
        )
    # -I -S: an interpreter that finds no package and no folder of ours.
    return subprocess.run([sys.executable, "-I", "-S", str(found), *arguments], check=False).returncode  # noqa: S603
