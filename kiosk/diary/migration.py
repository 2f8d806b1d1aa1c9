"""From a folder of version 1, one JSON file a month, to journals.

The journals are written beside the old files, which stay as they are; last of all `meta.json` says the new
version. Until then the old program goes on with everything there is, and what was begun is begun anew; from
then on it refuses the folder, and with it the old files, which know nothing of later locks and sessions.
"""

from __future__ import annotations

import hashlib
import json
import logging
from pathlib import Path
from typing import Final

import msgspec

from kiosk.diary import durable, folder, journal
from kiosk.diary.files import DISK, Files
from kiosk.diary.journal import JournalStorage, Link

log = logging.getLogger(__name__)

DIARY: Final = "diary.json"
"""What a month was in version 1: TinyDB's tables, each id → document."""


def tables_of(month: Path, files: Files = DISK) -> dict[str, dict[str, msgspec.Raw]]:
    """Of a month of version 1. Raises OSError; ValueError when its file is damaged."""
    return _tables(month, journal.content_of(month / DIARY, files))


def migrate(
    data: Path, meta: folder.Meta, files: Files = DISK, chunk_bytes: int = journal.CHUNK_BYTES
) -> folder.Meta:
    """Writes a journal for each month; what the folder's meta.json then says. By the holder of its lock.

    Raises OSError; ValueError when a month is damaged. The folder is as usable as before until it returns.
    """
    follows: Link | None = None
    for month in sorted(files.names(data / folder.JOURNAL)):
        path = data / folder.JOURNAL / month
        content = journal.content_of(path / DIARY, files)
        if content:
            follows = _migrated(path, content, follows, files, chunk_bytes)
    new = msgspec.structs.replace(meta, version=folder.FOLDER_VERSION)
    durable.write_file(data / folder.META, msgspec.json.encode(new), files)
    log.info("the diary now has version %d; the files of version %d are kept", new.version, meta.version)
    return new


def _migrated(path: Path, content: bytes, follows: Link | None, files: Files, chunk_bytes: int) -> Link:
    origin = {"file": DIARY, "sha256": hashlib.sha256(content).hexdigest()}
    storage = JournalStorage(
        path,
        files=files,
        chunk_bytes=chunk_bytes,
        follows=follows,
        origin=origin,
        tables=_tables(path, content),
        anew=True,
    )
    try:
        storage.seal()
        return storage.link
    finally:
        storage.close()


def _tables(path: Path, content: bytes) -> dict[str, dict[str, msgspec.Raw]]:
    tables = json.loads(content) if content else {}
    if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
        raise ValueError(f"{path / DIARY} is not a diary")
    return {
        name: {doc_id: msgspec.Raw(journal.encode(document)) for doc_id, document in table.items()}
        for name, table in tables.items()
    }
