"""What went over the wire, for whoever has to find out afterwards: bounded, and never in a stop's way.

Each line is `{"t": s, "event": "frame", "direction": "out" | "in", "hex": …}`, `t` of CLOCK_MONOTONIC: the
bytes as they left or arrived, so that noise and halves of frames are there too.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Final

from drivers.serial_settings import Direction

log = logging.getLogger("homestim.guard")

MAX_FILE_BYTES: Final = 4 << 20
MAX_WAITING_BYTES: Final = 256 << 10
ENTRY_BYTES: Final = 64
"""What an entry counts besides its bytes."""
BATCH_S: Final = 0.1
"""Lines are written together, so that the thread wakes seldom."""
CLOSE_WITHIN_S: Final = 1.0


class WireLog:
    """`path` and the file before it, `path`.1, each of at most `max_file_bytes`.

    `note` is for one thread, never waits and never raises: a thread of its own does the writing. What it
    cannot write in time, or at all, is dropped; a line `{"t": s, "event": "dropped", "entries": n}` says how
    much, as soon as one can be written again.
    """

    def __init__(
        self,
        path: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        max_file_bytes: int = MAX_FILE_BYTES,
        max_waiting_bytes: int = MAX_WAITING_BYTES,
    ) -> None:
        self._path, self._clock = path, clock
        self._max_file_bytes, self._max_waiting_bytes = max_file_bytes, max_waiting_bytes
        self._queue: SimpleQueue[tuple[float, Direction, bytes] | None] = SimpleQueue()
        # Each counter has one thread that changes it: no lock, so nothing to wait for.
        self._noted_bytes = self._overflowed = 0
        self._taken_bytes = self._failed = self._told = 0
        self._fd: int | None = None
        self._size = 0
        self._torn = False
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._drain, name="wire log", daemon=True)
        self._thread.start()

    @property
    def dropped(self) -> int:
        """Entries that are in no file."""
        return self._overflowed + self._failed

    def note(self, direction: Direction, data: bytes) -> None:
        """These bytes left or arrived now."""
        cost = len(data) + ENTRY_BYTES
        if self._noted_bytes - self._taken_bytes + cost > self._max_waiting_bytes:
            self._overflowed += 1
            return
        self._noted_bytes += cost
        self._queue.put((self._clock(), direction, data))

    def close(self) -> None:
        """Write what waits; gives up after a second: a disk that hangs does not hold up the end."""
        self._closing.set()
        self._queue.put(None)
        self._thread.join(CLOSE_WITHIN_S)

    # ── in the thread ──

    def _drain(self) -> None:
        going_on = True
        while going_on:
            entries = [self._queue.get()]
            self._closing.wait(BATCH_S)
            try:
                while True:
                    entries.append(self._queue.get_nowait())
            except Empty:
                pass
            going_on = None not in entries
            taken = [entry for entry in entries if entry is not None]
            self._write_entries(taken)
            self._taken_bytes += sum(len(data) + ENTRY_BYTES for _t, _direction, data in taken)
        self._close_file()

    def _write_entries(self, entries: list[tuple[float, Direction, bytes]]) -> None:
        untold = self.dropped - self._told
        lines = [
            f'{{"t":{t:.6f},"event":"frame","direction":"{direction}","hex":"{data.hex()}"}}\n'
            for t, direction, data in entries
        ]
        if untold:
            lines.append(f'{{"t":{self._clock():.6f},"event":"dropped","entries":{untold}}}\n')
        if not lines:
            return
        try:
            self._write("".join(lines).encode())
            self._told += untold
        except OSError as error:
            if not self._failed:
                log.warning("the wire log cannot be written: %s", error)
            self._failed += len(entries)
            self._close_file()

    def _write(self, text: bytes) -> None:
        """Raises OSError. A line that was torn by a full disk is ended first."""
        if self._fd is None:
            self._open_file()
        if self._size and self._size + len(text) > self._max_file_bytes:
            self._close_file()
            os.replace(self._path, self._path + ".1")
            self._open_file()
        assert self._fd is not None
        rest = b"\n" + text if self._torn else text
        while rest:
            written = os.write(self._fd, rest)
            self._torn = True
            self._size += written
            rest = rest[written:]
        self._torn = False

    def _open_file(self) -> None:
        self._fd = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
        self._size = os.fstat(self._fd).st_size

    def _close_file(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
