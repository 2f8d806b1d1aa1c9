"""What progression remembers of a course: a rolling summary, never the whole history.

The diary folds its records into it, oldest first; each fold gives a new summary. It keeps what the rules
look at and no more, so it does not grow with the years.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Mapping
from statistics import median
from typing import NamedTuple

import msgspec

from programs.montage import Kind, Side
from programs.screening import SORE_LOCKS, SORE_POSTPONES, SORENESS_CALM, SORENESS_CALM_DAYS

KEPT_SCORES = 40
"""Days with an answer; older ones are forgotten, except those that still lock. A number and not a span of
days: a clock that jumped ahead once makes nobody forget how sore she was yesterday."""
WEEK = dt.timedelta(days=7)
SKIN_LOCKS = 2
"""Clinical reference 4 and 5: grade 2 or worse, until a clinician opens it."""
LEAST_SESSIONS = 24
MOST_KEPT = 64
"""Of sessions, and of levels of one key, whatever the clock does: 135 minutes a day allow no more in a
week."""
PAIN_DAYS = 7
PAIN_ENTRIES = 5
"""A 7-day mean of fewer ratings is not reliable (clinical reference 5, HEA14)."""
MOST_LEVELS = 24
"""Keys, those used last: each change of pads, montage, stimulator or doses makes new ones."""
NEW_RUN_AFTER = dt.timedelta(days=28)
"""Clinical reference 4: 28 or more days without muscle work begin again with learning."""
LAST_LEVELS = 3
"""Safety rule 4: the median of the last three."""
HOLDS_DOWN = frozenset(
    {"changed", "clock_not_trusted", "lower_gap", "lower_pain", "lower_sore", "restart", "step_by_step"}
)
"""Rules that keep a limit below what the person chose by herself for a while (`programs.progression`)."""
PAIN_UP_TOGETHER = dt.timedelta(days=28)
"""Two rises of pain after muscle work that lie further apart are no row [D]."""
PAIN_UP_DAYS = 4
PAIN_UP_SAID_AFTER = dt.timedelta(days=1)
"""From the session to the rating that was clearly higher."""


class PastSession(msgspec.Struct, frozen=True):
    """One session in which output was possible."""

    programme: str
    kind: Kind
    ended_at: dt.datetime
    """Aware."""
    clock_trusted: bool
    """At its end: an RTC or synchronised clock (safety rule 29)."""
    work_minutes: int
    """Planned minutes of the work phase."""
    seconds_planned: int
    seconds_done: int
    """Of all phases."""
    plan: str = ""
    """The course that the prescription named then; empty: not known."""
    prescription: int = 0
    """Its serial; 0: not known."""
    cut_short: bool = False
    """The person stopped it and did not go on: enough, burning, faint, a sting."""
    over_by: dt.datetime | None = None
    """When it was certainly over by a trusted clock, where its own date cannot be right: rest counts from
    then, and `ended_at` is the last day on which it can have been."""
    began_at: dt.datetime | None = None
    """Aware; None: not known."""

    @property
    def counts(self) -> bool:
        """Whether it counts among the sessions done: half of it was played. For rest it always counts."""
        return 2 * self.seconds_done >= self.seconds_planned > 0


class LevelKey(msgspec.Struct, frozen=True):
    """All that makes two levels comparable (safety rule 4)."""

    waveform: str
    """`Programme.waveform`: "35 Hz 250 us"."""
    montage: str
    pads: str
    """`Montage.pad_size`: "5x9"."""
    side: Side
    channel: int
    device_kind: str
    content: str = ""
    """Digest of the questions and doses of that time where they are not today's (safety rule 24)."""


class Level(msgspec.Struct, frozen=True):
    """What one side felt on one day. "Comfortable" is what the person confirmed by key."""

    key: LevelKey
    kind: Kind
    pulse_width_us: int
    day: dt.date
    comfortable_mA: float | None
    first_feeling_mA: float | None = None
    motor_threshold_mA: float | None = None
    """Where the muscle was first seen or felt to tighten; muscle programmes only."""
    held: bool = False
    """It is no more than a lowered limit let through: `is_held`."""
    prescription: int = 0
    """Serial of the one that governed; 0: not known."""


def is_held(comfortable_mA: float | None, limit_mA: float, set_by: str) -> bool:
    """Whether a level ended at a limit that a rule of `HOLDS_DOWN` had set: more might have been pleasant."""
    return comfortable_mA is not None and comfortable_mA >= limit_mA and set_by in HOLDS_DOWN


class DayLevel(msgspec.Struct, frozen=True):
    day: dt.date
    current_mA: float
    held: bool = False
    """It ended at a lowered limit: more might have been pleasant."""


class LevelHistory(msgspec.Struct, frozen=True):
    """The levels of one key that the person confirmed: those of the last seven days, and at least three
    before them."""

    key: LevelKey
    kind: Kind
    pulse_width_us: int
    confirmed: tuple[DayLevel, ...]
    """Oldest first, never empty: what safety rule 4 calls comfortable."""
    own: tuple[DayLevel, ...]
    """What she chose by herself, kept for longer: the first of them, and those that no lowered limit held."""
    first_feelings_mA: tuple[float, ...] = ()
    motor_thresholds_mA: tuple[float, ...] = ()
    """The last three of each."""
    prescription: int = 0
    """Serial of the one under which the last level was found; 0: not known."""

    @property
    def last(self) -> DayLevel:
        """What was confirmed last."""
        return self.confirmed[-1]

    @property
    def usual_first_feeling_mA(self) -> float | None:
        return median(self.first_feelings_mA) if self.first_feelings_mA else None

    @property
    def fall_percent(self) -> int:
        """How far the last own level lies below the median of the three before it, in whole percent."""
        if len(self.own) <= LAST_LEVELS:
            return 0
        before = median_of_last_three_mA(self.own[:-1])
        return max(0, int((1 - self.own[-1].current_mA / before) * 100)) if before > 0 else 0


def median_of_last_three_mA(levels: tuple[DayLevel, ...]) -> float:
    """Of `levels`, oldest first and not empty."""
    return median(level.current_mA for level in levels[-LAST_LEVELS:])


def median_a_week_before_mA(levels: tuple[DayLevel, ...], day: dt.date) -> float:
    """The median of the last three as it was 7 days before `day`; in the first week, the first level."""
    before = tuple(level for level in levels if level.day <= day - WEEK)
    return median_of_last_three_mA(before) if before else levels[0].current_mA


class ClockThen(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the day of an answer is known by."""

    trusted: bool = True
    era: str = ""
    """A clock that goes on without being corrected has one; empty: not known."""

    def tells_days_from(self, other: ClockThen) -> bool:
        """Whether the days between two answers are known: by a trusted clock, or by one that was never
        corrected between them."""
        return (self.trusted and other.trusted) or (self.era != "" and self.era == other.era)

    def or_better(self, other: ClockThen) -> ClockThen:
        """What the day of two answers is known by; `other` is the later one."""
        if self.trusted != other.trusted:
            return self if self.trusted else other
        return other if other.era else self


class DayScore(msgspec.Struct, frozen=True):
    """A number that the person gave on a day: soreness 0–10, skin 0–4."""

    day: dt.date
    value: int
    clock: ClockThen = ClockThen()

    def known_after(self, other: DayScore) -> bool:
        """On a later day, whatever was done to the clock."""
        return self.day > other.day and self.clock.tells_days_from(other.clock)


class Run(msgspec.Struct, frozen=True):
    """Sessions of one programme without a break of 28 days in the muscle work between them."""

    kind: Kind
    first_day: dt.date
    sessions: int
    """Those that count."""


class DayPain(msgspec.Struct, frozen=True):
    """The ratings of pain at rest of one day, 0–10."""

    day: dt.date
    total: int
    ratings: int


class CourseHistory(msgspec.Struct, frozen=True):
    """The summary. A new person's is `CourseHistory()`."""

    sessions_done: int = 0
    sessions_of_programme: Mapping[str, int] = {}
    sessions_of_kind: Mapping[str, int] = {}
    recent: tuple[PastSession, ...] = ()
    """Those of the seven days before the newest, and at least two dozen, in the order of writing."""
    plan: str = ""
    plan_began: dt.date | None = None
    """The course of the last session, and the day of its first one: reviews are counted from there."""
    prescription: int = 0
    runs: Mapping[str, Run] = {}
    """Programme → its sessions since muscle work began or began again; of TENS, under the last
    prescription."""
    cut_short: Mapping[str, int] = {}
    """Kind → how many sessions running the person cut short, up to the last."""
    last_session_day: dt.date | None = None
    last_day_of_kind: Mapping[str, dt.date] = {}
    last_nmes_end: dt.datetime | None = None
    muscles_rest_from: dt.datetime | None = None
    """When muscle work had certainly ended, by a trusted clock: the end of the last muscle session or, where
    that was not dated by one, of the first session of any kind after it that was. None: not known."""
    first_nmes_day: dt.date | None = None
    """Since muscle work began, or began again."""
    work_minutes: Mapping[str, int] = {}
    """Programme → the longest work phase so far."""
    minutes_rose_on: Mapping[str, dt.date] = {}
    """Programme → the day on which its work phase last became longer, or which was its first after another
    of its kind: minutes and duty changed then (clinical reference 4, one variable a week)."""
    diary_days: int = 0
    """Days with a diary entry before the first session (week 0)."""
    last_diary_day: dt.date | None = None
    """The last of them."""
    soreness: tuple[DayScore, ...] = ()
    skin: tuple[DayScore, ...] = ()
    """One a day, the highest; the last 40 and what still locks, oldest first."""
    pain_up_days: tuple[dt.date, ...] = ()
    """The last days of sessions, of either kind, after which the pain was clearly higher for 24 hours."""
    muscle_pain_up_days: tuple[dt.date, ...] = ()
    """Of muscle sessions: the last two that belong together, and the last."""
    soreness_opened_on: dt.date | None = None
    skin_opened_on: dt.date | None = None
    pain_opened_on: dt.date | None = None
    """When a clinician opened that lock or reviewed the pain: answers up to that day count no more."""
    reviewed_on: dt.date | None = None
    """When a clinician last prescribed: the course was looked at then."""
    pain_before: tuple[DayPain, ...] = ()
    """Up to the first session of the plan, the last seven days with a rating."""
    pain: tuple[DayPain, ...] = ()
    """Since then, the last seven."""
    levels: tuple[LevelHistory, ...] = ()

    @property
    def pain_change_percent(self) -> int | None:
        """How much lower the pain is than before the plan, in percent of that; negative: it is higher.

        None where either has fewer than five ratings, or there was no pain to begin with.
        """
        before, now = _mean(self.pain_before), _mean(self.pain)
        return None if not before or now is None else round((before - now) / before * 100)

    @property
    def pain_ratings_are_few(self) -> bool:
        """There are fewer than five ratings before the plan, or of late: no change can be told."""
        return _mean(self.pain_before) is None or _mean(self.pain) is None

    @property
    def pain_up_unseen(self) -> tuple[dt.date, ...]:
        """The days of muscle sessions with more pain after them at which no clinician has looked: the last
        two that lie no more than 28 days apart, else the last one.

        The rise is said on the day after the session: one that was said on the very day on which a clinician
        looked may have been said later.
        """
        unseen = self._unseen(self.muscle_pain_up_days)
        return _last_pair(unseen) or unseen[-1:]

    @property
    def pain_up_lowers(self) -> frozenset[dt.date]:
        """The days of sessions of either kind whose next one is lower for it."""
        return frozenset(self._unseen((*self.pain_up_days, *self.muscle_pain_up_days)))

    def _unseen(self, days: tuple[dt.date, ...]) -> tuple[dt.date, ...]:
        opened = self.pain_opened_on
        return tuple(day for day in days if opened is None or day + PAIN_UP_SAID_AFTER >= opened)

    def diary_days_before(self, today: dt.date) -> int:
        """Whole days of week 0 that have passed: what is written today does not make today pass."""
        return self.diary_days - (self.last_diary_day is not None and self.last_diary_day >= today)

    def with_session(self, session: PastSession) -> CourseHistory:
        """After one more session."""
        day = session.ended_at.date()
        done = int(session.counts)
        before = self.work_minutes.get(session.programme)
        changed = before is None and self.sessions_of_kind.get(session.kind, 0) > 0
        rose = changed or (before is not None and session.work_minutes > before)
        is_nmes = session.kind == "nmes"
        same_plan = self.plan_began is not None and self.plan == session.plan
        return msgspec.structs.replace(
            self,
            sessions_done=self.sessions_done + done,
            sessions_of_programme=_plus(self.sessions_of_programme, session.programme, done),
            sessions_of_kind=_plus(self.sessions_of_kind, session.kind, done),
            recent=_since((*self.recent, session), day),
            plan=session.plan,
            plan_began=self.plan_began if same_plan else (day if done else None),
            prescription=session.prescription,
            runs=self._runs_with(session, day) if done else self._runs_still_going(session, day),
            pain_before=self.pain_before if same_plan else (*self.pain_before, *self.pain)[-PAIN_DAYS:],
            pain=self.pain if same_plan else (),
            cut_short={
                **self.cut_short,
                session.kind: self.cut_short.get(session.kind, 0) + 1 if session.cut_short else 0,
            },
            last_session_day=day,
            last_day_of_kind={**self.last_day_of_kind, session.kind: day},
            last_nmes_end=session.ended_at if is_nmes else self.last_nmes_end,
            muscles_rest_from=self._rest_from(session, is_nmes),
            first_nmes_day=day if is_nmes and self._begins_muscle_work(day) else self.first_nmes_day,
            work_minutes={**self.work_minutes, session.programme: max(before or 0, session.work_minutes)},
            minutes_rose_on={**self.minutes_rose_on, session.programme: day}
            if rose
            else self.minutes_rose_on,
        )

    def _rest_from(self, session: PastSession, is_nmes: bool) -> dt.datetime | None:
        end = session.over_by or (session.ended_at if session.clock_trusted else None)
        return end if is_nmes or self.muscles_rest_from is None else self.muscles_rest_from

    def _begins_muscle_work(self, day: dt.date) -> bool:
        """For the first time, or again after a long break: the first weeks' longer rest holds once more."""
        last = self.last_nmes_end
        return last is None or day - last.date() >= NEW_RUN_AFTER

    def _runs_with(self, session: PastSession, day: dt.date) -> dict[str, Run]:
        runs = self._runs_still_going(session, day)
        old = runs.get(session.programme, Run(session.kind, day, 0))
        return {**runs, session.programme: msgspec.structs.replace(old, sessions=old.sessions + 1)}

    def _runs_still_going(self, session: PastSession, day: dt.date) -> dict[str, Run]:
        """A long break ends those of the muscles, a new prescription those of TENS."""
        ended: set[Kind] = set()
        if session.kind == "nmes" and self._begins_muscle_work(day):
            ended.add("nmes")
        if session.prescription != self.prescription:
            ended.add("tens")
        return {id_: run for id_, run in self.runs.items() if run.kind not in ended}

    def with_level(self, level: Level) -> CourseHistory:
        """After one more level was found. Without a confirmed level only the first feeling is new."""
        old = self.level_history(level.key)
        others = tuple(item for item in self.levels if item.key != level.key)
        if old is None and level.comfortable_mA is None:
            return self
        confirmed, own = ((), ()) if old is None else (old.confirmed, old.own)
        if level.comfortable_mA is not None:
            found = DayLevel(level.day, level.comfortable_mA, level.held)
            confirmed = _last_levels((*confirmed, found))
            own = own if level.held and own else _last_levels((*own, found))
        felt = _last_values(() if old is None else old.first_feelings_mA, level.first_feeling_mA)
        motor = _last_values(() if old is None else old.motor_thresholds_mA, level.motor_threshold_mA)
        new = LevelHistory(
            level.key, level.kind, level.pulse_width_us, confirmed, own, felt, motor, level.prescription
        )
        return msgspec.structs.replace(self, levels=(*others, new)[-MOST_LEVELS:])

    def with_day(
        self,
        day: dt.date,
        *,
        soreness: int | None = None,
        skin: int | None = None,
        clock: ClockThen = ClockThen(),  # noqa: B008 - frozen
    ) -> CourseHistory:
        """After the person said how sore the muscles (0–10) or how the skin (0–4) is; a day's worst stays.

        `clock`: what `day` is known by.
        """
        new = self
        if soreness is not None:
            scores = _with_score(self.soreness, day, soreness, clock)
            new = msgspec.structs.replace(
                new, soreness=_without_old_soreness(scores, self.soreness_opened_on)
            )
        if skin is not None:
            scores = _with_score(self.skin, day, skin)
            new = msgspec.structs.replace(new, skin=_without_old_skin(scores, self.skin_opened_on))
        return new

    def with_pain(self, day: dt.date, pain: int) -> CourseHistory:
        """After the person rated the pain at rest (0–10), not just after a session."""
        if self.plan_began is None or day <= self.plan_began:
            return msgspec.structs.replace(self, pain_before=_with_rating(self.pain_before, day, pain))
        return msgspec.structs.replace(self, pain=_with_rating(self.pain, day, pain))

    def with_pain_up(self, session_day: dt.date, *, muscles: bool = True) -> CourseHistory:
        """After the pain was clearly higher for 24 hours following the session of that day."""
        new = msgspec.structs.replace(
            self, pain_up_days=tuple(sorted({*self.pain_up_days, session_day})[-PAIN_UP_DAYS:])
        )
        if not muscles:
            return new
        days = tuple(sorted({*self.muscle_pain_up_days, session_day}))
        kept = tuple(sorted({*_last_pair(days), days[-1]}))
        return msgspec.structs.replace(new, muscle_pain_up_days=kept)

    def with_diary_day(self, day: dt.date) -> CourseHistory:
        """After one more day with a diary entry."""
        latest = max(day, self.last_diary_day or day)
        return msgspec.structs.replace(self, diary_days=self.diary_days + 1, last_diary_day=latest)

    def with_prescription(self, day: dt.date, *, levels_anew: bool = False) -> CourseHistory:
        """After a prescription was installed that day: a clinician looked at pain and course, and perhaps
        wants every level found as if there were none before it."""
        latest = max(day, self.reviewed_on or day)
        levels = () if levels_anew else self.levels
        reviewed = msgspec.structs.replace(self, reviewed_on=latest, levels=levels)
        return reviewed.opened_by_clinician("pain", day)

    def opened_by_clinician(self, what: str, day: dt.date) -> CourseHistory:
        """After a clinician opened the "soreness" or "skin" lock or reviewed the "pain" on that day."""
        if what == "soreness":
            return msgspec.structs.replace(self, soreness_opened_on=max(day, self.soreness_opened_on or day))
        if what == "skin":
            return msgspec.structs.replace(self, skin_opened_on=max(day, self.skin_opened_on or day))
        if what == "pain":
            return msgspec.structs.replace(self, pain_opened_on=max(day, self.pain_opened_on or day))
        raise ValueError(f"a clinician does not open {what!r} here")

    def level_history(self, key: LevelKey) -> LevelHistory | None:
        """The comparable levels, or None."""
        return next((item for item in self.levels if item.key == key), None)


def _last_pair(days: tuple[dt.date, ...]) -> tuple[dt.date, ...]:
    """The last two of these sorted days that lie close enough together; empty: none do."""
    pairs = [pair for pair in itertools.pairwise(days) if pair[1] - pair[0] <= PAIN_UP_TOGETHER]
    return pairs[-1] if pairs else ()


def _with_rating(days: tuple[DayPain, ...], day: dt.date, pain: int) -> tuple[DayPain, ...]:
    by_day = {one.day: one for one in days}
    old = by_day.get(day, DayPain(day, 0, 0))
    by_day[day] = DayPain(day, old.total + pain, old.ratings + 1)
    return tuple(by_day[key] for key in sorted(by_day))[-PAIN_DAYS:]


def _mean(days: tuple[DayPain, ...]) -> float | None:
    ratings = sum(one.ratings for one in days)
    return sum(one.total for one in days) / ratings if ratings >= PAIN_ENTRIES else None


def _last_values(values: tuple[float, ...], more: float | None) -> tuple[float, ...]:
    return values if more is None else (*values, more)[-LAST_LEVELS:]


def _plus(counts: Mapping[str, int], key: str, more: int) -> dict[str, int]:
    return {**counts, key: counts.get(key, 0) + more}


def _since(sessions: tuple[PastSession, ...], newest: dt.date) -> tuple[PastSession, ...]:
    """Two dozen whatever their dates: a clock that jumped ahead once hides none of this week's."""
    older = len(sessions) - LEAST_SESSIONS
    return tuple(
        session
        for index, session in enumerate(sessions)
        if index >= older or session.ended_at.date() > newest - WEEK
    )[-MOST_KEPT:]


def _last_levels(levels: tuple[DayLevel, ...]) -> tuple[DayLevel, ...]:
    week = tuple(level for level in levels if level.day > levels[-1].day - WEEK)
    return levels[-(len(week) + LAST_LEVELS) :][-MOST_KEPT:]


def _with_score(
    scores: tuple[DayScore, ...],
    day: dt.date,
    value: int,
    clock: ClockThen = ClockThen(),  # noqa: B008 - frozen
) -> tuple[DayScore, ...]:
    if not scores or scores[-1].day < day:  # but for a clock that was set back
        return (*scores, DayScore(day, value, clock))
    by_day = {score.day: score for score in scores}
    old = by_day.get(day)
    if old is not None:
        value, clock = max(value, old.value), old.clock.or_better(clock)
    by_day[day] = DayScore(day, value, clock)
    return tuple(by_day[key] for key in sorted(by_day))


def _split(scores: tuple[DayScore, ...]) -> tuple[tuple[DayScore, ...], tuple[DayScore, ...]]:
    """Those that are forgotten, and the others."""
    return scores[:-KEPT_SCORES], scores[-KEPT_SCORES:]


def _without_old_skin(scores: tuple[DayScore, ...], opened: dt.date | None) -> tuple[DayScore, ...]:
    old, kept = _split(scores)
    locking = tuple(score for score in old if score.value >= SKIN_LOCKS and _is_after(score, opened))
    return locking[-1:] + kept


def _without_old_soreness(scores: tuple[DayScore, ...], opened: dt.date | None) -> tuple[DayScore, ...]:
    old, kept = _split(scores)
    calm = all(score.value <= SORENESS_CALM for score in old)
    if calm or soreness_state(kept, opened) == soreness_state(scores, opened):
        return kept
    worst = max(old, key=lambda score: (score.value >= SORE_LOCKS, score.value >= SORE_POSTPONES, score.day))
    return (worst, *kept)


def _is_after(score: DayScore, opened: dt.date | None) -> bool:
    return opened is None or score.day > opened


class SorenessState(NamedTuple):
    """Whether soreness locks at the end of some days (safety rule 27)."""

    locked: bool
    """4 or more, and not yet 3 or less on two days running."""
    needs_clinician: bool
    """7 or more."""
    calm_days: int
    """Days running, up to the last answer, with 3 or less; two at most."""


def soreness_state(scores: tuple[DayScore, ...], opened: dt.date | None) -> SorenessState:
    """What the answers after the day on which a clinician opened the lock amount to."""
    locked = needs_clinician = False
    calm_days = 0
    calm: DayScore | None = None
    """The last day that counts as calm."""
    since_sore: list[DayScore] = []
    for score in scores:
        if not _is_after(score, opened):
            continue
        if score.value > SORENESS_CALM:
            locked, calm_days, calm, since_sore = True, 0, None, [score]
            needs_clinician = needs_clinician or score.value >= SORE_LOCKS
            continue
        if not since_sore or any(score.known_after(other) for other in since_sore):
            follows = calm is not None and (score.day - calm.day).days == 1 and score.known_after(calm)
            calm_days = min(SORENESS_CALM_DAYS, calm_days * follows + 1)
            calm = score
        locked = locked and calm_days < SORENESS_CALM_DAYS
        since_sore.append(score)
    return SorenessState(locked, needs_clinician, calm_days)
