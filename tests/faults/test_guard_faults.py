"""What happens to current when a process dies, hangs or sleeps, or the line fails: read in the device's log.

Against the virtual P24; on hardware not yet measured. The bounds are the safety table's plus what a busy
machine may add.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from drivers import limits as c
from drivers import messages as m
from tests.drivers.guard_bench import arm
from tests.faults.guard_rig import (
    BUSY_S,
    DEVICE_WATCHDOG_S,
    client_process,
    gone,
    kiosk,
    outlives_a_stopped_guard,
    virtual_device,
)

pytestmark = pytest.mark.real_time


async def test_a_killed_client(tmp_path: Path) -> None:
    async with virtual_device(tmp_path) as device, client_process(device, tmp_path) as (client, guard):
        at_s = time.monotonic()
        os.kill(client, signal.SIGKILL)
        assert await device.zero_after(at_s) < BUSY_S
        await gone(guard)
        assert device.flowed_after(at_s) == []
        assert "client_gone, confirmed True" in (tmp_path / "guard.log").read_text()


async def test_a_hung_client(tmp_path: Path) -> None:
    async with virtual_device(tmp_path) as device, client_process(device, tmp_path) as (client, guard):
        at_s = time.monotonic()
        os.kill(client, signal.SIGSTOP)
        try:
            assert await device.zero_after(at_s) < c.LEASE_S + BUSY_S
        finally:
            os.kill(client, signal.SIGCONT)
        await asyncio.sleep(0.5)  # it renews again, ten times a second, as if nothing had been
        assert device.flowed_after(at_s) == []
        os.kill(client, signal.SIGKILL)
        await gone(guard)


async def test_a_guard_that_was_stopped_and_goes_on(tmp_path: Path) -> None:
    async with kiosk(tmp_path) as client:
        await client.current_flows()
        assert client.link.pid is not None
        os.kill(client.link.pid, signal.SIGSTOP)
        await asyncio.sleep(c.LEASE_S + 0.1)
        client.link.send(m.Level(1, 1, 4))
        at_s = time.monotonic()
        os.kill(client.link.pid, signal.SIGCONT)
        assert await client.device.zero_after(at_s) < BUSY_S
        assert (await client.stopped(at_s)).why == "lease"
        await asyncio.sleep(0.3)
        assert client.device.flowed_after(at_s) == []


async def test_a_guard_that_stays_stopped_is_outlived_by_the_devices_own_time_out(tmp_path: Path) -> None:
    async with kiosk(tmp_path) as client:
        await outlives_a_stopped_guard(client, DEVICE_WATCHDOG_S)


async def test_a_killed_guard(tmp_path: Path) -> None:
    async with kiosk(tmp_path) as client:
        await client.current_flows()
        assert client.link.pid is not None
        at_s = time.monotonic()
        os.kill(client.link.pid, signal.SIGKILL)
        await asyncio.wait_for(client.closed.wait(), 5)
        assert await client.device.zero_after(at_s) < DEVICE_WATCHDOG_S + BUSY_S
        assert client.device.flowed_after(at_s) == []
        assert not client.link.stop_now("key"), "and the kiosk knows that nobody hears it"


async def test_a_guard_that_is_asked_to_end(tmp_path: Path) -> None:
    async with kiosk(tmp_path) as client:
        await client.current_flows()
        assert client.link.pid is not None
        at_s = time.monotonic()
        os.kill(client.link.pid, signal.SIGTERM)
        assert await client.device.zero_after(at_s) < BUSY_S
        assert (await client.stopped(at_s)).confirmed
        await asyncio.wait_for(client.closed.wait(), 5)
        assert await client.link.close() == 0


async def test_what_went_over_the_wire_stands_in_its_log(tmp_path: Path) -> None:
    async with kiosk(tmp_path) as client:
        await client.current_flows()
    lines = [json.loads(line) for line in (tmp_path / "wire.jsonl").read_text().splitlines()]
    sent = "".join(line["hex"] for line in lines if line["direction"] == "out")
    for frame in client.device.log():
        if frame["event"] == "frame":
            assert frame["hex"] in sent
    assert any(line["direction"] == "in" for line in lines)


async def test_ctrl_c_in_the_terminal_does_not_reach_the_guard(tmp_path: Path) -> None:
    async with kiosk(tmp_path) as client:
        await client.until_state("idle")
        assert client.link.pid is not None
        assert os.getsid(client.link.pid) == client.link.pid


async def test_unplugged_and_plugged_in_again(tmp_path: Path) -> None:
    async with kiosk(tmp_path) as client:
        await client.current_flows()
        at_s = time.monotonic()
        client.device.fault("unplug")
        fault = await client.until(lambda x: isinstance(x, m.Fault), at_s)
        assert fault.kind == "unplugged"
        stopped = await client.stopped(at_s)
        assert (stopped.confirmed, stopped.how) == (False, "unplugged")
        absent = await client.until(lambda x: isinstance(x, m.Device) and not x.present, at_s)
        assert absent.sentence
        await client.until_state("unconfirmed", at_s)
        again_s = time.monotonic()
        client.device.replug()
        await client.until(lambda x: isinstance(x, m.Device) and x.present, again_s)
        await client.until_state("idle", again_s)
        await asyncio.sleep(0.3)
        assert client.device.flowed_after(at_s) == [], "nothing resumes"
        client.link.send(arm(2))
        refused = await client.until(lambda x: isinstance(x, m.Refused), again_s)
        assert refused.limit == "stop_test", "nor does a person go on without having tested STOP again"
        await client.current_flows(epoch=2, stop_test=True)


async def test_a_lost_acknowledgement(tmp_path: Path) -> None:
    async with kiosk(tmp_path) as client:
        await client.current_flows()
        at_s = time.monotonic()
        client.device.fault("ack_lost")
        assert await client.device.zero_after(at_s) < c.READ_STATE_EVERY_S["p24"] + c.ACK_S + BUSY_S
        assert (await client.until(lambda x: isinstance(x, m.Fault), at_s)).kind == "no_answer"
        assert (await client.stopped(at_s)).confirmed
        await asyncio.sleep(0.3)
        assert client.device.flowed_after(at_s) == []


async def test_a_device_that_went_mute_is_left_in_silence_until_it_speaks(tmp_path: Path) -> None:
    async with kiosk(tmp_path) as client:
        await client.current_flows()
        at_s = time.monotonic()
        client.device.fault("stop_ignored:3")
        client.device.fault("mute:7")
        stopped = await client.stopped(at_s)
        assert not stopped.confirmed
        told_s = next(at for at, message in client.heard if message is stopped)
        assert client.device.frames_between(told_s - c.SILENCE_S + 0.05, told_s) == []
        zero_s = await client.device.zero_after(at_s)
        assert zero_s < c.READ_STATE_EVERY_S["p24"] + 4 * c.ACK_STAGE_SWITCH_S + DEVICE_WATCHDOG_S + BUSY_S
        await client.until(lambda x: isinstance(x, m.Device) and x.present, told_s)
        await client.until_state("idle", told_s)
        assert client.device.flowed_after(at_s) == []


async def test_an_error_that_the_device_reports_unasked(tmp_path: Path) -> None:
    async with kiosk(tmp_path) as client:
        await client.current_flows()
        at_s = time.monotonic()
        client.device.fault("error:8")
        assert await client.device.zero_after(at_s) < BUSY_S
        assert (await client.until(lambda x: isinstance(x, m.Fault), at_s)).kind == "result"
        assert (await client.stopped(at_s)).confirmed


async def test_a_brown_out_is_identified_anew(tmp_path: Path) -> None:
    async with kiosk(tmp_path) as client:
        await client.current_flows()
        at_s = time.monotonic()
        client.device.fault("brown_out")
        await client.stopped(at_s)
        await client.until_state("idle", at_s)
        assert client.device.flowed_after(at_s) == []


async def test_a_stop_from_another_thread_while_the_loop_hangs(tmp_path: Path) -> None:
    async with kiosk(tmp_path) as client:
        await client.current_flows()
        at_s = time.monotonic()
        stopper = threading.Timer(0.05, client.link.stop_now, ["key"])
        stopper.start()
        time.sleep(0.4)  # the kiosk's event loop does nothing  # noqa: ASYNC251
        stopper.join()
        assert await client.device.zero_after(at_s) < 0.05 + BUSY_S
        assert (await client.stopped(at_s)).why == "key"


async def test_an_armed_epoch_is_not_armed_again(tmp_path: Path) -> None:
    async with kiosk(tmp_path) as client:
        await client.current_flows()
        at_s = time.monotonic()
        client.link.send(m.Stop("key"))
        assert (await client.stopped(at_s)).confirmed
        client.link.send(arm(1))
        refused = await client.until(lambda x: isinstance(x, m.Refused), at_s)
        assert (refused.limit, refused.allowed) == ("epoch", "2")


async def test_noise_on_the_line_is_no_reason_to_stop(tmp_path: Path) -> None:
    async with kiosk(tmp_path) as client:
        await client.current_flows()
        at_s = time.monotonic()
        client.device.fault("garbage:64")
        await asyncio.sleep(0.6)
        assert [x for at, x in client.heard if at >= at_s and isinstance(x, m.Stopped | m.Fault)] == []
        status = await client.until_state("armed", time.monotonic() - 0.3)
        assert status.channels == (m.ChannelStatus(1, 2, 2),)
