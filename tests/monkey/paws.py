"""What a monkey does to a terminal: keys, raw bytes, pastes, mouse and sizes. Seeded, and no two alike."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

STOPS: Final = {
    "space": b" ",
    "keypad 0": b"0",
    "keypad Del": b".",
    "German keypad Del": b",",
    "Delete": b"\x1b[3~",
    "Backspace": b"\x7f",
    "Backspace as Ctrl+H": b"\x08",
    "keypad /": b"/",
    "F12": b"\x1b[24~",
    "Escape": b"\x1b",
    "Ctrl+C": b"\x03",
    "Ctrl+Z": b"\x1a",
    "Ctrl+\\": b"\x1c",
    "Ctrl+Q": b"\x11",
    "Ctrl+S": b"\x13",
    "a letter": b"x",
    "a byte that is no UTF-8": b"\xff",
    "half a letter": b"\xc3",
    "half a sequence": b"\x1b[1;",
    "an unfinished paste and a space": b"\x1b[200~ ",
    "a finished paste": b"\x1b[200~hello\x1b[201~",
    "a touch at the bottom": b"\x1b[<0;40;25M\x1b[<0;40;25m",
}
"""What has to stop wherever output is possible, on 80×25."""

LEAVING: Final = {
    "Ctrl+C": b"\x03",
    "Ctrl+D": b"\x04",
    "Ctrl+P": b"\x10",
    "Ctrl+Q": b"\x11",
    "Ctrl+S": b"\x13",
    "Ctrl+W": b"\x17",
    "Ctrl+X": b"\x18",
    "Ctrl+Z": b"\x1a",
    "Ctrl+\\": b"\x1c",
    "Ctrl+]": b"\x1d",
    "Ctrl+L": b"\x0c",
    "Tab": b"\t",
    "Shift+Tab": b"\x1b[Z",
    "Alt+F4": b"\x1b[1;3S",
    "Alt+q": b"\x1bq",
    "Alt+Left": b"\x1b[1;3D",
    "Insert": b"\x1b[2~",
    "F1": b"\x1bOP",
    "F1 on the console": b"\x1b[[A",
    "F5": b"\x1b[15~",
    "F10": b"\x1b[21~",
    "F11": b"\x1b[23~",
    "Shift+F10": b"\x1b[21;2~",
    "Ctrl+C as a kitty key": b"\x1b[99;5u",
    "Ctrl+Shift+N as a kitty key": b"\x1b[110;6u",
    "a link": b"\x1b]8;;file:///etc/passwd\x1b\\here\x1b]8;;\x1b\\",
    "the clipboard": b"\x1b]52;c;cm0gLXJm\x07",
    "a title": b"\x1b]0;x\x07",
    "a device control string": b'\x1bP$q"p\x1b\\',
    "a reset": b"\x1bc",
    "the main screen": b"\x1b[?1049l",
    "the middle button": b"\x1b[<1;20;14M\x1b[<1;20;14m",
    "the right button": b"\x1b[<2;20;14M\x1b[<2;20;14m",
    "left and right at once": b"\x1b[<0;3;3M\x1b[<2;3;3M\x1b[<2;3;3m\x1b[<0;3;3m",
    "Ctrl and a click": b"\x1b[<16;20;14M\x1b[<16;20;14m",
    "the wheel": b"\x1b[<64;20;14M\x1b[<65;20;14M",
    "a drag": b"\x1b[<0;2;2M\x1b[<32;30;9M\x1b[<0;30;9m",
    "a paste of keys": b"\x1b[200~\x03\x03:!sh\r\x1a\x1b[201~",
    "markup in a paste": b"\x1b[200~[@click=app.quit]here[/]\x1b[201~",
}
"""What leaves a program, a desktop or a terminal elsewhere."""

_KEYS: Final = [*(str(digit).encode() for digit in range(10)), b"\r", b"+", b"-", b"*", b"\x1b[A", b"\x1b[B",
                b"\x1b[C", b"\x1b[D", b"\x1bOA", b"\x1bOk", b"\x1bOq"]  # fmt: skip
_HARMLESS_KEYS: Final = [b"1", b"2", b"3", b"4", b"6", b"7", b"8", b"9", b"\r", b"*", *[b"\x1b[A", b"+"] * 4,
                         b"\x1b[B", b"\x1b[C", b"\x1b[D", b"\x1bOA", b"\x1bOk"]  # fmt: skip
_SIZES: Final = ((80, 25), (67, 20), (120, 40), (40, 12), (1, 1), (300, 100), (66, 30), (80, 19))

Paw = Callable[[Random], bytes]


def size(rng: Random) -> tuple[int, int]:
    """Columns and rows of a window that was pulled at."""
    return rng.choice(_SIZES) if rng.random() < 0.7 else (rng.randint(1, 200), rng.randint(1, 70))


def anything(rng: Random) -> bytes:
    """One thing that is pressed, typed, pasted, touched or sent by a broken line."""
    return rng.choices(*_ANYTHING)[0](rng)


def known_only(rng: Random) -> bytes:
    """One thing that is no stop while output is on: keys of the map, and what a mouse does above STOP."""
    if rng.random() < 0.6:
        return rng.choice(_HARMLESS_KEYS)
    button = rng.choice((32, 35, 64, 65, 66, 1, 2, 8, 16, 128))
    end = "m" if rng.random() < 0.3 else "M"
    return rng.choice(
        (f"\x1b[<{button};{rng.randint(1, 80)};{rng.randint(1, 19)}{end}".encode(), b"\x1b[I", b"\x1b[O")
    )


def _key(rng: Random) -> bytes:
    return rng.choice(_KEYS)


def _stop(rng: Random) -> bytes:
    return rng.choice(list(STOPS.values()))


def _leaving(rng: Random) -> bytes:
    return rng.choice(list(LEAVING.values()))


def _bytes(rng: Random) -> bytes:
    return rng.randbytes(rng.randint(1, 12))


def _half_letters(rng: Random) -> bytes:
    letter = chr(rng.choice((0xE4, 0x20AC, 0x1F600, 0x202E, rng.randint(0x80, 0xD7FF)))).encode()
    return letter[: rng.randint(1, len(letter))]


def _sequence(rng: Random) -> bytes:
    """Of a terminal, or nearly."""
    begin = rng.choice(("\x1b[", "\x1bO", "\x1b[<", "\x1b[?", "\x1b[M", "\x1b]", "\x1bP", "\x1b_", "\x1b"))
    numbers = ";".join(
        str(rng.choice((0, 1, 5, 99, 10**9, rng.randint(0, 300)))) for _ in range(rng.randint(0, 4))
    )
    return (begin + numbers + chr(rng.randint(0x20, 0x7E))).encode()


def _paste(rng: Random) -> bytes:
    text = rng.choice(
        (b"1\r", b"[@click=app.quit]x[/]", b"\x03", b"rm -rf /\r", rng.randbytes(rng.randint(0, 200)))
    )
    return b"\x1b[200~" + text + rng.choice((b"\x1b[201~", b"\x1b[201~", b"\x1b[20", b""))


def _mouse(rng: Random) -> bytes:
    """Press, release, drag, wheel, other buttons and chords, in both of the ways that terminals have."""
    x, y = rng.randint(0, 130), rng.randint(0, 45)
    if rng.random() < 0.15:
        return b"\x1b[M" + bytes((32 + rng.randint(0, 70), 33 + x, 33 + y))
    button = rng.choice((0, 0, 0, 0, rng.randint(0, 255)))
    pressed = f"\x1b[<{button};{x};{y}M"
    return (pressed + rng.choice(("", f"\x1b[<{button};{x};{y}m", pressed))).encode()


def _report(rng: Random) -> bytes:
    """What a terminal says by itself."""
    return rng.choice(
        (b"\x1b[I", b"\x1b[O", b"\x1b[1;1R", b"\x1b[?2026;2$y", b"\x1b[8;25;80t", b"\x1b[?62;4c", b"\x1b[0n")
    )


_ANYTHING: Final[tuple[list[Paw], list[int]]] = (
    [_key, _stop, _leaving, _bytes, _half_letters, _sequence, _paste, _mouse, _report],
    [30, 8, 8, 8, 4, 10, 6, 20, 6],
)
