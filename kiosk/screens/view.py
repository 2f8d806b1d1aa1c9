"""Puts a drawing on the terminal: one widget as large as the screen, which repaints only what changed."""

from __future__ import annotations

from collections.abc import Callable

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.app import ComposeResult
from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from kiosk.keys import Key
from kiosk.theme.colours import Colour, Ink, Theme
from kiosk.theme.roles import Role
from kiosk.widgets.canvas import Drawing, Run


def styles_of(theme: Theme) -> dict[Role, Style]:
    """The theme as the terminal library wants it."""
    return {role: _style(ink) for role, ink in theme.items()}


def _style(ink: Ink) -> Style:
    return Style(color=_color(ink.foreground), bgcolor=_color(ink.background), bold=ink.bold or None)


def _color(colour: Colour) -> Color:
    if colour.ansi is not None:
        return Color.from_ansi(colour.ansi)
    return Color.from_rgb(colour.red, colour.green, colour.blue)


class PageView(Widget, can_focus=False, inherit_bindings=False):
    """The whole screen."""

    DEFAULT_CSS = "PageView { width: 100%; height: 100%; }"
    ALLOW_SELECT = False

    def __init__(self, styles: dict[Role, Style], on_touch: Callable[[tuple[Key, ...]], None]) -> None:
        super().__init__()
        self._styles_of_roles = styles
        self._on_touch = on_touch
        self._drawing: Drawing | None = None

    @property
    def drawing(self) -> Drawing | None:
        """What is shown now."""
        return self._drawing

    def show(self, drawing: Drawing) -> None:
        """Shows `drawing`; repaints what differs from the one before."""
        before, self._drawing = self._drawing, drawing
        if before is None or (before.width, before.height) != (drawing.width, drawing.height):
            self.refresh()
            return
        changed = [
            Region(begin, y, end - begin, 1)
            for y, (old, new) in enumerate(zip(before.rows, drawing.rows, strict=True))
            if old != new
            for begin, end in [_changed_span(old, new)]
        ]
        if changed:
            self.refresh(*changed)

    def render_line(self, y: int) -> Strip:
        if self._drawing is None or y >= self._drawing.height:
            return Strip.blank(self.size.width, self._styles_of_roles[Role.MARGIN])
        segments = [Segment(text, self._styles_of_roles[role]) for text, role in self._drawing.rows[y]]
        return Strip(segments, self._drawing.width)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """On the way down: no release, no double press and no hover means anything."""
        event.stop()
        if self._drawing is not None and event.button == 1:
            keys = self._drawing.keys_at(int(event.x), int(event.y))
            if keys:
                self._on_touch(keys)


def _changed_span(old: tuple[Run, ...], new: tuple[Run, ...]) -> tuple[int, int]:
    """First and last changed column of a row, as a half-open span; whole runs at the edges are compared."""
    head = 0
    for one, other in zip(old, new, strict=False):
        if one != other:
            break
        head += len(one[0])
    tail = 0
    for one, other in zip(reversed(old), reversed(new), strict=False):
        if one != other:
            break
        tail += len(one[0])
    width = sum(len(text) for text, _ in new)
    # A wide character takes two cells and one place in its text: then the whole row is repainted.
    if width != sum(len(text) for text, _ in old) or head + tail >= width:
        return 0, 10_000
    return head, width - tail


class PageScreen(Screen[None], inherit_bindings=False):
    """Textual's screen around the view: nothing on it can be focused, selected or opened."""

    DEFAULT_CSS = "PageScreen { layout: vertical; overflow: hidden; }"
    ALLOW_SELECT = False
    AUTO_FOCUS = None

    def __init__(self, view: PageView) -> None:
        super().__init__()
        self._view = view

    def compose(self) -> ComposeResult:
        yield self._view
