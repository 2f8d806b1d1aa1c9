"""Holds a process to a quarter of a core: about what a core of a small board does beside one of ours.

By the kernel's own bandwidth control where this process may make a control group; else by stopping and
continuing it, which is coarser.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

PERIOD_US: Final = 20_000
QUOTA_US: Final = PERIOD_US // 4

_V1: Final = Path("/sys/fs/cgroup/cpu")
_V2: Final = Path("/sys/fs/cgroup")


@contextmanager
def a_quarter_of_a_core(pid: int) -> Iterator[str]:
    """All threads of `pid` until the block is left; gives how it is done."""
    try:
        group, how = _group(f"homestim-bench-{os.getpid()}")
    except OSError:
        with _duty_cycle(pid):
            yield f"SIGSTOP and SIGCONT, {QUOTA_US / 1000:g} of {PERIOD_US / 1000:g} ms"
        return
    try:
        (group / "cgroup.procs").write_text(str(pid))
        yield how
    finally:
        with contextlib.suppress(OSError):
            (group.parent / "cgroup.procs").write_text(str(pid))
        group.rmdir()


def _group(name: str) -> tuple[Path, str]:
    """A control group with a quota. Raises OSError where none can be made."""
    old = (_V1 / "cpu.cfs_quota_us").exists()
    group = (_V1 if old else _V2) / name
    group.mkdir()
    try:
        if old:
            (group / "cpu.cfs_period_us").write_text(str(PERIOD_US))
            (group / "cpu.cfs_quota_us").write_text(str(QUOTA_US))
            if (group / "cpu.rt_runtime_us").exists():  # the thread that seeks STOP runs before others
                (group / "cpu.rt_period_us").write_text(str(PERIOD_US))
                (group / "cpu.rt_runtime_us").write_text(str(QUOTA_US))
        else:
            (group / "cpu.max").write_text(f"{QUOTA_US} {PERIOD_US}")
    except OSError:
        group.rmdir()
        raise
    return group, f"{'cfs_quota_us' if old else 'cpu.max'}, {QUOTA_US / 1000:g} of {PERIOD_US / 1000:g} ms"


@contextmanager
def _duty_cycle(pid: int) -> Iterator[None]:
    over = threading.Event()

    def run() -> None:
        while not over.is_set():
            os.kill(pid, signal.SIGSTOP)
            time.sleep((PERIOD_US - QUOTA_US) / 1e6)
            os.kill(pid, signal.SIGCONT)
            time.sleep(QUOTA_US / 1e6)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
