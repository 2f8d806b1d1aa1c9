"""What a P24 can put out, as its own commands: pure, so that the kiosk asks it without a port, before anybody
begins (`drivers.registry.fit_of`)."""

from __future__ import annotations

from typing import Final

from drivers import limits
from drivers.hasomed import Malformed
from drivers.p24 import codec
from drivers.p24.codec import ChannelUpdate, MlUpdate, Period, biphasic_pulse, duty
from drivers.stimulator import Capabilities, Targets

RAMP: Final = 0
"""Pulses over which the device itself fades a channel in. Always none: the guard shapes every rise, and what
a real P24 does with this field on an update of a running channel is not yet measured (safety rule 13)."""

CAPABILITIES: Final = Capabilities(
    channels=codec.CHANNELS,
    step_half_mA=limits.STEP_HALF_MA["p24"],
    max_half_mA=codec.MAX_HALF_MA,
    min_pulse_width_us=codec.SHORTEST_DURATION_US,
    max_pulse_width_us=codec.MAX_DURATION_US,
    watchdog_s=2.0,
    measures_contact=True,
)


def refusal(targets: Targets) -> str | None:
    """Why a P24 cannot do `targets`, or None."""
    try:
        update = update_for(targets)
        update.to_bytes()
    except Malformed as error:
        return f"The stimulator cannot do this: {error}."
    if duty(update.channels) > codec.MAX_DUTY:
        return "The stimulator cannot do this: the pulses of all channels do not fit into its time."
    return None


def update_for(targets: Targets) -> MlUpdate:
    """Every target as a balanced pulse, the silent ones with 0 mA. Raises Malformed."""
    for target in targets:
        if target.half_mA < 0:
            raise Malformed(f"{target.half_mA} half-mA on channel {target.channel}")
        if target.pulse_width_us < codec.SHORTEST_DURATION_US:
            raise Malformed(f"a pulse width of {target.pulse_width_us} µs")
    return MlUpdate(
        tuple(
            ChannelUpdate(
                channel=target.channel,
                period=Period.not_faster(target.frequency_Hz),
                points=biphasic_pulse(target.half_mA, target.pulse_width_us),
                ramp=RAMP,
            )
            for target in targets
        )
    )
