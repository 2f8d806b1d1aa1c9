"""One call at one moment of the monotonic clock, on the running loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from kiosk.clock import Clock


class Waking:
    """`call` is called once the moment has come that was named last."""

    def __init__(self, clock: Clock, call: Callable[[], None]) -> None:
        self._clock = clock
        self._call = call
        self._timer: asyncio.TimerHandle | None = None

    def at(self, due_s: float | None) -> None:
        """Then, or never: the moment named before is forgotten. One that has passed is as soon as can be."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if due_s is not None:
            delay_s = max(0.0, due_s - self._clock.monotonic_s())
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._wake)

    def _wake(self) -> None:
        self._timer = None
        self._call()
