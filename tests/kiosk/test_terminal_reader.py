"""The input thread beside a thread that keeps the interpreter busy."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

import pytest

from kiosk.terminal.reader import TURN_WITHIN_S, InputReader

USUAL_S = 0.005
KEYS = 40
TYPIST = """
import os, sys, time
for _ in range(int(sys.argv[2])):
    time.sleep(0.02)
    print(time.monotonic())
    os.write(int(sys.argv[1]), b" ")
"""


class Sink:
    """Notes when STOP was heard."""

    output_possible = True
    simulated = False

    def __init__(self) -> None:
        self.heard_s: list[float] = []

    def stop_from_input_thread(self, source: str) -> None:
        self.heard_s.append(time.monotonic())


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


def seconds_to_stop(sink: Sink, keys: int) -> float:
    """Median time from another process's key to the sink."""
    sink.heard_s.clear()
    command = [sys.executable, "-c", TYPIST, str(keys), str(KEYS)]
    done = subprocess.run(command, pass_fds=[keys], capture_output=True, text=True, check=True)
    typed_s = [float(line) for line in done.stdout.split()]
    end_s = time.monotonic() + 20
    while len(sink.heard_s) < KEYS:
        assert time.monotonic() < end_s
        time.sleep(0.01)
    return median(heard_s - at_s for heard_s, at_s in zip(sink.heard_s, typed_s, strict=True))


def test_stop_waits_less_for_its_turn_than_the_interpreter_gives_it() -> None:
    terminal, keys = os.pipe()
    sink = Sink()
    reader = InputReader(terminal, sink, lambda tokens, now_s: None, lambda: None)
    before_s = sys.getswitchinterval()
    try:
        reader.start()
        assert sys.getswitchinterval() == pytest.approx(TURN_WITHIN_S)
        with busy_interpreter():
            ours_s = seconds_to_stop(sink, keys)
            sys.setswitchinterval(USUAL_S)
            usual_s = seconds_to_stop(sink, keys)
    finally:
        sys.setswitchinterval(before_s)
        reader.stop()
        os.close(terminal)
        os.close(keys)
    print(f"median {ours_s * 1000:.2f} ms beside {usual_s * 1000:.2f} ms")
    assert ours_s < usual_s / 2
