"""A kiosk behind a pty whose terminal is the test."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import pickle
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

CHILD = Path(__file__).parent / "terminal_child.py"
PATIENCE_S = 20.0


class Terminal:
    """The other end of a kiosk's terminal: types, reads or does not, answers queries or does not."""

    def __init__(
        self,
        columns: int = 80,
        rows: int = 25,
        page: str = "home",
        alternately: str | None = None,
        term: str = "xterm-256color",
        **options: object,
    ) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.slave = slave
        self.modes_before = termios.tcgetattr(slave)
        self._events, told = os.pipe()
        environment = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "LINES")}
        self.process = subprocess.Popen(
            [sys.executable, str(CHILD), str(told), json.dumps(options), _pickled(page, alternately)],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            pass_fds=[told],
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
            env=environment | {"TERM": term, "COLORTERM": "truecolor"},
        )
        os.close(told)
        self.output = b""
        self.heard: list[dict[str, Any]] = []
        self._unread = b""
        self.reads = True
        self.answers = True

    def type(self, data: bytes) -> None:
        """As if typed."""
        os.write(self.master, data)

    def wait(self, wanted: Callable[[dict[str, Any]], bool], within_s: float = PATIENCE_S) -> dict[str, Any]:
        """The next thing told that is `wanted`; reads and answers meanwhile."""
        deadline_s = time.monotonic() + within_s
        while time.monotonic() < deadline_s:
            while self.heard:
                event = self.heard.pop(0)
                if wanted(event):
                    return event
            if not self._turn(min(0.1, deadline_s - time.monotonic())):
                break
        raise AssertionError(f"it did not come; the screen's end: {self.output[-400:]!r}")

    def wait_for(self, event: str, within_s: float = PATIENCE_S, **more: object) -> dict[str, Any]:
        """The next `event` with these values."""
        wanted = {"event": event, **more}
        return self.wait(lambda told: wanted.items() <= told.items(), within_s)

    def wait_until_shown(self, text: bytes) -> None:
        """Until `text` was written."""
        self.wait_until(lambda output: text in output)

    def wait_until(self, satisfied: Callable[[bytes], bool]) -> None:
        """Until what was written satisfies."""
        deadline_s = time.monotonic() + PATIENCE_S
        while not satisfied(self.output):
            assert time.monotonic() < deadline_s, self.output[-400:]
            self._turn(0.1)

    def ended(self, within_s: float = PATIENCE_S) -> int:
        """Reads to the end; the exit code."""
        deadline_s = time.monotonic() + within_s
        while self.process.poll() is None:
            assert time.monotonic() < deadline_s, "it did not end"
            self._turn(0.05)
        if self.reads:
            self._turn(0.1)
        return self.process.returncode

    def close(self) -> None:
        """Ends what still runs."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        for fd in (self.master, self.slave, self._events):
            try:
                os.close(fd)
            except OSError:
                pass

    def hang_up(self) -> None:
        """The terminal goes away."""
        os.close(self.slave)
        os.close(self.master)
        self.reads = False

    def _turn(self, timeout_s: float) -> bool:
        """Takes what comes; False when everything has ended."""
        sources = [self._events, self.master] if self.reads else [self._events]
        ready, _, _ = select.select(sources, [], [], max(0.0, timeout_s))
        if self.master in ready:
            data = os.read(self.master, 65_536)
            self.output += data
            if self.answers:
                for _ in range(data.count(b"\x1b[6n")):
                    os.write(self.master, b"\x1b[25;80R")
        if self._events in ready:
            data = os.read(self._events, 65_536)
            if not data:
                return False
            *lines, self._unread = (self._unread + data).split(b"\n")
            self.heard += map(json.loads, lines)
        return True


def _pickled(page: str, alternately: str | None) -> str:
    """The pages of these names, for the child."""
    from tests.screens.gallery import PAGES

    pages = [PAGES[page]] + ([] if alternately is None else [PAGES[alternately]])
    return base64.b64encode(pickle.dumps(pages)).decode()


@pytest.fixture
def terminal() -> Iterator[Callable[..., Terminal]]:
    """Starts a kiosk behind a pty, already running."""
    started: list[Terminal] = []

    def start(**options: Any) -> Terminal:
        new = Terminal(**options)
        started.append(new)
        new.wait_for("running")
        new.wait_for("beat")
        return new

    yield start
    for each in started:
        each.close()
