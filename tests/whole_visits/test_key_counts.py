"""How many keys a visit costs: hands that hurt count each of them (screens.md)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from drivers import messages as guard
from kiosk.clock import FixedClock
from kiosk.diary.records import Record
from kiosk.events import BeginSession
from kiosk.keys import Key
from kiosk.rehearsal.guard import VirtualGuard
from kiosk.rehearsal.session import SessionPlayer
from kiosk.session.state import SessionState
from programs.plan import SessionPlan
from tests.kiosk.session.plans import channel, nmes_plan, tens_plan
from tests.kiosk.visit.visit_bench import FIRST_TIME, START, Walk, today

MOST_TO_THE_WARM_UP = 40
MOST_IN_ALL = 55
MOST_FOR_THE_BASELINE = 30
USUAL_MA = 14.0
SLOW_RISE = 0.6
"""Of the last comfortable level (safety rule 4)."""
REACTS_MS = 1_500
WHERE = {"left": Key.ONE, "right": Key.TWO}


class ContentHands:
    """Takes the level that the slow rise reaches, and raises nothing."""

    def __init__(self) -> None:
        self.keys = 0
        self.keys_at_warm_up: int | None = None
        self.levels_half_mA: list[int] = []
        self._due: tuple[Key, int] | None = None

    def press(self, state: SessionState, now_ms: int) -> tuple[Key, int] | None:
        wanted = self._wanted(state)
        if wanted is None or self._due is None or self._due[0] is not wanted:
            self._due = None if wanted is None else (wanted, now_ms + REACTS_MS)
        return self._due

    def pressed(self) -> Key:
        assert self._due is not None
        key, self._due = self._due[0], None
        self.keys += 1
        return key

    def content(self, state: SessionState) -> bool:
        return self._wanted(state) is None

    def _wanted(self, state: SessionState) -> Key | None:
        if state.prompt is not None:
            return Key.ENTER
        if state.stage == "play":
            if self.keys_at_warm_up is None:
                self.keys_at_warm_up = self.keys
                self.levels_half_mA = [side.level_half_mA for side in state.sides]
            return None
        if state.stage != "find":
            return None
        if state.find_step == "where":
            return WHERE[state.side.side]
        slow = state.side.slow
        if slow is not None and slow.running:
            return None
        if state.find_step not in ("offer", "both") and slow is not None and not slow.running:
            return Key.UP  # a continuous rise halts every 5 mA until a new press
        return Key.ENTER


class Watcher:
    def armed(self, arm: guard.Arm, plan: SessionPlan, now: object) -> None:
        pass

    def output(self, status: guard.Status) -> None:
        pass


def played(plan: SessionPlan) -> ContentHands:
    def save(record: Record, corrects: str | None) -> str:
        return "session"

    hands = ContentHands()
    player = SessionPlayer(VirtualGuard("p24"), FixedClock(START), save, Watcher())
    player.play(plan, hands, first_session=False)
    return hands


def walked_to_the_current() -> Walk:
    """A usual visit: everything No, the pads measured and good."""
    walk = Walk(today(), measures=True)
    walk.until("session")
    assert walk.sent(BeginSession)
    return walk


@pytest.mark.parametrize("plan", [nmes_plan, tens_plan])
def test_a_usual_visit_takes_at_most_40_keys_to_the_warm_up(plan: Callable[..., SessionPlan]) -> None:
    known = (channel(1, reference_mA=USUAL_MA), channel(2, reference_mA=USUAL_MA))
    hands = played(plan(*known))
    assert hands.keys_at_warm_up is not None
    assert hands.levels_half_mA == [int(2 * SLOW_RISE * USUAL_MA)] * 2
    keys = walked_to_the_current().keys + hands.keys_at_warm_up
    print(f"{keys} keys to the warm-up, {hands.keys_at_warm_up} of them with current")
    assert keys <= MOST_TO_THE_WARM_UP


@pytest.mark.parametrize("plan", [nmes_plan, tens_plan])
def test_a_usual_visit_takes_at_most_55_keys_in_all_but_raising(plan: Callable[..., SessionPlan]) -> None:
    known = (channel(1, reference_mA=USUAL_MA), channel(2, reference_mA=USUAL_MA))
    hands = played(plan(*known))
    walk = walked_to_the_current()
    walk.end_session("plan_over", seconds_left=0)
    walk.until("saved")
    walk.press("enter")
    keys = walk.keys + hands.keys
    print(f"{keys} keys in all")
    assert keys <= MOST_IN_ALL


def test_the_baseline_takes_at_most_30_keys_when_all_is_no() -> None:
    walk = Walk(today(baseline_due=FIRST_TIME))
    walk.until("first_done")
    walk.press("enter")
    print(f"{walk.keys} keys")
    assert walk.step == "home"
    assert walk.keys <= MOST_FOR_THE_BASELINE
