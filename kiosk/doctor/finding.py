"""What one check found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "look", "fix"]
"""ok: as it should be. look: it works, but look at it. fix: it does not work, or is not safe."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's report, in the reader's language."""

    check: str
    """The check's name, the same in every language and release ("disk-space")."""
    state: State
    found: str
    """What was found, as a sentence."""
    remedy: str = ""
    """What to do, as a sentence; empty where nothing is to be done."""


def ok(check: str, found: str) -> Finding:
    return Finding(check, "ok", found)


def look(check: str, found: str, remedy: str) -> Finding:
    return Finding(check, "look", found, remedy)


def fix(check: str, found: str, remedy: str) -> Finding:
    return Finding(check, "fix", found, remedy)
