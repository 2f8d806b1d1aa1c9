"""Every class of answer has something to do, and, where somebody is called, words to say on the telephone."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from programs import advice
from programs.content_files import ContentError
from programs.screening import Class
from tests.programs.content_copies import assert_named, broken_copy

ADVICE = advice.load_advice()


def test_every_class_has_its_own() -> None:
    assert set(ADVICE) == set(Class)


@pytest.mark.parametrize("class_", list(Class))
def test_there_are_words_for_the_telephone_where_somebody_is_called(class_: Class) -> None:
    assert bool(ADVICE[class_].say) == (class_ in (Class.E, Class.U, Class.X, Class.C))


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("class_", list(Class))
def test_it_fits_the_smallest_screen(class_: Class, language: str) -> None:
    for lines in (ADVICE[class_].do, ADVICE[class_].say):
        for line in lines:
            assert len(textwrap.wrap(line.text.in_language(language), 60)) <= 2


def test_an_emergency_says_not_to_use_it_whom_to_call_and_not_to_drive() -> None:
    said = [(line.text.en, line.text.de) for line in ADVICE[Class.E].do[:3]]
    assert ("Do not use the device.", "Benutzen Sie das Gerät nicht.") in said
    assert any("{emergency} now" in en and "jetzt {emergency}" in de for en, de in said)
    driving = ("Do not drive yourself.", "Fahren Sie nicht selbst.")
    assert any(en.startswith(driving[0]) and de.startswith(driving[1]) for en, de in said)


@pytest.mark.parametrize("class_", [Class.E, Class.U, Class.X, Class.C])
def test_what_locks_says_who_opens_it(class_: Class) -> None:
    assert any("stays locked until {clinician} opens it" in line.text.en for line in ADVICE[class_].do)


@pytest.mark.parametrize("class_", [Class.E, Class.U, Class.X, Class.C])
def test_on_the_telephone_the_question_is_read_out(class_: Class) -> None:
    """The person need not find words for a symptom: the question on the screen has them."""
    assert any(line.text.en.startswith("Read out the question") for line in ADVICE[class_].say)
    assert any(line.text.de.startswith("Lesen Sie die Frage vor") for line in ADVICE[class_].say)


def test_a_class_without_advice_is_named(tmp_path: Path) -> None:
    root = broken_copy(tmp_path, "advice/N.toml", "title", "title")
    (root / "advice" / "N.toml").unlink()
    with pytest.raises(ContentError, match="no file for N, expected one for every class"):
        advice.advice_in(root / "advice")


@pytest.mark.parametrize(
    ("file", "old", "new", "parts"),
    [
        ("advice/E.toml", 'id = "E"', 'id = "e"', ["id", "'e'", "'E'"]),
        ("advice/E.toml", "{emergency}", "{number}", ["do[", "placeholders emergency, number"]),
        ("advice/E.toml", "[[say]]", "[[tell]]", ["tell", "only keys"]),
        ("advice/P.toml", "say = []", 'say = ["x"]', ["say[0]", "'x'", "a table of its own"]),
        ("advice/P.toml", "say = []\n", '\n[[say]]\ntext.en = "x"\ntext.de = "x"\nsource = "[D]"\n',
         ["say", "1 lines", "nobody is called"]),
        ("advice/U.toml", 'source = "NHS, GLO"', 'source = ""', ["say[2].source", "[D]"]),
        ("advice/X.toml", 'title.en = "Not with this answer"', 'title.en = ""', ["title.en", "not empty"]),
    ],
)  # fmt: skip
def test_a_broken_file_is_named_with_its_key(
    tmp_path: Path, file: str, old: str, new: str, parts: list[str]
) -> None:
    root = broken_copy(tmp_path, file, old, new)
    assert_named(root, file, lambda root: advice.advice_in(root / "advice"), parts)


def test_a_call_without_words_for_it_is_named(tmp_path: Path) -> None:
    root = broken_copy(tmp_path, "advice/X.toml", "title", "title")
    file = root / "advice" / "X.toml"
    rest, _, _ = file.read_text(encoding="utf-8").partition("\n[[say]]")
    file.write_text("say = []\n" + rest, encoding="utf-8")
    assert_named(root, "X.toml", lambda root: advice.advice_in(root / "advice"), ["say", "0 lines"])


def test_a_file_for_no_class_is_named(tmp_path: Path) -> None:
    root = broken_copy(tmp_path, "advice/N.toml", 'id = "N"', 'id = "M"')
    (root / "advice" / "N.toml").rename(root / "advice" / "M.toml")
    assert_named(root, "M.toml", lambda root: advice.advice_in(root / "advice"), ["id", "'M'", "one of E"])
