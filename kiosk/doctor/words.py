"""The doctor's words: the kiosk's catalogue, without the kiosk."""

from __future__ import annotations

import gettext
from collections.abc import Mapping
from pathlib import Path
from typing import Final

LOCALE: Final = Path(__file__).parents[1] / "locale"
DOMAIN: Final = "homestim"
LANGUAGES: Final = ("en", "de")

language: str = "en"
"""In which `_` speaks."""
_translation: gettext.NullTranslations = gettext.NullTranslations()


def set_language(wanted: str) -> None:
    """English where there is no catalogue, or none that can be read."""
    global language, _translation
    try:
        language, _translation = wanted, gettext.translation(DOMAIN, LOCALE, [wanted])
    except (OSError, ValueError):
        language, _translation = "en", gettext.NullTranslations()


def _(message: str) -> str:
    """The message in the reader's language."""
    return _translation.gettext(message)


def ngettext(one: str, several: str, n: int) -> str:
    """The message for `n` things, in the reader's language."""
    return _translation.ngettext(one, several, n)


def language_of(environ: Mapping[str, str]) -> str:
    """What the system speaks, if homestim speaks it too."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := environ.get(name):
            return value[:2] if value[:2] in LANGUAGES else "en"
    return "en"
