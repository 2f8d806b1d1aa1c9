"""Words that stand in content files in both languages, and reasons that are worded only when shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

NotEmpty = Annotated[str, msgspec.Meta(pattern=r"\S")]


class Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One text of the content in each language a clinician signed; decoded, neither is empty."""

    en: NotEmpty
    de: NotEmpty

    def in_language(self, language: str) -> str:
        """The text in `language` ("en", "de"); English for any other."""
        return self.de if language == "de" else self.en


def placeholders(words: str) -> frozenset[str]:
    """The names in braces, "{clinician}", that are put in when a text is shown."""
    return frozenset(re.findall(r"\{(.*?)\}", words))


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One sentence or two of a text that has a source of its own for each."""

    text: Text
    source: str


class Reason(msgspec.Struct, frozen=True, gc=False):
    """Why a rule decided as it did: a rule's id and its numbers, stored so and worded at display.

    Example: Reason("sore_days", {"days": 3}).
    """

    rule: str
    parameters: Mapping[str, Any] = {}
