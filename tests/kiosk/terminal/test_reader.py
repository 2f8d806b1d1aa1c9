"""The input thread beside a thread that keeps the interpreter busy."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import pytest

from drivers import urgency
from kiosk.terminal.reader import TURN_WITHIN_S, InputReader

USUAL_S = 0.005
KEYS = 40
TYPIST = """
import os, sys, time
for _ in range(int(sys.argv[2])):
    time.sleep(0.02)
    print(time.monotonic())
    os.write(int(sys.argv[1]), b" ")
    os.read(int(sys.argv[3]), 1)
"""
"""Types the next key when the last one was heard: two in one read are one stop."""

IN_A_SESSION_OF_ITS_OWN = """
import os
from pathlib import Path
from types import SimpleNamespace
from kiosk.terminal.reader import InputReader
os.setsid()
terminal, keys = os.pipe()
reader = InputReader(terminal, SimpleNamespace(), lambda tokens, now_s: None, lambda: None)
reader.start()
print(Path("/proc/self/autogroup").read_text().split()[-1])
reader.stop()
print(Path("/proc/self/autogroup").read_text().split()[-1])
"""
"""Whoever runs the tests may have begun without a session: then there is nothing to prefer."""


class Sink:
    """Notes when STOP was heard, and says so."""

    output_possible = True
    simulated = False

    def __init__(self, tells: int) -> None:
        self._tells = tells
        self.heard_s: list[float] = []
        self.policy = -1

    def stop_from_input_thread(self, source: str) -> None:
        self.policy = os.sched_getscheduler(0)
        self.heard_s.append(time.monotonic())
        os.write(self._tells, b"x")


@contextmanager
def busy_interpreter() -> Iterator[None]:
    over = threading.Event()

    def count() -> None:
        n = 0
        while not over.is_set():
            n += 1

    busy = threading.Thread(target=count)
    busy.start()
    try:
        yield
    finally:
        over.set()
        busy.join()


def seconds_to_stop(sink: Sink, keys: int, heard: int) -> float:
    """Median time from another process's key to the sink."""
    sink.heard_s.clear()
    command = [sys.executable, "-c", TYPIST, str(keys), str(KEYS), str(heard)]
    done = subprocess.run(
        command, pass_fds=[keys, heard], capture_output=True, text=True, check=True, timeout=40
    )
    typed_s = [float(line) for line in done.stdout.split()]
    return median(heard_s - at_s for heard_s, at_s in zip(sink.heard_s, typed_s, strict=True))


def test_while_keys_are_read_who_draws_is_preferred_to_other_sessions() -> None:
    if not may_run_before_others() or not Path("/proc/self/autogroup").exists():
        pytest.skip("this user, or this kernel, may not")
    done = subprocess.run(
        [sys.executable, "-c", IN_A_SESSION_OF_ITS_OWN],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.stderr, done.stdout.split()) == ("", [f"{urgency.SESSION_NICENESS}", "0"])


def test_stop_waits_less_for_its_turn_than_the_interpreter_gives_it() -> None:
    terminal, keys = os.pipe()
    heard, tells = os.pipe()
    sink = Sink(tells)
    reader = InputReader(terminal, sink, lambda tokens, now_s: None, lambda: None)
    before_s = sys.getswitchinterval()
    try:
        reader.start()
        assert sys.getswitchinterval() == pytest.approx(TURN_WITHIN_S)
        with busy_interpreter():
            ours_s = seconds_to_stop(sink, keys, heard)
            policy = sink.policy
            sys.setswitchinterval(USUAL_S)
            usual_s = seconds_to_stop(sink, keys, heard)
    finally:
        sys.setswitchinterval(before_s)
        reader.stop()
        for fd in (terminal, keys, heard, tells):
            os.close(fd)
    print(f"median {ours_s * 1000:.2f} ms beside {usual_s * 1000:.2f} ms")
    assert ours_s < usual_s / 2
    assert policy == (os.SCHED_RR if may_run_before_others() else os.SCHED_OTHER)


def may_run_before_others() -> bool:
    """Whether whoever runs the tests may; asked in a thread of its own, which ends."""
    said: list[bool] = []
    asking = threading.Thread(target=lambda: said.append(urgency.run_before_others(urgency.KEYS)))
    asking.start()
    asking.join()
    return said[0]
