"""The contact check, from the person's Enter to the guard's last word (safety rule 22).

Small beside `kiosk.session.machine`, because nothing is to be decided while it runs: it ends by itself within
seconds, or by any stop. `step` is pure; `ContactRunner` carries it out on the screen's own loop.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

import msgspec
from msgspec.structs import replace

from drivers import limits
from drivers import messages as guard
from kiosk.clock import Clock
from kiosk.events import ContactCheckEnded
from kiosk.session import rules
from kiosk.session.lease import LeaseKeeper, Liveness
from kiosk.session.state import Deadline, GuardGone, Heard, Send, StopRequested
from kiosk.session.waking import Waking

BEGIN_WITHIN_S: Final = 2.0
"""Until the first pulse: the device's measuring level is switched on."""
PULSE_WITHIN_S: Final = limits.PROBE_PAUSE_MS / 1000 + 0.25
"""One pulse with its pause, and the longest that its answer may take."""


class ContactState(msgspec.Struct, frozen=True):
    """One check."""

    epoch: int
    channels: tuple[int, ...]
    until_s: float
    """It is over by then, or something is wrong: the check, then its stop."""
    heard_s: float
    """When the guard spoke last."""
    stage: Literal["probing", "stopping", "ended"] = "probing"
    why: str = ""
    """The reason of its end, as far as it is known before the end."""
    leads: tuple[guard.LeadContact, ...] = ()


class Ended(msgspec.Struct, frozen=True):
    """The check is over."""

    end: ContactCheckEnded


Event = Heard | StopRequested | Deadline | GuardGone
Effect = Send | Ended
Step = tuple[ContactState, tuple[Effect, ...]]


def begin(channels: tuple[int, ...], last_epoch: int, now_s: float) -> Step:
    """Asks for a check of these channels' pads."""
    pulses = len(channels) * limits.PROBE_PULSES_PER_PAIR
    until_s = now_s + BEGIN_WITHIN_S + pulses * PULSE_WITHIN_S
    state = ContactState(last_epoch + 1, channels, until_s, now_s)
    return state, (Send(guard.Probe(state.epoch, channels)),)


def step(state: ContactState, event: Event, now_s: float) -> Step:
    """What an event does to it. Never raises; once ended it stays so."""
    if state.stage == "ended":
        return state, ()
    match event:
        case Heard(message):
            return _heard(replace(state, heard_s=now_s), message)
        case StopRequested(why):
            return _stop(state, why, now_s)
        case GuardGone():
            return _end(state, "guard_gone", False, "the guard process ended")
        case Deadline():
            due_s = deadline_s(state)
            if due_s is None or now_s < due_s:
                return state, ()
            if state.stage == "stopping":
                return _end(state, state.why, False, "the guard did not answer")
            return _stop(state, "guard_silent", now_s)


def deadline_s(state: ContactState) -> float | None:
    """When `Deadline` is due, monotonic."""
    if state.stage == "ended":
        return None
    if state.stage == "stopping":
        return state.until_s
    return min(state.until_s, state.heard_s + rules.GUARD_SILENT_S)


def _heard(state: ContactState, message: guard.FromGuard) -> Step:
    match message:
        case guard.Stopped(confirmed=False):
            return _end(state, state.why or message.why, False, message.how)
        case guard.Contact() if message.epoch == state.epoch:
            return replace(state, leads=message.leads), ()
        case guard.Fault() if message.epoch == state.epoch:
            return replace(state, why=state.why or message.kind), ()
        case guard.Refused() if message.epoch == state.epoch:
            if message.fault:
                return replace(state, why=state.why or "limit"), ()
            known = message.asked != "unconfirmed"
            return _end(state, "refused", known, f"{message.limit}: {message.asked}")
        case guard.Stopped() if message.epoch == state.epoch:
            why = state.why or message.why
            if why == "probed" and tuple(lead.channel for lead in state.leads) != state.channels:
                why = "result"
            return _end(state, why, True, message.how)
        case _:
            return state, ()


def _stop(state: ContactState, why: str, now_s: float) -> Step:
    if state.stage == "stopping":
        return state, ()
    state = replace(state, stage="stopping", why=state.why or why, until_s=now_s + rules.STOP_ANSWER_S)
    return state, (Send(guard.Stop(why)),)


def _end(state: ContactState, why: str, confirmed: bool, how: str) -> Step:
    leads = state.leads if why == "probed" and confirmed else ()
    end = ContactCheckEnded(why, confirmed, how, leads)
    return replace(state, stage="ended", why=why), (Ended(end),)


class ContactRunner:
    """One check after the other: time, lease, guard."""

    def __init__(
        self,
        *,
        send: Callable[[guard.ToGuard], None],
        clock: Clock,
        liveness: Liveness,
        on_end: Callable[[ContactCheckEnded], None],
    ) -> None:
        self._send = send
        self._clock = clock
        self._on_end = on_end
        self._lease = LeaseKeeper(send, clock, liveness)
        self._state: ContactState | None = None
        self._waking = Waking(clock, lambda: self._dispatch(Deadline()))
        self._closed = False

    @property
    def output_possible(self) -> bool:
        """Current may flow: STOP stands on the screen and every unknown byte is a stop."""
        return self._state is not None and self._state.stage != "ended"

    def begin(self, channels: tuple[int, ...], last_epoch: int) -> None:
        """Starts a check; its end comes through `on_end`."""
        self._take(begin(channels, last_epoch, self._clock.monotonic_s()))

    def hear(self, message: guard.FromGuard) -> None:
        """A message of the guard."""
        self._dispatch(Heard(message))

    def request_stop(self, why: str) -> None:
        """Stop now."""
        self._dispatch(StopRequested(why))

    def guard_gone(self) -> None:
        """The link ended."""
        self._dispatch(GuardGone())

    def close(self) -> None:
        """No timer and no lease any more, whatever is heard: the guard stops by itself."""
        self._closed = True
        self._lease.hold(None)
        self._waking.at(None)

    def _dispatch(self, event: Event) -> None:
        if self._state is not None:
            self._take(step(self._state, event, self._clock.monotonic_s()))

    def _take(self, result: Step) -> None:
        self._state, effects = result
        end: ContactCheckEnded | None = None
        for effect in effects:
            match effect:
                case Send(message):
                    self._send(message)
                case Ended():
                    end = effect.end
        held = self._state.stage == "probing" and not self._closed
        self._lease.hold(self._state.epoch if held else None)
        self._waking.at(None if self._closed else deadline_s(self._state))
        if end is not None:
            self._on_end(end)
