"""What both renderers do with a terminal: raw keys, signals, whether it still reads, and the way back."""

from __future__ import annotations

import asyncio
import signal
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from kiosk.conductor_types import Conductor
from kiosk.terminal.liveness import ASK_EVERY_S, QUERY, AlwaysAlive, TerminalLiveness
from kiosk.terminal.reader import InputReader
from kiosk.terminal.stop_seeker import Answered, Report, Token
from kiosk.terminal.tty_mode import RawKeys
from kiosk.terminal.writer import TerminalWriter

RESTORE_WITHIN_S: Final = 0.3
"""A terminal that does not read is not waited for any longer at the end."""

MOST_WAITING: Final = 64
"""Tokens that may wait for the loop. Nobody types so far ahead: more come from a keyboard or a line that has
gone wrong, and acting on all of them would keep the kiosk busy long after."""
MOST_ANSWERS_WAITING: Final = 2 * MOST_WAITING
"""Answers find room where keys find none: one that was lost would make every later one look late."""

_LEAVING_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class TerminalSession:
    """From `begin` to `end` the terminal is ours. All but the input thread runs on the loop.

    `take` gets every token that is neither a stop nor an answer; `redraw` is called when a terminal that had
    stopped reading reads again; `resized` when its size changed.
    """

    def __init__(
        self,
        key_fd: int,
        screen_fd: int,
        conductor: Conductor,
        liveness: TerminalLiveness | AlwaysAlive,
        take: Callable[[Token], None],
        redraw: Callable[[], None],
        resized: Callable[[], None],
        enter_stops: Callable[[], bool] = lambda: False,
        touch_stops: Callable[[Report], bool] = lambda report: False,
    ) -> None:
        self._conductor = conductor
        self._liveness = liveness
        self._take = take
        self._resized = resized
        self._loop = asyncio.get_running_loop()
        self._raw_keys = RawKeys(key_fd)
        self._screen_fd = screen_fd
        self._redraw = redraw
        self._reader = InputReader(key_fd, conductor, self._deliver, self._gone, enter_stops, touch_stops)
        self._writer: TerminalWriter | None = None
        self._reading = False
        self._waiting: deque[tuple[Token, float]] = deque()
        self._taking = False
        """`_take_next` is about to run."""
        self._next_query: asyncio.TimerHandle | None = None

    def begin(self, prepare: str) -> None:
        """Takes the terminal over and writes `prepare`. Raises termios.error where there is none."""
        # A kiosk that sleeps over a live current must not exist.
        signal.signal(signal.SIGTSTP, signal.SIG_IGN)
        self._raw_keys.enter()
        self._writer = TerminalWriter(self._screen_fd, self._loop, self._liveness.lost, self._redraw)
        self._loop.add_signal_handler(signal.SIGWINCH, self._resized)
        for number in _LEAVING_SIGNALS:
            self._loop.add_signal_handler(number, self._conductor.leave)
        self.write(prepare)
        self._reader.start()
        self._reading = True
        self._ask(first=True)

    def write(self, text: str) -> None:
        """Never blocks; see TerminalWriter."""
        if self._writer is not None:
            self._writer.write(text)

    def stop_reading(self) -> None:
        """No key is taken any more."""
        if self._reading:
            self._reading = False
            self._reader.stop()
        if self._next_query is not None:
            self._next_query.cancel()
            self._next_query = None

    def end(self, restore: str) -> None:
        """Gives the terminal back as it was. May be called again."""
        self.stop_reading()
        if self._writer is not None:
            self._writer.write_last(restore, RESTORE_WITHIN_S)
            self._writer.close()
            self._writer = None
        self._raw_keys.leave()
        for number in (signal.SIGWINCH, *_LEAVING_SIGNALS):
            self._loop.remove_signal_handler(number)
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)

    def _ask(self, first: bool = False) -> None:
        """Once at the start, then every half second while output is possible."""
        self._next_query = self._loop.call_later(ASK_EVERY_S, self._ask)
        if first or self._conductor.output_possible:
            self._liveness.asked(time.monotonic())
            self.write(QUERY)

    def _deliver(self, tokens: Sequence[Token], now_s: float) -> None:
        """In the input thread: the rest is for the loop."""
        for token in tokens:
            most = MOST_ANSWERS_WAITING if isinstance(token, Answered) else MOST_WAITING
            if len(self._waiting) < most:
                self._waiting.append((token, now_s))
        if self._taking:
            return
        self._taking = True
        try:
            self._loop.call_soon_threadsafe(self._take_next)
        except RuntimeError:
            pass  # The loop has ended; a stop has already left.

    def _gone(self) -> None:
        """In the input thread."""
        try:
            self._loop.call_soon_threadsafe(self._conductor.leave)
        except RuntimeError:
            pass

    def _take_next(self) -> None:
        """One token a turn of the loop, so that the lease is renewed between two of them."""
        # Before looking: what comes after the look then asks for another turn.
        self._taking = False
        if not self._waiting:
            return
        token, now_s = self._waiting.popleft()
        self._taking = True
        self._loop.call_soon(self._take_next)
        if isinstance(token, Answered):
            self._liveness.answered()
            self._conductor.terminal_answered(now_s)
        else:
            self._take(token)
