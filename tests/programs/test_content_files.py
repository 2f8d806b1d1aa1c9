"""Content is read strictly: a broken file is named, with its key, what was found and what was expected."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from programs import content_files, library
from programs.content_files import ContentError
from programs.text import Text
from tests.programs.content_copies import SHIPPED, assert_named, broken_copy

BASELINE, DAILY = "questionnaires/baseline.toml", "questionnaires/daily.toml"


@pytest.mark.parametrize(
    ("file", "old", "new", "parts"),
    [
        (BASELINE, 'class = "E"', 'class = "Z"', ["question[0].class", "'Z'", "'E', 'U', 'X'"]),
        (BASELINE, 'worse = "yes"', 'worse = "no"', ["question[0].worse", "No is safe"]),
        (BASELINE, 'worse = "yes"', "worse = true", ["question[0].worse", "True", "'yes'"]),
        (BASELINE, 'key = "rf_saddle"', 'keys = "rf_saddle"', ["question[0].keys", "only keys"]),
        (BASELINE, 'key = "rf_saddle"\n', "", ["question[0].key", "nothing", "a value"]),
        (BASELINE, 'key = "rf_weight"', 'key = "rf_fever"', ["'rf_fever' a second time"]),
        (BASELINE, 'source = "CES, NHS"', 'source = " "', ["question[0].source", "[D]"]),
        (BASELINE, 'asks = ["baseline", "daily"]', "asks = []", ["question[0].asks"]),
        (BASELINE, 'asks = ["baseline", "daily"]', 'asks = ["baseline"]', ["daily_text"]),
        (BASELINE, 'asks = ["baseline"]', 'asks = ["baseline", "daily"]', ["daily_text", "a wording"]),
        (
            BASELINE,
            'questions = ["rf_fever", "rf_weight"]',
            'questions = ["rf_fever"]',
            ["rf_weight", "exactly one"],
        ),
        (
            BASELINE,
            '"rf_night", "rf_shape"',
            '"rf_night", "rf_nigth"',
            ["'rf_nigth'", "the key of a question"],
        ),
        (BASELINE, '"rf_night", "rf_shape"', '"d_ill", "rf_shape"', ["'d_ill'", "baseline questions"]),
        (BASELINE, '"rf_night", "rf_shape"', '"rf_night", "rf_night"', ["rf_night", "exactly one"]),
        (BASELINE, '"n_metal"]', '"n_metal", "rf_chest", "rf_gait"]', ["5 questions", "one to four"]),
        (BASELINE, '"n_metal"]', '"n_metal", "rf_chest"]', ["classes", "E alone"]),
        (
            BASELINE,
            'questions = ["rf_saddle"]',
            'questions = ["rf_saddle", "rf_gait"]',
            ["several emergencies"],
        ),
        (BASELINE, 'group = "numb"', 'group = "pee"', ["rf_saddle", "'numb'"]),
        (BASELINE, 'id = "pee"', 'id = "numb"', ["each group's id once"]),
        (BASELINE, "caution.en = ", "# ", ["caution.en", "nothing", "a value"]),
        (BASELINE, 'class = "N"', 'class = "C"', ["n_metal", "caution", "only there"]),
        (BASELINE, 'clearable_by = "c_heart"', "mendable = true", ["mendable", "only class P"]),
        (BASELINE, 'class = "U"', 'class = "U"\nclearable_by = "rf_fever"', ["clearable_by", "only X and C"]),
        (BASELINE, 'terms = ["erection"]', 'terms = ["erektion"]', ["question[3].terms", "'erektion'"]),
        (
            BASELINE,
            'terms = ["erection"]',
            'gloss = {en = "x", de = "x"}',
            ["question[3].gloss", "glossary.toml"],
        ),
        (BASELINE, 'title.de = "Wasserlassen"', 'title.de = ""', ["group[1].title.de", "''", "not empty"]),
        (
            BASELINE,
            'caution.de = "Metall',
            'caution.de = ""#',
            ["question[15].caution.de", "not empty"],
        ),
        (DAILY, 'text.de = "Seit dem letzten Mal: War Ihr Urin', "#", ["question[0].text.de", "nothing"]),
        ("glossary.toml", 'gloss.de = "Erektion', "#", ["term[0].gloss.de", "nothing"]),
        ("programs/tens_conv.toml", 'name.de = "Sanftes', "#", ["tens_conv.toml, name.de", "nothing"]),
        ("montages/M2.toml", 'where.de = "LINKS', "#", ["leads[0].pads[0].where.de", "nothing"]),
        ("montages/M2.toml", 'kinds = ["tens"]', "kinds = []", ["kinds", "[]", "both"]),
        ("plans/deconditioned.toml", 'name.de = "', "#", ["deconditioned.toml, name.de", "nothing"]),
        ("glossary.toml", 'id = "steroids"', 'id = "erection"', ["term[1].id", "a second time"]),
        ("glossary.toml", 'source = "[D]"', 'source = ""', ["glossary.toml, term[0].source", "[D]"]),
        ("glossary.toml", 'words.en = ["erection"]', 'words.en = "erection"', ["term[0].words.en", "a list"]),
        (DAILY, "mendable = true", 'mendable = "yes"', ["mendable", "'yes'", "true or false"]),
        (
            DAILY,
            'asks = ["daily"]',
            'asks = ["daily"]\ndaily_text = {en = "x", de = "x"}',
            ["daily_text", "a second wording"],
        ),
        (DAILY, "[[group]]", "[[group", ["not TOML"]),
        ("montages/M4-par.toml", 'id = "M4-par"', 'id = "M4"', ["M4-par.toml", "id", "'M4'", "'M4-par'"]),
        ("montages/M4-par.toml", "y_cm = 17", "y_cm = 15", ["M4-par.toml", "1.0 cm", "at least 3 cm"]),
        (
            "montages/M4-par.toml",
            "x_cm = -5.5",
            'x_cm = "left"',
            ["leads[0].pads[0].x_cm", "'left'", "a number"],
        ),
        (
            "montages/M4-par.toml",
            'side = "left"',
            'side = "up"',
            ["leads[0].side", "'up'", "'left', 'right'"],
        ),
        ("montages/M4-par.toml", 'source = "', 'source = ""\n#', ["source", "[D]"]),
        (
            "programs/nmes_learn.toml",
            "off_ms = 15000",
            "off_ms = 4000",
            ["pattern.off_ms", "4000", "5000 ms"],
        ),
        (
            "programs/nmes_learn.toml",
            "pulse_width_us = 250",
            "pulse_width_us = 250.5",
            ["pulse_width_us", "250.5", "whole number"],
        ),
        (
            "programs/wbems_ref.toml",
            "armable = false",
            "armable = true",
            ["wbems_ref.toml", "never_armed_because"],
        ),
        (
            "programs/tens_conv.toml",
            "frequency_Hz = [80, 100]",
            "frequency_Hz = [80]",
            ["tens_conv.toml, ranges.frequency_Hz", "[80]", "a list of 2 in [ ]"],
        ),
        (
            "programs/tens_conv.toml",
            "minutes = [30, 45]",
            "minutes = [31, 45]",
            ["tens_conv.toml, minutes", "30", "31 to 45"],
        ),
        (
            "montages/M8-trunk.toml",
            "armable = false",
            "armable = true",
            ["M8-trunk.toml", "never_armed_because", "a reason"],
        ),
        ("plans/deconditioned.toml", '"nmes_end"', '"wbems_ref"', ["stage[1].programmes[0]", "'wbems_ref'"]),
        ("plans/deconditioned.toml", '"nmes_end"', '"nmes_ende"', ["stage[1].programmes[0]", "'nmes_ende'"]),
    ],
)
def test_a_broken_file_is_named_with_its_key(
    tmp_path: Path, file: str, old: str, new: str, parts: list[str]
) -> None:
    assert_named(broken_copy(tmp_path, file, old, new), "", load_all, parts)


def load_all(root: Path) -> None:
    library.questionnaire_in(root / "questionnaires", library.glossary_in(root))
    library.montages_in(root / "montages")
    programmes = library.programmes_in(root / "programs")
    library.courses_in(root / "plans", programmes)


def test_the_shipped_content_is_well() -> None:
    load_all(SHIPPED)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match=r"^baseline\.toml: found a file that cannot be read"):
        library.questionnaire_in(tmp_path, {})


def test_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_bytes(b"id = '\xff'")
    with pytest.raises(ContentError, match=r"^bad\.toml: found a file that cannot be read"):
        library.montages_in(tmp_path)


def test_the_digest_changes_with_questions_and_with_doses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = library.questionnaire_digest()
    assert re.fullmatch("[0-9a-f]{64}", shipped)
    for number, (file, old, new) in enumerate(
        [
            (BASELINE, "weak heart?", "tired heart?"),
            ("glossary.toml", "wide part of an artery", "thin part of an artery"),
            ("programs/tens_conv.toml", "frequency_Hz = 100", "frequency_Hz = 80"),
            ("montages/M2.toml", "y_cm = 11", "y_cm = 12"),
        ]
    ):
        root = broken_copy(tmp_path / str(number), file, old, new)
        assert digest_of(root, monkeypatch) != shipped
    assert digest_of(SHIPPED, monkeypatch) == shipped


def digest_of(root: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The digest that a program with this content folder would have."""
    with monkeypatch.context() as patch:
        patch.setattr(library, "root", lambda: root)
        loaders: list[Callable[[], object]] = [
            library.load_glossary, library.load_questionnaire, library.load_montages, library.load_programmes,
            library.questionnaire_digest,
        ]  # fmt: skip
        for loader in loaders:
            loader.cache_clear()
        try:
            return library.questionnaire_digest()
        finally:
            for loader in loaders:
                loader.cache_clear()


def test_loading_twice_gives_the_same_object() -> None:
    assert library.load_questionnaire() is library.load_questionnaire()
    assert library.load_montage("M4-par") is library.load_montages()["M4-par"]
    assert library.load_programme("nmes_learn") is library.load_programmes()["nmes_learn"]


def test_what_is_not_there_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        library.load_montage("M5")
    with pytest.raises(KeyError):
        library.load_programme("nmes_hard")


@pytest.mark.parametrize(
    ("en", "de", "languages"),
    [
        ("Call {clinician}.", "Rufen Sie {clinician} an.", []),
        ("Call {doctor}.", "Rufen Sie {doctor} an.", ["en", "de"]),
        ("Call {clinician}.", "Rufen Sie an.", ["de"]),
        ("Call.", "Rufen Sie {phone} an.", ["en"]),
        ("Call {}.", "Rufen Sie {} an.", ["en", "de"]),
    ],
)
def test_a_placeholder_is_one_that_is_filled_and_stands_in_both_languages(
    en: str, de: str, languages: list[str]
) -> None:
    found = content_files.text_problems(Text(en, de), "text")
    assert [problem.key for problem in found] == [f"text.{language}" for language in languages]


def test_texts_are_in_both_languages_and_without_typographic_accidents() -> None:
    for file in sorted(SHIPPED.rglob("*.toml")):
        text = file.read_text(encoding="utf-8")
        pairs = re.findall(r'^(?:([\w.]+)\.)?(en|de) = "(.*)"$', text, re.MULTILINE)
        assert [part[1] for part in pairs] == ["en", "de"] * (len(pairs) // 2), file.name
        for _, _, words in pairs:
            assert words.strip() == words != ""
            assert "  " not in words


def test_the_way_to_the_first_screen_reads_no_page_that_is_looked_up_later() -> None:
    code = (
        "import sys, programs.progression, programs.prescription, programs.library as library\n"
        "library.load_questionnaire(); library.questionnaire_digest(); library.load_courses()\n"
        "print(*(name for name in sys.modules if name.startswith('programs.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    later = {"advice", "evidence", "exercises", "forms"}
    assert not later & {name.removeprefix("programs.") for name in done.stdout.split()}


def test_the_package_needs_nothing_but_msgspec_and_knows_no_device_and_no_kiosk() -> None:
    code = (
        "import sys; before = set(sys.modules)\n"
        "import programs.progression, programs.prescription, programs.library as c\n"
        "c.load_questionnaire(); c.load_montages(); c.load_programmes(); c.load_courses()\n"
        "print(*sorted({name.split('.')[0] for name in set(sys.modules) - before}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    foreign = set(done.stdout.split()) - set(sys.stdlib_module_names) - {"msgspec", "programs"}
    assert foreign <= {"typing_extensions"}
