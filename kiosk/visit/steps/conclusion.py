"""What is saved when the answers are complete: verdict, locks, alerts. Shown only after it is durable."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Literal

import msgspec

from kiosk.diary.records import Alert, Lock
from kiosk.events import Effect
from kiosk.visit.state import Moment, Result, Visit
from kiosk.visit.steps import answers
from kiosk.visit.steps.moves import jump, save, save_document, update
from programs.screening import SORE_LOCKS, Class, Finding
from programs.text import Reason

if TYPE_CHECKING:
    from kiosk.review.alerts import AlertsNow

DayCause = Literal["not_confirmed", "device_faults", "pad_faults", "pad_contact", "enough"]
"""Why there is none for today, though no answer says so: an unconfirmed stop, the second fault of the
device, the third of the pads, the third contact check that did not find all of them good; or she said that
it is enough."""


def save_verdict(visit: Visit, moment: Moment, *, mendable: bool = False) -> Result:
    """Saves a lock for every finding that stands, and the screening with its worst class."""
    visit, effects = lock_what_stands(visit, moment, mendable=mendable)
    entry = visit.context.entry
    if entry is not None and entry.soreness is not None and entry.soreness >= SORE_LOCKS:
        visit, sent = save_lock(visit, Lock(class_="soreness", cause="d_sore"))
        effects = (*effects, *sent)
    asked = tuple(key for group in answers.round_groups(visit) for key in group.questions)
    verdict = answers.verdict(visit, asked)
    finished = visit.context.activity == "baseline" or bool(answers.standing(visit, mendable=mendable))
    if visit.context.screening is None or not finished:
        return visit, effects
    name = "cleared" if verdict.worst in (None, Class.N) else verdict.worst.value
    visit, sent = _save_screening(visit, name, verdict.findings)
    return visit, (*effects, *sent)


def lock_what_stands(visit: Visit, moment: Moment, *, mendable: bool = False) -> Result:
    """A lock for every worse answer that stands, also for one that was not confirmed: leaving lifts nothing.

    `mendable`: also for what could still be put right.
    """
    effects: tuple[Effect, ...] = ()
    if visit.context.screening is None:
        return visit, effects
    for finding in answers.standing(visit, mendable=mendable):
        visit, sent = save_lock(visit, answers.lock_of(finding, moment))
        effects = (*effects, *sent)
    return visit, effects


def save_cleared(visit: Visit, moment: Moment) -> Result:
    """Saves that the visit's questions are all answered and nothing stands."""
    return _save_screening(visit, "cleared", answers.verdict(visit).findings)


def save_lock(visit: Visit, lock: Lock) -> Result:
    """Saves a lock once. It holds from now on, whether or not saving succeeds."""
    known = {(open_.class_, open_.cause) for open_ in answers.locks_open(visit)}
    if (lock.class_, lock.cause) in known:
        return visit, ()
    visit = update(visit, locks=(*visit.context.locks, lock))
    return save(visit, "lock", lock)


def save_pain_lock(visit: Visit) -> Result:
    """Pain rose after two sessions: the muscles are locked until a clinician looks, TENS is not, and all are
    told (clinical reference 4, 6)."""
    saves = visit.context.saves
    waiting = (one.record for one in (*saves.under_way, *saves.failed))
    if any(isinstance(record, Lock) and record.class_ == "pain" for record in waiting):
        return visit, ()
    # Not among the visit's locks: those close every therapy.
    visit, lock = save(visit, "lock", Lock(class_="pain", cause="pain_up_twice"))
    visit, alert = save_alert(visit, "amber", Reason("pain_up_twice"))
    return visit, (*lock, *alert)


def save_new_alerts(visit: Visit, alerts: AlertsNow) -> Result:
    """Journals what has newly to be told, and locks what it locks; each matter once in this run, however
    often the diary is read before it is durable."""
    effects: tuple[Effect, ...] = ()
    today, raised = visit.context.today, visit.context.alerts_raised
    for one in alerts.new:
        told_by_its_lock = one.rule.rule == "pain_up_twice" and today is not None and today.pain_lock_missing
        if (one.key, one.since) in raised or told_by_its_lock:
            continue
        raised |= {(one.key, one.since)}
        if one.locks == "pain":
            # Not among the visit's locks: those close every therapy.
            visit, lock = save(visit, "lock", Lock(class_="pain", cause=one.rule.rule))
        elif one.locks is not None:
            visit, lock = save_lock(visit, Lock(class_=one.locks, cause=one.rule.rule))
        else:
            lock = ()
        record = Alert(level=one.level, rule=one.rule, records=one.records, since=one.since)
        visit, alert = save(visit, "alert", record)
        effects = (*effects, *lock, *alert)
    return update(visit, alerts=alerts, alerts_raised=raised), effects


def save_no_more_today(visit: Visit, moment: Moment, cause: DayCause) -> Result:
    """No session until tomorrow, whatever is pressed or started anew (safety rules 16, 21)."""
    tomorrow = moment.now.date() + dt.timedelta(days=1)
    return save_lock(visit, Lock(class_="P", cause=cause, until=tomorrow))


def to_not_confirmed(visit: Visit, moment: Moment, why: str) -> Result:
    """It is not known whether current flows: told to all, none for today, and "Switch it OFF" (rule 16)."""
    visit, alert = save_alert(visit, "red", Reason("stop_not_confirmed", {"why": why}))
    visit, lock = save_no_more_today(visit, moment, "not_confirmed")
    return jump(visit, moment, "not_confirmed"), (*alert, *lock)


def save_alert(visit: Visit, level: Literal["red", "amber", "info"], rule: Reason) -> Result:
    """Tells the family and the clinician."""
    return save(visit, "alert", Alert(level=level, rule=rule))


def _save_screening(visit: Visit, verdict: str, findings: tuple[Finding, ...]) -> Result:
    screening = visit.context.screening
    assert screening is not None
    keys = tuple(finding.key for finding in findings)
    screening = msgspec.structs.replace(screening, verdict=verdict, findings=keys)
    return save_document(update(visit, screening=screening), "screening", screening)
