"""The input thread: raw bytes in, STOP out at once, the rest to the loop (safety rule 14).

A thread, because the loop may be busy: the stop datagram leaves from here, before any screen hears of it.
"""

from __future__ import annotations

import logging
import os
import select
import sys
import time
from collections.abc import Callable, Sequence
from threading import Thread
from typing import Final, Protocol

from drivers import urgency
from kiosk.terminal.stop_seeker import Report, Stop, StopSeeker, Token

log = logging.getLogger(__name__)

TURN_WITHIN_S: Final = 0.0001
"""So long STOP waits for its turn while another thread runs Python, to draw a screen for example; the
interpreter's own measure is 5 ms."""


INPUT_FAILED: Final = "input failed"
TERMINAL_GONE: Final = "terminal gone"
NO_KEY: Final = frozenset({INPUT_FAILED, TERMINAL_GONE})
"""What is stopped for beside keys."""
READ_BYTES: Final = 256
"""Judged in one go: a stop among them waits for the rest."""


class StopSink(Protocol):
    """What the thread needs of `kiosk.conductor_types.Conductor`."""

    @property
    def output_possible(self) -> bool: ...

    @property
    def simulated(self) -> bool: ...

    def stop_from_input_thread(self, source: str) -> None: ...


class InputReader:
    """Reads `fd` until it is stopped or the terminal is gone.

    `deliver` and `gone` are called in the thread; they hand over to the loop. `enter_stops` and `touch_stops`
    are asked in the thread: whether the lines shown do not ask for Enter, whether a touch is on the STOP row.
    """

    def __init__(
        self,
        fd: int,
        sink: StopSink,
        deliver: Callable[[Sequence[Token], float], None],
        gone: Callable[[], None],
        enter_stops: Callable[[], bool] = lambda: False,
        touch_stops: Callable[[Report], bool] = lambda report: False,
    ) -> None:
        self._fd = fd
        self._sink = sink
        self._deliver = deliver
        self._gone = gone
        self._enter_stops = enter_stops
        self._touch_stops = touch_stops
        self._woken, self._wake = os.pipe2(os.O_CLOEXEC)
        self._thread = Thread(target=self._run, name="keys", daemon=True)
        self._niceness_before: int | None = None

    def start(self) -> None:
        """Begins to read."""
        sys.setswitchinterval(TURN_WITHIN_S)
        self._niceness_before = urgency.prefer_session()
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread; keys typed from now on stay unread."""
        os.write(self._wake, b"x")
        self._thread.join()
        if self._niceness_before is not None:
            urgency.prefer_session(self._niceness_before)
        os.close(self._wake)
        os.close(self._woken)

    def _run(self) -> None:
        urgency.run_before_others(urgency.KEYS)
        try:
            self._read_on()
        except Exception:
            log.exception("the input thread failed")
            self._sink.stop_from_input_thread(INPUT_FAILED)
            self._gone()

    def _read_on(self) -> None:
        seeker = StopSeeker()
        while True:
            timeout_s = None
            if seeker.deadline_s is not None:
                timeout_s = max(0.0, seeker.deadline_s - time.monotonic())
            ready, _, _ = select.select([self._fd, self._woken], [], [], timeout_s)
            if self._woken in ready:
                return
            if self._fd not in ready:
                now_s = time.monotonic()
                self._hand_on(seeker.expire(now_s, self._sink.output_possible), now_s)
                continue
            data = self._read()
            now_s = time.monotonic()
            if not data:
                self._sink.stop_from_input_thread(TERMINAL_GONE)
                self._gone()
                return
            sink, enter_stops = self._sink, self._enter_stops()
            self._hand_on(seeker.feed(data, now_s, sink.output_possible, enter_stops, sink.simulated), now_s)

    def _read(self) -> bytes:
        """What is there; nothing when the terminal hung up."""
        try:
            return os.read(self._fd, READ_BYTES)
        except OSError:
            return b""

    def _hand_on(self, tokens: Sequence[Token], now_s: float) -> None:
        """One stop for all stops in a read, before anything else of it."""
        if self._sink.output_possible:
            tokens = [Stop("touch") if self._touches_stop(token) else token for token in tokens]
        stop = next((token for token in tokens if isinstance(token, Stop)), None)
        if stop is not None:
            self._sink.stop_from_input_thread(stop.source)
        others = [token for token in tokens if not isinstance(token, Stop)]
        if others:
            self._deliver(others, now_s)

    def _touches_stop(self, token: Token) -> bool:
        return isinstance(token, Report) and token.kind == "mouse" and self._touch_stops(token)
