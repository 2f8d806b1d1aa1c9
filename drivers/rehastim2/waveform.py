"""What a RehaStim2 can put out, as its own commands: pure, so that the kiosk asks it without a port, before a
person begins (`drivers.registry.fit_of`)."""

from __future__ import annotations

from typing import Final

from drivers import limits
from drivers.hasomed import Malformed
from drivers.rehastim2 import codec
from drivers.rehastim2.codec import (
    ChannelPulse,
    InitChannelListMode,
    Period,
    StartChannelListMode,
    shortest_period_ms,
)
from drivers.stimulator import Capabilities, Targets

CAPABILITIES: Final = Capabilities(
    channels=codec.CHANNELS,
    step_half_mA=limits.STEP_HALF_MA["rehastim2"],
    max_half_mA=2 * codec.MAX_MA,
    min_pulse_width_us=codec.PULSE_WIDTH_US[0],
    max_pulse_width_us=codec.PULSE_WIDTH_US[1],
    watchdog_s=1.2,
    current_sources=codec.CURRENT_SOURCES,
)


def refusal(targets: Targets) -> str | None:
    """Why a RehaStim2 cannot do `targets`, or None."""
    if len({target.frequency_Hz for target in targets}) > 1:
        return "All channels of this stimulator pulse equally often, and the programme does not."
    try:
        wanted = list_for(targets)
        start_for(targets).to_bytes()
    except Malformed as error:
        return f"The stimulator cannot do this: {error}."
    assert wanted.period is not None
    shortest_ms = shortest_period_ms(len(targets))
    if wanted.period.ms < shortest_ms:
        most_Hz, asked_Hz = float(1000 / shortest_ms), float(targets[0].frequency_Hz)
        return (
            f"With {len(targets)} channels this stimulator makes at most {most_Hz:g} pulses a second; "
            f"the programme asks for {asked_Hz:g}."
        )
    return None


def list_for(targets: Targets) -> InitChannelListMode:
    """Every target's channel, at their one frequency. Raises Malformed."""
    if not targets:
        raise Malformed("no channel")
    channels = tuple(target.channel for target in targets)
    return InitChannelListMode(channels, Period.not_faster(targets[0].frequency_Hz))


def start_for(targets: Targets) -> StartChannelListMode:
    """Every target as one pulse a period, the silent ones with 0 mA. Raises Malformed."""
    step_half_mA = CAPABILITIES.step_half_mA
    return StartChannelListMode(
        tuple(
            ChannelPulse(target.pulse_width_us, target.half_mA // step_half_mA * codec.STEP_MA)
            for target in targets
        )
    )
