"""The family's charts: one thing at a time over three ranges, gaps as gaps, bars with limit or plan."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from kiosk.page import Chart, Column, Panel
from kiosk.plain import body_lines
from kiosk.review.family import FamilyView
from kiosk.screens.draw import draw
from kiosk.theme.roles import Role
from kiosk.visit.steps.family import CHARTS, RANGES
from kiosk.widgets.canvas import Area, Canvas
from kiosk.widgets.pain_chart import draw_panels
from tests.kiosk.visit.family_album import FULL, opened
from tests.kiosk.visit.visit_bench import Walk

PAIN, LEVEL, SORE, AROUND, WEEKS = range(CHARTS)


def at(chart: int, reach: int = 0, view: FamilyView = FULL) -> tuple[Walk, Chart]:
    walk = opened(view)
    walk.press("2", *["1"] * chart, *["2"] * reach)
    body = walk.page.body
    assert isinstance(body, Chart)
    return walk, body


def test_two_keys_lead_through_all_charts_and_back_to_the_first() -> None:
    walk, _ = at(PAIN)
    seen = set()
    for _chart in range(CHARTS):
        for _reach in range(RANGES):
            seen.add((walk.page.header.left, walk.page.body.lines[0]))  # type: ignore[union-attr]
            walk.press("2")
        walk.press("1")
    assert len({title for title, _ in seen}) == CHARTS
    assert walk.page.header.left == "Pain"
    walk.press("left")
    assert walk.page.header.left == "Each week"
    walk.press("0")
    assert walk.step == "family"


@pytest.mark.parametrize("chart", range(CHARTS))
@pytest.mark.parametrize("reach", range(RANGES))
def test_panels_below_one_another_show_the_same_days(chart: int, reach: int) -> None:
    _, body = at(chart, reach)
    assert len({len(panel.columns) for panel in body.panels}) == 1
    if chart != WEEKS:
        assert len(body.columns) == (28, 42, 64)[reach]
    for panel in body.panels:
        assert all(0 <= (one.value or 0) <= panel.highest for one in panel.columns)


def test_each_side_has_its_level_beside_the_limit_of_that_day() -> None:
    _, body = at(LEVEL)
    left, right = body.panels
    assert (left.word, right.word) == ("left", "right")
    found = [one for one in left.columns if one.value is not None]
    assert found[-1].value == 14.0
    assert {one.limit for one in found} == {24.0}
    assert sum(any(one.marks) for one in left.columns) == 1, "another waveform: these do not compare"
    assert body.facts[1] == "right: 13.5 mA, 56 % of the limit 24.0; 4 weeks before 13.5"


def test_a_box_without_a_level_says_so() -> None:
    _, body = at(LEVEL, view=replace(FULL, levels=()))
    assert body.facts == ("No level was found in twelve weeks.",)
    assert all(one.value is None for one in body.columns)


def test_two_days_of_soreness_give_the_worse_one() -> None:
    days = list(FULL.days)
    days[-2:] = [replace(days[-2], soreness=7, skin=0), replace(days[-1], soreness=2, skin=3)]
    _, body = at(SORE, 1, replace(FULL, days=tuple(days)))
    sore, skin = body.panels
    assert (sore.columns[-1].value, skin.columns[-1].value) == (7, 3)
    assert skin.highest == 4


def test_pain_before_stands_above_pain_after() -> None:
    _, body = at(AROUND)
    before, after = body.panels
    pairs = [
        (one.value, other.value)
        for one, other in zip(before.columns, after.columns, strict=True)
        if one.value is not None
    ]
    assert pairs
    assert all(other is not None and one >= other for one, other in pairs)
    assert body.facts == ("In twelve weeks, after a session mostly −1.0 points.",)


def test_a_week_has_its_sessions_and_its_plan() -> None:
    _, four = at(WEEKS)
    assert [(one.value, one.limit) for one in four.columns] == [(0, 3), (3, 3), (2, 3), (3, 3)]
    _, twelve = at(WEEKS, 1)
    assert len(twelve.columns) == 10, "since the course began"
    assert "Ended early: enough for today 1×." in four.facts


def test_none_is_a_tick_and_a_gap_is_empty() -> None:
    canvas = Canvas(40, 8, console=True)
    columns = (Column("", 0.0), Column("", None), Column("", 10.0))
    canvas.fill(Area(0, 0, 40, 8), Role.PAPER)
    draw_panels(canvas, Area(0, 0, 40, 8), (Panel(columns, ""),), ())
    axis = next(line for line in canvas.drawing().text().splitlines() if "0 ┼" in line)
    assert axis.strip().removeprefix("0 ┼").rstrip("─") == "┴┴┴", "one broad column"


@pytest.mark.parametrize("size", [(67, 20), (80, 25), (120, 40)])
def test_every_panel_is_named_where_it_is_drawn(size: tuple[int, int]) -> None:
    for chart, names in ((LEVEL, ("left", "right")), (SORE, ("sore", "skin"))):
        walk, _ = at(chart)
        text = draw(walk.page, *size).text()
        assert all(name in text for name in names), text


def test_plain_lines_name_every_panel() -> None:
    walk, _ = at(LEVEL)
    lines = list(body_lines(walk.page))
    assert lines[1:4] == [  # found first on the second day of the four weeks
        "left: 12, none, none, 13, none, none",
        "left, from 31 Oct: 13, none, none, 13, none, none, 13",
        "left, from 7 Nov: none, none, 14, none, none, 14, none",
    ]
    assert [line.partition(":")[0] for line in lines[5:9]] == [
        "right",
        "right, from 31 Oct",
        "right, from 7 Nov",
        "right, from 14 Nov",
    ]
