"""Raw mode of the terminal's keys, restored at every way out."""

from __future__ import annotations

import atexit
import termios
from typing import Any, Final

NO_KEY_REPEAT: Final = "\x1b[?8l"
"""A Linux console obeys it for every keyboard, also one that is plugged in later; other terminals may not
(safety rule 2)."""
KEY_REPEAT: Final = "\x1b[?8h"

_IFLAG: Final = 0
_LFLAG: Final = 3
_CC: Final = 6

_NOT_FOR_US: Final = termios.ECHO | termios.ICANON | termios.IEXTEN | termios.ISIG
"""No echo, no lines; Ctrl+C and Ctrl+Z arrive as bytes and are no signals."""
_AS_IT_COMES: Final = (
    termios.IXON | termios.IXOFF | termios.ICRNL | termios.INLCR | termios.IGNCR | termios.ISTRIP
)
"""No Ctrl+S that freezes the picture, Enter as it is, all eight bits."""


class RawKeys:
    """Key by key, without echo, from `enter` to `leave`. Output processing is not touched."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._before: list[Any] | None = None

    def enter(self) -> None:
        """Raises termios.error where `fd` is no terminal."""
        before = termios.tcgetattr(self._fd)
        raw = termios.tcgetattr(self._fd)
        raw[_IFLAG] &= ~_AS_IT_COMES
        raw[_LFLAG] &= ~_NOT_FOR_US
        raw[_CC][termios.VMIN] = 1
        raw[_CC][termios.VTIME] = 0
        self._before = before
        atexit.register(self.leave)
        termios.tcsetattr(self._fd, termios.TCSANOW, raw)

    def leave(self) -> None:
        """As it was; unread keys are dropped, so that none reaches the shell. May be called again."""
        if self._before is None:
            return
        before, self._before = self._before, None
        atexit.unregister(self.leave)
        try:
            termios.tcflush(self._fd, termios.TCIFLUSH)
            termios.tcsetattr(self._fd, termios.TCSANOW, before)
        except termios.error:
            pass  # The terminal is gone: nothing is left to restore.
