"""A course of therapy from day to day: an invented patient at a kiosk whose rules are the real ones.

What a visit does here (questions, locks, diary, session, pads off) is what `kiosk.visit` does; what is
decided comes from `programs` and `kiosk.session.machine`. The clinician opens locks and renews the
prescription; the rules read the rolling summary, which grows by a session at a time.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any, Final, Literal

from kiosk.clock import FixedClock
from kiosk.diary.records import Access, Acknowledgement, Entry, Form, Note
from kiosk.rehearsal.clinician import Clinician
from kiosk.rehearsal.life import DAY, Book, Event, Life
from kiosk.rehearsal.notes import FAMILY_NOTES, PATIENT_NOTES, SEEN_TO
from kiosk.rehearsal.questions import Questions
from kiosk.rehearsal.sittings import Sittings
from programs import library
from programs.forms import load_forms
from programs.plan import NotToday, SessionPlan
from programs.progression import TodayFacts, next_session
from programs.screening import SORE_LOCKS

WRITES_DIARY: Final = 0.94


class Course:
    """Plays the days of one patient; `days` gives what happened on each."""

    def __init__(self, plan: str, seed: int, clock: FixedClock, book: Book, device_kind: str = "p24") -> None:
        """`clock` stands on the first day. Raises KeyError for a plan that there is not."""
        self.course = library.load_courses()[plan]
        self._device_kind = device_kind
        self._life = Life(seed, clock, book)
        self.checker, self.summary = self._life.checker, self._life.summary
        self._clinician = Clinician(self._life, self.course)
        self._questions = Questions(self._life, self._clinician)
        self._sittings = Sittings(self._life, self._clinician, device_kind)
        self._forms = load_forms()
        self._form_filled: dict[str, dt.date] = {}

    def days(self, count: int) -> Iterator[list[Event]]:
        """What happened, a list for each day; an empty one when nobody came. The clock stays on the last."""
        for number in range(count):
            if number:
                self._life.wait_until(self._life.today + DAY, 0)
            self._life.told = []
            self._day()
            yield self._life.told

    # ── a day ──

    def _day(self) -> None:
        rng, today = self._life.rng, self._life.today
        self._life.patient.new_day(today)
        self._sittings.new_day()
        self._life.wait_until(today, rng.gauss(8.5, 0.4))
        self._clinician.works(today)
        if self._life.patient.stays_away(today):
            return
        if rng.random() < WRITES_DIARY:
            self._write_diary()
            self._fill_in_forms(today)
        if rng.random() >= self._life.person.misses:
            self._life.passes(rng.uniform(600, 2700))
            had_session = self._visit()
            if had_session and rng.random() < self._life.person.second_visit:
                self._life.wait_until(today, rng.gauss(18.0, 0.7))
                self._visit()
        if rng.random() < 0.04:
            self._life.book.add(Note(text=rng.choice(PATIENT_NOTES), author="patient"))
        if rng.random() < 0.2:
            self._family_looks()

    def _family_looks(self) -> None:
        self._life.passes(60)
        actions: tuple[Literal["pin_attempt", "pin_ok", "look"], ...] = ("pin_attempt", "pin_ok", "look")
        for action in actions:
            self._life.book.add(Access(role="family", action=action))
        for alert in self._life.alerts:
            self._life.book.add(
                Acknowledgement(alert=alert, note=self._life.rng.choice(SEEN_TO), who="family")
            )
        self._life.alerts.clear()
        if self._life.rng.random() < 0.03:
            self._life.book.add(Note(text=self._life.rng.choice(FAMILY_NOTES), author="family"))

    # ── the diary ──

    def _write_diary(self) -> None:
        next_day = self._life.summary.next_day_due(self._life.today)
        entry = Entry(moment="next_day" if next_day else "daily")
        said: dict[str, Any] = {
            "pain_rest": self._life.patient.pain_at_rest(),
            "pain_moving": self._life.patient.pain_when_moving(),
            "soreness": self._life.patient.soreness(self._life.clock.now()),
            "sleep": self._life.patient.sleep(),
            "medicine": self._life.patient.takes_medicine(),
        }
        if next_day:
            said["skin"] = self._life.patient.skin(next_day=True)
        entry = self._life.say(entry, said)
        if entry.skin is not None:
            self._sittings.skin_is(entry.skin, "")

    def _fill_in_forms(self, today: dt.date) -> None:
        """Each as often as it wants, the first time when its first period is over."""
        for form in self._forms.values():
            last = self._form_filled.setdefault(form.id, today)
            if form.every_days is None or (today - last).days < form.every_days:
                continue
            self._life.passes(self._life.rng.uniform(30, 120))
            self._form_filled[form.id] = today
            answers = {item.key: self._life.patient.form_answer(item) for item in form.items}
            self._life.book.add(Form(form=form.id, answers=answers))

    # ── a visit ──

    def _visit(self) -> bool:
        """Whether a session came of it."""
        if self._clinician.holds_back:
            return False
        if not self._questions.baseline():
            return False
        plan = self._next(TodayFacts())
        self._clinician.is_called(plan.reasons)
        if isinstance(plan, NotToday):
            self._life.tell("no_session", plan.reasons)
            return False
        if not self._questions.ask("daily"):
            return False
        entry = self._life.say(
            Entry(moment="before"),
            {
                "pain_rest": self._life.patient.pain_at_rest(),
                "pain_moving": self._life.patient.pain_when_moving(),
                "soreness": self._life.patient.soreness(self._life.clock.now()),
            },
        )
        assert entry.soreness is not None
        if entry.soreness >= SORE_LOCKS:
            self._clinician.lock("soreness", "d_sore")
        usual = self._life.summary.usual_pain(self._life.today)
        plan = self._next(TodayFacts(entry.soreness, entry.pain_rest, usual))
        if isinstance(plan, NotToday):
            self._life.tell("no_session", plan.reasons)
            return False
        self._life.passes(self._life.rng.uniform(120, 420))  # pads on, sitting down, STOP tested
        self._sittings.have(plan)
        return True

    def _next(self, facts: TodayFacts) -> SessionPlan | NotToday:
        return next_session(
            self._clinician.prescription,
            self._life.summary.history,
            self._life.clock.now(),
            True,
            facts=facts,
            device_kind=self._device_kind,
        )
