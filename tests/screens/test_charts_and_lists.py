"""Charts, lists and narrow buttons can be read: no number that is not true, no word that is cut."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from msgspec.structs import replace

from kiosk.keys import Key
from kiosk.page import Choice, Column, Running, Table
from kiosk.screens import table
from kiosk.screens.draw import draw
from kiosk.theme.roles import Role
from kiosk.widgets.buttons import Face, draw_button
from kiosk.widgets.canvas import Area, Canvas, Drawing
from kiosk.widgets.pain_chart import draw_columns
from tests.screens.gallery import PAGES

DAYS = tuple(Column("", 5.0) for _ in range(28))


def chart(rows: int, word: str = "pain", width: int = 65) -> str:
    """Pain of four weeks on so many rows."""
    captions = ("Sitzung", "Lücken")
    area = Area(0, 0, width, rows + len(captions) + 2)
    canvas = Canvas(width, area.height, console=False)
    draw_columns(canvas, area, DAYS, captions, word)
    return canvas.drawing().text()


@pytest.mark.parametrize("rows", range(1, 12))
def test_a_number_stands_only_at_a_row_that_stands_for_it(rows: int) -> None:
    lines = chart(rows).splitlines()
    shown = min(rows, 10)
    for row, line in enumerate(lines[:shown]):
        for number in re.findall(r"(\d+) ┤", line):
            assert float(number) == pytest.approx(10 * (shown - row) / shown)


@pytest.mark.parametrize("rows", range(2, 12))
def test_the_word_of_an_axis_is_read_in_full(rows: int) -> None:
    assert "Schmerz" in chart(rows, "Schmerz")


@pytest.mark.parametrize("rows", range(2, 12))
def test_the_word_of_an_axis_does_not_touch_its_number(rows: int) -> None:
    for word in ("sore", "Schmerz", "rechts"):
        assert re.search(r"[a-z]\d", chart(rows, word)) is None


@pytest.mark.parametrize(("width", "height"), [(67, 20), (80, 25)])
def test_the_time_left_and_the_levels_do_not_read_as_one_number(width: int, height: int) -> None:
    page = PAGES["session-on"]
    assert isinstance(page.body, Running)
    sides = tuple(replace(side, level_text="28.8 mA") for side in page.body.sides)
    body = replace(page.body, big="28:08", sides=sides)
    gaps = gaps_of_digits(draw(replace(page, body=body), width, height))
    between = sorted(gaps)[-len(sides) :]
    assert len(gaps) == len("28:08") + len(sides) * len("28.8") - 1
    assert min(between) >= 2 * min(gaps)


def gaps_of_digits(drawing: Drawing) -> list[int]:
    """Columns between two neighbours of the big signs."""
    filled: set[int] = set()
    for row in drawing.rows:
        x = 0
        for text, role in row:
            filled |= {x + at for at, sign in enumerate(text) if role is Role.DIGITS and sign == "█"}
            x += len(text)
    columns = sorted(filled)
    return [right - left - 1 for left, right in pairwise(columns) if right - left > 1]


def test_columns_of_a_list_move_together_before_a_word_is_cut() -> None:
    row = ("16 Nov", "14:05", "Gentle muscle learning", "11 of 25 min", "ended early")
    text = drawn_list(row, width=65)
    assert "ended early" in text
    assert "16 Nov  14:05" in drawn_list(row, width=80)


def drawn_list(row: tuple[str, ...], width: int) -> str:
    canvas = Canvas(width, 6, console=False)
    table.draw(
        canvas, Area(0, 0, width, 6), Table((), ("day", "time", "what", "length", "end"), (row,), None)
    )
    return canvas.drawing().text()


def test_the_name_of_a_key_stays_in_its_button() -> None:
    canvas = Canvas(30, 3, console=False)
    draw_button(canvas, Area(0, 0, 9, 3), Choice(Key.BACK, "Back"), Face.BARE)
    assert canvas.drawing().text().splitlines()[0].rstrip() == "  Esc /"
