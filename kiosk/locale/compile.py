"""`python -m kiosk.locale.compile`: makes the `.mo` files that gettext reads from the `.po` files.

Needs Babel, which is there for development; a box gets the `.mo` files in its package.
"""

from __future__ import annotations

import sys
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from kiosk.words import DOMAIN, LOCALE


def compile_all(source: Path = LOCALE, into: Path = LOCALE) -> tuple[Path, ...]:
    """Compiles each language's `.po` under `source` into the same place under `into`. Raises OSError."""
    made = []
    for po in sorted(source.glob(f"*/LC_MESSAGES/{DOMAIN}.po")):
        language = po.parent.parent.name
        mo = into / language / "LC_MESSAGES" / f"{DOMAIN}.mo"
        mo.parent.mkdir(parents=True, exist_ok=True)
        with po.open("rb") as file:
            catalogue = read_po(file, locale=language, abort_invalid=True)
        with mo.open("wb") as file:
            write_mo(file, catalogue)
        made.append(mo)
    return tuple(made)


if __name__ == "__main__":
    for path in compile_all():
        sys.stdout.write(f"{path}\n")
