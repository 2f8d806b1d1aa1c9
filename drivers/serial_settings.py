"""How a device wants its line. Apart from the port itself: the kiosk lists the drivers and opens none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Direction = Literal["in", "out"]
"""On the line, as the host sees it."""


@dataclass(frozen=True, slots=True)
class SerialSettings:
    """Always 8 data bits."""

    baud: int
    parity: Literal["N", "E"]
    stop_bits: Literal[1, 2]
    rts_cts: bool
