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
KIOSK = ("-m", "kiosk")
QUICK_KIOSK = (str(Path(__file__).with_name("quick_child.py")),)
"""One that ignores none for so long, for where that is not the thing tested."""
QUICK_S = 0.06


class Terminal:
    """One running kiosk. Every wait is bounded and says what stood on the screen."""

    def __init__(
        self, arguments: list[str], *, columns: int = 80, rows: int = 25, quick: bool = False
    ) -> None:
        self._quiet_s = QUICK_S if quick else QUIET_S
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
        self.child = subprocess.Popen(
            [sys.executable, *(QUICK_KIOSK if quick else KIOSK), *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**environment, "PYTHONPATH": str(Path(__file__).parents[2])},
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
                self._took(data)
                self._ended |= not data
                self._drawn.notify_all()
            if not data:
                return
            os.write(self.master, CURSOR_ANSWER * data.count(CURSOR_QUERY))

    def _took(self, data: bytes) -> None:
        """Called with what was read, while the screen is held."""

    def _seen(self) -> str:
        """What `wait_for` looks at, with single spaces."""
        return " ".join(" ".join(self.screen.display).split())

    def wait_for(self, *texts: str, within_s: float = 30.0) -> str:
        """Until one of `texts` stands on the screen; which one."""
        end_s = time.monotonic() + within_s
        with self._drawn:
            while True:
                flat = self._seen()
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
            time.sleep(self._quiet_s)
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


class PlainTerminal(Terminal):
    """A kiosk in plain lines: what counts is what it has said since the last key."""

    def __init__(self, arguments: list[str]) -> None:
        self.said = ""
        """All of it, from the beginning."""
        self._from = 0
        super().__init__([*arguments, "--plain"], quick=True)

    def _took(self, data: bytes) -> None:
        self.said += data.replace(CURSOR_QUERY, b"").decode(errors="replace")

    def _seen(self) -> str:
        return " ".join(self.said[self._from :].split())

    def press(self, *keys: str) -> None:
        for key in keys:
            time.sleep(self._quiet_s)
            with self._drawn:
                self._from = len(self.said)
            self.send(KEYS.get(key, key.encode()))


def simulated(folder: Path) -> list[str]:
    """To run on the simulated P24, with the data and the device's log in `folder`."""
    data, log = str(folder / "data"), str(folder / "device.jsonl")
    return ["run", "--simulate", "p24", "--data", data, "--sim-log", log]


def started(folder: Path, *arguments: str, quick: bool = False) -> Terminal:
    """A kiosk on the simulated P24 with its data and the device's log in `folder`."""
    return Terminal([*simulated(folder), *arguments], quick=quick)


@contextmanager
def kiosk(
    folder: Path, *arguments: str, columns: int = 80, rows: int = 25, quick: bool = False
) -> Iterator[Terminal]:
    """A kiosk on the simulated P24 with its data and the device's log in `folder`."""
    terminal = Terminal([*simulated(folder), *arguments], columns=columns, rows=rows, quick=quick)
    try:
        yield terminal
    finally:
        terminal.close()
