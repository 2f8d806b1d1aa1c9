"""What happens to a contact check when a process or the line fails: read in the device's own log (rule 22).

The check's pulses are single: zero is never more than 300 µs away. What has to be shown is that no further
one comes. Against the virtual P24; on hardware not yet measured.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest

from drivers import limits as c
from drivers import messages as m
from tests.faults.guard_rig import (
    BUSY_S,
    Kiosk,
    VirtualDevice,
    client_process,
    flows,
    gone,
    kiosk,
    virtual_device,
)

pytestmark = pytest.mark.real_time

WATCHED_S = 0.3
"""Three pauses: a check that went on would have been seen."""


async def last_pulse_after(device: VirtualDevice, since_s: float, watched_s: float = WATCHED_S) -> float:
    """Seconds from `since_s` to the last pulse that began, once none has come for a while; 0 without one."""
    await asyncio.sleep(watched_s)
    return max((event["t"] - since_s for event in device.flowed_after(since_s)), default=0.0)


async def a_pulse(client: Kiosk) -> float:
    """When the next pulse began."""
    event = await client.device.until(
        lambda one: one["event"] == "output" and flows(one), time.monotonic() - 0.02
    )
    return float(event["t"])


async def test_a_frozen_client_in_the_middle_of_a_check_is_zero_within_the_lease(tmp_path: Path) -> None:
    async with (
        virtual_device(tmp_path) as device,
        client_process(device, tmp_path, "probe") as (client, guard),
    ):
        await device.until(lambda one: one["event"] == "output" and flows(one), 0.0)
        at_s = time.monotonic()
        os.kill(client, signal.SIGSTOP)
        try:
            await device.until(lambda one: one.get("name") == "Ll_stop", at_s)
            last_s = await last_pulse_after(device, at_s)
            assert last_s < c.LEASE_S + BUSY_S
            assert last_s > c.PROBE_PAUSE_MS / 1000, "it did go on until the lease was over"
        finally:
            os.kill(client, signal.SIGCONT)
        again_s = time.monotonic()
        await asyncio.sleep(WATCHED_S)  # it renews again, as if nothing had been
        assert device.flowed_after(again_s) == []
        assert "stopped: lease, confirmed True" in (tmp_path / "guard.log").read_text()
        os.kill(client, signal.SIGKILL)
        await gone(guard)


async def test_a_killed_client_in_the_middle_of_a_check(tmp_path: Path) -> None:
    async with (
        virtual_device(tmp_path) as device,
        client_process(device, tmp_path, "probe") as (client, guard),
    ):
        await device.until(lambda one: one["event"] == "output" and flows(one), 0.0)
        at_s = time.monotonic()
        os.kill(client, signal.SIGKILL)
        await device.until(lambda one: one.get("name") == "Ll_stop", at_s)
        assert await last_pulse_after(device, at_s) < BUSY_S
        await gone(guard)


@pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGKILL])
async def test_without_its_guard_not_one_more_pulse_comes(tmp_path: Path, number: signal.Signals) -> None:
    """Nothing has to stop it: the device puts out one pulse for one command."""
    async with kiosk(tmp_path) as client:
        await client.probing()
        await a_pulse(client)
        assert client.link.pid is not None
        os.kill(client.link.pid, number)
        at_s = time.monotonic()
        try:
            assert await last_pulse_after(client.device, at_s, c.LEASE_S + 0.1) < BUSY_S
        finally:
            if number == signal.SIGSTOP:
                os.kill(client.link.pid, signal.SIGCONT)
                assert (await client.stopped(at_s)).why == "lease"


async def test_a_stop_leaves_in_the_middle_of_a_check(tmp_path: Path) -> None:
    async with kiosk(tmp_path) as client:
        await client.probing()
        for _ in range(3):
            at_s = await a_pulse(client)
        at_s = time.monotonic()
        client.link.stop_now("key")
        event = await client.device.until(lambda one: one.get("name") == "Ll_stop", at_s)
        assert event["t"] - at_s < BUSY_S
        stopped = await client.stopped(at_s)
        assert (stopped.why, stopped.confirmed, stopped.how) == ("key", True, "status 0, high voltage off")
        await asyncio.sleep(WATCHED_S)
        assert client.device.flowed_after(event["t"]) == []
        assert [x for _at, x in client.heard if isinstance(x, m.Contact)] == []


@pytest.mark.parametrize(
    ("fault", "kind", "confirmed"),
    [
        ("error:8", "result", True),
        ("brown_out", "no_answer", True),
        ("ack_lost", "no_answer", True),
        ("truncated:out", "no_answer", True),
        ("truncated:in", "no_answer", True),
        ("busy:1", "result", True),
        ("unplug", "unplugged", False),
        ("mute:7", "no_answer", False),
    ],
)
async def test_a_fault_in_the_middle_of_a_check_ends_it(
    tmp_path: Path, fault: str, kind: str, confirmed: bool
) -> None:
    async with kiosk(tmp_path) as client:
        await client.probing()
        await a_pulse(client)
        at_s = time.monotonic()
        client.device.fault(fault)
        told = await client.until(lambda x: isinstance(x, m.Fault), at_s)
        told_s = time.monotonic()
        assert (told.epoch, told.kind) == (1, kind)
        stopped = await client.stopped(at_s)
        assert (stopped.why, stopped.confirmed) == (kind, confirmed)
        await asyncio.sleep(WATCHED_S)
        assert client.device.flowed_after(told_s) == [], "nothing resumes"
        assert [x for _at, x in client.heard if isinstance(x, m.Contact)] == []


async def test_noise_on_the_line_does_not_end_it(tmp_path: Path) -> None:
    async with kiosk(tmp_path) as client:
        await client.probing(channels=(1, 2))
        client.device.fault("garbage:64")
        client.device.fault("duplicate_ack")
        contact = await client.until(lambda x: isinstance(x, m.Contact))
        assert [lead.contact for lead in contact.leads] == ["good", "good"]


async def test_a_pad_that_came_off_is_named_and_after_it_was_pressed_on_therapy_begins(
    tmp_path: Path,
) -> None:
    async with kiosk(tmp_path, "--fault", "pad_off:2", "--fault", "pad_half:5") as client:
        await client.probing(channels=(1, 2, 5))
        contact = await client.until(lambda x: isinstance(x, m.Contact))
        assert [(lead.channel, lead.contact) for lead in contact.leads] == [
            (1, "good"),
            (2, "open"),
            (5, "dry"),
        ]
        stopped = await client.until(lambda x: isinstance(x, m.Stopped) and x.why == "probed")
        assert stopped.confirmed
        client.stop_leasing()
        client.device.fault("pad_on:2")
        again_s = time.monotonic()
        client.link.send(m.Probe(2, (2,)))
        client.keep_lease(2)
        contact = await client.until(lambda x: isinstance(x, m.Contact), again_s)
        assert [lead.contact for lead in contact.leads] == ["good"]
        await client.until(lambda x: isinstance(x, m.Stopped) and x.why == "probed", again_s)
        client.stop_leasing()
        await client.until_state("idle", time.monotonic() - 0.1)
        await client.current_flows(epoch=3)


async def test_a_rehastim2_is_not_asked(tmp_path: Path) -> None:
    async with kiosk(tmp_path, kind="rehastim2") as client:
        await client.stop_tested()
        at_s = time.monotonic()
        client.link.send(m.Probe(1, (1,)))
        refused = await client.until(lambda x: isinstance(x, m.Refused), at_s)
        assert (refused.limit, refused.fault) == ("probe", False)
        await client.until_state("idle", at_s - 1)
