"""`python -m kiosk.ops.in_use`: may the box be taken from the person now, for an upgrade or a removal?

It reads the diary beside a running kiosk and changes nothing. What is known: a session that was begun and not
ended, when somebody last wrote something, and at which hours the person is reminded of a session or usually
begins one. The script that installs asks; its answer is one line of JSON.
"""

from __future__ import annotations

import argparse
import datetime as dt
import logging
import sys
from pathlib import Path
from typing import Final, Literal

import msgspec

from kiosk import today
from kiosk.clock import Clock, SystemClock
from kiosk.config import load_config
from kiosk.diary.folder import LOCK, META
from kiosk.diary.records import Screening, Session, Stored
from kiosk.diary.settings_file import load_settings
from kiosk.diary.store import StoreReader, open_reader
from kiosk.errors import run_command
from programs.plan import SessionPlan

AHEAD: Final = dt.timedelta(hours=1)
"""Nothing is changed so shortly before a session."""
QUIET_FOR: Final = dt.timedelta(minutes=15)
"""So long after the last thing that somebody entered, nobody sits there any more."""
LONGEST_SESSION: Final = dt.timedelta(hours=3)
"""Two levels to find, 45 minutes, pauses and checks. What was begun before that was cut off."""
HABIT_OF: Final = 10
"""Sessions whose time of day is looked at."""
IS_HABIT: Final = 3
"""So many of them at the same time of day are a habit."""
WRITTEN: Final = ("entries", "screenings", "sessions", "levels", "contacts", "pads", "forms", "access")
"""Kinds of record that somebody at the box writes."""

State = Literal["free", "session", "somebody", "expected"]


class InUse(msgspec.Struct, frozen=True):
    """`state` free: nothing speaks against it."""

    state: State
    sentence: str = ""


def in_use(reader: StoreReader, clock: Clock, device_kind: str, *, kiosk_runs: bool) -> InUse:
    """What speaks against taking the box now, the worst first. Raises KioskError: no diary can be read."""
    found, now = today.read(reader, clock, device_kind), clock.now()
    if kiosk_runs and found.interrupted is not None and abs(now - found.interrupted.at) <= LONGEST_SESSION:
        return InUse("session", f"A session was begun at {found.interrupted.at:%H:%M} and has not ended.")
    last = _last_written(reader)
    # A clock that was set back makes the newest record one of the future: then somebody may well be there.
    if kiosk_runs and last is not None and now - last < QUIET_FOR:
        return InUse("somebody", f"Somebody used the box at {last:%H:%M}.")
    if not isinstance(found.next, SessionPlan) or found.done_today:
        return InUse("free")
    hour = _next_reminder(reader, now)
    if hour is not None:
        return InUse(
            "expected", f"Today's session is still to come, and the person is reminded at {hour:%H:%M}."
        )
    usual = _usual_time(reader, now)
    if usual is not None:
        return InUse("expected", f"Today's session is still to come, usually at about {usual:%H:%M}.")
    return InUse("free")


def kiosk_runs(folder: Path, locks: Path = Path("/proc/locks")) -> bool:
    """Whether a process holds the folder's lock (proc_locks(5)): asking by taking it would keep out a kiosk
    that starts at this moment. Where it cannot be told, one runs."""
    try:
        inode = (folder / LOCK).stat().st_ino
        lines = locks.read_text(encoding="ascii").splitlines()
    except FileNotFoundError:
        return not locks.parent.is_dir()
    except OSError:
        return True
    # Not the device: btrfs and overlay give another number to a program than the kernel has itself.
    held = (line.split() for line in lines)
    return any(fields[1] == "FLOCK" and fields[5].rpartition(":")[2] == str(inode) for fields in held)


def _last_written(reader: StoreReader) -> dt.datetime | None:
    return max((_written_at(one) for kind in WRITTEN if (one := reader.latest(kind))), default=None)


def _written_at(stored: Stored) -> dt.datetime:
    """A round of questions is one document that is written anew with every answer."""
    record, written = stored.record, [stored.envelope.entry_time]
    return max([*written, *record.answered_at.values()] if isinstance(record, Screening) else written)


def _next_reminder(reader: StoreReader, now: dt.datetime) -> dt.datetime | None:
    wanted = load_settings(reader.folder).reminders
    return next((hour for hour in _coming(now, wanted.hours) if wanted.on), None)


def _coming(now: dt.datetime, hours: tuple[int, ...]) -> list[dt.datetime]:
    """Those of the full `hours` that lie within the next hour, past midnight too."""
    full = now.replace(minute=0, second=0, microsecond=0)
    return [at for at in (full, full + AHEAD) if at.hour in hours and now <= at <= now + AHEAD]


def _usual_time(reader: StoreReader, now: dt.datetime) -> dt.datetime | None:
    """The earliest time of day within the next hour at which the last sessions began, if that is a habit."""
    begun = [_began(one) for one in reader.all("sessions")[-HABIT_OF:]]
    as_today = [now + (at.astimezone(now.tzinfo) - now) % dt.timedelta(days=1) for at in begun]
    soon = sorted(at for at in as_today if at <= now + AHEAD)
    return soon[0] if len(soon) >= IS_HABIT else None


def _began(stored: Stored) -> dt.datetime:
    assert isinstance(stored.record, Session)
    return stored.record.began_at or stored.envelope.event_time


def main(arguments: list[str]) -> int:
    """Prints the answer as JSON; 0 whatever it is, 1 when there is none."""
    parser = argparse.ArgumentParser(prog="python -m kiosk.ops.in_use", description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--config", type=Path, required=True)
    given = parser.parse_args(arguments)
    found = InUse("free")
    if (given.data / META).exists():  # else nobody has used the box yet
        device = load_config(given.config).device if given.config.exists() else None
        clock = SystemClock()
        found = in_use(
            open_reader(given.data, clock),
            clock,
            device.kind if device is not None else "p24",
            kiosk_runs=kiosk_runs(given.data),
        )
    sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
    return 0


if __name__ == "__main__":
    # The script shows the last line and keeps the rest of it; where the kiosk logs is not for it to write.
    logging.basicConfig(stream=sys.stderr)
    sys.exit(run_command(lambda: main(sys.argv[1:]), lambda: "/var/log/homestim-install.log"))
