"""The guard process with a stimulator in memory, in virtual time: messages, leases, faults and stops."""

from __future__ import annotations

import asyncio
import os
import socket
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from drivers import limits as c
from drivers import messages as m
from drivers.guard.lease import Now
from drivers.guard.output import Arming
from drivers.guard.process import Guard
from drivers.line import Line
from drivers.stimulator import DeviceStopped, NoAnswer, PortError, Reading, Running, Targets, Unplugged
from drivers.tally import Moment, Tally
from tests.drivers.guard_bench import (
    CYCLE,
    Client,
    FakeStimulator,
    arm,
    guarded,
    in_virtual_time,
    phase,
    plan,
    virtual_time,
)

# ── a session ──


@in_virtual_time
async def test_a_session_from_stop_test_to_stop() -> None:
    async with guarded() as client:
        await client.armed()
        await client.raised(2)
        assert client.device.output == {1: 2}
        mark = client.mark()
        client.send(m.Stop("key"))
        stopped = await client.until_type(m.Stopped, mark)
        assert (stopped.epoch, stopped.why, stopped.confirmed) == (1, "key", True)
        assert not client.device.flowing
        await client.until_state("idle", mark)


@in_virtual_time
async def test_the_plan_plays_to_its_end_and_stops() -> None:
    async with guarded() as client:
        await client.armed(arm(1, plan(phase(duration_ms=20_000))))
        await client.raised(2)
        mark = client.mark()
        stopped = await client.until_type(m.Stopped, mark)
        assert (stopped.why, stopped.confirmed) == ("plan_over", True)
        ended = [x for x in client.of(m.Status, mark) if x.state == "armed"][-1]
        assert ended.phase_elapsed_ms <= 20_000
        assert not client.device.flowing


@in_virtual_time
async def test_the_next_session_is_the_next_epoch_and_starts_from_zero() -> None:
    async with guarded() as client:
        await client.armed()
        await client.raised(2)
        client.send(m.Stop("key"))
        await client.until_state("idle", client.mark())
        client.stop_leasing()
        mark = client.mark()
        client.send(arm(2))
        client.keep_lease(2)
        status = await client.until(lambda x: isinstance(x, m.Status) and x.may_raise, mark)
        assert status.channels == (m.ChannelStatus(1, 0, 0),)
        assert "initialise" in client.device.names()[client.device.names().index("stop") :]


@in_virtual_time
async def test_rest_goes_to_zero_and_stays_armed() -> None:
    async with guarded() as client:
        await client.armed()
        await client.raised(2)
        mark = client.mark()
        client.send(m.Rest(1))
        await client.until(
            lambda x: isinstance(x, m.Status) and x.channels == (m.ChannelStatus(1, 0, 0),), mark
        )
        assert client.guard.state == "armed"
        assert client.device.output == {1: 0}
        assert client.of(m.Stopped, mark) == []


@in_virtual_time
async def test_next_goes_on_to_the_next_phase() -> None:
    async with guarded() as client:
        await client.armed(arm(1, plan(phase("find"), phase())))
        await client.raised(2)
        mark = client.mark()
        client.send(m.Next(1))
        await client.until(lambda x: isinstance(x, m.Status) and x.phase == 1 and x.may_raise, mark)
        outputs = [value[0].half_mA for name, value in client.device.log if name == "output"]
        assert outputs[-3:] == [0, 1, 2], "through zero, and back by the envelope"


@in_virtual_time
async def test_a_status_comes_with_every_change_and_at_least_every_250_ms() -> None:
    async with guarded() as client:
        await client.armed()
        times: list[float] = []
        clock = virtual_time()
        for _ in range(8):
            mark = client.mark()
            await client.until_type(m.Status, mark)
            times.append(clock.now_s)
        gaps = [later - earlier for earlier, later in pairwise(times)]
        assert max(gaps) <= 0.2501
        client.send(m.Level(1, 1, 1))
        at_s = clock.now_s
        mark = client.mark()
        await client.until(lambda x: isinstance(x, m.Status) and x.channels[0].applied_half_mA == 1, mark)
        assert clock.now_s - at_s < 0.01


@in_virtual_time
async def test_a_ramp_is_told_four_times_a_second_and_its_plateau_at_once() -> None:
    async with guarded() as client:
        await client.armed(arm(1, plan(phase(pattern=CYCLE), kind="nmes")))
        await client.raised(2)
        clock = virtual_time()
        await asyncio.sleep(2)
        await client.raised(3)
        told: list[tuple[float, m.Status]] = []
        end_s = clock.now_s + 36
        while clock.now_s < end_s:
            status = await client.until_type(m.Status, client.mark())
            told.append((clock.now_s, status))
        ramps = [
            later - earlier
            for (earlier, one), (later, two) in pairwise(told)
            if 0 < one.fraction_permille < 1000 and 0 < two.fraction_permille < 1000
        ]
        assert len(ramps) > 10
        assert min(ramps) > 0.2
        turns = [at_s for (_, one), (at_s, two) in pairwise(told) if one.may_raise != two.may_raise]
        tight, loose = turns[-2:] if told[-1][1].fraction_permille < 1000 else turns[-3:-1]
        assert loose - tight == pytest.approx(6.0, abs=0.1)


# ── the lease and the epoch ──


@in_virtual_time
async def test_a_silent_client_is_stopped_within_the_lease() -> None:
    async with guarded() as client:
        await client.armed()
        await client.raised(2)
        client.stop_leasing()
        client.lease(1)
        at_s, mark = virtual_time().now_s, client.mark()
        stopped = await client.until_type(m.Stopped, mark)
        assert stopped.why == "lease"
        assert 0.499 <= virtual_time().now_s - at_s <= 0.502
        assert not client.device.flowing


@in_virtual_time
async def test_an_arming_that_is_never_leased_ends() -> None:
    async with guarded() as client:
        await client.hello()
        await client.stop_test()
        mark = client.mark()
        client.send(arm())
        assert (await client.until_type(m.Stopped, mark)).why == "lease"


@in_virtual_time
async def test_renewals_that_waited_in_the_socket_do_not_revive_a_guard_that_was_stopped() -> None:
    async with guarded() as client:
        await client.armed()
        await client.raised(2)
        client.stop_leasing()
        mark = client.mark()
        clock = virtual_time()
        clock.now_s += 0.6  # SIGSTOP … SIGCONT: no callback ran, the client went on renewing
        client.lease(1)
        client.send(m.Level(1, 1, 3))
        outputs = client.device.names().count("output")
        stopped = await client.until_type(m.Stopped, mark)
        assert stopped.why == "lease"
        assert client.device.names().count("output") == outputs, "not one update after it woke"
        client.keep_lease(1)
        await asyncio.sleep(2)
        assert not client.device.flowing
        assert client.guard.state == "idle"


@in_virtual_time
async def test_a_box_that_slept_does_not_go_on() -> None:
    async with guarded() as client:
        await client.armed()
        await client.raised(2)
        client.stop_leasing()
        mark = client.mark()
        virtual_time().slept_ms += 600  # CLOCK_MONOTONIC stood still
        client.lease(1)
        at_s = virtual_time().now_s
        assert (await client.until_type(m.Stopped, mark)).why == "lease"
        assert virtual_time().now_s - at_s < 0.01
        assert not client.device.flowing


@pytest.mark.parametrize("epoch", [-1, 0, 2, 10**15])
@in_virtual_time
async def test_an_epoch_out_of_turn_is_refused(epoch: int) -> None:
    async with guarded() as client:
        await client.hello()
        await client.stop_test()
        refused = await client.ask(arm(epoch))
        assert (refused.epoch, refused.limit, refused.fault) == (epoch, "epoch", False)
        assert client.guard.state == "idle"


@in_virtual_time
async def test_the_same_epoch_is_refused_a_second_time() -> None:
    async with guarded() as client:
        await client.armed()
        client.send(m.Stop("key"))
        await client.until_state("idle", client.mark())
        assert (await client.ask(arm(1))).limit == "epoch"


@in_virtual_time
async def test_messages_of_an_older_epoch_do_nothing() -> None:
    async with guarded() as client:
        await client.armed()
        await client.raised(2)
        client.send(m.Stop("key"))
        await client.until_state("idle", client.mark())
        client.stop_leasing()
        mark = client.mark()
        client.send(arm(2))
        client.keep_lease(2)
        await client.until(lambda x: isinstance(x, m.Status) and x.may_raise, mark)
        for old in (m.Level(1, 1, 1), m.Next(1), m.Rest(1)):
            refused = await client.ask(old)
            assert (refused.epoch, refused.limit, refused.fault) == (1, "old_epoch", False)
        client.send(m.Present(1))
        client.stop_leasing()
        mark = client.mark()
        for _ in range(20):
            client.lease(1)
            await asyncio.sleep(0.05)
        assert (await client.until_type(m.Stopped, mark)).why == "lease", "renewals of epoch 1 do not count"


# ── limits ──


@pytest.mark.parametrize(
    ("message", "name"),
    [
        (m.Level(1, 1, 41), "ceiling"),
        (m.Level(1, 1, -1), "ceiling"),
        (m.Level(1, 1, 10**18), "ceiling"),
        (m.Level(1, 1, 5), "raise"),
        (m.Level(1, 2, 1), "channel"),
    ],
)
@in_virtual_time
async def test_a_value_beyond_a_limit_is_refused_and_stops_everything(message: m.Level, name: str) -> None:
    async with guarded() as client:
        await client.armed()
        await client.raised(2)
        mark = client.mark()
        refused = await client.ask(message)
        assert (refused.limit, refused.fault) == (name, True)
        stopped = await client.until_type(m.Stopped, mark)
        assert (stopped.why, stopped.confirmed) == (f"limit_{name}", True)
        assert not client.device.flowing
        assert max(value[0].half_mA for event, value in client.device.log if event == "output") == 2


@in_virtual_time
async def test_a_mistimed_raise_is_refused_and_nothing_stops() -> None:
    async with guarded() as client:
        await client.armed()
        await client.raised(2)
        refused = await client.ask(m.Level(1, 1, 3))
        assert (refused.limit, refused.fault) == ("too_soon", False)
        assert client.device.output == {1: 2}
        assert client.guard.state == "armed"


@in_virtual_time
async def test_a_raise_in_a_ramp_is_refused_and_not_stored() -> None:
    async with guarded() as client:
        await client.armed(arm(1, plan(phase(pattern=CYCLE, duration_ms=600_000), kind="nmes")))
        await client.raised(2)
        await asyncio.sleep(10)
        assert (await client.ask(m.Level(1, 1, 3))).limit == "plateau"
        await asyncio.sleep(12)
        assert max(value[0].half_mA for event, value in client.device.log if event == "output") == 2


@in_virtual_time
async def test_a_plan_beyond_a_constant_is_refused_and_stops() -> None:
    async with guarded() as client:
        await client.hello()
        await client.stop_test()
        mark = client.mark()
        refused = await client.ask(arm(1, plan(phase(frequency_mHz=126_000))))
        assert (refused.limit, refused.asked, refused.allowed) == ("frequency", "126000", "1000…125000")
        assert refused.fault
        assert (await client.until_type(m.Stopped, mark)).why == "limit_frequency"
        assert "initialise" not in client.device.names()[client.device.names().index("stop") :]


@in_virtual_time
async def test_what_the_device_cannot_do_is_refused_before_it_starts() -> None:
    device = FakeStimulator()
    device.refusal = lambda targets: "It does not fit."  # type: ignore[method-assign]
    async with guarded(device) as client:
        await client.hello()
        await client.stop_test()
        refused = await client.ask(arm())
        assert (refused.limit, refused.asked, refused.fault) == ("device", "It does not fit.", False)
        assert client.guard.state == "idle"


@in_virtual_time
async def test_a_mistake_in_the_arithmetic_is_caught_at_the_last_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with guarded() as client:
        await client.armed()
        await client.raised(2)
        arming = client.guard._live
        assert isinstance(arming, Arming)
        arming.levels[1] = 90
        mark = client.mark()
        client.send(m.Present(1))
        stopped = await client.until_type(m.Stopped, mark)
        assert stopped.why == "guard_error"
        assert max(value[0].half_mA for event, value in client.device.log if event == "output") == 2
        assert client.result is not None
        assert await client.result == 1


# ── somebody is there, and the day's tally ──


@in_virtual_time
async def test_nobody_there_at_zero_ends_the_arming_after_three_minutes() -> None:
    async with guarded() as client:
        await client.armed(arm(1, plan(phase(duration_ms=2_000_000))))
        at_s, mark = virtual_time().now_s, client.mark()
        client.send(m.Present(1))
        await asyncio.sleep(179.9)
        assert client.guard.state == "armed"
        await asyncio.sleep(0.5)
        assert client.of(m.Stopped, mark)[0].why == "nobody_there"
        assert virtual_time().now_s - at_s < 181


@in_virtual_time
async def test_nobody_there_above_zero_ends_it_after_six_minutes_and_five_seconds() -> None:
    async with guarded() as client:
        await client.armed(arm(1, plan(phase(duration_ms=2_000_000))))
        await client.raised(2)
        client.send(m.Present(1))
        mark = client.mark()
        await asyncio.sleep(364.8)
        assert client.device.output == {1: 2}
        await asyncio.sleep(0.5)
        assert client.of(m.Stopped, mark)[0].why == "nobody_there"


@in_virtual_time
async def test_the_day_has_135_minutes_of_output() -> None:
    tally = Tally(None)
    tally.add(c.MAX_DAY_S - 10)
    async with guarded(tally=tally) as client:
        await client.armed()
        await client.raised(2)
        mark = client.mark()
        await asyncio.sleep(9)
        assert client.device.flowing
        await asyncio.sleep(2)
        assert client.of(m.Stopped, mark)[0].why == "day"
        await client.until_state("idle", mark)
        refused = await client.ask(arm(2))
        assert (refused.limit, refused.fault) == ("day", False)


@in_virtual_time
async def test_the_tally_counts_output_and_survives_the_process(tmp_path: Path) -> None:
    async with guarded(tally=Tally(str(tmp_path))) as client:
        await client.armed()
        assert Tally(str(tmp_path)).seconds() == 60.0, "a crash counts too much, never too little"
        await client.raised(2)
        await asyncio.sleep(10)
        client.send(m.Stop("key"))
        await client.until_state("idle", client.mark())
    assert 9.5 <= Tally(str(tmp_path)).seconds() <= 10.5


@in_virtual_time
async def test_a_tally_that_cannot_be_written_does_not_arm(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    tally = Tally(str(folder))
    folder.rmdir()
    async with guarded(tally=tally) as client:
        await client.hello()
        await client.stop_test()
        assert (await client.ask(arm())).limit == "tally"


# ── arming ──


@in_virtual_time
async def test_arming_needs_a_stop_test_that_the_device_confirmed() -> None:
    async with guarded() as client:
        await client.hello()
        assert (await client.ask(arm())).limit == "stop_test"
        client.send(m.Stop("key"))
        await client.until_type(m.Stopped)
        assert (await client.ask(arm())).limit == "stop_test", "a stop of nothing is no test"
        mark = client.mark()
        client.send(m.Test())
        stopped = await client.until_type(m.Stopped, mark)
        assert stopped.why == "test_over"
        assert (await client.ask(arm())).limit == "stop_test", "nobody pressed stop"
        await client.stop_test()
        client.send(arm())
        await client.until_state("armed")


@in_virtual_time
async def test_a_stop_test_that_was_not_confirmed_does_not_count() -> None:
    device = FakeStimulator()
    async with guarded(device) as client:
        await client.hello()
        client.send(m.Test())
        await client.until_state("testing")
        device.confirms = False
        client.send(m.Stop("test"))
        assert not (await client.until_type(m.Stopped)).confirmed
        device.confirms = True
        await client.until_state("idle", client.mark())
        assert (await client.ask(arm())).limit == "stop_test"


class SlowToSwitchOn(FakeStimulator):
    """Its stage comes on when `on` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.on = asyncio.Event()

    async def initialise(self) -> None:
        await self.on.wait()
        await super().initialise()


@in_virtual_time
async def test_a_stop_before_the_stage_was_on_is_no_stop_test() -> None:
    device = SlowToSwitchOn()
    async with guarded(device) as client:
        await client.hello()
        mark = client.mark()
        client.send(m.Test())
        await asyncio.sleep(0.05)
        assert [status.state for status in client.of(m.Status, mark)] == [], "it is not testing yet"
        client.send(m.Stop("key"))
        stopped = await client.until_type(m.Stopped, mark)
        assert (stopped.why, stopped.confirmed) == ("test_too_early", True)
        assert (await client.ask(arm())).limit == "stop_test"
        device.on.set()
        await client.stop_test()
        device.on.clear()
        mark = client.mark()
        client.send(m.Test())
        client.send(m.Stop("key"))
        assert (await client.until_type(m.Stopped, mark)).why == "test_too_early", "and so is the next one"
        assert (await client.ask(arm())).limit == "stop_test"
        device.on.set()
        await client.stop_test()
        client.send(arm())
        await client.until_state("armed")


@in_virtual_time
async def test_a_stage_that_says_it_is_off_was_not_stopped_by_the_test() -> None:
    device = FakeStimulator()
    async with guarded(device) as client:
        await client.hello()
        mark = client.mark()
        client.send(m.Test())
        await client.until_state("testing", mark)
        device.running = Running.OFF
        await asyncio.sleep(1)
        client.send(m.Stop("key"))
        assert (await client.until_type(m.Stopped, mark)).why == "test_too_early"
        assert (await client.ask(arm())).limit == "stop_test"


@in_virtual_time
async def test_the_stop_test_makes_no_pulse_and_ends_by_itself() -> None:
    async with guarded() as client:
        await client.hello()
        at_s = virtual_time().now_s
        mark = client.mark()
        client.send(m.Test())
        await client.until_type(m.Stopped, mark)
        assert 179 <= virtual_time().now_s - at_s <= 181
        assert "output" not in client.device.names()
        assert client.device.running is Running.OFF


@in_virtual_time
async def test_a_test_does_not_survive_an_arm() -> None:
    async with guarded() as client:
        await client.hello()
        await client.stop_test()
        mark = client.mark()
        client.send(m.Test())
        await client.until_state("testing", mark)
        assert (await client.ask(arm())).limit == "state"
        assert (await client.until_type(m.Stopped, mark)).why == "arm"
        await client.until_state("idle", mark)


@in_virtual_time
async def test_another_build_does_not_arm() -> None:
    async with guarded() as client:
        client.send(m.Hello(m.PROTOCOL_VERSION, "another"))
        await client.until_state("idle")
        await client.stop_test()
        assert (await client.ask(arm())).limit == "build"
        client.send(m.Hello(m.PROTOCOL_VERSION + 1, client.guard.build))
        assert (await client.ask(arm())).limit == "build"


@in_virtual_time
async def test_nothing_arms_while_armed() -> None:
    async with guarded() as client:
        await client.armed()
        assert (await client.ask(arm(2))).limit == "state"
        refused = await client.ask(m.Test())
        assert (refused.limit, refused.asked, refused.fault) == ("state", "armed", False)
        assert client.guard.state == "armed"


# ── stopping ──


@in_virtual_time
async def test_the_kernel_has_a_moment_to_carry_the_stop_frame_on_before_it_is_told() -> None:
    async with guarded() as client:
        await client.armed()
        clock, mark = virtual_time(), client.mark()
        client.guard.trip("key")
        stopped_s = clock.now_s
        assert client.device.names()[-1] == "stop_now"
        await client.until_state("stopping", mark)
        assert clock.now_s - stopped_s >= 0.00099


@in_virtual_time
async def test_the_stop_frame_leaves_before_anything_is_awaited() -> None:
    device = FakeStimulator()
    async with guarded(device) as client:
        await client.armed()
        await client.raised(2)
        device.hold = asyncio.Event()  # an update whose acknowledgement does not come
        client.send(m.Level(1, 1, 1))
        while device.output != {1: 1}:
            device.changed.clear()
            await device.changed.wait()
        seen = len(device.log)
        client.guard.trip("key")
        assert device.names()[seen:] == ["stop_now"], "in the same breath"
        device.hold.set()
        await client.until(lambda x: isinstance(x, m.Stopped) and x.why == "key")
        assert device.names()[seen:] == ["stop_now", "stop"], "and nothing after it"


@in_virtual_time
async def test_while_a_stop_is_not_confirmed_all_else_is_refused_and_one_answer_comes() -> None:
    device = FakeStimulator()
    async with guarded(device) as client:
        await client.armed()
        device.stop_hold = asyncio.Event()
        mark = client.mark()
        client.send(m.Stop("key"))
        await client.until_state("stopping", mark)
        for message in (arm(2), m.Test(), m.Level(1, 1, 1), m.Rest(1), m.Next(1)):
            assert not (await client.ask(message)).fault
        client.send(m.Stop("again"))
        client.send_raw(b"rubbish")
        await client.until_type(m.Fault, mark)
        device.stop_hold.set()
        await client.until_state("idle", mark)
        assert [x.why for x in client.of(m.Stopped, mark)] == ["key"]
        assert device.names().count("stop") == 2, "the STOP test's and this one"


@in_virtual_time
async def test_after_an_unconfirmed_stop_it_asks_until_the_device_says_off() -> None:
    device = FakeStimulator()
    async with guarded(device) as client:
        await client.armed()
        await client.raised(2)
        device.confirms = False
        mark = client.mark()
        client.send(m.Stop("key"))
        stopped = await client.until_type(m.Stopped, mark)
        assert (stopped.confirmed, stopped.how) == (False, "no answer, 3 s silence")
        await client.until_state("unconfirmed", mark)
        asked = device.names().count("identify")
        for message in (arm(2), m.Test()):
            assert (await client.ask(message)).limit == "state"
        await asyncio.sleep(5)
        assert device.names().count("identify") - asked in (4, 5, 6)
        assert "output" not in device.names()[device.names().index("stop", 5) :]
        assert client.guard.state == "unconfirmed"
        mark = client.mark()
        device.confirms = True
        await client.until_state("idle", mark)
        assert (await client.until_type(m.Device, mark)).present


@in_virtual_time
async def test_a_stop_counts_in_every_state() -> None:
    async with guarded() as client:
        await client.hello()
        mark = client.mark()
        client.send(m.Stop("key"))
        assert (await client.until_type(m.Stopped, mark)).confirmed
        client.send(m.Test())
        await client.until_state("testing", mark)
        client.send(m.Stop("key"))
        await client.until_state("idle", client.mark())
        assert len(client.of(m.Stopped, mark)) == 2


@in_virtual_time
async def test_the_client_leaving_stops_at_once_and_ends_the_process() -> None:
    async with guarded() as client:
        await client.armed()
        await client.raised(2)
        at_s = virtual_time().now_s
        client.close()
        assert client.result is not None
        assert await client.result == 0
        assert not client.device.flowing
        assert virtual_time().now_s - at_s < 0.01
        assert client.device.names()[-3:] == ["stop_now", "stop", "close"]


@in_virtual_time
async def test_asked_to_end_it_stops_confirms_and_ends() -> None:
    async with guarded() as client:
        await client.armed()
        await client.raised(2)
        client.guard.leave("terminated")
        assert not client.device.flowing
        assert client.result is not None
        assert await client.result == 0
        await client.until(lambda x: isinstance(x, m.Stopped) and x.why == "terminated")


@in_virtual_time
async def test_an_end_that_the_device_did_not_confirm_is_no_success() -> None:
    device = FakeStimulator()
    async with guarded(device) as client:
        await client.armed()
        device.confirms = False
        client.guard.leave("terminated")
        assert client.result is not None
        assert await client.result == 1


@pytest.mark.parametrize(
    "datagram",
    [
        b"{",
        b'{"type":"stop"}',
        b'{"type":"level","epoch":1,"channel":1,"half_mA":NaN}',
        b'{"type":"level","epoch":1,"channel":1,"half_mA":1.0}',
        b'{"type":"lease","epoch":1,"n":true,"boottime_ns":1}',
        b'{"type":"stopped"}',
        b"[" * 9_000,
        b"x" * 20_000,
    ],
)
@in_virtual_time
async def test_a_malformed_message_is_a_fault_and_stops(datagram: bytes) -> None:
    async with guarded() as client:
        await client.armed()
        await client.raised(2)
        mark = client.mark()
        client.send_raw(datagram)
        fault = await client.until_type(m.Fault, mark)
        assert (fault.epoch, fault.kind) == (1, "malformed")
        assert (await client.until_type(m.Stopped, mark)).why == "malformed"
        assert not client.device.flowing


@in_virtual_time
async def test_an_error_of_our_own_stops_and_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    async with guarded() as client:
        await client.armed()
        await client.raised(2)

        def broken(_message: Any) -> None:
            raise RuntimeError("a mistake")

        monkeypatch.setattr(client.guard, "_take", broken)
        mark = client.mark()
        client.send(m.Present(1))
        assert (await client.until_type(m.Stopped, mark)).why == "guard_error"
        assert not client.device.flowing
        assert client.result is not None
        assert await client.result == 1


@in_virtual_time
async def test_a_stop_frame_that_raises_does_not_hold_up_the_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    async with guarded() as client:
        await client.armed()
        await client.raised(2)

        def broken() -> None:
            raise RuntimeError("a mistake")

        monkeypatch.setattr(client.device, "stop_now", broken)
        mark, seen = client.mark(), len(client.device.log)
        client.send(m.Stop("key"))
        await client.until_type(m.Stopped, mark)
        assert client.device.names()[seen] == "stop"
        assert client.result is not None
        assert await client.result == 1


@in_virtual_time
async def test_a_stop_that_raises_is_unconfirmed_and_ends_the_process() -> None:
    device = FakeStimulator()
    async with guarded(device) as client:
        await client.armed()
        device.fails["stop"] = RuntimeError("a mistake")
        mark = client.mark()
        client.send(m.Stop("key"))
        assert not (await client.until_type(m.Stopped, mark)).confirmed
        assert client.result is not None
        assert await client.result == 1


# ── the device ──


@pytest.mark.parametrize(
    ("error", "kind", "channel"),
    [
        (DeviceStopped("A pad.", "electrode", 2), "electrode", 2),
        (DeviceStopped("It lapsed.", "lapsed"), "lapsed", None),
        (NoAnswer("No answer."), "no_answer", None),
        (Unplugged("The cable is out."), "unplugged", None),
    ],
)
@pytest.mark.parametrize("method", ["check", "apply"])
@in_virtual_time
async def test_a_device_that_is_not_well_is_a_fault_and_stops(
    method: str, error: Exception, kind: str, channel: int | None
) -> None:
    device = FakeStimulator()
    async with guarded(device) as client:
        await client.armed()
        await client.raised(2)
        device.fails[method] = error
        mark = client.mark()
        if method == "apply":
            client.send(m.Level(1, 1, 1))
        fault = await client.until_type(m.Fault, mark)
        assert (fault.epoch, fault.kind, fault.channel) == (1, kind, channel)
        stopped = await client.until_type(m.Stopped, mark)
        assert stopped.why == kind
        assert client.heard.index(fault) < client.heard.index(stopped)
        del device.fails[method]
        await asyncio.sleep(3)
        assert not device.flowing
        assert client.guard.state == "idle"


@in_virtual_time
async def test_trouble_that_nobody_asked_about_stops_at_once() -> None:
    device = FakeStimulator()
    async with guarded(device) as client:
        await client.armed()
        await client.raised(2)
        assert device.on_trouble is not None
        device.on_trouble(DeviceStopped("It failed.", "result"))
        assert device.names()[-1] == "stop_now"
        assert (await client.until_type(m.Fault)).kind == "result"
        assert (await client.until_type(m.Stopped, client.mark())).why == "result"


@in_virtual_time
async def test_the_state_is_read_at_least_every_250_ms_above_zero() -> None:
    device = FakeStimulator()
    times: list[float] = []
    check = device.check

    async def timed() -> Any:
        times.append(virtual_time().now_s)
        return await check()

    device.check = timed  # type: ignore[method-assign]
    async with guarded(device) as client:
        await client.armed(arm(1, plan(phase(pattern=CYCLE, duration_ms=600_000))))
        await client.raised(2)
        times.clear()
        await asyncio.sleep(20)
        assert max(later - earlier for earlier, later in pairwise(times)) <= 0.25


class SlowStimulator(FakeStimulator):
    """Takes its time for each answer."""

    def __init__(self, check_s: float, apply_s: float) -> None:
        super().__init__()
        self.check_s, self.apply_s = check_s, apply_s
        self.checked_s: list[float] = []

    async def check(self) -> Reading:
        self.checked_s.append(asyncio.get_running_loop().time())
        await asyncio.sleep(self.check_s)
        return await super().check()

    async def apply(self, targets: Targets) -> None:
        await super().apply(targets)
        await asyncio.sleep(self.apply_s)


@pytest.mark.parametrize(
    ("check_s", "apply_s"), [(0.002, 0.001), (0.02, 0.02), (0.06, 0.03), (0.1, 0.09), (0.09, 0.1)]
)
@in_virtual_time
async def test_the_state_of_a_slow_device_is_asked_for_every_250_ms_too(
    check_s: float, apply_s: float
) -> None:
    device = SlowStimulator(check_s, apply_s)
    cycles = plan(phase(pattern=CYCLE), kind="nmes")
    async with guarded(device) as client:
        await client.armed(arm(1, cycles))
        await client.raised(2)
        asked = len(device.checked_s)
        await client.until_type(m.Stopped, client.mark())
        asked_s = device.checked_s[asked:]
        assert max(after - before for before, after in pairwise(asked_s)) <= 0.25
        assert len(asked_s) > 200


@in_virtual_time
async def test_a_device_that_takes_longer_to_read_than_is_left_gets_its_outputs_all_the_same() -> None:
    async with guarded(SlowStimulator(check_s=0.18, apply_s=0.09)) as client:
        await client.armed(arm(1, plan(phase(pattern=CYCLE), kind="nmes")))
        await client.raised(2)


@in_virtual_time
async def test_a_change_of_waveform_passes_through_zero_at_the_device_also_when_a_reading_is_due() -> None:
    """Right before each change the level is lowered: it comes while that is under way, and a reading too."""
    lasting_ms = [2_211 + 37 * number for number in range(20)]
    phases = [
        phase(
            duration_ms=lasting_ms[number],
            pulse_width_us=180 if number % 2 else 200,
            frequency_mHz=60_000 + 1_000 * number,
        )
        for number in range(len(lasting_ms))
    ]
    device = SlowStimulator(check_s=0.1, apply_s=0.1)
    async with guarded(device) as client:
        await client.armed(arm(1, plan(phase(duration_ms=30_000), *phases)))
        for half_mA in range(2, 42, 2):
            await client.raised(half_mA)
            await asyncio.sleep(1)
        for number in range(1, len(phases)):
            told = await client.until(
                lambda x, n=number: isinstance(x, m.Status) and x.phase == n, client.mark()
            )
            await asyncio.sleep((lasting_ms[number - 1] - 150 - told.phase_elapsed_ms) / 1000)
            client.send(m.Level(1, 1, 40 - number))
        await client.until_type(m.Stopped, client.mark())
        outputs = [value for what, value in device.log if what == "output"]
        changes = [
            (before[0], after[0]) for before, after in pairwise(outputs) if wave(before) != wave(after)
        ]
        assert len(changes) == len(phases)
        assert all(before.half_mA for before, _ in changes)
        assert not any(after.half_mA for _, after in changes)


def wave(targets: Targets) -> tuple[int, object]:
    return targets[0].pulse_width_us, targets[0].frequency_Hz


@in_virtual_time
async def test_no_good_reading_for_500_ms_stops_before_any_further_update() -> None:
    device = FakeStimulator()
    async with guarded(device) as client:
        await client.armed(arm(1, plan(phase(pattern=CYCLE, duration_ms=600_000))))
        await client.raised(2)
        clock = virtual_time()
        updates = 0

        async def late_apply(_targets: Any) -> None:
            nonlocal updates
            updates += 1
            for _ in range(2):
                clock.now_s += 0.3  # the machine is busy; the client still gets its renewals through
                client.lease(1)
                await asyncio.sleep(0.001)

        device.apply = late_apply  # type: ignore[method-assign]
        mark = client.mark()
        client.send(m.Level(1, 1, 1))
        fault = await client.until_type(m.Fault, mark)
        assert fault.kind == "stale"
        assert (await client.until_type(m.Stopped, mark)).why == "stale"
        assert updates == 1


@in_virtual_time
async def test_a_stop_test_that_a_fault_ended_takes_back_the_one_before() -> None:
    device = FakeStimulator()
    async with guarded(device) as client:
        await client.hello()
        await client.stop_test()
        device.fails["check"] = DeviceStopped("It reports an error.", "result")
        mark = client.mark()
        client.send(m.Test())
        assert (await client.until_type(m.Stopped, mark)).why == "result"
        device.fails.clear()
        await client.until_state("idle", mark)
        assert (await client.ask(arm())).limit == "stop_test"


@pytest.mark.parametrize(
    ("error", "kind"),
    [(DeviceStopped("It restarted.", "restarted"), "restarted"), (NoAnswer("It is deaf."), "no_answer")],
)
@in_virtual_time
async def test_a_restart_of_the_device_is_identified_anew_and_the_second_ends_the_day(
    error: Exception, kind: str
) -> None:
    device = FakeStimulator()
    async with guarded(device) as client:
        await client.armed()
        for epoch in (1, 2):
            asked = device.names().count("identify")
            device.fails["check"] = error
            mark = client.mark()
            assert (await client.until_type(m.Fault, mark)).kind == kind
            device.fails.clear()
            await client.until_state("idle", mark)
            assert device.names().count("identify") == asked + 1
            assert (await client.until_type(m.Device, mark)).present
            client.stop_leasing()
            if epoch == 1:
                assert (await client.ask(arm(2))).limit == "stop_test", "nothing before a person was there"
                await client.stop_test()
                client.send(arm(2))
                client.keep_lease(2)
                await client.until(lambda x: isinstance(x, m.Status) and x.may_raise, client.mark())
        await client.stop_test()
        assert (await client.ask(arm(3))).limit == "restarts"


@pytest.mark.parametrize("confirms", [True, False])
@pytest.mark.parametrize("fault", ["restarted", "no_answer"])
@in_virtual_time
async def test_a_restart_that_a_stop_finds_out_counts_like_one_that_ends_in_a_stop(
    fault: str, *, confirms: bool
) -> None:
    device = FakeStimulator()
    async with guarded(device) as client:
        await client.armed()
        for epoch in (1, 2):
            asked = device.names().count("identify")
            device.stop_fault, device.confirms = fault, confirms
            mark = client.mark()
            client.send(m.Stop("person"))
            stopped = await client.until_type(m.Stopped, mark)
            assert (stopped.why, stopped.confirmed) == ("person", confirms), "her stop stays hers"
            device.stop_fault, device.confirms = "", True
            await client.until_state("idle", mark)
            assert device.names().count("identify") > asked, "who it is, is asked anew"
            client.stop_leasing()
            if epoch == 1:
                assert (await client.ask(arm(2))).limit == "stop_test"
                await client.stop_test()
                client.send(arm(2))
                client.keep_lease(2)
                await client.until(lambda x: isinstance(x, m.Status) and x.may_raise, client.mark())
        await client.stop_test()
        assert (await client.ask(arm(3))).limit == "restarts"


@pytest.mark.parametrize("fault", ["restarted", "no_answer"])
@in_virtual_time
async def test_the_stop_that_a_restart_led_to_does_not_count_it_again(fault: str) -> None:
    device = FakeStimulator()
    async with guarded(device) as client:
        await client.armed()
        device.stop_fault = fault
        device.fails["check"] = DeviceStopped("It restarted.", "restarted")
        mark = client.mark()
        await client.until_type(m.Stopped, mark)
        device.stop_fault = ""
        device.fails.clear()
        client.stop_leasing()
        await client.until_state("idle", mark)
        await client.stop_test()
        client.send(arm(2))
        await client.until_state("armed", client.mark())


async def armed_unless(refusal: str | None, client: Client) -> None:
    """It can be armed where nothing is named; else that is why not."""
    if refusal is not None:
        assert (await client.ask(arm())).limit == refusal
        return
    client.send(arm())
    await client.until_state("armed", client.mark())


@pytest.mark.parametrize(("fault", "refusal"), [("no_answer", None), ("restarted", "restarts")])
@in_virtual_time
async def test_a_restart_that_the_stop_of_a_stop_test_finds_out_has_it_tested_anew(
    fault: str, refusal: str | None
) -> None:
    device = FakeStimulator()
    async with guarded(device) as client:
        await client.hello()
        for _ in range(2):
            device.stop_fault = fault
            await client.stop_test()
            device.stop_fault = ""
            if refusal is not None:
                assert (await client.ask(arm())).limit == "stop_test"
        await client.stop_test()
        await armed_unless(refusal, client)


@in_virtual_time
async def test_a_restart_that_is_heard_with_a_stop_of_the_person_counts() -> None:
    device = FakeStimulator()
    async with guarded(device) as client:
        await client.armed()
        await client.raised(2)
        assert device.on_trouble is not None
        mark = client.mark()
        client.guard.trip("person", asked=True)
        for _ in range(2):
            device.on_trouble(DeviceStopped("It restarted.", "restarted"))
        assert (await client.until_type(m.Stopped, mark)).why == "person"
        client.stop_leasing()
        await client.until_state("idle", mark)
        assert client.of(m.Fault, mark) == [], "it ends nothing that has not ended"
        assert client.guard._tally.restarts() == 1
        assert (await client.ask(arm(2))).limit == "stop_test"


@pytest.mark.parametrize(
    ("error", "refusal"),
    [(NoAnswer("It is deaf."), None), (DeviceStopped("It restarted.", "restarted"), "restarts")],
)
@in_virtual_time
async def test_a_lost_answer_in_the_stop_test_fails_it_and_is_no_restart_but_a_restart_is_one(
    error: Exception, refusal: str | None
) -> None:
    device = FakeStimulator()
    async with guarded(device) as client:
        await client.hello()
        for _ in range(2):
            device.fails["check"] = error
            mark = client.mark()
            client.send(m.Test())
            await client.until_type(m.Fault, mark)
            device.fails.clear()
            await client.until_state("idle", mark)
            assert (await client.ask(arm())).limit == "stop_test", "it has to be done again"
        await client.stop_test()
        await armed_unless(refusal, client)


@in_virtual_time
async def test_a_stop_input_that_goes_while_its_own_test_is_confirmed_was_not_tested() -> None:
    device = FakeStimulator(stop_hold=asyncio.Event())
    assert device.stop_hold is not None
    async with guarded(device) as client:
        await client.hello()
        mark = client.mark()
        client.send(m.Test())
        await client.until_state("testing", mark)
        client.send(m.Stop("test"))
        await client.until_state("stopping", mark)
        client.guard.stop_input_lost("keyboard")
        device.stop_hold.set()
        await client.until_state("idle", mark)
        assert (await client.ask(arm())).limit == "stop_test"


@in_virtual_time
async def test_after_an_output_that_was_not_known_stop_is_tested_anew() -> None:
    device = FakeStimulator()
    async with guarded(device) as client:
        await client.armed()
        device.confirms = False
        client.send(m.Stop("key"))
        await client.until_state("unconfirmed")
        client.stop_leasing()
        mark = client.mark()
        device.confirms = True
        await client.until_state("idle", mark)
        assert (await client.ask(arm(2))).limit == "stop_test"


@in_virtual_time
async def test_another_guard_knows_of_the_restarts_of_the_last_24_hours_and_forgets_them_then(
    tmp_path: Path,
) -> None:
    running_s = 1_000.0

    def now() -> Moment:
        return Moment("this boot", running_s, 1.9e9)

    for _ in range(2):
        device = FakeStimulator()
        async with guarded(device, tally=Tally(str(tmp_path), now)) as client:
            await client.armed()
            device.fails["check"] = DeviceStopped("restarted", "restarted")
            mark = client.mark()
            await client.until_type(m.Stopped, mark)
            device.fails.clear()
            client.stop_leasing()
            await client.until_state("idle", mark)
    running_s += 23 * 3600
    async with guarded(tally=Tally(str(tmp_path), now)) as client:
        await client.hello()
        await client.stop_test()
        assert (await client.ask(arm())).limit == "restarts"
        running_s += 2 * 3600
        await client.armed()


@in_virtual_time
async def test_a_restart_while_idle_is_kept_at_once(tmp_path: Path) -> None:
    device = FakeStimulator()
    async with guarded(device, tally=Tally(str(tmp_path))) as client:
        await client.until_state("idle")
        device.fails["check"] = DeviceStopped("restarted", "restarted")
        await client.until_state("no_device", client.mark())
        assert Tally(str(tmp_path)).restarts() == 1


@in_virtual_time
async def test_without_a_device_it_says_why_and_finds_it_when_it_comes() -> None:
    device = FakeStimulator()
    opened = 0

    def open_device() -> FakeStimulator:
        nonlocal opened
        opened += 1
        if opened < 4:
            raise PortError("The stimulator's port is not there.")
        return device

    async with guarded(device, open_device=open_device) as client:
        client.send(m.Hello(m.PROTOCOL_VERSION, client.guard.build))
        absent = await client.until(lambda x: isinstance(x, m.Device) and "port" in x.sentence)
        assert not absent.present
        at_s = virtual_time().now_s
        assert (await client.ask(m.Test())).limit == "state"
        await client.until_state("idle")
        assert 2.9 <= virtual_time().now_s - at_s <= 3.1
        present = client.of(m.Device)[-1]
        assert (present.present, present.device_id, present.simulated) == (True, "SIM0000001", True)
        assert len(client.of(m.Device)) <= 4, "the same sentence once"


@pytest.mark.parametrize(("simulated", "device_id"), [(False, "SIM0000001"), (True, "1234567890")])
@in_virtual_time
async def test_a_simulator_and_hardware_are_never_taken_for_each_other(
    simulated: bool, device_id: str
) -> None:
    async with guarded(FakeStimulator(device_id=device_id), simulated=simulated) as client:
        await client.until(lambda x: isinstance(x, m.Device) and "simulator" in x.sentence)
        await asyncio.sleep(3)
        assert client.guard.state == "no_device"
        mark = client.mark()
        client.send(m.Stop("key"))
        await client.until_type(m.Stopped, mark)
        await asyncio.sleep(3)
        assert client.guard.state == "no_device", "nor after a stop"


@in_virtual_time
async def test_hardware_is_taken_when_it_was_asked_for() -> None:
    async with guarded(FakeStimulator(device_id="1234567890"), simulated=False) as client:
        await client.until_state("idle")
        assert not client.of(m.Device)[-1].simulated


@in_virtual_time
async def test_unplugged_while_idle_is_said_and_found_again() -> None:
    device = FakeStimulator()
    async with guarded(device) as client:
        await client.hello()
        mark = client.mark()
        device.fails = {"check": Unplugged("The cable is out."), "identify": Unplugged("The cable is out.")}
        gone = await client.until_type(m.Device, mark)
        assert (gone.present, gone.sentence) == (False, "The cable is out.")
        device.fails.clear()
        await client.until_state("idle", client.mark())
        assert client.of(m.Stopped, mark) == [], "nothing flowed"


@in_virtual_time
async def test_a_device_that_does_not_say_off_is_not_armed() -> None:
    device = FakeStimulator()
    async with guarded(device) as client:
        await client.hello()
        mark = client.mark()
        device.running = Running.RUNNING
        assert (await client.until_type(m.Stopped, mark)).why == "not_off"


# ── the connection ──


@in_virtual_time
async def test_a_client_that_does_not_read_does_not_hold_up_the_guard() -> None:
    async with guarded() as client:
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        await client.armed(arm(1, plan(phase(pattern=CYCLE, duration_ms=1_200_000))))
        await client.raised(2)
        asyncio.get_running_loop().remove_reader(client.sock)
        line = client.guard._client
        assert line is not None
        while line.send(b"{}"):  # until the socket is full
            pass
        for _ in range(3):
            played = len(client.device.log)
            await asyncio.sleep(20)
            assert len(client.device.log) > played, "it goes on playing"
        client.guard.trip("key")
        assert not client.device.flowing
        await asyncio.sleep(0.1)
        heard: list[Any] = []
        while not heard or not isinstance(heard[-1], m.Stopped):
            try:
                datagram = client.sock.recv(20_000)
            except BlockingIOError:
                await asyncio.sleep(0.01)
            else:
                heard += [m.decode(datagram, m.FromGuard)] if datagram != b"{}" else []
        assert heard[-1].why == "key", "what is no status was kept"
        assert sum(isinstance(message, m.Status) for message in heard) < 10, "and no old status"


@in_virtual_time
async def test_a_second_connection_may_stop_and_nothing_else(tmp_path: Path) -> None:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(str(tmp_path / "guard"))
    listener.listen(4)
    device = FakeStimulator()
    guard = Guard(
        "p24",
        lambda: device,
        simulated=True,
        listener=listener,
        client_uids=frozenset({os.getuid()}),
        now=virtual_time(),
    )
    running = asyncio.get_running_loop().create_task(guard.run())

    def connect() -> tuple[Line, list[bytes]]:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        sock.connect(str(tmp_path / "guard"))
        heard: list[bytes] = []
        line = Line(sock)
        line.listen(heard.append)
        return line, heard

    first, heard = connect()
    await asyncio.sleep(0.1)
    first.send(m.encode(m.Hello(m.PROTOCOL_VERSION, guard.build)))
    first.send(m.encode(m.Test()))
    await asyncio.sleep(0.1)
    first.send(m.encode(m.Stop("test")))
    await asyncio.sleep(0.1)
    first.send(m.encode(arm()))
    await asyncio.sleep(0.1)
    assert guard.state == "armed"

    second, replies = connect()
    await asyncio.sleep(0)
    second.send(m.encode(m.Lease(1, 10**6, virtual_time()().boot_ms * 1_000_000)))
    await asyncio.sleep(0.1)
    assert replies == [b""], "hung up on"
    assert guard.state == "armed"
    third, _replies = connect()
    await asyncio.sleep(0)
    third.send(m.encode(m.Stop("second")))
    await asyncio.sleep(0.1)
    assert guard.state == "idle"
    assert any(b'"why":"second"' in datagram for datagram in heard)

    third.close()
    first.close()
    await asyncio.sleep(0.1)
    assert not running.done(), "on a box the guard stays"
    again, heard = connect()
    await asyncio.sleep(0.1)
    again.send(m.encode(m.Hello(m.PROTOCOL_VERSION, guard.build)))
    await asyncio.sleep(0.1)
    statuses = [m.decode(datagram, m.FromGuard) for datagram in heard if b'"status"' in datagram]
    assert (statuses[-1].state, statuses[-1].epoch) == ("idle", 1), "the next client learns the epoch"
    again.send(m.encode(arm(2)))
    await asyncio.sleep(0.1)
    assert any(b'"stop_test"' in datagram for datagram in heard), "and has to test its own stop"
    guard.leave("terminated")
    assert await running == 0
    again.close()
    listener.close()


def test_now_is_two_clocks_in_whole_ms() -> None:
    from drivers.guard.lease import system_now

    first, second = system_now(), system_now()
    assert first.ms <= second.ms
    assert first.boot_ms >= first.ms, "CLOCK_BOOTTIME counts the sleep as well"
    assert isinstance(first, Now)
