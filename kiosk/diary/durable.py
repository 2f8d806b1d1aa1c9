"""Files that are whole or not there: written beside, flushed, renamed, and the folder flushed too.

All health data of one person: readable by their owner only.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from kiosk.diary.files import DISK, Files

TEMPORARY_SUFFIX = ".new"


def write_file(path: Path, content: bytes, files: Files = DISK) -> None:
    """Replaces `path` by `content`. When this returns, a power cut leaves the new content; when it raises
    OSError, the old content or the new one, never a mixture."""
    temporary = path.with_name(path.name + TEMPORARY_SUFFIX)
    descriptor = files.create(temporary)
    try:
        write_all(descriptor, content, 0, files)
        files.flush_data(descriptor)
    finally:
        files.close(descriptor)
    files.rename(temporary, path)
    files.flush_folder(path.parent)


def make_folders(path: Path, files: Files = DISK) -> None:
    """Makes `path` and its missing parents durably; one that exists is left as it is."""
    if not files.is_folder(path):
        make_folders(path.parent, files)
        make_folder(path, files)


def make_folder(path: Path, files: Files = DISK) -> None:
    """Makes `path` durably; of one that exists the name is: who made it may have been killed before that.
    Raises OSError when its parent is missing."""
    try:
        files.make_folder(path)
    except FileExistsError:
        if not files.is_folder(path):
            raise NotADirectoryError(str(path)) from None
    files.flush_folder(path.parent)


def flush_folder(folder: Path, files: Files = DISK) -> None:
    """Makes names in `folder` survive a power cut."""
    files.flush_folder(folder)


def write_all(descriptor: int, content: bytes, at: int, files: Files = DISK) -> None:
    """Writes the whole of `content` at byte `at`, in as many pieces as the disk wants. Not yet durable."""
    rest = memoryview(content)
    while rest:
        written = files.write_at(descriptor, rest, at)
        if not written:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        rest, at = rest[written:], at + written
