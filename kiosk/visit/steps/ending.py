"""After the current: pads off, pain, skin, and everything saved before the screen says so."""

from __future__ import annotations

from typing import Any, Final

from msgspec.structs import replace

from kiosk.diary.records import Entry, Lock
from kiosk.events import Effect
from kiosk.keys import Key
from kiosk.visit.state import Continuation, Moment, Number, Result, Visit
from kiosk.visit.steps import exercises, numbers
from kiosk.visit.steps.conclusion import save_lock
from kiosk.visit.steps.forms import begin_form, next_due
from kiosk.visit.steps.moves import (
    back,
    go,
    home,
    save,
    save_document,
    update,
    update_run,
    wait_for_saves,
)
from kiosk.visit.steps.stimulation import adverse_event

SKIN_KEYS: Final = {Key.ONE: 0, Key.TWO: 1, Key.THREE: 2, Key.FOUR: 3, Key.FIVE: 4}
"""Key → grade (clinical reference 5)."""
SKIN_LOCKS: Final = 2
SKIN_IS_ADVERSE: Final = 3


def press_pads_off(visit: Visit, key: Key, moment: Moment) -> Result:
    """6 How it is done. Enter: they are off."""
    if key is Key.SIX:
        return go(visit, moment, "pads_off_help"), ()
    if key is not Key.ENTER:
        return visit, ()
    asked = played(visit) and after_entry(visit).pain_rest is None
    return go(visit, moment, "pain_after" if asked else "skin_after"), ()


def played(visit: Visit) -> bool:
    """There was current in this visit, or in the session that a restart cut off."""
    outcome = visit.context.run.outcome
    if outcome is None:
        return visit.context.activity == "restart"
    return outcome.asks_afterwards or outcome.seconds_done > 0


def after_entry(visit: Visit) -> Entry:
    """What was said after the session so far."""
    run = visit.context.run
    if run.after is not None:
        return run.after
    return Entry(moment="after", session_id=None if run.outcome is None else run.outcome.session_id)


def press_red(visit: Visit, key: Key, moment: Moment) -> Result:
    """What to do now was said; then the pads come off."""
    return (go(visit, moment, "pads_off", remember=False), ()) if key is Key.ENTER else (visit, ())


def press_pain_after(visit: Visit, key: Key, moment: Moment) -> Result:
    """How her back is now. Enter keeps the number; where none is marked, it is left out: nobody who is
    unwell is held up here."""
    number, said = visit.context.number, after_entry(visit).pain_rest
    moved = numbers.press_number(number, key, said)
    if moved is not None:
        return update(visit, number=moved), ()
    if key is Key.BACK:
        return back(update(visit, number=Number()), moment)
    if key is not Key.ENTER:
        return visit, ()
    value = numbers.marked(number, said)
    visit, effects = (visit, ()) if value is None else _keep(visit, pain_rest=value)
    return go(update(visit, number=Number()), moment, "skin_after"), effects


def _keep(visit: Visit, **said: Any) -> Result:
    """Saves what was said after the session, with what was said now."""
    entry = replace(after_entry(visit), **said)
    return save_document(update_run(visit, after=entry), "after", entry)


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
    visit, effects = _keep(update_run(visit, pads_are_off=True), skin=grade)
    visit, more = save_skin_lock(visit, grade)
    then: Continuation = "skin" if grade >= SKIN_LOCKS else "saved"
    return wait_for_saves(visit, moment, then), (*effects, *more)


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
