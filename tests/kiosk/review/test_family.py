"""The family's view: facts as gaps and all, comparisons only where there is enough to compare."""

import datetime as dt
import json
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from kiosk.clock import FixedClock
from kiosk.diary import prescriptions
from kiosk.diary.records import (
    Access,
    Acknowledgement,
    Alert,
    Consent,
    Entry,
    Form,
    LevelFound,
    Note,
    PrescriptionInstalled,
    Session,
)
from kiosk.diary.store import Store, open_reader, open_store
from kiosk.errors import KioskError
from kiosk.review.child import family_view_in_child
from kiosk.review.family import FamilyView, Level
from kiosk.review.reading import family_view
from programs.library import prescription_example
from programs.text import Reason

NOON = dt.datetime(2026, 11, 20, 12, 0, tzinfo=dt.UTC)
TODAY = NOON.date()
SESSION = Session(
    programme="nmes_learn", montage="M4-par", session_kind="nmes", planned_seconds=900, seconds_done=900
)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
def store(tmp_path: Path, clock: FixedClock):
    with open_store(tmp_path / "data", "simulated", clock) as opened:
        yield opened


def days_ago(days: float) -> dt.datetime:
    return NOON - dt.timedelta(days=days)


def view(store: Store) -> FamilyView:
    return family_view(store, NOON)


async def rate(store: Store, *pain: int | None, ending: int = 0) -> None:
    """One daily entry a day, the last one `ending` days ago; None: no entry."""
    for n, value in enumerate(pain):
        if value is not None:
            await store.add(Entry(moment="daily", pain_rest=value), days_ago(len(pain) - 1 - n + ending))


async def test_an_empty_diary_has_no_gaps_as_it_was_never_begun(store: Store) -> None:
    seen = view(store)
    assert [day.pain for day in seen.four_weeks] == [None] * 28
    assert not any(day.begun for day in seen.days)
    assert (seen.first_day, seen.last_day) == (dt.date(2026, 8, 29), TODAY)
    assert (seen.numbers.last, seen.kept.done, seen.entries, seen.locks, seen.stretches) == (
        None,
        0,
        (),
        (),
        (),
    )


async def test_a_day_without_entry_is_a_gap_only_from_the_first_entry_on(store: Store) -> None:
    await rate(store, 4, None, 5)
    assert [day.begun for day in view(store).days[-4:]] == [False, True, True, True]


async def test_four_ratings_make_no_mean_and_five_do(store: Store) -> None:
    await rate(store, 2, 4, 6, 8)
    assert view(store).days[-1].mean is None
    await store.add(Entry(moment="before", pain_rest=10), days_ago(5))
    assert view(store).days[-1].mean == 6.0


async def test_pain_just_after_a_session_is_listed_but_is_not_the_days_pain(store: Store) -> None:
    await store.add(Entry(moment="before", pain_rest=6), days_ago(0.1))
    await store.add(SESSION, days_ago(0.05))
    await store.add(Entry(moment="after", pain_rest=1))
    seen = view(store)
    assert seen.days[-1].pain == 6
    assert [one.entry.pain_rest for one in seen.entries] == [1, 6]
    (session,) = seen.sessions
    assert (session.pain_before, session.pain_after) == (6, 1)


async def test_the_last_four_weeks_are_compared_with_the_first_four(store: Store) -> None:
    await rate(store, *[6] * 28, *[3] * 28)
    numbers = view(store).numbers
    assert (numbers.first, numbers.last, numbers.change) == (6.0, 3.0, "less")
    assert (numbers.days_rated, numbers.days) == (28, 28)


async def test_before_eight_weeks_nothing_is_compared(store: Store) -> None:
    await rate(store, *[6] * 28, *[3] * 27)
    assert view(store).numbers.change == "not_enough_data"


async def test_eleven_ratings_in_four_weeks_are_too_few(store: Store) -> None:
    await rate(store, *[6] * 28, *[3] * 11, *[None] * 17)
    numbers = view(store).numbers
    assert (numbers.last, numbers.change, numbers.days_rated) == (None, "not_enough_data", 11)


async def test_a_flare_is_two_points_above_the_week_before(store: Store) -> None:
    await rate(store, 3, 3, 3, 3, 3, 5, 4)
    assert [day.flare for day in view(store).days[-7:]] == [False] * 5 + [True, False]


async def test_sessions_count_against_the_whole_weeks_since_the_course_began(store: Store) -> None:
    """The demonstration's prescription has three days a week."""
    for ago in (20, 17, 15, 10, 8, 1):
        done = msgspec.structs.replace(SESSION, state="done")
        await store.add(done, days_ago(ago))
    kept = view(store).kept
    per_week = kept.planned // 2 if kept.planned else 0
    assert kept.planned == 2 * per_week > 0
    assert kept.held_of_planned == 3, "in the last fourteen days"
    assert (kept.held, kept.done, kept.minutes) == (6, 6, 90)


async def test_why_sessions_ended_early_is_counted(store: Store) -> None:
    for reason in ("enough", "enough", "sting"):
        begun = await store.add(SESSION)
        early = msgspec.structs.replace(SESSION, state="ended_early", stop_reason=reason)
        await store.correct(early, begun.envelope.id)
    kept = view(store).kept
    assert kept.early == {"enough": 2, "sting": 1}
    assert (kept.held, kept.done) == (3, 0)


async def test_a_late_entry_is_marked_and_a_changed_answer_is_a_correction(store: Store) -> None:
    late = await store.add(Entry(moment="daily", pain_rest=3), days_ago(2))
    await store.correct(Entry(moment="daily", pain_rest=3, sleep=4), late.envelope.id)
    (entry,) = view(store).entries
    assert (entry.entered_late, entry.corrected) == (True, False), "an entry grows answer by answer"
    await store.correct(Entry(moment="daily", pain_rest=4, sleep=4), late.envelope.id)
    (entry,) = view(store).entries
    assert (entry.entry.pain_rest, entry.corrected) == (4, True)
    assert view(store).days[-3].late


async def test_levels_are_compared_within_one_waveform(store: Store) -> None:
    def level(channel: int, current_mA: float, waveform: str = "35 Hz 250 us") -> LevelFound:
        return LevelFound(
            session_id="s",
            waveform=waveform,
            montage="M4-par",
            pads="5x9",
            side="left" if channel == 1 else "right",
            channel=channel,
            device_kind="p24",
            first_feeling_mA=5.0,
            where="left",
            comfortable_mA=current_mA,
            ceiling_mA=24.0,
            ceiling_set_by=Reason("prescription"),
        )

    await store.add(level(1, 10.0), days_ago(40))
    await store.add(level(2, 30.0, "100 Hz 180 us"), days_ago(40))
    await store.add(level(1, 14.0), days_ago(2))
    await store.add(level(2, 13.5), days_ago(2))
    left, right = view(store).levels
    assert (left.side, left.current_mA, left.before_mA, left.limit_mA) == ("left", 14.0, 10.0, 24.0)
    assert (right.side, right.current_mA, right.before_mA) == ("right", 13.5, None)


def a_level(current_mA: float, session: str, waveform: str = "35 Hz 250 us", channel: int = 1) -> LevelFound:
    return LevelFound(
        session_id=session,
        waveform=waveform,
        montage="M4-par",
        pads="5x9",
        side="left",
        channel=channel,
        device_kind="p24",
        first_feeling_mA=5.0,
        where="left",
        comfortable_mA=current_mA,
        ceiling_mA=20.0,
        ceiling_set_by=Reason("prescription"),
    )


async def test_a_level_stands_on_its_day_and_a_new_waveform_is_marked(store: Store) -> None:
    await rate(store, *[4] * 200)
    await store.add(a_level(8.0, "a"), days_ago(150))
    await store.add(a_level(9.0, "b"), days_ago(10))
    await store.add(a_level(9.5, "b"), days_ago(10))
    await store.add(a_level(12.0, "c", "80 Hz 250 us"), days_ago(3))
    (left,) = view(store).levels
    assert len(left.days) == 84
    assert left.days[-11] == Level(9.5, 20.0), "what was confirmed last in the session"
    assert left.days[-4] == Level(12.0, 20.0, changed=True)
    assert sum(one is not None for one in left.days) == 2
    assert left.percent == 60
    assert len(left.stretches) == len(view(store).stretches)
    (old,) = [one for one in left.stretches[:-3] if one is not None]
    assert old.current_mA == 8.0


async def test_soreness_skin_and_pain_around_a_session_stand_on_their_day(store: Store) -> None:
    await store.add(Entry(moment="before", pain_rest=6, soreness=3), days_ago(2.1))
    await store.add(SESSION, days_ago(2.05))
    await store.add(Entry(moment="after", pain_rest=4, skin=1), days_ago(2))
    await store.add(Entry(moment="next_day", soreness=5, skin=0), days_ago(1))
    days = view(store).days
    assert (days[-3].around, days[-3].soreness, days[-3].skin) == ((6, 4), 3, 1)
    assert (days[-2].around, days[-2].soreness, days[-2].skin) == (None, 5, 0)
    (stretch,) = view(store).stretches
    assert (stretch.around, stretch.soreness, stretch.skin) == ((6.0, 4.0), 4.0, 1)


async def test_a_week_is_held_against_the_plan_of_its_time(tmp_path: Path, clock: FixedClock) -> None:
    with open_store(tmp_path / "real", "real", clock) as store:
        for days, ago in ((2, 20), (3, 6)):
            clock.time = days_ago(ago)
            text = prescription_example().replace("days_per_week = 4", f"days_per_week = {days}")
            await prescriptions.install(store, text.replace("serial = 1", f"serial = {21 - ago}"), "t.toml")
            await store.add(SESSION, days_ago(ago))
        clock.time = NOON
        seen = view(store)
        assert [(week.held, week.planned) for week in seen.weeks] == [(1, 2), (0, 2), (1, 3)]
        assert seen.weeks[-1].first == TODAY - dt.timedelta(days=6)
        assert (seen.kept.planned, seen.kept.held_of_planned) == (5, 1)


async def test_a_correction_points_to_what_stood_there(store: Store) -> None:
    first = await store.add(Entry(moment="daily", pain_rest=3))
    second = await store.correct(Entry(moment="daily", pain_rest=5), first.envelope.id)
    await store.correct(Entry(moment="daily", pain_rest=4), second.envelope.id)
    (entry,) = view(store).entries
    assert [one.entry.pain_rest for one in entry.earlier] == [3, 5]
    assert entry.entry.pain_rest == 4


async def test_everything_fits_a_chart_however_long_it_is(store: Store) -> None:
    await rate(store, 5, 5, 5, 5, 5, 5, 5, ending=3643)
    await rate(store, 3, 3, 3, 3, 3)
    seen = view(store).stretches
    assert len(seen) <= 64
    assert len({one.days for one in seen}) == 1
    assert seen[-1].first + dt.timedelta(days=seen[-1].days - 1) == TODAY
    assert (seen[0].pain, seen[1].pain, seen[-1].pain) == (5.0, None, 3.0)
    assert sum(one.rated for one in seen) == 12


async def test_forms_are_scored_first_against_last(store: Store) -> None:
    await store.add(Form(form="peg", answers={"pain": 6, "joy": 6, "daily_life": 6}), days_ago(60))
    await store.add(Form(form="peg", answers={"pain": 3, "joy": 4, "daily_life": 3}), days_ago(1))
    await store.add(Form(form="peg", answers={"pain": 3}), days_ago(0))
    await store.add(Form(form="gone", answers={"x": 3}), days_ago(0))
    numbers = view(store).numbers
    assert numbers.peg_first == 6.0
    assert numbers.peg_last == pytest.approx(10 / 3)
    assert numbers.peg_change == "less"


async def test_what_is_new_counts_from_the_familys_last_look(store: Store, clock: FixedClock) -> None:
    await store.add(Note(text="old", author="patient"))
    assert view(store).news.since is None
    await store.add(Access(role="family", action="look"))
    clock.advance(60)
    await store.add(Note(text="new", author="patient"))
    await store.add(Alert(level="info", rule=Reason("diary_gap", {"days": 3})))
    news = view(store).news
    assert (news.notes, news.alerts, news.limits_changed) == (1, 1, False)
    await store.add(PrescriptionInstalled(serial=1, toml="", sha256=""))
    assert view(store).news.limits_changed


async def test_an_alert_stands_until_it_is_acknowledged_and_is_never_gone(store: Store) -> None:
    alert = await store.add(Alert(level="red", rule=Reason("red_skin", {"grade": 3}), since=TODAY))
    (told,) = view(store).alerts
    assert told.stands
    seen = Acknowledgement(alert=alert.envelope.id, note="We called.", who="family")
    await store.add(seen)
    (told,) = view(store).alerts
    assert not told.stands
    assert (told.note, told.who) == ("We called.", "family")


async def test_the_newest_word_on_consent_counts(store: Store) -> None:
    assert not view(store).allowed, "she was not asked"
    await store.add(Consent(topic="family", given=True, who="patient"))
    assert view(store).allowed
    await store.add(Consent(topic="family", given=False, who="patient"))
    await store.add(Consent(topic="clinic", given=True, who="patient"))
    assert not view(store).allowed
    await store.add(Consent(topic="family", given=True, who="patient"))
    assert view(store).allowed


async def test_the_child_gives_the_same_view_beside_the_writer(store: Store, clock: FixedClock) -> None:
    await rate(store, *[6] * 30)
    await store.lock("C", "c_heart")
    await store.add(Alert(level="amber", rule=Reason("sore_high", {"soreness": 7}), since=TODAY))
    assert await family_view_in_child(store.folder, clock) == family_view(
        open_reader(store.folder, clock), NOON
    )


async def test_a_diary_that_cannot_be_read_is_a_sentence(tmp_path: Path, clock: FixedClock) -> None:
    with pytest.raises(KioskError) as error:
        await family_view_in_child(tmp_path / "nothing", clock)
    assert str(tmp_path) in error.value.sentence
    assert "Traceback" not in error.value.sentence


def test_the_screens_need_no_numbers_library() -> None:
    """numpy is off the path to the first screen, and out of the process that holds the lease."""
    loaded = subprocess.run(
        [sys.executable, "-c", "import kiosk.run, kiosk.review.child, sys, json;"
         "print(json.dumps('numpy' in sys.modules))"],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert json.loads(loaded.stdout) is False
