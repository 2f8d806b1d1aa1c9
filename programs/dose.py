"""Dose arithmetic for a symmetrical biphasic pulse: two phases of equal width and opposite current.

Source: clinical reference 2.1. Frequencies are those inside a train or burst; nothing is averaged over
off-time.
"""

from __future__ import annotations

import math
from typing import Final

PHASES_PER_PULSE: Final = 2
STEP_MA: Final = 0.5
"""The finest current step of any device here; ceilings are rounded down to it."""

MAX_PEAK_DENSITY_MA_PER_CM2: Final = 2.0
"""HAS and RS2 say 2 mA/cm² without rms or peak; read as peak it is the default hard ceiling [D]."""
MAX_RMS_DENSITY_AT_HALF_CONTACT_MA_PER_CM2: Final = 2.0
"""IEC 60601-2-10 as read by Enraf (EN47), with half of the pad touching [D]."""
ASSUMED_CONTACT: Final = 0.5
MAX_RMS_MA: Final = 16.0
"""Safety rules, constants (p)."""
MAX_CHARGE_UC: Final = 21.0
"""Safety rules, constants (p): per pulse phase."""
MIN_PAD_AREA_CM2: Final = 25.0
"""Clinical reference 2: smaller pads are refused [D]."""


def rms_factor(pulse_width_us: float, frequency_Hz: float) -> float:
    """k = Irms / Ipeak = √(2 · PW · f), PW of one phase (EN47, factor 2 for a symmetrical pulse)."""
    return math.sqrt(PHASES_PER_PULSE * pulse_width_us * 1e-6 * frequency_Hz)


def rms_mA(peak_mA: float, pulse_width_us: float, frequency_Hz: float) -> float:
    """Root mean square of a running train, in mA."""
    return peak_mA * rms_factor(pulse_width_us, frequency_Hz)


def density_mA_per_cm2(current_mA: float, area_cm2: float) -> float:
    """Current density over `area_cm2` of contact; peak or rms as `current_mA` is."""
    return current_mA / area_cm2


def charge_uC(peak_mA: float, pulse_width_us: float) -> float:
    """Charge of one pulse phase in µC."""
    return peak_mA * pulse_width_us / 1000


def power_W(current_rms_mA: float, load_ohm: float) -> float:
    """Mean power in the load, in W."""
    return (current_rms_mA / 1000) ** 2 * load_ohm


def power_density_W_per_cm2(current_rms_mA: float, load_ohm: float, area_cm2: float) -> float:
    """Mean power over one pad's contact, in W/cm² (HAS: at most 0.1)."""
    return power_W(current_rms_mA, load_ohm) / area_cm2


def pulse_energy_mJ(peak_mA: float, pulse_width_us: float, load_ohm: float = 500) -> float:
    """Energy of one pulse (both phases) in mJ (BIO2: at most 300 into 500 Ω)."""
    return PHASES_PER_PULSE * pulse_width_us * 1e-6 * (peak_mA / 1000) ** 2 * load_ohm * 1000


def peak_for_rms_density_mA(
    density_mA_per_cm2: float, area_cm2: float, pulse_width_us: float, frequency_Hz: float
) -> float:
    """The peak current in mA whose rms gives this density on this area (last column of table 2.1)."""
    return density_mA_per_cm2 * area_cm2 / rms_factor(pulse_width_us, frequency_Hz)


def pad_ceiling_mA(area_cm2: float, pulse_width_us: float, frequency_Hz: float) -> float:
    """The most that a pad of this area allows: 2 mA/cm² peak, and 2 mA/cm² rms with half of it touching.

    On the three sizes sold that is 51, 90 and 195 mA (2.1).
    """
    peak = MAX_PEAK_DENSITY_MA_PER_CM2 * area_cm2
    rms = peak_for_rms_density_mA(
        MAX_RMS_DENSITY_AT_HALF_CONTACT_MA_PER_CM2, area_cm2 * ASSUMED_CONTACT, pulse_width_us, frequency_Hz
    )
    return floor_to_step(min(peak, rms))


def waveform_ceiling_mA(pulse_width_us: float, frequency_Hz: float) -> float:
    """The most that charge per phase (21 µC) and rms per channel (16 mA) allow of this waveform."""
    by_charge = MAX_CHARGE_UC * 1000 / pulse_width_us
    by_rms = MAX_RMS_MA / rms_factor(pulse_width_us, frequency_Hz)
    return floor_to_step(min(by_charge, by_rms))


def floor_to_step(current_mA: float) -> float:
    """Down to a multiple of 0.5 mA; a hair (1e-9) of rounding error does not cost a step."""
    return max(0.0, math.floor(current_mA / STEP_MA + 1e-9) * STEP_MA)
