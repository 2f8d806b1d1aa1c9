"""What must not wait for a time slice runs before other programs, where this user may.

On a busy machine a program that has slept waits for the next tick of the scheduler, 4 ms or more, before it
runs; a stop passes two of them. The lowest real-time priorities are enough to run at once.
"""

from __future__ import annotations

import os
import resource
import sys
from contextlib import suppress
from typing import Final

GUARD: Final = 2
KEYS: Final = 1
"""Priorities: who holds the lease's clock comes before who only reads keys."""
SESSION_NICENESS: Final = -10
"""Nine times the share of a session that has none."""
SPINS_AT_MOST_US: Final = 1_000_000
"""Whoever runs so long without ever waiting is broken, and must not keep the machine for itself."""


def run_before_others(priority: int) -> bool:
    """The calling thread, and what it starts from now on, runs as soon as it can; False where it may not."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(priority))
    except (AttributeError, OSError):
        return False  # another system, or neither root nor a limit (RLIMIT_RTPRIO) that allows it
    return True


def prefer_session(niceness: int = SESSION_NICENESS) -> int | None:
    """Our session's processes get more of a busy processor than another's, by `niceness` (-20 … 19); returns
    what stood there before, to give back, None where it may not be. On a box CPUWeight= of the unit says it.

    A thread lets go of the interpreter's lock only while it runs. The one that draws has no priority: pushed
    off the processor in the midst of it, it would keep STOP waiting, whatever the priority of who reads it.
    """
    try:
        with open("/proc/self/autogroup", "r+", encoding="ascii") as group:
            stood = group.read().split()
            if not stood:
                return None  # what began before any session of its own shares with the whole machine
            group.write(f"{niceness}")
    except OSError:
        return None
    return int(stood[-1])


def end_when_spinning() -> None:
    """The kernel ends this process (SIGXCPU) when a thread of such a priority never waits for so long.

    A limit that stands already stays (`LimitRTTIME=` of the guard's unit): where the process was started with
    such a priority its imports count too, and on a slow board they alone take longer than this.
    """
    if sys.platform == "linux" and resource.getrlimit(resource.RLIMIT_RTTIME)[1] == resource.RLIM_INFINITY:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_RTTIME, (SPINS_AT_MOST_US, SPINS_AT_MOST_US))
