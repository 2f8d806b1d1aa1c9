"""What is to leave the box, and what became of it: plain facts for the screens. Light, as they are."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from programs.text import Reason

Format = Literal["pdf", "html", "csv", "fhir"]
FORMATS: Final[tuple[Format, ...]] = ("pdf", "html", "csv", "fhir")

Failure = Literal["busy", "diary", "gone", "full", "forgets", "refused", "printer", "unknown"]
"""Why nothing counts, for the screens to word: current can flow; the diary cannot be read; the stick was
pulled, is full, forgets what is written, or cannot be written; the printer did not take it."""


class Places(msgspec.Struct, frozen=True):
    """Where something can go now."""

    sticks: tuple[str, ...] = ()
    """Mount points that may be written on."""
    finished: bool = False
    """One was written on and made read-only: it has to be put in anew."""
    plugged_in: bool = False
    """A stick is in the box, of a kind that can be used or not."""
    printer: str = ""
    """The printer's name; empty: there is none."""


class Sent(msgspec.Struct, frozen=True, tag=True):
    """It is there: read back from the stick, or taken by the printer."""

    where: str
    """The folder's name on the stick, or the printer's."""
    names: tuple[str, ...]
    unreadable: tuple[str, ...] = ()
    """Months ("2026-10") that are missing in it, because they cannot be read."""


class NotSent(msgspec.Struct, frozen=True, tag=True):
    """Nothing of it counts."""

    why: Failure
    sentence: str = ""
    """For the log, and for the screen where `why` does not say it."""


Result = Sent | NotSent


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """What the family chose on the screen, and how far it is."""

    report: bool = True
    table: bool = False
    fhir: bool = False
    locked: bool = False
    """Behind a password that the box makes up."""
    password: str = ""
    """Shown once, never kept."""
    places: Places | None = None
    """None: it is being looked."""
    printing: bool = False
    result: Result | None = None
    taken: tuple[Reason, ...] | None = None
    """What the clinic sent on the stick; None: it is being read."""

    @property
    def formats(self) -> tuple[Format, ...]:
        """What was chosen, as files. A password is the page's: the rest is in it."""
        chosen: dict[Format, bool] = {
            "pdf": self.report or self.locked,
            "html": self.report,
            "csv": self.table,
            "fhir": self.fhir,
        }
        return tuple(format_ for format_ in FORMATS if chosen[format_])
