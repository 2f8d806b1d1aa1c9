"""The measures of reading are checked themselves, against values that are known."""

from __future__ import annotations

import pytest

from tests.readability import (
    english_syllables,
    flesch_kincaid_grade,
    german_syllables,
    grade_of_counts,
    sentences,
    wiener_sachtextformel,
)


def test_the_english_formula_gives_the_published_grade_of_the_platypus() -> None:
    """The example that goes with the formula: 13 words, 24 syllables, grade 11.3."""
    assert grade_of_counts(1, 13, 24) == pytest.approx(11.26, abs=0.01)
    platypus = "The Australian platypus is seemingly a hybrid of a mammal and reptilian creature."
    assert flesch_kincaid_grade([platypus]) >= 11.2, "never easier than counted by hand"


def test_the_english_formula_by_hand() -> None:
    assert flesch_kincaid_grade(["The cat sat on the mat."]) == pytest.approx(0.39 * 6 + 11.8 - 15.59)


def test_the_german_formula_gives_the_published_grade_of_the_ducklings() -> None:
    """The nursery rhyme that readability libraries are checked with: 3.8."""
    rhyme = "Alle meine Entlein schwimmen auf dem See, Köpfchen unters Wasser, Schwänzchen in die Höh."
    assert wiener_sachtextformel([rhyme]) == pytest.approx(3.77, abs=0.01)


def test_the_german_formula_by_hand() -> None:
    """Four words in one sentence: one of three syllables and more, one of one, two of over six letters."""
    found = wiener_sachtextformel(["Unser Nachbar macht Bananenbrot."])
    assert found == pytest.approx(0.1935 * 25 + 0.1672 * 4 + 0.1297 * 50 - 0.0327 * 25 - 0.875)


def test_the_formulas_know_easy_from_hard() -> None:
    hard = "Contraindications necessitate interdisciplinary reconsideration."
    assert flesch_kincaid_grade(["The cat sat on the mat."]) < 2 < 12 < flesch_kincaid_grade([hard])
    schwer = "Kontraindikationen erfordern interdisziplinäre Abwägungen."
    leicht = "Die Katze sitzt auf dem Tisch."
    assert wiener_sachtextformel([leicht]) < 3 < 12 < wiener_sachtextformel([schwer])


def test_a_glossed_term_does_not_count_as_a_hard_word() -> None:
    text = "Do you have osteoporosis?"
    assert flesch_kincaid_grade([text], ["Osteoporosis"]) < flesch_kincaid_grade([text]) - 10
    frage = "Haben Sie Osteoporose?"
    assert wiener_sachtextformel([frage], ["osteoporose"]) < wiener_sachtextformel([frage]) - 5


@pytest.mark.parametrize(
    ("text", "count"),
    [("One. Two? Three!", 3), ("Since then: Are you ill?", 2), ("Red: pad 1.", 1), ("Lie down", 1), ("…", 0)],
)
def test_sentences(text: str, count: int) -> None:
    assert len(sentences(text)) == count


@pytest.mark.parametrize(
    ("word", "count"),
    [("little", 2), ("muscles", 2), ("changed", 1), ("swollen", 2), ("area", 3), ("quiet", 2), ("being", 2),
     ("operation", 4), ("prescription", 3), ("defibrillator", 5), ("epilepsy", 4), ("used", 1), ("open", 2),
     ("body", 2), ("creature", 2)],
)  # fmt: skip
def test_english_syllables(word: str, count: int) -> None:
    assert english_syllables(word) == count


@pytest.mark.parametrize(
    ("word", "count"),
    [("Rücken", 2), ("Knie", 1), ("Operation", 5), ("Schmerz", 1), ("Bauchschlagader", 4), ("bauen", 2),
     ("über", 2), ("Bandscheibe", 3)],
)  # fmt: skip
def test_german_syllables(word: str, count: int) -> None:
    assert german_syllables(word) == count
