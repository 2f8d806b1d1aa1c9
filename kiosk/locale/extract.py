"""`python -m kiosk.locale.extract`: collects every `_()` of the kiosk into the `.pot`, updates each `.po`.

What is new stands in the `.po` without a translation; what is gone is dropped. Needs Babel.
"""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from kiosk.words import DOMAIN, LOCALE

KIOSK: Final = LOCALE.parent
KEYWORDS: Final = {"_": None, "N_": None, "ngettext": (1, 2)}
UNDATED: Final = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
"""The catalogue changes only when a message does."""


def extract(folder: Path = KIOSK) -> Catalog:
    """Every message of the kiosk's own code, with the modules that use it."""
    catalogue = Catalog(
        project="homestim",
        version="",
        copyright_holder="the homestim authors",
        msgid_bugs_address="",
        creation_date=UNDATED,
        charset="utf-8",
    )
    found = extract_from_dir(folder, [("**.py", "python")], keywords=KEYWORDS)
    for name, _line, message, comments, context in sorted(found, key=lambda hit: (hit[0], hit[1])):
        catalogue.add(message, locations=[(f"kiosk/{name}", 0)], auto_comments=comments, context=context)
    return catalogue


def update(locale: Path = LOCALE) -> None:
    """Writes the `.pot` and brings each `.po` up to it."""
    template = extract()
    with (locale / f"{DOMAIN}.pot").open("wb") as file:
        write_po(file, template, width=100, omit_header=False)
    for po in sorted(locale.glob(f"*/LC_MESSAGES/{DOMAIN}.po")):
        with po.open("rb") as file:
            catalogue = read_po(file, locale=po.parent.parent.name)
        catalogue.update(template, no_fuzzy_matching=True)
        catalogue.obsolete.clear()
        catalogue.revision_date = UNDATED
        with po.open("wb") as file:
            write_po(file, catalogue, width=100, ignore_obsolete=True)
        untranslated = sum(1 for message in catalogue if message.id and not message.string)
        sys.stdout.write(
            f"{po.parent.parent.name}: {len(catalogue)} messages, {untranslated} not translated\n"
        )


if __name__ == "__main__":
    update()
