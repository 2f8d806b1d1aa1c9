"""What all parts of a rehearsal share: time and chance, the patient, the book of records, what is told."""

from __future__ import annotations

import datetime as dt
from random import Random
from typing import Any, Final, Literal, Protocol

import msgspec
from msgspec.structs import replace

from kiosk.clock import FixedClock
from kiosk.diary.records import Alert, Entry, Record
from kiosk.rehearsal.checker import Checker
from kiosk.rehearsal.patient import Patient, draw_person
from kiosk.rehearsal.summary import RollingSummary
from programs.text import Reason

DAY: Final = dt.timedelta(days=1)


class Book(Protocol):
    """Where records go: a data folder, or nowhere."""

    def add(self, record: Record, corrects: str | None = None, at: dt.datetime | None = None) -> str:
        """The id of the record, which happened at `at` (now) or when the corrected one did."""


class ChannelToday(msgspec.Struct, frozen=True):
    """One channel's numbers of a session, in mA."""

    channel: int
    limit_mA: float
    set_by: Reason
    comfortable_mA: float | None


What = Literal["session", "no_session", "locked", "opened", "prescribed", "baseline"]


class Event(msgspec.Struct, frozen=True):
    """Something that a rehearsal tells of: one line."""

    at: dt.datetime
    what: What
    reasons: tuple[Reason, ...] = ()
    programme: str = ""
    kind: str = ""
    minutes: int = 0
    channels: tuple[ChannelToday, ...] = ()
    state: str = ""
    seconds_done: int = 0
    stop_reason: str | None = None
    unfelt: bool = False
    """At a limit nothing was felt: she took it as it is."""
    lock: str = ""
    """Class and cause of the lock that was set or opened."""


class Life:
    """One invented patient with a kiosk. The clock stands on the day that is played."""

    def __init__(self, seed: int, clock: FixedClock, book: Book) -> None:
        self.rng = Random(seed)  # noqa: S311 - an invented life, no secret
        self.clock = clock
        self.book = book
        self.person = draw_person(self.rng)
        self.patient = Patient(self.person, self.rng)
        self.checker = Checker()
        self.summary = RollingSummary()
        """What the rules read of the past."""
        self.told: list[Event] = []
        """Of this day."""
        self.alerts: list[str] = []
        """Ids of those that the family has not seen to."""

    @property
    def today(self) -> dt.date:
        """The day that is played."""
        return self.clock.now().date()

    def passes(self, seconds: float) -> None:
        """So much time."""
        self.clock.advance(round(seconds, 3))

    def wait_until(self, day: dt.date, hour: float) -> None:
        """Until this hour of the day, if it has not passed yet."""
        now = self.clock.now()
        at = dt.datetime.combine(day, dt.time(), now.tzinfo) + dt.timedelta(seconds=round(hour * 3600))
        if at > now:
            self.clock.advance((at - now).total_seconds())

    def tell(self, what: What, reasons: tuple[Reason, ...] = (), **more: Any) -> None:
        """One line of the report."""
        self.told.append(Event(self.clock.now(), what, reasons, **more))

    def alert(self, level: Literal["red", "amber", "info"], rule: Reason) -> None:
        """The kiosk raises one."""
        self.alerts.append(self.book.add(Alert(level=level, rule=rule)))

    def say(self, entry: Entry, said: dict[str, Any]) -> Entry:
        """An entry grows a number at a time; each is kept."""
        record_id, at = None, self.clock.now()
        for name, value in said.items():
            self.passes(self.rng.uniform(3, 20))
            entry = replace(entry, **{name: value})
            stored = self.book.add(entry, corrects=record_id, at=at)
            record_id = record_id or stored
        self.summary.wrote(entry, at)
        if entry.soreness is not None:
            self.checker.said_soreness(at.date(), entry.soreness)
        return entry
