"""The current's rhythm: what was, what is now, and what comes."""

from __future__ import annotations

from typing import Final

from kiosk.page import Strip
from kiosk.theme.roles import Role
from kiosk.widgets.canvas import Area, Canvas
from kiosk.widgets.glyphs import width_of

WORD_ROWS: Final = 2
"""The phases' names above the curve; "now" and what comes next below it."""


def draw_rhythm(canvas: Canvas, area: Area, strip: Strip, curve_rows: int) -> None:
    """The curve, the past shaded and the rest full, between its words; the phases' names if there is room.
    Nothing where nothing of it is known or felt."""
    if not strip.samples:
        return
    rows = curve_rows
    words = area.height - rows
    curve_bottom = area.bottom - min(1, words)
    now_x = area.x + area.width // 2
    for column in range(area.width):
        x = area.x + column
        sample = _sample(strip.samples, column / max(1, area.width - 1))
        filled = round(min(1.0, max(0.0, sample)) * rows)
        role, block = (Role.RHYTHM_PAST, "░") if x < now_x else (Role.RHYTHM_AHEAD, "█")
        for row in range(rows):
            y = curve_bottom - 1 - row
            if row < filled:
                canvas.put(x, y, block, role)
            elif row == 0:
                canvas.put(x, y, "─", Role.LINE)
    if words >= WORD_ROWS:
        _draw_labels(canvas, area, area.y, strip.labels)
    if words >= 1:
        _draw_now(canvas, area, area.bottom - 1, now_x, strip)


def _sample(samples: tuple[float, ...], position: float) -> float:
    """The sample nearest to a position 0 … 1."""
    if not samples:
        return 0.0
    return samples[min(len(samples) - 1, round(position * (len(samples) - 1)))]


def _draw_labels(canvas: Canvas, area: Area, y: int, labels: tuple[tuple[float, str], ...]) -> None:
    """Each above its phase; one that would touch its neighbour is left out: the next cue says it in words."""
    free_from = area.x
    for position, label in sorted(labels):
        text = canvas.clean(label)
        width = width_of(text)
        x = area.x + round(position * (area.width - 1)) - width // 2
        x = max(area.x, min(x, area.right - width))
        if x >= free_from:
            canvas.put(x, y, text, Role.PAPER)
            free_from = x + width + 2


def _draw_now(canvas: Canvas, area: Area, y: int, now_x: int, strip: Strip) -> None:
    end = canvas.put(now_x, y, f"▲ {strip.now}", Role.STRONG)
    cue = canvas.clean(strip.next_cue)
    x = area.right - width_of(cue)
    if x < end + 2:
        x = area.x
        if x + width_of(cue) >= now_x:
            canvas.cut.append(cue)
            return
    canvas.put(x, y, cue, Role.STRONG)
