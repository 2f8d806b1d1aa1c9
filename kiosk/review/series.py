"""What the diary's records come to, day by day and session by session: for the family's view and the report.

Plain facts, no numbers' library: `kiosk.review.statistics` says what they mean.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Literal

import msgspec

from kiosk.diary.prescriptions import newest_installed
from kiosk.diary.records import Entry, Form, LevelFound, PrescriptionInstalled, Stored
from kiosk.diary.store import StoreReader
from kiosk.review.alerts import COMPARABLE
from programs import prescription
from programs.forms import load_forms
from programs.prescription import Prescription, PrescriptionError, demonstration_prescription


class PainDay(msgspec.Struct, frozen=True):
    """The last rating at rest of one day that no session had just changed."""

    day: dt.date
    pain: int
    late: bool
    """It was entered on a later day."""


class LevelPoint(msgspec.Struct, frozen=True):
    """What one channel was set to in one session."""

    day: dt.date
    channel: int
    side: Literal["left", "right", "both"]
    waveform: str
    level_mA: float
    limit_mA: float


class Around(msgspec.Struct, frozen=True):
    """Pain at rest around a session; None: not said."""

    before: int | None
    after: int | None

    @property
    def pair(self) -> tuple[int, int] | None:
        """Both, where both were said."""
        return None if self.before is None or self.after is None else (self.before, self.after)


class InForce(msgspec.Struct, frozen=True):
    """The newest prescription, valid or not, and when it was installed; None: nobody's folder has none."""

    prescription: Prescription
    installed_at: dt.datetime | None


def day_of(stored: Stored) -> dt.date:
    """The day of its event, in the event's own offset."""
    return stored.envelope.event_time.date()


def pain_by_day(entries: Iterable[Stored]) -> dict[dt.date, PainDay]:
    """Each day's last comparable rating, in the order of days."""
    found: dict[dt.date, PainDay] = {}
    for stored in in_order(entries):
        entry = stored.record
        if isinstance(entry, Entry) and entry.moment in COMPARABLE and entry.pain_rest is not None:
            found[day_of(stored)] = PainDay(day_of(stored), entry.pain_rest, stored.entered_late)
    return found


def in_order(records: Iterable[Stored]) -> list[Stored]:
    """By their events. A clock that was set back while writing changes nothing."""
    return sorted(records, key=lambda stored: stored.envelope.event_time)


def around_sessions(entries: Iterable[Stored], sessions: Sequence[Stored]) -> dict[str, Around]:
    """Id of each session → the last pain of the same day before it, and the first one after it."""
    held = {day_of(session) for session in sessions}
    said: dict[dt.date, list[tuple[dt.datetime, Entry]]] = {}
    for stored in in_order(entry for entry in entries if day_of(entry) in held):
        entry = stored.record
        if isinstance(entry, Entry) and entry.pain_rest is not None:
            said.setdefault(day_of(stored), []).append((stored.envelope.event_time, entry))
    found = {}
    for session in sessions:
        at = session.envelope.event_time
        that_day = said.get(day_of(session), [])
        before = [entry.pain_rest for when, entry in that_day if when <= at and entry.moment != "after"]
        after = [entry.pain_rest for when, entry in that_day if when > at and entry.moment == "after"]
        found[session.envelope.id] = Around(before[-1] if before else None, after[0] if after else None)
    return found


def level_points(levels: Iterable[Stored]) -> tuple[LevelPoint, ...]:
    """Each channel's last confirmed level of each session, by day and channel."""
    found: dict[tuple[str, int, dt.date], LevelPoint] = {}
    for stored in in_order(levels):
        level = stored.record
        if isinstance(level, LevelFound) and level.comfortable_mA is not None:
            found[level.session_id, level.channel, day_of(stored)] = LevelPoint(
                day_of(stored),
                level.channel,
                level.side,
                level.waveform,
                level.comfortable_mA,
                level.ceiling_mA,
            )
    return tuple(sorted(found.values(), key=lambda point: (point.day, point.channel)))


def scores(forms: Iterable[Stored], id_: str) -> list[float]:
    """Of every form of this id that was filled in far enough, oldest first. A form that there is no more has
    none."""
    form = load_forms().get(id_)
    if form is None:
        return []
    found = []
    for stored in in_order(forms):
        if isinstance(stored.record, Form) and stored.record.form == id_:
            with suppress(ValueError):  # an answer that this version of the form does not have
                found.append(form.score(stored.record.answers))
    return [score for score in found if score is not None]


def in_force(reader: StoreReader, today: dt.date) -> InForce | None:
    """Who set the limits; in a folder of nobody's data the demonstration. What this version does not
    understand is left out. Raises DiaryDamaged."""
    try:
        installed = newest_installed(reader)
    except PrescriptionError:
        return None
    if installed is not None:
        return InForce(installed.prescription, installed.stored.envelope.event_time)
    return None if reader.kind == "real" else InForce(demonstration_prescription(today), None)


def days_planned(reader: StoreReader, today: dt.date) -> dict[dt.date, int]:
    """Day of installing → days a week from then on, in the order of days. Raises DiaryDamaged."""
    found = {}
    for stored in in_order(reader.all("prescriptions")):
        if isinstance(stored.record, PrescriptionInstalled):
            with suppress(PrescriptionError):
                parsed = prescription.parse(stored.record.toml, "")
                found[day_of(stored)] = parsed.days_per_week
    if not found and reader.kind != "real":
        found[dt.date.min] = demonstration_prescription(today).days_per_week
    return found


def planned_on(planned: dict[dt.date, int], day: dt.date) -> int | None:
    """Days a week that were planned on that day (`days_planned`); None: nothing was prescribed yet."""
    return next((days for since, days in reversed(planned.items()) if since <= day), None)
