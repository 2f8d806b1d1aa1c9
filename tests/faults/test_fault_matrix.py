"""Every fault in every state of a session, on both devices, judged by the device's own log.

In virtual time: zero within its bound, never above a limit, a plain sentence for the person, nothing resumed
and nothing armed anew, the diary's record closed. Against the virtual devices; on hardware not yet measured.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cache
from typing import Final
from unittest import mock

import pytest

from drivers import limits
from drivers import messages as m
from drivers.virtual.process import virtual_device
from kiosk.diary.records import Session
from kiosk.events import ContactCheckEnded, Event, SessionEnded, StopTestEnded
from kiosk.keys import Key
from kiosk.session import rules
from kiosk.session.state import SessionState
from kiosk.session.stop_test import BY_PERSON
from kiosk.visit import flow
from kiosk.visit.pages import rhythm
from kiosk.visit.state import Moment, Visit
from programs.plan import PlannedPhase, SessionPlan
from tests.drivers.guard_bench import in_virtual_time, virtual_time
from tests.faults.session_rig import Seat, seated
from tests.kiosk.session.plans import CONTINUOUS, MONTAGE, SQUEEZE, channel
from tests.kiosk.visit.visit_bench import Walk

KINDS: Final = ("p24", "rehastim2")
ZERO_WITHIN_S: Final = 3.0
"""The table's worst case, 2.5 s, and the margin: read, tries, the device's own time-out."""
SEEN_WITHIN_S: Final = 3.0
"""What ends a session by itself has done so by then; else a person presses STOP."""
TOLD_WITHIN_S: Final = 8.0
LOOKED_AT_S: Final = 5.0
CEILING_MA: Final = 24.0

ALWAYS_ENDS: Final = frozenset({"unplug", "brown_out", "mute", "emergency", "battery_low", "error"})
"""With current flowing nobody has to press anything."""
NO_HARM: Final = frozenset({"pad_on", "emergency_off"})
"""Puts right what was wrong: no fault."""

Reach = Callable[[Seat], Awaitable[None]]


def plan(work_s: int = 60, reference_mA: float | None = None) -> SessionPlan:
    """A muscle session with short phases: warm-up, work, cool-down."""
    phases = (
        PlannedPhase("warm_up", "warm_up", 10, 300, 5.0, CONTINUOUS, 0.4),
        PlannedPhase("work", "nmes_learn", work_s, 250, 35.0, SQUEEZE, 1.0),
        PlannedPhase("cool_down", "cool_down", 10, 300, 3.0, CONTINUOUS, 0.4),
    )
    channels = tuple(channel(n, CEILING_MA, reference_mA) for n in (1, 2))
    return SessionPlan("nmes", "nmes_learn", MONTAGE, phases, channels)


def state_of(seat: Seat) -> SessionState:
    state = seat.runner.state
    assert state is not None
    assert state.stage != "ended", f"ended before its time: {seat.outcome}"
    return state


def in_session(holds: Callable[[SessionState], bool], the_plan: SessionPlan | None = None) -> Reach:
    async def reach(seat: Seat) -> None:
        await seat.stop_tested()
        seat.begin(the_plan or plan())
        await seat.until(lambda: holds(state_of(seat)))

    return reach


def finding(side: int, *, above_zero: bool) -> Reach:
    return in_session(
        lambda state: (
            state.stage == "find"
            and state.finding == side
            and state.status is not None
            and bool(state.side.applied_half_mA) is above_zero
        )
    )


def playing(role: str, part: str = "", the_plan: SessionPlan | None = None) -> Reach:
    def holds(state: SessionState) -> bool:
        if state.stage != "play" or state.phase is None or state.status is None:
            return False
        if state.phase.role != role:
            return False
        if not part:
            return any(side.applied_half_mA for side in state.sides)
        return rhythm.stretch(state.phase.pattern, state.status.phase_elapsed_ms).part == part

    return in_session(holds, the_plan)


async def at_the_stop_test(seat: Seat) -> None:
    seat.link.send(m.Test())
    await seat.until(lambda: seat.guard_state == "testing")


async def probing(seat: Seat) -> None:
    """The contact check of two leads, after its first pulse."""
    await seat.stop_tested()
    mark_s = virtual_time().now_s
    seat.contact.begin((1, 2), seat.epoch)
    await seat.until(lambda: bool(seat.device.flowed_after(mark_s)))


async def rising_slowly(seat: Seat) -> None:
    await in_session(
        lambda state: (
            state.stage == "find"
            and state.side.slow is not None
            and state.side.slow.running
            and state.side.applied_half_mA > 0
        ),
        plan(reference_mA=12.0),
    )(seat)


async def resting(seat: Seat) -> None:
    await playing("work", "tighten")(seat)
    seat.runner.press(Key.FIVE)
    await seat.until(lambda: state_of(seat).resting)


async def asked_whether_still_ok(seat: Seat) -> None:
    # Only that it is asked matters here, and not that it takes five minutes.
    with mock.patch.object(rules, "STILL_OK_EVERY_S", 25.0):
        await in_session(
            lambda state: (
                state.stage == "play" and state.prompt is not None and state.prompt.kind == "still_ok"
            ),
        )(seat)


async def stopping(seat: Seat) -> None:
    await playing("work", "tighten")(seat)
    seat.runner.press(Key.STOP)


async def unconfirmed(seat: Seat) -> None:
    await playing("work", "tighten")(seat)
    seat.device.fault("stop_ignored:3")
    seat.device.fault("mute:20")
    await seat.until(lambda: seat.guard_state == "unconfirmed")


async def gone_on(seat: Seat) -> None:
    await playing("work", "tighten")(seat)
    seat.runner.press(Key.STOP)
    await seat.until(lambda: seat.outcome is not None and seat.guard_state == "idle")
    seat.begin(plan(), resume=seat.outcome)
    await seat.until(
        lambda: seat.guard_state == "armed" and any(side.slow is not None for side in state_of(seat).sides)
    )


STATES: Final[dict[str, Reach]] = {
    "STOP test": at_the_stop_test,
    "contact check": probing,
    "finding left, zero": finding(0, above_zero=False),
    "finding left, above zero": finding(0, above_zero=True),
    "finding right": finding(1, above_zero=True),
    "slow rise": rising_slowly,
    "ramp up": playing("work", "rising"),
    "plateau": playing("work", "tighten"),
    "ramp down": playing("work", "falling"),
    "rest between squeezes": playing("work", "rest"),
    "warm-up": playing("warm_up"),
    "cool-down": playing("cool_down", the_plan=plan(work_s=10)),
    "rest at zero": resting,
    "still OK?": asked_whether_still_ok,
    "stopping": stopping,
    "unconfirmed": unconfirmed,
    "gone on": gone_on,
}
FAULTS: Final = {kind: tuple(sorted(virtual_device(kind).fault_kinds - NO_HARM)) for kind in KINDS}
MEASURING: Final = frozenset({"p24"})
"""Only these check how the pads lie."""


def states_of(kind: str) -> list[str]:
    return [state for state in STATES if state != "contact check" or kind in MEASURING]


Combination = tuple[str, str, str]
"""Device, state, fault."""

EVERY: Final = [(kind, state, fault) for kind in KINDS for state in states_of(kind) for fault in FAULTS[kind]]


def sample() -> list[Combination]:
    """Every fault of every device once, and with them every state."""
    chosen = []
    for shift, kind in enumerate(KINDS):
        states = states_of(kind)
        for number, fault in enumerate(FAULTS[kind]):
            chosen.append((kind, states[(number + 7 * shift) % len(states)], fault))
    return chosen


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test a combination: all of them with --soak."""
    if "combination" in metafunc.fixturenames:
        chosen = EVERY if metafunc.config.getoption("--soak") else sample()
        metafunc.parametrize("combination", chosen, ids=lambda one: ", ".join(one))


@cache
def visit_at(step: str) -> Visit:
    walk = Walk(measures=step == "probing")
    walk.until("contact_check" if step == "probing" else step)
    if step == "probing":
        walk.press("enter")
    assert walk.step == step
    return walk.visit


def ending(seat: Seat, mark: int) -> tuple[str, Event, bool]:
    """Where the end is heard, how the kiosk hears of it, and whether the device said off."""
    if seat.outcome is not None:
        return "session", SessionEnded(seat.outcome), seat.outcome.confirmed
    if seat.contact_end is not None:
        return "probing", seat.contact_end, seat.contact_end.confirmed
    stopped = seat.of(m.Stopped, mark)[0]
    by_person = stopped.why in BY_PERSON
    return "stop_test", StopTestEnded(stopped.confirmed, stopped.how, by_person), stopped.confirmed


def judge_the_page(seat: Seat, mark: int) -> None:
    """The kiosk shows how it ended, and never that the output is off where the device did not say so."""
    step, event, confirmed = ending(seat, mark)
    moment = Moment(Walk().now, virtual_time().now_s)
    visit, _ = flow.hear(visit_at(step), event, moment)
    page = flow.page(visit, moment, None)
    assert page.id != step, "the screen follows"
    assert page.spoken.strip()
    assert (page.id == "not_confirmed") is not confirmed, page.id
    if not confirmed:
        assert "OFF" in page.spoken
    if isinstance(event, StopTestEnded) and not (confirmed and event.by_person):
        assert not visit.context.run.stop_tested
    if isinstance(event, ContactCheckEnded) and event.why != "probed":
        assert not visit.context.run.contact_good


async def try_to_go_on_without_the_person(seat: Seat, since_s: float) -> None:
    """The kiosk asks for nothing by itself; what it sent before, sent once more, is refused."""
    mark = len(seat.heard)
    asked = next((one for one in reversed(seat.sent) if isinstance(one, m.Arm | m.Probe)), None)
    if asked is not None:
        seat.link.send(asked)
        seat.link.send(m.Level(asked.epoch, 1, limits.MAX_RAISE_HALF_MA[seat.kind]))
        await seat.wait(LOOKED_AT_S)
        assert [one.epoch for one in seat.of(m.Refused, mark)] == [asked.epoch] * 2
    assert not seat.device.flowed_after(since_s)


async def judge(kind: str, state: str, fault: str) -> None:
    async with seated(kind) as seat:
        await STATES[state](seat)
        in_a_session = seat.runner.state is not None
        probes = seat.contact.output_possible
        flows = bool(seat.device.flowed_after(virtual_time().now_s))
        mark, at_s, sent = len(seat.heard), virtual_time().now_s, len(seat.sent)
        seat.device.fault(fault)
        await seat.wait(SEEN_WITHIN_S)
        ended_by_itself = seat.outcome is not None or bool(seat.of(m.Stopped, mark))
        if fault in ALWAYS_ENDS and flows:
            assert not seat.device.flowed_after(at_s + ZERO_WITHIN_S)
        else:
            at_s = virtual_time().now_s
        if seat.runner.output_possible or state == "STOP test":
            seat.runner.press(Key.STOP)
            seat.link.send(m.Stop("test"))
        seat.contact.request_stop("person")
        await seat.wait(TOLD_WITHIN_S + LOOKED_AT_S)

        where = (kind, state, fault, ended_by_itself)
        assert not seat.device.flowed_after(at_s + ZERO_WITHIN_S), where
        assert all(mA <= CEILING_MA for mA in seat.device.peak_mA().values()), where
        assert seat.guard_state in ("idle", "no_device", "unconfirmed"), where
        if in_a_session:
            assert seat.outcome is not None, where
            record = seat.records[-1]
            assert isinstance(record, Session)
            assert record.state != "begun", where
            assert record.stop_confirmed is seat.outcome.confirmed, where
        elif probes:
            assert seat.contact_end is not None, where
        else:
            assert seat.of(m.Stopped, mark), where
        judge_the_page(seat, mark)
        assert not any(isinstance(one, m.Arm | m.Probe) for one in seat.sent[sent:]), where
        await try_to_go_on_without_the_person(seat, at_s + ZERO_WITHIN_S)


def test_the_sample_has_every_state_and_every_fault_of_every_device() -> None:
    assert {state for _, state, _ in sample()} == set(STATES)
    assert {(kind, fault) for kind, _, fault in sample()} == {(k, f) for k in KINDS for f in FAULTS[k]}
    assert set(sample()) <= set(EVERY)


@pytest.mark.timeout(60)
def test_every_fault_in_every_state_ends_at_zero_in_plain_words_and_with_a_closed_record(
    combination: Combination,
) -> None:
    in_virtual_time(judge)(*combination)
