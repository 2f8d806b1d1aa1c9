"""Looks for words in the whole diary: in its notes, its answers, and what stands beside them on the screen.

A word is found inside another one, whatever its case and accents ("rucken" and "ruecken" in "Rückenschmerz");
a number only as a whole. Answers are looked at where a number is asked for: "sleep 3". Light: without numpy.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final

from kiosk import words
from kiosk.diary.meanings import lost_in_restores
from kiosk.diary.store import StoreReader
from kiosk.review import lists
from kiosk.review.entry_words import author_word, mark_words, moment_word, picked, scale_words, yes_word
from kiosk.review.family import EntryView, Found, NoteView
from kiosk.words import _

MOST_FOUND: Final = 400
"""The newest ones; a screen leafs through no more."""
_NO_ACCENT: Final = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i"})
"""Letters whose stroke is no accent to Unicode."""
_SPELLED_OUT: Final = (("ae", "a"), ("oe", "o"), ("ue", "u"))


def find(reader: StoreReader, asked: str) -> Found:
    """Everything of the diary in which all words of `asked` stand, worded in the language of `kiosk.words`;
    of a reader `in_parts` as far as it can be read.

    Raises DiaryDamaged.
    """
    wanted = Wanted(asked)
    chains = reader.versions("entries")
    notes = lists.note_views(reader, chains)
    about: dict[str, list[NoteView]] = {}
    for note in notes:
        if note.about is not None:
            about.setdefault(note.about, []).append(note)
    entries = [
        one
        for one in lists.entry_views(chains)
        if wanted.stands_in(_texts(one, about.get(one.id, ())), _answers(one))
    ]
    found_notes = [note for note in notes if wanted.stands_in(_note_texts(note))]
    shown = tuple(entries[:MOST_FOUND])
    return Found(
        words=asked,
        entries=shown,
        notes=tuple(found_notes[:MOST_FOUND]),
        about=tuple(note for one in shown for note in about.get(one.id, ())),
        left_out=max(0, len(entries) - MOST_FOUND) + max(0, len(found_notes) - MOST_FOUND),
        unreadable=tuple(sorted({*reader.unreadable, *lost_in_restores(reader.facts("locks"))})),
    )


class Wanted:
    """The words that are looked for."""

    def __init__(self, asked: str) -> None:
        self._words = tuple(_both_ways(word) for word in folded(asked).split())
        self._with_number = any(word.isdecimal() for word, _ in self._words)

    def stands_in(self, texts: Iterable[str], answers: Iterable[str] = ()) -> bool:
        """All words stand in the texts, or, with a number among them, all in one answer."""
        if not self._words:
            return False
        if self._all_in(" ".join(texts)):
            return True
        return self._with_number and any(self._all_in(answer) for answer in answers)

    def _all_in(self, text: str) -> bool:
        plain, spelled = _both_ways(folded(text))
        numbers = _numbers(plain) if self._with_number else ()
        return all(
            word in numbers if word.isdecimal() else word in plain or other in spelled
            for word, other in self._words
        )


def folded(text: str) -> str:
    """Without case and accents: "Rücken" and "RUCKEN" are the same."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(one for one in apart if not unicodedata.combining(one)).translate(_NO_ACCENT)


def _both_ways(text: str) -> tuple[str, str]:
    """As it is, and with an umlaut that was spelled out as the letter alone."""
    spelled = text
    for two, one in _SPELLED_OUT:
        spelled = spelled.replace(two, one)
    return text, spelled


def _numbers(text: str) -> list[str]:
    return "".join(one if one.isdecimal() else " " for one in text).split()


def _texts(one: EntryView, notes: Iterable[NoteView]) -> Iterator[str]:
    entry = one.entry
    yield words.date(one.at.date())
    yield str(one.at.year)
    yield moment_word(entry.moment)
    yield entry.note
    yield from picked(entry)
    if entry.medicine:
        yield _("medicine {answer}").format(answer=yes_word(entry.medicine))
    yield from mark_words(one.entered_late, one.corrected, False)
    for earlier in one.earlier:
        yield earlier.entry.note
    for note in notes:
        yield from _note_texts(note)


def _note_texts(note: NoteView) -> Iterator[str]:
    yield words.date(note.at.date())
    yield author_word(note.author)
    yield note.text


def _answers(one: EntryView) -> Iterator[str]:
    for name, value in scale_words(one.entry):
        if value is not None:
            yield f"{name} {value}"
