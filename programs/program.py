"""Stimulation programmes as data: waveform, pattern, minutes. Source: clinical reference section 3.1."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from programs import dose
from programs.checked_toml import Problem
from programs.montage import Kind
from programs.text import Text

PULSE_WIDTH_US = (50, 350)
FREQUENCY_HZ = (1.0, 125.0)
MIN_RISE_MS = 1_000
MAX_TRAIN_ON_MS = 12_000
BURST_MAX_ON_MS = 250
BURST_MIN_OFF_MS = 250
MAX_NMES_WORK_MINUTES = 30
MAX_SESSION_MINUTES = 45
MAX_DAY_MINUTES = 135
"""This package's own reading of the constants in the safety rules: what ships must fit the guard."""


class Pattern(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the current's fraction moves. cycle: on-time includes its ramps (up_ms + plateau + down_ms)."""

    shape: Literal["continuous", "cycle", "burst"]
    up_ms: int = 0
    on_ms: int = 0
    """cycle: the plateau between the ramps. burst: pulses on."""
    down_ms: int = 0
    off_ms: int = 0

    @property
    def train_ms(self) -> int:
        """Time with current in one cycle or burst, ramps included."""
        return self.up_ms + self.on_ms + self.down_ms


class Ranges(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the reference allows, lowest and highest, where it gives more than one value; never armed from.

    An end that the reference leaves open is the safety constant that closes it.
    """

    frequency_Hz: tuple[float, float] | None = None
    pulse_width_us: tuple[int, int] | None = None
    train_ms: tuple[int, int] | None = None
    off_ms: tuple[int, int] | None = None
    minutes: tuple[int, int] | None = None
    per_day: tuple[int, int] | None = None
    per_week: tuple[float, float] | None = None
    weeks: tuple[int, int] | None = None


class Programme(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One programme. All start at 0 mA; one exact default where the reference gives a range."""

    id: str
    name: Text
    """What the patient reads: "Gentle muscle learning"."""
    kind: Kind
    role: Literal["work", "warm_up", "cool_down"]
    armable: bool
    source: str
    frequency_Hz: float
    pulse_width_us: int
    pattern: Pattern
    minutes: int
    intensity: Text
    """How it should feel: "just visible", "a strong but pleasant tingle"."""
    feels: Text
    """What the patient notices on the rhythm: "It tightens for 2 seconds …"."""
    per_day: int = 1
    """At most so many sessions of it a day."""
    per_week: int | None = None
    """At most so many in 7 days; None: as often as the day allows."""
    gap_minutes: int = 0
    """Between two sessions of it on one day, at least."""
    weeks: int | None = None
    """It ends after so many weeks; None: the course says."""
    ask_doctor_after_days: int | None = None
    """Without any change after so many days: a doctor."""
    ranges: Ranges = Ranges()
    is_half_length: bool = False
    """`minutes` is already the half length of the first three sessions (nmes_learn)."""
    never_armed_because: Text | None = None
    """Only, and always, where `armable` is false."""

    @property
    def waveform(self) -> str:
        """What makes two levels comparable (safety rule 4): "35 Hz 250 us"."""
        return waveform(self.frequency_Hz, self.pulse_width_us, self.pattern)


def waveform(frequency_Hz: float, pulse_width_us: int, pattern: Pattern) -> str:
    """The name of a waveform: "35 Hz 250 us", "100 Hz 180 us burst". The same name feels the same."""
    name = f"{frequency_Hz:g} Hz {pulse_width_us} us"
    return f"{name} burst" if pattern.shape == "burst" else name


def problems(programme: Programme) -> Iterator[Problem]:
    """What the safety constants forbid in this programme; nothing when it is well.

    One that is never armed is held to nothing but its reason and its own ranges.
    """
    if programme.armable == (programme.never_armed_because is not None):
        found = "a reason" if programme.armable else "nothing"
        yield Problem("never_armed_because", found, "a reason exactly where armable is false")
    yield from _range_problems(programme)
    if not programme.armable:
        return
    yield from _outside("pulse_width_us", programme.pulse_width_us, *PULSE_WIDTH_US)
    yield from _outside("frequency_Hz", programme.frequency_Hz, *FREQUENCY_HZ)
    longest = MAX_NMES_WORK_MINUTES if programme.kind == "nmes" else MAX_SESSION_MINUTES
    yield from _outside("minutes", programme.minutes, 1, longest)
    yield from _outside("minutes", programme.minutes * programme.per_day, 1, MAX_DAY_MINUTES)
    yield from _pattern_problems(programme)
    if programme.kind == "nmes" and programme.pattern.shape != "cycle":
        yield Problem("pattern.shape", programme.pattern.shape, "cycle, as every muscle programme")
    if dose.waveform_ceiling_mA(programme.pulse_width_us, programme.frequency_Hz) < 30:
        found = "a waveform whose charge or rms ends below 30 mA"
        yield Problem("pulse_width_us", found, "a smaller width or frequency")


def _range_problems(programme: Programme) -> Iterator[Problem]:
    """The default is one of the values that the reference allows."""
    pattern = programme.pattern
    defaults = msgspec.structs.asdict(programme) | {"train_ms": pattern.train_ms, "off_ms": pattern.off_ms}
    for key, ends in msgspec.structs.asdict(programme.ranges).items():
        if ends is None:
            continue
        low, high = ends
        if not 0 < low < high:
            yield Problem(f"ranges.{key}", f"{low:g} to {high:g}", "the lower end first, the higher after it")
        if (default := defaults[key]) is not None:
            yield from _outside(key, default, low, high)


def _pattern_problems(programme: Programme) -> Iterator[Problem]:
    pattern = programme.pattern
    if pattern.shape == "continuous" and (pattern.train_ms or pattern.off_ms):
        yield Problem("pattern", "times in a continuous pattern", "none")
    if pattern.shape == "cycle":
        if pattern.up_ms < MIN_RISE_MS:
            yield Problem("pattern.up_ms", str(pattern.up_ms), "a rise of at least 1000 ms")
        yield from _outside("pattern", pattern.train_ms, 1, MAX_TRAIN_ON_MS)
        if pattern.off_ms < pattern.train_ms:
            expected = f"a rest as long as the train, {pattern.train_ms} ms"
            yield Problem("pattern.off_ms", str(pattern.off_ms), expected)
    if pattern.shape == "burst":
        if pattern.up_ms or pattern.down_ms:
            yield Problem("pattern", "ramps in a burst", "only on_ms and off_ms")
        yield from _outside("pattern.on_ms", pattern.on_ms, 1, BURST_MAX_ON_MS)
        if pattern.off_ms < BURST_MIN_OFF_MS:
            yield Problem("pattern.off_ms", str(pattern.off_ms), "at least 250 ms")


def _outside(key: str, value: float, low: float, high: float) -> Iterator[Problem]:
    if not low <= value <= high:
        yield Problem(key, f"{value:g}", f"{low:g} to {high:g}")
