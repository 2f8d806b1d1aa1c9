"""A record is a frozen dataclass with slots, however it is made."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, dataclass, fields, replace
from typing import ClassVar

import pytest

from drivers.record import record


class Plain:
    CODE: ClassVar = 3
    channel: int
    half_mA: int = 4

    def doubled(self) -> int:
        return 2 * self.half_mA


Slow = dataclass(frozen=True, slots=True)(type("Level", (), dict(vars(Plain))))
Quick = record(type("Level", (), dict(vars(Plain))))


@record
class Checked:
    channel: int

    def __post_init__(self) -> None:
        if self.channel < 1:
            raise ValueError("no such channel")


@record
class Left(Checked):
    """Nothing of its own."""


@record
class Nothing:
    """No field at all."""


@pytest.mark.parametrize("made", [Slow, Quick])
def test_it_is_what_a_frozen_dataclass_with_slots_is(made: type) -> None:
    level = made(1, half_mA=2)
    assert (level.channel, level.half_mA, level.doubled(), made.CODE) == (1, 2, 4, 3)
    assert made(1) == made(channel=1, half_mA=4) != level
    assert made(1) in {made(1)}
    assert repr(level) == "Level(channel=1, half_mA=2)"
    assert replace(level, half_mA=6) == made(1, 6)
    assert [field.name for field in fields(level)] == ["channel", "half_mA"]
    assert made.__slots__ == made.__match_args__ == ("channel", "half_mA")
    assert not hasattr(level, "__dict__")
    for change in (lambda: setattr(level, "channel", 2), lambda: delattr(level, "channel")):
        with pytest.raises(FrozenInstanceError):
            change()
    assert level == made(1, 2)


@pytest.mark.parametrize("made", [Slow, Quick])
@pytest.mark.parametrize(
    ("values", "named"), [((), {}), ((1, 2, 3), {}), ((1,), {"channel": 1}), ((1,), {"width": 2})]
)
def test_it_is_not_made_of_too_little_too_much_or_something_else(
    made: type, values: tuple[int, ...], named: dict[str, int]
) -> None:
    with pytest.raises(TypeError):
        made(*values, **named)


def test_it_equals_nothing_of_another_kind() -> None:
    assert Quick(1) != Slow(1)
    assert Checked(1) != Left(1)
    assert Left(1) == Left(1)
    assert Nothing() == Nothing() != Checked(1)


def test_what_it_may_not_be_it_never_is() -> None:
    with pytest.raises(ValueError, match="no such channel"):
        Checked(0)
    with pytest.raises(ValueError, match="no such channel"):
        replace(Left(1), channel=0)


def test_its_parts_are_matched_by_their_place() -> None:
    match Quick(7, 8):
        case Quick(channel, 8):
            assert channel == 7
        case _:
            pytest.fail("not matched")
