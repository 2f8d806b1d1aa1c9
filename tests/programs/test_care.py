"""Pads wear out by sessions and by months, leaflets fit a screen, and every mistake in a file is named."""

from __future__ import annotations

import datetime as dt
import textwrap
from pathlib import Path

import pytest

from programs import care, library, montage
from tests.programs.content_copies import assert_named, broken_copy

PADS = care.load_pads()
LEAFLETS = care.load_leaflets()
ZONES = [
    "head", "eyes", "mouth", "neck", "chest", "heart", "belly", "private", "lump", "swollen", "numb", "veins",
    "spine", "scar",
]  # fmt: skip
FIRST = dt.date(2026, 1, 15)


class TestPads:
    def test_the_sizes_that_are_sold(self) -> None:
        assert [size.name for size in PADS.sizes] == ["4x6.4", "5x9", "7.5x13"]
        assert [size.area_cm2 for size in PADS.sizes] == pytest.approx([25.6, 45, 97.5])
        assert PADS.default == "5x9"

    def test_every_montage_is_drawn_with_pads_that_are_sold(self) -> None:
        assert {item.pad_size for item in library.load_montages().values()} <= {
            size.name for size in PADS.sizes
        }

    def test_wear_in_numbers(self) -> None:
        limits = PADS.wear
        assert (limits.sessions, limits.months, limits.people) == (30, 3, 1)
        assert (limits.order_at_sessions, limits.order_at_days) == (25, 80)
        assert (PADS.min_area_cm2, PADS.gap.min_cm, PADS.gap.max_cm) == (25, 3, 30)

    @pytest.mark.parametrize(
        ("uses", "wear"),
        [(0, "good"), (24, "good"), (25, "order"), (29, "order"), (30, "worn"), (99, "worn")],
    )
    def test_by_sessions(self, uses: int, wear: str) -> None:
        assert care.wear(PADS.wear, uses, FIRST, FIRST) == wear

    @pytest.mark.parametrize(
        ("today", "wear"),
        [
            (FIRST + dt.timedelta(days=79), "good"),
            (FIRST + dt.timedelta(days=80), "order"),
            (dt.date(2026, 4, 15), "order"),
            (dt.date(2026, 4, 16), "worn"),
            (FIRST - dt.timedelta(days=1), "worn"),
        ],
    )
    def test_by_age(self, today: dt.date, wear: str) -> None:
        assert care.wear(PADS.wear, 3, FIRST, today) == wear

    @pytest.mark.parametrize(
        ("first", "last_day"),
        [
            (dt.date(2025, 11, 30), dt.date(2026, 2, 28)),
            (dt.date(2026, 10, 31), dt.date(2027, 1, 31)),
            (dt.date(2026, 12, 1), dt.date(2027, 3, 1)),
        ],
    )
    def test_three_months_end_on_the_same_day_or_the_last_of_a_short_month(
        self, first: dt.date, last_day: dt.date
    ) -> None:
        assert care.wear(PADS.wear, 0, first, last_day) == "order"
        assert care.wear(PADS.wear, 0, first, last_day + dt.timedelta(days=1)) == "worn"


class TestLeaflets:
    def test_what_there_is(self) -> None:
        assert {id_: leaflet.kind for id_, leaflet in LEAFLETS.items()} == {
            "skin_before": "instruction",
            "skin_after": "instruction",
            "pads_on": "instruction",
            "pads_off": "instruction",
            "pad_wear": "instruction",
            "move_pad": "instruction",
            "posture": "instruction",
            "for_helper": "instruction",
            "by_touch": "instruction",
            "exercise": "instruction",
            "tighten_along": "instruction",
            "no_go": "warning",
        }

    @pytest.mark.parametrize("leaflet", LEAFLETS.values(), ids=LEAFLETS)
    @pytest.mark.parametrize("language", ["en", "de"])
    def test_it_fits_the_smallest_screen(self, leaflet: care.Leaflet, language: str) -> None:
        rows = [textwrap.wrap(line.text.in_language(language), 60) for line in leaflet.lines]
        assert all(len(wrapped) <= 2 for wrapped in rows)
        assert len(leaflet.title.in_language(language)) <= 40

    @pytest.mark.parametrize("zone", ZONES)
    def test_every_zone_of_the_reference_is_named(self, zone: str) -> None:
        assert zone in " ".join(line.text.en for line in LEAFLETS["no_go"].lines)

    def test_the_numbers_in_words_are_the_numbers_in_data(self) -> None:
        for language in ("en", "de"):
            words = " ".join(line.text.in_language(language) for line in LEAFLETS["pad_wear"].lines)
            for number in (30, 3, 25, 80):
                assert f"{number} " in words


@pytest.mark.parametrize(
    ("file", "old", "new", "parts"),
    [
        ("pads.toml", "width_cm = 4", "width_cm = 3", ["sizes[0]", "19.2 cm²", "25 cm²"]),
        ("pads.toml", "width_cm = 4", 'width_cm = "4"', ["sizes[0].width_cm", "'4'", "a number"]),
        ("pads.toml", "width_cm = 4\n", "", ["sizes[0].width_cm", "nothing", "a value"]),
        ("pads.toml", "width_cm = 4", "width = 4", ["sizes[0].width", "only keys"]),
        ("pads.toml", 'default = "5x9"', 'default = "5x8"', ["default", "'5x8'", "4x6.4, 5x9, 7.5x13"]),
        ("pads.toml", "min_area_cm2 = 25", "min_area_cm2 = 20", ["min_area_cm2", "20", "25"]),
        ("pads.toml", "min_cm = 3", "min_cm = 2", ["gap", "2 to 30", "3 to 30"]),
        ("pads.toml", "order_at_sessions = 25", "order_at_sessions = 30", ["wear.order_at_sessions", "30"]),
        ("pads.toml", "order_at_days = 80", "order_at_days = 90", ["wear.order_at_days", "90", "3 months"]),
        ("pads.toml", "people = 1", "people = 2", ["wear.people", "2", "never shared"]),
        ("pads.toml", 'source = "HAS; alert [D]"', 'source = ""', ["wear.source", "[D]"]),
        ("pads.toml", 'source = "sizes RS2', 'source = ""#', ["pads.toml, source", "[D]"]),
        ("pads.toml", "[wear]", "[wear", ["not TOML"]),
        ("care/no_go.toml", 'id = "no_go"', 'id = "nogo"', ["id", "'nogo'", "'no_go'"]),
        ("care/no_go.toml", 'kind = "warning"', 'kind = "alarm"', ["kind", "'alarm'", "'warning'"]),
        ("care/no_go.toml", 'title.de = "Wo', 'title.de = ""#', ["title.de", "''", "not empty"]),
        ("care/no_go.toml", 'text.de = "Nie auf Kopf', 'text.de = ""#', ["lines[0].text.de", "not empty"]),
        ("care/no_go.toml", 'source = "[D]"', 'source = " "', ["lines[4].source", "[D]"]),
        ("care/no_go.toml", 'source = "clinical 2, no-go"', 'source = ""', ["no_go.toml, source", "[D]"]),
        ("care/skin_after.toml", "Call {clinician}.", "Call us.", ["lines[2].text.en", "clinician"]),
        ("care/skin_after.toml", "Rufen Sie {clinician} an.", "Rufen Sie {doctor} an.", ["lines[2].text"]),
        (
            "care/no_go.toml",
            "[[lines]]",
            '[[lines]]\ntext.en = "x"\ntext.de = "x"\nsource = "[D]"\n\n[[lines]]',
            ["lines", "6 lines", "1 to 5"],
        ),
    ],
)  # fmt: skip
def test_a_broken_file_is_named_with_its_key(
    tmp_path: Path, file: str, old: str, new: str, parts: list[str]
) -> None:
    def load(root: Path) -> None:
        care.pads_in(root)
        care.leaflets_in(root / "care")

    assert_named(broken_copy(tmp_path, file, old, new), file, load, parts)


def test_gap_and_area_are_those_that_montages_are_checked_with() -> None:
    assert (PADS.gap.min_cm, PADS.gap.max_cm) == (montage.MIN_GAP_CM, montage.MAX_GAP_CM)
