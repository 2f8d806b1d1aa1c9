"""Words in the person's language: gettext for screens, `in_language` for what a clinician signed.

`_()` is called when a page is built, never when a module or class is loaded, so that the language can
change on home. English is the source; where a translation is missing, its English text stands.
"""

from __future__ import annotations

import datetime as dt
import gettext
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from kiosk.errors import parts_of
from programs.text import Text

LOCALE: Final = Path(__file__).parent / "locale"
DOMAIN: Final = "homestim"
LANGUAGES: Final = ("en", "de")

_language = "en"
_translation: gettext.NullTranslations = gettext.NullTranslations()


def set_language(language: str, folder: Path = LOCALE) -> None:
    """All words from now on are in `language`, one of LANGUAGES; English where its `.mo` is missing.

    Raises ValueError for a language that homestim does not have.
    """
    global _language, _translation
    if language not in LANGUAGES:
        raise ValueError(f"homestim has no language {language!r}")
    _language = language
    _translation = gettext.translation(DOMAIN, folder, [language], fallback=True)


def language() -> str:
    """The language that words are in now."""
    return _language


def _(message: str) -> str:
    """The message in the person's language. Placeholders are named: `_("Day {day}").format(day=3)`."""
    return _translation.gettext(message)


def worded(sentence: str) -> str:
    """What an error says in English (`kiosk.errors`), in words; as it is where it is not known, or empty."""
    return " ".join(_worded(template, values) for template, values in parts_of(sentence) if template)


def _worded(template: str, values: Mapping[str, str]) -> str:
    text = _(template)
    return text.format(**{name: worded(value) for name, value in values.items()}) if values else text


def ngettext(one: str, many: str, n: int) -> str:
    """The form for `n`."""
    return _translation.ngettext(one, many, n)


def content(text: Text) -> str:
    """A text of the content files in the person's language."""
    return text.in_language(_language)


def decimal(value: float) -> str:
    """One decimal, with the language's sign: "18.5", "18,5"."""
    text = f"{value:.1f}"
    return text.replace(".", ",") if _language == "de" else text


def weekday(day: dt.date) -> str:
    """ "Friday"."""
    return (
        _("Monday"),
        _("Tuesday"),
        _("Wednesday"),
        _("Thursday"),
        _("Friday"),
        _("Saturday"),
        _("Sunday"),
    )[day.weekday()]


def date(day: dt.date) -> str:
    """ "Friday 20 November"."""
    return _("{weekday} {day} {month}").format(weekday=weekday(day), day=day.day, month=_month(day))


def month(day: dt.date) -> str:
    """ "November 2026"."""
    return f"{_month(day)} {day.year}"


def _month(day: dt.date) -> str:
    return (
        _("January"),
        _("February"),
        _("March"),
        _("April"),
        _("May"),
        _("June"),
        _("July"),
        _("August"),
        _("September"),
        _("October"),
        _("November"),
        _("December"),
    )[day.month - 1]


def short_date(day: dt.date) -> str:
    """ "20 Nov": under a chart, in a table."""
    months = (
        _("Jan"),
        _("Feb"),
        _("Mar"),
        _("Apr"),
        _("May"),
        _("Jun"),
        _("Jul"),
        _("Aug"),
        _("Sep"),
        _("Oct"),
        _("Nov"),
        _("Dec"),
    )
    return _("{day} {month}").format(day=day.day, month=months[day.month - 1])


def clock(time: dt.datetime) -> str:
    """ "14:05"."""
    return f"{time:%H:%M}"


def minutes(seconds: int) -> str:
    """ "14:30" for a time that is left."""
    return f"{seconds // 60}:{seconds % 60:02d}"
