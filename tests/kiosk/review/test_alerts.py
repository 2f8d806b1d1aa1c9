"""The rules of clinical reference 6 one by one: what fires them and what does not, since when, by what."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from kiosk.diary.records import AdverseEvent, Entry, LevelFound, Lock, Session
from kiosk.review.alerts import (
    NEWS_FOR,
    Fact,
    Facts,
    Fall,
    Fired,
    fired,
    new_ones,
)
from kiosk.review.family import Told
from programs.follow_up import Due
from programs.text import Reason

TODAY = dt.date(2026, 11, 20)
"""A Friday: the last whole week begins on Monday 9 November."""
NOON = dt.time(12, tzinfo=dt.UTC)


def ago(days: float) -> dt.datetime:
    return dt.datetime.combine(TODAY, NOON) - dt.timedelta(days=days)


def entry(days_ago: float, **said: Any) -> Fact[Entry]:
    said.setdefault("moment", "daily")
    return Fact(f"entry {days_ago:g}", ago(days_ago), Entry(**said))


def each_day(values: Sequence[int | bool | None], field: str = "pain_rest") -> tuple[Fact[Entry], ...]:
    """One entry a day, the last one today; None: no entry that day."""
    count = len(values)
    return tuple(
        entry(count - 1 - n, **{field: value}) for n, value in enumerate(values) if value is not None
    )


def session(days_ago: float, **fields: Any) -> Fact[Session]:
    plain = Session(
        programme="nmes_learn",
        montage="M4-par",
        session_kind="nmes",
        planned_seconds=900,
        state="done",
        seconds_done=900,
    )
    return Fact(f"session {days_ago:g}", ago(days_ago), replace(plain, **fields))


def event(days_ago: float, symptom: str, grade: int | None = None) -> Fact[AdverseEvent]:
    said = AdverseEvent(
        symptom=symptom, programme="", montage="", current_mA={}, action="stopped", grade=grade
    )
    return Fact(f"event {days_ago:g}", ago(days_ago), said)


def lock(days_ago: float, class_: Any, cause: str) -> Fact[Lock]:
    return Fact(f"lock {days_ago:g}", ago(days_ago), Lock(class_=class_, cause=cause))


def facts(**fields: Any) -> Facts:
    return Facts(today=TODAY, **fields)


def rules(given_facts: Facts) -> list[tuple[str, str]]:
    return [(one.level, one.rule.rule) for one in fired(given_facts)]


CALM = facts(
    entries=each_day([3] * 30),
    sessions=tuple(session(days) for days in range(1, 30, 2)),
    days_per_week=2,
)


def test_a_calm_month_tells_nothing() -> None:
    assert fired(CALM) == ()
    assert fired(facts()) == ()


FLARE = [3] * 7
TABLE: list[tuple[str, Facts, tuple[str, str] | None]] = [
    ("an E answer", facts(locks=(lock(1, "E", "rf_bladder"),)), ("red", "red_answer")),
    ("a U answer", facts(locks=(lock(1, "U", "rf_fever"),)), ("red", "red_answer")),
    ("newly pregnant", facts(locks=(lock(1, "X", "x_preg"),)), ("red", "red_answer")),
    ("dark urine", facts(locks=(lock(0, "E", "d_urine"),)), ("red", "red_answer")),
    ("a clearance is asked for", facts(locks=(lock(0, "C", "c_dm"),)), None),
    ("skin 1", facts(entries=(entry(0, skin=1),)), None),
    ("skin 2", facts(entries=(entry(0, skin=2),)), ("amber", "skin_marked")),
    ("skin 3", facts(entries=(entry(0, skin=3),)), ("red", "red_skin")),
    ("skin 4", facts(entries=(entry(0, skin=4),)), ("red", "red_skin")),
    ("burning", facts(events=(event(0, "burning"),)), ("red", "red_event")),
    ("faint", facts(events=(event(0, "faint"),)), ("red", "red_event")),
    ("an injury", facts(events=(event(0, "injury"),)), ("red", "red_event")),
    ("flare of 3 days", facts(entries=each_day([*FLARE, 5, 5, 5])), ("amber", "pain_up_days")),
    ("flare of 2 days", facts(entries=each_day([*FLARE, 5, 5])), None),
    ("a point more only", facts(entries=each_day([*FLARE, 4, 4, 4])), None),
    ("a base of 4", facts(entries=each_day([3] * 4 + [5] * 3)), None),
    ("a base of 5", facts(entries=each_day([3] * 5 + [5] * 3)), ("amber", "pain_up_days")),
    ("a day unsaid", facts(entries=each_day([*FLARE, 5, None, 5, 5])), ("amber", "pain_up_days")),
    ("three unsaid", facts(entries=each_day([*FLARE, 5, 5, None, None, None, 5])), None),
    ("8 on two days", facts(entries=each_day([8, 8])), ("amber", "pain_very_high")),
    ("8 on one day", facts(entries=each_day([3, 8])), None),
    ("7 on two days", facts(entries=each_day([7, 7])), None),
    (
        "8 after the current",
        facts(entries=tuple(entry(n, pain_rest=9, moment="after") for n in (1, 0))),
        None,
    ),
    ("sore 7", facts(entries=each_day([7], "soreness")), ("amber", "sore_high")),
    ("sore 6 for 72 h", facts(entries=each_day([6, 6, 5, 4], "soreness")), None),
    ("sore 4 for 96 h", facts(entries=each_day([4] * 5, "soreness")), ("amber", "sore_days")),
    ("sore, calm, sore", facts(entries=each_day([5, 5, 3, 5, 5], "soreness")), None),
    ("d_faint", facts(locks=(lock(0, "P", "d_faint"),)), ("amber", "felt_faint")),
    ("ill today", facts(locks=(lock(0, "P", "d_ill"),)), None),
    ("mA 31 % down", facts(falls=(Fall("35 Hz 250 us", 1, 31, TODAY),)), ("amber", "level_fell")),
    ("mA 30 % down", facts(falls=(Fall("35 Hz 250 us", 1, 30, TODAY),)), None),
    ("3 pad faults", facts(sessions=(session(0, pad_faults=3),)), ("amber", "pad_faults")),
    ("2 pad faults", facts(sessions=(session(0, pad_faults=2),)), None),
    ("sleep 3 for 3 nights", facts(entries=each_day([3, 2, 3], "sleep")), ("amber", "sleep_low")),
    ("sleep 3 for 2 nights", facts(entries=each_day([3, 3], "sleep")), None),
    ("sleep 4", facts(entries=each_day([4, 4, 4], "sleep")), None),
    ("3 days without entry", facts(entries=(entry(4, pain_rest=3),)), ("info", "diary_gap")),
    ("2 days without entry", facts(entries=(entry(3, pain_rest=3),)), None),
    (
        "two stopped early",
        facts(sessions=tuple(session(n, state="ended_early", stop_reason="enough") for n in (2, 0))),
        ("info", "early_stops"),
    ),
    (
        "one stopped early",
        facts(sessions=(session(2, state="ended_early", stop_reason="enough"), session(0))),
        None,
    ),
    (
        "two of a fault",
        facts(sessions=tuple(session(n, state="ended_early", stop_reason="unplugged") for n in (2, 0))),
        None,
    ),
]
MEDICINE_WEEKS = (
    ("2 → 3 days is 50 %", 2, 3, False),
    ("2 → 4 days", 2, 4, True),
    ("0 → 2 days", 0, 2, True),
    ("0 → 1 day", 0, 1, False),
    ("4 → 7 days", 4, 7, True),
    ("7 → 7 days", 7, 7, False),
)


@pytest.mark.parametrize(("facts_", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_the_table_of_the_reference(facts_: Facts, expected: tuple[str, str] | None) -> None:
    assert rules(facts_) == ([] if expected is None else [expected])


@pytest.mark.parametrize(
    ("before", "after", "fires"), [row[1:] for row in MEDICINE_WEEKS], ids=[row[0] for row in MEDICINE_WEEKS]
)
def test_medicine_week_on_week(before: int, after: int, fires: bool) -> None:
    """Monday 2 to Sunday 15 November; what comes after it is not a whole week yet."""
    week = [n < before for n in range(7)] + [n < after for n in range(7)]
    entries = each_day([*week, True, True, True, True, True], "medicine")
    assert rules(facts(entries=entries)) == ([("amber", "medicine_up")] if fires else [])


def test_medicine_says_nothing_of_a_week_with_few_answers() -> None:
    week = [False, False, False, False, None, None, None, *[True] * 7, *[None] * 4, True]
    assert rules(facts(entries=each_day(week, "medicine"))) == []


@pytest.mark.parametrize(("held", "fires"), [(4, False), (3, True), (2, True)])
def test_planned_sessions_of_two_whole_weeks(held: int, fires: bool) -> None:
    """Four planned: three are fewer than 80 %."""
    sessions = (*(session(17 - 2 * n) for n in range(held)), session(40))
    found = rules(facts(sessions=tuple(sorted(sessions, key=lambda one: one.at)), days_per_week=2))
    assert found == ([("info", "sessions_missed")] if fires else [])


def test_nothing_is_missed_before_the_course_has_begun_or_while_it_is_locked() -> None:
    assert rules(facts(sessions=(session(10),), days_per_week=2)) == []
    assert rules(facts(sessions=(session(40),), days_per_week=2, locked=True)) == []


@pytest.mark.parametrize(
    ("kind", "rule", "level"),
    [
        ("review", "review_no_change", "info"),
        ("review", "no_benefit", "info"),
        ("pads", "pads_order", "info"),
        ("rescreen", "rescreen_days", "info"),
        ("pain", "pain_up_twice", "amber"),
        ("form", "form_due", None),
    ],
)
def test_what_is_due_is_told(kind: Any, rule: str, level: str | None) -> None:
    due = Due(kind, TODAY, Reason(rule, {"weeks": 6}))
    assert rules(facts(follow_up=(due,))) == ([] if level is None else [(level, rule)])


def test_each_names_the_day_it_began_and_the_records_behind_it() -> None:
    (flare,) = fired(facts(entries=each_day([*FLARE, 5, 6, 5])))
    assert flare.since == TODAY - dt.timedelta(days=2)
    assert flare.records == ("entry 2", "entry 1", "entry 0")
    assert flare.rule.parameters == {"days": 3}
    (sore,) = fired(facts(entries=each_day([2, 4, 4, 4, 5, 5], "soreness")))
    assert sore.rule.parameters == {"soreness": 5, "since": "2026-11-16"}
    levels = tuple(
        Fact(
            f"level {n}",
            ago(n),
            LevelFound(
                session_id="s",
                waveform="35 Hz 250 us",
                montage="M4-par",
                pads="5x9",
                side="left",
                channel=channel,
                device_kind="p24",
                first_feeling_mA=5.0,
                where="left",
                comfortable_mA=10.0,
                ceiling_mA=30.0,
                ceiling_set_by=Reason("no_history"),
            ),
        )
        for n, channel in ((9, 1), (6, 1), (4, 2), (3, 1), (1, 1), (0, 1))
    )
    (fell,) = fired(facts(levels=levels, falls=(Fall("35 Hz 250 us", 1, 40, TODAY),)))
    assert fell.records == ("level 6", "level 3", "level 1", "level 0")


@pytest.mark.parametrize(
    ("red", "lock_of_its_own"),
    [
        (facts(events=(event(0, "burning"),)), lock(0, "red", "burning")),
        (facts(events=(event(0, "faint"),)), lock(0, "red", "faint")),
        (facts(entries=(entry(0, skin=3),)), lock(0, "skin", "skin_3")),
    ],
)
def test_a_red_one_locks_unless_its_own_lock_was_set(red: Facts, lock_of_its_own: Fact[Lock]) -> None:
    assert [one.locks for one in fired(red)] == ["red"]
    assert [one.locks for one in fired(replace(red, locks=(lock_of_its_own,)))] == [None]


def test_a_lock_that_was_opened_before_does_not_stand_for_the_next_time() -> None:
    old = lock(3, "skin", "skin_3")
    again = facts(entries=(entry(0, skin=3),), locks=(old,))
    assert [one.locks for one in fired(again)] == ["red"]
    assert [one.locks for one in fired(replace(again, standing=frozenset({old.id})))] == [None]


def test_a_lock_for_something_else_does_not_stand_for_a_burn() -> None:
    other = facts(events=(event(0, "burning"),), locks=(lock(0, "red", "faint"),))
    assert [one.locks for one in fired(other)] == ["red"]


def test_much_pain_closes_the_muscles_until_a_clinician_has_looked() -> None:
    flare = facts(entries=each_day([*FLARE, 5, 5, 5]))
    assert [one.locks for one in fired(flare)] == ["pain"]
    set_since = replace(flare, locks=(lock(0, "pain", "pain_up_days"),))
    assert [one.locks for one in fired(set_since)] == [None], "opened since or not, it was set for this"


# ── journalled once ─────────────────────────────────────────────────────────────────────────────


def told(one: Fired, days_ago: float = 0, **fields: Any) -> Told:
    plain = Told(
        id="a", at=ago(days_ago), level=one.level, rule=one.rule, since=one.since, records=one.records
    )
    return replace(plain, **fields)


def test_an_episode_is_told_once_however_long_it_goes_on() -> None:
    (first,) = fired(facts(entries=each_day([*FLARE, 5, 5, 5])))
    (longer,) = fired(facts(entries=each_day([*FLARE, 5, 5, 5, 6, 6])))
    assert new_ones([first], [], TODAY) == (first,)
    shifted = replace(longer, since=first.since)
    for done_at in (None, ago(0)):
        assert new_ones([shifted], [told(first, done_at=done_at)], TODAY) == ()
    another = replace(first, since=first.since + dt.timedelta(days=20), until=TODAY + NEWS_FOR)
    assert new_ones([another], [told(first)], TODAY) == (another,)


def test_what_was_told_at_the_moment_itself_is_not_told_again() -> None:
    (pads,) = fired(facts(sessions=(session(0, pad_faults=3),)))
    at_once = told(pads, rule=Reason("pad_faults", {"count": 3}), since=TODAY)
    assert new_ones([pads], [at_once], TODAY) == ()
    due = Due("pain", TODAY - dt.timedelta(days=2), Reason("pain_up_twice"))
    (rose,) = fired(facts(follow_up=(due,)))
    assert new_ones([rose], [told(rose, since=TODAY)], TODAY) == (), "told days after it began"
    assert new_ones([rose], [told(rose, since=TODAY - dt.timedelta(days=9))], TODAY) == (rose,)


def test_two_answers_of_one_day_are_two_alerts() -> None:
    found = fired(facts(locks=(lock(0, "E", "rf_bladder"), lock(0, "E", "rf_legs"))))
    assert len(new_ones(found, [], TODAY)) == 2
    assert len(new_ones(found, [told(found[0])], TODAY)) == 1


@pytest.mark.parametrize(
    ("days_ago", "done", "again"), [(1, True, False), (7, True, True), (7, False, False), (30, False, False)]
)
def test_an_info_is_told_again_after_a_week_and_not_while_it_stands(
    days_ago: int, done: bool, again: bool
) -> None:
    (gap,) = fired(facts(entries=(entry(9, pain_rest=3),)))
    before = told(gap, days_ago, done_at=ago(days_ago) if done else None)
    assert bool(new_ones([gap], [before], TODAY)) is again


# ── whatever is in the diary ────────────────────────────────────────────────────────────────────

SCALE = st.none() | st.integers(0, 10)
DIARY = st.lists(
    st.tuples(SCALE, SCALE, SCALE, st.none() | st.integers(0, 4), st.none() | st.booleans()), max_size=45
)


def diary(days: list[tuple[Any, ...]]) -> Facts:
    fields = ("pain_rest", "soreness", "sleep", "skin", "medicine")
    return facts(
        entries=tuple(
            entry(len(days) - 1 - n, **dict(zip(fields, said, strict=True))) for n, said in enumerate(days)
        )
    )


@settings(max_examples=300, deadline=None)
@given(DIARY)
def test_any_diary_is_told_once_and_by_its_own_records(days: list[tuple[Any, ...]]) -> None:
    given_facts = diary(days)
    found = fired(given_facts)
    ids = {one.id for one in given_facts.entries}
    for one in found:
        assert one.since <= one.until
        assert set(one.records) <= ids
        assert one.level == "info" or one.records
    new = new_ones(found, [], TODAY)
    assert new_ones(found, [told(one) for one in new], TODAY) == ()


@settings(max_examples=200, deadline=None)
@given(DIARY, st.integers(0, 44), st.sampled_from([(3, 3), (0, 2), (1, 1)]))
def test_a_worse_answer_never_takes_a_skin_or_soreness_alert_away(
    days: list[tuple[Any, ...]], which: int, more: tuple[int, int]
) -> None:
    if which >= len(days):
        return
    pain, sore, sleep, skin, medicine = days[which]
    worse = list(days)
    worse[which] = (
        pain,
        None if sore is None else min(10, sore + more[0]),
        sleep,
        None if skin is None else min(4, skin + more[1]),
        medicine,
    )
    watched = ("skin_marked", "red_skin", "sore_high", "sore_days")

    before = [one for one in fired(diary(days)) if one.rule.rule in watched]
    after = [one for one in fired(diary(worse)) if one.rule.rule in watched]
    assert bool(after) >= bool(before)
    reds = [one.since for one in before if one.level == "red"]
    assert set(reds) <= {one.since for one in after if one.level == "red"}
