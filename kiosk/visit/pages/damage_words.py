"""What is said of a damaged diary: which months, what can still be read, and whom to call."""

from __future__ import annotations

from kiosk.visit.state import Visit
from kiosk.wording.unreadable import named
from kiosk.words import _, worded


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
    """Why, for whom is called."""
    return (worded(visit.context.saves.sentence),)


def _months(visit: Visit) -> str:
    return named(visit.context.damaged)
