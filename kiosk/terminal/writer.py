"""Writes frames to the terminal and never blocks whoever draws (architecture.md, "Textual, known traps").

A terminal that stopped reading (Scroll Lock is enough) blocks a plain `write` for as long as it likes. So
the terminal is opened once more for this alone, non-blocking: the flag belongs to the new open file, not to
the shell's. What the terminal does not take is kept up to a bound, then dropped whole: the newest picture
is drawn afresh when the terminal reads again.
"""

from __future__ import annotations

import asyncio
import os
import select
import time
from collections.abc import Callable
from typing import Final

KEPT_BYTES: Final = 65_536
"""About three full screens of 120×40 in true colour."""


class TerminalWriter:
    """Belongs to the loop's thread. `on_loss`: something is dropped; `on_recovery`: it reads again."""

    def __init__(
        self,
        tty_fd: int,
        loop: asyncio.AbstractEventLoop,
        on_loss: Callable[[], None],
        on_recovery: Callable[[], None],
    ) -> None:
        self._fd = _opened_once_more(tty_fd)
        self._loop = loop
        self._on_loss = on_loss
        self._on_recovery = on_recovery
        self._begun = b""
        """The rest of what is half written: it must go out whole, or its escape sequence breaks the next."""
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._watching = False
        self._lossy = False

    def write(self, text: str) -> None:
        """Hands `text` to the terminal now or later, or drops it; never blocks."""
        if self._lossy:
            return
        data = text.encode("utf-8", "replace")
        self._waiting.append(data)
        self._waiting_bytes += len(data)
        self._pump()
        if self._waiting_bytes > KEPT_BYTES:
            self._drop_waiting()
            self._lossy = True
            self._on_loss()

    def write_last(self, text: str, within_s: float) -> None:
        """Writes `text` in place of all that waits: to restore a terminal that may not read any more."""
        self._drop_waiting()
        self._begun += text.encode("utf-8", "replace")
        deadline_s = time.monotonic() + within_s
        self._pump()
        while self._begun and (left_s := deadline_s - time.monotonic()) > 0:
            select.select([], [self._fd], [], left_s)
            self._pump()

    def close(self) -> None:
        """Forgets what waits."""
        if self._fd >= 0:
            self._watch(False)
            os.close(self._fd)
            self._fd = -1

    def _pump(self) -> None:
        """Writes what the terminal takes."""
        while self._begun or self._waiting:
            if not self._begun:
                self._begun = self._waiting.pop(0)
                self._waiting_bytes -= len(self._begun)
            try:
                written = os.write(self._fd, self._begun)
            except BlockingIOError:
                self._watch(True)
                return
            except OSError:
                # The terminal is gone; the input thread hears it too, and ends the visit.
                self._begun = b""
                self._drop_waiting()
                break
            self._begun = self._begun[written:]
        self._watch(False)

    def _drop_waiting(self) -> None:
        self._waiting.clear()
        self._waiting_bytes = 0

    def _watch(self, wanted: bool) -> None:
        if wanted and not self._watching:
            self._loop.add_writer(self._fd, self._writable)
        elif self._watching and not wanted and not self._loop.is_closed():
            self._loop.remove_writer(self._fd)
        self._watching = wanted

    def _writable(self) -> None:
        self._pump()
        if self._lossy and not self._watching:
            self._lossy = False
            self._on_recovery()


def _opened_once_more(tty_fd: int) -> int:
    """A second, non-blocking open file of the same terminal."""
    for path in (os.ttyname(tty_fd), "/dev/tty"):
        try:
            return os.open(path, os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            continue
    # Neither may be opened (a terminal handed over by another user): the flag is then set on the shared file.
    shared = os.dup(tty_fd)
    os.set_blocking(shared, False)
    return shared
