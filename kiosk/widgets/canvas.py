"""A sheet of cells to draw on: characters, their roles, and what a finger may touch."""

from __future__ import annotations

from typing import Final

import msgspec
from rich.cells import get_character_cell_size

from kiosk.keys import Key
from kiosk.theme.roles import Role
from kiosk.widgets.glyphs import clean, evenly_wrapped, width_of, wrapped


class Area(msgspec.Struct, frozen=True):
    """A rectangle of cells."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """The first column beyond it."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """The first row beyond it."""
        return self.y + self.height

    def holds(self, x: int, y: int) -> bool:
        """Whether the cell is inside."""
        return self.x <= x < self.right and self.y <= y < self.bottom


class Target(msgspec.Struct, frozen=True):
    """Where a click or a finger means keys, in their order."""

    area: Area
    keys: tuple[Key, ...]


Run = tuple[str, Role]
"""Neighbouring cells of one role."""


class Drawing(msgspec.Struct, frozen=True):
    """A finished sheet."""

    width: int
    height: int
    rows: tuple[tuple[Run, ...], ...]
    targets: tuple[Target, ...]
    cut: tuple[str, ...]
    """Texts that did not fit: empty on every screen that is fit for use."""

    @property
    def stop_from_row(self) -> int | None:
        """The row from which on a touch anywhere is STOP; None where there is no STOP row."""
        rows = (t.area.y for t in self.targets if t.keys == (Key.STOP,) and t.area.width == self.width)
        return next(rows, None)

    def keys_at(self, x: int, y: int) -> tuple[Key, ...]:
        """What a touch at a cell means; what was drawn last lies on top."""
        for target in reversed(self.targets):
            if target.area.holds(x, y):
                return target.keys
        return ()

    def text(self) -> str:
        """As plain text, for tests and for a look at the alignment."""
        return "\n".join("".join(text for text, _ in row).rstrip() for row in self.rows)


class Canvas:
    """Drawn on by the widgets; `cut` collects what does not fit, and nothing is ever drawn outside."""

    def __init__(self, width: int, height: int, console: bool) -> None:
        self.width: Final = width
        self.height: Final = height
        self.console: Final = console
        self.targets: list[Target] = []
        self.cut: list[str] = []
        self._characters = [[" "] * width for _ in range(height)]
        self._roles = [[Role.MARGIN] * width for _ in range(height)]

    def clean(self, text: str) -> str:
        """`text` in characters that this canvas can show."""
        return clean(text, self.console)

    def fill(self, area: Area, role: Role, character: str = " ") -> None:
        """Every cell of `area`."""
        width = max(0, min(area.right, self.width) - area.x)
        for y in range(max(0, area.y), min(area.bottom, self.height)):
            self._characters[y][area.x : area.x + width] = [character] * width
            self._roles[y][area.x : area.x + width] = [role] * width

    def put(self, x: int, y: int, text: str, role: Role) -> int:
        """Writes `text`, which is one line, from a cell on; gives back the column after it."""
        if not 0 <= y < self.height:
            if text.strip():
                self.cut.append(text)
            return x
        characters, roles = self._characters[y], self._roles[y]
        for character in self.clean(text):
            size = get_character_cell_size(character)
            if x < 0 or x + size > self.width:
                self.cut.append(text)
                break
            characters[x : x + size] = [character, *[""] * (size - 1)]
            roles[x : x + size] = [role] * size
            x += size
        return x

    def centred(self, area: Area, y: int, text: str, role: Role) -> None:
        """One line in the middle of `area`'s width."""
        self.put(area.x + max(0, area.width - width_of(self.clean(text))) // 2, y, text, role)

    def lines(self, area: Area, texts: list[str], role: Role) -> int:
        """Lines below one another; gives back the row after them. What is below `area` counts as cut."""
        for offset, text in enumerate(texts):
            if offset >= area.height:
                self.cut.append(text)
            else:
                self.put(area.x, area.y + offset, text, role)
        return area.y + min(len(texts), area.height)

    def wrap(self, text: str, width: int, hanging: int = 0) -> list[str]:
        """Cleaned and broken into lines that are easy to read."""
        return evenly_wrapped(self.clean(text), max(1, width), hanging)

    def wrap_typed(self, text: str, width: int) -> list[str]:
        """As `wrap`, for words that are being typed: none moves once it stands."""
        return wrapped(self.clean(text), max(1, width))

    def box(self, area: Area, role: Role) -> None:
        """A frame along the edge of `area`."""
        right, bottom = area.right - 1, area.bottom - 1
        self.put(area.x, area.y, "┌" + "─" * (area.width - 2) + "┐", role)
        for y in range(area.y + 1, bottom):
            self.put(area.x, y, "│", role)
            self.put(right, y, "│", role)
        self.put(area.x, bottom, "└" + "─" * (area.width - 2) + "┘", role)

    def target(self, area: Area, *keys: Key) -> None:
        """A touch inside `area` means `keys`."""
        self.targets.append(Target(area, keys))

    def spare_target(self, area: Area, *keys: Key) -> None:
        """A touch inside `area` means `keys` where it means nothing else, whatever is drawn later."""
        self.targets.insert(0, Target(area, keys))

    def drawing(self) -> Drawing:
        """The finished sheet."""
        rows = tuple(
            _runs(characters, roles) for characters, roles in zip(self._characters, self._roles, strict=True)
        )
        return Drawing(self.width, self.height, rows, tuple(self.targets), tuple(self.cut))


def _runs(characters: list[str], roles: list[Role]) -> tuple[Run, ...]:
    runs: list[Run] = []
    begin = 0
    for x in range(1, len(roles) + 1):
        if x == len(roles) or roles[x] is not roles[begin]:
            runs.append(("".join(characters[begin:x]), roles[begin]))
            begin = x
    return tuple(runs)
