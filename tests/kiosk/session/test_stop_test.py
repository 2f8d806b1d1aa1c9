"""The STOP test in the kiosk, message by message: what it asks of the guard, and how it can end."""

from __future__ import annotations

import asyncio

import pytest

from drivers import messages as guard
from kiosk.events import StopTestEnded, StopTestReady
from kiosk.session import rules
from kiosk.session.stop_test import StopTest
from tests.drivers.guard_bench import in_virtual_time
from tests.faults.session_rig import LoopClock

TESTING = guard.Status("testing", 0, 3, (), 0, False, None, 0, None)


class Bench:
    """A test that was begun; what went to the guard, and what the visit heard."""

    def __init__(self, *, button_alone: bool = False) -> None:
        self.sent: list[guard.ToGuard] = []
        self.heard: list[StopTestReady | StopTestEnded] = []
        self.test = StopTest(
            send=self.sent.append,
            clock=LoopClock(),
            on_event=self.heard.append,
            button_alone=button_alone,
        )
        self.test.begin()


def stopped(why: str, *, confirmed: bool = True) -> guard.Stopped:
    return guard.Stopped(0, why, confirmed, "status 0", 1.0)


@in_virtual_time
async def test_stop_is_waited_for_once_the_device_has_something_to_switch_off() -> None:
    bench = Bench()
    assert bench.sent == [guard.Test()]
    assert bench.test.output_possible
    bench.test.hear(TESTING)
    bench.test.hear(TESTING)
    assert bench.heard == [StopTestReady()]


@pytest.mark.parametrize(
    ("why", "by_person"),
    [("test", True), ("keyboard", True), ("button", True), ("result", False), ("stop_input_lost", False)],
)
@in_virtual_time
async def test_only_a_person_passes_it(why: str, by_person: bool) -> None:
    bench = Bench()
    bench.test.hear(stopped(why))
    assert bench.heard == [StopTestEnded(True, "status 0", by_person, "" if by_person else why)]
    assert not bench.test.output_possible


@pytest.mark.parametrize(
    ("why", "failed"),
    [
        ("button", ""),
        ("test", "no_button"),
        ("keyboard", "no_button"),
        ("test_too_early", "test_too_early"),
        ("test_over", "test_over"),
    ],
)
@in_virtual_time
async def test_where_the_button_is_to_be_tested_no_key_passes_it(why: str, failed: str) -> None:
    bench = Bench(button_alone=True)
    assert bench.sent == [guard.Test(button=True)]
    bench.test.press_stop()
    assert bench.sent[1:] == [guard.Stop("test")], "it stops all the same"
    bench.test.hear(stopped(why))
    assert bench.heard == [StopTestEnded(True, "status 0", failed == "", failed)]


@in_virtual_time
async def test_what_the_device_did_not_confirm_is_not_confirmed() -> None:
    bench = Bench()
    bench.test.hear(stopped("test", confirmed=False))
    assert bench.heard == [StopTestEnded(False, "status 0")]


@in_virtual_time
async def test_a_test_that_is_refused_is_not_passed() -> None:
    bench = Bench()
    bench.test.hear(guard.Refused(0, "not_idle", "test", "", False))
    assert bench.heard == [StopTestEnded(True, "refused: not_idle", by_person=False, why="refused")]


@in_virtual_time
async def test_a_button_that_is_not_plugged_in_is_said() -> None:
    bench = Bench(button_alone=True)
    bench.test.hear(guard.Refused(0, "stop_input", "none", "a stop button", False))
    assert [(ended.by_person, ended.why) for ended in bench.heard] == [(False, "stop_input")]  # type: ignore[union-attr]


@in_virtual_time
async def test_a_guard_that_falls_silent_is_not_believed() -> None:
    bench = Bench()
    for _ in range(3):
        await asyncio.sleep(rules.STOP_ANSWER_S - 0.1)
        bench.test.hear(TESTING)
    await asyncio.sleep(rules.STOP_ANSWER_S - 0.1)
    assert bench.heard == [StopTestReady()]
    await asyncio.sleep(0.2)
    assert bench.heard[1:] == [StopTestEnded(False, "the guard did not answer")]


@in_virtual_time
async def test_a_guard_that_is_gone_is_not_believed() -> None:
    bench = Bench()
    bench.test.guard_gone()
    assert bench.heard == [StopTestEnded(False, "the guard process ended")]


@in_virtual_time
async def test_it_ends_once_and_a_stop_key_behind_it_is_none_of_its_own() -> None:
    bench = Bench()
    bench.test.press_stop()
    assert bench.sent == [guard.Test(), guard.Stop("test")]
    bench.test.hear(stopped("test"))
    bench.test.hear(stopped("not_off", confirmed=False))
    bench.test.guard_gone()
    bench.test.press_stop()
    await asyncio.sleep(2 * rules.STOP_ANSWER_S)
    assert len(bench.heard) == 1
    assert len(bench.sent) == 2


@in_virtual_time
async def test_a_closed_one_leaves_no_timer_whatever_is_heard() -> None:
    bench = Bench()
    bench.test.close()
    bench.test.hear(TESTING)
    await asyncio.sleep(2 * rules.STOP_ANSWER_S)
    assert bench.heard == [StopTestReady()]
