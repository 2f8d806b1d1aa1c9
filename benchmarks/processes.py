"""What the benchmarks ask the kernel about a process, and what they read in a device's log."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from drivers import urgency

LOOK_EVERY_S: Final = 0.001
DEVICE: Final = urgency.GUARD + 1


def let_run_as_hardware(pid: int) -> None:
    """A virtual device waits for no other program, where this user may order that: nothing else runs on a
    stimulator's own processor."""
    with contextlib.suppress(OSError):
        os.sched_setscheduler(pid, os.SCHED_RR, os.sched_param(DEVICE))


def cpu_s(pid: int) -> float:
    """Processor time of all threads of a process, as exact as the scheduler keeps it."""
    # The kernel's clock id of a process's CPU time (clock_getcpuclockid(3)).
    return time.clock_gettime(~pid << 3 | 2)


def cpu_pct(pids: list[int], seconds: float) -> list[float]:
    """What each process uses of a core while `seconds` pass."""
    began_s = time.monotonic()
    before_s = [cpu_s(pid) for pid in pids]
    time.sleep(seconds)
    passed_s = time.monotonic() - began_s
    return [(cpu_s(pid) - used_s) / passed_s * 100 for pid, used_s in zip(pids, before_s, strict=True)]


def memory_mb(pid: int, what: str = "VmRSS") -> float:
    """`VmRSS` (now) or `VmHWM` (the most so far), in MB of 1024 kB, as `ps` and `top` count."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == what:
            return int(value.split()[0]) / 1024
    raise ValueError(f"process {pid} has no {what}")


def child_of(pid: int, module: bytes) -> int:
    """The child of `pid` whose command line names `module`."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            if module in Path(f"/proc/{child}/cmdline").read_bytes():
                return int(child)
    raise ValueError(f"process {pid} has no child {module.decode()}")


class DeviceLog:
    """A virtual device's log, read as it grows. `t` in it is CLOCK_MONOTONIC, as time.monotonic() here."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = 0
        self.events: list[dict[str, Any]] = []

    def read_on(self) -> None:
        with open(self._path, "rb") as log:
            log.seek(self._at)
            data = log.read()
        lines = data[: data.rfind(b"\n") + 1]
        self._at += len(lines)
        self.events += [json.loads(line) for line in lines.splitlines()]

    def first(
        self, wanted: Callable[[dict[str, Any]], bool], after_s: float, within_s: float = 15.0
    ) -> dict[str, Any]:
        """The first event that fits and is not older than `after_s`; waits for it. Raises TimeoutError."""
        end_s = time.monotonic() + within_s
        while True:
            self.read_on()
            for event in self.events[self._first_after(after_s) :]:
                if wanted(event):
                    return event
            if time.monotonic() > end_s:
                raise TimeoutError(f"the device's log says only {self.events[-3:]}")
            time.sleep(LOOK_EVERY_S)

    def stop_frame_s(self, after_s: float) -> float:
        """When the device had read the first stop frame."""
        return float(self.first(lambda event: event.get("name") == "Ml_stop", after_s)["t"])

    def zero_s(self, after_s: float) -> float:
        """When the device's output had become zero."""
        return float(
            self.first(lambda event: event["event"] == "output" and not event["channels"], after_s)["t"]
        )

    def wait_for_output(self) -> None:
        """Until something comes out now."""
        self._wait(above_zero=True)

    def wait_for_zero(self) -> None:
        """Until nothing comes out now."""
        self._wait(above_zero=False)

    def _wait(self, *, above_zero: bool) -> None:
        end_s = time.monotonic() + 40.0
        while self.flows is not above_zero:
            if time.monotonic() > end_s:
                raise TimeoutError(f"output stays as it is: {self.events[-3:]}")
            time.sleep(LOOK_EVERY_S)
            self.read_on()

    @property
    def flows(self) -> bool:
        """The device's last word on its output is above zero."""
        return bool(self.last_output["channels"])

    @property
    def last_output(self) -> dict[str, Any]:
        """The device's last word on its output; at the beginning, that nothing comes out."""
        outputs = (event for event in reversed(self.events) if event["event"] == "output")
        return next(outputs, {"t": 0.0, "channels": []})

    def _first_after(self, after_s: float) -> int:
        at = len(self.events)
        while at and self.events[at - 1]["t"] >= after_s:
            at -= 1
        return at
