"""The doctor's words: the kiosk's catalogue, without the kiosk."""

from __future__ import annotations

import gettext
from collections.abc import Mapping
from pathlib import Path
from typing import Final

LOCALE: Final = Path(__file__).parents[1] / "locale"
DOMAIN: Final = "homestim"
LANGUAGES: Final = ("en", "de")

_translation: gettext.NullTranslations = gettext.NullTranslations()


def set_language(language: str) -> None:
    """English where there is no catalogue, or none that can be read."""
    global _translation
    try:
        _translation = gettext.translation(DOMAIN, LOCALE, [language], fallback=True)
    except (OSError, ValueError):
        _translation = gettext.NullTranslations()


def _(message: str) -> str:
    """The message in the reader's language."""
    return _translation.gettext(message)


def language_of(environ: Mapping[str, str]) -> str:
    """What the system speaks, if homestim speaks it too."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := environ.get(name):
            return value[:2] if value[:2] in LANGUAGES else "en"
    return "en"
