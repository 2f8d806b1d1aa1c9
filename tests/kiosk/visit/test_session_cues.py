"""What the session says to the hands: when ▲ counts, before it is pressed in vain, and to let go of Enter."""

from __future__ import annotations

import dataclasses

import pytest
from msgspec.structs import replace

from drivers.messages import Pattern
from kiosk.keys import Key
from kiosk.page import LevelFinding, Running
from kiosk.session import machine
from kiosk.session.state import Notice, Pressed, SessionState
from kiosk.visit.pages import rhythm, session
from kiosk.visit.state import Moment
from tests.kiosk.visit.visit_album import Shot, album

CYCLE = Pattern("cycle", up_ms=2000, on_ms=6000, down_ms=1000, off_ms=9000)
NOW = "You can press ▲ now."
SINCE_STATUS_S = 0.5


@pytest.fixture(scope="module")
def finding() -> Shot:
    return next(shot for shot in album() if shot.name == "session strong 0 nmes")


def cue(shot: Shot, *, at_ms: int, may_raise: bool, **changes: object) -> str:
    """At a time of the phase; the guard's last word is half a second old."""
    state = shot.session
    assert state is not None
    assert state.status is not None
    said = dataclasses.replace(state.status, may_raise=may_raise, phase_elapsed_ms=at_ms)
    side = replace(state.side, contraction_base_half_mA=state.side.level_half_mA)
    state = replace(state, sides=(side, *state.sides[1:]), status=said, status_s=100.0, notice=None)
    state = replace(state, **changes)
    body = session.page(shot.visit, Moment(shot.moment.now, 100.0 + SINCE_STATUS_S), state).body
    assert isinstance(body, LevelFinding)
    return body.cue


def seconds_left(shot: Shot, at_ms: int) -> int:
    assert shot.session is not None
    assert shot.session.phase is not None
    pattern = shot.session.phase.pattern
    return round(rhythm.until_plateau_ms(pattern, at_ms + round(1000 * SINCE_STATUS_S)) / 1000)


def test_on_the_plateau_it_may_be_pressed(finding: Shot) -> None:
    assert cue(finding, at_ms=3000, may_raise=True) == NOW


@pytest.mark.parametrize("at_ms", [0, 8200, 9000, 16000])
def test_beside_it_the_seconds_until_the_next_are_counted(finding: Shot, at_ms: int) -> None:
    expected = f"Wait. You can press ▲ again in {max(1, seconds_left(finding, at_ms))} s."
    assert cue(finding, at_ms=at_ms, may_raise=False) == expected


def test_after_two_mA_in_one_squeeze_it_is_the_next_one_that_counts(finding: Shot) -> None:
    assert finding.session is not None
    raised = replace(finding.session.side, contraction_base_half_mA=finding.session.side.level_half_mA - 4)
    said = cue(finding, at_ms=3000, may_raise=True, sides=(raised, *finding.session.sides[1:]))
    assert said.startswith("Wait. You can press ▲ again in 1")


def test_at_the_limit_and_at_rest_nothing_is_said_of_it(finding: Shot) -> None:
    assert finding.session is not None
    full = replace(finding.session.side, ceiling_half_mA=finding.session.side.level_half_mA)
    assert cue(finding, at_ms=3000, may_raise=True, sides=(full, *finding.session.sides[1:])) == ""
    assert cue(finding, at_ms=3000, may_raise=False, resting=True) == ""


def test_what_is_said_is_what_the_machine_then_does(finding: Shot) -> None:
    state = finding.session
    assert state is not None
    assert state.status is not None
    for may_raise in (True, False):
        told = replace(state, status=dataclasses.replace(state.status, may_raise=may_raise))
        assert (machine.up_refused(told) is None) is pressed_raises(told)


def pressed_raises(state: SessionState) -> bool:
    late_s = state.last_raise_s + 60
    after, _effects = machine.step(replace(state, notice=None), Pressed(Key.UP), late_s)
    return after.side.level_half_mA > state.side.level_half_mA


def test_the_next_plateau_is_counted_from_every_time_of_a_cycle() -> None:
    assert [rhythm.until_plateau_ms(CYCLE, at) for at in (0, 1500, 2000, 7999, 9000, 17_999, 18_000)] == [
        2000, 500, 18_000, 12_001, 11_000, 2001, 2000
    ]  # fmt: skip


def test_of_a_rest_no_rhythm_is_drawn_though_the_plan_goes_on() -> None:
    for name, drawn in (("session status nmes", True), ("session rest nmes", False)):
        shot = next(shot for shot in album() if shot.name == name)
        assert shot.session is not None
        body = session.page(shot.visit, shot.moment, shot.session).body
        assert isinstance(body, Running)
        assert (bool(body.strip.samples), bool(body.strip.now), bool(body.strip.next_cue)) == (drawn,) * 3


def test_in_a_session_too_a_rise_says_that_any_key_holds_it_until_one_has() -> None:
    for name, said in (
        ("session rising again nmes", "It rises slowly. Any key: it rises no more."),
        ("session held again nmes", "It rises no more. Press ▲: it rises further."),
    ):
        shot = next(shot for shot in album() if shot.name == name)
        body = shot.page().body
        assert isinstance(body, Running)
        assert body.notice == said


LET_GO = "Let go of the key, then press Enter once."


@pytest.mark.parametrize("name", ["session still ok nmes", "session still ok while finding 0 nmes"])
def test_who_holds_enter_reads_that_it_has_to_be_let_go_of(name: str) -> None:
    shot = next(shot for shot in album() if shot.name == name)
    assert shot.session is not None
    prompt = shot.session.prompt
    assert prompt is not None
    state = replace(shot.session, prompt=replace(prompt, held=True))
    for said, expected in ((shot.session, False), (state, True)):
        page = session.page(shot.visit, shot.moment, said)
        assert (LET_GO in repr(page.body)) is expected


@pytest.mark.parametrize("name", ["session offer 0 tens", "session both nmes", "session rest nmes"])
def test_who_presses_enter_twice_where_current_would_start_reads_it_too(name: str) -> None:
    shot = next(shot for shot in album() if shot.name == name)
    assert shot.session is not None
    told = replace(shot.session, notice=Notice("let_go", shot.moment.monotonic_s + 4))
    for said, expected in ((shot.session, False), (told, True)):
        assert (LET_GO in repr(session.page(shot.visit, shot.moment, said).body)) is expected
