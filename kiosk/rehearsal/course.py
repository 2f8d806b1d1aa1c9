"""A course of therapy from day to day: an invented patient at a kiosk whose rules are the real ones.

What a visit does here (questions, locks, diary, session, pads off) is what `kiosk.visit` does; what is
decided comes from `programs` and `kiosk.session.machine`. The clinician opens locks and renews the
prescription; the rules read the rolling summary, which grows by a session at a time.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any, Final, Literal, Protocol

import msgspec
from msgspec.structs import replace

from kiosk.clock import FixedClock
from kiosk.diary.records import (
    Access,
    Acknowledgement,
    AdverseEvent,
    Alert,
    Entry,
    Form,
    LevelFound,
    Lock,
    LockClass,
    Note,
    Pads,
    PrescriptionInstalled,
    Record,
    Screening,
    Session,
    Unlock,
)
from kiosk.events import SessionOutcome
from kiosk.rehearsal.checker import LOCKS_THERAPY, Checker
from kiosk.rehearsal.guard import VirtualGuard
from kiosk.rehearsal.hands import Hands
from kiosk.rehearsal.notes import FAMILY_NOTES, PATIENT_NOTES, SEEN_TO
from kiosk.rehearsal.patient import Feeling, Patient, draw_person
from kiosk.rehearsal.prescription import RENEWED_AFTER, prescribed, to_toml
from kiosk.rehearsal.session import Mishap, PowerCut, SessionPlayer
from kiosk.rehearsal.summary import RollingSummary
from kiosk.visit.steps.stimulation import MOST_DEVICE_FAULTS, MOST_PAD_FAULTS, NOT_THE_DEVICE, kind_of
from programs import library
from programs.forms import load_forms
from programs.montage import Kind
from programs.plan import NotToday, SessionPlan
from programs.prescription import Prescription
from programs.progression import TodayFacts, next_session
from programs.screening import SORE_LOCKS, WORST_FIRST, Answer, Asks, Class, due, evaluate
from programs.text import Reason

DAY: Final = dt.timedelta(days=1)
PADS_USES, PADS_DAYS = 30, 80
"""Pads are changed after so many sessions or days (clinical reference 1D, 6)."""
SAYS_YES: Final = {Class.E: 0.00004, Class.U: 0.0002, Class.X: 0.0001, Class.C: 0.0004, Class.P: 0.002}
"""Chance of the worse answer to one question, by its class [D]."""
YES_BY_MISTAKE: Final = 0.0003
WRITES_DIARY: Final = 0.94
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
STOPS: Final = (
    ("enough", 40),
    ("pad_loose", 25),
    ("sting", 20),
    ("mistake", 13),
    ("burning", 1),
    ("faint", 1),
)
"""Why a person stops, and how often of a hundred [D]."""
FAULTS: Final = (("electrode", 70), ("low_current", 20), ("no_answer", 10))
FAULT: Final = 0.006
POWER_CUT: Final = 0.0008
GOES_ON_AT_MOST: Final = 5
UNFELT_ENOUGH: Final = 6
"""Sessions of a kind running at whose limit nothing is felt: then the clinician has all levels found anew."""


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


class _OpenLock(msgspec.Struct, frozen=True):
    id: str
    record: Lock
    opens_on: dt.date


class Course:
    """Plays the days of one patient; `days` gives what happened on each."""

    def __init__(self, plan: str, seed: int, clock: FixedClock, book: Book, device_kind: str = "p24") -> None:
        """`clock` stands on the first day. Raises KeyError for a plan that there is not."""
        self.course = library.load_courses()[plan]
        self.checker = Checker()
        self.summary = RollingSummary()
        self._rng = Random(seed)  # noqa: S311 - an invented life, no secret
        self._clock, self._book, self._device_kind = clock, book, device_kind
        self.person = draw_person(self._rng)
        self._patient = Patient(self.person, self._rng)
        self._player = SessionPlayer(VirtualGuard(device_kind), clock, self._write_session, self.checker)
        self._questionnaire = library.load_questionnaire()
        self._digest = library.questionnaire_digest()
        self._forms = load_forms()
        self._form_filled: dict[str, dt.date] = {}
        self._rx: Prescription | None = None
        self._renew_on = clock.now().date()
        self._review_on: dt.date | None = None
        self._locks: list[_OpenLock] = []
        self._lock_number = 0
        self._screened: dt.datetime | None = None
        self._changed: dt.datetime | None = None
        self._pads: Pads | None = None
        self._faults_today = 0
        self._events: list[Event] = []
        self._levels: dict[int, LevelFound] = {}
        self._alerts: list[str] = []
        """Ids of those that the family has not seen to."""
        self._unfelt_running: Counter[Kind] = Counter()
        self._levels_too_low = False

    def days(self, count: int) -> Iterator[list[Event]]:
        """What happened, a list for each day; an empty one when nobody came. The clock stays on the last."""
        for number in range(count):
            if number:
                self._wait_until(self._clock.now().date() + DAY, 0)
            self._events = []
            self._day()
            yield self._events

    # ── a day ──

    def _day(self) -> None:
        rng, today = self._rng, self._clock.now().date()
        self._patient.new_day(today)
        self._faults_today = 0
        self._wait_until(today, rng.gauss(8.5, 0.4))
        self._clinician_works(today)
        if self._patient.stays_away(today):
            return
        if rng.random() < WRITES_DIARY:
            self._write_diary()
            self._fill_in_forms(today)
        if rng.random() >= self.person.misses:
            self._pass(rng.uniform(600, 2700))
            had_session = self._visit()
            if had_session and rng.random() < self.person.second_visit:
                self._wait_until(today, rng.gauss(18.0, 0.7))
                self._visit()
        if rng.random() < 0.04:
            self._book.add(Note(text=rng.choice(PATIENT_NOTES), author="patient"))
        if rng.random() < 0.2:
            self._family_looks()

    def _clinician_works(self, today: dt.date) -> None:
        """Renews the prescription, and opens locks after a talk."""
        if today >= self._renew_on:
            serial = 1 if self._rx is None else self._rx.serial + 1
            self._rx = prescribed(self.course, serial, today, levels_anew=self._levels_too_low)
            self._unfelt_running.clear()
            self._levels_too_low = False
            self._book.add(PrescriptionInstalled(serial=serial, **to_toml(self._rx)))
            self.summary.prescribed(today, levels_anew=self._rx.levels_anew)
            self.checker.prescribed(self._rx)
            late = self._rng.choice((0, 0, 0, 0, 3, 6)) + self._rng.randint(-5, 0)
            self._renew_on, self._review_on = today + RENEWED_AFTER + late * DAY, None
            self._tell("prescribed")
        for lock in [lock for lock in self._locks if lock.opens_on <= today]:
            self._locks.remove(lock)
            if lock.record.until is not None:
                continue  # a P opens by itself
            self._book.add(Unlock(lock_id=lock.id, by="code"))
            self.checker.unlocked(lock.id)
            self.summary.opened(lock.record.class_, today)
            self._tell("opened", lock=f"{lock.record.class_} {lock.record.cause}")

    def _call_the_clinician(self, reasons: tuple[Reason, ...]) -> None:
        """What only a clinician can go on with is told to one, who looks some days later."""
        rules = {reason.rule for reason in reasons}
        if "pain_up_twice" in rules:
            self._lock("pain", "pain_up_twice")
        if "soreness_locked" in rules:  # said in the diary, not at a visit
            self._lock("soreness", "d_sore")
        too_low = max(self._unfelt_running.values(), default=0) >= UNFELT_ENOUGH or "limit_too_low" in rules
        self._levels_too_low = self._levels_too_low or too_low
        if too_low or rules & {"no_benefit", "stage_not_prescribed", "programme_over"}:
            soon = self._clock.now().date() + self._rng.randint(*OPENS_AFTER_DAYS["pain"]) * DAY
            if self._review_on is None:
                self._review_on = soon
                self._renew_on = min(self._renew_on, soon)

    def _family_looks(self) -> None:
        self._pass(60)
        actions: tuple[Literal["pin_attempt", "pin_ok", "look"], ...] = ("pin_attempt", "pin_ok", "look")
        for action in actions:
            self._book.add(Access(role="family", action=action))
        for alert in self._alerts:
            self._book.add(Acknowledgement(alert=alert, note=self._rng.choice(SEEN_TO), who="family"))
        self._alerts.clear()
        if self._rng.random() < 0.03:
            self._book.add(Note(text=self._rng.choice(FAMILY_NOTES), author="family"))

    # ── the diary ──

    def _write_diary(self) -> None:
        next_day = self.summary.next_day_due(self._clock.now().date())
        entry = Entry(moment="next_day" if next_day else "daily")
        said: dict[str, Any] = {
            "pain_rest": self._patient.pain_at_rest(),
            "pain_moving": self._patient.pain_when_moving(),
            "soreness": self._patient.soreness(self._clock.now()),
            "sleep": self._patient.sleep(),
            "medicine": self._patient.takes_medicine(),
        }
        if next_day:
            said["skin"] = self._patient.skin(next_day=True)
        entry = self._say(entry, said)
        if entry.skin is not None:
            self._skin_is(entry.skin, "")

    def _fill_in_forms(self, today: dt.date) -> None:
        """Each as often as it wants, the first time when its first period is over."""
        for form in self._forms.values():
            last = self._form_filled.setdefault(form.id, today)
            if form.every_days is None or (today - last).days < form.every_days:
                continue
            self._pass(self._rng.uniform(30, 120))
            self._form_filled[form.id] = today
            answers = {item.key: self._patient.form_answer(item) for item in form.items}
            self._book.add(Form(form=form.id, answers=answers))

    def _say(self, entry: Entry, said: dict[str, Any]) -> Entry:
        """An entry grows a number at a time; each is kept."""
        record_id, at = None, self._clock.now()
        for name, value in said.items():
            self._pass(self._rng.uniform(3, 20))
            entry = replace(entry, **{name: value})
            stored = self._book.add(entry, corrects=record_id, at=at)
            record_id = record_id or stored
        self.summary.wrote(entry, at)
        if entry.soreness is not None:
            self.checker.said_soreness(at.date(), entry.soreness)
        return entry

    def _skin_is(self, grade: int, programme: str) -> None:
        """From grade 2 on the place rests; 3 and 4 are an event besides."""
        if grade >= 3:
            self._adverse("skin", programme, grade)
        if grade >= 2:
            self._lock("skin", f"skin_{grade}")

    def _adverse(self, symptom: str, programme: str, grade: int | None = None) -> None:
        current_mA = {str(channel): level.comfortable_mA or 0.0 for channel, level in self._levels.items()}
        self._book.add(
            AdverseEvent(
                symptom=symptom,
                programme=programme,
                montage="",
                current_mA=current_mA,
                action="stopped",
                grade=grade,
            )
        )

    def _lock(self, class_: LockClass, cause: str) -> None:
        """Once a cause, as long as it is open."""
        if any(lock.record.class_ == class_ and lock.record.cause == cause for lock in self._locks):
            return
        today = self._clock.now().date()
        self._lock_number += 1
        until = today + DAY if class_ == "P" else None
        record = Lock(class_=class_, cause=cause, until=until, number=self._lock_number)
        lock_id = self._book.add(record)
        self.checker.locked(lock_id, record)
        opens_on = until or today + self._rng.randint(*OPENS_AFTER_DAYS[class_]) * DAY
        self._locks.append(_OpenLock(lock_id, record, opens_on))
        self._tell("locked", lock=f"{class_} {cause}")

    # ── a visit ──

    def _visit(self) -> bool:
        """Whether a session came of it."""
        if self._is_locked():
            return False
        if not self._baseline():
            return False
        plan = self._next(TodayFacts())
        self._call_the_clinician(plan.reasons)
        if isinstance(plan, NotToday):
            self._tell("no_session", plan.reasons)
            return False
        if not self._ask("daily"):
            return False
        entry = self._say(
            Entry(moment="before"),
            {
                "pain_rest": self._patient.pain_at_rest(),
                "pain_moving": self._patient.pain_when_moving(),
                "soreness": self._patient.soreness(self._clock.now()),
            },
        )
        assert entry.soreness is not None
        if entry.soreness >= SORE_LOCKS:
            self._lock("soreness", "d_sore")
        usual = self.summary.usual_pain(self._clock.now().date())
        plan = self._next(TodayFacts(entry.soreness, entry.pain_rest, usual))
        if isinstance(plan, NotToday):
            self._tell("no_session", plan.reasons)
            return False
        self._pass(self._rng.uniform(120, 420))  # pads on, sitting down, STOP tested
        self._have_session(plan)
        return True

    def _next(self, facts: TodayFacts) -> SessionPlan | NotToday:
        assert self._rx is not None
        return next_session(
            self._rx,
            self.summary.history,
            self._clock.now(),
            True,
            facts=facts,
            device_kind=self._device_kind,
        )

    def _is_locked(self) -> bool:
        """A soreness lock holds back by the rules of the course; the others end every visit."""
        return any(lock.record.class_ in LOCKS_THERAPY for lock in self._locks)

    # ── questions ──

    def _baseline(self) -> bool:
        """All questions, when they are due. False: it locked."""
        reason = due(
            "baseline",
            self._screened,
            self.summary.last_session_end,
            self._changed,
            self._clock.now().date(),
            self._digest,
            self._digest,
        )
        if reason is None:
            return True
        self._tell("baseline", (reason,))
        return self._ask("baseline")

    def _ask(self, asks: Asks) -> bool:
        """One round. False: an answer locked or postponed."""
        assert self._rx is not None
        began_at = self._clock.now()
        groups = self._questionnaire.groups_of(asks)
        own = [group for group in self._questionnaire.groups if group.own_screen and asks == "daily"]
        answers: dict[str, Answer] = {}
        answered_at: dict[str, dt.datetime] = {}
        retracted: dict[str, str] = {}
        seconds: dict[str, float] = {}
        for group in (*groups, *own):
            took_s = round(self._rng.uniform(3.0, 14.0), 1)
            self._pass(took_s)
            seconds[group.id] = took_s
            for key in group.questions:
                answers[key] = self._answer(key, retracted)
                answered_at[key] = self._clock.now()
        if asks == "daily" and answers.get("d_change") is not Answer.NO:
            self._changed = answered_at.get("d_change", self._changed)
        asked = tuple(key for group in (*groups, *own) for key in group.questions)
        verdict = evaluate(self._questionnaire, answers, asked, self._rx.cleared_questions())
        standing = [found for found in verdict.findings if not found.cleared and found.class_ is not Class.N]
        worst = min((found.class_ for found in standing), key=WORST_FIRST.index, default=None)
        self._book.add(
            Screening(
                asks=asks,
                answers={key: answer.value for key, answer in answers.items()},
                answered_at=answered_at,
                retracted=retracted,
                seconds=seconds,
                verdict="cleared" if worst is None else worst.value,
                findings=tuple(found.key for found in verdict.findings),
                questionnaire_digest=self._digest,
            ),
            at=began_at,
        )
        for key in retracted:
            self._alert("amber", Reason("yes_taken_back", {"question": key}))
        if asks == "baseline":
            self._screened = self._clock.now()
        for found in standing:
            assert found.class_ is not Class.N
            self._lock(found.class_.value, found.key)
        return not standing

    def _answer(self, key: str, retracted: dict[str, str]) -> Answer:
        """Mostly the safe one. What can be put right at once was put right; a wrong key is taken back."""
        question = self._questionnaire.questions[key]
        worse = Answer.YES if question.worse == "yes" else Answer.NO
        safe = Answer.NO if worse is Answer.YES else Answer.YES
        if question.mendable or question.class_ is Class.N:
            return safe
        if self._rng.random() < YES_BY_MISTAKE and question.class_ is not Class.P:
            retracted[key] = worse.value
            return safe
        if self._rng.random() >= SAYS_YES[question.class_]:
            return safe
        return Answer.NOT_SURE if self._rng.random() < 0.3 else worse

    # ── the session ──

    def _have_session(self, plan: SessionPlan) -> None:
        self._use_pads(plan)
        feelings = {
            lead.channel: self._patient.feeling(
                lead.side, plan.programme, plan.kind, plan.work.pulse_width_us
            )
            for lead in plan.montage.leads
        }
        hands = Hands(feelings, self._rng, wrong_keys=self.person.wrong_keys, fades=plan.kind == "tens")
        self._levels = {}
        planned_s = sum(phase.seconds for phase in plan.phases)
        stop, mishap = self._mishap(planned_s)
        began_at = self._clock.now()
        try:
            record = self._play(plan, hands, stop, mishap)
        except PowerCut:
            record = self._interrupted(began_at)
        if record is not None:
            ended_at = record.ended_at or self._clock.now()
            self._count(plan, record, ended_at, feelings)
        if record is None or record.state == "interrupted":
            return
        self._pass(self._rng.uniform(60, 240))
        grade = self._patient.skin(next_day=False)
        entry = Entry(
            moment="after",
            pain_rest=self._patient.pain_after(plan.kind),
            skin=grade,
            session_id=self._session_id,
        )
        self._book.add(entry)
        self.summary.wrote(entry, self._clock.now())
        self._skin_is(grade, plan.programme)

    def _mishap(self, planned_s: int) -> tuple[str, Mishap | None]:
        """Why she will stop (empty: she will not), and what comes from outside."""
        rng, after_s = self._rng, self._rng.uniform(5, planned_s)
        if rng.random() < self.person.stops_early:
            return _drawn(rng, STOPS), Mishap(after_s, "stop")
        if rng.random() < FAULT:
            return "", Mishap(after_s, _drawn(rng, FAULTS), rng.choice((1, 2)))
        if rng.random() < POWER_CUT:
            return "", Mishap(after_s, "power")
        return "", None

    def _play(self, plan: SessionPlan, hands: Hands, stop: str, mishap: Mishap | None) -> Session | None:
        """One session with everything that interrupts it: its last record."""
        outcome: SessionOutcome | None = None
        for _ in range(GOES_ON_AT_MOST):
            first = self.summary.history.sessions_done == 0
            outcome = self._player.play(plan, hands, first_session=first, resume=outcome, mishap=mishap)
            stopped_by_mishap = mishap is not None and outcome.why != "look"
            reason = stop if stopped_by_mishap and stop else "mistake"
            if stopped_by_mishap:
                mishap = None
            outcome = self._after_stop(plan, outcome, reason, hands)
            if outcome is None or outcome.seconds_left <= 0:
                break
            self._pass(self._rng.uniform(20, 240))
        return self._last_record

    def _after_stop(
        self, plan: SessionPlan, outcome: SessionOutcome, reason: str, hands: Hands
    ) -> SessionOutcome | None:
        """What follows an end, as in `kiosk.visit.steps.stimulation`; the outcome that is gone on from."""
        kind = kind_of(outcome)
        if kind == "person":
            if outcome.record is not None:
                self._write_session(replace(outcome.record, stop_reason=reason), outcome.session_id)
            if reason in ("burning", "faint"):
                self._adverse(reason, plan.programme)
                self._lock("red", reason)
            if reason in ("enough", "burning", "faint"):
                return None
            if reason == "pad_loose":
                outcome = replace(outcome, pad_faults=outcome.pad_faults + 1)
                kind = "pads"
        if kind in ("pads", "place"):
            hands.sticks_pads_again()
            if outcome.pad_faults > MOST_PAD_FAULTS:
                self._alert("amber", Reason("pad_faults", {"count": outcome.pad_faults}))
                self._lock("P", "pad_faults")
                return None
        if kind == "nobody":
            self._alert("info", Reason("nobody_answered"))
            return None
        if outcome.why in NOT_THE_DEVICE:
            return None
        if kind == "fault":
            self._faults_today += 1
            if self._faults_today > MOST_DEVICE_FAULTS:
                self._lock("P", "device_faults")
                return None
        return None if kind == "done" else outcome

    def _interrupted(self, began_at: dt.datetime) -> Session:
        """The power comes back: the session gets its end in the diary."""
        self._pass(self._rng.uniform(300, 1500))
        self._clock.boot = f"{self._rng.getrandbits(32):08x}-0000-4000-8000-000000000001"
        assert self._last_record is not None
        record = replace(self._last_record, state="interrupted", stop_reason="restart")
        self._write_session(record, self._session_id)
        return record

    def _count(
        self, plan: SessionPlan, record: Session, ended_at: dt.datetime, feelings: dict[int, Feeling]
    ) -> None:
        """The session into the summary, the checker's book and the patient's muscles, if current flowed."""
        unfelt = any(level.first_feeling_mA is None for level in self._levels.values())
        self._unfelt_running[plan.kind] = self._unfelt_running[plan.kind] + 1 if unfelt else 0
        possible = record.state == "interrupted" or any(record.peak_mA.values())
        if possible:
            assert self._rx is not None
            self.summary.played(plan, record, ended_at, self._rx)
            self.checker.played(plan, record.seconds_done, ended_at)
            peaks = {channel: record.peak_mA.get(str(channel), 0.0) for channel in feelings}
            squeeze = max(feeling.squeeze(peaks[channel]) for channel, feeling in feelings.items())
            self._patient.has_session(plan.kind, record.seconds_done, squeeze, ended_at)
            if plan.kind == "nmes":
                self._patient.hurts_after()
            for level in self._levels.values():
                self.summary.found(level, plan, ended_at.date())
                self.checker.found(level, plan, ended_at.date())
        self._tell(
            "session",
            plan.reasons,
            programme=plan.programme,
            kind=plan.kind,
            minutes=plan.minutes,
            channels=tuple(
                ChannelToday(
                    channel.channel,
                    channel.ceiling_mA,
                    channel.set_by,
                    found.comfortable_mA if (found := self._levels.get(channel.channel)) else None,
                )
                for channel in plan.channels
            ),
            state=record.state,
            seconds_done=record.seconds_done,
            stop_reason=record.stop_reason,
            unfelt=unfelt,
        )

    _last_record: Session | None = None
    _session_id: str = ""

    def _write_session(self, record: Record, corrects: str | None) -> str:
        """What the session machine wants saved."""
        record_id = self._book.add(record, corrects=corrects)
        if isinstance(record, LevelFound):
            self._levels[record.channel] = record
        if isinstance(record, Session):
            self._last_record = record
            self._session_id = corrects or record_id
        return record_id

    def _use_pads(self, plan: SessionPlan) -> None:
        today, size = (
            self._clock.now().date(),
            f"{plan.montage.pad_width_cm:g}x{plan.montage.pad_height_cm:g}",
        )
        worn = self._pads
        old = worn is None or worn.uses >= PADS_USES or worn.size != size
        old = old or (worn is not None and worn.since is not None and (today - worn.since).days >= PADS_DAYS)
        if old or worn is None:
            worn = Pads(event="new", size=size, uses=0, since=today)
            self._book.add(worn)
        self._pads = replace(worn, event="used", uses=worn.uses + 1)
        self._book.add(self._pads)

    # ── small things ──

    def _alert(self, level: Literal["red", "amber", "info"], rule: Reason) -> None:
        self._alerts.append(self._book.add(Alert(level=level, rule=rule)))

    def _tell(self, what: What, reasons: tuple[Reason, ...] = (), **more: Any) -> None:
        self._events.append(Event(self._clock.now(), what, reasons, **more))

    def _pass(self, seconds: float) -> None:
        self._clock.advance(round(seconds, 3))

    def _wait_until(self, day: dt.date, hour: float) -> None:
        """Until this hour of the day, if it has not passed yet."""
        now = self._clock.now()
        at = dt.datetime.combine(day, dt.time(), now.tzinfo) + dt.timedelta(seconds=round(hour * 3600))
        if at > now:
            self._clock.advance((at - now).total_seconds())


def _drawn(rng: Random, weighted: tuple[tuple[str, int], ...]) -> str:
    return rng.choices([name for name, _ in weighted], [weight for _, weight in weighted])[0]
