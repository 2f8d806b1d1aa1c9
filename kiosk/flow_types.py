"""What goes in and out of the visit's flow (`kiosk.flow`): events it hears, effects it asks for.

The flow is pure: it never touches guard, store or clock. `kiosk.application` carries the effects out and
hands the results back as events.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from drivers.guard.messages import Device
from kiosk.diary.records import Record, Session, Stored
from kiosk.keys import Key
from programs.plan import SessionPlan

# ── effects ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Save:
    """Write a record; answered by Saved(tag, …) or SaveFailed(tag, …). A Lock's number is the Store's
    (`Store.lock`)."""

    tag: str
    record: Record
    corrects: str | None = None
    event_time: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class SaveScreening:
    """Write the one mutable document: `id` None makes a new one. Answered by Saved(tag, …)."""

    tag: str
    record: Record
    id: str | None


@dataclass(frozen=True, slots=True)
class StartStopTest:
    """Ask the guard for the STOP test; ends in StopTestEnded."""


@dataclass(frozen=True, slots=True)
class BeginSession:
    """Save, arm and find the level. `resume` carries the outcome of the stop that is gone on from."""

    plan: SessionPlan
    resume: SessionOutcome | None
    first_session: bool
    session_id: str | None
    """The session's record when it is resumed."""


@dataclass(frozen=True, slots=True)
class SessionKey:
    """A key for the session machine."""

    key: Key


@dataclass(frozen=True, slots=True)
class CheckPin:
    role: str
    pin: str


@dataclass(frozen=True, slots=True)
class LoadFamilyView:
    """Answered by FamilyLoaded."""


@dataclass(frozen=True, slots=True)
class LoadToday:
    """Read diary and prescription anew; answered by TodayLoaded."""


@dataclass(frozen=True, slots=True)
class Speak:
    """Read aloud: `text`, or the words of the page that stands when it is empty."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class Leave:
    """End the program (never in a locked kiosk)."""


Effect = (
    Save
    | SaveScreening
    | StartStopTest
    | BeginSession
    | SessionKey
    | CheckPin
    | LoadFamilyView
    | LoadToday
    | Speak
    | Leave
)

# ── events ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Saved:
    tag: str
    stored: Stored


@dataclass(frozen=True, slots=True)
class SaveFailed:
    tag: str
    sentence: str


@dataclass(frozen=True, slots=True)
class DeviceSeen:
    device: Device


@dataclass(frozen=True, slots=True)
class StopTestEnded:
    """`confirmed`: the device itself said that it is off."""

    confirmed: bool
    how: str
    by_person: bool = True
    """False: nobody pressed STOP; the test ended by itself (three minutes, the device)."""


@dataclass(frozen=True, slots=True)
class SessionOutcome:
    """How an arming ended. Levels are what the person had confirmed or reached when it ended, in half-mA."""

    session_id: str | None
    why: str
    """"person", "plan_over", "look", "still_ok", "rest_idle", "pad_loose", "where_mismatch",
    "nothing_felt", "shutdown", or a fault's kind ("electrode", "unplugged", "no_answer", "lease", …)."""
    confirmed: bool
    how: str
    seconds_done: int
    seconds_left: int
    channel: int | None
    levels_half_mA: tuple[tuple[int, int], ...]
    at_s: float
    """Monotonic."""
    pad_faults: int
    found: bool
    """All levels were found: going on is a slow rise, else finding starts again."""
    record: Session | None = None
    """The closing record as it was saved: the person's own reason goes into a correction of it."""


@dataclass(frozen=True, slots=True)
class SessionEnded:
    outcome: SessionOutcome


@dataclass(frozen=True, slots=True)
class PinChecked:
    ok: bool
    wait_s: int
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class FamilyLoaded:
    view: Any
    """kiosk.review.FamilyView."""


@dataclass(frozen=True, slots=True)
class TodayLoaded:
    """What home and the visit need to know of the past; see kiosk.diary.today."""

    today: Any


@dataclass(frozen=True, slots=True)
class TodayNotLoaded:
    """Diary or prescription cannot be read: why, for a person."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Woke:
    """The deadline that the flow asked for has come."""


Event = (
    Saved
    | SaveFailed
    | DeviceSeen
    | StopTestEnded
    | SessionEnded
    | PinChecked
    | FamilyLoaded
    | TodayLoaded
    | TodayNotLoaded
    | Woke
)
