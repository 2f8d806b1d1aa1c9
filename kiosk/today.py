"""What home and a visit need to know of the past, read once: a pure function over the diary.

The application calls `read` in a thread and hands the result to `kiosk.visit.flow` as TodayLoaded.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from kiosk.clock import Clock
from kiosk.diary.clock_trust import Believed
from kiosk.diary.history import course_history, current_was_possible, diary_due
from kiosk.diary.meanings import ended, is_restore, is_whole_baseline, says_of_a_change
from kiosk.diary.prescriptions import newest_installed
from kiosk.diary.records import (
    CLINIC,
    FAMILY,
    Consent,
    Contact,
    Entry,
    Envelope,
    FolderKind,
    Form,
    Lock,
    Pads,
    Screening,
    Session,
    Stored,
)
from kiosk.diary.store import StoreReader
from kiosk.errors import KioskError
from programs.contact import GoodContact
from programs.follow_up import Due, PadsUsed, due_today, wear_of
from programs.history import CourseHistory
from programs.library import load_questionnaire, questionnaire_digest
from programs.plan import NotToday, SessionPlan
from programs.prescription import Prescription, PrescriptionError, demonstration_prescription
from programs.progression import PAIN_UP_CLOSES, WEEK0_DAYS, TodayFacts, expired, next_session, todays_stage
from programs.screening import ANSWERS_LAST, Answer, Class, Finding, Questionnaire, due, evaluate
from programs.stage import StageToday
from programs.text import Reason

TOO_FAST_S: Final = 1.5
TOO_FAST_VISITS: Final = 3
"""A group answered faster than this, three visits running, is asked one by one (screens.md, "The flow")."""
USUAL_PAIN_DAYS: Final = 7
USUAL_PAIN_ENTRIES: Final = 5
"""The mean of fewer is not reliable (clinical reference 5, HEA14)."""
LOCKING: Final = (Class.E, Class.U, Class.X, Class.C)

PrescriptionState = Literal["none", "not_yet", "expired", "in_force"]


class OpenScreening(msgspec.Struct, frozen=True):
    """A round of questions that was not concluded."""

    id: str
    record: Screening
    answered_s: Mapping[str, float] = {}
    """Question → when it was answered, in seconds of CLOCK_BOOTTIME of this boot; without those of which
    nobody can know it."""


class OpenEntry(msgspec.Struct, frozen=True):
    """Pain and soreness as said before a session that did not come."""

    id: str
    record: Entry
    at: dt.datetime
    said_s: float | None = None
    """The same in seconds of CLOCK_BOOTTIME of this boot; None: nobody can know."""


class CutOff(msgspec.Struct, frozen=True):
    """A session that a restart took from the screen, in it or after it."""

    id: str
    record: Session
    at: dt.datetime
    """When it was begun; where it was closed, when it ended."""
    after: OpenEntry | None = None
    """What was said after it."""


class PadsInUse(msgspec.Struct, frozen=True):
    """The pads that were opened last."""

    size: str
    uses: int
    since: dt.date | None


class Today(msgspec.Struct, frozen=True, kw_only=True):
    """The past as of now. Nothing here is worded."""

    now: dt.datetime
    folder: FolderKind
    prescription: Prescription | None
    prescription_state: PrescriptionState
    questionnaire: Questionnaire
    digest: str
    """Of questions and doses: others mean that everything is asked again."""
    clearances: frozenset[str]
    baseline_due: Reason | None
    open_screening: OpenScreening | None
    yes_without_lock: tuple[Finding, ...]
    """What was said before a restart and has to lock all the same."""
    open_entry: OpenEntry | None
    one_by_one: frozenset[str]
    """Groups that were answered too fast to have been read."""
    history: CourseHistory
    next: SessionPlan | NotToday
    locks: tuple[Lock, ...]
    sessions_done: int
    done_today: bool
    week0_day: int | None
    """1…7 while week 0 lasts."""
    week0_done_today: bool
    pads: PadsInUse | None
    interrupted: CutOff | None
    """It was begun and never closed: the power or the program ended in it."""
    diary_due: Literal["next_day", "daily"] | None
    """What the diary still asks for: the day after a session, its skin and muscles."""
    unlooked: CutOff | None = None
    """The last session, where nobody said since how the skin under the pads is."""
    muscle_locks: tuple[Lock, ...] = ()
    """Locks of the class "pain": they close muscle programmes alone."""
    stage: StageToday | None = None
    """Where in the prescribed course the person is: exercises, week, next review."""
    contacts: tuple[GoodContact, ...] = ()
    """Every lead that a contact check found good, oldest first."""
    forms: Mapping[str, dt.date] = {}
    """Form → the day on which it was last filled in."""

    worse_answers: frozenset[str] = frozenset()
    """Questions whose worse answer stands, cleared or not: what speaks against an exercise."""
    family_may_look: bool | None = None
    """What the person said last of who may see; None: she was not asked. Without a yes nobody looks."""
    clinic_may_receive: bool | None = None
    """What she said last of sending her diary; None: she was not asked. Without a yes nothing is sent."""
    pain_now: int | None = None
    """Pain at rest as it was said last today."""
    facts: TodayFacts = TodayFacts()
    """What `next` was decided by: soreness and pain as they were said before a session."""
    clock_trusted: bool = False

    @property
    def follow_up(self) -> tuple[Due, ...]:
        """What is due besides the session. Worked out when it is asked for: home does not need it to show."""
        if self.prescription is None:
            return ()
        pads = None
        if self.pads is not None and self.pads.since is not None:
            pads = PadsUsed(self.pads.uses, self.pads.since)
        return due_today(
            self.prescription,
            self.history,
            self.now.date(),
            rescreen=self.baseline_due,
            pads=pads,
            forms=self.forms,
        )

    @property
    def pads_worn(self) -> bool:
        """The pads did their sessions or their months: they are not to be used once more (HAS)."""
        if self.pads is None or self.pads.since is None:
            return False
        return wear_of(PadsUsed(self.pads.uses, self.pads.since), self.now.date()) == "worn"

    @property
    def pain_lock_missing(self) -> bool:
        """The muscles are closed because pain rose twice, and no lock says so yet."""
        return len(self.history.pain_up_unseen) >= PAIN_UP_CLOSES and not self.muscle_locks


def read(reader: StoreReader, clock: Clock, device_kind: str = "p24") -> Today:
    """Everything that home and the visit ask of the diary.

    Raises DiaryDamaged; KioskError when the installed prescription does not fit this version.
    """
    now, trusted = clock.now(), clock.trusted()
    prescription = _prescription(reader, now.date())
    history = course_history(reader)
    screenings, entries = reader.all("screenings"), reader.all("entries")
    sessions = reader.all("sessions")
    trust = reader.trust()
    at_least = trust.at_least(now, trusted)
    # The simulator's built-in one is valid whenever it is looked at.
    installed = reader.latest("prescriptions") is not None
    state = _state(prescription, now.date(), at_least.date() if installed else now.date())
    clearances = frozenset[str]() if prescription is None else prescription.cleared_questions()
    open_locks = reader.locks_open(now)
    locks = tuple(stored.record for stored in open_locks if isinstance(stored.record, Lock))
    muscle_locks = _muscle_locks(open_locks, reader.latest("prescriptions"))
    closed = [lock.cause for lock in muscle_locks if lock.cause != "pain_up_twice"]
    facts = msgspec.structs.replace(
        _facts(entries, sessions, now), muscles_closed=Reason(closed[0]) if closed else None
    )
    session: SessionPlan | NotToday = NotToday((Reason("no_prescription"),), None)
    if prescription is not None and state == "expired":
        session = NotToday((expired(prescription),), None)
    elif prescription is not None:
        # Kept off the path to the first screen, which shows no session yet.
        from kiosk.arming.fits import fits

        session = next_session(
            prescription,
            history,
            now,
            trusted,
            facts=facts,
            device_kind=device_kind,
            unfit=fits(device_kind),
        )
    written = _Written(clock, believed=trust.judged(now, trusted)[0])
    written_today = any(stored.envelope.event_time.date() == now.date() for stored in entries)
    week0_day = _week0_day(prescription, history, now.date())
    return Today(
        now=now,
        folder=reader.kind,
        prescription=prescription,
        prescription_state=state,
        questionnaire=load_questionnaire(),
        digest=questionnaire_digest(),
        clearances=clearances,
        baseline_due=_baseline_due(
            _since_restore(screenings, reader.facts("locks")),
            sessions,
            now,
            prescription,
            (at_least, reader.believed()) if at_least > now else None,
        ),
        open_screening=_open_screening(screenings, now, written),
        yes_without_lock=_yes_without_lock(screenings, reader.all("locks"), open_locks, clearances),
        open_entry=_open_entry(entries, sessions, now, written),
        one_by_one=_too_fast(screenings),
        history=history,
        next=session,
        locks=tuple(lock for lock in locks if lock.class_ != "pain"),
        sessions_done=history.sessions_done,
        done_today=any(_played_on(stored, now.date()) for stored in sessions),
        week0_day=week0_day,
        week0_done_today=week0_day is not None and written_today,
        pads=_pads(reader.latest("pads")),
        interrupted=_interrupted(sessions),
        unlooked=_unlooked(sessions, entries),
        diary_due=diary_due(reader, now.date()),
        family_may_look=_said_of(FAMILY, reader.facts("consents")),
        clinic_may_receive=_said_of(CLINIC, reader.facts("consents")),
        worse_answers=_worse_answers(screenings),
        pain_now=_pain_now(entries, now.date()),
        muscle_locks=muscle_locks,
        stage=None if prescription is None else todays_stage(prescription, history, now.date()),
        contacts=_good_contacts(reader.all("contacts")),
        forms=_forms(reader.all("forms")),
        facts=facts,
        clock_trusted=trusted,
    )


def _muscle_locks(open_locks: tuple[Stored, ...], prescribed: Stored | None) -> tuple[Lock, ...]:
    """Locks of the class "pain" that no prescription has come after: who prescribes has looked."""
    return tuple(
        stored.record
        for stored in open_locks
        if isinstance(stored.record, Lock)
        and stored.record.class_ == "pain"
        and (prescribed is None or stored.envelope.event_time > prescribed.envelope.event_time)
    )


def _prescription(reader: StoreReader, today: dt.date) -> Prescription | None:
    """The newest installed one, valid or not (safety rule 28); without one the simulator's built-in."""
    try:
        installed = newest_installed(reader)
    except PrescriptionError as error:
        raise KioskError(error.sentence) from error
    if installed is not None:
        return installed.prescription
    return None if reader.kind == "real" else demonstration_prescription(today)


def _state(prescription: Prescription | None, today: dt.date, at_least: dt.date) -> PrescriptionState:
    """Safety rule 28: not valid today means no therapy. What has ended by `at_least` comes back by no clock
    that was set back."""
    if prescription is None:
        return "none"
    if today < prescription.valid_from:
        return "not_yet"
    return "in_force" if max(today, at_least) <= prescription.valid_until else "expired"


def _since_restore(screenings: tuple[Stored, ...], locks: tuple[Stored, ...]) -> tuple[Stored, ...]:
    """The rounds since the diary came from a backup, if it did: what was said before it counts no more, for
    nobody knows what was said in between (safety rule 28)."""
    restored = [lock.envelope.entry_time for lock in locks if is_restore(lock)]
    if not restored:
        return screenings
    return tuple(stored for stored in screenings if stored.envelope.entry_time > max(restored))


def _baseline_due(
    screenings: tuple[Stored, ...],
    sessions: tuple[Stored, ...],
    now: dt.datetime,
    prescription: Prescription | None,
    behind: tuple[dt.datetime, Believed] | None,
) -> Reason | None:
    """Whether all questions have to be asked, by the newest baseline that was answered to its end.

    `behind`: the clock is, of a time that a trusted one wrote. Then they are due as of that time as well.
    """
    last: Stored | None = None
    changed: list[dt.datetime] = []
    for stored in screenings:
        record = stored.record
        assert isinstance(record, Screening)
        if is_whole_baseline(record):
            last, changed = stored, []
        if says_of_a_change(record):
            changed.append(record.answered_at["d_change"])
            if last is not None:  # by the order of writing: a clock that was set back hides no change
                changed.append(_answered(last) + dt.timedelta.resolution)
    session = max((ended(stored) for stored in sessions), default=None)
    if last is None:
        return due("baseline", None, session, None, now.date())
    record = last.record
    assert isinstance(record, Screening)
    found = due(
        "baseline",
        _answered(last),
        session,
        max(changed, default=None),
        now.date(),
        record.questionnaire_digest,
        questionnaire_digest(),
        other_prescription=_is_other(prescription, record),
    )
    if found is not None or behind is None:
        return found
    at_least, believed = behind
    answered = max(_answered(last), believed.not_before(last.envelope) or _answered(last))
    later = max(answered.date(), at_least.date())
    return due("baseline", answered, session, None, later)


def _answered(stored: Stored) -> dt.datetime:
    """When the last question of a round was."""
    assert isinstance(stored.record, Screening)
    return max(stored.record.answered_at.values())


def _is_other(prescription: Prescription | None, last: Screening | None) -> bool:
    """Another serial than the round was answered under: by number, so that no clock can hide it."""
    if prescription is None or last is None or not last.prescription:
        return False
    return prescription.serial != last.prescription


class _Written:
    """When records were written, in seconds of CLOCK_BOOTTIME of this boot.

    Over a boot nothing but the clock says how long the box was off: one that was trusted then and is
    `believed` now.
    """

    def __init__(self, clock: Clock, *, believed: bool) -> None:
        self._now, self._now_s = clock.now(), clock.boottime_ns() / 1e9
        self._boot_id, self._believed = clock.boot_id(), believed

    def at_s(self, envelope: Envelope, happened: dt.datetime) -> float | None:
        """When what it tells of happened, before it was written or then; None: nobody can know."""
        if envelope.boot_id == self._boot_id:
            written_s = envelope.monotonic_s
        elif envelope.clock_trusted and self._believed:
            written_s = self._now_s - (self._now - envelope.entry_time).total_seconds()
        else:
            return None
        before_s = (envelope.entry_time - happened).total_seconds()
        return written_s - before_s if before_s >= 0 else None


def _open_screening(
    screenings: tuple[Stored, ...], now: dt.datetime, written: _Written
) -> OpenScreening | None:
    """The newest round, when it has no verdict and its last answer is younger than an hour by the clock.
    Where that proves nothing, its answers stand and are asked again."""
    if not screenings:
        return None
    stored = screenings[-1]
    record = stored.record
    assert isinstance(record, Screening)
    if record.verdict is not None or not record.answered_at:
        return None
    fresh = dt.timedelta(0) <= now - max(record.answered_at.values()) <= ANSWERS_LAST
    if not fresh:
        return None
    at_s = {key: written.at_s(stored.envelope, at) for key, at in record.answered_at.items()}
    known = {key: one for key, one in at_s.items() if one is not None}
    return OpenScreening(stored.envelope.id, record, known)


def _yes_without_lock(
    screenings: tuple[Stored, ...],
    locks: tuple[Stored, ...],
    open_locks: tuple[Stored, ...],
    clearances: frozenset[str],
) -> tuple[Finding, ...]:
    """Locking answers of rounds that a restart cut off before their lock was written (safety rule 26).

    A lock that was written since, lifted or not, has done its work; so has one that is open, whatever a clock
    that was set back says of its time.
    """
    held = {lock.record.cause for lock in open_locks if isinstance(lock.record, Lock)}
    newest = {record.asks: record for stored in screenings if isinstance(record := stored.record, Screening)}
    questionnaire, found = load_questionnaire(), []
    for record in newest.values():
        if record.verdict is not None:
            continue
        known = {key: Answer(said) for key, said in record.answers.items() if key in questionnaire.questions}
        for finding in evaluate(questionnaire, known, (), clearances).findings:
            since = record.answered_at.get(finding.key)
            locked = any(
                isinstance(lock.record, Lock)
                and lock.record.cause == finding.key
                and (since is None or lock.envelope.event_time >= since)
                for lock in locks
            )
            if finding.class_ in LOCKING and not (finding.cleared or locked or finding.key in held):
                found.append(finding)
    return tuple(found)


def _facts(entries: tuple[Stored, ...], sessions: tuple[Stored, ...], now: dt.datetime) -> TodayFacts:
    """What was said before today's session: within the last hour, or by a clock that was set back since."""
    newest = _newest_before(entries, sessions, now)
    if newest is None or now - newest.envelope.event_time > ANSWERS_LAST:
        return TodayFacts()
    said = newest.record
    assert isinstance(said, Entry)
    said_on = min(newest.envelope.event_time.date(), now.date())
    usual = _usual_pain(entries, now.date())
    return TodayFacts(said.soreness, said.pain_rest, usual, soreness_on=said_on)


def _newest_before(
    entries: tuple[Stored, ...], sessions: tuple[Stored, ...], now: dt.datetime
) -> Stored | None:
    """The newest entry before a session that has not begun since; one in a clock's future is not "since"."""
    before = [
        stored for stored in entries if isinstance(stored.record, Entry) and stored.record.moment == "before"
    ]
    if not before:
        return None
    at = before[-1].envelope.event_time
    begun_since = any(at <= session.envelope.event_time <= now for session in sessions)
    return None if begun_since else before[-1]


def _worse_answers(screenings: tuple[Stored, ...]) -> frozenset[str]:
    """Of the newest round of each kind."""
    newest = {record.asks: record for stored in screenings if isinstance(record := stored.record, Screening)}
    questions = load_questionnaire().questions
    return frozenset(
        key
        for record in newest.values()
        for key, said in record.answers.items()
        if key in questions and questions[key].is_worse(Answer(said))
    )


def _said_of(topic: str, consents: tuple[Stored, ...]) -> bool | None:
    """By the order of writing: no clock that was set gives back what was withdrawn."""
    said = [one.record for one in consents if isinstance(one.record, Consent) and one.record.topic == topic]
    return said[-1].given if said else None


def _pain_now(entries: tuple[Stored, ...], today: dt.date) -> int | None:
    said = [
        stored.record.pain_rest
        for stored in entries
        if isinstance(stored.record, Entry)
        and stored.record.pain_rest is not None
        and stored.envelope.event_time.date() == today
    ]
    return said[-1] if said else None


def _open_entry(
    entries: tuple[Stored, ...], sessions: tuple[Stored, ...], now: dt.datetime, written: _Written
) -> OpenEntry | None:
    """What was said before a session within the last hour, when none has begun since."""
    stored = _newest_before(entries, sessions, now)
    if stored is None:
        return None
    at = stored.envelope.event_time
    if not dt.timedelta(0) <= now - at <= ANSWERS_LAST:
        return None
    assert isinstance(stored.record, Entry)
    said_s = written.at_s(stored.envelope, at)
    return OpenEntry(stored.envelope.corrects or stored.envelope.id, stored.record, at, said_s)


def _usual_pain(entries: tuple[Stored, ...], today: dt.date) -> float | None:
    """Mean pain at rest of the seven days before today and of a clock's future; None below five entries."""
    first = today - dt.timedelta(days=USUAL_PAIN_DAYS)
    ratings = [
        stored.record.pain_rest
        for stored in entries
        if isinstance(stored.record, Entry)
        and stored.record.pain_rest is not None
        and stored.record.moment in ("before", "daily")
        and not stored.from_memory
        and first <= stored.envelope.event_time.date() != today
    ]
    return sum(ratings) / len(ratings) if len(ratings) >= USUAL_PAIN_ENTRIES else None


def _too_fast(screenings: tuple[Stored, ...]) -> frozenset[str]:
    rounds = [stored.record for stored in screenings if isinstance(stored.record, Screening)]
    fast: frozenset[str] = frozenset()
    for asks in ("baseline", "daily"):
        last = [record.seconds for record in rounds if record.asks == asks and record.verdict is not None]
        if len(last) >= TOO_FAST_VISITS:
            last = last[-TOO_FAST_VISITS:]
            fast |= {
                id_ for id_ in last[0] if all(seconds.get(id_, TOO_FAST_S) < TOO_FAST_S for seconds in last)
            }
    return fast


def _week0_day(prescription: Prescription | None, history: CourseHistory, today: dt.date) -> int | None:
    """Which of the seven diary days today is; None when there are none, or they are over."""
    if prescription is None or not prescription.week0 or history.sessions_done:
        return None
    passed = history.diary_days_before(today)
    return passed + 1 if passed < WEEK0_DAYS else None


def _played_on(stored: Stored, day: dt.date) -> bool:
    record = stored.record
    return isinstance(record, Session) and record.seconds_done > 0 and ended(stored).date() == day


def _forms(stored: tuple[Stored, ...]) -> dict[str, dt.date]:
    return {one.record.form: one.envelope.event_time.date() for one in stored if isinstance(one.record, Form)}


def _good_contacts(stored: tuple[Stored, ...]) -> tuple[GoodContact, ...]:
    measured = (one.record for one in stored if isinstance(one.record, Contact))
    return tuple(
        GoodContact(lead.montage, lead.pads, lead.channel, lead.series_ohm)
        for lead in measured
        if lead.contact == "good" and lead.series_ohm is not None
    )


def _pads(stored: Stored | None) -> PadsInUse | None:
    if stored is None:
        return None
    assert isinstance(stored.record, Pads)
    return PadsInUse(stored.record.size, stored.record.uses, stored.record.since)


def _interrupted(sessions: tuple[Stored, ...]) -> CutOff | None:
    if not sessions:
        return None
    stored, record = sessions[-1], sessions[-1].record
    assert isinstance(record, Session)
    if record.state != "begun":
        return None
    return CutOff(stored.envelope.corrects or stored.envelope.id, record, stored.envelope.event_time)


def _unlooked(sessions: tuple[Stored, ...], entries: tuple[Stored, ...]) -> CutOff | None:
    if not sessions:
        return None
    stored, record = sessions[-1], sessions[-1].record
    assert isinstance(record, Session)
    if record.state == "begun" or not current_was_possible(record):
        return None
    session_id = stored.envelope.corrects or stored.envelope.id
    for said in reversed(entries):
        entry = said.record
        if isinstance(entry, Entry) and entry.moment == "after" and entry.session_id == session_id:
            if entry.skin is not None:
                return None
            at = said.envelope.event_time
            after = OpenEntry(said.envelope.corrects or said.envelope.id, entry, at)
            return CutOff(session_id, record, ended(stored), after)
    return CutOff(session_id, record, ended(stored))
