"""What is said of a damaged diary: which months, what can still be read, and whom to call."""

from __future__ import annotations

from kiosk.visit.state import Visit
from kiosk.wording.unreadable import named
from kiosk.words import _


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


def _months(visit: Visit) -> str:
    return named(visit.context.damaged)
