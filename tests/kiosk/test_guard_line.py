"""The line to the guard: what is known of the output when the kiosk leaves."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Coroutine
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
