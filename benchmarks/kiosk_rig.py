"""A kiosk in a terminal of our own on a virtual P24, to type into, to hang up on, and to kill."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from benchmarks.button_guard import Button
from benchmarks.processes import DeviceLog, let_run_as_hardware
from tests.drivers.p24_bench import SimulatorProcess

ROOT: Final = Path(__file__).parents[1]
CURSOR_QUERY: Final = b"\x1b[6n"
CURSOR_ANSWER: Final = b"\x1b[1;1R"


class Terminal:
    """A pseudo-terminal that answers what a terminal answers, until it is told to stall."""

    def __init__(
        self, command: list[str], pass_fds: tuple[int, ...] = (), columns: int = 80, rows: int = 25
    ) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.began_s = time.monotonic()
        self.child = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"},
            pass_fds=pass_fds,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(slave)
        self.read: list[tuple[float, bytes]] = []
        """(CLOCK_MONOTONIC, bytes) of everything that was drawn; may be cleared."""
        self._drawn = threading.Condition()
        self._reads = threading.Event()
        self._reads.set()
        self._closing = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def type(self, key: bytes) -> float:
        """Sends raw bytes as a keyboard does; the time just before."""
        began_s = time.monotonic()
        os.write(self.master, key)
        return began_s

    def stall(self) -> None:
        """From now on the terminal neither reads nor answers."""
        self._reads.clear()

    def read_on(self) -> None:
        self._reads.set()

    def drawn_s(self, text: bytes, *, from_s: float = 0.0, within_s: float = 20.0) -> float:
        """When `text` was drawn in one piece, not before `from_s`; waits for it. Raises TimeoutError."""
        end_s = time.monotonic() + within_s
        with self._drawn:
            while True:
                for read_s, data in self.read:
                    if read_s >= from_s and text in data:
                        return read_s
                if not self._drawn.wait(max(0.0, end_s - time.monotonic())):
                    raise TimeoutError(f"{text!r} was not drawn")

    def take_drawn(self, within_s: float) -> bytes:
        """All that was drawn since the last call; waits for something for a moment."""
        with self._drawn:
            if not self.read:
                self._drawn.wait(within_s)
            data = b"".join(drawn for _, drawn in self.read)
            self.read.clear()
            return data

    def close(self) -> None:
        """Ends the child, if it is still there, and waits for it."""
        self._reads.set()
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGCONT)
            self.child.terminate()
            try:
                self.child.wait(10)
            except subprocess.TimeoutExpired:
                self.child.kill()
        self.child.wait()
        self._closing = True
        self._thread.join()
        os.close(self.master)

    def _run(self) -> None:
        while not self._closing:
            self._reads.wait()
            readable, _, _ = select.select([self.master], [], [], 0.1)
            if not readable or not self._reads.is_set():
                continue
            try:
                data = os.read(self.master, 65536)
            except OSError:
                return
            read_s = time.monotonic()
            queries = data.count(CURSOR_QUERY)
            if queries:
                os.write(self.master, CURSOR_ANSWER * queries)
            with self._drawn:
                self.read.append((read_s, data))
                self._drawn.notify_all()


class Kiosk:
    """`benchmarks.kiosk_child` on a device; the guard is its child."""

    def __init__(self, device: SimulatorProcess, plan: str, screen: bool, button: Path | None = None) -> None:
        let_run_as_hardware(device.process.pid)
        self.device = device
        self.log = DeviceLog(device.log_path)
        hears, self._to_child = os.pipe()
        self._from_child, tells = os.pipe()
        command = ["-m", "benchmarks.kiosk_child", "--port", str(device.link), "--plan", plan]
        command += ["--hear", str(hears), "--tell", str(tells)]
        command += [] if screen else ["--no-screen"]
        command += [] if button is None else ["--button", str(button)]
        self.terminal = Terminal(command, pass_fds=(hears, tells))
        os.close(hears)
        os.close(tells)
        self._lines = b""
        self.lease_gap_ms, self.leases = 0.0, 0
        self.guard_pid = int(self.hear("ready")[1])

    @property
    def pid(self) -> int:
        return self.terminal.child.pid

    def order(self, line: str) -> None:
        os.write(self._to_child, line.encode() + b"\n")

    def hear(self, *wanted: str, within_s: float = 30.0) -> tuple[str, str]:
        """The next line that begins with one of `wanted`: that word, and the rest. Raises TimeoutError."""
        end_s = time.monotonic() + within_s
        while True:
            line, newline, rest = self._lines.partition(b"\n")
            if newline:
                self._lines = rest
                word, _, what = line.decode().partition(" ")
                if word == "gap":
                    self.lease_gap_ms, self.leases = float(what.split()[0]), int(what.split()[1])
                if word in wanted:
                    return word, what
                continue
            ready, _, _ = select.select([self._from_child], [], [], max(0.0, end_s - time.monotonic()))
            data = os.read(self._from_child, 4096) if ready else b""
            if not data:
                screen = b"".join(drawn for _, drawn in self.terminal.read[-20:])
                raise TimeoutError(f"the kiosk did not say {wanted}; its screen: {screen[-2000:]!r}")
            self._lines += data

    def arm(self) -> None:
        """Armed at zero, the session's page shown."""
        if not any(self.is_armed() for _ in range(20)):
            raise RuntimeError("the guard does not arm")

    def is_armed(self) -> bool:
        """As `arm`, tried once: where the kiosk is kept from its work, the lease can lapse meanwhile, or the
        echo of the last stop key can end the new arming."""
        self.terminal.read.clear()
        self.log.read_on()
        self.order("arm")
        return self.hear("armed", "stopped")[0] == "armed"

    def stopped(self) -> str:
        """Why the arming ended; waits for its end."""
        return self.hear("stopped")[1]

    def close(self) -> None:
        self.terminal.close()
        os.close(self._to_child)
        os.close(self._from_child)


@contextmanager
def kiosks(number: int, *, plan: str = "tens", screen: bool = True) -> Iterator[list[Kiosk]]:
    """So many kiosks, each with its own device, ready to be armed."""
    with ExitStack() as stack:
        started = []
        for _ in range(number):
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            device = SimulatorProcess(folder)
            stack.callback(device.end)
            kiosk = Kiosk(device, plan, screen)
            stack.callback(kiosk.close)
            started.append(kiosk)
        yield started


@contextmanager
def kiosk_with_button() -> Iterator[tuple[Kiosk, Button]]:
    """A kiosk whose guard watches a stop input that can be pressed here."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        device = SimulatorProcess(folder)
        stack.callback(device.end)
        button = Button(folder / "button")
        stack.callback(button.close)
        kiosk = Kiosk(device, "tens", screen=True, button=button.path)
        stack.callback(kiosk.close)
        yield kiosk, button
