"""A locked kiosk in a real terminal, on a real guard and a virtual P24, for hands that press anything.

What is on the screen is told by the kiosk itself (`caged_child`); what came out, by the device alone.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import fcntl
import json
import os
import shutil
import struct
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from benchmarks.kiosk_rig import Terminal
from benchmarks.processes import DeviceLog, let_run_as_hardware
from kiosk.clock import SystemClock
from kiosk.diary.records import Entry, Record, Screening
from kiosk.diary.store import open_store
from kiosk.key_gate import QUIET_S
from kiosk.visit.steps.unanswered import STARTS_CURRENT
from tests.drivers.device_bench import SimulatorProcess
from tests.kiosk.visit.visit_bench import FIRST_TIME, SAFE, Walk, today
from tests.whole_visits.terminal import KEYS

LOCKED: Final = "[kiosk]\nlocked = true\n"
LEFT_ALTERNATE_SCREEN: Final = b"\x1b[?1049l"
ANSWERS_WITHIN_S: Final = 0.3
DEVICE_FAULTS_A_DAY: Final = 2
PRESS_AGAIN_S: Final = 1.1
"""A raise counts a second after the one before (safety rule 2), an Enter that starts a current too."""

_ON, _UP = ("enter",), ("up",)
FINDING: Final = {
    "feel": (_UP, _UP, ("up", "enter")),
    "where": (("1",), ("1",), ("2",)),
    "tighten": (_UP, _ON, _ON),
    "strong": (_UP, _UP, _ON),
    "offer": (_ON, _ON, _ON),
    "both": (_ON, _ON, _ON),
}
"""Step of finding a level → the keys of a person who wants to get on, in turn."""
GOES_ON: Final = {**SAFE, "why_stopped": ("5",), "saved": ("enter",)}
"""Step → keys of a person who is well, and who stops by mistake alone."""


class Cage:
    """One running kiosk."""

    def __init__(self, folder: Path, quiet_s: float, *, columns: int = 80, rows: int = 25) -> None:
        (folder / "kiosk.toml").write_text(LOCKED, encoding="utf-8")
        self.folder = folder
        self._quiet_s = quiet_s
        self.simulator = SimulatorProcess(folder)
        let_run_as_hardware(self.simulator.process.pid)
        self.log = DeviceLog(self.simulator.log_path)
        self.told: dict[str, Any] = {}
        self._news = threading.Condition()
        self._size = columns, rows
        self._presses = 0
        self.start()

    def start(self) -> None:
        """The kiosk, on the folder as it is."""
        hears, tells = os.pipe()
        child = [str(Path(__file__).with_name("caged_child.py")), str(tells), str(self._quiet_s), "run"]
        child += ["--simulate", f"p24:{self.simulator.link}", "--config", str(self.folder / "kiosk.toml")]
        child += ["--data", str(self.folder / "data")]
        self.told, self._ended = {}, False
        self.terminal = Terminal(child, (tells,), *self._size)
        os.close(tells)
        self._reader = threading.Thread(target=self._hear, args=(hears,), daemon=True)
        self._reader.start()

    def _hear(self, hears: int) -> None:
        with open(hears, encoding="utf-8") as lines:
            for line in lines:
                with self._news:
                    self.told = json.loads(line)
                    self._news.notify_all()

    @property
    def page(self) -> str:
        return str(self.told.get("page", ""))

    @property
    def alive(self) -> bool:
        """It runs, and is neither stopped nor suspended."""
        if self.terminal.child.poll() is not None:
            return False
        status = Path(f"/proc/{self.terminal.child.pid}/stat").read_text()
        return status.rpartition(")")[2].split()[0] not in "TtZX"

    def until(self, holds: Callable[[dict[str, Any]], bool], within_s: float = 20.0) -> dict[str, Any]:
        """Waits for what the kiosk tells. Raises TimeoutError."""
        end_s = time.monotonic() + within_s
        with self._news:
            while not holds(self.told):
                left_s = end_s - time.monotonic()
                if left_s <= 0 or not self._news.wait(left_s):
                    raise TimeoutError(f"it stays at {self.told}")
            return self.told

    @property
    def starved(self) -> bool:
        """The device twice did not answer in time, as happens where other work keeps it from running: the box
        gives no more that day."""
        log = self.folder / "data" / "guard" / "guard.log"
        return log.exists() and log.read_text("utf-8").count("stop: no_answer") >= DEVICE_FAULTS_A_DAY

    def type(self, data: bytes) -> float:
        return self.terminal.type(data)

    def resize(self, columns: int, rows: int) -> None:
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self.terminal.master, termios.TIOCSWINSZ, size)

    def press_safely(self) -> None:
        """What a person who is well does on the page that stands there, and as slowly."""
        told = self.told
        time.sleep(self._quiet_s + 0.02)
        if told is not self.told and told.get("serial") != self.told.get("serial"):
            return
        for key in self._safe_keys():
            self.type(KEYS.get(key, key.encode()))
        with self._news:
            self._news.wait_for(lambda: self.told != told, ANSWERS_WITHIN_S)

    def _safe_keys(self) -> tuple[str, ...]:
        told = self.told
        if self.page == "stop_test":
            return ("stop",)
        if self.page in STARTS_CURRENT:
            time.sleep(PRESS_AGAIN_S - self._quiet_s)
        if self.page != "session":
            return GOES_ON.get(self.page, ())
        if told["prompt"]:
            return ("enter",)
        if told["stage"] == "find":
            time.sleep(PRESS_AGAIN_S - self._quiet_s)
            self._presses += 1
            return FINDING[told["find"]][self._presses % 3]
        return ("enter", "up") if told["stage"] == "play" else ()

    def until_output(self, tries: int) -> bool:
        """Plays on until the device puts something out; False when so many presses did not lead to that."""
        for _ in range(tries):
            self.log.read_on()
            if self.told.get("output") and self.page == "session" and self.log.flows:
                return True
            if not self.alive or self.starved:
                return False
            self.press_safely()
        return False

    def zero_s(self, typed_s: float, within_s: float) -> float:
        """When nothing came out any more after that moment. Raises TimeoutError."""
        end_s = typed_s + within_s
        while True:
            self.log.read_on()
            if not self.log.flows:
                return float(self.log.last_output["t"])
            if time.monotonic() > end_s:
                raise TimeoutError(f"something still comes out: {self.log.events[-3:]}")
            time.sleep(0.002)

    def drawn(self) -> bytes:
        """All that was drawn since this was asked last."""
        return self.terminal.take_drawn(0.0)

    def kill(self) -> None:
        """As a power cut does it; the device stays."""
        self.terminal.child.kill()
        self.end_of_kiosk()

    def children(self) -> set[int]:
        """The processes that it has started."""
        tasks = Path(f"/proc/{self.terminal.child.pid}/task").iterdir()
        return {int(child) for task in tasks for child in (task / "children").read_text().split()}

    def end_of_kiosk(self) -> int:
        """SIGTERM, if it still runs; the exit code."""
        if not self._ended:
            self._ended = True
            self.terminal.close()
            self._reader.join()
        return int(self.terminal.child.returncode)

    def logged(self) -> str:
        """The kiosk's own log."""
        return "".join(path.read_text("utf-8") for path in sorted((self.folder / "data").glob("*.log*")))


@contextmanager
def cage(
    folder: Path, answered: Path | None = None, *, quiet_s: float = QUIET_S, **size: int
) -> Iterator[Cage]:
    """A kiosk in an empty folder; with `answered`, on a copy of that data folder."""
    folder.mkdir()
    if answered is not None:
        shutil.copytree(answered, folder / "data")
    kept = Cage(folder, quiet_s, **size)
    try:
        yield kept
    finally:
        kept.end_of_kiosk()
        kept.simulator.end()


def answered_folder(folder: Path, *more: Record) -> Path:
    """A data folder as it is just before the skin is looked at: all is answered No, within this hour.

    `more` is written after that.
    """
    # A walk takes its time; what is said in the future is not believed.
    now = SystemClock().now() - dt.timedelta(minutes=10)
    walk = Walk(today(now, baseline_due=FIRST_TIME), now=now)
    walk.until("first_done")
    walk.press("enter")
    walk.until("check")
    walk.press("enter")

    async def write() -> None:
        with open_store(folder, "simulated", SystemClock()) as store:
            for record in (*_last_versions(walk), *more):
                await store.add(record)

    asyncio.run(write())
    return folder


def _last_versions(walk: Walk) -> list[Record]:
    """A screening is written answer by answer; the last of each kind is the whole."""
    last: dict[tuple[type[Record], str], Record] = {}
    for fact in walk.saved:
        record = fact.record
        if isinstance(record, Screening):
            last[Screening, record.asks] = record
        elif isinstance(record, Entry):
            last[Entry, record.moment] = record
        else:
            last[type(record), fact.envelope.id] = record
    return list(last.values())
