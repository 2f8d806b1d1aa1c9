"""No text of the project claims a cure, a proof, an approval or anybody's recommendation; denials may stand.

review.md "Words", safety.md "Words that are true", screens.md rule 8. Every text is scanned: all of the
content, and of the screens both the English source and its translation.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po

from kiosk.widgets.glyphs import CONSOLE_CHARACTERS
from tests.programs.content_copies import SHIPPED

ROOT = Path(__file__).parents[2]
CATALOGUES = sorted((ROOT / "kiosk" / "locale").glob("*/LC_MESSAGES/*.po"))

CLAIM = re.compile(
    r"""
      \b(?: cure[sd]? | curing | heal(?:s|ed|ing)? | mends? | remedy | miracle | pain-free
          | proven | proves | proof | evidence-based | approved | certified | guarantee[ds]?
          | guidelines? | experts | recommend\w* | endorse\w* | doctors\ (?:say|advise|trust)
          | effective | works\ (?:well|for\ everyone|best) | restores? | repairs? | emergency\ stop
          | (?:completely|perfectly|totally|always|is)\ safe | no\ risks? | risk-free | no\ side\ effects
          | fights\ pain | ends\ pain | gets\ rid | well\ done | great\ job | keep\ it\ up | streak
          )\b
    | \b(?: heil(?:t|en|te|bar|ung|sam)? | geheilt | kurier\w* | wunder\w* | schmerzfrei\w*
          | bewiesen\w* | erwiesen\w* | belegt\w* | beweis\w* | evidenzbasiert | zugelassen\w*
          | zertifiziert\w* | garant\w+ | leitlinien? | fachleute | fachgruppen
          | empf[ie]\w*hl\w* | empfohlen\w*
          | wirksam\w* | wirkt | gesund\ mach\w* | macht\ \S+(?:\ \S+)*\ gesund | not-aus
          | (?:völlig|ganz|immer|ist)\ sicher | risikolos | ohne\ (?:risiko|nebenwirkung\w*)
          | besiegt | beseitigt | gut\ gemacht | super | prima | weiter\ so
          )\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""Words that a claim is made of. Most sentences need none of them."""
DENIAL = re.compile(
    r"\b(?:not(?!-)|no|never|nothing|nobody|cannot|advised?\ against|nicht|kein\w*|nie|nichts|niemand)\b"
    r"|\braten\b.*\bab\b",
    re.IGNORECASE,
)
"""What turns such a sentence into its opposite."""
MEANT = {
    "Your skin has to heal first.",
    "Ihre Haut muss erst heilen.",
    "The German guideline says a clear yes to exercise.",
    "Die deutsche Leitlinie sagt klar ja zu Übungen.",
    "What experts advise",
    "Was Fachleute raten",
    "Restore the last backup into a new folder.",
    "Mount its disk again, or restore the last backup.",
}
"""True as they stand: of skin, of exercise, a heading, of a backup."""


def sentences(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"(?<=[.!?])\s+", text) if part.strip()]


def strings(node: Any) -> Iterator[str]:
    """Every `en` and `de` in a TOML document."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("en", "de") and isinstance(value, str):
                yield value
            else:
                yield from strings(value)
    elif isinstance(node, list):
        for value in node:
            yield from strings(value)


def content_texts() -> Iterator[tuple[str, str]]:
    for file in sorted(SHIPPED.rglob("*.toml")):
        for text in strings(tomllib.loads(file.read_text(encoding="utf-8"))):
            yield str(file.relative_to(SHIPPED)), text


def screen_texts() -> Iterator[tuple[str, str]]:
    for catalogue in CATALOGUES:
        with catalogue.open("rb") as file:
            for message in read_po(file):
                for texts in (message.id, message.string):
                    for text in [texts] if isinstance(texts, str) else texts:
                        yield catalogue.name, text


TEXTS = [*content_texts(), *screen_texts()]


def claims(text: str) -> list[str]:
    """The sentences of a text that claim what must not be claimed."""
    return [
        sentence
        for sentence in sentences(text)
        if CLAIM.search(sentence) and not DENIAL.search(sentence) and sentence not in MEANT
    ]


def test_nothing_claims_a_cure_a_proof_or_a_recommendation() -> None:
    assert {(where, claim) for where, text in TEXTS for claim in claims(text)} == set()


def test_all_texts_are_looked_at() -> None:
    assert len(CATALOGUES) >= 1
    assert len([where for where, _ in TEXTS if where.endswith(".po")]) > 400
    assert len([where for where, _ in TEXTS if where.endswith(".toml")]) > 800
    assert any("rf_saddle" not in text and "Abwischen" in text for _, text in TEXTS)


@pytest.mark.parametrize(
    "claim",
    [
        "This cures back pain.", "Cure your pain at home.", "The current heals the muscle.",
        "Clinically proven.", "It is proven to help.", "Guidelines recommend TENS.",
        "Recommended by doctors.", "Effective against pain.",
        "NICE recommends it.", "FDA approved.", "It is safe.", "A safe and effective therapy.",
        "Pain-free in 4 weeks.",
        "No side effects? It is risk-free.", "Well done, keep it up!", "It works for everyone.",
        "Press the emergency stop.", "It fights pain at its root.",
        "Das heilt den Rücken.", "Strom macht den Rücken gesund.", "Klinisch bewiesen.", "Wirkung erwiesen.",
        "Von Leitlinien empfohlen.", "Ärzte empfehlen es.", "Ein zugelassenes Medizinprodukt.",
        "Das ist sicher.", "Wirksam gegen Schmerz.", "Schmerzfrei in 4 Wochen.", "Gut gemacht!", "Es wirkt.",
        "Der Not-Aus.",
    ],
)  # fmt: skip
def test_a_claim_is_found(claim: str) -> None:
    assert claims(claim)


@pytest.mark.parametrize(
    "denial",
    [
        "It does not cure.", "This is not an approved medical device.",
        "Nobody can say if it works well for you.",
        "Most expert groups advise against TENS.", "Das ist kein zugelassenes Medizinprodukt.",
        "Es macht den Rücken nicht gesund.", "Die meisten Fachgruppen raten von TENS ab.",
    ],
)  # fmt: skip
def test_a_denial_may_stand(denial: str) -> None:
    assert claims(denial) == []


def test_every_glyph_of_the_content_is_one_that_every_console_has() -> None:
    lacking = {(where, glyph) for where, text in content_texts() for glyph in set(text) - CONSOLE_CHARACTERS}
    assert lacking == set()
