"""Loads what a clinician signed: questionnaires, montages, programmes, plans.

Decoded once, checked against the rules and against each other. A broken file raises ContentError, whose
sentence names the file, the key, what was found and what was expected.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources.abc import Traversable
from types import MappingProxyType

import msgspec

from programs import course, montage, program
from programs.content_files import ContentError, by_id, checked, decoded, root, unsourced
from programs.course import Course
from programs.montage import Montage
from programs.program import Programme
from programs.screening import Class, Group, Question, Questionnaire
from programs.text import Text

MAX_QUESTIONS_ON_A_SCREEN = 4
MAY_SHARE_A_SCREEN = (
    frozenset({Class.E}),
    frozenset({Class.P}),
    frozenset({Class.U, Class.X, Class.C, Class.N}),
)
"""An emergency stands with emergencies only, "not today" with its like; what locks may share a theme."""


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A term's spellings in each language."""

    en: tuple[str, ...]
    de: tuple[str, ...]


class Term(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A medical term and what it is in everyday words."""

    id: str
    words: Words
    gloss: Text
    source: str


class _GlossaryFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    term: tuple[Term, ...]


class _QuestionnaireFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    question: tuple[Question, ...]
    group: tuple[Group, ...]


@cache
def load_questionnaire() -> Questionnaire:
    """Every question and group, baseline first. Raises ContentError."""
    return questionnaire_in(root() / "questionnaires", load_glossary())


@cache
def load_glossary() -> Mapping[str, Term]:
    """All glossed terms by id. Raises ContentError."""
    return glossary_in(root())


@cache
def load_montages() -> Mapping[str, Montage]:
    """All montages by id. Raises ContentError."""
    return montages_in(root() / "montages")


@cache
def load_programmes() -> Mapping[str, Programme]:
    """All programmes by id. Raises ContentError."""
    return programmes_in(root() / "programs")


@cache
def load_courses() -> Mapping[str, Course]:
    """All courses by id: what a prescription's `plan` may name. Raises ContentError."""
    return courses_in(root() / "plans", load_programmes())


def load_montage(montage_id: str) -> Montage:
    """The montage with this id. Raises KeyError where there is none, ContentError for a broken file."""
    return load_montages()[montage_id]


def load_programme(programme_id: str) -> Programme:
    """The programme with this id. Raises KeyError where there is none, ContentError for a broken file."""
    return load_programmes()[programme_id]


@cache
def questionnaire_digest() -> str:
    """SHA-256 of questions, montages, programmes and the plans' doses: another one means asking all again.

    Safety rule 24: changed questions *or doses* → re-screening. Goes into `screening.due`.
    """
    doses = {id_: course.doses for id_, course in load_courses().items()}
    clinical = (load_questionnaire(), dict(load_montages()), dict(load_programmes()), doses)
    return hashlib.sha256(msgspec.json.encode(clinical, order="deterministic")).hexdigest()


# ── the same from any folder, so that a clinic's files and broken ones can be tried ──


def glossary_in(folder: Traversable) -> Mapping[str, Term]:
    """The terms of glossary.toml in `folder`, checked. Raises ContentError."""
    file = folder / "glossary.toml"
    terms: dict[str, Term] = {}
    for index, term in enumerate(decoded(file, _GlossaryFile).term):
        if term.id in terms:
            raise ContentError(file.name, f"term[{index}].id", f"{term.id!r} a second time", "each id once")
        at = f"term[{index}]"
        for problem in unsourced(term.source, f"{at}.source"):
            raise ContentError(file.name, *problem)
        terms[term.id] = term
    return MappingProxyType(terms)


def questionnaire_in(folder: Traversable, glossary: Mapping[str, Term]) -> Questionnaire:
    """The questionnaire in `folder` (baseline.toml, daily.toml), checked, its terms glossed.

    Raises ContentError.
    """
    files = {name: decoded(folder / name, _QuestionnaireFile) for name in ("baseline.toml", "daily.toml")}
    questions: dict[str, Question] = {}
    for name, file in files.items():
        for index, question in enumerate(file.question):
            _check_question(question, name, f"question[{index}]", questions, glossary)
            questions[question.key] = _glossed(question, glossary)
    groups = tuple(group for file in files.values() for group in file.group)
    for name, file in files.items():
        for index, group in enumerate(file.group):
            _check_group(group, questions, name, f"group[{index}]")
    _check_every_question_is_asked(questions, groups)
    return Questionnaire(questions, groups)


def montages_in(folder: Traversable) -> Mapping[str, Montage]:
    """The montages in `folder`, one a file, checked. Raises ContentError."""
    return checked(by_id(folder, Montage), montage.problems)


def programmes_in(folder: Traversable) -> Mapping[str, Programme]:
    """The programmes in `folder`, one a file, checked. Raises ContentError."""
    return checked(by_id(folder, Programme), program.problems)


def courses_in(folder: Traversable, programmes: Mapping[str, Programme]) -> Mapping[str, Course]:
    """The courses in `folder`, one a file, checked. Raises ContentError."""
    courses = by_id(folder, Course)
    for file, item in courses.items():
        for problem in course.problems(item, programmes):
            raise ContentError(f"{file}.toml", *problem)
    return courses


def prescription_example() -> str:
    """The text of a complete prescription, to be copied and changed."""
    return (root() / "prescription-example.toml").read_text(encoding="utf-8")


def _glossed(question: Question, glossary: Mapping[str, Term]) -> Question:
    """The question with everyday words for its terms."""
    if not question.terms:
        return question
    glosses = [glossary[id_].gloss for id_ in question.terms]
    gloss = Text(" ".join(text.en for text in glosses), " ".join(text.de for text in glosses))
    return msgspec.structs.replace(question, gloss=gloss)


def _check_question(
    question: Question,
    file: str,
    at: str,
    before: Mapping[str, Question],
    glossary: Mapping[str, Term],
) -> None:
    def fail(key: str, found: str, expected: str) -> ContentError:
        return ContentError(file, f"{at}.{key}", f"{found} in {question.key}", expected)

    if question.key in before:
        raise ContentError(file, f"{at}.key", f"{question.key!r} a second time", "each key once")
    for problem in unsourced(question.source, "source"):
        raise fail(*problem)
    if question.gloss is not None:
        raise fail("gloss", "a gloss of its own", "terms of glossary.toml")
    for term in question.terms:
        if term not in glossary:
            raise fail("terms", repr(term), "an id of glossary.toml")
    if not question.asks or len(set(question.asks)) != len(question.asks):
        raise fail("asks", repr(question.asks), '"baseline", "daily" or both')
    if question.worse != "yes":
        raise fail("worse", repr(question.worse), '"yes": every question is worded so that No is safe')
    if set(question.asks) != {"baseline", "daily"} and question.daily_text is not None:
        raise fail("daily_text", "a second wording", "one only where baseline and visit ask")
    if set(question.asks) == {"baseline", "daily"} and question.daily_text is None:
        raise fail("daily_text", "nothing", "a wording for the visit")
    if question.mendable and question.class_ is not Class.P:
        raise fail("mendable", f"class {question.class_.value}", "only class P can be put right at once")
    if (question.caution is not None) != (question.class_ is Class.N):
        raise fail("caution", f"class {question.class_.value}", "a caution for class N, and only there")
    if question.clearable_by is not None and question.class_ not in (Class.X, Class.C):
        raise fail(
            "clearable_by", f"class {question.class_.value}", "only X and C, which a clinician may clear"
        )


def _check_group(group: Group, questions: Mapping[str, Question], file: str, at: str) -> None:
    if not 1 <= len(group.questions) <= MAX_QUESTIONS_ON_A_SCREEN:
        raise ContentError(file, f"{at}.questions", f"{len(group.questions)} questions", "one to four")
    for key in group.questions:
        if key not in questions:
            raise ContentError(file, f"{at}.questions", repr(key), "the key of a question")
        if group.asks not in questions[key].asks:
            expected = f"{group.asks} questions"
            raise ContentError(file, f"{at}.questions", f"{key!r}, which is not asked then", expected)
    classes = {questions[key].class_ for key in group.questions}
    if not any(classes <= allowed for allowed in MAY_SHARE_A_SCREEN):
        found = "classes " + ", ".join(sorted(class_.value for class_ in classes))
        raise ContentError(file, f"{at}.questions", found, "E alone, P alone, or U, X, C and N")
    if group.asks == "baseline" and Class.E in classes and len(group.questions) > 1:
        raise ContentError(
            file, f"{at}.questions", "several emergencies on one screen", "one in the baseline"
        )


def _check_every_question_is_asked(questions: Mapping[str, Question], groups: tuple[Group, ...]) -> None:
    """Each question stands in exactly one group for each round that asks it, and `group` names the first."""
    if len({group.id for group in groups}) != len(groups):
        raise ContentError("questionnaires", "group", "an id twice", "each group's id once")
    for question in questions.values():
        for asks in question.asks:
            shown = [
                group.id
                for group in groups
                if group.asks == asks
                for key in group.questions
                if key == question.key
            ]
            if len(shown) != 1:
                raise ContentError("questionnaires", question.key, f"{asks} groups {shown}", "exactly one")
            if asks == question.asks[0] and shown[0] != question.group:
                raise ContentError(
                    "questionnaires", question.key, f"group {question.group!r}", repr(shown[0])
                )
