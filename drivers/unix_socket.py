"""The guard's door on a box: a Unix socket, and who is at its other end."""

from __future__ import annotations

import os
import pwd
import socket
import stat
import struct
from contextlib import suppress
from typing import Final

MODE: Final = 0o660
_CREDENTIALS: Final = struct.Struct("3i")
"""pid, uid, gid (unix(7), SO_PEERCRED)."""


class DoorError(Exception):
    """It cannot be listened there; the text is for a person."""


class Door:
    """A listening SOCK_SEQPACKET socket at `path`, mode 0660. Raises DoorError.

    What a guard that died left there is removed; a guard that listens there is left alone.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            _remove_stale(path)
            before = os.umask(0o777 & ~MODE)  # never wider, not for a moment
            try:
                self.listener.bind(path)
            finally:
                os.umask(before)
            self._file = _identity(path)
            self.listener.listen(4)
        except OSError as error:
            self.listener.close()
            raise DoorError(f"The guard cannot listen at {path}: {error.strerror or error}.") from error
        except DoorError:
            self.listener.close()
            raise

    def close(self) -> None:
        """Listen no more; the file goes too, unless it is somebody else's by now."""
        self.listener.close()
        with suppress(OSError):
            if _identity(self._path) == self._file:
                os.unlink(self._path)


def peer_uid(sock: socket.socket) -> int:
    """Who connected, by the kernel's word."""
    size = _CREDENTIALS.size
    _pid, uid, _gid = _CREDENTIALS.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return int(uid)


def uid_of(user: str) -> int:
    """Of a name, or of a number as it is. Raises ValueError with a sentence."""
    if user.isdecimal():
        return int(user)
    try:
        return pwd.getpwnam(user).pw_uid
    except KeyError:
        raise ValueError(f"There is no user {user} on this computer.") from None


def _identity(path: str) -> tuple[int, int]:
    found = os.lstat(path)
    return found.st_dev, found.st_ino


def _remove_stale(path: str) -> None:
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise DoorError(f"{path} is there already, and it is no socket. The guard leaves it alone.")
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as visitor:
        visitor.setblocking(False)
        try:
            visitor.connect(path)
        except ConnectionRefusedError:
            os.unlink(path)
        except OSError as error:
            raise DoorError(f"Somebody else listens at {path}: {error.strerror}.") from error
        else:
            raise DoorError(f"Another guard listens at {path} already.")
