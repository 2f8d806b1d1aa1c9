"""Questions and answers as lines of a terminal.

The input is read without anybody else's buffer, so that a line can be waited for while the event loop runs.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
import termios
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from kiosk.errors import KioskError
from kiosk.words import _

MOST_CHARACTERS: Final = 1000
"""Of a line: the path of a file can be long."""
_NOT_PLAIN: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
_OVERRIDES: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufffd")
"""What lets letters stand in another order than they were typed in, and what stands for no letter at all."""


class Left(KioskError):  # noqa: N818
    """Nobody answers any more; what was answered holds."""


class Conversation:
    """`say` prints a line; answers come from `descriptor`."""

    def __init__(self, say: Callable[[str], None], descriptor: int) -> None:
        self._print = say
        self._descriptor = descriptor
        self._read = b""

    def alive(self, now_s: float) -> bool:
        """Somebody can still answer: nobody hung up at the other end (safety rule 9)."""
        poll = select.poll()
        poll.register(self._descriptor, 0)  # a hang-up is reported whatever is asked
        return not poll.poll(0)

    def say(self, *lines: str) -> None:
        for line in lines:
            self._print(line)

    def ask(self, question: str, default: str = "", most: int = MOST_CHARACTERS) -> str:
        """A line of at most `most` characters that can be printed; an empty one is `default`. Raises Left."""
        while True:
            self.say(f"{question} [{default}]" if default else question)
            typed = self._line().strip()
            if len(typed) > most:
                self.say(_("That is too long: at most {n} characters.").format(n=most))
            elif not is_plain(typed):
                self.say(_("There are signs in it that cannot be printed. Please type it again."))
            else:
                return typed or default

    def ask_hidden(self, question: str) -> str:
        """A line that is not shown where it is typed, not even when it comes at once. Raises Left."""
        with _without_echo(self._descriptor):
            self.say(question)
            return self._line().strip()

    def choose(self, question: str, options: Sequence[str], default: int | None = None) -> int:
        """The number of one of `options`, counted from 1. Raises Left."""
        lines = [question, *(f"  {number}  {option}" for number, option in enumerate(options, start=1))]
        self.say(*lines)
        while True:
            answer = self.ask(_("Number"), "" if default is None else str(default))
            if answer.isascii() and answer.isdigit() and 1 <= int(answer) <= len(options):
                return int(answer)
            self.say(_("Please type a number from 1 to {n}.").format(n=len(options)))

    def yes(self, question: str) -> bool:
        return self.choose(question, [_("Yes"), _("No")]) == 1

    async def line(self) -> str:
        """A line, while everything else goes on. Raises Left."""
        loop = asyncio.get_running_loop()
        while b"\n" not in self._read:
            readable = asyncio.Event()
            loop.add_reader(self._descriptor, readable.set)
            try:
                await readable.wait()
            finally:
                loop.remove_reader(self._descriptor)
            self._take()
        return self._taken()

    def _line(self) -> str:
        while b"\n" not in self._read:
            self._take()
        return self._taken()

    def _take(self) -> None:
        try:
            piece = os.read(self._descriptor, 4096)
        except OSError:
            piece = b""
        if not piece:
            raise Left(_("Setup is not finished. It goes on where it stopped: homestim setup"))
        self._read += piece

    def _taken(self) -> str:
        line, _newline, self._read = self._read.partition(b"\n")
        return line.decode(errors="replace").rstrip("\r")


def is_plain(text: str) -> bool:
    """Printed, it is what it seems: no control character, no bytes that are no text, no order of writing."""
    return not any(unicodedata.category(one) in _NOT_PLAIN or one in _OVERRIDES for one in text)


@contextlib.contextmanager
def _without_echo(descriptor: int) -> Iterator[None]:
    if not os.isatty(descriptor):
        yield
        return
    with _ended_in_order():
        before = termios.tcgetattr(descriptor)
        silent = termios.tcgetattr(descriptor)
        silent[3] &= ~termios.ECHO
        try:
            termios.tcsetattr(descriptor, termios.TCSAFLUSH, silent)
            yield
        finally:
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


@contextlib.contextmanager
def _ended_in_order() -> Iterator[None]:
    """Whoever is told to end meanwhile puts right first what was changed."""

    def end(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
