"""Where a person is in a visit, as frozen data: the place, the way back, and all that was said so far.

`kiosk.visit.flow` moves it on, `kiosk.visit.pages` words it. Nothing here decides anything.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from drivers.messages import Device, LeadContact
from kiosk.access.handed_in import Held
from kiosk.access.unlocking import CodeResult, CodeState
from kiosk.diary.records import Entry, Form, Lock, Record, Screening
from kiosk.diary.settings_file import Letters, Reminders
from kiosk.events import Effect, Save, SaveScreening, SessionOutcome
from kiosk.export.outgoing import Outgoing
from kiosk.held_key import EnterKey
from kiosk.review.listing import Looking
from kiosk.sound.player import USUAL_VOLUME
from kiosk.today import Today
from programs.plan import SessionPlan
from programs.text import Reason

Activity = Literal["visit", "baseline", "diary", "restart"]
Continuation = Literal["verdict", "probe", "begin", "red", "skin", "saved", "entry_saved", "return", "home"]
"""What comes after the step "saving", once everything is durable."""


class Moment(msgspec.Struct, frozen=True):
    """Now, told by the application's clock."""

    now: dt.datetime
    """Aware."""
    monotonic_s: float
    boottime_s: float = math.nan
    """CLOCK_BOOTTIME: nobody sets it, and it goes on in suspend. Not known: no answer counts as fresh."""


class Setting(msgspec.Struct, frozen=True):
    """What does not change while the kiosk runs."""

    emergency_number: str = "112"
    """It follows the country setting, not the language."""
    locked_down: bool = False
    """A box: nobody leaves the program."""
    build: str = ""
    """The kiosk's build: a guard of another build does not arm (safety rule 24). Empty: not compared."""
    shown_pin: str = ""
    """The demonstration's family PIN, shown where it is asked for; empty on a box."""
    forms_folder: str = ""
    """A clinic's own rating forms; empty: none."""
    reads_aloud: bool = True
    """There is a voice: 8 is "read it to me". Without one no screen offers it."""
    plays_tones: bool = True
    """There is a loudspeaker."""
    sets_letters: bool = False
    """The kiosk says how large its terminal's letters are (`kiosk.letters`)."""
    safe_mode: bool = False
    """The kiosk ended by itself too often: no therapy until somebody has looked."""
    stop_button_alone: bool = False
    """The STOP test asks for the stop button, and no key passes it (safety rule 15)."""
    recipient: str = ""
    """To whom the diary is sent, if the person wants it; empty: this box sends nothing."""


class Chosen(msgspec.Struct, frozen=True):
    """What the person can choose on the help screens, beside the language; kept over restarts."""

    volume: int = USUAL_VOLUME
    """0–10."""
    reminders: Reminders = Reminders()
    letters: Letters = "usual"


class Place(msgspec.Struct, frozen=True):
    """One screen: a step of the flow, and which group, lead or side of it."""

    step: str
    index: int = 0
    item: int = 0


class Document(msgspec.Struct, frozen=True):
    """A record that grows answer by answer. One write of it is under way at most."""

    record: Record
    id: str | None = None
    event_time: dt.datetime | None = None
    """When it happened, where that is not now."""
    tag: str | None = None
    """Of the write under way."""
    changed: bool = False
    """Since that write was sent."""
    failed_tag: str | None = None
    """Of a write that did not happen: when it was sent."""
    tried: str | None = None
    """Under which id that one may stand in the diary all the same."""


class Saves(msgspec.Struct, frozen=True):
    """What was sent to be saved. Nothing counts as saved before `Saved` came back."""

    under_way: tuple[Save | SaveScreening, ...] = ()
    failed: tuple[Save | SaveScreening, ...] = ()
    sentence: str = ""
    """Why the last one failed, in plain words."""
    count: int = 0
    documents: Mapping[str, Document] = msgspec.field(default_factory=dict)
    """ "screening", "entry", "after" and "form"."""
    told_on_leaving: bool = False
    """That what waits is lost when the kiosk is left."""

    @property
    def waiting(self) -> int:
        """How many could not be written, and are not being tried."""
        documents = self.documents.values()
        return len(self.failed) + sum(document.changed and not document.tag for document in documents)

    @property
    def all_durable(self) -> bool:
        """Everything that was said so far is saved."""
        waiting = any(document.changed or document.tag for document in self.documents.values())
        return not (self.under_way or self.failed or waiting)


class Number(msgspec.Struct, frozen=True):
    """A number line that is being answered."""

    value: int | None = None
    ten_possible: bool = False
    """A first 1 waits for a 0."""


class Run(msgspec.Struct, frozen=True):
    """Everything about the current of this visit."""

    plan: SessionPlan | None = None
    """Today's, from the last verdict."""
    judged: bool = False
    """The answers as they are now led to `plan`."""
    judged_on: dt.date | None = None
    """The date that `plan` is for."""
    placed: bool = False
    """The pads are on."""
    settled: bool = False
    """She sits or lies as she will stay."""
    stop_ready: bool = False
    """In the STOP test: the device is switched on for it, so that a press counts."""
    stop_tested: bool = False
    """The device confirmed a stop by the person in this visit (safety rule 15)."""
    contact_good: bool = False
    """All pads lie well: measured, or, where the stimulator cannot measure, said."""
    contact_leads: tuple[LeadContact, ...] = ()
    """What the last contact check of this visit measured."""
    contact_failures: int = 0
    """Checks in a row that did not find all pads good."""
    stop_test_end: str = ""
    """What ended the last STOP test that nobody ended (`StopTestEnded.why`)."""
    contact_end: str = ""
    """Why the last check was not measured to its end."""
    contact_refusal: str = ""
    """Which limit it broke, where the guard refused it ("restarts")."""
    pads_note: Literal["", "said", "measured"] = ""
    """Why the pads are looked at once more."""
    outcome: SessionOutcome | None = None
    """How the last arming ended."""
    ended_s: float = math.nan
    """When that was heard, by CLOCK_BOOTTIME."""
    began_at: dt.datetime | None = None
    resume: SessionOutcome | None = None
    """What is gone on from when the next session begins."""
    device_faults: int = 0
    """On `fault_day`: going home forgets none."""
    fault_day: dt.date | None = None
    new_pads: bool = False
    """She said that pads were opened; taken back by the same key until it is saved."""
    new_pads_saved: bool = False
    pads_counted: bool = False
    reason: str = ""
    """Why the person stopped, as kept: "enough", "burning" …"""
    output_unknown: str = ""
    """Why it is not known whether current flows, though no session and no STOP test was under way."""
    pads_are_off: bool = False
    """She looked at the skin under them."""
    after: Entry | None = None
    """What she said after the session."""


class Pin(msgspec.Struct, frozen=True):
    """The family's PIN as it is typed."""

    typed: str = ""
    sentence: str = ""
    wrong: bool = False
    wait_s: int = 0
    wait_until_s: float = 0.0
    checking: bool = False
    refused_anew: bool = False
    """It was wrong, and no key has answered that yet."""


class Unanswered(msgspec.Struct, frozen=True):
    """A key that the screen had no use for: its words say so, until another key has one."""

    why: Literal["", "key", "stop", "voice", "sounds_off", "let_go"] = ""
    serial: int = -1
    """Of the screen that it was pressed on."""


class Code(msgspec.Struct, frozen=True):
    """The clinician's code as it is typed. Which lock it is for is `Place.index` into `state.locks`."""

    state: CodeState | None = None
    """None: it is being read."""
    typed: str = ""
    checking: bool = False
    result: CodeResult | None = None
    """Of the last code."""
    opened: str = ""
    """The name of the lock that it opened."""
    sentence: str = ""
    """Why codes cannot be looked at."""
    wait_until_s: float = 0.0


class FromClinic(msgspec.Struct, frozen=True):
    """What the clinic sent and waits for the clinician at the box."""

    held: tuple[Held, ...] | None = None
    """None: it is being read."""
    doing: Literal["", "take", "decline"] = ""
    done: Literal["", "take", "decline"] = ""
    """What became of the last one."""
    sentence: str = ""
    """Why it cannot be read, or nothing came of the last one."""


class Context(msgspec.Struct, frozen=True):
    """All that was heard and said. A new visit begins with `said` fields empty."""

    setting: Setting
    chosen: Chosen = Chosen()
    not_kept: str = ""
    """Why a choice will not hold after a restart."""
    today: Today | None = None
    patient_pin: bool = False
    """She has a PIN of her own; read with `today`."""
    clinician_pin: bool = False
    """A clinician has one at this box; read with `today`."""
    loads: Literal["none", "one", "again"] = "none"
    """Whether the diary is being read, and whether it has to be read once more."""
    unreadable: str = ""
    """Why the diary could not be read; empty: it could."""
    damaged: tuple[str, ...] = ()
    """Months of the diary ("2026-10") that are damaged beyond mending."""
    device: Device | None = None
    saves: Saves = Saves()
    locks: tuple[Lock, ...] = ()
    """Set in this visit: they hold even while they are being saved."""
    leave_s: float | None = None
    """When Ctrl+C was pressed last."""
    unanswered: Unanswered = Unanswered()
    restart_seen: bool = False
    home_seen_at: dt.datetime | None = None
    """When it was last looked whether something of today is still open."""
    news: tuple[Reason, ...] = ()
    """What the clinician handed in lately, until the next visit begins."""
    alerts: Any = None
    """kiosk.review.AlertsNow of the last reading; None: not read yet."""
    alerts_raised: frozenset[Any] = frozenset()
    """What this run has sent to be journalled."""
    family: Any = None
    """kiosk.review's view of the family."""
    family_unread: str = ""
    """Why there is none."""
    looking: Looking = Looking()
    search: str = ""
    """Words to look for, as they are typed."""
    writing: Mapping[str, str] = {}
    """Id of the alert or record that it is about ("": nothing in particular) → a note as it is typed. Left
    before it was kept, also by time, it is there again behind the PIN."""
    checked: Any = None
    """kiosk.visit.steps.safe_mode.Checked: the last check of the box."""
    outgoing: Outgoing = Outgoing()
    """What the family takes along."""

    practice: Any = None
    """The visit that is practised inside this one (`kiosk.visit.steps.practice`)."""
    practice_half_mA: int = 0
    """The number on the screen of a practised session; no current."""

    # said in this visit
    activity: Activity | None = None
    screening: Screening | None = None
    answered_s: Mapping[str, float] = {}
    """Question → when it was answered, in seconds of CLOCK_BOOTTIME; before this boot: negative."""
    unsure: str = ""
    """The question whose yes is being confirmed."""
    one_by_one: frozenset[str] = frozenset()
    """Groups that are asked one at a time."""
    re_asked: bool = False
    """Answers grew older than an hour."""
    entry: Entry | None = None
    entry_at: dt.datetime | None = None
    entry_s: float | None = None
    """The same by CLOCK_BOOTTIME; None: nobody can know."""
    entry_about: dt.datetime | None = None
    """What the diary's entry is about, where that is an earlier day: its noon."""
    number: Number = Number()
    after_saving: Continuation = "home"
    read_after_saving: bool = False
    """The diary was asked for once everything was durable: the next one that comes is the one to judge by."""
    form: Form | None = None
    """The rating form that is being filled in."""
    forms_done: frozenset[str] = frozenset()
    pin: Pin = Pin()
    behind_pin: Literal["get_ready", "consent"] = "get_ready"
    """What her own PIN leads to."""
    code: Code = Code()
    from_clinic: FromClinic = FromClinic()
    run: Run = Run()


class Visit(msgspec.Struct, frozen=True):
    """The state of `kiosk.visit.flow`."""

    place: Place
    context: Context
    trail: tuple[Place, ...] = ()
    """The way back, nearest last."""
    serial: int = 0
    """Grows with every change of screen."""
    shown_s: float = 0.0
    """When this screen came up, monotonic."""
    shown_boottime_s: float = math.nan
    """The same by CLOCK_BOOTTIME."""
    tones: int = 0
    """How many tones have called since it came up."""
    enter: EnterKey = EnterKey()

    @property
    def step(self) -> str:
        """The step's name in `kiosk.visit.flow.STEPS`."""
        return self.place.step


Result = tuple[Visit, tuple[Effect, ...]]
