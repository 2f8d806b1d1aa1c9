"""After the current: pads off, skin, and everything saved before the screen says so."""

from __future__ import annotations

from typing import Final

from kiosk.diary.records import Entry, Lock
from kiosk.keys import Key
from kiosk.visit.events import Effect
from kiosk.visit.state import Continuation, Moment, Result, Visit
from kiosk.visit.steps import exercises
from kiosk.visit.steps.conclusion import save_lock
from kiosk.visit.steps.forms import begin_form, next_due
from kiosk.visit.steps.moves import back, go, home, save, update_run, wait_for_saves
from kiosk.visit.steps.stimulation import adverse_event

SKIN_KEYS: Final = {Key.ONE: 0, Key.TWO: 1, Key.THREE: 2, Key.FOUR: 3, Key.FIVE: 4}
"""Key → grade (clinical reference 5)."""
SKIN_LOCKS: Final = 2
SKIN_IS_ADVERSE: Final = 3


def press_pads_off(visit: Visit, key: Key, moment: Moment) -> Result:
    """6 How it is done. Enter: they are off."""
    if key is Key.SIX:
        return go(visit, moment, "pads_off_help"), ()
    return (go(visit, moment, "skin_after"), ()) if key is Key.ENTER else (visit, ())


def press_red(visit: Visit, key: Key, moment: Moment) -> Result:
    """What to do now was said; then the pads come off."""
    return (go(visit, moment, "pads_off", remember=False), ()) if key is Key.ENTER else (visit, ())


def press_skin_after(visit: Visit, key: Key, moment: Moment) -> Result:
    """Grade 0–4. From 2 on the place rests until the clinician opens it; 3 and 4 are told as an event.
    6 What is common, and what is not."""
    if key is Key.SIX:
        return go(visit, moment, "skin_help"), ()
    if key is Key.BACK:
        return back(visit, moment)
    if key not in SKIN_KEYS:
        return visit, ()
    grade = SKIN_KEYS[key]
    entry = Entry(moment="after", skin=grade, session_id=_session_id(visit))
    visit, effects = save(update_run(visit, pads_are_off=True), "entry", entry)
    visit, more = save_skin_lock(visit, grade)
    then: Continuation = "skin" if grade >= SKIN_LOCKS else "saved"
    return wait_for_saves(visit, moment, then), (*effects, *more)


def _session_id(visit: Visit) -> str | None:
    """The session of this visit, or the one that a restart cut off."""
    outcome, today = visit.context.run.outcome, visit.context.today
    if outcome is not None:
        return outcome.session_id
    if visit.context.activity == "restart" and today is not None and today.interrupted is not None:
        return today.interrupted.id
    return None


def save_skin_lock(visit: Visit, grade: int) -> Result:
    """From grade 2 on the place rests; 3 and 4 are written down as an event besides."""
    effects: tuple[Effect, ...] = ()
    if grade < SKIN_LOCKS:
        return visit, effects
    if grade >= SKIN_IS_ADVERSE:
        visit, effects = save(visit, "event", adverse_event(visit, "skin", grade))
    visit, lock = save_lock(visit, Lock(class_="skin", cause=f"skin_{grade}"))
    return visit, (*effects, *lock)


def press_skin_locked(visit: Visit, key: Key, moment: Moment) -> Result:
    step = "entry_saved" if visit.context.activity == "diary" else "saved"
    return (go(visit, moment, step, remember=False), ()) if key is Key.ENTER else (visit, ())


def press_saved(visit: Visit, key: Key, moment: Moment) -> Result:
    """1 A form that is due. 2 Today's exercises. Enter: home."""
    due = next_due(visit)
    if key is Key.ONE and due is not None:
        return begin_form(visit, moment, due)
    if key is Key.TWO and exercises.offered(visit):
        return go(visit, moment, "exercises"), ()
    return home(visit, moment) if key in (Key.ENTER, Key.BACK) else (visit, ())
