"""The constants that nothing can raise (safety.md, "Constants in the guard"); prescriptions only lower them.

All integers, in half-mA, µs, ms, mHz, mm², nC, so that a comparison is exact. *p* marks the project's
own proposals, which a clinician has to sign.
"""

from __future__ import annotations

from typing import Final

PEAK_HALF_MA: Final = {"nmes": 120, "tens": 100}
"""Peak current of one channel, 60 / 50 mA."""
SUM_HALF_MA: Final = {"nmes": 240, "tens": 200}
"""Sum over the channels, 120 / 100 mA."""
PEAK_WITHOUT_HISTORY_HALF_MA: Final = 60
"""p: 30 mA a channel while no level of this person is known."""

PEAK_DENSITY_UA_PER_MM2: Final = 20
"""2.0 mA/cm² on the nominal pad."""
RMS_DENSITY_AT_HALF_CONTACT_UA_PER_MM2: Final = 10
"""1.0 mA/cm² on the nominal pad, i.e. 2.0 at 50 % contact."""
MIN_PAD_AREA_MM2: Final = 2500
RMS_PER_CHANNEL_UA: Final = 16_000
"""p."""

PULSE_WIDTH_US: Final = (50, 350)
FREQUENCY_MHZ: Final = (1_000, 125_000)
"""1…125 Hz in millihertz, inside a burst."""
MIN_PULSE_PHASE_US: Final = 20
CHARGE_PER_PHASE_NC: Final = 21_000
"""p: 21 µC. (half-mA × µs / 2 = nC)."""

STEP_HALF_MA: Final = {"p24": 1, "rehastim2": 4}
"""The smallest step that the hardware really makes; levels move in whole ones (rule 3)."""
MAX_RAISE_HALF_MA: Final = {"p24": 2, "rehastim2": 4}
RAISE_PAUSE_MS_PER_MA: Final = 900
"""A raise counts no earlier than 0.9 s × its mA after the one before."""
NMES_RAISE_PER_CONTRACTION_HALF_MA: Final = 4
"""p: 2 mA from one contraction to the next."""

ENVELOPE_RISE_HALF_MA_PER_S: Final = 80
"""p: 40 mA/s."""
ENVELOPE_RISE_MIN_MS: Final = 1_000
BURST_MAX_ON_MS: Final = 250
BURST_MIN_OFF_MS: Final = 250
NMES_MAX_ON_MS: Final = 12_000
"""p: ramps included; and the off-time is at least the on-time."""

MAX_WARM_SCALE_PERMILLE: Final = 400
"""Warm-up and cool-down: 0.4 of the level."""
MAX_FIND_S: Final = 600
"""Finding one side."""
MAX_NMES_WORK_S: Final = 30 * 60
MAX_SESSION_S: Final = 45 * 60
MAX_DAY_S: Final = 135 * 60
ARMED_IDLE_S: Final = 180
PRESENT_S: Final = 365
"""Above zero without a sign of the person: 6 min 5 s."""

LEASE_S: Final = 0.500
RENEWAL_MAX_AGE_S: Final = 0.250
LEASE_RENEW_EVERY_S: Final = 0.100
ACK_S: Final = 0.100
ACK_STAGE_SWITCH_S: Final = 0.250
"""For the commands that switch the high voltage."""
SIMULATOR_LATE_S: Final = 0.150
"""So much longer a simulator of the kiosk's may take: it waits for the processor like any program, and a
device does not. Measured beside eight busy programs on two processors: up to 0.22 s. Never for a stop."""
STOP_TRIES: Final = 3
SILENCE_S: Final = 3.0
READ_STATE_EVERY_S: Final = {"p24": 0.250, "rehastim2": 0.400}
READING_MAX_AGE_S: Final = {"p24": 0.500, "rehastim2": 0.900}

PROBE_HALF_MA: Final = 4
PROBE_PULSE_WIDTH_US: Final = 100
PROBE_PULSES_PER_PAIR: Final = 5
PROBE_PAUSE_MS: Final = 100
"""p: the contact check; to be shown on hardware to separate good from dry."""


def rms_uA(half_mA: int, pulse_width_us: int, frequency_mHz: int) -> int:
    """Root mean square of a symmetrical biphasic train, rounded up, in µA.

    Irms = Ipk · √(2 · PW · f) (clinical 2.1, EN47), with f inside the train, not averaged over the off-time.
    Integer arithmetic: the ceiling of the square root, so that a comparison never flatters.
    """
    from math import isqrt

    peak_uA = half_mA * 500
    # (2·PW·f) = 2 · µs·1e-6 · mHz·1e-3  →  square in µA² = peak² · 2·PW·f / 1e9
    square = peak_uA * peak_uA * 2 * pulse_width_us * frequency_mHz
    root = isqrt(square // 1_000_000_000)
    return root + 1 if root * root * 1_000_000_000 < square else root
