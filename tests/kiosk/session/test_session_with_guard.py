"""The session machine and the guard's output core together, under random keys, waits and hostile messages.

No process, no device: what would leave for the device is looked at directly, in virtual time. Held at every
step: output within every limit; none unless armed and leased; none after a stop until armed anew; the raise
from one contraction to the next at most 2 mA.
"""

from __future__ import annotations

import itertools
from collections import Counter

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from drivers import limits
from drivers import messages as guard
from drivers.bounds import first_broken, plan_bounds
from drivers.guard.lease import Now
from drivers.guard.output import Arming, Refusal
from drivers.p24.driver import P24
from drivers.rehastim2.driver import RehaStim2
from drivers.stimulator import Targets
from kiosk.events import SessionOutcome
from kiosk.keys import Key
from kiosk.session import machine
from kiosk.session.state import (
    Deadline,
    Effect,
    Ended,
    Event,
    Heard,
    Pressed,
    Send,
    SessionSaved,
    SessionState,
    StopRequested,
    Write,
)
from programs.plan import SessionPlan
from tests.kiosk.session.plans import channel, nmes_plan, tens_plan

DEVICES = {device.kind: device.capabilities for device in (P24, RehaStim2)}
TICK_MS = 50
STATUS_MS = 250
steps: Counter[str] = Counter()


def at(now_ms: int) -> Now:
    """A box that never sleeps: both clocks agree."""
    return Now(now_ms, now_ms)


class PaperGuard:
    """What the guard's process does with its core, without sockets and device: messages in, targets out."""

    def __init__(self, kind: str) -> None:
        self.kind, self.device = kind, DEVICES[kind]
        self.epoch = 0
        self.arming: Arming | None = None
        self.out: list[guard.FromGuard] = []
        self.targets: Targets = ()
        self.status_due_ms = 0
        self.leased_ms = -10_000

    def hear(self, message: guard.ToGuard, now_ms: int) -> None:
        match message:
            case guard.Arm():
                broken = first_broken(plan_bounds(message.plan, message.limits, self.device))
                refused = None if broken is None else Refusal(broken.limit, str(broken.asked), "", fault=True)
                if message.epoch != self.epoch + 1 or self.arming is not None:
                    refused = Refusal("epoch", str(message.epoch), str(self.epoch + 1))
                if refused is not None:
                    self._refuse(message.epoch, refused)
                    return
                self.epoch = message.epoch
                most_half_mA = limits.MAX_RAISE_HALF_MA[self.kind]
                self.arming = Arming(message, self.device, most_half_mA, at(now_ms))
                self.arming.start(at(now_ms))
                self.status_due_ms = now_ms
            case guard.Stop(why):
                self.stop(why)
            case guard.Hello() | guard.Test():
                pass
            case _ if self.arming is None or message.epoch != self.epoch:
                if not isinstance(message, guard.Lease | guard.Present):
                    self._refuse(message.epoch, Refusal("old_epoch", str(message.epoch), str(self.epoch)))
            case guard.Level():
                wrong = self.arming.set_level(message, at(now_ms))
                if wrong is not None:
                    self._refuse(message.epoch, wrong)
                self.status_due_ms = now_ms
            case guard.Next():
                wrong = self.arming.next_phase(at(now_ms))
                if wrong is not None:
                    self._refuse(message.epoch, wrong)
                self.status_due_ms = now_ms
            case guard.Rest():
                self.arming.rest()
            case guard.Present():
                self.arming.present(at(now_ms))
            case guard.Lease():
                self.arming.renew(message, at(now_ms))
                self.leased_ms = now_ms

    def tick(self, now_ms: int) -> None:
        if self.arming is None:
            self.targets = ()
            return
        self.targets = self.arming.targets(at(now_ms))
        over = self.arming.over(at(now_ms))
        if over is not None:
            self.stop(over)
        elif now_ms >= self.status_due_ms:
            self.status_due_ms = now_ms + STATUS_MS
            self.out.append(self._status(now_ms))

    def stop(self, why: str) -> None:
        if self.arming is not None:
            self.arming = None
            self.targets = ()
            self.out.append(guard.Stopped(self.epoch, why, True, "status 0", 1.0))

    def _refuse(self, epoch: int, wrong: Refusal) -> None:
        self.out.append(guard.Refused(epoch, wrong.limit, wrong.asked, wrong.allowed, wrong.fault))
        if wrong.fault:
            self.stop("limit")

    def _status(self, now_ms: int) -> guard.Status:
        assert self.arming is not None
        applied = {target.channel: target.half_mA for target in self.targets}
        return guard.Status(
            state="armed",
            epoch=self.epoch,
            n=1,
            channels=tuple(
                guard.ChannelStatus(ch, level, applied.get(ch, 0)) for ch, level in self.arming.levels.items()
            ),
            fraction_permille=self.arming.fraction,
            may_raise=self.arming.plateau,
            phase=self.arming.index,
            phase_elapsed_ms=self.arming.elapsed_ms,
            confirmed_at_s=now_ms / 1000,
        )


class VisitOnP24(RuleBasedStateMachine):
    """A person, an impatient one, and somebody hostile on the line."""

    kind = "p24"

    def __init__(self) -> None:
        super().__init__()
        self.now_ms = 1_000_000
        self.guard = PaperGuard(self.kind)
        self.lease_n = 0
        self.leasing = True
        self.session: SessionState
        self.plan: SessionPlan
        self.outcome: SessionOutcome | None = None
        self.peaks: dict[int, int] = {}
        self.contraction_peaks: dict[int, int] = {}
        self.was_zero = True

    @initialize(
        nmes=st.booleans(),
        ceiling=st.sampled_from([3.0, 12.0, 24.0, 30.0]),
        reference=st.sampled_from([None, 8.0, 20.0]),
        far=st.sampled_from([0, 0, 60, 110]),
    )
    def begin(self, nmes: bool, ceiling: float, reference: float | None, far: int) -> None:
        """A session begins, and for `far` steps somebody does what the screen asks."""
        channels = [
            channel(n, ceiling, None if reference is None else min(reference, ceiling)) for n in (1, 2)
        ]
        self.plan = nmes_plan(*channels, work_s=120) if nmes else tens_plan(*channels, seconds=120)
        self.take(
            machine.begin(
                self.plan, device_kind=self.kind, last_epoch=0, first_session=False, now_s=self.now_ms / 1000
            )
        )
        self.somebody_who_does_what_the_screen_asks(far)

    def take(self, result: tuple[SessionState, tuple[Effect, ...]]) -> None:
        self.session, effects = result
        for effect in effects:
            match effect:
                case Send(message):
                    self.guard.hear(message, self.now_ms)
                    faults = [x for x in self.guard.out if isinstance(x, guard.Refused) and x.fault]
                    assert not faults, "the machine itself asked for more than may be"
                case Write(first=True):
                    self.feed(SessionSaved("s1"))
                case Ended(outcome):
                    self.outcome = outcome

    def feed(self, event: Event) -> None:
        steps["events"] += 1
        self.take(machine.step(self.session, event, self.now_ms / 1000))
        self.deliver()

    def deliver(self) -> None:
        while self.guard.out:
            message = self.guard.out.pop(0)
            self.take(machine.step(self.session, Heard(message), self.now_ms / 1000))

    def pass_time(self, ms: int) -> None:
        end_ms = self.now_ms + ms
        while self.now_ms < end_ms:
            self.now_ms += TICK_MS
            if self.leasing and self.session.holds_lease and self.now_ms % 100 == 0:
                self.lease_n += 1
                self.guard.hear(
                    guard.Lease(self.session.epoch, self.lease_n, self.now_ms * 1_000_000), self.now_ms
                )
            self.guard.tick(self.now_ms)
            self.look()
            self.deliver()
            due_s = machine.deadline_s(self.session)
            if due_s is not None and due_s * 1000 <= self.now_ms:
                self.feed(Deadline())
                due_s = machine.deadline_s(self.session)
                assert due_s is None or due_s * 1000 > self.now_ms, "a timer that never rests"

    def look(self) -> None:
        """Everything that is true of what leaves for the device, at every tick."""
        steps["ticks"] += 1
        out = {target.channel: target.half_mA for target in self.guard.targets}
        ceilings = {plan.channel: int(plan.ceiling_mA * 2) for plan in self.plan.channels}
        for ch, half_mA in out.items():
            assert 0 <= half_mA <= ceilings[ch]
            assert half_mA % self.guard.device.step_half_mA == 0
        if any(out.values()):
            steps["with output"] += 1
            steps[self.session.stage] += 1
            assert self.guard.arming is not None
            assert self.now_ms - self.guard.leased_ms <= limits.LEASE_S * 1000 + TICK_MS
            assert self.session.output_possible, "current that the screen does not know of"
        arming = self.guard.arming
        if arming is not None and arming.phase.role == "find":
            assert all(half_mA == 0 for ch, half_mA in out.items() if ch != arming.phase.channel)
        if self.plan.kind == "nmes" and arming is not None and arming.phase.pattern.shape == "cycle":
            if not any(out.values()) and not self.was_zero:
                for ch, peak in self.peaks.items():
                    if ch in self.contraction_peaks:
                        assert peak - self.contraction_peaks[ch] <= 4, "2 mA from one contraction to the next"
                    self.contraction_peaks[ch] = peak
                self.peaks = {}
            for ch, half_mA in out.items():
                if half_mA:
                    self.peaks[ch] = max(self.peaks.get(ch, 0), half_mA)
        self.was_zero = not any(out.values())

    @rule(key=st.sampled_from([Key.UP, Key.UP, Key.UP, Key.ENTER, Key.ENTER, Key.ONE, Key.TWO, Key.DOWN]))
    def a_sensible_key(self, key: Key) -> None:
        self.feed(Pressed(key))

    @rule(seconds=st.sampled_from([0.1, 1.0, 1.0, 2.5, 6.0, 20.0]))
    def wait(self, seconds: float) -> None:
        self.pass_time(int(seconds * 1000))

    @rule(steps_far=st.integers(15, 90))
    def somebody_who_does_what_the_screen_asks(self, steps_far: int) -> None:
        """Brings a run far: answers, raises at the plateau, confirms when it is enough."""
        for _ in range(steps_far):
            if self.session.stage not in ("arming", "find", "play"):
                return
            if self.session.prompt is not None:
                self.feed(Pressed(Key.ENTER))
            elif self.session.stage == "play":
                self.feed(Pressed(Key.UP))
            elif self.session.find_step == "where":
                self.feed(Pressed(Key.ONE if self.session.side.side == "left" else Key.TWO))
            elif self.session.find_step in ("offer", "both") or self.session.side.level_half_mA >= 4:
                self.feed(Pressed(Key.ENTER))
            else:
                self.feed(Pressed(Key.UP))
            self.pass_time(1_200)

    @rule(key=st.sampled_from(list(Key)))
    def any_key(self, key: Key) -> None:
        self.feed(Pressed(key))

    @rule(
        epoch=st.integers(-2, 12),
        ch=st.integers(-1, 9),
        half_mA=st.sampled_from([-1, 0, 1, 4, 60, 61, 10**9]),
    )
    @precondition(lambda self: self.session.stage != "saving")
    def a_hostile_level(self, epoch: int, ch: int, half_mA: int) -> None:
        self.guard.hear(guard.Level(epoch, ch, half_mA), self.now_ms)
        self.deliver()

    @rule(epoch=st.integers(0, 12))
    def a_hostile_arming(self, epoch: int) -> None:
        huge = tuple(guard.ChannelLimit(n, 10_000, 4_500, True) for n in (1, 2))
        self.guard.hear(guard.Arm(epoch, self.session.armed_plan, huge), self.now_ms)
        self.deliver()

    @rule(age_ms=st.sampled_from([-1_000, 251, 5_000]), n=st.integers(0, 10**6))
    def a_lease_that_is_none(self, age_ms: int, n: int) -> None:
        if self.guard.arming is not None:
            boottime_ns = (self.now_ms - age_ms) * 1_000_000
            self.guard.arming.renew(guard.Lease(self.guard.epoch, n, boottime_ns), at(self.now_ms))

    @rule()
    def the_kiosk_hangs(self) -> None:
        self.leasing = False
        self.pass_time(700)
        assert self.guard.arming is None, "a lease that is not renewed ends"
        self.leasing = True

    @rule()
    def the_device_faults(self) -> None:
        if self.guard.arming is not None:
            self.guard.out.append(guard.Fault(self.guard.epoch, "electrode", 1, "channel 1"))
            self.guard.stop("electrode")
            self.deliver()

    @rule()
    def somebody_stops(self) -> None:
        self.feed(StopRequested("shutdown"))
        assert self.guard.arming is None
        self.guard.tick(self.now_ms)
        assert not any(target.half_mA for target in self.guard.targets)

    @rule()
    @precondition(lambda self: self.session.stage == "ended" and self.outcome is not None)
    def go_on(self) -> None:
        assert self.outcome is not None
        if self.outcome.seconds_left == 0:
            return
        self.take(
            machine.begin(
                self.plan,
                device_kind=self.kind,
                last_epoch=self.guard.epoch,
                first_session=False,
                now_s=self.now_ms / 1000,
                resume=self.outcome,
                session_id="s1",
            )
        )
        self.peaks = {}

    @invariant()
    def nothing_flows_after_an_end(self) -> None:
        if hasattr(self, "session") and self.session.stage == "ended":
            self.guard.tick(self.now_ms)
            if self.guard.arming is None:
                assert not any(target.half_mA for target in self.guard.targets)


class VisitOnRehaStim2(VisitOnP24):
    kind = "rehastim2"


@pytest.mark.timeout(300)
@pytest.mark.parametrize("visit", [VisitOnP24, VisitOnRehaStim2])
def test_no_key_no_wait_and_no_message_brings_current_that_is_not_allowed(
    visit: type[VisitOnP24], soak: bool
) -> None:
    steps.clear()
    runs = settings(
        max_examples=1_000 if soak else 50,
        stateful_step_count=50,
        deadline=None,
        derandomize=not soak,
    )
    # A sample changes with what else is imported: these get to the session itself whatever it holds.
    for nmes, reference in itertools.product((False, True), (None, 8.0)):
        patient = visit()
        patient.begin(nmes, 24.0, reference, 110)
        patient.wait(20.0)
    run_state_machine_as_test(visit, settings=runs)
    print(f"{steps['events']} events, {steps['ticks']} ticks, {steps['with output']} of them with output")
    assert steps["events"] + steps["ticks"] >= (200_000 if soak else 10_000)
    assert steps["find"] > 500
    assert steps["play"] > 500, "the runs have to reach the session itself"
