"""Writing in the diary, on any day, with or without a session. Saved as given, a number at a time."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from kiosk.diary.records import Entry
from kiosk.keys import Key
from kiosk.visit.state import Continuation, Moment, Number, Result, Visit
from kiosk.visit.steps import numbers
from kiosk.visit.steps.ending import SKIN_KEYS, SKIN_LOCKS, save_skin_lock
from kiosk.visit.steps.forms import begin_form, next_due
from kiosk.visit.steps.moves import back, forget_document, go, home, save_document, update, wait_for_saves

NUMBERS: Final = {
    "diary_pain_rest": "pain_rest",
    "diary_pain_moving": "pain_moving",
    "diary_soreness": "soreness",
    "diary_sleep": "sleep",
}
"""Step → field, in the order in which they are asked."""
MEDICINE: Final = {Key.ONE: False, Key.TWO: True}


def begin_diary(visit: Visit, moment: Moment) -> Result:
    """A new entry."""
    visit = forget_document(visit, "entry")
    visit = update(visit, activity="diary", entry=None, entry_at=None, number=Number())
    return go(visit, moment, next(iter(NUMBERS))), ()


def press_diary_number(visit: Visit, key: Key, moment: Moment) -> Result:
    """One of the number lines of an entry."""
    name, entry = NUMBERS[visit.step], visit.context.entry
    said = None if entry is None else getattr(entry, name)
    moved = numbers.press_number(visit.context.number, key, said)
    if moved is not None:
        return update(visit, number=moved), ()
    if key is Key.BACK:
        return back(update(visit, number=Number()), moment)
    value = numbers.marked(visit.context.number, said)
    if key is not Key.ENTER or value is None:
        return visit, ()
    entry = msgspec.structs.replace(entry or Entry(moment=_moment(visit)), **{name: value})
    visit = update(visit, entry=entry, entry_at=moment.now, number=Number())
    visit, effects = save_document(visit, "entry", entry)
    order = (*NUMBERS, "diary_medicine")
    return go(visit, moment, order[order.index(visit.step) + 1]), effects


def _moment(visit: Visit) -> Literal["daily", "next_day"]:
    today = visit.context.today
    return "next_day" if today is not None and today.diary_due == "next_day" else "daily"


def press_diary_medicine(visit: Visit, key: Key, moment: Moment) -> Result:
    """1 No, 2 Yes."""
    if key is Key.BACK:
        return back(visit, moment)
    entry = visit.context.entry
    if key not in MEDICINE or entry is None:
        return visit, ()
    entry = msgspec.structs.replace(entry, medicine=MEDICINE[key])
    visit, effects = save_document(update(visit, entry=entry), "entry", entry)
    if entry.moment == "next_day":
        return go(visit, moment, "diary_skin"), effects
    return wait_for_saves(visit, moment, "entry_saved"), effects


def press_diary_skin(visit: Visit, key: Key, moment: Moment) -> Result:
    """The day after a session: what shows up late."""
    if key is Key.BACK:
        return back(visit, moment)
    entry = visit.context.entry
    if key not in SKIN_KEYS or entry is None:
        return visit, ()
    grade = SKIN_KEYS[key]
    entry = msgspec.structs.replace(entry, skin=grade)
    visit, effects = save_document(update(visit, entry=entry), "entry", entry)
    visit, more = save_skin_lock(visit, grade)
    then: Continuation = "skin" if grade >= SKIN_LOCKS else "entry_saved"
    return wait_for_saves(visit, moment, then), (*effects, *more)


def press_entry_saved(visit: Visit, key: Key, moment: Moment) -> Result:
    """1 A form that is due; Enter: home, and it is asked another time."""
    due = next_due(visit)
    if key is Key.ONE and due is not None:
        return begin_form(visit, moment, due)
    return home(visit, moment) if key in (Key.ENTER, Key.BACK) else (visit, ())
