"""Every system call by which the diary touches the disk, in one small object.

The diary asks nothing else of a disk; the tests put one in its place that fails, tears and forgets.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

READ_BYTES: Final = 1024 * 1024
Place = Path | str
"""Joining text is many times faster where there are thousands of names."""


class Files:
    """The machine's own disk. Every method raises OSError. Health data: readable by its owner alone."""

    def read(self, path: Place, start: int = 0, most: int = sys.maxsize) -> bytes:
        """What stands in `path` from byte `start` on, at most so many bytes."""
        # Its size is not asked for: once the times of a file were looked at, the system writes new ones with
        # the next change, which costs the writer beside us a second block.
        # Not blocking: a pipe in the place of a file is refused, and never waited for.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            pieces = []
            while most and (piece := os.pread(descriptor, min(READ_BYTES, most), start)):
                pieces.append(piece)
                start, most = start + len(piece), most - len(piece)
            return b"".join(pieces)
        finally:
            os.close(descriptor)

    def names(self, folder: Place) -> list[str]:
        """What is in `folder`, in no order."""
        return os.listdir(folder)

    def is_folder(self, path: Place) -> bool:
        return os.path.isdir(path)

    def make_folder(self, path: Place) -> None:
        os.mkdir(path, 0o700)

    def create(self, path: Place) -> int:
        """An empty file in the place of whatever `path` was; its descriptor."""
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)

    def open(self, path: Place) -> int:
        """A file that is there, for reading and writing."""
        return os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)

    def identity(self, folder: str) -> int:
        """Another number when another folder has come to stand there."""
        return os.stat(folder).st_ino

    def write_at(self, descriptor: int, content: bytes | memoryview, at: int) -> int:
        """How many bytes were written, which may be fewer."""
        return os.pwrite(descriptor, content, at)

    def cut(self, descriptor: int, length: int) -> None:
        os.ftruncate(descriptor, length)

    def flush_data(self, descriptor: int) -> None:
        """Content and length survive a power cut when this returns."""
        os.fdatasync(descriptor)

    def close(self, descriptor: int) -> None:
        os.close(descriptor)

    def rename(self, old: Place, new: Place) -> None:
        os.rename(old, new)

    def flush_folder(self, folder: Place) -> None:
        """The names in `folder` survive a power cut when this returns."""
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


DISK: Final = Files()
