"""Finding the level: in every state that keys, time and the guard lead to, each sentence of the page is what
the machine then does, and no key that it names means something else."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from functools import cache

import pytest
from msgspec.structs import replace

from drivers import messages as guard
from kiosk import words
from kiosk.keys import Key
from kiosk.page import LevelFinding, Words
from kiosk.session import machine
from kiosk.session.rules import UPS_BEFORE_ASKING
from kiosk.session.state import Deadline, Effect, Heard, Pressed, Send, SessionSaved, SessionState
from kiosk.visit.pages import session
from kiosk.visit.state import Moment
from programs.library import load_programme
from programs.plan import SessionPlan
from tests.kiosk.session.plans import channel, nmes_plan, tens_plan
from tests.kiosk.visit.visit_bench import Walk

PAUSE_S = 2.5
"""Between two keys: each is a press of its own, and none comes too soon."""
UNHEARD_S = 0.8
"""The guard speaks more often than that."""
KEYS = (Key.UP, Key.DOWN, Key.ENTER, Key.ONE, Key.TWO, Key.THREE, Key.FOUR, Key.FIVE)
MOST_STATES = 4000

PLANS = {
    "tens, first time": tens_plan(),
    "tens, low limit": tens_plan(channel(1, 3.0), channel(2, 3.0)),
    "tens, returning": tens_plan(channel(1, 24.0, 18.5, 5.5), channel(2, 24.0, 18.5)),
    "nmes, first time": nmes_plan(),
    "nmes, returning": nmes_plan(channel(1, 24.0, 18.5, 5.5), channel(2, 24.0, 18.5)),
    "nmes, returning, low limit": nmes_plan(channel(1, 2.5, 2.5), channel(2, 2.5, 2.5)),
}
DEVICES = ("p24", "rehastim2")

Step = tuple[SessionState, tuple[Effect, ...], float]


def heard(state: SessionState, now_s: float, phase: int, *, may_raise: bool = True) -> SessionState:
    """The guard's word: it did what it was asked."""
    levels = tuple(
        guard.ChannelStatus(side.channel, side.level_half_mA, side.level_half_mA) for side in state.sides
    )
    status = guard.Status("armed", state.epoch, 1, levels, 1000, may_raise, phase, 3000, now_s)
    return machine.step(state, Heard(status), now_s)[0]


def press(state: SessionState, key: Key, now_s: float) -> Step:
    """A press on a plateau: of a muscle programme, after the squeeze before has ended."""
    now_s += PAUSE_S
    state = heard(heard(state, now_s, state.finding, may_raise=False), now_s, state.finding)
    state, effects = machine.step(state, Pressed(key), now_s)
    return state, effects, now_s


def wait(state: SessionState, now_s: float, until_s: float) -> Step:
    """The guard goes on speaking, the machine is woken when it wants to be."""
    effects: tuple[Effect, ...] = ()
    while now_s < until_s and state.stage == "find":
        due_s = machine.wants_s(state)
        now_s = max(now_s, min(due_s, now_s + UNHEARD_S, until_s))
        state = heard(state, now_s, state.finding)
        if state.stage == "find" and now_s >= due_s:
            state, sent = machine.step(state, Deadline(), now_s)
            effects = (*effects, *sent)
    return state, effects, now_s


def after(state: SessionState, now_s: float) -> Iterator[Step]:
    """Whatever a person, the guard and time can do next."""
    for key in KEYS:
        told, effects, then_s = press(state, key, now_s)
        if any(isinstance(one, Send) and isinstance(one.message, guard.Next) for one in effects):
            told = heard(told, then_s, told.finding + 1)
        yield told, effects, then_s
    yield wait(state, now_s, now_s + 0.6)
    yield wait(state, now_s, now_s + 5.0)
    if state.prompt is None:
        yield wait(state, now_s, now_s + 91.0)
    for _ in range(UPS_BEFORE_ASKING + 1):
        state, effects, now_s = press(state, Key.UP, now_s)
    yield state, effects, now_s


def kind_of(state: SessionState) -> tuple[object, ...]:
    """What a page and a key can tell two states apart by."""
    side, slow = state.side, state.side.slow
    return (
        *(state.finding, state.find_step, state.resting, state.notice and state.notice.id),
        state.prompt and (state.prompt.kind, state.prompt.held),
        slow and (slow.running, side.level_half_mA + 2 > slow.target_half_mA),
        *(side.level_half_mA == 0, side.comfortable_half_mA is None),
        state.ups_in_a_row >= UPS_BEFORE_ASKING,
        *(machine.at_limit_unfelt(state), machine.up_refused(state), machine.up_ends(state)),
    )


@cache
def reachable(name: str, device: str) -> tuple[tuple[SessionState, float], ...]:
    """One state of every kind."""
    plan: SessionPlan = PLANS[name]
    state, _ = machine.begin(plan, device_kind=device, last_epoch=1, first_session=False, now_s=100.0)
    state, _ = machine.step(state, SessionSaved("s1"), 100.0)
    state = heard(state, 100.0, 0)
    found = {kind_of(state): (state, 100.0)}
    ahead = deque(found.values())
    while ahead:
        for told, _effects, now_s in after(*ahead.popleft()):
            if told.stage == "find" and kind_of(told) not in found:
                found[kind_of(told)] = (told, now_s)
                ahead.append((told, now_s))
    assert len(found) < MOST_STATES
    return tuple(found.values())


# ── what is claimed ─────────────────────────────────────────────────────────────────────────────

Check = Callable[[SessionState, SessionState, tuple[Effect, ...]], bool]
"""Before, after, and what was asked for."""


def is_so(check: Callable[[SessionState], bool]) -> Check:
    return lambda before, _after, _effects: check(before)


def stays(before: SessionState, after: SessionState) -> bool:
    """No level, no step, and nothing that rises."""
    levels = [side.level_half_mA for side in before.sides] == [side.level_half_mA for side in after.sides]
    return levels and not after.rises and after.find_step == before.find_step


def not_without_current(done: Check) -> Check:
    """What Enter says of a current needs one: at zero the page says so, and nothing is kept."""

    def check(before: SessionState, after: SessionState, effects: tuple[Effect, ...]) -> bool:
        if before.side.level_half_mA:
            return done(before, after, effects)
        told = after.notice is not None and after.notice.id == "nothing_yet"
        return told and stays(before, after) and after.side.comfortable_half_mA is None

    return check


def felt(before: SessionState, after: SessionState, _effects: tuple[Effect, ...]) -> bool:
    return after.side.first_feeling_half_mA == before.side.level_half_mA and after.find_step == "where"


def tightened(before: SessionState, after: SessionState, _effects: tuple[Effect, ...]) -> bool:
    return after.side.motor_threshold_half_mA == before.side.level_half_mA and after.find_step == "strong"


def pleasant(before: SessionState, after: SessionState, _effects: tuple[Effect, ...]) -> bool:
    if before.side.comfortable_half_mA is not None:
        return stays(before, after)  # said already; the guard goes on to the other side
    side = after.sides[before.finding]
    return side.comfortable_half_mA == before.side.level_half_mA > 0 and not after.rises


def raised(before: SessionState, after: SessionState, _effects: tuple[Effect, ...]) -> bool:
    """By this press alone; or the page says why not, asks, or goes to look at the pads."""
    if machine.up_ends(before):
        return after.stop_why == "nothing_felt"
    if after.prompt is not None:
        return after.prompt.kind == "still_comfortable"
    if after.notice is not None and after.notice.id in ("ceiling", "plateau", "contraction"):
        return not after.rises
    return after.side.level_half_mA > before.side.level_half_mA and not after.rises


def lowered(before: SessionState, after: SessionState, _effects: tuple[Effect, ...]) -> bool:
    level = after.side.level_half_mA
    return (level < before.side.level_half_mA or level == 0) and not after.rises


def rises(before: SessionState, after: SessionState, _effects: tuple[Effect, ...]) -> bool:
    return after.rises and after.side.level_half_mA == before.side.level_half_mA


def rests(_before: SessionState, after: SessionState, _effects: tuple[Effect, ...]) -> bool:
    return after.resting and all(side.level_half_mA == 0 for side in after.sides)


def answered(before: SessionState, after: SessionState, _effects: tuple[Effect, ...]) -> bool:
    return after.prompt is None and stays(before, after)


def held_or_felt(before: SessionState, after: SessionState, _effects: tuple[Effect, ...]) -> bool:
    return not after.rises


def goes_on(_before: SessionState, _after: SessionState, effects: tuple[Effect, ...]) -> bool:
    return any(isinstance(one, Send) and isinstance(one.message, guard.Next) for one in effects)


def told_where(side: str) -> Check:
    """The right side goes on, another ends."""

    def check(before: SessionState, after: SessionState, _effects: tuple[Effect, ...]) -> bool:
        if side == before.side.side:
            return after.find_step in ("tighten", "strong") and after.side.where == side
        return after.stop_why == "where_mismatch"

    return check


def nothing(_before: SessionState, _after: SessionState, _effects: tuple[Effect, ...]) -> bool:
    return True


def unknown(_before: SessionState, _after: SessionState, _effects: tuple[Effect, ...]) -> bool:
    """A sentence that nobody has held against the machine is wrong until somebody does."""
    return False


def running(state: SessionState) -> bool:
    return state.side.slow is not None and state.side.slow.running


def halted(state: SessionState) -> bool:
    return state.side.slow is not None and not state.side.slow.running


LINES: dict[str, tuple[Key | None, Check]] = {
    "Ready? The current starts at zero and rises slowly, to 60 % of last time at most.": (Key.ENTER, rises),
    "Any key: it rises no more.": (Key.FOUR, held_or_felt),
    "STOP: off at once.": (None, nothing),
    "Where do you feel it?": (None, nothing),
    "It rises slowly.": (None, is_so(running)),
    "It holds.": (None, is_so(halted)),
    "Press ▲: it rises further.": (Key.UP, rises),
    "Press ▲: it rises slowly.": (Key.UP, rises),
    "Rest at zero.": (None, is_so(lambda state: state.side.level_half_mA == 0)),
    "Feel it? Press Enter.": (Key.ENTER, not_without_current(felt)),
    "Then press Enter: I feel it.": (Key.ENTER, not_without_current(felt)),
    "The muscle tightens? Press Enter.": (Key.ENTER, not_without_current(tightened)),
    "You can see it or feel it. Then press Enter.": (Key.ENTER, not_without_current(tightened)),
    "Strong, still pleasant? Press Enter.": (Key.ENTER, not_without_current(pleasant)),
    "Press ▲ until you feel something.": (Key.UP, raised),
    "Press ▲ until the muscle tightens.": (Key.UP, raised),
    "Press ▲ once. Wait. Press again.": (Key.UP, raised),
    "It hurts? Press STOP.": (None, nothing),
    "This is the limit for today.": (None, is_so(lambda state: machine.up_refused(state) == "ceiling")),
    "Feel nothing? That is all right today. Press 2.": (Key.TWO, pleasant),
    "Still OK? Enter = yes.": (Key.ENTER, answered),
    "Still comfortable? Enter = yes.": (Key.ENTER, answered),
    "Are you there? Enter = yes. It stays at zero.": (Key.ENTER, answered),
    "Let go of the key, then press Enter once.": (Key.ENTER, nothing),
    **{
        words.content(load_programme(programme).intensity): (None, nothing)
        for programme in ("tens_conv", "nmes_learn")
    },
}
"""Every sentence that may stand there → the key that it names, and what must come of it."""
LABELS: dict[str, Check] = {
    "I am ready": rises,
    "I feel it": not_without_current(felt),
    "The muscle tightens": not_without_current(tightened),
    "Strong, still pleasant": not_without_current(pleasant),
    "Strong enough, I see none": lambda before, after, effects: (
        pleasant(before, after, effects) if before.side.level_half_mA else stays(before, after)
    ),
    "I feel nothing": pleasant,
    "a bit more": raised,
    "hold here": lambda before, after, _effects: stays(before, after),
    "less": lowered,
    "go on": rises,
    "Rest at zero": rests,
    "Begin": goes_on,
    "Left": told_where("left"),
    "Right": told_where("right"),
    "Both, or elsewhere": told_where("both"),
    "Yes, all is well": answered,
    "Yes, I am here": answered,
}
NOTICES: dict[str, tuple[Key | None, Check]] = {
    "": (None, nothing),
    "You can press ▲ now.": (Key.UP, raised),
    "No current yet. Press ▲ first.": (
        Key.UP,
        lambda before, after, effects: rises(before, after, effects) or raised(before, after, effects),
    ),
    "This is the limit for today.": (None, nothing),
    "Wait for the next squeeze.": (None, nothing),
    "Enough for this squeeze. Wait for the next one.": (None, nothing),
}
ALSO = ("The device gives now: ", "Your level is found. ", "Now come ", "Wait. You can press ▲ again in ")
"""Beginnings of what names no key."""


def claims(state: SessionState, now_s: float, walk: Walk) -> Iterator[tuple[str, Key | None, Check]]:
    """Each sentence and each key of its page, with what must be so."""
    page = session.page(walk.visit, Moment(walk.now, now_s), state)
    assert isinstance(page.body, Words | LevelFinding)
    said = [(line, LINES) for line in page.body.lines]
    if isinstance(page.body, LevelFinding):
        said += [(page.body.notice, NOTICES), (page.body.cue, NOTICES)]
    for sentence, known in said:
        if sentence.startswith(ALSO):
            continue
        yield (sentence, *known.get(sentence, (None, unknown)))
    for choice in page.choices:
        if choice.key is not Key.EIGHT:
            yield choice.label, choice.key, LABELS.get(choice.label, unknown)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", PLANS)
def test_every_sentence_is_what_the_machine_then_does(name: str, device: str) -> None:
    walk = Walk()
    walk.until("session")
    states, wrong = reachable(name, device), set()
    for state, now_s in states:
        for said, key, check in claims(state, now_s, walk):
            then, effects, _ = (state, (), now_s) if key is None else press(state, key, now_s)
            if not check(state, then, effects):
                wrong.add((state.find_step, said))
    print(f"{len(states)} kinds of state", *sorted(wrong), sep="\n")
    assert sorted(wrong) == []


def test_the_walk_meets_every_sentence_and_every_key() -> None:
    walk = Walk()
    walk.until("session")
    met = {
        said
        for name in PLANS
        for device in DEVICES
        for state, now_s in reachable(name, device)
        for said, _key, _check in claims(state, now_s, walk)
    }
    assert {*LINES, *LABELS} - met == {"Let go of the key, then press Enter once."}


def test_a_held_rise_and_one_that_goes_on_are_never_said_at_once() -> None:
    """Held by a key, then let go on within the four seconds of a notice."""
    walk = Walk()
    walk.until("session")
    for name in PLANS:
        for state, now_s in reachable(name, "p24"):
            if running(state):
                page = session.page(walk.visit, Moment(walk.now, now_s), state)
                assert "no more" not in repr(getattr(page.body, "notice", "")), name


def test_who_holds_enter_on_an_offer_reads_it_highlighted() -> None:
    walk = Walk()
    walk.until("session")
    for name, step in (("tens, returning", "offer"), ("tens, first time", "both")):
        state, now_s = next(one for one in reachable(name, "p24") if one[0].find_step == step)
        down = replace(state, enter=state.enter.heard(now_s))
        held, _effects = machine.step(down, Pressed(Key.ENTER), now_s + 0.1)
        body = session.page(walk.visit, Moment(walk.now, now_s), held).body
        assert isinstance(body, Words)
        assert body.call == len(body.lines) - 1
        assert body.lines[-1] == "Let go of the key, then press Enter once."
