"""A visit walked with keys and events alone: no terminal, no guard, a diary in memory."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from drivers.messages import Device, LeadContact
from kiosk.diary.records import Consent, Entry, Envelope, FolderKind, Lock, Record, Screening, Session, Stored
from kiosk.events import (
    BeginSession,
    ContactCheckEnded,
    DeviceSeen,
    Effect,
    Event,
    LoadToday,
    Save,
    Saved,
    SaveFailed,
    SaveScreening,
    SessionEnded,
    SessionOutcome,
    StartStopTest,
    StopTestEnded,
    StopTestReady,
    TodayLoaded,
)
from kiosk.keys import Key
from kiosk.page import Page
from kiosk.review.alerts import AlertsNow
from kiosk.today import Today
from kiosk.visit import flow
from kiosk.visit.state import Moment, Setting, Visit
from kiosk.visit.steps.answers import CONFIRMED_CLASSES
from programs.history import CourseHistory
from programs.library import load_questionnaire, questionnaire_digest
from programs.prescription import Prescription, demonstration_prescription
from programs.progression import TodayFacts, next_session
from programs.text import Reason

START = dt.datetime(2026, 11, 20, 14, 5, tzinfo=dt.timezone(dt.timedelta(hours=1)))
KEYS = {key.value: key for key in Key}
QUESTIONS = load_questionnaire()
DAILY = [key for group in QUESTIONS.groups if group.asks == "daily" for key in group.questions]
BASELINE = list(QUESTIONS.keys_of("baseline"))
LOCKING = [key for key in BASELINE if QUESTIONS.questions[key].class_ in CONFIRMED_CLASSES]


def device(present: bool = True, device_id: str = "SIM-1", measures: bool = False) -> Device:
    known = device_id if present else ""
    return Device(present, "p24", known, "1.0", True, "", "p24_unplug_supply", "", measures)


def lead(
    channel: int, contact: Literal["good", "dry", "open"] = "good", series_ohm: int = 500
) -> LeadContact:
    """What was measured through one lead."""
    if contact == "open":
        return LeadContact(channel, contact, None, None)
    return LeadContact(channel, contact, series_ohm + 193, series_ohm)


def stored(record: Record, at: dt.datetime, corrects: str | None = None, record_id: str = "") -> Stored:
    folder: FolderKind = "simulated"
    envelope = Envelope(
        id=record_id or str(uuid.uuid4()),
        schema=1,
        event_time=at,
        entry_time=at,
        clock_trusted=True,
        boot_id="boot",
        monotonic_s=0.0,
        folder=folder,
        device_id="SIM-1",
        corrects=corrects,
    )
    return Stored(envelope=envelope, record=record)


def today(now: dt.datetime = START, **changes: object) -> Today:
    """A day on which everything is ready, for the demonstration's person."""
    prescription: Prescription = demonstration_prescription(now.date())
    plain = Today(
        now=now,
        folder="simulated",
        prescription=prescription,
        prescription_state="in_force",
        questionnaire=QUESTIONS,
        digest=questionnaire_digest(),
        clearances=frozenset(),
        baseline_due=None,
        open_screening=None,
        yes_without_lock=(),
        open_entry=None,
        one_by_one=frozenset(),
        history=CourseHistory(),
        next=next_session(prescription, CourseHistory(), now, True),
        locks=(),
        sessions_done=0,
        done_today=False,
        week0_day=None,
        week0_done_today=False,
        pads=None,
        interrupted=None,
        diary_due="daily",
        family_may_look=True,
    )
    return msgspec.structs.replace(plain, **changes)


@dataclass
class Walk:
    """A person before the screen: keys in, effects carried out, the diary answering."""

    day: Today = field(default_factory=today)
    setting: Setting = field(default_factory=Setting)
    alerts: AlertsNow | None = None
    """What the rules of alerts find in the diary whenever it is read."""
    answering: bool = True
    """The diary answers what it is asked to save."""
    patient_pin: bool = False
    """The person has a PIN of her own."""
    clinician_pin: bool = False
    """A clinician has a PIN at this box."""
    guard_answers: bool = True
    """The guard gets ready for the STOP test when it is asked to."""
    measures: bool = False
    """The stimulator measures how the pads lie."""
    now: dt.datetime = START
    uptime_s: float = 1000.0
    slept_s: float = 0.0
    """Suspended since the boot."""
    effects: list[Effect] = field(default_factory=list)
    saved: list[Stored] = field(default_factory=list)
    unanswered: list[Save | SaveScreening] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    keys: int = 0
    visit: Visit = field(init=False)

    def __post_init__(self) -> None:
        self.visit, effects = flow.start(self.setting, self.moment)
        self._carry_out(effects)
        self.hear(DeviceSeen(device(measures=self.measures)))

    @property
    def moment(self) -> Moment:
        return Moment(self.now, self.uptime_s, self.uptime_s + self.slept_s)

    @property
    def step(self) -> str:
        return self.visit.step

    @property
    def page(self) -> Page:
        return flow.page(self.visit, self.moment)

    @property
    def words(self) -> str:
        return self.page.spoken

    def wait(self, seconds: float) -> None:
        self.now += dt.timedelta(seconds=seconds)
        self.uptime_s += seconds

    def sleep(self, seconds: float) -> None:
        """The box is suspended: the monotonic clock stands still."""
        self.now += dt.timedelta(seconds=seconds)
        self.slept_s += seconds

    def press(self, *keys: Key | str, after_s: float = 2.0) -> None:
        """Keys, or their names: `press("1", "enter")`."""
        for key in keys:
            self.wait(after_s)
            self.keys += 1
            visit, effects = flow.press(self.visit, KEYS[key] if isinstance(key, str) else key, self.moment)
            self._take(visit, effects)

    def write(self, text: str) -> None:
        """Typed on a keyboard, letter by letter."""
        for character in text:
            self.wait(0.2)
            self._take(*flow.write(self.visit, character, self.moment))

    def hear(self, event: Event) -> None:
        self._take(*flow.hear(self.visit, event, self.moment))

    def until(self, step: str, *, most: int = 60) -> None:
        """Answers the safe way until `step` stands."""
        for _ in range(most):
            if self.step == step:
                return
            assert self.step in SAFE, f"{self.step} has no safe answer"
            self.until_next(stop_test=step != "stop_test")
        raise AssertionError(f"{step} was not reached, but {self.steps}")

    def until_next(self, *, stop_test: bool = True) -> None:
        """One screen on, as a person who is well goes."""
        self.press(*SAFE.get(self.step, ("enter",)))
        if self.step == "stop_test" and stop_test:
            self.hear(StopTestEnded(True, "status 0"))
        if self.step == "probing":
            self.measured(lead(1), lead(2))

    def measured(self, *leads: LeadContact) -> None:
        """The contact check that is under way ends with this."""
        self.hear(ContactCheckEnded("probed", True, "status 0", leads))

    def end_session(self, why: str = "person", **changes: object) -> None:
        """The session runner says how the arming ended."""
        self.hear(SessionEnded(outcome(self.uptime_s, why, **changes)))

    def records(self, kind: type[Record]) -> list[Record]:
        return [item.record for item in self.saved if isinstance(item.record, kind)]

    def sent(self, kind: type[Effect]) -> list[Effect]:
        return [effect for effect in self.effects if isinstance(effect, kind)]

    def answer_saves(self) -> None:
        """The diary answers what waits."""
        while self.unanswered:
            self.hear(self.written(self.unanswered.pop(0)))

    def fail_saves(self, sentence: str = "The diary cannot be written.") -> None:
        while self.unanswered:
            self.hear(SaveFailed(self.unanswered.pop(0).tag, sentence))

    def _take(self, visit: Visit, effects: tuple[Effect, ...]) -> None:
        if visit.step != self.visit.step:
            self.steps.append(visit.step)
        self.visit = visit
        self._carry_out(effects)

    def _carry_out(self, effects: tuple[Effect, ...]) -> None:
        for effect in effects:
            self.effects.append(effect)
            match effect:
                case Save() | SaveScreening():
                    self.unanswered.append(effect)
                    if self.answering:
                        self.answer_saves()
                case LoadToday():
                    self.hear(TodayLoaded(self._today(), self.alerts, self.patient_pin, self.clinician_pin))
                case StartStopTest() if self.guard_answers:
                    self.hear(StopTestReady())
                case BeginSession():
                    pass

    def written(self, effect: Save | SaveScreening) -> Saved:
        record_id = effect.id or "" if isinstance(effect, SaveScreening) else ""
        corrects = effect.corrects if isinstance(effect, Save) else None
        at = effect.event_time if isinstance(effect, Save) else None
        fact = stored(effect.record, at or self.now, corrects, record_id)
        self.saved.append(fact)
        return Saved(effect.tag, fact)

    def _today(self) -> Today:
        """The day as the diary tells it now: its locks, and the rules over what was said."""
        said = [record for record in self.records(Entry) if isinstance(record, Entry)]
        facts = TodayFacts()
        if said and said[-1].moment == "before":
            facts = TodayFacts(soreness=said[-1].soreness, pain=said[-1].pain_rest)
        plan = self.day.next
        if self.day.prescription is not None and self.day.prescription_state == "in_force":
            plan = next_session(self.day.prescription, self.day.history, self.now, True, facts=facts)
        written = [record for record in self.records(Lock) if isinstance(record, Lock)]
        held = [lock for lock in written if lock.until is None or self.now.date() < lock.until]
        locks = (*self.day.locks, *(lock for lock in held if lock.class_ != "pain"))
        screenings = [record for record in self.records(Screening) if isinstance(record, Screening)]
        done = any(record.asks == "baseline" and record.verdict == "cleared" for record in screenings)
        due = None if done else self.day.baseline_due
        said = [one.given for one in self.records(Consent) if isinstance(one, Consent)]
        may_look = said[-1] if said else self.day.family_may_look
        return msgspec.structs.replace(
            self.day,
            now=self.now,
            next=plan,
            locks=locks,
            baseline_due=due,
            family_may_look=may_look,
            facts=facts,
            clock_trusted=True,
        )


def outcome(at_s: float, why: str = "person", **changes: object) -> SessionOutcome:
    """An arming that ended in the middle, with both levels found."""
    values: dict[str, object] = {
        "session_id": "session-1",
        "why": why,
        "confirmed": True,
        "how": "status 0",
        "seconds_done": 300,
        "seconds_left": 600,
        "channel": None,
        "levels_half_mA": ((1, 20), (2, 18)),
        "at_s": at_s,
        "pad_faults": 0,
        "found": True,
        "record": Session(
            programme="nmes_learn",
            montage="M4-par",
            session_kind="nmes",
            planned_seconds=900,
            stop_reason=why,
        ),
        **changes,
    }
    return SessionOutcome(**values)  # type: ignore[arg-type]


SAFE: dict[str, tuple[str, ...]] = {
    "home": ("1",),
    "identity": ("1",),
    "get_ready": ("enter",),
    "group": ("1",),
    "single": ("1",),
    "pain_rest": ("3", "enter"),
    "pain_moving": ("4", "enter"),
    "soreness": ("0", "enter"),
    "check": ("enter",),
    "placement": ("enter",),
    "settle": ("enter",),
    "stop_test": (),
    "stop_works": ("enter",),
    "contact": ("1",),
    "contact_check": ("enter",),
    "contact_result": ("enter",),
    "contact_stopped": ("1",),
    "contact_fault": ("1",),
    "contact_end": ("enter",),
    "stopped": ("enter",),
    "why_stopped": ("2",),
    "pads_off": ("enter",),
    "pain_after": ("2", "enter"),
    "skin_after": ("1",),
    "saved": ("enter",),
    "red": ("enter",),
    "pad_off": ("enter",),
    "loose_pad": ("1",),
    "place_again": ("1",),
    "look": ("1",),
    "go_on": ("1",),
    "nobody": ("1",),
    "fault": ("1",),
    "paused": ("1",),
    "not_saved": ("1",),
    "after_restart": ("enter",),
    "first_done": ("enter",),
}
"""Step → the keys of a person who is well."""


FIRST_TIME = Reason("first_time")
