"""What other commands hand in for the kiosk to write down: one file an item, in `inbox/` of the data folder.

Anybody who may write in the folder puts a file there, whole and durable (`put`). The kiosk alone takes it
(`Store.take`): first the record, then the file moves to `inbox/taken/`. Between the two a power cut may
fall: the record's id comes from the item, so that it is never written twice.

A name is KIND-DIGEST, the digest being of the content: a file that was cut short, changed or put there by
hand under another name is never taken.
"""

from __future__ import annotations

import hashlib
import itertools
import logging
import os
import re
import stat
import uuid
from pathlib import Path
from typing import Final

import msgspec

from kiosk.diary import durable
from kiosk.diary.folder import reason_of
from kiosk.errors import N_, KioskError, filled

log = logging.getLogger(__name__)

INBOX: Final = "inbox"
TAKEN: Final = "taken"
REFUSED: Final = "refused"
HELD: Final = "held"
MAX_BYTES: Final = 64 * 1024
MAX_WAITING: Final = 100
"""More are not looked at in one go: whoever fills the folder does not stop the kiosk."""

_NAME: Final = re.compile(r"([a-z][a-z_]{0,30})-([0-9a-f]{64})")
_NAMESPACE: Final = uuid.UUID("6f3c8a52-54b5-5e0a-9d52-0d9c0b8f7a11")


class InboxError(KioskError):
    """It cannot be handed in."""


class Item(msgspec.Struct, frozen=True):
    """Something that was handed in, whole."""

    kind: str
    content: bytes
    digest: str
    """SHA-256 of the content, hex."""

    @property
    def name(self) -> str:
        """Of its file."""
        return f"{self.kind}-{self.digest}"

    def record_id(self, part: int = 0) -> str:
        """The id of the `part`-th record that this item becomes: the same whenever it is taken."""
        return str(uuid.uuid5(_NAMESPACE, f"{self.name}/{part}"))


def put(folder: Path, kind: str, content: bytes) -> Item:
    """Hands `content` in; durable when it returns. The same content is the same item, however often.

    Raises InboxError (too large, or the folder cannot be written); ValueError for a bad `kind`.
    """
    item = Item(kind, content, hashlib.sha256(content).hexdigest())
    if _NAME.fullmatch(item.name) is None:
        raise ValueError(f"no kind of item: {kind!r}")
    if len(content) > MAX_BYTES:
        raise InboxError(
            filled(
                N_("It is too large to be handed in: {n} bytes, at most {most} are taken."),
                n=len(content),
                most=MAX_BYTES,
            )
        )
    try:
        owner = os.stat(folder)
        durable.make_folder(folder / INBOX)
        _hand_over(folder / INBOX, owner)
        # A name of its own: two processes may hand in the same.
        draft = folder / INBOX / f".{item.name}.{os.getpid()}"
        durable.write_file(draft, content)
        _hand_over(draft, owner)
        os.rename(draft, folder / INBOX / item.name)
        durable.flush_folder(folder / INBOX)
    except OSError as error:
        raise InboxError(
            filled(
                N_("It cannot be handed in to {folder}: {reason}."), folder=folder, reason=reason_of(error)
            ),
            detail=str(error),
        ) from error
    return item


def is_waiting(folder: Path) -> bool:
    """Whether there may be something to take: a look at the names alone, for a loop that must not wait."""
    try:
        return any(_NAME.fullmatch(name) for name in os.listdir(folder / INBOX))
    except OSError:
        return False


def waiting(folder: Path) -> tuple[Item, ...]:
    """What was handed in and not taken yet, the oldest first. What is not whole or not ours is left out.

    Raises OSError when the inbox is there and cannot be read.
    """
    return _whole(folder, ".")


def done(folder: Path, item: Item) -> None:
    """`item` stands in the diary: moves its file to `taken/`. A second call does nothing. Raises OSError."""
    _move(folder, item, TAKEN)


def refuse(folder: Path, item: Item) -> None:
    """`item` is not valid: moves its file to `refused/`, where a person can look at it. Raises OSError."""
    _move(folder, item, REFUSED)


def hold(folder: Path, item: Item) -> None:
    """`item` may be taken when somebody at the box says yes: moves its file to `held/`. Raises OSError."""
    _move(folder, item, HELD)


def held(folder: Path) -> tuple[Item, ...]:
    """What waits for somebody's yes, the oldest first. Raises OSError."""
    return _whole(folder, HELD)


def release(folder: Path, item: Item) -> None:
    """Somebody said yes: back to what is waiting. A second call does nothing. Raises OSError."""
    _move(folder, item, ".", since=HELD)


def decline(folder: Path, item: Item) -> None:
    """Somebody said no: to `refused/`. A second call does nothing. Raises OSError."""
    _move(folder, item, REFUSED, since=HELD)


def _whole(folder: Path, where: str) -> tuple[Item, ...]:
    try:
        names = sorted(name for name in os.listdir(folder / INBOX / where) if _NAME.fullmatch(name))
    except FileNotFoundError:
        return ()
    whole = (found for name in names for found in _read(folder / INBOX / where, name))
    oldest_first = sorted(itertools.islice(whole, MAX_WAITING), key=lambda found: (found[0], found[1].name))
    return tuple(item for _, item in oldest_first)


def _read(place: Path, name: str) -> list[tuple[int, Item]]:
    """The item and when it came; nothing for a link, a pipe, a file that is not what its name says."""
    match = _NAME.fullmatch(name)
    assert match is not None
    try:
        descriptor = os.open(place / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        log.warning("%s in the inbox cannot be read: %s", name, error)
        return []
    try:
        status = os.fstat(descriptor)
        content = os.read(descriptor, MAX_BYTES + 1) if stat.S_ISREG(status.st_mode) else b""
    finally:
        os.close(descriptor)
    if len(content) > MAX_BYTES or hashlib.sha256(content).hexdigest() != match[2]:
        log.warning("%s in the inbox is not what its name says", name)
        return []
    return [(status.st_mtime_ns, Item(match[1], content, match[2]))]


def _move(folder: Path, item: Item, to: str, since: str = ".") -> None:
    durable.make_folder(folder / INBOX / to)
    try:
        os.rename(folder / INBOX / since / item.name, folder / INBOX / to / item.name)
    except FileNotFoundError:
        return
    durable.flush_folder(folder / INBOX / to)
    durable.flush_folder(folder / INBOX / since)


def _hand_over(path: Path, owner: os.stat_result) -> None:
    """Root hands in for the folder's owner, who has to be able to read and move it."""
    if os.geteuid() == 0 and owner.st_uid != 0:
        os.chown(path, owner.st_uid, owner.st_gid)
