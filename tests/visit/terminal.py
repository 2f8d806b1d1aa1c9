"""A person at a real terminal: the kiosk in a pseudo-terminal of its own, keys in, a screen to look at.

The terminal answers what a terminal answers (`ESC[6n`), until it is told to stop reading.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyte

CURSOR_QUERY = b"\x1b[6n"
CURSOR_ANSWER = b"\x1b[1;1R"
KEYS = {"up": b"\x1b[A", "down": b"\x1b[B", "enter": b"\r", "back": b"\x7f", "stop": b" ", "ctrl+c": b"\x03"}
QUIET_S = 0.45
"""The kiosk ignores keys for 400 ms after another screen came: a person takes longer, too."""


class Terminal:
    """One running kiosk. Every wait is bounded and says what stood on the screen."""

    def __init__(self, arguments: list[str], *, columns: int = 80, rows: int = 25) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
        self.child = subprocess.Popen(
            [sys.executable, "-m", "kiosk", *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(slave)
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self._drawn = threading.Condition()
        self._reads = threading.Event()
        self._reads.set()
        self._ended = False
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    @property
    def text(self) -> str:
        """The screen as lines."""
        with self._drawn:
            return "\n".join(self.screen.display)

    def stop_reading(self) -> None:
        """From now on the terminal neither reads nor answers (Scroll Lock, a stalled connection)."""
        self._reads.clear()

    def read_on(self) -> None:
        self._reads.set()

    def resize(self, columns: int, rows: int) -> None:
        with self._drawn:
            self.screen.resize(rows, columns)
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def _read(self) -> None:
        while True:
            self._reads.wait()
            readable, _, _ = select.select([self.master], [], [], 0.1)
            if not readable or not self._reads.is_set():
                if self._ended:
                    return
                continue
            try:
                data = os.read(self.master, 65536)
            except OSError:
                data = b""
            with self._drawn:
                # pyte prints the parameters of private queries that it does not know.
                self._stream.feed(re.sub(rb"\x1b\[\?\d+\$p", b"", data))
                self._ended |= not data
                self._drawn.notify_all()
            if not data:
                return
            os.write(self.master, CURSOR_ANSWER * data.count(CURSOR_QUERY))

    def wait_for(self, *texts: str, within_s: float = 30.0) -> str:
        """Until one of `texts` stands on the screen; which one."""
        end_s = time.monotonic() + within_s
        with self._drawn:
            while True:
                flat = " ".join(" ".join(self.screen.display).split())
                for text in texts:
                    if text in flat:
                        return text
                left_s = end_s - time.monotonic()
                if left_s <= 0 or self._ended:
                    screen = "\n".join(self.screen.display)
                    raise AssertionError(f"none of {texts} came; the screen:\n{screen}")
                self._drawn.wait(left_s)

    def send(self, data: bytes) -> None:
        """Raw bytes, as a keyboard sends them."""
        os.write(self.master, data)

    def press(self, *keys: str) -> None:
        """Keys of the map, one after the other, as slowly as a person."""
        for key in keys:
            time.sleep(QUIET_S)
            self.send(KEYS.get(key, key.encode()))

    def wait_for_end(self, within_s: float = 20.0) -> int:
        """The exit code, once the kiosk has ended by itself."""
        return self.child.wait(within_s)

    def close(self) -> None:
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait()
        self._ended = True
        self._reads.set()
        self._thread.join()
        os.close(self.master)


def started(folder: Path, *arguments: str, columns: int = 80, rows: int = 25) -> Terminal:
    """A kiosk on the simulated P24 with its data and the device's log in `folder`."""
    data, log = str(folder / "data"), str(folder / "device.jsonl")
    fixed = ["run", "--simulate", "p24", "--data", data, "--sim-log", log]
    return Terminal([*fixed, *arguments], columns=columns, rows=rows)


@contextmanager
def kiosk(folder: Path, *arguments: str, columns: int = 80, rows: int = 25) -> Iterator[Terminal]:
    """A kiosk on the simulated P24 with its data and the device's log in `folder`."""
    fixed = [
        "run",
        "--simulate",
        "p24",
        "--data",
        str(folder / "data"),
        "--sim-log",
        str(folder / "device.jsonl"),
    ]
    terminal = Terminal([*fixed, *arguments], columns=columns, rows=rows)
    try:
        yield terminal
    finally:
        terminal.close()
