"""A Page as a finished drawing. The same drawing for both renderings; only glyphs of names may differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kiosk.keys import Key
from kiosk.page import (
    Chart,
    Choice,
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
from kiosk.screens import (
    chart,
    level,
    number_line,
    overview,
    pictured,
    pin,
    placement,
    running,
    table,
    text,
    too_small,
    words,
)
from kiosk.theme.roles import Role
from kiosk.widgets.canvas import Area, Canvas, Drawing
from kiosk.widgets.frame import HeaderLine, KeyLine, draw_outline, draw_stop_row, stop_row_height

LEAST_WIDTH: Final = 67
LEAST_HEIGHT: Final = 20
DESIGN_WIDTH: Final = 80
DESIGN_HEIGHT: Final = 25

_TOUCHED_DOWN_TO_THE_RULE: Final = (
    NumberLine, PinEntry, TextEntry, Placement, Overview, Chart, Table, Pictured,
)  # fmt: skip
"""Bodies above whose key line nothing is left to be touched for it, or that leave all keys to it."""
_ROOMY_FROM: Final = 76
"""From this width on the body has margins."""


def draw(page: Page, width: int, height: int, console: bool = False) -> Drawing:
    """The whole screen of `width`×`height` cells; below 67×20 only that it is too small, and STOP.

    The frame is left out where the terminal is smaller than the design, and where words need its room; so are
    the big buttons below a drawn back: the key line has them then.
    """
    if width < LEAST_WIDTH or height < LEAST_HEIGHT:
        canvas = Canvas(width, height, console)
        too_small.draw(canvas, page, LEAST_WIDTH, LEAST_HEIGHT)
        return canvas.drawing()
    frames = (1, 0) if width >= DESIGN_WIDTH and height >= DESIGN_HEIGHT else (0,)
    below_back = isinstance(page.body, Placement) and not page.stop_row
    # The rule below the header goes before a row for a finger does.
    spared = ((True, True), (False, True), (True, False)) if below_back else ((True, True), (True, False))
    for buttons in (True, False) if below_back else (False,):
        for frame in frames:
            for ruled, airy in spared:
                drawing = _drawn(page, width, height, console, frame, buttons, ruled, airy)
                if not drawing.cut:
                    return drawing
    return drawing


def _drawn(
    page: Page, width: int, height: int, console: bool, frame: int, buttons: bool, ruled: bool, airy: bool
) -> Drawing:
    """Header, body, footer. `frame`: cells that it takes on each side. `buttons`: below a drawn back.
    `ruled`: with a rule below the header. `airy`: three rows for a finger for every key of the key line."""
    canvas = Canvas(width, height, console)
    design = _centred(width, height)
    inside = Area(design.x + frame, design.y + frame, design.width - 2 * frame, design.height - 2 * frame)
    line = Area(inside.x + 1, 0, inside.width - 2, 1)
    in_footer, in_body = _shared_out(page, buttons)
    below = 1 if frame == 0 and isinstance(page.body, _TOUCHED_DOWN_TO_THE_RULE) else 0
    key_line = KeyLine(canvas, in_footer, line.width, page.hint, airy=airy, below=below)
    footer_rows = stop_row_height(design.height) if page.stop_row else key_line.height
    rule_y = inside.bottom - footer_rows - 1
    header = HeaderLine(canvas, page.header, line.width)
    body_y = inside.y + header.height + ruled
    draw_outline(canvas, design, frame > 0, (body_y - 1, rule_y) if ruled else (rule_y,))
    if page.notice:
        canvas.centred(design, rule_y, f" {canvas.clean(page.notice)} ", Role.NOTICE)
    header.draw(Area(line.x, inside.y, line.width, header.height))
    footer = Area(line.x, rule_y + 1, line.width, footer_rows)
    if page.stop_row:
        draw_stop_row(canvas, footer, page.stop_text, touch=Area(0, rule_y, width, height - rule_y))
    else:
        key_line.draw(footer)
    margin = 3 if inside.width >= _ROOMY_FROM else 1
    body = Area(inside.x + margin, body_y, inside.width - 2 * margin, rule_y - body_y)
    _draw_body(canvas, body, page, in_body)
    return canvas.drawing()


def _centred(width: int, height: int) -> Area:
    """The design's 80×25, or what of it there is, in the middle of the terminal."""
    inside_width, inside_height = min(width, DESIGN_WIDTH), min(height, DESIGN_HEIGHT)
    return Area((width - inside_width) // 2, (height - inside_height) // 2, inside_width, inside_height)


def _shared_out(page: Page, buttons: bool) -> tuple[Sequence[Choice], Sequence[Choice]]:
    """Which choices stand in the key line at the bottom, and which in the body."""
    if page.stop_row:
        return (), page.choices
    if buttons:
        return _by_prominence(page.choices)
    match page.body:
        case Placement() | Overview() | Chart() | Table() | Pictured() | TextEntry():
            return page.choices, ()
        case NumberLine():
            return _without(page.choices, number_line.KEYS_IN_GRID)
        case PinEntry():
            return _without(page.choices, pin.KEYS_IN_GRID)
        case _:
            return _by_prominence(page.choices)


def _by_prominence(choices: Sequence[Choice]) -> tuple[Sequence[Choice], Sequence[Choice]]:
    return [c for c in choices if not c.prominent], [c for c in choices if c.prominent]


def _without(choices: Sequence[Choice], keys: Sequence[Key]) -> tuple[Sequence[Choice], Sequence[Choice]]:
    return [c for c in choices if c.key not in keys], [c for c in choices if c.key in keys]


def _draw_body(canvas: Canvas, area: Area, page: Page, choices: Sequence[Choice]) -> None:
    match page.body:
        case Words():
            heading = "" if page.title in page.header.left else page.title
            words.draw(canvas, area, heading, page.body, choices)
        case NumberLine():
            number_line.draw(canvas, area, page.body, choices)
        case PinEntry():
            pin.draw(canvas, area, page.body, choices)
        case TextEntry():
            text.draw(canvas, area, page.body)
        case Placement():
            placement.draw(canvas, area, page.body, choices)
        case LevelFinding():
            level.draw(canvas, area, page.body, choices)
        case Running():
            running.draw(canvas, area, page.body, choices)
        case Overview():
            overview.draw(canvas, area, page.body)
        case Chart():
            chart.draw(canvas, area, page.body)
        case Table():
            table.draw(canvas, area, page.body)
        case Pictured():
            pictured.draw(canvas, area, page.body, choices)
