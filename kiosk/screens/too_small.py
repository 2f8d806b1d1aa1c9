"""A terminal below 67×20: what is wrong, and STOP as large as it goes."""

from __future__ import annotations

from kiosk.page import Page
from kiosk.theme.roles import Role
from kiosk.widgets.canvas import Area, Canvas
from kiosk.widgets.frame import draw_stop_row
from kiosk.words import _


def draw(canvas: Canvas, page: Page, least_width: int, least_height: int) -> None:
    """Nothing may be cut here: words give way to STOP."""
    whole = Area(0, 0, canvas.width, canvas.height)
    canvas.fill(whole, Role.PAPER)
    stop_rows = min(3, canvas.height) if page.stop_row else 0
    text = _("This screen is too small. Make the window at least {width} wide and {height} high.").format(
        width=least_width, height=least_height
    )
    lines = canvas.wrap(text, canvas.width)[: max(0, canvas.height - stop_rows)]
    canvas.lines(whole, lines, Role.STRONG)
    if page.stop_row:
        area = Area(0, canvas.height - stop_rows, canvas.width, stop_rows)
        words = page.stop_text if len(page.stop_text) + 4 <= canvas.width else "STOP"
        draw_stop_row(canvas, area, words, area)
