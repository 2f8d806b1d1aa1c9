"""Instructions, questions of a group, and choices."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from kiosk.page import Choice, Words
from kiosk.screens.blocks import Block, draw_blocks
from kiosk.theme.roles import Role
from kiosk.widgets.buttons import ButtonGrid
from kiosk.widgets.canvas import Area, Canvas
from kiosk.widgets.frame import KeyLine

_TONES = {"plain": Role.STRONG, "calm": Role.STRONG, "warn": Role.WARN, "alarm": Role.ALARM}


_ALARM_AIR = 4
"""Rows that must be over before an alarm's first line gets a band three rows high."""


def draw(canvas: Canvas, area: Area, title: str, body: Words, choices: Sequence[Choice]) -> None:
    """Text at the top, what can be chosen at the bottom, small print between.

    Choices that are not prominent come here only while the bottom of the screen is STOP.
    """
    keys = KeyLine(canvas, [choice for choice in choices if not choice.prominent], area.width)
    keys.draw(Area(area.x, area.bottom - keys.height, area.width, keys.height))
    area = Area(area.x, area.y, area.width, area.height - keys.height)
    prominent = [choice for choice in choices if choice.prominent]
    blocks = _blocks(canvas, area.width, title, body)
    text_rows = sum(len(block.lines) for block in blocks)
    buttons = ButtonGrid(canvas, prominent, area.width, area.height - text_rows)
    spare = area.height - text_rows - buttons.height
    if body.tone == "alarm" and spare > _ALARM_AIR + len(blocks):
        blocks[0] = replace(blocks[0], lines=["", *blocks[0].lines, ""])
    buttons_y = area.bottom - buttons.height - (1 if spare > 0 else 0)
    buttons.draw(area.x, buttons_y)
    draw_blocks(canvas, Area(area.x, area.y, area.width, buttons_y - area.y), blocks)


def _blocks(canvas: Canvas, width: int, title: str, body: Words) -> list[Block]:
    banded = body.tone in ("warn", "alarm")
    blocks: list[Block] = []
    if title:
        blocks.append(Block(canvas.wrap(title, width), Role.STRONG, air=5))
    for index, line in enumerate(body.lines):
        first = index == 0
        role = _TONES[body.tone] if first else Role.PAPER
        band = first and banded
        if index == body.call:
            role, band = Role.NOTICE, True
        blocks.append(Block(canvas.wrap(line, width), role, air=5 if first else 2, band=band))
    for index, item in enumerate(body.items):
        blocks.append(
            Block(canvas.wrap(f"● {item}", width, hanging=2), Role.PAPER, air=4 if index == 0 else 3)
        )
    for index, line in enumerate(body.small):
        blocks.append(Block(canvas.wrap(line, width), Role.QUIET, air=1 if index == 0 else 0))
    return blocks
