"""Level × fraction for one arming: pure integer arithmetic, no I/O, time is an argument.

Units: half-mA, µs, ms, mHz, permille. Safety rules 1, 4, 6, 8, 9, 10 and the table of constants.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from typing import Final, NamedTuple

from drivers import limits as c
from drivers.bounds import NO_BOUND, Bound, current_bounds
from drivers.guard.lease import LeaseHold, Now
from drivers.messages import Arm, Lease, Level, Phase
from drivers.stimulator import Capabilities, ChannelTarget, Targets

TICK_MS: Final = 40
"""How often a ramp is worked out anew."""
RAMP_STEP_MS: Final = 50
"""A ramp moves on by no more than this between two outputs: a guard that was late does not jump."""
_exactly: Final = lru_cache(maxsize=8)(Fraction)
"""The same object for the same frequency, so that equal targets are found equal without arithmetic."""


class Refusal(NamedTuple):
    """Why a request was not done. `fault`: a value beyond a limit, not merely the wrong moment (rule 1)."""

    limit: str
    asked: str
    allowed: str
    fault: bool = False


class Arming:
    """One arming, from its epoch to the first reason to stop; it never comes back (rule 8).

    `targets` moves the time on and says what the device shall do now. Each train and each phase begins
    with one output of zero, so a change of waveform always passes through zero (rule 6).
    """

    def __init__(self, arm: Arm, device: Capabilities, max_raise_half_mA: int, now: Now) -> None:
        """`arm` has passed `plan_bounds`. The first lease runs from now; the plan runs from `start`."""
        self.epoch, self.plan = arm.epoch, arm.plan
        self.limits = {limit.channel: limit for limit in sorted(arm.limits, key=lambda limit: limit.channel)}
        self.levels = dict.fromkeys(self.limits, 0)
        self.lease = LeaseHold(arm.epoch, now)
        self.fraction = self.index = 0
        self.due_ms = now.ms
        """When `targets` wants to be asked again."""
        self._step, self._max_raise = device.step_half_mA, max_raise_half_mA
        self._ended: str | None = None
        self._present_ms = self._played_ms = now.ms
        self._phase_ms: int | None = None
        self._train: tuple[int, int] | None = None
        self._ramp_ms = 0
        self._gate = True
        self._raised_ms = dict.fromkeys(self.limits, -NO_BOUND)
        before = {channel: limit.last_contraction_half_mA for channel, limit in self.limits.items()}
        self._squeezed = None if self.phase.pattern.shape == "cycle" else before
        """The levels of the last contraction's plateau (in a warm-up gone on with: before the stop), or
        those with which the first one began."""
        self._raise_from = self._squeezed
        """What a raise is measured from until the next contraction is over."""

    # ── the right to put out ──

    def renew(self, lease: Lease, now: Now) -> None:
        """The client was heard from, in time or not."""
        self.lease.renew(lease, now)

    def present(self, now: Now) -> None:
        """The person pressed a key (rule 10)."""
        self._present_ms = now.ms

    def over(self, now: Now) -> str | None:
        """Why this arming has ended or has to end now, else None. Once said, it stays."""
        if self._ended is None:
            above_zero = any(level for ch, level in self.levels.items() if self.phase.channel in (None, ch))
            silent_s = c.PRESENT_S if above_zero else c.ARMED_IDLE_S
            if self.lease.lapsed(now):
                self._ended = "lease"
            elif now.ms - self._present_ms >= silent_s * 1000:
                self._ended = "nobody_there"
        return self._ended

    # ── the plan ──

    @property
    def phase(self) -> Phase:
        return self.plan.phases[self.index]

    @property
    def elapsed_ms(self) -> int:
        """Within the phase, at the last output."""
        return 0 if self._phase_ms is None else max(0, self._played_ms - self._phase_ms)

    @property
    def plateau(self) -> bool:
        """The device was last given the whole of the levels: only now one may rise (rule 1)."""
        return self.fraction == 1000 and self._ended is None

    def start(self, now: Now) -> None:
        """The device is ready: the plan begins."""
        self._phase_ms = self._played_ms = now.ms

    def targets(self, now: Now) -> Targets:
        """What the device shall do from now on: all zero before `start` and once the arming is over."""
        self._play(now.ms)
        scale = self.phase.scale_permille * self.fraction if self._gate and self.over(now) is None else 0
        self.due_ms = min(self.due_ms, self.lease.until.ms)
        levels = {
            channel: level * scale // 1_000_000 if self.phase.channel in (None, channel) else 0
            for channel, level in self.levels.items()
        }
        return channel_targets(self.phase, {channel: mA - mA % self._step for channel, mA in levels.items()})

    def output_bounds(self, targets: Targets) -> Iterator[Bound]:
        """The limits once more, on what is about to leave: the last step trusts none of the steps before."""
        yield Bound("sum", sum(target.half_mA for target in targets), 0, c.SUM_HALF_MA[self.plan.kind])
        for target in targets:
            limit, mHz = self.limits[target.channel], int(target.frequency_Hz * 1000)
            yield from current_bounds(self.plan.kind, limit, target.half_mA, target.pulse_width_us, mHz)

    def _play(self, now_ms: int) -> None:
        """Move phase, train and ramp on to now; `fraction`, the burst's gate and `due_ms` follow."""
        self.fraction, self.due_ms = 0, now_ms + TICK_MS
        if self._phase_ms is None or self._ended is not None:
            return
        while now_ms - self._phase_ms >= self.phase.duration_ms:
            self._phase_ms += self.phase.duration_ms
            self._leave_phase("find_over" if self.phase.role == "find" else None)
            if self._ended is not None:
                return
        pattern, elapsed_ms = self.phase.pattern, now_ms - self._phase_ms
        edges, train, fall, self._gate = [self.phase.duration_ms - elapsed_ms], (self.index, 0), 1000, True
        falls = False
        if pattern.shape == "cycle":
            on_ms = pattern.up_ms + pattern.on_ms + pattern.down_ms
            cycle, at_ms = divmod(elapsed_ms - self._pause_before_ms(), on_ms + pattern.off_ms)
            fall = min(1000, max(0, (on_ms - at_ms) * 1000 // max(1, pattern.down_ms))) if cycle >= 0 else 0
            train = (self.index, cycle)
            falls = cycle >= 0 and at_ms >= on_ms - pattern.down_ms
            edges += [on_ms - pattern.down_ms - at_ms, on_ms + pattern.off_ms - at_ms]
        elif pattern.shape == "burst":
            at_ms = elapsed_ms % (pattern.on_ms + pattern.off_ms)
            self._gate = at_ms < pattern.on_ms
            edges += [pattern.on_ms - at_ms, pattern.on_ms + pattern.off_ms - at_ms]
        self._ramp_ms += min(now_ms - self._played_ms, RAMP_STEP_MS)
        if train != self._train:
            self._train, self._ramp_ms = train, 0
            if pattern.shape == "cycle":
                self._squeezed = self._squeezed or dict(self.levels)
            self._raise_from = self._squeezed
        rise = min(1000, self._ramp_ms * 1000 // self._rise_ms())
        self.fraction, self._played_ms = min(rise, fall), now_ms
        if pattern.shape == "cycle" and self.fraction == 1000:
            self._squeezed = dict(self.levels)
        moving = fall > 0 and (falls or rise < 1000)
        self.due_ms = now_ms + min([edge for edge in edges if edge > 0] + [TICK_MS] * moving)

    def _leave_phase(self, end: str | None) -> None:
        if end is None and self.index + 1 < len(self.plan.phases):
            self.index += 1
        else:
            self._ended = end or "plan_over"

    def _rise_ms(self) -> int:
        """The slower of the pattern's rise and the envelope's, at the highest ceiling whatever the level."""
        most = max(limit.ceiling_half_mA for limit in self.limits.values())
        envelope_ms = -(-most * 1000 // c.ENVELOPE_RISE_HALF_MA_PER_S)
        return max(self.phase.pattern.up_ms, c.ENVELOPE_RISE_MIN_MS, envelope_ms)

    def _pause_before_ms(self) -> int:
        """nmes: trains right after another phase's trains on the same channel begin with a rest, or both
        would be one train that is too long."""
        before, phase = self.plan.phases[max(0, self.index - 1)], self.phase
        adjoin = self.index > 0 and before.pattern.shape == phase.pattern.shape == "cycle"
        apart = None not in (before.channel, phase.channel) and before.channel != phase.channel
        return c.NMES_MAX_ON_MS if self.plan.kind == "nmes" and adjoin and not apart else 0

    # ── the person's requests ──

    def next_phase(self, now: Now) -> Refusal | None:
        """End the find phase that runs; its level is kept and comes back only through the envelope."""
        if self.phase.role != "find" or self._phase_ms is None:
            return Refusal("next", self.phase.role, "find")
        self._leave_phase(None)
        self._phase_ms, self.fraction = now.ms, 0
        return None

    def rest(self) -> None:
        """Levels to zero, still armed (rule 10)."""
        self.levels = dict.fromkeys(self.levels, 0)

    def set_level(self, wanted: Level, now: Now) -> Refusal | None:
        """The person's level of a channel. Lowering always counts; a raise has to be small and well timed."""
        ch, half_mA = wanted.channel, wanted.half_mA
        limit = self.limits.get(ch)
        if limit is None:
            return Refusal("channel", str(ch), str(sorted(self.limits)), fault=True)
        if not 0 <= half_mA <= limit.ceiling_half_mA:
            return Refusal("ceiling", str(half_mA), f"0…{limit.ceiling_half_mA}", fault=True)
        rise = half_mA - self.levels[ch]
        if rise > self._max_raise:
            return Refusal("raise", str(rise), str(self._max_raise), fault=True)
        if rise > 0:
            mistimed = self._mistimed(ch, half_mA, rise, now.ms - self._raised_ms[ch])
            if mistimed is not None:
                return mistimed
            self._raised_ms[ch] = now.ms
        self.levels[ch] = half_mA
        return None

    def _mistimed(self, ch: int, half_mA: int, rise: int, pause_ms: int) -> Refusal | None:
        if self.phase.channel not in (None, ch):
            return Refusal("finding_other", str(ch), str(self.phase.channel))
        if not self.plateau:
            return Refusal("plateau", str(self.fraction), "1000")
        if 2 * pause_ms < rise * c.RAISE_PAUSE_MS_PER_MA:
            return Refusal("too_soon", str(pause_ms), str(rise * c.RAISE_PAUSE_MS_PER_MA // 2))
        if self.plan.kind == "nmes" and self._raise_from is not None:
            most = self._raise_from[ch] + c.NMES_RAISE_PER_CONTRACTION_HALF_MA
            if half_mA > most:
                return Refusal("contraction", str(half_mA), str(most))
        return None


def channel_targets(phase: Phase, half_mA: dict[int, int]) -> Targets:
    """These currents in the phase's waveform."""
    frequency_Hz = _exactly(phase.frequency_mHz, 1000)
    return tuple(ChannelTarget(ch, mA, phase.pulse_width_us, frequency_Hz) for ch, mA in half_mA.items())
