"""What an error says in English stands on the screen in the person's language."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from kiosk import words
from kiosk.events import (
    CodeTried,
    FamilyNotLoaded,
    HeldDone,
    PinChecked,
    WordsFound,
)
from tests.kiosk.visit.test_clinician_at_the_box import at_the_locks
from tests.kiosk.visit.test_held_at_the_box import LOCK, Held
from tests.kiosk.visit.test_held_at_the_box import at_the_locks as at_what_was_sent
from tests.kiosk.visit.test_typed_words import searching
from tests.kiosk.visit.visit_bench import Walk

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
