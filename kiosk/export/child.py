"""Everything that leaves the box from the screen, in a process of its own: what it loads and holds is gone
with it, and nothing heavy runs where a session does."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

import msgspec

from kiosk import child
from kiosk.clock import Clock
from kiosk.errors import KioskError
from kiosk.export.outgoing import Format, NotSent, Result, Sent

NICENESS: Final = ("nice", "-n", "10")
"""Nothing that a person waits for at the screen waits for it."""
LONGEST_S: Final = 600.0
"""A stick that takes longer is broken."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the child is told, as JSON on its standard input. Either a stick or a printer."""

    folder: str
    now: str
    clock_trusted: bool
    language: str
    formats: tuple[Format, ...]
    stick: str = ""
    """Its mount point."""
    printer: str = ""
    password: str = ""
    """Empty: whoever has the stick can read it."""
    card: tuple[str, ...] = ()
    """Ids of the alerts that a printed card is to tell, in the place of the report."""
    emergency: str = ""
    """The number that stands on it."""


def question(
    folder: Path,
    clock: Clock,
    language: str,
    formats: tuple[Format, ...],
    *,
    stick: str = "",
    printer: str = "",
    password: str = "",
    card: tuple[str, ...] = (),
    emergency: str = "",
) -> Asked:
    """As of now."""
    return Asked(
        folder=str(folder),
        now=clock.now().isoformat(),
        clock_trusted=clock.trusted(),
        language=language,
        formats=formats,
        stick=stick,
        printer=printer,
        password=password,
        card=card,
        emergency=emergency,
    )


async def send_in_child(asked: Asked) -> Result:
    """Makes what is asked for and sends it. Only while no output can be on: the caller sees to that.

    Ends the child when it is cancelled; what was half written then does not count.
    """
    question = msgspec.json.encode(asked)
    try:
        async with asyncio.timeout(LONGEST_S):
            code, output, errors = await child.ask_ours("kiosk.export", question=question, by=NICENESS)
    except TimeoutError:
        return NotSent("unknown", "It took too long.")
    except KioskError as error:
        return NotSent("unknown", str(error))
    if code != 0:
        return NotSent("unknown", errors.decode(errors="replace"))
    return msgspec.json.decode(output, type=Sent | NotSent)
