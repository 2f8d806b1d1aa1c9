"""Everything the diary keeps: one struct a kind, facts only. Ids and times are the Store's.

A fact never changes: a correction is a new record that points back (`Envelope.corrects`). The one
exception is a screening, a single document updated per answer (interfaces.md, "Store").
"""

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import msgspec

from programs.text import Reason

SCHEMA_VERSION = 1

TOLD_WITHIN = dt.timedelta(hours=6)

FolderKind = Literal["real", "simulated", "rehearsal"]
Scale = Annotated[int, msgspec.Meta(ge=0, le=10)]
SkinGrade = Annotated[int, msgspec.Meta(ge=0, le=4)]
LockClass = Literal["E", "U", "X", "C", "P", "skin", "soreness", "pain", "red", "restore"]
"""All lock every therapy, but for "pain": muscle programmes alone, until a clinician looked."""
UnlockedBy = Literal["code", "file", "clinician_pin", "day", "rule"]
AlertLevel = Literal["red", "amber", "info"]


# Types, not their text (no `annotations` from `__future__` here): msgspec would compile each to decode by it.
# Records hold no cycles: ten years of them are not looked through for garbage (gc=False). What a field says
# by default is not written: a quarter less to write, to hash and to read. So a default is part of the format,
# and never changes.
class Record(msgspec.Struct, frozen=True, tag_field="kind", kw_only=True, gc=False, omit_defaults=True):
    """A fact. Its tag names its table."""


class Envelope(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """What the Store adds to every record."""

    id: str
    """UUID4."""
    schema: int
    event_time: dt.datetime
    """When it happened, aware."""
    entry_time: dt.datetime
    """When it was written, aware. Later than its event's day: shown as "entered late"."""
    clock_trusted: bool
    """The clock was set by an RTC or synchronised, and not behind the last record, or believed again."""
    boot_id: str
    monotonic_s: float
    """CLOCK_BOOTTIME: how long ago it was written can be told within this boot, whatever clock was set."""
    folder: FolderKind
    device_id: str
    corrects: str | None = None
    set_back: bool = False
    """The clock was trusted by itself and behind a record that a trusted clock had dated
    (`kiosk.diary.clock_trust`)."""
    after: int = 0
    """How many lines the journal had before it: which record came first, whatever their clocks said. 0: the
    first one, or written before this was kept."""


class Stored(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A record as it stands in the diary."""

    envelope: Envelope
    if TYPE_CHECKING:
        record: Record
    else:
        record: "AnyRecord"  # who decodes one has to know them all

    @property
    def entered_late(self) -> bool:
        """It was written on a later day than it happened (shown as "entered late")."""
        entered = self.envelope.entry_time.astimezone(self.envelope.event_time.tzinfo)
        return entered.date() > self.envelope.event_time.date()

    @property
    def from_memory(self) -> bool:
        """It was written so much later that it tells of an earlier day: more than an entry over midnight."""
        return self.entered_late and self.envelope.entry_time - self.envelope.event_time > TOLD_WITHIN


class Entry(Record, frozen=True, tag="entries"):
    """One diary entry: what the person says of herself. 0–10 scales; None: not asked."""

    moment: Literal["before", "after", "next_day", "daily"]
    pain_rest: Scale | None = None
    pain_moving: Scale | None = None
    soreness: Scale | None = None
    skin: SkinGrade | None = None
    """Clinical reference 5."""
    sleep: Scale | None = None
    medicine: bool | None = None
    session_id: str | None = None
    note: str = ""
    activity: str = ""
    """What of `programs.diary_words` was picked; "": not asked."""
    phrases: tuple[str, ...] = ()
    """Notes of `programs.diary_words`, in the order in which they were picked."""


class Screening(Record, frozen=True, tag="screenings"):
    """Answers of one round of questions; one document, updated per answer."""

    asks: Literal["baseline", "daily"]
    answers: Mapping[str, str] = {}
    """question key → "no" | "yes" | "not_sure"."""
    answered_at: Mapping[str, dt.datetime] = {}
    retracted: Mapping[str, str] = {}
    """A yes that the person took back as a wrong key: both are kept (safety rule 26)."""
    seconds: Mapping[str, float] = {}
    """Group id → seconds until it was answered (screens.md: too fast three times running → singly)."""
    verdict: str | None = None
    """Worst class, "cleared", or None while it is open."""
    findings: tuple[str, ...] = ()
    questionnaire_digest: str = ""
    prescription: int = 0
    """Serial of the one in force when the round was begun; 0: not noted."""


class Session(Record, frozen=True, tag="sessions"):
    """One session; the record stands before arming and is closed by a second one with `corrects`."""

    programme: str
    montage: str
    session_kind: Literal["nmes", "tens"]
    planned_seconds: int
    reasons: tuple[Reason, ...] = ()
    state: Literal["begun", "done", "ended_early", "interrupted"] = "begun"
    seconds_done: int = 0
    """Seconds of the plan's phases that were played, finding not counted."""
    stop_reason: str | None = None
    """"enough", "pad_loose", "burning", "faint", "mistake", "sting", a fault's kind, or None."""
    stop_confirmed: bool | None = None
    peak_mA: Mapping[str, float] = {}
    """Channel → highest applied."""
    pad_faults: int = 0
    began_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None


class LevelFound(Record, frozen=True, tag="levels"):
    """What one side felt, keyed by everything that makes it comparable (safety rule 4)."""

    session_id: str
    waveform: str
    """"35 Hz 250 us"."""
    montage: str
    pads: str
    """"5x9"."""
    side: Literal["left", "right", "both"]
    channel: int
    device_kind: str
    first_feeling_mA: float | None
    where: Literal["left", "right", "elsewhere", "both"] | None
    comfortable_mA: float | None
    ceiling_mA: float
    ceiling_set_by: Reason
    motor_threshold_mA: float | None = None
    """Where the muscle was first seen or felt to tighten; None: a TENS programme, or not seen."""


class Lock(Record, frozen=True, tag="locks"):
    """Therapy is locked until it is lifted; durable before its screen shows (safety rule 26)."""

    class_: LockClass
    cause: str
    """Question key or rule id."""
    until: dt.date | None = None
    """P: opens by itself on this day; None: only as rule 27 says."""
    number: int = 0
    """Counts this box's locks; part of the one-time code."""
    copy_of: dt.datetime | None = None
    """Of a restore: when the backup was made. What was entered later is not in the diary."""
    lost: tuple[str, ...] = ()
    """Of a restore: the last months of that backup ("2027-02"), which could not be read any more. Of others
    the chain tells."""


class Unlock(Record, frozen=True, tag="unlocks"):
    """Lifts exactly one lock."""

    lock_id: str
    by: UnlockedBy
    note: str = ""


class PrescriptionInstalled(Record, frozen=True, tag="prescriptions"):
    serial: int
    toml: str
    sha256: str


FAMILY: Final = "family"
"""The topic of a consent: the family may look."""
CLINIC: Final = "sync"
"""The same: the diary is sent to the clinic's server."""


class Consent(Record, frozen=True, tag="consents"):
    topic: str
    given: bool
    who: str
    to: str = ""
    """Who gets to see it, in words."""


class Pads(Record, frozen=True, tag="pads"):
    """New pads were opened, or pads were used once more."""

    event: Literal["new", "used"]
    size: str
    uses: int = 0
    since: dt.date | None = None


class Contact(Record, frozen=True, tag="contacts"):
    """How one lead's pads lay when they were measured (safety rule 22); both resistances None where open."""

    montage: str
    pads: str
    """"5x9"."""
    channel: int
    side: Literal["left", "right", "both"]
    contact: Literal["good", "dry", "open"]
    load_ohm: int | None
    series_ohm: int | None
    """Gel, pads and tissue alone: followed from session to session."""
    session_id: str | None = None
    """The session that was gone on with after it; None before a new one."""


class AdverseEvent(Record, frozen=True, tag="events"):
    """Something happened that a clinician must know (clinical reference 6, adverse-event log)."""

    symptom: str
    programme: str
    montage: str
    current_mA: Mapping[str, float]
    action: str
    grade: int | None = None


class Alert(Record, frozen=True, tag="alerts"):
    """A rule of clinical reference 6 fired."""

    level: AlertLevel
    rule: Reason
    records: tuple[str, ...] = ()
    """Ids of the records that fired it."""
    since: dt.date | None = None
    """The first day that it is about; None: it was told at the moment itself."""


class Acknowledgement(Record, frozen=True, tag="acknowledgements"):
    """Somebody has seen to an alert, and says how: without one it stands."""

    alert: str
    """Its id."""
    note: str
    who: Literal["patient", "family", "clinician"]


class Form(Record, frozen=True, tag="forms"):
    """A published questionnaire, filled in (clinical reference 5)."""

    form: str
    """"peg", "pgic", or a plug-in's id."""
    answers: Mapping[str, int] = {}
    """Item → its number."""


class Note(Record, frozen=True, tag="notes"):
    text: str
    author: Literal["patient", "family", "clinician"]
    about: str | None = None


class Access(Record, frozen=True, tag="access"):
    """An attempt with a PIN or a code (written before it is checked) and what came of it; a look, an export;
    what the clinic sent, taken or declined at the box."""

    role: str
    action: Literal[
        "pin_attempt",
        "pin_ok",
        "pin_wrong",
        "code_attempt",
        "code_wrong",
        "unlock",
        "take",
        "decline",
        "look",
        "export",
    ]
    detail: str = ""


AnyRecord = (
    Entry
    | Screening
    | Session
    | LevelFound
    | Lock
    | Unlock
    | PrescriptionInstalled
    | Consent
    | Pads
    | Contact
    | AdverseEvent
    | Alert
    | Acknowledgement
    | Form
    | Note
    | Access
)
TABLES: Mapping[str, type[Any]] = {
    "entries": Entry,
    "screenings": Screening,
    "sessions": Session,
    "levels": LevelFound,
    "locks": Lock,
    "unlocks": Unlock,
    "prescriptions": PrescriptionInstalled,
    "consents": Consent,
    "pads": Pads,
    "contacts": Contact,
    "events": AdverseEvent,
    "alerts": Alert,
    "acknowledgements": Acknowledgement,
    "forms": Form,
    "notes": Note,
    "access": Access,
}
