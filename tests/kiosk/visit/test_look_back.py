"""How it has been going: gaps as gaps, a mean from enough entries, and words that claim nothing."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from kiosk.clock import FixedClock
from kiosk.diary.records import Entry
from kiosk.diary.store import open_store
from kiosk.events import FamilyLoaded, FamilyNotLoaded, LoadFamilyView
from kiosk.page import Chart, Words
from kiosk.review.child import family_view_in_child
from kiosk.review.family import FamilyView, Numbers
from tests.kiosk.visit.visit_album import family_view
from tests.kiosk.visit.visit_bench import START, Walk, today

NOON = dt.datetime(2026, 11, 20, 12, 30, tzinfo=dt.UTC)


def looking_at(view: FamilyView) -> tuple[Walk, Chart]:
    walk = Walk()
    walk.press("3")
    assert walk.sent(LoadFamilyView) != []
    walk.hear(FamilyLoaded(view))
    body = walk.page.body
    assert isinstance(body, Chart)
    return walk, body


def test_each_day_without_an_entry_is_a_gap_and_not_a_zero() -> None:
    view = family_view(START.date(), entries=9)
    _, chart = looking_at(view)
    assert [column.value for column in chart.columns] == [day.pain for day in view.four_weeks]
    assert [column.value for column in chart.columns][:19] == [None] * 19
    assert all(column.marks[1] == (column.value is None) for column in chart.columns)


def test_days_before_the_diary_was_begun_are_no_gaps() -> None:
    view = family_view(START.date(), entries=9)
    days = tuple(replace(day, begun=day.pain is not None) for day in view.days)
    _, chart = looking_at(replace(view, days=days))
    assert not any(column.marks[1] for column in chart.columns)


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        (
            Numbers(first=6.0, last=3.0, change="less"),
            "First 4 weeks 6.0, last 4 weeks 3.0: clearly less pain.",
        ),
        (Numbers(first=5.0, last=7.0, change="more"), "clearly more pain"),
        (Numbers(first=5.0, last=5.5, change="no_clear_change"), "no clear change"),
        (Numbers(first=5.0, last=None), "too few entries yet to compare"),
    ],
)
def test_the_first_and_the_last_weeks_are_compared_in_plain_words(numbers: Numbers, said: str) -> None:
    walk, _ = looking_at(replace(family_view(START.date()), numbers=numbers))
    assert said in walk.words
    assert "do not say why" in walk.words


@pytest.mark.parametrize("praise", ["well done", "great", "keep", "goal", "better than", "!"])
def test_nothing_is_praised_and_nothing_promised(praise: str) -> None:
    walk, _ = looking_at(replace(family_view(START.date()), numbers=Numbers(first=6, last=3, change="less")))
    assert praise not in walk.words.lower()


async def test_four_entries_in_a_week_make_no_mean_and_five_do(tmp_path: Path) -> None:
    """Worked out in a process of its own from a real diary."""
    clock = FixedClock(NOON)
    with open_store(tmp_path / "data", "simulated", clock) as store:
        for days_ago, pain in enumerate((2, 4, 6, 8)):
            await store.add(Entry(moment="daily", pain_rest=pain), NOON - dt.timedelta(days=days_ago))
        walk, _ = looking_at(await family_view_in_child(store.folder, clock))
        assert "4 entries. That is too few for a mean." in walk.words
        await store.add(Entry(moment="daily", pain_rest=10), NOON - dt.timedelta(days=5))
        walk, _ = looking_at(await family_view_in_child(store.folder, clock))
        assert "mean pain 6.0 of 10, from 5 days." in walk.words


def test_it_needs_neither_the_familys_pin_nor_her_consent() -> None:
    walk = Walk(today(family_may_look=False))
    walk.press("3")
    assert walk.step == "look_back"
    walk.hear(FamilyLoaded(replace(family_view(START.date()), allowed=False)))
    assert isinstance(walk.page.body, Chart)


def test_months_that_a_restore_could_not_bring_back_are_said() -> None:
    walk = Walk()
    walk.press("3")
    walk.hear(FamilyLoaded(replace(family_view(START.date()), lost=("2026-09", "2026-10"))))
    assert "Missing, because it cannot be read: September 2026, October 2026." in walk.words
    assert walk.visit.context.damaged == (), "it is no damage that a call could mend"


def test_a_diary_that_cannot_be_read_is_said() -> None:
    walk = Walk()
    walk.press("3")
    walk.hear(FamilyNotLoaded("The diary of 2026-11 cannot be read."))
    assert isinstance(walk.page.body, Words)
    assert "cannot be read" in walk.words
    walk.press("0")
    assert walk.step == "home"
    walk.press("3")
    assert "One moment" in walk.words


def test_the_pages_that_show_it_load_no_mathematics() -> None:
    code = "import kiosk.run, kiosk.visit.flow, sys; print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
