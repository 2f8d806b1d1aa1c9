"""TinyDB on an append-only journal: what was acknowledged survives the plug being pulled.

A journal is a folder. Its newest generation, `0001.jsonl`, is the database: one JSON line a change (the form
and the chain: `kiosk.diary.chain`), then zeros up to the end of the file, written ahead so that adding a line
changes no metadata and takes one `fdatasync`. Beside it stand

    0001.copy      the same lines once more, brought up to date when nobody is writing (`seal`)
    0000.jsonl …   older generations: a new one begins with a snapshot, the old ones are kept
    quarantine/    what was found damaged, as it was found

A change: {"n": its number in the whole chain, "t": table, "del": [ids], "put": {id: document}}, `del` before
`put`; or {"n", "all": {table: {id: document}}} in the place of everything. The first line of a file is
{"n", "journal": form, "generation", "follows": {"n", "head"} or null, "from": where it comes from}.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from pathlib import Path
from typing import Any, Final, Generic, TypeVar, cast

import msgspec
from tinydb import TinyDB
from tinydb.storages import Storage
from tinydb.table import Table

from kiosk.diary import chain, durable
from kiosk.diary.files import DISK, Files, Place
from kiosk.errors import N_, KioskError, filled

log = logging.getLogger(__name__)

FORM: Final = 1
"""Of the lines; a later one is refused."""
LINES: Final = ".jsonl"
COPY: Final = ".copy"
QUARANTINE: Final = "quarantine"
CHUNK_BYTES: Final = 256 * 1024
"""Zeros are written ahead in such pieces."""
PAGE_BYTES: Final = 4096
"""What the system writes to the disk for a single byte."""
SNAPSHOT_LINE_BYTES: Final = 8 * 1024
"""Documents of a snapshot share lines of about this size, which can still be mended."""
WASTE: Final = 4
WASTE_BYTES: Final = 1024 * 1024
"""A new generation is begun when the lines are longer than this, and than `WASTE` times what they say."""

T = TypeVar("T")

Documents = Mapping[str, msgspec.Raw]
"""Id → document as JSON."""
_GENERATION: Final = re.compile(r"(\d{4,})(\.jsonl|\.copy)")


class JournalDamaged(KioskError):  # noqa: N818
    """Acknowledged data is damaged and could not be mended. Nothing was changed."""


class JournalTooNew(KioskError):  # noqa: N818
    """A later homestim wrote it."""


class JournalFailed(OSError):  # noqa: N818
    """An earlier write failed: what is on the disk is only known after opening it anew."""


class Link(msgspec.Struct, frozen=True):
    """A place in the chain."""

    n: int
    """How many lines there are up to here."""
    head: str
    """The last line's h."""


class NotUnderstood(ValueError):  # noqa: N818
    """A line is what it has to be, but for a document that is not of the kind that was asked for."""


class Change(msgspec.Struct, Generic[T], frozen=True, forbid_unknown_fields=True, gc=False):
    """What one line says. See the module's docstring."""

    n: int
    t: str | None = None
    removed: tuple[str, ...] = msgspec.field(name="del", default=())
    put: dict[str, T] = {}
    whole: dict[str, dict[str, T]] | None = msgspec.field(name="all", default=None)
    journal: int | None = None
    generation: int | None = None
    follows: Link | None = None
    origin: dict[str, str] | None = msgspec.field(name="from", default=None)


class _Line(msgspec.Struct, Generic[T], frozen=True, gc=False):
    """Its h was looked at by `kiosk.diary.chain`."""

    c: Change[T]


class Decoding(Generic[T]):
    """What documents are read as."""

    def __init__(self, kind: type[T]) -> None:
        self.lines: Callable[[bytes], list[_Line[T]]] = msgspec.json.Decoder(_Line[kind]).decode_lines  # type: ignore[valid-type]
        self.document: Callable[[msgspec.Raw], T] = msgspec.json.Decoder(kind).decode


class _Form(msgspec.Struct):
    journal: int = FORM


class _FormLine(msgspec.Struct):
    c: _Form


_encode_fast = msgspec.json.Encoder().encode
_decode_fast = msgspec.json.Decoder().decode
AS_JSON: Final = Decoding(msgspec.Raw)
"""Not read at all."""
_encode_json = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":")
).encode


def encode(document: Any) -> bytes:
    """JSON that every reader takes, and that says the same when it is read again. Raises TypeError;
    ValueError for NaN and for text that is not Unicode."""
    try:
        text = _encode_fast(document)
        if _decode_fast(text) == document:
            return text
    except (TypeError, ValueError, OverflowError):
        pass  # the slow one knows why, or how
    return _encode_json(document).encode()


class Contents(Generic[T]):
    """What the lines of one generation come to."""

    def __init__(self, decoding: Decoding[T]) -> None:
        self.tables: dict[str, dict[str, T]] = {}
        self.n, self.head = 0, chain.GENESIS
        self.header: Change[T] | None = None
        self.lines = 0
        self._decoding = decoding

    @property
    def link(self) -> Link:
        """Where the chain stands after them."""
        return Link(self.n, self.head)

    def go_on(self, other: Contents[Any], tables: dict[str, dict[str, T]]) -> None:
        """As if it had read what `other` has, whose tables are `tables`."""
        self.tables, self.header, self.lines = tables, other.header, other.lines
        self.n, self.head = other.n, other.head

    def take(self, lines: bytes) -> None:
        """Applies whole lines that were found valid, all or none. Raises ValueError, NotUnderstood,
        JournalTooNew."""
        if not lines:
            return
        if self.header is None:
            form = msgspec.json.decode(lines[: lines.index(b"\n")], type=_FormLine).c.journal
            if form > FORM:
                raise JournalTooNew(
                    N_("The diary was written by a newer homestim. Use that version; nothing was changed."),
                    detail=f"journal form {form}, known up to {FORM}",
                )
        found, tables = self._decoded(lines), self.tables
        for one in found:
            change = one.c
            table = tables.get(change.t)  # type: ignore[arg-type]
            if table is not None and not change.removed:
                table |= change.put  # nearly every line
            else:
                self._apply(change)
                tables = self.tables
        self.lines += len(found)
        self.n, self.head = found[-1].c.n, chain.head_of(lines)

    def _decoded(self, lines: bytes) -> list[_Line[T]]:
        try:
            return self._decoding.lines(lines)
        except msgspec.ValidationError as error:
            AS_JSON.lines(lines)
            raise NotUnderstood(str(error)) from error

    def _apply(self, change: Change[T]) -> None:
        if change.t is not None and self.header is not None:
            table = self.tables.get(change.t)
            if table is None:
                table = self.tables[change.t] = {}
            for doc_id in change.removed:
                table.pop(doc_id, None)
            table.update(change.put)
        elif change.whole is not None and self.header is not None:
            self.tables = change.whole
        elif change.journal is not None and self.header is None:
            self.header = change
        else:
            raise ValueError(f"line {change.n} does not say what it does, or is not at its place")


def generations(folder: Place, files: Files = DISK) -> list[int]:
    """The numbers of those that are there, oldest first."""
    matches = (_GENERATION.fullmatch(name) for name in files.names(folder))
    return sorted({int(match[1]) for match in matches if match})


def lines_path(folder: Place, generation: int) -> str:
    return f"{folder}/{generation:04}{LINES}"


def copy_path(folder: Place, generation: int) -> str:
    return f"{folder}/{generation:04}{COPY}"


def understood(reading: chain.Reading, path: Place, contents: Contents[T]) -> Contents[T]:
    """`contents` after the valid lines of `path`. Raises JournalDamaged when valid data is out of reach
    behind damage, or a line is not ours; NotUnderstood, JournalTooNew."""
    try:
        contents.take(reading.content[: reading.end])
    except NotUnderstood:
        raise
    except ValueError as error:  # msgspec's errors are ValueErrors
        raise JournalDamaged(
            filled(
                N_("The diary in {path} holds lines that are not understood. Nothing was changed."), path=path
            ),
            detail=str(error),
        ) from error
    if reading.damaged:
        documents = sum(len(table) for table in contents.tables.values())
        raise JournalDamaged(
            filled(
                N_(
                    "The diary in {path} is damaged in the middle. {n} records before the damage can still "
                    "be read. Nothing was changed."
                ),
                path=path,
                n=documents,
            ),
            detail=f"{contents.lines} lines are valid, up to byte {reading.end}",
        )
    return contents


def content_of(path: Place, files: Files, start: int = 0, most: int = sys.maxsize) -> bytes:
    """From byte `start` on; b"" where there is no such file. Raises OSError."""
    try:
        return files.read(path, start, most)
    except FileNotFoundError:
        return b""


class JournalStorage(Storage):
    """A TinyDB in a journal, for its one writer; who that is, is not decided here.

    `follows` is where the chain stands before a journal that is begun here; `origin` says what it was made
    from, with `tables` as its first snapshot; `anew` begins it whatever is there. One that does not go on
    (`goes_on`) begins no new generation. `after` is the one of the same journal that failed and was closed.
    Every method raises OSError; after one nothing more is written until it is opened anew. Opening raises
    JournalDamaged and JournalTooNew too, and puts right what a power cut or a flipped bit left behind.
    """

    def __init__(
        self,
        folder: Path,
        *,
        files: Files = DISK,
        chunk_bytes: int = CHUNK_BYTES,
        follows: Link | None = None,
        origin: dict[str, str] | None = None,
        tables: Mapping[str, Documents] | None = None,
        anew: bool = False,
        goes_on: bool = True,
        after: JournalStorage | None = None,
    ) -> None:
        self.folder = folder
        self.mended = 0
        """Lines that opening put right."""
        self.torn_bytes = 0
        """Of a change that was never acknowledged, cut short by a power cut: put into quarantine."""
        self._files = files
        self._chunk_bytes = chunk_bytes
        self._descriptor = -1
        self._failure: OSError | None = None
        self._usual_bytes = 0
        self._size = 0
        self.next_ids: dict[str, int] = {}
        """Table → the id of its next new document, where it is known."""
        durable.make_folder(folder, files)
        self._place, self._identity = str(folder), files.identity(str(folder))
        known = generations(folder, files)
        if known and not anew:
            self._open(known[-1], after)
        else:
            self._begin(1, follows, tables or {}, origin)
        if goes_on and self._end > WASTE_BYTES and self._end > WASTE * self._live_bytes():
            try:
                self.compact()
            except OSError as error:
                if generations(folder, files)[-1] != self._generation:
                    # It has its name: whoever opens next reads that one, and not what would be added here.
                    self._files.close(self._descriptor)
                    raise
                log.warning("no new generation was begun in %s: %s", folder, error)

    # ── TinyDB's interface ──

    def read(self) -> dict[str, Any] | None:
        """Table → documents, which are decoded anew at every look: changing one changes nothing here."""
        return {name: TableView(table) for name, table in self._contents.tables.items()} or None

    def write(self, data: Mapping[str, Mapping[Any, Any]]) -> None:
        """One change that puts `data` in the place of everything (dropping tables comes here)."""
        whole = {
            name: table.raw if isinstance(table, TableView) else _encoded(table)
            for name, table in data.items()
        }
        self._append(b'"all":' + _joined({name: _joined(table) for name, table in whole.items()}))
        self._contents.tables = {name: dict(table) for name, table in whole.items()}
        self.next_ids = {}

    def close(self) -> None:
        """Seals and gives the files back; a second call does nothing."""
        if self._descriptor < 0:
            return
        try:
            if self._failure is None:
                self.seal()
        finally:
            self._files.close(self._descriptor)
            self._descriptor = -1

    # ── ours ──

    @property
    def link(self) -> Link:
        """Where the chain stands."""
        return self._contents.link

    @property
    def generation(self) -> int:
        return self._generation

    @property
    def contents(self) -> Contents[msgspec.Raw]:
        """What it holds now: not to be changed."""
        return self._contents

    @property
    def end(self) -> int:
        """Where the next line will begin."""
        return self._end

    def table(self, name: str) -> Documents | None:
        """A table's documents as JSON; None when there is no such table."""
        return self._contents.tables.get(name)

    def insert(self, table: str, texts: Sequence[bytes]) -> list[int]:
        """Durable when it returns: new documents as one change. Their ids. They are given as JSON that says
        what it has to.

        By far the most frequent change: right after a flush the processor has forgotten everything, and each
        step costs several times what it costs in a loop.
        """
        there = self._contents.tables.get(table)
        first = self.next_ids.get(table) or max(map(int, there or ()), default=0) + 1
        put = b",".join([b'"%d":%b' % one for one in enumerate(texts, first)])
        if put or there is None:
            self._append(b'"t":%b,"put":{%b}' % (_name(table), put))
        if there is None:
            there = self._contents.tables.setdefault(table, {})
        doc_ids = range(first, first + len(texts))
        there.update(zip(map(str, doc_ids), map(msgspec.Raw, texts), strict=True))
        self.next_ids[table] = first + len(texts)
        return list(doc_ids)

    def commit(self, table: str, removed: Sequence[str], put: Mapping[str, msgspec.Raw]) -> None:
        """Durable when it returns: `removed` are gone from `table`, then `put` stands in it."""
        there = self._contents.tables.get(table)
        if there is not None and not removed and not put:
            return
        gone = b'"del":%b,' % encode(list(removed)) if removed else b""
        self._append(b'"t":%b,%b"put":%b' % (_name(table), gone, _joined(put)))
        if there is None:
            there = self._contents.tables.setdefault(table, {})
        for doc_id in removed:
            there.pop(doc_id, None)
        there.update(put)

    def check_place(self) -> None:
        """Raises FileNotFoundError when the folder is no longer where it was opened: what is written then
        would be durable, and nowhere."""
        if self._files.identity(self._place) != self._identity:
            raise FileNotFoundError("the journal was moved away")

    def seal(self) -> None:
        """Brings the copy up to date: then also damage of more than a bit can be mended."""
        self._check_usable()
        if not self._uncopied:
            return
        try:
            path = copy_path(self.folder, self._generation)
            if self._copied_bytes:
                self._add_to_copy(self._files.open(path))
            else:
                self._add_to_copy(self._files.create(path))
                self._files.flush_folder(self.folder)
        except OSError as error:
            self._failure = error
            raise

    def finish(self) -> bytes:
        """Seals and cuts the zeros off: nothing more will be written. The whole file."""
        self.seal()
        try:
            if self._size != self._end:
                self._files.cut(self._descriptor, self._end)
                self._files.flush_data(self._descriptor)
                self._size = self._end
        except OSError as error:
            self._failure = error
            raise
        return self._files.read(lines_path(self.folder, self._generation))

    def compact(self) -> None:
        """Begins a new generation that holds only what stands now; the old one is kept, sealed."""
        self.seal()
        descriptor, generation, tables = self._descriptor, self._generation, self._contents.tables
        self._begin(generation + 1, self.link, tables, None)
        self._files.close(descriptor)

    def _live_bytes(self) -> int:
        return sum(
            len(document)
            for table in self._contents.tables.values()
            for document in map(bytes, table.values())
        )

    def _begin(
        self,
        generation: int,
        follows: Link | None,
        tables: Mapping[str, Documents],
        origin: dict[str, str] | None,
    ) -> None:
        """A new file, whole and durable before it has its name."""
        lines = _first_lines(generation, follows, tables, origin)
        contents = Contents(AS_JSON)
        contents.take(lines)
        path = lines_path(self.folder, generation)
        draft = path + durable.TEMPORARY_SUFFIX
        size = len(lines) + self._chunk_bytes
        descriptor = self._files.create(draft)
        try:
            durable.write_all(descriptor, lines, 0, self._files)
            self._write_zeros(descriptor, len(lines), self._chunk_bytes)
            self._files.flush_data(descriptor)
            self._files.rename(draft, path)
            self._files.flush_folder(self.folder)
        except BaseException:
            self._files.close(descriptor)
            raise
        self._descriptor, self._generation, self._contents = descriptor, generation, contents
        self._end, self._size = len(lines), size
        self._uncopied, self._copied_bytes = [lines], 0

    def _open(self, generation: int, after: JournalStorage | None) -> None:
        path = lines_path(self.folder, generation)
        content, copy = (
            content_of(path, self._files),
            content_of(copy_path(self.folder, generation), self._files),
        )
        reading = chain.read(content, copy)
        self._contents = understood(reading, path, Contents(AS_JSON))
        if self._contents.header is None:
            raise JournalDamaged(
                filled(N_("The diary in {path} cannot be read. Nothing was changed."), path=path),
                detail="no valid first line",
            )
        self._descriptor = self._files.open(path) if content else self._files.create(path)
        lines = reading.content[: reading.end]
        self._generation, self._end = generation, reading.end
        self._size = max(len(content), reading.end)
        self._copied_bytes = _common_bytes(copy, lines)
        try:
            self._put_right(content, reading)
            if after is not None:
                self._settle(lines, after)
            # Whoever gave it its name may have been killed, or refused, before that was on the disk.
            self._files.flush_folder(self.folder)
        except BaseException:
            self._files.close(self._descriptor)
            raise
        whole = self._copied_bytes == len(lines) == len(copy)
        self._uncopied = [] if whole else [lines[self._copied_bytes :]]

    def _settle(self, lines: bytes, after: JournalStorage) -> None:
        """What was acknowledged has to be here. All behind it is written once more: since a flush failed,
        what the system has in memory may not be on the disk, and would not be written again by itself."""
        header, begun = self._contents.header, self._generation > after.generation
        here = header.follows if begun and header else Link(after.link.n, chain.head_of(lines[: after.end]))
        if here != after.link:
            raise JournalDamaged(
                filled(
                    N_(
                        "The diary in {path} has lost its end: {n} of {count} entries can be read. "
                        "Nothing was changed."
                    ),
                    path=self.folder,
                    n=self.link.n,
                    count=after.link.n,
                )
            )
        if not begun:
            start = after.end - after.end % PAGE_BYTES
            durable.write_all(self._descriptor, lines[start:], start, self._files)
            self._write_zeros(self._descriptor, len(lines), self._size - len(lines))
            self._files.flush_data(self._descriptor)
            self._copied_bytes = min(self._copied_bytes, after._copied_bytes)

    def _put_right(self, content: bytes, reading: chain.Reading) -> None:
        """Writes what was mended, and zeros where a change was cut short; keeps what stood there."""
        pieces = [(start, reading.content[start:stop]) for start, stop in reading.mended]
        if reading.torn:
            pieces.append((reading.end, bytes(len(reading.torn))))
        if not pieces:
            return
        for start, piece in pieces:
            self._quarantine(start, content[start : start + len(piece)])
        for start, piece in pieces:
            durable.write_all(self._descriptor, piece, start, self._files)
        self._files.flush_data(self._descriptor)
        self._files.flush_folder(self.folder)
        self.mended, self.torn_bytes = len(reading.mended), len(reading.torn)

    def _quarantine(self, start: int, found: bytes) -> None:
        if not found.strip(b"\0"):
            return
        folder = self.folder / QUARANTINE
        durable.make_folder(folder, self._files)
        name = f"{start:010}-{hashlib.sha256(found).hexdigest()[:16]}"
        durable.write_file(folder / name, found, self._files)

    def _append(self, body: bytes) -> None:
        self._check_usable()
        contents = self._contents
        n = contents.n + 1
        line, head = chain.line(contents.head, self._padded(b'{"n":%d,%b}' % (n, body)))
        end = self._end + len(line)
        try:
            if end > self._size:
                more = -(-(end - self._size) // self._chunk_bytes) * self._chunk_bytes
                self._write_zeros(self._descriptor, self._size, more)
                self._size += more
            written = self._files.write_at(self._descriptor, line, self._end)
            if written != len(line):
                durable.write_all(self._descriptor, line[written:], self._end + written, self._files)
            self._files.flush_data(self._descriptor)
        except OSError as error:
            self._failure = error
            raise
        contents.n, contents.head = n, head
        contents.lines += 1
        self._end = end
        self._uncopied.append(line)

    def _write_zeros(self, descriptor: int, at: int, length: int) -> None:
        """Page by page: in one large piece they would become one large page to some systems, which is written
        whole for a single line."""
        for start in range(at, at + length, PAGE_BYTES):
            durable.write_all(descriptor, bytes(min(PAGE_BYTES, at + length - start)), start, self._files)

    def _padded(self, change: bytes) -> bytes:
        """With blanks up to the end of the page where the next line would otherwise stand in two, each of
        which the disk writes whole."""
        length = len(change) + chain.FRAME_BYTES
        self._usual_bytes += (length - self._usual_bytes) // 8 if self._usual_bytes else length
        room = -(self._end + length) % PAGE_BYTES
        return change + b" " * room if room < self._usual_bytes else change

    def _add_to_copy(self, descriptor: int) -> None:
        lines = b"".join(self._uncopied)
        try:
            self._files.cut(descriptor, self._copied_bytes)
            durable.write_all(descriptor, lines, self._copied_bytes, self._files)
            self._files.flush_data(descriptor)
        finally:
            self._files.close(descriptor)
        self._copied_bytes += len(lines)
        self._uncopied = []

    def _check_usable(self) -> None:
        if self._failure is not None:
            raise JournalFailed("an earlier write failed") from self._failure
        if self._descriptor < 0:
            raise JournalFailed("it is closed")


class TableView(Mapping[str, dict[str, Any]]):
    """A table as TinyDB looks at it: every look decodes the document anew."""

    def __init__(self, raw: Documents) -> None:
        self.raw = raw

    def __getitem__(self, doc_id: str) -> dict[str, Any]:
        return cast("dict[str, Any]", msgspec.json.decode(self.raw[doc_id]))

    def __iter__(self) -> Iterator[str]:
        return iter(self.raw)

    def __len__(self) -> int:
        return len(self.raw)

    def __contains__(self, doc_id: object) -> bool:
        return doc_id in self.raw


class Overlay(MutableMapping[int, dict[str, Any]]):
    """What an updater of TinyDB works on: documents are copied when they are looked at, and what was touched
    is the change."""

    def __init__(self, base: Documents) -> None:
        self._base = base
        self._seen: dict[int, dict[str, Any]] = {}
        self._put: dict[int, dict[str, Any]] = {}
        self._gone: dict[int, None] = {}

    def __getitem__(self, doc_id: int) -> dict[str, Any]:
        if doc_id in self._put:
            return self._put[doc_id]
        if doc_id not in self._seen:
            if doc_id in self._gone:
                raise KeyError(doc_id)
            self._seen[doc_id] = msgspec.json.decode(self._base[str(doc_id)])
        return self._seen[doc_id]

    def __setitem__(self, doc_id: int, document: dict[str, Any]) -> None:
        self._put[doc_id] = document

    def __delitem__(self, doc_id: int) -> None:
        if doc_id not in self:
            raise KeyError(doc_id)
        self._put.pop(doc_id, None)
        self._seen.pop(doc_id, None)
        if str(doc_id) in self._base:
            self._gone[doc_id] = None

    def __contains__(self, doc_id: object) -> bool:
        return doc_id in self._put or (str(doc_id) in self._base and doc_id not in self._gone)

    def __iter__(self) -> Iterator[int]:
        for key in self._base:
            if (doc_id := int(key)) not in self._gone:
                yield doc_id
        yield from (doc_id for doc_id in self._put if str(doc_id) not in self._base or doc_id in self._gone)

    def __len__(self) -> int:
        new = sum(str(doc_id) not in self._base or doc_id in self._gone for doc_id in self._put)
        return len(self._base) - len(self._gone) + new

    def clear(self) -> None:
        self._put.clear()
        self._seen.clear()
        self._gone = {int(key): None for key in self._base}

    def removed(self) -> list[str]:
        return [str(doc_id) for doc_id in self._gone]

    def put(self) -> dict[str, msgspec.Raw]:
        """What is new or different, as JSON. Raises as `encode` does."""
        changed = {}
        for doc_id, document in self._seen.items():
            if doc_id not in self._put and (text := encode(document)) != bytes(self._base[str(doc_id)]):
                changed[str(doc_id)] = msgspec.Raw(text)
        changed |= {str(doc_id): msgspec.Raw(encode(document)) for doc_id, document in self._put.items()}
        return changed


class JournalTable(Table):
    """A TinyDB table whose changes, not whose contents, are written. Needs a JournalStorage.

    Inserting does without an overlay.
    """

    @property  # type: ignore[override]
    def _next_id(self) -> int | None:
        """TinyDB's own: the storage inserts too."""
        return cast(JournalStorage, self._storage).next_ids.get(self._name)

    @_next_id.setter
    def _next_id(self, doc_id: int | None) -> None:
        next_ids = cast(JournalStorage, self._storage).next_ids
        if doc_id is None:
            next_ids.pop(self._name, None)
        else:
            next_ids[self._name] = doc_id

    def insert(self, document: Mapping[str, Any]) -> int:
        if isinstance(document, self.document_class):
            self._next_id = None
        return self.insert_multiple((document,))[0]

    def insert_multiple(self, documents: Iterable[Mapping[str, Any]]) -> list[int]:
        storage = cast(JournalStorage, self.storage)
        documents = list(documents)
        if all(type(document) is dict for document in documents):
            doc_ids = storage.insert(self.name, [encode(document) for document in documents])
            self.clear_cache()
            return doc_ids
        there = storage.table(self.name) or {}
        put: dict[str, msgspec.Raw] = {}
        for document in documents:
            if not isinstance(document, Mapping):
                raise ValueError("Document is not a Mapping")  # noqa: TRY004 - as TinyDB does
            if isinstance(document, self.document_class):
                doc_id = document.doc_id
                if str(doc_id) in there or str(doc_id) in put:
                    raise ValueError(f"Document with ID {doc_id} already exists")
            else:
                doc_id = cast("int", self._get_next_id())  # type: ignore[no-untyped-call]
            put[str(doc_id)] = msgspec.Raw(encode(dict(document)))
        storage.commit(self.name, (), put)
        self._next_id = None
        self.clear_cache()
        return [int(doc_id) for doc_id in put]

    def _read_table(self) -> dict[str, Mapping[str, Any]]:
        documents = cast(JournalStorage, self.storage).table(self.name)
        return cast("dict[str, Mapping[str, Any]]", TableView(documents or {}))

    def _update_table(self, updater: Callable[[dict[int, Mapping[str, Any]]], None]) -> None:
        storage = cast(JournalStorage, self.storage)
        overlay = Overlay(storage.table(self.name) or {})
        updater(cast("dict[int, Mapping[str, Any]]", overlay))
        storage.commit(self.name, overlay.removed(), overlay.put())
        self.clear_cache()


class JournalDB(TinyDB):
    """TinyDB joined to a journal."""

    table_class = JournalTable
    default_storage_class = JournalStorage  # type: ignore[assignment]  # TinyDB names its own there


def open_journal(folder: Path, **options: Any) -> JournalDB:
    """The TinyDB in the journal `folder`, whose parent is there. `options` and errors: JournalStorage."""
    return JournalDB(folder, **options)


def _first_lines(
    generation: int,
    follows: Link | None,
    tables: Mapping[str, Documents],
    origin: dict[str, str] | None,
) -> bytes:
    """A file's first line, and what it begins with."""
    n = 0 if follows is None else follows.n
    first = {"journal": FORM, "generation": generation, "follows": msgspec.to_builtins(follows)}
    if origin is not None:
        first["from"] = origin
    bodies = [encode(first)[1:-1]]
    for name, table in tables.items():
        bodies += [b'"t":%s,"put":%s' % (encode(name), batch) for batch in _batches(table)]
    lines, head = [], chain.GENESIS
    for number, body in enumerate(bodies, start=n + 1):
        line, head = chain.line(head, b'{"n":%d,%s}' % (number, body))
        lines.append(line)
    return b"".join(lines)


def _batches(table: Documents) -> Iterator[bytes]:
    batch: dict[str, msgspec.Raw] = {}
    length = 0
    for doc_id, document in table.items():
        batch[doc_id] = document
        length += len(bytes(document))
        if length > SNAPSHOT_LINE_BYTES:
            yield _joined(batch)
            batch, length = {}, 0
    if batch or not table:
        yield _joined(batch)


def _encoded(table: Mapping[Any, Any]) -> dict[str, msgspec.Raw]:
    return {str(doc_id): msgspec.Raw(encode(document)) for doc_id, document in table.items()}


def _joined(members: Mapping[str, msgspec.Raw] | Mapping[str, bytes]) -> bytes:
    """A JSON object of members that are JSON already."""
    return b"{" + b",".join([b"%s:%s" % (_name(name), bytes(text)) for name, text in members.items()]) + b"}"


def _name(text: str) -> bytes:
    """As JSON; nearly always a number, or the name of a table."""
    return b'"%s"' % text.encode() if text.isalnum() else encode(text)


def _common_bytes(one: bytes, other: bytes) -> int:
    """How far both say the same."""
    same, length = 0, min(len(one), len(other))
    while same < length:
        middle = (same + length + 1) // 2
        if one[same:middle] == other[same:middle]:
            same = middle
        else:
            length = middle - 1
    return same
