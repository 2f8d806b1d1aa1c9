"""The child process of `kiosk.export.child`: a question in, what became of it out, both JSON."""

from __future__ import annotations

import datetime as dt
import gc
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, Final, cast

import msgspec

from kiosk import words
from kiosk.clock import FixedClock
from kiosk.diary.store import StoreReader, open_reader
from kiosk.errors import KioskError
from kiosk.export import stick
from kiosk.export.child import Asked
from kiosk.export.command import write
from kiosk.export.outgoing import NotSent, Result, Sent
from kiosk.export.printer import PrinterError, print_pdf
from kiosk.export.stick import StickError

NAMES: Final = {"pdf": "report.pdf", "html": "report.html", "csv": "diary.csv", "fhir": "diary-fhir.json"}


def main() -> int:
    gc.disable()  # it ends before there would be anything to collect
    asked = msgspec.json.decode(sys.stdin.buffer.read(), type=Asked)
    sys.stdout.buffer.write(msgspec.json.encode(_result(asked)))
    return 0


def _result(asked: Asked) -> Result:
    try:
        return send(asked)
    except StickError as error:
        return NotSent(error.trouble, str(error))
    except PrinterError as error:
        return NotSent("printer", str(error))
    except KioskError as error:
        return NotSent("diary", words.worded(error.sentence))


def send(asked: Asked) -> Sent:
    """Raises KioskError; then nothing counts."""
    words.set_language(asked.language)
    clock = FixedClock(dt.datetime.fromisoformat(asked.now), is_trusted=asked.clock_trusted)
    reader = open_reader(Path(asked.folder), clock, in_parts=True)
    with ExitStack() as stack:

        def new_file() -> BinaryIO:
            # It has no name and is gone with this process, whatever ends it.
            return cast(BinaryIO, stack.enter_context(tempfile.TemporaryFile()))

        if asked.card:
            card = new_file()
            card.write(_card(reader, asked))
            print_pdf(asked.printer, card)
            return Sent(asked.printer, ("card.pdf",), reader.unreadable)
        files: dict[str, BinaryIO] = {}
        for format_ in asked.formats:
            file = files[NAMES[format_]] = new_file()
            write(format_, reader, None, None, file)
        if asked.printer:
            print_pdf(asked.printer, files[NAMES["pdf"]])
            return Sent(asked.printer, (NAMES["pdf"],), reader.unreadable)
        if asked.password:
            files = {NAMES["pdf"]: _sealed(files, asked.password, new_file())}
        place = Path(asked.stick)
        done = stick.put(place, files, clock.now(), lambda: stick.finish(place))
        return Sent(done.folder.name, tuple(files), reader.unreadable)


def _card(reader: StoreReader, asked: Asked) -> bytes:
    from kiosk.export.card import card_page, read_card
    from kiosk.export.drawing import Measure
    from kiosk.export.pdf import pdf_of

    return pdf_of(card_page(read_card(reader, asked.card, asked.emergency), Measure()))


def _sealed(files: dict[str, BinaryIO], password: str, out: BinaryIO) -> BinaryIO:
    from kiosk.export.sealed import seal

    report = files.pop(NAMES["pdf"])
    report.seek(0)
    seal(report, files, password, out)
    return out


if __name__ == "__main__":
    sys.exit(main())
