"""An invented person: how her body answers the therapy, from day to day. Everything comes from one seed.

It predicts nobody. The numbers are drawn so that a course meets every rule of the kiosk now and then; each
has its source (clinical reference, "Sources") or is this project's own choice [D].
"""

from __future__ import annotations

import datetime as dt
import math
from random import Random
from typing import Final, NamedTuple

import msgspec

from programs.forms import Item
from programs.montage import Kind, Side

CHRONAXIE_US: Final = 250.0
"""A narrower pulse needs more current: I ∝ 1 + chronaxie / width [D]."""
REFERENCE_WIDTH_US: Final = 200
STRONG: Final = {"nmes_learn": 1.9, "nmes_end": 2.2, "nmes_str": 2.6, "tens_low": 2.0, "relax": 2.0}
"""Programme → strong and comfortable, in multiples of the first feeling. The lumbar window is 12 mA wider
than on the shin (HUG13); the multiples are [D]."""
STRONG_OF_KIND: Final = {"nmes": 2.2, "tens": 2.3}
MOTOR: Final = 1.4
"""Motor threshold in multiples of the first feeling [D]."""
LOWEST_FEELING_MA, HIGHEST_FEELING_MA = 4.0, 10.0
SORE_PEAK_HOURS: Final = 48.0
"""VAN12: soreness 2–3 of 10 two days after the first session of local stimulation."""
BOUTS: Final = 6.0
"""Sessions after which muscles are used to it: ten of them cut the damage to a thirtieth (CK15) [D]."""
FORGET_DAYS: Final = 30.0
"""What tolerance a pause costs [D]."""
FLARE_POINTS: Final = (2.0, 4.0)
"""A flare is 2 points or more (FLA21) and lasts hours to weeks (COS19)."""
FLARE_EVERY_DAYS: Final = 45.0
FLARE_FADES_DAYS: Final = 4.0
PAIN_NOISE: Final = 0.7
"""One rating is unreliable (ICC 0.65, HEA14)."""
EASES: Final[dict[Kind, tuple[float, float]]] = {"tens": (0.0, 1.6), "nmes": (-0.6, 1.0)}
"""Points of pain that a session takes for the moment."""
PAIN_UP_AFTER: Final = 0.02
"""A muscle session is followed by a day with more pain [D]."""


class Person(msgspec.Struct, frozen=True):
    """What stays the same through a course."""

    first_feeling_mA: dict[str, float]
    """Side → at 200 µs, on the first day."""
    comfort: float
    """How much of the usual strength this person likes."""
    tolerance: float
    """By how much the levels can rise with the sessions."""
    usual_pain: float
    eased: float
    """Share of the pain that goes within three months; none in a third of all people."""
    sore: float
    skin_reacts: float
    """Of 100 sessions, those after which the skin is pink."""
    misses: float
    """Share of the therapy days that are missed."""
    wrong_keys: float
    """Share of the presses that are another key."""
    stops_early: float
    """Share of the sessions that are stopped."""
    second_visit: float
    """Share of the therapy days with another session in the evening."""


def draw_person(rng: Random) -> Person:
    """Somebody, by the ranges of [D] unless said otherwise above."""
    first_mA = min(HIGHEST_FEELING_MA, max(LOWEST_FEELING_MA, rng.gauss(7.0, 1.3)))
    left, right = first_mA * rng.uniform(0.93, 1.0), first_mA * rng.uniform(0.93, 1.0)
    return Person(
        first_feeling_mA={"left": left, "right": right, "both": first_mA},
        comfort=rng.uniform(0.9, 1.1),
        tolerance=rng.uniform(0.05, 0.3),
        usual_pain=min(7.5, max(2.5, rng.gauss(5.0, 1.2))),
        eased=0.0 if rng.random() < 1 / 3 else rng.uniform(0.1, 0.5),
        sore=rng.lognormvariate(0.0, 0.35),
        skin_reacts=rng.uniform(0.02, 0.12),
        misses=rng.uniform(0.03, 0.15),
        wrong_keys=rng.uniform(0.002, 0.02),
        stops_early=rng.uniform(0.01, 0.06),
        second_visit=rng.uniform(0.1, 0.4),
    )


class Feeling(NamedTuple):
    """What one side needs today, in mA."""

    first_mA: float
    strong_mA: float

    @property
    def motor_mA(self) -> float:
        """Where the muscle is seen to tighten."""
        return min(self.strong_mA - 1, MOTOR * self.first_mA)

    def squeeze(self, current_mA: float) -> float:
        """How hard the muscle works, 0 to 1.2; 1 is strong and comfortable. Just felt is no contraction."""
        return min(1.2, max(0.0, (current_mA - self.motor_mA) / (self.strong_mA - self.motor_mA)))


class _Strain(NamedTuple):
    ended_at: dt.datetime
    load: float


class Patient:
    """The person through the days. `new_day` comes first on each."""

    def __init__(self, person: Person, rng: Random) -> None:
        self.person = person
        self._rng = rng
        self._began: dt.date | None = None
        self._practice: dict[Kind, float] = {"nmes": 0.0, "tens": 0.0}
        self._drift = self._mood = self._flare = self._rise = 0.0
        self._strains: list[_Strain] = []
        self._away_until: dt.date | None = None

    def new_day(self, day: dt.date) -> None:
        """A night passes."""
        rng = self._rng
        self._began = self._began or day
        self._drift = 0.95 * self._drift + rng.gauss(0.0, 0.015)
        self._mood = 0.5 * self._mood + rng.gauss(0.0, PAIN_NOISE)
        self._flare *= math.exp(-1 / FLARE_FADES_DAYS)
        if rng.random() < 1 / FLARE_EVERY_DAYS:
            self._flare += rng.uniform(*FLARE_POINTS)
        self._rise = 0.0
        for kind in self._practice:
            self._practice[kind] *= math.exp(-1 / FORGET_DAYS)
        self._strains = [strain for strain in self._strains if (day - strain.ended_at.date()).days < 8]

    # ── how it feels ──

    def pain_at_rest(self) -> int:
        """0–10."""
        assert self._began is not None
        usual = self.person.usual_pain * (1 - self.person.eased * (1 - math.exp(-self._weeks / 6)))
        return _scale(usual + self._mood + self._flare + self._rise)

    def pain_after(self, kind: Kind) -> int:
        """0–10 at rest, just after a session: a tingle eases while it is on (JOH22); how much is [D]."""
        least, most = EASES[kind]
        return _scale(self.pain_at_rest() - self._rng.uniform(least, most))

    def pain_when_moving(self) -> int:
        """0–10, mostly above the pain at rest."""
        return _scale(self.pain_at_rest() + self._rng.uniform(-0.4, 2.4))

    def soreness(self, now: dt.datetime) -> int:
        """0–10: every session's strain rises for two days and is gone after a week."""
        felt = 0.0
        for strain in self._strains:
            share = (now - strain.ended_at) / dt.timedelta(hours=SORE_PEAK_HOURS)
            felt += strain.load * share**3 * math.exp(3 * (1 - share))
        return _scale(felt + self._rng.uniform(-0.45, 0.45))

    def sleep(self) -> int:
        """0–10, 10 is good."""
        return _scale(9 - self.pain_at_rest() / 2 + self._rng.gauss(0, 1))

    def takes_medicine(self) -> bool:
        """A painkiller today."""
        return self._rng.random() < (self.pain_at_rest() - 2) / 12

    def skin(self, *, next_day: bool) -> int:
        """0–4. Even pink that fades is usual after a session (RS2); worse is rare [D]."""
        chance = self._rng.random()
        if chance < 0.0004:
            return 3
        if chance < 0.0015:
            return 2
        return int(chance < self.person.skin_reacts * (0.25 if next_day else 1.0))

    def form_answer(self, item: Item) -> int:
        """To one question of a form: about as bad as the pain, or on a list about as much better."""
        pain = self.pain_at_rest()
        if item.kind == "choice":
            place = round((len(item.choices) - 1) * pain / 10)
            return sorted(choice.value for choice in item.choices)[place]
        if item.kind == "tick":
            return int(self._rng.random() < pain / 12)
        return round(_scale(pain + self._rng.uniform(-1.5, 1.5)) * item.highest / 10)

    def feeling(self, side: Side, programme: str, kind: Kind, pulse_width_us: int) -> Feeling:
        """Where this side begins to feel today, and what is strong and still pleasant."""
        width = (1 + CHRONAXIE_US / pulse_width_us) / (1 + CHRONAXIE_US / REFERENCE_WIDTH_US)
        today = math.exp(self._drift + self._rng.gauss(0.0, 0.04))
        first_mA = self.person.first_feeling_mA[side] * width * today
        used_to_it = 1 + self.person.tolerance * (1 - math.exp(-self._practice[kind] / 10))
        strong = STRONG.get(programme, STRONG_OF_KIND[kind]) * self.person.comfort * used_to_it
        return Feeling(first_mA, first_mA * max(1.15, strong * self._rng.uniform(0.95, 1.03)))

    # ── what happens to her ──

    def has_session(self, kind: Kind, seconds: int, squeeze: float, ended_at: dt.datetime) -> None:
        """A session of so many seconds, at its hardest with so much squeeze."""
        if kind == "nmes":
            new = 0.15 + math.exp(-self._practice["nmes"] / BOUTS)
            load = 2.2 * self.person.sore * new * squeeze * math.sqrt(seconds / 1500)
            self._strains.append(_Strain(ended_at, load * self._rng.lognormvariate(0.0, 0.3)))
        self._practice[kind] += 1

    def hurts_after(self) -> None:
        """The day after a muscle session: now and then the pain is higher."""
        if self._rng.random() < PAIN_UP_AFTER:
            self._rise = self._rng.uniform(2.0, 3.0)

    def stays_away(self, day: dt.date) -> bool:
        """Travel, illness, visitors: some days, rarely weeks."""
        if self._away_until is not None and day < self._away_until:
            return True
        self._away_until = None
        if self._rng.random() < 1 / 70:
            days = self._rng.choice((2, 3, 3, 5, 7, 8, 10, 14, 16, 30))
            self._away_until = day + dt.timedelta(days=days)
            return True
        return False

    @property
    def _weeks(self) -> float:
        return sum(self._practice.values()) / 4


def _scale(value: float) -> int:
    return min(10, max(0, round(value)))
