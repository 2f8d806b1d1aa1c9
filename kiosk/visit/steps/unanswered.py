"""Keys that a screen has no use for: it says so once, so that nobody presses harder."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from kiosk.events import Effect, Speak
from kiosk.keys import Key
from kiosk.visit.state import Result, Unanswered, Visit
from kiosk.visit.steps.moves import update

WAITS: Final = frozenset({"saving", "stop_test", "probing", "session", "family_writing"})
"""They wait, and say so; or every key means something to them."""
STARTS_CURRENT: Final = frozenset({"contact_check", "contact_result"})
"""Where Enter counts as a press of its own alone."""
NOT_KNOWN: Final = frozenset({"not_confirmed", "stop_failed", "after_restart"})
"""What becomes of a STOP there is for the stimulator alone to say."""


def reads_aloud(visit: Visit) -> bool:
    """There is a voice, and it would be heard."""
    return visit.context.setting.reads_aloud and visit.context.chosen.volume > 0


def said(before: Visit, key: Key, after: Visit, effects: tuple[Effect, ...]) -> Result:
    """What `key` led to, with a word on it where it led to nothing."""
    if key is Key.LEAVE:
        return after, effects
    if not reads_aloud(before) and any(isinstance(effect, Speak) for effect in effects):
        silent = tuple(effect for effect in effects if not isinstance(effect, Speak))
        return _say(after, "sounds_off" if before.context.setting.reads_aloud else "voice"), silent
    if after is before and not effects:
        return _say(after, _why(before, key)), effects
    return forgotten(after), effects


def forgotten(visit: Visit) -> Visit:
    """The screen has changed: what was said of a key is over."""
    return update(visit, unanswered=Unanswered()) if visit.context.unanswered.why else visit


def _why(visit: Visit, key: Key) -> str:
    if key is Key.ENTER and visit.step in STARTS_CURRENT and not visit.enter.pressed_anew:
        return "let_go"
    return "stop" if key is Key.STOP else "key"


def _say(visit: Visit, why: str) -> Visit:
    if _waits(visit) and why in ("key", "stop"):
        return visit
    if why == "stop" and visit.step in NOT_KNOWN:
        return visit
    return update(visit, unanswered=replace(Unanswered(), why=why, serial=visit.serial))


def _waits(visit: Visit) -> bool:
    context = visit.context
    reading = visit.step == "home" and context.loads != "none"
    asking = visit.step == "after_restart" and context.device is None
    return visit.step in WAITS or reading or asking or context.pin.checking or context.code.checking
