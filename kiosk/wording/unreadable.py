"""Months of the diary that cannot be read: their names, and that they are missing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

from kiosk import words
from kiosk.diary.month_names import AND_LATER
from kiosk.words import _, ngettext

NAMED: Final = 2
"""More months than these are counted."""


def left_out(months: Sequence[str]) -> str:
    """For whoever looks at the rest of it, or takes that along."""
    return _("Missing, because it cannot be read: {months}.").format(months=named(months))


def named(months: Sequence[str]) -> str:
    """ "October 2026", oldest first."""
    if len(months) > NAMED:
        return ngettext("{n} month", "{n} months", len(months)).format(n=len(months))
    return ", ".join(map(_named, months))


def _named(month: str) -> str:
    day = dt.date.fromisoformat(f"{month.removesuffix(AND_LATER)}-01")
    return _("from {month} on").format(month=words.month(day)) if AND_LATER in month else words.month(day)
