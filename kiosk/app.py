"""The full-screen kiosk: draws the conductor's pages, hands keys and touches back, and decides nothing.

Keys act at once. Redraws follow changes; while output is on they are held to two a second, but for the
visible effect of a key. After another screen has come, keys but STOP and down are ignored for 400 ms.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable
from typing import Final

from textual import events
from textual.app import App
from textual.driver import Driver
from textual.screen import Screen
from textual.timer import Timer

from kiosk.conductor_types import Conductor, takes_text
from kiosk.errors import KioskError
from kiosk.key_gate import KeyGate
from kiosk.keys import Key, key_named, typed
from kiosk.page import Page
from kiosk.screens.draw import draw
from kiosk.screens.view import PageScreen, PageView, styles_of
from kiosk.terminal.liveness import AlwaysAlive, TerminalLiveness
from kiosk.theme.rendering import Rendering, detected
from kiosk.words import _

REDRAW_EVERY_S: Final = 0.5
EFFECT_OF_KEY_S: Final = 0.4
"""How long after a key a change is taken for its effect …"""
REDRAWS_OF_KEY: Final = 2
"""… and how many redraws it may have beside the two a second: its own, and the device's answer."""

_TICKS_AT_REST: Final = 2
"""While no output is possible only every second tick looks for a change: clocks in headers move."""


class KioskApp(App[None], inherit_bindings=False):
    """Textual's application around one view."""

    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False
    ESCAPE_TO_MINIMIZE = False

    def __init__(
        self,
        conductor: Conductor,
        liveness: TerminalLiveness | AlwaysAlive,
        rendering: Rendering,
        clock_s: Callable[[], float] = time.monotonic,
        driver_class: type[Driver] | None = None,
        on_first_frame: Callable[[], object] = lambda: None,
    ) -> None:
        super().__init__(driver_class=driver_class, ansi_color=rendering is Rendering.CONSOLE)
        self.animation_level = "none"
        self.conductor: Final = conductor
        self.liveness: Final = liveness
        self.rendering: Final = rendering
        self.stop_from_row: int | None = None
        """Where the STOP row begins; the input thread stops at a touch on it before any screen hears."""
        self._clock_s = clock_s
        self._on_first_frame = on_first_frame
        self._view = PageView(styles_of(rendering.theme), self._touched)
        self._shown: tuple[Page, int, int] | None = None
        self._shown_at_s = float("-inf")
        self._gate = KeyGate(clock_s)
        self._ticks = 0
        self._key_at_s = float("-inf")
        self._redraws_left = 0
        self._redraw_timer: Timer | None = None

    def get_default_screen(self) -> Screen[None]:
        return PageScreen(self._view)

    def on_mount(self) -> None:
        self.conductor.on_change(self._changed)
        self.set_interval(REDRAW_EVERY_S, self._tick)
        self._redraw()
        self.call_after_refresh(self._on_first_frame)

    def on_resize(self, event: events.Resize) -> None:
        self._redraw(event.size.width, event.size.height)

    def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        text = typed(event.key, event.character)
        if text is not None and takes_text(self.conductor):
            self._write(text)
        else:
            self._press(key_named(event.key))

    def _write(self, text: str) -> None:
        """A character for a text; one that was meant for the screen before is not taken."""
        if self._another_screen():
            self._redraw()
        if self._gate.lets(Key.UNKNOWN, self.conductor.output_possible):
            self.conductor.write(text)

    def _touched(self, keys: tuple[Key, ...]) -> None:
        for key in keys:
            self._press(key)

    def _press(self, key: Key) -> None:
        """Hands the key over, unless the screen under it has only just come."""
        if self._another_screen():
            # It came but is not drawn yet: a key that was meant for the one before must not act on it.
            self._redraw()
        if not self._gate.lets(key, self.conductor.output_possible):
            return
        self._key_at_s = self._clock_s()
        self._redraws_left = REDRAWS_OF_KEY
        self.conductor.press(key)
        self._changed()

    def _another_screen(self) -> bool:
        return self._shown is not None and self.conductor.page().serial != self._shown[0].serial

    def _tick(self) -> None:
        """Twice a second while output is on: the rhythm moves by itself."""
        self._ticks += 1
        if self.conductor.output_possible or self._ticks % _TICKS_AT_REST == 0:
            self._changed()

    def _changed(self) -> None:
        """Draws now, or when the next redraw is due."""
        now_s = self._clock_s()
        if self._may_redraw(now_s):
            self._redraw()
        elif self._redraw_timer is None:
            due_s = self._shown_at_s + REDRAW_EVERY_S - now_s
            self._redraw_timer = self.set_timer(max(0.0, due_s), self._redraw)

    def _may_redraw(self, now_s: float) -> bool:
        if not self.conductor.output_possible or now_s - self._shown_at_s >= REDRAW_EVERY_S:
            return True
        if self._another_screen():
            return True
        if now_s - self._key_at_s <= EFFECT_OF_KEY_S and self._redraws_left > 0:
            self._redraws_left -= 1
            return True
        return False

    def _redraw(self, width: int = 0, height: int = 0) -> None:
        """Draws the page as it is, if it is another than the one shown."""
        if self._redraw_timer is not None:
            self._redraw_timer.stop()
            self._redraw_timer = None
        width, height = width or self.size.width, height or self.size.height
        page = self.conductor.page()
        if self._shown == (page, width, height):
            return
        self._gate.shown(page.serial)
        self._shown = (page, width, height)
        self._shown_at_s = self._clock_s()
        drawing = draw(page, width, height, self.rendering.console_glyphs_only)
        self.stop_from_row = drawing.stop_from_row
        self._view.show(drawing)

    def _fatal_error(self) -> None:
        """Ends without a traceback on the screen; `run_app` raises what happened."""
        self._close_messages_no_wait()


def run_app(conductor: Conductor, liveness: TerminalLiveness, rendering: Rendering | None = None) -> int:
    """Shows the kiosk in this terminal until the visit is left; the conductor's exit code.

    Raises KioskError where there is no terminal, and whatever ended conductor or screen.
    """
    if not (sys.__stdin__ and sys.__stdin__.isatty() and sys.__stderr__ and sys.__stderr__.isatty()):
        raise KioskError(
            _("homestim needs a terminal: start it in one, without redirecting input or errors.")
        )
    return asyncio.run(_run(conductor, liveness, rendering or detected(os.environ)))


async def _run(conductor: Conductor, liveness: TerminalLiveness, rendering: Rendering) -> int:
    from kiosk.terminal.driver import KioskDriver  # Only where there is a real terminal.

    conducting: list[asyncio.Task[int]] = []

    async def conduct() -> int:
        try:
            return await conductor.run()
        finally:
            app.exit()

    # What the conductor starts (a guard, threads that read the diary) would hold up the first frame.
    app = KioskApp(
        conductor,
        liveness,
        rendering,
        driver_class=KioskDriver,
        on_first_frame=lambda: conducting.append(asyncio.create_task(conduct())),
    )
    code = 1
    try:
        await app.run_async()
    finally:
        conductor.leave()
        if conducting:
            code = await conducting[0]
    if app._exception is not None:
        raise app._exception
    return code
