"""The session: time left and mA in big digits, the rhythm, what comes next."""

from __future__ import annotations

from collections.abc import Sequence

from kiosk.keys import Key
from kiosk.page import Choice, Running, SideLevel
from kiosk.theme.roles import Role
from kiosk.widgets.big_digits import HEIGHT, MEDIUM, NARROW, Face, big_width, draw_big
from kiosk.widgets.buttons import button_row_height, draw_button_row
from kiosk.widgets.canvas import Area, Canvas
from kiosk.widgets.frame import KeyLine
from kiosk.widgets.glyphs import width_of
from kiosk.widgets.key_names import key_name
from kiosk.widgets.level_bar import draw_level_bar
from kiosk.widgets.rhythm import WORD_ROWS, draw_rhythm

_WIDEST_TIME = "00:00"
_WIDEST_LEVEL = "00.0"
_MOST_CURVE_ROWS = 3
_NUMBERS_HEIGHT = 1 + HEIGHT + 1
_BESIDE_LEVEL = 2
"""Columns for the mark of the side that is chosen."""
_BETWEEN_SIDES = 1
_MOST_AIR = 2
"""Columns between the time and the first side, at most: two numbers must not read as one."""
_ROOMY_FROM = 15
"""Rows: with the numbers, two rows of buttons, a line of the rhythm, and what comes next."""
_SIDE_KEYS = (Key.ONE, Key.TWO)


def draw(canvas: Canvas, area: Area, body: Running, choices: Sequence[Choice]) -> None:
    """Numbers, bars, rhythm, notice, buttons, further keys, from the top."""
    roomy = area.height >= _ROOMY_FROM
    in_line, rows = _shared_out(choices, roomy)
    keys = KeyLine(canvas, in_line, area.width)
    heights = [button_row_height(canvas, row, area.width) for row in rows]
    keys_y = area.bottom - keys.height
    buttons_y = keys_y - sum(heights)
    notice = canvas.wrap(body.notice, area.width) if body.notice else []
    left = max(0, buttons_y - area.y - _NUMBERS_HEIGHT - len(notice))
    # What comes next is said before it is drawn.
    curve_rows = max(min(1, left - 1), min(_MOST_CURVE_ROWS, left - WORD_ROWS), 0)
    word_rows = min(WORD_ROWS, left - curve_rows)
    air = min(1, left - curve_rows - word_rows)
    # A bar on top of the curve would look like a part of it.
    numbers = Area(area.x, area.y, area.width, _NUMBERS_HEIGHT)
    _draw_numbers(canvas, numbers, body, named=roomy, bars=word_rows == WORD_ROWS)
    rhythm = Area(area.x, area.y + _NUMBERS_HEIGHT + air, area.width, curve_rows + word_rows)
    draw_rhythm(canvas, rhythm, body.strip, curve_rows)
    notice_y = buttons_y - len(notice)
    if notice:
        canvas.fill(Area(area.x - 1, notice_y, area.width + 2, len(notice)), Role.NOTICE)
        canvas.lines(Area(area.x, notice_y, area.width, len(notice)), notice, Role.NOTICE)
    for row, height in zip(rows, heights, strict=True):
        draw_button_row(canvas, Area(area.x, buttons_y, area.width, height), row)
        buttons_y += height
    keys.draw(Area(area.x, keys_y, area.width, keys.height))


def _shared_out(choices: Sequence[Choice], roomy: bool) -> tuple[Sequence[Choice], list[Sequence[Choice]]]:
    """What stands in the key line, and what in each row of buttons. Where there is room every key is a
    button, but for those of the sides: their numbers are touched."""
    prominent = [c for c in choices if c.prominent]
    others = [c for c in choices if not c.prominent]
    if not roomy:
        return others, [prominent]
    first = [c for c in others if c.key is Key.FIVE]
    second = [c for c in others if c.key not in (*_SIDE_KEYS, Key.FIVE)]
    return (), [[*prominent, *first], second]


def _draw_numbers(canvas: Canvas, area: Area, body: Running, *, named: bool, bars: bool) -> None:
    """Time left, then one column a side; a touch on it chooses it. `named`: its key stands there. `bars`: the
    level is drawn against its limit, which is a number alone without."""
    # The widest numbers decide, not today's: digits must not change their size while they count.
    count = max(1, len(body.sides))
    spare = _spare(area.width, count, MEDIUM)
    face = MEDIUM if spare >= 1 + (count - 1) * _BETWEEN_SIDES else NARROW
    air = _spare(area.width, count, face) - (count - 1) * _BETWEEN_SIDES
    time_width = max(big_width(_WIDEST_TIME, face), width_of(canvas.clean(body.big_label)))
    canvas.put(area.x, area.y, body.big_label, Role.PAPER)
    draw_big(canvas, area.x, area.y + 1, body.big, face)
    x = area.x + time_width + min(_MOST_AIR, max(1, air))
    width = (area.right - x + _BETWEEN_SIDES) // count
    for index, side in enumerate(body.sides):
        place = Area(x + index * width, area.y, width - _BETWEEN_SIDES, area.height)
        chosen_by = _SIDE_KEYS[index] if len(body.sides) > 1 and index < len(_SIDE_KEYS) else None
        _draw_side(canvas, place, side, face, chosen_by if named else None, bars=bars)
        if chosen_by is not None:
            canvas.target(place, chosen_by)


def _spare(width: int, count: int, face: Face) -> int:
    """Columns that time and levels leave over."""
    return width - big_width(_WIDEST_TIME, face) - count * (_BESIDE_LEVEL + big_width(_WIDEST_LEVEL, face))


def _draw_side(
    canvas: Canvas, place: Area, side: SideLevel, face: Face, key: Key | None, *, bars: bool
) -> None:
    role = Role.STRONG if side.selected else Role.PAPER
    unit = side.level_text.partition(" ")[2]
    end = canvas.put(place.x, place.y, "▶ " if side.selected else "  ", role)
    if key is not None:
        end = canvas.put(end, place.y, key_name(key), Role.KEY) + 1
    canvas.put(end, place.y, f"{side.name}  {unit}", role)
    draw_big(canvas, place.x + _BESIDE_LEVEL, place.y + 1, _number(side), face)
    bar = Area(place.x + _BESIDE_LEVEL, place.bottom - 1, place.width - _BESIDE_LEVEL, 1)
    if bars:
        draw_level_bar(canvas, bar, side.bar, from_zero=False)
    else:
        canvas.put(bar.x, bar.y, side.bar.limit_text, Role.STRONG)


def _number(side: SideLevel) -> str:
    """ "18.5" of "18.5 mA"."""
    return side.level_text.partition(" ")[0]
