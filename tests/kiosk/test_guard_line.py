"""The line to the guard: what is known of the output when the kiosk leaves."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from drivers import messages as m
from kiosk import guard_line, guard_unit
from kiosk.guard_line import GuardLine
from tests.kiosk.test_guard_unit import settled


class Bench:
    """A line on which nothing is begun beside it: a guard that is gone is not replaced."""

    def __init__(self, folder: Path) -> None:
        self.gone = asyncio.Event()
        self.line = GuardLine(
            settings=settled(folder),
            left=asyncio.Event(),
            spawn=_not_begun,
            on_message=lambda _message: None,
            on_gone=self.gone.set,
            on_missing=lambda _device: None,
        )


def _not_begun(work: Coroutine[Any, Any, None]) -> None:
    work.close()


@pytest.mark.parametrize(
    ("state", "known"),
    [("no_device", True), ("idle", True), ("armed", False), ("stopping", False), ("unconfirmed", False)],
)
async def test_after_a_guard_that_is_gone_the_output_is_known_only_where_it_was_off(
    tmp_path: Path, state: m.GuardState, *, known: bool
) -> None:
    bench = Bench(tmp_path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(f"{tmp_path}/guard.sock")
        listener.listen()
        bench.line.take_up(None)
        with listener.accept()[0] as guard:
            guard.send(m.encode(m.Status(state, 1, 0, (), 0, False, None, 0, None)))
    async with asyncio.timeout(20):
        await bench.gone.wait()
    assert await bench.line.hang_up() is known


async def test_of_a_child_that_does_not_end_nothing_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Immortal:
        pid = 1

        def listen(self, *_heard: object) -> None:
            pass

        async def close(self) -> int:
            return int(await asyncio.get_running_loop().create_future())

    monkeypatch.setattr(guard_unit, "start_or_join", lambda *_: Immortal())
    monkeypatch.setattr(guard_line, "LEAVE_WITHIN_S", 0.01)
    bench = Bench(tmp_path)
    bench.line.take_up(None)
    assert await bench.line.hang_up() is False


@contextmanager
def joined(bench: Bench, folder: Path) -> Iterator[socket.socket]:
    """The guard's end of the line, behind its greeting."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(f"{folder}/guard.sock")
        listener.listen()
        bench.line.take_up(None)
        with listener.accept()[0] as guard:
            guard.settimeout(20)
            assert isinstance(m.decode(guard.recv(1000), m.ToGuard), m.Hello)
            yield guard


def status(state: m.GuardState) -> bytes:
    return m.encode(m.Status(state, 1, 0, (), 0, False, None, 0, None))


@pytest.mark.parametrize(("state", "known"), [("idle", True), ("unconfirmed", False)])
async def test_a_stop_of_the_person_reaches_a_guard_that_is_being_left_until_the_line_ends(
    tmp_path: Path, state: m.GuardState, *, known: bool
) -> None:
    bench = Bench(tmp_path)
    with joined(bench, tmp_path) as guard:
        bench.line.stop_for_good("shutdown")
        leaving = asyncio.create_task(bench.line.hang_up())
        assert m.decode(guard.recv(1000), m.ToGuard) == m.Stop("shutdown")
        guard.send(status("stopping"))
        for _ in range(3):
            await asyncio.sleep(0)
            bench.line.stop_now("person")
            assert m.decode(guard.recv(1000), m.ToGuard) == m.Stop("person")
        assert not leaving.done()
        guard.send(status(state))
        assert await leaving is known
        assert guard.recv(1000) == b"", "the end of the line is a stop, too"


async def test_after_the_last_stop_nothing_is_begun_any_more(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    plan = m.GuardPlan("tens", ())
    with joined(bench, tmp_path) as guard:
        bench.line.stop_for_good("shutdown")
        begins = (m.Arm(1, plan, ()), m.Probe(1, (1,)), m.Test(), m.Lease(1, 1, 0), m.Level(1, 1, 2))
        for message in (*begins, m.Next(1), m.Rest(1), m.Present(1), m.Stop("person")):
            bench.line.send(message)
        assert m.decode(guard.recv(1000), m.ToGuard) == m.Stop("shutdown")
        assert m.decode(guard.recv(1000), m.ToGuard) == m.Stop("person")
        guard.send(status("idle"))
        await bench.line.hang_up()
        assert guard.recv(1000) == b""
