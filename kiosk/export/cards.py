"""Which alerts go on a printed card: each red or amber one once, also over restarts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from kiosk.diary.records import Access, Stored
from kiosk.review.family import Told

PREFIX: Final = "card: "
ROLE: Final = "box"


def to_print(standing: Iterable[Told], access: Iterable[Stored]) -> tuple[str, ...]:
    """Ids of the alerts that stand and that no card has told yet; "to know" needs no paper."""
    printed = {
        id_
        for stored in access
        if isinstance(stored.record, Access) and stored.record.detail.startswith(PREFIX)
        for id_ in stored.record.detail.removeprefix(PREFIX).split()
    }
    return tuple(one.id for one in standing if one.level != "info" and one.id and one.id not in printed)


def printed(ids: Iterable[str]) -> Access:
    """The record that a card was printed."""
    return Access(role=ROLE, action="export", detail=PREFIX + " ".join(ids))
