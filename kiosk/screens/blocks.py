"""Texts below one another, with as much air between them as there is room for."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from kiosk.theme.roles import Role
from kiosk.widgets.canvas import Area, Canvas


class Block(msgspec.Struct, frozen=True):
    """Lines that belong together. `air`: how much a blank row above it is worth, 0 is never."""

    lines: list[str]
    role: Role
    air: int = 1
    band: bool = False
    """Drawn as a band of its own colour across the width."""


def draw_blocks(canvas: Canvas, area: Area, blocks: Sequence[Block], most_air: int = 1) -> int:
    """Blanks are given first to what is worth most, then around; gives back the row after the last line."""
    blocks = [block for block in blocks if block.lines]
    spare = max(0, area.height - sum(len(block.lines) for block in blocks))
    blanks = [0] * len(blocks)
    for _ in range(most_air):
        for index in sorted(range(len(blocks)), key=lambda i: (-blocks[i].air, i)):
            if spare > 0 and blocks[index].air > 0:
                blanks[index] += 1
                spare -= 1
    y = area.y
    for block, above in zip(blocks, blanks, strict=True):
        y += above
        if block.band:
            canvas.fill(Area(area.x - 1, y, area.width + 2, len(block.lines)), block.role)
        room = Area(area.x, y, area.width, max(0, area.bottom - y))
        y = canvas.lines(room, block.lines, block.role)
    return y
