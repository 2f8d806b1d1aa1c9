"""Clocks that are wrong, late, moved or set, as a person meets them on home (safety rule 29).

A box lives through true time; what its clock shows, and whether anybody keeps it, is another matter. Its
diary is a real one on the disk.
"""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from kiosk import today
from kiosk.clock import FixedClock
from kiosk.diary.clock_trust import DAYS
from kiosk.diary.records import Entry, Screening, Session
from kiosk.diary.store import open_store
from kiosk.events import DeviceSeen, TodayLoaded
from kiosk.page import Page
from kiosk.today import Today
from kiosk.visit import flow
from kiosk.visit.state import Moment, Setting
from programs.library import load_questionnaire, questionnaire_digest
from programs.plan import SessionPlan
from tests.kiosk.visit.visit_bench import device

BERLIN = ZoneInfo("Europe/Berlin")
HOUR_S = 3600.0
DAY_S = 24 * HOUR_S
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class Box:
    """One box, its diary and its clock."""

    def __init__(self, folder: Path, begins: dt.datetime) -> None:
        self.folder = folder
        self.true = begins.astimezone(dt.UTC)
        self.error = dt.timedelta()
        self.kept = True
        self.zone = BERLIN
        self.boots = 1
        self.up_s = 60.0

    @property
    def clock(self) -> FixedClock:
        """What the box believes now."""
        shown = (self.true + self.error).astimezone(self.zone)
        return FixedClock(shown, self.up_s, f"boot-{self.boots}", self.kept)

    def passes(self, seconds: float) -> None:
        self.true += dt.timedelta(seconds=seconds)
        self.up_s += seconds

    def boots_without_a_clock(self, shows: dt.datetime) -> None:
        """After a power cut a board without a battery shows any old time, and nobody keeps it."""
        self.boots += 1
        self.up_s = 30.0
        self.error, self.kept = shows - self.true, False

    def is_set_by_the_network(self) -> None:
        self.error, self.kept = dt.timedelta(), True

    async def keeps(self, *records: Screening | Session | Entry) -> None:
        with open_store(self.folder, "simulated", self.clock, "SIM-1") as store:
            for record in records:
                await store.add(record)

    async def questions_answered(self) -> None:
        keys = load_questionnaire().keys_of("baseline")
        await self.keeps(
            Screening(
                asks="baseline",
                answers=dict.fromkeys(keys, "no"),
                answered_at=dict.fromkeys(keys, self.clock.now()),
                verdict="cleared",
                questionnaire_digest=questionnaire_digest(),
            )
        )

    async def muscle_session(self) -> None:
        """Half an hour from its durable beginning to its durable end."""
        session = Session("nmes_learn", "M4-par", "nmes", 1500, peak_mA={"1": 12.0, "2": 12.0})
        with open_store(self.folder, "simulated", self.clock, "SIM-1") as store:
            begun = await store.add(session)
        self.passes(HOUR_S / 2)
        done = Session("nmes_learn", "M4-par", "nmes", 1500, (), "done", 1500, peak_mA={"1": 12.0, "2": 12.0})
        with open_store(self.folder, "simulated", self.clock, "SIM-1") as store:
            await store.correct(done, begun.envelope.id)

    def day(self) -> Today:
        with open_store(self.folder, "simulated", self.clock, "SIM-1") as store:
            return today.read(store, self.clock)

    def offers(self) -> str:
        """The kind of session that the rules have for now; empty: none."""
        plan = self.day().next
        return plan.kind if isinstance(plan, SessionPlan) else ""

    def why_not_muscles(self) -> set[str]:
        return {reason.rule for reason in self.day().next.reasons}

    def home(self) -> Page:
        moment = Moment(self.clock.now(), self.up_s, self.up_s)
        visit, _effects = flow.start(Setting(), moment)
        visit, _effects = flow.hear(visit, DeviceSeen(device()), moment)
        visit, _effects = flow.hear(visit, TodayLoaded(self.day()), moment)
        return flow.page(visit, moment)


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path / "data", dt.datetime(2026, 11, 20, 14, 5, tzinfo=BERLIN))


async def test_with_a_clock_that_is_kept_the_muscles_rest_three_days_and_no_longer(box: Box) -> None:
    await box.questions_answered()
    assert box.offers() == "nmes"
    await box.muscle_session()
    box.passes(3 * DAY_S - 60)
    assert box.offers() != "nmes"
    assert "muscles_rest" in box.why_not_muscles()
    box.passes(120)
    assert box.offers() == "nmes"


@pytest.mark.parametrize(
    ("name", "shows"),
    [
        ("1970", EPOCH),
        ("the time of the last shutdown", dt.datetime(2026, 11, 20, 15, 0, tzinfo=BERLIN)),
        ("long ago", dt.datetime(2024, 1, 1, tzinfo=BERLIN)),
        ("far ahead", dt.datetime(2027, 3, 1, tzinfo=BERLIN)),
        ("the right time", dt.datetime(2026, 11, 27, 14, 35, tzinfo=BERLIN)),
    ],
)
async def test_without_a_battery_rest_is_not_known_until_the_network_sets_the_clock(
    box: Box, name: str, shows: dt.datetime
) -> None:
    """Whatever it shows: a week has passed, and nobody can know it."""
    await box.questions_answered()
    await box.muscle_session()
    box.passes(7 * DAY_S)
    box.boots_without_a_clock(shows)
    assert box.offers() != "nmes", name
    box.passes(300)
    assert box.offers() != "nmes", "waiting for the network proves nothing"
    box.is_set_by_the_network()
    assert box.offers() == "nmes", "home reads the diary again, and it goes on without a restart"
    assert "Today: session" in box.home().spoken


async def test_the_network_sets_the_clock_between_the_beginning_of_a_session_and_its_end(box: Box) -> None:
    """Half of what dates it was not kept: rest is not known after it."""
    await box.questions_answered()
    box.boots_without_a_clock(dt.datetime(2026, 11, 18, tzinfo=BERLIN))
    session = Session("nmes_learn", "M4-par", "nmes", 1500, peak_mA={"1": 12.0})
    with open_store(box.folder, "simulated", box.clock, "SIM-1") as store:
        begun = await store.add(session)
    box.is_set_by_the_network()
    box.passes(HOUR_S / 2)
    done = Session("nmes_learn", "M4-par", "nmes", 1500, (), "done", 1500, peak_mA={"1": 12.0})
    with open_store(box.folder, "simulated", box.clock, "SIM-1") as store:
        await store.correct(done, begun.envelope.id)
    box.passes(7 * DAY_S)
    assert box.offers() != "nmes"
    assert "rest_not_known" in box.why_not_muscles()


async def test_a_session_by_an_unkept_clock_cannot_be_followed_by_rest(box: Box) -> None:
    await box.questions_answered()
    box.kept = False
    await box.muscle_session()
    box.kept = True
    box.passes(7 * DAY_S)
    assert box.offers() != "nmes"


async def test_a_clock_set_back_by_hand_gives_no_day_twice(box: Box) -> None:
    await box.questions_answered()
    await box.muscle_session()
    box.error = -dt.timedelta(days=3)
    for _ in range(3):
        box.passes(DAY_S / 2)
        assert box.offers() != "nmes", "it is behind the session, whoever keeps it"


async def test_answers_of_a_clock_that_was_set_are_asked_again_rather_than_believed(box: Box) -> None:
    """A round of questions that was not concluded is not taken up again days later, or days earlier."""
    keys = load_questionnaire().keys_of("baseline")[:5]
    answered = Screening(
        asks="baseline", answers=dict.fromkeys(keys, "no"), answered_at=dict.fromkeys(keys, box.clock.now())
    )
    await box.keeps(answered)
    box.error = dt.timedelta(days=2)
    assert box.day().baseline_due is not None
    box.error = -dt.timedelta(days=2)
    assert box.day().baseline_due is not None


@pytest.mark.parametrize("to", ["Atlantic/Azores", "Asia/Tokyo", "Pacific/Kiritimati", "America/Los_Angeles"])
async def test_in_another_time_zone_rest_takes_the_same_hours(box: Box, to: str) -> None:
    await box.questions_answered()
    await box.muscle_session()
    box.zone = ZoneInfo(to)
    box.passes(3 * DAY_S - 60)
    assert box.offers() != "nmes"
    box.passes(120)
    assert box.offers() == "nmes"


@pytest.mark.parametrize(
    "begins",
    [
        dt.datetime(2026, 10, 23, 14, 5, tzinfo=BERLIN),
        dt.datetime(2027, 3, 26, 14, 5, tzinfo=BERLIN),
    ],
    ids=["the day of 25 hours", "the day of 23 hours"],
)
async def test_over_a_change_of_summer_time_rest_takes_the_same_hours(
    tmp_path: Path, begins: dt.datetime
) -> None:
    box = Box(tmp_path / "data", begins)
    await box.questions_answered()
    await box.muscle_session()
    before = box.clock.now().utcoffset()
    box.passes(3 * DAY_S - 60)
    assert box.clock.now().utcoffset() != before, "the change lies in between"
    assert box.offers() != "nmes"
    box.passes(120)
    assert box.offers() == "nmes"


async def test_in_the_hour_that_comes_twice_the_order_of_what_was_written_stays(tmp_path: Path) -> None:
    box = Box(tmp_path / "data", dt.datetime(2026, 10, 25, 0, 30, tzinfo=dt.UTC))
    await box.keeps(Entry(moment="daily", pain_rest=3))
    assert f"{box.clock.now():%H:%M}" == "02:30"
    box.passes(HOUR_S)
    await box.keeps(Entry(moment="daily", pain_rest=5))
    assert f"{box.clock.now():%H:%M}" == "02:30", "the same hour once more"
    with open_store(box.folder, "simulated", box.clock, "SIM-1") as store:
        entries = store.all("entries")
    first, second = (stored.envelope for stored in entries)
    assert second.event_time - first.event_time == dt.timedelta(hours=1)
    assert second.clock_trusted, "a clock that shows the same hour again is not behind"


async def test_a_visit_over_midnight_and_summer_time_is_one_day_done(tmp_path: Path) -> None:
    box = Box(tmp_path / "data", dt.datetime(2026, 10, 24, 23, 50, tzinfo=BERLIN))
    await box.questions_answered()
    await box.muscle_session()
    assert box.offers() != "nmes"
    assert box.day().sessions_done == 1


# ── a clock that stood ahead ──


async def used_until(box: Box, offered: str, most_days: int = 20) -> int:
    """Days with an entry in the diary each, until home offers such a session."""
    for day in range(most_days):
        await box.keeps(Entry(moment="daily", pain_rest=2))
        if box.offers() == offered:
            return day
        box.passes(DAY_S)
    return most_days


@pytest.mark.parametrize("kept", [True, False], ids=["kept", "kept by nobody"])
@pytest.mark.parametrize(("sessions", "days"), [(1, 3), (2, 6)], ids=["one session", "two of two a week"])
async def test_sessions_dated_a_year_ahead_hold_rest_for_days_and_not_for_a_year(
    box: Box, kept: bool, sessions: int, days: int
) -> None:
    """A kept clock is believed again after three days of use, and rest takes three days from then; after one
    that nobody kept the first kept one is believed at once."""
    await box.questions_answered()
    box.error, box.kept = dt.timedelta(days=365), kept
    for _ in range(sessions):
        await box.muscle_session()
        box.passes(DAY_S)
    box.error, box.kept = dt.timedelta(), True
    assert box.offers() != "nmes"
    assert await used_until(box, "nmes") == days + (DAYS if kept else 0)
    await box.muscle_session()
    box.passes(365 * DAY_S)
    assert box.offers() == "nmes", "nor when its own date comes"


@pytest.mark.parametrize("ahead_for", [1, 3, 6, 9])
async def test_a_clock_set_back_from_ahead_gives_no_session_more_and_no_rest_less(
    box: Box, ahead_for: int
) -> None:
    box.error = dt.timedelta(days=200)
    await box.questions_answered()
    held: list[dt.datetime] = []
    for day in range(30):
        if day == ahead_for:
            box.error = dt.timedelta()
        await box.keeps(Entry(moment="daily", pain_rest=2))
        if box.offers() == "nmes":
            held.append(box.true)
            await box.muscle_session()
        box.passes(DAY_S)
    assert len(held) > 5, "it goes on"
    assert all(later - one >= dt.timedelta(days=2) for one, later in pairwise(held))
    assert all(later - one >= dt.timedelta(days=3) for one, later in pairwise(held[:3]))
    prescription = box.day().prescription
    assert prescription is not None
    for begins in held:
        week = [one for one in held if begins <= one < begins + dt.timedelta(days=7)]
        assert len(week) <= prescription.days_per_week


async def test_as_many_days_of_the_week_are_taken_as_were_used_while_it_stood_ahead(box: Box) -> None:
    """Three in a row under a clock that jumped on each day, then it was set right: nobody can say which of
    the last days they were."""
    await box.questions_answered()
    for error in (100, 250, 400):
        box.error = dt.timedelta(days=error)
        await box.muscle_session()
        box.passes(DAY_S)
    box.error = dt.timedelta()
    for _ in range(DAYS + 1):
        await box.keeps(Entry(moment="daily", pain_rest=2))
        box.passes(DAY_S)
    recent = box.day().history.recent
    days = sorted(session.ended_at.date() for session in recent)
    assert days == [recent[-1].ended_at.date() - n * dt.timedelta(days=1) for n in (2, 1, 0)]
    over_by = {session.over_by.date() for session in recent if session.over_by is not None}
    assert over_by == {days[-1]}, "rest counts from the last moment"


async def test_how_sore_it_was_while_the_clock_stood_ahead_counts_once_it_is_known_to_be_past(
    box: Box,
) -> None:
    box.error = dt.timedelta(days=300)
    await box.questions_answered()
    await box.keeps(Entry(moment="daily", soreness=5))
    box.error = dt.timedelta()
    for _ in range(DAYS + 1):
        assert box.offers() == ""
        assert "sore" in {reason.rule for reason in box.day().next.reasons}
        await box.keeps(Entry(moment="daily", soreness=1))
        box.passes(DAY_S)
    assert box.offers() == "", "the day on which it was known counts as sore"
    for _ in range(2):
        await box.keeps(Entry(moment="daily", soreness=1))
        box.passes(DAY_S)
    assert box.offers() == "nmes"
