"""What the family sees, as frozen facts without words. Light: the screens import it, and no numbers' library.

`kiosk.review.reading` works it out; `kiosk.review.child` does so in a process of its own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Final, Literal

import msgspec

from kiosk.diary.records import AlertLevel, Entry, Lock, Session
from programs.text import Reason

WEEKS: Final = 4
DAYS: Final = 7 * WEEKS
LONG_WEEKS: Final = 12
LONG_DAYS: Final = 7 * LONG_WEEKS
"""Twelve weeks: what is kept day by day."""
LISTED_DAYS: Final = 366
"""Diary, sessions and notes that can be read one by one here; everything is in the export."""

LEVELS: Final[tuple[AlertLevel, ...]] = ("red", "amber", "info")
"""The worst first."""
Change = Literal["less", "no_clear_change", "more", "not_enough_data"]


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A journalled alert, and what became of it."""

    id: str
    at: dt.datetime
    level: AlertLevel
    rule: Reason
    since: dt.date
    records: tuple[str, ...]
    done_at: dt.datetime | None = None
    note: str = ""
    who: str = ""

    @property
    def stands(self) -> bool:
        """Nobody has acknowledged it."""
        return self.done_at is None


def standing(told: Iterable[Told]) -> tuple[Told, ...]:
    """What nobody has acknowledged: the worst first, of those the newest if `told` begins with it."""
    return tuple(sorted((one for one in told if one.stands), key=lambda one: LEVELS.index(one.level)))


class DayView(msgspec.Struct, frozen=True, kw_only=True):
    """One day."""

    day: dt.date
    pain: int | None
    """0–10 at rest, the day's last rating that no session had just changed; None: a gap, shown as one."""
    session: bool
    """A session was begun that day."""
    mean: float | None = None
    """Over the seven days up to it; None below five ratings: not enough data."""
    late: bool = False
    """Its rating was entered on a later day."""
    medicine: bool = False
    flare: bool = False
    """Two points or more above the mean of the seven days before."""
    begun: bool = True
    """The diary had been begun: a day before it is no gap."""
    soreness: int | None = None
    """The worst of the day, 0–10."""
    skin: int | None = None
    """The worst grade of the day, 0–4."""
    around: tuple[int, int] | None = None
    """Pain before and after the day's first session of which both were said."""


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """Some days of the whole history taken together; all stretches are equally long."""

    first: dt.date
    days: int
    pain: float | None
    """The mean of its ratings; None below five."""
    rated: int
    sessions: int
    planned: float | None = None
    """Days a week that were planned, on average; None: nothing was."""
    soreness: float | None = None
    """The mean of the days on which it was said."""
    skin: int | None = None
    """The worst grade."""
    around: tuple[float, float] | None = None
    """The means of pain before and after a session."""


class Week(msgspec.Struct, frozen=True):
    """Seven days."""

    first: dt.date
    held: int
    """Days with a session."""
    planned: int | None
    """Days that were planned, by the prescription of that time; None: none."""


class Level(msgspec.Struct, frozen=True):
    """What one channel was set to on a day, or on average of a stretch."""

    current_mA: float
    limit_mA: float
    changed: bool = False
    """Another waveform than the time before: the two do not compare."""


class SideLevel(msgspec.Struct, frozen=True, kw_only=True):
    """The level that was found last on one side, and the one of four weeks before with the same waveform."""

    side: Literal["left", "right", "both"]
    channel: int
    current_mA: float
    limit_mA: float
    before_mA: float | None
    days: tuple[Level | None, ...] = ()
    """Of each of the last twelve weeks' days."""
    stretches: tuple[Level | None, ...] = ()
    """Of each stretch of the view."""

    @property
    def percent(self) -> int | None:
        """Of the limit."""
        return round(100 * self.current_mA / self.limit_mA) if self.limit_mA else None


class Trend(msgspec.Struct, frozen=True, kw_only=True):
    """Points a week over the last twelve weeks, and the interval of 95 %."""

    per_week: float
    low: float
    high: float


class Numbers(msgspec.Struct, frozen=True, kw_only=True):
    """The last four weeks against the first four, and the questionnaires."""

    first: float | None = None
    last: float | None = None
    """Medians of pain at rest."""
    change: Change = "not_enough_data"
    days_rated: int = 0
    days: int = DAYS
    """Days of the four weeks since the diary was begun."""
    trend: Trend | None = None
    within_session: float | None = None
    """The median change from before a session to after it, last twelve weeks."""
    peg_first: float | None = None
    peg_last: float | None = None
    peg_change: Change = "not_enough_data"
    pgic: int | None = None
    """The last answer: 1 very much improved … 7 very much worse."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """Sessions of the last four weeks."""

    held: int = 0
    """Begun."""
    done: int = 0
    """Played to their end."""
    planned: int | None = None
    """In the whole weeks since the course began, four at most; None: no prescription, or not a week yet."""
    held_of_planned: int = 0
    """Days with a session in those weeks."""
    minutes: int = 0
    early: Mapping[str, int] = {}
    """Why they ended early → how often."""


class Written(msgspec.Struct, frozen=True):
    """What an entry said before it was corrected, and when it was written."""

    at: dt.datetime
    entry: Entry


class EntryView(msgspec.Struct, frozen=True, kw_only=True):
    """One diary entry, as it stands now."""

    id: str
    at: dt.datetime
    entry: Entry
    entered_late: bool
    earlier: tuple[Written, ...] = ()
    """What stood there before an answer was corrected, oldest first: it is kept too."""

    @property
    def corrected(self) -> bool:
        """An answer that was given has changed."""
        return bool(self.earlier)


class SessionView(msgspec.Struct, frozen=True, kw_only=True):
    """One session, as it stands now."""

    id: str
    at: dt.datetime
    session: Session
    pain_before: int | None = None
    pain_after: int | None = None


class NoteView(msgspec.Struct, frozen=True, kw_only=True):
    """One note, of the person, the family or the clinician."""

    id: str
    at: dt.datetime
    text: str
    author: str
    about: str | None = None
    """The id of the record that it is about."""


class Found(msgspec.Struct, frozen=True):
    """What was looked for, and where it stands, newest first."""

    words: str
    entries: tuple[EntryView, ...] = ()
    notes: tuple[NoteView, ...] = ()
    about: tuple[NoteView, ...] = ()
    """The notes that were written about these entries, found or not."""
    left_out: int = 0
    """Entries and notes beyond the newest."""
    unreadable: tuple[str, ...] = ()
    """Months ("2026-10") in which it could not be looked."""


class News(msgspec.Struct, frozen=True, kw_only=True):
    """What came since the family last looked."""

    since: dt.datetime | None = None
    """None: it never looked."""
    notes: int = 0
    alerts: int = 0
    limits_changed: bool = False


class FamilyView(msgspec.Struct, frozen=True, kw_only=True):
    """Ends with `last_day`. From her own answers, not checked."""

    first_day: dt.date
    last_day: dt.date
    days: tuple[DayView, ...]
    """The last twelve weeks, oldest first, none left out."""
    stretches: tuple[Stretch, ...] = ()
    """Everything, oldest first; as many as a chart has columns at most."""
    weeks: tuple[Week, ...] = ()
    """The last twelve, counted back from today, oldest first; from the course's first one on."""
    entries: tuple[EntryView, ...] = ()
    """Newest first, as `sessions` and `notes`."""
    sessions: tuple[SessionView, ...] = ()
    notes: tuple[NoteView, ...] = ()
    numbers: Numbers = Numbers()
    kept: Kept = Kept()
    levels: tuple[SideLevel, ...] = ()
    alerts: tuple[Told, ...] = ()
    """Newest first."""
    locks: tuple[Lock, ...] = ()
    waiting: int = 0
    """Files of the clinic that wait for the clinician's yes at the box."""
    refused: int = 0
    """Records that the clinic's server will never take as they are …"""
    refused_words: str = ""
    """… and what it said of the last one."""
    news: News = News()
    allowed: bool = True
    """The person said last that her family may see this."""
    unreadable: tuple[str, ...] = ()
    """Months ("2026-10") that are missing in all of it, because they cannot be read."""
    lost: tuple[str, ...] = ()
    """Months that are missing, because a restore could not bring them back."""

    @property
    def missing(self) -> tuple[str, ...]:
        """Oldest first."""
        return tuple(sorted({*self.unreadable, *self.lost}))

    @property
    def four_weeks(self) -> tuple[DayView, ...]:
        """The last 28 days."""
        return self.days[-DAYS:]
