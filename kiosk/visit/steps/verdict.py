"""After the questions: what they mean, once it is saved and the diary was read anew."""

from __future__ import annotations

from kiosk.keys import Key
from kiosk.visit.state import Moment, Result, Visit
from kiosk.visit.steps import answers
from kiosk.visit.steps.moves import home, jump, leave_visit, update_run
from kiosk.visit.steps.order import onward
from programs.plan import SessionPlan


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
    """Never left by time; Back does not lift it."""
    return leave_visit(visit, moment) if key is Key.ENTER else (visit, ())
