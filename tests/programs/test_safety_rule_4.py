"""Safety rule 4 by its own text, over the whole log: each sentence of it is counted anew at every session.

Nothing here is taken from `programs.progression` or from the summary that it reads: the book below keeps
every level and every answer, and the numbers stand here once more on purpose.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from statistics import median

import msgspec
import pytest

from programs import library
from programs.history import CourseHistory, Level, LevelKey, PastSession, is_held
from programs.plan import ChannelPlan, SessionPlan
from programs.prescription import PadsPrescribed, Prescription, demonstration_prescription, problems
from programs.progression import next_session

START = dt.datetime(2025, 3, 3, 9, tzinfo=dt.UTC)
DAY, WEEK = dt.timedelta(days=1), dt.timedelta(days=7)
A_HAIR = 1e-9
PADS = [(5.0, 9.0), (4.0, 6.4), (5.0, 5.0)]
DEVICES = ["p24", "rehastim2"]
PLANS = ["deconditioned", "chronic-pain", "muscle-tension", "older-stiff"]
replace = msgspec.structs.replace
Place = tuple[str, str, str, str, int, str]
"""Waveform, montage, pads, side, channel, device: all that makes two levels comparable."""


@dataclass
class Book:
    """Everything that happened, and nothing forgotten."""

    confirmed: dict[Place, list[tuple[dt.date, float]]] = field(default_factory=dict)
    last_of_kind: dict[str, list[Place]] = field(default_factory=dict)
    """Kind → the places of its last session in which a level was confirmed."""
    sessions: list[tuple[str, dt.date]] = field(default_factory=list)
    sore: list[dt.date] = field(default_factory=list)
    rises_of_pain: set[dt.date] = field(default_factory=set)
    told_of: int = 0
    """Sessions of which it is said how the days after them were."""
    prescribed_at: int = 0
    """Sessions before the newest prescription."""
    summary: CourseHistory = field(default_factory=CourseHistory)


def place_of(plan: SessionPlan, channel: ChannelPlan, device: str) -> Place:
    side = next(lead.side for lead in plan.montage.leads if lead.channel == channel.channel)
    pads = f"{plan.montage.pad_width_cm:g}x{plan.montage.pad_height_cm:g}"
    return plan.work.waveform, plan.montage.id, pads, side, channel.channel, device


def todays_factor(book: Book, kind: str, today: dt.date, last_level: dt.date | None) -> float:
    """Clinical reference 4, "Regress": soreness 4–6 → −20 %; more pain after a session → −20 % at the next;
    7–13 days missed → −20 %, 14 and more → −40 %."""
    factor = 1.0
    days = [day for of, day in book.sessions if of == kind]
    if any(not days or day >= days[-1] for day in book.sore):
        factor *= 0.8
    last = {*days[-1:], *(day for _, day in book.sessions[-1:])}
    if last & book.rises_of_pain:
        factor *= 0.8
    if last_level is not None and (today - last_level).days >= 14:
        factor *= 0.6
    elif last_level is not None and (today - last_level).days >= 7:
        factor *= 0.8
    return factor


def old_charge_nC(book: Book, kind: str, channel: int) -> float | None:
    """What was confirmed last in this kind of current, on this channel if there was one."""
    places = book.last_of_kind.get(kind, [])
    places = [place for place in places if place[4] == channel] or places
    charges = [book.confirmed[place][-1][1] * int(place[0].split()[2]) for place in places]
    return max(charges, default=None)


def check(
    book: Book, rx: Prescription, plan: SessionPlan, channel: ChannelPlan, today: dt.date, device: str
) -> str:
    """Every sentence of rule 4 that speaks of this channel. Gives what it met."""
    limit_mA, reference_mA = channel.ceiling_mA, channel.reference_mA
    place = place_of(plan, channel, device)
    confirmed = book.confirmed.get(place, [])
    # "C = min(prescription, …"
    for key in (str(channel.channel), plan.programme):
        assert limit_mA <= rx.limits.get(key, 60.0)
    if not confirmed:
        # "… without history 30 mA". "A change … means finding the level from zero, ceiling 80 % of the old
        # charge."
        assert reference_mA is None
        assert limit_mA <= 30
        old_nC = old_charge_nC(book, plan.kind, channel.channel)
        if old_nC is None:
            return "first time"
        factor = todays_factor(book, plan.kind, today, None)
        assert limit_mA * plan.work.pulse_width_us <= 0.8 * factor * old_nC + A_HAIR
        return "changed"
    levels = [current_mA for _, current_mA in confirmed]
    last_day, last_mA = confirmed[-1]
    # "… 1.1 × median of the last three"
    assert limit_mA <= 1.1 * median(levels[-3:]) + A_HAIR
    # "Rise over days ≤ 10 % in 7 days against the median of the last 3."
    week_ago = [current_mA for day, current_mA in confirmed if day <= today - WEEK]
    assert limit_mA <= 1.1 * (median(week_ago[-3:]) if week_ago else levels[0]) + A_HAIR
    # "L = min(C, last comfortable × today's factor) …; a factor below 1 lowers C to L."
    factor = todays_factor(book, plan.kind, today, last_day)
    if reference_mA is not None:
        assert reference_mA <= limit_mA
        assert reference_mA <= factor * last_mA + A_HAIR
    if factor < 1:
        assert limit_mA <= factor * last_mA + A_HAIR
        assert reference_mA in (None, limit_mA)
    # Rule 24, 28: other doses → the level is found from zero.
    places_since = len(book.sessions) > book.prescribed_at
    assert places_since or reference_mA is None
    # "A change of waveform, pads, montage, side or device means finding the level from zero": also one back.
    if place not in book.last_of_kind.get(plan.kind, []):
        assert reference_mA is None
        return "back again"
    if (today - last_day).days >= 28:
        assert reference_mA is None
        return "after 28 days"
    return "lowered" if factor < 1 else "usual"


def played(
    book: Book, rx: Prescription, plan: SessionPlan, now: dt.datetime, device: str, rng: Random
) -> None:
    """She confirms a level on each side: often all that the limit allows, sometimes much less."""
    seconds = sum(phase.seconds for phase in plan.phases)
    done = seconds if rng.random() < 0.9 else seconds // 2 + 1
    cut_short = done < seconds
    past = PastSession(
        plan.programme,
        plan.kind,
        now,
        True,
        plan.work.seconds // 60,
        seconds,
        done,
        rx.plan,
        rx.serial,
        cut_short,
    )
    book.summary = book.summary.with_session(past)
    book.sessions.append((plan.kind, now.date()))
    places = []
    for channel in plan.channels:
        share = rng.choice((1.0, 1.0, 1.0, 0.9, rng.uniform(0.2, 1.0)))
        current_mA = max(0.5, math.floor(channel.ceiling_mA * share * 2) / 2)
        place = place_of(plan, channel, device)
        places.append(place)
        book.confirmed.setdefault(place, []).append((now.date(), current_mA))
        level = Level(
            LevelKey(*place),
            plan.kind,
            plan.work.pulse_width_us,
            now.date(),
            current_mA,
            rng.choice((None, current_mA / 2, current_mA)),
            held=is_held(current_mA, channel.ceiling_mA, channel.set_by.rule),
            prescription=rx.serial,
        )
        book.summary = book.summary.with_level(level)
    book.last_of_kind[plan.kind] = places


def suffered(book: Book, rng: Random, now: dt.datetime) -> None:
    """In the days after a session: sore for a day, or more pain; two calm days follow. The diary compares the
    pain of the next day alone: a clinician who looks later has seen it."""
    if not book.sessions:
        return
    kind, day = book.sessions[-1]
    is_new = book.told_of < len(book.sessions)
    book.told_of = len(book.sessions)
    if is_new and rng.random() < 0.15:
        book.sore.append(day + DAY)
        book.summary = book.summary.with_day(day + DAY, soreness=5)
    if is_new and rng.random() < 0.15 and day not in book.rises_of_pain:
        book.rises_of_pain.add(day)
        book.summary = book.summary.with_pain_up(day, muscles=kind == "nmes")
    for later in (2, 3):
        if day + later * DAY <= now.date():
            book.summary = book.summary.with_day(day + later * DAY, soreness=0)


def prescription(rng: Random, serial: int, plan: str) -> Prescription:
    programmes = library.load_courses()[plan].programmes
    limits = {"1": rng.choice((12.0, 24.0, 60.0))} if rng.random() < 0.3 else {}
    montages = ("M4-par",) if rng.random() < 0.6 else ("M2", "M4-par")
    found = replace(
        demonstration_prescription(START.date()),
        serial=serial,
        valid_until=START.date() + 5000 * DAY,
        plan=plan,
        programmes=programmes,
        montages=montages,
        pads=PadsPrescribed(*(PADS[0] if rng.random() < 0.7 else rng.choice(PADS))),
        days_per_week=7,
        limits=limits,
    )
    assert not list(problems(found))
    return found


def live(seed: int, visits: int, met: Counter[str]) -> None:
    rng, book, now = Random(seed), Book(), START
    plan, device, serial = rng.choice(PLANS), "p24", 1
    rx, closed = prescription(rng, serial, plan), False
    for _ in range(visits):
        now += rng.choice((0, 1, 2, 3, 3, 3, 4, 4, 5, 6, 7, 8, 13, 14, 20, 27, 28, 40)) * DAY + dt.timedelta(
            hours=1
        )
        suffered(book, rng, now)
        if closed or rng.random() < 0.04:
            serial, closed = serial + 1, False
            rx = replace(prescription(rng, serial, plan), levels_anew=rng.random() < 0.5)
            book.summary = book.summary.with_prescription(now.date(), levels_anew=rx.levels_anew)
            if rx.levels_anew:  # her clinician's word: as without history
                book.confirmed.clear()
                book.last_of_kind.clear()
            book.rises_of_pain = {day for day in book.rises_of_pain if day + DAY >= now.date()}
            book.prescribed_at = len(book.sessions)
        device = rng.choice(DEVICES) if rng.random() < 0.03 else device
        found = next_session(rx, book.summary, now, True, device_kind=device)
        if not isinstance(found, SessionPlan):
            met["no session"] += 1
            closed = found.again_on is None
            continue
        for channel in found.channels:
            met[check(book, rx, found, channel, now.date(), device)] += 1
        played(book, rx, found, now, device, rng)


@pytest.mark.timeout(1200)
def test_no_session_of_any_course_gives_more_than_the_text_of_the_rule(soak: bool) -> None:
    met: Counter[str] = Counter()
    courses, visits = (2000, 60) if soak else (50, 60)
    for seed in range(courses):
        live(seed, visits, met)
    print(f"{courses} courses of {visits} visits: {dict(met)}")
    kinds = ("first time", "changed", "back again", "usual", "lowered", "after 28 days")
    assert min(met[what] for what in kinds) > courses / 2
