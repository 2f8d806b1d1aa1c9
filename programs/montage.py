"""Where pads go: montages as data. Source: clinical reference section 2."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from math import hypot
from typing import Literal

import msgspec

from programs import dose
from programs.checked_toml import Problem
from programs.text import Text

Side = Literal["left", "right", "both"]
Kind = Literal["tens", "nmes"]

MIN_GAP_CM = 3.0
MAX_GAP_CM = 30.0
"""Clinical reference 2: gap between pads 3…30 cm (S84); touching pads burn (CHT)."""
LEAD_COLOURS = ("red", "blue", "black", "white")
"""Of channels 1…4, as printed on the P24's leads."""


class Pad(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One pad on the back as seen from behind.

    Centre in cm: x to the right of the spine (left negative), y below the lowest rib.
    """

    number: int
    x_cm: float
    y_cm: float
    where: Text


class Lead(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One lead: one channel, two pads, one side."""

    channel: int
    colour: Literal["red", "blue", "black", "white"]
    side: Side
    pads: tuple[Pad, Pad]


class Montage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A set of leads. `armable` false: readable, never armed."""

    id: str
    name: Text
    kinds: tuple[Kind, ...]
    armable: bool
    source: str
    leads: tuple[Lead, ...]
    pad_width_cm: float
    """Across the back."""
    pad_height_cm: float
    """Along the spine."""
    spacing: Text
    """The one line that tells the distances ("Two fingers from the bony line …")."""
    posture: Text | None = None
    """How to sit or lie: supported and neutral, never bent forward (FOU21)."""
    never_armed_because: Text | None = None
    """Only, and always, where `armable` is false."""

    @property
    def pad_area_cm2(self) -> float:
        """Nominal area of one pad in cm²."""
        return self.pad_width_cm * self.pad_height_cm

    @property
    def pad_size(self) -> str:
        """Width by height: "5x9". Levels are comparable only on the same pads."""
        return f"{self.pad_width_cm:g}x{self.pad_height_cm:g}"

    @property
    def pads(self) -> tuple[Pad, ...]:
        """All pads in the order of their numbers."""
        return tuple(sorted((pad for lead in self.leads for pad in lead.pads), key=lambda pad: pad.number))

    def with_pads(self, width_cm: float, height_cm: float) -> Montage:
        """The same places with pads of another size."""
        return msgspec.structs.replace(self, pad_width_cm=width_cm, pad_height_cm=height_cm)

    def gap_cm(self, one: Pad, other: Pad) -> float:
        """The shortest way over bare skin from pad to pad; 0 where they touch or overlap."""
        across = max(0.0, abs(one.x_cm - other.x_cm) - self.pad_width_cm)
        along = max(0.0, abs(one.y_cm - other.y_cm) - self.pad_height_cm)
        return hypot(across, along)


def problems(montage: Montage) -> Iterator[Problem]:
    """What the rules of clinical reference 2 forbid in this montage; nothing when it is well."""
    if montage.armable == (montage.never_armed_because is not None):
        found = "a reason" if montage.armable else "nothing"
        yield Problem("never_armed_because", found, "a reason exactly where armable is false")
    if not montage.pad_area_cm2 >= dose.MIN_PAD_AREA_CM2:
        yield Problem("pad_width_cm", f"pads of {montage.pad_area_cm2:g} cm²", "at least 25 cm²")
    if not montage.kinds or len(set(montage.kinds)) != len(montage.kinds):
        yield Problem("kinds", repr(list(montage.kinds)), '"tens", "nmes" or both')
    numbers = [pad.number for pad in montage.pads]
    if numbers != list(range(1, len(numbers) + 1)):
        yield Problem("leads", f"pads numbered {numbers}", "pads numbered 1, 2, 3 …, each once")
    channels = [lead.channel for lead in montage.leads]
    if channels != list(range(1, len(channels) + 1)) or len(channels) > len(LEAD_COLOURS):
        yield Problem("leads", f"channels {channels}", "channels 1, 2, 3 … in order, at most four")
    for index, lead in enumerate(montage.leads):
        yield from _lead_problems(montage, lead, f"leads[{index}]")
    for one, other in combinations(montage.pads, 2):
        if not (gap := montage.gap_cm(one, other)) >= MIN_GAP_CM:
            between = f"{gap:.1f} cm between pads {one.number} and {other.number}"
            yield Problem("leads", between, "at least 3 cm")


def _lead_problems(montage: Montage, lead: Lead, at: str) -> Iterator[Problem]:
    if 1 <= lead.channel <= len(LEAD_COLOURS) and lead.colour != LEAD_COLOURS[lead.channel - 1]:
        yield Problem(
            f"{at}.colour", lead.colour, f"{LEAD_COLOURS[lead.channel - 1]}, as printed on the device"
        )
    if not (gap := montage.gap_cm(*lead.pads)) <= MAX_GAP_CM:
        yield Problem(f"{at}.pads", f"{gap:.1f} cm between its pads", "at most 30 cm")
    crosses = min(pad.x_cm for pad in lead.pads) < 0 < max(pad.x_cm for pad in lead.pads)
    if crosses != (lead.side == "both"):
        yield Problem(f"{at}.side", lead.side, 'the side of both pads, or "both" where they lie on two')
    if crosses and "nmes" in montage.kinds:
        yield Problem("kinds", "nmes with a lead that crosses the spine", "tens only")
    for number, pad in enumerate(lead.pads):
        if abs(pad.x_cm) < montage.pad_width_cm / 2:
            yield Problem(f"{at}.pads[{number}].x_cm", f"{pad.x_cm:g}, on the bony line", "a pad beside it")
        if lead.side != "both" and (pad.x_cm < 0) != (lead.side == "left"):
            expected = f"a pad on the {lead.side} (left is negative)"
            yield Problem(f"{at}.pads[{number}].x_cm", f"{pad.x_cm:g}", expected)
