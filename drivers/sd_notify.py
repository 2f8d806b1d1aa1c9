"""What systemd is told of the guard: ready, stopping, and still well (box.md, "systemd").

The watchdog is fed only while what has to hold holds: `broken_invariant` says what does not.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Mapping
from typing import Final

from drivers.record import record

log = logging.getLogger("homestim.guard")

RECHECK_PART: Final = 0.1
"""Of the pause between two pings: what did not hold is looked at again this soon, for it may have been about
to be dealt with."""
MAX_TURN_MS: Final[Mapping[str, int]] = {
    "no_device": 20_000,
    "idle": 5_000,
    "testing": 3_000,
    "probing": 3_000,
    "armed": 3_000,
    "stopping": 10_000,
    "unconfirmed": 20_000,
}
"""State → how long one turn of the guard may take at most: several answers of the device, with their tries.
Whoever searches may have opened a port that takes its time."""


class Notifier:
    """One datagram a message to `address`, a path or an abstract name (`@…`); None: nobody wants to know."""

    def __init__(self, address: str | None) -> None:
        self._address = "\0" + address[1:] if address is not None and address.startswith("@") else address
        self._sock: socket.socket | None = None
        self._taken = True

    def send(self, message: str) -> bool:
        """Never waits and never raises. False: it was not taken."""
        if not self._address:
            return False
        try:
            if self._sock is None:
                self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
                self._sock.setblocking(False)
            self._sock.sendto(message.encode(), self._address)
        except OSError as error:
            if self._taken:
                log.warning("systemd is not told %s: %s", message, error)
            self._taken = False
        else:
            self._taken = True
        return self._taken

    def close(self) -> None:
        if self._sock is not None:
            self._sock.close()
            self._sock = None


def ping_every_s(environment: Mapping[str, str], pid: int) -> float | None:
    """Half of $WATCHDOG_USEC; None when there is no watchdog, or when it is another process's."""
    if environment.get("WATCHDOG_PID", str(pid)) != str(pid):
        return None
    try:
        watchdog_us = int(environment["WATCHDOG_USEC"])
    except (KeyError, ValueError):
        return None
    return watchdog_us / 2e6 if watchdog_us > 0 else None


@record
class Vitals:
    """What the guard is at one moment, as plain facts."""

    state: str
    turn_age_ms: int
    """Since the state's work began, or last waited."""
    above_zero: bool
    """Something above zero was given to the device, and no stop has ended since."""
    armed: bool
    """There is an arming, or a contact check, which is one too."""
    ended: str | None = None
    """Why that arming is over."""
    leased_for_ms: int = 0
    """What is left of its lease."""


def broken_invariant(vitals: Vitals) -> str | None:
    """The first thing that has to hold and does not; None: the guard is well (safety rules 8-10, 12)."""
    most_ms = MAX_TURN_MS.get(vitals.state)
    if most_ms is None:
        return f"unknown state {vitals.state}"
    if vitals.turn_age_ms > most_ms:
        return f"{vitals.state}: no turn for more than {most_ms} ms"
    if vitals.armed != (vitals.state in ("armed", "probing")):
        return f"{vitals.state}, {'with' if vitals.armed else 'without'} an arming"
    if vitals.ended is not None:
        return f"armed, though it is over: {vitals.ended}"
    if vitals.armed and vitals.leased_for_ms <= 0:
        return "armed without a lease"
    if vitals.above_zero and vitals.state not in ("armed", "stopping"):
        return f"{vitals.state}, above zero"
    return None


async def keep_alive(notifier: Notifier, every_s: float, vitals: Callable[[], Vitals]) -> None:
    """Ping until it is cancelled, but not while something is broken: then systemd ends and restarts us."""
    told: str | None = None
    while True:
        broken = broken_invariant(vitals())
        if broken is None:
            notifier.send("WATCHDOG=1")
        elif broken != told:
            log.error("no watchdog ping: %s", broken)
        told = broken
        await asyncio.sleep(every_s if broken is None else every_s * RECHECK_PART)


def from_environment() -> Notifier:
    """To whoever started us, if it wants to know."""
    return Notifier(os.environ.get("NOTIFY_SOCKET"))
