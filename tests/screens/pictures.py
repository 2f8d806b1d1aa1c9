"""Screens as SVG, made by the application itself, and the same from run to run."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from io import StringIO

from rich.console import Console
from rich.terminal_theme import TerminalTheme

from kiosk.app import KioskApp
from kiosk.keys import Key
from kiosk.page import Page
from kiosk.terminal.liveness import AlwaysAlive
from kiosk.theme.colours import CONSOLE_RGB
from kiosk.theme.rendering import Rendering

CONSOLE_PALETTE = TerminalTheme((0, 0, 0), (170, 170, 170), [*CONSOLE_RGB[:8]], [*CONSOLE_RGB[8:]])
_PICTURE = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {terminal_width} {terminal_height}">
<style>
text {{ font-family: "DejaVu Sans Mono", monospace; font-size: {char_height}px; white-space: pre; }}
rect {{ shape-rendering: crispEdges; }}
{styles}
</style>
{backgrounds}
{matrix}
</svg>
"""
"""The screen alone, without a window around it."""


class ShowsOnePage:
    """A conductor that shows what it is told and remembers every key."""

    def __init__(self, page: Page, output_possible: bool = False) -> None:
        self.shown = page
        self.output_possible = output_possible
        self.simulated = False
        self.pressed: list[Key] = []
        self.written = ""
        self.stops: list[str] = []
        self.left = 0
        self.pages_asked = 0
        self._tell: Callable[[], None] = lambda: None

    def show(self, page: Page) -> None:
        """From now on `page`."""
        self.shown = page
        self._tell()

    def page(self) -> Page:
        self.pages_asked += 1
        return self.shown

    def press(self, key: Key) -> None:
        self.pressed.append(key)

    def write(self, text: str) -> None:
        self.written += text

    def on_change(self, callback: Callable[[], None]) -> None:
        self._tell = callback

    def stop_from_input_thread(self, source: str) -> None:
        self.stops.append(source)

    def terminal_answered(self, monotonic_s: float) -> None:
        pass

    async def run(self) -> int:
        return 0

    def leave(self) -> None:
        self.left += 1


async def pictures(pages: Sequence[Page], width: int, height: int, rendering: Rendering) -> dict[str, str]:
    """Page id → SVG."""
    conductor = ShowsOnePage(pages[0])
    app = KioskApp(conductor, AlwaysAlive(), rendering)
    found: dict[str, str] = {}
    async with app.run_test(size=(width, height)) as pilot:
        for page in pages:
            conductor.show(page)
            await pilot.pause()
            found[page.id] = normalised(svg_of(app, page.id))
    return found


def svg_of(app: KioskApp, title: str) -> str:
    """As `App.export_screenshot`, but in the console's own sixteen colours where colours are numbers."""
    console = Console(
        width=app.size.width,
        height=app.size.height,
        file=StringIO(),
        force_terminal=True,
        color_system="truecolor",
        record=True,
        legacy_windows=False,
        safe_box=False,
    )
    console.print(app.screen._compositor.render_update(full=True))
    return console.export_svg(title=title, theme=CONSOLE_PALETTE, code_format=_PICTURE)


def normalised(svg: str) -> str:
    """The same from run to run, and small: no ids, no clip paths, one ground."""
    svg = re.sub(r"terminal-\d+-", "", svg)
    svg = re.sub(r' (?:clip-path|shape-rendering)="[^"]*"', "", svg)
    rect = re.compile(r'<rect fill="([^"]*)" x="[^"]*" y="[^"]*" width="([^"]*)" height="[^"]*"/>')
    area: Counter[str] = Counter()
    for fill, width in rect.findall(svg):
        area[fill] += round(float(width))
    ground = area.most_common(1)[0][0]
    svg = rect.sub(lambda match: "" if match.group(1) == ground else match.group(), svg)
    svg = svg.replace("</style>", f'</style>\n<rect fill="{ground}" width="100%" height="100%"/>')
    return re.sub(r"(?<=>)(?=<(?:text|rect))", "\n", svg) + "\n"
