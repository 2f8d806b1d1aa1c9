"""What flowed in the last 24 hours: no clock that somebody sets makes it less."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers import limits as c
from drivers.tally import DAY_S, Moment, Tally

HOUR_S = 3_600.0


class Clocks:
    """A box: time passes, clocks are set, it is switched off and on."""

    def __init__(self) -> None:
        self.boot, self.boot_s, self.wall_s = 1, 1_000.0, 1.9e9

    def __call__(self) -> Moment:
        return Moment(f"boot {self.boot}", self.boot_s, self.wall_s)

    def passes(self, seconds: float) -> None:
        self.boot_s += seconds
        self.wall_s += seconds

    def set_by(self, seconds: float) -> None:
        self.wall_s += seconds

    def off_for(self, seconds: float) -> None:
        self.boot, self.boot_s, self.wall_s = self.boot + 1, 20.0, self.wall_s + seconds


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


def test_what_flowed_is_forgotten_after_24_hours_and_not_at_midnight(clocks: Clocks) -> None:
    tally = Tally(None, clocks)
    tally.add(600)
    clocks.passes(23.9 * HOUR_S)
    assert tally.seconds() == 600
    clocks.passes(0.2 * HOUR_S)
    assert tally.seconds() == 0


@pytest.mark.parametrize("days", [-3650, -1, 1, 3650])
def test_a_clock_that_is_set_while_it_runs_changes_nothing(clocks: Clocks, days: int) -> None:
    tally = Tally(None, clocks)
    tally.add(600)
    clocks.set_by(days * DAY_S)
    clocks.passes(23.9 * HOUR_S)
    assert tally.seconds() == 600
    clocks.passes(0.2 * HOUR_S)
    assert tally.seconds() == 0


def test_a_box_that_is_switched_off_overnight_goes_by_its_clock(tmp_path: Path, clocks: Clocks) -> None:
    tally = Tally(str(tmp_path), clocks)
    tally.add(600)
    tally.save()
    clocks.off_for(12 * HOUR_S)
    tally = Tally(str(tmp_path), clocks)
    assert tally.seconds() == 600
    clocks.off_for(12 * HOUR_S)
    assert Tally(str(tmp_path), clocks).seconds() == 0


def test_a_clock_that_went_back_over_a_restart_frees_nothing_before_a_day_of_running(
    tmp_path: Path, clocks: Clocks
) -> None:
    tally = Tally(str(tmp_path), clocks)
    tally.add(600)
    tally.save()
    clocks.off_for(-50 * 365 * DAY_S)
    clocks.passes(12 * HOUR_S)
    tally = Tally(str(tmp_path), clocks)
    clocks.passes(11.9 * HOUR_S)
    assert tally.seconds() == 600
    clocks.passes(0.2 * HOUR_S)
    assert tally.seconds() == 0, "and does not lock the box for years"


def test_a_reserved_plan_counts_from_its_end_on(tmp_path: Path, clocks: Clocks) -> None:
    Tally(str(tmp_path), clocks).save(reserve_s=2_700)
    tally = Tally(str(tmp_path), clocks)
    assert tally.seconds() == 2_700
    clocks.passes(24.5 * HOUR_S)
    assert tally.seconds() == 2_700, "the crash may have come at the plan's end"
    clocks.passes(0.5 * HOUR_S)
    assert tally.seconds() == 0


def test_a_true_count_takes_the_place_of_what_was_reserved(tmp_path: Path, clocks: Clocks) -> None:
    tally = Tally(str(tmp_path), clocks)
    tally.save(reserve_s=2_700)
    tally.add(10)
    tally.save()
    assert Tally(str(tmp_path), clocks).seconds() == 10


def test_restarts_of_the_device_are_kept_over_a_restart_of_the_guard_and_forgotten_after_24_hours(
    tmp_path: Path, clocks: Clocks
) -> None:
    tally = Tally(str(tmp_path), clocks)
    tally.restarted()
    clocks.passes(2 * HOUR_S)
    tally.restarted()
    tally.save()
    assert Tally(str(tmp_path), clocks).restarts() == 2, "another guard of this boot"
    clocks.off_for(20 * HOUR_S)
    tally = Tally(str(tmp_path), clocks)
    assert tally.restarts() == 2, "another boot"
    clocks.passes(2.1 * HOUR_S)
    assert tally.restarts() == 1
    clocks.passes(2 * HOUR_S)
    assert tally.restarts() == 0


def test_a_clock_that_is_set_forgets_no_restart_of_the_device(tmp_path: Path, clocks: Clocks) -> None:
    tally = Tally(str(tmp_path), clocks)
    tally.restarted()
    clocks.set_by(3650 * DAY_S)
    assert tally.restarts() == 1
    tally.save()
    clocks.off_for(-7300 * DAY_S)
    assert Tally(str(tmp_path), clocks).restarts() == 1


def test_a_tally_that_knows_of_no_restarts_is_read(tmp_path: Path, clocks: Clocks) -> None:
    (tmp_path / "tally.json").write_text('{"boot_id":"boot 1","boot_s":1000,"wall_s":1.9e9,"stints":[]}')
    tally = Tally(str(tmp_path), clocks)
    assert (tally.seconds(), tally.restarts()) == (0, 0)


def test_a_long_day_is_few_lines(tmp_path: Path, clocks: Clocks) -> None:
    tally = Tally(str(tmp_path), clocks)
    for _ in range(24 * 60):
        tally.add(1)
        clocks.passes(60)
    tally.save()
    assert len(json.loads((tmp_path / "tally.json").read_text())["stints"]) <= 25


@settings(max_examples=50)
@given(
    st.lists(
        st.tuples(st.sampled_from(["flow", "pass", "set", "off"]), st.floats(-40_000, 40_000)), max_size=20
    )
)
def test_it_is_never_less_than_what_flowed_whatever_clock_is_set_while_it_runs(
    events: list[tuple[str, float]],
) -> None:
    """The real count, by a clock that nobody can set, against the tally's; right only at a restart."""
    with TemporaryDirectory() as folder:
        play(folder, events)


def play(folder: str, events: list[tuple[str, float]]) -> None:
    clocks, real_s, wrong_s, flowed = Clocks(), 0.0, 0.0, [(0.0, 0.0)]
    tally = Tally(folder, clocks)
    for what, amount in events:
        lasting_s = max(30.0, abs(amount))
        if what == "flow":
            seconds = lasting_s / 1_000
            clocks.passes(seconds)
            real_s += seconds
            tally.add(seconds)
            flowed.append((real_s, seconds))
        elif what == "pass":
            clocks.passes(lasting_s)
            real_s += lasting_s
        elif what == "set":
            clocks.set_by(amount)
            wrong_s += amount
        else:
            clocks.set_by(-wrong_s)
            wrong_s = 0.0
            tally.save()
            clocks.off_for(lasting_s)
            real_s += lasting_s
            tally = Tally(folder, clocks)
        assert tally.seconds() >= sum(s for at_s, s in flowed if real_s - at_s < DAY_S - 1) - 1e-6


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"stints":[{}]}',
        '{"stints":[1]}',
        '{"day":"2030-01-01"}',
        '{"day":"2030-01-01","seconds":NaN}',
        '{"boot_id":"a","boot_s":0,"wall_s":0,"stints":[{"began_s":0,"ended_s":0,"seconds":-1}]}',
        '{"boot_id":"a","boot_s":0,"wall_s":0,"stints":[{"began_s":0,"ended_s":NaN,"seconds":1}]}',
        '{"boot_id":"a","boot_s":0,"wall_s":0,"stints":[{"began_s":0,"ended_s":"0","seconds":1}]}',
        '{"boot_id":"a","boot_s":0,"wall_s":NaN,"stints":[{"began_s":0,"ended_s":0,"seconds":1}]}',
        '{"boot_id":"a","boot_s":null,"wall_s":0,"stints":[{"began_s":0,"ended_s":0,"seconds":1}]}',
        '{"boot_id":"a","wall_s":0,"stints":[{"began_s":0,"ended_s":0,"seconds":1}]}',
        '{"boot_id":"a","boot_s":0,"wall_s":0,"stints":[],"restarts":["0"]}',
        '{"boot_id":"a","boot_s":0,"wall_s":0,"stints":[],"restarts":1}',
    ],
)
def test_what_cannot_be_read_counts_as_a_full_day(tmp_path: Path, clocks: Clocks, text: str) -> None:
    (tmp_path / "tally.json").write_text(text)
    tally = Tally(str(tmp_path), clocks)
    assert tally.seconds() == c.MAX_DAY_S
    clocks.passes(DAY_S)
    assert tally.seconds() == 0


def test_a_tally_of_a_calendar_day_is_taken_over_in_full(tmp_path: Path, clocks: Clocks) -> None:
    (tmp_path / "tally.json").write_text('{"day":"2030-01-01","seconds":1234.5}')
    assert Tally(str(tmp_path), clocks).seconds() == 1234.5
