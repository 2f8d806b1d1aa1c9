"""Rules about answers: monotone verdicts, when all is asked again, soreness and pain."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from programs import library
from programs.screening import (
    WORST_FIRST,
    Answer,
    Class,
    Finding,
    Verdict,
    due,
    evaluate,
    pain_finding,
    soreness_finding,
    still_fresh,
)
from programs.text import Reason

QUESTIONNAIRE = library.load_questionnaire()
KEYS = sorted(QUESTIONNAIRE.questions)
UTC = dt.UTC
NOON = dt.datetime(2025, 11, 20, 12, tzinfo=UTC)


def strictness(verdict: Verdict) -> int:
    """0 for nothing, the higher the stricter; something missing is stricter than caution."""
    worst = 0 if verdict.worst is None else len(WORST_FIRST) - WORST_FIRST.index(verdict.worst)
    return max(worst, 0)


answers = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(list(Answer)), max_size=len(KEYS))
clearances = st.frozensets(st.sampled_from(KEYS))


@given(answers, st.sampled_from(KEYS), st.sampled_from([Answer.YES, Answer.NOT_SURE]), clearances)
def test_a_worse_answer_never_gives_a_laxer_verdict(
    said: dict[str, Answer], key: str, worse: Answer, cleared: frozenset[str]
) -> None:
    asked = tuple(KEYS)
    better = evaluate(QUESTIONNAIRE, {**said, key: Answer.NO}, asked, cleared)
    after = evaluate(QUESTIONNAIRE, {**said, key: worse}, asked, cleared)
    assert strictness(after) >= strictness(better)
    assert after.cleared <= better.cleared
    standing = {(item.key, item.class_) for item in better.findings if not item.cleared}
    still = {item.key: item for item in after.findings}
    for name, class_ in standing:
        assert WORST_FIRST.index(still[name].class_) <= WORST_FIRST.index(class_)
        assert not still[name].cleared


@given(answers, clearances, st.frozensets(st.sampled_from(KEYS)))
def test_fewer_clearances_never_give_a_laxer_verdict(
    said: dict[str, Answer], cleared: frozenset[str], taken: frozenset[str]
) -> None:
    with_all = evaluate(QUESTIONNAIRE, said, (), cleared)
    with_less = evaluate(QUESTIONNAIRE, said, (), cleared - taken)
    assert strictness(with_less) >= strictness(with_all)


@given(answers)
def test_the_order_of_answering_does_not_matter(said: dict[str, Answer]) -> None:
    backwards = dict(reversed(said.items()))
    assert evaluate(QUESTIONNAIRE, said, tuple(KEYS)) == evaluate(QUESTIONNAIRE, backwards, tuple(KEYS))


@given(answers)
def test_what_was_not_asked_now_counts_all_the_same(said: dict[str, Answer]) -> None:
    assert evaluate(QUESTIONNAIRE, said, ()).findings == evaluate(QUESTIONNAIRE, said, tuple(KEYS)).findings


@pytest.mark.parametrize(
    ("minutes", "fresh"), [(0, True), (59, True), (60, True), (60.1, False), (24 * 60, False), (-1, False)]
)
def test_answers_last_an_hour_and_none_comes_from_the_future(minutes: float, fresh: bool) -> None:
    said = {"d_ill": Answer.YES}
    at = {"d_ill": NOON - dt.timedelta(minutes=minutes)}
    ages_s = {"d_ill": minutes * 60.0}
    assert (still_fresh(said, at, NOON, ages_s) == said) is fresh
    assert (still_fresh(said, at, NOON, {"d_ill": 0.0}) == said) is fresh
    assert (still_fresh(said, {"d_ill": NOON}, NOON, ages_s) == said) is fresh


def test_an_answer_without_a_time_or_an_age_is_not_fresh() -> None:
    said = {"d_ill": Answer.NO}
    assert still_fresh(said, {}, NOON, {"d_ill": 0.0}) == {}
    assert still_fresh(said, {"d_ill": NOON}, NOON, {}) == {}


class TestWhenAllIsAskedAgain:
    def ask(
        self,
        days_ago: float | None = 1,
        session: float | None = 1,
        change: float | None = None,
        digests: tuple[str, str] = ("a", "a"),
    ) -> Reason | None:
        def at(days: float | None) -> dt.datetime | None:
            return None if days is None else NOON - dt.timedelta(days=days)

        return due("baseline", at(days_ago), at(session), at(change), NOON.date(), *digests)

    def test_every_session_asks_the_daily_ones(self) -> None:
        assert due("daily", NOON, NOON, None, NOON.date()) == Reason("each_session")

    def test_never_asked(self) -> None:
        assert self.ask(days_ago=None) == Reason("first_time")

    def test_asked_yesterday(self) -> None:
        assert self.ask() is None

    def test_28_days(self) -> None:
        assert self.ask(days_ago=27) is None
        assert self.ask(days_ago=28) == Reason("rescreen_days", {"days": 28})

    def test_a_gap_of_more_than_14_days(self) -> None:
        assert self.ask(days_ago=20, session=14) is None
        assert self.ask(days_ago=20, session=15) == Reason("rescreen_gap", {"days": 15})

    def test_asking_within_the_first_14_days_of_the_gap_does_not_close_it(self) -> None:
        assert self.ask(days_ago=6, session=16) == Reason("rescreen_gap", {"days": 16})

    def test_asking_after_the_gap_closes_it(self) -> None:
        assert self.ask(days_ago=0, session=40) is None
        assert self.ask(days_ago=14, session=40) is None
        assert self.ask(days_ago=15, session=40) == Reason("rescreen_gap", {"days": 40})

    def test_no_session_at_all_for_more_than_14_days(self) -> None:
        assert self.ask(days_ago=14, session=None) is None
        assert self.ask(days_ago=15, session=None) == Reason("rescreen_gap", {"days": 15})

    def test_a_change_of_health(self) -> None:
        assert self.ask(days_ago=2, change=1.9) == Reason("health_changed")
        assert self.ask(days_ago=2, change=2.1) is None

    def test_other_questions_or_doses(self) -> None:
        assert self.ask(digests=("a", "b")) == Reason("questions_changed")

    def test_a_clock_set_back(self) -> None:
        assert self.ask(days_ago=-1) == Reason("clock_set_back")

    @given(st.integers(0, 60), st.integers(0, 60), st.integers(1, 60))
    def test_waiting_longer_never_makes_it_undue(self, asked: int, session: int, longer: int) -> None:
        if self.ask(days_ago=asked, session=session) is not None:
            assert self.ask(days_ago=asked + longer, session=session + longer) is not None


@pytest.mark.parametrize(
    ("soreness", "hours", "calm_days", "class_"),
    [
        (0, 100, 0, None),
        (3, 20, 0, None),
        (3, 72, 0, None),
        (3, None, 0, None),
        (1, 72.1, 0, Class.P),
        (1, 72.1, 1, Class.P),
        (1, 72.1, 2, None),
        (4, 20, 5, Class.P),
        (6, None, 0, Class.P),
        (7, 20, 0, Class.C),
        (10, None, 9, Class.C),
    ],
)
def test_soreness(soreness: int, hours: float | None, calm_days: int, class_: Class | None) -> None:
    expected = None if class_ is None else Finding("d_sore", class_)
    assert soreness_finding(soreness, hours, calm_days) == expected


@pytest.mark.parametrize(
    ("pain", "usual", "found"),
    [(6, 4, True), (5, 4, False), (5, 3.0, True), (10, None, False), (6, 4.4, False)],
)
def test_pain_two_above_the_usual_is_a_caution(pain: int, usual: float | None, found: bool) -> None:
    assert pain_finding(pain, usual) == (Finding("d_pain", Class.N) if found else None)


@pytest.mark.parametrize("value", [-1, 11])
def test_a_number_off_the_scale_is_refused(value: int) -> None:
    with pytest.raises(ValueError, match="scale"):
        soreness_finding(value, None)
    with pytest.raises(ValueError, match="scale"):
        pain_finding(value, 4)
