"""The back, seen from behind, to scale: one column is one centimetre, one row is two.

Left is left for the person and for a helper who stands behind her.
"""

from __future__ import annotations

import math
from typing import Final

from kiosk.page import PadDrawn, Placement
from kiosk.theme.roles import Role
from kiosk.widgets.canvas import Area, Canvas
from kiosk.widgets.glyphs import shortened, width_of

WIDTH: Final = 33
_ROW_CM: Final = 2
_LEAST_ROWS_BELOW_RIBS: Final = 10
_WAIST_CM: Final = 13
_RIBS_AND_HIPS_CM: Final = 14
_HIP_ROW: Final = 7
_HIP_LABEL_CM: Final = 13

_LIT: Final = {
    "red": (Role.PAD_RED, Role.PAD_RED_FILL),
    "blue": (Role.PAD_BLUE, Role.PAD_BLUE_FILL),
    "black": (Role.PAD_BLACK, Role.PAD_BLACK_FILL),
    "white": (Role.PAD_WHITE, Role.PAD_WHITE_FILL),
}


def height_of(placement: Placement) -> int:
    """Rows that the drawing needs: a header, the rib line, and the pads below it."""
    return 2 + _rows_below_ribs(placement)


def draw_back(canvas: Canvas, area: Area, placement: Placement) -> None:
    """Into the left `WIDTH` columns of `area`; what is above the ribs is drawn where there is room."""
    spine = area.x + WIDTH // 2
    below = _rows_below_ribs(placement)
    above = max(0, min(2, area.height - height_of(placement)))
    for row in range(above):
        _draw_sides(canvas, spine, area.y + 1 + row, _RIBS_AND_HIPS_CM, "│", "│")
        canvas.put(spine, area.y + 1 + row, "┼", Role.SPINE)
    ribs_y = area.y + 1 + above
    for row in range(below):
        _draw_row(canvas, spine, ribs_y + 1 + row, row, below, placement.hip)
    _draw_rib_line(canvas, spine, ribs_y, placement.lowest_rib)
    _draw_header(canvas, area, placement, above)
    for pad in placement.pads:
        _draw_pad(canvas, spine, ribs_y + 1, pad)


def _rows_below_ribs(placement: Placement) -> int:
    lowest_cm = max((pad.y_cm + pad.height_cm / 2 for pad in placement.pads), default=0.0)
    return max(_LEAST_ROWS_BELOW_RIBS, math.floor(lowest_cm / _ROW_CM))


def _draw_header(canvas: Canvas, area: Area, placement: Placement, rows_above_ribs: int) -> None:
    """LEFT and RIGHT, "seen from behind" between them or, where it is long, below."""
    left, right = canvas.clean(placement.left_label), canvas.clean(placement.right_label)
    canvas.put(area.x, area.y, left, Role.STRONG)
    canvas.put(area.x + WIDTH - width_of(right), area.y, right, Role.STRONG)
    between = Area(area.x + width_of(left) + 1, area.y, WIDTH - width_of(left) - width_of(right) - 2, 1)
    inside = Area(area.x + 3, area.y + 1, WIDTH - 6, 1)
    behind = canvas.clean(placement.from_behind)
    room = inside if width_of(behind) > between.width and rows_above_ribs else between
    if width_of(behind) > room.width:
        canvas.cut.append(behind)
    canvas.centred(room, room.y, shortened(behind, room.width), Role.QUIET)


def _draw_sides(canvas: Canvas, spine: int, y: int, half_cm: int, left: str, right: str) -> None:
    canvas.put(spine - half_cm, y, left, Role.BODY)
    canvas.put(spine + half_cm - len(right) + 1, y, right, Role.BODY)


def _draw_rib_line(canvas: Canvas, spine: int, y: int, label: str) -> None:
    """The body narrows; the label stands on both sides, or once across where it is long."""
    _draw_sides(canvas, spine, y, _RIBS_AND_HIPS_CM, "└┐", "┌┘")
    label = canvas.clean(label)
    room = _WAIST_CM - 1
    if width_of(label) <= room - 1:
        canvas.put(spine, y, "┼", Role.SPINE)
        canvas.centred(Area(spine - room, y, room, 1), y, label, Role.QUIET)
        canvas.centred(Area(spine + 1, y, room, 1), y, label, Role.QUIET)
    else:
        canvas.centred(Area(spine - room, y, 2 * room + 1, 1), y, label, Role.QUIET)


def _draw_row(canvas: Canvas, spine: int, y: int, row: int, rows: int, hip: str) -> None:
    """One row below the ribs: waist, then hips."""
    canvas.put(spine, y, "┼", Role.SPINE)
    hip_row = max(_HIP_ROW, rows - 3)
    if row < hip_row - 1:
        _draw_sides(canvas, spine, y, _WAIST_CM, "│", "│")
    elif row == hip_row - 1:
        _draw_sides(canvas, spine, y, _RIBS_AND_HIPS_CM, "┌┘", "└┐")
    else:
        _draw_sides(canvas, spine, y, _RIBS_AND_HIPS_CM, "│", "│")
    if row == 0:
        _draw_sides(canvas, spine, y, _WAIST_CM - 1, "───┐", "┌───")
    elif row == 1:
        _draw_sides(canvas, spine, y, _WAIST_CM - 4, "└", "┘")
    elif row == hip_row:
        _draw_sides(canvas, spine, y, _WAIST_CM, " ┌──┐", "┌──┐ ")
    elif row == hip_row + 1:
        label = canvas.clean(hip)
        canvas.put(spine - _HIP_LABEL_CM, y, label, Role.QUIET)
        canvas.put(spine + _HIP_LABEL_CM + 1 - width_of(label), y, label, Role.QUIET)


def _draw_pad(canvas: Canvas, spine: int, first_y: int, pad: PadDrawn) -> None:
    """A filled rectangle with its number; a pad whose turn it is not is only shaded."""
    width = round(pad.width_cm)
    # Mirrored exactly: a pad as far left of the spine as another is right of it is drawn as far.
    inner = math.ceil(abs(pad.x_cm) - pad.width_cm / 2)
    left = inner if pad.x_cm > 0 else -inner - width + 1
    if abs(pad.x_cm) * 2 < pad.width_cm:
        left = round(pad.x_cm - pad.width_cm / 2)
    top = round((pad.y_cm - pad.height_cm / 2) / _ROW_CM)
    place = Area(spine + left, first_y + top, width, max(1, math.floor(pad.height_cm / _ROW_CM)))
    number = f" {pad.number} "
    role, fill = _LIT[pad.lead] if pad.lit else (Role.PAD_IDLE, Role.PAD_IDLE)
    canvas.fill(place, fill, "█" if pad.lit else "░")
    canvas.centred(place, place.y + 1, number, role)
