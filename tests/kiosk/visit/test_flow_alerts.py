"""What has to be told is journalled once, locked before anything goes on, and said to the person."""

import datetime as dt

import pytest

from kiosk.diary.records import Alert, Lock
from kiosk.events import TodayLoaded
from kiosk.review.alerts import AlertsNow, Fired
from kiosk.review.family import Told
from programs.text import Reason
from tests.kiosk.visit.visit_bench import START, Walk, today

BURN = Fired("red", Reason("red_skin", {"grade": 3}), START.date(), START.date(), ("entry 1",), locks="red")
FLARE = Fired("amber", Reason("pain_up_days", {"days": 3}), START.date(), START.date(), ("e",), locks="pain")
NUDGE = Fired("info", Reason("diary_gap", {"days": 3}), START.date(), START.date())


def told(one: Fired) -> Told:
    return Told(id="a", at=START, level=one.level, rule=one.rule, since=one.since, records=one.records)


def test_an_alert_is_journalled_once_though_the_diary_is_read_again_before_it_is_durable() -> None:
    walk = Walk(answering=False)
    walk.hear(TodayLoaded(today(), AlertsNow(new=(NUDGE,))))
    walk.hear(TodayLoaded(today(), AlertsNow(new=(NUDGE,))))
    walk.answer_saves()
    (alert,) = walk.records(Alert)
    assert isinstance(alert, Alert)
    assert (alert.level, alert.rule, alert.since) == ("info", NUDGE.rule, START.date())


def test_a_red_one_locks_therapy_at_once_and_again_as_soon_as_it_can_be_written() -> None:
    walk = Walk(answering=False)
    walk.hear(TodayLoaded(today(), AlertsNow(new=(BURN,))))
    walk.fail_saves()
    walk.press("1")
    assert walk.step != "identity"
    walk.answer_saves()
    assert [(lock.class_, lock.cause) for lock in walk.records(Lock)] == [("red", "red_skin")]  # type: ignore[attr-defined]
    walk.press("back", "1")
    assert walk.step == "home"


def test_much_pain_is_locked_by_itself_and_closes_no_other_therapy() -> None:
    walk = Walk()
    walk.hear(TodayLoaded(today(), AlertsNow(new=(FLARE,))))
    assert [(lock.class_, lock.cause) for lock in walk.records(Lock)] == [("pain", "pain_up_days")]  # type: ignore[attr-defined]
    walk.press("1")
    assert walk.step == "identity"


def test_what_is_found_after_the_questions_is_durable_before_the_verdict() -> None:
    walk = Walk()
    walk.until("check")
    walk.answering = False
    walk.alerts = AlertsNow(new=(BURN,))
    walk.press("enter")
    while walk.step == "saving" and not any(isinstance(one.record, Alert) for one in walk.unanswered):
        walk.hear(walk.written(walk.unanswered.pop(0)))
    assert walk.step == "saving", "the lock is not durable yet"
    walk.answer_saves()
    assert walk.step == "verdict"
    assert walk.records(Lock)


@pytest.mark.parametrize(("one", "is_shown"), [(BURN, True), (FLARE, True), (NUDGE, False)])
def test_red_and_amber_stand_on_the_persons_own_screen_until_somebody_has_seen_to_them(
    one: Fired, is_shown: bool
) -> None:
    walk = Walk()
    walk.hear(TodayLoaded(today(), AlertsNow(told=(told(one),))))
    assert ("Please tell your family today." in walk.words) is is_shown
    seen = Told(
        id="a",
        at=START,
        level=one.level,
        rule=one.rule,
        since=one.since,
        records=(),
        done_at=START + dt.timedelta(hours=1),
        note="called",
        who="family",
    )
    walk.hear(TodayLoaded(today(), AlertsNow(told=(seen,))))
    assert "Please tell your family today." not in walk.words
