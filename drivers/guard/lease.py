"""The right to put out while the client is heard from (safety rules 8, 9), and the clocks by which it ends.

No I/O; the lease gets the time as an argument.
"""

from __future__ import annotations

import time
from typing import Final, NamedTuple

from drivers import limits as c
from drivers.messages import Lease

LEASE_MS: Final = int(c.LEASE_S * 1000)
RENEWAL_MAX_AGE_MS: Final = int(c.RENEWAL_MAX_AGE_S * 1000)


class Now(NamedTuple):
    """`ms` is CLOCK_MONOTONIC; `boot_ms` is CLOCK_BOOTTIME, which also counts while the box sleeps."""

    ms: int
    boot_ms: int


def system_now() -> Now:
    """Both clocks, in whole ms."""
    return Now(time.monotonic_ns() // 1_000_000, time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000)


class LeaseHold:
    """One epoch's lease. The first runs from its beginning; once it has lapsed it stays so."""

    def __init__(self, epoch: int, now: Now) -> None:
        self.epoch = epoch
        self.n = 0
        """The last renewal that was taken."""
        self.until = Now(now.ms + LEASE_MS, now.boot_ms + LEASE_MS)

    def renew(self, lease: Lease, now: Now) -> None:
        """Counts from when it was written; late, old, repeated or from the future it does not count."""
        age_ms = now.boot_ms - lease.boottime_ns // 1_000_000
        fresh = 0 <= age_ms <= RENEWAL_MAX_AGE_MS and lease.n > self.n and lease.epoch == self.epoch
        if fresh and not self.lapsed(now):
            self.n = lease.n
            self.until = Now(now.ms + LEASE_MS - age_ms, now.boot_ms + LEASE_MS - age_ms)

    def lapsed(self, now: Now) -> bool:
        """Whichever clock says so first."""
        return self.left_ms(now) <= 0

    def left_ms(self, now: Now) -> int:
        """What is left of it, by the clock on which it ends first."""
        return min(self.until.ms - now.ms, self.until.boot_ms - now.boot_ms)
