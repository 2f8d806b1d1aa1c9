"""The whole guard against a random, partly hostile client and an unwell device, in virtual time.

The device checks every output as it comes, with its own arithmetic: what is allowed follows from the arming
and from the leases that were really written, not from anything the guard says.
"""

from __future__ import annotations

import asyncio
import logging
import math
import socket
from collections import Counter
from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from drivers import messages as m
from drivers.build import build_id
from drivers.guard.lease import Now
from drivers.guard.output import Arming
from drivers.guard.process import Guard
from drivers.stimulator import (
    DeviceStopped,
    NoAnswer,
    ProbePulse,
    Quantity,
    Recording,
    Running,
    Targets,
    Unplugged,
)
from tests.drivers.guard_bench import P24_LIKE, FakeStimulator, VirtualLoop, VirtualTime, limit, phase, plan

LEASE_MS = 500
SOAK_TIMEOUT_S = 3_600
LARGEST_STEP_HALF_MA = 2 + 4 + 1
"""One raise of 1 mA, 50 ms of a rise of 40 mA/s, and rounding."""

FAST_CYCLE = m.Pattern("cycle", up_ms=0, on_ms=2_500, down_ms=500, off_ms=3_000)
BURST = m.Pattern("burst", up_ms=1_000, on_ms=250, off_ms=250)
BURSTS = plan(phase(pattern=BURST, duration_ms=30_000))
PLANS = [
    plan(phase(duration_ms=20_000), phase(duration_ms=20_000, frequency_mHz=100_000, pulse_width_us=150)),
    plan(
        phase("find", channel=1, pattern=FAST_CYCLE),
        phase("find", channel=2, pattern=FAST_CYCLE),
        phase("warm_up", duration_ms=5_000, frequency_mHz=5_000),
        phase(pattern=FAST_CYCLE, duration_ms=30_000),
        kind="nmes",
    ),
    BURSTS,
]
BEYOND = [
    plan(phase(frequency_mHz=126_000)),
    plan(phase(pulse_width_us=400)),
    plan(phase(duration_ms=46 * 60_000)),
    plan(phase(pattern=m.Pattern("cycle", on_ms=13_000, off_ms=13_000)), kind="nmes"),
]
HOSTILE = [
    b"{}",
    b"null",
    b"\xff\xfe",
    b"[" * 5_000,
    b'{"type":"level","epoch":1,"channel":1,"half_mA":NaN}',
    b'{"type":"level","epoch":1,"channel":1,"half_mA":1e300}',
    b'{"type":"level","epoch":1,"channel":1,"half_mA":true}',
    b'{"type":"level","epoch":1,"channel":1,"half_mA":' + b"9" * 4_000 + b"}",
    b'{"type":"level","epoch":1,"channel":1,"half_mA":2,"force":1}',
    b'{"type":"status"}',
    b"x" * 17_000,
]

TROUBLES = [
    DeviceStopped("A pad is loose.", "electrode", 1),
    NoAnswer("No answer."),
    Unplugged("The cable is out."),
]
DISTURBANCES = [
    "stop",
    "send_rubbish",
    "ask_beyond",
    "arm_out_of_turn",
    "probe",
    "hang",
    "renew_wrongly",
    "freeze",
    "trouble",
    "lose_the_stop",
]


class CheckedDevice(FakeStimulator):
    """Judges every output by what the client really did."""

    def __init__(self, clock: VirtualTime) -> None:
        super().__init__()
        self.clock = clock
        self.armed: m.Arm | None = None
        """The arming that the client asked for last and that can be valid."""
        self.leased_until = Now(0, 0)
        self.initialised = False
        self.waveform: tuple[int, Any] | None = None
        self.violations: list[AssertionError] = []
        self.came_from: dict[int, int] = {}
        """Channel → what this output rises from."""
        self.outputs = 0
        self.above_zero = 0
        self.probed: Counter[int] = Counter()
        """Channel → pulses of this contact check."""
        self.probed_ms = -1_000
        self.probes = 0

    async def initialise(self) -> None:
        await super().initialise()
        self.initialised = True
        self.came_from = {}

    def stop_now(self) -> None:
        super().stop_now()
        self.initialised = False

    async def apply(self, targets: Targets) -> None:
        try:
            self.judge(targets)
        except AssertionError as error:
            self.violations.append(error)
            raise
        await super().apply(targets)

    async def begin_probe(self, measures: Quantity) -> None:
        if not self.probing:
            self.probed.clear()
        await super().begin_probe(measures)

    async def probe(self, pulse: ProbePulse) -> Recording:
        try:
            self.judge_probe(pulse)
        except AssertionError as error:
            self.violations.append(error)
            raise
        return await super().probe(pulse)

    def judge_probe(self, pulse: ProbePulse) -> None:
        assert self.probing, "a pulse after a stop, without a new arming"
        assert not self.initialised
        assert not self.flowing
        self.assert_leased()
        self.probes += 1
        self.probed[pulse.channel] += 1
        assert (pulse.half_mA, pulse.pulse_width_us) == (4, 100)
        assert self.probed[pulse.channel] <= 5
        now_ms = self.clock().ms
        assert now_ms - self.probed_ms >= 100
        self.probed_ms = now_ms

    def judge(self, targets: Targets) -> None:
        assert self.initialised, "output after a stop, without a new arming"
        self.outputs += 1
        arm = self.armed
        assert arm is not None
        limits = {one.channel: one for one in arm.limits}
        assert [target.channel for target in targets] == sorted(limits), "every armed channel, and no other"
        waveform = (targets[0].pulse_width_us, targets[0].frequency_Hz)
        if any(target.half_mA for target in targets):
            self.above_zero += 1
            self.assert_leased()
            assert self.waveform == waveform, "a new waveform has to begin with zero"
        self.waveform = waveform
        total_mA = 0.0
        for target in targets:
            allowed = limits[target.channel]
            current_mA, width_s = target.half_mA / 2, target.pulse_width_us / 1e6
            assert 0 <= target.half_mA <= allowed.ceiling_half_mA
            assert target.half_mA - self.came_from.get(target.channel, 0) <= LARGEST_STEP_HALF_MA
            if target.half_mA or arm.plan is not BURSTS:  # a burst's gate is no rise
                self.came_from[target.channel] = target.half_mA
            assert current_mA <= (60 if arm.plan.kind == "nmes" else 50)
            assert allowed.known_level or current_mA <= 30
            rms_mA = current_mA * math.sqrt(2 * width_s * float(target.frequency_Hz))
            assert rms_mA <= 16.0
            assert rms_mA / (allowed.pad_area_mm2 / 100) <= 1.0
            assert current_mA / (allowed.pad_area_mm2 / 100) <= 2.0
            assert current_mA * width_s * 1e3 <= 21e-3 * 1e3
            assert 50 <= target.pulse_width_us <= 350
            assert 1 <= target.frequency_Hz <= 125
            total_mA += current_mA
        assert total_mA <= (120 if arm.plan.kind == "nmes" else 100)

    def assert_leased(self) -> None:
        now = self.clock()
        assert now.ms <= self.leased_until.ms
        assert now.boot_ms <= self.leased_until.boot_ms


class HostileClient(RuleBasedStateMachine):
    """Hypothesis plays the client, the device's faults, and time."""

    totals: dict[str, int] = {"steps": 0, "outputs": 0, "above_zero": 0, "probes": 0, "stops": 0}  # noqa: RUF012 - of all runs

    def __init__(self) -> None:
        super().__init__()
        self.loop = VirtualLoop()
        self.clock = self.loop.clock
        self.device = CheckedDevice(self.clock)
        self.heard: list[Any] = []
        self.n = 0
        self.epoch = 0
        self.ended = False

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        self.loop.run_until_complete(work)

    @initialize()
    def begin(self) -> None:
        async def start() -> None:
            self.ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            self.ours.setblocking(False)
            guard = Guard("p24", lambda: self.device, simulated=True, client=theirs, now=self.clock)
            self.guard = guard
            self.result = asyncio.get_running_loop().create_task(guard.run())
            self.send(m.Hello(m.PROTOCOL_VERSION, build_id()))
            await asyncio.sleep(0.1)

        self.run(start())

    # ── the client's hands ──

    def send(self, message: m.ToGuard) -> None:
        self.send_raw(m.encode(message))

    def send_raw(self, datagram: bytes) -> None:
        if not self.ended:
            try:
                self.ours.send(datagram)
            except (BrokenPipeError, ConnectionResetError):
                self.ended = True

    def lease(self) -> None:
        self.n += 1
        now = self.clock()
        self.device.leased_until = Now(now.ms + LEASE_MS, now.boot_ms + LEASE_MS)
        self.send(m.Lease(self.epoch, self.n, now.boot_ms * 1_000_000))

    def pass_time(self, seconds: float, *, leasing: bool) -> None:
        async def wait() -> None:
            left_s = seconds
            while left_s > 0:
                if leasing:
                    self.lease()
                await asyncio.sleep(min(0.1, left_s))
                left_s -= 0.1

        self.run(wait())
        self.read()

    def read(self) -> None:
        while not self.ended:
            try:
                datagram = self.ours.recv(20_000)
            except BlockingIOError:
                return
            if not datagram:
                self.ended = True
            else:
                message = m.decode(datagram, m.FromGuard)
                self.heard.append(message)
                if isinstance(message, m.Status):
                    self.epoch = max(self.epoch, message.epoch)

    @property
    def state(self) -> str:
        return self.guard.state

    # ── rules: what a good client does ──

    @precondition(lambda self: self.state != "armed")
    @rule(
        the_plan=st.sampled_from(PLANS),
        ceiling=st.sampled_from([4, 24, 60]),
        area=st.sampled_from([2500, 4500]),
    )
    def arm(self, the_plan: m.GuardPlan, ceiling: int, area: int) -> None:
        """A whole, proper arming, if the guard takes one now; then the first presses."""
        if self.state == "idle":
            self.send(m.Test())
            self.pass_time(0.05, leasing=False)
            self.send(m.Stop("test"))
            self.pass_time(0.05, leasing=False)
        limits = tuple(
            limit(ch, ceiling_half_mA=ceiling, pad_area_mm2=area, known_level=False) for ch in (1, 2)
        )
        wanted = m.Arm(self.epoch + 1, the_plan, limits)
        if self.state == "idle":
            self.device.armed = wanted
            now = self.clock()
            self.device.leased_until = Now(now.ms + LEASE_MS, now.boot_ms + LEASE_MS)
        self.send(wanted)
        self.pass_time(0.01, leasing=False)
        self.pass_time(1.1, leasing=True)
        self.press(1, 2, 2)

    @precondition(lambda self: self.state == "armed")
    @rule(channel=st.sampled_from([1, 2]), presses=st.integers(1, 3), step=st.sampled_from([1, 2]))
    def press_up(self, channel: int, presses: int, step: int) -> None:
        self.press(channel, presses, step)

    def press(self, channel: int, presses: int, step: int) -> None:
        """Up, in time, as a person does."""
        for _ in range(presses):
            arming = self.guard._live
            if not isinstance(arming, Arming):
                return
            level = arming.levels[channel] + step
            if level <= arming.limits[channel].ceiling_half_mA:
                self.send(m.Level(self.epoch, channel, level))
                self.send(m.Present(self.epoch))
            self.pass_time(1.0, leasing=True)

    @precondition(lambda self: self.state == "armed")
    @rule(seconds=st.sampled_from([0.05, 0.3, 2.2, 7.0]))
    def go_on(self, seconds: float) -> None:
        self.pass_time(seconds, leasing=True)

    @precondition(lambda self: self.state == "armed")
    @rule(message=st.sampled_from([m.Next, m.Rest, m.Present]), old=st.booleans())
    def ask(self, message: Any, old: bool) -> None:
        self.send(message(self.epoch - old))
        self.pass_time(0.05, leasing=True)

    @rule(
        epoch=st.integers(-1, 1),
        channel=st.sampled_from([1, 1, 2, 2, 3]),
        half_mA=st.sampled_from([0, 1, 2, 3]),
    )
    def ask_for_a_level(self, epoch: int, channel: int, half_mA: int) -> None:
        self.send(m.Level(self.epoch + epoch, channel, half_mA))
        self.pass_time(0.05, leasing=True)

    # ── rules: what must never help ──

    @rule(what=st.sampled_from(DISTURBANCES), data=st.data())
    def disturb(self, what: str, data: st.DataObject) -> None:
        getattr(self, what)(data)

    def stop(self, _data: st.DataObject) -> None:
        self.send(m.Stop("key"))
        self.pass_time(0.02, leasing=True)
        assert self.device.output == {}

    def send_rubbish(self, data: st.DataObject) -> None:
        self.send_raw(data.draw(st.sampled_from(HOSTILE) | st.binary(min_size=1, max_size=40)))
        self.pass_time(0.02, leasing=True)
        assert self.device.output == {}

    def ask_beyond(self, data: st.DataObject) -> None:
        channel = data.draw(st.sampled_from([0, 1, 2, 3, -7]))
        half_mA = data.draw(st.sampled_from([-1, 61, 100, 10**12]))
        self.send(m.Level(self.epoch, channel, half_mA))
        self.pass_time(0.02, leasing=True)
        assert self.device.output == {}

    def arm_out_of_turn(self, data: st.DataObject) -> None:
        """Beyond the constants, of the wrong epoch, or while it is armed already."""
        the_plan = data.draw(st.sampled_from(BEYOND))
        epoch = self.epoch + data.draw(st.sampled_from([-1, 0, 1, 2, 10**9]))
        self.send(m.Arm(epoch, the_plan, (limit(),)))
        self.pass_time(0.02, leasing=True)

    def probe(self, data: st.DataObject) -> None:
        """A contact check, if the guard takes one now; also of channels that there are not."""
        if self.state == "idle":
            self.send(m.Test())
            self.pass_time(0.05, leasing=False)
            self.send(m.Stop("test"))
            self.pass_time(0.05, leasing=False)
        channels = data.draw(st.sampled_from([(1, 2), (3,), (), (1, 1), (9,), tuple(range(1, 9))]))
        epoch = self.epoch + data.draw(st.sampled_from([1, 1, 1, 0, 2]))
        if self.state == "idle":
            now = self.clock()
            self.device.leased_until = Now(now.ms + LEASE_MS, now.boot_ms + LEASE_MS)
        self.send(m.Probe(epoch, channels))
        self.pass_time(0.01, leasing=False)
        self.pass_time(data.draw(st.sampled_from([0.05, 0.35, 1.5])), leasing=data.draw(st.booleans()))

    def hang(self, data: st.DataObject) -> None:
        self.pass_time(data.draw(st.sampled_from([0.2, 0.45, 0.49, 0.51, 0.7, 3.0])), leasing=False)

    def renew_wrongly(self, data: st.DataObject) -> None:
        """Old, of the future, or with a number that was used."""
        age_ms = data.draw(st.sampled_from([-50, 0, 260, 700, 10**9]))
        offset = data.draw(st.sampled_from([-5, 0]) if age_ms == 0 else st.sampled_from([-5, 0, 1, 10**6]))
        self.pass_time(0.3, leasing=False)
        self.send(m.Lease(self.epoch, self.n + offset, (self.clock().boot_ms - age_ms) * 1_000_000))
        self.pass_time(0.3, leasing=False)

    def freeze(self, data: st.DataObject) -> None:
        """The guard's process is stopped, or the box sleeps; the client's queued renewals are of before."""
        frozen_ms = data.draw(st.sampled_from([20, 300, 600, 5_000]))
        self.lease()
        if data.draw(st.booleans()):
            self.clock.slept_ms += frozen_ms
        else:
            self.clock.now_s += frozen_ms / 1000
        self.pass_time(0.02, leasing=False)

    def trouble(self, data: st.DataObject) -> None:
        """The device is unwell for a while."""
        method = data.draw(st.sampled_from(["check", "apply", "identify", "initialise", "probe"]))
        self.device.fails[method] = data.draw(st.sampled_from(TROUBLES))
        self.pass_time(0.4, leasing=True)
        self.device.fails.clear()
        self.pass_time(1.2, leasing=True)

    def lose_the_stop(self, _data: st.DataObject) -> None:
        """A stop that the device does not confirm; what it then puts out nobody knows."""
        self.device.confirms = False
        self.send(m.Stop("key"))
        self.pass_time(0.5, leasing=True)
        self.send(m.Arm(self.epoch + 1, PLANS[0], (limit(),)))
        self.pass_time(0.1, leasing=True)
        assert self.state in ("unconfirmed", "no_device")
        self.device.confirms = True
        self.device.output, self.device.running = {}, Running.OFF
        self.pass_time(2.2, leasing=True)

    # ── what always holds ──

    @invariant()
    def no_output_was_wrong(self) -> None:
        for violation in self.device.violations:
            raise violation

    @invariant()
    def nothing_flows_without_arming_and_lease(self) -> None:
        self.totals["steps"] += 1
        if self.device.flowing:
            assert self.state == "armed"
            self.device.assert_leased()

    @invariant()
    def every_stop_has_one_answer(self) -> None:
        began = self.device.names().count("stop_now")
        done = sum(isinstance(message, m.Stopped) for message in self.heard)
        assert done <= began

    @invariant()
    def the_guard_itself_is_well(self) -> None:
        if hasattr(self, "result") and not self.ended:
            assert not self.result.done()
            assert not self.guard.failed

    def teardown(self) -> None:
        if not hasattr(self, "result"):
            self.loop.close()
            return
        self.read()
        for name in ("outputs", "above_zero", "probes"):
            self.totals[name] += getattr(self.device, name)
        self.totals["stops"] += sum(isinstance(message, m.Stopped) for message in self.heard)
        self.ours.close()
        self.loop.run_until_complete(asyncio.wait_for(self.result, 30))
        assert not self.device.flowing
        self.loop.close()


class OneArming(RuleBasedStateMachine):
    """The arithmetic alone, faster: one arming until it is over, asked at random moments."""

    totals: dict[str, int] = {"steps": 0, "above_zero": 0, "raises": 0, "contractions": 0}  # noqa: RUF012 - of all runs

    over = True

    @precondition(lambda self: self.over)
    @rule(the_plan=st.sampled_from(PLANS), ceilings=st.tuples(*[st.sampled_from([3, 24, 100])] * 2))
    def arm(self, the_plan: m.GuardPlan, ceilings: tuple[int, int]) -> None:
        self.begin(the_plan, ceilings)

    @initialize()
    def begin(self, the_plan: m.GuardPlan = PLANS[1], ceilings: tuple[int, int] = (24, 24)) -> None:
        self.now = Now(5_000, 9_000)
        self.limits = {ch: limit(ch, ceiling_half_mA=ceilings[ch - 1]) for ch in (1, 2)}
        self.arming = Arming(m.Arm(1, the_plan, tuple(self.limits.values())), P24_LIKE, 2, self.now)
        self.arming.start(self.now)
        self.nmes = the_plan.kind == "nmes"
        self.leased_until = self.now.ms + LEASE_MS
        self.n = 0
        self.out = {1: 0, 2: 0}
        self.waveform: tuple[int, Any] | None = None
        self.raised = {1: 0, 2: 0}
        """Half-mA of accepted raises since the last output."""
        self.highest, self.before = {1: 0, 2: 0}, {1: 0, 2: 0}
        """Of the contraction that runs, and of the last whole one in which the channel put out."""
        self.whole = self.over = False

    def lease(self) -> None:
        self.n += 1
        self.arming.renew(m.Lease(1, self.n, self.now.boot_ms * 1_000_000), self.now)
        if not self.over:
            self.leased_until = self.now.ms + LEASE_MS

    def output(self, passed_ms: int) -> None:
        """Time moves on, the output is worked out, and judged."""
        self.now = Now(self.now.ms + passed_ms, self.now.boot_ms + passed_ms)
        targets = self.arming.targets(self.now)
        waveform = (targets[0].pulse_width_us, targets[0].frequency_Hz)
        out = {target.channel: target.half_mA for target in targets}
        assert sorted(out) == [1, 2]
        assert waveform == self.waveform or not any(out.values())
        self.over = self.over or self.now.ms >= self.leased_until or self.arming.over(self.now) is not None
        assert not (self.over and any(out.values()))
        burst = self.arming.phase.pattern.shape == "burst"
        for ch, half_mA in out.items():
            assert 0 <= half_mA <= self.limits[ch].ceiling_half_mA
            risen = self.raised[ch] + min(passed_ms, 50) * 80 / 1000 + 1
            assert burst or half_mA - self.out[ch] <= risen
        if self.nmes:
            self.judge_contraction(out)
        self.out, self.waveform, self.raised = out, waveform, {1: 0, 2: 0}
        self.totals["above_zero"] += any(out.values())

    def judge_contraction(self, out: dict[int, int]) -> None:
        """From one whole contraction to the next the current rises by no more than 2 mA."""
        if self.arming.phase.pattern.shape != "cycle":
            return
        self.whole = self.whole or self.arming.fraction == 1000
        for ch, half_mA in out.items():
            self.highest[ch] = max(self.highest[ch], half_mA)
            assert self.highest[ch] <= self.before[ch] + 4
        if self.arming.fraction == 0:
            if self.whole:
                self.totals["contractions"] += 1
                self.before = {ch: mA or self.before[ch] for ch, mA in self.highest.items()}
            self.highest, self.whole = {1: 0, 2: 0}, False

    @rule(seconds=st.floats(0.01, 4), leased=st.sampled_from([True] * 9 + [False]))
    def go_on(self, seconds: float, leased: bool) -> None:
        end_ms = self.now.ms + int(seconds * 1000)
        while self.now.ms < end_ms:
            if leased:
                self.lease()
            due_ms = 100 if self.over else max(1, self.arming.due_ms - self.now.ms)
            self.output(min(100, end_ms - self.now.ms, due_ms))
        self.arming.present(self.now)

    @rule(late_ms=st.integers(0, 520))
    def be_late(self, late_ms: int) -> None:
        self.lease()
        self.output(late_ms)

    @rule(channel=st.sampled_from([1, 2]), wanted=st.integers(-1, 101))
    def set_any_level(self, channel: int, wanted: int) -> None:
        self.set_level(channel, wanted)

    @rule(
        channel=st.sampled_from([1, 1, 2]),
        rise=st.sampled_from([-2, -1, 1, 1, 2, 2]),
        presses=st.integers(1, 6),
    )
    def press(self, channel: int, rise: int, presses: int) -> None:
        for _ in range(presses):
            self.set_level(channel, self.arming.levels[channel] + rise)
            self.go_on(0.95, leased=True)

    def set_level(self, channel: int, wanted: int) -> None:
        before, at_plateau = self.arming.levels[channel], self.arming.plateau
        refused = self.arming.set_level(m.Level(1, channel, wanted), self.now)
        if refused is not None:
            assert self.arming.levels[channel] == before, "refused, not clamped"
            return
        assert 0 <= wanted <= self.limits[channel].ceiling_half_mA
        assert self.arming.levels[channel] == wanted
        if wanted > before:
            assert at_plateau
            assert wanted - before <= 2
            self.raised[channel] += wanted - before
            self.totals["raises"] += 1

    @rule(which=st.sampled_from(["next", "rest"] + ["neither"] * 4))
    def next_or_rest(self, which: str) -> None:
        if which == "next":
            self.arming.next_phase(self.now)
        elif which == "rest":
            self.arming.rest()

    @invariant()
    def count(self) -> None:
        self.totals["steps"] += 1


@pytest.mark.timeout(SOAK_TIMEOUT_S)
def test_a_hostile_client_never_gets_more_than_it_may_have(soak: bool) -> None:
    totals = _play(HostileClient, soak, examples=40, steps=60)
    assert totals["above_zero"] > totals["steps"] / 5, "the guard has to be seen at work"
    assert totals["stops"] > 0


@pytest.mark.timeout(SOAK_TIMEOUT_S)
def test_the_output_keeps_every_limit_at_every_moment(soak: bool) -> None:
    totals = _play(OneArming, soak, examples=245, steps=50)
    assert totals["steps"] >= 10_000
    assert totals["raises"] > 300
    assert totals["contractions"] > 300


def _play(machine: Any, soak: bool, *, examples: int, steps: int) -> dict[str, int]:
    """Fifty times as many in `make soak`. A failure of the sample is not shrunk: the suite has to end."""
    totals: dict[str, int] = machine.totals
    totals.update(dict.fromkeys(totals, 0))
    case = machine.TestCase
    case.settings = settings(
        max_examples=examples * 50 if soak else examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
        database=None,
        phases=(Phase.generate, Phase.shrink) if soak else (Phase.generate,),
    )
    log = logging.getLogger("homestim.guard")
    log.setLevel(logging.CRITICAL)
    try:
        case("runTest").runTest()
    finally:
        log.setLevel(logging.NOTSET)
    print(f"{machine.__name__}: {totals}")
    return totals
