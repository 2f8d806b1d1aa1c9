"""A note of the family: ready by a key, or typed. It points to what it is about and changes nothing of it."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from kiosk.diary.records import Acknowledgement, Note
from kiosk.keys import Key
from kiosk.review.family import NoteView
from kiosk.visit.state import Moment, Result, Visit
from kiosk.visit.steps import typing
from kiosk.visit.steps.family import TYPES, look, or_back, stay, view_of
from kiosk.visit.steps.moves import back, go, save, update
from kiosk.words import _

NOTE_KEYS: Final = (Key.ONE, Key.TWO, Key.THREE, Key.FOUR, Key.FIVE, Key.SIX)
MOST_WRITTEN: Final = 480
"""Characters: as much as one screen shows in full, in the largest letters too."""


def ready_notes() -> tuple[str, ...]:
    """Notes that a keypad can give. They are kept in the words that stood on the screen."""
    return (
        _("We talked. It is all right."),
        _("We talked. It is not all right yet."),
        _("We called the clinician."),
        _("The skin and the pads were looked at."),
        _("We keep an eye on it."),
        _("It was a mistake."),
    )


def press_note(visit: Visit, key: Key, moment: Moment) -> Result:
    """1 to 6 A ready one. 7 One that is typed."""
    if key is TYPES:
        return go(visit, moment, "family_write"), ()
    if key not in NOTE_KEYS:
        return or_back(visit, key, moment)
    return _keep(visit, ready_notes()[NOTE_KEYS.index(key)], moment)


def write_note(visit: Visit, text: str, moment: Moment) -> Result:
    """One character more, or less."""
    return stay(_with_text(visit, typing.after(text_of(visit), text, MOST_WRITTEN)), moment), ()


def press_write(visit: Visit, key: Key, moment: Moment) -> Result:
    """Enter: it is kept. Back: it can be gone on with."""
    text = text_of(visit).strip()
    if key is not Key.ENTER or not text:
        return or_back(visit, key, moment)
    visit = _with_text(visit, "")
    return _keep(replace(visit, trail=visit.trail[:-1]), text, moment)


def text_of(visit: Visit) -> str:
    """What is typed about what is looked at, so far."""
    return visit.context.writing.get(visit.context.looking.about, "")


def _with_text(visit: Visit, text: str) -> Visit:
    about = visit.context.looking.about
    others = {key: value for key, value in visit.context.writing.items() if key != about}
    return update(visit, writing={**others, about: text} if text else others)


def _keep(visit: Visit, text: str, moment: Moment) -> Result:
    """For an alert a note is what acknowledges it."""
    about, view = visit.context.looking.about, view_of(visit)
    alert = next((one for one in view.alerts if one.id == about and one.stands), None)
    if alert is not None:
        visit, effects = save(
            visit, "acknowledgement", Acknowledgement(alert=alert.id, note=text, who="family")
        )
        done = replace(alert, done_at=moment.now, note=text, who="family")
        alerts = tuple(done if one.id == alert.id else one for one in view.alerts)
        visit = update(visit, family=replace(view, alerts=alerts))
    else:
        visit, effects = save(visit, "note", Note(text=text, author="family", about=about or None))
        note = NoteView(id="", at=moment.now, text=text, author="family", about=about or None)
        visit = update(visit, family=replace(view, notes=(note, *view.notes)))
    visit, then = back(look(visit, about="", row=_row_after(visit)), moment)
    return visit, (*effects, *then)


def _row_after(visit: Visit) -> int:
    """A list of alerts or notes has changed under its row; the diary's has not."""
    came_from = visit.trail[-1].step if visit.trail else ""
    return visit.context.looking.row if came_from == "family_entry" else 0
