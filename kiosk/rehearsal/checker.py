"""Looks over the shoulder of a rehearsal: no rule of dose, rest or lock is ever broken.

It keeps its own short book of what happened and compares by its own arithmetic, so that a mistake in the
rules does not hide itself. The numbers stand here once more on purpose.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter, deque
from collections.abc import Mapping
from statistics import median
from typing import Final, NamedTuple

from drivers import messages as guard
from kiosk.diary.records import LevelFound, Lock
from kiosk.errors import KioskError
from programs import library
from programs.montage import Kind
from programs.plan import SessionPlan
from programs.prescription import Prescription

HOUR, DAY, WEEK = dt.timedelta(hours=1), dt.timedelta(days=1), dt.timedelta(days=7)
PEAK_MA: Final = {"nmes": 60.0, "tens": 50.0}
FIRST_TIME_MA: Final = 30.0
CHARGE_UC, RMS_MA, DENSITY_MA_PER_CM2 = 21.0, 16.0, 2.0
RISE: Final = 1.1
OLD_CHARGE: Final = 0.8
A_HAIR: Final = 1e-9
LOCKS_THERAPY: Final = ("E", "U", "X", "C", "P", "skin", "red", "restore")
SORE: Final = 4


class RuleBroken(KioskError):  # noqa: N818
    """A rehearsal met something that must not happen."""


_Key = tuple[str, str, str, str, int, str]


class _Level(NamedTuple):
    day: dt.date
    current_mA: float


class _Played(NamedTuple):
    programme: str
    kind: Kind
    ended_at: dt.datetime
    seconds: int


class Checker:
    """Hears everything that matters and raises RuleBroken at the first thing that must not be."""

    def __init__(self) -> None:
        self.armings = 0
        self.outputs = 0
        self._rx: Prescription | None = None
        self._locks: dict[str, Lock] = {}
        self._week: deque[_Played] = deque()
        self._last_nmes: dt.datetime | None = None
        self._first_nmes: dt.datetime | None = None
        self._done: Counter[str] = Counter()
        self._levels: dict[_Key, deque[_Level]] = {}
        """What was confirmed: of the last seven days, and three before."""
        self._newest: dict[Kind, tuple[_Key, ...]] = {}
        """The keys of the last session of the kind with a level."""
        self._last_of_kind: dict[Kind, dt.date] = {}
        self._sore_on: dt.date | None = None
        """The last day with soreness of 4 or more."""
        self._sore_today: tuple[dt.date, int] | None = None
        self._limits: Mapping[int, int] = {}
        self._plan: SessionPlan | None = None
        self._now = dt.datetime.min.replace(tzinfo=dt.UTC)

    # ── what it is told ──

    def prescribed(self, rx: Prescription) -> None:
        """This prescription governs from now on."""
        self._rx = rx
        if rx.levels_anew:
            self._levels.clear()
            self._newest.clear()

    def locked(self, lock_id: str, lock: Lock) -> None:
        """A lock was set."""
        self._locks[lock_id] = lock

    def unlocked(self, lock_id: str) -> None:
        """A clinician opened it."""
        del self._locks[lock_id]

    def said_soreness(self, day: dt.date, soreness: int) -> None:
        """0–10, today."""
        self._sore_today = (day, soreness)
        if soreness >= SORE:
            self._sore_on = day

    def played(self, plan: SessionPlan, seconds: int, ended_at: dt.datetime) -> None:
        """A session with current is over."""
        planned = sum(phase.seconds for phase in plan.phases)
        self._week.append(_Played(plan.programme, plan.kind, ended_at, seconds))
        while self._week[0].ended_at.date() <= ended_at.date() - WEEK:
            self._week.popleft()
        if plan.kind == "nmes":
            self._last_nmes = ended_at
            self._first_nmes = self._first_nmes or ended_at
        if 2 * seconds >= planned:
            self._done[plan.kind] += 1
        self._last_of_kind[plan.kind] = ended_at.date()

    def found(self, level: LevelFound, plan: SessionPlan, day: dt.date) -> None:
        """A side's level of a session, as it was confirmed last in it."""
        if level.comfortable_mA is None:
            return
        if level.comfortable_mA > level.ceiling_mA:
            self._broken(f"a level of {level.comfortable_mA} mA above its limit of {level.ceiling_mA} mA")
        key = (level.waveform, level.montage, level.pads, level.side, level.channel, level.device_kind)
        kept = self._levels.setdefault(key, deque())
        kept.append(_Level(day, level.comfortable_mA))
        while len(kept) > 3 and kept[3].day <= day - WEEK:
            kept.popleft()
        same = [one for one in self._newest.get(plan.kind, ()) if one[0] == level.waveform and one != key]
        self._newest[plan.kind] = (*same, key)

    # ── what it looks at ──

    def armed(self, arm: guard.Arm, plan: SessionPlan, now: dt.datetime) -> None:
        """The machine asks the guard for output."""
        self._now, self._plan = now, plan
        self.armings += 1
        self._check_the_day(plan, now)
        self._check_rest(plan, now)
        self._check_length(plan, now)
        self._limits = {limit.channel: limit.ceiling_half_mA for limit in arm.limits}
        self._check_waveforms(plan)
        for channel in plan.channels:
            if self._limits.get(channel.channel, 0) > channel.ceiling_mA * 2:
                self._broken("the guard was given a higher limit than the plan's")

    def output(self, status: guard.Status) -> None:
        """What the guard says that flows."""
        self.outputs += 1
        for channel in status.channels:
            if channel.applied_half_mA > self._limits[channel.channel]:
                self._broken(
                    f"channel {channel.channel} gives {channel.applied_half_mA / 2} mA, above its limit"
                )

    def _check_the_day(self, plan: SessionPlan, now: dt.datetime) -> None:
        rx, today = self._rx, now.date()
        if rx is None or not rx.valid_from <= today <= rx.valid_until:
            self._broken("no prescription is valid")
            return
        if plan.programme not in rx.programmes or plan.montage.id not in rx.montages:
            self._broken(f"{plan.programme} on {plan.montage.id} is not prescribed")
        for lock in self._locks.values():
            if lock.class_ in LOCKS_THERAPY and (lock.until is None or today < lock.until):
                self._broken(f"the lock {lock.class_} ({lock.cause}) holds")
        if self._sore_today is not None and self._sore_today[0] == today and self._sore_today[1] >= SORE:
            self._broken(f"soreness is {self._sore_today[1]}")
        days = {played.ended_at.date() for played in self._week if played.ended_at.date() > today - WEEK}
        if len(days | {today}) > rx.days_per_week:
            self._broken(f"more than {rx.days_per_week} days in a week")

    def _check_rest(self, plan: SessionPlan, now: dt.datetime) -> None:
        if plan.kind != "nmes" or self._last_nmes is None or self._first_nmes is None:
            return
        early = now.date() - self._first_nmes.date() < 2 * WEEK
        rested = now - self._last_nmes
        # A session that is gone on from is the same one: it has not ended for the book.
        if rested < (72 if early else 48) * HOUR:
            self._broken(f"muscles had only {rested / HOUR:.1f} hours of rest")

    def _check_length(self, plan: SessionPlan, now: dt.datetime) -> None:
        programme = library.load_programme(plan.programme)
        seconds = sum(phase.seconds for phase in plan.phases)
        if seconds > 45 * 60 or (plan.kind == "nmes" and plan.work.seconds > 30 * 60):
            self._broken(f"{seconds / 60:g} minutes are too long")
        short = programme.minutes * (60 if programme.is_half_length else 30)
        if self._done[plan.kind] < 3 and plan.work.seconds > short:
            self._broken(f"one of the first three sessions has {plan.work.seconds / 60:g} minutes")
        today = [played for played in self._week if played.ended_at.date() == now.date()]
        if sum(played.seconds for played in today) + seconds > 135 * 60:
            self._broken("more than 135 minutes in a day")
        same_week = [
            played
            for played in self._week
            if played.programme == plan.programme and played.ended_at.date() > now.date() - WEEK
        ]
        if len([played for played in same_week if played in today]) >= programme.per_day:
            self._broken(f"{plan.programme} more than {programme.per_day} times a day")
        if programme.per_week is not None and len(same_week) >= programme.per_week:
            self._broken(f"{plan.programme} more than {programme.per_week} times a week")
        pattern = plan.work.pattern
        if plan.kind == "nmes" and (
            pattern.shape != "cycle"
            or pattern.up_ms + pattern.on_ms + pattern.down_ms > 12_000
            or pattern.off_ms < pattern.up_ms + pattern.on_ms + pattern.down_ms
        ):
            self._broken("muscles squeeze too long or rest too short")

    def _check_waveforms(self, plan: SessionPlan) -> None:
        rx, area_cm2 = self._rx, plan.montage.pad_area_cm2
        assert rx is not None
        for channel in plan.channels:
            most_mA = self._most_mA(plan, channel.channel)
            prescribed = [
                rx.limits[key] for key in (str(channel.channel), plan.programme) if key in rx.limits
            ]
            ceiling_mA = channel.ceiling_mA
            if ceiling_mA > min([most_mA, PEAK_MA[plan.kind], *prescribed]) + A_HAIR:
                self._broken(
                    f"channel {channel.channel} may reach {ceiling_mA} mA, more than {most_mA:.1f} mA"
                )
            for phase in plan.phases:
                peak_mA = ceiling_mA * phase.scale
                rms_mA = peak_mA * math.sqrt(2 * phase.pulse_width_us * 1e-6 * phase.frequency_Hz)
                if (
                    peak_mA / area_cm2 > DENSITY_MA_PER_CM2 + A_HAIR
                    or rms_mA / (area_cm2 / 2) > DENSITY_MA_PER_CM2 + A_HAIR
                    or rms_mA > RMS_MA + A_HAIR
                    or peak_mA * phase.pulse_width_us / 1000 > CHARGE_UC + A_HAIR
                ):
                    self._broken(f"{peak_mA} mA of {phase.programme} are too much for the pads or the skin")

    def _most_mA(self, plan: SessionPlan, channel: int) -> float:
        """What safety rule 4 leaves of this person's levels: ≤ 10 % above the last three, and above those of
        a week ago; less after missed days and soreness; after a change 80 % of the old charge."""
        montage, today = plan.montage, self._now.date()
        side = next(lead.side for lead in montage.leads if lead.channel == channel)
        pads = f"{montage.pad_width_cm:g}x{montage.pad_height_cm:g}"
        here = (plan.work.waveform, montage.id, pads, side, channel)
        kept = [level for key, levels in self._levels.items() if key[:5] == here for level in levels]
        if not kept:
            return min(FIRST_TIME_MA, self._old_mA(plan, channel))
        before = [level.current_mA for level in kept if level.day <= today - WEEK][-3:]
        week_ago_mA = median(before) if before else kept[0].current_mA
        most_mA = RISE * min(median([level.current_mA for level in kept][-3:]), week_ago_mA)
        away = (today - kept[-1].day).days
        factor = 1.0 if away < 7 else 0.8 if away < 14 else 0.6
        last_day = self._last_of_kind.get(plan.kind)
        if self._sore_on is not None and last_day is not None and self._sore_on >= last_day:
            factor *= 0.8
        return most_mA if factor == 1.0 else min(most_mA, factor * kept[-1].current_mA)

    def _old_mA(self, plan: SessionPlan, channel: int) -> float:
        """80 % of the charge of what was confirmed last in another waveform of the kind."""
        keys = self._newest.get(plan.kind, ())
        mine = [key for key in keys if key[4] == channel] or keys
        charges = [self._levels[key][-1].current_mA * int(key[0].split()[2]) for key in mine]
        return OLD_CHARGE * max(charges) / plan.work.pulse_width_us if charges else FIRST_TIME_MA

    def _broken(self, what: str) -> None:
        day = "" if self._plan is None else f"{self._now:%Y-%m-%d}, {self._plan.programme}: "
        raise RuleBroken(f"The rehearsal broke a rule: {day}{what}. Nobody was treated.")
