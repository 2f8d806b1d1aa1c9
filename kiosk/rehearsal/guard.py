"""A guard in virtual time: answers the session machine and jumps from change to change.

Level × fraction is worked out for any instant at once, where `drivers.guard.output.Arming` plays it tick by
tick; `tests/kiosk/rehearsal/test_virtual_guard.py` holds the two side by side. The lease, the port and the
device are not played: the terminal always answers and the device obeys, unless `fail` says otherwise.

Units as in `drivers.guard`: half-mA, ms, permille.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Final

from drivers import limits as c
from drivers import messages as m
from drivers.bounds import Bound, first_broken, plan_bounds
from drivers.guard.output import Refusal
from drivers.stimulator import Capabilities

INITIALISE_MS: Final = 100
"""Until the device is ready and the plan begins."""
STOP_MS: Final = 2.0
"""From a stop to the device's word on it."""
CHANNELS: Final = 8
"""Both devices have eight."""
LONG_AGO_MS: Final = -(1 << 62)
HOW: Final = "virtual: off"


class VirtualArming:
    """Level × fraction of one arming, from its epoch to the first reason to stop.

    Time is moved on by `advance` and never goes back.
    """

    def __init__(self, arm: m.Arm, step_half_mA: int, max_raise_half_mA: int, now_ms: int) -> None:
        self.plan = arm.plan
        self.limits = {limit.channel: limit for limit in sorted(arm.limits, key=lambda limit: limit.channel)}
        self.levels = dict.fromkeys(self.limits, 0)
        self.index = 0
        self.phase = self.plan.phases[0]
        self.ended: str | None = None
        self.now_ms = now_ms
        self._step, self._max_raise = step_half_mA, max_raise_half_mA
        self._present_ms = now_ms
        self._raised_ms = dict.fromkeys(self.limits, LONG_AGO_MS)
        before = {channel: limit.last_contraction_half_mA for channel, limit in self.limits.items()}
        self._squeezed = None if self.phase.pattern.shape == "cycle" else before
        self._raise_from = self._squeezed
        most = max(limit.ceiling_half_mA for limit in self.limits.values())
        self._envelope_ms = max(c.ENVELOPE_RISE_MIN_MS, -(-most * 1000 // c.ENVELOPE_RISE_HALF_MA_PER_S))
        self._due_ms = self._edge_ms = self._nobody_ms = now_ms
        self._begin_phase(now_ms + INITIALISE_MS)

    # ── what the device does at `now_ms` ──

    @property
    def elapsed_ms(self) -> int:
        """Within the phase."""
        return max(0, self.now_ms - self._phase_ms)

    @property
    def fraction(self) -> int:
        """Permille of the level."""
        at_ms = self.now_ms - self._phase_ms - self._pause_ms
        if self.ended is not None or at_ms < 0:
            return 0
        if not self._squeezes:
            return 1000 if at_ms >= self._rise_ms else at_ms * 1000 // self._rise_ms
        at_ms %= self._cycle_ms
        if self._rise_ms <= at_ms <= self._train_ms - self._down_ms:
            return 1000 if self._down_ms or at_ms < self._train_ms else 0
        fall = max(0, (self._train_ms - at_ms) * 1000 // max(1, self._down_ms))
        return min(1000, at_ms * 1000 // self._rise_ms, fall)

    def applied(self, fraction: int) -> dict[int, int]:
        """Half-mA by channel at this fraction, in whole steps of the device."""
        scale = self.phase.scale_permille * fraction if self._gate_open else 0
        only, step = self.phase.channel, self._step
        return {
            channel: level * scale // 1_000_000 // step * step if only in (None, channel) else 0
            for channel, level in self.levels.items()
        }

    @property
    def _gate_open(self) -> bool:
        pattern = self.phase.pattern
        return pattern.shape != "burst" or self.elapsed_ms % (pattern.on_ms + pattern.off_ms) < pattern.on_ms

    # ── time ──

    def advance(self, now_ms: int) -> None:
        """Move on to `now_ms`, through every phase and train in between."""
        while self.ended is None and (now_ms >= self._edge_ms or now_ms >= self._nobody_ms):
            self.now_ms = max(self.now_ms, min(self._edge_ms, self._nobody_ms))
            self._pass_edge()
        if now_ms > self.now_ms:
            self.now_ms = now_ms

    def change_ms(self) -> int | None:
        """When the next thing happens that a session acts on: a plateau begins or ends, a phase, the end."""
        if self.ended is not None:
            return None
        if self._due_ms <= self.now_ms:
            self._due_ms = self._next_due_ms()
        return self._due_ms if self._due_ms < self._nobody_ms else self._nobody_ms

    def end_ms(self) -> int:
        """When the phase ends, or the arming."""
        return min(self._phase_ms + self.phase.duration_ms, self._nobody_ms)

    def _next_due_ms(self) -> int:
        due_ms = self._phase_ms + self.phase.duration_ms
        if self._squeezes:
            falls_ms = self._train_ms - self._down_ms + (1 if self._down_ms else 0)
            return min(due_ms, self._in_cycle_ms(self._rise_ms), self._in_cycle_ms(falls_ms))
        if (risen_ms := self._phase_ms + self._rise_ms) > self.now_ms:
            due_ms = min(due_ms, risen_ms)
        if not self._gate_open:
            pattern = self.phase.pattern
            period_ms = pattern.on_ms + pattern.off_ms
            due_ms = min(due_ms, self.now_ms - self.elapsed_ms % period_ms + period_ms)
        return due_ms

    def _next_edge_ms(self) -> int:
        """The next instant at which something is remembered, or the phase ends."""
        end_ms = self._phase_ms + self.phase.duration_ms
        if not self._squeezes:
            return end_ms
        return min(end_ms, self._in_cycle_ms(0), self._in_cycle_ms(self._rise_ms))

    def _in_cycle_ms(self, at_ms: int) -> int:
        """The next instant after now that lies `at_ms` after the start of a cycle."""
        first_ms = self._phase_ms + self._pause_ms + at_ms
        passed = (self.now_ms - first_ms) // self._cycle_ms + 1
        return first_ms + max(0, passed) * self._cycle_ms

    def _pass_edge(self) -> None:
        end_ms = self._phase_ms + self.phase.duration_ms
        if self.now_ms >= self._nobody_ms:
            self.ended = "nobody_there"
        elif self.now_ms >= end_ms:
            self._leave_phase("find_over" if self.phase.role == "find" else None, end_ms)
        else:
            if (self.now_ms - self._phase_ms - self._pause_ms) % self._cycle_ms == 0:
                self._raise_from = self._squeezed
            else:
                self._remember_squeeze()
            self._edge_ms = self._next_edge_ms()

    def _leave_phase(self, end: str | None, at_ms: int) -> None:
        if end is None and self.index + 1 < len(self.plan.phases):
            self.index += 1
            self._begin_phase(at_ms)
        else:
            self.ended = end or "plan_over"

    def _begin_phase(self, at_ms: int) -> None:
        before, self.phase = self.phase, self.plan.phases[self.index]
        pattern = self.phase.pattern
        self._phase_ms = at_ms
        self._squeezes = pattern.shape == "cycle"
        self._rise_ms = max(pattern.up_ms, self._envelope_ms)
        self._down_ms = pattern.down_ms
        self._train_ms = pattern.up_ms + pattern.on_ms + pattern.down_ms
        self._cycle_ms = max(1, self._train_ms + pattern.off_ms)
        adjoin = self.index > 0 and before.pattern.shape == pattern.shape == "cycle"
        apart = None not in (before.channel, self.phase.channel) and before.channel != self.phase.channel
        self._pause_ms = c.NMES_MAX_ON_MS if self.plan.kind == "nmes" and adjoin and not apart else 0
        if self._squeezes:
            self._squeezed = self._squeezed or dict(self.levels)
        self._raise_from = self._squeezed
        self._due_ms = self.now_ms
        self._levels_changed()
        self._edge_ms = self._next_edge_ms()

    def _levels_changed(self) -> None:
        self._remember_squeeze()
        only = self.phase.channel
        above_zero = any(self.levels.values()) if only is None else self.levels.get(only, 0) > 0
        self._silent_ms = (c.PRESENT_S if above_zero else c.ARMED_IDLE_S) * 1000
        self._nobody_ms = self._present_ms + self._silent_ms
        if not self._gate_open:
            self._due_ms = self.now_ms  # what was raised flows when it opens

    def _remember_squeeze(self) -> None:
        if self._squeezes and self.fraction == 1000:
            self._squeezed = dict(self.levels)

    # ── the person's requests ──

    def present(self) -> None:
        """The person pressed a key."""
        self._present_ms = self.now_ms
        self._nobody_ms = self.now_ms + self._silent_ms

    def next_phase(self) -> Refusal | None:
        """End the find phase that runs."""
        if self.phase.role != "find" or self.now_ms < self._phase_ms:
            return Refusal("next", self.phase.role, "find")
        self._leave_phase(None, self.now_ms)
        return None

    def rest(self) -> None:
        """Levels to zero, still armed."""
        self.levels = dict.fromkeys(self.levels, 0)
        self._levels_changed()

    def set_level(self, channel: int, half_mA: int) -> Refusal | None:
        """The person's level of a channel."""
        limit = self.limits.get(channel)
        if limit is None:
            return Refusal("channel", str(channel), str(sorted(self.limits)), fault=True)
        if not 0 <= half_mA <= limit.ceiling_half_mA:
            return Refusal("ceiling", str(half_mA), f"0…{limit.ceiling_half_mA}", fault=True)
        rise = half_mA - self.levels[channel]
        if rise > self._max_raise:
            return Refusal("raise", str(rise), str(self._max_raise), fault=True)
        if rise > 0:
            mistimed = self._mistimed(channel, half_mA, rise)
            if mistimed is not None:
                return mistimed
            self._raised_ms[channel] = self.now_ms
        self.levels[channel] = half_mA
        self._levels_changed()
        return None

    def _mistimed(self, channel: int, half_mA: int, rise: int) -> Refusal | None:
        if self.phase.channel not in (None, channel):
            return Refusal("finding_other", str(channel), str(self.phase.channel))
        fraction = self.fraction
        if fraction < 1000:
            return Refusal("plateau", str(fraction), "1000")
        pause_ms = self.now_ms - self._raised_ms[channel]
        if 2 * pause_ms < rise * c.RAISE_PAUSE_MS_PER_MA:
            return Refusal("too_soon", str(pause_ms), str(rise * c.RAISE_PAUSE_MS_PER_MA // 2))
        if self.plan.kind == "nmes" and self._raise_from is not None:
            most = self._raise_from[channel] + c.NMES_RAISE_PER_CONTRACTION_HALF_MA
            if half_mA > most:
                return Refusal("contraction", str(half_mA), str(most))
        return None


@lru_cache(maxsize=64)
def _beyond(plan: m.GuardPlan, limits: tuple[m.ChannelLimit, ...], device: Capabilities) -> Bound | None:
    """The first bound that an arming does not keep; most days arm what was armed some days ago."""
    return first_broken(plan_bounds(plan, limits, device))


_channel_status = cache(m.ChannelStatus)
"""The same few hundred, again and again."""


class VirtualGuard:
    """Takes the session machine's messages and gives what a real guard would answer."""

    def __init__(self, device_kind: str) -> None:
        self.epoch = 0
        """Of the last arming."""
        self.kind = device_kind
        self.unsaid = False
        """A raise was done and no status says so yet: `status` does. Raises come in rows; what matters is the
        last, before anything else happens."""
        step_half_mA = c.STEP_HALF_MA[device_kind]
        self._device = Capabilities(CHANNELS, step_half_mA, c.PEAK_HALF_MA["nmes"], *c.PULSE_WIDTH_US, 2.0)
        self._arming: VirtualArming | None = None

    @property
    def phase(self) -> m.Phase | None:
        """That is played; None while nothing is armed."""
        return None if self._arming is None else self._arming.phase

    def hear(self, message: m.ToGuard, now_ms: int) -> list[m.FromGuard]:
        """The answers to `message`, and what happened until now."""
        arming = self._arming
        heard = self.advance(now_ms) if arming is not None and now_ms > arming.now_ms else []
        if isinstance(message, m.Level):
            heard += self._set_level(message)
        elif isinstance(message, m.Present):
            if self._arming is not None and message.epoch == self.epoch:
                self._arming.present()
        elif isinstance(message, m.Next | m.Rest):
            heard += self._change(message)
        elif isinstance(message, m.Arm):
            heard += self._arm(message, now_ms)
        elif isinstance(message, m.Stop):
            heard += self._stop(message.why)
        return heard

    def advance(self, now_ms: int) -> list[m.FromGuard]:
        """What happened until `now_ms`: a status when something changed, or the end."""
        arming = self._arming
        if arming is None or now_ms <= arming.now_ms:
            return []
        due_ms = arming.change_ms()
        arming.advance(now_ms)
        if arming.ended is not None:
            return self._stop(arming.ended)
        return [self._status(arming)] if due_ms is not None and due_ms <= now_ms else []

    def change_ms(self, *, squeezes: bool = True) -> int | None:
        """When the next thing happens of itself, with or without the plateaus of the squeezes; None while
        nothing is armed."""
        if self._arming is None:
            return None
        return self._arming.change_ms() if squeezes else self._arming.end_ms()

    def status(self, now_ms: int) -> list[m.FromGuard]:
        """How it is: what a real guard says four times a second."""
        return self.advance(now_ms) or ([] if self._arming is None else [self._status(self._arming)])

    def fail(self, kind: str, channel: int | None, now_ms: int) -> list[m.FromGuard]:
        """The device or a pad fails: a fault, and the stop that follows it."""
        heard = self.advance(now_ms)
        if self._arming is None:
            return heard
        return [*heard, m.Fault(self.epoch, kind, channel, "virtual"), *self._stop(kind)]

    def _arm(self, arm: m.Arm, now_ms: int) -> list[m.FromGuard]:
        if self._arming is not None:
            return [m.Refused(arm.epoch, "state", "armed", "idle", False)]
        if arm.epoch != self.epoch + 1:
            return [m.Refused(arm.epoch, "epoch", str(arm.epoch), str(self.epoch + 1), False)]
        beyond = _beyond(arm.plan, arm.limits, self._device)
        if beyond is not None:
            allowed = f"{beyond.least}…{beyond.most}"
            return [m.Refused(arm.epoch, beyond.limit, str(beyond.asked), allowed, True)]
        self.epoch = arm.epoch
        max_raise_half_mA = c.MAX_RAISE_HALF_MA[self.kind]
        self._arming = VirtualArming(arm, self._device.step_half_mA, max_raise_half_mA, now_ms)
        return [self._status(self._arming)]

    def _set_level(self, message: m.Level) -> list[m.FromGuard]:
        arming = self._arming
        if arming is None or message.epoch != self.epoch:
            return self._too_old(message.epoch)
        raised = message.half_mA > arming.levels.get(message.channel, 0)
        refused = arming.set_level(message.channel, message.half_mA)
        if refused is not None:
            told = [self._status(arming)] if self.unsaid else []
            end = self._stop(f"limit_{refused.limit}") if refused.fault else []
            return [*told, m.Refused(self.epoch, *refused), *end]
        self.unsaid = raised and arming.phase.pattern.shape != "burst"
        return [] if self.unsaid else [self._status(arming)]

    def _change(self, message: m.Next | m.Rest) -> list[m.FromGuard]:
        arming = self._arming
        if arming is None or message.epoch != self.epoch:
            return self._too_old(message.epoch)
        if isinstance(message, m.Rest):
            arming.rest()
        elif (refused := arming.next_phase()) is not None:
            return [m.Refused(self.epoch, *refused)]
        return self._stop(arming.ended) if arming.ended is not None else [self._status(arming)]

    def _too_old(self, epoch: int) -> list[m.FromGuard]:
        return [m.Refused(epoch, "old_epoch", str(epoch), str(self.epoch), False)]

    def _stop(self, why: str) -> list[m.FromGuard]:
        self._arming, self.unsaid = None, False
        return [m.Stopped(self.epoch, why, True, HOW, STOP_MS)]

    def _status(self, arming: VirtualArming) -> m.Status:
        self.unsaid = False
        fraction = arming.fraction
        applied = arming.applied(fraction)
        channels = [
            _channel_status(channel, level, applied[channel]) for channel, level in arming.levels.items()
        ]
        plateau, now_s = fraction == 1000, arming.now_ms / 1000
        elapsed_ms = arming.elapsed_ms
        return m.Status(
            "armed", self.epoch, 0, tuple(channels), fraction, plateau, arming.index, elapsed_ms, now_s
        )
