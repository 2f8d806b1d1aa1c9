"""What the clinic sends on a stick: signed files. Nothing else of a stick is read (docs/unlocking.md)."""

from __future__ import annotations

import logging
import os
import stat
from pathlib import Path
from typing import Final

from kiosk.access import handed_in, signed
from kiosk.diary import inbox
from kiosk.diary.inbox import MAX_BYTES
from kiosk.diary.store import StoreReader
from kiosk.errors import KioskError
from programs.prescription import PrescriptionError
from programs.text import Reason

log = logging.getLogger(__name__)

MOST_NAMES: Final = 500
"""More are not looked at: a stick that somebody uses for years is no mailbox."""


def take_from(reader: StoreReader, place: Path) -> tuple[Reason, ...]:
    """Hands in every file at the top of the stick that the clinic signed for this box; what each comes to.

    It is taken in when home is shown, never within a visit. Raises OSError (the stick is gone), InboxError.
    """
    found = []
    for number, content in enumerate(_signed_files(place), start=1):
        try:
            order = handed_in.order_in(reader, content, f"file {number}")
        except (KioskError, PrescriptionError) as error:
            log.warning("file %d of the stick is not taken: %s", number, error)
            continue
        inbox.put(reader.folder, handed_in.SIGNED, content)
        found.append(handed_in.news_of(order))
    return tuple(found)


def _signed_files(place: Path) -> list[bytes]:
    """No name is followed, and of no file more is read than a signed one may hold."""
    folder = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        contents = (_content(folder, name) for name in sorted(os.listdir(folder))[:MOST_NAMES])
        return [one for one in contents if signed.looks_signed(one) and signed.FORMAT.encode() in one]
    finally:
        os.close(folder)


def _content(folder: int, name: str) -> bytes:
    """Nothing for what is no plain file, or too large to be signed."""
    try:
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except OSError:
        return b""
    try:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_BYTES:
            return b""
        return os.read(file, MAX_BYTES)
    finally:
        os.close(file)
