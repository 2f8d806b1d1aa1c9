"""The contact check in the guard (rule 22): who may ask for it, its limits and its ends, in virtual time."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from drivers import limits as c
from drivers import messages as m
from drivers.guard.lease import Now
from drivers.guard.probe import Probing
from drivers.stimulator import DeviceStopped, NoAnswer, ProbePulse, Running, Unplugged
from drivers.tally import Tally
from drivers.virtual import tissue
from tests.drivers.guard_bench import (
    Client,
    FakeStimulator,
    arm,
    guarded,
    in_virtual_time,
    virtual_time,
)

PULSE = ProbePulse(1, 4, 100, "voltage")


def pulses(client: Client) -> list[ProbePulse]:
    """What the device was given."""
    return [value for name, value in client.device.log if name == "probe"]


async def probing(client: Client, *channels: int, epoch: int = 1) -> int:
    """A contact check that has given its first pulse; where the messages since then begin."""
    await client.hello()
    await client.stop_test()
    mark = client.mark()
    client.send(m.Probe(epoch, channels or (1, 2)))
    client.keep_lease(epoch)
    while not pulses(client):
        client.device.changed.clear()
        await client.device.changed.wait()
    return mark


# ── a whole one ──


@in_virtual_time
async def test_it_says_of_each_pair_how_it_lies_and_then_stops() -> None:
    device = FakeStimulator(leads={1: tissue.GOOD, 2: tissue.DRY, 5: None, 6: tissue.GOOD.half_off()})
    async with guarded(device) as client:
        mark = await probing(client, 1, 2, 5, 6)
        contact = await client.until_type(m.Contact, mark)
        assert contact.epoch == 1
        assert [(lead.channel, lead.contact) for lead in contact.leads] == [
            (1, "good"),
            (2, "dry"),
            (5, "open"),
            (6, "dry"),
        ]
        good, dry, off, _half = contact.leads
        assert good.load_ohm == pytest.approx(693, rel=0.01)
        assert dry.series_ohm == pytest.approx(1_500, rel=0.01)
        assert (off.load_ohm, off.series_ohm) == (None, None)
        stopped = await client.until_type(m.Stopped, mark)
        assert (stopped.epoch, stopped.why, stopped.confirmed) == (1, "probed", True)
        assert client.heard.index(contact) < client.heard.index(stopped)
        assert client.device.names()[-2:] == ["stop_now", "stop"]
        await client.until_state("idle", mark)


@in_virtual_time
async def test_each_pair_gets_five_pulses_of_2_mA_and_100_us_at_least_100_ms_apart() -> None:
    times: list[float] = []

    class Timed(FakeStimulator):
        async def probe(self, pulse: ProbePulse) -> Any:
            times.append(virtual_time().now_s)
            return await super().probe(pulse)

    async with guarded(Timed(probe_takes_s=0.030)) as client:
        mark = await probing(client, 1, 2)
        await client.until_type(m.Contact, mark)
        given = pulses(client)
        assert {(pulse.half_mA, pulse.pulse_width_us) for pulse in given} == {(4, 100)}
        assert [pulse.channel for pulse in given] == [1, 2] * 5
        pauses = [later - earlier - 0.030 for earlier, later in pairwise(times)]
        assert min(pauses) >= 0.099, "from the answer on: the pulse itself may have come as late as that"


@in_virtual_time
async def test_the_stop_test_stays_good_for_the_session_after_a_clean_check() -> None:
    async with guarded() as client:
        mark = await probing(client)
        await client.until_type(m.Stopped, mark)
        client.stop_leasing()
        mark = client.mark()
        client.send(arm(2))
        client.keep_lease(2)
        await client.until(lambda x: isinstance(x, m.Status) and x.may_raise, mark)
        client.send(m.Stop("key"))
        await client.until_type(m.Stopped, mark)
        client.stop_leasing()
        mark = client.mark()
        client.send(m.Probe(3, (1,)))
        client.keep_lease(3)
        await client.until_type(m.Contact, mark)


@in_virtual_time
async def test_a_status_says_that_it_is_probing_at_least_every_250_ms() -> None:
    async with guarded() as client:
        mark = await probing(client, 1, 2, 3, 4)
        contact = await client.until_type(m.Contact, mark)
        told = client.heard[mark : client.heard.index(contact)]
        statuses = [one for one in told if isinstance(one, m.Status)]
        assert {(one.state, one.epoch, one.channels) for one in statuses} == {("probing", 1, ())}
        assert len(statuses) >= 7
        assert statuses[-1].n >= 15, "the last renewal that was taken"


@in_virtual_time
async def test_checks_one_after_the_other_keep_the_pause_too() -> None:
    """Whoever asks again and again gets no faster pulses than who asks once."""
    times: list[float] = []

    class Timed(FakeStimulator):
        async def probe(self, pulse: ProbePulse) -> Any:
            times.append(virtual_time().now_s)
            return await super().probe(pulse)

    async with guarded(Timed(probe_takes_s=0.0)) as client:
        await client.hello()
        await client.stop_test()
        for epoch in range(1, 6):
            mark = client.mark()
            client.send(m.Probe(epoch, (1,)))
            while len(times) < epoch:
                client.device.changed.clear()
                await client.device.changed.wait()
            client.send(m.Stop("key"))
            await client.until_state("idle", mark)
        assert min(later - earlier for earlier, later in pairwise(times)) >= 0.0999


# ── who may ask for it ──


@in_virtual_time
async def test_it_needs_a_stop_test() -> None:
    async with guarded() as client:
        await client.hello()
        refused = await client.ask(m.Probe(1, (1,)))
        assert (refused.limit, refused.fault) == ("stop_test", False)
        assert pulses(client) == []


@pytest.mark.parametrize("epoch", [-1, 0, 2])
@in_virtual_time
async def test_its_epoch_is_the_guards_next(epoch: int) -> None:
    async with guarded() as client:
        await client.hello()
        await client.stop_test()
        assert (await client.ask(m.Probe(epoch, (1,)))).limit == "epoch"
        assert pulses(client) == []


@pytest.mark.parametrize(
    ("channels", "name"), [((), "channels"), ((1, 1), "channel_twice"), ((0,), "channel"), ((9,), "channel")]
)
@in_virtual_time
async def test_channels_that_there_are_not_are_a_fault(channels: tuple[int, ...], name: str) -> None:
    async with guarded() as client:
        await client.hello()
        await client.stop_test()
        mark = client.mark()
        refused = await client.ask(m.Probe(1, channels))
        assert (refused.limit, refused.fault) == (name, True)
        assert (await client.until_type(m.Stopped, mark)).why == f"limit_{name}"
        assert "begin_probe" not in client.device.names()


@in_virtual_time
async def test_a_device_that_cannot_measure_is_not_asked_to() -> None:
    device = FakeStimulator()
    device.capabilities = replace(device.capabilities, measures_contact=False)
    async with guarded(device) as client:
        await client.hello()
        assert not client.of(m.Device)[-1].measures_contact
        await client.stop_test()
        refused = await client.ask(m.Probe(1, (1,)))
        assert (refused.limit, refused.fault) == ("probe", False)
        assert client.guard.state == "idle"
        assert "begin_probe" not in device.names()


@in_virtual_time
async def test_nothing_is_sent_into_a_person_whose_day_is_full_or_not_known(tmp_path: Path) -> None:
    (tmp_path / "tally.json").write_text("{")
    full = Tally(None)
    full.add(c.MAX_DAY_S)
    for tally in (Tally(str(tmp_path)), full):
        async with guarded(tally=tally) as client:
            await client.hello()
            await client.stop_test()
            refused = await client.ask(m.Probe(1, (1,)))
            assert (refused.limit, refused.fault) == ("day", False)
            assert "begin_probe" not in client.device.names()


@in_virtual_time
async def test_a_tally_that_cannot_be_written_does_not_probe(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    tally = Tally(str(folder))
    folder.rmdir()
    async with guarded(tally=tally) as client:
        await client.hello()
        await client.stop_test()
        assert (await client.ask(m.Probe(1, (1,)))).limit == "tally"
        assert "begin_probe" not in client.device.names()


@in_virtual_time
async def test_the_device_says_that_it_can_measure() -> None:
    async with guarded() as client:
        await client.hello()
        assert client.of(m.Device)[-1].measures_contact


@in_virtual_time
async def test_nothing_else_begins_while_it_probes() -> None:
    async with guarded() as client:
        await probing(client)
        for message in (arm(2), m.Probe(2, (1,)), m.Test()):
            refused = await client.ask(message)
            assert (refused.limit, refused.asked, refused.fault) == ("state", "probing", False)
        for message in (m.Level(1, 1, 2), m.Next(1), m.Rest(1)):
            assert (await client.ask(message)).limit == "old_epoch"
        assert client.device.output == {}
        assert client.guard.state == "probing"


# ── its limits ──


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ((replace(PULSE, half_mA=5),), "probe_current"),
        ((replace(PULSE, half_mA=-4),), "probe_current"),
        ((replace(PULSE, pulse_width_us=101),), "probe_width"),
        ((replace(PULSE, channel=2),), "probe_channel"),
        ((PULSE,) * 6, "probe_pulses"),
    ],
)
@in_virtual_time
async def test_a_driver_that_wants_more_is_refused_and_stopped(
    wanted: tuple[ProbePulse, ...], name: str
) -> None:
    device = FakeStimulator(pulses=wanted)
    async with guarded(device) as client:
        await client.hello()
        await client.stop_test()
        mark = client.mark()
        client.send(m.Probe(1, (1,)))
        client.keep_lease(1)
        refused = await client.until_type(m.Refused, mark)
        assert (refused.epoch, refused.limit, refused.fault) == (1, name, True)
        assert (await client.until_type(m.Stopped, mark)).why == f"limit_{name}"
        assert client.of(m.Contact, mark) == []
        given = pulses(client)
        assert given == list(wanted[: len(given)])
        assert len(given) == (5 if name == "probe_pulses" else 0), "what is beyond did not leave"


def test_a_pulse_too_soon_after_the_last_one_is_beyond_a_limit() -> None:
    check = Probing(m.Probe(1, (1, 2)), Now(0, 0))
    assert check.take(PULSE, Now(100, 100)) is None
    check.given(Now(102, 102))
    soon = replace(PULSE, channel=2)
    refused = check.take(soon, Now(201, 201))
    assert refused is not None
    assert (refused.limit, refused.asked, refused.fault) == ("probe_pause", "99", True)


# ── its ends ──


@in_virtual_time
async def test_without_a_lease_it_ends_within_500_ms() -> None:
    async with guarded() as client:
        mark = await probing(client, *range(1, 9))
        client.stop_leasing()
        client.lease(1)
        at_s = virtual_time().now_s
        stopped = await client.until_type(m.Stopped, mark)
        assert (stopped.why, stopped.confirmed) == ("lease", True)
        assert virtual_time().now_s - at_s <= 0.502 + c.PROBE_PAUSE_MS / 1000
        given = len(pulses(client))
        assert given <= 6, "not one pulse after the lease"
        client.keep_lease(1)
        await asyncio.sleep(2)
        assert len(pulses(client)) == given
        assert client.of(m.Contact, mark) == []


@in_virtual_time
async def test_not_one_pulse_leaves_after_the_lease_has_lapsed() -> None:
    last_s: list[float] = []

    class Timed(FakeStimulator):
        async def probe(self, pulse: ProbePulse) -> Any:
            last_s.append(virtual_time().now_s)
            return await super().probe(pulse)

    async with guarded(Timed(probe_takes_s=0.0)) as client:
        await client.hello()
        await client.stop_test()
        mark, at_s = client.mark(), virtual_time().now_s
        client.send(m.Probe(1, tuple(range(1, 9))))
        await client.until_type(m.Stopped, mark)
        assert last_s[-1] - at_s < c.LEASE_S
        assert len(last_s) == 4


@in_virtual_time
async def test_a_lease_that_lapses_while_the_device_gets_ready_lets_no_pulse_out() -> None:
    device = FakeStimulator(begin_probe_takes_s=0.51)
    async with guarded(device) as client:
        await client.hello()
        await client.stop_test()
        mark = client.mark()
        client.send(m.Probe(1, (1,)))
        assert (await client.until_type(m.Stopped, mark)).why == "lease"
        assert "begin_probe" in device.names()
        assert pulses(client) == []


@in_virtual_time
async def test_renewals_that_waited_in_the_socket_do_not_revive_it() -> None:
    async with guarded() as client:
        mark = await probing(client, *range(1, 9))
        client.stop_leasing()
        virtual_time().now_s += 0.6  # SIGSTOP … SIGCONT
        client.lease(1)
        given = len(pulses(client))
        assert (await client.until_type(m.Stopped, mark)).why == "lease"
        assert len(pulses(client)) == given


@pytest.mark.parametrize(
    "way", ["key", "button", "input_lost", "client_gone", "malformed", "leave", "stopper"]
)
@in_virtual_time
async def test_whatever_stops_stops_it_at_once_by_the_one_path(way: str) -> None:
    async with guarded() as client:
        mark = await probing(client, *range(1, 9))
        guard, given = client.guard, len(pulses(client))
        at_s = virtual_time().now_s
        match way:
            case "key":
                client.send(m.Stop("key"))
            case "button":
                guard.stop_pressed("button")
            case "input_lost":
                guard.stop_input_lost("button")
            case "client_gone":
                client.close()
            case "malformed":
                client.send_raw(b"{}")
            case "leave":
                guard.leave("terminated")
            case "stopper":
                guard.trip("second connection")
        while "stop" not in client.device.names()[-1:]:
            client.device.changed.clear()
            await client.device.changed.wait()
        assert virtual_time().now_s - at_s < 0.002
        assert len(pulses(client)) == given
        assert client.of(m.Contact, mark) == []
        assert not client.device.probing


@pytest.mark.parametrize(
    ("trouble", "kind", "state"),
    [
        (DeviceStopped("A fault.", "result"), "result", "idle"),
        (DeviceStopped("It restarted.", "restarted"), "restarted", "idle"),
        (NoAnswer("No answer."), "no_answer", "idle"),
        (Unplugged("The cable is out."), "unplugged", "idle"),
    ],
)
@pytest.mark.parametrize("asked", [True, False], ids=["by a pulse", "unasked"])
@in_virtual_time
async def test_trouble_with_the_device_is_a_fault_and_a_stop(
    trouble: Exception, kind: str, state: str, asked: bool
) -> None:
    async with guarded() as client:
        mark = await probing(client, *range(1, 9))
        if asked:
            client.device.fails["probe"] = trouble
        else:
            assert client.device.on_trouble is not None
            client.device.on_trouble(trouble)  # type: ignore[arg-type]
        fault = await client.until_type(m.Fault, mark)
        assert (fault.epoch, fault.kind) == (1, kind)
        stopped = await client.until_type(m.Stopped, mark)
        assert stopped.why == kind
        given = len(pulses(client))
        client.device.fails.clear()
        await client.until_state(state, client.heard.index(stopped))
        await asyncio.sleep(2)
        assert len(pulses(client)) == given, "nothing resumes"
        assert client.of(m.Contact, mark) == []


@in_virtual_time
async def test_what_cannot_be_read_is_a_fault_and_no_word_on_the_pads() -> None:
    async with guarded(FakeStimulator(pulses=(PULSE,) * 3)) as client:
        mark = await probing(client, 1)
        fault = await client.until_type(m.Fault, mark)
        assert fault.kind == "result"
        assert "0 currents" in fault.detail
        assert (await client.until_type(m.Stopped, mark)).why == "result"
        assert client.of(m.Contact, mark) == []


@in_virtual_time
async def test_an_unconfirmed_stop_after_a_check_is_told_as_such() -> None:
    async with guarded() as client:
        mark = await probing(client, 1)
        client.device.confirms = False
        await client.until_type(m.Contact, mark)
        stopped = await client.until_type(m.Stopped, mark)
        assert (stopped.why, stopped.confirmed) == ("probed", False)
        assert client.guard.state == "unconfirmed"
        client.device.confirms = True
        await client.until_state("idle", mark)


@in_virtual_time
async def test_a_mistake_of_our_own_stops_and_ends_the_guard() -> None:
    async with guarded() as client:
        mark = await probing(client, 1)
        client.device.fails["probe"] = ZeroDivisionError("a mistake")
        assert (await client.until_type(m.Stopped, mark)).why == "guard_error"
        assert client.result is not None
        assert await client.result == 1
        assert client.device.running is Running.OFF
