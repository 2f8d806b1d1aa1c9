"""An encrypted backup of a data folder, and its restore.

    DIR/homestim-BOX/key.json         how the key comes from the passphrase (scrypt), and a test of it
    DIR/homestim-BOX/index-TIME       what one backup holds, sealed
    DIR/homestim-BOX/objects/NAME     one file of the data folder, sealed; the same file is kept once

Sealed is ChaCha20-Poly1305 with the file's name here as associated data: nonce, then ciphertext. NAME is an
HMAC of the file's place and content, so that names tell nothing, and what did not change is not written
again: of the diary the newest month and what was sealed since. Everything is read back before it counts.

Not in it: the box's own secrets (`enrolment.json`), which belong to one box, logs, and the journals' copies.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import hashlib
import hmac
import itertools
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from kiosk.clock import Clock
from kiosk.diary import chain, check, durable, folder, inbox, journal, manifest, months
from kiosk.diary.files import DISK
from kiosk.diary.records import Consent, FolderKind, Lock
from kiosk.diary.settings_file import SETTINGS
from kiosk.diary.store import DiaryDamaged, StoreReader, StoreReadOnly, open_reader, open_store
from kiosk.errors import KioskError

FORM: Final = 1
SCRYPT_N: Final = 2**16
"""64 MB and about 0.2 s: what a small board can do now and then."""
MAX_SCRYPT_N: Final = 2**20
SCRYPT_R: Final = 8
KEEP: Final = 12
"""Backups that can be restored; files that only older ones hold are removed."""
MIN_PASSPHRASE: Final = 8
_NONCE_BYTES: Final = 12
_INDEX: Final = re.compile(r"index-(\d{8}T\d{6}Z)(-\d+)?")


class BackupError(KioskError):
    """There is no good backup, or it cannot be restored."""


class _PartDamaged(BackupError):  # noqa: N818
    """One backup cannot be restored; an older one may."""


class _Key(msgspec.Struct, frozen=True):
    form: int
    salt: str
    """Hex."""
    n: int
    r: int
    test: str
    """An empty text, sealed; hex."""


class Saved(msgspec.Struct, frozen=True):
    """One file of the data folder."""

    path: str
    name: str
    sha256: str
    bytes: int


class Index(msgspec.Struct, frozen=True):
    """One backup."""

    form: int
    taken: str
    box_id: str
    kind: FolderKind
    head: str
    count: int
    whole: bool
    """The diary was whole when it was taken."""
    files: tuple[Saved, ...]


class Done(msgspec.Struct, frozen=True):
    """What a backup came to."""

    index: Index
    place: Path
    written: int
    """Files that were not in it yet."""


class PassedOver(msgspec.Struct, frozen=True):
    """A newer backup that is damaged, or of a diary that was."""

    taken: str
    lost: tuple[str, ...] | None
    """As `Restored.lost`; None: nothing of it can be read."""


class Restored(msgspec.Struct, frozen=True):
    """What a restore came to."""

    index: Index
    passed_over: tuple[PassedOver, ...]
    """Newest first."""
    lost: tuple[str, ...] = ()
    """Places in the data folder of what this backup held, and nobody can read any more."""
    whole: bool = True
    """Of the diary that came back; therapy cannot begin with one that is not."""
    locked: bool = True
    """False: nothing can be written after the newest month, which is damaged; no kiosk opens such a diary."""


class _Vault:
    """One box's part of a backup folder, opened with its passphrase."""

    def __init__(self, place: Path, passphrase: bytes, *, make: bool) -> None:
        self.place = place
        self.unread: OSError | None = None
        """Why a file that is there could not be read, the last time that happened."""
        path = place / "key.json"
        key = _read_key(path)
        if key is None:
            if not make:
                raise BackupError(f"{place} is not a backup of homestim.")
            key = _Key(FORM, os.urandom(16).hex(), SCRYPT_N, SCRYPT_R, "")
        if key.form > FORM:
            raise BackupError(f"{place} was written by a newer homestim. Use that version.")
        if not (1 < key.n <= MAX_SCRYPT_N and key.r == SCRYPT_R):
            raise BackupError(f"{path} is damaged: without it no backup can be opened.")
        derived = hashlib.scrypt(
            passphrase,
            salt=bytes.fromhex(key.salt),
            n=key.n,
            r=key.r,
            p=1,
            maxmem=256 * key.n * key.r,
            dklen=64,
        )
        self._cipher, self._naming = ChaCha20Poly1305(derived[:32]), derived[32:]
        if key.test:
            try:
                self.opened("key.json", bytes.fromhex(key.test))
            except InvalidTag:
                raise BackupError("The passphrase is not that of this backup.") from None
        else:
            durable.make_folders(place / "objects")
            tested = msgspec.structs.replace(key, test=self.sealed("key.json", b"").hex())
            durable.write_file(path, msgspec.json.encode(tested))

    def name(self, path: str, content: bytes) -> str:
        """Of the object that holds this content of the file at `path`."""
        place = path.encode() + b"\0" + hashlib.sha256(content).digest()
        return hmac.new(self._naming, place, "sha256").hexdigest()

    def sealed(self, name: str, content: bytes) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, content, name.encode())

    def opened(self, name: str, sealed: bytes) -> bytes:
        """Raises InvalidTag."""
        return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], name.encode())

    def put(self, path: Path, content: bytes) -> None:
        """Writes `content` sealed and reads it back from the disk. Raises OSError, BackupError."""
        try:
            durable.write_file(path, self.sealed(path.name, content))
        except OSError:
            # Half a file would fill a full disk for good.
            with contextlib.suppress(OSError):
                path.with_name(path.name + durable.TEMPORARY_SUFFIX).unlink(missing_ok=True)
            raise
        if self.get(path) != content:
            raise BackupError(f"{path} could not be read back as it was written. Use another disk.")

    def get(self, path: Path) -> bytes | None:
        """What is sealed in `path`, read from the disk; None when it is missing or damaged, or cannot be
        read: `unread` says why. One bad sector is as one file that is gone."""
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(descriptor)
            return self.opened(path.name, path.read_bytes())
        except (FileNotFoundError, InvalidTag, ValueError):  # ValueError: too short to be sealed at all
            return None
        except OSError as error:
            self.unread = error
            return None

    def indexes(self) -> list[str]:
        """Names of all backups, oldest first. Raises BackupError."""
        try:
            return sorted(name for name in os.listdir(self.place) if _INDEX.fullmatch(name))
        except OSError as error:
            raise _unreadable(self.place, error) from error

    def index(self, name: str) -> Index | None:
        """None when it is damaged."""
        content = self.get(self.place / name)
        return None if content is None else msgspec.json.decode(content, type=Index)


def back_up(data: Path, to: Path, passphrase: bytes, clock: Clock) -> Done:
    """Saves the data folder `data` in the folder `to`, beside whoever writes in it.

    Raises FolderError, BackupError. A diary that is damaged is saved as it is: `Done.index.whole` says so.
    """
    meta = folder.read_meta(data)
    folder.must_have_journal(data)
    if len(passphrase) < MIN_PASSPHRASE:
        raise BackupError(f"The passphrase is too short: at least {MIN_PASSPHRASE} characters.", 2)
    if not to.is_dir():
        raise BackupError(f"There is no folder {to}. Is the disk plugged in?", 2)
    try:
        vault = _Vault(to / f"homestim-{meta.box_id}", passphrase, make=True)
        whole = _is_whole(data)
        saved, written, end = [], 0, months.START
        for path, content in _contents(data):
            if path.endswith(journal.LINES) and whole:
                end = _end_of(content)
            name = vault.name(path, content)
            target = vault.place / "objects" / name
            if vault.get(target) != content:
                vault.put(target, content)
                written += 1
            saved.append(Saved(path, name, hashlib.sha256(content).hexdigest(), len(content)))
        taken = clock.now()
        index = Index(
            form=FORM,
            taken=taken.isoformat(),
            box_id=meta.box_id,
            kind=meta.kind,
            head=end.head,
            count=end.n,
            whole=whole,
            files=tuple(saved),
        )
        vault.put(vault.place / _index_name(vault, taken.timestamp()), msgspec.json.encode(index))
        _forget_oldest(vault)
    except OSError as error:
        raise BackupError(
            f"The backup in {to} could not be written: {folder.reason_of(error)}.", detail=str(error)
        ) from error
    return Done(index, vault.place, written)


def restore(backup: Path, into: Path, passphrase: bytes, clock: Clock) -> Restored:
    """Makes the data folder `into` from the newest backup in `backup` of a diary that is whole; where none
    is, from what is left of one. Before it has its name therapy is locked in it (safety rule 28), and every
    consent in it has ended.

    Raises BackupError: no such backup, another passphrase, nothing left of any; or `into` is not new.
    """
    if into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise BackupError(f"{into} is there already: a backup is restored into a new folder.", 2)
    vault = _Vault(_place_of(backup), passphrase, make=False)
    draft = into.with_name(f"{into.name}.restoring")
    try:
        restored = _newest_whole(vault, draft, clock)
        with contextlib.suppress(FileNotFoundError):
            into.rmdir()
        os.rename(draft, into)
        durable.flush_folder(into.parent)
    except StoreReadOnly as error:
        reason = folder.reason_of(error.__cause__) if isinstance(error.__cause__, OSError) else error.detail
        raise BackupError(f"{into} could not be written: {reason}.", detail=error.detail) from error
    except OSError as error:
        raise BackupError(
            f"{into} could not be written: {folder.reason_of(error)}.", detail=str(error)
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return restored


def _newest_whole(vault: _Vault, draft: Path, clock: Clock) -> Restored:
    """Puts it together in `draft`: the newest of a diary that was whole and is, else the newest that can be
    read, else what is left of one. Raises BackupError for the newest one where nothing is."""
    damage: BackupError | None = None
    known: list[tuple[int, Index, tuple[str, ...]]] = []
    newer: list[PassedOver] = []
    for name in reversed(vault.indexes()):
        index = vault.index(name)
        if index is None:
            damage = damage or BackupError(f"{vault.place / name} is damaged. Nothing was restored.")
            newer.append(PassedOver(_taken_by_name(name), None))
            continue
        lost = _lost(vault, index)
        if not lost or any(path not in lost for path in _journals(index)):
            known.append((len(newer), index, lost))
        else:
            # A new diary would begin, without the locks of the old one.
            damage = damage or BackupError(f"The backup of {lost[0]} is damaged. Nothing was restored.")
        newer.append(PassedOver(index.taken, lost))
    # What is lost beside the diary (the inbox, settings) is no reason for an older one without later locks.
    for place, index, lost in sorted(known, key=lambda one: (has_gaps(one[2]), not one[1].whole)):
        _put_together(vault, index, draft, lost)
        try:
            whole, locked = _close(draft, index, clock, lost)
        except _PartDamaged as error:
            damage = damage or error
        else:
            return Restored(index, tuple(newer[:place]), lost, whole, locked)
    if vault.unread is not None:
        raise _unreadable(vault.place, vault.unread)
    raise damage or BackupError(f"{vault.place} holds no backup that can be read.")


def _unreadable(place: Path, error: OSError) -> BackupError:
    if isinstance(error, PermissionError):
        return BackupError(f"{place} cannot be read: you have no right to.", detail=str(error))
    return BackupError(f"{place} cannot be read: {folder.reason_of(error)}.", detail=str(error))


def _taken_by_name(index: str) -> str:
    """When the backup was taken, as far as the name of its index tells."""
    match = _INDEX.fullmatch(index)
    assert match is not None
    return dt.datetime.strptime(match[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC).isoformat()


def has_gaps(lost: Sequence[str]) -> bool:
    """Something of the diary is lost; what had been put aside in it is none of it."""
    return any(
        path.startswith(f"{folder.JOURNAL}/") and f"/{journal.QUARANTINE}/" not in path for path in lost
    )


def _content(vault: _Vault, saved: Saved) -> bytes | None:
    """None: it is missing, or another one than was saved."""
    content = vault.get(vault.place / "objects" / saved.name)
    return None if content is None or hashlib.sha256(content).hexdigest() != saved.sha256 else content


def _journals(index: Index) -> list[str]:
    """The files that the diary is in, a month's newest generation last."""
    lines = [saved.path for saved in index.files if saved.path.endswith(journal.LINES)]
    # Before version 2 a month was one file of another name.
    return lines or [saved.path for saved in index.files if saved.path.startswith(f"{folder.JOURNAL}/")]


def _lost(vault: _Vault, index: Index) -> tuple[str, ...]:
    """What cannot be read any more, and all of a month whose newest lines cannot: what is left of it would
    look like a month in which less happened."""
    gone = {saved.path for saved in index.files if _content(vault, saved) is None}
    newest = {_month_folder(path): path for path in _journals(index)}
    months_gone = {month for month, path in newest.items() if path in gone}
    paths = (saved.path for saved in index.files)
    return tuple(path for path in paths if path in gone or _month_folder(path) in months_gone)


def _month_folder(path: str) -> str:
    return "/".join(path.split("/")[:2])


def _meta_of(index: Index) -> folder.Meta:
    """As far as a backup knows it."""
    has_journal = any(saved.path.endswith(journal.LINES) for saved in index.files)
    version = folder.FOLDER_VERSION if has_journal else 1
    return folder.Meta(kind=index.kind, version=version, box_id=index.box_id, created=index.taken)


def _put_together(vault: _Vault, index: Index, draft: Path, lost: Sequence[str]) -> None:
    """All that can be read. What is known all the same is made anew, and lost settings become damaged ones:
    whoever had a PIN has not lost it by that."""
    shutil.rmtree(draft, ignore_errors=True)
    durable.make_folders(draft / folder.JOURNAL)
    for saved in index.files:
        content = None if saved.path in lost else _content(vault, saved)
        if content is None and saved.path == folder.META:
            content = msgspec.json.encode(_meta_of(index))
        elif content is None and saved.path == SETTINGS:
            content = b""
        if content is not None:
            target = draft / saved.path
            durable.make_folders(target.parent)
            durable.write_file(target, content)
    _name_what_is_gone(index, draft, lost)


def _name_what_is_gone(index: Index, draft: Path, lost: Sequence[str]) -> None:
    """The manifest knows of months that are not there, for all who read the folder. Not of the last ones: the
    diary ends before them, as that of an older backup does."""
    newest = {_month_folder(saved.path): saved for saved in index.files if saved.path.endswith(journal.LINES)}
    there = {place for place, saved in newest.items() if saved.path not in lost}
    gone: dict[str, manifest.Sealed] = {}
    for place, after in itertools.pairwise(sorted(newest)):
        if place not in there and place < max(there):
            follows = _follows(draft / after) if after in there else None
            month, saved = Path(place).name, newest[place]
            end = follows or months.START  # not known where two in a row are gone, or the next is damaged
            generation = int(Path(saved.path).stem)
            gone[month] = manifest.Sealed(month, generation, saved.bytes, saved.sha256, end)
    if gone:
        manifest.save(draft / folder.JOURNAL, gone)


def _last_months(index: Index, lost: Sequence[str]) -> tuple[str, ...]:
    """Of the lost ones those after all that are there: no chain misses them."""
    journals = _journals(index)
    last = max((_month_folder(path) for path in journals if path not in lost), default="")
    gone = {_month_folder(path) for path in journals if path in lost}
    return tuple(sorted(Path(month).name.removesuffix(".json") for month in gone if month > last))


def _follows(month: Path) -> journal.Link | None:
    """Where the chain stood before `month`; None: it cannot be read."""
    try:
        return months.first_line(str(month)).follows
    except (journal.JournalDamaged, journal.JournalTooNew):
        return None


def _close(data: Path, index: Index, clock: Clock, lost: Sequence[str]) -> tuple[bool, bool]:
    """Locks therapy and ends every consent. Whether the diary is whole, and this is in it; the lock says what
    is missing. Raises _PartDamaged."""
    report = check.examine(data)
    must_be_whole = index.whole and not has_gaps(lost)
    if must_be_whole and (report.head, report.count) != (index.head, index.count):
        raise _PartDamaged("What was restored is not what was saved. Nothing was restored.")
    # Of the months that can be read: the lock is written where others cannot, too.
    reader = open_reader(data, clock, in_parts=True)
    before = reader.facts("locks")
    number = 1 + max((one.record.number for one in before if isinstance(one.record, Lock)), default=0)
    ended = _consents_ended(reader)
    try:
        with open_store(data, index.kind, clock) as store:
            lock = Lock(
                class_="restore",
                cause="restored",
                number=number,
                copy_of=dt.datetime.fromisoformat(index.taken),
                lost=_last_months(index, lost),
            )
            for record in (lock, *ended):
                asyncio.run(store.add(record))
    except DiaryDamaged:
        if must_be_whole:
            raise
        return report.whole, False
    return report.whole, True


def _consents_ended(reader: StoreReader) -> tuple[Consent, ...]:
    """A no to each yes that stands: it may have been taken back after the copy was made."""
    said = {
        one.record.topic: one.record for one in reader.facts("consents") if isinstance(one.record, Consent)
    }
    return tuple(
        msgspec.structs.replace(one, given=False, who="restore") for one in said.values() if one.given
    )


def _is_whole(data: Path) -> bool:
    try:
        return check.examine(data).whole
    except OSError as error:
        raise folder.cannot_use(data, error) from error


def _contents(data: Path) -> Iterator[tuple[str, bytes]]:
    """Every file that belongs in a backup: its place in the data folder, and what is in it now. Raises
    FolderError."""
    try:
        yield from _files(data)
    except OSError as error:
        raise folder.cannot_use(data, error) from error


def _files(data: Path) -> Iterator[tuple[str, bytes]]:
    for name in (folder.META, SETTINGS):
        if (data / name).exists():
            yield name, (data / name).read_bytes()
    for month in months.months_of(data):
        for path in sorted((data / folder.JOURNAL / month).rglob("*")):
            if path.is_file() and path.suffix not in (journal.COPY, durable.TEMPORARY_SUFFIX):
                yield str(path.relative_to(data)), _valid_part(path)
    for path in sorted((data / inbox.INBOX).rglob("[!.]*")):
        if path.is_file() and not path.is_symlink():
            yield str(path.relative_to(data)), path.read_bytes()


def _valid_part(path: Path) -> bytes:
    """Of a journal, its lines, mended where that is needed; of one that is damaged, and of others, all."""
    content = path.read_bytes()
    if path.suffix != journal.LINES:
        return content
    reading = chain.read(content, journal.content_of(path.with_suffix(journal.COPY), DISK))
    return content if reading.damaged else reading.content[: reading.end]


def _end_of(lines: bytes) -> journal.Link:
    contents = journal.Contents(journal.AS_JSON)
    contents.take(lines)
    return contents.link


def _index_name(vault: _Vault, timestamp: float) -> str:
    """After all that are there, also when the clock was set back."""
    stamp = f"index-{dt.datetime.fromtimestamp(timestamp, dt.UTC):%Y%m%dT%H%M%SZ}"
    newest = max(vault.indexes(), default="")
    if stamp > newest:
        return stamp
    base, _, count = newest.rpartition("-") if newest.count("-") == 2 else (newest, "", "0")
    return f"{base}-{int(count) + 1:04}"


def _forget_oldest(vault: _Vault) -> None:
    """Removes all but the last backups, and what only they held; never the last one of a whole diary."""
    names = vault.indexes()
    last = {name: index for name in names[-KEEP:] if (index := vault.index(name))}
    if len(names) <= KEEP or len(last) < KEEP:
        return
    kept = dict(last)
    vault.unread = None
    if not any(index.whole for index in last.values()):
        for name in reversed(names[:-KEEP]):
            if (index := vault.index(name)) and index.whole:
                kept[name] = index
                break
        if vault.unread is not None:
            return  # it may be the one of a whole diary, and readable the next time
    for name in names:
        if name not in kept:
            (vault.place / name).unlink()
    needed = {saved.name for index in kept.values() for saved in index.files}
    for path in (vault.place / "objects").iterdir():
        if path.name not in needed:
            path.unlink()


def _read_key(path: Path) -> _Key | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Key)
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise BackupError(f"{path} is damaged: without it no backup can be opened.") from error
    except OSError as error:
        raise BackupError(f"{path} cannot be read: {folder.reason_of(error)}.") from error


def _place_of(backup: Path) -> Path:
    """`backup` is a box's part itself, or the folder that holds just one."""
    try:
        if (backup / "key.json").exists():
            return backup
        parts = sorted(name for name in os.listdir(backup) if name.startswith("homestim-"))
        places = [backup / name for name in parts if (backup / name / "key.json").exists()]
    except (FileNotFoundError, NotADirectoryError):
        places = []
    except OSError as error:
        raise _unreadable(backup, error) from error
    if len(places) > 1:
        names = ", ".join(path.name for path in places)
        raise BackupError(f"{backup} holds backups of several boxes. Name one of them: {names}.", 2)
    if not places:
        raise BackupError(f"There is no backup of homestim in {backup}.")
    return places[0]
