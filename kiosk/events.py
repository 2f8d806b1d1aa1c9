"""What goes in and out of the visit's flow (`kiosk.visit.flow`): events it hears, effects it asks for.

The flow is pure: it never touches guard, store or clock. `kiosk.application` carries the effects out and
hands the results back as events.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

import msgspec

from drivers.messages import Device, LeadContact
from kiosk.access.handed_in import Held
from kiosk.access.unlocking import CodeResult, CodeState
from kiosk.config import Language
from kiosk.diary.records import Record, Session, Stored
from kiosk.diary.settings_file import Letters, Reminders
from kiosk.export.outgoing import Format, Places
from kiosk.export.outgoing import Result as ExportResult
from kiosk.keys import Key
from kiosk.review.family import Found
from programs.plan import SessionPlan
from programs.text import Reason

# ── effects ─────────────────────────────────────────────────────────────────────────────────────


class Save(msgspec.Struct, frozen=True):
    """Write a record; answered by Saved(tag, …) or SaveFailed(tag, …). A Lock's number is the Store's
    (`Store.lock`)."""

    tag: str
    record: Record
    corrects: str | None = None
    event_time: dt.datetime | None = None
    tried: str | None = None
    """What `SaveFailed` said of it."""


class SaveScreening(msgspec.Struct, frozen=True):
    """Write the one mutable document: `id` None makes a new one. Answered by Saved(tag, …)."""

    tag: str
    record: Record
    id: str | None
    tried: str | None = None


class OpenDiaryAnew(msgspec.Struct, frozen=True):
    """A write failed and is to be tried again: before what is to be saved, in that order."""


class StartStopTest(msgspec.Struct, frozen=True):
    """Ask the guard for the STOP test; ends in StopTestEnded."""


class BeginContactCheck(msgspec.Struct, frozen=True):
    """Measure how the pads of these channels lie (safety rule 22); ends in ContactCheckEnded."""

    channels: tuple[int, ...]


class StopContactCheck(msgspec.Struct, frozen=True):
    """The person stops it."""


class BeginSession(msgspec.Struct, frozen=True):
    """Save, arm and find the level. `resume` carries the outcome of the stop that is gone on from."""

    plan: SessionPlan
    resume: SessionOutcome | None
    first_session: bool
    session_id: str | None
    """The session's record when it is resumed."""


class SessionKey(msgspec.Struct, frozen=True):
    """A key for the session machine."""

    key: Key


class CheckPin(msgspec.Struct, frozen=True):
    role: Literal["family", "patient", "clinician"]
    pin: str


class LoadFamilyView(msgspec.Struct, frozen=True):
    """Answered by FamilyLoaded."""


class FindWords(msgspec.Struct, frozen=True):
    """Look for words in the whole diary; answered by WordsFound."""

    words: str


class LookForPlaces(msgspec.Struct, frozen=True):
    """Sticks and a printer, as long as their screen stands; each change is answered by PlacesSeen."""


class NewPassword(msgspec.Struct, frozen=True):
    """Answered by PasswordMade."""


class SendOut(msgspec.Struct, frozen=True, kw_only=True):
    """Make these, for a stick or on paper; answered by SentOut. Given up when its screen is left."""

    formats: tuple[Format, ...]
    stick: str = ""
    printer: str = ""
    password: str = ""


class TakeFromStick(msgspec.Struct, frozen=True):
    """What the clinic signed for this box; answered by StickTaken."""

    stick: str


class LoadCodeState(msgspec.Struct, frozen=True):
    """Which locks a clinician can open; answered by CodeStateLoaded."""


class TryCode(msgspec.Struct, frozen=True):
    """A code for the lock of this number; answered by CodeTried."""

    number: int
    typed: str


class OpenLock(msgspec.Struct, frozen=True):
    """The clinician at the box, whose PIN was right, opens the lock of this number; answered by CodeTried."""

    number: int


class LoadHeld(msgspec.Struct, frozen=True):
    """What the clinic sent and waits for the clinician's yes; answered by HeldLoaded."""


class TakeHeld(msgspec.Struct, frozen=True):
    """The clinician at the box, whose PIN was right, says yes to it; answered by HeldDone."""

    name: str


class DeclineHeld(msgspec.Struct, frozen=True):
    """… or no; answered by HeldDone."""

    name: str


class LoadToday(msgspec.Struct, frozen=True):
    """Read diary and prescription anew; answered by TodayLoaded."""


class Speak(msgspec.Struct, frozen=True):
    """Read aloud: `text`, or the words of the page that stands when it is empty."""

    text: str = ""


class PlayTone(msgspec.Struct, frozen=True):
    """One tone of `kiosk.sound.tones`."""

    name: str


class Choose(msgspec.Struct, frozen=True):
    """The person's choice, at once and over restarts; None: as it was. NotChosen when it cannot be kept."""

    language: Language | None = None
    volume: int | None = None
    """0–10; a tone lets it be heard."""
    reminders: Reminders | None = None
    letters: Letters | None = None
    """The terminal takes them up when it starts: the kiosk ends, and its unit starts it again."""


class CheckBox(msgspec.Struct, frozen=True):
    """Let the doctor examine the box; answered by BoxChecked."""


class LeaveSafeMode(msgspec.Struct, frozen=True):
    """Start again, with therapy."""


class Leave(msgspec.Struct, frozen=True):
    """End the program (never in a locked kiosk)."""


Errand = (
    Save
    | SaveScreening
    | OpenDiaryAnew
    | CheckPin
    | LoadCodeState
    | TryCode
    | OpenLock
    | LoadHeld
    | TakeHeld
    | DeclineHeld
    | LoadFamilyView
    | FindWords
    | LookForPlaces
    | NewPassword
    | SendOut
    | TakeFromStick
    | LoadToday
    | Choose
    | CheckBox
    | LeaveSafeMode
)
"""The effects that take time: nothing that current depends on is one of them."""
Effect = (
    Errand
    | StartStopTest
    | BeginContactCheck
    | StopContactCheck
    | BeginSession
    | SessionKey
    | Speak
    | PlayTone
    | Leave
)

# ── events ──────────────────────────────────────────────────────────────────────────────────────


class Saved(msgspec.Struct, frozen=True):
    tag: str
    stored: Stored


class SaveFailed(msgspec.Struct, frozen=True):
    tag: str
    sentence: str
    tried: str = ""
    """Under which id it may stand in the diary all the same."""


class SessionNotSaved(msgspec.Struct, frozen=True):
    """A record of the session that runs, or has just ended, was not saved."""

    record: Record
    corrects: str | None
    sentence: str
    tried: str


class DeviceSeen(msgspec.Struct, frozen=True):
    device: Device


class StopTestReady(msgspec.Struct, frozen=True):
    """The device is switched on for the STOP test, without a pulse: now STOP has something to switch off."""


class StopTestEnded(msgspec.Struct, frozen=True):
    """`confirmed`: the device itself said that it is off."""

    confirmed: bool
    how: str
    by_person: bool = True
    """False: nobody pressed STOP, or not the one that is to be tested; the test ended by itself (three
    minutes, the device)."""
    why: str = ""
    """By what, where it was nobody: "test_over" (three minutes), "test_too_early" (pressed before there was
    something to switch off), "no_button" (a key, where the button is to be tested), "stop_input"
    (it is not plugged in), "refused", "stop_input_lost", or a fault's kind."""


class ContactCheckEnded(msgspec.Struct, frozen=True):
    """How a contact check ended; `leads` only where it was measured to its end."""

    why: str
    """ "probed", "person", "button", "refused", "limit", or a fault's kind."""
    confirmed: bool
    how: str
    leads: tuple[LeadContact, ...] = ()


class SessionOutcome(msgspec.Struct, frozen=True):
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
    never_armed: bool = False
    """It ended before anything was armed: no current was switched on, and nothing was asked of the device."""
    practised: bool = False
    """The visit goes on as after one that was armed."""
    contractions_half_mA: tuple[tuple[int, int], ...] = ()
    """nmes: each channel's level in the last contraction, which the next may pass by 2 mA (safety rule 1)."""

    @property
    def asks_afterwards(self) -> bool:
        """Why she stopped, and how her back is: there was current, or it is practised."""
        return self.practised or not self.never_armed


class SessionEnded(msgspec.Struct, frozen=True):
    outcome: SessionOutcome


class OutputUnknown(msgspec.Struct, frozen=True):
    """A stop outside of session and STOP test was not confirmed: it is not known whether current flows.

    `why` is the guard's reason.
    """

    why: str


class PinChecked(msgspec.Struct, frozen=True):
    ok: bool
    wait_s: int
    sentence: str = ""


class FamilyLoaded(msgspec.Struct, frozen=True):
    view: Any
    """kiosk.review.FamilyView."""


class FamilyNotLoaded(msgspec.Struct, frozen=True):
    """The diary cannot be shown now: why, for a person."""

    sentence: str


class WordsFound(msgspec.Struct, frozen=True):
    """Where the words stand; None: it could not be looked, and `sentence` says why."""

    found: Found | None
    sentence: str = ""


class PlacesSeen(msgspec.Struct, frozen=True):
    """Where something can go now."""

    places: Places


class PasswordMade(msgspec.Struct, frozen=True):
    """A new one, for what goes on a stick."""

    password: str


class SentOut(msgspec.Struct, frozen=True):
    """It is on the stick or with the printer, or nothing of it counts."""

    result: ExportResult


class StickTaken(msgspec.Struct, frozen=True):
    """What was handed in from a stick; empty: there was nothing that this box takes."""

    news: tuple[Reason, ...]


class CodeStateLoaded(msgspec.Struct, frozen=True):
    state: CodeState | None
    """None: it cannot be read, and `sentence` says why."""
    sentence: str = ""


class CodeTried(msgspec.Struct, frozen=True):
    """What came of a code; `sentence` where it could not even be looked at."""

    result: CodeResult | None
    sentence: str = ""


class HeldLoaded(msgspec.Struct, frozen=True):
    """What waits; None: it cannot be read, and `sentence` says why."""

    held: tuple[Held, ...] | None
    sentence: str = ""


class HeldDone(msgspec.Struct, frozen=True):
    """It is taken or declined, durably, or nothing has changed and `sentence` says why."""

    sentence: str = ""


class NotChosen(msgspec.Struct, frozen=True):
    """A choice holds until the kiosk ends, but could not be kept: why, for a person."""

    sentence: str


class TakenIn(msgspec.Struct, frozen=True):
    """The clinician's files that were taken in: "prescription_installed" or "lock_opened", and who by."""

    news: tuple[Reason, ...]


class DiaryChecked(msgspec.Struct, frozen=True):
    """What was found wrong with the diary (`kiosk.diary.store.Damage`)."""

    damaged: tuple[str, ...]
    """Months, "2026-10", oldest first."""
    cut_short: bool
    """The power failed while something was saved."""


class TodayLoaded(msgspec.Struct, frozen=True):
    """What home and the visit need to know of the past; see kiosk.today."""

    today: Any
    alerts: Any = None
    """kiosk.review.AlertsNow: what has to be told; None: not looked for."""
    patient_pin: bool = False
    """The person has a PIN of her own (safety rule 18)."""
    clinician_pin: bool = False
    """A clinician has one at this box (safety rule 27)."""


class TodayNotLoaded(msgspec.Struct, frozen=True):
    """Diary or prescription cannot be read: why, for a person."""

    sentence: str


class BoxChecked(msgspec.Struct, frozen=True):
    """What the doctor found, in the person's language."""

    to_mend: tuple[tuple[str, str], ...] = ()
    """(what was found, what to do)"""
    to_see: int = 0
    sentence: str = ""
    """Why there was no check."""
    harmless: bool = False
    """It is the simulator's folder: nobody can be hurt."""


class Woke(msgspec.Struct, frozen=True):
    """The deadline that the flow asked for has come."""


Event = (
    Saved
    | SaveFailed
    | SessionNotSaved
    | DeviceSeen
    | StopTestReady
    | StopTestEnded
    | ContactCheckEnded
    | SessionEnded
    | OutputUnknown
    | PinChecked
    | FamilyLoaded
    | FamilyNotLoaded
    | WordsFound
    | PlacesSeen
    | PasswordMade
    | SentOut
    | StickTaken
    | CodeStateLoaded
    | CodeTried
    | HeldLoaded
    | HeldDone
    | NotChosen
    | DiaryChecked
    | TakenIn
    | TodayLoaded
    | TodayNotLoaded
    | BoxChecked
    | Woke
)
