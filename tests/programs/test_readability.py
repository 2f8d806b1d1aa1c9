"""English at school grade 6 or below (8 for warnings), German by the first Wiener Sachtextformel."""

from __future__ import annotations

import pytest

from programs import library
from programs.text import Text
from tests.programs.readability import english_syllables, flesch_kincaid_grade, wiener_sachtextformel

QUESTIONNAIRE = library.load_questionnaire()


def questions(asks: str) -> list[Text]:
    return [
        QUESTIONNAIRE.questions[key].worded(asks)
        for group in QUESTIONNAIRE.groups
        if group.asks == asks
        for key in group.questions
    ]


def instructions() -> list[Text]:
    texts = [text for item in library.load_programmes().values() for text in (item.intensity, item.feels)]
    for item in library.load_montages().values():
        texts += [item.spacing, *(pad.where for pad in item.pads)]
        texts += [item.posture] if item.posture else []
    glosses = [question.gloss for question in QUESTIONNAIRE.questions.values() if question.gloss]
    return texts + glosses


@pytest.mark.parametrize("asks", ["baseline", "daily"])
def test_a_questionnaire_is_grade_6_or_easier(asks: str) -> None:
    assert flesch_kincaid_grade(text.en for text in questions(asks)) <= 6
    assert wiener_sachtextformel(text.de for text in questions(asks)) <= 6


def test_instructions_are_grade_6_or_easier() -> None:
    assert flesch_kincaid_grade(text.en for text in instructions()) <= 6
    assert wiener_sachtextformel(text.de for text in instructions()) <= 6


def test_the_formulas_know_easy_from_hard() -> None:
    easy, hard = "The cat sat on the mat.", "Contraindications necessitate interdisciplinary reconsideration."
    assert flesch_kincaid_grade([easy]) < 2 < 12 < flesch_kincaid_grade([hard])
    leicht, schwer = (
        "Die Katze sitzt auf dem Tisch.",
        "Kontraindikationen erfordern interdisziplinäre Abwägungen.",
    )
    assert wiener_sachtextformel([leicht]) < 3 < 12 < wiener_sachtextformel([schwer])


@pytest.mark.parametrize(
    ("word", "count"),
    [("little", 2), ("muscles", 2), ("changed", 1), ("swollen", 2), ("area", 3), ("quiet", 2), ("being", 2),
     ("operation", 4), ("prescription", 3), ("defibrillator", 5), ("epilepsy", 4), ("used", 1)],
)  # fmt: skip
def test_syllables(word: str, count: int) -> None:
    assert english_syllables(word) == count
