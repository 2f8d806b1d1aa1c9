"""How the pads lie, measured (safety rule 22): its own arming, with its own stop and its own ends.

Nothing starts by itself: Enter starts each check. Two terminals cannot tell which of a lead's two pads lies
badly, so a lead is named, and both its pads.
"""

from __future__ import annotations

from typing import Final

from drivers.messages import LeadContact
from kiosk.diary.records import Contact
from kiosk.events import BeginContactCheck, ContactCheckEnded, Effect, StopContactCheck
from kiosk.keys import Key
from kiosk.visit.state import Moment, Result, Visit
from kiosk.visit.steps import answers
from kiosk.visit.steps.conclusion import (
    lock_what_stands,
    save_alert,
    save_cleared,
    save_no_more_today,
    to_not_confirmed,
)
from kiosk.visit.steps.moves import back, go, jump, save, update_run, wait_for_saves
from kiosk.visit.steps.order import cleared, onward
from kiosk.visit.steps.pads import montage, pads_again
from kiosk.visit.steps.stimulation import OVER_FOR_TODAY, PERSON, count_device_fault, end_for_today, save_red
from programs.contact import GoodContact, holds_less
from programs.text import Reason

MOST_FAILURES: Final = 3
"""Checks that did not find all pads good: the third ends the day."""
STOPPING_KEYS: Final = (Key.STOP, Key.BACK, Key.ZERO, Key.UNKNOWN, Key.LEAVE)
"""While it runs, as in a session."""


def press_contact_check(visit: Visit, key: Key, moment: Moment) -> Result:
    """Enter: what clears her is saved, then it is measured (safety rule 29: durable before arming)."""
    if key is Key.BACK:
        return back(visit, moment)
    if key is not Key.ENTER or not visit.enter.pressed_anew:
        return visit, ()
    return _save_and_check(visit, moment)


def _save_and_check(visit: Visit, moment: Moment) -> Result:
    if not cleared(visit, moment):
        return onward(visit, moment)
    visit, effects = save_cleared(visit, moment)
    return wait_for_saves(visit, moment, "probe"), effects


def begin(visit: Visit, moment: Moment) -> Result:
    """Everything that was said is durable: the check may be asked for."""
    if not cleared(visit, moment) or answers.locks_that_end(visit):
        return onward(visit, moment)  # saving took so long that something changed
    channels = tuple(lead.channel for lead in montage(visit).leads)
    return go(visit, moment, "probing"), (BeginContactCheck(channels),)


def press_probing(visit: Visit, key: Key, moment: Moment) -> Result:
    """Whatever stops a session stops this."""
    return visit, (StopContactCheck(),) if key in STOPPING_KEYS else ()


def ended(visit: Visit, end: ContactCheckEnded, moment: Moment) -> Result:
    """The guard's last word on it."""
    refusal = end.how.partition(":")[0] if end.why == "refused" else ""
    visit = update_run(
        visit, contact_end=end.why, contact_refusal=refusal, contact_leads=end.leads, contact_good=False
    )
    if not end.confirmed:
        visit, effects = lock_what_stands(update_run(visit, output_unknown=end.why), moment)
        visit, then = to_not_confirmed(visit, moment, end.why)
        return visit, (*effects, *then)
    if end.why == "probed":
        return _measured(visit, end.leads, moment)
    if end.why in PERSON:
        return go(visit, moment, "contact_stopped"), ()
    visit, effects = count_device_fault(visit, refusal or end.why, moment)
    return go(visit, moment, "contact_fault"), effects


def _measured(visit: Visit, leads: tuple[LeadContact, ...], moment: Moment) -> Result:
    visit, effects = _save_contacts(visit, leads)
    if all(lead.contact == "good" for lead in leads):
        return go(update_run(visit, contact_failures=0), moment, "contact_result"), effects
    failures = visit.context.run.contact_failures + 1
    visit = update_run(visit, contact_failures=failures)
    if failures < MOST_FAILURES:
        return go(visit, moment, "contact_result"), effects
    visit, alert = save_alert(visit, "amber", Reason("pad_contact", {"count": failures}))
    visit, lock = save_no_more_today(visit, moment, "pad_contact")
    return jump(visit, moment, "contact_end"), (*effects, *alert, *lock)


def _save_contacts(visit: Visit, leads: tuple[LeadContact, ...]) -> Result:
    """One record a lead: the series resistance is followed from session to session."""
    where, resume = montage(visit), visit.context.run.resume
    sides = {lead.channel: lead.side for lead in where.leads}
    effects: tuple[Effect, ...] = ()
    for lead in leads:
        record = Contact(
            montage=where.id,
            pads=where.pad_size,
            channel=lead.channel,
            side=sides[lead.channel],
            contact=lead.contact,
            load_ohm=lead.load_ohm,
            series_ohm=lead.series_ohm,
            session_id=None if resume is None else resume.session_id,
        )
        visit, sent = save(visit, "contact", record)
        effects = (*effects, *sent)
    return visit, effects


def not_good(visit: Visit) -> tuple[LeadContact, ...]:
    """The leads to look at, by the last check."""
    return tuple(lead for lead in visit.context.run.contact_leads if lead.contact != "good")


def holds_less_than_usual(visit: Visit) -> bool:
    """Good still, but on one lead at least worse than this person's last good checks."""
    today = visit.context.today
    past = () if today is None else today.contacts
    where = montage(visit)
    return any(
        holds_less(GoodContact(where.id, where.pad_size, lead.channel, lead.series_ohm), past)
        for lead in visit.context.run.contact_leads
        if lead.contact == "good" and lead.series_ohm is not None
    )


def press_contact_result(visit: Visit, key: Key, moment: Moment) -> Result:
    """All good: Enter goes on. Else Enter checks again; 2 and back: to the pads, and why."""
    bad = not_good(visit)
    if key is Key.ENTER:
        if bad:
            return _save_and_check(visit, moment) if visit.enter.pressed_anew else (visit, ())
        return onward(update_run(visit, contact_good=True, pads_note=""), moment)
    if key is Key.TWO or key is Key.BACK:
        leads = montage(visit).leads
        first = next((at for at, lead in enumerate(leads) if bad and lead.channel == bad[0].channel), 0)
        return pads_again(visit, moment, "measured" if bad else "", first)
    return visit, ()


def press_contact_stopped(visit: Visit, key: Key, moment: Moment) -> Result:
    """1 Check again, 2 enough for today, 3 it burned or hurt."""
    if key is Key.ONE:
        return _save_and_check(visit, moment)
    if key is Key.TWO:
        return end_for_today(visit, moment)
    if key is Key.THREE:
        visit, effects = save_red(visit, "burning")
        return wait_for_saves(visit, moment, "red"), effects
    return visit, ()


def may_check_again(visit: Visit) -> bool:
    """Nothing has ended the day, and the guard would not refuse it once more."""
    return visit.context.run.contact_refusal not in OVER_FOR_TODAY and not answers.locks_that_end(visit)


def press_contact_fault(visit: Visit, key: Key, moment: Moment) -> Result:
    """1 Try again, with STOP tested again; 2 end for today."""
    if key is Key.ONE and may_check_again(visit):
        return onward(update_run(visit, stop_tested=False), moment)
    if key is Key.TWO and may_check_again(visit):
        return end_for_today(visit, moment)
    return (jump(visit, moment, "pads_off"), ()) if key is Key.TWO else (visit, ())


def press_contact_end(visit: Visit, key: Key, moment: Moment) -> Result:
    return (jump(visit, moment, "pads_off"), ()) if key is Key.ENTER else (visit, ())
