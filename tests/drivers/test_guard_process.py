"""The guard process with a stimulator in memory: what it does with messages, leases, faults and stops."""

from __future__ import annotations

from drivers.guard import messages as m
from tests.drivers.guard_bench import guarded


async def test_a_session_from_stop_test_to_stop() -> None:
    async with guarded() as client:
        await client.armed()
        await client.raised(2)
        assert client.device.output == {1: 2}
        mark = client.mark()
        client.send(m.Stop("key"))
        stopped = await client.until_type(m.Stopped, mark)
        assert stopped.confirmed
        assert stopped.why == "key"
        assert not client.device.flowing
        await client.until_state("idle", mark)
