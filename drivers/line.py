"""One end of a SOCK_SEQPACKET connection: whole datagrams, and nothing that ever blocks."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Callable
from typing import Final

MAX_DATAGRAM_BYTES: Final = 16_384
MAX_WAITING: Final = 64


class Line:
    """`send` may be called from any thread while `keep` is false; all else on the loop given to `listen`."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._waiting: deque[bytes] = deque(maxlen=MAX_WAITING)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._on_datagram: Callable[[bytes], None] | None = None

    def listen(self, on_datagram: Callable[[bytes], None]) -> None:
        """From now on every datagram; b"" once, at the end of the connection."""
        self._on_datagram = on_datagram
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._sock, self._readable)

    def send(self, datagram: bytes, *, keep: bool = False) -> bool:
        """Hand it to the kernel. What does not fit now is kept for later (`keep`) or dropped: then False."""
        if keep or self._waiting:
            if keep:
                self._waiting.append(datagram)
                self._flush()
            return keep
        try:
            self._sock.send(datagram)
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Hang up; may be called again."""
        if self._loop is not None:
            self._loop.remove_reader(self._sock)
            self._loop.remove_writer(self._sock)
            self._loop = None
        self._waiting.clear()
        self._sock.close()

    def _flush(self) -> None:
        if self._loop is None:
            return
        try:
            while self._waiting:
                self._sock.send(self._waiting[0])
                self._waiting.popleft()
        except BlockingIOError:
            self._loop.add_writer(self._sock, self._flush)
            return
        except OSError:
            self._waiting.clear()  # the other end is gone: `_readable` sees that too
        self._loop.remove_writer(self._sock)

    def _readable(self) -> None:
        try:
            datagram = self._sock.recv(MAX_DATAGRAM_BYTES + 1)
        except (BlockingIOError, ConnectionResetError):
            return  # a reset is told once, before what is still queued; the end comes after that
        except OSError:
            datagram = b""
        if not datagram:
            self.close()
        if self._on_datagram is not None:
            self._on_datagram(datagram)
