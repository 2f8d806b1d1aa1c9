"""The one clock: wall time, monotonic time, and whether the wall time can be believed.

Nothing else in the kiosk reads the time of the machine; tests, screens' pictures and rehearsal inject
a `FixedClock`.
"""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

SANE_YEARS: Final = range(2025, 2100)
"""An RTC with an empty battery says 1970 or 2000."""
RTC_AGREES_WITHIN_S: Final = 600
"""A free-running system clock drifts from its RTC by a second or two a day."""

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
    synchronised, or when a hardware clock (RTC) is there and agrees with it within ten minutes, so
    that a clock set by hand to another day is not believed.
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


def rtc_agrees(now_s: float, rtc: Path = Path("/sys/class/rtc/rtc0/since_epoch")) -> bool:
    """A hardware clock is there, and says nearly the same as `now_s`, seconds since 1970."""
    try:
        return abs(int(rtc.read_text(encoding="ascii")) - now_s) <= RTC_AGREES_WITHIN_S
    except (OSError, ValueError):
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
