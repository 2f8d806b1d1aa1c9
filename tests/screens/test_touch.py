"""Whatever can be chosen can be touched, on every screen of the album, at every size.

What counts is what a finger finds: cells that mean this choice and nothing else, in whole rows of twelve.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from kiosk.keys import Key
from kiosk.locale.compile import compile_all
from kiosk.page import NumberLine, Page
from kiosk.screens.draw import DESIGN_HEIGHT, LEAST_HEIGHT, LEAST_WIDTH, draw
from kiosk.widgets.canvas import Drawing
from kiosk.widgets.frame import LEAST_TOUCH_WIDTH
from tests.kiosk.visit.visit_album import Shot, album
from tests.screens import looks
from tests.screens.gallery import SIZES
from tests.screens.looks import View, pages

ROWS = 3
ROWS_FOR_OTHERS = 2
"""Where a list leaves no more on 67×20: the pages of family and clinician are for other eyes and hands."""


@cache
def shots() -> tuple[Shot, ...]:
    return tuple(album())


@cache
def drawings(size: tuple[int, int]) -> tuple[tuple[Shot, Drawing], ...]:
    return tuple((shot, draw(shot.page(), *size)) for shot in shots())


def least_rows(page: Page, size: tuple[int, int]) -> int:
    small = size[1] < DESIGN_HEIGHT
    return ROWS_FOR_OTHERS if small and page.id.startswith(("family", "held")) else ROWS


def rows_for(drawing: Drawing, key: Key) -> int:
    """Rows in which at least twelve neighbouring cells mean `key`."""
    areas = [target.area for target in drawing.targets if target.keys == (key,)]
    rows = {y for area in areas for y in range(max(0, area.y), min(area.bottom, drawing.height))}
    columns = range(max(0, min(a.x for a in areas)), min(max(a.right for a in areas), drawing.width))
    return sum(
        longest_run([drawing.keys_at(x, y) == (key,) for x in columns]) >= LEAST_TOUCH_WIDTH for y in rows
    )


def longest_run(cells: list[bool]) -> int:
    longest = run = 0
    for mine in cells:
        run = run + 1 if mine else 0
        longest = max(longest, run)
    return longest


@pytest.mark.parametrize("size", SIZES)
def test_every_choice_of_every_screen_is_as_large_as_a_finger(size: tuple[int, int]) -> None:
    for shot, drawing in drawings(size):
        page = shot.page()
        for choice in page.choices:
            assert any(choice.key in target.keys for target in drawing.targets), (shot.name, choice.label)
            assert rows_for(drawing, choice.key) >= least_rows(page, size), (shot.name, choice.label)


def test_so_it_is_in_german_on_the_smallest_screen(tmp_path: Path) -> None:
    compile_all(into=tmp_path)
    of, view = pages("de", tmp_path), View("de", LEAST_WIDTH, LEAST_HEIGHT)
    for name, drawing in looks.drawings(view, of, tmp_path).items():
        for choice in of[name].choices:
            least = least_rows(of[name], (LEAST_WIDTH, LEAST_HEIGHT))
            assert rows_for(drawing, choice.key) >= least, (name, choice.label)


@pytest.mark.parametrize("size", SIZES)
def test_every_number_of_a_line_is_a_cell_of_twelve_by_three(size: tuple[int, int]) -> None:
    lines = [(s, d) for s, d in drawings(size) if isinstance(s.page().body, NumberLine)]
    assert lines
    for shot, drawing in lines:
        keys = [drawing.keys_at(x, y) for y in range(drawing.height) for x in range(drawing.width)]
        for number in range(2, 10):
            assert keys.count((Key(str(number)),)) >= LEAST_TOUCH_WIDTH * ROWS, (shot.name, number)


@pytest.mark.parametrize("size", SIZES)
def test_the_bottom_is_stop_wherever_output_can_be_on(size: tuple[int, int]) -> None:
    with_stop = [(s, d) for s, d in drawings(size) if s.page().stop_row]
    assert with_stop
    for shot, drawing in with_stop:
        assert drawing.stop_from_row is not None, shot.name
        for y in range(drawing.stop_from_row + 1, drawing.height):
            assert {drawing.keys_at(x, y) for x in range(drawing.width)} == {(Key.STOP,)}, shot.name


def test_a_key_at_the_very_bottom_is_touched_in_the_text_above_it_too() -> None:
    (identity,) = (drawing for shot, drawing in drawings((67, 20)) if shot.name == "identity")
    assert rows_for(identity, Key.EIGHT) == ROWS
