"""Every comparison of a plan and of a current with the constants that nothing can raise (`drivers.limits`).

A broken bound is a fault: refused, never clamped. Integers only; units stand in the names.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from drivers import limits as c
from drivers.messages import ChannelLimit, GuardPlan, Phase
from drivers.stimulator import Capabilities, ProbePulse

NO_BOUND: Final = 1 << 62


class Bound(NamedTuple):
    """One comparison: `asked` has to lie within least…most."""

    limit: str
    asked: int
    least: int
    most: int

    @property
    def broken(self) -> bool:
        return not self.least <= self.asked <= self.most


def first_broken(bounds: Iterator[Bound]) -> Bound | None:
    """The first bound that does not hold, or None."""
    return next((bound for bound in bounds if bound.broken), None)


def current_bounds(
    kind: str, limit: ChannelLimit, half_mA: int, pulse_width_us: int, frequency_mHz: int
) -> Iterator[Bound]:
    """What one channel's current and waveform have to keep: the constants and the arming's ceiling."""
    yield Bound("pulse_width", pulse_width_us, *c.PULSE_WIDTH_US)
    yield Bound("frequency", frequency_mHz, *c.FREQUENCY_MHZ)
    yield Bound("ceiling", half_mA, 0, limit.ceiling_half_mA)
    yield Bound("peak", half_mA, 0, c.PEAK_HALF_MA[kind])
    yield Bound("no_history", half_mA, 0, NO_BOUND if limit.known_level else c.PEAK_WITHOUT_HISTORY_HALF_MA)
    yield Bound("peak_density", half_mA * 500, 0, c.PEAK_DENSITY_UA_PER_MM2 * limit.pad_area_mm2)
    yield Bound("charge", half_mA * pulse_width_us, 0, 2 * c.CHARGE_PER_PHASE_NC)
    rms_uA = c.rms_uA(half_mA, pulse_width_us, frequency_mHz)
    yield Bound("rms", rms_uA, 0, c.RMS_PER_CHANNEL_UA)
    yield Bound("rms_density", rms_uA, 0, c.RMS_DENSITY_AT_HALF_CONTACT_UA_PER_MM2 * limit.pad_area_mm2)


def plan_bounds(plan: GuardPlan, limits: tuple[ChannelLimit, ...], device: Capabilities) -> Iterator[Bound]:
    """Everything that an arming has to keep; the ceilings are taken as if the levels stood there."""
    channels = [limit.channel for limit in limits]
    yield from channel_bounds(channels, device)
    yield Bound("phases", len(plan.phases), 1, 64)
    for limit in limits:
        yield Bound("pad_area", limit.pad_area_mm2, c.MIN_PAD_AREA_MM2, NO_BOUND)
    yield Bound("sum", sum(limit.ceiling_half_mA for limit in limits), 0, c.SUM_HALF_MA[plan.kind])
    waveforms = {_waveform(phase) for phase in plan.phases if phase.role == "work"}
    for phase in plan.phases:
        yield from _phase_bounds(plan.kind, phase)
        named = phase.channel in channels or (phase.channel is None and phase.role != "find")
        yield Bound("phase_channel", int(named), 1, 1)
        if phase.role == "find" and waveforms:
            yield Bound("find_waveform", int(_waveform(phase) in waveforms), 1, 1)
        for limit in limits:
            half_mA = limit.ceiling_half_mA
            yield from current_bounds(plan.kind, limit, half_mA, phase.pulse_width_us, phase.frequency_mHz)
    for channel in channels:
        finding_ms = sum(p.duration_ms for p in plan.phases if p.role == "find" and p.channel == channel)
        yield Bound("find", finding_ms, 0, c.MAX_FIND_S * 1000)
    work_ms = sum(p.duration_ms for p in plan.phases if p.role == "work")
    yield Bound("nmes_work", work_ms, 0, c.MAX_NMES_WORK_S * 1000 if plan.kind == "nmes" else NO_BOUND)
    session_ms = sum(p.duration_ms for p in plan.phases if p.role != "find")
    yield Bound("session", session_ms, 0, c.MAX_SESSION_S * 1000)


def probe_bounds(pulse: ProbePulse, channels: tuple[int, ...], before: int, pause_ms: int) -> Iterator[Bound]:
    """What a pulse of the contact check has to keep, `before` pulses having gone to its pair already and
    `pause_ms` having passed since the last one of any pair (rule 22)."""
    yield Bound("probe_channel", int(pulse.channel in channels), 1, 1)
    yield Bound("probe_current", pulse.half_mA, 1, c.PROBE_HALF_MA)
    yield Bound("probe_width", pulse.pulse_width_us, c.MIN_PULSE_PHASE_US, c.PROBE_PULSE_WIDTH_US)
    yield Bound("probe_pulses", before + 1, 1, c.PROBE_PULSES_PER_PAIR)
    yield Bound("probe_pause", pause_ms, c.PROBE_PAUSE_MS, NO_BOUND)


def channel_bounds(channels: Sequence[int], device: Capabilities) -> Iterator[Bound]:
    """Which channels may be asked for together."""
    yield Bound("channels", len(channels), 1, device.channels)
    yield Bound("channel_twice", len(channels) - len(set(channels)), 0, 0)
    for channel in channels:
        yield Bound("channel", channel, 1, device.channels)


def _phase_bounds(kind: str, phase: Phase) -> Iterator[Bound]:
    pattern = phase.pattern
    times = (pattern.up_ms, pattern.on_ms, pattern.down_ms, pattern.off_ms)
    warm = phase.role in ("warm_up", "cool_down")
    yield Bound("duration", phase.duration_ms, 1, NO_BOUND)
    yield Bound("scale", phase.scale_permille, 1, c.MAX_WARM_SCALE_PERMILLE if warm else 1000)
    yield Bound("pattern", min(times), 0, NO_BOUND)
    if pattern.shape == "continuous":
        yield Bound("pattern", sum(times[1:]), 0, 0)
    if pattern.shape == "cycle":
        yield Bound("pattern", sum(times), 1, NO_BOUND)
    if pattern.shape == "burst":
        yield Bound("pattern", pattern.down_ms, 0, 0)
        yield Bound("burst_on", pattern.on_ms, 1, c.BURST_MAX_ON_MS)
        yield Bound("burst_off", pattern.off_ms, c.BURST_MIN_OFF_MS, NO_BOUND)
    if kind == "nmes" and not warm:
        train_ms, off_ms = (sum(times[:3]), times[3]) if pattern.shape == "cycle" else (phase.duration_ms, 0)
        yield Bound("train_on", train_ms, 1, c.NMES_MAX_ON_MS)
        yield Bound("train_off", off_ms, train_ms, NO_BOUND)


def _waveform(phase: Phase) -> tuple[int, int]:
    return phase.pulse_width_us, phase.frequency_mHz
