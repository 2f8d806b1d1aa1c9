"""The STOP test, from the guard's stage that it switches on to the stop that ends it (safety rule 15).

No current flows in it; but what is under way ends in a stop like any other, and so it counts as output.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from drivers import messages as guard
from kiosk.clock import Clock
from kiosk.events import StopTestEnded, StopTestReady
from kiosk.session import rules
from kiosk.session.waking import Waking

BUTTON: Final = "button"
BY_PERSON: Final = frozenset({"test", "keyboard", BUTTON})
"""The reasons of a stop by the person: a stop key, on a keyboard that the guard itself watches too, or a
button."""


class StopTest:
    """One test after the other. `button_alone`: a key ends it, and only a button passes it."""

    def __init__(
        self,
        *,
        send: Callable[[guard.ToGuard], None],
        clock: Clock,
        on_event: Callable[[StopTestReady | StopTestEnded], None],
        button_alone: bool = False,
    ) -> None:
        self._send = send
        self._button_alone = button_alone
        self._clock = clock
        self._on_event = on_event
        self._under_way = False
        self._ready = False
        """The device said that its stage is on: now there is something for STOP to switch off."""
        self._silence = Waking(clock, self._not_answered)
        self._closed = False

    @property
    def output_possible(self) -> bool:
        """Every unknown byte is a stop."""
        return self._under_way

    def begin(self) -> None:
        """Asks the guard for it; its end comes through `on_event`."""
        self._under_way, self._ready = True, False
        self._await_guard()
        self._send(guard.Test(self._button_alone))

    def press_stop(self) -> None:
        """A stop key."""
        if self._under_way:
            self._send(guard.Stop("test"))

    def hear(self, message: guard.FromGuard) -> None:
        """A message of the guard."""
        if not self._under_way:
            return
        self._await_guard()
        match message:
            case guard.Status(state="testing") if not self._ready:
                self._ready = True
                self._on_event(StopTestReady())
            case guard.Stopped():
                by_person = message.why in BY_PERSON
                passed = by_person and (message.why == BUTTON or not self._button_alone)
                why = "" if passed else "no_button" if by_person else message.why
                self._end(StopTestEnded(message.confirmed, message.how, passed, why))
            case guard.Refused():
                how = f"refused: {message.limit}"
                why = "stop_input" if message.limit == "stop_input" else "refused"
                self._end(StopTestEnded(True, how, by_person=False, why=why))
            case _:
                pass

    def guard_gone(self) -> None:
        """The link ended."""
        if self._under_way:
            self._end(StopTestEnded(False, "the guard process ended"))

    def close(self) -> None:
        """No timer any more, whatever is heard."""
        self._closed = True
        self._silence.at(None)

    def _await_guard(self) -> None:
        """A guard that falls silent cannot say that the output is off."""
        if not self._closed:
            self._silence.at(self._clock.monotonic_s() + rules.STOP_ANSWER_S)

    def _not_answered(self) -> None:
        self._end(StopTestEnded(False, "the guard did not answer"))

    def _end(self, ended: StopTestEnded) -> None:
        self._under_way = False
        self._silence.at(None)
        self._on_event(ended)
