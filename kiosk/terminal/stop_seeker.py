"""Seeks STOP in the terminal's raw bytes before anything else reads them (safety rule 14). Pure.

While output is possible, whatever is not a known other key *is* a stop: a key outside of the map, a
broken or unfinished escape sequence, a byte that is no UTF-8, text inside a paste. An unfinished paste
swallows nothing. While output is not possible the same bytes become key names, and what is no key is dropped.

Known are the keys of the map (`kiosk.keys`), cursor keys in their CSI and SS3 forms with modifiers, the
keypad in application mode, and what a terminal reports by itself: mouse, focus, size, mode and cursor
position. `ESC[1;2R` is both a cursor position and Shift+F3; it counts as the position.
"""

from __future__ import annotations

import re
from typing import Final, Literal

import msgspec

from kiosk.keys import DIGITS, Key, key_named

LONE_ESCAPE_S: Final = 0.05
"""An unfinished sequence is over this long after its last byte."""
PASTE_IDLE_S: Final = 0.25
"""A paste without its end is over this long after its last byte …"""
PASTE_LONGEST_S: Final = 2.0
"""… and this long after its begin in any case."""

KNOWN_OTHER_KEYS: Final = frozenset({*DIGITS, Key.ENTER, Key.UP, Key.DOWN, Key.LEFT, Key.RIGHT, Key.READ}) - {
    Key.ZERO
}
"""The only keys that do not stop while output is possible (screens.md, "Keys, one map": 0 is STOP there)."""
KNOWN_TO_TRAINERS: Final = KNOWN_OTHER_KEYS | {Key.TRAINER}
"""… while the guard reports a simulator (safety rule 19)."""


class Stop(msgspec.Struct, frozen=True):
    """Stop now. Only while output is possible. `source` names the key, for the log."""

    source: str


class Pressed(msgspec.Struct, frozen=True):
    """A key, by the name that `kiosk.keys.key_named` and Textual know; `text` is what it types."""

    name: str
    text: str | None = None


class Report(msgspec.Struct, frozen=True):
    """The terminal tells something by itself; `data` is the whole sequence."""

    kind: Literal["mouse", "focus", "size", "mode"]
    data: bytes


class Answered(msgspec.Struct, frozen=True):
    """The terminal answered `ESC[6n`: it reads."""


Token = Stop | Pressed | Report | Answered

# Bounded, so that where a sequence is given up does not depend on how its bytes were split over reads.
_CSI: Final = re.compile(rb"\x1b\[([0-9;:<=>?]{0,60})(\$?)([@-~])")
_CSI_BEGUN: Final = re.compile(rb"\x1b\[[0-9;:<=>?]{0,60}\$?")
_SS3: Final = re.compile(rb"\x1bO[0-9;]{0,8}([ -/@-~])")
_SS3_BEGUN: Final = re.compile(rb"\x1bO[0-9;]{0,8}")
_STRING: Final = re.compile(rb"\x1b[]PX^_][^\x07\x1b]{0,4096}(?:\x07|\x1b\\)")
_STRING_BEGUN: Final = re.compile(rb"\x1b[]PX^_][^\x07\x1b]{0,4096}\x1b?")

_CURSOR: Final = {"A": "up", "B": "down", "C": "right", "D": "left"}
_CSI_KEYS: Final = _CURSOR | {
    "E": "begin", "F": "end", "H": "home", "P": "f1", "Q": "f2", "R": "f3", "S": "f4", "Z": "shift+tab",
}  # fmt: skip
_SS3_KEYS: Final = _CSI_KEYS | {
    "M": "enter", "I": "tab", " ": "space", "X": "equals_sign",
    "j": "asterisk", "k": "plus", "l": "comma", "m": "minus", "n": "full_stop", "o": "slash",
    **{chr(ord("p") + digit): str(digit) for digit in range(10)},
}  # fmt: skip
_TILDE_KEYS: Final = {
    1: "home", 2: "insert", 3: "delete", 4: "end", 5: "pageup", 6: "pagedown", 7: "home", 8: "end",
    11: "f1", 12: "f2", 13: "f3", 14: "f4", 15: "f5", 17: "f6", 18: "f7", 19: "f8", 20: "f9", 21: "f10",
    23: "f11", 24: "f12",
}  # fmt: skip
_LINUX_FUNCTION_KEYS: Final = {ord("A") + n: f"f{n + 1}" for n in range(5)}

_BYTE_KEYS: Final = {
    0x08: "backspace", 0x09: "tab", 0x0A: "enter", 0x0D: "enter", 0x1B: "escape", 0x20: "space",
    0x7F: "backspace", ord("*"): "asterisk", ord("+"): "plus", ord(","): "comma", ord("-"): "minus",
    ord("."): "full_stop", ord("/"): "slash",
}  # fmt: skip
_KITTY_KEYPAD: Final = {57399 + digit: str(digit) for digit in range(10)} | {
    57409: "full_stop", 57410: "slash", 57411: "asterisk", 57412: "minus", 57413: "plus", 57414: "enter",
    57416: "comma", 57417: "left", 57418: "right", 57419: "up", 57420: "down", 57425: "insert",
    57426: "delete",
}  # fmt: skip
_KITTY_RELEASE: Final = 3
_KITTY_CONTROL: Final = 4

_PASTE_BEGINS: Final = b"\x1b[200~"
_PASTE_ENDS: Final = b"\x1b[201~"


class StopSeeker:
    """Raw bytes in, tokens out. The caller keeps the time: `deadline_s` is when `expire` is due."""

    def __init__(self) -> None:
        self._pending = b""
        self._pending_until_s = 0.0
        self._pasting = False
        self._paste_idle_until_s = 0.0
        self._paste_until_s = 0.0

    @property
    def deadline_s(self) -> float | None:
        """When something unfinished is over; None: nothing is."""
        return self._pending_until_s if self._pending else None

    def feed(
        self,
        data: bytes,
        now_s: float,
        output_possible: bool,
        enter_stops: bool = False,
        simulated: bool = False,
    ) -> list[Token]:
        """What `data` says. `enter_stops`: the line shown does not ask for Enter (screens.md, rule 12).
        `simulated`: the trainers' key is known."""
        tokens = self.expire(now_s, output_possible)
        if data:
            self._paste_idle_until_s = now_s + PASTE_IDLE_S
        buffer = self._pending + data
        while buffer:
            length, found = self._next(buffer, output_possible, now_s)
            if length == 0:
                break
            buffer = buffer[length:]
            tokens += self._judged(found, output_possible, enter_stops, simulated)
        self._pending = buffer
        self._pending_until_s = now_s + LONE_ESCAPE_S
        return tokens

    def expire(self, now_s: float, output_possible: bool) -> list[Token]:
        """What became of something unfinished, if its time is over."""
        tokens: list[Token] = []
        if self._pending and now_s >= self._pending_until_s:
            name = "escape" if self._pending == b"\x1b" else "unfinished"
            self._pending = b""
            if output_possible or name == "escape":
                tokens = self._judged([Pressed(name)], output_possible, False)
        if self._pasting and now_s >= min(self._paste_idle_until_s, self._paste_until_s):
            self._pasting = False
        return tokens

    def _judged(
        self, found: list[Token], output_possible: bool, enter_stops: bool, simulated: bool = False
    ) -> list[Token]:
        """Turns keys into stops while output is possible, and drops what was only pasted."""
        known = KNOWN_TO_TRAINERS if simulated else KNOWN_OTHER_KEYS
        tokens: list[Token] = []
        for token in found:
            if not isinstance(token, Pressed):
                tokens.append(token)
                continue
            key = key_named(token.name)
            stops = key not in known or (enter_stops and key is Key.ENTER)
            if output_possible and stops:
                tokens.append(Stop(token.name))
            if not self._pasting and (key is Key.LEAVE or not (output_possible and stops)):
                tokens.append(token)
        return tokens

    def _next(self, buffer: bytes, output_possible: bool, now_s: float) -> tuple[int, list[Token]]:
        """Length and meaning of what `buffer` begins with; length 0: unfinished."""
        first = buffer[0]
        if first == 0x1B:
            return self._escape(buffer, output_possible, now_s)
        if first < 0x80:
            return 1, [_ascii(first)]
        if output_possible:
            return 1, [Pressed("not a key")]
        return _character(buffer)

    def _escape(self, buffer: bytes, output_possible: bool, now_s: float) -> tuple[int, list[Token]]:
        if len(buffer) == 1:
            return 0, []
        second = buffer[1:2]
        if second == b"[":
            return self._csi(buffer, now_s)
        if second == b"O":
            return _ss3(buffer)
        if second in b"]PX^_" and not output_possible:
            return _string(buffer)
        if buffer[1] >= 0x80 or buffer[1] < 0x20:
            return 1, [Pressed("escape")]
        return 2, [Pressed(f"alt+{second.decode('ascii')}")]

    def _csi(self, buffer: bytes, now_s: float) -> tuple[int, list[Token]]:
        if buffer[2:3] == b"[":
            return _linux_function_key(buffer)
        if buffer[2:3] == b"M":
            return _x10_mouse(buffer)
        match = _CSI.match(buffer)
        if match is None:
            return _unfinished_or_broken(buffer, _CSI_BEGUN)
        sequence = match.group()
        if sequence == _PASTE_BEGINS:
            self._pasting = True
            self._paste_until_s = now_s + PASTE_LONGEST_S
            return len(sequence), []
        if sequence == _PASTE_ENDS:
            self._pasting = False
            return len(sequence), []
        parameters, dollar, final = (group.decode("ascii") for group in match.groups())
        return len(sequence), _csi_meaning(sequence, parameters, dollar, final)


def _ascii(byte: int) -> Pressed:
    name = _BYTE_KEYS.get(byte)
    text = chr(byte) if 0x20 <= byte < 0x7F else None
    if name is None:
        name = text or f"ctrl+{chr(byte + 0x60)}"
    return Pressed(name, text)


def _character(buffer: bytes) -> tuple[int, list[Token]]:
    """One character of UTF-8, or one byte that is none."""
    first = buffer[0]
    length = 2 if 0xC2 <= first <= 0xDF else 3 if 0xE0 <= first <= 0xEF else 4 if 0xF0 <= first <= 0xF4 else 1
    candidate = buffer[:length]
    try:
        character = candidate.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data":
            return 0, []
        return 1, [Pressed("not a key")]
    return length, [Pressed(character, character)]


def _unfinished_or_broken(buffer: bytes, begun: re.Pattern[bytes]) -> tuple[int, list[Token]]:
    """`buffer` begins a sequence that is not finished, or never will be."""
    match = begun.match(buffer)
    end = match.end() if match else 1
    return (0, []) if end == len(buffer) else (end, [Pressed("broken sequence")])


def _linux_function_key(buffer: bytes) -> tuple[int, list[Token]]:
    """`ESC[[A` … `ESC[[E`: F1 … F5 on the Linux console."""
    if len(buffer) == 3:
        return 0, []
    name = _LINUX_FUNCTION_KEYS.get(buffer[3])
    return (4, [Pressed(name)]) if name else (3, [Pressed("broken sequence")])


def _x10_mouse(buffer: bytes) -> tuple[int, list[Token]]:
    """`ESC[M` and three bytes, which may be any: a space among them is a mouse button, not the stop key."""
    return (0, []) if len(buffer) < 6 else (6, [Report("mouse", buffer[:6])])


def _ss3(buffer: bytes) -> tuple[int, list[Token]]:
    match = _SS3.match(buffer)
    if match is None:
        return _unfinished_or_broken(buffer, _SS3_BEGUN)
    return match.end(), [Pressed(_SS3_KEYS.get(match.group(1).decode("ascii"), "unknown key"))]


def _string(buffer: bytes) -> tuple[int, list[Token]]:
    """An OSC, DCS, SOS, PM or APC string: nobody asked for one, and its digits are no keys."""
    match = _STRING.match(buffer)
    return (match.end(), []) if match else (_unfinished_or_broken(buffer, _STRING_BEGUN)[0], [])


def _csi_meaning(sequence: bytes, parameters: str, dollar: str, final: str) -> list[Token]:
    if final in "Mm" and (parameters.startswith("<") or parameters.count(";") == 2):
        return [Report("mouse", sequence)]
    if final in "IO" and not parameters:
        return [Report("focus", sequence)]
    if final == "R" and re.fullmatch(r"\??\d+;\d+(;\d+)?", parameters):
        return [Answered()]
    if final == "t":
        return [Report("size", sequence)]
    if (final == "y" and dollar) or (final in "cn" and parameters):
        return [Report("mode", sequence)]
    if dollar or re.search("[<=>?]", parameters):
        return [Pressed("unknown key")]
    return _csi_key(parameters, final)


def _csi_key(parameters: str, final: str) -> list[Token]:
    """A key in its CSI form: `ESC[A`, `ESC[1;5A`, `ESC[3~`, `ESC[32u`, `ESC[27;5;32~`."""
    numbers = [part.split(":") for part in parameters.split(";")]
    first = _number(numbers[0][0])
    modifier, event = 1, 1
    if len(numbers) > 1:
        modifier = _number(numbers[1][0]) or 1
        event = _number(numbers[1][1]) if len(numbers[1]) > 1 else 1
    if final == "u":
        name = _code_point_key(first, modifier)
    elif final == "~" and first == 27 and len(numbers) == 3:
        name = _code_point_key(_number(numbers[2][0]), modifier)
    elif final == "~":
        name = _TILDE_KEYS.get(first, "unknown key")
    else:
        name = _CSI_KEYS.get(final, "unknown key")
    if event == _KITTY_RELEASE and key_named(name) in KNOWN_OTHER_KEYS:
        return []
    return [Pressed(name)]


def _code_point_key(code_point: int, modifier: int) -> str:
    """A key that a terminal names by its code point."""
    if code_point in _KITTY_KEYPAD:
        return _KITTY_KEYPAD[code_point]
    if not 0 < code_point < 0x80:
        return "unknown key"
    if (modifier - 1) & _KITTY_CONTROL and chr(code_point).isalpha():
        return f"ctrl+{chr(code_point).lower()}"
    return _ascii(code_point).name


def _number(text: str) -> int:
    """Digits as a number; anything else, or a number that no terminal sends, is 0."""
    return int(text) if text.isdecimal() and len(text) <= 7 else 0
