"""What is said of a damaged diary: which months, what can still be read, and whom to call."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

from kiosk import words
from kiosk.visit.state import Visit
from kiosk.words import _, ngettext

NAMED: Final = 2
"""More months than these are counted."""


def on_home(visit: Visit) -> tuple[str, ...]:
    """While the rest can be read; nothing where nothing is damaged."""
    if not visit.context.damaged:
        return ()
    return (
        "▲ " + _("Diary damaged: {months}. The rest can be read.").format(months=_months(visit)),
        _("Call the person who set up this box."),
    )


def where_unreadable(visit: Visit) -> tuple[str, ...]:
    """For whom is called, where the damage keeps the diary from being read."""
    if not visit.context.damaged:
        return ()
    return (
        _("Damaged: {months}. All the rest is kept. Do not repair it by hand.").format(months=_months(visit)),
    )


def for_family(visit: Visit) -> tuple[str, tuple[str, ...]]:
    """Headline, and what is behind it."""
    return _("▲ LOOK HERE: a part of the diary is damaged."), (
        _("Damaged: {months}. The rest can be read, and stands below.").format(months=_months(visit)),
        _("Call the person who set up this box."),
    )


def not_saved(visit: Visit) -> tuple[str, ...]:
    """Why, in the person's language where it is known; then as the box says it, for whom is called."""
    said = visit.context.saves.sentence
    worded = {
        "the disk is full": _("The disk of the box is full."),
        "it is read-only": _("The disk of the box takes nothing more."),
        "you have no right to write there": _("The box may not write into its diary."),
        "the disk does not answer as it should": _("The disk of the box does not answer as it should."),
    }
    return (*(why for reason, why in worded.items() if reason in said), said)


def left_out(months: Sequence[str]) -> str:
    """For whoever looks at the rest of it, or takes that along."""
    return _("Missing, because it cannot be read: {months}.").format(months=_named(months))


def _months(visit: Visit) -> str:
    return _named(visit.context.damaged)


def _named(months: Sequence[str]) -> str:
    """ "October 2026", oldest first."""
    if len(months) > NAMED:
        return ngettext("{n} month", "{n} months", len(months)).format(n=len(months))
    return ", ".join(words.month(dt.date.fromisoformat(f"{month}-01")) for month in months)
