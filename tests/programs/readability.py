"""How hard a text is to read: Flesch–Kincaid grade for English, first Wiener Sachtextformel for German."""

from __future__ import annotations

import re
from collections.abc import Iterable

_WORD = re.compile(r"[A-Za-zÄÖÜäöüß]+(?:['-][A-Za-zÄÖÜäöüß]+)*")
_NUMBER = re.compile(r"\d+")


def sentences(text: str) -> list[str]:
    """A text in its sentences; a colon ends one where a whole sentence follows it."""
    return [part for part in re.split(r"[.?!]+(?:\s|$)|:\s+(?=[A-ZÄÖÜ])", text) if _WORD.search(part)]


def words(text: str) -> list[str]:
    """Its words; a number counts as a word of one syllable."""
    return _WORD.findall(_NUMBER.sub("six", text))


def english_syllables(word: str) -> int:
    """Syllables by vowel groups: silent endings off, vowels that part twice. Rather one too many."""
    word = re.sub(r"[^a-z]", "", word.lower())
    groups = len(re.findall(r"[aeiouy]+", word))
    if (
        re.search(r"[^aeiouyl]e$|[aeiouy]le$|[^aeiouytd]ed$|[^aeiouysxzcgl]es$|[aeiouy]les$", word)
        and groups > 1
    ):
        groups -= 1
    groups += len(re.findall(r"i(?:a|et|en)|(?<![tsxgc])i(?:o|us)|ea$|eing|[aeiou]ism|uous|ui(?:et|n)", word))
    return max(1, groups)


def flesch_kincaid_grade(texts: Iterable[str], without: Iterable[str] = ()) -> float:
    """The US school grade of English texts; the words in `without` (glossed terms) count as one syllable."""
    glossed = {word.lower() for word in without}
    sentence_count = word_count = syllable_count = 0
    for text in texts:
        sentence_count += len(sentences(text))
        for word in words(text):
            word_count += 1
            syllable_count += 1 if word.lower() in glossed else english_syllables(word)
    return 0.39 * word_count / sentence_count + 11.8 * syllable_count / word_count - 15.59


def german_syllables(word: str) -> int:
    """Syllables by vowel groups; diphthongs and doubled vowels are one."""
    return max(1, len(re.findall(r"aa|ee|oo|au|äu|eu|ei|ai|ie|[aeiouäöüy]", word.lower())))


def wiener_sachtextformel(texts: Iterable[str], without: Iterable[str] = ()) -> float:
    """The school grade of German texts (first formula); the words in `without` count as short ones."""
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
