"""The one clock: wall time, monotonic time, and whether the wall time can be believed.

Nothing else in the kiosk reads the time of the machine; tests, screens' pictures and rehearsal inject
a `FixedClock`.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

SANE_YEARS: Final = range(2025, 2100)
"""An RTC with an empty battery says 1970 or 2000."""
RTC_AGREES_WITHIN_S: Final = 600
"""A free-running system clock drifts from its RTC by a second or two a day."""

RTCS: Final = Path("/sys/class/rtc")
_WITH_A_BATTERY: Final = re.compile(r"rtc-(ds|pcf|rv|rx|mcp|abx|m41t|isl)")
"""Chips on modules that are added to a board; the kernel's name of such a clock begins with its driver's."""
_TIME_ERROR: Final = 5
"""adjtimex(2): the clock is not synchronised."""
_TIMEX_BYTES: Final = 256
"""Room for struct timex (208 bytes at most). All zero: `modes` 0 asks and changes nothing."""


class Clock(Protocol):
    """What the kiosk may ask about time."""

    def now(self) -> dt.datetime:
        """Wall time, aware, in the local offset of this moment."""

    def monotonic_s(self) -> float:
        """CLOCK_MONOTONIC in seconds: for durations; stands still in suspend."""

    def boottime_ns(self) -> int:
        """CLOCK_BOOTTIME in nanoseconds: goes on in suspend; stamps the lease (safety rule 8)."""

    def boot_id(self) -> str:
        """Changes at every boot: monotonic times compare only within one."""

    def trusted(self) -> bool:
        """The wall time was set by somebody who knows it (safety rule 29)."""


class SystemClock:
    """The machine's clocks.

    `trusted` is true in a sane year when the kernel says that a time service keeps the clock
    synchronised, or when a hardware clock (RTC, `rtc_agrees`) is there and agrees with it within ten
    minutes, so that a clock set by hand to another day is not believed.
    """

    def __init__(self) -> None:
        self._boot_id = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC).astimezone()

    def monotonic_s(self) -> float:
        return time.monotonic()

    def boottime_ns(self) -> int:
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME)

    def boot_id(self) -> str:
        return self._boot_id

    def trusted(self) -> bool:
        now_s = time.time()
        if dt.datetime.fromtimestamp(now_s, dt.UTC).year not in SANE_YEARS:
            return False
        return kernel_synchronised() or rtc_agrees(now_s)


def kernel_synchronised() -> bool:
    """Asks the kernel; chrony, ntpd and systemd-timesyncd all report there."""
    import ctypes  # Off the path to the first screen, which shows no session yet.

    state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    return state not in (-1, _TIME_ERROR)


def rtc_agrees(now_s: float, rtcs: Path = RTCS) -> bool:
    """A hardware clock says nearly the same as `now_s`, seconds since 1970, and no other one that can be
    right says something else."""
    said = rtc_times(rtcs)
    near = [abs(one - now_s) <= RTC_AGREES_WITHIN_S for one in said]
    return any(near) and all(is_near or not _is_sane(one) for is_near, one in zip(near, said, strict=True))


def rtc_times(rtcs: Path = RTCS) -> tuple[int, ...]:
    """What each hardware clock says that keeps the time without power, in seconds since 1970: the first one,
    one that set the system's clock, one that is known to have a battery."""
    said = []
    for rtc in sorted(rtcs.glob("rtc[0-9]*")):
        try:
            sets_the_clock = (rtc / "hctosys").read_text(encoding="ascii").strip() == "1"
        except (OSError, ValueError):
            sets_the_clock = False
        try:
            name = (rtc / "name").read_text(encoding="ascii", errors="replace")
        except OSError:
            name = ""
        if rtc.name == "rtc0" or sets_the_clock or _WITH_A_BATTERY.match(name):
            with contextlib.suppress(OSError, ValueError):
                said.append(int((rtc / "since_epoch").read_text(encoding="ascii")))
    return tuple(said)


def _is_sane(said_s: int) -> bool:
    try:
        return dt.datetime.fromtimestamp(said_s, dt.UTC).year in SANE_YEARS
    except (OverflowError, OSError, ValueError):
        return False


@dataclass
class FixedClock:
    """A clock that stands until it is moved. Aware `time` only."""

    time: dt.datetime
    uptime_s: float = 1000.0
    boot: str = "00000000-0000-4000-8000-000000000001"
    is_trusted: bool = True

    def __post_init__(self) -> None:
        if self.time.tzinfo is None:
            raise ValueError("a clock's time carries its offset")

    def advance(self, seconds: float) -> None:
        """Lets `seconds` pass on every clock."""
        self.time += dt.timedelta(seconds=seconds)
        self.uptime_s += seconds

    def now(self) -> dt.datetime:
        return self.time

    def monotonic_s(self) -> float:
        return self.uptime_s

    def boottime_ns(self) -> int:
        return int(self.uptime_s * 1e9)

    def boot_id(self) -> str:
        return self.boot

    def trusted(self) -> bool:
        return self.is_trusted
