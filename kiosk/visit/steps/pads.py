"""Pads on, lead by lead; sitting or lying as she will stay; STOP; whether the pads lie well."""

from __future__ import annotations

from typing import Literal

from kiosk.diary.records import Pads
from kiosk.events import StopTestEnded
from kiosk.keys import Key
from kiosk.visit.state import Moment, Result, Visit
from kiosk.visit.steps import device
from kiosk.visit.steps.conclusion import to_not_confirmed
from kiosk.visit.steps.moves import back, go, leave_visit, save, update_run
from kiosk.visit.steps.order import onward, to_stop_test
from programs.montage import Montage

BOTH_PADS = 0
"""`Place.item` of a placement screen: both pads, or 1, 2 for one at a time."""


def press_placement(visit: Visit, key: Key, moment: Moment) -> Result:
    """`Place.index` is the lead. Enter: on. 5: one pad at a time. 6: how it is done. 7: new pads were
    opened, or were not."""
    leads, place = montage(visit).leads, visit.place
    if key is Key.BACK:
        return back(visit, moment)
    if key is Key.SIX:
        return go(visit, moment, "pad_help"), ()
    if key is Key.FIVE and place.item == BOTH_PADS:
        return go(visit, moment, "placement", place.index, 1), ()
    if key is Key.SEVEN and not visit.context.run.new_pads_saved:
        return update_run(visit, new_pads=not visit.context.run.new_pads), ()
    if key is not Key.ENTER or worn(visit):
        return visit, ()
    if place.item == 1:
        return go(visit, moment, "placement", place.index, 2), ()
    if place.index + 1 < len(leads):
        return go(visit, moment, "placement", place.index + 1), ()
    visit, effects = _save_new_pads(visit, moment)
    visit, then = onward(update_run(visit, placed=True, pads_note=""), moment)
    return visit, (*effects, *then)


def _save_new_pads(visit: Visit, moment: Moment) -> Result:
    """Once the pads are on, and only once: until then the same key takes it back."""
    run = visit.context.run
    if not run.new_pads or run.new_pads_saved:
        return visit, ()
    record = Pads(event="new", size=pad_size(visit), uses=0, since=moment.now.date())
    return save(update_run(visit, new_pads_saved=True), "pads", record)


def pads_again(visit: Visit, moment: Moment, note: Literal["", "said", "measured"], lead: int = 0) -> Result:
    """Back to placing them, from the lead `lead` on; the screen says why."""
    visit = update_run(visit, placed=False, contact_good=False, pads_note=note)
    return go(visit, moment, "placement", lead), ()


def worn(visit: Visit) -> bool:
    """The pads have done their sessions or months, and no new ones were opened: they are not used once more.
    Those that a session was begun with today stay on until its end."""
    today, run = visit.context.today, visit.context.run
    return today is not None and today.pads_worn and not (run.new_pads or run.pads_counted)


def press_settle(visit: Visit, key: Key, moment: Moment) -> Result:
    if key is Key.ENTER:
        return onward(update_run(visit, settled=True), moment)
    return back(visit, moment) if key is Key.BACK else (visit, ())


# ── STOP ────────────────────────────────────────────────────────────────────────────────────────


def press_stop_test(visit: Visit, key: Key, moment: Moment) -> Result:
    """Every stop key goes to the guard by itself; the flow waits for the device's word."""
    return visit, ()


def hear_stop_test(visit: Visit, ended: StopTestEnded, moment: Moment) -> Result:
    """Only a stop by the person that the device confirmed counts (safety rule 15)."""
    if not ended.confirmed:
        return to_not_confirmed(visit, moment, ended.how)
    if not ended.by_person:
        visit = update_run(visit, stop_test_end=ended.why)
        return go(visit, moment, "stop_not_pressed", remember=False), ()
    return go(update_run(visit, stop_tested=True), moment, "stop_works", remember=False), ()


def press_stop_works(visit: Visit, key: Key, moment: Moment) -> Result:
    if key is Key.ENTER:
        return onward(visit, moment)
    return back(visit, moment) if key is Key.BACK else (visit, ())


def press_stop_not_pressed(visit: Visit, key: Key, moment: Moment) -> Result:
    if key is Key.ENTER:
        return to_stop_test(visit, moment, remember=False)
    return back(visit, moment) if key is Key.BACK else (visit, ())


def press_no_device(visit: Visit, key: Key, moment: Moment) -> Result:
    """Enter looks again; the diary and home are open meanwhile."""
    if key is Key.ENTER and device.usable(visit):
        return onward(visit, moment)
    if key is Key.TWO:
        return leave_visit(visit, moment)
    return back(visit, moment) if key is Key.BACK else (visit, ())


# ── contact, by question ────────────────────────────────────────────────────────────────────────


def press_contact(visit: Visit, key: Key, moment: Moment) -> Result:
    """1 No, all lie well. 2 Yes, or not sure: back to the pads."""
    if key is Key.ONE:
        return onward(update_run(visit, contact_good=True), moment)
    if key is Key.TWO:
        return pads_again(visit, moment, "said")
    return back(visit, moment) if key is Key.BACK else (visit, ())


def montage(visit: Visit) -> Montage:
    """Where the pads go today."""
    plan = visit.context.run.plan
    assert plan is not None
    return plan.montage


def pad_size(visit: Visit) -> str:
    """ "5x9", as the diary keeps it."""
    return montage(visit).pad_size
