"""What a record means by itself, for all that ask the diary for today."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from kiosk.diary.records import Lock, Screening, Session, Stored
from programs.library import load_questionnaire


def ended(stored: Stored) -> dt.datetime:
    """When a session did, or began where that is not known."""
    assert isinstance(stored.record, Session)
    return stored.record.ended_at or stored.envelope.event_time


def is_restore(stored: Stored) -> bool:
    """A lock that was set because the diary came from a backup."""
    return isinstance(stored.record, Lock) and stored.record.class_ == "restore"


def lost_in_restores(locks: Iterable[Stored]) -> tuple[str, ...]:
    """Months ("2027-02") that could not be brought back and that no chain misses, oldest first."""
    return tuple(
        sorted({month for one in locks if isinstance(one.record, Lock) for month in one.record.lost})
    )


def is_whole_baseline(record: Screening) -> bool:
    """A baseline that was answered to its end."""
    if record.asks != "baseline" or record.verdict is None:
        return False
    return all(key in record.answers for key in load_questionnaire().keys_of("baseline"))


def says_of_a_change(record: Screening) -> bool:
    """Of health, medicine, implants: all questions are due."""
    return record.asks == "daily" and record.answers.get("d_change", "no") != "no"
