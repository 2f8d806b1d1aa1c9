"""One thread that does one thing after the other, and says when it has had nothing to do for a while."""

from __future__ import annotations

import atexit
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

IDLE_S: Final = 2.0
"""Longer than the pause between two answers of somebody who is answering."""
CHORE_PAUSE_S: Final = 0.02
"""Between two pieces of what is done in idle moments: it never has the processor to itself."""


class WriterThread:
    """Work is done in the order it was submitted in. `idle` is called whenever there was none for `idle_s`
    seconds, and again soon while it says that there is more of it to do."""

    def __init__(self, idle: Callable[[], bool], idle_s: float = IDLE_S) -> None:
        self._idle = idle
        self._idle_s = idle_s
        self._queue: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._closed = False
        self._lock = threading.Lock()
        # A daemon, so that a program which forgot to close can end; it ends after what was accepted.
        self._thread = threading.Thread(target=self._work, name="diary", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def submit(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """The future of `work(...)`. Raises RuntimeError after `close`."""
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()  # what was accepted is done, whoever stops waiting for it

        def run() -> None:
            try:
                result = work(*args, **kwargs)
            except BaseException as error:
                future.set_exception(error)
            else:
                future.set_result(result)

        with self._lock:
            if self._closed:
                raise RuntimeError("the diary is closed")
            self._queue.put(run)
        return future

    def close(self) -> None:
        """Returns when everything that was submitted is done; a second call does nothing more."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()
        atexit.unregister(self.close)

    def _work(self) -> None:
        within_s: float | None = self._idle_s
        while True:
            try:
                work = self._queue.get(timeout=within_s)
            except queue.Empty:
                within_s = CHORE_PAUSE_S if self._idle() else None
                continue
            if work is None:
                return
            work()
            within_s = self._idle_s
