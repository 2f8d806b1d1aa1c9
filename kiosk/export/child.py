"""An export in a process of its own, for the kiosk: what it loads and holds is gone with it."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Final

from kiosk.diary.durable import TEMPORARY_SUFFIX
from kiosk.errors import KioskError
from kiosk.export.command import Format

NICENESS: Final = ("nice", "-n", "10")
"""Nothing that a person waits for at the screen waits for it."""


async def export_in_child(format_: Format, out: Path, folder: Path, language: str) -> None:
    """Writes `out` as `homestim report` does. Only while no output can be on: the caller sees to that.

    Ends the child when it is cancelled; then `out` is as it was. Raises KioskError.
    """
    child = await asyncio.create_subprocess_exec(
        *NICENESS, sys.executable, "-m", "kiosk", "report",
        "--format", format_, "--out", str(out), "--data", str(folder), "--lang", language,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        _, errors = await child.communicate()
    except asyncio.CancelledError:
        child.kill()
        await child.wait()
        out.with_name(out.name + TEMPORARY_SUFFIX).unlink(missing_ok=True)
        raise
    if child.returncode != 0:
        said = errors.decode(errors="replace").strip()
        raise KioskError(said.removeprefix("homestim: ") or "The report could not be made. Please try again.")
