"""Works the family's view out in a process of its own: years of diary and numpy stay out of the kiosk's."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Final

import msgspec

from kiosk.clock import Clock
from kiosk.errors import KioskError
from kiosk.review.family import FamilyView

CANNOT_READ: Final = 3
"""Exit code: what stands on standard output is the sentence for the person."""


class Asked(msgspec.Struct, frozen=True):
    """What the child is told, as JSON on its standard input."""

    folder: str
    now: str
    clock_trusted: bool


async def family_view_in_child(folder: Path, clock: Clock) -> FamilyView:
    """The view up to now. Ends the child when it is cancelled. Raises KioskError."""
    asked = Asked(str(folder), clock.now().isoformat(), clock.trusted())
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "kiosk.review",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        output, errors = await child.communicate(msgspec.json.encode(asked))
    except asyncio.CancelledError:
        child.kill()
        await child.wait()
        raise
    if child.returncode == CANNOT_READ:
        raise KioskError(output.decode())
    if child.returncode != 0:
        raise KioskError(
            "The diary cannot be shown now. Please try again.", detail=errors.decode(errors="replace")
        )
    return msgspec.json.decode(output, type=FamilyView)
