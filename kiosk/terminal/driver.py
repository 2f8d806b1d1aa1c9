"""Textual's way to the terminal, with our input thread and a writer that never blocks.

Against Textual's own driver: STOP is sought in the raw bytes first (safety rule 14); no byte ends the app and
no paste swallows a key; no kitty keyboard protocol (a held key would report as something else), no mouse in
pixels and no motion; the terminal is asked whether it still reads (rule 9); a terminal that does not read
blocks nothing; Ctrl+Z does not suspend; SIGTERM, SIGINT and SIGHUP leave in order.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from textual import events, messages
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Size

from kiosk.terminal.liveness import ASK_EVERY_S, QUERY
from kiosk.terminal.reader import InputReader
from kiosk.terminal.stop_seeker import Answered, Pressed, Report, Token
from kiosk.terminal.tty_mode import RawKeys
from kiosk.terminal.writer import TerminalWriter

if TYPE_CHECKING:
    from textual.app import App

RESTORE_WITHIN_S: Final = 0.3
"""A terminal that does not read is not waited for any longer at the end."""

_ALTERNATE_SCREEN: Final = "\x1b[?1049h\x1b[?25l"
_MOUSE_CLICKS: Final = "\x1b[?1000h\x1b[?1006h"
_MARK_PASTES: Final = "\x1b[?2004h"
_NO_LINE_WRAP: Final = "\x1b[?7l"
_ASK_FOR_WHOLE_FRAMES: Final = "\x1b[?2026$p"
_WHOLE_FRAMES_ANSWERED: Final = re.compile(rb"\x1b\[\?2026;[1-3]\$y")
_MOUSE_BUTTON: Final = re.compile(rb"\x1b\[<([0-2]);(\d{1,4});(\d{1,4})([Mm])")
_RESTORE: Final = "\x1b[?2026l\x1b[?1006l\x1b[?1000l\x1b[?2004l\x1b[?7h\x1b[0m\x1b[?1049l\x1b[?25h"
_LEAVING_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class KioskDriver(LinuxDriver):
    """Of a `kiosk.app.KioskApp`, whose `conductor` and `liveness` it serves."""

    def __init__(
        self,
        app: App[Any],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        # Textual's constructor makes Ctrl+Z suspend; a kiosk that sleeps over a live current must not exist.
        signal.signal(signal.SIGTSTP, signal.SIG_IGN)
        signal.signal(signal.SIGCONT, signal.SIG_DFL)
        self._conductor = app.conductor  # type: ignore[attr-defined]
        self._liveness = app.liveness  # type: ignore[attr-defined]
        self._raw_keys = RawKeys(self.fileno)
        self._reader: InputReader | None = None
        self._writer: TerminalWriter | None = None
        self._next_query: asyncio.TimerHandle | None = None

    @property
    def can_suspend(self) -> bool:
        return False

    def write(self, data: str) -> None:
        if self._writer is not None:
            self._writer.write(data)

    def start_application_mode(self) -> None:
        tty_fd = sys.__stderr__.fileno() if sys.__stderr__ and sys.__stderr__.isatty() else self.fileno
        self._raw_keys.enter()
        self._writer = TerminalWriter(tty_fd, self._loop, self._frames_lost, self._frames_read_again)
        self._loop.add_signal_handler(signal.SIGWINCH, self._tell_size)
        for number in _LEAVING_SIGNALS:
            self._loop.add_signal_handler(number, self._conductor.leave)
        self._tell_size()
        clicks = _MOUSE_CLICKS if self._mouse else ""
        self.write(_ALTERNATE_SCREEN + clicks + _MARK_PASTES + _NO_LINE_WRAP + _ASK_FOR_WHOLE_FRAMES)
        self._reader = InputReader(self.fileno, self._conductor, self._deliver, self._terminal_gone)
        self._reader.start()
        self._ask_terminal(True)

    def disable_input(self) -> None:
        if self._reader is not None:
            self._reader.stop()
            self._reader = None
        if self._next_query is not None:
            self._next_query.cancel()
            self._next_query = None

    def stop_application_mode(self) -> None:
        self.disable_input()
        if self._writer is not None:
            self._writer.write_last(_RESTORE, RESTORE_WITHIN_S)
        self._raw_keys.leave()
        for number in (signal.SIGWINCH, *_LEAVING_SIGNALS):
            self._loop.remove_signal_handler(number)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _ask_terminal(self, first: bool = False) -> None:
        """Once at the start, then every half second while output is possible."""
        self._next_query = self._loop.call_later(ASK_EVERY_S, self._ask_terminal)
        if first or self._conductor.output_possible:
            self._liveness.asked(time.monotonic())
            self.write(QUERY)

    def _frames_lost(self) -> None:
        self._liveness.lost()

    def _frames_read_again(self) -> None:
        self.write("\x1b[0m")
        self._app.refresh(layout=True)

    def _tell_size(self) -> None:
        try:
            size = Size(*os.get_terminal_size(self.fileno))
        except OSError:
            size = Size(80, 25)
        self.send_message(events.Resize(size, size))

    def _deliver(self, tokens: Sequence[Token], now_s: float) -> None:
        """In the input thread: the rest is for the loop."""
        try:
            self._loop.call_soon_threadsafe(self._take, tokens, now_s)
        except RuntimeError:
            pass  # The loop has ended; a stop has already left.

    def _terminal_gone(self) -> None:
        """In the input thread."""
        try:
            self._loop.call_soon_threadsafe(self._conductor.leave)
        except RuntimeError:
            pass

    def _take(self, tokens: Sequence[Token], now_s: float) -> None:
        for token in tokens:
            if isinstance(token, Answered):
                self._liveness.answered()
                self._conductor.terminal_answered(now_s)
            elif isinstance(token, Pressed):
                self.process_message(events.Key(token.name, token.text))
            elif isinstance(token, Report):
                self._take_report(token.data)

    def _take_report(self, data: bytes) -> None:
        """Mouse buttons and fingers; other reports change nothing."""
        if _WHOLE_FRAMES_ANSWERED.fullmatch(data):
            self.process_message(messages.TerminalSupportsSynchronizedOutput())
        elif match := _MOUSE_BUTTON.fullmatch(data):
            button, column, row = (int(number) for number in match.groups()[:3])
            kind = events.MouseDown if match.group(4) == b"M" else events.MouseUp
            x, y = column - 1.0, row - 1.0
            self.process_message(kind(None, x, y, 0, 0, button + 1, False, False, False, x, y))
