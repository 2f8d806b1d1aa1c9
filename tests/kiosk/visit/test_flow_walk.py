"""The whole visit, key by key: which screen follows which, and what is asked of the diary and the guard."""

from __future__ import annotations

import datetime as dt

import pytest

from kiosk.diary.records import AdverseEvent, Entry, Lock, Pads, Screening, Session
from kiosk.events import (
    BeginSession,
    CheckPin,
    DeviceSeen,
    FamilyLoaded,
    Leave,
    LoadFamilyView,
    LoadToday,
    PinChecked,
    SessionEnded,
    SessionKey,
    Speak,
    StartStopTest,
    StopTestEnded,
    StopTestReady,
    Woke,
)
from kiosk.keys import Key
from kiosk.page import NumberLine, Placement
from kiosk.today import CutOff, OpenEntry, OpenScreening
from kiosk.visit import flow
from kiosk.visit.state import Setting
from programs.plan import SessionPlan
from tests.kiosk.visit.visit_album import album, family_view
from tests.kiosk.visit.visit_bench import FIRST_TIME, KEYS, START, Walk, device, outcome, today


def in_session(**changes: object) -> Walk:
    walk = Walk(today(**changes))
    walk.until("session")
    return walk


# ── the usual way ───────────────────────────────────────────────────────────────────────────────


def test_a_person_who_is_well_reaches_the_session_in_the_order_of_the_screens() -> None:
    walk = in_session()
    assert walk.steps == [
        *(
            "identity",
            "get_ready",
            "group",
            "single",
            "pain_rest",
            "pain_moving",
            "soreness",
            "check",
            "saving",
        ),
        *("group", "single", "placement", "settle", "group", "stop_test", "stop_works", "contact", "saving"),
        "session",
    ]
    (begun,) = walk.sent(BeginSession)
    assert isinstance(begun, BeginSession)
    assert begun.plan == walk.day.next
    assert begun.first_session
    assert begun.resume is None


def test_a_usual_visit_takes_few_keys_up_to_the_current() -> None:
    assert in_session().keys <= 24


def test_the_baseline_takes_at_most_thirty_keys_when_all_is_no() -> None:
    walk = Walk(today(baseline_due=FIRST_TIME))
    walk.until("first_done")
    assert walk.keys <= 30
    last = walk.records(Screening)[-1]
    assert isinstance(last, Screening)
    assert last.verdict == "cleared"
    assert set(last.answers) == set(today().questionnaire.keys_of("baseline"))
    assert set(last.answers.values()) == {"no"}


def test_after_the_baseline_home_offers_the_visit() -> None:
    walk = Walk(today(baseline_due=FIRST_TIME))
    walk.until("first_done")
    walk.press("enter")
    walk.until("session")


def test_a_played_session_ends_in_pads_pain_skin_and_saved() -> None:
    walk = in_session()
    walk.steps.clear()
    walk.end_session("plan_over")
    walk.until("saved")
    assert walk.steps == ["pads_off", "pain_after", "skin_after", "saving", "saved"]
    entry = walk.records(Entry)[-1]
    assert entry == Entry(moment="after", pain_rest=2, skin=0, session_id="session-1")
    walk.press("enter")
    assert walk.step == "home"
    assert walk.effects[-1] == LoadToday()


def test_saved_is_said_only_after_it_is_saved() -> None:
    walk = in_session()
    walk.end_session("plan_over")
    walk.until("skin_after")
    walk.answering = False
    walk.press("1")
    assert walk.step == "saving"
    walk.press("enter", "1", "0", "stop")
    assert walk.step == "saving"
    walk.answer_saves()
    assert walk.step == "saved"


def test_the_pads_are_counted_once_a_visit() -> None:
    walk = in_session()
    walk.end_session("person")
    walk.press("enter", "5", "1")
    assert walk.step == "session"
    pads = walk.records(Pads)
    assert [(record.event, record.uses) for record in pads if isinstance(record, Pads)] == [("used", 1)]


def new_pads(walk: Walk) -> list[str]:
    return [record.event for record in walk.records(Pads) if isinstance(record, Pads)]


def test_new_pads_are_written_down_when_they_are_put_on() -> None:
    walk = Walk()
    walk.until("placement")
    walk.press("7")
    assert new_pads(walk) == []
    walk.until("settle")
    assert new_pads(walk) == ["new"]
    walk.press("0", "7", "enter")
    assert new_pads(walk) == ["new"], "once they are written down the key is gone"


def test_new_pads_that_were_a_wrong_key_are_taken_back_by_it() -> None:
    walk = Walk()
    walk.until("placement")
    walk.press("7", "enter", "7")
    walk.until("settle")
    assert new_pads(walk) == []


# ── who, and numbers ────────────────────────────────────────────────────────────────────────────


def test_another_person_is_sent_home() -> None:
    walk = Walk()
    walk.press("1", "2")
    assert walk.step == "wrong_person"
    walk.press("enter")
    assert walk.step == "home"


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (("7",), 7),
        (("1",), 1),
        (("1", "0"), 10),
        (("0",), 0),
        (("1", "5"), 5),
        (("up",), 0),
        (("3", "up"), 4),
        (("3", "left"), 2),
        (("9", "up", "up", "up"), 10),
        (("0", "down"), 0),
        (("5", "back"), None),
        (("8",), 8),
    ],
)
def test_a_number_is_marked_by_digits_and_arrows(keys: tuple[str, ...], value: int | None) -> None:
    walk = Walk()
    walk.until("pain_rest")
    walk.press(*keys)
    assert walk.step == "pain_rest"
    body = walk.page.body
    assert isinstance(body, NumberLine)
    assert body.value == value


def test_a_number_line_begins_empty_and_enter_does_nothing_on_it() -> None:
    walk = Walk()
    walk.until("pain_rest")
    walk.press("enter")
    assert walk.step == "pain_rest"


def test_each_number_is_saved_as_it_is_given() -> None:
    walk = Walk()
    walk.until("pain_rest")
    walk.press("1", "0", "enter")
    first = walk.records(Entry)[-1]
    assert isinstance(first, Entry)
    assert (first.moment, first.pain_rest, first.pain_moving) == ("before", 10, None)
    walk.press("4", "enter", "2", "enter")
    last = walk.records(Entry)[-1]
    assert isinstance(last, Entry)
    assert (last.pain_rest, last.pain_moving, last.soreness) == (10, 4, 2)
    corrected = [item.envelope.corrects for item in walk.saved if isinstance(item.record, Entry)]
    assert corrected == [None, walk.saved[-3].envelope.id, walk.saved[-3].envelope.id]


def test_a_number_can_be_changed_on_the_last_look() -> None:
    walk = Walk()
    walk.until("check")
    walk.press("3", "2", "enter")
    assert walk.step == "check"
    entry = walk.records(Entry)[-1]
    assert isinstance(entry, Entry)
    assert entry.soreness == 2


# ── back, pause, leave, read ────────────────────────────────────────────────────────────────────


def test_back_goes_one_screen_back_to_home() -> None:
    walk = Walk()
    walk.until("check")
    way = []
    while walk.step != "home":
        way.append(walk.step)
        walk.press("back")
    assert way == [
        *("check", "soreness", "pain_moving", "pain_rest", "single", "group", "group", "group"),
        *("get_ready", "identity"),
    ]


def test_going_back_asks_nothing_twice() -> None:
    walk = Walk()
    walk.until("check")
    walk.press("back", "back", "back", "back")
    assert walk.step == "single"
    walk.press("1")
    assert walk.step == "check"


def test_zero_is_back_where_no_number_is_asked_for() -> None:
    walk = Walk()
    walk.press("1", "0")
    assert walk.step == "home"


def test_space_pauses_and_goes_on_at_the_same_place() -> None:
    walk = Walk()
    walk.until("pain_moving")
    walk.press("stop")
    assert walk.step == "paused"
    walk.press("1")
    assert walk.step == "pain_moving"
    walk.press("stop", "2")
    assert walk.step == "home"


def test_space_changes_nothing_on_home_and_on_alarms() -> None:
    walk = Walk()
    walk.press("stop")
    assert walk.step == "home"
    walk = in_session()
    walk.end_session("no_answer", confirmed=False)
    walk.press("stop", "back", "1", "2", "0")
    assert walk.step == "not_confirmed"


def test_a_second_ctrl_c_within_two_seconds_leaves() -> None:
    walk = Walk()
    walk.press("leave")
    assert not walk.sent(Leave)
    assert "once more" in walk.page.header.right
    walk.wait(-1)
    walk.press("leave")
    assert walk.sent(Leave)


def test_a_late_second_ctrl_c_does_not_leave() -> None:
    walk = Walk()
    walk.press("leave")
    walk.wait(3)
    walk.press("leave")
    assert not walk.sent(Leave)


def test_nobody_leaves_a_locked_down_box() -> None:
    walk = Walk(setting=Setting(locked_down=True))
    for _ in range(5):
        walk.press("leave")
        walk.wait(-1.9)
    assert not walk.sent(Leave)


def test_ctrl_c_in_a_session_is_a_stop() -> None:
    walk = in_session()
    walk.press("leave")
    assert walk.effects[-1] == SessionKey(Key.LEAVE)


def test_eight_reads_aloud_but_is_a_number_on_a_number_line() -> None:
    walk = Walk()
    walk.press("8")
    assert walk.effects[-1] == Speak()
    walk.until("pain_rest")
    count = len(walk.sent(Speak))
    walk.press("8")
    assert len(walk.sent(Speak)) == count
    walk.press("read")
    assert len(walk.sent(Speak)) == count + 1


# ── STOP and the session ────────────────────────────────────────────────────────────────────────


def test_the_stop_test_is_asked_of_the_guard_and_waits_for_the_devices_word() -> None:
    walk = Walk()
    walk.until("stop_test")
    assert len(walk.sent(StartStopTest)) == 1
    walk.press("enter", "stop", "back", "1")
    assert walk.step == "stop_test"
    walk.hear(StopTestEnded(True, "status 0"))
    assert walk.step == "stop_works"


def test_she_is_called_to_press_stop_when_a_press_counts_and_not_before() -> None:
    walk = Walk(guard_answers=False)
    walk.until("stop_test")
    assert "One moment." in walk.words
    assert "Press STOP now." not in walk.words
    walk.hear(StopTestReady())
    assert "Press STOP now." in walk.words
    walk.hear(StopTestEnded(True, "time", by_person=False))
    walk.press("enter")
    assert walk.step == "stop_test"
    assert "Press STOP now." not in walk.words, "the second test has to get ready as well"


def test_a_stop_test_that_nobody_pressed_does_not_count() -> None:
    walk = Walk()
    walk.until("stop_test")
    walk.hear(StopTestEnded(True, "time", by_person=False))
    assert walk.step == "stop_not_pressed"
    walk.press("enter")
    assert walk.step == "stop_test"
    assert len(walk.sent(StartStopTest)) == 2


@pytest.mark.parametrize(
    ("why", "said"),
    [
        ("test_over", "STOP was not pressed."),
        ("no_answer", "For a moment the stimulator did not answer."),
        ("refused", "The stimulator did not start."),
        ("test_too_early", "STOP came a moment too early. Wait for the words: Press STOP now."),
        ("unplugged", "The cable to the stimulator came loose. Plug it in."),
        ("no_button", "That was a key. The stop button has to be tested."),
        ("stop_input", "The stop button is not plugged in. Plug it in, then test again."),
        ("stop_input_lost", "The stop button or the keyboard is not plugged in. Plug it in."),
        ("something new", "The test ended before STOP was pressed."),
    ],
)
def test_a_stop_test_that_failed_says_why(why: str, said: str) -> None:
    walk = Walk()
    walk.until("stop_test")
    walk.hear(StopTestEnded(True, "status 0", by_person=False, why=why))
    assert walk.step == "stop_not_pressed"
    assert said in walk.words
    assert ("STOP was not pressed." in walk.words) == (why == "test_over")


def test_where_the_button_is_to_be_tested_it_is_asked_for_by_its_name() -> None:
    walk = Walk(setting=Setting(stop_button_alone=True))
    walk.until("stop_test")
    walk.hear(StopTestReady())
    assert "Press the stop button now." in walk.words
    assert "Press STOP now." not in walk.words


def test_a_stop_test_that_was_not_confirmed_ends_the_visit() -> None:
    walk = Walk()
    walk.until("stop_test")
    walk.hear(StopTestEnded(False, "no answer"))
    assert walk.step == "not_confirmed"
    walk.press("enter")
    assert walk.step == "stop_failed"
    walk.press("enter")
    assert walk.step == "home"


def test_a_pad_that_feels_wrong_leads_back_to_the_pads() -> None:
    walk = Walk()
    walk.until("contact")
    walk.press("2")
    assert walk.step == "placement"
    walk.press("enter", "enter")
    assert walk.step == "contact"


def test_a_device_that_went_away_is_waited_for() -> None:
    walk = Walk()
    walk.until("settle")
    walk.hear(DeviceSeen(device(present=False)))
    walk.press("enter", "1")
    assert walk.step == "no_device"
    walk.press("enter")
    assert walk.step == "no_device"
    walk.hear(DeviceSeen(device()))
    walk.press("enter")
    assert walk.step == "stop_test"


def test_keys_in_the_session_are_the_machines() -> None:
    walk = in_session()
    walk.press("up", "down", "5", "0", "stop", "unknown")
    keys = [effect.key for effect in walk.sent(SessionKey) if isinstance(effect, SessionKey)]
    assert keys == [Key.UP, Key.DOWN, Key.FIVE, Key.ZERO, Key.STOP, Key.UNKNOWN]
    assert walk.step == "session"


def test_one_pad_at_a_time() -> None:
    walk = Walk()
    walk.until("placement")
    lit = []
    for key in ("5", "enter", "enter"):
        walk.press(key)
        body = walk.page.body
        assert isinstance(body, Placement)
        lit.append([pad.number for pad in body.pads if pad.lit])
    assert lit == [[1], [2], [3, 4]]


# ── how it ends ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("why", "step"),
    [
        ("plan_over", "pads_off"),
        ("person", "stopped"),
        ("look", "look"),
        ("pad_loose", "pad_off"),
        ("electrode", "pad_off"),
        ("low_current", "pad_off"),
        ("nothing_felt", "place_again"),
        ("where_mismatch", "place_again"),
        ("still_ok", "nobody"),
        ("nobody_there", "nobody"),
        ("no_answer", "fault"),
        ("lease", "fault"),
        ("limit", "fault"),
        ("finding_too_long", "fault"),
        ("anything new", "fault"),
    ],
)
def test_each_way_of_ending_has_its_screen(why: str, step: str) -> None:
    walk = in_session()
    walk.end_session(why)
    assert walk.step == step


@pytest.mark.parametrize("why", ["plan_over", "person", "look", "pad_loose", "no_answer"])
def test_whatever_ended_it_an_unconfirmed_stop_is_an_alarm_that_no_time_ends(why: str) -> None:
    walk = in_session()
    walk.end_session(why, confirmed=False, how="no answer, 3 s silence")
    assert walk.step == "not_confirmed"
    assert flow.deadline_s(walk.visit) is None
    walk.wait(7200)
    walk.hear(Woke())
    assert walk.step == "not_confirmed"
    walk.press("enter")
    assert walk.step == "pads_off"


@pytest.mark.parametrize("key", ["3", "4"])
def test_burning_and_faintness_are_written_down_and_locked_before_the_screen(key: str) -> None:
    walk = in_session()
    walk.end_session()
    walk.press("enter")
    walk.answering = False
    walk.press(key)
    assert walk.step == "saving"
    walk.answer_saves()
    assert walk.step == "red"
    (event,) = walk.records(AdverseEvent)
    assert isinstance(event, AdverseEvent)
    assert event.current_mA == {"1": 10.0, "2": 9.0}
    assert [lock.class_ for lock in walk.records(Lock) if isinstance(lock, Lock)] == ["red"]
    walk.answering = True
    walk.until("home")
    walk.press("1")
    assert walk.step == "home"


def test_the_reason_of_a_stop_goes_into_a_correction_of_the_sessions_record() -> None:
    walk = in_session()
    walk.end_session()
    walk.press("enter", "2")
    (fact,) = [item for item in walk.saved if isinstance(item.record, Session)]
    assert isinstance(fact.record, Session)
    assert fact.record.stop_reason == "enough"
    assert fact.envelope.corrects == "session-1"


def test_going_on_after_a_mistake_arms_for_the_minutes_that_are_left() -> None:
    walk = in_session()
    walk.end_session()
    walk.press("enter", "5")
    assert walk.step == "go_on"
    walk.press("1")
    assert walk.step == "session"
    resumed = walk.sent(BeginSession)[-1]
    assert isinstance(resumed, BeginSession)
    assert resumed.resume is not None
    assert resumed.resume.seconds_left == 600
    assert resumed.session_id == "session-1"


def test_after_ten_minutes_it_does_not_go_on() -> None:
    walk = in_session()
    walk.end_session()
    walk.press("enter", "5")
    walk.wait(601)
    walk.press("1")
    assert walk.step == "pads_off"
    assert len(walk.sent(BeginSession)) == 1


def test_a_loose_pad_is_looked_at_and_asked_about_before_it_goes_on() -> None:
    walk = in_session()
    walk.end_session("electrode", channel=2, pad_faults=1)
    walk.press("enter")
    assert "BLUE" in walk.words
    walk.press("1")
    assert walk.step == "contact"
    walk.press("1")
    assert walk.step == "session"


def test_the_third_pad_fault_ends_the_day() -> None:
    walk = in_session()
    walk.end_session("electrode", channel=2, pad_faults=3)
    assert walk.step == "pad_faults_end"
    walk = in_session()
    walk.end_session(pad_faults=2)
    walk.press("enter", "1")
    assert walk.step == "pad_faults_end"


def test_a_fault_of_the_device_is_tried_again_once_with_stop_tested_anew() -> None:
    walk = in_session()
    walk.end_session("no_answer")
    walk.press("1")
    assert walk.step == "stop_test"
    walk.hear(StopTestEnded(True, "status 0"))
    walk.press("enter", "1")
    assert walk.step == "session"
    walk.end_session("no_answer")
    walk.press("1")
    assert walk.step == "fault"
    walk.press("2")
    assert walk.step == "pads_off"


def test_a_felt_mismatch_leads_to_the_pads_and_finds_anew() -> None:
    walk = in_session()
    walk.end_session("where_mismatch", found=False)
    walk.press("1")
    assert walk.step == "placement"
    walk.press("enter", "enter", "1")
    assert walk.step == "session"


def test_the_first_look_goes_on_only_with_whole_skin() -> None:
    walk = in_session()
    walk.end_session("look")
    walk.press("1")
    assert walk.step == "session"
    walk.end_session("look")
    walk.press("2")
    assert walk.step == "pads_off"


def test_a_sting_asks_for_the_skin_first() -> None:
    walk = in_session()
    walk.end_session()
    walk.press("enter", "6")
    assert walk.step == "sting"
    walk.press("2")
    assert walk.step == "pads_off"


@pytest.mark.parametrize(("key", "grade"), [("1", 0), ("2", 1), ("3", 2), ("4", 3), ("5", 4)])
def test_skin_of_grade_two_and_more_locks(key: str, grade: int) -> None:
    walk = in_session()
    walk.end_session("plan_over")
    walk.until("skin_after")
    walk.press(key)
    locks = [lock.class_ for lock in walk.records(Lock) if isinstance(lock, Lock)]
    assert locks == (["skin"] if grade >= 2 else [])
    assert len(walk.records(AdverseEvent)) == (grade >= 3)
    assert walk.step == ("skin_locked" if grade >= 2 else "saved")


def test_nobody_who_answers_is_home_after_half_an_hour() -> None:
    walk = in_session()
    walk.end_session("still_ok")
    walk.wait(1799)
    walk.hear(Woke())
    assert walk.step == "nobody"
    walk.wait(1)
    walk.hear(Woke())
    assert walk.step == "home"


def test_leaving_with_pads_on_goes_by_way_of_taking_them_off() -> None:
    walk = in_session()
    walk.end_session("electrode", channel=1, pad_faults=1)
    walk.press("enter", "1")
    assert walk.step == "contact"
    walk.press("stop", "2")
    assert walk.step == "pads_off"


# ── after a restart ─────────────────────────────────────────────────────────────────────────────


def test_questions_go_on_where_a_restart_cut_them_off() -> None:
    before = Walk(today(baseline_due=FIRST_TIME))
    before.until("group")
    (*_, cut_off) = [item for item in before.saved if isinstance(item.record, Screening)]
    assert isinstance(cut_off.record, Screening)
    answered = len(cut_off.record.answers)
    assert answered == 8
    answered_s = dict.fromkeys(cut_off.record.answers, before.uptime_s)
    opened = OpenScreening(cut_off.envelope.id, cut_off.record, answered_s)
    day = today(baseline_due=FIRST_TIME, open_screening=opened)
    walk = Walk(day, now=before.now, uptime_s=before.uptime_s)
    walk.press("1", "1", "enter")
    assert walk.visit.place == before.visit.place
    walk.press("1")
    saved = walk.saved[-1]
    assert saved.envelope.id == cut_off.envelope.id
    assert isinstance(saved.record, Screening)
    assert len(saved.record.answers) > answered


def test_pain_and_soreness_go_on_where_a_restart_cut_them_off() -> None:
    before = Walk()
    before.until("pain_moving")
    screening = [item for item in before.saved if isinstance(item.record, Screening)][-1]
    entry = [item for item in before.saved if isinstance(item.record, Entry)][-1]
    assert isinstance(screening.record, Screening)
    assert isinstance(entry.record, Entry)
    answered_s = dict.fromkeys(screening.record.answers, before.uptime_s)
    walk = Walk(
        today(
            open_screening=OpenScreening(screening.envelope.id, screening.record, answered_s),
            open_entry=OpenEntry(entry.envelope.id, entry.record, before.now, before.uptime_s),
        ),
        now=before.now,
        uptime_s=before.uptime_s,
    )
    walk.press("1", "1", "enter")
    assert walk.step == "pain_moving"


def test_answers_older_than_an_hour_are_asked_again() -> None:
    walk = Walk()
    walk.until("contact")
    walk.wait(3700)
    walk.press("1")
    assert walk.step == "group"
    assert "older than one hour" in walk.words
    walk.until("session")
    assert walk.steps.count("check") == 2


def cut_off(at: dt.datetime = START) -> CutOff:
    record = Session(
        programme="nmes_learn", montage="M4-par", session_kind="nmes", planned_seconds=900, seconds_done=360
    )
    return CutOff("session-0", record, at)


def test_a_session_that_a_restart_cut_off_is_closed_and_told() -> None:
    walk = Walk(today(interrupted=cut_off()))
    assert walk.step == "after_restart"
    assert "after 6 minutes" in walk.words
    assert "reports that its output is off" in walk.words
    (fact,) = walk.saved
    assert isinstance(fact.record, Session)
    assert (fact.record.state, fact.envelope.corrects) == ("interrupted", "session-0")
    walk.until("saved")
    entry = walk.records(Entry)[-1]
    assert isinstance(entry, Entry)
    assert entry.session_id == "session-0"


def test_days_later_nobody_is_asked_to_take_the_pads_off() -> None:
    walk = Walk(today(interrupted=cut_off(START - dt.timedelta(days=2))))
    assert walk.step == "home"
    assert len(walk.records(Session)) == 1


# ── home, diary, family ─────────────────────────────────────────────────────────────────────────


def test_the_diary_is_open_and_saves_each_answer() -> None:
    walk = Walk()
    walk.press("2", "enter")
    walk.press(*("4", "enter") * 4, "2", "1", "enter")
    assert walk.step == "entry_saved"
    entry = walk.records(Entry)[-1]
    assert isinstance(entry, Entry)
    assert (entry.moment, entry.pain_rest, entry.sleep, entry.medicine) == ("daily", 4, 4, True)
    assert len(walk.records(Entry)) == 6


def test_the_day_after_a_session_the_diary_asks_for_the_skin() -> None:
    walk = Walk(today(diary_due="next_day"))
    walk.press("2", "enter", *("4", "enter") * 4, "1")
    assert walk.step == "diary_skin"
    walk.press("3")
    assert walk.step == "skin_locked"
    entry = walk.records(Entry)[-1]
    assert isinstance(entry, Entry)
    assert (entry.moment, entry.skin) == ("next_day", 2)
    walk.press("enter")
    assert walk.step == "entry_saved"


@pytest.mark.parametrize(
    "day",
    [
        {"prescription": None, "prescription_state": "none"},
        {"prescription_state": "expired"},
        {"prescription_state": "not_yet"},
        {"locks": (Lock(class_="C", cause="c_spine"),)},
        {"week0_day": 3, "week0_done_today": True},
    ],
)
def test_home_starts_nothing_that_may_not_be_started(day: dict[str, object]) -> None:
    walk = Walk(today(**day))
    walk.press("1")
    assert walk.step == "home"
    walk.press("2")
    assert walk.step == "diary_day"


def test_home_starts_nothing_without_a_device_or_with_another_build() -> None:
    walk = Walk()
    walk.hear(DeviceSeen(device(present=False)))
    walk.press("1")
    assert walk.step == "home"
    walk = Walk(setting=Setting(build="kiosk 2"))
    walk.hear(DeviceSeen(device()))
    walk.hear(DeviceSeen(type(device())(True, "p24", "SIM-1", "1.0", True, "guard 1", "", "")))
    assert walk.page.header.right == "restart the box", "whatever home offers, it says what is wrong"
    walk.press("1")
    assert walk.step == "home"


def test_week_0_is_questions_alone() -> None:
    walk = Walk(today(week0_day=3))
    walk.press("1")
    assert walk.step == "diary_pain_rest"


def test_the_family_sees_after_the_right_pin_alone() -> None:
    walk = Walk()
    walk.press("9", "1", "2", "3", "back", "4", "enter")
    assert walk.effects[-1] == CheckPin("family", "124")
    walk.press("5", "enter")
    walk.hear(PinChecked(False, 30))
    assert walk.step == "pin"
    assert "not right" in walk.words
    walk.press("1", "enter")
    assert len(walk.sent(CheckPin)) == 1
    walk.wait(30)
    walk.press("enter")
    walk.hear(PinChecked(True, 0))
    assert walk.effects[-1] == LoadFamilyView()
    assert walk.step == "pin"
    from tests.kiosk.visit.visit_album import family_view

    walk.hear(FamilyLoaded(family_view(START.date())))
    assert walk.step == "family"
    walk.wait(301)
    walk.hear(Woke())
    assert walk.step == "home"


@pytest.mark.parametrize("wait_s", [0, 30])
def test_back_deletes_a_pin_that_was_refused_and_leaves_only_then(wait_s: int) -> None:
    walk = Walk()
    walk.press("9", "1", "enter")
    walk.hear(PinChecked(False, wait_s))
    walk.press("back")
    assert walk.step == "pin", "the next digits are not home's"
    assert "not right" in walk.words
    walk.press("1", "back")
    assert walk.step == "pin"
    walk.press("back")
    assert walk.step == "home"


def test_a_view_that_nobody_asked_for_opens_nothing() -> None:
    walk = Walk()
    walk.press("9")
    walk.hear(PinChecked(True, 0))
    walk.hear(FamilyLoaded(family_view(START.date())))
    assert walk.step == "pin"


def test_late_events_change_nothing() -> None:
    walk = Walk()
    walk.hear(SessionEnded(outcome(0.0)))
    walk.hear(StopTestEnded(True, "status 0"))
    walk.hear(Woke())
    assert walk.step == "home"


# ── the map ─────────────────────────────────────────────────────────────────────────────────────


def test_every_step_is_reached_and_left() -> None:
    reached = {shot.visit.step for shot in album()}
    assert reached == set(flow.STEPS)
    named = {step for entry in flow.STEPS.values() for step in entry.leads_to}
    assert named <= set(flow.STEPS)
    assert set(flow.STEPS) - named <= {"home", "paused", "not_saved"}
    assert all(entry.leads_to for entry in flow.STEPS.values())


def test_every_step_can_be_left_by_a_key_or_an_event() -> None:
    left = set()
    for shot in album():
        for key in Key:
            visit, _ = flow.press(shot.visit, key, shot.moment)
            if visit.step != shot.visit.step:
                left.add(shot.visit.step)
    # These wait for the guard, the diary or a stick, not for a key.
    assert set(flow.STEPS) - left == {"session", "stop_test", "probing", "saving", "family_writing"}


def test_where_keys_lead_stands_in_the_map() -> None:
    for shot in album():
        for key in KEYS.values():
            visit, _ = flow.press(shot.visit, key, shot.moment)
            came_from = {place.step for place in shot.visit.trail}
            allowed = {shot.visit.step, "paused", "home", *came_from, *flow.STEPS[shot.visit.step].leads_to}
            assert visit.step in allowed, (shot.name, key)


def test_the_demonstrations_person_has_a_session_to_walk_to() -> None:
    assert isinstance(today().next, SessionPlan)
