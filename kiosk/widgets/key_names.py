"""What the keys are called on the screen and on their caps."""

from __future__ import annotations

from kiosk.keys import Key
from kiosk.words import _


def key_name(key: Key) -> str:
    """ "5", "Enter", "▲ or +"."""
    if key.digit is not None:
        return key.value
    return {
        Key.ENTER: _("Enter"),
        Key.BACK: _("Esc or /"),
        Key.UP: _("▲ or +"),
        Key.DOWN: _("▼ or -"),
        Key.LEFT: "◀",
        Key.RIGHT: "▶",
        Key.READ: "*",
        Key.STOP: _("Space"),
        Key.LEAVE: "Ctrl+C",
        Key.TRAINER: "F9",
        Key.UNKNOWN: "",
    }[key]


def short_key_name(key: Key) -> str:
    """Where there is little room: "▲ +"."""
    return {Key.UP: "▲ +", Key.DOWN: "▼ -", Key.BACK: "Esc /"}.get(key) or key_name(key)
