"""The same pages as lines of text, for screen readers and bad terminals (`--plain`).

Nothing is ever drawn over: a page is printed when it comes, a line when something on it changes, and in a
session a short line three times a minute. Keys are the same, single and without Enter. While output is
possible Space, Ctrl+C and unknown keys stop, Enter too unless the lines shown ask for it (screens.md, 12).
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from kiosk.conductor_types import Conductor, takes_text
from kiosk.errors import KioskError
from kiosk.key_gate import KeyGate
from kiosk.keys import Key, key_named, typed
from kiosk.page import (
    Chart,
    Column,
    LevelFinding,
    NumberLine,
    Overview,
    Page,
    Pictured,
    PinEntry,
    Placement,
    Running,
    Table,
    TextEntry,
    Words,
)
from kiosk.terminal.liveness import TerminalLiveness
from kiosk.terminal.session import TerminalSession
from kiosk.terminal.stop_seeker import Pressed, Token
from kiosk.terminal.tty_mode import KEY_REPEAT, NO_KEY_REPEAT
from kiosk.widgets.glyphs import clean, wrapped
from kiosk.widgets.key_names import key_name
from kiosk.words import _, ngettext

NARROWEST: Final = 20
WIDEST: Final = 1000
"""Columns. A line is broken at a space: a terminal breaks it in the middle of a word."""
STATUS_EVERY_S: Final = 20.0
"""A session's short line."""
_LOOK_EVERY_S: Final = 0.5
_DAYS_A_WEEK: Final = 7


def page_lines(page: Page) -> list[str]:
    """All that a page says, one thing a line; what only a picture shows is left to its words."""
    lines = [header_line(page)]
    lines += [_while_on(page, line) for line in (*body_lines(page), page.notice)]
    lines += [f"{plain_key_name(choice.key)}  {choice.label}" for choice in page.choices]
    if page.stop_row:
        lines.append(_while_on(page, page.stop_text))
    return [clean(line, console=False) for line in lines if line.strip()]


def header_line(page: Page) -> str:
    """What the first line of every screen says."""
    header = [page.header.left, _("SIMULATOR") if page.header.simulator else "", page.header.right]
    return ". ".join(part for part in header if part) + "."


def body_lines(page: Page) -> Iterator[str]:
    """The page without its header and its keys."""
    match page.body:
        case Words(lines=lines, items=items, small=small):
            yield from lines
            yield from (f"- {item}" for item in items)
            yield from small
        case NumberLine() as line:
            yield line.question
            yield from line.lines
            yield f"0 = {line.low}. 10 = {line.high}."
            yield "" if line.value is None else f"= {line.value}"
        case PinEntry() as pin:
            yield from pin.lines
            yield pin.shown or (
                ngettext("{n} digit", "{n} digits", pin.typed).format(n=pin.typed) if pin.typed else ""
            )
            yield pin.notice
        case TextEntry() as entry:
            yield from entry.lines
            yield entry.text
            yield entry.notice
        case Placement() as placement:
            yield from placement.lines
            yield from placement.box
            yield placement.below
        case LevelFinding() as level:
            yield f"{level.big} {level.unit}, {level.bar.limit_text}"
            yield from level.lines
            yield level.bar.mark_text
            yield level.notice
        case Running() as running:
            yield session_line(running)
            yield running.notice
        case Pictured() as pictured:
            yield from (f"{number}. {line}" for number, line in enumerate(pictured.lines, start=1))
            yield from (*pictured.after, *pictured.small)
        case Chart() as chart:
            yield from chart.lines
            begun = next((n for n, column in enumerate(chart.columns) if _says_anything(column)), 0)
            for panel in chart.panels:
                yield from _columns(panel.columns, panel.word, chart.columns, begun)
            yield from chart.facts
        case Table() as table:
            yield from table.lines
            chosen = _("chosen")
            for index, row in enumerate(table.rows):
                said = [f"{head} {cell}" for head, cell in zip(table.heads, row, strict=True) if cell]
                yield f"{chosen}: " * (index == table.chosen) + ", ".join(said)
            yield from table.small
        case Overview() as overview:
            yield overview.headline
            yield from overview.lines
            yield from _weeks(overview)
            yield from overview.facts
            yield overview.small


def _while_on(page: Page, line: str) -> str:
    """Behind every line while current may flow: none has a header above it that says so all the time."""
    if not (line.strip() and page.header.current_on):
        return line
    return f"{line}{'' if line.endswith(('.', '?', '!')) else '.'} {page.header.right}."


def session_line(running: Running) -> str:
    """The session in one line: time, levels, what comes next."""
    several, chosen = len(running.sides) > 1, _("chosen")
    sides = [
        f"{side.name} {side.level_text}, {side.bar.limit_text}" + f", {chosen}" * (several and side.selected)
        for side in running.sides
    ]
    parts = (f"{running.big} {running.big_label}", *sides, running.strip.next_cue)
    return ". ".join(part for part in parts if part) + "."


def _weeks(overview: Overview) -> Iterator[str]:
    """Pain by day, a week a line, since the diary was begun: before it nothing is missing."""
    for week in _sevens(len(overview.days), overview.unbegun):
        label = next((label for label, _pain, _session in overview.days[week] if label), "")
        yield _row(overview.pain_word, label, [pain for _label, pain, _session in overview.days[week]])


def _sevens(count: int, begun: int) -> Iterator[slice]:
    """Seven a line, each beginning where the labels stand; the first, from `begun` on, may be shorter."""
    for first in range(begun - begun % _DAYS_A_WEEK, count, _DAYS_A_WEEK):
        yield slice(max(first, begun), first + _DAYS_A_WEEK)


def _says_anything(column: Column) -> bool:
    """Not so a day before the diary was begun: it is no gap either."""
    return (
        column.value is not None or column.mean is not None or column.limit is not None or any(column.marks)
    )


def _columns(columns: Sequence[Column], word: str, labelled: Sequence[Column], begun: int) -> Iterator[str]:
    """The bars, seven a line."""
    for some in _sevens(len(columns), begun):
        label = next((one.label for one in labelled[some] if one.label), "")
        yield _row(word, label, [one.value for one in columns[some]])


def _row(word: str, label: str, values: Sequence[float | None]) -> str:
    """ "pain, from 26 Oct: 4, none, 5.5": a gap is said, and no sign stands for it."""
    since = _("from {day}").format(day=label) if label else ""
    head = ", ".join(part for part in (word, since) if part)
    said = ", ".join(_("none") if value is None else f"{value:.3g}" for value in values)
    return f"{head}: {said}" if head else said


def plain_key_name(key: Key) -> str:
    """A key as it is read aloud: no arrows as signs."""
    words = {Key.UP: "+", Key.DOWN: "-", Key.LEFT: _("arrow left"), Key.RIGHT: _("arrow right")}
    return words.get(key) or key_name(key)


class PlainView:
    """Prints what is new on the conductor's page; `write` is the terminal."""

    def __init__(
        self,
        conductor: Conductor,
        write: Callable[[str], None],
        clock_s: Callable[[], float],
        width: Callable[[], int] = lambda: WIDEST,
    ) -> None:
        self._conductor = conductor
        self._width = width
        self._write = write
        self._clock_s = clock_s
        self._gate = KeyGate(clock_s)
        self._page: Page | None = None
        self._lines: list[str] = []
        self._header: tuple[bool, str] = (False, "")
        self._status_at_s = float("-inf")
        self._key_since_status = False

    @property
    def enter_stops(self) -> bool:
        """The lines shown do not ask for Enter. Read by the input thread."""
        page = self._page
        return page is None or all(choice.key is not Key.ENTER for choice in page.choices)

    def look(self) -> None:
        """Prints what changed."""
        page = self._conductor.page()
        if page == self._page:
            return
        before, self._page = self._page, page
        if before is None or page.serial != before.serial or page.id != before.id:
            self.print_page()
        elif isinstance(page.body, Running) and isinstance(before.body, Running):
            self._print_session(page.body, before.body, page.notice if page.notice != before.notice else "")
        elif not _amid_a_word(before, page):
            self._print_changes()

    def print_page(self) -> None:
        """The whole page, after an empty line."""
        if self._page is None:
            return
        self._gate.shown(self._page.serial)
        self._lines = page_lines(self._page)
        self._header = _state(self._page)
        self._status_at_s = self._clock_s()
        self._print(["", *self._lines])

    def press(self, name: str, text: str | None = None) -> None:
        """A key by its name, and what it types: handed over, unless the page has only just come."""
        self.look()
        character = typed(name, text)
        if character is not None and takes_text(self._conductor):
            if self._gate.lets(Key.UNKNOWN, self._conductor.output_possible):
                self._conductor.write(character)
                self.look()
            return
        key = key_named(name)
        if self._gate.lets(key, self._conductor.output_possible):
            self._key_since_status = True
            self._conductor.press(key)
            self.look()

    def _print_changes(self) -> None:
        """Lines that were not there before. The header's clock alone is no news."""
        assert self._page is not None
        before, self._lines = self._lines, page_lines(self._page)
        old, new = before[1:], self._lines[1:]
        self._print([*self._header_news(), *(line for line in new if line not in old)])

    def _header_news(self) -> list[str]:
        """The first line again when it says another thing of the stimulator than it did."""
        assert self._page is not None
        said, self._header = self._header, _state(self._page)
        return [] if said == self._header else [clean(header_line(self._page), console=False)]

    def _print_session(self, running: Running, before: Running, notice: str) -> None:
        """A notice and the header's news at once, the rest after a key or three times a minute."""
        self._print(self._header_news())
        if running.notice != before.notice:
            notice = f"{running.notice} {notice}".strip()
        assert self._page is not None
        if notice:
            self._print([clean(_while_on(self._page, notice), console=False)])
        levels = [side.level_text for side in running.sides]
        answered = self._key_since_status and levels != [side.level_text for side in before.sides]
        if answered or self._clock_s() - self._status_at_s >= STATUS_EVERY_S:
            self._key_since_status = False
            self._status_at_s = self._clock_s()
            line = _while_on(self._page, session_line(running))
            self._print([clean(line, console=False)])

    def _print(self, lines: list[str]) -> None:
        width = max(NARROWEST, min(WIDEST, self._width() - 1))
        self._write("".join(f"{part}\n" for line in lines for part in wrapped(line, width)))


def _amid_a_word(before: Page, page: Page) -> bool:
    """A text that grows is said word by word: the keyboard is heard letter by letter already."""
    if not (isinstance(before.body, TextEntry) and isinstance(page.body, TextEntry)):
        return False
    return len(page.body.text) > len(before.body.text) and not page.body.text.endswith(" ")


def _state(page: Page) -> tuple[bool, str]:
    return page.header.simulator, page.header.right


def run_plain(conductor: Conductor, liveness: TerminalLiveness) -> int:
    """Prints the kiosk on this terminal until the visit is left; the conductor's exit code.

    Raises KioskError where there is no terminal, and whatever ended the conductor.
    """
    if not (sys.__stdin__ and sys.__stdin__.isatty() and sys.__stdout__ and sys.__stdout__.isatty()):
        raise KioskError(
            _("homestim needs a terminal: start it in one, without redirecting input or output.")
        )
    return asyncio.run(_run(conductor, liveness, sys.__stdin__.fileno(), sys.__stdout__.fileno()))


async def _run(conductor: Conductor, liveness: TerminalLiveness, key_fd: int, screen_fd: int) -> int:
    def width() -> int:
        return shutil.get_terminal_size().columns

    view = PlainView(conductor, lambda text: session.write(text), time.monotonic, width)

    def take(token: Token) -> None:
        if isinstance(token, Pressed):
            view.press(token.name, token.text)

    session = TerminalSession(
        key_fd,
        screen_fd,
        conductor,
        liveness,
        take=take,
        redraw=view.print_page,
        resized=lambda: None,
        enter_stops=lambda: view.enter_stops,
    )
    # Any other terminal could show what it does not know, and lines may be read aloud.
    is_console = os.environ.get("TERM") == "linux"
    session.begin(prepare=NO_KEY_REPEAT if is_console else "")
    looking = asyncio.create_task(_keep_looking(view))
    # What fails in it must not fail silently: the loop's handler ends the run.
    looking.add_done_callback(lambda task: None if task.cancelled() else task.result())
    try:
        conductor.on_change(view.look)
        view.look()
        return await conductor.run()
    finally:
        looking.cancel()
        await asyncio.wait({looking})
        session.end(restore=f"{KEY_REPEAT}\n" if is_console else "\n")


async def _keep_looking(view: PlainView) -> None:
    """A session moves by itself."""
    while True:
        await asyncio.sleep(_LOOK_EVERY_S)
        view.look()
