"""How long current flowed today: the guard's own count, kept without the kiosk (safety rule 29)."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable

from drivers.limits import MAX_DAY_S

log = logging.getLogger(__name__)


def _today() -> str:
    return time.strftime("%Y-%m-%d")


def _read(path: str) -> tuple[str, float]:
    with open(path, encoding="utf-8") as file:
        body = json.load(file)
    day, seconds = body["day"], float(body["seconds"])
    if time.strptime(day, "%Y-%m-%d") is None or not 0 <= seconds < 1e6:
        raise ValueError(f"{path}: {body}")
    return day, seconds


class Tally:
    """Seconds with output above zero on one calendar day, in `folder`/tally.json, or else in memory.

    While armed nothing is written, because a flush may take longer than a stop: `save` before an arming
    reserves the whole plan, `save` after the stop puts the true count in its place. A crash in between
    counts too much, never too little. A clock that went back stays on its last day.
    """

    def __init__(self, folder: str | None, today: Callable[[], str] = _today) -> None:
        self._path = None if folder is None else os.path.join(folder, "tally.json")
        self._today = today
        self._day, self._seconds = today(), 0.0
        if self._path is not None and os.path.exists(self._path):
            try:
                self._day, self._seconds = _read(self._path)
            except (OSError, ValueError, KeyError, TypeError):
                log.exception("the tally cannot be read: today counts as full")
                self._seconds = float(MAX_DAY_S)

    def seconds(self) -> float:
        """Of today, so far."""
        if self._today() > self._day:
            self._day, self._seconds = self._today(), 0.0
        return self._seconds

    def add(self, seconds: float) -> None:
        self._seconds = self.seconds() + seconds

    def save(self, reserve_s: float = 0.0) -> None:
        """Durable when it returns. Raises OSError."""
        body = json.dumps({"day": self._day, "seconds": round(self.seconds() + reserve_s, 3)})
        if self._path is None:
            return
        folder = os.path.dirname(self._path)
        with open(self._path + ".new", "w", encoding="utf-8") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        os.replace(self._path + ".new", self._path)
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
