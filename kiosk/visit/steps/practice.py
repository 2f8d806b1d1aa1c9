"""Practice: the same visit, walked for learning. Nothing is armed, nothing is kept.

The visit that is practised is a whole visit of its own inside this one: the same flow moves it on, but what
it asks for is only imagined here. No effect of it reaches guard or diary.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from drivers.messages import Device
from kiosk.diary.records import Envelope, Stored
from kiosk.events import (
    BeginSession,
    Effect,
    Event,
    LoadToday,
    Save,
    Saved,
    SaveScreening,
    SessionEnded,
    SessionKey,
    SessionOutcome,
    Speak,
    StopTestEnded,
    TodayLoaded,
)
from kiosk.keys import Key
from kiosk.today import Today
from kiosk.visit.state import Context, Moment, Place, Result, Visit
from kiosk.visit.steps import answers
from kiosk.visit.steps.moves import back, go, home, update
from programs.history import CourseHistory
from programs.plan import SessionPlan
from programs.progression import WEEK0_DAYS, next_session

Hear = Callable[[Visit, Event, Moment], Result]

ENDS: Final = frozenset({"verdict", "red", "skin_locked", "not_today", "first_done", "saved"})
"""Screens of a real visit that would say what was kept or locked: here they say that it was practice."""
LEVEL_STEP_HALF_MA: Final = 2
MOST_HALF_MA: Final = 40
GOES_ON: Final = (Key.LEFT, Key.RIGHT, Key.ONE, Key.TWO, Key.THREE, Key.FOUR, Key.FIVE, Key.SIX, Key.READ)
"""Known keys of a session that stop nothing."""


def offered(visit: Visit) -> bool:
    """There is a prescription to practise on, and no lock that has something more urgent to say."""
    return not answers.locks_that_end(visit) and _day(visit) is not None


def _day(visit: Visit) -> Today | None:
    """A day on which everything is ready, whatever stands in the diary."""
    today = visit.context.today
    if today is None or today.prescription is None or today.prescription_state != "in_force":
        return None
    history = CourseHistory()
    for days_ago in range(WEEK0_DAYS, 0, -1):
        history = history.with_diary_day(today.now.date() - dt.timedelta(days=days_ago))
    plan = next_session(today.prescription, history, today.now, True)
    if not isinstance(plan, SessionPlan):
        return None
    return replace(
        today,
        next=plan,
        baseline_due=None,
        open_screening=None,
        open_entry=None,
        yes_without_lock=(),
        locks=(),
        muscle_locks=(),
        interrupted=None,
        week0_day=None,
        done_today=False,
    )


def press_intro(visit: Visit, key: Key, moment: Moment) -> Result:
    """Enter: begin."""
    day = _day(visit)
    if key is Key.ENTER and day is not None:
        return _begin(visit, moment, day), ()
    return back(visit, moment) if key is Key.BACK else (visit, ())


def _begin(visit: Visit, moment: Moment, day: Today) -> Visit:
    setting = replace(visit.context.setting, stop_button_alone=False)  # no button is there in words
    device = Device(True, "p24", "PRACTICE", "", False, setting.build, "", "", False)
    context = Context(
        setting, visit.context.chosen, today=day, device=device, restart_seen=True, activity="visit"
    )
    visit = go(visit, moment, "practice")
    inner = Visit(Place("identity"), context, serial=visit.serial, shown_s=moment.monotonic_s)
    return update(visit, practice=inner, practice_half_mA=0)


def inside(visit: Visit) -> Visit:
    """The visit that is practised."""
    inner = visit.context.practice
    assert isinstance(inner, Visit)
    return inner


def press(visit: Visit, key: Key, moment: Moment, move: Callable[[Visit], Result], hear: Hear) -> Result:
    """A key goes to the visit that is practised; `move` is the flow's own answer to it."""
    inner = inside(visit)
    if inner.step in ENDS:
        if key in (Key.EIGHT, Key.READ):
            return visit, (Speak(),)
        return home(visit, moment) if key in (Key.ENTER, Key.BACK, Key.ZERO) else (visit, ())
    if inner.step == "stop_test" and key is Key.STOP:
        return _imagine(visit, *hear(inner, StopTestEnded(True, "practice"), moment), moment, hear)
    return _imagine(visit, *move(inner), moment, hear)


def _imagine(visit: Visit, inner: Visit, asked: tuple[Effect, ...], moment: Moment, hear: Hear) -> Result:
    """What the practised visit asks for happens in words alone; only reading aloud is real."""
    real: tuple[Effect, ...] = ()
    while asked:
        effect, asked = asked[0], asked[1:]
        more: tuple[Effect, ...] = ()
        match effect:
            case Save() | SaveScreening():
                inner, more = hear(inner, Saved(effect.tag, _as_if_stored(effect, moment)), moment)
            case LoadToday():
                assert inner.context.today is not None
                day = replace(inner.context.today, now=moment.now)
                inner, more = hear(inner, TodayLoaded(day), moment)
            case BeginSession():
                visit = update(visit, practice_half_mA=0)
            case SessionKey(key):
                visit, ended = _session_key(visit, key, moment)
                if ended is not None:
                    inner, more = hear(inner, SessionEnded(ended), moment)
            case Speak():
                real = (*real, effect)
            case _:
                pass
        if inner.step == "home":
            visit, then = home(visit, moment)
            return visit, (*real, *then)
        asked = (*asked, *more)
    visit = update(visit, practice=inner)
    return replace(visit, serial=inner.serial, shown_s=inner.shown_s), real


def _session_key(visit: Visit, key: Key, moment: Moment) -> tuple[Visit, SessionOutcome | None]:
    """Up and down as in a session, so far as a hand has to learn it. Every other key but these stops."""
    level = visit.context.practice_half_mA
    if key is Key.UP:
        return update(visit, practice_half_mA=min(MOST_HALF_MA, level + LEVEL_STEP_HALF_MA)), None
    if key is Key.DOWN:
        return update(visit, practice_half_mA=max(0, level - LEVEL_STEP_HALF_MA)), None
    if key in GOES_ON:
        return visit, None
    return visit, SessionOutcome(
        session_id=None,
        why="plan_over" if key is Key.ENTER else "person",
        confirmed=True,
        how="practice",
        seconds_done=0,
        seconds_left=0,
        channel=None,
        levels_half_mA=(),
        at_s=moment.monotonic_s,
        pad_faults=0,
        found=False,
        never_armed=True,
        practised=True,
    )


def _as_if_stored(effect: Save | SaveScreening, moment: Moment) -> Stored:
    envelope = Envelope(
        id=effect.tag,
        schema=0,
        event_time=moment.now,
        entry_time=moment.now,
        clock_trusted=False,
        boot_id="practice",
        monotonic_s=moment.monotonic_s,
        folder="simulated",
        device_id="PRACTICE",
    )
    return Stored(envelope=envelope, record=effect.record)
