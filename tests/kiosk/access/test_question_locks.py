"""Every question × every answer: which lock it sets, until when, and who opens it (safety rules 25–27)."""

from __future__ import annotations

import datetime as dt

import pytest

from kiosk.access.unlocking import OPENED_BY_CLINICIAN
from kiosk.visit.state import Moment
from kiosk.visit.steps.answers import lock_of
from programs.library import load_questionnaire
from programs.screening import Answer, Class, evaluate
from tests.kiosk.visit.visit_bench import START
from tests.programs.test_questions import CLASS_OF

NOW = Moment(START, 0.0)
TOMORROW = START.date() + dt.timedelta(days=1)
questions = pytest.mark.parametrize("key", sorted(CLASS_OF))


@questions
def test_no_sets_no_lock(key: str) -> None:
    assert evaluate(load_questionnaire(), {key: Answer.NO}, ()).findings == ()


@questions
@pytest.mark.parametrize("answer", [Answer.YES, Answer.NOT_SURE])
def test_the_worse_answer_sets_the_lock_of_its_class(key: str, answer: Answer) -> None:
    (finding,) = evaluate(load_questionnaire(), {key: answer}, ()).findings
    assert finding.class_ is CLASS_OF[key]
    if finding.class_ is Class.N:
        return  # a caution changes the programme and locks nothing
    lock = lock_of(finding, NOW)
    assert (lock.class_, lock.cause) == (CLASS_OF[key].value, key)
    postponed = finding.class_ is Class.P
    assert lock.until == (TOMORROW if postponed else None)
    assert (lock.class_ in OPENED_BY_CLINICIAN) is not postponed


def test_what_a_rule_or_a_restore_closes_is_opened_by_the_clinician_alone() -> None:
    assert {"red", "skin", "soreness", "pain", "restore"} <= set(OPENED_BY_CLINICIAN)
    assert "P" not in OPENED_BY_CLINICIAN
