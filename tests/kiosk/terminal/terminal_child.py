"""A kiosk in a real terminal for the tests of `kiosk.terminal`: shows a page and tells what it hears.

Arguments: the file descriptor for JSON lines, a JSON object of options, and the pages (one, or two that are
shown alternately), pickled: the gallery that they are from would load half of the kiosk. Run as a program.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import pickle
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from msgspec.structs import replace

from kiosk.keys import Key
from kiosk.page import Page
from kiosk.terminal.liveness import TerminalLiveness


class Told:
    """A conductor that writes down everything."""

    def __init__(
        self, fd: int, options: dict[str, object], pages: Sequence[Page], liveness: TerminalLiveness
    ) -> None:
        self._fd = fd
        self._options = options
        self._pages = pages
        self._liveness = liveness
        self._changed: Callable[[], None] = lambda: None
        self._left = asyncio.Event()
        self._redraws = 0
        self.output_possible = bool(options.get("output_possible", False))
        self.simulated = False

    def tell(self, event: str, **more: object) -> None:
        line = json.dumps({"event": event, "t": time.monotonic(), **more}) + "\n"
        os.write(self._fd, line.encode())

    def page(self) -> Page:
        if self._options.get("breaks") and self._redraws > 3:
            raise RuntimeError("a fault in drawing")
        page = self._pages[self._redraws % len(self._pages)]
        return replace(page, header=replace(page.header, right=f"redraw {self._redraws}"))

    def press(self, key: Key) -> None:
        self.tell("key", key=key.name)
        if key is Key.NINE:
            self._left.set()

    def on_change(self, callback: Callable[[], None]) -> None:
        self._changed = callback

    def stop_from_input_thread(self, source: str) -> None:
        self.tell("stop", source=source)

    def terminal_answered(self, monotonic_s: float) -> None:
        self.tell("answered")

    def leave(self) -> None:
        self.tell("leave")
        self._left.set()

    async def run(self) -> int:
        self.tell("running")
        redraw_every_s = float(str(self._options.get("redraw_every_s", 0.05)))
        while not self._left.is_set():
            self._redraws += 1
            self._changed()
            self.tell("beat", alive=self._liveness.alive(time.monotonic()), page=self._redraws)
            try:
                await asyncio.wait_for(self._left.wait(), redraw_every_s)
            except TimeoutError:
                pass
        return int(str(self._options.get("code", 0)))


def main() -> int:
    fd, options = int(sys.argv[1]), json.loads(sys.argv[2])
    pages = pickle.loads(base64.b64decode(sys.argv[3]))
    liveness = TerminalLiveness()
    conductor = Told(fd, options, pages, liveness)
    if options.get("plain"):
        from kiosk.plain import run_plain

        return run_plain(conductor, liveness)
    from kiosk.app import run_app
    from kiosk.theme.rendering import Rendering

    return run_app(conductor, liveness, Rendering(options.get("rendering", "rich")))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except RuntimeError as error:
        sys.exit(f"ended: {error}")
