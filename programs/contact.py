"""Whether the pads hold as well as they did: the series resistance from check to check (safety rule 22).

Gel that dries raises it before the check itself calls a lead dry. Compared is only what is comparable: the
same place, the same pads, the same lead. Not a reason against a session, only one to press the pads.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Final

import msgspec

LAST_GOOD: Final = 5
LEAST_GOOD: Final = 2
"""One check alone says nothing of what is usual."""
RISE: Final = (13, 10)
"""[D] 1.3 times the usual …"""
LEAST_RISE_OHM: Final = 100
"""[D] … and so much more at least: below it is what one measurement differs from the next by."""


class GoodContact(msgspec.Struct, frozen=True):
    """One lead of a check that found it good."""

    montage: str
    pads: str
    channel: int
    series_ohm: int


def holds_less(now: GoodContact, past: Sequence[GoodContact]) -> bool:
    """`now` is clearly above the median of the last good ones with its place, pads and lead.

    `past` in the order of time, without `now`; False while there are too few to compare with.
    """
    place = (now.montage, now.pads, now.channel)
    alike = [one.series_ohm for one in past if (one.montage, one.pads, one.channel) == place]
    if len(alike) < LEAST_GOOD:
        return False
    usual_ohm = median(alike[-LAST_GOOD:])
    times, of = RISE
    return now.series_ohm * of >= usual_ohm * times and now.series_ohm - usual_ohm >= LEAST_RISE_OHM
