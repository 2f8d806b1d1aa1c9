"""Guard and stop key run before other programs where this user may; else they run as all do."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import pytest

from drivers.guard.link import GuardLink
from tests.drivers.p24_bench import simulator

NOBODY = 65_534
TRY = """
import os, sys, threading
from drivers import urgency
if len(sys.argv) > 1:
    os.setuid(int(sys.argv[1]))
before = threading.Event()
older = []
old = threading.Thread(target=lambda: (before.wait(), older.append(os.sched_getscheduler(0))))
old.start()
done = urgency.run_before_others(urgency.KEYS)
newer = []
new = threading.Thread(target=lambda: newer.append(os.sched_getscheduler(0)))
new.start(); new.join(); before.set(); old.join()
print(int(done), os.sched_getscheduler(0), *newer, *older)
"""
PREFER = """
import os
from pathlib import Path
from drivers import urgency
os.setsid()
group = Path("/proc/self/autogroup")
if group.exists():
    group.write_text("3")
before = urgency.prefer_session()
print(before, group.read_text().split()[-1] if group.exists() else 0)
if before is not None:
    urgency.prefer_session(before)
    print(group.read_text().split()[-1])
"""
OF_NO_SESSION = """
import io
from drivers import urgency
urgency.open = lambda *words, **more: io.StringIO("")
print(urgency.prefer_session())
"""
SPIN = """
import sys
from drivers import urgency
urgency.SPINS_AT_MOST_US = 100_000
urgency.end_when_spinning()
assert urgency.run_before_others(urgency.GUARD)
while True:
    pass
"""
SLOW_START = """
import os, resource, time
from drivers import urgency
resource.setrlimit(resource.RLIMIT_RTTIME, (10_000_000, 10_000_000))
assert urgency.run_before_others(urgency.GUARD)
urgency.SPINS_AT_MOST_US = 100_000

def work(seconds):
    end_s = time.process_time() + seconds
    while time.process_time() < end_s:
        pass

work(0.3)
urgency.end_when_spinning()
work(0.1)
print("started")
"""


def run(code: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, timeout=30, check=False
    )


@cache
def allowed() -> bool:
    """Whether whoever runs the tests may do it at all."""
    return run(TRY).stdout.startswith("1")


def test_who_may_runs_before_others_and_so_do_the_threads_begun_afterwards() -> None:
    if not allowed():
        pytest.skip("this user may not")
    assert run(TRY).stdout.split() == ["1", f"{os.SCHED_RR}", f"{os.SCHED_RR}", f"{os.SCHED_OTHER}"]


def test_who_may_not_goes_on_as_before() -> None:
    becomes_nobody = [f"{NOBODY}"] if os.getuid() == 0 else []
    done = run(TRY, *becomes_nobody)
    assert done.stderr == ""
    if becomes_nobody or not allowed():
        assert done.stdout.split() == ["0", *[f"{os.SCHED_OTHER}"] * 3]


def test_a_session_is_preferred_where_it_may_be_and_given_back() -> None:
    if not allowed() or not os.path.exists("/proc/self/autogroup"):
        pytest.skip("this user, or this kernel, may not")
    done = run(PREFER)
    assert (done.stderr, done.stdout.split()) == ("", ["3", "-10", "3"])


def test_a_session_that_may_not_be_preferred_is_as_others_are() -> None:
    if os.getuid() == 0:
        not_by_us = PREFER.replace('    group.write_text("3")\n', f"    os.setuid({NOBODY})\n")
        done = run(not_by_us)
        assert (done.stderr, done.stdout.split()) == ("", ["None", "0"])


def test_what_runs_in_no_session_of_its_own_is_as_others_are() -> None:
    """A process begun by the machine's first one has an empty file there, which cannot be written."""
    assert (run(OF_NO_SESSION).stderr, run(OF_NO_SESSION).stdout) == ("", "None\n")


def test_who_never_waits_is_ended_and_does_not_keep_the_machine() -> None:
    if not allowed():
        pytest.skip("this user may not")
    assert run(SPIN).returncode in (-signal.SIGXCPU, -signal.SIGKILL)


def test_a_slow_start_with_that_priority_is_not_taken_for_spinning() -> None:
    """As under the guard's unit: systemd gives priority and limit, and then Python has to import it all."""
    if not allowed():
        pytest.skip("this user may not")
    done = run(SLOW_START)
    assert (done.returncode, done.stdout) == (0, "started\n")


async def test_every_thread_of_the_guard_runs_before_others() -> None:
    if not allowed():
        pytest.skip("this user may not")
    with tempfile.TemporaryDirectory() as folder, simulator(Path(folder)) as device:
        link = GuardLink.start_child(
            str(device.link), "p24", simulated=True, wire_log=str(Path(folder) / "wire.jsonl")
        )
        heard = asyncio.Event()
        link.listen(lambda message: heard.set(), heard.set)
        try:
            async with asyncio.timeout(20):
                await heard.wait()
            tasks = [int(task) for task in os.listdir(f"/proc/{link.pid}/task")]
            assert len(tasks) > 1
            assert {os.sched_getscheduler(task) for task in tasks} == {os.SCHED_RR}
        finally:
            await link.close()
