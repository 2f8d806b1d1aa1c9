"""The report on paper, and the diary on a stick: what is chosen, written, read back, and told.

Nothing of it changes a fact. While it is written there is no way on but its end: a stick that is pulled out
in the middle would be taken for a good one.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from kiosk.events import (
    LookForPlaces,
    NewPassword,
    PasswordMade,
    PlacesSeen,
    SendOut,
    SentOut,
    StickTaken,
    TakeFromStick,
)
from kiosk.export.outgoing import Outgoing, Sent
from kiosk.keys import Key
from kiosk.visit.state import Moment, Result, Visit
from kiosk.visit.steps.moves import back, go, home, update

CHOICES: Final = {Key.ONE: "report", Key.TWO: "table", Key.THREE: "fhir", Key.FOUR: "locked"}
ON_PAPER: Final = ("pdf",)


def begin(visit: Visit, moment: Moment) -> Result:
    """To the screen that says what goes on the stick; the box looks for one, and for a printer."""
    return go(update(visit, outgoing=Outgoing()), moment, "family_stick"), (LookForPlaces(),)


def one_stick(visit: Visit) -> str:
    """Where it is mounted; empty while there is none, or more than one."""
    places = visit.context.outgoing.places
    return places.sticks[0] if places is not None and len(places.sticks) == 1 else ""


def printer(visit: Visit) -> str:
    """Its name; empty: there is none."""
    places = visit.context.outgoing.places
    return "" if places is None else places.printer


def can_write(visit: Visit) -> bool:
    """Something is chosen, and there is a stick for it."""
    return bool(one_stick(visit) and visit.context.outgoing.formats)


def press_stick(visit: Visit, key: Key, moment: Moment) -> Result:
    """1–4 what, and how. Enter: write. 5: print the page. 6: take what the clinic signed."""
    outgoing = visit.context.outgoing
    if key in CHOICES:
        name = CHOICES[key]
        visit = update(visit, outgoing=replace(outgoing, **{name: not getattr(outgoing, name)}))
        return replace(visit, shown_s=moment.monotonic_s), ()
    if key is Key.FIVE and printer(visit):
        visit = update(visit, outgoing=replace(outgoing, printing=True))
        sending = SendOut(formats=ON_PAPER, printer=printer(visit))
        return go(visit, moment, "family_writing", remember=False), (sending,)
    if key is Key.SIX and one_stick(visit):
        visit = update(visit, outgoing=replace(outgoing, taken=None))
        return go(visit, moment, "family_taken", remember=False), (TakeFromStick(one_stick(visit)),)
    if key is Key.ENTER and can_write(visit):
        if outgoing.locked:
            return go(visit, moment, "family_password", remember=False), (NewPassword(),)
        return _write(visit, moment)
    return back(visit, moment) if key is Key.BACK else (visit, ())


def press_password(visit: Visit, key: Key, moment: Moment) -> Result:
    """Enter: it is written down. Back: nothing was locked with it yet."""
    if key is Key.BACK:
        visit = update(visit, outgoing=replace(visit.context.outgoing, password=""))
        return go(visit, moment, "family_stick", remember=False), (LookForPlaces(),)
    if key is Key.ENTER and visit.context.outgoing.password:
        return _write(visit, moment)
    return visit, ()


def _write(visit: Visit, moment: Moment) -> Result:
    outgoing = visit.context.outgoing
    sending = SendOut(formats=outgoing.formats, stick=one_stick(visit), password=outgoing.password)
    visit = update(visit, outgoing=replace(outgoing, printing=False))
    return go(visit, moment, "family_writing", remember=False), (sending,)


def press_taken(visit: Visit, key: Key, moment: Moment) -> Result:
    """Enter: home, where it is taken in; or back, when there was nothing."""
    taken = visit.context.outgoing.taken
    if taken is None or key not in (Key.ENTER, Key.BACK):
        return visit, ()
    return home(visit, moment) if taken else back(visit, moment)


def press_writing(visit: Visit, key: Key, moment: Moment) -> Result:
    """It goes on by itself."""
    return visit, ()


def press_written(visit: Visit, key: Key, moment: Moment) -> Result:
    """Enter: done, or, where it failed, once more from the choice on."""
    if key is Key.ENTER and not isinstance(visit.context.outgoing.result, Sent):
        visit = update(visit, outgoing=replace(visit.context.outgoing, password="", places=None, result=None))
        return go(visit, moment, "family_stick", remember=False), (LookForPlaces(),)
    return back(visit, moment) if key in (Key.ENTER, Key.BACK) else (visit, ())


def hear(visit: Visit, event: PlacesSeen | PasswordMade | SentOut | StickTaken, moment: Moment) -> Visit:
    """What belongs to a screen that was left changes nothing."""
    outgoing = visit.context.outgoing
    match event:
        case PlacesSeen(places) if visit.step == "family_stick":
            return update(visit, outgoing=replace(outgoing, places=places))
        case PasswordMade(password) if visit.step == "family_password" and not outgoing.password:
            return update(visit, outgoing=replace(outgoing, password=password))
        case StickTaken(news) if visit.step == "family_taken":
            return update(visit, outgoing=replace(outgoing, taken=news))
        case SentOut(result) if visit.step == "family_writing":
            visit = update(visit, outgoing=replace(outgoing, result=result))
            return go(visit, moment, "family_written", remember=False)
    return visit
