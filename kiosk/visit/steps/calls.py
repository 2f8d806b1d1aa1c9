"""Tones that call a person: after a session that nobody answered, and for what of today is still open.

Source: screens.md, "Sounds and silence". None sounds at night, but for the three of a session.
"""

from __future__ import annotations

import datetime as dt
from typing import Final, Literal

from msgspec.structs import replace

from kiosk.diary.settings_file import Reminders
from kiosk.events import Effect, PlayTone
from kiosk.visit.state import Moment, Result, Visit
from kiosk.visit.steps.home import variant
from kiosk.visit.steps.moves import update

NOBODY_EVERY_S: Final = 60.0
NOBODY_TONES: Final = 3
LONGEST_GAP: Final = dt.timedelta(hours=1)
"""Home looks every ten minutes. A box that slept, or a clock that was set, passes hours by without a tone."""

Open = Literal["session", "questions", "diary"]


def due_s(visit: Visit) -> float | None:
    """When the next tone is due, monotonic."""
    if visit.step != "nobody" or visit.tones >= NOBODY_TONES:
        return None
    return visit.shown_s + (visit.tones + 1) * NOBODY_EVERY_S


def call(visit: Visit, moment: Moment) -> Result:
    """The tone that is due: nobody answered, and a person may be lying there with the pads on."""
    at_s = due_s(visit)
    if at_s is None or moment.monotonic_s < at_s:
        return visit, ()
    return replace(visit, tones=visit.tones + 1), (PlayTone("prompt"),)


def remind(visit: Visit, moment: Moment) -> Result:
    """A soft tone where a chosen hour has come since home was looked at last, and something is open."""
    before, wanted = visit.context.home_seen_at, visit.context.chosen.reminders
    visit = update(visit, home_seen_at=moment.now)
    effects: tuple[Effect, ...] = ()
    if before is not None and hour_has_come(wanted, before, moment.now) and still_open(visit) is not None:
        effects = (PlayTone("prompt"),)
    return visit, effects


def hour_has_come(wanted: Reminders, before: dt.datetime, now: dt.datetime) -> bool:
    """Whether one of the hours lies after `before` and not after `now`, outside the quiet hours."""
    if not wanted.on or is_quiet(wanted, now) or not dt.timedelta(0) < now - before <= LONGEST_GAP:
        return False
    at = (now.replace(hour=hour, minute=0, second=0, microsecond=0) for hour in wanted.hours)
    return any(before < hour <= now and not is_quiet(wanted, hour) for hour in at)


def is_quiet(wanted: Reminders, now: dt.datetime) -> bool:
    """Within the quiet hours, over midnight too."""
    start, end = wanted.quiet_from, wanted.quiet_until
    if start <= end:
        return start <= now.hour < end
    return now.hour >= start or now.hour < end


def reminder(visit: Visit, moment: Moment) -> Open | None:
    """What home says in words while the tones remind of it: from the first hour of the day on."""
    wanted = visit.context.chosen.reminders
    if not (wanted.on and wanted.hours) or is_quiet(wanted, moment.now):
        return None
    return still_open(visit) if moment.now.hour >= min(wanted.hours) else None


def still_open(visit: Visit) -> Open | None:
    """What of today waits for the person; None where a lock or a missing prescription speaks first."""
    today, now = visit.context.today, variant(visit)
    if today is None:
        return None
    if now == "ready":
        return "session"
    if now in ("baseline", "week0"):
        return "questions"
    if now in ("done", "rest_day", "no_device", "week0_done") and today.diary_due is not None:
        return "diary"
    return None
