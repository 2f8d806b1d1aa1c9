"""Good frames that the framing finds again after each of five kinds of noise on the line."""

from __future__ import annotations

from benchmarks.figures import Figure
from tests.drivers.line_noise import NOISES, recovered_after_noise


def measure(quick: bool) -> list[Figure]:
    """The worst of the five kinds; a frame that was never sent counts like one that was lost."""
    frames = 300 if quick else 7500
    shares_pct = []
    for noise in NOISES:
        sent, found, invented = recovered_after_noise(noise, frames, seed=24)
        shares_pct.append((found - invented) / sent * 100)
    return [Figure("resync_recovered_pct", min(shares_pct), f"{len(NOISES)} kinds × {frames}")]
