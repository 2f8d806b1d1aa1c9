"""How a device wants its line. Apart from the port itself: the kiosk lists the drivers and opens none."""

from __future__ import annotations

from typing import Literal

from drivers.record import record

Direction = Literal["in", "out"]
"""On the line, as the host sees it."""


@record
class SerialSettings:
    """Always 8 data bits."""

    baud: int
    parity: Literal["N", "E"]
    stop_bits: Literal[1, 2]
    rts_cts: bool
