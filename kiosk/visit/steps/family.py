"""The family's screens behind the PIN, and the person's own look back. Nothing here changes a fact or opens a
lock: a note is added, an alert is acknowledged."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from kiosk.diary.records import Access
from kiosk.events import (
    FamilyLoaded,
    FamilyNotLoaded,
    FindWords,
    LoadFamilyView,
    PinChecked,
    WordsFound,
)
from kiosk.keys import Key
from kiosk.review import entry_words
from kiosk.review.family import EntryView, FamilyView, Told
from kiosk.review.family import standing as standing_of
from kiosk.review.listing import (
    FILTERS,
    SORTS,
    Looking,
    after,
    entries_shown,
    notes_about,
    notes_shown,
    row_of_day,
)
from kiosk.visit.sheets import sheets
from kiosk.visit.state import Moment, Pin, Result, Visit
from kiosk.visit.steps import stick, typing
from kiosk.visit.steps.moves import back, go, home, jump, save, update
from kiosk.visit.steps.pin_entry import say_wrong, type_pin

ROWS: Final = 8
"""Of a table on one screen."""
SCREENS: Final = {
    Key.ONE: "family_alerts",
    Key.TWO: "family_charts",
    Key.THREE: "family_diary",
    Key.FOUR: "family_sessions",
    Key.SIX: "family_notes",
}
TYPES: Final = Key.SEVEN
"""A note: from here one that was begun."""
RANGES: Final = 3
"""Four weeks, twelve weeks, everything: `Place.index` of the charts."""
CHARTS: Final = 5
"""Pain, level, soreness and skin, before and after, each week: `Place.item` of them."""
STEP_OF: Final = {Key.UP: -1, Key.DOWN: 1, Key.LEFT: -ROWS, Key.RIGHT: ROWS}
DAY_DIGITS: Final = 4
MOST_SEARCHED: Final = 60


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
    damaged = tuple(sorted({*visit.context.damaged, *event.view.unreadable}))
    visit = update(visit, family=event.view, damaged=damaged)
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
    """1 Alerts, 2 Charts, 3 Diary, 4 Sessions, 5 Report, stick, 6 Notes, 7 Go on with the note that
    was typed last and not kept. Enter: the first alert is done."""
    if key is Key.BACK:
        return home(visit, moment)
    if not view_of(visit).allowed:
        return visit, ()
    if key in SCREENS:
        visit = look(visit, row=0, looked_for="", found=None, not_found_out="")
        return go(visit, moment, SCREENS[key]), ()
    if key is Key.FIVE:
        return stick.begin(visit, moment)
    if key is TYPES and visit.context.writing:
        visit = look(visit, about=tuple(visit.context.writing)[-1])
        return go(go(visit, moment, "family_note"), moment, "family_write"), ()
    if key is Key.ENTER and standing(visit):
        return go(look(visit, about=standing(visit)[0].id), moment, "family_note"), ()
    return visit, ()


def press_alerts(visit: Visit, key: Key, moment: Moment) -> Result:
    """Up and down leaf through them. Enter: this one is done."""
    shown = alerts_shown(visit)
    if key in STEP_OF and shown:
        step = 1 if STEP_OF[key] > 0 else -1
        row = min(len(shown) - 1, max(0, visit.context.looking.row + step))
        return stay(look(visit, row=row), moment), ()
    if key is Key.ENTER and shown and shown[visit.context.looking.row].stands:
        return go(look(visit, about=shown[visit.context.looking.row].id), moment, "family_note"), ()
    return or_back(visit, key, moment)


def press_charts(visit: Visit, key: Key, moment: Moment) -> Result:
    """1 the next chart, 2 a longer time, and round again. Left and right leaf through the charts."""
    reach, chart = visit.place.index, visit.place.item
    if key in (Key.ONE, Key.RIGHT, Key.LEFT):
        chart = (chart + (-1 if key is Key.LEFT else 1)) % CHARTS
    elif key is Key.TWO:
        reach = (reach + 1) % RANGES
    else:
        return or_back(visit, key, moment)
    return go(visit, moment, "family_charts", reach, chart, remember=False), ()


def press_diary(visit: Visit, key: Key, moment: Moment) -> Result:
    """1 which entries, 2 in what order, 3 a day, 4 words. Enter reads one in full."""
    looking = visit.context.looking
    if key is Key.ONE:
        return stay(look(visit, filter=after(tuple(FILTERS), looking.filter), row=0), moment), ()
    if key is Key.TWO:
        return stay(look(visit, sort=after(SORTS, looking.sort), row=0), moment), ()
    if key is Key.THREE:
        return go(look(visit, typed=""), moment, "family_find"), ()
    if key is Key.FOUR:
        return begin_search(visit, moment)
    entries = entries_shown(view_of(visit), looking)
    if key is Key.ENTER and entries:
        return go(visit, moment, "family_entry"), ()
    return _in_list(visit, key, moment, len(entries))


def press_find(visit: Visit, key: Key, moment: Moment) -> Result:
    """Day and month, four digits; then the entry nearest to it is the chosen one."""
    looking, view = visit.context.looking, view_of(visit)
    if key.digit is not None and len(looking.typed) < DAY_DIGITS:
        return stay(look(visit, typed=looking.typed + str(key.digit)), moment), ()
    if key is Key.BACK:
        if not looking.typed:
            return back(visit, moment)
        return stay(look(visit, typed=looking.typed[:-1]), moment), ()
    if key is not Key.ENTER or len(looking.typed) < DAY_DIGITS:
        return visit, ()
    row = row_of_day(entries_shown(view, looking), looking.typed, view.last_day)
    if row is None:
        return stay(look(visit, typed=""), moment), ()
    return back(look(visit, row=row), moment)


def chosen_entry(visit: Visit) -> EntryView:
    """The entry that is read in full."""
    return entries_shown(view_of(visit), visit.context.looking)[visit.context.looking.row]


def entry_sheets(visit: Visit) -> tuple[tuple[str, ...], ...]:
    """All that is said of the chosen entry, screen by screen."""
    one, looking = chosen_entry(visit), visit.context.looking
    return sheets(entry_words.in_full(one, notes_about(view_of(visit), looking, one.id)))


def press_entry(visit: Visit, key: Key, moment: Moment) -> Result:
    """1 Add a note to it. Up and down where it takes more than one screen."""
    if key is Key.ONE:
        return go(look(visit, about=chosen_entry(visit).id), moment, "family_note"), ()
    if key is Key.ENTER:
        return back(visit, moment)
    return leaf(visit, key, moment, len(entry_sheets(visit)))


def press_read_note(visit: Visit, key: Key, moment: Moment) -> Result:
    """One note in full."""
    return back(visit, moment) if key is Key.ENTER else or_back(visit, key, moment)


def press_sessions(visit: Visit, key: Key, moment: Moment) -> Result:
    return _in_list(visit, key, moment, len(view_of(visit).sessions))


def press_notes(visit: Visit, key: Key, moment: Moment) -> Result:
    """1 A new note, about nothing in particular, 4 words. Enter reads one in full."""
    if key is Key.ONE:
        return go(look(visit, about=""), moment, "family_note"), ()
    if key is Key.FOUR:
        return begin_search(visit, moment)
    notes = notes_shown(view_of(visit), visit.context.looking)
    if key is Key.ENTER and notes:
        return go(visit, moment, "family_read_note"), ()
    return _in_list(visit, key, moment, len(notes))


# ── words that are looked for ───────────────────────────────────────────────────────────────────


def begin_search(visit: Visit, moment: Moment) -> Result:
    """To where they are typed."""
    return go(update(visit, search=""), moment, "family_search"), ()


def write_search(visit: Visit, text: str, moment: Moment) -> Result:
    """One character more, or less."""
    return stay(update(visit, search=typing.after(visit.context.search, text, MOST_SEARCHED)), moment), ()


def press_search(visit: Visit, key: Key, moment: Moment) -> Result:
    """Enter: in the whole diary; nothing typed: everything is shown again."""
    if key is not Key.ENTER:
        return or_back(visit, key, moment)
    wanted = visit.context.search.strip()
    visit, effects = back(look(visit, looked_for=wanted, found=None, not_found_out="", row=0), moment)
    return visit, ((*effects, FindWords(wanted)) if wanted else effects)


def hear_found(visit: Visit, event: WordsFound) -> Visit:
    """What was found, unless other words are being looked for by now."""
    looking = visit.context.looking
    if not looking.looked_for or looking.found is not None:
        return visit
    if event.found is None:
        return look(visit, not_found_out=event.sentence)
    return look(visit, found=event.found, row=0) if event.found.words == looking.looked_for else visit


# ── moves ───────────────────────────────────────────────────────────────────────────────────────


def look(visit: Visit, **changes: object) -> Visit:
    """The lists are looked at in another way."""
    return update(visit, looking=replace(visit.context.looking, **changes))


def stay(visit: Visit, moment: Moment) -> Visit:
    """The same screen, which closes later: somebody is there."""
    return replace(visit, shown_s=moment.monotonic_s)


def _in_list(visit: Visit, key: Key, moment: Moment, count: int) -> Result:
    if key in STEP_OF and count:
        row = min(count - 1, max(0, visit.context.looking.row + STEP_OF[key]))
        return stay(look(visit, row=row), moment), ()
    return or_back(visit, key, moment)


def leaf(visit: Visit, key: Key, moment: Moment, count: int) -> Result:
    """Up and down through the screens of one thing: `Place.item`."""
    if key not in (Key.UP, Key.DOWN):
        return or_back(visit, key, moment)
    item = min(count - 1, max(0, visit.place.item + STEP_OF[key]))
    if item == visit.place.item:
        return visit, ()
    return go(visit, moment, visit.step, visit.place.index, item, remember=False), ()


def or_back(visit: Visit, key: Key, moment: Moment) -> Result:
    """Back, where nothing else answers the key."""
    return back(visit, moment) if key is Key.BACK else (visit, ())


# ── the person's own look back ──────────────────────────────────────────────────────────────────


def begin_look_back(visit: Visit, moment: Moment) -> Result:
    """ "How it has been going"."""
    return go(update(visit, family=None, family_unread=""), moment, "look_back"), (LoadFamilyView(),)


def press_look_back(visit: Visit, key: Key, moment: Moment) -> Result:
    return back(visit, moment) if key in (Key.BACK, Key.ENTER) else (visit, ())
