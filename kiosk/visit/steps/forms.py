"""Rating forms when they are due: a number or a word an item, saved as given, or later."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from kiosk.diary.records import Form as Filled
from kiosk.keys import Key
from kiosk.today import Today
from kiosk.visit.state import Moment, Number, Result, Visit
from kiosk.visit.steps import numbers
from kiosk.visit.steps.moves import back, forget_document, go, save_document, update, wait_for_saves
from programs.follow_up import FORM_DAYS
from programs.forms import Form, Item, load_forms

PICKS: Final = (Key.ONE, Key.TWO, Key.THREE, Key.FOUR, Key.FIVE, Key.SIX, Key.SEVEN)
"""8 reads aloud, 9 and 0 have their own meaning."""


def next_due(visit: Visit) -> Form | None:
    """The first form that is due, can be asked here, and was not filled in since home."""
    today = visit.context.today
    if today is None:
        return None
    ids = [due.form for due in today.follow_up if due.kind == "form"]
    ids += [id_ for id_, form in _plug_ins(visit).items() if _is_due(form, today)]
    due = (_forms(visit)[id_] for id_ in ids if id_ not in visit.context.forms_done)
    return next((form for form in due if can_be_asked(form)), None)


def _forms(visit: Visit) -> Mapping[str, Form]:
    """Those that ship, and the clinic's own (docs/forms.md); read once, checked when the kiosk starts."""
    return _every_form(visit.context.setting.forms_folder)


def _plug_ins(visit: Visit) -> Mapping[str, Form]:
    return {id_: form for id_, form in _forms(visit).items() if id_ not in FORM_DAYS}


def _is_due(form: Form, today: Today) -> bool:
    """Every so many days; or once in each of its weeks of the course, until a week later."""
    day, last = today.now.date(), today.forms.get(form.id)
    if form.every_days is not None:
        return last is None or not 0 <= (day - last).days < form.every_days
    began = today.history.plan_began
    if began is None:
        return False
    week = (day - began).days // 7
    return week in form.at_weeks and (last is None or (last - began).days // 7 < week)


@cache
def _every_form(folder: str) -> Mapping[str, Form]:
    return load_forms(Path(folder) if folder else None)


def can_be_asked(form: Form) -> bool:
    """Every item fits the number line or the keys: a plug-in's may not."""
    return all(
        item.highest == numbers.HIGHEST if item.kind == "scale" else len(item.values) <= len(PICKS)
        for item in form.items
    )


def begin_form(visit: Visit, moment: Moment, form: Form) -> Result:
    """From its first item on; nothing is marked beforehand."""
    visit = forget_document(visit, "form")
    visit = update(visit, form=Filled(form=form.id), number=Number())
    return _to_item(visit, moment, form, 0), ()


def being_filled(visit: Visit) -> tuple[Form, Item, Filled]:
    """The form, its item on the screen, and what was answered so far."""
    filled = visit.context.form
    assert filled is not None
    form = _forms(visit)[filled.form]
    return form, form.items[visit.place.index], filled


def press_form(visit: Visit, key: Key, moment: Moment) -> Result:
    """A scale is a number line, everything else is picked by its key."""
    _, item, filled = being_filled(visit)
    said = filled.answers.get(item.key)
    if item.kind == "scale":
        moved = numbers.press_number(visit.context.number, key, said)
        if moved is not None:
            return update(visit, number=moved), ()
        value = numbers.marked(visit.context.number, said) if key is Key.ENTER else None
    else:
        value = picks(item).get(key)
    if key is Key.BACK:
        return back(update(visit, number=Number()), moment)
    return (visit, ()) if value is None else _answered(visit, moment, value)


def picks(item: Item) -> dict[Key, int]:
    """The key of each answer that is picked, in their order."""
    values = item.values if item.kind == "choice" else (1, 0)
    return dict(zip(PICKS, values, strict=False))


def _answered(visit: Visit, moment: Moment, value: int) -> Result:
    form, item, filled = being_filled(visit)
    filled = msgspec.structs.replace(filled, answers={**filled.answers, item.key: value})
    visit, effects = save_document(update(visit, form=filled, number=Number()), "form", filled)
    if visit.place.index + 1 < len(form.items):
        return _to_item(visit, moment, form, visit.place.index + 1), effects
    visit = update(visit, forms_done=visit.context.forms_done | {form.id})
    return wait_for_saves(visit, moment, "entry_saved"), effects


def _to_item(visit: Visit, moment: Moment, form: Form, index: int) -> Visit:
    """On a number line 8 is a number, elsewhere it reads aloud: so there are two steps."""
    step = "form_scale" if form.items[index].kind == "scale" else "form_choice"
    return go(visit, moment, step, index)
