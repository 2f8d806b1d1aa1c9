"""A client, and strangers beside it, that mean harm: the real guard, its socket, and the device's own log.

What they may not have is tried in virtual time (tests/drivers/test_guard_machine.py); here it is how much a
guard bears while it keeps a session, and that a stop still gets through. Against the virtual P24.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from drivers import messages as m
from tests.faults.guard_rig import BUSY_S, Kiosk, flows
from tests.faults.test_guard_box_faults import Box, box

pytestmark = pytest.mark.real_time

BURSTS = 50
LOG_BYTES = 10_000
STARVED = ("lease", "no_answer")
"""What may end a session before the stop does, where other work keeps client or device from running."""

Attack = Callable[[Box, Kiosk], None]


def flood(_guard: Box, client: Kiosk) -> None:
    """An old renewal, a level of another epoch, a greeting, again and again."""
    for _ in range(30):
        client.link.send(m.Lease(1, 1, 1))
        client.link.send(m.Level(9, 1, 2))
        client.link.send(m.Hello(m.PROTOCOL_VERSION, "x" * 400))


def strangers(guard: Box, _client: Kiosk) -> None:
    """They come, say nothing or rubbish, and leave."""
    for datagram in (b"", b"\xff" * 16_384, b"", b"\xff" * 16_384):
        with contextlib.suppress(OSError), connected(guard) as stranger:
            stranger.send(datagram)


def connected(guard: Box) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    sock.setblocking(False)
    try:
        sock.connect(guard.socket_path)
    except OSError:
        sock.close()
        raise
    return sock


@pytest.mark.parametrize("attack", [flood, strangers])
async def test_a_guard_bears_it_and_a_stop_gets_through(tmp_path: Path, attack: Attack) -> None:
    async with box(tmp_path) as guard:
        client = guard.connect()
        await client.current_flows()
        began_s = time.monotonic()
        for _ in range(BURSTS):
            attack(guard, client)
            await asyncio.sleep(0.01)
        at_s = time.monotonic()
        attack(guard, client)
        with connected(guard) as stopper:
            stopper.send(m.encode(m.Stop("stranger")))
            stopped = await client.stopped(began_s)
        assert stopped.confirmed
        if stopped.why not in STARVED:
            assert stopped.why == "stranger"
            assert await guard.device.zero_after(at_s) < BUSY_S
        assert not flows([event for event in guard.device.log() if event["event"] == "output"][-1])
        assert guard.process.returncode is None
        assert (tmp_path / "guard.log").stat().st_size < LOG_BYTES
        client.stop_leasing()
        await client.link.close()


async def test_an_empty_datagram_is_an_end_of_the_client(tmp_path: Path) -> None:
    """Nobody can send one by mistake, and it cannot be told from a hang-up."""
    async with box(tmp_path) as guard:
        client = guard.connect()
        await client.current_flows()
        at_s = time.monotonic()
        client.link._line._sock.send(b"")
        assert await guard.device.zero_after(at_s) < BUSY_S
        assert guard.process.returncode is None
        client.stop_leasing()
        await client.link.close()
