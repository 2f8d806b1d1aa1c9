"""Carries a session out: time, lease, guard, diary. All decisions are `kiosk.session.machine`'s.

It lives on the screen's own event loop on purpose: when that loop hangs, or the terminal no longer answers,
no lease is renewed and the guard stops (safety rule 9). Nothing here awaits a device or a file while a key
waits: sends never block, and records are written by tasks whose results come back as events.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from drivers import messages as guard
from kiosk.clock import Clock
from kiosk.diary.records import Record
from kiosk.errors import KioskError
from kiosk.events import SessionOutcome
from kiosk.keys import Key
from kiosk.session import machine
from kiosk.session.lease import LeaseKeeper, Liveness
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
    SessionState,
    StopRequested,
    Tone,
    Write,
)
from kiosk.session.waking import Waking
from programs.plan import SessionPlan

log = logging.getLogger(__name__)


Save = Callable[[Record, str | None], Awaitable[str]]
"""(record, id that it corrects) → id of the durable record. Raises KioskError when not written."""


class SessionRunner:
    """One session after the other. `state` is what screens show; None before the first."""

    def __init__(
        self,
        *,
        send: Callable[[guard.ToGuard], None],
        save: Save,
        clock: Clock,
        liveness: Liveness,
        on_change: Callable[[], None],
        on_end: Callable[[SessionOutcome], None],
        on_tone: Callable[[str], None],
    ) -> None:
        self.state: SessionState | None = None
        self._send = send
        self._save = save
        self._clock = clock
        self._on_change = on_change
        self._on_end = on_end
        self._on_tone = on_tone
        self._waking = Waking(clock, lambda: self.dispatch(Deadline()))
        self._lease = LeaseKeeper(send, clock, liveness)
        self._closed = False
        self._writes: set[asyncio.Task[None]] = set()

    def begin(
        self,
        plan: SessionPlan,
        *,
        device_kind: str,
        last_epoch: int,
        first_session: bool,
        resume: SessionOutcome | None,
        session_id: str | None,
    ) -> None:
        """Start a session, or go on with a stopped one. The screen follows through `on_change`."""
        state, effects = machine.begin(
            plan,
            device_kind=device_kind,
            last_epoch=last_epoch,
            first_session=first_session,
            now_s=self._clock.monotonic_s(),
            now=self._clock.now(),
            resume=resume,
            session_id=session_id,
        )
        self._take(state, effects)

    @property
    def output_possible(self) -> bool:
        """Current may flow: STOP stands on the screen and every unknown byte is a stop."""
        return self.state is not None and self.state.output_possible

    def press(self, key: Key) -> None:
        """A key while the session runs."""
        self.dispatch(Pressed(key))

    def hear(self, message: guard.FromGuard) -> None:
        """A message of the guard."""
        self.dispatch(Heard(message))

    def request_stop(self, why: str) -> None:
        """Stop for a reason outside of the keys."""
        self.dispatch(StopRequested(why))

    def guard_gone(self) -> None:
        """The link ended."""
        self.dispatch(GuardGone())

    def dispatch(self, event: Event) -> None:
        """One step of the machine; its effects are carried out in order."""
        if self.state is None:
            return
        state, effects = machine.step(self.state, event, self._clock.monotonic_s())
        self._take(state, effects)

    async def drain(self) -> None:
        """Wait until every record that was asked for is written or has failed."""
        while self._writes:
            await asyncio.gather(*tuple(self._writes))

    def close(self) -> None:
        """No timer and no lease any more, whatever is heard: the guard stops by itself."""
        self._closed = True
        self._lease.hold(None)
        self._waking.at(None)

    def _take(self, state: SessionState, effects: tuple[Effect, ...]) -> None:
        changed = state is not self.state
        self.state = state
        ended: SessionOutcome | None = None
        for effect in effects:
            match effect:
                case Send(message):
                    self._send(message)
                case Write():
                    self._write(effect)
                case Tone(name):
                    self._on_tone(name)
                case Ended(outcome):
                    ended = outcome
        self._waking.at(None if self._closed else machine.deadline_s(state))
        self._lease.hold(state.epoch if state.holds_lease and not self._closed else None)
        if ended is not None:
            self._on_end(ended)
        elif changed:
            self._on_change()

    def _write(self, write: Write) -> None:
        async def run() -> None:
            try:
                record_id = await self._save(write.record, write.corrects)
            except KioskError as error:
                log.error("record not written: %s", error)
                self.dispatch(NotSaved(error.sentence))
            else:
                if write.first:
                    self.dispatch(SessionSaved(record_id))

        task = asyncio.get_running_loop().create_task(run())
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)
