"""What progression is told of the past: never less rest and never more current than the diary supports."""

import datetime as dt
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kiosk.clock import FixedClock
from kiosk.diary.history import course_history, diary_due, past_sessions
from kiosk.diary.prescriptions import install
from kiosk.diary.records import Entry, LevelFound, PrescriptionInstalled, Screening, Session, Stored
from kiosk.diary.store import Store, open_reader, open_store
from programs.history import LevelKey, soreness_state
from programs.library import prescription_example, questionnaire_digest
from programs.text import Reason

NOON = dt.datetime(2026, 11, 2, 12, 0, tzinfo=dt.timezone(dt.timedelta(hours=1)))
NMES = Session(programme="nmes_learn", montage="M4-par", session_kind="nmes", planned_seconds=20 * 60)
HOUR = 3600.0
DAY = 24 * HOUR


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
def store(tmp_path: Path, clock: FixedClock):
    with open_store(tmp_path / "data", "simulated", clock) as opened:
        yield opened


async def played(store: Store, clock: FixedClock, minutes: int = 20, **changes: Any) -> Stored:
    """One session, begun and closed."""
    begun = await store.add(NMES)
    clock.advance(minutes * 60)
    facts = {"state": "done", "seconds_done": minutes * 60, "peak_mA": {"1": 12.0, "2": 11.5}, **changes}
    return await store.correct(msgspec.structs.replace(NMES, **facts), begun.envelope.id)


def level(session_id: str, comfortable_mA: float | None, **changes: Any) -> LevelFound:
    facts = {
        "session_id": session_id, "waveform": "35 Hz 250 us", "montage": "M4-par", "pads": "5x9",
        "side": "left", "channel": 1, "device_kind": "p24", "first_feeling_mA": 5.0, "where": "left",
        "comfortable_mA": comfortable_mA, "ceiling_mA": 30.0, "ceiling_set_by": Reason("no_history"),
        **changes,
    }  # fmt: skip
    return LevelFound(**facts)


KEY = LevelKey("35 Hz 250 us", "M4-par", "5x9", "left", 1, "p24")


async def test_a_new_persons_history_is_empty(store: Store) -> None:
    history = course_history(store)
    assert history.sessions_done == 0
    assert history.recent == history.levels == ()


async def test_a_session_ends_when_its_end_was_written(store: Store, clock: FixedClock) -> None:
    await played(store, clock)
    history = course_history(store)
    (session,) = history.recent
    assert session.ended_at == clock.now() == history.last_nmes_end
    assert (session.programme, session.kind, session.clock_trusted) == ("nmes_learn", "nmes", True)
    assert (session.seconds_planned, session.seconds_done) == (1200, 1200)
    assert 0 < session.work_minutes < 20
    assert history.sessions_done == 1
    assert history.sessions_of_programme == {"nmes_learn": 1}


async def test_less_than_half_a_session_counts_for_rest_alone(store: Store, clock: FixedClock) -> None:
    await played(store, clock, minutes=5, state="ended_early")
    history = course_history(store)
    assert history.sessions_done == 0
    assert history.last_nmes_end == clock.now()


async def test_a_session_without_current_counts_for_nothing(store: Store, clock: FixedClock) -> None:
    await played(store, clock, minutes=1, state="ended_early", peak_mA={"1": 0.0, "2": 0.0}, seconds_done=0)
    assert course_history(store) == type(course_history(store))()


async def test_a_session_that_was_cut_off_may_have_run_for_two_hours(store: Store, clock: FixedClock) -> None:
    begun = await store.add(NMES)
    clock.advance(5 * DAY)
    assert course_history(store).last_nmes_end == NOON + dt.timedelta(hours=2)
    closed = msgspec.structs.replace(NMES, state="interrupted", stop_reason="restart")
    await store.correct(closed, begun.envelope.id)
    assert course_history(store).last_nmes_end == NOON + dt.timedelta(hours=2)


async def test_a_reason_given_days_later_does_not_move_the_end_by_days(
    store: Store, clock: FixedClock
) -> None:
    closed = await played(store, clock, state="ended_early", seconds_done=700)
    clock.advance(3 * DAY)
    await store.correct(msgspec.structs.replace(closed.record, stop_reason="mistake"), closed.envelope.id)
    assert course_history(store).last_nmes_end == NOON + dt.timedelta(hours=2)
    assert course_history(store).sessions_done == 1


@pytest.mark.parametrize("untrusted_at", ["begin", "end"])
async def test_a_clock_that_was_not_trusted_at_either_end_is_not_trusted(
    store: Store, clock: FixedClock, untrusted_at: str
) -> None:
    clock.is_trusted = untrusted_at != "begin"
    begun = await store.add(NMES)
    clock.advance(HOUR)
    clock.is_trusted = untrusted_at != "end"
    done = msgspec.structs.replace(NMES, state="done", seconds_done=1200, peak_mA={"1": 9.0})
    await store.correct(done, begun.envelope.id)
    assert course_history(store).muscles_rest_from is None


async def test_a_level_is_known_by_all_that_makes_it_comparable(store: Store, clock: FixedClock) -> None:
    session = await played(store, clock)
    original = session.envelope.corrects
    await store.add(level(original, 12.0))
    await store.add(level(original, 14.5, first_feeling_mA=6.0))
    await store.add(level(original, 9.0, side="right", channel=2))
    history = course_history(store)
    left = history.level_history(KEY)
    # Found twice in one session: the one that was confirmed last, not two of three for the median.
    assert [one.current_mA for one in left.confirmed] == [14.5]
    assert (left.pulse_width_us, left.kind) == (250, "nmes")
    assert len(history.levels) == 2


async def test_a_level_that_was_not_confirmed_teaches_nothing(store: Store, clock: FixedClock) -> None:
    session = await played(store, clock)
    await store.add(level(session.envelope.corrects, None))
    assert course_history(store).levels == ()


async def test_soreness_and_skin_are_the_days_worst(store: Store, clock: FixedClock) -> None:
    await store.add(Entry(moment="after", skin=1))
    await store.add(Entry(moment="daily", soreness=6, skin=0))
    clock.advance(DAY)
    await store.add(Entry(moment="next_day", soreness=3))
    history = course_history(store)
    assert [(score.day.day, score.value) for score in history.soreness] == [(2, 6), (3, 3)]
    assert [(score.day.day, score.value) for score in history.skin] == [(2, 1)]


@pytest.mark.parametrize(
    ("before", "next_day", "up"), [(3, 5, True), (3, 4, False), (3, 2, False), (None, 9, False)]
)
async def test_pain_is_up_when_it_is_two_points_higher_on_the_next_day(
    store: Store, clock: FixedClock, before: int | None, next_day: int, up: bool
) -> None:
    await store.add(Entry(moment="before", pain_rest=before))
    await played(store, clock)
    await store.add(Entry(moment="after", pain_rest=9))
    clock.advance(DAY)
    await store.add(Entry(moment="next_day", pain_rest=next_day))
    assert course_history(store).pain_up_days == ((NOON.date(),) if up else ())


@pytest.mark.parametrize(
    ("usual", "before", "next_day", "up"),
    [
        (4, 2, 4, False),
        (4, 2, 5, False),
        (4, 4, 6, True),
        (4, 5, 6, True),
        (4, 6, 6, False),
        (4, 7, 6, False),
    ],
)
async def test_with_a_usual_pain_it_is_two_above_that_and_above_the_pain_before_the_session(
    store: Store, clock: FixedClock, usual: int, before: int, next_day: int, up: bool
) -> None:
    """A good day before a usual one is no rise, nor is a bad day that goes on."""
    for _ in range(5):
        await store.add(Entry(moment="daily", pain_rest=usual))
        clock.advance(DAY)
    await store.add(Entry(moment="before", pain_rest=before))
    await played(store, clock)
    day = clock.now().date()
    clock.advance(DAY)
    await store.add(Entry(moment="next_day", pain_rest=next_day))
    history = course_history(store)
    assert history.pain_up_days == history.muscle_pain_up_days == ((day,) if up else ())


@pytest.mark.parametrize(
    ("said", "begun", "day"),
    [((20, 22, 40), (20, 23, 10), 20), ((20, 22, 40), (20, 23, 40), 21), ((20, 23, 50), (21, 0, 10), 21)],
    ids=["before midnight", "over midnight", "just after midnight"],
)
async def test_pain_that_rose_is_seen_whatever_midnight_lies_about_the_session(
    store: Store, clock: FixedClock, said: tuple[int, int, int], begun: tuple[int, int, int], day: int
) -> None:
    def at(when: tuple[int, int, int]) -> dt.datetime:
        return dt.datetime(2026, 11, *when, tzinfo=NOON.tzinfo)

    clock.time = at(said)
    await store.add(Entry(moment="before", pain_rest=2))
    clock.time = at(begun)
    await played(store, clock, 30)
    for next_day in (21, 22):
        clock.time = at((next_day, 9, 0))
        await store.add(Entry(moment="next_day", pain_rest=8))
    assert course_history(store).pain_up_days == (dt.date(2026, 11, day),)


async def calm(store: Store, clock: FixedClock) -> bool:
    """She says that she is hardly sore; whether that opened what soreness had closed."""
    await store.add(Entry(moment="daily", soreness=2))
    return not soreness_state(course_history(store).soreness, None).locked


async def sore_on_a_trusted_day(store: Store, clock: FixedClock) -> None:
    await store.add(Entry(moment="daily", soreness=5))
    clock.boot, clock.uptime_s, clock.is_trusted = "another boot", 50.0, False


async def test_two_answers_with_the_clock_set_right_between_them_are_not_two_days(
    store: Store, clock: FixedClock
) -> None:
    """A box without a battery begins with the date of its last shutdown; then the network sets it."""
    await sore_on_a_trusted_day(store, clock)
    clock.advance(3 * DAY)
    assert not await calm(store, clock)
    clock.advance(300)
    clock.time += dt.timedelta(days=1)
    clock.is_trusted = True
    assert not await calm(store, clock)
    clock.advance(DAY)
    assert await calm(store, clock), "the day after is the second one that is known"


async def test_a_clock_that_nobody_sets_counts_days_within_one_boot(store: Store, clock: FixedClock) -> None:
    await sore_on_a_trusted_day(store, clock)
    clock.advance(DAY)
    assert not await calm(store, clock), "how long the box was off is not known"
    clock.advance(DAY)
    assert not await calm(store, clock)
    clock.advance(DAY)
    assert await calm(store, clock)


async def test_days_on_each_of_which_a_clockless_box_began_anew_count_once(
    store: Store, clock: FixedClock
) -> None:
    await sore_on_a_trusted_day(store, clock)
    for boot in range(4):
        clock.boot, clock.uptime_s = f"boot {boot}", 50.0
        clock.advance(DAY)
        assert not await calm(store, clock)
    clock.is_trusted = True
    clock.advance(DAY)
    assert not await calm(store, clock)
    clock.advance(DAY)
    assert await calm(store, clock)


async def test_a_level_that_ended_at_a_lowered_limit_is_kept_apart(store: Store, clock: FixedClock) -> None:
    lowered = {"ceiling_mA": 9.5, "ceiling_set_by": Reason("lower_sore", {"percent": 20})}
    session = await played(store, clock)
    await store.add(level(session.envelope.corrects, 12.0))
    for current_mA in (9.5, 9.0):
        clock.advance(2 * DAY)
        session = await played(store, clock)
        await store.add(level(session.envelope.corrects, current_mA, **lowered))
        left = course_history(store).level_history(KEY)
        assert [one.current_mA for one in left.own] == ([12.0] if current_mA == 9.5 else [12.0, 9.0])
    assert [(one.current_mA, one.held) for one in left.confirmed] == [
        (12.0, False),
        (9.5, True),
        (9.0, False),
    ]


async def test_levels_from_before_a_prescription_that_wants_them_anew_count_no_more(
    store: Store, clock: FixedClock
) -> None:
    """By its serial: no clock that was set brings one back."""
    for serial, anew, kept in ((1, False, [12.0]), (2, True, []), (3, False, [])):
        toml = prescription_example().replace("serial = 1", f"serial = {serial}")
        toml = toml.replace("levels_anew = false", f"levels_anew = {str(anew).lower()}")
        await store.add(PrescriptionInstalled(serial=serial, toml=toml, sha256="x"))
        clock.advance(HOUR)
        if serial == 1:
            session = await played(store, clock)
            await store.add(level(session.envelope.corrects, 12.0))
        found = course_history(store).level_history(KEY)
        assert [one.current_mA for one in found.confirmed] == kept if kept else found is None
    session = await played(store, clock)
    await store.add(level(session.envelope.corrects, 7.0))
    found = course_history(store).level_history(KEY)
    assert ([one.current_mA for one in found.confirmed], found.prescription) == ([7.0], 3)


async def test_diary_days_are_the_days_before_the_first_session(store: Store, clock: FixedClock) -> None:
    for _ in range(3):
        await store.add(Entry(moment="daily", pain_rest=4))
        await store.add(Entry(moment="daily", pain_rest=5))
        clock.advance(DAY)
    assert course_history(store).diary_days == 3
    assert course_history(store).diary_days_before(clock.now().date()) == 3
    assert course_history(store).diary_days_before((clock.now() - dt.timedelta(days=1)).date()) == 2
    await played(store, clock)
    clock.advance(DAY)
    await store.add(Entry(moment="daily", pain_rest=4))
    assert course_history(store).diary_days == 3


async def test_what_a_clinician_opened_is_told_and_nothing_else(store: Store) -> None:
    sore, skin, other = [await store.lock(class_, "c") for class_ in ("soreness", "skin", "C")]
    await store.unlock(sore.envelope.id, "rule")
    await store.unlock(other.envelope.id, "code")
    assert course_history(store).soreness_opened_on is None
    await store.unlock(skin.envelope.id, "code")
    assert course_history(store).skin_opened_on == NOON.date()


async def test_only_the_folders_own_kind_is_read(store: Store, clock: FixedClock, tmp_path: Path) -> None:
    await played(store, clock)
    open_store(tmp_path / "real", "real", clock).close()
    shutil.copytree(store.folder / "journal/2026-11", tmp_path / "real/journal/2026-11")
    with open_store(tmp_path / "real", "real", clock) as real:
        assert past_sessions(real) == {}
        assert course_history(real).sessions_done == 0


async def test_the_diary_asks_for_the_day_after_a_session_then_for_the_day(
    store: Store, clock: FixedClock
) -> None:
    assert diary_due(store, clock.now().date()) == "daily"
    await played(store, clock)
    await store.add(Entry(moment="after", skin=0))
    assert diary_due(store, clock.now().date()) is None
    clock.advance(DAY)
    assert diary_due(store, clock.now().date()) == "next_day"
    await store.add(Entry(moment="next_day", soreness=1, skin=0))
    assert diary_due(store, clock.now().date()) is None
    clock.advance(DAY)
    assert diary_due(open_reader(store.folder, clock), clock.now().date()) == "daily"


# ── the course ──────────────────────────────────────────────────────────────────────────────────


PRESCRIPTION = """
serial = 3
valid_from = 2026-10-01
valid_until = 2027-10-31
plan = "chronic-pain"
programmes = ["nmes_learn", "tens_conv"]
montages = ["M4-par"]
days_per_week = 7
week0 = false
helper_for_pads = false
[patient]
name = "A. Person"
pseudonym = "P-1"
[clinician]
name = "Dr. Who"
phone = "1234"
[pads]
width_cm = 5
height_cm = 9
"""


async def test_a_session_belongs_to_the_plan_that_governed_it(store: Store, clock: FixedClock) -> None:
    await played(store, clock)
    clock.advance(DAY)
    await install(store, PRESCRIPTION, "p.toml")
    clock.advance(DAY)
    await played(store, clock)
    before, after = past_sessions(store).values()
    assert (before.plan, before.prescription) == ("", 1), "the built-in one of the simulator"
    assert (after.plan, after.prescription) == ("chronic-pain", 3)
    history = course_history(store)
    assert (history.plan, history.plan_began) == ("chronic-pain", clock.now().date())
    assert history.reviewed_on == clock.now().date() - dt.timedelta(days=1)


@pytest.mark.parametrize(
    ("reason", "state", "short"),
    [("enough", "ended_early", True), ("sting", "ended_early", True), ("pad_loose", "ended_early", False),
     ("enough", "done", False), (None, "ended_early", False)],
)  # fmt: skip
async def test_who_stops_because_of_the_feeling_cut_the_session_short(
    store: Store, clock: FixedClock, reason: str | None, state: Any, short: bool
) -> None:
    await played(store, clock, minutes=15, state=state, stop_reason=reason)
    assert course_history(store).cut_short == {"nmes": int(short)}


async def test_levels_of_other_questions_or_doses_are_not_todays(store: Store, clock: FixedClock) -> None:
    for digest in ("last year's", questionnaire_digest()):
        await store.add(Screening(asks="daily", questionnaire_digest=digest, verdict="cleared"))
        session = await played(store, clock)
        await store.add(level(session.envelope.corrects or "", 12.0, motor_threshold_mA=8.0))
        clock.advance(4 * DAY)
    history = course_history(store)
    keys = [item.key.content for item in history.levels]
    assert keys == ["last year's", ""]
    assert [item.motor_thresholds_mA for item in history.levels] == [(8.0,), (8.0,)]


async def test_pain_is_compared_with_the_time_before_the_course(store: Store, clock: FixedClock) -> None:
    for _ in range(7):
        await store.add(Entry(moment="daily", pain_rest=6))
        clock.advance(DAY)
    await played(store, clock)
    await store.add(Entry(moment="after", pain_rest=0))
    clock.advance(DAY)
    for _ in range(5):
        await store.add(Entry(moment="daily", pain_rest=3))
        clock.advance(DAY)
    assert course_history(store).pain_change_percent == 50
