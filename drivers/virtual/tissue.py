"""Skin and tissue under one lead (both its pads), as far as a stimulator notices them.

A current step I raises the voltage V(t) = I·(Rs + Rp·(1 − e^(−t/RpCp))): tissue in series with the skin,
which charges. Ω × µF = µs, mA × Ω = mV.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, exp
from typing import Final


@dataclass(frozen=True, slots=True)
class Lead:
    """Series resistance, skin resistance and skin capacitance."""

    series_ohm: float
    skin_ohm: float
    skin_uF: float

    @property
    def time_constant_us(self) -> float:
        return self.skin_ohm * self.skin_uF

    def voltage_V(self, current_mA: float, time_us: float) -> float:
        """Voltage needed at the end of a phase of `time_us` that began with the skin uncharged."""
        skin_ohm = self.skin_ohm * (1 - exp(-time_us / self.time_constant_us))
        return current_mA * (self.series_ohm + skin_ohm) / 1000

    def half_off(self) -> Lead:
        """Half the contact area: twice the resistances, half the capacitance."""
        return replace(
            self, series_ohm=2 * self.series_ohm, skin_ohm=2 * self.skin_ohm, skin_uF=self.skin_uF / 2
        )


GOOD: Final = Lead(series_ohm=500, skin_ohm=3_000, skin_uF=0.5)
DRY: Final = Lead(series_ohm=1_500, skin_ohm=10_000, skin_uF=0.1)
DUMMY: Final = Lead(series_ohm=1_000, skin_ohm=1, skin_uF=1)
"""A resistor: nothing of it charges within a pulse."""


@dataclass(frozen=True, slots=True)
class Measured:
    """`samples`: (current in mA, voltage in V), signed, one every `sampling_us` from the beginning on."""

    sampling_us: int
    samples: tuple[tuple[float, float], ...]


def measure(lead: Lead | None, points: Sequence[tuple[int, float]], supply_V: float, count: int) -> Measured:
    """What a source of at most `supply_V` drives through `lead` (None: open) for `points` of (µs, mA).

    The sampling interval is the shortest whole number of microseconds with which `count` samples hold all.
    """
    total_us = sum(duration_us for duration_us, _ in points)
    sampling_us = max(1, ceil(total_us / count))
    samples = []
    skin_V = 0.0
    elapsed_us = 0
    for duration_us, set_mA in points:
        for _ in range(duration_us):
            current_mA, voltage_V = _drive(lead, set_mA, skin_V, supply_V)
            if elapsed_us % sampling_us == 0:
                samples.append((current_mA, voltage_V))
            if lead is not None:
                settled_V = current_mA * lead.skin_ohm / 1000
                skin_V = settled_V + (skin_V - settled_V) * exp(-1 / lead.time_constant_us)
            elapsed_us += 1
    samples += [(0.0, skin_V)] * (count - len(samples))
    return Measured(sampling_us, tuple(samples[:count]))


def _drive(lead: Lead | None, set_mA: float, skin_V: float, supply_V: float) -> tuple[float, float]:
    """(mA that flows, V at the terminals) while `set_mA` is asked for."""
    if lead is None:
        return 0.0, supply_V if set_mA > 0 else -supply_V if set_mA < 0 else 0.0
    most_mA = (supply_V - skin_V) / lead.series_ohm * 1000
    least_mA = (-supply_V - skin_V) / lead.series_ohm * 1000
    current_mA = min(max(set_mA, least_mA), most_mA)
    return current_mA, skin_V + current_mA * lead.series_ohm / 1000
