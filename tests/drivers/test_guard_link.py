"""The kiosk's end of the line, and the line itself."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from drivers import limits
from drivers import messages as m
from drivers.build import build_id
from drivers.guard import link as guard_link
from drivers.guard.link import GuardLink
from drivers.line import MAX_WAITING, Line
from tests.drivers.device_bench import simulator

DRIVERS = Path(guard_link.__file__).parents[1]
TELL_BUILDS = """
import asyncio, sys
sys.path.insert(0, sys.argv[1])
from drivers.build import build_id
from drivers.guard.link import GuardLink
from drivers.messages import Device

async def main():
    link = GuardLink.start_child("/nowhere", "p24", simulated=True)
    heard = asyncio.Queue()
    link.listen(heard.put_nowait, lambda: heard.put_nowait(None))
    while not isinstance(message := await heard.get(), Device):
        assert message is not None
    print(build_id(), message.build)
    await link.close()

asyncio.run(main())
"""

TELL_BUILD_AFTER_AN_UPDATE = """
import pathlib, socket, sys
sys.path.insert(0, sys.argv[1])
from drivers.guard import link
from drivers import messages as m
pathlib.Path(sys.argv[1], "drivers", "build.py").open("a").write("# another build")
ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
link.GuardLink(ours)
print(m.decode(theirs.recv(1000), m.ToGuard).build)
"""


def pair() -> tuple[socket.socket, socket.socket]:
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def received(sock: socket.socket) -> list[Any]:
    """Every message that waits at the guard's end."""
    sock.setblocking(False)
    messages = []
    with contextlib.suppress(BlockingIOError):
        while datagram := sock.recv(20_000):
            messages.append(m.decode(datagram, m.ToGuard))
    return messages


def test_it_says_hello_first_and_sends_in_order() -> None:
    ours, theirs = pair()
    link = GuardLink(ours)
    assert link.send(m.Next(1))
    assert link.stop_now("key")
    hello, *rest = received(theirs)
    assert hello.v == m.PROTOCOL_VERSION
    assert rest == [m.Next(1), m.Stop("key")]
    ours.close()
    theirs.close()


def test_a_guard_that_does_not_read_never_blocks_a_send() -> None:
    ours, theirs = pair()
    link = GuardLink(ours)
    began_s = time.monotonic()
    while link.send(m.Next(1)):
        assert time.monotonic() - began_s < 10
    assert not link.stop_now("key")
    theirs.close()
    assert not link.stop_now("key")
    ours.close()


def test_a_stop_is_sent_from_any_thread() -> None:
    ours, theirs = pair()
    link = GuardLink(ours)
    threads = [threading.Thread(target=link.stop_now, args=(f"key {i}",)) for i in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(message.why for message in received(theirs)[1:]) == sorted(f"key {i}" for i in range(20))
    ours.close()
    theirs.close()


async def test_it_delivers_messages_and_then_the_end() -> None:
    ours, theirs = pair()
    heard: list[Any] = []
    end = asyncio.Event()
    GuardLink(ours).listen(heard.append, end.set)
    stopped = m.Stopped(1, "key", True, "off", 1.0)
    theirs.send(m.encode(stopped))
    theirs.close()
    await asyncio.wait_for(end.wait(), 10)
    assert heard == [stopped]


async def test_a_guard_that_cannot_be_understood_is_hung_up_on() -> None:
    ours, theirs = pair()
    heard: list[Any] = []
    end = asyncio.Event()
    GuardLink(ours).listen(heard.append, end.set)
    theirs.send(b'{"type":"stop","why":"not a message of the guard"}')
    await asyncio.wait_for(end.wait(), 10)
    assert heard == []
    received(theirs)
    assert theirs.recv(100) == b"", "which stops it"
    theirs.close()


def sleeper() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])


async def test_closing_waits_for_the_child_and_kills_one_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard_link, "STOP_TIME_S", 0.2)
    ours, theirs = pair()
    child = sleeper()
    link = GuardLink(ours, child)
    assert link.pid == child.pid
    os.kill(child.pid, signal.SIGSTOP)
    assert await link.close() == -signal.SIGKILL
    theirs.close()


def test_the_guard_runs_the_code_of_who_starts_it_wherever_another_is_installed(tmp_path: Path) -> None:
    shutil.copytree(DRIVERS, tmp_path / "drivers", ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / "drivers" / "build.py").open("a") as source:
        source.write("# another build\n")
    run = subprocess.run(
        [sys.executable, "-c", TELL_BUILDS, str(tmp_path)],
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    ours, guards = run.stdout.split()
    assert guards == ours != build_id()


def test_who_runs_since_before_an_update_tells_a_guard_the_build_that_it_runs(tmp_path: Path) -> None:
    shutil.copytree(DRIVERS, tmp_path / "drivers", ignore=shutil.ignore_patterns("__pycache__"))
    told = [
        subprocess.run(
            [sys.executable, "-c", TELL_BUILD_AFTER_AN_UPDATE, str(tmp_path)],
            cwd="/",
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stdout.strip()
        for _ in range(2)
    ]
    assert told[0] == build_id(), "loaded before the first update"
    assert told[1] != build_id(), "loaded after it"


async def test_closing_a_joined_guard_leaves_it_alone() -> None:
    ours, theirs = pair()
    assert await GuardLink(ours).close() is None
    theirs.close()


async def test_a_line_keeps_what_has_to_arrive_and_drops_the_rest() -> None:
    ours, theirs = pair()
    theirs.setblocking(False)
    line = Line(ours)
    line.listen(lambda datagram: None)
    while line.send(b"filler"):
        pass
    for number in range(MAX_WAITING):
        assert line.send(b"%d" % number, keep=True)
    assert not line.send(b"filler"), "not out of turn"
    arrived: list[bytes] = []
    async with asyncio.timeout(10):
        while b"%d" % (MAX_WAITING - 1) not in arrived:
            try:
                arrived.append(theirs.recv(100))
            except BlockingIOError:
                await asyncio.sleep(0.001)
    assert [one for one in arrived if one != b"filler"] == [b"%d" % number for number in range(MAX_WAITING)]
    assert line.send(b"and on")
    line.close()
    line.close()
    assert not line.send(b"after the end")
    theirs.close()


@pytest.mark.parametrize("late_answers", [True, False])
async def test_a_simulator_that_is_held_up_is_found_where_its_answers_may_be_late(
    tmp_path: Path, *, late_answers: bool
) -> None:
    late_ms = limits.ACK_S * 1000 + 30
    with simulator(tmp_path, "--latency", str(late_ms)) as running:
        link = GuardLink.start_child(str(running.link), "p24", simulated=True, late_answers=late_answers)
        heard: asyncio.Queue[m.FromGuard | None] = asyncio.Queue()
        link.listen(heard.put_nowait, lambda: heard.put_nowait(None))
        wanted = "" if late_answers else "The stimulator does not answer."
        async with asyncio.timeout(50):
            while not isinstance(said := await heard.get(), m.Device) or said.sentence != wanted:
                assert said is not None
        assert said.present is late_answers
        await link.close()
