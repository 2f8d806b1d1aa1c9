"""Which entries of the diary stand in the table, and in what order. Pure; nothing is ever changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import msgspec

from kiosk.review.family import EntryView, FamilyView, Found, NoteView

PAIN_HIGH: Final = 7

FILTERS: Final[Mapping[str, Callable[[EntryView], bool]]] = MappingProxyType(
    {
        "all": lambda view: True,
        "notes": lambda view: bool(view.entry.note or view.entry.phrases),
        "pain": lambda view: (view.entry.pain_rest or 0) >= PAIN_HIGH,
        "medicine": lambda view: bool(view.entry.medicine),
        "skin": lambda view: bool(view.entry.skin) or (view.entry.soreness or 0) > 0,
        "late": lambda view: view.entered_late or view.corrected,
    }
)
SORTS: Final = ("newest", "oldest", "worst")


class Looking(msgspec.Struct, frozen=True):
    """How the family looks at the lists now."""

    filter: str = "all"
    sort: str = "newest"
    row: int = 0
    typed: str = ""
    """Day and month that are looked for, as digits."""
    about: str = ""
    """Id of the alert or the record that a note is written for."""
    looked_for: str = ""
    """Words that are being looked for in the whole diary; empty: nothing is."""
    found: Found | None = None
    """What they were found in: the lists show that alone."""
    not_found_out: str = ""
    """Why it could not be looked."""


def entries_shown(view: FamilyView, looking: Looking) -> tuple[EntryView, ...]:
    """Of the last year, or what was found in all of them; filtered and in order.

    Of two with the same pain the newer one stands first.
    """
    if looking.looked_for and looking.found is None:
        return ()
    listed = view.entries if looking.found is None else looking.found.entries
    entries = [one for one in listed if FILTERS[looking.filter](one)]
    if looking.sort == "oldest":
        entries.reverse()
    elif looking.sort == "worst":
        entries.sort(key=lambda one: -(one.entry.pain_rest if one.entry.pain_rest is not None else -1))
    return tuple(entries)


def notes_shown(view: FamilyView, looking: Looking) -> tuple[NoteView, ...]:
    """Of the last year, or what was found in all of them."""
    if looking.looked_for and looking.found is None:
        return ()
    return view.notes if looking.found is None else looking.found.notes


def notes_about(view: FamilyView, looking: Looking, id_: str) -> tuple[NoteView, ...]:
    """What was noted about one entry, newest first."""
    older = () if looking.found is None else looking.found.about
    known = {note.id for note in view.notes}
    return tuple(
        note for note in (*view.notes, *(one for one in older if one.id not in known)) if note.about == id_
    )


def after(names: Sequence[str], name: str) -> str:
    """The next of them, the first after the last."""
    return names[(names.index(name) + 1) % len(names)]


def row_of_day(entries: Sequence[EntryView], typed: str, today: dt.date) -> int | None:
    """The row of the day "0911" (day and month) nearest in time, the last one that is not to come.

    None: there is no such day, or nothing to choose from.
    """
    day = day_of(typed, today)
    if day is None or not entries:
        return None
    return min(range(len(entries)), key=lambda row: abs((entries[row].at.date() - day).days))


def day_of(typed: str, today: dt.date) -> dt.date | None:
    """The last day with this day and month."""
    if len(typed) != len("ddmm"):
        return None
    for year in (today.year, today.year - 1):
        try:
            day = dt.date(year, int(typed[2:]), int(typed[:2]))
        except ValueError:
            continue
        if day <= today:
            return day
    return None
