"""A played course: never against a rule, the same from the same seed, and whatever is wrong is noticed."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from kiosk.rehearsal.checker import RuleBroken
from kiosk.rehearsal.life import DAY
from programs import library, progression
from programs.progression import TodayFacts
from programs.screening import Class
from tests.kiosk.rehearsal.played import events, new_course, play, play_all

PLANS = sorted(library.load_courses())


@pytest.mark.parametrize("seed", [44, 75])
def test_soreness_that_was_said_in_the_diary_ends_no_course_for_good(seed: int) -> None:
    """The kiosk locks by its alert, and a clinician opens the lock."""
    played = play(PLANS[seed % len(PLANS)], seed, 10)
    assert played.locks["soreness"]
    assert played.sessions > 10


@pytest.mark.timeout(1800)
def test_no_course_of_any_plan_breaks_a_rule(soak: bool) -> None:
    seeds, weeks = (200 if soak else 20), 26
    played = list(play_all(PLANS, seeds, weeks))
    rules, locks = (
        sum((one.rules for one in played), Counter()),
        sum((one.locks for one in played), Counter()),
    )
    sessions = sum(one.sessions for one in played)
    armings, outputs = sum(one.armings for one in played), sum(one.outputs for one in played)
    print(
        f"{seeds} seeds × {weeks} weeks: {sessions} sessions, {armings} armings, {outputs} outputs looked at"
    )
    print(f"{len(rules)} rules fired; locks {dict(locks)}")
    assert {one.plan for one in played} == set(PLANS)
    assert [one for one in played if one.sessions <= weeks] == [], "somebody came at least once a week"
    assert max(one.highest_mA for one in played) <= 40, "the prescription's limit"
    # What a course is for has to happen somewhere, or nothing was tested.
    expected = {
        "week0",
        "first_sessions_short",
        "muscles_rest",
        "days_per_week",
        "new_stage",
        "rescreen_days",
    }
    expected |= {"lower_sore", "lower_pain", "lower_gap", "shift_pads", "sore", "pain_high"}
    rare = {"pain_up_twice"} if soak else set()
    assert expected | rare <= set(rules)
    assert {"P", "skin"} <= set(locks)


def test_the_same_seed_is_the_same_course_and_another_seed_another() -> None:
    first = events("deconditioned", 5, 6)
    assert first == events("deconditioned", 5, 6)
    assert first != events("deconditioned", 6, 6)


def test_the_first_days_are_for_the_diary_and_the_first_sessions_are_short() -> None:
    happened = events("deconditioned", 1, 4)
    first = next(event for event in happened if event.what == "session")
    assert (first.at - happened[0].at).days >= 6
    assert first.minutes == 25  # ten of work, and what is around them
    tens = [event for event in happened if event.kind == "tens"]
    assert [event.minutes for event in tens[:4]] == [15, 15, 15, 30]


def play_many(weeks: int) -> None:
    """A few patients: not everything happens to each."""
    for seed in range(1, 12):
        play("deconditioned", seed, weeks)


def test_a_day_that_is_not_lowered_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progression, "_factors", lambda *_: ())
    with pytest.raises(RuleBroken, match="may reach"):
        play_many(12)


def a_day_too_many(day: Any) -> Any:
    rx = msgspec.structs.replace(day.prescription, days_per_week=day.prescription.days_per_week + 1)
    return progression._days_of_the_week(msgspec.structs.replace(day, prescription=rx))


def never(day: Any) -> None:
    """The day is open."""


@pytest.mark.parametrize(
    ("constant", "wrong", "said"),
    [
        ("NMES_REST", 0 * progression.NMES_REST, "hours of rest"),
        ("NMES_REST_FIRST_WEEKS", progression.NMES_REST, "hours of rest"),
        ("FIRST_SESSIONS", 0, "one of the first three sessions"),
        ("RISE", 1.15, "may reach"),
        ("WITHOUT_HISTORY_MA", 38.0, "may reach"),
        ("CHANGED_WAVEFORM", 1.0, "may reach"),
    ],
)
def test_a_rule_with_a_wrong_number_is_noticed(
    constant: str, wrong: object, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progression, constant, wrong)
    with pytest.raises(RuleBroken, match=said):
        play_many(12)


@pytest.mark.parametrize(
    ("rule", "wrong", "said"),
    [
        ("_days_of_the_week", a_day_too_many, "days in a week"),
        ("_soreness_passes", never, "soreness is"),
    ],
)
def test_a_rule_that_lets_a_day_pass_is_noticed(
    rule: str, wrong: Callable[[Any], Any], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = tuple(wrong if each.__name__ == rule else each for each in progression._DAY_RULES)
    monkeypatch.setattr(progression, "_DAY_RULES", rules)
    with pytest.raises(RuleBroken, match=said):
        play_many(14)


def test_therapy_without_a_valid_prescription_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = tuple(rule for rule in progression._DAY_RULES if rule.__name__ != "_prescription_holds")
    monkeypatch.setattr(progression, "_DAY_RULES", rules)
    monkeypatch.setattr("kiosk.rehearsal.prescription.RENEWED_AFTER", 14 * DAY)
    with pytest.raises(RuleBroken, match="no prescription is valid"):
        play_many(6)


def test_an_output_above_its_limit_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    from kiosk.rehearsal.guard import VirtualArming

    whole = VirtualArming.applied
    monkeypatch.setattr(
        VirtualArming,
        "applied",
        lambda self, fraction: {channel: 2 * mA for channel, mA in whole(self, fraction).items()},
    )
    with pytest.raises(RuleBroken, match="above its limit"):
        play("deconditioned", 1, 12)


def test_an_arming_past_a_lock_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    from kiosk.rehearsal.clinician import Clinician

    monkeypatch.setattr(Clinician, "holds_back", False)
    monkeypatch.setattr("kiosk.rehearsal.questions.SAYS_YES", dict.fromkeys(Class, 0.004))
    with pytest.raises(RuleBroken, match="the lock"):
        play_many(8)


def test_what_was_said_today_decides_today() -> None:
    course = new_course("deconditioned", 1)
    for _ in course.days(70):
        pass
    sore = course._next(TodayFacts(soreness=8))
    assert [reason.rule for reason in sore.reasons] in (["soreness_locked"], ["sore"])


@pytest.mark.timeout(600)
def test_memory_does_not_grow_with_the_weeks(soak: bool) -> None:
    short, long = (52, 208) if soak else (2, 6)
    peaks_kB = {}
    for weeks in (1, short, long):  # the first one fills the caches
        tracemalloc.start()
        play("deconditioned", 3, weeks)
        peaks_kB[weeks] = tracemalloc.get_traced_memory()[1] / 1024
        tracemalloc.stop()
    print(f"peak {peaks_kB[short]:.0f} kB in {short} weeks, {peaks_kB[long]:.0f} kB in {long}")
    assert peaks_kB[long] < peaks_kB[short] + 200
