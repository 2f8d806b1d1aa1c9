"""The product's guard, with a pipe in the place of the keyboards that it watches: a stop input to press.

`python -m benchmarks.button_guard PIPE OPTIONS…`, the options of `homestim guard`. A program of its own.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from drivers import urgency
from drivers.guard import command as guard
from drivers.guard.link import GuardLink
from drivers.stop_inputs import EV_KEY, INPUT_EVENT, KEY_SPACE, PRESSED

PRESS = INPUT_EVENT.pack(0, 0, EV_KEY, KEY_SPACE, PRESSED)


class Button:
    """The other end of the pipe. Opened before the guard looks, so that it never finds an unplugged one."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path
        self._fd = os.open(path, os.O_RDWR)

    def press(self) -> float:
        """Delivers the kernel's event; the time just before."""
        pressed_s = time.monotonic()
        os.write(self._fd, PRESS)
        return pressed_s

    def close(self) -> None:
        os.close(self._fd)


def start(port: str, button: Path) -> GuardLink:
    """A guard that watches `button`, as `GuardLink.start_child` starts one."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    command = [sys.executable, "-m", "benchmarks.button_guard", str(button), "--fd", str(theirs.fileno())]
    command += ["--port", port, "--device", "p24", "--simulated", "--keyboards"]
    with theirs:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )
    return GuardLink(ours, child)


if __name__ == "__main__":
    pipe = sys.argv[1]
    guard.keyboards = lambda: [pipe]  # type: ignore[assignment]
    # As `drivers.guard.__main__`.
    urgency.end_when_spinning()
    urgency.run_before_others(urgency.GUARD)
    sys.exit(guard.main(sys.argv[2:]))
