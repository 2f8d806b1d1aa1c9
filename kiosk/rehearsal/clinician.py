"""The clinician of a rehearsal: prescribes and renews, is called, opens locks; and the locks themselves."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Final

import msgspec

from kiosk.diary.records import Lock, LockClass, PrescriptionInstalled, Unlock
from kiosk.rehearsal.checker import LOCKS_THERAPY
from kiosk.rehearsal.life import DAY, Life
from kiosk.rehearsal.prescription import RENEWED_AFTER, prescribed, to_toml
from programs.course import Course as PlannedCourse
from programs.montage import Kind
from programs.prescription import Prescription
from programs.text import Reason

OPENS_AFTER_DAYS: Final = {
    "E": (5, 16),
    "U": (3, 9),
    "X": (4, 12),
    "C": (2, 8),
    "red": (2, 8),
    "skin": (4, 10),
    "soreness": (3, 7),
    "pain": (4, 12),
}
"""Class → days until the clinician has looked [D]."""
UNFELT_ENOUGH: Final = 6
"""Sessions of a kind running at whose limit nothing is felt: then the clinician has all levels found anew."""


class _OpenLock(msgspec.Struct, frozen=True):
    id: str
    record: Lock
    opens_on: dt.date


class Clinician:
    """Looks some days after something was left to a clinician."""

    def __init__(self, life: Life, course: PlannedCourse) -> None:
        self._life = life
        self._course = course
        self._rx: Prescription | None = None
        self._renew_on = life.today
        self._review_on: dt.date | None = None
        self._locks: list[_OpenLock] = []
        self._lock_number = 0
        self._unfelt_running: Counter[Kind] = Counter()
        self._levels_too_low = False

    @property
    def prescription(self) -> Prescription:
        """The one in force: there always is one, from the first morning on."""
        assert self._rx is not None
        return self._rx

    @property
    def holds_back(self) -> bool:
        """A soreness lock holds back by the rules of the course; the others end every visit."""
        return any(lock.record.class_ in LOCKS_THERAPY for lock in self._locks)

    def works(self, today: dt.date) -> None:
        """Renews the prescription, and opens locks after a talk."""
        if today >= self._renew_on:
            serial = 1 if self._rx is None else self._rx.serial + 1
            self._rx = prescribed(self._course, serial, today, levels_anew=self._levels_too_low)
            self._unfelt_running.clear()
            self._levels_too_low = False
            self._life.book.add(PrescriptionInstalled(serial=serial, **to_toml(self._rx)))
            self._life.summary.prescribed(today, levels_anew=self._rx.levels_anew)
            self._life.checker.prescribed(self._rx)
            late = self._life.rng.choice((0, 0, 0, 0, 3, 6)) + self._life.rng.randint(-5, 0)
            self._renew_on, self._review_on = today + RENEWED_AFTER + late * DAY, None
            self._life.tell("prescribed")
        for lock in [lock for lock in self._locks if lock.opens_on <= today]:
            self._locks.remove(lock)
            if lock.record.until is not None:
                continue  # a P opens by itself
            self._life.book.add(Unlock(lock_id=lock.id, by="code"))
            self._life.checker.unlocked(lock.id)
            self._life.summary.opened(lock.record.class_, today)
            self._life.tell("opened", lock=f"{lock.record.class_} {lock.record.cause}")

    def is_called(self, reasons: tuple[Reason, ...]) -> None:
        """What only a clinician can go on with is told to one, who looks some days later."""
        rules = {reason.rule for reason in reasons}
        if "pain_up_twice" in rules:
            self.lock("pain", "pain_up_twice")
        if "soreness_locked" in rules:  # said in the diary, not at a visit
            self.lock("soreness", "d_sore")
        too_low = max(self._unfelt_running.values(), default=0) >= UNFELT_ENOUGH or "limit_too_low" in rules
        self._levels_too_low = self._levels_too_low or too_low
        if too_low or rules & {"no_benefit", "stage_not_prescribed", "programme_over"}:
            soon = self._life.today + self._life.rng.randint(*OPENS_AFTER_DAYS["pain"]) * DAY
            if self._review_on is None:
                self._review_on = soon
                self._renew_on = min(self._renew_on, soon)

    def hears_of_session(self, kind: Kind, *, unfelt: bool) -> None:
        """`unfelt`: at a limit nothing was felt."""
        self._unfelt_running[kind] = self._unfelt_running[kind] + 1 if unfelt else 0

    def lock(self, class_: LockClass, cause: str) -> None:
        """Holds therapy back until it is opened; once a cause, as long as it is open."""
        if any(lock.record.class_ == class_ and lock.record.cause == cause for lock in self._locks):
            return
        today = self._life.today
        self._lock_number += 1
        until = today + DAY if class_ == "P" else None
        record = Lock(class_=class_, cause=cause, until=until, number=self._lock_number)
        lock_id = self._life.book.add(record)
        self._life.checker.locked(lock_id, record)
        opens_on = until or today + self._life.rng.randint(*OPENS_AFTER_DAYS[class_]) * DAY
        self._locks.append(_OpenLock(lock_id, record, opens_on))
        self._life.tell("locked", lock=f"{class_} {cause}")
