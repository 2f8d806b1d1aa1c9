"""The two faces of a box, and how the words on each are read from outside of it."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

import pyte

Asked = Callable[[str], str]
"""What a script prints that root runs in the box."""
TYPESCRIPT: Final = "/var/log/homestim/typescript"
CONSOLE_COLUMNS: Final = 80
AT_MOST: Final = 240, 80
"""Columns and rows of any terminal there: a kiosk draws within its own, wherever that ends."""


class Words(Protocol):
    """What stands on the kiosk's screen."""

    def lines(self) -> list[str]:
        """As it is now; a space for what is not ASCII: frames and signs differ from face to face."""


def _ascii(text: str) -> str:
    return "".join(letter if " " <= letter <= "~" else " " for letter in text)


class ConsoleWords:
    """From the kernel's memory of the console."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked

    def lines(self) -> list[str]:
        cells = base64.b64decode(self._asked("base64 -w0 /dev/vcs1"))
        text = _ascii(cells.decode("latin-1"))
        return [text[at : at + CONSOLE_COLUMNS] for at in range(0, len(text), CONSOLE_COLUMNS)]


class TypescriptWords:
    """From what went to the terminal: nothing tells what a compositor shows, but a picture."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._read = 0
        self._screen = pyte.Screen(*AT_MOST)
        self._stream = pyte.ByteStream(self._screen)

    def lines(self) -> list[str]:
        new = self._asked(f"test ! -e {TYPESCRIPT} || tail -c +{self._read + 1} {TYPESCRIPT} | base64 -w0")
        data = base64.b64decode(new)
        self._read += len(data)
        # Each start of the kiosk begins with a line of the recorder's own.
        *ended, now = re.split(rb"^Script started on .*$", data, flags=re.MULTILINE)
        if ended:
            self._screen.reset()
        # pyte prints the parameters of private queries that it does not know.
        self._stream.feed(re.sub(rb"\x1b\[\?\d+\$p", b"", now))
        return [_ascii(line) for line in self._screen.display]


@dataclass(frozen=True)
class Face:
    """As `install --face` calls it, with its unit."""

    name: str
    unit: str
    words: Callable[[Asked], Words]
    without: tuple[str, ...] = ()
    """Units that it needs less than the emulated processor needs its time."""


CONSOLE: Final = Face("console", "homestim-console", ConsoleWords, ("systemd-logind.service",))
WAYLAND: Final = Face("wayland", "homestim", TypescriptWords)
FACES: Final = {face.name: face for face in (CONSOLE, WAYLAND)}
