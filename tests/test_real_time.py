"""A test of real time is tried again only where the machine stood still."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import real_time
from tests.real_time import TRIES, again_after_a_stall

ROOT = Path(real_time.__file__).parents[1]
STOPPED_FOR_S = 0.3
WATCH = """
import sys
from tests.real_time import StallWatch
with StallWatch() as watch:
    print("watching", flush=True)
    sys.stdin.read()
print(watch.longest_s, flush=True)
"""


class Test:
    """Fails a few times; `folders` are those of its tries."""

    __test__ = False

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.folders: list[Path] = []

    def __call__(self, tmp_path: Path) -> str:
        self.folders.append(tmp_path)
        assert tmp_path.is_dir()
        assert len(self.folders) > self.failures
        return "done"

    __name__ = "test"


def test_what_fails_while_everything_runs_fails_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(real_time, "STALL_S", float("inf"))
    test = Test(failures=1)
    with pytest.raises(AssertionError):
        again_after_a_stall(test)(tmp_path=tmp_path)
    assert len(test.folders) == 1


def test_after_a_stall_it_is_tried_again_in_a_folder_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(real_time, "STALL_S", -1.0)
    test = Test(failures=2)
    assert again_after_a_stall(test)(tmp_path=tmp_path) == "done"
    assert len(set(test.folders)) == 3


async def test_what_fails_always_fails_however_often_the_machine_stands_still(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(real_time, "STALL_S", -1.0)
    tries = []

    async def test() -> None:
        tries.append(1)
        raise TimeoutError

    with pytest.raises(TimeoutError):
        await again_after_a_stall(test)()
    assert len(tries) == TRIES


def test_a_process_that_was_stopped_notices() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WATCH], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    ) as watching:
        assert watching.stdin is not None
        assert watching.stdout is not None
        watching.stdout.readline()
        watching.send_signal(signal.SIGSTOP)
        time.sleep(STOPPED_FOR_S)  # real time on purpose: it is what is measured
        watching.send_signal(signal.SIGCONT)
        watching.stdin.close()
        assert float(watching.stdout.readline()) > STOPPED_FOR_S / 2
