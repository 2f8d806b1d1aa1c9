"""From the first current to the last: what follows each way in which an arming can end.

Nothing resumes itself. Going on is a person's choice, within ten minutes, for the minutes that are left
(safety rule 11).
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec.structs import replace

from kiosk.diary.records import AdverseEvent, Lock, Pads, Session
from kiosk.events import BeginSession, Effect, SessionKey, SessionOutcome
from kiosk.keys import Key
from kiosk.visit.state import Moment, Result, Visit
from kiosk.visit.steps import answers
from kiosk.visit.steps.conclusion import (
    lock_what_stands,
    save_alert,
    save_lock,
    save_no_more_today,
    to_not_confirmed,
)
from kiosk.visit.steps.moves import back, go, home, jump, save, update_run, wait_for_saves
from kiosk.visit.steps.order import complete, onward
from kiosk.visit.steps.pads import pad_size
from programs.text import Reason

RESUME_WITHIN_S: Final = 600.0
AWAY_LONG_S: Final = 300.0
MOST_PAD_FAULTS: Final = 2
"""The third ends the day (screens.md, "Why did you stop?")."""
MOST_DEVICE_FAULTS: Final = 1
"""A second one ends the day (safety rule 21)."""
RESTARTS: Final = "restarts"
DAY: Final = "day"
OVER_FOR_TODAY: Final = (RESTARTS, DAY)
"""The guard's limits that refuse every current for some hours (safety rules 21 and 29)."""
STOP_INPUT: Final = "stop_input"
"""The guard's limit where the stop button or the keyboard is missing (safety rule 15)."""
NOT_THE_DEVICE: Final = (
    *("not_saved", "shutdown", "finding_too_long", "find_over"),
    *("stop_input_lost", STOP_INPUT, DAY),
)
"""Ends that are said on the same screen, but are no fault of the device."""

PAD_FAULTS: Final = ("pad_loose", "electrode", "low_current", "pulse_timeout")
PLACE_AGAIN: Final = ("nothing_felt", "where_mismatch")
NOBODY: Final = ("still_ok", "rest_idle", "nobody_there")
PERSON: Final = ("person", "keyboard", "button", "stop_key")
WHY: Final = {
    Key.ONE: "pad_loose",
    Key.TWO: "enough",
    Key.THREE: "burning",
    Key.FOUR: "faint",
    Key.FIVE: "mistake",
    Key.SIX: "sting",
}


def begin(visit: Visit, moment: Moment) -> Result:
    """Everything is saved and tested: the current may be asked for."""
    run, today = visit.context.run, visit.context.today
    assert today is not None
    resume = run.resume
    if resume is not None and not may_go_on(visit, moment):
        return go(visit, moment, "pads_off"), ()
    if not complete(visit, moment):
        return onward(visit, moment)  # saving took so long that something changed
    effects: tuple[Effect, ...] = ()
    if not run.pads_counted:
        visit, effects = _count_pads(visit, moment)
    assert run.plan is not None
    first = today.sessions_done == 0
    effect = BeginSession(run.plan, resume, first, None if resume is None else resume.session_id)
    began_at = run.began_at or moment.now
    return jump(update_run(visit, began_at=began_at, resume=None), moment, "session"), (*effects, effect)


def _count_pads(visit: Visit, moment: Moment) -> Result:
    today = visit.context.today
    assert today is not None
    new = visit.context.run.new_pads or today.pads is None
    uses = 1 if new or today.pads is None else today.pads.uses + 1
    since = moment.now.date() if new or today.pads is None else today.pads.since
    record = Pads(event="used", size=pad_size(visit), uses=uses, since=since)
    return save(update_run(visit, pads_counted=True), "pads", record)


def press_session(visit: Visit, key: Key, moment: Moment) -> Result:
    """What a key means while current can flow is the session machine's."""
    return visit, (SessionKey(key),)


# ── how it ended ────────────────────────────────────────────────────────────────────────────────


def ended(visit: Visit, outcome: SessionOutcome, moment: Moment) -> Result:
    """The arming is over: the screen that belongs to its reason."""
    visit = update_run(
        visit, outcome=outcome, ended_s=moment.boottime_s, reason=outcome.why, output_unknown=""
    )
    visit, effects = (
        count_device_fault(visit, limit_of(outcome) or outcome.why, moment)
        if kind_of(outcome) == "fault"
        else (visit, ())
    )
    if outcome.confirmed:
        visit, then = _confirmed_end(visit, outcome, moment)
    else:
        visit, then = to_not_confirmed(visit, moment, outcome.why)
    return visit, (*effects, *then)


def output_unknown(visit: Visit, why: str, moment: Moment) -> Result:
    """A stop was not confirmed while no session and no STOP test was under way (safety rule 16)."""
    if visit.step in ("session", "stop_test", "probing", "not_confirmed"):
        return visit, ()  # they have their own way here, or are here
    visit, effects = lock_what_stands(update_run(visit, output_unknown=why), moment)
    visit, then = to_not_confirmed(visit, moment, why)
    return visit, (*effects, *then)


def count_device_fault(visit: Visit, why: str, moment: Moment) -> Result:
    """The second of a day ends it (safety rule 21)."""
    if why in NOT_THE_DEVICE:
        return visit, ()
    run, day = visit.context.run, moment.now.date()
    faults = 1 + (run.device_faults if run.fault_day == day else 0)
    visit = update_run(visit, device_faults=faults, fault_day=day)
    if faults <= MOST_DEVICE_FAULTS:
        return visit, ()
    return save_no_more_today(visit, moment, "device_faults")


def _to_pad_faults_end(visit: Visit, moment: Moment, count: int) -> Result:
    visit, alert = save_alert(visit, "amber", Reason("pad_faults", {"count": count}))
    visit, lock = save_no_more_today(visit, moment, "pad_faults")
    return jump(visit, moment, "pad_faults_end"), (*alert, *lock)


def _confirmed_end(visit: Visit, outcome: SessionOutcome, moment: Moment) -> Result:
    kind = kind_of(outcome)
    if kind == "done":
        return jump(visit, moment, "pads_off"), ()
    if kind == "nobody":
        visit, effects = save_alert(visit, "info", Reason("nobody_answered"))
        return jump(visit, moment, "nobody"), effects
    if kind in ("pads", "place") and outcome.pad_faults > MOST_PAD_FAULTS:
        return _to_pad_faults_end(visit, moment, outcome.pad_faults)
    if kind == "place":
        visit = update_run(visit, placed=False, contact_good=False)
    step = {"person": "stopped", "look": "look", "pads": "pad_off", "place": "place_again"}.get(kind, "fault")
    return jump(visit, moment, step), ()


def kind_of(outcome: SessionOutcome) -> str:
    """done, person, look, pads, place, nobody, or fault."""
    groups = (
        ("done", ("plan_over",)),
        ("person", PERSON),
        ("look", ("look",)),
        ("pads", PAD_FAULTS),
        ("place", PLACE_AGAIN),
        ("nobody", NOBODY),
    )
    return next((kind for kind, reasons in groups if outcome.why in reasons), "fault")


def press_not_confirmed(visit: Visit, key: Key, moment: Moment) -> Result:
    """It is not known whether current flows. Only Enter, after it was switched off."""
    if key is not Key.ENTER:
        return visit, ()
    run = visit.context.run
    if run.outcome is None and not run.output_unknown:
        return jump(visit, moment, "stop_failed"), ()
    return (jump(visit, moment, "pads_off"), ()) if pads_may_be_on(visit) else home(visit, moment)


def pads_may_be_on(visit: Visit) -> bool:
    """From the screens that place them until the skin under them was looked at."""
    run = visit.context.run
    begun = run.plan is not None or run.outcome is not None or visit.context.activity == "restart"
    return begun and not run.pads_are_off


def press_stop_failed(visit: Visit, key: Key, moment: Moment) -> Result:
    return home(visit, moment) if key in (Key.ENTER, Key.BACK) else (visit, ())


# ── why did you stop? ───────────────────────────────────────────────────────────────────────────


def press_stopped(visit: Visit, key: Key, moment: Moment) -> Result:
    if key is not Key.ENTER:
        return visit, ()
    outcome = visit.context.run.outcome
    assert outcome is not None
    return go(visit, moment, "why_stopped" if outcome.asks_afterwards else "go_on"), ()


def press_why(visit: Visit, key: Key, moment: Moment) -> Result:
    """Asked after every stop by the person (screens.md)."""
    if key is Key.BACK:
        return back(visit, moment)
    if key not in WHY:
        return visit, ()
    reason, outcome = WHY[key], visit.context.run.outcome
    assert outcome is not None
    visit, effects = _save_reason(visit, reason)
    if reason in ("burning", "faint"):
        visit, red = save_red(visit, reason)
        return wait_for_saves(visit, moment, "red"), (*effects, *red)
    if reason == "pad_loose":
        if outcome.pad_faults + 1 > MOST_PAD_FAULTS:
            visit, then = _to_pad_faults_end(visit, moment, outcome.pad_faults + 1)
            return visit, (*effects, *then)
        outcome = replace(outcome, pad_faults=outcome.pad_faults + 1)
        return go(update_run(visit, outcome=outcome), moment, "loose_pad"), effects
    if reason == "enough":
        visit, lock = end_for_today(visit, moment)
        return visit, (*effects, *lock)
    return go(visit, moment, {"mistake": "go_on", "sting": "sting"}[reason]), effects


def _save_reason(visit: Visit, reason: str) -> Result:
    """A correction of the session's record that says why, in the person's words."""
    visit = update_run(visit, reason=reason)
    outcome = visit.context.run.outcome
    assert outcome is not None
    if outcome.session_id is None or outcome.record is None:
        return visit, ()
    record: Session = msgspec.structs.replace(outcome.record, stop_reason=reason)
    return save(visit, "session", record, corrects=outcome.session_id)


def save_red(visit: Visit, symptom: str) -> Result:
    """Burning, faint: written down for the clinician, and locked (clinical reference 6)."""
    visit, event = save(visit, "event", adverse_event(visit, symptom))
    visit, lock = save_lock(visit, Lock(class_="red", cause=symptom))
    return visit, (*event, *lock)


def adverse_event(visit: Visit, symptom: str, grade: int | None = None) -> AdverseEvent:
    """What happened, with the currents at the stop."""
    run = visit.context.run
    levels = () if run.outcome is None else run.outcome.levels_half_mA
    return AdverseEvent(
        symptom=symptom,
        programme="" if run.plan is None else run.plan.programme,
        montage="" if run.plan is None else run.plan.montage.id,
        current_mA={str(channel): half_mA / 2 for channel, half_mA in levels},
        action="stopped",
        grade=grade,
    )


# ── going on ────────────────────────────────────────────────────────────────────────────────────


def may_go_on(visit: Visit, moment: Moment) -> bool:
    """Within ten minutes, with minutes left, nothing that ended the day, and a diary that can be written."""
    run, outcome = visit.context.run, visit.context.run.outcome
    if outcome is None or outcome.why == "not_saved" or answers.locks_that_end(visit):
        return False
    if (limit_of(outcome) or outcome.why) in OVER_FOR_TODAY:
        return False
    in_time = moment.monotonic_s - outcome.at_s <= RESUME_WITHIN_S
    in_time = in_time and moment.boottime_s - run.ended_s <= RESUME_WITHIN_S  # a box that slept
    return in_time and outcome.seconds_left > 0 and outcome.pad_faults <= MOST_PAD_FAULTS


def limit_of(outcome: SessionOutcome) -> str:
    """What the guard refused the arming for ("restarts", "stop_input"); empty: it was not refused."""
    return outcome.how.partition(": ")[2] if outcome.why == "refused" else ""


def go_on(visit: Visit, moment: Moment) -> Result:
    """Back into the session by the visit's own order: what is missing is asked, then it begins from zero."""
    if not may_go_on(visit, moment):
        return go(visit, moment, "pads_off"), ()
    return onward(update_run(visit, resume=visit.context.run.outcome), moment)


def end_for_today(visit: Visit, moment: Moment) -> Result:
    """She said that it is enough: pads off, and no session is offered until tomorrow."""
    visit, lock = save_no_more_today(visit, moment, "enough")
    return go(visit, moment, "pads_off"), lock


def press_go_on(visit: Visit, key: Key, moment: Moment) -> Result:
    """1 Go on, 2 enough for today; without a choice Enter goes on to the pads."""
    may = may_go_on(visit, moment)
    if key is Key.ONE or (key is Key.ENTER and not may):
        return go_on(visit, moment)
    if key is Key.TWO and may:
        return end_for_today(visit, moment)
    return back(visit, moment) if key is Key.BACK else (visit, ())


def press_look(visit: Visit, key: Key, moment: Moment) -> Result:
    """The first session's two-minute look, and after a sting. 1 No mark: go on. 2 A mark: end."""
    if key is Key.ONE:
        return (go_on(visit, moment)) if visit.step == "look" else (go(visit, moment, "go_on"), ())
    if key is Key.TWO:
        return end_for_today(visit, moment)
    return visit, ()


def press_pad_off(visit: Visit, key: Key, moment: Moment) -> Result:
    return (go(visit, moment, "loose_pad"), ()) if key is Key.ENTER else (visit, ())


def press_loose_pad(visit: Visit, key: Key, moment: Moment) -> Result:
    """Pressed on again: then how the pads lie is asked anew."""
    if key is Key.ONE:
        return go_on(update_run(visit, contact_good=False), moment)
    if key is Key.TWO:
        return end_for_today(visit, moment)
    return visit, ()


def press_place_again(visit: Visit, key: Key, moment: Moment) -> Result:
    """Felt nothing, or on the wrong side: look at the pads, find the level from zero."""
    if key is Key.ONE:
        return go_on(visit, moment)
    if key is Key.TWO:
        return end_for_today(visit, moment)
    return visit, ()


def press_fault(visit: Visit, key: Key, moment: Moment) -> Result:
    """1 Try again, with STOP tested again; 2 end for today."""
    if key is Key.ONE and may_go_on(visit, moment):
        return go_on(update_run(visit, stop_tested=False, contact_good=False), moment)
    if key is Key.TWO and may_go_on(visit, moment):
        return end_for_today(visit, moment)
    if key in (Key.TWO, Key.ENTER) and not may_go_on(visit, moment):
        return go(visit, moment, "pads_off"), ()
    return visit, ()


def press_to_pads_off(visit: Visit, key: Key, moment: Moment) -> Result:
    """Screens that say something and then end the session."""
    return (go(visit, moment, "pads_off"), ()) if key is Key.ENTER else (visit, ())


def away_long(visit: Visit, moment: Moment) -> bool:
    """Nobody came for five minutes, also of a box that slept: then nothing is offered but to take the pads
    off."""
    return moment.boottime_s - visit.shown_boottime_s >= AWAY_LONG_S


def press_nobody(visit: Visit, key: Key, moment: Moment) -> Result:
    """Somebody came back: go on, or end."""
    if key is Key.ONE and not away_long(visit, moment):
        return go_on(visit, moment)
    if key is Key.TWO and may_go_on(visit, moment) and not away_long(visit, moment):
        return end_for_today(visit, moment)
    if key is Key.TWO:
        return go(visit, moment, "pads_off"), ()
    return visit, ()
