"""How long current flowed in the last 24 hours, and how often the device restarted by itself: the guard's own
count, without the kiosk (safety rules 21 and 29)."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, NamedTuple

from drivers.limits import MAX_DAY_S

log = logging.getLogger(__name__)

DAY_S: Final = 24 * 3600
STINT_S: Final = 3600
"""What flows within this time of a stint's beginning is counted with it, so that there are few of them."""
BOOT_ID: Final = "/proc/sys/kernel/random/boot_id"


class Moment(NamedTuple):
    """Now. `boot_s` is CLOCK_BOOTTIME, `wall_s` what the clock on the wall claims, as Unix time."""

    boot_id: str
    boot_s: float
    wall_s: float


class Stint(NamedTuple):
    """Output above zero for `seconds`, between two moments of this boot (negative: before it)."""

    began_s: float
    ended_s: float
    seconds: float


def system_moment() -> Moment:
    return Moment(_boot_id(), time.clock_gettime(time.CLOCK_BOOTTIME), time.time())


class Tally:
    """Seconds with output above zero, and the device's restarts, in any 24 hours: in `folder`/tally.json, or
    else in memory.

    While armed nothing is written, because a flush may take longer than a stop: `save` before an arming
    reserves the whole plan, `save` after the stop puts the true count in its place. A crash in between
    counts too much, never too little. What cannot be read counts as a full day.
    """

    def __init__(self, folder: str | None, now: Callable[[], Moment] = system_moment) -> None:
        self._path = None if folder is None else os.path.join(folder, "tally.json")
        self._now = now
        self._stints: list[Stint] = []
        self._restarts: list[float] = []
        """When, by this boot's clock."""
        if self._path is not None and os.path.exists(self._path):
            try:
                self._stints, self._restarts = _read(self._path, now())
            except (OSError, ValueError, KeyError, TypeError):
                log.exception("the tally cannot be read: the last 24 hours count as full")
                self._stints = [Stint(now().boot_s, now().boot_s, float(MAX_DAY_S))]

    def seconds(self) -> float:
        """Of the last 24 hours."""
        now_s = self._now().boot_s
        self._stints = [stint for stint in self._stints if now_s - stint.ended_s < DAY_S]
        return sum(stint.seconds for stint in self._stints)

    def restarts(self) -> int:
        """Of the device, in the last 24 hours."""
        now_s = self._now().boot_s
        self._restarts = [at_s for at_s in self._restarts if now_s - at_s < DAY_S]
        return len(self._restarts)

    def restarted(self) -> None:
        """The device, just now."""
        self._restarts.append(self._now().boot_s)

    def add(self, seconds: float) -> None:
        """They have just passed."""
        now_s, last = self._now().boot_s, self._stints[-1] if self._stints else None
        if last is not None and now_s - last.began_s < STINT_S:
            self._stints[-1] = last._replace(ended_s=now_s, seconds=last.seconds + seconds)
        else:
            self._stints.append(Stint(now_s, now_s, seconds))

    def save(self, reserve_s: float = 0.0) -> bool:
        """Whether it is durable now; where it is kept in memory there is nothing to do."""
        now = self._now()
        self.seconds()
        self.restarts()
        reserved = [Stint(now.boot_s, now.boot_s + reserve_s, reserve_s)] if reserve_s else []
        stints = [stint._asdict() for stint in (*self._stints, *reserved)]
        try:
            self._write(json.dumps({**now._asdict(), "stints": stints, "restarts": self._restarts}))
        except OSError:
            log.exception("tally not written")
            return False
        return True

    def _write(self, text: str) -> None:
        if self._path is None:
            return
        with open(self._path + ".new", "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(self._path + ".new", self._path)
        descriptor = os.open(os.path.dirname(self._path), os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _read(path: str, now: Moment) -> tuple[list[Stint], list[float]]:
    """By this boot's clock, which nobody can set. Over a restart the wall clock is believed, once, but never
    that what was saved is younger than this boot."""
    with open(path, encoding="utf-8") as file:
        body: Any = json.load(file, parse_constant=_no_number)
    if "day" in body:  # of a calendar day, as older versions kept it
        return [_checked(Stint(now.boot_s, now.boot_s, float(body["seconds"])), path)], []
    stints = [_checked(Stint(**one), path) for one in body["stints"]]
    restarts = [_checked(Stint(at_s, at_s, 0.0), path).began_s for at_s in body.get("restarts", ())]
    saved = Moment(body["boot_id"], float(body["boot_s"]), float(body["wall_s"]))
    if saved.boot_id == now.boot_id:
        return stints, restarts
    earlier_s = saved.boot_s - now.boot_s + max(now.boot_s, now.wall_s - saved.wall_s)
    moved = [Stint(one.began_s - earlier_s, one.ended_s - earlier_s, one.seconds) for one in stints]
    return [_checked(one, path) for one in moved], [at_s - earlier_s for at_s in restarts]


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number")


def _checked(stint: Stint, path: str) -> Stint:
    if not (abs(stint.began_s) < 1e12 and abs(stint.ended_s) < 1e12 and 0 <= stint.seconds < 1e6):
        raise ValueError(f"{path}: {stint}")
    return stint


@lru_cache(maxsize=1)
def _boot_id() -> str:
    """Where the kernel does not tell it, each process is a boot of its own."""
    try:
        with open(BOOT_ID, encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return os.urandom(16).hex()
