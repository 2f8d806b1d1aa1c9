"""The family's screens behind the PIN, and the person's own look back. Nothing here changes a fact or opens a
lock: a note is added, an alert is acknowledged."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from kiosk.diary.records import Access, Acknowledgement, Note
from kiosk.keys import Key
from kiosk.review.family import EntryView, FamilyView, NoteView, Told
from kiosk.review.family import standing as standing_of
from kiosk.review.listing import FILTERS, SORTS, Looking, after, entries_shown, row_of_day
from kiosk.visit.events import FamilyLoaded, FamilyNotLoaded, LoadFamilyView, PinChecked
from kiosk.visit.state import Moment, Pin, Result, Visit
from kiosk.visit.steps import stick
from kiosk.visit.steps.moves import back, go, home, jump, save, update
from kiosk.visit.steps.pin_entry import say_wrong, type_pin
from kiosk.words import _

ROWS: Final = 8
"""Of a table on one screen."""
SCREENS: Final = {
    Key.ONE: "family_alerts",
    Key.TWO: "family_charts",
    Key.THREE: "family_diary",
    Key.FOUR: "family_sessions",
    Key.SIX: "family_notes",
}
RANGES: Final = 3
"""Four weeks, twelve weeks, everything: `Place.index` of the charts."""
CHARTS: Final = 5
"""Pain, level, soreness and skin, before and after, each week: `Place.item` of them."""
STEP_OF: Final = {Key.UP: -1, Key.DOWN: 1, Key.LEFT: -ROWS, Key.RIGHT: ROWS}
DAY_DIGITS: Final = 4


# ── the PIN ─────────────────────────────────────────────────────────────────────────────────────


def press_pin(visit: Visit, key: Key, moment: Moment) -> Result:
    """Digits, Back deletes, Enter asks."""
    return type_pin(visit, key, moment, "family")


def hear_pin(visit: Visit, event: PinChecked, moment: Moment) -> Result:
    """Right: the view is loaded. Wrong: it says so, and how long to wait."""
    if visit.step != "pin" or not visit.context.pin.checking:
        return visit, ()
    if event.ok:
        return update(visit, pin=replace(visit.context.pin, typed="")), (LoadFamilyView(),)
    return say_wrong(visit, event, moment), ()


def hear_not_loaded(visit: Visit, event: FamilyNotLoaded) -> Visit:
    """It says so, for the family or for the person who asked how it has been going."""
    visit = update(visit, family_unread=event.sentence)
    if visit.step != "pin" or not visit.context.pin.checking:
        return visit
    return update(visit, pin=Pin(sentence=event.sentence, wrong=True))


def hear_family(visit: Visit, event: FamilyLoaded, moment: Moment) -> Result:
    """The view is there: for the family, or for the person who asked how it has been going."""
    visit = update(visit, family=event.view)
    if visit.step != "pin" or not visit.context.pin.checking:
        return visit, ()
    visit = jump(update(visit, pin=Pin(), looking=Looking()), moment, "family")
    if not event.view.allowed:
        return visit, ()
    return save(visit, "access", Access(role="family", action="look"))


# ── the overview, and what is one key away ──────────────────────────────────────────────────────


def view_of(visit: Visit) -> FamilyView:
    """What the family looks at. It is loaded before any of these screens."""
    view = visit.context.family
    assert isinstance(view, FamilyView)
    return view


def standing(visit: Visit) -> tuple[Told, ...]:
    """The alerts that nobody has acknowledged, the worst first."""
    return standing_of(view_of(visit).alerts)


def alerts_shown(visit: Visit) -> tuple[Told, ...]:
    """What stands first, then what somebody has seen to."""
    done = tuple(one for one in view_of(visit).alerts if not one.stands)
    return (*standing(visit), *done)


def press_family(visit: Visit, key: Key, moment: Moment) -> Result:
    """1 Alerts, 2 Charts, 3 Diary, 4 Sessions, 5 Report, stick, 6 Notes. Enter: the first alert is done."""
    if key is Key.BACK:
        return home(visit, moment)
    if not view_of(visit).allowed:
        return visit, ()
    if key in SCREENS:
        return go(_look(visit, row=0), moment, SCREENS[key]), ()
    if key is Key.FIVE:
        return stick.begin(visit, moment)
    if key is Key.ENTER and standing(visit):
        return go(_look(visit, about=standing(visit)[0].id), moment, "family_note"), ()
    return visit, ()


def press_alerts(visit: Visit, key: Key, moment: Moment) -> Result:
    """Up and down leaf through them. Enter: this one is done."""
    shown = alerts_shown(visit)
    if key in STEP_OF and shown:
        step = 1 if STEP_OF[key] > 0 else -1
        row = min(len(shown) - 1, max(0, visit.context.looking.row + step))
        return _stay(_look(visit, row=row), moment), ()
    if key is Key.ENTER and shown and shown[visit.context.looking.row].stands:
        return go(_look(visit, about=shown[visit.context.looking.row].id), moment, "family_note"), ()
    return _or_back(visit, key, moment)


def press_charts(visit: Visit, key: Key, moment: Moment) -> Result:
    """1 the next chart, 2 a longer time, and round again. Left and right leaf through the charts."""
    reach, chart = visit.place.index, visit.place.item
    if key in (Key.ONE, Key.RIGHT, Key.LEFT):
        chart = (chart + (-1 if key is Key.LEFT else 1)) % CHARTS
    elif key is Key.TWO:
        reach = (reach + 1) % RANGES
    else:
        return _or_back(visit, key, moment)
    return go(visit, moment, "family_charts", reach, chart, remember=False), ()


def press_diary(visit: Visit, key: Key, moment: Moment) -> Result:
    """1 which entries, 2 in what order, 3 a day. Enter reads one in full."""
    looking = visit.context.looking
    if key is Key.ONE:
        return _stay(_look(visit, filter=after(tuple(FILTERS), looking.filter), row=0), moment), ()
    if key is Key.TWO:
        return _stay(_look(visit, sort=after(SORTS, looking.sort), row=0), moment), ()
    if key is Key.THREE:
        return go(_look(visit, typed=""), moment, "family_find"), ()
    entries = entries_shown(view_of(visit), looking)
    if key is Key.ENTER and entries:
        return go(visit, moment, "family_entry"), ()
    return _in_list(visit, key, moment, len(entries))


def press_find(visit: Visit, key: Key, moment: Moment) -> Result:
    """Day and month, four digits; then the entry nearest to it is the chosen one."""
    looking, view = visit.context.looking, view_of(visit)
    if key.digit is not None and len(looking.typed) < DAY_DIGITS:
        return _stay(_look(visit, typed=looking.typed + str(key.digit)), moment), ()
    if key is Key.BACK:
        if not looking.typed:
            return back(visit, moment)
        return _stay(_look(visit, typed=looking.typed[:-1]), moment), ()
    if key is not Key.ENTER or len(looking.typed) < DAY_DIGITS:
        return visit, ()
    row = row_of_day(entries_shown(view, looking), looking.typed, view.last_day)
    if row is None:
        return _stay(_look(visit, typed=""), moment), ()
    return back(_look(visit, row=row), moment)


def chosen_entry(visit: Visit) -> EntryView:
    """The entry that is read in full."""
    return entries_shown(view_of(visit), visit.context.looking)[visit.context.looking.row]


def press_entry(visit: Visit, key: Key, moment: Moment) -> Result:
    """1 Add a note to it."""
    if key is Key.ONE:
        return go(_look(visit, about=chosen_entry(visit).id), moment, "family_note"), ()
    return back(visit, moment) if key in (Key.BACK, Key.ENTER) else (visit, ())


def press_sessions(visit: Visit, key: Key, moment: Moment) -> Result:
    return _in_list(visit, key, moment, len(view_of(visit).sessions))


def press_notes(visit: Visit, key: Key, moment: Moment) -> Result:
    """1 A new note, about nothing in particular."""
    if key is Key.ONE:
        return go(_look(visit, about=""), moment, "family_note"), ()
    return _in_list(visit, key, moment, len(view_of(visit).notes))


# ── notes ───────────────────────────────────────────────────────────────────────────────────────

NOTE_KEYS: Final = (Key.ONE, Key.TWO, Key.THREE, Key.FOUR, Key.FIVE, Key.SIX)


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
    """The note is kept; for an alert it is what acknowledges it."""
    if key not in NOTE_KEYS:
        return _or_back(visit, key, moment)
    text, about, view = ready_notes()[NOTE_KEYS.index(key)], visit.context.looking.about, view_of(visit)
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
    visit, then = back(_look(visit, about="", row=_row_after(visit)), moment)
    return visit, (*effects, *then)


def _row_after(visit: Visit) -> int:
    """A list of alerts or notes has changed under its row; the diary's has not."""
    came_from = visit.trail[-1].step if visit.trail else ""
    return visit.context.looking.row if came_from == "family_entry" else 0


# ── moves ───────────────────────────────────────────────────────────────────────────────────────


def _look(visit: Visit, **changes: object) -> Visit:
    return update(visit, looking=replace(visit.context.looking, **changes))


def _stay(visit: Visit, moment: Moment) -> Visit:
    """The same screen, which closes later: somebody is there."""
    return replace(visit, shown_s=moment.monotonic_s)


def _in_list(visit: Visit, key: Key, moment: Moment, count: int) -> Result:
    if key in STEP_OF and count:
        row = min(count - 1, max(0, visit.context.looking.row + STEP_OF[key]))
        return _stay(_look(visit, row=row), moment), ()
    return _or_back(visit, key, moment)


def _or_back(visit: Visit, key: Key, moment: Moment) -> Result:
    return back(visit, moment) if key is Key.BACK else (visit, ())


# ── the person's own look back ──────────────────────────────────────────────────────────────────


def begin_look_back(visit: Visit, moment: Moment) -> Result:
    """ "How it has been going"."""
    return go(update(visit, family=None, family_unread=""), moment, "look_back"), (LoadFamilyView(),)


def press_look_back(visit: Visit, key: Key, moment: Moment) -> Result:
    return back(visit, moment) if key in (Key.BACK, Key.ENTER) else (visit, ())
