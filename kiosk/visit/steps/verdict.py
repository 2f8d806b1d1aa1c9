"""After the questions: what they mean, once it is saved and the diary was read anew."""

from __future__ import annotations

from typing import Final

from kiosk.diary.records import Lock
from kiosk.keys import Key
from kiosk.visit.state import Moment, Result, Visit
from kiosk.visit.steps import answers
from kiosk.visit.steps.moves import back, go, home, jump, leave_visit, update_run
from kiosk.visit.steps.order import onward
from programs.advice import CALLED_FOR
from programs.plan import SessionPlan

CALLED_FOR_CLASSES: Final = frozenset(class_.value for class_ in CALLED_FOR)


def verdict_reached(visit: Visit, moment: Moment) -> Result:
    """A lock shows itself, the worst first. Without one the baseline ends and a visit goes on."""
    today = visit.context.today
    assert today is not None
    if answers.locks_that_end(visit):
        return jump(visit, moment, "verdict"), ()
    if visit.context.activity == "baseline":
        return jump(visit, moment, "first_done"), ()
    if visit.context.run.resume is not None:
        return onward(visit, moment)
    if not isinstance(today.next, SessionPlan):
        return jump(visit, moment, "not_today"), ()
    return onward(update_run(visit, plan=today.next, judged=True), moment)


def press_to_home(visit: Visit, key: Key, moment: Moment) -> Result:
    """A screen that says something once, with one way on."""
    if key in (Key.ENTER, Key.BACK):
        return home(visit, moment)
    return visit, ()


def press_verdict(visit: Visit, key: Key, moment: Moment) -> Result:
    """Never left by time; Back does not lift it. 7: what to say on the telephone."""
    if key is Key.SEVEN and can_tell(answers.locks_that_end(visit)[0]):
        return go(visit, moment, "telephone"), ()
    return leave_visit(visit, moment) if key is Key.ENTER else (visit, ())


def can_tell(lock: Lock) -> bool:
    """There are words for the telephone (`programs.advice`): an answer stands behind the lock."""
    return lock.class_ in CALLED_FOR_CLASSES


def press_telephone(visit: Visit, key: Key, moment: Moment) -> Result:
    return back(visit, moment) if key in (Key.ENTER, Key.BACK) else (visit, ())
