"""From what was measured during the contact check's pulses to the load of each pair of pads (safety rule 22).

Skin and tissue answer a current step I with V(t) = I·(Rs + Rp·(1 − e^(−t/RpCp))): `series_ohm` is Rs, the
jump at the pulse's start, `load_ohm` is V/I at the end of the probe's 100 µs. Rp and Cp by themselves cannot
be told: good skin charges in about 1.5 ms, so within 100 µs its rise is nearly a straight line of slope 1/Cp.

The worst pulse of a pair decides: a pad that only sometimes conducts is not a good one.

| lead | Rs, Rp, Cp | load at 100 µs |
|---|---|---|
| good | 500 Ω, 3 kΩ, 0.5 µF | 693 Ω |
| half of both pads off | 1 kΩ, 6 kΩ, 0.25 µF | 1.39 kΩ |
| dry gel | 1.5 kΩ, 10 kΩ, 0.1 µF | 2.45 kΩ |
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import exp
from statistics import median
from typing import Final

from drivers.messages import LeadContact
from drivers.stimulator import Recording

GOOD_LOAD_OHM: Final = (100, 1_000)
"""[D] Above: half a pad off, or its gel dry. Below: less than tissue, as when two pads touch each other. To
be shown on hardware."""
OPEN_LOAD_OHM: Final = 10_000
"""[D] From here on there is no contact to speak of. To be shown on hardware."""
FLOWING_SHARE: Final = 0.5
"""[D] With less than this of the set current the lead is open, whatever the voltage says."""

SETTLED_US: Final = 9
"""[D] What an output stage may take for an edge: samples so near to either end of a phase are not used."""
BEGUN_SHARE: Final = 0.2
"""The pulse has begun where its recording reaches this part of its largest value."""
LEAST_HUNDREDTHS: Final = 5
"""A recording that nowhere reaches this (0.05 mA or V) shows no pulse."""
LEAST_SAMPLES: Final = 6
"""Of one pulse phase, for a line to be drawn through them."""
TIME_CONSTANTS_US: Final = tuple(50 * 2**step for step in range(8))
"""50 µs … 6.4 ms are tried: between two of them the fitted load differs by less than noise changes it."""


class Unusable(ValueError):  # noqa: N818 - it names what was measured
    """A recording from which no load can be read; str(self) says why."""


def lead_contacts(channels: Sequence[int], recordings: Sequence[Recording]) -> Iterator[LeadContact]:
    """What the pulses of one probe say of each channel's pair of pads. Raises Unusable."""
    for channel in channels:
        yield lead_contact(channel, [one for one in recordings if one.pulse.channel == channel])


def lead_contact(channel: int, recordings: Sequence[Recording]) -> LeadContact:
    """What the pulses through one pair of pads say of it. Raises Unusable."""
    currents = [one for one in recordings if one.pulse.measures == "current"]
    voltages = [one for one in recordings if one.pulse.measures == "voltage"]
    if not currents or not voltages:
        raise Unusable(f"channel {channel}: {len(currents)} currents and {len(voltages)} voltages")
    if not all(map(_flows, recordings)):
        return LeadContact(channel, "open", None, None)
    current_mA = median(_current_mA(one) for one in currents)
    loads = [_load_ohm(one, current_mA) for one in voltages]
    load_ohm, series_ohm = max(loads)
    if load_ohm >= OPEN_LOAD_OHM:
        return LeadContact(channel, "open", None, None)
    good = GOOD_LOAD_OHM[0] <= load_ohm <= GOOD_LOAD_OHM[1]
    return LeadContact(channel, "good" if good else "dry", load_ohm, series_ohm)


def _flows(recording: Recording) -> bool:
    """False: open, by the device's own word or by the current that it measured."""
    if recording.hundredths is None:
        return False
    set_mA = recording.pulse.half_mA / 2
    return recording.pulse.measures == "voltage" or _current_mA(recording) >= FLOWING_SHARE * set_mA


def _current_mA(recording: Recording) -> float:
    """The middle one of all samples of the first pulse phase; 0 where none flowed."""
    return median([value for _, value in _first_phase(recording)] or [0.0])


def _load_ohm(recording: Recording, current_mA: float) -> tuple[int, int]:
    """(V/I at the phase's end, series resistance): the model's least squares over the first pulse phase."""
    width_us = recording.pulse.pulse_width_us
    samples = [(time_us, volt / current_mA * 1000) for time_us, volt in _first_phase(recording)]
    if not samples:  # hardly any voltage: the pads touch each other
        return 0, 0
    _, series_ohm, skin_ohm, tau_us = min(_fitted(samples, tau_us) for tau_us in TIME_CONSTANTS_US)
    load_ohm = series_ohm + skin_ohm * (1 - exp(-width_us / tau_us))
    return max(0, round(load_ohm)), max(0, round(series_ohm))


def _fitted(samples: Sequence[tuple[float, float]], tau_us: float) -> tuple[float, float, float, float]:
    """(sum of squared errors, Rs, Rp, `tau_us`) of the best Rs + Rp·(1 − e^(−t/τ)) through (µs, Ω)."""
    rises = [1 - exp(-time_us / tau_us) for time_us, _ in samples]
    ohms = [ohm for _, ohm in samples]
    mean_rise, mean_ohm = sum(rises) / len(rises), sum(ohms) / len(ohms)
    spread = sum((rise - mean_rise) ** 2 for rise in rises)
    skin_ohm = sum((r - mean_rise) * (o - mean_ohm) for r, o in zip(rises, ohms, strict=True)) / spread
    series_ohm = mean_ohm - skin_ohm * mean_rise
    errors = sum((o - series_ohm - skin_ohm * r) ** 2 for r, o in zip(rises, ohms, strict=True))
    return errors, series_ohm, skin_ohm, tau_us


def _first_phase(recording: Recording) -> list[tuple[float, float]]:
    """(µs since the pulse began, mA or V) of its settled first phase; empty where there was hardly anything.

    Raises Unusable when the samples are too few.
    """
    width_us, step_us, values = (
        recording.pulse.pulse_width_us,
        recording.sampling_us,
        recording.hundredths or (),
    )
    strongest = max(values, default=0)
    if strongest < LEAST_HUNDREDTHS:
        return []
    begin = next(index for index, value in enumerate(values) if value >= strongest * BEGUN_SHARE)
    timed = [(at * step_us, value / 100) for at, value in enumerate(values[begin:])]
    phase: list[tuple[float, float]] = [
        (us, value) for us, value in timed if SETTLED_US <= us <= width_us - SETTLED_US
    ]
    if step_us < 1 or len(phase) < LEAST_SAMPLES or phase[-1][0] < width_us / 2:
        raise Unusable(f"{len(phase)} samples, {step_us} µs apart, of a pulse of {width_us} µs")
    return phase
