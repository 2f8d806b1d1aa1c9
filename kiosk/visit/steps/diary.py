"""Writing in the diary: today or a day of the last week, with or without a session. Saved as given."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final, Literal

import msgspec

from kiosk.diary.records import Entry
from kiosk.keys import Key
from kiosk.visit.state import Moment, Number, Result, Visit
from kiosk.visit.steps import numbers
from kiosk.visit.steps.ending import SKIN_KEYS, SKIN_LOCKS, save_skin_lock
from kiosk.visit.steps.forms import begin_form, next_due
from kiosk.visit.steps.moves import back, forget_document, go, home, save_document, update, wait_for_saves
from programs.diary_words import load_diary_words

PICKS: Final = (Key.ONE, Key.TWO, Key.THREE, Key.FOUR, Key.FIVE, Key.SIX, Key.SEVEN)
"""On the days: so many days ago. On activity and notes: which of them."""
NUMBERS: Final = {
    "diary_pain_rest": "pain_rest",
    "diary_pain_moving": "pain_moving",
    "diary_soreness": "soreness",
    "diary_sleep": "sleep",
}
"""Step → field, in the order in which they are asked."""
MEDICINE: Final = {Key.ONE: False, Key.TWO: True}


def to_days(visit: Visit, moment: Moment) -> Result:
    """Which day it is for."""
    return go(update(visit, activity="diary"), moment, "diary_day"), ()


def press_diary_day(visit: Visit, key: Key, moment: Moment) -> Result:
    """Enter: today. 1 to 7: so many days ago."""
    if key is Key.ENTER:
        return begin_diary(visit, moment)
    if key in PICKS:
        return begin_diary(visit, moment, 1 + PICKS.index(key))
    return back(visit, moment) if key is Key.BACK else (visit, ())


def begin_diary(visit: Visit, moment: Moment, days_ago: int = 0) -> Result:
    """A new entry."""
    visit = forget_document(visit, "entry")
    about = noon_of(moment.now, days_ago) if days_ago else None
    visit = update(visit, activity="diary", entry=None, entry_at=None, entry_about=about, number=Number())
    return go(visit, moment, next(iter(NUMBERS))), ()


def noon_of(now: dt.datetime, days_ago: int) -> dt.datetime:
    """What an entry for an earlier day is kept under: nobody is asked for the hour."""
    return (now - dt.timedelta(days=days_ago)).replace(hour=12, minute=0, second=0, microsecond=0)


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
    visit = update(visit, entry=entry or Entry(moment=_moment(visit)), entry_at=moment.now, number=Number())
    visit, effects = _keep(visit, **{name: value})
    order = (*NUMBERS, "diary_medicine")
    return go(visit, moment, order[order.index(visit.step) + 1]), effects


def _keep(visit: Visit, **said: Any) -> Result:
    """Saves the entry with what was said now."""
    assert visit.context.entry is not None
    entry = msgspec.structs.replace(visit.context.entry, **said)
    return save_document(update(visit, entry=entry), "entry", entry, visit.context.entry_about)


def _moment(visit: Visit) -> Literal["daily", "next_day"]:
    """An entry for an earlier day is no answer to how skin and muscles are on the day after a session."""
    today = visit.context.today
    due = today is not None and today.diary_due == "next_day" and visit.context.entry_about is None
    return "next_day" if due else "daily"


def press_diary_medicine(visit: Visit, key: Key, moment: Moment) -> Result:
    """1 No, 2 Yes."""
    if key is Key.BACK:
        return back(visit, moment)
    entry = visit.context.entry
    if key not in MEDICINE or entry is None:
        return visit, ()
    visit, effects = _keep(visit, medicine=MEDICINE[key])
    return go(visit, moment, "diary_skin" if entry.moment == "next_day" else "diary_activity"), effects


def press_diary_skin(visit: Visit, key: Key, moment: Moment) -> Result:
    """The day after a session: what shows up late. A mark is said at once, and what is left is not asked."""
    if key is Key.BACK:
        return back(visit, moment)
    if key is Key.SIX:
        return go(visit, moment, "skin_help"), ()
    if key not in SKIN_KEYS or visit.context.entry is None:
        return visit, ()
    grade = SKIN_KEYS[key]
    visit, effects = _keep(visit, skin=grade)
    visit, more = save_skin_lock(visit, grade)
    if grade >= SKIN_LOCKS:
        return wait_for_saves(visit, moment, "skin"), (*effects, *more)
    return go(visit, moment, "diary_activity"), (*effects, *more)


def press_diary_activity(visit: Visit, key: Key, moment: Moment) -> Result:
    """1 less than usual, 2 as usual, 3 more."""
    if key is Key.BACK:
        return back(visit, moment)
    picks = dict(zip(PICKS, load_diary_words().activities, strict=False))
    if key not in picks or visit.context.entry is None:
        return visit, ()
    visit, effects = _keep(visit, activity=picks[key].id)
    return go(visit, moment, "diary_notes"), effects


def press_diary_notes(visit: Visit, key: Key, moment: Moment) -> Result:
    """Each key notes one thing, and takes it back; Enter: that is all."""
    entry = visit.context.entry
    if key is Key.BACK:
        return back(visit, moment)
    if entry is None:
        return visit, ()
    if key is Key.ENTER:
        return wait_for_saves(visit, moment, "entry_saved"), ()
    picks = dict(zip(PICKS, load_diary_words().phrases, strict=False))
    if key not in picks:
        return visit, ()
    id_ = picks[key].id
    noted = tuple(one for one in entry.phrases if one != id_)
    return _keep(visit, phrases=noted if id_ in entry.phrases else (*noted, id_))


def press_entry_saved(visit: Visit, key: Key, moment: Moment) -> Result:
    """1 A form that is due; Enter: home, and it is asked another time."""
    due = next_due(visit)
    if key is Key.ONE and due is not None:
        return begin_form(visit, moment, due)
    return home(visit, moment) if key in (Key.ENTER, Key.BACK) else (visit, ())
