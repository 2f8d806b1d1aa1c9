"""Textual's way to the terminal, with our input thread and a writer that never blocks.

Against Textual's own driver: STOP is sought in the raw bytes first (safety rule 14); no byte ends the app and
no paste swallows a key; no kitty keyboard protocol (a held key would report as something else), no mouse in
pixels and no motion; the terminal is asked whether it still reads (rule 9); a terminal that does not read
blocks nothing; Ctrl+Z does not suspend; SIGTERM, SIGINT and SIGHUP leave in order.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from typing import TYPE_CHECKING, Any, Final

from textual import events, messages
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Size

from kiosk.terminal.session import TerminalSession
from kiosk.terminal.stop_seeker import Pressed, Report, Token
from kiosk.terminal.tty_mode import KEY_REPEAT, NO_KEY_REPEAT

if TYPE_CHECKING:
    from textual.app import App

_ALTERNATE_SCREEN: Final = "\x1b[?1049h\x1b[?25l"
_MOUSE_CLICKS: Final = "\x1b[?1000h\x1b[?1006h"
_MARK_PASTES: Final = "\x1b[?2004h"
_NO_LINE_WRAP: Final = "\x1b[?7l"
_ASK_FOR_WHOLE_FRAMES: Final = "\x1b[?2026$p"
_RESTORE: Final = (
    f"\x1b[?2026l\x1b[?1006l\x1b[?1000l\x1b[?2004l{KEY_REPEAT}\x1b[?7h\x1b[0m\x1b[?1049l\x1b[?25h"
)

_WHOLE_FRAMES_ANSWERED: Final = re.compile(rb"\x1b\[\?2026;[1-3]\$y")
_MOUSE_BUTTON: Final = re.compile(rb"\x1b\[<([0-2]);(\d{1,4});(\d{1,4})([Mm])")


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
        # Textual's constructor installs its own; TerminalSession ignores SIGTSTP.
        signal.signal(signal.SIGCONT, signal.SIG_DFL)
        screen = sys.__stderr__ if sys.__stderr__ is not None and sys.__stderr__.isatty() else sys.__stdin__
        assert screen is not None
        self._session = TerminalSession(
            self.fileno,
            screen.fileno(),
            app.conductor,  # type: ignore[attr-defined]
            app.liveness,  # type: ignore[attr-defined]
            take=self._take,
            redraw=self._draw_anew,
            resized=self._tell_size,
            touch_stops=self._touch_stops,
        )

    @property
    def can_suspend(self) -> bool:
        return False

    def write(self, data: str) -> None:
        self._session.write(data)

    def start_application_mode(self) -> None:
        clicks = _MOUSE_CLICKS if self._mouse else ""
        once = _MARK_PASTES + _NO_LINE_WRAP + NO_KEY_REPEAT + _ASK_FOR_WHOLE_FRAMES
        self._session.begin(_ALTERNATE_SCREEN + clicks + once)
        self._tell_size()

    def disable_input(self) -> None:
        self._session.stop_reading()

    def stop_application_mode(self) -> None:
        self._session.end(_RESTORE)

    def close(self) -> None:
        """Everything is closed by `stop_application_mode`."""

    def _draw_anew(self) -> None:
        self.write("\x1b[0m")
        self._app.refresh(layout=True)

    def _tell_size(self) -> None:
        try:
            size = Size(*os.get_terminal_size(self.fileno))
        except OSError:
            size = Size(80, 25)
        self.send_message(events.Resize(size, size))

    def _touch_stops(self, report: Report) -> bool:
        """In the input thread: a press on the STOP row as it is shown now."""
        first_row: int | None = self._app.stop_from_row  # type: ignore[attr-defined]
        match = _MOUSE_BUTTON.fullmatch(report.data)
        if first_row is None or match is None or match.group(4) != b"M":
            return False
        return int(match.group(3)) > first_row

    def _take(self, token: Token) -> None:
        if isinstance(token, Pressed):
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
