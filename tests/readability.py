"""How hard a text is to read: Flesch–Kincaid grade for English, first Wiener Sachtextformel for German.

Syllables are counted twice, by pyphen's hyphenation and by vowel groups, and the higher count holds:
hyphenation never parts a single letter ("o-pen", "are-a"), vowel groups miss some that part ("bei-ng").
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import cache

from pyphen import Pyphen

_WORD = re.compile(r"[A-Za-zÄÖÜäöüß]+(?:['-][A-Za-zÄÖÜäöüß]+)*")
_NUMBER = re.compile(r"\d+")


def sentences(text: str) -> list[str]:
    """A text in its sentences; a colon ends one where a whole sentence follows it."""
    return [part for part in re.split(r"[.?!]+(?:\s|$)|:\s+(?=[A-ZÄÖÜ])", text) if _WORD.search(part)]


def words(text: str) -> list[str]:
    """Its words; a number counts as a word of one syllable."""
    return _WORD.findall(_NUMBER.sub("six", text))


def english_syllables(word: str) -> int:
    """Syllables of an English word; rather one too many than one too few."""
    word = re.sub(r"[^a-z]", "", word.lower())
    groups = len(re.findall(r"[aeiouy]+", word))
    if (
        re.search(r"[^aeiouyl]e$|[aeiouy]le$|[^aeiouytd]ed$|[^aeiouysxzcgl]es$|[aeiouy]les$", word)
        and groups > 1
    ):
        groups -= 1
    groups += len(re.findall(r"i(?:a|et|en)|(?<![tsxgc])i(?:o|us)|ea$|eing|[aeiou]ism|uous|ui(?:et|n)", word))
    return max(1, groups, _hyphenated("en_US", word))


def german_syllables(word: str) -> int:
    """Syllables of a German word; diphthongs and doubled vowels are one."""
    groups = len(re.findall(r"aa|ee|oo|au|äu|eu|ei|ai|ie|[aeiouäöüy]", word.lower()))
    return max(1, groups, _hyphenated("de_DE", word.lower()))


def flesch_kincaid_grade(texts: Iterable[str], without: Collection[str] = ()) -> float:
    """The US school grade of English texts; the words in `without` (glossed terms) count as one syllable."""
    glossed = {word.lower() for word in without}
    sentence_count = word_count = syllable_count = 0
    for text in texts:
        sentence_count += len(sentences(text))
        for word in words(text):
            word_count += 1
            syllable_count += 1 if word.lower() in glossed else english_syllables(word)
    return grade_of_counts(sentence_count, word_count, syllable_count)


def grade_of_counts(sentence_count: int, word_count: int, syllable_count: int) -> float:
    """The Flesch–Kincaid formula itself."""
    return 0.39 * word_count / sentence_count + 11.8 * syllable_count / word_count - 15.59


def wiener_sachtextformel(texts: Iterable[str], without: Collection[str] = ()) -> float:
    """The school grade of German texts (first formula); the words in `without` count as short ones.

    0.1935 × share of words of three syllables and more + 0.1672 × words a sentence + 0.1297 × share of
    words of more than six letters − 0.0327 × share of words of one syllable − 0.875; shares in percent.
    """
    glossed = {word.lower() for word in without}
    sentence_count = 0
    all_words: list[str] = []
    for text in texts:
        sentence_count += len(sentences(text))
        all_words += ["kurz" if word.lower() in glossed else word for word in words(text)]
    share = 100 / len(all_words)
    many = sum(german_syllables(word) >= 3 for word in all_words) * share
    one = sum(german_syllables(word) == 1 for word in all_words) * share
    long = sum(len(word) > 6 for word in all_words) * share
    mean = len(all_words) / sentence_count
    return 0.1935 * many + 0.1672 * mean + 0.1297 * long - 0.0327 * one - 0.875


@cache
def _hyphenated(language: str, word: str) -> int:
    return len(_dictionary(language).positions(word)) + 1


@cache
def _dictionary(language: str) -> Pyphen:
    return Pyphen(lang=language)
