"""What a renderer (full-screen or plain) sees of the one who conducts the visit: pages out, keys in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from kiosk.keys import Key
from kiosk.page import Page, TextEntry


class Conductor(Protocol):
    """Implemented by `kiosk.application`. Everything is for the loop's thread but where it says otherwise."""

    @property
    def output_possible(self) -> bool:
        """An arming, a probe or the STOP test is live (safety rule 14). Read from any thread."""

    @property
    def simulated(self) -> bool:
        """The guard reports a simulator: only then is the trainers' key known. Read from any thread."""

    def page(self) -> Page:
        """What the screen shows now: pure and cheap."""

    def press(self, key: Key) -> None:
        """A key of the person. Never blocks."""

    def write(self, text: str) -> None:
        """A typed character, or `kiosk.keys.ERASE`, while the page is a TextEntry. Never blocks."""

    def on_change(self, callback: Callable[[], None]) -> None:
        """`callback` is called, on the loop, whenever `page()` may have changed."""

    def stop_from_input_thread(self, source: str) -> None:
        """Stops output: the datagram to the guard leaves before this returns. From any thread."""

    def terminal_answered(self, monotonic_s: float) -> None:
        """The terminal answered a query that asks whether it still reads (safety rule 9)."""

    async def run(self) -> int:
        """Conducts until the visit is left; the exit code."""

    def leave(self) -> None:
        """Output to zero, save, and let `run` return."""


def takes_text(conductor: Conductor) -> bool:
    """What is typed now are words. Never where output is possible: there every character is a key."""
    return not conductor.output_possible and isinstance(conductor.page().body, TextEntry)
