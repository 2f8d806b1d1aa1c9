"""Works the family's view out, or looks for words, in a process of its own: years of diary and numpy stay
out of the kiosk's."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace

from kiosk import child
from kiosk.clock import Clock
from kiosk.errors import N_, KioskError, Part, Sentence
from kiosk.review.family import FamilyView, Found

CANNOT_READ: Final = 3
"""Exit code: what stands on standard output are the parts of the sentence for the person."""


class Asked(msgspec.Struct, frozen=True):
    """What the child is told, as JSON on its standard input."""

    folder: str
    now: str
    clock_trusted: bool
    words: str = ""
    """What is looked for; empty: the view is asked for."""
    language: str = "en"
    """Of the words that stand on the screen."""
    outbox: str = ""
    """Where it is configured to be; empty: in the data folder."""


async def family_view_in_child(folder: Path, clock: Clock, outbox: str = "") -> FamilyView:
    """The view up to now. Ends the child when it is cancelled. Raises KioskError."""
    asked = replace(_asked(folder, clock), outbox=outbox)
    return msgspec.json.decode(await _answer(asked), type=FamilyView)


async def found_in_child(folder: Path, clock: Clock, wanted: str, language: str) -> Found:
    """Where the words stand in the whole diary. Ends the child when it is cancelled. Raises KioskError."""
    asked = replace(_asked(folder, clock), words=wanted, language=language)
    return msgspec.json.decode(await _answer(asked), type=Found)


def _asked(folder: Path, clock: Clock) -> Asked:
    return Asked(str(folder), clock.now().isoformat(), clock.trusted())


async def _answer(asked: Asked) -> bytes:
    code, output, errors = await child.ask_ours("kiosk.review", question=msgspec.json.encode(asked))
    if code == CANNOT_READ:
        raise KioskError(Sentence(*msgspec.json.decode(output, type=tuple[Part, ...])))
    if code != 0:
        raise KioskError(
            N_("The diary cannot be shown now. Please try again."), detail=errors.decode(errors="replace")
        )
    return output
