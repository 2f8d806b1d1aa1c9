"""Pads that did their sessions or months are not put on once more."""

from __future__ import annotations

import datetime as dt

import pytest

from kiosk.events import BeginSession
from kiosk.keys import Key
from kiosk.today import PadsInUse
from tests.kiosk.visit.visit_bench import START, Walk, today

DAY = dt.timedelta(days=1)


@pytest.mark.parametrize(
    ("uses", "days", "worn"), [(29, 10, False), (30, 10, True), (3, 85, False), (3, 93, True), (3, -2, True)]
)
def test_thirty_sessions_or_three_months_are_the_end_of_a_pair(uses: int, days: int, worn: bool) -> None:
    walk = Walk(today(pads=PadsInUse("5x9", uses, (START - days * DAY).date())))
    walk.until("placement")
    assert ("These pads are worn out." in walk.words) == worn
    assert (Key.ENTER in [choice.key for choice in walk.page.choices]) != worn
    walk.press("enter", "enter")
    assert (walk.step == "placement") == worn


def test_new_pads_go_on() -> None:
    walk = Walk(today(pads=PadsInUse("5x9", 30, START.date())))
    walk.until("placement")
    walk.press("7")
    assert "worn out" not in walk.words
    walk.until("session")
    assert walk.sent(BeginSession)


def test_pads_that_a_session_was_begun_with_stay_on_until_its_end() -> None:
    walk = Walk(today(pads=PadsInUse("5x9", 29, START.date())))
    walk.until("session")
    walk.day = today(pads=PadsInUse("5x9", 30, START.date()))
    walk.end_session("electrode", pad_faults=1)
    walk.until("session")
    assert len(walk.sent(BeginSession)) == 2
