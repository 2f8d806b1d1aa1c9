"""The writer: never blocks, keeps order, drops whole frames only, and says so."""

from __future__ import annotations

import asyncio
import os
import pty
import time
import tty
from collections.abc import Iterator

import pytest

from kiosk.terminal.writer import KEPT_BYTES, TerminalWriter


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """Both ends of a pty that passes bytes on as they are."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    yield master, slave
    os.close(master)
    os.close(slave)


class Losses:
    """What the writer told."""

    def __init__(self) -> None:
        self.lost = 0
        self.recovered = asyncio.Event()


def writer_to(slave: int) -> tuple[TerminalWriter, Losses]:
    losses = Losses()

    def lost() -> None:
        losses.lost += 1

    writer = TerminalWriter(slave, asyncio.get_running_loop(), lost, losses.recovered.set)
    return writer, losses


def taken(master: int) -> bytes:
    """All that the terminal holds now."""
    data = b""
    while True:
        try:
            data += os.read(master, 65_536)
        except BlockingIOError:
            return data


async def read_on(master: int, until: asyncio.Event) -> bytes:
    """Reads as a terminal does, until the event."""
    data = b""
    async with asyncio.timeout(20):
        while not until.is_set():
            data += taken(master)
            await asyncio.sleep(0.001)
    return data + taken(master)


async def test_frames_arrive_whole_and_in_order_when_the_terminal_reads_slowly(
    terminal: tuple[int, int],
) -> None:
    master, slave = terminal
    writer, losses = writer_to(slave)
    frames = [f"{number:04}" + "x" * 9_996 for number in range(5)]
    for frame in frames:
        writer.write(frame)
    data = b""
    async with asyncio.timeout(20):
        while len(data) < 50_000:
            data += taken(master)
            await asyncio.sleep(0.001)
    assert data == "".join(frames).encode()
    assert losses.lost == 0
    writer.close()


async def test_a_stalled_terminal_never_blocks_and_loses_whole_frames_only(terminal: tuple[int, int]) -> None:
    master, slave = terminal
    writer, losses = writer_to(slave)
    frame = "<" + "x" * 9_998 + ">"
    begin_s = time.monotonic()
    for _ in range(200):
        writer.write(frame)
    assert time.monotonic() - begin_s < 5.0
    assert losses.lost == 1
    data = await read_on(master, losses.recovered)
    assert 0 < len(data) < KEPT_BYTES + 200_000
    assert len(data) % 10_000 == 0
    assert data == frame.encode() * (len(data) // 10_000)
    writer.write("afresh")
    assert taken(master) == b"afresh"
    writer.close()


async def test_the_last_words_are_written_before_all_that_waited(terminal: tuple[int, int]) -> None:
    master, slave = terminal
    writer, _ = writer_to(slave)
    for _ in range(3):
        writer.write("y" * 10_000)
    reading = asyncio.create_task(asyncio.to_thread(_read_until, master, b"goodbye"))
    await asyncio.sleep(0)
    writer.write_last("goodbye", 10.0)  # on the loop, as always; the terminal is read by a thread
    data = await reading
    assert data.endswith(b"goodbye")
    assert len(data.removesuffix(b"goodbye")) % 10_000 == 0
    writer.close()


async def test_the_last_words_do_not_wait_for_a_terminal_that_never_reads(terminal: tuple[int, int]) -> None:
    _, slave = terminal
    writer, _ = writer_to(slave)
    writer.write("z" * 60_000)
    begin_s = time.monotonic()
    writer.write_last("goodbye", within_s=0.1)
    assert time.monotonic() - begin_s < 2.0
    writer.close()


async def test_a_terminal_that_is_gone_raises_nothing() -> None:
    master, slave = pty.openpty()
    writer, _ = writer_to(slave)
    os.close(master)
    writer.write("x" * 100_000)
    writer.write_last("y", within_s=0.1)
    writer.close()
    os.close(slave)


async def test_the_terminal_that_others_share_stays_blocking(terminal: tuple[int, int]) -> None:
    _, slave = terminal
    writer, _ = writer_to(slave)
    assert os.get_blocking(slave)
    writer.close()


def _read_until(master: int, end: bytes) -> bytes:
    data = b""
    deadline_s = time.monotonic() + 15
    while not data.endswith(end) and time.monotonic() < deadline_s:
        data += taken(master)
        time.sleep(0.001)
    return data
