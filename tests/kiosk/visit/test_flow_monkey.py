"""Any keys and events in any order: nothing begins that may not, and no worse answer vanishes."""

from __future__ import annotations

import datetime as dt

from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk import words
from kiosk.diary.records import Entry, Lock
from kiosk.events import (
    BeginSession,
    DeviceSeen,
    Event,
    FamilyLoaded,
    OutputUnknown,
    PinChecked,
    SaveFailed,
    SessionEnded,
    StopTestEnded,
    TodayNotLoaded,
    Woke,
)
from kiosk.keys import Key
from programs.screening import Answer
from tests.kiosk.visit.visit_album import family_view
from tests.kiosk.visit.visit_bench import (
    DAILY,
    FIRST_TIME,
    LOCKING,
    QUESTIONS,
    START,
    Walk,
    device,
    outcome,
    today,
)


class Monkey(Walk):
    """Presses and hears anything; after every step the page is built and the great rule is checked."""

    def begin_is_allowed(self) -> None:
        context = self.visit.context
        screening = context.screening
        assert screening is not None
        answers = {key: Answer(value) for key, value in screening.answers.items()}
        assert set(answers) == set(DAILY)
        for key, answer in answers.items():
            assert not QUESTIONS.questions[key].is_worse(answer), key
            assert self.now - screening.answered_at[key] <= dt.timedelta(minutes=60)
        assert not [lock for lock in context.locks if lock.class_ != "soreness"]
        assert not [lock for lock in self.day.locks if lock.class_ != "soreness"]
        held = [lock for lock in self.records(Lock) if isinstance(lock, Lock)]
        held = [lock for lock in held if lock.until is None or self.now.date() < lock.until]
        assert not [lock for lock in held if lock.class_ != "soreness"]
        assert self.now.date() not in self.ended_days
        assert context.run.stop_tested
        assert context.device is not None
        assert self.tested_device == context.device.device_id
        assert self.tested_s is not None
        entry = context.entry
        assert isinstance(entry, Entry)
        assert None not in (entry.pain_rest, entry.pain_moving, entry.soreness)
        assert context.saves.all_durable or all(tag.startswith("pads") for tag in self.open_tags())

    tested_s: float | None = None
    tested_device: str = ""
    """Whose STOP was tested; empty since it was away."""

    def __post_init__(self) -> None:
        self.ended_days: set[dt.date] = set()
        """Days after whose third pad fault, second device fault or unconfirmed stop nothing begins."""
        self.faults: dict[dt.date, int] = {}
        super().__post_init__()

    def note_ended_days(self, event: Event) -> None:
        day, ended = self.now.date(), False
        if isinstance(event, SessionEnded) and self.step == "session":
            result = event.outcome
            fault = result.why in ("no_answer", "limit")
            self.faults[day] = self.faults.get(day, 0) + fault
            ended = not result.confirmed or result.pad_faults > 2 or (fault and self.faults[day] > 1)
        elif isinstance(event, StopTestEnded) and self.step == "stop_test":
            ended = not event.confirmed
        elif isinstance(event, OutputUnknown):
            ended = self.step not in ("session", "stop_test")
        if ended:
            self.ended_days.add(day)

    def yeses(self) -> set[str]:
        """The worse answers that stand and lock."""
        screening = self.visit.context.screening
        said = {} if screening is None else screening.answers
        return {
            key for key in LOCKING if key in said and QUESTIONS.questions[key].is_worse(Answer(said[key]))
        }

    def no_yes_vanished(self, before: set[str]) -> None:
        context = self.visit.context
        screening = context.screening
        taken_back = {} if screening is None else screening.retracted
        waiting = (effect.record for effect in (*self.unanswered, *context.saves.failed))
        every = (*context.locks, *waiting, *self.records(Lock))
        locked = {lock.cause for lock in every if isinstance(lock, Lock)}
        for key in before - self.yeses():
            assert key in taken_back or key in locked, key

    def hear(self, event: Event) -> None:
        self.note_ended_days(event)
        if (
            isinstance(event, StopTestEnded)
            and self.step == "stop_test"
            and event.confirmed
            and event.by_person
        ):
            self.tested_s = self.uptime_s
            assert self.visit.context.device is not None
            self.tested_device = self.visit.context.device.device_id
        if isinstance(event, DeviceSeen) and event.device.device_id != self.tested_device:
            self.tested_device = ""
        super().hear(event)

    def open_tags(self) -> list[str]:
        return [effect.tag for effect in self.visit.context.saves.under_way]

    def step_once(self, doing: object) -> None:
        begun, yeses = len(self.sent(BeginSession)), self.yeses()
        if isinstance(doing, Key):
            if doing is not Key.LEAVE:
                self.press(doing)
        elif isinstance(doing, float):
            self.wait(doing)
            self.hear(Woke())
        elif doing == "save":
            if self.unanswered:
                self.hear(self.written(self.unanswered.pop(0)))
        elif doing == "fail":
            if self.unanswered:
                self.hear(SaveFailed(self.unanswered.pop(0).tag, "No space is left."))
        elif doing == "safe":
            self.until_next()
        else:
            self.hear(doing(self) if callable(doing) else doing)
        self.no_yes_vanished(yeses)
        if self.step == "home":
            self.tested_s = None
        if self.step == "pad_faults_end":
            self.ended_days.add(self.now.date())
        if len(self.sent(BeginSession)) > begun:
            self.begin_is_allowed()
            assert self.step == "session"
        try:
            for language in words.LANGUAGES:
                words.set_language(language)
                page = self.page
                assert page.id == self.step
                assert page.spoken
        finally:
            words.set_language("en")


EVENTS: list[object] = [
    StopTestEnded(True, "status 0"),
    StopTestEnded(True, "time", by_person=False),
    StopTestEnded(False, "no answer"),
    DeviceSeen(device()),
    DeviceSeen(device(present=False)),
    DeviceSeen(device(device_id="SIM-2")),
    OutputUnknown("no answer"),
    PinChecked(True, 0),
    PinChecked(False, 5),
    FamilyLoaded(family_view(START.date())),
    TodayNotLoaded("The diary cannot be read."),
    Woke(),
]


def _ended(why: str, confirmed: bool, **changes: object) -> object:
    def event(walk: Walk) -> Event:
        return SessionEnded(outcome(walk.uptime_s, why, confirmed=confirmed, seconds_left=300, **changes))

    return event


ENDS = [
    _ended(why, confirmed)
    for why in (
        "person",
        "plan_over",
        "look",
        "electrode",
        "where_mismatch",
        "still_ok",
        "no_answer",
        "limit",
    )
    for confirmed in (True, True, False)
]
ENDS += [
    _ended("electrode", True, pad_faults=3),
    _ended("nothing_felt", True, pad_faults=3),
    _ended("person", True, pad_faults=2),
    _ended("person", True, never_armed=True),
    _ended("refused", True, never_armed=True),
]
ANYTHING = st.one_of(
    st.sampled_from(["save", "save", "fail"]),
    st.sampled_from(list(Key)),
    st.sampled_from([Key.ONE, Key.TWO, Key.ENTER, Key.BACK, Key.STOP]),
    st.sampled_from(EVENTS + ENDS),
    st.sampled_from([0.5, 30.0, 700.0, 3700.0]),
)
DOINGS = st.tuples(st.integers(0, 9), ANYTHING)
"""(how careful, what else): a person who is well most of the time, and anything in between."""
CAREFUL = 7
DAYS = [
    {},
    {"baseline_due": FIRST_TIME},
    {"locks": (Lock(class_="C", cause="c_spine"),)},
    {"week0_day": 2},
    {"diary_due": "next_day"},
    {"prescription": None, "prescription_state": "none"},
]


def test_no_keys_and_events_in_any_order_begin_what_may_not_begin(soak: bool) -> None:
    @settings(max_examples=4_000 if soak else 150)
    @given(
        doings=st.lists(DOINGS, min_size=20, max_size=150),
        day=st.sampled_from(DAYS),
        answering=st.sampled_from([True, True, True, False]),
        to=st.sampled_from(["home", "group", "check", "placement", "stop_test", "session"]),
    )
    def wander(doings: list[tuple[int, object]], day: dict[str, object], answering: bool, to: str) -> None:
        walk = Monkey(today(**day))
        try:
            walk.until(to)
        except AssertionError:
            assert day
        walk.answering = answering
        for careful, doing in doings:
            walk.step_once("safe" if careful < CAREFUL else doing)

    wander()
