"""`homestim report`: the diary as a page, a table or FHIR resources, in a file of the person's own."""

from __future__ import annotations

import datetime as dt
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, TextIO

from kiosk import words
from kiosk.clock import Clock
from kiosk.collecting import without_collecting
from kiosk.diary import durable
from kiosk.diary.files import DISK
from kiosk.diary.folder import reason_of
from kiosk.diary.settings_file import SettingsError, load_settings
from kiosk.diary.store import StoreReader, must_be_whole, open_reader
from kiosk.errors import KioskError
from kiosk.export.outgoing import Format

BEGINNING: Final = dt.date(1970, 1, 1)
"""Before any entry: tables and resources are of everything, unless a first day is asked for."""


class ExportError(KioskError):
    """The file was not written; what stood there before is untouched."""


def report(
    format_: Format,
    out: Path,
    data: Path,
    clock: Clock,
    *,
    language: str | None = None,
    first: dt.date | None = None,
    last: dt.date | None = None,
) -> None:
    """Writes one file, whole or not at all. `language` None: as on the screen.

    `first` None: twelve weeks for a page, everything else from the beginning. Raises KioskError; also where
    months that cannot be read are left out of the file, which says so and is written all the same.
    """
    until = last or clock.now().date()
    if first is not None and until < first:
        raise ExportError(f"The last day, {until}, lies before the first, {first}.", 2)
    reader = open_reader(data, clock, in_parts=True)
    _must_be_outside(out, data)
    words.set_language(language or _chosen_language(data))
    with without_collecting():
        write_whole(out, lambda file: write(format_, reader, first, last, file))
    must_be_whole(reader.unreadable)


def write(
    format_: Format, reader: StoreReader, first: dt.date | None, last: dt.date | None, file: BinaryIO
) -> None:
    """Into `file`, in the language of `words`; days as `report`. Raises DiaryDamaged, OSError."""
    _WRITERS[format_](reader, first, last, file)


def write_whole(out: Path, write: Callable[[BinaryIO], None]) -> None:
    """Writes beside `out`, flushes and renames: a power cut leaves the old file or the new one.

    Raises ExportError, and whatever `write` raises; nothing half written stays.
    """
    if out.is_dir():
        raise ExportError(f"{out} is a folder: --out names a file.", 2)
    beside = out.with_name(out.name + durable.TEMPORARY_SUFFIX)
    try:
        descriptor = DISK.create(beside)
    except OSError as error:
        raise _refused(out, error) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, out)
        durable.flush_folder(out.parent)
    except OSError as error:
        raise _refused(out, error) from error
    finally:
        beside.unlink(missing_ok=True)


def _refused(out: Path, error: OSError) -> ExportError:
    reason = "its folder is not there" if isinstance(error, FileNotFoundError) else reason_of(error)
    return ExportError(f"{out} cannot be written: {reason}.", detail=str(error))


def _must_be_outside(out: Path, data: Path) -> None:
    if out.resolve().is_relative_to(data.resolve()):
        raise ExportError(
            f"{out} lies in the data folder, where only the diary is kept. Name another place.", 2
        )


def _chosen_language(data: Path) -> str:
    """Of the screens; a settings file that is damaged keeps nobody from the own diary."""
    try:
        return load_settings(data).language or "en"
    except SettingsError:
        return "en"


# ── the four formats: what each loads is loaded only for it ──


def _pdf(reader: StoreReader, first: dt.date | None, last: dt.date | None, file: BinaryIO) -> None:
    from kiosk.export.drawing import Measure
    from kiosk.export.facts import read_facts
    from kiosk.export.page import report_page
    from kiosk.export.pdf import pdf_of

    file.write(pdf_of(report_page(read_facts(reader, first, last), Measure())))


def _html(reader: StoreReader, first: dt.date | None, last: dt.date | None, file: BinaryIO) -> None:
    from kiosk.export.drawing import Measure
    from kiosk.export.facts import read_facts
    from kiosk.export.html_page import html_of
    from kiosk.export.page import report_page

    file.write(html_of(report_page(read_facts(reader, first, last), Measure())).encode())


def _csv(reader: StoreReader, first: dt.date | None, last: dt.date | None, file: BinaryIO) -> None:
    from kiosk.export.csv_table import ENCODING, write_table

    with _text(file, ENCODING) as text:
        write_table(reader, first or BEGINNING, last or dt.date.max, words.language(), text)


def _fhir(reader: StoreReader, first: dt.date | None, last: dt.date | None, file: BinaryIO) -> None:
    from kiosk.export.fhir import write_bundle

    with _text(file, "utf-8") as text:
        write_bundle(reader, first or BEGINNING, last or dt.date.max, text)


@contextmanager
def _text(file: BinaryIO, encoding: str) -> Iterator[TextIO]:
    """Text into a binary file that stays open."""
    text = io.TextIOWrapper(file, encoding, newline="")
    yield text
    text.detach()


_WRITERS: Final = {"pdf": _pdf, "html": _html, "csv": _csv, "fhir": _fhir}
