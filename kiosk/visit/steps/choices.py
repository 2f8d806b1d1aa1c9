"""Language, loudness, letters, reminders: chosen at help alone, while nothing is armed (safety rule 24)."""

from __future__ import annotations

from typing import Any, Final

from msgspec.structs import replace

from kiosk.config import Language
from kiosk.events import Choose
from kiosk.keys import Key
from kiosk.sound.tones import LOUDEST
from kiosk.visit.state import Moment, Result, Visit
from kiosk.visit.steps.moves import back, update

LANGUAGES: Final[dict[Key, Language]] = {Key.ONE: "en", Key.TWO: "de"}
LOUDER: Final = {Key.UP: 1, Key.RIGHT: 1, Key.DOWN: -1, Key.LEFT: -1}


def press_choices(visit: Visit, key: Key, moment: Moment) -> Result:
    """1 English, 2 Deutsch, + louder, − softer, 3 reminders on or off, 4 larger or smaller letters."""
    chosen = visit.context.chosen
    if key in LANGUAGES:
        # Another language is another screen: a second press is not meant for it.
        visit = replace(visit, serial=visit.serial + 1)
        return update(visit, not_kept=""), (Choose(language=LANGUAGES[key]),)
    if key in LOUDER and visit.context.setting.plays_tones:
        return _choose(visit, volume=min(LOUDEST, max(0, chosen.volume + LOUDER[key])))
    if key is Key.THREE:
        return _choose(visit, reminders=replace(chosen.reminders, on=not chosen.reminders.on))
    if key is Key.FOUR and visit.context.setting.sets_letters:
        return _choose(visit, letters="usual" if chosen.letters == "large" else "large")
    return back(visit, moment) if key in (Key.BACK, Key.ENTER) else (visit, ())


def _choose(visit: Visit, **changes: Any) -> Result:
    chosen = replace(visit.context.chosen, **changes)
    return update(visit, chosen=chosen, not_kept=""), (Choose(**changes),)
