"""The one key map (screens.md, "Keys, one map"): whatever was pressed, typed or touched becomes one `Key`.

What a key *means* on a screen is decided by `kiosk.visit.flow` alone; this module only names it. The stop
keys are also known, as raw bytes, to `kiosk.terminal.stop_seeker`, which acts before any screen does.
"""

from __future__ import annotations

from enum import Enum


class Key(Enum):
    """A key of the map, whatever device it came from."""

    ONE = "1"
    TWO = "2"
    THREE = "3"
    FOUR = "4"
    FIVE = "5"
    SIX = "6"
    SEVEN = "7"
    EIGHT = "8"
    NINE = "9"
    ZERO = "0"
    ENTER = "enter"
    BACK = "back"
    """Backspace, keypad /, Esc."""
    UP = "up"
    """▲ or +."""
    DOWN = "down"
    """▼ or −."""
    LEFT = "left"
    RIGHT = "right"
    READ = "read"
    """Keypad *; 8 where digits are not numbers to be entered."""
    STOP = "stop"
    """Space, keypad Del (. or ,), Delete, F12, the button."""
    LEAVE = "leave"
    """Ctrl+C."""
    TRAINER = "trainer"
    """F9: the simulator's faults. On hardware it is an unknown key like any other."""
    UNKNOWN = "unknown"
    """Anything else: while output can be on it is a stop."""

    @property
    def digit(self) -> int | None:
        """0…9 for the digit keys, else None."""
        return int(self.value) if self.value.isdigit() else None


DIGITS = tuple(key for key in Key if key.digit is not None)

_BY_NAME = {
    **{key.value: key for key in DIGITS},
    "enter": Key.ENTER,
    "return": Key.ENTER,
    "backspace": Key.BACK,
    "ctrl+h": Key.BACK,
    "escape": Key.BACK,
    "slash": Key.BACK,
    "/": Key.BACK,
    "up": Key.UP,
    "plus": Key.UP,
    "+": Key.UP,
    "down": Key.DOWN,
    "minus": Key.DOWN,
    "-": Key.DOWN,
    "left": Key.LEFT,
    "right": Key.RIGHT,
    "asterisk": Key.READ,
    "*": Key.READ,
    "space": Key.STOP,
    " ": Key.STOP,
    "full_stop": Key.STOP,
    ".": Key.STOP,
    "comma": Key.STOP,
    ",": Key.STOP,
    "delete": Key.STOP,
    "f12": Key.STOP,
    "ctrl+c": Key.LEAVE,
    "f9": Key.TRAINER,
}


def key_named(name: str) -> Key:
    """The key that a terminal library calls `name` (Textual's names and plain characters)."""
    return _BY_NAME.get(name, Key.UNKNOWN)


ERASE = "\b"
"""Takes the last character of a typed text back."""


def typed(name: str, text: str | None) -> str | None:
    """What a key means where words are typed: its character, or ERASE; None: it is a key like any other.

    The one that reads aloud is that everywhere.
    """
    if key_named(name) is Key.READ:
        return None
    if name in ("backspace", "ctrl+h"):
        return ERASE
    return text if text is not None and len(text) == 1 and text.isprintable() else None
