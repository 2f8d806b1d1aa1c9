"""Forms are data: two ship in own words, others come from a clinic's folder; scores mean what they should."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from programs import follow_up, forms
from programs.content_files import ContentError
from programs.forms import Form
from tests.programs.content_copies import SHIPPED, broken_copy

FORMS = forms.load_forms()
PEG, PGIC = FORMS["peg"], FORMS["pgic"]

INVENTED = """
id = "stairs"
name.de = "Treppen"
languages = ["de"]
source = "invented for a test"
scoring = "percent"
at_weeks = [0, 4, 8, 12]
may_be_left_out = 1
intro.de = "Heute:"

[licence]
words = "published"
holder = "Example Clinic"
terms = "written consent of 1 May 2026"

[thresholds]
points = 10
percent = 30
source = "invented"

[[item]]
key = "up"
kind = "choice"
text.de = "Treppen hinauf:"
choices = [{value = 0, text.de = "leicht"}, {value = 5, text.de = "gar nicht"}]

[[item]]
key = "down"
kind = "tick"
text.de = "Hinunter geht es nur mit Hilfe."

[[item]]
key = "far"
kind = "scale"
highest = 4
text.de = "Wie viele Stockwerke?"
lowest_text.de = "keines"
highest_text.de = "vier"

[[band]]
up_to = 20
name.de = "wenig"

[[band]]
up_to = 100
name.de = "viel"
"""


def plug_in(folder: Path, text: str = INVENTED, name: str = "stairs") -> Path:
    (folder / name).mkdir(parents=True)
    (folder / name / "form.toml").write_text(text, encoding="utf-8")
    return folder


class TestWhatShips:
    def test_only_forms_in_own_words(self) -> None:
        assert set(FORMS) == {"peg", "pgic"}
        for form in FORMS.values():
            assert form.licence.words == "own"
            assert "own words" in form.name.en
            assert "eigene Worte" in form.name.de

    def test_no_text_of_a_form_that_may_not_be_copied(self) -> None:
        """Each of these words is in no content file but as a name that is explained to be absent."""
        for file in (SHIPPED / "forms").rglob("*.toml"):
            assert not re.search(r"Oswestry|Roland|Keele|STarT", file.read_text(encoding="utf-8"))

    def test_peg_is_three_numbers_a_week(self) -> None:
        assert PEG.every_days == 7
        assert PEG.scoring == "mean"
        assert [(item.kind, item.highest) for item in PEG.items] == [("scale", 10)] * 3
        assert (PEG.thresholds.points, PEG.thresholds.percent) == (1, 30)

    def test_pgic_is_one_of_seven_every_four_weeks(self) -> None:
        assert PGIC.every_days == 28
        assert PGIC.items[0].values == (1, 2, 3, 4, 5, 6, 7)
        assert PGIC.thresholds.anchor_better == (1, 2)

    def test_they_are_due_as_often_as_they_say(self) -> None:
        assert {id_: form.every_days for id_, form in FORMS.items()} == follow_up.FORM_DAYS


class TestScores:
    def test_peg_is_the_mean(self) -> None:
        assert PEG.score({"pain": 5, "joy": 6, "daily_life": 4}) == 5
        assert PEG.score({"pain": 10, "joy": 10, "daily_life": 9}) == pytest.approx(29 / 3)

    def test_a_missing_answer_gives_no_score(self) -> None:
        assert PEG.score({"pain": 5, "joy": 6}) is None
        assert PEG.score({}) is None

    @pytest.mark.parametrize("answers", [{"pain": 11}, {"pain": -1}, {"sleep": 3}])
    def test_what_is_no_answer_is_refused(self, answers: dict[str, int]) -> None:
        with pytest.raises(ValueError, match="peg"):
            PEG.score(answers)

    @pytest.mark.parametrize(
        ("baseline", "now", "change"),
        [
            (6, 4.2, "better"),
            (6, 4.3, "no_clear_change"),
            (2, 1.3, "no_clear_change"),
            (2, 1, "better"),
            (6, 7.8, "worse"),
            (6, 7, "no_clear_change"),
            (0, 1, "worse"),
            (0, 0.9, "no_clear_change"),
            (5, 5, "no_clear_change"),
        ],
    )
    def test_a_difference_counts_from_one_point_and_30_percent_on(
        self, baseline: float, now: float, change: str
    ) -> None:
        assert PEG.change(baseline, now) == change

    @pytest.mark.parametrize(
        ("answer", "change"),
        [(1, "better"), (2, "better"), (3, "no_clear_change"), (4, "no_clear_change"),
         (5, "no_clear_change"), (6, "worse"), (7, "worse")],
    )  # fmt: skip
    def test_much_better_is_the_anchor(self, answer: int, change: str) -> None:
        score = PGIC.score({"change": answer})
        assert score == answer
        assert PGIC.change(4, score) == change


class TestPlugIns:
    def test_a_clinic_s_form_stands_beside_those_that_ship(self, tmp_path: Path) -> None:
        found = forms.load_forms(plug_in(tmp_path))
        assert set(found) == {"peg", "pgic", "stairs"}
        assert found["stairs"].at_weeks == (0, 4, 8, 12)
        assert found["stairs"].licence.holder == "Example Clinic"

    def test_one_language_is_enough_and_is_shown_in_both(self, tmp_path: Path) -> None:
        form = forms.load_forms(plug_in(tmp_path))["stairs"]
        assert form.name.in_language("de") == form.name.in_language("en") == "Treppen"

    def test_its_own_scoring(self, tmp_path: Path) -> None:
        form = forms.load_forms(plug_in(tmp_path))["stairs"]
        assert form.score({"up": 5, "down": 1, "far": 4}) == 100
        assert form.score({"up": 5, "far": 0}) == pytest.approx(100 * 5 / 9), "of what was answered"
        assert form.score({"up": 5}) is None
        assert [form.band(score).name.de for score in (0, 20, 21)] == ["wenig", "wenig", "viel"]
        assert form.change(50, 30) == "better"
        assert form.change(20, 11) == "no_clear_change"

    def test_a_tick_list_is_a_sum(self, tmp_path: Path) -> None:
        text = INVENTED.replace('"percent"', '"sum"').replace("may_be_left_out = 1", "")
        form = forms.load_forms(plug_in(tmp_path, text))["stairs"]
        assert form.score({"up": 0, "down": 1, "far": 2}) == 3
        assert form.score({"up": 0, "down": 1}) is None

    def test_no_folder_is_said(self, tmp_path: Path) -> None:
        with pytest.raises(ContentError, match="no such folder"):
            forms.load_forms(tmp_path / "nowhere")

    def test_it_never_replaces_a_form_that_ships(self, tmp_path: Path) -> None:
        text = INVENTED.replace('"stairs"', '"peg"')
        with pytest.raises(ContentError, match=r"^peg/form\.toml, id: .*which ships"):
            forms.load_forms(plug_in(tmp_path, text, "peg"))

    def test_an_empty_folder_and_hidden_ones_add_nothing(self, tmp_path: Path) -> None:
        (tmp_path / ".git").mkdir()
        (tmp_path / "README.md").write_text("x")
        assert set(forms.load_forms(tmp_path)) == set(FORMS)

    @pytest.mark.parametrize(
        ("old", "new", "parts"),
        [
            ('id = "stairs"', 'id = "steps"', ["id", "'steps'", "'stairs'"]),
            ('scoring = "percent"', 'scoring = "median"', ["scoring", "'median'", "'mean'"]),
            ('languages = ["de"]', 'languages = ["de", "en"]', ["name.en", "nothing"]),
            ('languages = ["de"]', "languages = []", ["languages", "[]"]),
            ('languages = ["de"]', 'languages = ["fr"]', ["languages[0]", "'fr'", "'de'"]),
            ('intro.de = "Heute:"', 'intro.de = "Heute {name}:"', ["intro.de", "without braces"]),
            ('source = "invented for', 'source = ""#', ["source", "[D]"]),
            ('source = "invented"', 'source = ""', ["thresholds.source", "[D]"]),
            ('holder = "Example Clinic"', 'holder = ""', ["licence.holder", "whose words"]),
            ('terms = "written', 'terms = ""#', ["licence.terms", "why they may be used"]),
            ('words = "published"', 'words = "stolen"', ["licence.words", "'stolen'", "'own'"]),
            ("at_weeks = [0, 4, 8, 12]", "", ["every_days", "None and []", "at_weeks"]),
            ("at_weeks = [0, 4", "every_days = 7\nat_weeks = [0, 4", ["every_days", "7 and"]),
            ("at_weeks = [0, 4, 8, 12]", "every_days = 0", ["every_days", "0"]),
            ("at_weeks = [0, 4", "at_weeks = [4, 0", ["at_weeks", "in their order"]),
            ("may_be_left_out = 1", "may_be_left_out = 3", ["may_be_left_out", "3", "fewer"]),
            ('"percent"', '"sum"', ["may_be_left_out", "0 for a sum"]),
            ('key = "down"', 'key = "up"', ["item[1].key", "'up'"]),
            ("value = 5", "value = 0", ["item[0].choices", "[0, 0]"]),
            ("value = 5", "value = 101", ["item[0].choices", "0 to 100"]),
            ("value = 5", 'value = "5"', ["item[0].choices[1].value", "'5'", "a whole number"]),
            ('kind = "tick"', 'kind = "choice"', ["item[1].choices", "two or more"]),
            ('kind = "tick"', 'kind = "scale"', ["item[1].lowest_text", "both ends"]),
            ("highest = 4", "highest = 0", ["item[2].highest", "0", "1 to 100"]),
            ("highest = 4", "higest = 4", ["item[2].higest", "only keys"]),
            ("points = 10", "points = 0", ["thresholds.points", "0"]),
            ("points = 10\npercent = 30", "anchor_better = [1]", ["thresholds", "points or percent"]),
            ("points = 10", "points = 10\nanchor_worse = [1]", ["thresholds", "both anchors"]),
            ('scoring = "percent"', 'scoring = "rating"', ["scoring", "3 items", "one item"]),
            ("up_to = 20", "up_to = 200", ["band", "[200.0, 100.0]", "order"]),
            ("[licence]", "[licence", ["not TOML"]),
        ],
    )
    def test_a_broken_form_is_named_with_its_key(
        self, tmp_path: Path, old: str, new: str, parts: list[str]
    ) -> None:
        assert old in INVENTED
        with pytest.raises(ContentError) as caught:
            forms.load_forms(plug_in(tmp_path, INVENTED.replace(old, new, 1)))
        assert caught.value.sentence.startswith("stairs/form.toml")
        for part in [*parts, "expected"]:
            assert part in caught.value.sentence, caught.value.sentence

    def test_a_folder_without_its_file_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "stairs").mkdir()
        with pytest.raises(ContentError, match=r"^stairs/form\.toml: found a file that cannot be read"):
            forms.load_forms(tmp_path)


def test_an_anchor_that_is_no_answer_is_named(tmp_path: Path) -> None:
    for old, new in (("anchor_better = [1, 2]", "anchor_better = [0, 2]"), ("[6, 7]", "[2, 7]")):
        root = broken_copy(tmp_path / new, "forms/pgic/form.toml", old, new)
        with pytest.raises(ContentError, match=r"^pgic/form\.toml, thresholds\.anchor_better"):
            forms.forms_in(root / "forms")


def test_the_format_in_the_document_is_a_form(tmp_path: Path) -> None:
    """docs/forms.md shows a whole file; it loads as it stands there."""
    document = (Path(__file__).parents[2] / "docs" / "forms.md").read_text(encoding="utf-8")
    shown = re.search(r"```toml\n(.*?)```", document, re.DOTALL)
    assert shown is not None
    form: Form = forms.load_forms(plug_in(tmp_path, shown[1], "garden"))["garden"]
    assert form.score({"dig": 3, "kneel": 1}) == 4
