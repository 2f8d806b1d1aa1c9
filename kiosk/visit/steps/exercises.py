"""Exercises without current: today's two to four, one at a time. They belong to every day of a plan."""

from __future__ import annotations

from typing import Final

from kiosk.keys import Key
from kiosk.visit.state import Moment, Result, Visit
from kiosk.visit.steps import answers
from kiosk.visit.steps.moves import back, go
from programs.exercises import Exercise, load_exercises, suited

CLOSED_BY: Final = frozenset({"E", "U", "X", "C", "red"})
"""Locks under which nobody is told to exercise either: a clinician looks first."""
PICKS: Final = (Key.ONE, Key.TWO, Key.THREE, Key.FOUR)


def offered(visit: Visit) -> bool:
    """The plan of today has exercises, the questions were answered, and nothing closes them."""
    today = visit.context.today
    if today is None or today.stage is None or today.baseline_due is not None:
        return False
    return not any(lock.class_ in CLOSED_BY for lock in answers.locks_open(visit))


def todays(visit: Visit) -> tuple[Exercise, ...]:
    """Those of the stage that no answer and no pain of today speaks against, in the plan's order."""
    today = visit.context.today
    if today is None or today.stage is None or not offered(visit):
        return ()
    every = load_exercises()
    of_stage = {id_: every[id_] for id_ in today.stage.stage.exercises}
    return suited(of_stage, today.worse_answers, today.pain_now or 0)


def press_exercises(visit: Visit, key: Key, moment: Moment) -> Result:
    """1–4: that exercise. Enter: the first. 6 What to mind."""
    many = len(todays(visit))
    if key is Key.SIX and many:
        return go(visit, moment, "exercise_help"), ()
    if key in PICKS[:many]:
        return go(visit, moment, "exercise", PICKS.index(key)), ()
    if key is Key.ENTER and many:
        return go(visit, moment, "exercise"), ()
    return back(visit, moment) if key in (Key.BACK, Key.ENTER) else (visit, ())


def press_exercise(visit: Visit, key: Key, moment: Moment) -> Result:
    """Enter: the next one; after the last the list again."""
    if key is Key.ENTER:
        following = visit.place.index + 1
        if following < len(todays(visit)):
            return go(visit, moment, "exercise", following, remember=False), ()
        return back(visit, moment)
    return back(visit, moment) if key is Key.BACK else (visit, ())
