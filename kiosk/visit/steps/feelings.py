"""Pain at rest, pain when moving, soreness; then everything once more to check."""

from __future__ import annotations

import msgspec

from kiosk.diary.records import Entry
from kiosk.keys import Key
from kiosk.visit.state import Moment, Number, Result, Visit
from kiosk.visit.steps import numbers
from kiosk.visit.steps.moves import back, save_document, update, update_run
from kiosk.visit.steps.order import ask_number, onward, to_verdict

CHANGES = {Key.ONE: "pain_rest", Key.TWO: "pain_moving", Key.THREE: "soreness"}


def press_feeling(visit: Visit, key: Key, moment: Moment) -> Result:
    """One of the number lines; the step is the field's name. Saved as given."""
    name, entry, number = visit.step, visit.context.entry, visit.context.number
    said = None if entry is None else getattr(entry, name)
    moved = numbers.press_number(number, key, said)
    if moved is not None:
        return update(visit, number=moved), ()
    if key is Key.BACK:
        return back(update(visit, number=Number()), moment)
    value = numbers.marked(number, said)
    if key is not Key.ENTER or value is None:
        return visit, ()
    entry = msgspec.structs.replace(entry or Entry(moment="before"), **{name: value})
    first = visit.context.entry_at is None
    at = moment.now if first else visit.context.entry_at
    at_s = moment.boottime_s if first else visit.context.entry_s
    visit = update(visit, entry=entry, entry_at=at, entry_s=at_s, number=Number())
    visit = update_run(visit, judged=False)  # another pain or soreness is another verdict
    visit, effects = save_document(visit, "entry", entry)
    visit, then = onward(visit, moment)
    return visit, (*effects, *then)


def press_check(visit: Visit, key: Key, moment: Moment) -> Result:
    """Enter: all is right. 1–3: change a number."""
    if key is Key.ENTER:
        return to_verdict(visit, moment)
    if key in CHANGES:
        return ask_number(visit, moment, CHANGES[key]), ()
    return back(visit, moment) if key is Key.BACK else (visit, ())
