"""While a lease is held, no collection of garbage may hold the thread that seeks STOP for long."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

from kiosk.session.lease import LeaseKeeper
from kiosk.terminal.liveness import AlwaysAlive
from tests.drivers.guard_bench import in_virtual_time
from tests.faults.session_rig import LoopClock


def collected_while(work: Callable[[], None]) -> set[int]:
    """The generations that were looked through; 2 is everything."""
    seen: set[int] = set()

    def note(phase: str, info: dict[str, Any]) -> None:
        seen.add(info["generation"])

    gc.callbacks.append(note)
    try:
        work()
    finally:
        gc.callbacks.remove(note)
    return seen


def much_that_stays() -> None:
    kept: list[list[Any]] = []
    for _ in range(400_000):
        kept.append([kept])
    kept.clear()


@in_virtual_time
async def test_old_objects_are_looked_through_only_without_a_lease() -> None:
    lease = LeaseKeeper(lambda message: None, LoopClock(), AlwaysAlive())
    usual = gc.get_threshold()
    assert 2 in collected_while(much_that_stays)
    lease.hold(1)
    try:
        lease.hold(1)
        assert collected_while(much_that_stays) == {0, 1}
    finally:
        lease.hold(None)
    assert gc.get_threshold() == usual
    assert 2 in collected_while(much_that_stays)
