"""Which months are over: how long their files are, and their hashes.

A month that stands here is read by one SHA-256 over its file in place of one a line, and copied once by a
backup. The file carries its own hash; where it is missing or damaged, the months' own chains hold, and the
writer makes it anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from kiosk.diary import durable
from kiosk.diary.files import DISK, Files, Place
from kiosk.diary.journal import Link

MANIFEST: Final = "manifest.json"


class Sealed(msgspec.Struct, frozen=True):
    """A month that is over."""

    month: str
    """"2026-11"."""
    generation: int
    bytes: int
    sha256: str
    """Of the whole file of that generation."""
    link: Link
    """Where the chain stands at its end."""


class _File(msgspec.Struct, frozen=True):
    sha256: str
    """Of `months` as it stands in the file."""
    months: msgspec.Raw


def load(journal: Place, files: Files = DISK) -> dict[str, Sealed]:
    """Month → what is known of it; nothing when the file is missing or damaged. Raises other OSErrors."""
    try:
        found = msgspec.json.decode(files.read(f"{journal}/{MANIFEST}"), type=_File)
        if hashlib.sha256(found.months).hexdigest() != found.sha256:
            return {}
        months = msgspec.json.decode(found.months, type=list[Sealed])
    except (FileNotFoundError, ValueError):  # msgspec's errors are ValueErrors, and so is bad UTF-8
        return {}
    return {sealed.month: sealed for sealed in months}


def save(journal: Path, sealed: Mapping[str, Sealed], files: Files = DISK) -> None:
    """Durable when it returns. Raises OSError."""
    months = msgspec.json.encode(_in_order(sealed.values()))
    content = msgspec.json.encode(_File(hashlib.sha256(months).hexdigest(), msgspec.Raw(months)))
    durable.write_file(journal / MANIFEST, content, files)


def _in_order(months: Iterable[Sealed]) -> list[Sealed]:
    return sorted(months, key=lambda sealed: sealed.month)
