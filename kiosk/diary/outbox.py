"""The folder between the diary and the network: files that wait, receipts, what a server refused.

| name | what | written by |
|---|---|---|
| `consent.json` | to whom may be sent; missing: nothing is sent | the diary's side |
| `waiting/00000042.json` | one transaction Bundle, never changed | the diary's side |
| `receipts/00000042.json` | what became of each of its entries | the sender |
| `refused/00000042.json` | the entries that the server will never take, with its words | the diary's side |
| `incoming/DIGEST` | signed files of the clinic | the sender |
| `search.json` | which patient's files are asked for | the diary's side |
| `state.json`, `sender.json`, `fetched.json` | how far each of the two has come | each its own |
| `visit.lock` | locked while somebody is at the kiosk | both |
| `fill.lock`, `send.lock` | locked by the one that fills, the one that sends | each its own |

Every file is written beside, flushed and renamed: a power cut leaves it whole or not there. Neither user
takes anything of the other on trust: what is a link, a pipe, or far too large is as if it were not there.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import re
import stat
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from kiosk.diary import durable
from kiosk.diary.files import Files, Place
from kiosk.diary.inbox import MAX_BYTES, MAX_WAITING
from kiosk.errors import KioskError

OUTBOX: Final = "outbox"
"""Its name in the data folder."""
CONSENT: Final = "consent.json"
WAITING: Final = "waiting"
RECEIPTS: Final = "receipts"
REFUSED: Final = "refused"
INCOMING: Final = "incoming"
STATE: Final = "state.json"
SENDER: Final = "sender.json"
VISIT_LOCK: Final = "visit.lock"
FILL_LOCK: Final = "fill.lock"
SEND_LOCK: Final = "send.lock"
MOST_BYTES: Final = 8 * 1024 * 1024
"""Of a file that is read: many times what the largest of ours has."""
SPARE_BYTES: Final = 100 * 1024 * 1024
"""Left free on the disk, which is mostly the diary's too: nothing is made to be sent into the last of it."""

Known = TypeVar("Known", bound=msgspec.Struct)

_FLOCK: Final = "hhqqi"
_BUNDLE: Final = re.compile(r"\d{8}\.json")
_INCOMING: Final = re.compile(r"[0-9a-f]{64}")


class OutboxError(KioskError):
    """The outbox cannot be used."""


class OutboxBusy(OutboxError):  # noqa: N818
    """Another one does the same already."""


class SharedFiles(Files):
    """The machine's disk; what is made is for the folder's group too, since two users share it."""

    def read(self, path: Place, start: int = 0, most: int = MOST_BYTES) -> bytes:
        """Raises FileNotFoundError also for what is no file, or too large."""
        # Not to wait for who never writes into a pipe.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_size > most:
                raise FileNotFoundError(errno.ENOENT, "no file of ours", str(path))
            return os.pread(descriptor, status.st_size, start)
        finally:
            os.close(descriptor)

    def free_bytes(self, folder: Place) -> int:
        found = os.statvfs(folder)
        return found.f_bavail * found.f_frsize

    def make_folder(self, path: Place) -> None:
        os.mkdir(path, 0o770)
        _share(path, path, 0o770)

    def create(self, path: Place) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        descriptor = os.open(path, flags, 0o660)
        _share(descriptor, Path(path).parent, 0o660)
        return descriptor


def _share(made: Place | int, folder: Place, rights: int) -> None:
    """Where two users share `folder` (setgid), both may use what root made there by hand, with its umask."""
    mode = stat.S_IMODE(os.stat(made).st_mode)
    if mode & rights != rights and os.stat(folder).st_mode & stat.S_ISGID:
        with contextlib.suppress(PermissionError):  # another user made it
            os.chmod(made, mode | rights)


class Consented(msgspec.Struct, frozen=True):
    """The person wants her diary to go there."""

    to: str
    since: str
    """ISO time of her yes."""


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """One entry that the server will never take as it is."""

    resource: str
    """Type/id."""
    status: int
    words: str
    """What the server said, cut short."""


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the entries of one bundle."""

    bundle: str
    """SHA-256 of the file, hex: a receipt for other content is none."""
    accepted: tuple[str, ...] = ()
    """Type/id."""
    refused: tuple[Refusal, ...] = ()


class Bundle(msgspec.Struct, frozen=True):
    """A file that waits."""

    name: str
    content: bytes

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


class Outbox:
    """One folder. Every method raises OutboxError when the folder cannot be used."""

    def __init__(self, folder: Path, files: SharedFiles | None = None) -> None:
        self.folder = folder
        self._files = files or SharedFiles()

    # ── consent ──

    def consented(self) -> Consented | None:
        """To whom may be sent; None: to nobody. A file that is not whole is no consent."""
        return self._record(CONSENT, Consented)

    def allow(self, consented: Consented) -> None:
        self.put(CONSENT, msgspec.json.encode(consented))

    def forbid(self) -> None:
        """Nothing more is sent from now on; what waited is thrown away (the diary still has it)."""
        with self._usable():
            self.remove(CONSENT)
            for name in self.waiting_names():
                self.remove(f"{WAITING}/{name}")

    # ── bundles ──

    def waiting_names(self) -> list[str]:
        """The oldest first."""
        return self._names(WAITING, _BUNDLE)

    def bundle(self, name: str) -> Bundle | None:
        """None: it was taken away meanwhile."""
        content = self._content(f"{WAITING}/{name}")
        return None if content is None else Bundle(name, content)

    def unsent_names(self) -> list[str]:
        """Those without a receipt for every entry, the oldest first."""
        return [name for name in self.waiting_names() if self._waits(name)]

    def receipt(self, bundle: Bundle) -> Receipt:
        """What is known of `bundle`; nothing yet: an empty one."""
        found = self._record(f"{RECEIPTS}/{bundle.name}", Receipt)
        if found is None or found.bundle != bundle.digest:
            return Receipt(bundle=bundle.digest)
        return found

    def put(self, name: str, content: bytes) -> None:
        """Writes a file of the folder, durable when it returns."""
        with self._usable():
            durable.make_folders((self.folder / name).parent, self._files)
            with self._at(name) as path:
                durable.write_file(path, content, self._files)

    def remove(self, name: str) -> None:
        with self._usable(), contextlib.suppress(FileNotFoundError), self._at(name) as path:
            os.unlink(path)
            durable.flush_folder(path.parent, self._files)

    def has_room(self) -> bool:
        """More can be made without taking the disk's last bytes."""
        with self._usable():
            durable.make_folders(self.folder, self._files)
            return self._files.free_bytes(self.folder) >= SPARE_BYTES

    def refused_names(self) -> list[str]:
        return self._names(REFUSED, _BUNDLE)

    def refusals(self) -> tuple[Refusal, ...]:
        """Everything that the server will never take, the oldest first."""
        found = (self._record(f"{REFUSED}/{name}", Receipt) for name in self.refused_names())
        return tuple(refusal for receipt in found if receipt is not None for refusal in receipt.refused)

    # ── what came for the box ──

    def incoming(self) -> list[bytes]:
        """Files whose content is what their name says, and of a size that the inbox takes; some at a time."""
        found: list[bytes] = []
        for name in self._names(INCOMING, _INCOMING):
            content = self._content(f"{INCOMING}/{name}")
            if content is None or len(content) > MAX_BYTES:
                continue
            if hashlib.sha256(content).hexdigest() == name and len(found) < MAX_WAITING:
                found.append(content)
        return found

    def put_incoming(self, content: bytes) -> None:
        self.put(f"{INCOMING}/{hashlib.sha256(content).hexdigest()}", content)

    def take_incoming(self, content: bytes) -> None:
        """It lies in the inbox now."""
        self.remove(f"{INCOMING}/{hashlib.sha256(content).hexdigest()}")

    # ── who is at work ──

    @contextlib.contextmanager
    def alone(self, lock: str) -> Iterator[None]:
        """One fills at a time (FILL_LOCK), one sends (SEND_LOCK), its process at most. Raises OutboxBusy."""
        descriptor = self._lock_file(lock)
        try:
            fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, _whole_file(fcntl.F_WRLCK))
        except BlockingIOError:
            os.close(descriptor)
            raise OutboxBusy("Another homestim sync is at work here. Nothing was done.") from None
        try:
            yield
        finally:
            os.close(descriptor)

    @contextlib.contextmanager
    def visit(self) -> Iterator[None]:
        """Held by the kiosk from the first question to the end of a visit: no upload begins, and one that
        runs ends long before the questions do. Gone with its process, however that ends."""
        descriptor = self._lock_file(VISIT_LOCK)
        try:
            fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, _whole_file(fcntl.F_RDLCK))
            yield
        finally:
            os.close(descriptor)

    def somebody_is_there(self) -> bool:
        """A visit is going on: nothing is sent."""
        descriptor = self._lock_file(VISIT_LOCK)
        try:
            # Asked, not taken: who only looks can never keep the kiosk from its lock.
            found = fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, _whole_file(fcntl.F_WRLCK))
        finally:
            os.close(descriptor)
        kind: int = struct.unpack(_FLOCK, found)[0]
        return kind != fcntl.F_UNLCK

    # ── parts ──

    def read_record(self, name: str, type_: type[Known]) -> Known | None:
        """A small file of ours; None: missing, or not whole."""
        return self._record(name, type_)

    def _waits(self, name: str) -> bool:
        bundle = self.bundle(name)
        if bundle is None or names_in(bundle) is None:
            return False
        return not is_complete(bundle, self.receipt(bundle))

    def _lock_file(self, name: str) -> int:
        with self._usable():
            durable.make_folders(self.folder, self._files)
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
            descriptor = os.open(self.folder / name, flags, 0o660)
            _share(descriptor, self.folder, 0o660)
            return descriptor

    def _names(self, folder: str, pattern: re.Pattern[str]) -> list[str]:
        with self._usable():
            try:
                with self._at(f"{folder}/.") as path:
                    return sorted(name for name in os.listdir(path) if pattern.fullmatch(name))
            except FileNotFoundError:
                return []

    def _content(self, name: str) -> bytes | None:
        with self._usable():
            try:
                with self._at(name) as path:
                    return self._files.read(path)
            except FileNotFoundError:
                return None
            except OSError as error:
                if error.errno == errno.ELOOP:  # a link
                    return None
                raise

    @contextlib.contextmanager
    def _at(self, name: str) -> Iterator[Path]:
        """Where `name` is for the moment: in a folder that is one, not where a link in its place leads."""
        folder, _, file = name.rpartition("/")
        if not folder:
            yield self.folder / file
            return
        descriptor = os.open(self.folder / folder, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            yield Path(f"/proc/self/fd/{descriptor}") / file
        finally:
            os.close(descriptor)

    def _record(self, name: str, type_: type[Known]) -> Known | None:
        content = self._content(name)
        try:
            return None if content is None else msgspec.json.decode(content, type=type_)
        except ValueError:
            return None

    @contextlib.contextmanager
    def _usable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            why = (os.strerror(error.errno) if error.errno else str(error)).lower()
            raise OutboxError(
                f"The folder for what is sent, {self.folder}, cannot be used: {why}. Nothing was lost.",
                detail=str(error),
            ) from error


def _whole_file(kind: int) -> bytes:
    """struct flock (fcntl(2)) of a 64-bit machine: kind, whence, start, length 0 = to the end, pid 0."""
    return struct.pack(_FLOCK, kind, os.SEEK_SET, 0, 0, 0)


def place(configured: str, data: Path) -> Path:
    """Where the outbox is: `[sync] outbox` of kiosk.toml, or in the data folder."""
    return Path(configured) if configured else data / OUTBOX


def entries_of(bundle: Bundle) -> list[dict[str, Any]]:
    """Its entries as they are sent."""
    found: list[dict[str, Any]] = msgspec.json.decode(bundle.content)["entry"]
    return found


def name_of(entry: dict[str, Any]) -> str:
    """Type/id of what an entry carries, whatever the server will call it."""
    return f"{entry['resource']['resourceType']}/{entry['fullUrl'].removeprefix('urn:uuid:')}"


def names_in(bundle: Bundle) -> tuple[str, ...] | None:
    """`name_of` of its entries, in their order; None: it is not one of ours, or not whole."""
    try:
        entries = msgspec.json.decode(bundle.content, type=_Named).entry
    except ValueError:
        return None
    return tuple(f"{one.resource.resourceType}/{one.fullUrl.removeprefix('urn:uuid:')}" for one in entries)


def is_complete(bundle: Bundle, receipt: Receipt) -> bool:
    """Each of its entries was accepted, or refused for good."""
    answered = {*receipt.accepted, *(refusal.resource for refusal in receipt.refused)}
    return answered.issuperset(names_in(bundle) or ())


class _Type(msgspec.Struct, frozen=True):
    resourceType: str


class _NamedEntry(msgspec.Struct, frozen=True):
    fullUrl: str
    resource: _Type


class _Named(msgspec.Struct, frozen=True):
    """A Bundle, of which only the names are looked at."""

    entry: tuple[_NamedEntry, ...]
