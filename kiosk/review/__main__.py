"""The child process of `kiosk.review.child`: a question in, the family's view out, both JSON."""

from __future__ import annotations

import datetime as dt
import gc
import sys
from pathlib import Path

import msgspec

from kiosk.clock import FixedClock
from kiosk.diary.store import open_reader
from kiosk.errors import KioskError
from kiosk.review.child import CANNOT_READ, Asked
from kiosk.review.reading import family_view


def main() -> int:
    gc.disable()  # it ends before there would be anything to collect
    asked = msgspec.json.decode(sys.stdin.buffer.read(), type=Asked)
    clock = FixedClock(dt.datetime.fromisoformat(asked.now), is_trusted=asked.clock_trusted)
    try:
        view = family_view(open_reader(Path(asked.folder), clock), clock.now())
    except KioskError as error:
        sys.stdout.write(error.sentence)
        return CANNOT_READ
    sys.stdout.buffer.write(msgspec.json.encode(view))
    return 0


if __name__ == "__main__":
    sys.exit(main())
