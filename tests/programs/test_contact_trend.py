"""Pads that hold less well than they did: said early, and only from what is comparable."""

from __future__ import annotations

import msgspec
import pytest

from programs.contact import GoodContact, holds_less

USUAL = tuple(GoodContact("M4-par", "5x9", 1, ohm) for ohm in (480, 520, 500))


def now(series_ohm: int, **changes: object) -> GoodContact:
    return msgspec.structs.replace(GoodContact("M4-par", "5x9", 1, series_ohm), **changes)


@pytest.mark.parametrize(
    ("series_ohm", "less"), [(500, False), (400, False), (649, False), (650, True), (800, True)]
)
def test_a_rise_by_three_tenths_is_said(series_ohm: int, less: bool) -> None:
    assert holds_less(now(series_ohm), USUAL) is less


def test_a_rise_that_a_measurement_makes_by_itself_is_not() -> None:
    low = tuple(msgspec.structs.replace(one, series_ohm=200) for one in USUAL)
    assert not holds_less(now(299), low)
    assert holds_less(now(300), low)


@pytest.mark.parametrize("past", [(), USUAL[:1]])
def test_one_check_alone_says_nothing_of_what_is_usual(past: tuple[GoodContact, ...]) -> None:
    assert not holds_less(now(900), past)


@pytest.mark.parametrize("other", [{"montage": "M2"}, {"pads": "5x5"}, {"channel": 2}])
def test_another_place_other_pads_or_another_lead_is_not_compared(other: dict[str, object]) -> None:
    assert not holds_less(now(900, **other), USUAL)


def test_usual_is_what_the_last_five_were() -> None:
    old = tuple(msgspec.structs.replace(one, series_ohm=300) for one in USUAL * 3)
    lately = tuple(msgspec.structs.replace(USUAL[0], series_ohm=ohm) for ohm in (600, 610, 600, 590, 600))
    assert holds_less(now(600), old)
    assert not holds_less(now(610), (*old, *lately))
