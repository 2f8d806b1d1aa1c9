"""Files that are whole or not there: written beside, flushed, renamed, and the folder flushed too.

All health data of one person: readable by their owner only.
"""

from __future__ import annotations

import os
from pathlib import Path

TEMPORARY_SUFFIX = ".new"


def write_file(path: Path, content: bytes) -> None:
    """Replaces `path` by `content`. When this returns, a power cut leaves the new content; when it raises
    OSError, the old content or the new one, never a mixture."""
    temporary = path.with_name(path.name + TEMPORARY_SUFFIX)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        _write_all(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.rename(temporary, path)
    flush_folder(path.parent)


def make_folders(path: Path) -> None:
    """Makes `path` and its missing parents durably; one that exists is left as it is."""
    if not path.is_dir():
        make_folders(path.parent)
        make_folder(path)


def make_folder(path: Path) -> None:
    """Makes `path` durably; one that exists is left as it is. Raises OSError when its parent is missing."""
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        if not path.is_dir():
            raise NotADirectoryError(str(path)) from None
        return
    flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """Makes names in `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
