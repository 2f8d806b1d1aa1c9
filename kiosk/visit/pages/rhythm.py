"""The current's rhythm, 40 s back and 40 s ahead, worked out from the plan that is played. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

import msgspec

from drivers.messages import GuardPlan, Pattern, Phase

REACH_MS: Final = 40_000
STEP_MS: Final = 500

Part = Literal["rising", "steady", "tighten", "falling", "rest", "over"]


class Stretch(msgspec.Struct, frozen=True):
    """A part of the rhythm, from `start_ms` to `end_ms` after the phase began."""

    part: Part
    start_ms: int
    end_ms: int


def fraction(pattern: Pattern, at_ms: int) -> float:
    """The programme's share of the level at a time of its phase, 0…1 (the guard's own ramp may be slower)."""
    if pattern.shape != "cycle":
        return 1.0
    at = at_ms % _period_ms(pattern)
    if at < pattern.up_ms:
        return at / pattern.up_ms
    at -= pattern.up_ms
    if at < pattern.on_ms:
        return 1.0
    at -= pattern.on_ms
    return 1.0 - at / pattern.down_ms if at < pattern.down_ms else 0.0


def stretch(pattern: Pattern, at_ms: int) -> Stretch:
    """The part that is played at a time of a phase."""
    if pattern.shape != "cycle":
        return Stretch("steady", 0, 1 << 40)
    period_ms = _period_ms(pattern)
    start_ms = at_ms - at_ms % period_ms
    parts: tuple[tuple[Part, int], ...] = (
        ("rising", pattern.up_ms),
        ("tighten", pattern.on_ms),
        ("falling", pattern.down_ms),
        ("rest", pattern.off_ms),
    )
    for part, length_ms in parts:
        if at_ms < start_ms + length_ms:
            return Stretch(part, start_ms, start_ms + length_ms)
        start_ms += length_ms
    return Stretch("rest", start_ms, start_ms)


def until_plateau_ms(pattern: Pattern, at_ms: int) -> int:
    """From a time of a phase to the beginning of the next plateau; of the next one, too, while one is on."""
    at = at_ms % _period_ms(pattern)
    return pattern.up_ms - at + (0 if at < pattern.up_ms else _period_ms(pattern))


def samples(plan: GuardPlan, index: int, at_ms: int) -> tuple[float, ...]:
    """Fraction × scale from 40 s ago to 40 s ahead, evenly; nothing before the session and after its end."""
    found = []
    for offset_ms in range(-REACH_MS, REACH_MS + 1, STEP_MS):
        place = _place(plan, index, at_ms + offset_ms)
        if place is None:
            found.append(0.0)
        else:
            phase, when_ms = place
            found.append(fraction(phase.pattern, when_ms) * phase.scale_permille / 1000)
    return tuple(found)


def stretches(plan: GuardPlan, index: int, at_ms: int) -> Iterator[tuple[float, Part]]:
    """(position 0…1 of its middle, part) of each part that shows."""
    last: tuple[Phase, Stretch] | None = None
    begin_ms = -REACH_MS
    for offset_ms in range(-REACH_MS, REACH_MS + STEP_MS, STEP_MS):
        place = _place(plan, index, at_ms + offset_ms)
        now = None if place is None else (place[0], stretch(place[0].pattern, place[1]))
        if now != last or offset_ms > REACH_MS - STEP_MS:
            if last is not None:
                yield ((begin_ms + offset_ms) / 2 + REACH_MS) / (2 * REACH_MS), last[1].part
            last, begin_ms = now, offset_ms


def _place(plan: GuardPlan, index: int, at_ms: int) -> tuple[Phase, int] | None:
    """Phase and time within it, `at_ms` after phase `index` began (negative: before it)."""
    while at_ms < 0:
        index -= 1
        if index < 0 or plan.phases[index].role == "find":
            return None
        at_ms += plan.phases[index].duration_ms
    while at_ms >= plan.phases[index].duration_ms:
        at_ms -= plan.phases[index].duration_ms
        index += 1
        if index >= len(plan.phases):
            return None
    return plan.phases[index], at_ms


def _period_ms(pattern: Pattern) -> int:
    return max(1, pattern.up_ms + pattern.on_ms + pattern.down_ms + pattern.off_ms)
