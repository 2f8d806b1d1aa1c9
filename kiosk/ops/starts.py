"""How often the kiosk ended by itself lately: a small durable file, right without any time service.

Only ends within one boot count, by CLOCK_BOOTTIME: a person who switches the box off at the wall has not made
the kiosk crash. A crash is dated by the next start, for who crashes cannot write down when. Standard library
alone: the doctor reads this where nothing else can be loaded.
"""

from __future__ import annotations

import contextlib
import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from kiosk import plain_file
from kiosk.diary import durable

log = logging.getLogger(__name__)

FILE: Final = "starts.json"
MOST_CRASHES: Final = 3
WITHIN_S: Final = 600.0
BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


class Moment(NamedTuple):
    """A time of one boot."""

    boot: str
    at_s: float


class Starts(NamedTuple):
    """The whole file."""

    safe: bool = False
    """Safe mode: until an installer ends it, over restarts and boots."""
    running: Moment | None = None
    """When the kiosk was started that has not ended in order."""
    crashes: tuple[Moment, ...] = ()
    """The last ones of this boot."""


UNREADABLE: Final = Starts(safe=True)
"""Nobody knows what happened: no therapy until somebody looked."""


def this_moment() -> Moment:
    """Now, by the machine's own count."""
    boot = BOOT_ID.read_text(encoding="ascii").strip()
    return Moment(boot, time.clock_gettime(time.CLOCK_BOOTTIME))


def begun(before: Starts, now: Moment) -> Starts:
    """A kiosk starts: one that is still noted as running did not end in order."""
    crashes = before.crashes
    if before.running is not None and before.running.boot == now.boot:
        crashes = (*crashes, now)
    recent = tuple(one for one in crashes if one.boot == now.boot and now.at_s - one.at_s <= WITHIN_S)
    return Starts(before.safe or len(recent) >= MOST_CRASHES, now, recent[-MOST_CRASHES:])


def read(folder: Path) -> Starts:
    """What is known; safe mode where the file cannot be read. Never raises."""
    try:
        found = json.loads(plain_file.read(folder / FILE))
        running = found["running"]
        return Starts(
            _flag(found["safe"]),
            None if running is None else _moment(running),
            tuple(_moment(one) for one in found["crashes"]),
        )
    except FileNotFoundError:
        return Starts()
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        log.error("%s cannot be read: %r", FILE, error)
        return UNREADABLE


@contextlib.contextmanager
def counted(folder: Path) -> Iterator[Starts]:
    """One run of the kiosk, which alone writes in `folder`. What ends with a sentence for a person ended in
    order; what nobody thought of did not."""
    now = begun(read(folder), this_moment())
    _write(folder, now)
    try:
        yield now
    except Exception as error:
        if isinstance(getattr(error, "sentence", None), str):
            _end(folder)
        raise
    except BaseException:  # Ctrl+C, or an exit that was asked for
        _end(folder)
        raise
    _end(folder)


def leave_safe_mode(folder: Path) -> None:
    """Somebody looked, and all is well. Raises OSError."""
    durable.write_file(folder / FILE, _encoded(Starts(running=read(folder).running)))


def _end(folder: Path) -> None:
    _write(folder, read(folder)._replace(running=None))


def _write(folder: Path, starts: Starts) -> None:
    """A disk that takes nothing must not keep anybody from the diary that is on it."""
    try:
        durable.write_file(folder / FILE, _encoded(starts))
    except OSError:
        log.exception("%s cannot be written", FILE)


def _encoded(starts: Starts) -> bytes:
    def plain(moment: Moment) -> dict[str, Any]:
        return {"boot": moment.boot, "at_s": moment.at_s}

    return json.dumps(
        {
            "safe": starts.safe,
            "running": None if starts.running is None else plain(starts.running),
            "crashes": [plain(one) for one in starts.crashes],
        }
    ).encode()


def _moment(found: Any) -> Moment:
    if not (isinstance(found["boot"], str) and isinstance(found["at_s"], int | float)):
        raise TypeError("a moment of another kind")
    return Moment(found["boot"], float(found["at_s"]))


def _flag(found: Any) -> bool:
    if not isinstance(found, bool):
        raise TypeError("a flag of another kind")
    return found
