"""From today's plan to the plain numbers that are armed: the only bridge between programs and the guard."""

from __future__ import annotations

from collections.abc import Mapping

from drivers import limits
from drivers.messages import ChannelLimit, GuardPlan, Pattern, Phase
from programs.plan import PlannedPhase, SessionPlan

NMES_FIND_PATTERN = Pattern("cycle", up_ms=2_000, on_ms=6_000, down_ms=1_000, off_ms=9_000)
"""Levels of muscle programmes are found in these cycles (safety rule 4)."""


def half_mA(current_mA: float) -> int:
    """mA to whole half-mA, rounded down: a limit is never rounded up."""
    return int(current_mA * 2)


def guard_plan(plan: SessionPlan, *, find: bool, seconds_done: int = 0) -> GuardPlan:
    """What the guard plays: finding each side with the work waveform (if `find`), then the session's phases.

    `seconds_done` of the phases were played before a stop and are left out (safety rules 11 and 29: only the
    remaining minutes).
    """
    phases: list[Phase] = []
    if find:
        work = plan.work
        pattern = NMES_FIND_PATTERN if plan.kind == "nmes" else _pattern(work)
        phases += [
            Phase(
                role="find",
                duration_ms=limits.MAX_FIND_S * 1000,
                channel=channel.channel,
                pulse_width_us=work.pulse_width_us,
                frequency_mHz=round(work.frequency_Hz * 1000),
                pattern=pattern,
                scale_permille=1000,
            )
            for channel in plan.channels
        ]
    skip_ms = seconds_done * 1000
    for planned in plan.phases:
        duration_ms = planned.seconds * 1000
        if skip_ms >= duration_ms:
            skip_ms -= duration_ms
            continue
        phases.append(
            Phase(
                role=planned.role,
                duration_ms=duration_ms - skip_ms,
                channel=None,
                pulse_width_us=planned.pulse_width_us,
                frequency_mHz=round(planned.frequency_Hz * 1000),
                pattern=_pattern(planned),
                scale_permille=round(planned.scale * 1000),
            )
        )
        skip_ms = 0
    return GuardPlan(plan.kind, tuple(phases))


def channel_limits(
    plan: SessionPlan, contractions_half_mA: Mapping[int, int] | None = None
) -> tuple[ChannelLimit, ...]:
    """The ceilings of today, one for each armed channel, ascending.

    `contractions_half_mA`: each channel's last contraction of the session that is gone on with.
    """
    before = contractions_half_mA or {}
    area_mm2 = round(plan.montage.pad_area_cm2 * 100)
    return tuple(
        ChannelLimit(
            channel=channel.channel,
            ceiling_half_mA=half_mA(channel.ceiling_mA),
            pad_area_mm2=area_mm2,
            known_level=channel.reference_mA is not None,
            last_contraction_half_mA=before.get(channel.channel, 0),
        )
        for channel in sorted(plan.channels, key=lambda channel: channel.channel)
    )


def _pattern(planned: PlannedPhase) -> Pattern:
    pattern = planned.pattern
    return Pattern(pattern.shape, pattern.up_ms, pattern.on_ms, pattern.down_ms, pattern.off_ms)
