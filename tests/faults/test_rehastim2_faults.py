"""The guard on a RehaStim2: its steps, its frequencies, and what follows when it stops or falls silent.

Read in the device's own log. Against the virtual RehaStim2; on hardware not yet measured.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from drivers import limits as c
from drivers import messages as m
from tests.drivers.guard_bench import arm, limit, phase, plan
from tests.faults.guard_rig import BUSY_S, Kiosk, kiosk, outlives_a_stopped_guard

pytestmark = pytest.mark.real_time

DEVICE_WATCHDOG_S = 1.2


def rehastim2(tmp_path: Path, *arguments: str) -> AbstractAsyncContextManager[Kiosk]:
    return kiosk(tmp_path, *arguments, kind="rehastim2")


async def test_levels_move_in_the_hardwares_own_steps_and_not_faster_than_one_in_1800_ms(
    tmp_path: Path,
) -> None:
    async with rehastim2(tmp_path) as client:
        await client.current_flows()
        raised_s = time.monotonic()
        # A second one right away is mistimed, not a fault: nothing happens.
        client.link.send(m.Level(1, 1, 8))
        refused = await client.until(lambda x: isinstance(x, m.Refused), raised_s)
        assert (refused.limit, refused.fault) == ("too_soon", False)
        await asyncio.sleep(1.9)
        client.link.send(m.Level(1, 1, 8))
        await client.until(
            lambda x: isinstance(x, m.Status) and x.channels == (m.ChannelStatus(1, 8, 8),), raised_s
        )
        # Between two steps the lower one flows, and the status says so.
        client.link.send(m.Level(1, 1, 7))
        await client.until(
            lambda x: isinstance(x, m.Status) and x.channels == (m.ChannelStatus(1, 7, 4),), raised_s
        )
        flowed = [one["channels"][0] for one in client.device.flowed_after(0)]
        assert [channel["current_mA"] for channel in flowed] == [2, 4, 2]
        assert all(channel["net_charge_nC"] == channel["current_mA"] for channel in flowed)
        at_s = time.monotonic()
        client.link.send(m.Level(1, 1, 12))
        assert (await client.stopped(at_s)).why == "limit_raise"
        assert await client.device.zero_after(at_s) < BUSY_S


async def test_a_change_of_frequency_passes_through_zero(tmp_path: Path) -> None:
    async with rehastim2(tmp_path) as client:
        two = plan(phase(duration_ms=2_500), phase(duration_ms=600_000, frequency_mHz=50_000))
        began_s = time.monotonic()
        await client.current_flows(the_plan=two)
        await client.until(lambda x: isinstance(x, m.Status) and x.phase == 1 and x.may_raise, began_s)
        outputs = [one for one in client.device.log() if one["event"] == "output" and one["t"] > began_s]
        flowing = [[channel["frequency_Hz"] for channel in one["channels"]] for one in outputs]
        first, last = flowing.index([80.0]), flowing.index([50.0])
        assert [] in flowing[first:last]
        names = client.device.frames_between(outputs[first]["t"], outputs[last]["t"])
        assert "InitChannelListMode" in names
        assert not [message for _, message in client.heard if isinstance(message, m.Fault | m.Stopped)][1:]


async def test_what_the_channels_do_not_allow_is_refused_with_its_reason_before_anything_flows(
    tmp_path: Path,
) -> None:
    async with rehastim2(tmp_path) as client:
        await client.until_state("idle")
        began_s = time.monotonic()
        client.link.send(m.Test())
        await client.until_state("testing", began_s)
        client.link.send(m.Stop("test"))
        assert (await client.stopped(began_s)).confirmed
        await client.until_state("idle", time.monotonic())
        five = [limit(channel, ceiling_half_mA=20) for channel in range(1, 6)]
        client.link.send(arm(1, plan(phase(frequency_mHz=100_000)), *five))
        refused = await client.until(lambda x: isinstance(x, m.Refused), began_s)
        assert refused.limit == "device"
        assert "With 5 channels this stimulator makes at most 80 pulses a second" in refused.asked
        client.link.send(arm(1, plan(phase(frequency_mHz=100_000)), *five[:2]))
        client.keep_lease(1)
        await client.until(lambda x: isinstance(x, m.Status) and x.may_raise, began_s)
        assert client.device.flowed_after(0) == []


@pytest.mark.parametrize(
    ("fault", "whys", "confirmed"),
    [
        ("emergency", {"switch"}, True),
        ("pad_off:1", {"electrode"}, True),
        # Whichever comes first: its Init, or a question that it was deaf to.
        ("brown_out", {"restarted", "no_answer"}, True),
        ("battery_low", {"no_answer"}, False),
    ],
)
async def test_what_goes_wrong_while_current_flows(
    tmp_path: Path, fault: str, whys: set[str], confirmed: bool
) -> None:
    async with rehastim2(tmp_path) as client:
        await client.current_flows()
        at_s = time.monotonic()
        client.device.fault(fault)
        stopped = await client.stopped(at_s)
        assert stopped.why in whys
        assert stopped.confirmed == confirmed
        read_s = c.READ_STATE_EVERY_S["rehastim2"] + c.ACK_S
        assert await client.device.zero_after(at_s) < read_s + BUSY_S
        assert client.device.flowed_after(at_s) == []
        if not confirmed and client.link.pid is not None:
            os.kill(client.link.pid, signal.SIGKILL)  # it would try once more at its end, in vain


async def test_a_guard_that_stays_stopped_is_outlived_by_the_devices_own_time_out(tmp_path: Path) -> None:
    async with rehastim2(tmp_path) as client:
        await outlives_a_stopped_guard(client, DEVICE_WATCHDOG_S)


async def test_an_unplugged_device_is_found_again_and_armed_only_by_a_person(tmp_path: Path) -> None:
    async with rehastim2(tmp_path) as client:
        await client.current_flows()
        at_s = time.monotonic()
        client.device.fault("unplug")
        assert (await client.stopped(at_s)).why == "unplugged"
        client.device.replug()
        await client.until_state("idle", at_s)
        assert client.device.flowed_after(at_s) == []
        client.stop_leasing()
        await client.current_flows(2, stop_test=True)
        assert client.device.flowed_after(at_s) != []
