"""The virtual guard says at any instant what the real `Arming` says that is asked at every tick."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from random import Random

import msgspec
import pytest

from drivers import messages as m
from kiosk.arming.plan import channel_limits, guard_plan
from kiosk.clock import FixedClock
from kiosk.diary.records import Record
from kiosk.rehearsal.guard import VirtualGuard
from kiosk.rehearsal.hands import Hands
from kiosk.rehearsal.patient import Feeling
from kiosk.rehearsal.session import Guard, Mishap, SessionPlayer
from programs import library
from programs.history import CourseHistory
from programs.plan import ChannelPlan, SessionPlan
from programs.prescription import demonstration_prescription
from programs.progression import next_session
from tests.kiosk.rehearsal.ticking_guard import TickingGuard

NOW = dt.datetime(2026, 3, 2, 10, tzinfo=dt.UTC)
PROGRAMMES = sorted(
    id_
    for id_, programme in library.load_programmes().items()
    if programme.armable and programme.role == "work"
)


def plan_of(programme: str, ceiling_mA: float, reference_mA: float | None) -> SessionPlan:
    """A first session of this programme, with these numbers on both sides."""
    rx = msgspec.structs.replace(demonstration_prescription(NOW.date()), programmes=(programme,))
    item = library.load_programme(programme)
    courses = library.load_courses().values()
    course = next(course for course in courses if item.kind == "tens" or programme in course.programmes)
    first = programme if item.kind == "tens" else "nmes_learn"
    rx = msgspec.structs.replace(rx, plan=course.id, programmes=(first,))
    plan = next_session(rx, CourseHistory(), NOW, True)
    assert isinstance(plan, SessionPlan)
    phases = tuple(
        msgspec.structs.replace(
            phase,
            seconds=min(phase.seconds, 240),
            frequency_Hz=item.frequency_Hz,
            pulse_width_us=item.pulse_width_us,
            pattern=item.pattern,
        )
        if phase.role == "work"
        else msgspec.structs.replace(phase, seconds=60)
        for phase in plan.phases
    )
    channels = tuple(
        ChannelPlan(channel.channel, ceiling_mA, channel.set_by, reference_mA) for channel in plan.channels
    )
    return msgspec.structs.replace(plan, phases=phases, channels=channels)


def comparable(status: m.Status) -> m.Status:
    return replace(status, n=0)


@pytest.mark.parametrize("programme", PROGRAMMES)
@pytest.mark.parametrize("device_kind", ["p24", "rehastim2"])
def test_both_say_the_same_at_every_tick_whatever_is_pressed(
    programme: str, device_kind: str, soak: bool
) -> None:
    compared = refusals = 0
    for seed in range(20 if soak else 1):
        rng = Random(f"{programme} {seed}")
        plan = plan_of(programme, rng.choice([30.0, 44.0]), 20.0)
        armed = guard_plan(plan, find=rng.random() < 0.7)
        # Finding takes ten minutes at most; here it is over sooner.
        phases = tuple(
            replace(phase, duration_ms=min(phase.duration_ms, rng.choice([31_000, 77_700])))
            for phase in armed.phases
        )
        work = next(phase for phase in phases if phase.role == "work")
        twice = replace(work, duration_ms=work.duration_ms // 2)  # one train must not run into the next
        phases = tuple(one for phase in phases for one in ((twice, twice) if phase is work else (phase,)))
        arm = m.Arm(1, m.GuardPlan(armed.kind, phases), channel_limits(plan))
        somebody_is_there = rng.choice([0.0, 0.03, 0.3])
        ticking, virtual = TickingGuard(device_kind), VirtualGuard(device_kind)
        now_ms = 5_000
        assert_same(ticking.hear(arm, now_ms), virtual.hear(arm, now_ms))
        next_message_ms = now_ms + 500
        while True:
            tick_ms = ticking.change_ms()
            assert tick_ms is not None
            now_ms = min(tick_ms, next_message_ms)
            ticks = ticking.advance(now_ms)
            said = virtual.status(now_ms)
            if ticks and isinstance(ticks[-1], m.Stopped):
                assert said == ticks
                break
            assert [comparable(one) for one in said if isinstance(one, m.Status)] == [ticking.now()]
            compared += 1
            if now_ms == next_message_ms:
                message = some_message(rng, ticking.now(), virtual, somebody_is_there)
                answers = ticking.hear(message, now_ms)
                said = virtual.hear(message, now_ms)
                assert_same(answers, said + (virtual.status(now_ms) if virtual.unsaid else []))
                refusals += any(isinstance(answer, m.Refused) for answer in answers)
                next_message_ms = now_ms + rng.choice([211, 480, 950, 950, 950, 2_020, 9_999])
                if any(isinstance(answer, m.Stopped) for answer in answers):
                    break
    print(f"{programme} on {device_kind}: {compared} ticks compared, {refusals} refusals")
    assert compared > 500


def some_message(rng: Random, status: m.Status, virtual: VirtualGuard, present: float) -> m.ToGuard:
    """Mostly raises that can be done; the other things that a person or a confused kiosk asks for."""
    step = 4 if virtual.kind == "rehastim2" else 1
    phase = virtual.phase
    only = [one for one in status.channels if phase is None or phase.channel in (None, one.channel)][:1]
    channel = rng.choice([*only * 6, *status.channels])
    if rng.random() < present:
        return m.Present(1)
    if rng.random() < 0.01:
        return m.Rest(1)
    if rng.random() < 0.02:
        return m.Next(1)
    if rng.random() < 0.0005:
        return m.Level(1, channel.channel, 300)
    by = rng.choice([step, step, 2 if step == 1 else step, 2 if step == 1 else step, -step])
    return m.Level(1, channel.channel, min(60, max(0, channel.level_half_mA + by)))


def assert_same(ticking: list[m.FromGuard], virtual: list[m.FromGuard]) -> None:
    said = [comparable(one) if isinstance(one, m.Status) else one for one in virtual]
    assert said == [comparable(one) if isinstance(one, m.Status) else one for one in ticking]


def test_a_sign_of_somebody_keeps_it_armed_though_it_changes_nothing() -> None:
    plan = plan_of("tens_conv", 24.0, None)
    phases = tuple(msgspec.structs.replace(phase, seconds=1800) for phase in plan.phases)
    plan = msgspec.structs.replace(plan, phases=phases)
    arm = m.Arm(1, guard_plan(plan, find=False), channel_limits(plan))
    for guard in (TickingGuard("p24"), VirtualGuard("p24")):
        guard.hear(arm, 0)
        guard.hear(m.Level(1, 1, 2), 2_000)
        guard.hear(m.Present(1), 100_000)
        guard.hear(m.Present(1), 300_000)
        assert not any(isinstance(said, m.Stopped) for said in guard.advance(664_900))
        stopped = [said for said in guard.advance(665_000) if isinstance(said, m.Stopped)]
        assert [said.why for said in stopped] == ["nobody_there"], guard


def test_an_arming_beyond_a_limit_is_refused_as_a_fault() -> None:
    plan = plan_of("tens_conv", 24.0, None)
    limits = tuple(replace(limit, pad_area_mm2=100) for limit in channel_limits(plan))
    (refused,) = VirtualGuard("p24").hear(m.Arm(1, guard_plan(plan, find=True), limits), 0)
    assert isinstance(refused, m.Refused)
    assert refused.fault


def test_an_old_epoch_is_refused_and_a_second_arming_too() -> None:
    plan = plan_of("tens_conv", 24.0, None)
    arm = m.Arm(1, guard_plan(plan, find=True), channel_limits(plan))
    guard = VirtualGuard("p24")
    assert isinstance(guard.hear(replace(arm, epoch=2), 0)[0], m.Refused)
    assert isinstance(guard.hear(arm, 0)[0], m.Status)
    assert isinstance(guard.hear(replace(arm, epoch=2), 10)[0], m.Refused)
    assert isinstance(guard.hear(m.Level(7, 1, 1), 20)[0], m.Refused)


# ── whole sessions ──────────────────────────────────────────────────────────────────────────────


class NobodyWatches:
    def armed(self, arm: m.Arm, plan: SessionPlan, now: dt.datetime) -> None:
        pass

    def output(self, status: m.Status) -> None:
        pass


def played_on(guard: Guard, plan: SessionPlan, seed: int) -> list[tuple[dt.datetime, Record, str | None]]:
    """Every record of two sessions, and when: one that is gone on from, one that ends in a fault.

    Both happen more than a quarter of a second into a second of play: a guard that ticks said so then.
    """
    clock = FixedClock(NOW)
    written: list[tuple[dt.datetime, Record, str | None]] = []

    def save(record: Record, corrects: str | None) -> str:
        written.append((clock.now(), record, corrects))
        return f"r{len(written)}"

    player = SessionPlayer(guard, clock, save, NobodyWatches())
    rng = Random(seed)
    feelings = {1: Feeling(7.0, 12.0), 2: Feeling(6.0, 11.0)}
    hands = Hands(feelings, rng, wrong_keys=0.03, fades=plan.kind == "tens")
    outcome = player.play(plan, hands, first_session=False, mishap=Mishap(60.3, "stop"))
    clock.advance(30.0)
    if outcome.seconds_left:
        player.play(plan, hands, first_session=False, resume=outcome)
    clock.advance(30.0)
    hands = Hands(feelings, rng, wrong_keys=0.0, fades=plan.kind == "tens")
    player.play(plan, hands, first_session=False, mishap=Mishap(40.3, "electrode", 2))
    return written


@pytest.mark.parametrize(
    ("programme", "device_kind", "usual"),
    [
        ("tens_conv", "p24", 4),
        ("tens_burst", "p24", 1),
        ("nmes_learn", "p24", 1),
        ("nmes_str", "p24", 1),
        ("tens_conv", "rehastim2", 1),
    ],
)
def test_a_session_that_jumps_is_the_same_as_one_that_ticks(
    programme: str, device_kind: str, usual: int, soak: bool
) -> None:
    for seed in range(8) if soak else (usual,):  # an odd one has a level to rise towards
        plan = plan_of(programme, 24.0, (None, 10.0)[seed % 2])
        ticking, virtual = TickingGuard(device_kind), VirtualGuard(device_kind)
        assert played_on(virtual, plan, seed) == played_on(ticking, plan, seed)
        assert ticking.ticks > 3_000
