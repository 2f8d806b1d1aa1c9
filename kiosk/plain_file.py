"""Small files that a person or another program may have left in any state: read whole, never waited for."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Final

MOST_BYTES: Final = 4_000_000
"""More than any file that is read like this has."""


def read(path: Path) -> bytes:
    """Its content. Raises OSError, also for a pipe, a device or a file that is far too long."""
    content = beginning(path, MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise OSError(errno.EFBIG, "it is far too long", str(path))
    return content


def text(path: Path) -> str:
    """As `read`. Raises OSError, UnicodeDecodeError."""
    return read(path).decode("utf-8")


def beginning(path: Path, most_bytes: int) -> bytes:
    """At most so many bytes of it. Raises OSError, also for a pipe or a device."""
    # Not blocking: a pipe in the place of a file is refused, and never waited for.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is not a plain file", str(path))
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(most_bytes)
    finally:
        os.close(descriptor)
