"""The diary's inside: one journal a month, one chain through all of them. Nothing outside of `kiosk.diary`
knows of it.

Only the newest month is written. The first line of a month names the last one of the month before; once the
next month has begun, a month is cut to its length, its copy made whole, and its hash put into the manifest.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import logging
import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Generic

import msgspec
from tinydb import where

from kiosk.diary import chain, durable, journal, manifest, migration
from kiosk.diary.files import DISK, Files, Place
from kiosk.diary.folder import JOURNAL
from kiosk.diary.journal import (
    AS_JSON,
    Contents,
    Decoding,
    JournalDamaged,
    JournalStorage,
    JournalTable,
    Link,
    NotUnderstood,
    T,
)
from kiosk.diary.manifest import Sealed
from kiosk.diary.month_names import AND_LATER, later_than
from kiosk.errors import N_, filled

log = logging.getLogger(__name__)

START: Final = Link(0, chain.GENESIS)
TRIES: Final = 3
"""Beside the writer a later line can be seen before an earlier one; damage is there the next time too."""

_MONTH: Final = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


def months_of(folder: Path, files: Files = DISK) -> list[str]:
    """Every month that has a folder, oldest first; not a last one whose folder a power cut or a full disk
    left empty."""
    try:
        names = files.names(f"{folder}/{JOURNAL}")
    except FileNotFoundError:
        return []
    months = sorted(name for name in names if _MONTH.fullmatch(name))
    while months and not _has_begun(f"{folder}/{JOURNAL}/{months[-1]}", files):
        months.pop()
    return months


def lost(months: Sequence[str], sealed: Mapping[str, Sealed]) -> list[str]:
    """Those that were written and are not among `months`, oldest first: the sealed ones, and what was written
    after the last of these ("2026-12/.."), for a month is sealed when the next one is on the disk."""
    gone = sorted(sealed.keys() - set(months))
    last = max(sealed, default="")
    if last and last >= max(months, default=""):
        gone.append(later_than(last))
    return gone


def _has_begun(month: Place, files: Files) -> bool:
    return any(not name.endswith(durable.TEMPORARY_SUFFIX) for name in files.names(month))


class Writer:
    """The one writer. Every method raises OSError, and opening JournalDamaged and JournalTooNew too.

    After an OSError nothing more is written until it is opened anew.
    """

    def __init__(
        self,
        folder: Path,
        files: Files = DISK,
        chunk_bytes: int = journal.CHUNK_BYTES,
        after: Writer | None = None,
    ) -> None:
        self._folder = folder
        self._journal = folder / JOURNAL
        self._files = files
        self._chunk_bytes = chunk_bytes
        self._storage: JournalStorage | None = None
        self.newest = ""
        """The month that is written; "" before the first record."""
        months = months_of(folder, files)
        self._sealed = manifest.load(self._journal, files)
        missing = lost(months, self._sealed)
        if missing and missing[-1].endswith(AND_LATER):
            raise _is_missing(self._journal, missing[-1], self._sealed)
        if months:
            self.newest = months[-1]
            same = after is not None and after.newest == self.newest
            self._storage = self._storage_of(self.newest, after=after._storage if after and same else None)
            try:
                if after is not None and not same:
                    self._must_have_turned_from(after)
                if len(months) == 1 and not missing and self._storage.generation == 1:
                    _must_follow(self.newest, self._storage.contents, "", START)
                self._seal_left_over(months)
            except BaseException:
                self._storage.close()
                raise

        elif after is not None and after.link != START:
            raise _is_missing(self._journal, after.newest, self._sealed)

    def opened_anew(self) -> Writer:
        """What goes on in the place of this one, which failed: what was acknowledged is there, and all that
        can be read is on the disk. This one can be asked again when that fails too."""
        with contextlib.suppress(OSError):
            self.close()
        return Writer(self._folder, self._files, self._chunk_bytes, after=self)

    def _must_have_turned_from(self, before: Writer) -> None:
        """It failed when it had begun this month."""
        assert self._storage is not None
        _must_follow(self.newest, self._storage.contents, before.newest, before.link)

    @property
    def link(self) -> Link:
        """Where the chain stands."""
        return START if self._storage is None else self._storage.link

    @property
    def cut_short(self) -> bool:
        """Opening found a change that was never acknowledged, and put it aside."""
        return self._storage is not None and self._storage.torn_bytes > 0

    def add(self, month: str, table: str, documents: Sequence[bytes]) -> None:
        """New documents, given as JSON, in one change; durable when it returns. `month` is the newest one or
        later."""
        self._storage_for(month).insert(table, documents)

    def replace(self, month: str, table: str, record_id: str, document: bytes) -> None:
        """`document`, JSON, in the place of the one with that id in `month`, or a new one."""
        JournalTable(self._storage_for(month), table).upsert(
            msgspec.json.decode(document), where("envelope")["id"] == record_id
        )

    def tell(self, reader: Reader[Any]) -> None:
        """Spares `reader` reading the newest month once more."""
        if self._storage is not None:
            storage = self._storage
            reader.begin_with(self.newest, storage.contents, storage.generation, storage.end)

    def written(self, table: str) -> list[bytes]:
        """The newest month's documents of a table, as JSON."""
        documents = None if self._storage is None else self._storage.table(table)
        return [bytes(document) for document in (documents or {}).values()]

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

    def _storage_for(self, month: str) -> JournalStorage:
        if self._storage is None or month > self.newest:
            return self._turn_to(month)
        return self._storage

    def _turn_to(self, month: str) -> JournalStorage:
        """Begins `month`, then seals the one before: whenever this is cut short, the newest month is the one
        that is not sealed."""
        ended, before = self.newest, self._storage
        if before is not None:
            before.seal()
        durable.make_folder(self._journal, self._files)
        self._storage = self._storage_of(month, None if before is None else before.link)
        self.newest = month
        if before is not None:
            self._seal(ended, before)
        return self._storage

    def _seal_left_over(self, months: list[str]) -> None:
        """What a power cut left undone, or a manifest that was lost. A month that does not lead to the next
        one is left as it is: checking the diary says so. So is one for which the disk has no room: it is read
        line by line, and the kiosk starts."""
        begun = [
            month
            for month in months
            if month in self._sealed or journal.generations(f"{self._journal}/{month}", self._files)
        ]
        for month, after in itertools.pairwise(begun):
            if month in self._sealed:
                continue
            try:
                follows = first_line(f"{self._journal}/{after}", self._files).follows
                storage = self._storage_of(month, goes_on=False)
            except (JournalDamaged, OSError) as error:
                log.error("%s cannot be sealed: %s", month, error)
                continue
            try:
                if storage.link == follows:
                    self._seal(month, storage)
                else:
                    log.error("%s does not lead to %s", month, after)
                storage.close()
            except OSError as error:
                log.error("%s was not sealed: %s", month, error)
                with contextlib.suppress(OSError):
                    storage.close()

    def _storage_of(
        self,
        month: str,
        follows: Link | None = None,
        *,
        goes_on: bool = True,
        after: JournalStorage | None = None,
    ) -> JournalStorage:
        return JournalStorage(
            self._journal / month,
            files=self._files,
            chunk_bytes=self._chunk_bytes,
            follows=follows,
            goes_on=goes_on,
            after=after,
        )

    def _seal(self, month: str, storage: JournalStorage) -> None:
        content = storage.finish()
        sealed = Sealed(
            month, storage.generation, len(content), hashlib.sha256(content).hexdigest(), storage.link
        )
        manifest.save(self._journal, {**self._sealed, month: sealed}, self._files)
        self._sealed[month] = sealed
        storage.close()


class Reader(Generic[T]):
    """The state of every month as of its last valid line, read beside the writer without a lock.

    `version` is the folder's: before 2 a month was one JSON file. Raises OSError, JournalDamaged,
    JournalTooNew, NotUnderstood (a document cannot be read by `decoding`); ValueError for a damaged file of
    version 1.
    """

    def __init__(self, folder: Path, version: int, decoding: Decoding[T], files: Files = DISK) -> None:
        self._folder = folder
        self._journal = folder / JOURNAL
        self._version = version
        self._files = files
        self._decoding = decoding
        self._known: dict[str, _Known[T]] = {}
        self._forgotten: dict[str, tuple[Link | None, Link]] = {}
        """Month → what it says it follows (None: it does not say), and where the chain stood at its end."""
        self._listed: list[str] = []
        self._lost: frozenset[str] = frozenset()
        self._sealed: dict[str, Sealed] | None = None

    def months(self) -> list[str]:
        """Oldest first; with those that were lost, which cannot be read."""
        if self._sealed is None and self._version >= 2:
            # Before it is looked what is there: the writer seals a month after the next one was begun.
            self._sealed = manifest.load(self._journal, self._files)
        found = months_of(self._folder, self._files)
        self._lost = frozenset(lost(found, self._sealed or {}))
        self._listed = sorted([*found, *self._lost])
        return self._listed

    def begin_with(self, month: str, said: Contents[msgspec.Raw], generation: int, end: int) -> None:
        """`month` was read up to byte `end` already."""
        contents = Contents(self._decoding)
        contents.go_on(said, self._decoded(said.tables))
        self._known[month] = _Known(contents, generation, end)

    def tables(self, month: str, is_newest: bool) -> Mapping[str, Mapping[str, T]]:
        """Table → its documents, as they stand now."""
        if self._version < 2:
            return self._decoded(migration.tables_of(self._journal / month, self._files))
        return self._contents(month, is_newest).tables

    def forget(self, month: str) -> None:
        """Keeps nothing in memory of `month`, which is over, but where it led to."""
        known = self._known.pop(month, None)
        if known is not None:
            self._forgotten[month] = (_says_it_follows(known), known.contents.link)

    def _decoded(self, tables: Mapping[str, journal.Documents]) -> dict[str, dict[str, T]]:
        one = self._decoding.document
        try:
            return {name: {key: one(raw) for key, raw in table.items()} for name, table in tables.items()}
        except msgspec.ValidationError as error:
            raise NotUnderstood(str(error)) from error

    def link(self) -> Link:
        """Where the chain stands."""
        months = self.months() if self._version >= 2 else []
        for month in reversed(months):
            contents = self._contents(month, month == months[-1])
            if contents.header is not None:
                return contents.link
        return START

    def _contents(self, month: str, is_newest: bool) -> Contents[T]:
        if month in self._lost:
            raise _is_missing(self._journal, month, self._sealed or {})
        known = self._known.get(month)
        if known is not None and known.over:
            return known.contents
        if known is None or not self._follow(month, known):
            known = self._read(month)
            self._check_it_follows(month, known)
            self._check_it_is_followed(month, known)
            self._known[month] = known
        known.over = not is_newest
        return known.contents

    def _read(self, month: str) -> _Known[T]:
        if self._sealed is None or (month not in self._sealed and month not in self._listed[-1:]):
            self._sealed = manifest.load(self._journal, self._files)
        return read_month(f"{self._journal}/{month}", self._sealed.get(month), self._decoding, self._files)

    def _check_it_follows(self, month: str, known: _Known[T]) -> None:
        """The month before it is the one it was begun after: none was taken away, cut short or exchanged.

        Of a month with several generations only the first says so: `kiosk.diary.check` looks at that.
        """
        if known.generation > 1 or self._sealed is None:
            return
        listed = self._listed if month in self._listed else self.months()
        for before in reversed(listed[: bisect_left(listed, month)]):
            if before in self._known:
                link = self._known[before].contents.link
            elif before in self._forgotten:
                link = self._forgotten[before][1]
            elif before in self._sealed:
                link = self._sealed[before].link
            else:
                return
            if link != START:  # else nothing was ever written in it
                _must_follow(month, known.contents, before, link)
                return
        _must_follow(month, known.contents, "", START)

    def _check_it_is_followed(self, month: str, known: _Known[T]) -> None:
        """The same for who reads the newest first, and had nothing to compare it with then."""
        link = known.contents.link
        if link == START:  # nothing was ever written in it
            return
        for after in self._listed[bisect_right(self._listed, month) :]:
            if after in self._known:
                follows, end = _says_it_follows(self._known[after]), self._known[after].contents.link
            elif after in self._forgotten:
                follows, end = self._forgotten[after]
            else:
                return
            if follows is not None:
                _must_lead_to(after, follows, month, link)
            if end != START:
                return

    def _follow(self, month: str, known: _Known[T]) -> bool:
        """Takes in what was written since; False when it has to be read anew."""
        folder = f"{self._journal}/{month}"
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


def _says_it_follows(known: _Known[Any]) -> Link | None:
    """None: it has no first line, or is a later generation, which does not say so."""
    header = known.contents.header
    return None if known.generation > 1 or header is None else header.follows or START


def _must_follow(month: str, contents: Contents[Any], before: str, link: Link) -> None:
    """`contents` of `month` are what was begun where the chain stood at the end of the month `before`."""
    if contents.header is not None:
        _must_lead_to(month, contents.header.follows or START, before, link)


def _must_lead_to(month: str, follows: Link, before: str, link: Link) -> None:
    if follows != link:
        others = filled(N_("that of {month}"), month=before) if before else N_("what there is")
        raise JournalDamaged(
            filled(
                N_(
                    "The diary of {month} does not follow {others}: something before it was lost or "
                    "exchanged. Nothing was changed."
                ),
                month=month,
                others=others,
            ),
            detail=f"{follows} is not {link}",
        )


def _is_missing(journals: Path, month: str, sealed: Mapping[str, Sealed]) -> JournalDamaged:
    if month.endswith(AND_LATER):
        return JournalDamaged(
            filled(
                N_(
                    "The diary in {path} went on after {month}, and that part is missing. "
                    "Nothing was changed."
                ),
                path=journals,
                month=max(sealed),
            )
        )
    return JournalDamaged(
        filled(
            N_("The diary of {month} is missing in {path}. Nothing was changed."), month=month, path=journals
        )
    )


class _Known(Generic[T]):
    """What was read of a month, and how far."""

    __slots__ = ("contents", "end", "generation", "over")

    def __init__(self, contents: Contents[T], generation: int, end: int) -> None:
        self.contents = contents
        self.generation = generation
        self.end = end
        self.over = False


def read_month(folder: Place, sealed: Sealed | None, decoding: Decoding[T], files: Files = DISK) -> _Known[T]:
    """The newest generation of the month in `folder`. Raises as Reader does."""
    number, reading = _as_sealed(folder, sealed, files)
    if reading is None:
        numbers = journal.generations(folder, files)
        if not numbers:
            return _Known(Contents(decoding), 0, 0)
        number = numbers[-1]
        reading = _by_its_chain(folder, number, files)
    path = journal.lines_path(folder, number)
    contents = journal.understood(reading, path, Contents(decoding))
    if sealed is not None and contents.link != sealed.link:
        raise JournalDamaged(
            filled(
                N_(
                    "The diary in {path} has lost its end: {n} of {count} entries can be read. "
                    "Nothing was changed."
                ),
                path=path,
                n=contents.link.n,
                count=sealed.link.n,
            )
        )
    return _Known(contents, number, reading.end)


def _as_sealed(folder: Place, sealed: Sealed | None, files: Files) -> tuple[int, chain.Reading | None]:
    """Of a month that is over, by one hash; None when its file is not the one that was sealed."""
    if sealed is None:
        return 0, None
    content = journal.content_of(journal.lines_path(folder, sealed.generation), files, most=sealed.bytes + 1)
    if len(content) != sealed.bytes or hashlib.sha256(content).hexdigest() != sealed.sha256:
        return 0, None
    return sealed.generation, chain.Reading(content, len(content), sealed.link.head, (), b"", False)


def _by_its_chain(folder: Place, number: int, files: Files) -> chain.Reading:
    """Line by line; with the copy where something is wrong, or the copy says more: zeros where a sector was
    lost look like a clean end."""
    lines, copy = journal.lines_path(folder, number), journal.copy_path(folder, number)
    for _ in range(TRIES):
        content = journal.content_of(lines, files)
        reading = chain.read(content)
        if (
            reading.damaged
            or reading.torn
            or reading.mended
            or journal.content_of(copy, files, reading.end, most=1)
        ):
            reading = chain.read(content, journal.content_of(copy, files))
        if not reading.damaged:
            break
    return reading


def first_line(folder: Place, files: Files = DISK) -> journal.Change[msgspec.Raw]:
    """Of the month in `folder`, which has begun: it says what the month follows. Raises as Reader does."""
    number = journal.generations(folder, files)[0]
    path = journal.lines_path(folder, number)
    reading = chain.read(
        journal.content_of(path, files), journal.content_of(journal.copy_path(folder, number), files)
    )
    header = journal.understood(reading, path, Contents(AS_JSON)).header
    if header is None:
        raise JournalDamaged(
            filled(N_("The diary in {path} cannot be read. Nothing was changed."), path=path)
        )
    return header
