"""What an error says in English stands on the screen in the person's language."""

from __future__ import annotations

import ast
import asyncio
import errno
import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import kiosk
from kiosk import words
from kiosk.access.handed_in import HandedInError
from kiosk.clock import FixedClock
from kiosk.diary import durable
from kiosk.diary import store as store_module
from kiosk.diary.journal import JournalDamaged
from kiosk.diary.settings_file import Settings, SettingsError, save_settings
from kiosk.errors import N_, KioskError, filled
from kiosk.events import (
    CodeTried,
    FamilyNotLoaded,
    HeldDone,
    NotChosen,
    PinChecked,
    TodayNotLoaded,
    WordsFound,
)
from kiosk.review.child import family_view_in_child
from tests.kiosk.visit.test_clinician_at_the_box import at_the_locks
from tests.kiosk.visit.test_held_at_the_box import LOCK, Held
from tests.kiosk.visit.test_held_at_the_box import at_the_locks as at_what_was_sent
from tests.kiosk.visit.test_typed_words import searching
from tests.kiosk.visit.visit_bench import START, Walk

CANNOT_START = "The computer cannot start another program now. Please try again."
SAYS_IN_GERMAN = (
    "Der Computer kann gerade kein weiteres Programm starten. Bitte versuchen Sie es noch einmal."
)


@pytest.fixture(autouse=True)
def in_german() -> Iterator[None]:
    words.set_language("de")
    yield
    words.set_language("en")


def look_back() -> Walk:
    walk = Walk()
    walk.press("3")
    walk.hear(FamilyNotLoaded(CANNOT_START))
    return walk


def family_pin() -> Walk:
    walk = Walk()
    walk.press("9", "1", "2", "3", "4", "enter")
    walk.hear(PinChecked(False, 0, CANNOT_START))
    return walk


def family_view() -> Walk:
    walk = Walk()
    walk.press("9", "1", "2", "3", "4", "enter")
    walk.hear(PinChecked(True, 0))
    walk.hear(FamilyNotLoaded(CANNOT_START))
    return walk


def words_looked_for() -> Walk:
    walk = searching("rain", "6")
    walk.hear(WordsFound(None, CANNOT_START))
    return walk


def a_lock() -> Walk:
    walk = at_the_locks()
    walk.press("5")
    walk.hear(CodeTried(None, CANNOT_START))
    return walk


def what_the_clinic_sent() -> Walk:
    walk = at_what_was_sent(Held("b", LOCK))
    walk.press("3", "5")
    walk.hear(HeldDone(CANNOT_START))
    return walk


@pytest.mark.parametrize(
    "screen", [look_back, family_pin, family_view, words_looked_for, a_lock, what_the_clinic_sent]
)
def test_a_program_that_cannot_be_started_is_said_in_the_persons_language(screen: Callable[[], Walk]) -> None:
    said = screen().words
    assert SAYS_IN_GERMAN in said
    assert CANNOT_START not in said


SAID_ON_SCREENS = (
    *("child", "letters", "access/handed_in", "access/pins", "access/signed", "access/enrolment"),
    *("access/unlocking", "diary/folder", "diary/inbox", "diary/journal", "diary/months"),
    *("diary/prescriptions", "diary/settings_file", "diary/store", "review/child", "errands/choices"),
)
"""Modules whose errors a screen shows."""
SAID_IN_A_TERMINAL = frozenset({
    # at the start, before there is a screen
    *("_refuse_foreign", "_meta_of", "__init__"),
    # by the installer's commands
    *("set_pin", "enrol", "sign", "public_key"),
})  # fmt: skip
WORDING = frozenset({"N_", "filled", "in_a_row", "Sentence"})


def raised_as_a_bare_text(path: Path) -> Iterator[str]:
    """Where an error is made with English that no catalogue knows."""
    errors = {kind.__name__ for kind in every_kind(KioskError)}
    for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        if function.name in SAID_IN_A_TERMINAL:
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in errors:
                said = node.args[0]
                marked = isinstance(said, ast.Call) and ast.unparse(said.func) in WORDING
                if not (marked or isinstance(said, (ast.Name, ast.Attribute))):
                    yield f"{path.name}:{node.lineno} {function.name}: {ast.unparse(said)[:60]}"


def every_kind(kind: type[KioskError]) -> Iterator[type[KioskError]]:
    yield kind
    for one in kind.__subclasses__():
        yield from every_kind(one)


@pytest.mark.parametrize("module", SAID_ON_SCREENS)
def test_no_error_that_a_screen_can_show_is_english_alone(module: str) -> None:
    path = Path(kiosk.__path__[0]) / f"{module}.py"
    importlib.import_module(f"kiosk.{module.replace('/', '.')}")
    assert list(raised_as_a_bare_text(path)) == []


def full_disk() -> OSError:
    return OSError(errno.ENOSPC, "No space left on device")


def choice_not_kept() -> Walk:
    walk = Walk()
    walk.press("4", "3")
    with pytest.raises(SettingsError) as error, monkeypatched_write():
        save_settings(Path("/nowhere"), Settings())
    walk.hear(NotChosen(error.value.sentence))
    return walk


@contextmanager
def monkeypatched_write() -> Iterator[None]:
    """The disk is full."""
    with pytest.MonkeyPatch.context() as patch:

        def fail(path: Path, content: bytes) -> None:
            raise full_disk()

        patch.setattr(durable, "write_file", fail)
        yield


def not_saved() -> Walk:
    walk = Walk(answering=False)
    walk.until("check")
    walk.press("enter")
    walk.fail_saves(store_module._read_only(full_disk()).sentence)
    return walk


def month_unreadable() -> Walk:
    walk = Walk()
    damaged = JournalDamaged(filled(N_("The diary of {month} is missing in {path}. Nothing was changed."),
                                    month="2026-11", path="/var/lib"))  # fmt: skip
    walk.hear(TodayNotLoaded(store_module._damaged("2026-11", damaged).sentence))
    return walk


def not_enrolled() -> Walk:
    sentence = HandedInError(N_("It does not wait any more. Nothing was changed.")).sentence
    walk = at_what_was_sent(Held("b", None, sentence))
    walk.press("3")
    return walk


@pytest.mark.parametrize(
    ("screen", "german", "english"),
    [
        (choice_not_kept, "der Datenträger ist voll. Es gelten die alten.", "cannot be saved"),
        (not_saved, "der Datenträger ist voll. Mehr wird nicht gespeichert.", "Nothing more is saved"),
        (month_unreadable, "Das Tagebuch von 2026-11 fehlt in /var/lib. Nichts wurde", "Nothing was changed"),
        (not_enrolled, "Es wartet nicht mehr.", "wait any more"),
    ],
)
def test_what_was_refused_and_why_is_said_in_the_persons_language(
    screen: Callable[[], Walk], german: str, english: str
) -> None:
    said = screen().words
    assert german in said
    assert english not in said


def test_a_sentence_reaches_the_screen_whole_from_a_process_of_its_own(tmp_path: Path) -> None:
    clock = FixedClock(START)
    with pytest.raises(KioskError) as error:
        asyncio.run(family_view_in_child(tmp_path / "none", clock))
    assert words.worded(error.value.sentence).endswith("ist kein Datenordner von homestim.")
    assert error.value.sentence.endswith("is not a homestim data folder.")
