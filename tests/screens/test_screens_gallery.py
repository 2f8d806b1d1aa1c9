"""Every screen of the gallery: as it was, nothing cut, readable, in the console font's glyphs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from rich.color import Color, ColorSystem

from kiosk.page import Page, Placement
from kiosk.screens.draw import DESIGN_HEIGHT, DESIGN_WIDTH, LEAST_HEIGHT, LEAST_WIDTH, draw
from kiosk.screens.view import styles_of
from kiosk.theme.colours import Colour, contrast_ratio
from kiosk.theme.console import CONSOLE
from kiosk.theme.paper import PAPER
from kiosk.theme.rendering import Rendering
from kiosk.theme.roles import DECORATION, FILLS, Role
from kiosk.widgets.frame import LEAST_TOUCH_WIDTH
from kiosk.widgets.glyphs import CONSOLE_CHARACTERS, DRAWING
from tests.screens.gallery import PAGES, SIZES
from tests.screens.pictures import pictures

PICTURED = ("home-simulator", "placement-left", "level", "session-on", "family-pain")
"""Drawn by the application itself, colours and all; `looks.txt` holds every other screen."""
PICTURES = [(Rendering.RICH, 80, 25), (Rendering.CONSOLE, 80, 25)]
ALL_SIZES = [
    (width, height)
    for width in (LEAST_WIDTH, 70, 73, 76, 78, DESIGN_WIDTH)
    for height in range(LEAST_HEIGHT, DESIGN_HEIGHT + 1)
]
LEAST_CONTRAST = 7.0
LEAST_CONTRAST_OF_BLOCKS = 3.0


@cache
def pictures_at(rendering: Rendering, width: int, height: int) -> dict[str, str]:
    return asyncio.run(pictures([PAGES[id_] for id_ in PICTURED], width, height, rendering))


@pytest.mark.parametrize("id_", PICTURED)
@pytest.mark.parametrize(
    ("rendering", "width", "height"), PICTURES, ids=lambda value: getattr(value, "value", value)
)
def test_the_screen_looks_as_it_did(
    id_: str, rendering: Rendering, width: int, height: int, matches_snapshot: Callable[[str, str], None]
) -> None:
    svg = pictures_at(rendering, width, height)[id_]
    matches_snapshot(f"{id_}-{width}x{height}-{rendering.value}", svg)


@pytest.mark.parametrize("id_", PAGES)
def test_nothing_is_cut_at_any_size(id_: str) -> None:
    for width, height in ALL_SIZES:
        assert draw(PAGES[id_], width, height).cut == (), (width, height)


@pytest.mark.parametrize("id_", [id_ for id_ in PAGES if not id_.endswith("german")])
def test_nothing_is_cut_when_texts_are_40_percent_longer(id_: str) -> None:
    page = longer(PAGES[id_])
    assert draw(page, DESIGN_WIDTH, DESIGN_HEIGHT).cut == ()
    # The back is to scale and leaves no such room on the smallest screen: there German is the measure.
    if not isinstance(page.body, Placement):
        assert draw(page, LEAST_WIDTH, LEAST_HEIGHT).cut == ()


@pytest.mark.parametrize("id_", PAGES)
def test_all_targets_are_large_enough_for_a_finger_and_reach_every_choice(id_: str) -> None:
    page = PAGES[id_]
    for width, height in SIZES:
        drawing = draw(page, width, height)
        for target in drawing.targets:
            assert target.area.width >= LEAST_TOUCH_WIDTH
        reached = {key for target in drawing.targets for key in target.keys}
        assert {choice.key for choice in page.choices} <= reached


def test_a_prominent_choice_is_at_least_twelve_by_three_cells() -> None:
    for page in PAGES.values():
        for width, height in SIZES:
            targets = draw(page, width, height).targets
            for choice in page.choices:
                if choice.prominent:
                    heights = [target.area.height for target in targets if target.keys == (choice.key,)]
                    assert max(heights) >= (2 if page.id.startswith(("placement", "family")) else 3), page.id


@pytest.mark.parametrize("id_", [id_ for id_, page in PAGES.items() if page.stop_row])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_whole_bottom_is_stop_wherever_output_can_be_on(id_: str, width: int, height: int) -> None:
    drawing = draw(PAGES[id_], width, height)
    filled = [y for y, row in enumerate(drawing.rows) if any(role is Role.STOP_EDGE for _, role in row)]
    assert len(filled) == (3 if height >= DESIGN_HEIGHT else 2)
    assert "S T O P" in drawing.text()
    for y in range(filled[0], height):
        for x in range(width):
            assert [key.name for key in drawing.keys_at(x, y)] == ["STOP"]
    assert max(drawing.keys_at(x, 5) != () and y for x in range(width) for y in (5,)) < filled[0]


@pytest.mark.parametrize(
    "page", [page for page in PAGES.values() if page.header.simulator], ids=lambda p: p.id
)
def test_a_simulator_says_so_on_every_screen(page: Page) -> None:
    for width, height in SIZES:
        assert " SIMULATOR " in draw(page, width, height).text()


@pytest.mark.parametrize("id_", PAGES)
def test_the_console_gets_its_own_glyphs_only(id_: str) -> None:
    drawn = set(draw(PAGES[id_], 80, 25, console=True).text()) - {"\n"}
    assert drawn <= CONSOLE_CHARACTERS


@pytest.mark.parametrize("id_", PAGES)
def test_both_renderings_draw_the_same_but_for_letters_of_names(id_: str) -> None:
    rich, console = (draw(PAGES[id_], 80, 25, console) for console in (False, True))
    assert [[role for _, role in row] for row in rich.rows] == [
        [role for _, role in row] for row in console.rows
    ]
    differing = {a for a, b in zip(rich.text(), console.text(), strict=True) if a != b}
    assert differing <= set("−Ł")


@pytest.mark.parametrize("rendering", Rendering)
@pytest.mark.parametrize("id_", PAGES)
def test_every_text_cell_has_a_contrast_of_seven_to_one(rendering: Rendering, id_: str) -> None:
    theme = rendering.theme
    for width, height in SIZES:
        for text, role in runs(PAGES[id_], width, height, rendering):
            ink = theme[role]
            needed = LEAST_CONTRAST_OF_BLOCKS if set(text) <= DRAWING | {" "} else LEAST_CONTRAST
            assert contrast_ratio(ink.foreground, ink.background) >= needed, (text, role)


def test_a_terminal_of_256_colours_is_as_readable() -> None:
    used = {
        (role, set(text) <= DRAWING | {" "})
        for page in PAGES.values()
        for text, role in runs(page, 80, 25, Rendering.RICH)
    }
    for role, only_blocks in used:
        style = styles_of(PAPER)[role]
        colours = [quantised(colour) for colour in (style.color, style.bgcolor) if colour is not None]
        needed = LEAST_CONTRAST_OF_BLOCKS if only_blocks else LEAST_CONTRAST
        assert contrast_ratio(*colours) >= needed, role


def test_the_console_theme_keeps_to_eight_backgrounds_and_uses_no_bold() -> None:
    for ink in CONSOLE.values():
        assert ink.foreground.ansi is not None
        assert ink.background.ansi in range(8)
        assert not ink.bold


def test_both_themes_colour_every_role() -> None:
    assert set(PAPER) == set(CONSOLE) == set(Role)


@pytest.mark.parametrize("size", [(66, 25), (80, 19), (30, 8), (10, 3), (4, 2), (1, 1)])
@pytest.mark.parametrize("id_", ["home", "session-on"])
def test_a_screen_that_is_too_small_says_so_and_keeps_stop(id_: str, size: tuple[int, int]) -> None:
    page = PAGES[id_]
    drawing = draw(page, *size)
    assert [len("".join(text for text, _ in row)) for row in drawing.rows] == [size[0]] * size[1]
    keys = {drawing.keys_at(x, size[1] - 1) for x in range(size[0])}
    assert ({key.name for group in keys for key in group} == {"STOP"}) is page.stop_row
    if size[0] >= 30 and not page.stop_row:
        assert "67 wide and 20 high" in " ".join(drawing.text().split())


def runs(page: Page, width: int, height: int, rendering: Rendering) -> Iterator[tuple[str, Role]]:
    """What is written and informs: not blanks, not frames, not filled areas."""
    for row in draw(page, width, height, rendering.console_glyphs_only).rows:
        for text, role in row:
            decoration = role in DECORATION and set(text) <= DRAWING | {" "}
            if text.strip() and role not in FILLS and not decoration:
                yield text, role


def quantised(colour: Color) -> Colour:
    red, green, blue = colour.downgrade(ColorSystem.EIGHT_BIT).get_truecolor()
    return Colour(red, green, blue)


def longer(value: Any, name: str = "") -> Any:
    """`value` with every text of a page 40 % longer, as a translation may be."""
    if isinstance(value, str) and name not in ("id", "big", "level_text", "lead", "tone", "title"):
        return lengthened(value)
    if isinstance(value, tuple):
        return tuple(longer(item, name) for item in value)
    if isinstance(value, msgspec.Struct):
        changes = {name: longer(getattr(value, name), name) for name in value.__struct_fields__}
        return replace(value, **changes)
    return value


def lengthened(text: str) -> str:
    """Words grow at their ends; numbers stay as they are."""
    words, owed = [], 0.0
    for word in text.split(" "):
        owed += 0.4 * len(word)
        grow = int(owed) if word.isalpha() else 0
        owed -= grow
        words.append(word + "n" * grow)
    return " ".join(words)
