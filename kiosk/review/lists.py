"""Entries and notes one by one, as they are read. Light: without numpy."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from kiosk.diary.records import Entry, Note, Stored
from kiosk.diary.store import StoreReader
from kiosk.review.family import EntryView, NoteView, Written

_ANSWERS: Final = ("pain_rest", "pain_moving", "soreness", "skin", "sleep", "medicine", "note")


def entry_views(chains: Sequence[tuple[Stored, ...]], first: dt.date = dt.date.min) -> tuple[EntryView, ...]:
    """Newest first, from the day `first` on, each under the id of its original.

    A growing entry of one writing is not a corrected one: an answer that was given has changed.
    """
    views = []
    for chain in chains:
        stored = chain[-1]
        if isinstance(stored.record, Entry) and stored.envelope.event_time.date() >= first:
            earlier = chain[:-1] if _answer_changed(chain) else ()
            views.append(
                EntryView(
                    id=chain[0].envelope.id,
                    at=stored.envelope.event_time,
                    entry=stored.record,
                    entered_late=stored.entered_late,
                    earlier=tuple(
                        Written(one.envelope.entry_time, one.record)
                        for one in earlier
                        if isinstance(one.record, Entry)
                    ),
                )
            )
    return tuple(sorted(views, key=lambda view: view.at, reverse=True))


def _answer_changed(versions: Sequence[Stored]) -> bool:
    if len(versions) == 1:
        return False
    records = [stored.record for stored in versions]
    return any(
        getattr(old, name) not in (None, "", getattr(new, name))
        for old, new in pairwise(records)
        for name in _ANSWERS
    )


def note_views(
    reader: StoreReader, chains: Sequence[tuple[Stored, ...]], first: dt.date = dt.date.min
) -> tuple[NoteView, ...]:
    """Newest first, from the day `first` on. One about an entry of `chains` that was corrected later is about
    its original. Raises DiaryDamaged."""
    original = {stored.envelope.id: chain[0].envelope.id for chain in chains for stored in chain[1:]}
    views = [
        NoteView(
            id=stored.envelope.id,
            at=stored.envelope.event_time,
            text=stored.record.text,
            author=stored.record.author,
            about=original.get(stored.record.about or "", stored.record.about),
        )
        for stored in reader.all("notes")
        if isinstance(stored.record, Note) and stored.envelope.event_time.date() >= first
    ]
    return tuple(sorted(views, key=lambda view: view.at, reverse=True))
