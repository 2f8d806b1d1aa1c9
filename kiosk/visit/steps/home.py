"""Home in its variants, and what is one key away from it: help, label, paused, saving, what was cut off."""

from __future__ import annotations

import datetime as dt
from typing import Final, Literal

import msgspec

from kiosk.diary.records import Entry
from kiosk.events import Effect
from kiosk.keys import Key
from kiosk.today import CutOff
from kiosk.visit.state import Moment, Result, Visit
from kiosk.visit.steps import (
    answers,
    clinician,
    consent,
    device,
    exercises,
    practice,
    safe_mode,
    unlock_code,
    verdict,
)
from kiosk.visit.steps.conclusion import save_lock, save_verdict
from kiosk.visit.steps.diary import begin_diary, to_days
from kiosk.visit.steps.family import begin_look_back
from kiosk.visit.steps.moves import (
    adopt_document,
    back,
    go,
    home,
    leave_visit,
    load_today,
    save,
    save_again,
    update,
    update_run,
    wait_for_saves,
)
from kiosk.visit.steps.patient_pin import ask_first
from programs.plan import SessionPlan
from programs.text import Reason

HELP: Final = {Key.ONE: "label", Key.TWO: "evidence", Key.THREE: "choices"}
CUT_SHORT: Final = "saving_cut_short"
PADS_MAY_BE_ON: Final = dt.timedelta(hours=2)
"""After a restart later than this nobody is asked to take them off."""

Variant = Literal[
    "loading",
    "unreadable",
    "safe_mode",
    "unsaved",
    "no_prescription",
    "not_yet",
    "expired",
    "locked",
    "baseline",
    "week0",
    "week0_done",
    "done",
    "rest_day",
    "no_device",
    "ready",
]


def variant(visit: Visit) -> Variant:
    """What home says today; what forbids most comes first."""
    context = visit.context
    today, saves = context.today, context.saves
    if saves.sentence and not saves.all_durable:
        return "unsaved"
    if context.unreadable:
        return "unreadable"
    if today is None or context.loads != "none" or not saves.all_durable:
        return "loading"
    if safe_mode.on(visit):
        return "safe_mode"
    if today.prescription is None or today.prescription_state != "in_force":
        return {"none": "no_prescription", "not_yet": "not_yet", "expired": "expired"}[
            today.prescription_state
        ]  # type: ignore[return-value]
    if answers.locks_that_end(visit):
        return "locked"
    if today.baseline_due is not None:
        return "baseline"
    if today.week0_day is not None:
        return "week0_done" if today.week0_done_today else "week0"
    if not isinstance(today.next, SessionPlan):
        return "done" if today.done_today else "rest_day"
    return "ready" if device.usable(visit) else "no_device"


def press_home(visit: Visit, key: Key, moment: Moment) -> Result:
    """1 Start, 2 diary, 3 look back, 4 help, 5 exercises, 9 family."""
    now = variant(visit)
    if key is Key.FOUR:
        return go(visit, moment, "help"), ()
    if key is Key.THREE and now != "loading":
        return begin_look_back(visit, moment)
    if key is Key.NINE and now != "loading":
        return consent.to_family(visit, moment)
    if now in ("loading", "unreadable"):
        return (load_today(visit)) if key is Key.ENTER and now == "unreadable" else (visit, ())
    if key is Key.FIVE and exercises.offered(visit):
        return go(visit, moment, "exercises"), ()
    if now == "unsaved":
        return _try_again(visit, moment) if key is Key.ONE else (visit, ())
    if key is Key.SIX and unlock_code.offered(visit):
        return unlock_code.begin(visit, moment)
    if key is Key.SEVEN and now == "locked" and verdict.can_tell(answers.locks_that_end(visit)[0]):
        return go(visit, moment, "telephone"), ()
    if key is Key.SEVEN and now == "safe_mode":
        return safe_mode.begin(visit, moment)
    if key is Key.TWO:
        return to_days(visit, moment)
    if key is Key.ONE and now == "week0":
        return begin_diary(visit, moment)
    if key is Key.ONE and now == "ready":
        return go(update(visit, activity="visit", news=()), moment, "identity"), ()
    if key is Key.ONE and now == "baseline":
        return go(update(visit, activity="baseline", news=()), moment, "identity"), ()
    return visit, ()


def hear_checked(visit: Visit, damaged: tuple[str, ...], *, cut_short: bool) -> Visit:
    """What is damaged is said as long as it is; what a power cut kept from being saved, until the next visit
    begins."""
    news = (*visit.context.news, Reason(CUT_SHORT)) if cut_short else visit.context.news
    return update(visit, damaged=damaged, news=news)


def press_help(visit: Visit, key: Key, moment: Moment) -> Result:
    """1 What the device is and is not. 2 What is known of it. 3 Language and sound. 4 Who may see.
    5 Practice. 6 The prescription."""
    if key is Key.FOUR and consent_can_be_asked(visit):
        return ask_first(visit, moment, "consent")
    if key is Key.FIVE and practice.offered(visit):
        return go(visit, moment, "practice_intro"), ()
    if key is Key.SIX and prescription_can_be_read(visit):
        return go(visit, moment, "prescription"), ()
    if key in HELP:
        return go(visit, moment, HELP[key]), ()
    return back(visit, moment) if key in (Key.BACK, Key.ENTER) else (visit, ())


def consent_can_be_asked(visit: Visit) -> bool:
    """What she says can be saved."""
    return variant(visit) not in ("loading", "unsaved")


def prescription_can_be_read(visit: Visit) -> bool:
    """There is one in the box."""
    return consent_can_be_asked(visit) and clinician.prescription(visit) is not None


def press_first_done(visit: Visit, key: Key, moment: Moment) -> Result:
    return home(visit, moment) if key in (Key.ENTER, Key.BACK) else (visit, ())


# ── paused, saving ──────────────────────────────────────────────────────────────────────────────


def press_paused(visit: Visit, key: Key, moment: Moment) -> Result:
    """1 go on, 2 home."""
    if key in (Key.ONE, Key.BACK):
        return back(visit, moment)
    if key is not Key.TWO:
        return visit, ()
    visit, effects = _save_unconfirmed(visit, moment)
    visit, then = leave_visit(visit, moment)
    return visit, (*effects, *then)


def _save_unconfirmed(visit: Visit, moment: Moment) -> Result:
    """A yes that was not confirmed is one when the questions are left."""
    if visit.context.screening is None or not answers.standing(visit, mendable=False):
        return visit, ()
    return save_verdict(visit, moment)


def press_saving(visit: Visit, key: Key, moment: Moment) -> Result:
    """It goes on by itself."""
    return visit, ()


def press_not_saved(visit: Visit, key: Key, moment: Moment) -> Result:
    """1 Try again, 2 home, where it still says so."""
    if key in (Key.ONE, Key.ENTER):
        return _try_again(visit, moment)
    if key is not Key.TWO:
        return visit, ()
    visit, effects = _save_unconfirmed(visit, moment)
    visit, then = home(visit, moment)
    return visit, (*effects, *then)


def _try_again(visit: Visit, moment: Moment) -> Result:
    then = "home" if visit.step == "home" else visit.context.after_saving
    visit, effects = save_again(visit)
    return wait_for_saves(visit, moment, then), effects


# ── after a restart ─────────────────────────────────────────────────────────────────────────────


def after_start(visit: Visit, moment: Moment) -> Result:
    """The diary was read for the first time: what a restart cut off gets its lock, or its end."""
    today = visit.context.today
    assert today is not None
    effects: tuple[Effect, ...] = ()
    for finding in today.yes_without_lock:
        visit, sent = save_lock(visit, answers.lock_of(finding, moment))
        effects = (*effects, *sent)
    cut_off = today.interrupted or today.unlooked
    if today.interrupted is not None:
        visit, sent = _save_interrupted(visit, today.interrupted)
        effects = (*effects, *sent)
    if cut_off is None or moment.now - cut_off.at > PADS_MAY_BE_ON:
        return visit, effects
    return _to_its_end(visit, moment, cut_off), effects


def _save_interrupted(visit: Visit, cut_off: CutOff) -> Result:
    """The session gets its end in the diary."""
    record = msgspec.structs.replace(cut_off.record, state="interrupted", stop_reason="restart")
    return save(visit, "session", record, corrects=cut_off.id)


def _to_its_end(visit: Visit, moment: Moment, cut_off: CutOff) -> Visit:
    """The pads may be on: that it is over, pads off, and what was not asked yet."""
    entry = Entry(moment="after", session_id=cut_off.id)
    if cut_off.after is not None:
        entry = cut_off.after.record
        visit = adopt_document(visit, "after", entry, cut_off.after.id)
    visit = update_run(update(visit, activity="restart"), after=entry)
    return go(visit, moment, "after_restart", remember=False)


def press_after_restart(visit: Visit, key: Key, moment: Moment) -> Result:
    """Nothing starts by itself. Then the pads come off, once it is known what is said of the output."""
    if key is not Key.ENTER or visit.context.device is None:
        return visit, ()
    return go(visit, moment, "pads_off", remember=False), ()
