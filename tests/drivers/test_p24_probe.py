"""The P24's low level, by which contact is measured: its map of leads, its two rounds, its stop (rule 22).

Against the virtual P24, whose log says what came out of which channel.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import groupby, pairwise
from typing import Any

import pytest

from drivers import limits
from drivers.contact import lead_contacts
from drivers.messages import LeadContact
from drivers.p24 import codec
from drivers.p24.codec import LlChannelConfig, LlChannelConfigAck, biphasic_pulse, command_frame
from drivers.p24.driver import P24, low_level_lead
from drivers.stimulator import DeviceStopped, NoAnswer, Preempted, ProbePulse, Refused, Running, Unplugged
from drivers.virtual import tissue
from drivers.virtual.device import RESTART_S
from drivers.virtual.faults import CHANNELS
from tests.drivers.device_bench import DeviceOnPty, fill, targets
from tests.drivers.guard_bench import in_virtual_time, virtual_time
from tests.drivers.p24_bench import p24_on_bench, ready_p24
from tests.drivers.rehastim2_bench import ready_rehastim2

ALL = tuple(CHANNELS)
PULSE = ProbePulse(1, 4, 100, "voltage")


@asynccontextmanager
async def probing_p24(**device: Any) -> AsyncIterator[tuple[P24, DeviceOnPty]]:
    """One pulse was given; the device's events begin after it is over."""
    async with p24_on_bench(**device) as (driver, bench):
        await driver.identify()
        await driver.begin_probe("voltage")
        await driver.probe(PULSE)
        bench.events.clear()
        bench.read.clear()
        yield driver, bench


async def contacts(driver: P24, *channels: int) -> list[LeadContact]:
    recordings = []
    for measures, pulses in groupby(driver.probe_pulses(channels), key=lambda pulse: pulse.measures):
        await driver.begin_probe(measures)
        recordings += [await driver.probe(pulse) for pulse in pulses]
    return list(lead_contacts(channels, recordings))


def pulses(bench: DeviceOnPty) -> list[tuple[float, float]]:
    """(channel, mA) of each output above zero, in the device's own words."""
    return [(one["channel"], one["current_mA"]) for output in bench.outputs() for one in output]


# ── which lead is which channel ──


@pytest.mark.parametrize("channel", ALL)
@in_virtual_time
async def test_a_pad_that_is_off_is_found_on_its_own_channel(channel: int) -> None:
    """The device's faults count by the mid level's channels, as printed on it; a probe by the low level's."""
    async with p24_on_bench() as (driver, bench):
        bench.fault(f"pad_off:{channel}")
        await driver.identify()
        found = {lead.channel: lead.contact for lead in await contacts(driver, *ALL)}
        assert found == {other: "open" if other == channel else "good" for other in ALL}


@in_virtual_time
async def test_the_mid_level_names_the_same_lead_as_the_probe() -> None:
    """One pad off: the therapy's own fault and the contact check say the same channel."""
    async with p24_on_bench() as (driver, bench):
        bench.fault("pad_off:2")
        await driver.identify()
        assert [lead.channel for lead in await contacts(driver, 1, 2, 3) if lead.contact == "open"] == [2]
        assert (await driver.stop()).confirmed
        await driver.initialise()
        await driver.apply(targets(4, 40, 4))
        await bench.until(lambda: bench.outputs()[-1] == [])
        with pytest.raises(DeviceStopped) as stopped:
            await driver.check()
        assert (stopped.value.fault, stopped.value.channel) == ("electrode", 2)


def test_the_map_is_the_cards() -> None:
    yellow, green = 0, 1
    red, blue, black, white = range(4)
    assert [low_level_lead(channel) for channel in ALL] == [
        (yellow, red),
        (yellow, blue),
        (yellow, black),
        (yellow, white),
        (green, red),
        (green, blue),
        (green, black),
        (green, white),
    ]


@pytest.mark.parametrize(
    ("fault", "contact"),
    [("pad_off:3", "open"), ("pad_half:3", "dry"), ("gel_dry:3", "dry"), ("pad_on:3", "good")],
)
@in_virtual_time
async def test_what_happened_to_the_pads_is_measured(fault: str, contact: str) -> None:
    async with p24_on_bench() as (driver, bench):
        bench.fault(fault)
        await driver.identify()
        found = await contacts(driver, 3, 4)
        assert [lead.contact for lead in found] == [contact, "good"]
        lead = bench.device.leads[3]
        if lead is not None:
            assert found[0].series_ohm == pytest.approx(lead.series_ohm, rel=0.02)
            assert found[0].load_ohm == pytest.approx(lead.voltage_V(2, 100) / 2 * 1000, rel=0.02)


# ── what goes out ──


@in_virtual_time
async def test_the_device_sees_five_balanced_pulses_a_pair_each_followed_by_zero() -> None:
    async with p24_on_bench() as (driver, bench):
        await driver.identify()
        await contacts(driver, 2, 6)
        assert pulses(bench) == [(2, 2.0), (6, 2.0)] * 5
        outputs = [event for event in bench.events if event["event"] == "output"]
        for begin, end in pairwise(outputs):
            if begin["channels"]:
                (one,) = begin["channels"]
                assert (one["pulse_width_us"], one["net_charge_nC"]) == (100, 0.0)
                assert end["channels"] == []
                assert end["t"] - begin["t"] == pytest.approx(300e-6, abs=5e-6)
        assert outputs[-1]["channels"] == []


@in_virtual_time
async def test_voltage_and_current_are_two_rounds_with_the_level_off_in_between() -> None:
    async with p24_on_bench() as (driver, bench):
        await driver.identify()
        bench.events.clear()
        await contacts(driver, 1, 2)
        await driver.stop()
        config = "Ll_channel_config"
        assert bench.names() == [
            *("Ll_init", *[config] * 6, "Ll_stop"),
            *("Ll_init", *[config] * 4, "Ll_stop"),
            "Get_stim_status",
        ]


@in_virtual_time
async def test_low_and_mid_level_are_never_on_together() -> None:
    async with ready_p24() as (driver, bench):
        await driver.apply(targets(2))
        assert (await driver.stop()).confirmed
        await contacts(driver, 1)
        assert (await driver.stop()).confirmed
        await driver.initialise()
        await driver.apply(targets(2))
        assert (await driver.check()).running is Running.RUNNING
        assert (await driver.stop()).confirmed
        assert [event for event in bench.events if event["event"] == "refused"] == []
        levels = [name for name in bench.names() if name.endswith(("_init", "_stop"))]
        assert levels == ["Ml_stop", "Ll_init", "Ll_stop", "Ll_init", "Ll_stop", "Ml_init", "Ml_stop"]


# ── who may, and when ──


@in_virtual_time
async def test_nothing_is_probed_before_it_said_who_it_is_or_after_a_stop() -> None:
    async with p24_on_bench() as (driver, bench):
        with pytest.raises(Refused):
            await driver.begin_probe("voltage")
        await driver.identify()
        with pytest.raises(Refused):
            await driver.probe(PULSE)
        await driver.begin_probe("voltage")
        await driver.probe(PULSE)
        assert (await driver.stop()).confirmed
        bench.events.clear()
        with pytest.raises(Refused):
            await driver.probe(PULSE)
        assert bench.events == []
        await driver.begin_probe("voltage")
        assert (await driver.probe(PULSE)).hundredths


@in_virtual_time
async def test_while_it_probes_nothing_is_applied_and_the_other_way_round() -> None:
    async with probing_p24() as (driver, bench):
        with pytest.raises(Refused):
            await driver.apply(targets(2))
        assert bench.names() == []
        assert (await driver.stop()).confirmed
        await driver.initialise()
        with pytest.raises(Refused):
            await driver.probe(PULSE)


@in_virtual_time
async def test_another_quantity_is_not_measured_unasked() -> None:
    async with probing_p24() as (driver, bench):
        with pytest.raises(Refused):
            await driver.probe(ProbePulse(1, 4, 100, "current"))
        assert bench.names() == []


@in_virtual_time
async def test_a_device_that_cannot_measure_says_so() -> None:
    async with ready_rehastim2() as (driver, _bench):
        assert not driver.capabilities.measures_contact
        assert driver.probe_pulses((1, 2)) == ()
        with pytest.raises(Refused):
            await driver.begin_probe("voltage")
        with pytest.raises(Refused):
            await driver.probe(PULSE)


# ── what the device may answer ──


@pytest.mark.parametrize("result", [codec.RESULT_ELECTRODE, codec.RESULT_LOW_CURRENT])
@in_virtual_time
async def test_a_current_that_did_not_flow_is_no_fault_but_no_contact(
    result: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with probing_p24() as (driver, bench):
        monkeypatch.setattr(type(bench.device), "_low_level_pulse", lambda *_: LlChannelConfigAck(result))
        assert (await driver.probe(PULSE)).hundredths is None
        monkeypatch.undo()
        assert (await driver.probe(PULSE)).hundredths, "and the next pair is measured"


@pytest.mark.parametrize(
    ("result", "fault"),
    [
        (codec.RESULT_BUSY, "result"),
        (codec.RESULT_HIGH_VOLTAGE, "result"),
        (codec.RESULT_NOT_INITIALISED, "restarted"),
        (codec.RESULT_PULSE_TIMEOUT, "pulse_timeout"),
    ],
)
@in_virtual_time
async def test_any_other_result_latches(result: int, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with probing_p24() as (driver, bench):
        monkeypatch.setattr(type(bench.device), "_low_level_pulse", lambda *_: LlChannelConfigAck(result))
        with pytest.raises(DeviceStopped) as stopped:
            await driver.probe(PULSE)
        assert stopped.value.fault == fault
        monkeypatch.undo()
        with pytest.raises(DeviceStopped):
            await driver.probe(PULSE)
        assert bench.outputs() == []


@in_virtual_time
async def test_a_busy_device_is_not_pressed() -> None:
    """It was given one pulse at a time: a queue that is full is not ours."""
    async with probing_p24() as (driver, bench):
        bench.fault("busy")
        with pytest.raises(DeviceStopped):
            await driver.probe(PULSE)
        assert (await driver.stop()).confirmed
        assert bench.outputs() == [[]]


@pytest.mark.parametrize(
    "other",
    [
        LlChannelConfigAck(0, 1, 0, codec.MEASURE_VOLTAGE, 3, (1,) * 128),
        LlChannelConfigAck(0, 0, 1, codec.MEASURE_VOLTAGE, 3, (1,) * 128),
        LlChannelConfigAck(0, 0, 0, codec.MEASURE_CURRENT, 3, (1,) * 128),
        LlChannelConfigAck(0, 0, 0),
    ],
    ids=["lead", "connector", "measurement", "not measured"],
)
@in_virtual_time
async def test_what_was_measured_elsewhere_is_not_taken_for_an_answer(
    other: LlChannelConfigAck, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with probing_p24() as (driver, bench):
        monkeypatch.setattr(type(bench.device), "_low_level_pulse", lambda *_: other)
        with pytest.raises(DeviceStopped):
            await driver.probe(PULSE)


@in_virtual_time
async def test_an_answer_with_samples_missing_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    short = LlChannelConfigAck(0, 0, 0, codec.MEASURE_VOLTAGE, 3, (1,) * 127)
    async with probing_p24() as (driver, bench):
        monkeypatch.setattr(type(bench.device), "_low_level_pulse", lambda *_: short)
        with pytest.raises(NoAnswer):
            await driver.probe(PULSE)


@pytest.mark.parametrize("fault", ["ack_lost", "truncated:out", "truncated:in", "mute:1"])
@in_virtual_time
async def test_a_lost_answer_ends_it(fault: str) -> None:
    async with probing_p24() as (driver, bench):
        bench.fault(fault)
        with pytest.raises(NoAnswer):
            await driver.probe(PULSE)
        assert (await driver.stop()).confirmed
        assert bench.outputs()[-1] == []


@pytest.mark.parametrize("fault", ["garbage:64", "duplicate_ack", "stale_ack"])
@in_virtual_time
async def test_noise_does_not_change_what_is_measured(fault: str) -> None:
    async with probing_p24() as (driver, bench):
        expected = await driver.probe(PULSE)
        bench.fault(fault)
        assert await driver.probe(PULSE) == expected
        assert await driver.probe(PULSE) == expected


@in_virtual_time
async def test_an_error_that_nobody_asked_for_is_told_at_once() -> None:
    async with probing_p24() as (driver, bench):
        told: list[Exception] = []
        driver.on_trouble = told.append
        bench.fault("error:8")
        async with asyncio.timeout(5):
            while not told:  # noqa: ASYNC110 - told by the driver's callback
                await asyncio.sleep(0.001)
        with pytest.raises(DeviceStopped):
            await driver.probe(PULSE)


@in_virtual_time
async def test_a_restart_that_meets_the_stop_of_a_check_is_seen_by_the_stop() -> None:
    async with probing_p24() as (driver, bench):
        bench.fault("brown_out")
        bench.device._deaf_until_s = 0
        assert (await driver.stop()).fault == "restarted"


@pytest.mark.parametrize("after_s", [None, 0.0, 0.0005, 0.001, 0.002, 0.1])
@in_virtual_time
async def test_a_stop_between_the_two_rounds_of_a_check_saw_no_restart(after_s: float | None) -> None:
    async with probing_p24() as (driver, _bench):
        if after_s is None:
            await driver.begin_probe("current")
        else:
            beginning = asyncio.create_task(driver.begin_probe("current"))
            await asyncio.sleep(after_s)
        assert (await driver.stop()).fault == ""
        if after_s is not None:
            await asyncio.gather(beginning, return_exceptions=True)


@in_virtual_time
async def test_a_brown_out_is_seen_by_the_next_pulse() -> None:
    async with probing_p24() as (driver, bench):
        bench.fault("brown_out")
        with pytest.raises(NoAnswer):
            await driver.probe(PULSE)
        await asyncio.sleep(RESTART_S)
        with pytest.raises(DeviceStopped) as stopped:
            await driver.probe(PULSE)
        assert stopped.value.fault == "restarted"
        assert pulses(bench) == []


@in_virtual_time
async def test_unplugged() -> None:
    async with probing_p24() as (driver, bench):
        bench.fault("unplug")
        with pytest.raises(Unplugged):
            await driver.probe(PULSE)


# ── the stop ──


@in_virtual_time
async def test_a_stop_ends_the_low_level_and_is_believed_when_the_device_says_so() -> None:
    async with probing_p24() as (driver, bench):
        driver.stop_now()
        outcome = await driver.stop()
        assert (outcome.confirmed, outcome.tries, outcome.how) == (True, 1, "status 0, high voltage off")
        assert bench.names() == ["Ll_stop", "Get_stim_status"]


@in_virtual_time
async def test_a_stop_does_not_wait_for_the_pulse_in_flight() -> None:
    async with probing_p24(latency_s=0.05) as (driver, bench):
        probed = asyncio.create_task(driver.probe(PULSE))
        await bench.until(lambda: "Ll_channel_config" in bench.names())
        driver.stop_now()
        at_s = virtual_time().now_s
        await bench.until(lambda: "Ll_stop" in bench.names())
        assert virtual_time().now_s - at_s < 0.04
        assert (await driver.stop()).confirmed
        with pytest.raises(Preempted):
            await probed
        assert bench.outputs()[-1] == []


@in_virtual_time
async def test_a_stop_between_the_rounds_is_a_stop() -> None:
    """When Ll_stop has left and Ll_init not yet, and when Ll_init has and its answer is missing."""
    for name in ("Ll_stop", "Ll_init"):
        async with probing_p24(latency_s=0.02) as (driver, bench):
            probed = asyncio.create_task(driver.begin_probe("current"))
            await bench.until(lambda name=name, bench=bench: name in bench.names())  # type: ignore[misc]
            assert (await driver.stop()).confirmed
            with pytest.raises(Preempted):
                await probed
            assert pulses(bench) == []
            assert (await driver.check()).running is Running.OFF


@in_virtual_time
async def test_a_stop_gets_through_a_full_port() -> None:
    async with probing_p24() as (driver, bench):
        bench.freeze()
        fill(driver._link._fd)
        probed = asyncio.create_task(driver.probe(PULSE))
        await asyncio.sleep(0)
        assert driver._link.unsent > 0
        driver.stop_now()
        bench.thaw()
        assert (await driver.stop()).confirmed
        with pytest.raises(Preempted):
            await probed
        assert pulses(bench) == []


@pytest.mark.parametrize("left", range(1, 21, 3))
@in_virtual_time
async def test_a_stop_after_half_a_pulse_frame(left: int) -> None:
    """What stuck in the device swallows the first stop; the second one voids it. No pulse comes of it."""
    frame = command_frame(LlChannelConfig(True, 0, 0, biphasic_pulse(4, 100)), 60)
    async with probing_p24() as (driver, bench):
        os.write(driver._link._fd, frame[:left])
        outcome = await driver.stop()
        assert outcome.confirmed
        assert outcome.tries <= 2
        assert pulses(bench) == []


@in_virtual_time
async def test_a_busy_device_gets_time_between_the_tries() -> None:
    async with probing_p24() as (driver, bench):
        bench.fault("busy:4")
        outcome = await driver.stop()
        assert (outcome.confirmed, outcome.tries) == (True, 3)


@pytest.mark.parametrize(("fault", "tries"), [("stop_ignored:1", 2), ("ack_lost:2", 2), ("truncated:in", 2)])
@in_virtual_time
async def test_a_lost_stop_is_tried_again(fault: str, tries: int) -> None:
    async with probing_p24() as (driver, bench):
        bench.fault(fault)
        outcome = await driver.stop()
        assert (outcome.confirmed, outcome.tries) == (True, tries)


@in_virtual_time
async def test_after_a_stop_that_is_always_lost_there_is_silence_and_no_pulse(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The low level has no time-out of its own to wait for: nothing flows, because no pulse was asked for."""
    monkeypatch.setattr(limits, "SILENCE_S", 0.3)
    async with probing_p24() as (driver, bench):
        bench.fault("stop_ignored:0")
        stop = asyncio.create_task(driver.stop())
        await bench.until(lambda: bench.names().count("Get_stim_status") == 3)
        await asyncio.sleep(0.05)
        bench.read.clear()
        assert not (await stop).confirmed
        assert bench.read == b""
        assert pulses(bench) == []
        assert bench.device._level == codec.LEVEL_LOW_READY


@in_virtual_time
async def test_whoever_comes_next_stops_a_low_level_that_was_left_on() -> None:
    async with probing_p24() as (driver, bench):
        driver._low_level = False  # as another process's driver would begin
        identity = await driver.identify()
        assert identity.simulated
        assert bench.names()[:2] == ["Get_stim_status", "Ll_stop"]
        assert (await driver.check()).running is Running.OFF


def test_the_faults_of_pads_and_the_leads_are_the_same_kind_of_thing() -> None:
    """What the tests above call good and dry is what the tissue model's parameters say."""
    assert (tissue.GOOD.series_ohm, tissue.GOOD.skin_ohm, tissue.GOOD.skin_uF) == (500, 3_000, 0.5)
    assert (tissue.DRY.series_ohm, tissue.DRY.skin_ohm, tissue.DRY.skin_uF) == (1_500, 10_000, 0.1)
