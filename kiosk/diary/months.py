"""The journal's inside: one TinyDB a month. Nothing outside of `kiosk.diary.store` knows of it.

What is one file a month here can become another storage by replacing `open_for_writing`,
`open_for_reading` and `state_of`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tinydb import TinyDB
from tinydb.storages import Storage

from kiosk.diary import durable
from kiosk.diary.folder import JOURNAL

DIARY: Final = "diary.json"

Tables = dict[str, dict[str, Any]]
State = tuple[int, int, int]


class DurableStorage(Storage):
    """A whole TinyDB in one JSON file that is replaced, never changed in place.

    TinyDB's own JSONStorage overwrites the file and cuts it afterwards: a power cut between the two
    leaves it unreadable.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Tables | None:
        """Raises OSError; ValueError when the file is damaged."""
        return _read(self._path)

    def write(self, data: Mapping[str, Mapping[str, Any]]) -> None:
        """Durable when it returns. Raises OSError, also when the data folder has gone."""
        durable.make_folder(self._path.parent)
        durable.write_file(self._path, encode(data))


class SnapshotStorage(Storage):
    """The file as it stood when it was opened; parsed once, never written."""

    def __init__(self, path: Path) -> None:
        self._tables = _read(path)

    def read(self) -> Tables | None:
        return self._tables

    def write(self, data: Mapping[str, Mapping[str, Any]]) -> None:
        raise PermissionError("a reader does not write")


def open_for_writing(folder: Path, month: str) -> TinyDB:
    """The month `month` ("2026-11") of the data folder, by the holder of its lock alone."""
    return TinyDB(_file(folder, month), storage=DurableStorage)


def open_for_reading(folder: Path, month: str) -> TinyDB:
    """The last whole state of a month; needs no lock. Raises OSError; ValueError when it is damaged."""
    return TinyDB(_file(folder, month), storage=SnapshotStorage)


def state_of(folder: Path, month: str) -> State | None:
    """Changes whenever the month was written; None while it was never written."""
    try:
        status = _file(folder, month).stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def months_of(folder: Path) -> list[str]:
    """Every month that has a folder, oldest first."""
    try:
        names = [path.name for path in (folder / JOURNAL).iterdir()]
    except FileNotFoundError:
        return []
    return sorted(name for name in names if _MONTH.fullmatch(name))


_MONTH: Final = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


def encode(data: Mapping[str, Any]) -> bytes:
    """JSON that every reader takes. Raises ValueError for NaN and for text that is not Unicode."""
    return json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _file(folder: Path, month: str) -> Path:
    return folder / JOURNAL / month / DIARY


def _read(path: Path) -> Tables | None:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    tables = json.loads(content)
    if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
        raise ValueError(f"{path} is not a diary")
    return tables
