"""English at school grade 6 or below (8 for warnings), German by the first Wiener Sachtextformel."""

from __future__ import annotations

import pytest

from programs import library
from programs.text import Text
from tests.readability import flesch_kincaid_grade, wiener_sachtextformel

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
