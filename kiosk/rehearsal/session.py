"""One session in virtual time: the real session machine, the virtual guard, and the invented person's hands.

Nothing waits: the clock jumps to whatever comes next. A real guard says four times a second how it is; of
those statuses only the ones that say something new are played, and the last one before anything that would
notice the guard's silence.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

from msgspec.structs import replace

from drivers import messages as guard
from kiosk.clock import FixedClock
from kiosk.diary.records import Record
from kiosk.events import SessionOutcome
from kiosk.keys import Key
from kiosk.rehearsal.hands import Hands
from kiosk.session import machine, rules
from kiosk.session.state import (
    Deadline,
    Effect,
    Ended,
    Event,
    Heard,
    Pressed,
    Send,
    SessionSaved,
    SessionState,
    Write,
)
from programs.plan import SessionPlan

ASKS_NO_TIME: Final = frozenset({Key.UP, Key.DOWN, Key.ENTER, Key.ONE, Key.TWO, Key.THREE})
"""Keys whose effect does not depend on how long it has played."""
DEADLINE: Final = Deadline()
STATUS_EVERY_S: Final = 0.25
"""The guard's own beat."""
UP: Final = Key.UP
NEVER_S: Final = 1e15
NEVER_MS: Final = 1 << 62


class Watcher(Protocol):
    """Sees everything that goes to the guard and comes from it."""

    def armed(self, arm: guard.Arm, plan: SessionPlan, now: dt.datetime) -> None:
        """The machine asks for output."""

    def output(self, status: guard.Status) -> None:
        """What flows."""


class PowerCut(Exception):  # noqa: N818 - it is what it is
    """The power went: nothing more was written."""


class Guard(Protocol):
    """What answers the session machine: `VirtualGuard`."""

    kind: str
    epoch: int
    unsaid: bool
    """It has done raises that no status has told of."""

    def hear(self, message: guard.ToGuard, now_ms: int) -> list[guard.FromGuard]:
        """The answers to a message."""

    def advance(self, now_ms: int) -> list[guard.FromGuard]:
        """What happened until now."""

    def change_ms(self, *, squeezes: bool) -> int | None:
        """When it has something to say by itself; `squeezes`: also that one begins or ends."""

    def status(self, now_ms: int) -> list[guard.FromGuard]:
        """How it is now."""

    def fail(self, kind: str, channel: int | None, now_ms: int) -> list[guard.FromGuard]:
        """The device fails."""


class Mishap(NamedTuple):
    """Something that comes from outside after so many played seconds of the session's phases."""

    after_s: float
    kind: str
    """"stop": she presses it; "power": it goes; else the kind of a fault of the device."""
    channel: int | None = None


class SessionPlayer:
    """Plays one arming after the other on one guard and one clock."""

    def __init__(
        self,
        guard_: Guard,
        clock: FixedClock,
        save: Callable[[Record, str | None], str],
        watcher: Watcher,
    ) -> None:
        self._guard, self._clock, self._save, self._watcher = guard_, clock, save, watcher
        self._now_ms = 0
        self._outcome: SessionOutcome | None = None
        self._mishap: Mishap | None = None
        self._plan: SessionPlan
        self._state: SessionState

    def play(
        self,
        plan: SessionPlan,
        hands: Hands,
        *,
        first_session: bool,
        resume: SessionOutcome | None = None,
        mishap: Mishap | None = None,
    ) -> SessionOutcome:
        """Until the arming is over; the clock stands at its end. Raises PowerCut."""
        self._plan, self._outcome, self._mishap = plan, None, mishap
        self._now_ms = math.ceil(self._clock.monotonic_s() * 1000)
        state, effects = machine.begin(
            plan,
            device_kind=self._guard.kind,
            last_epoch=self._guard.epoch,
            first_session=first_session,
            now_s=self._now_ms / 1000,
            now=self._clock.now(),
            resume=resume,
            session_id=None if resume is None else resume.session_id,
        )
        self._take(state, effects)
        while self._outcome is None:
            self._go_on(hands)
        self._set_clock()
        return self._outcome

    def _go_on(self, hands: Hands) -> None:
        """To the next thing that happens, whoever does it."""
        state = self._state
        # The guard is heard all the time: its silence is no deadline here. Nor is a line that goes away.
        wake_s = machine.wants_s(state)
        wake_ms = NEVER_MS if wake_s == math.inf else math.ceil(wake_s * 1000)
        press = hands.press(state, self._now_ms)
        press_ms = NEVER_MS if press is None else press[1]
        guard_ms = self._guard.change_ms(squeezes=not (press is None and self._is_quiet(hands)))
        other_ms = self._mishap_ms() if state.stage == "play" else NEVER_MS
        now_ms = min(NEVER_MS if guard_ms is None else guard_ms, wake_ms, press_ms, other_ms)
        assert now_ms < NEVER_MS, f"nothing will ever happen in {state.stage} {state.find_step}"
        if now_ms == guard_ms and self._guard.unsaid:
            self._now_ms = max(self._now_ms, now_ms - 1)
            self._freshen(NEVER_S)
        if now_ms > self._now_ms:
            self._now_ms = now_ms
        if now_ms == guard_ms:
            self._hear(self._guard.advance(self._now_ms))
        elif now_ms == wake_ms:
            self._wake(min(NEVER_MS if guard_ms is None else guard_ms, press_ms, other_ms))
        elif now_ms == press_ms:
            self._press(hands.pressed())
        else:
            self._freshen(STATUS_EVERY_S)
            mishap = self._mishap
            if mishap is not None and self._when_played_ms(mishap.after_s) <= self._now_ms:
                self._happens(mishap)

    def _wake(self, until_ms: int) -> None:
        """The machine's own deadline; while a rise runs every one before `until_ms`: nobody presses in it."""
        if not self._state.rises:
            self._freshen(rules.GUARD_SILENT_S)
            self._feed(DEADLINE)
            return
        while True:
            now_s = self._now_ms / 1000
            if now_s - self._state.status_s >= rules.GUARD_SILENT_S:
                # Of a rise that runs the guard says nothing that is asked for before it ends: it is there.
                self._state = replace(self._state, status_s=now_s)
            self._feed(DEADLINE)
            wake_s = machine.wants_s(self._state)
            if not self._state.rises or wake_s * 1000 >= until_ms:
                return
            self._now_ms = max(self._now_ms, math.ceil(wake_s * 1000))

    def _is_quiet(self, hands: Hands) -> bool:
        """Between two squeezes, and nobody wants anything of the next: then it says nothing that matters."""
        state = self._state
        waits = state.status is None or state.status.may_raise or any(side.slow for side in state.sides)
        return not waits and hands.content(state)

    def _mishap_ms(self) -> int:
        """When the mishap is due, or the look at the skin in the first session, if nothing comes between."""
        due_s = [] if self._mishap is None else [self._mishap.after_s]
        if self._state.first_session:
            due_s.append(rules.LOOK_AFTER_S)
        return self._when_played_ms(min(due_s)) if due_s else NEVER_MS

    def _when_played_ms(self, seconds: float) -> int:
        """When so much of the session's phases will have been played."""
        state, status = self._state, self._state.status
        if status is None or status.phase is None or status.confirmed_at_s is None:
            return NEVER_MS
        phases = [*state.armed_plan.phases[: status.phase], state.phase]
        played_ms = sum(phase.duration_ms for phase in phases[:-1] if phase and phase.role != "find")
        played_ms += state.seconds_before * 1000 + status.phase_elapsed_ms
        return round(status.confirmed_at_s * 1000) + max(0, math.ceil(seconds * 1000) - played_ms)

    def _happens(self, mishap: Mishap) -> None:
        self._mishap = None
        if mishap.kind == "stop":
            self._press(Key.STOP)
        elif mishap.kind == "power":
            self._guard.hear(guard.Stop("client_gone"), self._now_ms)
            self._set_clock()
            raise PowerCut
        else:
            self._hear(self._guard.fail(mishap.kind, mishap.channel, self._now_ms))

    def _press(self, key: Key) -> None:
        if key is not UP or machine.up_ends(self._state):
            self._freshen(NEVER_S if key in ASKS_NO_TIME else STATUS_EVERY_S)
        self._feed(Pressed(key))

    def _freshen(self, older_than_s: float) -> None:
        """The status that a guard would have sent by now: when the last one is as old as that, or when there
        are raises that none has told of."""
        if self._guard.unsaid or self._now_ms / 1000 - self._state.status_s >= older_than_s:
            self._hear(self._guard.status(self._now_ms))

    def _hear(self, messages: list[guard.FromGuard]) -> None:
        for message in messages:
            if type(message) is guard.Status:
                self._watcher.output(message)
            self._feed(Heard(message))

    def _feed(self, event: Event) -> None:
        self._take(*machine.step(self._state, event, self._now_ms / 1000))

    def _take(self, state: SessionState, effects: tuple[Effect, ...]) -> None:
        self._state = state
        for effect in effects:
            if type(effect) is Send:
                self._send(effect.message)
            elif type(effect) is Write:
                self._set_clock()
                record_id = self._save(effect.record, effect.corrects)
                if effect.first:
                    self._feed(SessionSaved(record_id))
            elif type(effect) is Ended:
                self._outcome = effect.outcome

    def _send(self, message: guard.ToGuard) -> None:
        if type(message) is guard.Arm:
            self._set_clock()
            self._watcher.armed(message, self._plan, self._clock.now())
        answers = self._guard.hear(message, self._now_ms)
        if answers:
            self._hear(answers)

    def _set_clock(self) -> None:
        self._clock.advance(max(0.0, self._now_ms / 1000 - self._clock.monotonic_s()))
