"""Letters and words: the font, the signs it has, and the language."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from kiosk.doctor import words
from kiosk.doctor.box import Box
from kiosk.doctor.finding import Finding, fix, look, ok
from kiosk.doctor.words import _

CONSOLE_FONT: Final = "/usr/share/consolefonts/Lat15-TerminusBold32x16.psf.gz"
FOOT_INI: Final = "/etc/homestim/foot.ini"
DRAWN: Final = (0x2500, 0x2588, 0x2591, 0x2592, 0x25B2, 0x25CF, 0x25B6, 0x2190)
"""Some of each kind of sign that the screens draw with: lines, blocks, triangles, dots, arrows."""


def _on_wayland(box: Box) -> bool:
    return box.machine.exists(FOOT_INI) and box.machine.which("foot") is not None


def _font(box: Box) -> str:
    """The family that foot is told to use."""
    found = re.search(r"^font=([^:,\n]+)", box.machine.text(FOOT_INI) or "", re.MULTILINE)
    return found[1].strip() if found else "monospace"


def font(box: Box) -> Finding:
    """The large letters are there."""
    if not _on_wayland(box):
        if box.machine.exists(CONSOLE_FONT):
            return ok("font", _("The console's large letters are installed."))
        return look(
            "font",
            _("The console's large letters are not installed: they stay small."),
            _("Install them: apt install console-setup kbd"),
        )
    family = _font(box)
    ran = box.machine.run(["fc-match", "--format=%{family}", family])
    if ran is not None and family.lower() in ran.output.lower():
        return ok("font", _("The font {font} is there.").format(font=family))
    return fix(
        "font",
        _("The font {font} is not installed: letters have other sizes.").format(font=family),
        _("Install it: apt install fonts-dejavu-core fontconfig"),
    )


def glyphs(box: Box) -> Finding:
    """The font has every sign that is drawn."""
    if not _on_wayland(box):
        return ok("glyphs", _("On the console only signs are drawn that every console font has."))
    charset = " ".join(f"{code:x}" for code in DRAWN)
    ran = box.machine.run(["fc-list", f":family={_font(box)}:charset={charset}", "family"])
    if ran is not None and ran.output.strip():
        return ok("glyphs", _("The font has every sign that the screens draw with."))
    return fix(
        "glyphs",
        _("The font {font} lacks signs that the screens draw with.").format(font=_font(box)),
        _("Install it: apt install fonts-dejavu-core fontconfig"),
    )


def locale(box: Box, catalogues: Path = words.LOCALE) -> Finding:
    """Letters beyond ASCII arrive, and the words of the chosen language are installed."""
    language = box.text("kiosk", "lang", "en")
    if language != "en" and not (catalogues / language / "LC_MESSAGES" / f"{words.DOMAIN}.mo").exists():
        return fix(
            "locale",
            _("The words of language {language} are not installed: screens are English.").format(
                language=language
            ),
            _("Install homestim again; the data stay."),
        )
    environ = box.machine.environ
    said = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or ""
    if "utf-8" not in said.lower() and "utf8" not in said.lower():
        return look(
            "locale",
            _("The system here does not say that it speaks UTF-8 (LANG is “{lang}”).").format(lang=said),
            _("Set it: localectl set-locale LANG=C.UTF-8"),
        )
    return ok("locale", _("Language {language}, {lang}.").format(language=language, lang=said))
