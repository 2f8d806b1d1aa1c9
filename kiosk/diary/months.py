"""The diary's inside: one journal a month, one chain through all of them. Nothing outside of `kiosk.diary`
knows of it.

Only the newest month is written. The first line of a month names the last one of the month before; once the
next month has begun, a month is cut to its length, its copy made whole, and its hash put into the manifest.
"""

from __future__ import annotations

import hashlib
import itertools
import logging
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from tinydb import where
from tinydb.table import Table

from kiosk.diary import chain, durable, journal, manifest, migration
from kiosk.diary.files import DISK, Files
from kiosk.diary.folder import JOURNAL
from kiosk.diary.journal import Contents, JournalDamaged, JournalStorage, JournalTable, Link
from kiosk.diary.manifest import Sealed

log = logging.getLogger(__name__)

START: Final = Link(0, chain.GENESIS)
TRIES: Final = 3
"""Beside the writer a later line can be seen before an earlier one; damage is there the next time too."""

_MONTH: Final = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


def months_of(folder: Path, files: Files = DISK) -> list[str]:
    """Every month that has a folder, oldest first."""
    try:
        names = files.names(folder / JOURNAL)
    except FileNotFoundError:
        return []
    return sorted(name for name in names if _MONTH.fullmatch(name))


class Writer:
    """The one writer. Every method raises OSError, and opening JournalDamaged and JournalTooNew too.

    After an OSError nothing more is written until it is opened anew.
    """

    def __init__(self, folder: Path, files: Files = DISK, chunk_bytes: int = journal.CHUNK_BYTES) -> None:
        self._journal = folder / JOURNAL
        self._files = files
        self._chunk_bytes = chunk_bytes
        self._storage: JournalStorage | None = None
        self._tables: dict[str, Table] = {}
        self.newest = ""
        """The month that is written; "" before the first record."""
        months = months_of(folder, files)
        self._sealed = manifest.load(self._journal, files)
        if months:
            self.newest = months[-1]
            begun = journal.generations(self._journal / self.newest, files)
            self._storage = self._storage_of(self.newest, None if begun else self._end_of_last(months[:-1]))
            try:
                self._seal_left_over(months)
            except BaseException:
                self._storage.close()
                raise

    @property
    def link(self) -> Link:
        """Where the chain stands."""
        return START if self._storage is None else self._storage.link

    def add(self, month: str, table: str, documents: Iterable[Mapping[str, Any]]) -> None:
        """New documents as one change, durable when it returns. `month` is the newest one or later."""
        self._table(month, table).insert_multiple(documents)

    def replace(self, month: str, table: str, record_id: str, document: Mapping[str, Any]) -> None:
        """`document` in the place of the one with that id in `month`, or a new one."""
        self._table(month, table).upsert(document, where("envelope")["id"] == record_id)

    def tell(self, reader: Reader) -> None:
        """Spares `reader` reading the newest month once more."""
        if self._storage is not None:
            reader.begin_with(self.newest, *self._storage.state)

    def check_place(self) -> None:
        """Raises FileNotFoundError when the data folder was moved away."""
        if self._storage is not None:
            self._storage.check_place()

    def seal(self) -> None:
        """Makes the newest month's copy whole: for when nobody is writing."""
        if self._storage is not None:
            self._storage.seal()

    def close(self) -> None:
        if self._storage is not None:
            self._storage.close()

    def _table(self, month: str, name: str) -> Table:
        if self._storage is None or month > self.newest:
            self._turn_to(month)
        if name not in self._tables:
            assert self._storage is not None
            self._tables[name] = JournalTable(self._storage, name)
        return self._tables[name]

    def _turn_to(self, month: str) -> None:
        """Begins `month`, then seals the one before: whenever this is cut short, the newest month is the one
        that is not sealed."""
        ended, before = self.newest, self._storage
        if before is not None:
            before.seal()
        durable.make_folder(self._journal, self._files)
        self._storage = self._storage_of(month, None if before is None else before.link)
        self.newest, self._tables = month, {}
        if before is not None:
            self._seal(ended, before)

    def _end_of_last(self, months: list[str]) -> Link | None:
        """Where the chain stands after the last of `months` that holds anything."""
        for month in reversed(months):
            if month in self._sealed:
                return self._sealed[month].link
            contents = read_month(self._journal / month, None, self._files).contents
            if contents.header is not None:
                return contents.link
        return None

    def _seal_left_over(self, months: list[str]) -> None:
        """What a power cut left undone, or a manifest that was lost. A month that does not lead to the next
        one is left as it is: checking the diary says so."""
        begun = [
            month
            for month in months
            if month in self._sealed or journal.generations(self._journal / month, self._files)
        ]
        for month, after in itertools.pairwise(begun):
            if month in self._sealed:
                continue
            try:
                follows = first_line(self._journal / after, self._files).follows
                storage = self._storage_of(month, goes_on=False)
            except JournalDamaged as error:
                log.error("%s cannot be sealed: %s", month, error)
                continue
            if storage.link == follows:
                self._seal(month, storage)
            else:
                log.error("%s does not lead to %s", month, after)
                storage.close()

    def _storage_of(self, month: str, follows: Link | None = None, *, goes_on: bool = True) -> JournalStorage:
        return JournalStorage(
            self._journal / month,
            files=self._files,
            chunk_bytes=self._chunk_bytes,
            follows=follows,
            goes_on=goes_on,
        )

    def _seal(self, month: str, storage: JournalStorage) -> None:
        content = storage.finish()
        sealed = Sealed(
            month, storage.generation, len(content), hashlib.sha256(content).hexdigest(), storage.link
        )
        manifest.save(self._journal, {**self._sealed, month: sealed}, self._files)
        self._sealed[month] = sealed
        storage.close()


class Reader:
    """The state of every month as of its last valid line, read beside the writer without a lock.

    `version` is the folder's: before 2 a month was one JSON file. Raises OSError, JournalDamaged,
    JournalTooNew; ValueError for a damaged file of version 1.
    """

    def __init__(self, folder: Path, version: int, files: Files = DISK) -> None:
        self._folder = folder
        self._journal = folder / JOURNAL
        self._version = version
        self._files = files
        self._known: dict[str, _Known] = {}
        self._sealed: dict[str, Sealed] | None = None

    def months(self) -> list[str]:
        """Oldest first."""
        return months_of(self._folder, self._files)

    def begin_with(self, month: str, contents: Contents, generation: int, end: int) -> None:
        """`month` was read up to byte `end` already."""
        self._known[month] = _Known(contents, generation, end)

    def tables(self, month: str, is_newest: bool) -> Mapping[str, journal.Documents]:
        """Table → its documents, as they stand now. The same document is the same object as before."""
        if self._version < 2:
            return migration.tables_of(self._journal / month, self._files)
        return self._contents(month, is_newest).tables

    def link(self) -> Link:
        """Where the chain stands."""
        months = self.months() if self._version >= 2 else []
        for month in reversed(months):
            contents = self._contents(month, month == months[-1])
            if contents.header is not None:
                return contents.link
        return START

    def _contents(self, month: str, is_newest: bool) -> Contents:
        known = self._known.get(month)
        if known is not None and known.over:
            return known.contents
        if known is None or not self._follow(month, known):
            known = self._read(month)
            self._check_it_follows(month, known)
            self._known[month] = known
        known.over = not is_newest
        return known.contents

    def _read(self, month: str) -> _Known:
        if self._sealed is None or month not in self._sealed:
            self._sealed = manifest.load(self._journal, self._files)
        return read_month(self._journal / month, self._sealed.get(month), self._files)

    def _check_it_follows(self, month: str, known: _Known) -> None:
        """The month before it is the one it was begun after: none was taken away, cut short or exchanged.

        Of a month with several generations only the first says so: `kiosk.diary.check` looks at that.
        """
        header = known.contents.header
        if header is None or known.generation > 1 or self._sealed is None:
            return
        before = max((other for other in self.months() if other < month), default="")
        if before in self._known:
            link = self._known[before].contents.link
        elif before in self._sealed:
            link = self._sealed[before].link
        else:
            return
        if link != START and header.follows != link:
            raise JournalDamaged(
                f"The diary of {month} does not follow that of {before}: something in between was lost or "
                "exchanged. Nothing was changed.",
                detail=f"{header.follows} is not {link}",
            )

    def _follow(self, month: str, known: _Known) -> bool:
        """Takes in what was written since; False when it has to be read anew."""
        folder = self._journal / month
        numbers = journal.generations(folder, self._files)
        if not numbers or numbers[-1] != known.generation:
            return False
        path = journal.lines_path(folder, known.generation)
        if journal.content_of(path, self._files, known.end, most=1) in (b"", b"\0"):
            return True
        more = journal.content_of(path, self._files, known.end)
        reading = chain.read(more, previous=known.contents.link.head)
        if reading.damaged:
            return False
        journal.understood(reading, folder, known.contents)
        known.end += reading.end
        return True


class _Known:
    """What was read of a month, and how far."""

    __slots__ = ("contents", "end", "generation", "over")

    def __init__(self, contents: Contents, generation: int, end: int) -> None:
        self.contents = contents
        self.generation = generation
        self.end = end
        self.over = False


def read_month(folder: Path, sealed: Sealed | None, files: Files = DISK) -> _Known:
    """The newest generation of the month in `folder`. Raises as Reader does."""
    numbers = journal.generations(folder, files)
    if not numbers:
        return _Known(Contents(), 0, 0)
    path = journal.lines_path(folder, numbers[-1])
    for attempt in range(TRIES):
        content = journal.content_of(path, files)
        if sealed is not None and _as_sealed(content, sealed):
            reading = chain.Reading(content, len(content), sealed.link.head, (), b"", False)
        else:
            reading = chain.read(content)
            if reading.damaged or reading.torn or reading.mended or sealed is not None:
                copy = journal.content_of(journal.copy_path(folder, numbers[-1]), files)
                reading = chain.read(content, copy)
        if not reading.damaged or attempt == TRIES - 1:
            break
    contents = journal.understood(reading, path)
    if sealed is not None and contents.link != sealed.link:
        raise JournalDamaged(
            f"The diary in {path} has lost its end: {contents.link.n} of {sealed.link.n} entries can be "
            "read. Nothing was changed."
        )
    return _Known(contents, numbers[-1], reading.end)


def first_line(folder: Path, files: Files = DISK) -> journal.Change:
    """Of the month in `folder`, which has begun: it says what the month follows. Raises as Reader does."""
    number = journal.generations(folder, files)[0]
    path = journal.lines_path(folder, number)
    reading = chain.read(
        journal.content_of(path, files), journal.content_of(journal.copy_path(folder, number), files)
    )
    header = journal.understood(reading, path).header
    if header is None:
        raise JournalDamaged(f"The diary in {path} cannot be read. Nothing was changed.")
    return header


def _as_sealed(content: bytes, sealed: Sealed) -> bool:
    return len(content) == sealed.bytes and hashlib.sha256(content).hexdigest() == sealed.sha256
