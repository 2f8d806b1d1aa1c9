"""A level against its limit. The limit is named as what it is, never as a goal (screens.md, rule 6)."""

from __future__ import annotations

from kiosk.page import LevelBar
from kiosk.theme.roles import Role
from kiosk.widgets.canvas import Area, Canvas
from kiosk.widgets.glyphs import width_of


def draw_level_bar(canvas: Canvas, area: Area, bar: LevelBar, from_zero: bool = True) -> None:
    """First row: the bar and its limit. Second row, where there is one: the mark, and who set the limit.

    `from_zero`: with a 0 before it, where there is room.
    """
    limit = canvas.clean(bar.limit_text)
    x = canvas.put(area.x, area.y, "0 ", Role.QUIET) if from_zero else area.x
    width = max(1, area.right - x - width_of(limit) - 1)
    filled = _cells(bar.value_mA, bar.limit_mA, width)
    canvas.fill(Area(x, area.y, filled, 1), Role.BAR, "█")
    canvas.fill(Area(x + filled, area.y, width - filled, 1), Role.BAR_REST, "░")
    canvas.put(x + width + 1, area.y, limit, Role.STRONG)
    if area.height < 2:
        return
    set_by = canvas.clean(bar.set_by)
    set_by_x = area.right - width_of(set_by)
    if bar.mark_mA is not None:
        at = max(0, _cells(bar.mark_mA, bar.limit_mA, width) - 1)
        mark = canvas.clean(f"▲ {bar.mark_text}")
        mark_x = min(x + at, (set_by_x - 2 if set_by else area.right) - width_of(mark))
        canvas.put(max(area.x, mark_x), area.y + 1, mark, Role.PAPER)
    canvas.put(set_by_x, area.y + 1, set_by, Role.QUIET)


def _cells(value_mA: float, limit_mA: float, width: int) -> int:
    """How far the bar reaches: something above zero is always seen, and nothing beyond the limit."""
    if value_mA <= 0 or limit_mA <= 0:
        return 0
    return max(1, min(width, round(value_mA / limit_mA * width)))
