"""Follows the chain through every line that was ever written: integrity and audit are the same thing."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Final, Literal

import msgspec

from kiosk.diary import chain, journal, manifest, months
from kiosk.diary.files import DISK, Files
from kiosk.diary.folder import JOURNAL
from kiosk.diary.journal import Change, Contents, JournalDamaged, JournalTooNew, Link
from kiosk.diary.month_names import plainly

State = Literal["whole", "mended", "damaged"]
SENTENCE: Final = (
    "The diary is damaged in {months}. The other months can be read. Nothing was changed. "
    "Keep the folder, and restore the last backup into a new one."
)


class FileReport(msgspec.Struct, frozen=True):
    """One file of the journal."""

    month: str
    generation: int
    lines: int
    """That are valid."""
    head: str
    """The last valid one's h."""
    state: State
    """mended: a flipped bit, or a part that the copy still has; it is read as it was written."""
    detail: str = ""


class Report(msgspec.Struct, frozen=True):
    """Of a whole diary."""

    whole: bool
    """Every acknowledged line can be read, and follows the one before."""
    head: str
    count: int
    """How many lines lead to `head`."""
    files: tuple[FileReport, ...]
    quarantined: int
    """Pieces that were put aside: changes that a power cut cut short, and what was mended."""

    @property
    def damaged(self) -> tuple[FileReport, ...]:
        return tuple(file for file in self.files if file.state == "damaged")

    @property
    def damaged_months(self) -> str:
        """In words, oldest first."""
        return ", ".join(plainly(month) for month in sorted({file.month for file in self.damaged}))

    @property
    def months(self) -> int:
        return len({file.month for file in self.files})


NOWHERE: Final = Link(-1, "")
"""After a file that could not be read to its end."""


def examine(folder: Path, files: Files = DISK) -> Report:
    """Reads everything in the data folder beside its writer, and changes nothing. Raises OSError when a file
    cannot be read at all."""
    steps = examining(folder, files)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            report: Report = end.value
            return report


def examining(folder: Path, files: Files = DISK) -> Generator[FileReport, None, Report]:
    """`examine`, a file at a time."""
    journals = folder / JOURNAL
    sealed = manifest.load(journals, files)
    reports: list[FileReport] = []
    quarantined = 0
    link: Link | None = None
    found = months.months_of(folder, files)
    lost = months.lost(found, sealed)
    for month in sorted([*found, *lost]):
        if month in lost:
            missing = FileReport(month, 0, 0, "", "damaged", "it is missing")
            reports.append(missing)
            yield missing
            link = sealed[month].link if month in sealed else NOWHERE
            continue
        path = f"{journals}/{month}"
        numbers = journal.generations(path, files)
        for number in numbers:
            report, link = _examined(journals, month, number, link, files)
            if number == numbers[-1] and month in sealed and link not in (NOWHERE, sealed[month].link):
                report = msgspec.structs.replace(report, state="damaged", detail="it has lost its end")
                link = NOWHERE
            reports.append(report)
            yield report
        try:
            quarantined += len(files.names(f"{path}/{journal.QUARANTINE}"))
        except FileNotFoundError:
            pass
    end = link if link is not None else months.START
    whole = all(report.state != "damaged" for report in reports)
    return Report(whole, end.head if whole else "", end.n if whole else 0, tuple(reports), quarantined)


def _examined(
    journals: Path, month: str, number: int, before: Link | None, files: Files
) -> tuple[FileReport, Link]:
    """One file, which has to follow `before`."""
    path = f"{journals}/{month}"
    for attempt in range(months.TRIES):
        # The copy first: read after the lines it may have a later one, which would then look lost.
        copy = journal.content_of(journal.copy_path(path, number), files)
        reading = chain.read(journal.content_of(journal.lines_path(path, number), files), copy)
        if not reading.damaged or attempt == months.TRIES - 1:
            break
    contents = Contents(journal.AS_JSON)
    state: State = "mended" if reading.mended else "whole"
    detail = f"{len(reading.mended)} lines were put right" if reading.mended else ""
    try:
        journal.understood(reading, journal.lines_path(path, number), contents)
        detail = _break_before(contents, before) or detail
        if _break_before(contents, before):
            state = "damaged"
    except (JournalDamaged, JournalTooNew) as error:
        state, detail = "damaged", error.detail or str(error.sentence)
    report = FileReport(month, number, contents.lines, contents.link.head, state, detail)
    return report, contents.link if state != "damaged" else NOWHERE


def _break_before(contents: Contents[msgspec.Raw], before: Link | None) -> str:
    """Why the file is not the next one in the chain; "" when it is."""
    header: Change[msgspec.Raw] | None = contents.header
    if header is None:
        return "it has no valid first line"
    start = 0 if header.follows is None else header.follows.n
    if header.n != start + 1 or contents.link.n != start + contents.lines:
        return "its lines are not numbered one after the other"
    if before is not NOWHERE and header.follows != before:
        return "it does not follow the one before it"
    return ""
