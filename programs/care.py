"""Pads, skin and posture: how long pads last, and what a person does with them. Clinical reference 2."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources.abc import Traversable
from typing import Literal

import msgspec

from programs import dose
from programs.checked_toml import Problem
from programs.content_files import (
    ContentError,
    by_id,
    checked,
    decoded,
    line_problems,
    root,
    text_problems,
    unsourced,
)
from programs.montage import MAX_GAP_CM, MIN_GAP_CM
from programs.text import Line, Text

Wear = Literal["good", "order", "worn"]


class PadSize(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A size that is sold: width across the back, height along the spine."""

    width_cm: float
    height_cm: float

    @property
    def area_cm2(self) -> float:
        """Nominal area in cm²."""
        return self.width_cm * self.height_cm

    @property
    def name(self) -> str:
        """Width by height: "5x9"."""
        return f"{self.width_cm:g}x{self.height_cm:g}"


class Gap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Bare skin between two pads in cm."""

    min_cm: float
    max_cm: float


class WearLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long a set of pads lasts, and when to order the next one."""

    sessions: int
    months: int
    order_at_sessions: int
    order_at_days: int
    people: int
    source: str


class Pads(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What there is to know of the pads as numbers."""

    sizes: tuple[PadSize, ...]
    default: str
    min_area_cm2: float
    gap: Gap
    wear: WearLimits
    source: str


class Leaflet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """At most five lines on one subject, as they stand on a screen."""

    id: str
    title: Text
    kind: Literal["instruction", "warning"]
    source: str
    lines: tuple[Line, ...]


@cache
def load_pads() -> Pads:
    """Sizes, gaps and wear. Raises ContentError."""
    return pads_in(root())


@cache
def load_leaflets() -> Mapping[str, Leaflet]:
    """All leaflets by id. Raises ContentError."""
    return leaflets_in(root() / "care")


def pads_in(folder: Traversable) -> Pads:
    """The pads.toml of `folder`, checked. Raises ContentError."""
    pads = decoded(folder / "pads.toml", Pads)
    for problem in pad_problems(pads):
        raise ContentError("pads.toml", *problem)
    return pads


def leaflets_in(folder: Traversable) -> Mapping[str, Leaflet]:
    """The leaflets in `folder`, one a file, checked. Raises ContentError."""
    return checked(by_id(folder, Leaflet), leaflet_problems)


def pad_problems(pads: Pads) -> Iterator[Problem]:
    """What the rules forbid, or what contradicts itself; nothing when it is well."""
    yield from unsourced(pads.source, "source")
    yield from unsourced(pads.wear.source, "wear.source")
    if pads.min_area_cm2 != dose.MIN_PAD_AREA_CM2:
        expected = f"{dose.MIN_PAD_AREA_CM2:g}, as the ceilings are calculated"
        yield Problem("min_area_cm2", f"{pads.min_area_cm2:g}", expected)
    for index, size in enumerate(pads.sizes):
        if not size.area_cm2 >= dose.MIN_PAD_AREA_CM2:
            yield Problem(f"sizes[{index}]", f"{size.area_cm2:g} cm²", "at least 25 cm²")
    names = [size.name for size in pads.sizes]
    if pads.default not in names:
        yield Problem("default", repr(pads.default), "one of " + ", ".join(names))
    if (pads.gap.min_cm, pads.gap.max_cm) != (MIN_GAP_CM, MAX_GAP_CM):
        found = f"{pads.gap.min_cm:g} to {pads.gap.max_cm:g} cm"
        yield Problem("gap", found, f"{MIN_GAP_CM:g} to {MAX_GAP_CM:g} cm, as montages are checked")
    wear = pads.wear
    if not 0 < wear.order_at_sessions < wear.sessions:
        expected = f"fewer than {wear.sessions} sessions"
        yield Problem("wear.order_at_sessions", str(wear.order_at_sessions), expected)
    if not 0 < wear.order_at_days < 28 * wear.months:
        yield Problem("wear.order_at_days", str(wear.order_at_days), f"fewer days than {wear.months} months")
    if wear.people != 1:
        yield Problem("wear.people", str(wear.people), "1: pads are never shared")


def leaflet_problems(leaflet: Leaflet) -> Iterator[Problem]:
    """Lines that cannot be shown; nothing when it is well."""
    yield from text_problems(leaflet)
    yield from line_problems(leaflet.lines, "lines")


def wear(limits: WearLimits, uses: int, first_used: dt.date, today: dt.date) -> Wear:
    """How worn pads are before their next use.

    "worn" once they have done all their sessions or their months are over, "order" from the alert on (INFO,
    clinical reference 6). A first use in the future counts as worn: nobody knows how old they are.
    """
    days = (today - first_used).days
    if uses >= limits.sessions or days < 0 or today > _months_after(first_used, limits.months):
        return "worn"
    if uses >= limits.order_at_sessions or days >= limits.order_at_days:
        return "order"
    return "good"


def _months_after(day: dt.date, months: int) -> dt.date:
    """The same day so many months later, or the last one of a shorter month."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
