"""After the questions: what they mean, once it is saved and the diary was read anew."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from kiosk.diary.records import Lock
from kiosk.keys import Key
from kiosk.visit.state import Moment, Result, Visit
from kiosk.visit.steps import answers
from kiosk.visit.steps.moves import back, go, jump, leave_visit, update, update_run
from kiosk.visit.steps.order import onward
from programs.advice import CALLED_FOR
from programs.plan import NotToday, SessionPlan
from programs.progression import why_not_gone_on
from programs.text import Reason

CALLED_FOR_CLASSES: Final = frozenset(class_.value for class_ in CALLED_FOR)


def verdict_reached(visit: Visit, moment: Moment) -> Result:
    """A lock shows itself, the worst first. Without one the baseline ends and a visit goes on."""
    today = visit.context.today
    assert today is not None
    if answers.locks_that_end(visit):
        return jump(visit, moment, "verdict"), ()
    if visit.context.activity == "baseline":
        return jump(visit, moment, "first_done"), ()
    plan = _plan(visit)
    if not isinstance(plan, SessionPlan):
        return jump(update(visit, today=replace(today, next=plan)), moment, "not_today"), ()
    before = visit.context.run.plan
    if before is not None and before.montage != plan.montage:
        visit = update_run(visit, placed=False, contact_good=False)
    return onward(update_run(visit, plan=plan, judged=True, judged_on=today.now.date()), moment)


def _plan(visit: Visit) -> SessionPlan | NotToday:
    """Today's session as it is now. Minutes that are left keep their plan, or are not played any more."""
    today, run = visit.context.today, visit.context.run
    assert today is not None
    if today.baseline_due is not None:
        return NotToday((today.baseline_due,), today.now.date())
    if run.resume is None or run.plan is None:
        return today.next
    if today.prescription is None or today.prescription_state != "in_force":
        ended = NotToday((Reason("no_prescription"),), None)
        return today.next if isinstance(today.next, NotToday) else ended
    not_on = why_not_gone_on(
        run.plan.programme,
        today.prescription,
        today.history,
        today.now,
        today.clock_trusted,
        facts=today.facts,
    )
    return run.plan if not_on is None else not_on


def press_not_today(visit: Visit, key: Key, moment: Moment) -> Result:
    """Said once; with pads on after a part of the session, they come off first."""
    return leave_visit(visit, moment) if key in (Key.ENTER, Key.BACK) else (visit, ())


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
