"""The family's view: facts of four weeks, gaps as gaps, no mean from too few."""

import datetime as dt
from pathlib import Path

import msgspec
import pytest

from kiosk.clock import FixedClock
from kiosk.diary.records import Entry, Session
from kiosk.diary.store import Store, open_reader, open_store
from kiosk.review.family import family_view

NOON = dt.datetime(2026, 11, 20, 12, 0, tzinfo=dt.UTC)
TODAY = NOON.date()
SESSION = Session(programme="nmes_learn", montage="M4-par", session_kind="nmes", planned_seconds=900)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
def store(tmp_path: Path, clock: FixedClock):
    with open_store(tmp_path / "data", "simulated", clock) as opened:
        yield opened


def days_ago(days: int) -> dt.datetime:
    return NOON - dt.timedelta(days=days)


async def test_an_empty_diary_is_four_weeks_of_gaps(store: Store) -> None:
    view = family_view(store, TODAY)
    assert [day.pain for day in view.days] == [None] * 28
    assert (view.first_day, view.last_day) == (dt.date(2026, 10, 24), TODAY)
    assert (view.mean_pain, view.sessions_done, view.entries, view.locks) == (None, 0, (), ())


async def test_four_ratings_make_no_mean_and_five_do(store: Store) -> None:
    for n, pain in enumerate((2, 4, 6, 8)):
        await store.add(Entry(moment="daily", pain_rest=pain), days_ago(n))
    assert family_view(store, TODAY).mean_pain is None
    await store.add(Entry(moment="before", pain_rest=10), days_ago(27))
    view = family_view(store, TODAY)
    assert (view.mean_pain, view.days_with_pain) == (6.0, 5)
    assert view.days[0].pain == 10
    assert view.days[-1].pain == 2


async def test_what_is_older_than_four_weeks_is_left_out(store: Store) -> None:
    await store.add(Entry(moment="daily", pain_rest=9), days_ago(28))
    await store.add(SESSION, days_ago(28))
    view = family_view(store, TODAY)
    assert view.entries == ()
    assert view.sessions == ()


async def test_pain_just_after_a_session_is_listed_but_is_not_the_days_pain(store: Store) -> None:
    await store.add(Entry(moment="before", pain_rest=6))
    await store.add(Entry(moment="after", pain_rest=1))
    view = family_view(store, TODAY)
    assert view.days[-1].pain == 6
    assert [one.entry.pain_rest for one in view.entries] == [1, 6]


async def test_a_session_counts_as_done_only_when_it_was_played_to_its_end(store: Store) -> None:
    for state in ("done", "ended_early", "interrupted"):
        begun = await store.add(SESSION)
        await store.correct(msgspec.structs.replace(SESSION, state=state), begun.envelope.id)
    view = family_view(store, TODAY)
    assert [one.session.state for one in view.sessions] == ["interrupted", "ended_early", "done"]
    assert view.sessions_done == 1
    assert view.days[-1].session


async def test_a_late_entry_is_marked_and_a_correction_replaces(store: Store) -> None:
    late = await store.add(Entry(moment="daily", pain_rest=3, note="typo"), days_ago(2))
    await store.correct(Entry(moment="daily", pain_rest=3, note="better"), late.envelope.id)
    (entry,) = family_view(store, TODAY).entries
    assert entry.entered_late
    assert entry.entry.note == "better"


async def test_open_locks_are_shown_and_a_reader_sees_the_same(store: Store, clock: FixedClock) -> None:
    await store.lock("C", "heart")
    view = family_view(store, TODAY)
    assert [lock.cause for lock in view.locks] == ["heart"]
    assert family_view(open_reader(store.folder, clock), TODAY) == view
