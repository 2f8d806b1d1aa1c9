"""Three ends by itself in ten minutes are safe mode; power cuts, orderly ends and clocks are none."""

from __future__ import annotations

import contextlib
import itertools
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.errors import KioskError
from kiosk.ops import starts
from kiosk.ops.starts import FILE, MOST_CRASHES, WITHIN_S, Moment, Starts, begun

BOOT = "boot-1"


def started(*at_s: float, boot: str = BOOT, before: Starts = Starts()) -> Starts:  # noqa: B008 - frozen
    """The kiosk starts at these times and never ends in order."""
    for one in at_s:
        before = begun(before, Moment(boot, one))
    return before


def test_the_fourth_start_after_three_crashes_is_in_safe_mode() -> None:
    assert not started(10, 20, 30).safe
    assert started(10, 20, 30, 40).safe


def test_three_crashes_in_more_than_ten_minutes_are_none() -> None:
    assert not started(0, 10, 10 + WITHIN_S / 2, 11 + WITHIN_S).safe
    assert started(0, 10, 10 + WITHIN_S / 2, 10 + WITHIN_S).safe


def test_a_power_cut_is_no_crash() -> None:
    state = Starts()
    for boot in range(10):
        state = started(30, before=state, boot=f"boot-{boot}")
    assert state.crashes == ()
    assert not state.safe


def test_what_crashed_before_a_power_cut_is_not_counted_with_what_comes_after() -> None:
    state = started(10, 20, 30)
    assert not started(5, 15, 25, before=state, boot="boot-2").safe
    assert started(5, 15, 25, 35, before=state, boot="boot-2").safe


def test_safe_mode_lasts_over_restarts_and_boots() -> None:
    state = started(10, 20, 30, 40)
    state = Starts(state.safe, None, state.crashes)
    assert started(5, before=state, boot="boot-2").safe
    assert started(40 + 10 * WITHIN_S, before=state).safe


@given(st.lists(st.floats(0.0, 3000.0), min_size=1, max_size=12), st.integers(0, 12))
def test_safe_mode_comes_exactly_with_three_crashes_in_ten_minutes(gaps: list[float], orderly: int) -> None:
    """Whatever the times: crashes are dated by the start that comes after them."""
    state, times = Starts(), list(itertools.accumulate(gaps))
    crashes: list[float] = []
    for index, at_s in enumerate(times):
        if index and index != orderly:
            crashes.append(at_s)
        elif index:
            state = Starts(state.safe, None, state.crashes)
        state = begun(state, Moment(BOOT, at_s))
        recent = [one for one in crashes if at_s - one <= WITHIN_S]
        expected = any(
            len([one for one in crashes if end - WITHIN_S <= one <= end]) >= MOST_CRASHES
            for end in times[: index + 1]
        )
        assert state.safe == expected
        assert len(state.crashes) == min(MOST_CRASHES, len(recent))


# ── the file ──


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[Moment]:
    """The moment of now; tests put another in."""
    now = [Moment(BOOT, 100.0)]
    monkeypatch.setattr(starts, "this_moment", lambda: now[0])
    return now


def run(folder: Path, at_s: float, clock: list[Moment], error: BaseException | None = None) -> bool:
    """One run of the kiosk that ends with `error`; whether it was in safe mode."""
    clock[0] = Moment(BOOT, at_s)
    expected = contextlib.nullcontext() if error is None else pytest.raises(type(error))
    with expected, starts.counted(folder) as found:
        if error is None:
            return found.safe
        raise error
    return found.safe


def kill(folder: Path, at_s: float) -> None:
    """A run that was killed: it began, and nothing of it came after."""
    starts._write(folder, begun(starts.read(folder), Moment(BOOT, at_s)))


def test_runs_that_end_in_order_are_never_counted(tmp_path: Path, clock: list[Moment]) -> None:
    for at_s in range(10):
        assert not run(tmp_path, at_s, clock)
    assert starts.read(tmp_path) == Starts()


@pytest.mark.parametrize("end", [KioskError("The disk is full."), KeyboardInterrupt(), SystemExit(1)])
def test_an_end_that_was_asked_for_or_said_is_no_crash(
    tmp_path: Path, clock: list[Moment], end: BaseException
) -> None:
    for at_s in range(5):
        assert not run(tmp_path, at_s, clock, end)


def test_an_error_that_nobody_thought_of_is_one(tmp_path: Path, clock: list[Moment]) -> None:
    assert [run(tmp_path, at_s, clock, RuntimeError("a mistake")) for at_s in range(4)] == [
        False,
        False,
        False,
        True,
    ]


def test_killed_thrice(tmp_path: Path, clock: list[Moment]) -> None:
    for at_s in range(3):
        kill(tmp_path, at_s)
    assert run(tmp_path, 3, clock)
    assert run(tmp_path, 4, clock), "until somebody has looked"
    starts.leave_safe_mode(tmp_path)
    assert not run(tmp_path, 5, clock)


def test_leaving_safe_mode_forgets_the_crashes_but_not_who_runs(tmp_path: Path, clock: list[Moment]) -> None:
    for at_s in range(3):
        kill(tmp_path, at_s)
    with starts.counted(tmp_path):
        starts.leave_safe_mode(tmp_path)
        left = starts.read(tmp_path)
    assert (left.safe, left.crashes) == (False, ())
    assert left.running is not None
    assert starts.read(tmp_path) == Starts()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"safe": "no", "running": null, "crashes": []}',
        b'{"safe": false, "running": 1, "crashes": []}',
        b'{"safe": false, "running": null, "crashes": [{"boot": 1, "at_s": 2}]}',
        b"\xff",
        b"[" * 100_000,
    ],
)
def test_a_file_that_cannot_be_read_is_safe_mode(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    assert starts.read(tmp_path).safe, "nobody knows what happened"


def test_a_pipe_in_its_place_is_safe_mode_and_no_waiting(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    os.mkfifo(tmp_path / FILE)
    assert starts.read(tmp_path) is starts.UNREADABLE
    assert not [one for one in caplog.records if one.exc_info], "a sentence for the doctor's terminal"


def test_a_disk_that_takes_nothing_keeps_nobody_from_the_diary(
    tmp_path: Path, clock: list[Moment], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(starts.durable, "write_file", full)
    assert not run(tmp_path, 1, clock)


def test_the_moment_is_of_this_boot() -> None:
    one, two = starts.this_moment(), starts.this_moment()
    assert one.boot == two.boot
    assert 0 < one.at_s <= two.at_s
