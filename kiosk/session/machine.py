"""The session as a pure function: `step(state, event, now_s) -> (state, effects)` and `deadline_s(state)`.

The same code runs a real session, a property test of many thousand steps, and a rehearsal of months. It
knows what a key means while current can flow, asks what has to be asked, and requests; whether anything
flows is the guard's alone. Safety rules 1–6, 8, 10, 11 are enforced here (M), the guard holds them again.
State, events and effects are in `state.py`, the numbers in `rules.py`.

Time is CLOCK_MONOTONIC in seconds and always an argument. There is no periodic tick: the runner sleeps until
`deadline_s` and then sends `Deadline()`.
"""

from __future__ import annotations

import datetime as dt
import math
from typing import Literal

from msgspec.structs import replace

from drivers import limits
from drivers import messages as guard
from kiosk.arming.plan import channel_limits, guard_plan, half_mA
from kiosk.diary.records import LevelFound, Session
from kiosk.events import SessionOutcome
from kiosk.held_key import HELD_KEY_S, EnterKey
from kiosk.keys import Key
from kiosk.session import rules
from kiosk.session.state import (
    NEVER_ARMED,
    PLAN_OVER,
    Deadline,
    Effect,
    Ended,
    Event,
    GuardGone,
    Heard,
    Notice,
    NotSaved,
    Pressed,
    Prompt,
    Send,
    SessionSaved,
    SessionState,
    Side,
    SlowRise,
    StopRequested,
    Tone,
    Write,
)
from programs.plan import ChannelPlan, SessionPlan


def begin(
    plan: SessionPlan,
    *,
    device_kind: str,
    last_epoch: int,
    first_session: bool,
    now_s: float,
    now: dt.datetime | None = None,
    resume: SessionOutcome | None = None,
    session_id: str | None = None,
) -> tuple[SessionState, tuple[Effect, ...]]:
    """A new session: first its record is made durable, then it is armed. A resumed one is armed at once.

    `last_epoch` is the guard's; this arming's is the next (rule 8). `now` is the wall clock, aware: by it the
    record says when the session began and ended.
    """
    step_half_mA = limits.STEP_HALF_MA[device_kind]
    find = resume is None or not resume.found
    done = resume.seconds_done if resume is not None else 0
    before = resume.record if resume is not None else None
    sides = tuple(_side(channel, plan, resume, find, step_half_mA) for channel in plan.channels)
    state = SessionState(
        plan=plan,
        armed_plan=guard_plan(plan, find=find, seconds_done=done),
        limits=channel_limits(plan, {side.channel: side.contraction_base_half_mA or 0 for side in sides}),
        device_kind=device_kind,
        step_half_mA=step_half_mA,
        epoch=last_epoch + 1,
        first_session=first_session and done < rules.LOOK_AFTER_S,
        began_s=now_s,
        stage="saving",
        sides=sides,
        session_id=session_id,
        resume=resume,
        began_at=before.began_at if before is not None and before.began_at is not None else now,
        armed_at=now,
        seconds_before=done,
        last_key_s=now_s,
        enter=EnterKey(now_s, now_s),  # what began it was pressed just now
        still_ok_s=now_s,
        pad_faults=resume.pad_faults if resume is not None else 0,
    )
    # A resumed session stands in the diary as begun again: a power cut finds it open.
    return state, (Write(_record(state, "begun"), corrects=session_id, first=True),)


def step(state: SessionState, event: Event, now_s: float) -> tuple[SessionState, tuple[Effect, ...]]:
    """The next state, and what is to be done. Never raises on any event in any state."""
    if state.stage == "ended":
        return _closed(state, event)
    if state.notice is not None and now_s >= state.notice.until_s:
        state = replace(state, notice=None)
    match event:
        case Pressed():
            return _pressed(state, event.key, now_s)
        case Deadline():
            return _woke(state, now_s)
        case Heard():
            return _heard(state, event.message, now_s)
        case SessionSaved(session_id):
            if state.stage != "saving":
                return state, ()
            return _arm(replace(state, session_id=state.session_id or session_id), now_s)
        case NotSaved():
            if state.stage == "saving":
                return _end(state, "not_saved", True, NEVER_ARMED, now_s)
            return _stop(state, "not_saved", now_s)
        case GuardGone():
            if state.stage == "saving":
                return _end(state, "guard_gone", True, NEVER_ARMED, now_s)
            return _end(state, "guard_gone", False, "the guard process ended", now_s)
        case StopRequested(why):
            if state.stage == "saving":
                return _end(state, why, True, NEVER_ARMED, now_s)
            return _stop(state, why, now_s)


def deadline_s(state: SessionState) -> float | None:
    """When `Deadline` is due next, or None."""
    due_s = wants_s(state)
    if state.stage in ("find", "play"):
        due_s = min(due_s, state.status_s + rules.GUARD_SILENT_S)
    if state.notice is not None:
        due_s = min(due_s, state.notice.until_s)
    return None if due_s == math.inf else due_s


def wants_s(state: SessionState) -> float:
    """When it has something to do of its own, whatever the guard says meanwhile; infinite: never."""
    due_s = math.inf if state.waiting_until_s is None else state.waiting_until_s
    if state.stage == "saving":
        return min(due_s, state.began_s + rules.SAVE_ANSWER_S)
    if state.stage not in ("find", "play"):
        return due_s
    still_ok_s = _still_ok_due_s(state)
    if still_ok_s < due_s:
        due_s = still_ok_s
    for side in state.sides:
        slow = side.slow
        if slow is not None and slow.running and slow.next_s < due_s and _may_rise(state, side):
            due_s = slow.next_s
    return due_s


# ── keys ────────────────────────────────────────────────────────────────────────────────────────


def _pressed(state: SessionState, key: Key, now_s: float) -> tuple[SessionState, tuple[Effect, ...]]:
    if key in _STOPS:
        if state.stage == "saving":
            return _end(state, "person", True, NEVER_ARMED, now_s)
        return _stop(state, "person", now_s)
    if key is Key.ENTER:
        state = replace(state, enter=state.enter.heard(now_s))
    if state.stage not in ("find", "play"):
        return state, ()
    state, present = _noted(state, key, now_s)
    # A known key while a rise runs holds it, and does nothing else; down also lowers.
    if state.rises:
        state = _hold(state)
        if key is Key.UP:
            state = replace(state, last_up_s=now_s)
        if key is not Key.DOWN and not (
            key is Key.ENTER and state.stage == "find" and state.find_step == "feel"
        ):
            return replace(state, notice=Notice("held", now_s + rules.NOTICE_S)), present
    if key is Key.UP:
        state, effects = _up(state, now_s)
    elif key is Key.DOWN:
        state, effects = _down(state, now_s)
    elif key is Key.ENTER:
        state, effects = _enter(state, now_s)
    elif key is Key.FIVE and not state.resting:
        state, effects = _rest(state, now_s)
    elif key is Key.TWO and (at_limit_unfelt(state) or (state.stage, state.find_step) == ("find", "tighten")):
        state, effects = _comfortable(state)
    elif state.stage == "find" and state.find_step == "where" and key in _WHERE:
        state, effects = _where(state, _WHERE[key], now_s)
    elif state.stage == "play" and key in _SELECT:
        chosen = _SELECT[key]
        state, effects = (
            replace(state, selected=chosen if chosen is None or chosen < len(state.sides) else None),
            (),
        )
    elif state.stage == "play" and key in (Key.LEFT, Key.RIGHT):
        state, effects = replace(state, selected=0 if key is Key.LEFT else len(state.sides) - 1), ()
    elif key is Key.FOUR:
        state, effects = replace(state, notice=Notice("status", now_s + rules.NOTICE_S)), ()
    elif key is Key.SIX:
        return _stop(state, "pad_loose", now_s)
    else:
        return state, present
    # First that somebody is there: at zero the guard waits for less long, and a rest would end the arming.
    return state, (*present, *effects)


def _noted(state: SessionState, key: Key, now_s: float) -> tuple[SessionState, tuple[Effect, ...]]:
    """When keys were heard of, and the sign for the guard that somebody is there: a key that is held down, or
    that something lies on, is none (rule 10)."""
    pressed = now_s - state.key_event_s >= HELD_KEY_S
    if key is Key.ENTER and state.prompt is not None:
        # An answer is a press, however quickly it follows another key.
        pressed = pressed or not state.enter.down_before(state.prompt.asked_s)
    if not pressed:
        return replace(state, key_event_s=now_s), ()
    return replace(state, key_event_s=now_s, last_key_s=now_s), (Send(guard.Present(state.epoch)),)


_STOPS = frozenset({Key.STOP, Key.ZERO, Key.BACK, Key.UNKNOWN, Key.LEAVE})
_WHERE: dict[Key, Literal["left", "right", "elsewhere"]] = {
    Key.ONE: "left",
    Key.TWO: "right",
    Key.THREE: "elsewhere",
}
_SELECT: dict[Key, int | None] = {Key.ONE: 0, Key.TWO: 1, Key.THREE: None}


def _up(state: SessionState, now_s: float) -> tuple[SessionState, tuple[Effect, ...]]:
    pause_s = (
        rules.UP_PAUSE_AFTER_FINE_S
        if state.last_raise_half_mA <= rules.FINE_STEP_HALF_MA
        else rules.UP_PAUSE_S
    )
    raise_pause_s = rules.RAISE_PAUSE_S_PER_MA * state.last_raise_half_mA / 2
    too_soon = now_s - state.last_up_s < pause_s or now_s - state.last_raise_s < raise_pause_s
    state = replace(state, last_up_s=now_s)
    if state.prompt is not None:
        return state, ()
    if state.stage == "find" and state.find_step in ("offer", "where", "both"):
        return state, ()
    if too_soon:
        return _notice(state, "too_soon", now_s), ()
    targets = _moved(state)
    waiting = [i for i in targets if state.sides[i].slow is not None]
    if waiting:
        # The new press that lets a halted rise go on; it raises nothing itself.
        for index in waiting:
            state = _start_rise(state, index, now_s)
        return replace(state, resting=False), ()
    if state.ups_in_a_row >= rules.UPS_BEFORE_ASKING:
        return replace(state, prompt=Prompt("still_comfortable", now_s, tones=1)), (Tone("prompt"),)
    if up_ends(state):
        return _stop(state, "nothing_felt", now_s)
    return _raise(state, targets, _up_step_half_mA(state), now_s)


def up_ends(state: SessionState) -> bool:
    """Whether ▲ stops: this level ought to have been felt, and was not (rule 5)."""
    if state.stage != "find" or state.find_step != "feel":
        return False
    return _ought_to_be_felt(state.side, state.side.level_half_mA, _up_step_half_mA(state))


def _up_step_half_mA(state: SessionState) -> int:
    """1 mA until "I feel it", as long as the limit leaves room for it; then 0.5 mA (rule 3)."""
    if state.stage == "find" and state.find_step == "feel":
        coarse_half_mA = _in_steps(state, rules.FEEL_STEP_HALF_MA)
        if state.side.level_half_mA + coarse_half_mA <= state.side.ceiling_half_mA:
            return coarse_half_mA
    return _in_steps(state, rules.FINE_STEP_HALF_MA)


def _raise(
    state: SessionState, targets: tuple[int, ...], step_half_mA: int, now_s: float
) -> tuple[SessionState, tuple[Effect, ...]]:
    """The person's raise of one side or both. What can't be done is never sent: a notice says why."""
    sides, sent, notice = list(state.sides), [], state.notice
    for index in targets:
        side = sides[index]
        target_half_mA = side.level_half_mA + step_half_mA
        refused = _not_to_be_raised(state, side, target_half_mA)
        if refused is not None:
            notice = Notice(refused, now_s + rules.NOTICE_S)
            continue
        sides[index] = replace(side, level_half_mA=target_half_mA, asked_s=now_s)
        sent.append(Send(guard.Level(state.epoch, side.channel, target_half_mA)))
    if not sent:
        return replace(state, notice=notice), ()
    return replace(
        state,
        sides=tuple(sides),
        notice=notice,
        ups_in_a_row=state.ups_in_a_row + 1,
        last_raise_s=now_s,
        last_raise_half_mA=step_half_mA,
        resting=False,
    ), tuple(sent)


def up_refused(state: SessionState) -> str | None:
    """Why ▲ would not count now for the side that is being found, as a notice's id; None: it would."""
    return _not_to_be_raised(state, state.side, state.side.level_half_mA + _up_step_half_mA(state))


def _not_to_be_raised(state: SessionState, side: Side, target_half_mA: int) -> str | None:
    """Why this side can't go there now, as a notice's id."""
    if target_half_mA > side.ceiling_half_mA:
        return "ceiling"
    if state.status is None or not state.status.may_raise:
        return "plateau"
    return "contraction" if _beyond_contraction(side, target_half_mA) else None


def _down(state: SessionState, now_s: float) -> tuple[SessionState, tuple[Effect, ...]]:
    """Down always counts (rule 2). Before the slow rise that is offered there is nothing to lower, and it is
    offered still."""
    if state.stage == "find" and state.find_step == "offer":
        return replace(state, ups_in_a_row=0), ()
    effects: list[Effect] = []
    for index in _moved(state):
        side = state.sides[index]
        target = max(0, side.level_half_mA - _in_steps(state, rules.DOWN_STEP_HALF_MA))
        slow = side.slow
        if slow is not None and slow.target_half_mA > target:
            slow = None  # she went down: it does not climb again by itself
        state = _with_side(state, index, replace(side, level_half_mA=target, slow=slow, asked_s=now_s))
        if target < side.level_half_mA:
            effects.append(Send(guard.Level(state.epoch, side.channel, target)))
    if state.stage == "find" and state.find_step == "both":
        # She confirmed another level than this: it is asked for once more (rule 4).
        side = replace(state.side, comfortable_half_mA=None)
        state = replace(_with_side(state, state.finding, side), find_step="strong")
    return replace(state, ups_in_a_row=0), tuple(effects)


def _enter(state: SessionState, now_s: float) -> tuple[SessionState, tuple[Effect, ...]]:
    """Enter answers what the screen asks. What starts a current takes a press of its own: a key that is held,
    or a press that came twice, says nothing of a screen that has just come (rule 2)."""
    if state.prompt is not None and state.enter.down_before(state.prompt.asked_s):
        return replace(state, prompt=replace(state.prompt, held=True)), ()
    if state.prompt is not None:
        return replace(state, prompt=None, ups_in_a_row=0, still_ok_s=now_s), ()
    if state.stage == "play":
        waiting = [i for i, side in enumerate(state.sides) if side.slow is not None]
        if waiting and all(state.sides[i].level_half_mA == 0 for i in waiting):
            if not state.enter.pressed_anew:
                return _notice(state, "let_go", now_s), ()
            for index in waiting:
                state = _start_rise(state, index, now_s)
            return replace(state, resting=False), ()
        return state, ()
    side = state.side
    match state.find_step:
        case "offer" | "both" if not state.enter.pressed_anew:
            return _notice(state, "let_go", now_s), ()
        case "offer":
            return _start_rise(replace(state, find_step="feel"), state.finding, now_s), ()
        case "feel":
            if side.level_half_mA == 0:
                return _notice(state, "nothing_yet", now_s), ()
            state = _with_side(state, state.finding, replace(side, first_feeling_half_mA=side.level_half_mA))
            return replace(state, find_step="where", ups_in_a_row=0), ()
        case "tighten" | "strong" if side.level_half_mA == 0:
            return _notice(state, "nothing_yet", now_s), ()
        case "tighten":
            side = replace(side, motor_threshold_half_mA=side.level_half_mA)
            return replace(_with_side(state, state.finding, side), find_step="strong", ups_in_a_row=0), ()
        case "strong":
            return _comfortable(state)
        case "both":
            return state, (Send(guard.Next(state.epoch)),)
        case _:
            return state, ()


def _comfortable(state: SessionState) -> tuple[SessionState, tuple[Effect, ...]]:
    """The level of this side is the person's; then the other side, or the question whether to begin."""
    side = state.side
    # Said twice before the guard went on: a second `next` would pass over the other side.
    if side.level_half_mA == 0 or side.comfortable_half_mA is not None:
        return state, ()
    side = replace(side, comfortable_half_mA=side.level_half_mA, slow=None)
    if state.plan.kind == "nmes":
        side = replace(side, contraction_base_half_mA=side.level_half_mA)
    state = replace(_with_side(state, state.finding, side), ups_in_a_row=0)
    saved = Write(_level_found(state, side))
    if state.finding + 1 < len(state.sides):
        return state, (saved, Send(guard.Next(state.epoch)))
    return replace(state, find_step="both"), (saved,)


def at_limit_unfelt(state: SessionState) -> bool:
    """Nothing was felt yet, one more step would pass the limit, and it is no level that must have been felt:
    the person may take the limit as it is, and feel nothing today."""
    if state.stage != "find" or state.find_step != "feel" or state.prompt is not None:
        return False
    side = state.side
    rising = side.slow is not None and side.slow.running
    at_limit = side.level_half_mA + _in_steps(state, rules.FINE_STEP_HALF_MA) > side.ceiling_half_mA
    return at_limit and not rising and 0 < side.level_half_mA < side.not_felt_half_mA


def _where(
    state: SessionState, where: Literal["left", "right", "elsewhere"], now_s: float
) -> tuple[SessionState, tuple[Effect, ...]]:
    """ "Where do you feel it?": a mismatch goes to zero and back to the pads (rule 5)."""
    side = state.side
    said: Literal["left", "right", "both", "elsewhere"] = where
    if where == "elsewhere" and side.side == "both":
        said = "both"  # one channel across the spine is felt on both sides
    state = _with_side(state, state.finding, replace(side, where=said))
    if said != side.side:
        return _stop(state, "where_mismatch", now_s)
    return replace(state, find_step="tighten" if state.plan.kind == "nmes" else "strong"), ()


def _rest(state: SessionState, now_s: float) -> tuple[SessionState, tuple[Effect, ...]]:
    """Key 5: levels to zero, still armed; going on is a slow rise (rule 10)."""
    for index, side in enumerate(state.sides):
        if side.level_half_mA:
            target = _resume_target(side, side.level_half_mA, state.step_half_mA)
            side = replace(side, slow=SlowRise(target), left_half_mA=side.level_half_mA)
        state = _with_side(state, index, replace(side, level_half_mA=0, asked_s=now_s))
    if state.stage == "find" and state.find_step in ("offer", "where", "both"):
        if state.find_step == "both":
            state = _with_side(state, state.finding, replace(state.side, comfortable_half_mA=None))
        state = replace(state, find_step="strong" if state.find_step == "both" else "feel")
    return replace(state, resting=True, ups_in_a_row=0, prompt=None), (Send(guard.Rest(state.epoch)),)


def _stop(state: SessionState, why: str, now_s: float) -> tuple[SessionState, tuple[Effect, ...]]:
    """Ask the guard to stop. Asking twice is harmless; the first reason stays."""
    if state.stage == "stopping":
        return state, (Send(guard.Stop(why)),)
    pad_faults = state.pad_faults + (why in ("pad_loose", "nothing_felt"))
    state = replace(
        _hold(state),
        stage="stopping",
        stop_why=why,
        prompt=None,
        notice=None,
        pad_faults=pad_faults,
        waiting_until_s=now_s + rules.STOP_ANSWER_S,
    )
    return state, (Send(guard.Stop(why)),)


# ── the guard's word ────────────────────────────────────────────────────────────────────────────


def _heard(
    state: SessionState, message: guard.FromGuard, now_s: float
) -> tuple[SessionState, tuple[Effect, ...]]:
    match message:
        case guard.Status():
            return _status(state, message, now_s)
        case guard.Refused():
            return _refused(state, message, now_s)
        case guard.Fault(epoch=epoch) if epoch in (state.epoch, 0):
            return replace(state, fault=message), ()
        case guard.Stopped():
            return _stopped(state, message, now_s)
        case _:
            return state, ()


def _status(
    state: SessionState, status: guard.Status, now_s: float
) -> tuple[SessionState, tuple[Effect, ...]]:
    if status.epoch != state.epoch or status.state != "armed" or state.stage in ("saving", "stopping"):
        return state, ()
    was_raisable = state.status is not None and state.status.may_raise
    previous_index = state.status.phase if state.status is not None else None
    state = replace(state, status=status, status_s=now_s)
    effects: tuple[Effect, ...] = ()
    if state.stage == "arming":
        state = _armed(state, now_s)
    elif status.phase != previous_index and state.phase is not None:
        state, effects = _phase_changed(state, now_s)
    contraction = status.may_raise and not was_raisable and _contracting(state)
    sides = tuple([_told(side, status, now_s, contraction) for side in state.sides])
    if sides != state.sides:
        state = replace(state, sides=sides)
    if state.stage == "play" and state.first_session and state.seconds_done >= rules.LOOK_AFTER_S:
        return _stop(state, "look", now_s)
    return state, effects


def _told(side: Side, status: guard.Status, now_s: float, contraction: bool) -> Side:
    """A side after the guard's word. `contraction`: its plateau begins."""
    level, applied = side.level_half_mA, side.applied_half_mA
    for channel in status.channels:
        if channel.channel == side.channel:
            applied = channel.applied_half_mA
            if now_s - side.asked_s >= rules.LEVEL_UNDER_WAY_S:
                level = channel.level_half_mA  # the guard's is the truth
    base = level if contraction else side.contraction_base_half_mA
    if (level, applied, base) == (side.level_half_mA, side.applied_half_mA, side.contraction_base_half_mA):
        return side
    return replace(
        side,
        level_half_mA=level,
        applied_half_mA=applied,
        highest_applied_half_mA=max(side.highest_applied_half_mA, applied),
        contraction_base_half_mA=base,
    )


def _armed(state: SessionState, now_s: float) -> SessionState:
    state = replace(state, waiting_until_s=None, last_key_s=now_s, still_ok_s=now_s)
    if state.phase is not None and state.phase.role == "find":
        return _begin_side(replace(state, stage="find"), 0)
    return replace(state, stage="play", resting=True)


def _phase_changed(state: SessionState, now_s: float) -> tuple[SessionState, tuple[Effect, ...]]:
    phase = state.phase
    if phase is not None and phase.role == "find":
        index = next((i for i, side in enumerate(state.sides) if side.channel == phase.channel), 0)
        return _begin_side(state, index), (Tone("phase"),)
    if state.stage == "find":
        if any(side.comfortable_half_mA is None for side in state.sides):
            # Ten minutes of finding are over before the person was content: nothing begins by itself.
            return _stop(state, "finding_too_long", now_s)
        state = replace(state, stage="play", still_ok_s=now_s, prompt=None)
    return state, (Tone("phase"),)


def _begin_side(state: SessionState, index: int) -> SessionState:
    side = state.sides[index]
    offered = side.slow is not None and side.first_feeling_half_mA is None
    return replace(
        state, finding=index, find_step="offer" if offered else "feel", ups_in_a_row=0, resting=False
    )


def _refused(
    state: SessionState, refused: guard.Refused, now_s: float
) -> tuple[SessionState, tuple[Effect, ...]]:
    if refused.epoch != state.epoch:
        return state, ()
    if state.stage == "arming":
        known = refused.asked != "unconfirmed"
        reason = refused.asked if refused.limit == "device" else refused.limit
        how = f"{NEVER_ARMED}: {reason}" if known else "the output is not known to be off"
        state, effects = _end(replace(state, refused=refused), "refused", known, how, now_s)
        return state, (Send(guard.Stop("refused")), *effects)
    if refused.fault:
        return replace(state, refused=refused), ()
    # The guard's levels are the truth: take back what it did not do.
    if state.status is not None:
        levels = {channel.channel: channel.level_half_mA for channel in state.status.channels}
        for index, side in enumerate(state.sides):
            level = min(side.level_half_mA, levels.get(side.channel, side.level_half_mA))
            state = _with_side(state, index, replace(side, level_half_mA=level))
    return _notice(_hold(state), refused.limit, now_s), ()


def _stopped(
    state: SessionState, stopped: guard.Stopped, now_s: float
) -> tuple[SessionState, tuple[Effect, ...]]:
    if state.stage == "saving" or stopped.epoch not in (state.epoch, 0):
        return state, ()
    why = state.stop_why
    if state.fault is not None:
        why = state.fault.kind
    elif state.refused is not None and state.refused.fault:
        why = "limit"
    elif why is None:
        why = stopped.why
    return _end(state, why, stopped.confirmed, stopped.how, now_s)


# ── time ────────────────────────────────────────────────────────────────────────────────────────


def _woke(state: SessionState, now_s: float) -> tuple[SessionState, tuple[Effect, ...]]:
    if state.waiting_until_s is not None and now_s >= state.waiting_until_s:
        if state.stage == "stopping":
            return _end(state, state.stop_why or "guard_silent", False, "the guard did not answer", now_s)
        return _stop(state, "guard_silent", now_s)
    if state.stage == "saving" and now_s >= state.began_s + rules.SAVE_ANSWER_S:
        return _end(state, "not_saved", True, NEVER_ARMED, now_s)
    if state.stage not in ("find", "play"):
        return state, ()
    if now_s >= state.status_s + rules.GUARD_SILENT_S:
        return _stop(state, "guard_silent", now_s)
    state, effects = _ask_still_ok(state, now_s)
    if state.stage == "stopping":
        return state, effects
    for index, side in enumerate(state.sides):
        slow = side.slow
        if slow is not None and slow.running and now_s >= slow.next_s and _may_rise(state, side):
            state, sent = _rise(state, index, now_s)
            effects = (*effects, *sent)
    return state, effects


def _ask_still_ok(state: SessionState, now_s: float) -> tuple[SessionState, tuple[Effect, ...]]:
    prompt = state.prompt
    if prompt is None:
        if now_s < _still_ok_due_s(state):
            return state, ()
        prompt = Prompt("still_ok", now_s)
        state = replace(_hold(state), prompt=prompt)
    waited_s = now_s - prompt.asked_s
    if waited_s >= rules.STILL_OK_ANSWER_S:
        return _stop(state, "still_ok", now_s)
    tones = sum(waited_s >= at_s for at_s in rules.STILL_OK_TONES_S)
    if tones <= prompt.tones:
        return state, ()
    return replace(state, prompt=replace(prompt, tones=tones)), (Tone("prompt"),)


def _still_ok_due_s(state: SessionState) -> float:
    """When the next "Still OK?", its next tone, or its time-out is due (rule 10)."""
    prompt = state.prompt
    if prompt is not None:
        rest = rules.STILL_OK_TONES_S[prompt.tones :]
        return prompt.asked_s + (rest[0] if rest else rules.STILL_OK_ANSWER_S)
    due_s = state.still_ok_s + rules.STILL_OK_EVERY_S
    if state.stage == "find" and state.last_key_s + rules.STILL_OK_FINDING_S < due_s:
        return state.last_key_s + rules.STILL_OK_FINDING_S
    return due_s


# ── the slow rise ───────────────────────────────────────────────────────────────────────────────


def _start_rise(state: SessionState, index: int, now_s: float) -> SessionState:
    side = state.sides[index]
    if side.slow is None:
        return state
    slow = replace(side.slow, running=True, since_press_half_mA=0, next_s=now_s + _slow_rise_every_s(state))
    return _with_side(state, index, replace(side, slow=slow))


def _may_rise(state: SessionState, side: Side) -> bool:
    """Whether the guard would take a step of the rise now; otherwise it waits for the guard's next status."""
    if state.prompt is not None or state.status is None or not state.status.may_raise:
        return False
    if state.stage == "find" and state.side.channel != side.channel:
        return False
    return not _beyond_contraction(side, side.level_half_mA + _in_steps(state, rules.SLOW_RISE_STEP_HALF_MA))


def _rise(state: SessionState, index: int, now_s: float) -> tuple[SessionState, tuple[Effect, ...]]:
    """One step, of which `_may_rise` says that the guard takes it."""
    side = state.sides[index]
    slow = side.slow
    assert slow is not None
    step_half_mA = _in_steps(state, rules.SLOW_RISE_STEP_HALF_MA)
    most_half_mA = min(slow.target_half_mA, side.ceiling_half_mA)
    level_half_mA = side.level_half_mA + step_half_mA
    if level_half_mA > most_half_mA:
        return _with_side(state, index, replace(side, slow=None)), ()
    risen_half_mA = slow.since_press_half_mA + step_half_mA
    finding_feel = state.stage == "find" and state.find_step == "feel"
    unfelt = finding_feel and _ought_to_be_felt(side, level_half_mA, step_half_mA)
    going_on = None
    if level_half_mA < most_half_mA and not unfelt:
        halted = risen_half_mA + step_half_mA > rules.SLOW_RISE_HALT_HALF_MA and not _contracting(state)
        next_s = now_s + _slow_rise_every_s(state)
        going_on = replace(slow, running=not halted, since_press_half_mA=risen_half_mA, next_s=next_s)
    side = replace(side, level_half_mA=level_half_mA, slow=going_on, asked_s=now_s)
    return _with_side(state, index, side), (Send(guard.Level(state.epoch, side.channel, level_half_mA)),)


def _hold(state: SessionState) -> SessionState:
    for index, side in enumerate(state.sides):
        if side.slow is not None and side.slow.running:
            state = _with_side(state, index, replace(side, slow=replace(side.slow, running=False)))
    return state


def _slow_rise_every_s(state: SessionState) -> float:
    return rules.SLOW_RISE_S_PER_MA * _in_steps(state, rules.SLOW_RISE_STEP_HALF_MA) / 2


def _resume_target(side: Side, level_half_mA: int, step_half_mA: int) -> int:
    """0.7 · min(level at the pause, L), in whole steps (rule 4)."""
    reference = (
        level_half_mA if side.reference_half_mA is None else min(level_half_mA, side.reference_half_mA)
    )
    return int(reference * rules.RESUME_FACTOR) // step_half_mA * step_half_mA


def _closed(state: SessionState, event: Event) -> tuple[SessionState, tuple[Effect, ...]]:
    """After the end only one thing is still to be done: closing a record that was saved too late."""
    if not isinstance(event, SessionSaved) or state.session_id is not None:
        return state, ()
    return replace(state, session_id=event.session_id), (
        Write(_record(state, "ended_early"), corrects=event.session_id),
    )


# ── small things ────────────────────────────────────────────────────────────────────────────────


def _in_steps(state: SessionState, half_mA: int) -> int:
    """A change by `half_mA`, in whole steps of the hardware and at least one."""
    return -(-half_mA // state.step_half_mA) * state.step_half_mA


def _ought_to_be_felt(side: Side, level_half_mA: int, step_half_mA: int) -> bool:
    """This level must have been felt, or one more step would pass 15 mA (rule 5)."""
    return level_half_mA >= side.not_felt_half_mA or level_half_mA + step_half_mA > rules.NOT_FELT_HALF_MA


def _side(
    channel: ChannelPlan, plan: SessionPlan, resume: SessionOutcome | None, find: bool, step_half_mA: int
) -> Side:
    lead = next(lead for lead in plan.montage.leads if lead.channel == channel.channel)
    usual = channel.usual_first_feeling_mA
    side = Side(
        channel=channel.channel,
        side=lead.side,
        ceiling_half_mA=half_mA(channel.ceiling_mA),
        reference_half_mA=None if channel.reference_mA is None else half_mA(channel.reference_mA),
        usual_first_feeling_half_mA=None if usual is None else half_mA(usual),
        highest_applied_half_mA=_peak_before(resume, channel.channel),
    )
    if not find and resume is not None:
        level = dict(resume.levels_half_mA).get(channel.channel, 0)
        target = _resume_target(side, level, step_half_mA)
        last_contraction = dict(resume.contractions_half_mA).get(channel.channel, 0)
        return replace(
            side,
            comfortable_half_mA=level,
            left_half_mA=level,
            contraction_base_half_mA=min(level, last_contraction) if plan.kind == "nmes" else None,
            slow=SlowRise(target) if target else None,
        )
    if side.reference_half_mA is not None:
        target = int(side.reference_half_mA * rules.START_FACTOR) // step_half_mA * step_half_mA
        return replace(side, slow=SlowRise(target) if target else None)
    return side


def _peak_before(resume: SessionOutcome | None, channel: int) -> int:
    """The highest current of the same session before its stop: its record counts as one with current, and the
    muscles get their rest, however short the second part was."""
    if resume is None or resume.record is None:
        return 0
    return half_mA(resume.record.peak_mA.get(str(channel), 0.0))


def _arm(state: SessionState, now_s: float) -> tuple[SessionState, tuple[Effect, ...]]:
    state = replace(state, stage="arming", waiting_until_s=now_s + rules.ARM_ANSWER_S)
    return state, (Send(guard.Arm(state.epoch, state.armed_plan, state.limits)),)


def _end(
    state: SessionState, why: str, confirmed: bool, how: str, now_s: float
) -> tuple[SessionState, tuple[Effect, ...]]:
    pad_faults = state.pad_faults
    if state.fault is not None and state.fault.kind in ("electrode", "low_current", "pulse_timeout"):
        pad_faults += 1
    state = replace(state, stop_why=why)
    found = bool(state.sides) and all(side.comfortable_half_mA is not None for side in state.sides)
    outcome = SessionOutcome(
        session_id=state.session_id,
        why=why,
        confirmed=confirmed,
        how=how,
        seconds_done=state.seconds_done,
        seconds_left=state.seconds_left,
        channel=state.fault.channel if state.fault is not None else None,
        levels_half_mA=tuple((side.channel, _level_to_keep(side)) for side in state.sides),
        at_s=now_s,
        pad_faults=pad_faults,
        found=found,
        contractions_half_mA=tuple(
            (side.channel, side.contraction_base_half_mA)
            for side in state.sides
            if side.contraction_base_half_mA is not None
        ),
        never_armed=how.startswith(NEVER_ARMED),
    )
    state = replace(
        state,
        stage="ended",
        outcome=outcome,
        waiting_until_s=None,
        prompt=None,
        notice=None,
        pad_faults=pad_faults,
    )
    effects: list[Effect] = []
    if state.session_id is not None:
        record = _record(state, "done" if why == PLAN_OVER else "ended_early")
        outcome = replace(outcome, record=record)
        state = replace(state, outcome=outcome)
        effects.append(Write(record, corrects=state.session_id))
    if not confirmed:
        effects.append(Tone("not_confirmed"))
    elif why not in ("person", PLAN_OVER, "look", "pad_loose"):
        effects.append(Tone("fault"))
    else:
        effects.append(Tone("stopped"))
    effects.append(Ended(outcome))
    return state, tuple(effects)


def _level_to_keep(side: Side) -> int:
    """The level to come back towards: until a slow rise has ended, what that goes back towards."""
    return side.level_half_mA if side.slow is None else max(side.level_half_mA, side.left_half_mA)


def _record(state: SessionState, what: Literal["begun", "done", "ended_early"]) -> Session:
    return Session(
        programme=state.plan.programme,
        montage=state.plan.montage.id,
        session_kind=state.plan.kind,
        planned_seconds=sum(phase.seconds for phase in state.plan.phases),
        reasons=state.plan.reasons,
        state=what,
        seconds_done=state.seconds_done,
        stop_reason=None if what == "begun" else state.stop_why,
        stop_confirmed=None if state.outcome is None else state.outcome.confirmed,
        peak_mA={str(side.channel): side.highest_applied_half_mA / 2 for side in state.sides},
        pad_faults=state.pad_faults,
        began_at=state.began_at,
        ended_at=None if what == "begun" else _ended_at(state),
    )


def _ended_at(state: SessionState) -> dt.datetime | None:
    """By the wall clock of the arming and the seconds since: setting the clock meanwhile changes nothing."""
    if state.armed_at is None or state.outcome is None:
        return None
    return state.armed_at + dt.timedelta(seconds=state.outcome.at_s - state.began_s)


def _level_found(state: SessionState, side: Side) -> LevelFound:
    work = state.plan.work
    montage = state.plan.montage
    channel = next(channel for channel in state.plan.channels if channel.channel == side.channel)
    return LevelFound(
        session_id=state.session_id or "",
        waveform=work.waveform,
        montage=montage.id,
        pads=f"{montage.pad_width_cm:g}x{montage.pad_height_cm:g}",
        side=side.side,
        channel=side.channel,
        device_kind=state.device_kind,
        first_feeling_mA=None if side.first_feeling_half_mA is None else side.first_feeling_half_mA / 2,
        where=side.where,
        comfortable_mA=None if side.comfortable_half_mA is None else side.comfortable_half_mA / 2,
        ceiling_mA=side.ceiling_half_mA / 2,
        ceiling_set_by=channel.set_by,
        motor_threshold_mA=None if side.motor_threshold_half_mA is None else side.motor_threshold_half_mA / 2,
    )


def _contracting(state: SessionState) -> bool:
    """The present phase squeezes and lets go."""
    phase = state.phase
    return phase is not None and phase.pattern.shape == "cycle"


def _beyond_contraction(side: Side, target_half_mA: int) -> bool:
    """More than 2 mA above the last contraction's start, however long ago that was: a warm-up between two
    contractions does not make the second one harder by surprise (rule 1)."""
    base = side.contraction_base_half_mA
    return base is not None and target_half_mA > base + rules.CONTRACTION_RAISE_HALF_MA


def _moved(state: SessionState) -> tuple[int, ...]:
    """Which sides ▲ and ▼ move."""
    if state.stage == "find":
        return (state.finding,)
    return tuple(range(len(state.sides))) if state.selected is None else (state.selected,)


def _with_side(state: SessionState, index: int, side: Side) -> SessionState:
    if state.sides[index] is side:
        return state
    return replace(state, sides=(*state.sides[:index], side, *state.sides[index + 1 :]))


def _notice(state: SessionState, notice: str, now_s: float) -> SessionState:
    return replace(state, notice=Notice(notice, now_s + rules.NOTICE_S))
