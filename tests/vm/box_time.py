"""The time that an emulated box could have used.

Its processor is a thread here, and other programs keep that from running. What it waited for them is no time
of the box: counted, a busy machine would let its stimulator give up on it, and the harness too.
"""

from __future__ import annotations

import mmap
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

EVERY_S: Final = 0.02
WAITED_BYTES: Final = 8


class BoxTime:
    """Seconds that go on as ours do, but for what the emulated processor waited; one for all processes that
    open the same file."""

    def __init__(self, shared: Path) -> None:
        with shared.open("r+b") as file:
            # One machine word, that is read and written as one: a half-written time would be another day's.
            self._waited = memoryview(mmap.mmap(file.fileno(), WAITED_BYTES)).cast("d")
        self._last_s = 0.0

    @classmethod
    def made(cls, shared: Path) -> BoxTime:
        shared.write_bytes(bytes(WAITED_BYTES))
        return cls(shared)

    def now_s(self) -> float:
        """Never less than before, though a wait is known only when it is over."""
        self._last_s = max(self._last_s, time.monotonic() - self.waited_s)
        return self._last_s

    @property
    def waited_s(self) -> float:
        return self._waited[0]

    @waited_s.setter
    def waited_s(self, seconds: float) -> None:
        self._waited[0] = seconds


def counted_for(process: int, box_time: BoxTime) -> threading.Event:
    """From now on the waits of a process's busiest thread are taken off, until the event is set."""
    over = threading.Event()
    before_s = box_time.waited_s

    def count() -> None:
        while not over.wait(EVERY_S):
            box_time.waited_s = max(box_time.waited_s, before_s + _waited_s(process))

    threading.Thread(target=count, daemon=True).start()
    return over


def _waited_s(process: int) -> float:
    """Of its thread that ran the longest, which is the emulated processor."""
    ran = [(0, 0)]
    for thread in Path(f"/proc/{process}/task").glob("*/schedstat"):
        with suppress(OSError, ValueError):
            run_ns, waited_ns, _ = thread.read_text(encoding="ascii").split()
            ran.append((int(run_ns), int(waited_ns)))
    return max(ran)[1] / 1e9
