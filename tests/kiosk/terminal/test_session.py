"""Between the keys' thread and the loop: a flood is bounded, and never keeps the loop from its other work."""

from __future__ import annotations

import asyncio
import os
import pty
import select
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from kiosk.terminal.liveness import AlwaysAlive
from kiosk.terminal.session import MOST_WAITING, TerminalSession
from kiosk.terminal.stop_seeker import Pressed, Token
from tests.kiosk.terminal.terminal_child import Told

PATIENCE_S = 20.0
UP = b"\x1b[A"


class Bench:
    """A session on a pty of its own; `taken` is what reached the screen, `turns` counts those of the loop."""

    def __init__(self) -> None:
        self.master, self.slave = pty.openpty()
        self._told, told = os.pipe()
        self.conductor = Told(told, {}, (), None)  # type: ignore[arg-type]
        self.taken: list[Token] = []
        self.between: list[int] = []
        """For each token that was taken, how many turns the loop had made."""
        self.turns = 0
        self._more = asyncio.Event()

    def take(self, token: Token) -> None:
        self.taken.append(token)
        self.between.append(self.turns)
        self._more.set()

    def turn(self) -> None:
        self.turns += 1
        asyncio.get_running_loop().call_soon(self.turn)

    def type_all(self, keys: bytes) -> None:
        """Types, and returns when the keys' thread has read it all; the loop is kept from its work meanwhile.

        Known by a STOP behind the keys: it goes past the loop.
        """
        self.conductor.output_possible = True
        os.write(self.master, keys + b" ")
        self._read_until("stop")
        self.conductor.output_possible = False

    async def told(self, event: str) -> None:
        """Until the conductor told it."""
        await asyncio.to_thread(self._read_until, event)

    def _read_until(self, event: str) -> None:
        heard = b""
        while f'"event": "{event}"'.encode() not in heard:
            ready, _, _ = select.select([self._told], [], [], PATIENCE_S)
            assert ready, heard
            heard += os.read(self._told, 65_536)

    async def until(self, satisfied: Callable[[], bool]) -> None:
        """Until what was taken satisfies."""
        async with asyncio.timeout(PATIENCE_S):
            while not satisfied():
                self._more.clear()
                await self._more.wait()


@asynccontextmanager
async def a_session() -> AsyncIterator[Bench]:
    bench = Bench()
    session = TerminalSession(
        bench.slave,
        bench.slave,
        bench.conductor,
        AlwaysAlive(),
        take=bench.take,
        redraw=lambda: None,
        resized=lambda: None,
    )
    session.begin("")
    try:
        yield bench
    finally:
        session.end("")
        os.close(bench.master)
        os.close(bench.slave)


async def test_of_a_flood_only_so_many_keys_wait_and_the_next_one_is_taken() -> None:
    async with a_session() as bench:
        for _ in range(10):
            bench.type_all(UP * 300)
        await bench.until(lambda: len(bench.taken) >= MOST_WAITING)
        os.write(bench.master, b"3")
        await bench.until(lambda: Pressed("3", "3") in bench.taken)
        assert bench.taken == [Pressed("up")] * MOST_WAITING + [Pressed("3", "3")]


async def test_a_key_is_taken_after_any_pause() -> None:
    async with a_session() as bench:
        for key in "123":
            os.write(bench.master, key.encode())
            await bench.until(lambda key=key: Pressed(key, key) in bench.taken)
            for _ in range(5):  # turns of the loop in which nothing waits any more
                await asyncio.sleep(0)


async def test_the_terminals_answer_finds_room_behind_a_flood() -> None:
    async with a_session() as bench:
        bench.type_all(UP * 300 + b"\x1b[25;80R")
        await bench.until(lambda: len(bench.taken) == MOST_WAITING)
        await bench.told("answered")


async def test_the_loop_does_its_other_work_between_two_keys() -> None:
    async with a_session() as bench:
        bench.turn()
        bench.type_all(UP * (MOST_WAITING - 4))
        os.write(bench.master, b"3")
        await bench.until(lambda: Pressed("3", "3") in bench.taken)
        keys_of_a_turn = [bench.between.count(turn) for turn in set(bench.between)]
        assert max(keys_of_a_turn) <= 2


async def test_a_stop_passes_the_keys_that_wait() -> None:
    async with a_session() as bench:
        bench.type_all(UP * 300)
        assert bench.taken == []
