"""What is said of benefit and of the device is what the sources say, no more."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from pathlib import Path

import pytest

from drivers import limits
from programs import care, evidence
from programs.evidence import Page
from tests.programs.content_copies import assert_named, broken_copy

EVIDENCE = evidence.load_evidence()
LABEL = evidence.load_label()
PAGES = [*EVIDENCE.pages, *LABEL.pages]


def words(pages: tuple[Page, ...], language: str) -> str:
    return " ".join(line.text.in_language(language) for page in pages for line in page.lines)


class TestEvidence:
    def test_every_row_of_the_reference_is_there(self) -> None:
        assert Counter(finding.about for finding in EVIDENCE.finding) == {
            "guideline": 5,
            "review": 4,
            "trial": 5,
        }

    def test_no_guideline_is_for_it(self) -> None:
        stands = {finding.for_current for finding in EVIDENCE.finding if finding.about == "guideline"}
        assert stands == {"against"}

    def test_the_first_thing_said_is_that_experts_advise_against_it(self) -> None:
        first = EVIDENCE.pages[0].lines[0].text
        assert "advise against TENS" in first.en
        assert re.search(r"raten von TENS .* ab", first.de)

    def test_the_sentence_on_benefit_stands_on_the_last_page_as_it_is(self) -> None:
        summary = EVIDENCE.summary.text
        assert summary.en == (
            "May ease pain while it is on. It is an add-on. Moving and exercise matter more."
        )
        assert EVIDENCE.pages[-1].lines[0].text == summary

    @pytest.mark.parametrize("number", ["585", "700", "240", "64", "30"])
    def test_numbers_of_the_pages_are_those_of_the_findings(self, number: str) -> None:
        findings = " ".join(finding.says.en for finding in EVIDENCE.finding)
        for language in ("en", "de"):
            assert re.search(rf"\b{number}\b", words(EVIDENCE.pages, language))
        assert re.search(rf"\b{number}\b", findings)


class TestLabel:
    def test_the_maximum_output_is_what_the_guard_holds(self) -> None:
        output = LABEL.maximum_output
        assert output.nmes_current_mA == limits.PEAK_HALF_MA["nmes"] / 2
        assert output.tens_current_mA == limits.PEAK_HALF_MA["tens"] / 2
        assert output.charge_uC == limits.CHARGE_PER_PHASE_NC / 1000
        assert output.voltage_V == 30

    @pytest.mark.parametrize("language", ["en", "de"])
    def test_its_words_carry_its_numbers(self, language: str) -> None:
        text = words(LABEL.pages, language)
        output, wear = LABEL.maximum_output, care.load_pads().wear
        for number in (output.nmes_current_mA, output.tens_current_mA, output.voltage_V, output.load_ohm):
            assert re.search(rf"\b{number:g} (mA|V|[Oo]hm)", text)
        assert f"{output.charge_uC:g} µC" in text
        assert f"{wear.sessions} " in text

    @pytest.mark.parametrize(
        ("english", "german"),
        [
            ("not an approved medical device", "kein zugelassenes Medizinprodukt"),
            ("does not allow medical use on people", "keinen medizinischen Einsatz am Menschen"),
            ("ethics board", "Ethik-Kommission"),
            ("named clinician does not change", "Arzt mit Namen ändert das nicht"),
            ("back pain is not one of the uses", "Für Rückenschmerz ist es nicht gemacht"),
            ("one person", "einen Menschen"),
            ("Nobody checks your answers", "Niemand prüft Ihre Antworten"),
            ("half off", "halb ab"),
            ("pacemaker or an implant", "Schrittmacher oder Implantat"),
            ("pregnant", "Schwangerschaft"),
            ("asleep", "Schlaf"),
            ("drive", "Fahren"),
            ("water", "Wasser"),
            ("shortwave", "Kurzwelle"),
            ("children and pets", "Kindern und Tieren"),
            ("How many years", "Wie viele Jahre"),
            ("Tell {clinician}", "Sagen Sie es {clinician}"),
            ("not an emergency service", "kein Notdienst"),
        ],
    )
    def test_everything_that_the_rules_want_on_it_is_said(self, english: str, german: str) -> None:
        assert english in words(LABEL.pages, "en")
        assert german in words(LABEL.pages, "de")


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("page", PAGES, ids=[page.title.en for page in PAGES])
def test_a_page_fits_the_smallest_screen(page: Page, language: str) -> None:
    rows = [textwrap.wrap(line.text.in_language(language), 60) for line in page.lines]
    assert sum(map(len, rows)) <= 10
    assert len(page.title.in_language(language)) <= 40


@pytest.mark.parametrize(
    ("file", "old", "new", "parts"),
    [
        ("evidence.toml", 'about = "guideline"', 'about = "rumour"', ["finding[0].about", "'rumour'"]),
        ("evidence.toml", 'for_current = "against"', 'for_current = "for"', ["for_current", "'for'"]),
        ("evidence.toml", 'source = "GLC"\n', 'source = ""\n', ["page[0].lines[2].source", "[D]"]),
        ("evidence.toml", 'source = "IPH, NEU; EMS [M]"', 'source = ""', ["finding[0].source", "[D]"]),
        ("evidence.toml", 'source = "clinical 3.2"', 'source = ""', ["evidence.toml, source", "[D]"]),
        ("evidence.toml", 'title.de = "Was Fachleute', 'title.de = ""#', ["page[0].title.de", "not empty"]),
        ("evidence.toml", "[summary]", "[sumary]", ["sumary", "only keys"]),
        ("evidence.toml", "mit {clinician}", "mit {doctor}", ["page[3].lines[2].text", "clinician"]),
        ("label.toml", "voltage_V = 30", "voltage_V = 60", ["maximum_output.voltage_V", "60", "30"]),
        ("label.toml", "load_ohm = 500", 'load_ohm = "500"', ["maximum_output.load_ohm", "'500'"]),
        ("label.toml", 'constants [D]"', '"\nsource2 = ""', ["maximum_output.source2", "only keys"]),
        ("label.toml", "charge_uC = 21\n", "", ["maximum_output.charge_uC", "nothing"]),
        ("label.toml", "[[page.lines]]", "[[page.line]]", ["page[0]"]),
    ],
)  # fmt: skip
def test_a_broken_file_is_named_with_its_key(
    tmp_path: Path, file: str, old: str, new: str, parts: list[str]
) -> None:
    load = evidence.evidence_in if file == "evidence.toml" else evidence.label_in
    assert_named(broken_copy(tmp_path, file, old, new), file, load, parts)
