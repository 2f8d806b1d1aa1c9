"""English at school grade 6 or below (8 for warnings), German by the first Wiener Sachtextformel."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from programs import advice, care, evidence, exercises, forms, library
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


def montages_and_programmes() -> list[Text]:
    texts = [text for item in library.load_programmes().values() for text in (item.intensity, item.feels)]
    for item in library.load_montages().values():
        texts += [item.spacing, *(pad.where for pad in item.pads)]
        texts += [item.posture] if item.posture else []
    return texts


def instructions() -> Iterator[tuple[str, list[Text]]]:
    """Every set of texts that tells somebody what to do, by name."""
    yield "montages and programmes", montages_and_programmes()
    yield "glosses", [term.gloss for term in GLOSSARY.values()]
    for leaflet in care.load_leaflets().values():
        if leaflet.kind == "instruction":
            yield leaflet.id, [line.text for line in leaflet.lines]
    for exercise in exercises.load_exercises().values():
        yield exercise.id, [*exercise.steps, *(leave_out.text for leave_out in exercise.not_if)]
    for form in forms.load_forms().values():
        texts = [form.intro, *(item.text for item in form.items)]
        yield form.id, [Text(text.en, text.de) for text in texts]
    for class_, item in advice.load_advice().items():
        if item.say:
            yield f"{class_.value} on the telephone", [line.text for line in item.say]
    courses = library.load_courses().values()
    yield "courses", [course.advice for course in courses]
    yield "evidence", [line.text for page in evidence.load_evidence().pages for line in page.lines]


def warnings() -> Iterator[tuple[str, list[Text]]]:
    """Every set of texts that warns, by name."""
    for leaflet in care.load_leaflets().values():
        if leaflet.kind == "warning":
            yield leaflet.id, [line.text for line in leaflet.lines]
    for class_, item in advice.load_advice().items():
        yield f"advice {class_.value}", [item.title, *(line.text for line in item.do)]
    for page in evidence.load_label().pages:
        yield page.title.en, [line.text for line in page.lines]
    cautions = [question.caution for question in QUESTIONNAIRE.questions.values() if question.caution]
    yield "cautions", cautions


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


@pytest.mark.parametrize("texts", [pytest.param(texts, id=name) for name, texts in instructions()])
def test_instructions_are_grade_6_or_easier(texts: list[Text]) -> None:
    assert flesch_kincaid_grade(text.en for text in texts) <= 6
    assert wiener_sachtextformel(text.de for text in texts) <= 6


@pytest.mark.parametrize("texts", [pytest.param(texts, id=name) for name, texts in warnings()])
def test_warnings_are_grade_8_or_easier_and_in_german_6(texts: list[Text]) -> None:
    assert flesch_kincaid_grade(text.en for text in texts) <= 8
    assert wiener_sachtextformel(text.de for text in texts) <= 6
