"""English at school grade 6 or below (8 for warnings), German by the first Wiener Sachtextformel."""

from __future__ import annotations

import pytest

from programs import library
from programs.screening import Question
from programs.text import Text
from tests.readability import flesch_kincaid_grade, wiener_sachtextformel

QUESTIONNAIRE = library.load_questionnaire()
GLOSSARY = library.load_glossary()
HARDEST_QUESTION = 9
"""One question alone may be harder than its round; one sentence is a coarse measure."""


def asked(asks: str) -> list[Question]:
    return [
        QUESTIONNAIRE.questions[key]
        for group in QUESTIONNAIRE.groups
        if group.asks == asks
        for key in group.questions
    ]


def instructions() -> list[Text]:
    texts = [text for item in library.load_programmes().values() for text in (item.intensity, item.feels)]
    for item in library.load_montages().values():
        texts += [item.spacing, *(pad.where for pad in item.pads)]
        texts += [item.posture] if item.posture else []
    return texts


def glosses() -> list[Text]:
    return [term.gloss for term in GLOSSARY.values()]


@pytest.mark.parametrize("asks", ["baseline", "daily"])
def test_a_questionnaire_is_grade_6_or_easier(asks: str) -> None:
    """With every medical term counted as it is: no exemption is needed."""
    texts = [question.worded(asks) for question in asked(asks)]
    assert flesch_kincaid_grade(text.en for text in texts) <= 6
    assert wiener_sachtextformel(text.de for text in texts) <= 6


@pytest.mark.parametrize("asks", ["baseline", "daily"])
def test_no_question_stands_out_but_for_terms_that_are_explained_beneath_it(asks: str) -> None:
    hard = {}
    for question in asked(asks):
        text = question.worded(asks)
        english = {word for term in question.terms for word in GLOSSARY[term].words.en}
        german = {word for term in question.terms for word in GLOSSARY[term].words.de}
        found = (flesch_kincaid_grade([text.en], english), wiener_sachtextformel([text.de], german))
        if max(found) > HARDEST_QUESTION:
            hard[question.key] = tuple(round(grade, 1) for grade in found)
    assert hard == {}


@pytest.mark.parametrize("texts", [instructions(), glosses()], ids=["programmes and pads", "glosses"])
def test_instructions_are_grade_6_or_easier(texts: list[Text]) -> None:
    assert flesch_kincaid_grade(text.en for text in texts) <= 6
    assert wiener_sachtextformel(text.de for text in texts) <= 6
