"""The diary: facts in, facts out. Screens and review know `Store` and `StoreReader`, never what is inside.

A record counts as saved only when `await store.add(…)` has returned: then a power cut leaves it. One
thread writes, in the order of the calls, so that a slow card never holds up the event loop. Reading
needs no lock and no thread: it takes each month up to its last valid line from the disk.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
import uuid
from collections.abc import Collection, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Final, TypeVar

import msgspec

from kiosk.clock import Clock
from kiosk.collecting import without_collecting
from kiosk.diary import check, clock_trust, inbox, journal, migration, months
from kiosk.diary import folder as data_folder
from kiosk.diary.journal import JournalDamaged
from kiosk.diary.month_names import plainly
from kiosk.diary.records import (
    SCHEMA_VERSION,
    TABLES,
    AnyRecord,
    Envelope,
    FolderKind,
    Lock,
    LockClass,
    Record,
    Screening,
    Stored,
    Unlock,
    UnlockedBy,
)
from kiosk.diary.writer_thread import WriterThread
from kiosk.errors import N_, KioskError, filled, in_a_row

log = logging.getLogger(__name__)

T = TypeVar("T")

RECENT: Final = 100
"""Records of this run that can be corrected without reading their month again, which would hold up a key."""
_RECORDS: Final = journal.Decoding(Stored)
BATCH: Final = 16
"""Records of a bulk write in one line: lines that short can still be mended."""
_OFTEN: Final = ("entries", "screenings", "sessions")
"""Whoever uses the box writes these."""


class StoreError(KioskError):
    """The diary did not do what was asked."""


class StoreReadOnly(StoreError):  # noqa: N818
    """A write failed: nothing more is saved until the diary is opened anew. Reading goes on."""

    tried = ""
    """The id of the record that may stand in the diary all the same; "": nothing of it was written."""


class WrittenByNewer(StoreError):  # noqa: N818
    """A record of a later schema."""


CALL: Final = N_("Please call your technical contact.")


class DiaryDamaged(StoreError):  # noqa: N818
    """A month of the diary cannot be read."""


class Damage(msgspec.Struct, frozen=True):
    """What is wrong with a diary."""

    months: tuple[str, ...] = ()
    """That are damaged beyond mending, "2026-10"; oldest first."""
    cut_short: bool = False
    """Opening it found a change that a power cut had cut short, and put it aside: nobody was told that it was
    saved."""


def open_store(folder: Path, kind: FolderKind, clock: Clock, device_id: str = "") -> Store:
    """The diary in `folder`, for its one writer; makes the folder when it is missing or empty.

    `device_id` stands in every record until `Store.set_device` names another. Raises FolderError
    (a file, foreign files, wrong kind, newer version, no right, in use) and DiaryDamaged.
    """
    meta, lock = data_folder.claim(folder, kind, clock)
    try:
        if meta.version < data_folder.FOLDER_VERSION:
            meta = _migrated(folder, meta)
        with without_collecting():
            return Store(folder, meta, lock, clock, device_id)
    except BaseException:
        lock.release()
        raise


def _migrated(folder: Path, meta: data_folder.Meta) -> data_folder.Meta:
    try:
        return migration.migrate(folder, meta)
    except OSError as error:
        raise data_folder.cannot_use(folder, error) from error
    except ValueError as error:
        raise DiaryDamaged(
            in_a_row(
                filled(
                    N_(
                        "The diary in {folder} was written by an older homestim and cannot be read. "
                        "Nothing was changed."
                    ),
                    folder=folder,
                ),
                CALL,
            ),
            detail=str(error),
        ) from error


def open_reader(folder: Path, clock: Clock, *, in_parts: bool = False) -> StoreReader:
    """The diary in `folder`, beside whoever writes in it. Raises FolderError."""
    meta = data_folder.read_meta(folder)
    data_folder.must_have_journal(folder)
    return StoreReader(folder, meta, clock, in_parts=in_parts)


class StoreReader:
    """Reads the diary. A `kind` is a table's name in `records.TABLES` ("entries", "sessions" …).

    A corrected record stands in none of the answers: its correction has taken its place. Only
    `facts` gives both. Records that were written in a folder of another kind are never given.
    Every method raises DiaryDamaged. One thread at a time.

    `in_parts`: a month that cannot be read is left out of every answer, and stands in `unreadable`. For those
    who look or take along, and say so; never for what therapy rests on, for a lock may stand in that month.
    """

    def __init__(self, folder: Path, meta: data_folder.Meta, clock: Clock, *, in_parts: bool = False) -> None:
        self.folder = folder
        self.meta = meta
        self._clock = clock
        self._journals = months.Reader(folder, meta.version, _RECORDS)
        self._past: dict[tuple[str, str], tuple[Stored, ...]] = {}
        """Of months that are over: they will not change any more."""
        self._in_parts = in_parts
        self._unreadable: set[str] = set()

    @property
    def unreadable(self) -> tuple[str, ...]:
        """The months ("2026-10") that were left out so far, oldest first; only of a reader `in_parts`.

        The last one can be "2026-12/..": what was written from then on is gone.
        """
        return tuple(sorted(self._unreadable))

    @property
    def kind(self) -> FolderKind:
        """real, simulated or rehearsal."""
        return self.meta.kind

    @property
    def clock(self) -> Clock:
        """The clock by which it reads and writes."""
        return self._clock

    @property
    def box_id(self) -> str:
        """UUID of this box."""
        return self.meta.box_id

    def facts(self, kind: str) -> tuple[Stored, ...]:
        """Everything that was ever written, in the order of writing, corrected records too."""
        return tuple(self._facts(kind))

    def versions(self, kind: str) -> tuple[tuple[Stored, ...], ...]:
        """Every record with all that took its place: the original first, what stands last."""
        return tuple(tuple(chain) for chain in _versions(self.facts(kind)).values())

    def all(self, kind: str) -> tuple[Stored, ...]:
        """All records that stand, in the order of writing; a correction at its original's place."""
        return tuple(chain[-1] for chain in self.versions(kind))

    def days(self, kind: str, first: dt.date, last: dt.date) -> tuple[Stored, ...]:
        """The records whose event fell on a day from `first` to `last`, both included, in order of events."""
        # A record is written in the month of its event or later. One month of slack: the offset of the
        # event can put it on the other side of midnight.
        earliest = f"{first.replace(day=1) - dt.timedelta(days=1):%Y-%m}"
        facts = self._facts(kind, earliest)
        standing = [chain[-1] for chain in _versions(facts).values()]
        within = [stored for stored in standing if first <= stored.envelope.event_time.date() <= last]
        return tuple(sorted(within, key=lambda stored: stored.envelope.event_time))

    def latest(self, kind: str) -> Stored | None:
        """The record that was begun last (with its correction, if it has one), by order of writing: a clock
        that was set back changes nothing."""
        facts: list[Stored] = []
        for found in self._backwards(kind):
            facts[:0] = found
            originals = [fact.envelope.id for fact in facts if fact.envelope.corrects is None]
            if originals:
                return _versions(facts)[originals[-1]][-1]
        return None

    def find(self, kind: str, record_id: str) -> Stored | None:
        """The record of that id as it was last written, corrected or not."""
        for found in self._backwards(kind):
            for fact in reversed(found):
                if fact.envelope.id == record_id:
                    return fact
        return None

    def locks_open(self, now: dt.datetime | None = None) -> tuple[Stored, ...]:
        """Every lock that still holds: no unlock lifts it, and its day (`until`) has not come.

        A day has come only by a clock that is trusted: setting the clock opens nothing (safety rule 26). One
        that was set by a clock which stood ahead is as many days away from when that was seen.
        """
        now = now or self._clock.now()
        trusted = self._clock.trusted()
        lifted = {
            stored.record.lock_id for stored in self.all("unlocks") if isinstance(stored.record, Unlock)
        }
        return tuple(
            stored
            for stored in self.all("locks")
            if isinstance(stored.record, Lock)
            and stored.envelope.id not in lifted
            and not (trusted and stored.record.until is not None and now.date() >= self._until(stored, now))
        )

    def trust(self) -> clock_trust.ClockTrust:
        """By what the clock of now is judged."""
        return clock_trust.of(fact.envelope for kind in TABLES for fact in self.facts(kind))

    def believed(self) -> clock_trust.Believed:
        """By what it is known that a record is dated too late."""
        return clock_trust.Believed(fact.envelope for kind in _OFTEN for fact in self.facts(kind))

    def _until(self, lock: Stored, now: dt.datetime) -> dt.date:
        assert isinstance(lock.record, Lock)
        assert lock.record.until is not None
        over_by = self.believed().over_by(lock.envelope) if lock.envelope.entry_time > now else None
        if over_by is None:
            return lock.record.until
        return over_by.date() + (lock.record.until - lock.envelope.entry_time.date())

    def months(self) -> tuple[str, ...]:
        """Those that there are ("2026-10"), oldest first."""
        self._upgrade_seen()
        return tuple(self._journals.months())

    def of_month(self, month: str, *, is_newest: bool) -> dict[str, tuple[Stored, ...]]:
        """Kind → everything that was written in `month`, in the order of writing, corrected records too."""
        with without_collecting():
            return {kind: self._facts_of(month, kind, is_newest) for kind in TABLES}

    def forget(self, month: str) -> None:
        """Keeps nothing of `month` in memory, which is over: asked for again, it is read again."""
        for kind in TABLES:
            self._past.pop((month, kind), None)
        self._journals.forget(month)

    def head(self) -> tuple[str, int]:
        """The chain's newest hash (64 hex digits) and how many lines lead to it: whoever noted both can tell
        later whether the past was changed. A reader `in_parts` says ("", 0) where the newest month cannot
        be read."""
        try:
            link = self._journals.link()
        except (OSError, ValueError, JournalDamaged) as error:
            if self._in_parts:
                return "", 0
            raise _damaged("", error) from error
        return link.head, link.n

    def _facts(self, kind: str, first_month: str = "") -> list[Stored]:
        if kind not in TABLES:
            raise KeyError(f"no such kind of record: {kind}")
        self._upgrade_seen()
        listed = self._journals.months()
        wanted = [month for month in listed if month >= first_month]
        with without_collecting():
            return [fact for month in wanted for fact in self._facts_of(month, kind, month == listed[-1])]

    def _backwards(self, kind: str) -> Iterator[tuple[Stored, ...]]:
        """The newest month's facts, then those of the month before it, and so on."""
        self._upgrade_seen()
        newest_first = self._journals.months()[::-1]
        for month in newest_first:
            yield self._facts_of(month, kind, month == newest_first[0])

    def _facts_of(self, month: str, kind: str, is_newest: bool) -> tuple[Stored, ...]:
        """The records of our own folder kind, in the order of writing."""
        known = self._past.get((month, kind))
        if known is not None:
            return known
        if month in self._unreadable:
            return ()
        try:
            documents = self._documents(month, kind, is_newest)
        except (OSError, ValueError, JournalDamaged) as error:
            if self._in_parts:
                log.error("%s is left out: %s", month, error)
                self._unreadable.add(month)
                return ()
            raise _damaged(month, error) from error
        folder = self.meta.kind
        facts = tuple([fact for fact in documents if fact.envelope.folder == folder])
        if not is_newest:
            self._past[month, kind] = facts
        return facts

    def _documents(self, month: str, kind: str, is_newest: bool) -> Collection[Stored]:
        """Raises ValueError for one of this kind that is no record, WrittenByNewer."""
        try:
            return self._journals.tables(month, is_newest).get(kind, {}).values()
        except journal.NotUnderstood:
            # Of another kind perhaps, which a later version has: then this one can be read all the same.
            reader = months.Reader(self.folder, self.meta.version, journal.AS_JSON)
            return _decoded(reader.tables(month, is_newest).get(kind, {}).values())

    def _upgrade_seen(self) -> None:
        """A reader of an old folder goes on when the writer has brought it to the new version."""
        if self.meta.version < data_folder.FOLDER_VERSION:
            self.meta = data_folder.read_meta(self.folder)
            if self.meta.version == data_folder.FOLDER_VERSION:
                self._journals = months.Reader(self.folder, self.meta.version, _RECORDS)


class Store(StoreReader):
    """Reads and writes the diary; holds the folder's lock. Made by `open_store`."""

    def __init__(
        self,
        folder: Path,
        meta: data_folder.Meta,
        lock: data_folder.WriterLock,
        clock: Clock,
        device_id: str,
    ) -> None:
        super().__init__(folder, meta, clock)
        self._lock = lock
        self._device_id = device_id
        self._failure: StoreReadOnly | None = None
        self._damage = Damage()
        self._locks_numbered: int | None = None
        self._recent: dict[str, Stored] = {}
        try:
            self._writer = months.Writer(folder)
        except OSError as error:
            raise data_folder.cannot_use(folder, error) from error
        except JournalDamaged as error:
            raise _damaged("", error) from error
        try:
            with contextlib.suppress(journal.NotUnderstood):
                self._writer.tell(self._journals)
            self._damage = Damage(cut_short=self._writer.cut_short)
            self._trust = self._trust_so_far()
        except BaseException:
            self._writer.close()
            raise
        # From here on these two belong to the writer's thread.
        self._checking: Generator[check.FileReport, None, check.Report] | None = check.examining(folder)
        self._thread = WriterThread(idle=self._rest)

    @property
    def failure(self) -> StoreReadOnly | None:
        """Why nothing more is saved; None while all is well."""
        return self._failure

    @property
    def damage(self) -> Damage:
        """What is wrong with the past: known some time after opening, when the whole chain was followed in
        idle moments."""
        return self._damage

    def set_device(self, device_id: str) -> None:
        """Records written from now on name this stimulator as the one in use."""
        self._device_id = device_id

    async def open_anew(self) -> None:
        """After a failed write, to save again; does nothing where none failed. What is asked for after this
        call is written after it, in that order. Raises StoreReadOnly: it is as it was."""
        self._locks_numbered = None
        await self._written(self._thread.submit(self._open_anew))

    async def add(
        self, record: Record, event_time: dt.datetime | None = None, *, tried: str | None = None
    ) -> Stored:
        """Saves a new fact that happened at `event_time` (aware; now, if it is not given).

        `tried`: what StoreReadOnly said when this was to be saved before. It is saved once, whatever had
        become of it then. Returns when it is durable. Raises StoreReadOnly; TypeError or ValueError for a
        record that could not be read back, of which nothing is written.
        """
        return await self._written(self._begin(record, event_time, tried=tried))

    async def correct(
        self,
        record: Record,
        points_to: str,
        event_time: dt.datetime | None = None,
        *,
        tried: str | None = None,
    ) -> Stored:
        """Saves `record` in the place of the one of the same kind with id `points_to`, which is kept.

        It happened when the corrected one did, unless `event_time` says otherwise. Raises as `add`
        does, and StoreError when there is no such record.
        """
        original = self._must_find(_table_of(record), points_to)
        event_time = event_time or original.envelope.event_time
        return await self._written(self._begin(record, event_time, corrects=points_to, tried=tried))

    async def update_screening(self, screening_id: str, record: Screening) -> Stored:
        """Replaces the answers of a screening that is under way: the one document that changes.

        Raises as `correct` does.
        """
        original = self._must_find("screenings", screening_id)
        return await self._written(self._begin(record, original.envelope.event_time, record_id=screening_id))

    async def lock(
        self, class_: LockClass, cause: str, until: dt.date | None = None, *, tried: str | None = None
    ) -> Stored:
        """Saves a lock with the box's next lock number. `tried` and errors: `add`."""
        lock = Lock(class_=class_, cause=cause, until=until, number=self._next_lock_number())
        return await self.add(lock, tried=tried)

    async def unlock(self, lock_id: str, by: UnlockedBy, note: str = "") -> Stored:
        """Lifts exactly the lock with id `lock_id`. Raises as `add` does, and StoreError: no such lock."""
        self._must_find("locks", lock_id)
        return await self.add(Unlock(lock_id=lock_id, by=by, note=note))

    def draft(
        self, record: Record, event_time: dt.datetime | None = None, corrects: str | None = None
    ) -> Stored:
        """A record with its id and times, entered now by the store's clock and not saved: for `add_all`."""
        envelope = self._envelope(str(uuid.uuid4()), event_time or self._clock.now(), corrects)
        return Stored(envelope=self._stamped(envelope), record=record)

    async def add_all(self, drafts: Sequence[Stored]) -> None:
        """Saves a history that was played, not lived, in a few durable steps; the drafts are in the order of
        their entry times. In a folder of kind rehearsal alone. Raises as `add` does."""
        if self.kind != "rehearsal":
            raise ValueError("only a rehearsal is written all at once")
        await self._written(self._thread.submit(self._write_all, [self._document(one) for one in drafts]))

    async def take(self, item: inbox.Item, *records: Record) -> tuple[Stored, ...]:
        """Saves what `item` of the inbox comes to, then moves it to `taken/`; an item that was taken before a
        power cut is not written twice. Raises as `add` does."""
        stored = []
        for part, record in enumerate(records):
            record_id = item.record_id(part)
            there = await asyncio.to_thread(self._reader_apart().find, _table_of(record), record_id)
            if there is None:
                there = await self._written(self._begin(record, None, record_id=record_id))
            stored.append(there)
        await self._written(self._thread.submit(self._put_away, item))
        return tuple(stored)

    def close(self) -> None:
        """Ends after everything that was accepted is written, then gives the lock back."""
        self._thread.close()
        try:
            self._writer.close()
        except OSError as error:
            # Everything that was acknowledged is durable: what is missing is its copy.
            log.error("the diary was not sealed: %s", error)
        self._lock.release()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _reader_apart(self) -> StoreReader:
        """For another thread: this one's is the event loop's."""
        return StoreReader(self.folder, self.meta, self._clock)

    def _put_away(self, item: inbox.Item) -> None:
        """In the writer's thread."""
        try:
            inbox.done(self.folder, item)
        except OSError as error:
            raise self._fail(error) from error

    def _must_find(self, kind: str, record_id: str) -> Stored:
        stored = self._recent.get(record_id) or self.find(kind, record_id)
        if stored is None or _table_of(stored.record) != kind:
            raise StoreError(
                N_("The diary has no such record, so it was not changed."),
                detail=f"{kind} has no {record_id}",
            )
        return stored

    def _next_lock_number(self) -> int:
        if self._locks_numbered is None:
            numbers = [fact.record.number for fact in self.facts("locks") if isinstance(fact.record, Lock)]
            self._locks_numbered = max(numbers, default=0)
        self._locks_numbered += 1
        return self._locks_numbered

    def _trust_so_far(self) -> clock_trust.ClockTrust:
        """By the newest month: it holds everything since the latest time that was ever trusted."""
        newest = self._writer.newest
        if not newest:
            return clock_trust.ClockTrust()
        try:
            # All kinds at once: asked for one by one, each looks anew whether the writer has gone on.
            facts = [
                fact for table in self._journals.tables(newest, True).values() for fact in table.values()
            ]
        except journal.NotUnderstood:
            facts = [fact for kind in TABLES for fact in self._facts_of(newest, kind, True)]
        except (OSError, ValueError, JournalDamaged) as error:
            raise _damaged(newest, error) from error
        return clock_trust.of(fact.envelope for fact in facts if fact.envelope.folder == self.meta.kind)

    def _begin(
        self,
        record: Record,
        event_time: dt.datetime | None,
        *,
        record_id: str | None = None,
        corrects: str | None = None,
        tried: str | None = None,
    ) -> Future[Stored]:
        """Queues one write; says what is wrong with the record itself before anything is written."""
        table = _table_of(record)
        _check(record)
        new_id = record_id or tried or str(uuid.uuid4())
        draft = self._envelope(new_id, event_time or self._clock.now(), corrects)
        replace = record_id is not None
        return self._thread.submit(self._write, table, draft, record, replace, bool(tried))

    def _envelope(self, record_id: str, event_time: dt.datetime, corrects: str | None) -> Envelope:
        """Not stamped yet."""
        if event_time.tzinfo is None:
            raise ValueError("event_time carries its offset")
        return Envelope(
            id=record_id,
            schema=SCHEMA_VERSION,
            event_time=event_time,
            entry_time=event_time,
            clock_trusted=False,
            boot_id=self._clock.boot_id(),
            monotonic_s=self._clock.boottime_ns() / 1e9,
            folder=self.kind,
            device_id=self._device_id,
            corrects=corrects,
        )

    def _document(self, stored: Stored) -> tuple[str, str, bytes]:
        """Month of entry, table, and what stands in it."""
        table = _table_of(stored.record)
        _check(stored.record)
        return f"{stored.envelope.entry_time:%Y-%m}", table, msgspec.json.encode(stored)

    def _write_all(self, documents: list[tuple[str, str, bytes]]) -> None:
        """In the writer's thread."""
        if self._failure is not None:
            raise self._failure
        batches: dict[tuple[str, str], list[bytes]] = {}
        for month, table, document in documents:
            batches.setdefault((max(month, self._writer.newest), table), []).append(document)
        try:
            for (month, table), batch in sorted(batches.items(), key=lambda one: one[0]):
                for start in range(0, len(batch), BATCH):
                    self._writer.add(month, table, batch[start : start + BATCH])
        except Exception as error:
            raise self._fail(error) from error

    async def _written(self, future: Future[T]) -> T:
        # Shielded: who waits may be cancelled, what was accepted is written all the same.
        return await asyncio.shield(asyncio.wrap_future(future))

    def _write(self, table: str, draft: Envelope, record: Record, replace: bool, tried: bool) -> Stored:
        """In the writer's thread: stamps the record and makes it durable."""
        if self._failure is not None:
            raise self._failure
        there = self._that_stands(table, draft.id) if tried else None
        if there is not None:
            if _say_the_same(there.record, record):
                return self._noted(there)
            draft = msgspec.structs.replace(draft, id=str(uuid.uuid4()), corrects=there.envelope.id)
        try:
            envelope = self._stamped(draft)
            month = max(f"{envelope.entry_time:%Y-%m}", self._writer.newest)
            stored = Stored(envelope=envelope, record=record)
            text = msgspec.json.encode(stored)
            self._writer.check_place()
            if replace:
                self._writer.replace(month, table, envelope.id, text)
            else:
                self._writer.add(month, table, [text])
        except Exception as error:
            raise self._fail(error, draft.id) from error
        return self._noted(stored)

    def _noted(self, stored: Stored) -> Stored:
        """It is durable."""
        self._trust = self._trust.after(stored.envelope)
        self._recent[stored.envelope.id] = stored
        if len(self._recent) > RECENT:
            del self._recent[next(iter(self._recent))]
        return stored

    def _that_stands(self, table: str, record_id: str) -> Stored | None:
        """The record whose write failed, where it had come to the disk all the same."""
        for document in self._writer.written(table):
            if record_id.encode() in document:
                stored = _RECORDS.document(msgspec.Raw(document))
                if stored.envelope.id == record_id:
                    return stored
        return None

    def _open_anew(self) -> None:
        """In the writer's thread. The folder has to be the one that was opened, and to hold what was
        acknowledged."""
        if self._failure is None:
            return
        try:
            self._lock.check_place(self.folder)
            data_folder.must_have_journal(self.folder)
            self._writer = self._writer.opened_anew()
        except Exception as error:
            raise self._fail(error) from error
        self._failure = None
        log.warning("the diary was opened anew and goes on")

    def _rest(self) -> bool:
        """In the writer's thread, when nobody has written for a while: seals, then follows the chain by one
        more file. Whether there are others."""
        if self._failure is None:
            try:
                self._writer.seal()
            except OSError as error:
                self._fail(error)
        if self._checking is None:
            return False
        try:
            found = next(self._checking)
            if found.state == "damaged":
                log.critical("the diary of %s is damaged: %s", found.month, found.detail)
                months = sorted({*self._damage.months, found.month})
                self._damage = msgspec.structs.replace(self._damage, months=tuple(months))
        except StopIteration:
            self._checking = None
        except OSError as error:
            log.error("the diary could not be checked: %s", error)
            self._checking = None
        return self._checking is not None

    def _fail(self, error: Exception, tried: str = "") -> StoreReadOnly:
        """For who asked for it; those that wait behind it are refused without a try."""
        log.critical("the diary could not be written", exc_info=error)
        self._failure = _read_only(error)
        failed = _read_only(error)
        failed.tried = tried
        return failed

    def _stamped(self, draft: Envelope) -> Envelope:
        """A clock that is behind the last record is marked, and a sealed month is not opened again for it."""
        now = self._clock.now()
        trusted, set_back = self._trust.judged(now, self._clock.trusted())
        return msgspec.structs.replace(
            draft, entry_time=now, clock_trusted=trusted, set_back=set_back, after=self._writer.link.n
        )


def _versions(facts: Iterable[Stored]) -> dict[str, list[Stored]]:
    """The id of each original → it and all that took its place, in the order of the originals."""
    original_of: dict[str, str] = {}
    versions: dict[str, list[Stored]] = {}
    for fact in facts:
        points_to = fact.envelope.corrects
        original = fact.envelope.id if points_to is None else original_of.get(points_to, points_to)
        original_of[fact.envelope.id] = original
        versions.setdefault(original, []).append(fact)
    return versions


def _say_the_same(there: Record, record: Record) -> bool:
    """A lock keeps the number under which it was tried."""
    if isinstance(there, Lock) and isinstance(record, Lock):
        record = msgspec.structs.replace(record, number=there.number)
    return there == record


def _table_of(record: Record) -> str:
    tag = record.__struct_config__.tag
    if not isinstance(tag, str) or TABLES.get(tag) is not type(record):
        raise TypeError(f"{type(record).__name__} is no kind of record")
    return tag


def _check(record: Record) -> None:
    """That it can be read back. Raises TypeError, ValueError."""
    _decode_record(journal.encode(msgspec.to_builtins(record)))


class _SchemaAlone(msgspec.Struct):
    envelope: _Schema


class _Schema(msgspec.Struct):
    schema: int = SCHEMA_VERSION


_decode_record = msgspec.json.Decoder(AnyRecord).decode
_decode_schema = msgspec.json.Decoder(_SchemaAlone).decode


def _decoded(documents: Collection[msgspec.Raw]) -> list[Stored]:
    """Raises ValueError for one that is not a record, WrittenByNewer."""
    try:
        return [_RECORDS.document(document) for document in documents]
    except msgspec.ValidationError:
        if any(_decode_schema(document).envelope.schema > SCHEMA_VERSION for document in documents):
            raise WrittenByNewer(
                N_("The diary holds records of a newer homestim. Use that version; nothing was changed.")
            ) from None
        raise


def _damaged(month: str, error: Exception) -> DiaryDamaged:
    if isinstance(error, JournalDamaged):
        return DiaryDamaged(in_a_row(error.sentence, CALL), detail=error.detail)
    unread = filled(N_("The diary of {month} cannot be read. Nothing was changed."), month=month)
    return DiaryDamaged(
        in_a_row(unread, CALL),
        detail=f"{type(error).__name__}: {error}",
    )


def must_be_whole(unreadable: Collection[str]) -> None:
    """Raises DiaryDamaged where months are missing in what was told or written of a diary."""
    if unreadable:
        named = ", ".join(map(plainly, unreadable))
        raise DiaryDamaged(
            filled(
                N_(
                    "{named} cannot be read and is left out. All the rest is there. "
                    "`homestim check` says more."
                ),
                named=named,
            )
        )


def _read_only(error: Exception) -> StoreReadOnly:
    reason = data_folder.reason_of(error) if isinstance(error, OSError) else N_("its file is damaged")
    return StoreReadOnly(
        filled(
            N_(
                "The diary cannot be written: {reason}. Nothing more is saved. "
                "What was saved before can still be read."
            ),
            reason=reason,
        ),
        detail=f"{type(error).__name__}: {error}",
    )
