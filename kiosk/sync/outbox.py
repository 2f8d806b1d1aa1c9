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

Every file is written beside, flushed and renamed: a power cut leaves it whole or not there.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from kiosk.diary import durable
from kiosk.diary.files import Files, Place
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

Known = TypeVar("Known", bound=msgspec.Struct)

_FLOCK: Final = "hhqqi"
_BUNDLE: Final = re.compile(r"\d{8}\.json")
_INCOMING: Final = re.compile(r"[0-9a-f]{64}")


class OutboxError(KioskError):
    """The outbox cannot be used."""


class SharedFiles(Files):
    """The machine's disk; what is made is for the folder's group too, since two users share it."""

    def make_folder(self, path: Place) -> None:
        os.mkdir(path, 0o770)

    def create(self, path: Place) -> int:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o660)


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

    def __init__(self, folder: Path, files: Files | None = None) -> None:
        self.folder = folder
        self._files = files or SharedFiles()

    # ── consent ──

    def consented(self) -> Consented | None:
        """To whom may be sent; None: to nobody. A file that is not whole is no consent."""
        return self._record(self.folder / CONSENT, Consented)

    def allow(self, consented: Consented) -> None:
        self.put(CONSENT, msgspec.json.encode(consented))

    def forbid(self) -> None:
        """Nothing more is sent from now on; what waited is thrown away (the diary still has it)."""
        with self._usable():
            self._remove(self.folder / CONSENT)
            for name in self.waiting_names():
                self._remove(self.folder / WAITING / name)

    # ── bundles ──

    def waiting_names(self) -> list[str]:
        """The oldest first."""
        return self._names(WAITING, _BUNDLE)

    def bundle(self, name: str) -> Bundle | None:
        """None: it was taken away meanwhile."""
        content = self._content(self.folder / WAITING / name)
        return None if content is None else Bundle(name, content)

    def unsent_names(self) -> list[str]:
        """Those without a receipt for every entry, the oldest first."""
        return [name for name in self.waiting_names() if not self._is_done(name)]

    def receipt(self, bundle: Bundle) -> Receipt:
        """What is known of `bundle`; nothing yet: an empty one."""
        found = self._record(self.folder / RECEIPTS / bundle.name, Receipt)
        if found is None or found.bundle != bundle.digest:
            return Receipt(bundle=bundle.digest)
        return found

    def put(self, name: str, content: bytes) -> None:
        """Writes a file of the folder, durable when it returns."""
        with self._usable():
            path = self.folder / name
            durable.make_folders(path.parent, self._files)
            durable.write_file(path, content, self._files)

    def remove(self, name: str) -> None:
        with self._usable():
            self._remove(self.folder / name)

    def refused_names(self) -> list[str]:
        return self._names(REFUSED, _BUNDLE)

    def refusals(self) -> tuple[Refusal, ...]:
        """Everything that the server will never take, the oldest first."""
        found = (self._record(self.folder / REFUSED / name, Receipt) for name in self.refused_names())
        return tuple(refusal for receipt in found if receipt is not None for refusal in receipt.refused)

    # ── what came for the box ──

    def incoming(self) -> list[bytes]:
        """Files whose content is what their name says."""
        found = []
        for name in self._names(INCOMING, _INCOMING):
            content = self._content(self.folder / INCOMING / name)
            if content is not None and hashlib.sha256(content).hexdigest() == name:
                found.append(content)
        return found

    def put_incoming(self, content: bytes) -> None:
        self.put(f"{INCOMING}/{hashlib.sha256(content).hexdigest()}", content)

    def take_incoming(self, content: bytes) -> None:
        """It lies in the inbox now."""
        self.remove(f"{INCOMING}/{hashlib.sha256(content).hexdigest()}")

    # ── while somebody is at the kiosk ──

    @contextlib.contextmanager
    def visit(self) -> Iterator[None]:
        """Held by the kiosk from the first question to the end of a visit: no upload begins, and one that
        runs ends long before the questions do. Gone with its process, however that ends."""
        descriptor = self._lock_file()
        try:
            fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, _whole_file(fcntl.F_RDLCK))
            yield
        finally:
            os.close(descriptor)

    def somebody_is_there(self) -> bool:
        """A visit is going on: nothing is sent."""
        descriptor = self._lock_file()
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
        return self._record(self.folder / name, type_)

    def _is_done(self, name: str) -> bool:
        bundle = self.bundle(name)
        return bundle is None or is_complete(bundle, self.receipt(bundle))

    def _lock_file(self) -> int:
        with self._usable():
            durable.make_folders(self.folder, self._files)
            return os.open(self.folder / VISIT_LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o660)

    def _names(self, folder: str, pattern: re.Pattern[str]) -> list[str]:
        with self._usable():
            try:
                return sorted(name for name in os.listdir(self.folder / folder) if pattern.fullmatch(name))
            except FileNotFoundError:
                return []

    def _content(self, path: Path) -> bytes | None:
        with self._usable():
            try:
                return self._files.read(path)
            except FileNotFoundError:
                return None

    def _record(self, path: Path, type_: type[Known]) -> Known | None:
        content = self._content(path)
        try:
            return None if content is None else msgspec.json.decode(content, type=type_)
        except ValueError:
            return None

    def _remove(self, path: Path) -> None:
        try:
            os.unlink(path)
        except FileNotFoundError:
            return
        durable.flush_folder(path.parent, self._files)

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


def entries_of(bundle: Bundle) -> list[dict[str, object]]:
    """Its entries as they are sent."""
    found: list[dict[str, object]] = msgspec.json.decode(bundle.content)["entry"]
    return found


def name_of(entry: dict[str, object]) -> str:
    """Type/id of what an entry carries, whatever the server will call it."""
    url = str(entry["fullUrl"])
    resource = entry["resource"]
    assert isinstance(resource, dict)
    return f"{resource['resourceType']}/{url.removeprefix('urn:uuid:')}"


def is_complete(bundle: Bundle, receipt: Receipt) -> bool:
    """Each of its entries was accepted, or refused for good."""
    answered = {*receipt.accepted, *(refusal.resource for refusal in receipt.refused)}
    return all(name_of(entry) in answered for entry in entries_of(bundle))
