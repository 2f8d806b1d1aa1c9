"""The rolling summary that the rules read, and the little of the diary that they ask for besides.

`kiosk.diary.history` folds a whole diary into the same summary; `tests/kiosk/rehearsal` holds the two
together.
"""

from __future__ import annotations

import datetime as dt
from collections import deque
from typing import NamedTuple

import msgspec

from kiosk.diary.history import CUT_SHORT, mean_pain, pain_went_up
from kiosk.diary.records import Entry, LevelFound, Session
from kiosk.today import USUAL_PAIN_DAYS
from programs.history import CourseHistory, Level, LevelKey, PastSession, is_held
from programs.montage import Kind
from programs.plan import SessionPlan
from programs.prescription import Prescription


class _End(NamedTuple):
    """A session that is over, and the pain that was said last before its end."""

    at: dt.datetime
    kind: Kind
    before: int
    usual: float | None


class RollingSummary:
    """Grows by what happens; keeps a week of pain besides `history`."""

    def __init__(self) -> None:
        self.history = CourseHistory()
        self._pains: deque[tuple[dt.datetime, int]] = deque()
        """What was said before a session or on any day, not just after the current."""
        self._usual: deque[tuple[dt.date, int]] = deque()
        self._days_before_first: set[dt.date] = set()
        self._ends: deque[_End] = deque()
        """Sessions of the newest day."""
        self._sore_said_on: dt.date | None = None

    @property
    def last_session_end(self) -> dt.datetime | None:
        """Of the newest session."""
        recent = self.history.recent
        return recent[-1].ended_at if recent else None

    def next_day_due(self, today: dt.date) -> bool:
        """The day after a session the diary asks for skin and muscles once."""
        last = self.history.last_session_day
        return last is not None and last < today and not (self._sore_said_on and self._sore_said_on > last)

    def usual_pain(self, today: dt.date) -> float | None:
        """Mean pain at rest of the seven days before today; None below five entries."""
        first = today - dt.timedelta(days=USUAL_PAIN_DAYS)
        return mean_pain([pain for day, pain in self._usual if first <= day < today])

    def wrote(self, entry: Entry, at: dt.datetime) -> None:
        """An entry of the diary, when it was complete; it happened `at`."""
        day = at.date()
        self.history = self.history.with_day(day, soreness=entry.soreness, skin=entry.skin)
        if entry.soreness is not None:
            self._sore_said_on = day
        if self.history.last_session_day is None:
            self._days_before_first.add(day)
            self._count_diary_days(dt.date.max)
        if entry.moment == "after" or entry.pain_rest is None:
            return
        self.history = self.history.with_pain(day, entry.pain_rest)
        self._compare_with_yesterday(day, entry.pain_rest)
        self._pains.append((at, entry.pain_rest))
        while self._pains[0][0].date() < day:
            self._pains.popleft()
        if entry.moment in ("before", "daily"):
            self._usual.append((day, entry.pain_rest))
            while self._usual[0][0] < day - dt.timedelta(days=USUAL_PAIN_DAYS):
                self._usual.popleft()

    def played(
        self, plan: SessionPlan, record: Session, ended_at: dt.datetime, prescription: Prescription
    ) -> None:
        """A session with current, under this prescription."""
        first = self.history.last_session_day is None
        self.history = self.history.with_session(
            PastSession(
                programme=plan.programme,
                kind=plan.kind,
                ended_at=ended_at,
                clock_trusted=True,
                work_minutes=plan.work.seconds // 60,
                seconds_planned=record.planned_seconds,
                seconds_done=record.seconds_done,
                plan=prescription.plan,
                prescription=prescription.serial,
                cut_short=record.state == "ended_early" and record.stop_reason in CUT_SHORT,
            )
        )
        if first:
            self._count_diary_days(ended_at.date())
        said = [pain for at, pain in self._pains if at <= ended_at and at.date() == ended_at.date()]
        while self._ends and self._ends[0].at.date() < ended_at.date():
            self._ends.popleft()
        if said:
            self._ends.append(_End(ended_at, plan.kind, said[-1], self.usual_pain(ended_at.date())))

    def found(self, level: LevelFound, plan: SessionPlan, day: dt.date) -> None:
        """A side's level of a session, as it was confirmed last in it."""
        key = LevelKey(
            waveform=level.waveform,
            montage=level.montage,
            pads=level.pads,
            side=level.side,
            channel=level.channel,
            device_kind=level.device_kind,
        )
        self.history = self.history.with_level(
            Level(
                key=key,
                kind=plan.kind,
                pulse_width_us=plan.work.pulse_width_us,
                day=day,
                comfortable_mA=level.comfortable_mA,
                first_feeling_mA=level.first_feeling_mA,
                motor_threshold_mA=level.motor_threshold_mA,
                held=is_held(level.comfortable_mA, level.ceiling_mA, level.ceiling_set_by.rule),
                prescription=self.history.prescription,
            )
        )

    def prescribed(self, day: dt.date, *, levels_anew: bool) -> None:
        """A prescription was installed: a clinician looked."""
        self.history = self.history.with_prescription(day, levels_anew=levels_anew)

    def opened(self, class_: str, day: dt.date) -> None:
        """A clinician opened a lock."""
        if class_ in ("soreness", "skin", "pain"):
            self.history = self.history.opened_by_clinician(class_, day)

    def _compare_with_yesterday(self, day: dt.date, pain: int) -> None:
        """The first rating of a day tells whether the pain was higher for 24 hours."""
        if self._pains and self._pains[-1][0].date() == day:
            return
        for end in self._ends:
            if day - end.at.date() == dt.timedelta(days=1) and pain_went_up(end.before, pain, end.usual):
                self.history = self.history.with_pain_up(end.at.date(), muscles=end.kind == "nmes")

    def _count_diary_days(self, first_session: dt.date) -> None:
        days = [day for day in self._days_before_first if day < first_session]
        self.history = msgspec.structs.replace(
            self.history, diary_days=len(days), last_diary_day=max(days, default=None)
        )
