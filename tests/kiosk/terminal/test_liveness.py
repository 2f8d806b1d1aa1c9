"""Alive means: it answered, and no question is older than 0.75 s."""

from __future__ import annotations

import pytest

from kiosk.terminal.liveness import ANSWER_WITHIN_S, FORGOTTEN_AFTER_S, AlwaysAlive, TerminalLiveness


def test_a_terminal_that_never_answered_is_not_alive() -> None:
    liveness = TerminalLiveness()
    assert not liveness.alive(0.0)
    liveness.asked(0.0)
    assert not liveness.alive(0.1)


def test_an_answer_makes_it_alive_and_an_overdue_one_does_not_keep_it_so() -> None:
    liveness = TerminalLiveness()
    liveness.asked(0.0)
    liveness.answered()
    assert liveness.alive(0.1)
    liveness.asked(0.5)
    assert liveness.alive(0.5 + ANSWER_WITHIN_S)
    assert not liveness.alive(0.5 + ANSWER_WITHIN_S + 0.01)
    liveness.answered()
    assert liveness.alive(2.0)


def test_a_terminal_that_lags_behind_is_not_alive_though_it_answers() -> None:
    """Answers that are two seconds late prove that the picture is two seconds old."""
    liveness = TerminalLiveness()
    liveness.asked(0.0)
    liveness.answered()
    for tick in range(2, 20):
        liveness.asked(tick * 0.5)
        if tick >= 6:
            liveness.answered()
            assert not liveness.alive(tick * 0.5)


def test_dropped_questions_make_it_dead_until_the_next_answer() -> None:
    liveness = TerminalLiveness()
    liveness.asked(0.0)
    liveness.answered()
    liveness.lost()
    assert not liveness.alive(0.1)
    liveness.asked(0.5)
    liveness.answered()
    assert liveness.alive(0.6)


def test_answers_that_got_lost_are_forgotten_when_nothing_was_asked_for_a_while() -> None:
    liveness = TerminalLiveness()
    for asked_s in (0.0, 0.5, 1.0):
        liveness.asked(asked_s)
    liveness.answered()
    assert not liveness.alive(2.0)
    liveness.asked(1.0 + FORGOTTEN_AFTER_S + 0.1)
    assert not liveness.alive(11.2)
    liveness.answered()
    for tick in range(20):
        asked_s = 12.0 + tick * 0.5
        liveness.asked(asked_s)
        assert liveness.alive(asked_s + 0.4)
        liveness.answered()


def test_a_terminal_that_lags_behind_is_not_forgiven_while_it_is_asked() -> None:
    liveness = TerminalLiveness()
    liveness.asked(0.0)
    liveness.answered()
    for tick in range(1, 100):
        liveness.asked(tick * 0.5)
        if tick > 2:
            liveness.answered()
            assert not liveness.alive(tick * 0.5 + 0.3)


def test_a_headless_test_has_one_that_always_is() -> None:
    always = AlwaysAlive()
    always.asked(0.0)
    always.answered()
    always.lost()
    assert always.alive(1e9)


@pytest.mark.parametrize("late_s", [0.0, 0.3, 0.74])
def test_a_terminal_that_answers_in_time_stays_alive(late_s: float) -> None:
    liveness = TerminalLiveness()
    liveness.asked(0.0)
    liveness.answered()
    for tick in range(1, 50):
        asked_s = tick * 0.5
        liveness.asked(asked_s)
        assert liveness.alive(asked_s + min(late_s, 0.49))
        liveness.answered()
