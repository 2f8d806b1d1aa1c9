"""What one screen shows, as frozen data with its words already in the person's language.

`kiosk.visit.pages` builds a Page from the visit's state; `kiosk.screens` draws it in a full-screen terminal
and `kiosk.plain` prints it as numbered lines. A renderer adds nothing and decides nothing: it shows a Page
and hands back `Key`s. All text may hold a patient's own words and is never markup.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from kiosk.keys import Key


class Choice(msgspec.Struct, frozen=True):
    """Something that can be picked: by its key, by a click, by a finger."""

    key: Key
    label: str
    """In words, without the key: "Start", "None of these"."""
    prominent: bool = True
    """Drawn as a big target in the body; else only in the key line at the bottom."""


class Header(msgspec.Struct, frozen=True):
    """The same first line on every screen."""

    left: str
    """"homestim   Friday 20 November  14:05" or the screen's title."""
    simulator: bool
    """The guard reports a device whose id begins with SIM (safety rule 19)."""
    right: str
    """"device ready", "CURRENT IS ON", "device not found"."""
    current_on: bool = False
    short: str = ""
    """Stands for `left` on a screen on which that takes a row of its own."""


class Words(msgspec.Struct, frozen=True):
    """At most five lines of instruction, then choices. `items` are the questions of a group or a list."""

    lines: tuple[str, ...]
    items: tuple[str, ...] = ()
    small: tuple[str, ...] = ()
    """Last and small: a code, a source, what it is not."""
    tone: Literal["plain", "calm", "warn", "alarm"] = "plain"
    """alarm: not confirmed, emergency. Always said in words too."""
    call: int | None = None
    """Which of `lines` asks for something now."""


class NumberLine(msgspec.Struct, frozen=True):
    """0…10, marked by digit (1 then 0 = 10), arrows or a click on a 4×3 grid."""

    question: str
    low: str
    high: str
    value: int | None
    lines: tuple[str, ...] = ()


class PadDrawn(msgspec.Struct, frozen=True):
    """One pad on the drawn back: centre and size in cm, x right of the spine, y below the lowest rib."""

    number: int
    x_cm: float
    y_cm: float
    width_cm: float
    height_cm: float
    lead: Literal["red", "blue", "black", "white"]
    lit: bool


class Placement(msgspec.Struct, frozen=True):
    """The back seen from behind, to scale: 1 column = 1 cm, 1 row = 2 cm."""

    pads: tuple[PadDrawn, ...]
    left_label: str
    right_label: str
    from_behind: str
    lowest_rib: str
    hip: str
    lines: tuple[str, ...]
    """Beside the drawing."""
    box: tuple[str, ...]
    """A framed status: "RED lead", "pad 1 + 2  GOOD"."""
    below: str
    """One line under the drawing."""
    box_strong: tuple[int, ...] = (0,)
    """Which lines of the box are to be read first."""


class LevelBar(msgspec.Struct, frozen=True):
    """A level against its limit. `mark` is where something was first felt."""

    value_mA: float
    limit_mA: float
    limit_text: str
    """"limit 24.0", never "of 24.0"."""
    mark_mA: float | None = None
    mark_text: str = ""
    set_by: str = ""


class LevelFinding(msgspec.Struct, frozen=True):
    """Finding one side's level: one big number, one bar."""

    big: str
    """"5.5": drawn in big digits."""
    unit: str
    lines: tuple[str, ...]
    bar: LevelBar
    notice: str = ""
    """"Wait for the next squeeze", "Still comfortable? Enter = yes"."""
    cue: str = ""
    """When ▲ counts, in time with the current: "You can press ▲ now". A notice goes before it."""


class SideLevel(msgspec.Struct, frozen=True):
    """One side in the session."""

    name: str
    level_text: str
    bar: LevelBar
    selected: bool


class Strip(msgspec.Struct, frozen=True):
    """The current's fraction from 40 s ago to 40 s ahead, 0…1, evenly spaced; the middle is now."""

    samples: tuple[float, ...]
    labels: tuple[tuple[float, str], ...]
    """(position 0…1, word): "rest", "rising", "tighten"."""
    now: str
    next_cue: str


class Running(msgspec.Struct, frozen=True):
    """The session: time left and mA in big digits, the rhythm, what comes next."""

    big: str
    """"14:30"."""
    big_label: str
    """"minutes left"."""
    sides: tuple[SideLevel, ...]
    strip: Strip
    notice: str = ""


class PinEntry(msgspec.Struct, frozen=True):
    """Digits typed so far: a PIN's are never shown, a code's are (`shown`)."""

    lines: tuple[str, ...]
    typed: int
    notice: str = ""
    shown: str = ""
    """What stands in place of one dot a digit: "1234 56"."""


class TextEntry(msgspec.Struct, frozen=True):
    """Words that are typed on a keyboard. Here a renderer hands over characters, not the keys of the map."""

    lines: tuple[str, ...]
    text: str
    """So far; a person's own words."""
    notice: str = ""


class Overview(msgspec.Struct, frozen=True):
    """The family's view: one line first, then a pain chart, then facts."""

    headline: str
    lines: tuple[str, ...]
    days: tuple[tuple[str, int | None, bool], ...]
    """(label, pain or None for a gap, session that day), oldest first."""
    facts: tuple[str, ...]
    small: str
    sessions_word: str = "sessions"
    """Before the row that marks the days of sessions."""
    no_entry_word: str = "no entry"
    """Before the row that marks the gaps."""
    pain_word: str = ""
    """At the top of the axis: what the bars are."""
    unbegun: int = 0
    """So many of the first days came before the diary was begun: they are no gaps."""


class Column(msgspec.Struct, frozen=True):
    """One column of a chart: a day, or days taken together."""

    label: str
    """Below it, where there is room; empty: none."""
    value: float | None
    """From 0 to the chart's highest; None: a gap, and not a 0."""
    mean: float | None = None
    """Drawn as a dot above the bar; None: none."""
    marks: tuple[bool, ...] = ()
    """One for each of the chart's captions."""
    limit: float | None = None
    """Drawn as a line above the bar; None: none."""


class Panel(msgspec.Struct, frozen=True):
    """One row of bars over time."""

    columns: tuple[Column, ...]
    word: str
    """At the top of its axis: what the bars are."""
    highest: float = 10.0


class Chart(msgspec.Struct, frozen=True):
    """Bars over time, with rows of marks below, and what they say in words."""

    lines: tuple[str, ...]
    columns: tuple[Column, ...]
    captions: tuple[str, ...]
    facts: tuple[str, ...]
    axis_word: str = ""
    highest: float = 10.0
    more: tuple[Panel, ...] = ()
    """Other bars over the same days, below; their columns have no labels and no marks of their own."""

    @property
    def panels(self) -> tuple[Panel, ...]:
        """All of them, from above."""
        return (Panel(self.columns, self.axis_word, self.highest), *self.more)


class Table(msgspec.Struct, frozen=True):
    """Rows of a list, the chosen one marked. `rows` are those that stand on the screen."""

    lines: tuple[str, ...]
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    chosen: int | None
    small: tuple[str, ...] = ()


class Pictured(msgspec.Struct, frozen=True):
    """A small drawing, at most 24 columns wide, and numbered instructions beside it."""

    drawing: tuple[str, ...]
    lines: tuple[str, ...]
    after: tuple[str, ...] = ()
    """How often; when to stop."""
    small: tuple[str, ...] = ()


Body = (
    Words
    | NumberLine
    | Placement
    | LevelFinding
    | Running
    | PinEntry
    | TextEntry
    | Overview
    | Chart
    | Table
    | Pictured
)


class Page(msgspec.Struct, frozen=True):
    """One screen."""

    id: str
    """The step's name: stable, for tests and logs."""
    header: Header
    body: Body
    choices: tuple[Choice, ...]
    """In the order of the key line."""
    stop_row: bool
    """Output can be on: the whole bottom is STOP."""
    stop_text: str = ""
    title: str = ""
    hint: str = ""
    """"1–4  choose", before the key line; left out where it would cost a row."""
    notice: str = ""
    """That the last key does nothing here; above the keys that do."""
    spoken: str = ""
    """What "read it to me" says."""
    serial: int = 0
    """Grows with every change of screen (not with every redraw): for 400 ms only STOP and down count."""
