"""Words that are typed on a keyboard. Where there is none, nothing that has to be done asks for them."""

from __future__ import annotations

import unicodedata

from kiosk.keys import ERASE


def after(text: str, typed: str, most: int) -> str:
    """`text` with one character more or less; what would make it longer than `most` is not taken.

    Until the first letter "/" takes back as everywhere: a number pad has no other key for it.
    """
    if typed == ERASE or (typed == "/" and not any(map(str.isalpha, text))):
        return text[:-1]
    if typed == " " and not text:
        return text
    longer = unicodedata.normalize("NFC", text + typed)
    return longer if len(longer) <= most else text
