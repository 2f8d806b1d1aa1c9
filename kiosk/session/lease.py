"""The renewals without which the guard lets nothing out (safety rules 8, 9)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from drivers import limits
from drivers import messages as guard
from kiosk.clock import Clock
from kiosk.collecting import in_small_steps


class Liveness(Protocol):
    """Whether the terminal still answers (safety rule 9): injected, because a headless test has none."""

    def alive(self, now_s: float) -> bool:
        """True while the last query was answered within 0.75 s."""


class LeaseKeeper:
    """Renews one epoch's lease ten times a second, while it is held and the terminal answers.

    It lives on the screen's own loop on purpose: when that hangs, nothing is renewed and the guard stops.
    While a lease is held, current may flow: garbage is then collected in small steps.
    """

    def __init__(self, send: Callable[[guard.ToGuard], None], clock: Clock, liveness: Liveness) -> None:
        self._send = send
        self._clock = clock
        self._liveness = liveness
        self._timer: asyncio.TimerHandle | None = None
        self._epoch = 0
        self._n = 0

    def hold(self, epoch: int | None) -> None:
        """Renews `epoch`'s lease from now on; None: no more."""
        if epoch is None:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
                in_small_steps(False)
            return
        self._epoch = epoch
        if self._timer is None:
            in_small_steps(True)
            self._renew()

    def _renew(self) -> None:
        """One renewal, unless the terminal stopped answering: then the guard's dead-man does its work."""
        if self._liveness.alive(self._clock.monotonic_s()):
            self._n += 1
            self._send(guard.Lease(self._epoch, self._n, self._clock.boottime_ns()))
        self._timer = asyncio.get_running_loop().call_later(limits.LEASE_RENEW_EVERY_S, self._renew)
