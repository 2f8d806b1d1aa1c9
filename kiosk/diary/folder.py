"""The data folder: whose it is, of which kind, and who may write in it (interfaces.md, "Data folder").

meta.json          kind for ever, version, the box's own id
lock               held by the one writer; the kernel gives it back when that process ends
journal/YYYY-MM/   the diary, a month each
settings.toml      language, volume, PIN hashes
log/               what went wrong
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import uuid
from pathlib import Path
from types import TracebackType
from typing import Final

import msgspec

from kiosk.clock import Clock
from kiosk.diary import durable
from kiosk.diary.records import FolderKind
from kiosk.errors import N_, KioskError, filled

FOLDER_VERSION: Final = 2
"""1: a JSON file a month (`kiosk.diary.migration`); 2: a journal a month."""

META: Final = "meta.json"
LOCK: Final = "lock"
JOURNAL: Final = "journal"

_NAMES_BEFORE_META: Final = {LOCK, META + durable.TEMPORARY_SUFFIX, "letters.ini"}
"""What a first start that was cut short can leave behind, and what the installation puts there for the
terminal."""
_OF_THE_FILE_SYSTEM: Final = "lost+found"
"""In the root of an ext4 partition; its owner alone may look into it."""


class FolderError(KioskError):
    """The data folder cannot be used as asked."""


class NotADataFolder(FolderError):  # noqa: N818
    """It is a file, or holds something else."""


class DiaryMissing(FolderError):  # noqa: N818
    """What was written in it is not there any more."""


class NotWritable(FolderError):  # noqa: N818
    """No right to write there, read-only, or full."""


class WrongKind(FolderError):  # noqa: N818
    """Real, simulated and rehearsal data never mix (safety rule 20)."""


class NewerVersion(FolderError):  # noqa: N818
    """A later homestim wrote it."""


class FolderInUse(FolderError):  # noqa: N818
    """Another process writes in it."""


class Meta(msgspec.Struct, frozen=True):
    """What `meta.json` says. `kind` never changes."""

    kind: FolderKind
    version: int
    box_id: str
    """UUID4 of this box (of this folder, where it is simulated)."""
    created: str


class _VersionAlone(msgspec.Struct):
    version: int


def read_meta(folder: Path) -> Meta:
    """What kind of folder this is. Raises NotADataFolder, NewerVersion, NotWritable."""
    try:
        content = (folder / META).read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotADataFolder(
            filled(N_("{folder} is not a homestim data folder."), folder=folder), detail=str(error)
        ) from error
    except OSError as error:
        raise cannot_use(folder, error) from error
    try:
        version = msgspec.json.decode(content, type=_VersionAlone).version
        if version > FOLDER_VERSION:
            raise NewerVersion(
                filled(
                    N_("{folder} was written by a newer homestim. Use that version; nothing was changed."),
                    folder=folder,
                ),
                detail=f"folder version {version}, known up to {FOLDER_VERSION}",
            )
        return msgspec.json.decode(content, type=Meta)
    except ValueError as error:  # msgspec's errors are ValueErrors, and so is bad UTF-8
        raise NotADataFolder(
            filled(
                N_("{file} cannot be read: it does not say whose data this is. Nothing was changed."),
                file=folder / META,
            ),
            detail=str(error),
        ) from error


class WriterLock:
    """The right to write in a data folder. The kernel frees it however the process ends."""

    def __init__(self, folder: Path) -> None:
        """Raises FolderInUse, NotWritable."""
        try:
            self._descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise cannot_use(folder, error) from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._descriptor)
            raise FolderInUse(
                f"Another homestim is already running with {folder}. Close it first."
            ) from error
        except OSError as error:
            os.close(self._descriptor)
            raise cannot_use(folder, error) from error

    def check_place(self, folder: Path) -> None:
        """Raises FileNotFoundError when `folder` is no longer the one that was locked."""
        if not os.path.samestat(os.fstat(self._descriptor), os.stat(folder / LOCK)):
            raise FileNotFoundError(f"{folder} was moved away")

    def release(self) -> None:
        """Gives the lock back; a second call does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> WriterLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def claim(folder: Path, kind: FolderKind, clock: Clock) -> tuple[Meta, WriterLock]:
    """Opens `folder` for writing as one of `kind`; makes it when it is missing or empty.

    Raises NotADataFolder, DiaryMissing, NotWritable, WrongKind, NewerVersion, FolderInUse. Nothing is changed
    in a folder that is refused.
    """
    _refuse_foreign(folder)
    try:
        durable.make_folders(folder)
    except OSError as error:
        raise cannot_use(folder, error) from error
    lock = WriterLock(folder)
    try:
        meta = _meta_of(folder, kind, clock)
    except OSError as error:
        lock.release()
        raise cannot_use(folder, error) from error
    except BaseException:
        lock.release()
        raise
    return meta, lock


def _refuse_foreign(folder: Path) -> None:
    """Before anything is written: what is there must be ours or nothing."""
    try:
        names = set(os.listdir(folder))
    except FileNotFoundError:
        return
    except NotADirectoryError as error:
        raise NotADataFolder(f"{folder} is a file, not a folder.") from error
    except OSError as error:
        raise cannot_use(folder, error) from error
    strange = names - _NAMES_BEFORE_META
    if _holds_no_folder(folder / _OF_THE_FILE_SYSTEM):
        strange.discard(_OF_THE_FILE_SYSTEM)
    if META not in names and strange and not (strange == {JOURNAL} and _is_empty(folder / JOURNAL)):
        raise NotADataFolder(
            f"{folder} holds other files and is not a homestim data folder. Choose an empty or a new folder.",
            detail=f"found {sorted(names)[:5]}",
        )


def _holds_no_folder(path: Path) -> bool:
    """It is a folder without one in it, such as a journal that a repair of the disk put there."""
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_nlink <= 2  # itself, by its name and as "."


def _is_empty(folder: Path) -> bool:
    return folder.is_dir() and not os.listdir(folder)


def must_have_journal(folder: Path) -> None:
    """Raises DiaryMissing: what was in it is lost, and nobody begins anew in its place without a word."""
    if not (folder / JOURNAL).is_dir():
        raise DiaryMissing(
            filled(
                N_(
                    "The diary in {folder} is missing: there is no folder {journal}. Nothing was changed. "
                    "Restore the last backup into a new folder."
                ),
                folder=folder,
                journal=JOURNAL,
            )
        )


def _meta_of(folder: Path, kind: FolderKind, clock: Clock) -> Meta:
    if (folder / META).exists():
        meta = read_meta(folder)
    else:
        # Before there is a meta.json: from then on it is never missing.
        durable.make_folder(folder / JOURNAL)
        meta = Meta(
            kind=kind, version=FOLDER_VERSION, box_id=str(uuid.uuid4()), created=clock.now().isoformat()
        )
        durable.write_file(folder / META, msgspec.json.encode(meta))
    if meta.kind != kind:
        raise WrongKind(
            f"{folder} holds {_KIND_WORDS[meta.kind]} and cannot be used for {_KIND_WORDS[kind]}. "
            "Choose another folder with --data.",
        )
    must_have_journal(folder)
    return meta


_KIND_WORDS: Final = {
    "real": "a real person's data",
    "simulated": "data of the simulator",
    "rehearsal": "data of a rehearsal",
}


def cannot_use(folder: Path, error: OSError) -> FolderError:
    """What to raise for `error` of the system."""
    if isinstance(error, NotADirectoryError):
        said = filled(N_("{folder} is not a folder, or one above it is a file."), folder=folder)
        return NotADataFolder(said, detail=str(error))
    said = filled(
        N_("The data folder {folder} cannot be used: {reason}."), folder=folder, reason=reason_of(error)
    )
    return NotWritable(said, detail=str(error))


def reason_of(error: OSError) -> str:
    """Why the system refused, in words that end a sentence."""
    return REASONS.get(error.errno or 0) or error.strerror or N_("the system refuses it")


REASONS: Final = {
    errno.EACCES: N_("you have no right to write there"),
    errno.EPERM: N_("you have no right to write there"),
    errno.EROFS: N_("it is read-only"),
    errno.ENOSPC: N_("the disk is full"),
    errno.EDQUOT: N_("the disk is full"),
    errno.EIO: N_("the disk does not answer as it should"),
}
