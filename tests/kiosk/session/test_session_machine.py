"""What a key means while current can flow, and what has to be asked: the machine, fed by hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from drivers import messages as guard
from kiosk.diary.records import LevelFound, Session
from kiosk.events import SessionOutcome
from kiosk.keys import Key
from kiosk.session import machine, rules
from kiosk.session.state import (
    Deadline,
    Effect,
    Ended,
    Event,
    GuardGone,
    Heard,
    NotSaved,
    Pressed,
    Send,
    SessionSaved,
    Tone,
    Write,
)
from programs.plan import SessionPlan
from tests.kiosk.session.plans import channel, nmes_plan, tens_plan


@dataclass
class Desk:
    """Holds a session's state, a hand-moved clock, and everything the machine asked for."""

    plan: SessionPlan
    first_session: bool = False
    resume: SessionOutcome | None = None
    now_s: float = 100.0
    asked: list[Effect] = field(default_factory=list)
    last_status: tuple[int, int, bool] = (0, 0, True)
    device_kind: str = "p24"

    now: dt.datetime | None = None

    def __post_init__(self) -> None:
        self.state, effects = machine.begin(
            self.plan,
            device_kind=self.device_kind,
            last_epoch=6,
            first_session=self.first_session,
            now_s=self.now_s,
            now=self.now,
            resume=self.resume,
            session_id="s1" if self.resume else None,
        )
        self.asked += effects

    def feed(self, event: Event) -> tuple[Effect, ...]:
        self.state, effects = machine.step(self.state, event, self.now_s)
        self.asked += effects
        return effects

    def press(self, key: Key, after_s: float = 1.5) -> tuple[Effect, ...]:
        self.now_s += after_s
        return self.feed(Pressed(key))

    def status(self, phase: int, elapsed_ms: int = 0, *, may_raise: bool = True) -> tuple[Effect, ...]:
        self.last_status = (phase, elapsed_ms, may_raise)
        channels = tuple(
            guard.ChannelStatus(side.channel, side.level_half_mA, side.level_half_mA)
            for side in self.state.sides
        )
        message = guard.Status(
            state="armed",
            epoch=self.state.epoch,
            n=1,
            channels=channels,
            fraction_permille=1000 if may_raise else 300,
            may_raise=may_raise,
            phase=phase,
            phase_elapsed_ms=elapsed_ms,
            confirmed_at_s=self.now_s,
        )
        return self.feed(Heard(message))

    def stopped(self, why: str, *, confirmed: bool = True) -> tuple[Effect, ...]:
        return self.feed(Heard(guard.Stopped(self.state.epoch, why, confirmed, "status 0", 2.0)))

    def sleep_until_due(self) -> tuple[Effect, ...]:
        """The guard goes on speaking meanwhile."""
        while True:
            due_s = machine.deadline_s(self.state)
            assert due_s is not None
            self.now_s = max(self.now_s, due_s)
            silent_s = self.state.status_s + rules.GUARD_SILENT_S
            if self.state.stage not in ("find", "play") or due_s < silent_s:
                return self.feed(Deadline())
            phase, elapsed_ms, may_raise = self.last_status
            self.status(phase, elapsed_ms, may_raise=may_raise)

    def armed(self) -> Desk:
        self.feed(SessionSaved("s1"))
        self.status(0)
        return self

    def find_side(self, comfortable_mA: float = 6.0) -> None:
        """Feel at 2 mA, say where, raise to comfortable, confirm."""
        side = self.state.finding
        self.press(Key.UP)
        self.status(side)
        self.press(Key.UP)
        self.status(side)
        self.press(Key.ENTER)
        self.press(Key.ONE if self.state.side.side == "left" else Key.TWO)
        while self.state.side.level_half_mA < comfortable_mA * 2:
            if self.state.prompt is not None:
                self.press(Key.ENTER)
            self.press(Key.UP)
            if self.plan.kind == "nmes":
                self.status(side, may_raise=False)  # between two squeezes
            self.status(side)
        if self.state.find_step == "tighten":
            self.press(Key.ENTER)
        self.press(Key.ENTER)


def sent(effects: tuple[Effect, ...]) -> list[guard.ToGuard]:
    """What goes to the guard, signs of presence left out."""
    return [
        effect.message
        for effect in effects
        if isinstance(effect, Send) and not isinstance(effect.message, guard.Present)
    ]


def levels(effects: tuple[Effect, ...]) -> dict[int, int]:
    return {message.channel: message.half_mA for message in sent(effects) if isinstance(message, guard.Level)}


# ── arming ──────────────────────────────────────────────────────────────────────────────────────


def test_nothing_is_armed_before_the_record_is_durable() -> None:
    desk = Desk(tens_plan())
    (first,) = desk.asked
    assert isinstance(first, Write)
    assert first.first
    assert isinstance(first.record, Session)
    assert first.record.state == "begun"
    assert not desk.state.output_possible
    (arm,) = sent(desk.feed(SessionSaved("s1")))
    assert isinstance(arm, guard.Arm)
    assert arm.epoch == 7


def test_a_record_that_can_not_be_written_ends_it_unarmed() -> None:
    desk = Desk(tens_plan())
    effects = desk.feed(NotSaved("The card is full."))
    assert desk.state.stage == "ended"
    assert not sent(effects)


def test_a_refused_arming_ends_with_the_guards_reason() -> None:
    desk = Desk(tens_plan())
    desk.feed(SessionSaved("s1"))
    desk.feed(Heard(guard.Refused(7, "day", "135 min", "135 min", False)))
    assert desk.state.stage == "ended"
    assert desk.state.refused is not None
    assert desk.state.outcome is not None
    assert desk.state.outcome.why == "refused"
    assert (desk.state.outcome.how, desk.state.outcome.never_armed) == ("never armed: day", True)


def test_what_the_device_can_not_do_is_said_in_its_own_words() -> None:
    desk = Desk(tens_plan())
    desk.feed(SessionSaved("s1"))
    desk.feed(Heard(guard.Refused(7, "device", "It does not fit.", "rehastim2", False)))
    assert desk.state.outcome is not None
    assert (desk.state.outcome.how, desk.state.outcome.never_armed) == ("never armed: It does not fit.", True)


def test_an_arming_without_an_answer_is_stopped() -> None:
    desk = Desk(tens_plan())
    desk.feed(SessionSaved("s1"))
    assert sent(desk.sleep_until_due()) == [guard.Stop("guard_silent")]


# ── finding the level ───────────────────────────────────────────────────────────────────────────


def test_the_first_steps_are_one_milliampere_then_half() -> None:
    desk = Desk(tens_plan()).armed()
    assert levels(desk.press(Key.UP)) == {1: 2}
    desk.status(0)
    assert levels(desk.press(Key.UP)) == {1: 4}
    desk.status(0)
    desk.press(Key.ENTER)
    assert desk.state.find_step == "where"
    desk.press(Key.ONE)
    assert desk.state.find_step == "strong"
    assert levels(desk.press(Key.UP)) == {1: 5}


def test_enter_never_raises() -> None:
    desk = Desk(tens_plan(channel(1, reference_mA=10), channel(2, reference_mA=10))).armed()
    for _ in range(20):
        assert not levels(desk.press(Key.ENTER, after_s=0.01))


def test_an_up_that_comes_too_soon_does_not_count_and_pushes_the_next_one_back() -> None:
    desk = Desk(tens_plan()).armed()
    assert levels(desk.press(Key.UP))
    desk.status(0)
    for _ in range(30):
        assert not levels(desk.press(Key.UP, after_s=0.1)), "a held key stops counting"
    assert desk.state.notice is not None
    assert desk.state.notice.id == "too_soon"
    assert levels(desk.press(Key.UP, after_s=1.0))


@pytest.mark.parametrize(
    ("device_kind", "felt", "pause_s"),
    [("p24", False, 1.0), ("p24", True, 0.7), ("rehastim2", False, 2.0), ("rehastim2", True, 2.0)],
    ids=["1 mA", "0.5 mA", "2 mA until it is felt", "2 mA after it"],
)
def test_the_next_step_waits_as_long_as_this_one_was_large(
    device_kind: str, felt: bool, pause_s: float
) -> None:
    for after_s, counts in ((pause_s - 0.01, False), (pause_s + 0.01, True)):
        desk = Desk(tens_plan(), device_kind=device_kind).armed()
        if felt:
            desk.press(Key.UP)
            desk.status(0)
            desk.press(Key.ENTER)
            desk.press(Key.ONE)
        assert levels(desk.press(Key.UP))
        desk.status(0)
        assert bool(levels(desk.press(Key.UP, after_s=after_s))) is counts, f"{after_s} s"


def test_up_in_a_ramp_is_answered_and_not_stored() -> None:
    desk = Desk(nmes_plan()).armed()
    desk.status(0, 500, may_raise=False)
    assert not levels(desk.press(Key.UP))
    assert desk.state.notice is not None
    assert desk.state.notice.id == "plateau"
    assert desk.state.side.level_half_mA == 0


def test_up_at_the_ceiling_is_answered_and_never_sent() -> None:
    desk = Desk(tens_plan(channel(1, ceiling_mA=2.0), channel(2))).armed()
    desk.press(Key.UP)
    desk.status(0)
    desk.press(Key.UP)
    desk.status(0)
    assert not levels(desk.press(Key.UP))
    assert desk.state.notice is not None
    assert desk.state.notice.id == "ceiling"


def at_the_limit(plan: SessionPlan) -> Desk:
    """▲ until today's limit of the first side; nothing was felt yet."""
    desk = Desk(plan).armed()
    for _ in range(10):
        desk.status(0, may_raise=False)
        desk.status(0)
        desk.press(Key.UP)
    desk.status(0)
    assert desk.state.find_step == "feel"
    return desk


def test_the_last_step_below_a_limit_is_half_a_milliampere() -> None:
    desk = Desk(tens_plan(channel(1, ceiling_mA=2.5), channel(2))).armed()
    steps = []
    for _ in range(3):
        steps += [levels(desk.press(Key.UP))]
        desk.status(0)
    assert steps == [{1: 2}, {1: 4}, {1: 5}]


@pytest.mark.parametrize("plan", [tens_plan, nmes_plan])
def test_who_feels_nothing_at_the_limit_takes_it_as_it_is(plan: Callable[..., SessionPlan]) -> None:
    """A limit below the first feeling is no reason to stop: the next limit comes from what is confirmed."""
    desk = at_the_limit(plan(channel(1, ceiling_mA=5.5), channel(2)))
    assert machine.at_limit_unfelt(desk.state)
    effects = desk.press(Key.TWO)
    (found,) = [effect.record for effect in effects if isinstance(effect, Write)]
    assert isinstance(found, LevelFound)
    assert (found.first_feeling_mA, found.where, found.comfortable_mA) == (None, None, 5.5)
    assert sent(effects) == [guard.Next(7)]


def test_2_takes_nothing_as_it_is_below_the_limit() -> None:
    desk = Desk(tens_plan(channel(1, ceiling_mA=5.5), channel(2))).armed()
    for _ in range(6):
        assert not [effect for effect in desk.press(Key.TWO) if isinstance(effect, Write)]
        assert desk.state.side.comfortable_half_mA is None
        desk.press(Key.UP)
        desk.status(0)
    assert desk.state.side.level_half_mA == 11


@pytest.mark.parametrize(("limit_mA", "usual_mA"), [(9.0, 7.0), (15.0, None), (15.0, 14.0)])
def test_what_must_have_been_felt_is_not_taken_unfelt(limit_mA: float, usual_mA: float | None) -> None:
    """Safety rule 5 comes first: at 1.3 times the usual first feeling and at 15 mA to the pads."""
    plan = tens_plan(channel(1, ceiling_mA=limit_mA, usual_first_feeling_mA=usual_mA), channel(2))
    desk = Desk(plan).armed()
    for _ in range(40):
        if desk.state.stage != "find":
            break
        if desk.state.prompt is not None:
            desk.press(Key.ENTER)
        assert not [effect for effect in desk.press(Key.TWO) if isinstance(effect, Write)]
        desk.press(Key.UP)
        desk.status(0)
    assert desk.state.stop_why == "nothing_felt"


def test_eight_ups_in_a_row_ask_whether_it_is_still_comfortable() -> None:
    desk = Desk(tens_plan()).armed()
    for _ in range(8):
        assert levels(desk.press(Key.UP))
        desk.status(0)
    effects = desk.press(Key.UP)
    assert not levels(effects)
    assert Tone("prompt") in effects
    assert desk.state.prompt is not None
    desk.press(Key.ENTER)
    assert levels(desk.press(Key.UP))


def test_down_always_counts() -> None:
    desk = Desk(tens_plan()).armed()
    for _ in range(3):
        desk.press(Key.UP)
        desk.status(0)
    for expected in (4, 2, 0):
        assert levels(desk.press(Key.DOWN, after_s=0.0)) == {1: expected}


def test_a_contraction_gains_two_milliamperes_at_most() -> None:
    desk = Desk(nmes_plan()).armed()
    desk.status(0, 0, may_raise=False)
    desk.status(0, 2_000)
    assert levels(desk.press(Key.UP)) == {1: 2}
    desk.status(0, 3_500)
    assert levels(desk.press(Key.UP)) == {1: 4}
    desk.status(0, 5_000)
    assert not levels(desk.press(Key.UP))
    assert desk.state.notice is not None
    assert desk.state.notice.id == "contraction"
    desk.status(0, 9_000, may_raise=False)
    desk.status(0, 20_000)
    assert levels(desk.press(Key.UP)) == {1: 6}


def test_a_contraction_gains_all_of_its_two_milliamperes_in_half_steps_and_no_half_step_more() -> None:
    desk = at_the_contraction()
    desk.status(0, 9_000, may_raise=False)
    desk.status(0, 20_000)
    base_half_mA = desk.state.side.level_half_mA
    gained = []
    for _ in range(6):
        gained += [level - base_half_mA for level in levels(desk.press(Key.UP)).values()]
        desk.status(0, 21_000)
    assert gained == [1, 2, 3, 4]
    assert desk.state.notice is not None
    assert desk.state.notice.id == "contraction"


def test_felt_on_the_wrong_side_goes_to_zero() -> None:
    desk = Desk(tens_plan()).armed()
    desk.press(Key.UP)
    desk.status(0)
    desk.press(Key.ENTER)
    assert sent(desk.press(Key.TWO)) == [guard.Stop("where_mismatch")]


def test_nothing_felt_by_fifteen_milliamperes_goes_to_zero() -> None:
    desk = Desk(tens_plan()).armed()
    for _ in range(40):
        if desk.state.prompt is not None:
            desk.press(Key.ENTER)
        effects = desk.press(Key.UP)
        if desk.state.stage == "stopping":
            break
        desk.status(0)
    assert sent(effects) == [guard.Stop("nothing_felt")]
    assert desk.state.side.level_half_mA == 30


def test_nothing_felt_far_above_the_usual_goes_to_zero() -> None:
    desk = Desk(tens_plan(channel(1, usual_first_feeling_mA=4.0), channel(2))).armed()
    while desk.state.stage == "find":
        effects = desk.press(Key.UP)
        if desk.state.stage == "find":
            desk.status(0)
    assert sent(effects) == [guard.Stop("nothing_felt")]
    assert desk.state.side.level_half_mA <= 12


def at_the_contraction() -> Desk:
    """A muscle programme, felt on the left: the next question is whether it tightens."""
    desk = Desk(nmes_plan()).armed()
    for _ in range(2):
        desk.press(Key.UP)
        desk.status(0)
    desk.press(Key.ENTER)
    desk.press(Key.ONE)
    assert desk.state.find_step == "tighten"
    return desk


def found_levels(effects: tuple[Effect, ...]) -> list[LevelFound]:
    return [
        effect.record
        for effect in effects
        if isinstance(effect, Write) and isinstance(effect.record, LevelFound)
    ]


def test_where_the_muscle_tightens_is_kept_apart_from_what_is_comfortable() -> None:
    desk = at_the_contraction()
    assert not found_levels(desk.press(Key.ENTER))
    desk.status(0, may_raise=False)
    desk.status(0)
    desk.press(Key.UP)
    desk.status(0)
    (found,) = found_levels(desk.press(Key.ENTER))
    assert (found.first_feeling_mA, found.motor_threshold_mA, found.comfortable_mA) == (2.0, 2.0, 2.5)


def test_nobody_has_to_see_the_muscle_tighten() -> None:
    desk = at_the_contraction()
    (found,) = found_levels(desk.press(Key.TWO))
    assert (found.motor_threshold_mA, found.comfortable_mA) == (None, 2.0)
    assert desk.state.sides[0].comfortable_half_mA == 4


def test_at_zero_nothing_tightens_and_nothing_is_comfortable() -> None:
    desk = at_the_contraction()
    for _ in range(4):
        desk.press(Key.DOWN)
    desk.status(0)
    for key in (Key.ENTER, Key.TWO):
        assert not found_levels(desk.press(key))
        assert desk.state.find_step == "tighten"


def test_tens_asks_for_no_contraction() -> None:
    desk = Desk(tens_plan()).armed()
    desk.find_side()
    assert [effect.record.motor_threshold_mA for effect in desk.asked if found_levels((effect,))] == [None]


def test_both_sides_one_after_the_other_then_the_session_on_enter() -> None:
    desk = Desk(nmes_plan()).armed()
    for index in range(2):
        desk.status(index)
        desk.press(Key.UP)
        desk.status(index)
        desk.press(Key.ENTER)
        desk.press(Key.ONE if index == 0 else Key.TWO)
        assert not desk.press(Key.ENTER)[1:], "it tightens: nothing is saved yet"
        assert desk.state.find_step == "strong"
        effects = desk.press(Key.ENTER)
        written = [effect.record for effect in effects if isinstance(effect, Write)]
        assert [type(record) for record in written] == [LevelFound]
        if index == 0:
            assert guard.Next(7) in sent(effects)
            desk.status(1)
            assert desk.state.find_step == "feel"
    assert desk.state.find_step == "both"
    assert guard.Next(7) in sent(desk.press(Key.ENTER))
    desk.status(2)
    assert desk.state.stage == "play"


def test_ten_minutes_of_finding_never_begin_a_session_by_themselves() -> None:
    desk = Desk(tens_plan()).armed()
    desk.press(Key.UP)
    effects = desk.status(2)
    assert guard.Stop("finding_too_long") in sent(effects)


def test_level_finding_stops_when_nobody_answers() -> None:
    desk = Desk(tens_plan()).armed()
    tones = 0
    for _ in range(10):
        effects = desk.sleep_until_due()
        tones += effects.count(Tone("prompt"))
        if desk.state.stage == "stopping":
            break
    assert guard.Stop("still_ok") in sent(effects)
    assert tones == 3
    assert desk.now_s == pytest.approx(100 + 90 + 60)


# ── the slow rise ───────────────────────────────────────────────────────────────────────────────


def returning() -> Desk:
    return Desk(tens_plan(channel(1, reference_mA=20.0), channel(2, reference_mA=20.0))).armed()


def test_a_slow_rise_starts_only_by_a_press_and_halts_after_five_milliamperes() -> None:
    desk = returning()
    assert desk.state.find_step == "offer"
    assert not levels(desk.press(Key.UP))
    desk.press(Key.ENTER)
    began_s = desk.now_s
    while desk.state.side.slow is not None and desk.state.side.slow.running:
        desk.sleep_until_due()
        desk.status(0)
    assert desk.state.side.level_half_mA == 10
    assert desk.now_s - began_s >= 5.0, "at most 1 mA a second"
    assert not levels(desk.press(Key.UP)), "the press lets it go on, it raises nothing itself"
    assert levels(desk.sleep_until_due()) == {1: 11}


def test_a_slow_rise_ends_at_six_tenths_of_the_reference() -> None:
    desk = returning()
    desk.press(Key.ENTER)
    for _ in range(100):
        slow = desk.state.side.slow
        if slow is None:
            break
        if not slow.running:
            if desk.state.find_step == "feel":
                desk.press(Key.ENTER)
                desk.press(Key.ONE)
            desk.press(Key.UP)
        desk.sleep_until_due()
        desk.status(0)
    assert desk.state.side.level_half_mA == 24


@pytest.mark.parametrize("key", [Key.UP, Key.FOUR, Key.NINE, Key.EIGHT, Key.LEFT, Key.ENTER, Key.ONE])
def test_any_known_key_holds_a_slow_rise(key: Key) -> None:
    desk = returning()
    desk.press(Key.ENTER)
    desk.sleep_until_due()
    desk.status(0)
    desk.press(key, after_s=0.1)
    assert desk.state.side.slow is None or not desk.state.side.slow.running


def test_down_in_a_slow_rise_lowers_and_it_does_not_climb_again() -> None:
    desk = returning()
    desk.press(Key.ENTER)
    for _ in range(6):
        desk.sleep_until_due()
        desk.status(0)
    assert levels(desk.press(Key.DOWN, after_s=0.1)) == {1: 4}
    assert desk.state.side.slow is None


def test_a_slow_rise_in_which_nothing_is_felt_halts() -> None:
    desk = Desk(tens_plan(channel(1, reference_mA=24, usual_first_feeling_mA=4.0), channel(2))).armed()
    desk.press(Key.ENTER)
    while desk.state.side.slow is not None and desk.state.side.slow.running:
        desk.sleep_until_due()
        desk.status(0)
    assert desk.state.side.level_half_mA == 10
    assert sent(desk.press(Key.UP)) == [guard.Stop("nothing_felt")]


# ── in the session ──────────────────────────────────────────────────────────────────────────────


def in_session(plan: SessionPlan | None = None, *, first_session: bool = False) -> Desk:
    desk = Desk(plan or tens_plan(), first_session=first_session).armed()
    desk.find_side()
    desk.status(1)
    desk.find_side()
    desk.press(Key.ENTER)
    desk.status(2)
    assert desk.state.stage == "play"
    return desk


@pytest.mark.parametrize("key", [Key.STOP, Key.ZERO, Key.BACK, Key.UNKNOWN, Key.LEAVE])
def test_every_stop_key_stops(key: Key) -> None:
    desk = in_session()
    assert sent(desk.press(key)) == [guard.Stop("person")]
    assert not desk.state.holds_lease
    assert desk.state.output_possible, "until the guard says so"


def test_stopped_is_believed_only_when_the_guard_says_confirmed() -> None:
    desk = in_session()
    desk.press(Key.STOP)
    effects = desk.stopped("person", confirmed=False)
    (ended,) = [effect for effect in effects if isinstance(effect, Ended)]
    assert not ended.outcome.confirmed
    assert Tone("not_confirmed") in effects


def test_nothing_is_due_after_the_end_whatever_was_said_just_before() -> None:
    """A key that crosses a stop is refused: its notice would be due for ever, and the loop never rest."""
    desk = in_session()
    desk.press(Key.STOP)
    desk.feed(Heard(guard.Refused(desk.state.epoch, "old_epoch", "7", "stopping", fault=False)))
    assert desk.state.notice is not None
    desk.stopped("person")
    assert machine.deadline_s(desk.state) is None


def test_a_silent_guard_is_not_believed() -> None:
    desk = in_session()
    desk.press(Key.STOP)
    effects = desk.sleep_until_due()
    (ended,) = [effect for effect in effects if isinstance(effect, Ended)]
    assert not ended.outcome.confirmed


def test_digits_choose_a_side_and_never_a_level() -> None:
    desk = in_session()
    for key in (Key.ONE, Key.TWO, Key.THREE, Key.FOUR, Key.SEVEN, Key.NINE, Key.ENTER):
        assert not levels(desk.press(key))
    desk.press(Key.TWO)
    assert set(levels(desk.press(Key.UP))) == {2}
    desk.press(Key.THREE)
    assert set(levels(desk.press(Key.UP))) == {1, 2}


def test_still_ok_is_asked_every_five_minutes_and_no_answer_stops() -> None:
    desk = in_session()
    asked_from_s = desk.state.still_ok_s
    effects = desk.sleep_until_due()
    while desk.state.prompt is None:
        effects = desk.sleep_until_due()
    assert desk.now_s == pytest.approx(asked_from_s + 300)
    assert Tone("prompt") in effects
    desk.press(Key.ENTER)
    assert desk.state.prompt is None
    while desk.state.stage == "play":
        effects = desk.sleep_until_due()
    assert guard.Stop("still_ok") in sent(effects)


REPEATS_EVERY_S = {"a console's": 0.033, "a compositor's": 0.04, "the slowest": 0.5, "kept slow": 0.9}


def hold(desk: Desk, key: Key, every_s: float, until: Callable[[Desk], bool]) -> list[Effect]:
    """A key that is held down, or that something lies on, and repeats; the guard goes on speaking."""
    effects: list[Effect] = []
    while not until(desk):
        effects += desk.press(key, after_s=every_s)
        effects += desk.status(2)
        effects += desk.feed(Deadline())
    return effects


@pytest.mark.parametrize("every_s", REPEATS_EVERY_S.values(), ids=REPEATS_EVERY_S)
def test_a_held_enter_is_no_answer_to_still_ok(every_s: float) -> None:
    desk = in_session()
    began_s = desk.state.still_ok_s
    effects = hold(desk, Key.ENTER, every_s, lambda desk: desk.state.stage != "play")
    assert guard.Stop("still_ok") in sent(tuple(effects))
    assert desk.now_s == pytest.approx(began_s + 360, abs=1)


@pytest.mark.parametrize("key", [Key.ENTER, Key.DOWN, Key.FOUR, Key.SEVEN])
def test_a_held_key_tells_the_guard_once_that_somebody_is_there(key: Key) -> None:
    desk = in_session()
    desk.now_s += 5.0
    effects = hold(desk, key, 0.04, lambda desk: desk.state.stage != "play")
    assert effects.count(Send(guard.Present(7))) == 1


def test_a_held_key_keeps_no_level_being_found_above_zero() -> None:
    desk = Desk(tens_plan()).armed()
    desk.press(Key.UP)
    desk.status(0)
    began_s = desk.now_s
    while desk.state.stage == "find":
        desk.press(Key.FOUR, after_s=0.2)
        desk.status(0)
        desk.feed(Deadline())
    assert desk.now_s == pytest.approx(began_s + 150, abs=2)
    assert guard.Stop("still_ok") in sent(tuple(desk.asked))


def asked(desk: Desk) -> bool:
    return desk.state.prompt is not None


def test_who_holds_enter_is_told_to_let_go_and_her_next_press_answers() -> None:
    desk = in_session()
    hold(desk, Key.ENTER, 0.04, asked)
    desk.press(Key.ENTER, after_s=0.04)
    assert desk.state.prompt is not None
    assert desk.state.prompt.held
    desk.press(Key.ENTER, after_s=1.0)
    assert desk.state.prompt is None
    assert desk.state.stage == "play"


@pytest.mark.parametrize("after_s", [0.1, 0.9, 5.0, 59.0])
def test_one_press_after_it_was_asked_answers_whether_slow_or_double(after_s: float) -> None:
    desk = in_session()
    while desk.state.prompt is None:
        desk.sleep_until_due()
    assert Send(guard.Present(7)) in desk.press(Key.ENTER, after_s=after_s)
    assert desk.state.prompt is None
    desk.press(Key.ENTER, after_s=0.2)
    assert desk.state.prompt is None
    assert desk.state.stage == "play"


def test_an_answer_counts_right_after_another_key() -> None:
    desk = Desk(tens_plan()).armed()
    for _ in range(8):
        desk.press(Key.UP)
        desk.status(0)
    desk.press(Key.UP)
    assert desk.state.prompt is not None
    assert Send(guard.Present(7)) in desk.press(Key.ENTER, after_s=0.3)
    assert desk.state.prompt is None


def test_a_level_that_was_confirmed_and_then_lowered_is_asked_for_again() -> None:
    desk = Desk(tens_plan()).armed()
    desk.find_side()
    desk.status(1)
    desk.find_side()
    desk.press(Key.DOWN)
    assert desk.state.find_step == "strong"
    effects = desk.press(Key.ENTER)
    (found,) = [effect.record for effect in effects if isinstance(effect, Write)]
    assert isinstance(found, LevelFound)
    assert found.comfortable_mA == 5.0
    assert desk.state.find_step == "both"


def test_a_doubled_enter_does_not_pass_over_the_other_side() -> None:
    desk = Desk(tens_plan()).armed()
    desk.find_side()
    assert not sent(desk.press(Key.ENTER, after_s=0.03)), "the guard was asked for the next side already"
    desk.status(1)
    assert (desk.state.stage, desk.state.finding, desk.state.find_step) == ("find", 1, "feel")


DOUBLED_AFTER_S = [0.03, 0.45, 0.95]
"""Held, or by a stiff hand; the screen's own 0.4 s are over or not."""


@pytest.mark.parametrize("after_s", DOUBLED_AFTER_S)
def test_a_doubled_enter_does_not_let_the_next_side_rise(after_s: float) -> None:
    desk = returning()
    desk.press(Key.ENTER)
    while desk.state.side.slow is not None:
        desk.sleep_until_due()
        desk.status(0)
        if desk.state.side.slow is not None and not desk.state.rises:
            desk.press(Key.UP)
    desk.press(Key.ENTER)
    desk.press(Key.ONE)
    desk.press(Key.ENTER)
    desk.status(1)
    assert (desk.state.finding, desk.state.find_step) == (1, "offer")
    desk.press(Key.ENTER, after_s=after_s)
    assert desk.state.find_step == "offer"
    assert not desk.state.rises
    assert desk.state.notice is not None
    assert desk.state.notice.id == "let_go"
    desk.press(Key.ENTER, after_s=1.0)
    assert desk.state.rises


@pytest.mark.parametrize("after_s", DOUBLED_AFTER_S)
def test_a_doubled_enter_does_not_begin_the_session(after_s: float) -> None:
    desk = Desk(tens_plan()).armed()
    desk.find_side()
    desk.status(1)
    desk.find_side()
    assert desk.state.find_step == "both"
    assert not sent(desk.press(Key.ENTER, after_s=after_s))
    assert guard.Next(7) in sent(desk.press(Key.ENTER, after_s=1.0))


@pytest.mark.parametrize("after_s", DOUBLED_AFTER_S)
def test_an_enter_that_answers_twice_does_not_end_a_rest(after_s: float) -> None:
    desk = in_session()
    desk.press(Key.FIVE)
    while desk.state.prompt is None:
        desk.sleep_until_due()
    desk.press(Key.ENTER)
    assert desk.state.prompt is None
    desk.press(Key.ENTER, after_s=after_s)
    assert not desk.state.rises, "it stays at zero, it said"
    desk.press(Key.ENTER, after_s=1.0)
    assert desk.state.rises


@pytest.mark.parametrize("after_s", DOUBLED_AFTER_S)
def test_the_enter_that_led_to_the_session_starts_nothing_when_it_is_doubled(after_s: float) -> None:
    desk = Desk(tens_plan(channel(1, reference_mA=20.0), channel(2, reference_mA=20.0)))
    desk.armed()
    desk.press(Key.ENTER, after_s=after_s)
    assert not desk.state.rises
    desk.press(Key.ENTER, after_s=1.0)
    assert desk.state.rises


def test_an_enter_that_something_lies_on_starts_nothing() -> None:
    desk = Desk(tens_plan(channel(1, reference_mA=20.0), channel(2, reference_mA=20.0)))
    desk.press(Key.ENTER, after_s=0.5)
    desk.armed()
    while desk.state.stage == "find":
        desk.press(Key.ENTER, after_s=0.9)
        desk.status(0)
        desk.feed(Deadline())
    assert not levels(tuple(desk.asked))
    assert guard.Stop("still_ok") in sent(tuple(desk.asked))


def test_the_key_that_holds_a_rise_does_not_let_it_go_on_when_it_is_doubled() -> None:
    plan = tens_plan(channel(1, 24.0, 20.0), channel(2, 24.0, 20.0))
    desk = Desk(plan).armed()
    desk.press(Key.ENTER)
    assert desk.state.rises
    desk.press(Key.UP)
    desk.press(Key.UP, after_s=0.1)
    assert not desk.state.rises
    desk.press(Key.UP, after_s=rules.UP_PAUSE_S)
    assert desk.state.rises


def test_rest_at_zero_and_back_is_a_slow_rise() -> None:
    desk = in_session()
    assert guard.Rest(7) in sent(desk.press(Key.FIVE))
    desk.status(2)
    assert all(side.level_half_mA == 0 for side in desk.state.sides)
    assert not levels(desk.press(Key.ENTER))
    while any(side.slow is not None for side in desk.state.sides):
        desk.sleep_until_due()
        desk.status(2)
    assert [side.level_half_mA for side in desk.state.sides] == [8, 8], "0.7 of 6.0 mA, rounded down"


def test_the_first_session_stops_for_a_look_after_two_minutes() -> None:
    desk = in_session(first_session=True)
    assert guard.Stop("look") not in sent(desk.status(2, 119_000))
    assert guard.Stop("look") in sent(desk.status(2, 120_000))


@pytest.mark.parametrize("key", [Key.FIVE, Key.DOWN])
def test_the_guard_hears_that_somebody_is_there_before_what_the_key_does(key: Key) -> None:
    desk = in_session()
    messages = [effect.message for effect in desk.press(key) if isinstance(effect, Send)]
    assert messages[0] == guard.Present(7), "at zero three quiet minutes end the arming, above it six"
    assert len(messages) > 1


def test_a_resumed_session_starts_at_zero_with_the_remaining_minutes() -> None:
    desk = in_session()
    desk.status(2, 240_000)
    desk.press(Key.STOP)
    effects = desk.stopped("person")
    outcome = next(effect.outcome for effect in effects if isinstance(effect, Ended))
    assert (outcome.seconds_done, outcome.seconds_left) == (240, 360)
    again = Desk(tens_plan(), resume=outcome)
    (begun,) = again.asked
    assert isinstance(begun, Write)
    assert isinstance(begun.record, Session)
    assert (begun.corrects, begun.record.state) == ("s1", "begun"), "a power cut has to find it open"
    (arm,) = sent(again.feed(SessionSaved("s2")))
    assert again.state.session_id == "s1", "later corrections point to the first record"
    assert isinstance(arm, guard.Arm)
    assert [phase.role for phase in arm.plan.phases] == ["work"]
    assert arm.plan.phases[0].duration_ms == 360_000
    again.status(0)
    assert all(side.level_half_mA == 0 for side in again.state.sides)
    assert again.state.resting


def outcome_of(desk: Desk) -> SessionOutcome:
    desk.press(Key.STOP)
    return next(effect.outcome for effect in desk.stopped("person") if isinstance(effect, Ended))


def test_a_muscle_session_gone_on_from_is_held_to_the_contraction_before_the_stop() -> None:
    """However often it is stopped in its warm-up: no squeeze to be felt lies between."""
    plan = nmes_plan()
    outcome = outcome_of(in_session(plan))
    for _ in range(2):
        desk = Desk(plan, resume=outcome).armed()
        assert [limit.last_contraction_half_mA for limit in desk.state.limits] == [12, 12]
        assert desk.state.phase is not None
        assert desk.state.phase.role == "warm_up"
        desk.press(Key.ENTER)
        for _ in range(60):
            if desk.state.rises:
                desk.sleep_until_due()
            else:
                desk.press(Key.ENTER if desk.state.prompt is not None else Key.UP)
            desk.status(0)
        assert [side.level_half_mA for side in desk.state.sides] == [16, 16]
        outcome = outcome_of(desk)


def test_what_a_rest_came_from_is_what_is_gone_back_towards() -> None:
    desk = in_session()
    for _ in range(3):
        desk.press(Key.DOWN)
    desk.press(Key.FIVE)
    outcome = outcome_of(desk)
    assert outcome.levels_half_mA == ((1, 6), (2, 6)), "not the 12 that were confirmed"
    again = Desk(tens_plan(), resume=outcome).armed()
    targets = [side.slow.target_half_mA for side in again.state.sides if side.slow is not None]
    assert targets == [4, 4], "0.7 of it, in whole steps"
    assert outcome_of(again).levels_half_mA == outcome.levels_half_mA, "stopped before it rose"


def test_a_session_gone_on_from_keeps_the_highest_current_of_its_first_part() -> None:
    desk = in_session()
    desk.press(Key.STOP)
    effects = desk.stopped("person")
    outcome = next(effect.outcome for effect in effects if isinstance(effect, Ended))
    again = Desk(tens_plan(), resume=outcome).armed()
    again.press(Key.STOP)
    record = [effect.record for effect in again.stopped("person") if isinstance(effect, Write)][-1]
    assert isinstance(record, Session)
    assert record.peak_mA == {"1": 6.0, "2": 6.0}, "a session without any current needs no rest after it"


def test_the_record_says_when_the_session_began_and_ended() -> None:
    """By the clock of its beginning: one that is set meanwhile changes neither."""
    now = dt.datetime(2026, 11, 20, 14, tzinfo=dt.UTC)
    desk = Desk(tens_plan(), now=now)
    (begun,) = desk.asked
    assert isinstance(begun, Write)
    assert isinstance(begun.record, Session)
    assert (begun.record.began_at, begun.record.ended_at) == (now, None)
    desk.armed()
    began_s = desk.state.began_s
    desk.now_s = began_s + 90.0
    desk.press(Key.STOP, after_s=0)
    effects = desk.stopped("person")
    (record,) = [effect.record for effect in effects if isinstance(effect, Write)]
    assert isinstance(record, Session)
    assert (record.began_at, record.ended_at) == (now, now + dt.timedelta(seconds=90))
    outcome = next(effect.outcome for effect in effects if isinstance(effect, Ended))
    again = Desk(tens_plan(), resume=outcome, now=now + dt.timedelta(minutes=5)).armed()
    again.press(Key.STOP, after_s=2)
    record = [effect.record for effect in again.stopped("person") if isinstance(effect, Write)][-1]
    assert isinstance(record, Session)
    assert record.began_at == now, "gone on from: it is the same session"
    assert record.ended_at == now + dt.timedelta(minutes=5, seconds=2)


def test_a_fault_of_the_device_names_itself_in_the_outcome() -> None:
    desk = in_session()
    desk.feed(Heard(guard.Fault(7, "electrode", 2, "channel 2")))
    effects = desk.stopped("electrode")
    outcome = next(effect.outcome for effect in effects if isinstance(effect, Ended))
    assert (outcome.why, outcome.channel, outcome.pad_faults) == ("electrode", 2, 1)
    closing = next(effect for effect in effects if isinstance(effect, Write))
    assert closing.corrects == "s1"
    assert isinstance(closing.record, Session)
    assert closing.record.state == "ended_early"


def test_the_end_of_the_plan_is_done() -> None:
    desk = in_session()
    desk.status(2, 600_000)
    effects = desk.stopped("plan_over")
    closing = next(effect for effect in effects if isinstance(effect, Write))
    assert isinstance(closing.record, Session)
    assert closing.record.state == "done"
    assert closing.record.seconds_done == 600
    assert closing.record.stop_confirmed is True
    assert closing.record.peak_mA == {"1": 6.0, "2": 6.0}


def test_a_broken_link_is_an_unconfirmed_end() -> None:
    desk = in_session()
    effects = desk.feed(GuardGone())
    outcome = next(effect.outcome for effect in effects if isinstance(effect, Ended))
    assert not outcome.confirmed


def test_words_of_an_older_epoch_change_nothing() -> None:
    desk = in_session()
    before = desk.state
    desk.feed(Heard(guard.Stopped(3, "person", True, "status 0", 1.0)))
    assert desk.state == before


# ── what the guard says, and what it does not ───────────────────────────────────────────────────


def test_a_silent_guard_is_a_stop() -> None:
    desk = in_session()
    desk.now_s += rules.GUARD_SILENT_S
    assert sent(desk.feed(Deadline())) == [guard.Stop("guard_silent")]


def test_the_guards_level_is_the_truth() -> None:
    desk = in_session()
    desk.now_s += 1.0
    channels = tuple(guard.ChannelStatus(side.channel, 3, 3) for side in desk.state.sides)
    assert desk.state.status is not None
    status = guard.Status("armed", 7, 1, channels, 1000, True, 2, 1_000, desk.now_s)
    desk.feed(Heard(status))
    assert [side.level_half_mA for side in desk.state.sides] == [3, 3]
    assert levels(desk.press(Key.DOWN)) == {1: 1, 2: 1}


def test_rest_while_the_second_side_is_found_rests_both() -> None:
    desk = Desk(tens_plan()).armed()
    desk.find_side()
    desk.status(1)
    desk.press(Key.UP)
    desk.status(1)
    assert guard.Rest(7) in sent(desk.press(Key.FIVE))
    assert [side.level_half_mA for side in desk.state.sides] == [0, 0], "as the guard does"
    assert desk.state.sides[0].slow is not None


def test_a_card_that_does_not_answer_begins_nothing() -> None:
    desk = Desk(tens_plan())
    effects = desk.sleep_until_due()
    assert desk.now_s == pytest.approx(100 + rules.SAVE_ANSWER_S)
    (ended,) = [effect for effect in effects if isinstance(effect, Ended)]
    assert (ended.outcome.why, ended.outcome.never_armed) == ("not_saved", True)
    assert not sent(effects)


def test_a_record_that_is_saved_after_all_is_closed() -> None:
    desk = Desk(tens_plan())
    desk.press(Key.STOP)
    (closing,) = desk.feed(SessionSaved("s1"))
    assert isinstance(closing, Write)
    assert closing.corrects == "s1"
    assert isinstance(closing.record, Session)
    assert closing.record.state == "ended_early"
    assert not desk.feed(SessionSaved("s1")), "once"


def test_refused_while_the_output_is_not_known_is_not_called_off() -> None:
    desk = Desk(tens_plan())
    desk.feed(SessionSaved("s1"))
    effects = desk.feed(Heard(guard.Refused(7, "state", "unconfirmed", "idle", False)))
    (ended,) = [effect for effect in effects if isinstance(effect, Ended)]
    assert not ended.outcome.confirmed
    assert not ended.outcome.never_armed


# ── a device with coarser steps ─────────────────────────────────────────────────────────────────


def on_rehastim2(plan: SessionPlan) -> Desk:
    return Desk(plan, device_kind="rehastim2").armed()


def test_on_a_rehastim2_every_step_is_its_own_two_milliamperes() -> None:
    desk = on_rehastim2(tens_plan())
    assert levels(desk.press(Key.UP)) == {1: 4}
    desk.status(0)
    desk.press(Key.ENTER)
    desk.press(Key.ONE)
    assert desk.state.find_step == "strong"
    assert levels(desk.press(Key.UP)) == {1: 8}
    desk.status(0)
    assert levels(desk.press(Key.DOWN)) == {1: 4}
    assert levels(desk.press(Key.DOWN)) == {1: 0}


def test_two_milliamperes_count_at_most_once_in_two_seconds() -> None:
    desk = on_rehastim2(tens_plan())
    assert levels(desk.press(Key.UP)) == {1: 4}
    desk.status(0)
    assert levels(desk.press(Key.UP, after_s=1.2)) == {}
    assert desk.state.notice is not None
    assert desk.state.notice.id == "too_soon"
    # The press in between does not push the next one back by two more seconds, only by its one.
    assert levels(desk.press(Key.UP, after_s=0.9)) == {}
    assert levels(desk.press(Key.UP, after_s=1.1)) == {1: 8}


def test_a_ceiling_between_two_steps_is_not_passed() -> None:
    desk = on_rehastim2(tens_plan(channel(1, ceiling_mA=7.5), channel(2)))
    for _ in range(5):
        desk.press(Key.UP, after_s=2.1)
        desk.status(0)
    assert desk.state.side.level_half_mA == 12
    assert desk.state.notice is not None
    assert desk.state.notice.id == "ceiling"


def test_a_contraction_gains_one_step_of_two_milliamperes() -> None:
    desk = on_rehastim2(nmes_plan())
    desk.status(0, may_raise=False)
    desk.status(0)
    assert levels(desk.press(Key.UP, after_s=2.1)) == {1: 4}
    desk.status(0)
    assert levels(desk.press(Key.UP, after_s=2.1)) == {}
    desk.status(0, may_raise=False)
    desk.status(0)
    assert levels(desk.press(Key.UP, after_s=2.1)) == {1: 8}


def test_a_slow_rise_takes_a_step_every_two_seconds_and_halts_before_five_milliamperes_are_passed() -> None:
    desk = on_rehastim2(tens_plan(channel(1, reference_mA=19, usual_first_feeling_mA=12), channel(2)))
    desk.press(Key.ENTER)
    began_s = desk.now_s
    while desk.state.side.slow is not None and desk.state.side.slow.running:
        desk.sleep_until_due()
        desk.status(0)
    assert desk.state.side.level_half_mA == 8
    assert desk.now_s - began_s >= 4.0, "at most 1 mA a second"
    while (slow := desk.state.side.slow) is not None:
        if not slow.running:
            desk.press(Key.UP)
        desk.sleep_until_due()
        desk.status(0)
    # 0.6 of 19 mA is 11.4 mA: ten are whole steps below it.
    assert desk.state.side.level_half_mA == 20


def test_fifteen_milliamperes_are_not_passed_unfelt() -> None:
    desk = on_rehastim2(tens_plan())
    for _ in range(7):
        if desk.state.prompt is not None:
            desk.press(Key.ENTER)
        desk.press(Key.UP, after_s=2.1)
        desk.status(0)
    assert desk.state.side.level_half_mA == 28
    assert sent(desk.press(Key.UP, after_s=2.1)) == [guard.Stop("nothing_felt")]


def test_a_resumed_rise_ends_on_a_whole_step() -> None:
    desk = on_rehastim2(tens_plan())
    desk.press(Key.UP)
    desk.status(0)
    for _ in range(2):
        desk.press(Key.UP, after_s=2.1)
        desk.status(0)
    assert desk.state.side.level_half_mA == 12
    desk.press(Key.FIVE)
    slow = desk.state.side.slow
    assert slow is not None
    assert slow.target_half_mA == 8  # 0.7 of 6 mA is 4.2 mA
