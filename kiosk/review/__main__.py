"""The child process of `kiosk.review.child`: a question in; the family's view, or where words stand, out."""

from __future__ import annotations

import datetime as dt
import gc
import sys
from pathlib import Path

import msgspec

from kiosk import words
from kiosk.clock import FixedClock
from kiosk.diary.store import StoreReader, open_reader
from kiosk.errors import KioskError, parts_of
from kiosk.review.child import CANNOT_READ, Asked
from kiosk.review.family import FamilyView, Found


def main() -> int:
    gc.disable()  # it ends before there would be anything to collect
    asked = msgspec.json.decode(sys.stdin.buffer.read(), type=Asked)
    clock = FixedClock(dt.datetime.fromisoformat(asked.now), is_trusted=asked.clock_trusted)
    try:
        answer = _answer(asked, open_reader(Path(asked.folder), clock, in_parts=True))
    except KioskError as error:
        sys.stdout.buffer.write(msgspec.json.encode(parts_of(error.sentence)))
        return CANNOT_READ
    sys.stdout.buffer.write(msgspec.json.encode(answer))
    return 0


def _answer(asked: Asked, reader: StoreReader) -> FamilyView | Found:
    """Each with what it alone needs: numpy takes as long to load as a year takes to read."""
    if asked.words:
        from kiosk.review.word_search import find

        words.set_language(asked.language)
        return find(reader, asked.words)
    from kiosk.diary.outbox import place
    from kiosk.review.beside import with_what_lies_beside
    from kiosk.review.reading import family_view

    view = family_view(reader, reader.clock.now())
    return with_what_lies_beside(view, reader.folder, place(asked.outbox, reader.folder))


if __name__ == "__main__":
    sys.exit(main())
