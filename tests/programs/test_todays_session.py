"""Each rule of progression, one at a time."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable

import msgspec
import pytest

from programs import library
from programs.history import CourseHistory, Level, LevelKey, PastSession, is_held
from programs.plan import ChannelPlan, NotToday, SessionPlan
from programs.prescription import Prescription, demonstration_prescription
from programs.progression import TodayFacts, next_session, why_not_gone_on
from programs.text import Reason

NOW = dt.datetime(2025, 11, 20, 14, tzinfo=dt.timezone(dt.timedelta(hours=1)))
TODAY = NOW.date()
DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)
replace = msgspec.structs.replace


def prescribed(**changes: object) -> Prescription:
    long = replace(
        demonstration_prescription(TODAY),
        valid_from=TODAY - 200 * DAY,
        valid_until=TODAY + 200 * DAY,
        limits={},
    )
    return replace(long, **changes)


TENS = prescribed(programmes=("tens_conv",))
NMES = prescribed(programmes=("nmes_learn",))


def session(
    programme: str = "nmes_learn", ago: dt.timedelta = 3 * DAY, trusted: bool = True, minutes: int = 10
) -> PastSession:
    kind = "nmes" if programme.startswith("nmes") else "tens"
    planned = (minutes + 15) * 60 if kind == "nmes" else minutes * 60
    return PastSession(programme, kind, NOW - ago, trusted, minutes, planned, planned)


def level(
    current_mA: float,
    days_ago: int,
    waveform: str = "100 Hz 180 us",
    channel: int = 1,
    **changes: object,
) -> Level:
    key = LevelKey(waveform, "M4-par", "5x9", "left" if channel == 1 else "right", channel, "p24")
    key_changes = {name: value for name, value in changes.items() if name in LevelKey.__struct_fields__}
    kind = "nmes" if waveform.startswith(("35", "20 ", "50")) else "tens"
    width = int(waveform.split()[2])
    first = changes.get("first_feeling_mA")
    day = TODAY - days_ago * DAY
    return Level(replace(key, **key_changes), kind, width, day, current_mA, first, prescription=1)


def history(*facts: PastSession | Level) -> CourseHistory:
    summary = CourseHistory()
    for fact in facts:
        summary = summary.with_session(fact) if isinstance(fact, PastSession) else summary.with_level(fact)
    return summary


def planned(prescription: Prescription, past: CourseHistory = CourseHistory(), **more: object) -> SessionPlan:  # noqa: B008 - frozen
    found = next_session(prescription, past, NOW, True, **more)
    assert isinstance(found, SessionPlan), found
    return found


def refused(prescription: Prescription, past: CourseHistory = CourseHistory(), **more: object) -> NotToday:  # noqa: B008 - frozen
    found = next_session(prescription, past, NOW, True, **more)
    assert isinstance(found, NotToday), found
    return found


def left(plan: SessionPlan) -> ChannelPlan:
    return plan.channels[0]


THREE_TENS = [session("tens_conv", ago=days * DAY, minutes=30) for days in (40, 39, 38)]
"""Past the first three, and too old to matter otherwise."""


class TestANewPerson:
    def test_begins_with_gentle_muscle_learning(self) -> None:
        plan = planned(prescribed())
        assert (plan.kind, plan.programme, plan.montage.id) == ("nmes", "nmes_learn", "M4-par")
        assert [(phase.role, phase.seconds, phase.scale) for phase in plan.phases] == [
            ("warm_up", 300, 0.4),
            ("work", 600, 1.0),
            ("cool_down", 600, 0.4),
        ]
        assert plan.minutes == 25

    def test_finds_the_level_from_zero_up_to_30_mA(self) -> None:
        plan = planned(prescribed())
        assert [(item.channel, item.ceiling_mA, item.reference_mA) for item in plan.channels] == [
            (1, 30.0, None),
            (2, 30.0, None),
        ]
        assert left(plan).set_by == Reason("no_history")
        assert Reason("no_history") in plan.reasons

    def test_is_told_that_the_first_three_are_short(self) -> None:
        assert Reason("first_sessions_short", {"session": 1, "of": 3}) in planned(prescribed()).reasons

    def test_has_half_the_length_three_times(self) -> None:
        past = CourseHistory()
        for number in range(5):
            assert planned(TENS, past).work.seconds == (900 if number < 3 else 1800)
            past = past.with_session(session("tens_conv", ago=(30 - number) * DAY, minutes=15))

    def test_the_length_of_gentle_learning_is_the_half_already(self) -> None:
        past = history(*[session(ago=days * DAY) for days in (40, 36, 33, 30)])
        assert planned(NMES, past).work.seconds == planned(NMES).work.seconds == 600

    def test_a_session_stopped_before_its_half_does_not_count(self) -> None:
        early = replace(session("tens_conv", ago=9 * DAY), seconds_done=60)
        past = history(early, early, early)
        assert past.sessions_done == 0
        assert planned(TENS, past).work.seconds == 900


class TestPrescription:
    def test_its_limit_comes_first_when_two_are_equal(self) -> None:
        plan = planned(prescribed(limits={"1": 30.0}))
        assert (left(plan).ceiling_mA, left(plan).set_by) == (30.0, Reason("prescription"))

    def test_the_lower_limit_holds(self) -> None:
        plan = planned(prescribed(limits={"1": 12.0, "2": 25.0, "nmes_learn": 20.0}))
        assert [item.ceiling_mA for item in plan.channels] == [12.0, 20.0]

    def test_not_yet(self) -> None:
        found = refused(prescribed(valid_from=TODAY + 3 * DAY))
        assert found.reasons == (Reason("prescription_not_yet", {"from": "2025-11-23"}),)
        assert found.again_on == TODAY + 3 * DAY

    def test_no_longer(self) -> None:
        found = refused(prescribed(valid_until=TODAY - DAY))
        assert found == NotToday((Reason("prescription_expired", {"on": "2025-11-19"}),), None)

    def test_week_0_counts_diary_days(self) -> None:
        past = CourseHistory().with_diary_day(TODAY - 7 * DAY).with_diary_day(TODAY - 6 * DAY)
        found = refused(prescribed(week0=True), past)
        assert found == NotToday((Reason("week0", {"day": 3, "of": 7}),), TODAY + DAY)
        for ago in range(5, 0, -1):
            past = past.with_diary_day(TODAY - ago * DAY)
        assert planned(prescribed(week0=True), past)

    def test_what_is_written_on_the_seventh_day_does_not_end_it(self) -> None:
        past = CourseHistory()
        for ago in range(6, -1, -1):
            past = past.with_diary_day(TODAY - ago * DAY)
        found = refused(prescribed(week0=True), past)
        assert found == NotToday((Reason("week0", {"day": 7, "of": 7}),), TODAY + DAY)
        assert isinstance(next_session(prescribed(week0=True), past, NOW + DAY, True), SessionPlan)

    def test_days_of_the_week(self) -> None:
        past = history(*[session("tens_conv", ago=days * DAY) for days in (6, 4, 2)])
        assert planned(replace(TENS, days_per_week=4), past)
        found = refused(replace(TENS, days_per_week=3), past)
        assert found == NotToday((Reason("days_per_week", {"days": 3}),), TODAY + DAY)

    def test_a_clock_that_jumped_ahead_once_hides_none_of_this_weeks_days(self) -> None:
        week = [session("tens_conv", ago=days * DAY) for days in (5, 4, 3)]
        ahead = session("tens_conv", ago=-400 * DAY, trusted=False)
        found = refused(replace(TENS, days_per_week=4), history(*week, ahead))
        assert found.reasons == (Reason("days_per_week", {"days": 4}),)

    def test_a_day_that_has_begun_is_not_counted_against_itself(self) -> None:
        past = history(session("tens_conv", ago=2 * DAY), session("tens_conv", ago=HOUR))
        assert planned(replace(TENS, days_per_week=2), past)

    def test_smaller_pads_lower_the_ceiling(self) -> None:
        pads = replace(prescribed().pads, width_cm=4.0, height_cm=6.4)
        past = history(*THREE_TENS, *[level(50, days, pads="4x6.4") for days in (3, 2, 1)])
        plan = planned(replace(TENS, pads=pads), past)
        assert plan.montage.pad_size == "4x6.4"
        assert left(plan).ceiling_mA == 50.0, "the guard's 50 mA, below the pads' 51"

    def test_small_pads_end_where_2_mA_per_cm2_do(self) -> None:
        pads = replace(prescribed().pads, width_cm=5.0, height_cm=5.0)
        usual = [level(55, days, "35 Hz 250 us", pads="5x5") for days in (11, 8, 5)]
        plan = planned(replace(NMES, pads=pads), history(session(ago=20 * DAY), session(ago=5 * DAY), *usual))
        assert (left(plan).ceiling_mA, left(plan).set_by) == (50.0, Reason("pads"))
        assert left(plan).reference_mA == 50.0

    def test_a_montage_is_chosen_for_the_programme(self) -> None:
        both = prescribed(montages=("M2", "M4-par"))
        assert planned(both).montage.id == "M4-par"
        assert planned(replace(both, programmes=("tens_conv",))).montage.id == "M2"


class TestRest:
    def test_72_hours_in_the_first_two_weeks(self) -> None:
        past = history(session(ago=71 * HOUR))
        found = refused(NMES, past)
        until = (NOW + HOUR).date()
        assert found == NotToday((Reason("muscles_rest", {"until": until.isoformat()}),), until)
        assert planned(NMES, history(session(ago=72 * HOUR)))

    def test_48_hours_later_on(self) -> None:
        assert planned(NMES, history(session(ago=20 * DAY), session(ago=48 * HOUR)))
        for past in (
            history(session(ago=20 * DAY), session(ago=47 * HOUR)),
            history(session(ago=13 * DAY), session(ago=48 * HOUR)),
        ):
            assert refused(NMES, past).reasons[0].rule == "muscles_rest"

    def test_72_hours_again_after_a_long_break(self) -> None:
        settled = history(*[session(ago=days * DAY) for days in (60, 25, 20)], session(ago=48 * HOUR))
        assert planned(NMES, settled)
        again = history(session(ago=60 * DAY), session(ago=71 * HOUR))
        assert refused(NMES, again).reasons[0].rule == "muscles_rest"

    def test_a_stopped_session_needs_its_rest_too(self) -> None:
        short = replace(session(ago=30 * HOUR), seconds_done=30)
        assert refused(NMES, history(short)).reasons[0].rule == "muscles_rest"

    def test_tens_fills_the_rest(self) -> None:
        plan = planned(prescribed(), history(session(ago=20 * HOUR)))
        assert plan.programme == "tens_conv"
        assert plan.reasons[0] == Reason("muscles_rest", {"until": "2025-11-22"})

    def test_muscles_come_first_whatever_the_order(self) -> None:
        assert planned(prescribed(programmes=("tens_conv", "nmes_learn"))).programme == "nmes_learn"

    @pytest.mark.parametrize(("then", "now"), [(False, True), (True, False), (False, False)])
    def test_an_untrusted_clock_proves_no_rest(self, then: bool, now: bool) -> None:
        past = history(session(ago=10 * DAY, trusted=then))
        found = next_session(NMES, past, NOW, now)
        assert found == NotToday((Reason("rest_not_known"),), None)

    @pytest.mark.parametrize(("hours", "kind"), [(49, "nmes"), (47, "tens")])
    def test_a_later_session_by_a_trusted_clock_proves_the_rest_since_then(
        self, hours: int, kind: str
    ) -> None:
        """When the muscle session was nobody knows; that it was before this one is certain."""
        past = history(
            session(ago=30 * DAY, trusted=True),
            session(ago=10 * DAY, trusted=False),
            session("tens_conv", ago=hours * HOUR),
            session("tens_conv", ago=20 * HOUR),
        )
        assert planned(prescribed(), past).kind == kind

    def test_a_later_session_by_an_untrusted_clock_proves_nothing(self) -> None:
        past = history(session(ago=10 * DAY, trusted=False), session("tens_conv", ago=5 * DAY, trusted=False))
        assert next_session(NMES, past, NOW, True) == NotToday((Reason("rest_not_known"),), None)

    def test_a_clock_behind_the_last_session_is_not_trusted(self) -> None:
        past = history(session("tens_conv", ago=-HOUR), level(20, 1))
        plan = planned(TENS, past)
        assert Reason("clock_not_trusted") in plan.reasons
        assert left(plan).reference_mA is None

    def test_never_a_muscle_session_needs_no_clock(self) -> None:
        assert isinstance(next_session(NMES, CourseHistory(), NOW, False), SessionPlan)

    def test_learn_twice_a_week(self) -> None:
        past = history(session(ago=30 * DAY), session(ago=6 * DAY), session(ago=3 * DAY))
        found = refused(NMES, past)
        assert found == NotToday((Reason("enough_this_week", {"times": 2}),), TODAY + DAY)

    def test_tens_three_times_a_day(self) -> None:
        thrice = [session("tens_conv", ago=hours * HOUR) for hours in (6, 4, 2)]
        assert planned(TENS, history(*thrice[:2]))
        found = refused(TENS, history(*thrice))
        assert found == NotToday((Reason("enough_today", {"times": 3}),), TODAY + DAY)

    def test_135_minutes_a_day(self) -> None:
        many = prescribed(programmes=("tens_burst", "tens_conv"))
        past = history(
            *THREE_TENS,
            *[session("tens_conv", ago=hours * HOUR, minutes=30) for hours in (9, 8)],
            *[session("relax", ago=hours * HOUR, minutes=20) for hours in (7, 6, 5)],
        )
        found = refused(many, past)
        assert found.reasons == (Reason("day_is_full", {"minutes": 135}),)

    def test_28_days_without_muscle_work_begin_again_with_learning(self) -> None:
        end_only = prescribed(programmes=("nmes_end", "nmes_learn"))
        assert planned(end_only, history(session("nmes_end", ago=27 * DAY))).programme == "nmes_end"
        plan = planned(end_only, history(session("nmes_end", ago=28 * DAY)))
        assert plan.programme == "nmes_learn"
        assert Reason("restart_learning", {"days": 28}) in plan.reasons

    def test_again_on_is_when_the_first_programme_can_run(self) -> None:
        past = history(
            session("tens_conv", ago=6 * HOUR), session(ago=5 * HOUR),
            session("tens_conv", ago=4 * HOUR), session("tens_conv", ago=2 * HOUR),
        )  # fmt: skip
        found = refused(prescribed(), past)
        assert [reason.rule for reason in found.reasons] == ["muscles_rest", "enough_today"]
        assert found.again_on == TODAY + DAY


class TestSoreness:
    def sore(self, *values: tuple[int, int], opened: int | None = None) -> CourseHistory:
        """(days ago, soreness) …; a clinician opened the lock `opened` days ago."""
        past = history(session(ago=10 * DAY))
        for days_ago, value in values:
            past = past.with_day(TODAY - days_ago * DAY, soreness=value)
        return past if opened is None else past.opened_by_clinician("soreness", TODAY - opened * DAY)

    def test_4_is_not_today(self) -> None:
        found = refused(prescribed(), facts=TodayFacts(soreness=4))
        assert found == NotToday((Reason("sore"),), TODAY + 2 * DAY)

    def test_3_is_no_matter(self) -> None:
        assert planned(prescribed(), facts=TodayFacts(soreness=3))

    def test_one_calm_day_is_not_enough(self) -> None:
        found = refused(prescribed(), self.sore((1, 5), (0, 2)))
        assert found.again_on == TODAY + DAY

    def test_two_calm_days_running_are(self) -> None:
        assert planned(prescribed(), self.sore((2, 5), (1, 2), (0, 2)))

    def test_a_day_without_an_answer_breaks_the_run(self) -> None:
        assert refused(prescribed(), self.sore((4, 5), (3, 1), (1, 1)))
        assert planned(prescribed(), self.sore((4, 5), (3, 1), (1, 1), (0, 1)))

    def test_home_knows_of_yesterday_before_it_asks(self) -> None:
        assert refused(prescribed(), self.sore((1, 6)))

    def test_7_waits_for_the_clinician(self) -> None:
        locked = self.sore((5, 7), (4, 1), (3, 1), (2, 0), (1, 0))
        assert refused(prescribed(), locked) == NotToday((Reason("soreness_locked"),), None)
        assert planned(prescribed(), self.sore((5, 7), (4, 1), (3, 1), opened=5))

    def test_a_clock_set_back_hides_no_soreness(self) -> None:
        past = self.sore((-1, 1), (-2, 1))
        assert refused(prescribed(), past, facts=TodayFacts(soreness=4))

    def test_what_came_after_the_clinician_counts(self) -> None:
        assert refused(prescribed(), self.sore((5, 7), (1, 5), opened=3)).reasons[0].rule == "sore"

    def test_more_than_72_hours_after_muscle_work(self) -> None:
        recent = history(session(ago=80 * HOUR))
        assert refused(TENS, recent, facts=TodayFacts(soreness=1)).reasons == (Reason("sore"),)
        calm = recent.with_day(TODAY - DAY, soreness=2)
        assert planned(TENS, calm, facts=TodayFacts(soreness=1))

    def test_afterwards_it_is_20_percent_lower(self) -> None:
        past = history(
            *THREE_TENS, session("tens_conv", ago=3 * DAY), *[level(20, days) for days in (5, 4, 3)]
        )
        past = past.with_day(TODAY - 2 * DAY, soreness=5)
        past = past.with_day(TODAY - DAY, soreness=2)
        plan = planned(TENS, past, facts=TodayFacts(soreness=1))
        assert (left(plan).ceiling_mA, left(plan).reference_mA) == (16.0, 16.0)
        assert left(plan).set_by == Reason("lower_sore", {"percent": 20})
        assert Reason("lower_sore", {"percent": 20}) in plan.reasons
        again = past.with_day(TODAY, soreness=1).with_session(session("tens_conv", ago=HOUR))
        again = again.with_level(level(16, 0))
        assert left(planned(TENS, again)).set_by != Reason("lower_sore", {"percent": 20})

    def test_tens_in_between_does_not_use_up_the_lower_muscle_session(self) -> None:
        past = history(session(ago=9 * DAY), level(20, 9, "35 Hz 250 us"), level(20, 9, "35 Hz 250 us", 2))
        past = past.with_day(TODAY - 8 * DAY, soreness=5).with_session(session("tens_conv", ago=5 * DAY))
        past = past.with_day(TODAY - 7 * DAY, soreness=1).with_day(TODAY - 6 * DAY, soreness=1)
        assert Reason("lower_sore", {"percent": 20}) in planned(NMES, past).reasons


class TestSkinAndPain:
    def test_a_pink_spot_moves_the_pads(self) -> None:
        past = CourseHistory().with_day(TODAY - DAY, skin=1)
        assert Reason("shift_pads") in planned(prescribed(), past).reasons
        assert Reason("shift_pads") not in planned(prescribed(), past.with_day(TODAY, skin=0)).reasons

    def test_skin_2_waits_for_the_clinician(self) -> None:
        past = CourseHistory().with_day(TODAY - 3 * DAY, skin=2).with_day(TODAY - DAY, skin=0)
        found = refused(prescribed(), past)
        assert found == NotToday((Reason("skin_locked", {"skin": 2, "on": "2025-11-17"}),), None)
        assert planned(prescribed(), past.opened_by_clinician("skin", TODAY - DAY))

    @pytest.mark.parametrize("days", [27, 29, 400])
    def test_no_lock_is_lifted_by_time(self, days: int) -> None:
        then = TODAY - days * DAY
        later = {"soreness": 0, "skin": 0}
        for past in (
            CourseHistory().with_day(then, skin=3),
            CourseHistory().with_day(then, soreness=8),
            CourseHistory().with_day(then, soreness=5),
        ):
            assert refused(prescribed(), past.with_day(TODAY - 2 * DAY, **later))
        calm = CourseHistory().with_day(then, soreness=5).with_day(TODAY - 2 * DAY, **later)
        assert planned(prescribed(), calm.with_day(TODAY - DAY, **later))

    def test_the_worst_of_a_day_stays(self) -> None:
        past = CourseHistory().with_day(TODAY, skin=3).with_day(TODAY, skin=0)
        assert refused(prescribed(), past)

    def test_pain_two_above_the_usual_means_tens(self) -> None:
        plan = planned(prescribed(), facts=TodayFacts(pain=6, usual_pain=4.0))
        assert (plan.programme, plan.reasons[0]) == ("tens_conv", Reason("pain_high"))
        assert planned(prescribed(), facts=TodayFacts(pain=5, usual_pain=4.0)).programme == "nmes_learn"
        found = refused(NMES, facts=TodayFacts(pain=9, usual_pain=4.0))
        assert found == NotToday((Reason("pain_high"),), TODAY + DAY)

    def test_pain_after_the_last_session_makes_it_lower(self) -> None:
        past = history(
            *THREE_TENS, session("tens_conv", ago=2 * DAY), *[level(20, days) for days in (4, 3, 2)]
        )
        plan = planned(TENS, past.with_pain_up(TODAY - 2 * DAY))
        assert left(plan).reference_mA == 16.0
        assert Reason("lower_pain", {"percent": 20}) in plan.reasons

    @pytest.mark.parametrize(("looked", "lowers"), [(3, True), (2, True), (1, True), (0, False)])
    def test_a_clinician_has_not_seen_the_pain_that_is_said_after_she_looked(
        self, looked: int, lowers: bool
    ) -> None:
        """The pain is said on the day after the session; on that day perhaps after the look."""
        past = history(
            *THREE_TENS, session("tens_conv", ago=2 * DAY), *[level(20, days) for days in (4, 3, 2)]
        )
        past = past.with_prescription(TODAY - looked * DAY).with_pain_up(TODAY - 2 * DAY)
        plan = planned(TENS, past)
        assert (left(plan).reference_mA == 16.0) is lowers
        assert (Reason("lower_pain", {"percent": 20}) in plan.reasons) is lowers

    def test_a_look_on_the_day_of_the_second_pain_leaves_only_that_one(self) -> None:
        past = history(session(ago=10 * DAY), session(ago=5 * DAY))
        past = past.with_pain_up(TODAY - 10 * DAY).with_pain_up(TODAY - 5 * DAY)
        past = past.with_prescription(TODAY - 4 * DAY)
        assert past.pain_up_unseen == (TODAY - 5 * DAY,)
        assert planned(prescribed(), past).programme == "nmes_learn"

    def test_twice_means_tens_until_reviewed(self) -> None:
        past = history(session(ago=10 * DAY), session(ago=5 * DAY))
        past = past.with_pain_up(TODAY - 10 * DAY).with_pain_up(TODAY - 5 * DAY)
        assert planned(prescribed(), past).programme == "tens_conv"
        assert planned(prescribed(), past.opened_by_clinician("pain", TODAY)).programme == "nmes_learn"
        once = history(session(ago=5 * DAY)).with_pain_up(TODAY - 5 * DAY)
        assert planned(prescribed(), once).programme == "nmes_learn"

    @pytest.mark.parametrize(("apart", "programme"), [(28, "tens_conv"), (29, "nmes_learn")])
    def test_twice_means_within_28_days(self, apart: int, programme: str) -> None:
        past = history(session(ago=40 * DAY), session(ago=20 * DAY), session(ago=5 * DAY))
        past = past.with_pain_up(TODAY - (5 + apart) * DAY).with_pain_up(TODAY - 5 * DAY)
        assert planned(prescribed(), past).programme == programme

    def test_what_closed_the_muscles_is_not_opened_by_waiting_or_by_a_later_rise(self) -> None:
        past = history(session(ago=60 * DAY), session(ago=55 * DAY))
        past = past.with_pain_up(TODAY - 60 * DAY).with_pain_up(TODAY - 55 * DAY)
        assert planned(prescribed(), past).programme == "tens_conv"
        for ago in (10, 3):
            past = past.with_pain_up(TODAY - ago * DAY, muscles=ago == 3)
            assert planned(prescribed(), past).programme == "tens_conv"

    def test_pain_after_tens_lowers_the_next_session_and_closes_no_muscles(self) -> None:
        past = history(session(ago=9 * DAY), level(20, 9, "35 Hz 250 us"), level(20, 9, "35 Hz 250 us", 2))
        past = past.with_session(session("tens_conv", ago=3 * DAY, minutes=15))
        past = past.with_pain_up(TODAY - 4 * DAY, muscles=False)
        past = past.with_pain_up(TODAY - 3 * DAY, muscles=False)
        plan = planned(prescribed(), past)
        assert plan.programme == "nmes_learn"
        assert Reason("lower_pain", {"percent": 20}) in plan.reasons


class TestLevel:
    def usual(self, *levels: float, **changes: object) -> CourseHistory:
        """TENS levels of old: one a day up to yesterday, after more than a week of the same."""
        week = [level(levels[0], days, **changes) for days in (10, 9, 8)]
        count = len(levels)
        return history(
            *THREE_TENS,
            session("tens_conv", ago=DAY, minutes=30),
            *week,
            *[level(value, count - i, **changes) for i, value in enumerate(levels)],
        )

    def test_ten_percent_above_the_median_of_the_last_three(self) -> None:
        plan = planned(TENS, self.usual(20, 20, 20))
        assert (left(plan).ceiling_mA, left(plan).reference_mA) == (22.0, 20.0)
        assert left(plan).set_by == Reason("last_three")

    def test_one_high_day_does_not_lift_the_median(self) -> None:
        plan = planned(TENS, self.usual(20, 20, 22))
        assert (left(plan).ceiling_mA, left(plan).reference_mA) == (22.0, 22.0)

    def test_one_low_day_lowers_the_reference_and_not_the_ceiling(self) -> None:
        plan = planned(TENS, self.usual(20, 20, 14))
        assert (left(plan).ceiling_mA, left(plan).reference_mA) == (22.0, 14.0)

    def test_a_fall_of_more_than_30_percent_does_not_rise_again_above_the_usual(self) -> None:
        plan = planned(TENS, self.usual(20, 20, 13.5))
        assert (left(plan).ceiling_mA, left(plan).reference_mA) == (20.0, 13.5)
        assert left(plan).set_by == Reason("tolerance_fell", {"percent": 32})

    def test_rounded_down_to_the_step(self) -> None:
        assert left(planned(TENS, self.usual(17, 17, 17))).ceiling_mA == 18.5

    def test_not_more_than_5_mA_above(self) -> None:
        past = history(session(ago=20 * DAY), *[level(54, days, "35 Hz 250 us") for days in (20, 19, 6)])
        assert left(planned(NMES, past)).ceiling_mA == 59.0

    def test_ten_percent_in_seven_days(self) -> None:
        """Every day's median would allow ten percent more; the week does not."""
        plan = planned(TENS, self.usual(20, 22, 22, 22))
        assert (left(plan).ceiling_mA, left(plan).set_by) == (22.0, Reason("last_week"))

    def test_in_the_first_week_ten_percent_above_the_first_level(self) -> None:
        past = history(session("tens_conv", ago=DAY), level(20, 3), level(22, 2), level(22, 1))
        assert left(planned(TENS, past)).ceiling_mA == 22.0

    def test_a_level_rises_ten_percent_a_week_and_no_faster(self) -> None:
        past = history(*THREE_TENS, session("tens_conv", ago=27 * DAY, minutes=30), level(20, 27))
        tops = []
        for days_ago in range(26, -1, -1):
            found = next_session(TENS, past, NOW - days_ago * DAY, True)
            assert isinstance(found, SessionPlan)
            tops.append(left(found).ceiling_mA)
            past = past.with_session(session("tens_conv", ago=days_ago * DAY + HOUR, minutes=30))
            past = past.with_level(level(tops[-1], days_ago))
        assert all(later <= 1.1 * tops[max(0, i - 7)] + 1e-9 for i, later in enumerate(tops))
        assert tops[-1] > 24, "it does rise"

    def test_while_the_minutes_rise_the_level_does_not(self) -> None:
        old = [session("tens_conv", ago=days * DAY, minutes=15) for days in (5, 4, 3)]
        past = history(*old, *[level(20, days) for days in (5, 4, 3)])
        plan = planned(TENS, past)
        assert plan.work.seconds == 1800
        assert (left(plan).ceiling_mA, left(plan).set_by) == (20.0, Reason("longer_this_week"))
        after = past.with_session(session("tens_conv", ago=2 * DAY, minutes=30))
        assert left(planned(TENS, after)).ceiling_mA == 20.0

    @pytest.mark.parametrize(
        ("days", "reference_mA"), [(1, 20.0), (6, 20.0), (7, 16.0), (13, 16.0), (14, 12.0), (27, 12.0)]
    )
    def test_missed_days_make_it_lower(self, days: int, reference_mA: float) -> None:
        past = history(
            *THREE_TENS, session("tens_conv", ago=days * DAY), *[level(20, days + i) for i in (2, 1, 0)]
        )
        plan = planned(TENS, past)
        assert left(plan).reference_mA == reference_mA
        assert left(plan).ceiling_mA == (22.0 if days < 7 else reference_mA)

    def test_28_missed_days_begin_from_zero_and_not_above_60_percent(self) -> None:
        past = history(*THREE_TENS, *[level(20, 28 + i) for i in (2, 1, 0)])
        plan = planned(TENS, past)
        assert (left(plan).ceiling_mA, left(plan).reference_mA) == (12.0, None)
        assert Reason("restart", {"days": 28}) in plan.reasons

    def test_a_lower_day_may_lie_below_what_is_felt_and_says_so(self) -> None:
        def after(days: int, first_mA: float) -> SessionPlan:
            usual = [level(20, days + i, first_feeling_mA=first_mA) for i in (2, 1, 0)]
            return planned(TENS, history(*THREE_TENS, session("tens_conv", ago=days * DAY), *usual))

        for first_mA in (9.0, 12.0, 15.0):
            plan = after(20, first_mA)
            assert (left(plan).ceiling_mA, left(plan).reference_mA) == (12.0, 12.0)
            assert (Reason("may_feel_nothing") in plan.reasons) is (first_mA > 12)

    def test_factors_multiply(self) -> None:
        past = history(*THREE_TENS, session("tens_conv", ago=7 * DAY), *[level(20, 7 + i) for i in (2, 1, 0)])
        past = past.with_pain_up(TODAY - 7 * DAY)
        assert left(planned(TENS, past)).reference_mA == 12.5, "20 × 0.8 × 0.8, rounded down"

    @pytest.mark.parametrize(
        "change",
        [{"pads": "4x6.4"}, {"montage": "M2"}, {"side": "both"}, {"device_kind": "rehastim2"}],
    )
    def test_a_change_begins_from_zero_with_80_percent_of_the_charge(self, change: dict[str, object]) -> None:
        plan = planned(TENS, self.usual(20, 20, 20, **change))
        assert (left(plan).ceiling_mA, left(plan).reference_mA) == (16.0, None)
        assert left(plan).set_by == Reason("changed")

    @pytest.mark.parametrize(
        ("old", "limit_mA"),
        [
            ([level(20, 1, "2 Hz 200 us"), level(12, 1, "5 Hz 300 us")], 16.0),
            ([level(20, 3, "2 Hz 200 us"), level(10, 1, "2 Hz 200 us", 2)], 8.5),
            ([level(10, 3, "2 Hz 200 us"), level(20, 1, "2 Hz 200 us", 2)], 8.5),
            ([level(10, 3, "2 Hz 200 us"), level(20, 1, "2 Hz 200 us")], 13.0),
        ],
    )
    def test_of_two_old_charges_the_lower_one_counts(self, old: list[Level], limit_mA: float) -> None:
        """Of one day; of the last on this channel and since then on another; of the last and the usual."""
        assert left(planned(TENS, history(*THREE_TENS, *old))).ceiling_mA == limit_mA

    @pytest.mark.parametrize(
        "change",
        [{"pads": "4x6.4"}, {"montage": "M2"}, {"device_kind": "rehastim2"}],
    )
    def test_a_change_back_begins_from_zero_too(self, change: dict[str, object]) -> None:
        past = self.usual(20, 20, 20).with_level(level(9, 1, **change))
        plan = planned(TENS, past)
        assert left(plan).reference_mA is None
        assert Reason("changed") in plan.reasons
        assert left(plan).ceiling_mA == 22.0, "the levels of this place hold"
        again = planned(TENS, past.with_level(level(20, 1)))
        assert left(again).reference_mA == 20.0

    def test_other_questions_or_doses_begin_from_zero_too(self) -> None:
        plan = planned(TENS, self.usual(20, 20, 20, content="the digest of last year"))
        assert (left(plan).ceiling_mA, left(plan).reference_mA) == (16.0, None)

    def test_in_the_first_week_of_another_programme_its_level_does_not_rise(self) -> None:
        old = [session("tens_conv", ago=days * DAY, minutes=30) for days in (30, 29, 28, 27)]
        low = [session("tens_low", ago=days * DAY, minutes=30) for days in (2, 1)]
        programme = prescribed(programmes=("tens_low",), plan="chronic-pain")
        waveform = library.load_programme("tens_low").waveform
        past = history(*old, *low, *[level(20, days, waveform) for days in (2, 1)])
        assert left(planned(programme, past)).set_by == Reason("longer_this_week")
        assert left(planned(programme, past)).ceiling_mA == 20.0

    def test_two_sessions_cut_short_do_not_make_the_next_one_stronger(self) -> None:
        past = self.usual(20, 20, 20)
        for hours in (5, 4):
            past = past.with_session(
                replace(session("tens_conv", ago=hours * HOUR, minutes=30), cut_short=True)
            )
        assert left(planned(TENS, past)).ceiling_mA == 20.0
        assert left(planned(TENS, past)).set_by == Reason("cut_short", {"times": 2})

    def test_the_motor_threshold_is_kept_for_its_own_key(self) -> None:
        past = history(*[replace(level(20, 3 - i), motor_threshold_mA=9.0 + i) for i in range(4)])
        assert past.levels[0].motor_thresholds_mA == (10.0, 11.0, 12.0)

    def test_another_waveform_of_the_kind_too(self) -> None:
        past = history(
            *[session(ago=days * DAY) for days in (30, 20, 5)],
            level(20, 5, "35 Hz 250 us"),
            level(30, 5, "35 Hz 250 us", 2),
        )
        plan = planned(prescribed(programmes=("nmes_learn", "nmes_str")), past)
        charges = [item.ceiling_mA * 0.3 for item in plan.channels]
        assert [item.ceiling_mA for item in plan.channels] == [13.0, 20.0]
        assert charges[0] <= 0.8 * 20 * 0.25
        assert all(item.reference_mA is None for item in plan.channels)

    def test_a_changed_level_never_passes_30_mA(self) -> None:
        learned = [session(ago=days * DAY) for days in (20, 15, 5)]
        past = history(*learned, level(55, 5, "35 Hz 250 us"))
        plan = planned(prescribed(programmes=("nmes_learn", "nmes_end")), past)
        assert (plan.programme, left(plan).ceiling_mA) == ("nmes_end", 30.0)

    def test_a_tingle_says_nothing_of_a_contraction(self) -> None:
        past = history(*THREE_TENS, level(8, 1))
        assert left(planned(NMES, past)).ceiling_mA == 30.0

    def test_the_usual_first_feeling_is_the_median_of_three(self) -> None:
        past = history(
            *[level(20, 4 - i, first_feeling_mA=value) for i, value in enumerate((9.0, 5.0, 6.0, 5.5))]
        )
        assert left(planned(TENS, past)).usual_first_feeling_mA == 5.5

    def test_a_level_that_was_not_confirmed_is_not_comfortable(self) -> None:
        tried = replace(level(0, 0), comfortable_mA=None, first_feeling_mA=6.0)
        assert history(tried).levels == ()
        past = history(level(20, 1), tried)
        assert past.levels[0].last.current_mA == 20
        assert past.levels[0].first_feelings_mA == (6.0,)

    def test_with_an_untrusted_clock_nothing_rises(self) -> None:
        found = next_session(TENS, self.usual(20, 20, 20), NOW, False)
        assert isinstance(found, SessionPlan)
        assert (left(found).ceiling_mA, left(found).reference_mA) == (20.0, None)

    def test_a_limit_below_one_step_is_no_session(self) -> None:
        past = history(*THREE_TENS, *[level(0.5, 8 + i) for i in (2, 1, 0)])
        assert refused(TENS, past).reasons == (Reason("limit_too_low"),)


class TestComingBack:
    """A level that a lowered limit held down says nothing of what is comfortable."""

    def lived(self, *levels: Level, first_mA: float | None = None) -> CourseHistory:
        """TENS at 20 mA for long; then these, a day after the other up to yesterday."""
        usual = [level(20, days, first_feeling_mA=first_mA) for days in (30, 29, 28, 6, 5, 4)]
        done = session("tens_conv", ago=DAY, minutes=30)
        return history(*THREE_TENS, done, *usual, *levels)

    def held(self, current_mA: float, days_ago: int, waveform: str = "100 Hz 180 us") -> Level:
        return replace(level(current_mA, days_ago, waveform), held=True)

    @pytest.mark.parametrize(("held_mA", "limit_mA"), [(12.0, 15.0), (15.0, 18.5), (18.0, 22.0)])
    def test_it_goes_one_step_a_day_back_to_the_own_level(self, held_mA: float, limit_mA: float) -> None:
        plan = planned(TENS, self.lived(self.held(held_mA, 1)))
        assert (left(plan).ceiling_mA, left(plan).reference_mA) == (limit_mA, held_mA)

    def test_not_two_steps_on_one_day(self) -> None:
        assert left(planned(TENS, self.lived(self.held(12, 0)))).ceiling_mA == 12.0

    def test_many_low_days_become_what_the_next_limit_comes_from(self) -> None:
        """Safety rule 4: 1.1 times the median of the last three, whatever held them down."""
        past = self.lived(*[self.held(9, days) for days in (4, 3, 2)], self.held(18, 1))
        assert left(planned(TENS, past)).ceiling_mA == 9.5
        assert left(planned(TENS, past)).set_by == Reason("step_by_step")

    def test_what_the_person_chose_by_herself_is_not_forgotten(self) -> None:
        """A limit never lies more than ten percent above it, however often it was reached since."""
        past = history(
            *THREE_TENS, session("tens_conv", ago=DAY), *[level(10, days) for days in (40, 39, 38)]
        )
        for days in range(12, 0, -1):
            past = past.with_level(self.held(12, days))
        assert left(planned(TENS, past)).ceiling_mA == 11.0

    def test_a_pause_every_week_takes_a_fifth_of_what_is_left(self) -> None:
        past, limits = self.lived(), []
        for week in range(1, 5):
            now = NOW + (8 * week - 4) * DAY
            found = next_session(TENS, past, now, True)
            assert isinstance(found, SessionPlan)
            limits.append(left(found).ceiling_mA)
            assert left(found).reference_mA == limits[-1], "a factor below 1 lowers C to L"
            at = session("tens_conv", minutes=30)
            past = past.with_session(replace(at, ended_at=now))
            low = replace(self.held(limits[-1], 0), day=now.date())
            past = past.with_level(low)
        assert limits == [16.0, 12.5, 10.0, 8.0]

    def test_from_60_percent_it_is_the_old_one_again_within_two_months(self) -> None:
        """Without anybody's help, also from where nothing is felt."""
        first_mA, past, limits = 13.0, self.lived(first_mA=13.0), []
        for days in range(16, 16 + 8 * 7):
            now = NOW + days * DAY
            found = next_session(TENS, past.with_prescription(now.date()), now, True)
            assert isinstance(found, SessionPlan)
            limits.append(left(found).ceiling_mA)
            past = past.with_session(replace(session("tens_conv", minutes=30), ended_at=now))
            felt_mA = first_mA if limits[-1] >= first_mA else None
            held = is_held(limits[-1], limits[-1], left(found).set_by.rule)
            today = replace(level(limits[-1], 0), day=now.date(), first_feeling_mA=felt_mA, held=held)
            past = past.with_level(today)
        assert limits[0] == 12.0
        assert all(later <= 1.25 * one for one, later in itertools.pairwise(limits)), (
            "no more than one cut a day"
        )
        assert limits[-1] >= 20

    def test_soreness_lowers_what_made_it_sore(self) -> None:
        past = self.lived(self.held(12, 1)).with_day(TODAY - DAY, soreness=5)
        past = past.opened_by_clinician("soreness", TODAY)
        assert left(planned(TENS, past)).ceiling_mA == 9.5

    def test_what_the_person_chose_below_the_limit_is_her_own(self) -> None:
        past = self.lived(level(12, 3), level(12, 2), level(12, 1))
        assert left(planned(TENS, past)).ceiling_mA == 13.0
        assert is_held(12.0, 12.0, "lower_sore")
        assert not is_held(11.5, 12.0, "lower_sore")
        assert not is_held(12.0, 12.0, "last_three")
        assert not is_held(None, 12.0, "lower_sore")

    @pytest.mark.parametrize("ends", [{"cut_short": True}, {"work_minutes": 15}])
    def test_no_step_back_while_something_speaks_against_it(self, ends: dict[str, object]) -> None:
        """Two sessions cut short, or minutes that rise today."""
        at = [replace(session("tens_conv", ago=ago * DAY, minutes=30), **ends) for ago in (3, 2, 1)]
        usual = [level(20, days) for days in (30, 29, 28, 6, 5, 4)]
        assert left(planned(TENS, history(*at, *usual, self.held(12, 1)))).ceiling_mA <= 12.0

    def test_with_another_waveform_80_percent_is_for_the_first_session(self) -> None:
        """From there on ten percent a week."""
        weeks = [session(ago=days * DAY) for days in (40, 35, 30)] + [
            session("nmes_str", ago=10 * DAY, minutes=15)
        ]
        learned = [level(20, days, "35 Hz 250 us", channel) for days in (40, 35, 30) for channel in (1, 2)]
        strength = prescribed(programmes=("nmes_learn", "nmes_str"))

        def after(*mA: float) -> float:
            found = [replace(level(one, 4, "50 Hz 300 us", side), held=True) for one in mA for side in (1, 2)]
            done = [session("nmes_str", ago=4 * DAY, minutes=15)] if mA else []
            plan = planned(strength, history(*weeks, *done, *learned, *found))
            assert plan.programme == "nmes_str"
            return left(plan).ceiling_mA

        assert after() == 13.0
        assert after(13.0) == 14.0
        assert after(10.0, 11.0) == 11.0

    def test_the_old_charge_is_that_of_the_last_level_also_where_it_was_held_down(self) -> None:
        learned = [session(ago=days * DAY) for days in (40, 35, 20, 5)]
        past = history(*learned, level(20, 35, "35 Hz 250 us"), self.held(8, 5, "20 Hz 250 us"))
        plan = planned(prescribed(programmes=("nmes_learn", "nmes_str")), past)
        assert (plan.programme, left(plan).ceiling_mA) == ("nmes_str", 5.0)


class TestANewPrescription:
    """Safety rules 24 and 28: the newest governs, and what was found under another is no start for a rise."""

    USUAL = TestLevel().usual(20, 20, 20)

    def test_the_level_is_found_from_zero_below_the_same_limit(self) -> None:
        for serial, reference_mA in ((1, 20.0), (2, None)):
            plan = planned(replace(TENS, serial=serial), self.USUAL)
            assert (left(plan).ceiling_mA, left(plan).reference_mA) == (22.0, reference_mA)
            assert (Reason("new_prescription") in plan.reasons) is (reference_mA is None)

    def test_once_found_under_it_a_rise_is_offered_again(self) -> None:
        past = self.USUAL.with_level(replace(level(18, 1), prescription=2))
        assert left(planned(replace(TENS, serial=2), past)).reference_mA == 18.0

    def test_a_level_of_which_nobody_knows_the_prescription_is_found_from_zero(self) -> None:
        past = self.USUAL.with_level(replace(level(18, 1), prescription=0))
        assert left(planned(TENS, past)).reference_mA is None

    def test_what_is_usually_felt_is_known_all_the_same(self) -> None:
        past = self.USUAL.with_level(level(20, 1, first_feeling_mA=7.0))
        assert left(planned(replace(TENS, serial=2), past)).usual_first_feeling_mA == 7.0

    def test_the_clinician_may_have_every_level_found_as_if_for_the_first_time(self) -> None:
        low = history(*THREE_TENS, session("tens_conv", ago=DAY), *[level(4, days) for days in (9, 8, 1)])
        assert left(planned(TENS, low)).ceiling_mA == 4.0, "ten percent of it are less than a step"
        anew = low.with_prescription(TODAY, levels_anew=True)
        plan = planned(replace(TENS, serial=2, levels_anew=True), anew)
        assert (left(plan).ceiling_mA, left(plan).reference_mA) == (30.0, None)
        assert left(plan).set_by == Reason("no_history")
        assert low.with_prescription(TODAY).levels == low.levels


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        next_session(TENS, CourseHistory(), NOW.replace(tzinfo=None), True)


def test_a_clinician_opens_only_what_there_is() -> None:
    with pytest.raises(ValueError, match="everything"):
        CourseHistory().opened_by_clinician("everything", TODAY)


def test_plans_and_history_survive_being_written_down() -> None:
    past = TestLevel().usual(20, 20, 20).with_day(TODAY, soreness=1, skin=0).with_pain_up(TODAY)
    for thing in (past, planned(TENS, past), planned(prescribed())):
        assert msgspec.json.decode(msgspec.json.encode(thing), type=type(thing)) == thing


class TestWhatTheStimulatorCannotPlay:
    """It is told before a person begins, and the next programme that fits is taken."""

    UNFIT = Reason("device_cannot", {"programme": "tens_conv"})
    TWO = prescribed(programmes=("tens_conv", "tens_low"))

    def unfit(self, *programmes: str) -> Callable[[SessionPlan], Reason | None]:
        return lambda plan: self.UNFIT if plan.programme in programmes else None

    def test_the_next_one_is_taken_and_why_is_said(self) -> None:
        found = next_session(self.TWO, CourseHistory(), NOW, True, unfit=self.unfit("tens_conv"))
        assert isinstance(found, SessionPlan)
        assert found.programme == "tens_low"
        assert self.UNFIT in found.reasons

    def test_with_none_that_fits_there_is_no_session_and_waiting_does_not_help(self) -> None:
        found = next_session(self.TWO, CourseHistory(), NOW, True, unfit=self.unfit("tens_conv", "tens_low"))
        assert found == NotToday((self.UNFIT,), None)

    def test_what_fits_changes_nothing(self) -> None:
        plain = next_session(self.TWO, CourseHistory(), NOW, True)
        assert next_session(self.TWO, CourseHistory(), NOW, True, unfit=self.unfit()) == plain


class TestGoingOn:
    """With a session of this day that was stopped: no rest and no count of the week speaks against it."""

    PART = session(ago=dt.timedelta(minutes=4))

    def why_not(self, programme: str = "nmes_learn", **changes: object) -> tuple[str, ...]:
        facts = TodayFacts(**changes)
        found = why_not_gone_on(programme, NMES, history(self.PART), NOW, True, facts=facts)
        return () if found is None else tuple(reason.rule for reason in found.reasons)

    def test_who_is_well_goes_on(self) -> None:
        assert self.why_not() == ()
        assert self.why_not(soreness=3, pain=4, usual_pain=3) == ()

    def test_sore_muscles_end_it(self) -> None:
        assert self.why_not(soreness=4) == ("sore",)
        assert self.why_not(soreness=7) == ("soreness_locked",)
        assert self.why_not("tens_conv", soreness=4) == ("sore",)

    def test_pain_ends_muscle_work_alone(self) -> None:
        assert self.why_not(pain=5, usual_pain=3) == ("pain_high",)
        assert self.why_not(muscles_closed=Reason("pain_much")) == ("pain_much",)
        assert self.why_not("tens_conv", pain=5, usual_pain=3) == ()

    def test_another_day_is_looked_at_like_any_other(self) -> None:
        over = replace(NMES, valid_until=TODAY - DAY)
        assert why_not_gone_on("nmes_learn", over, history(self.PART), NOW, True) is not None
