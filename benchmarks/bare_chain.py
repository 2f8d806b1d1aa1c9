"""The way of a stop key without a kiosk: what three processes and their pipes take on this machine, now.

A byte typed into a terminal → a process that only reads it and sends a datagram → one that only writes a
frame to a second pty → one that notes when it arrived. No screen, no session, no protocol: the floor. Each
runs before other programs as its counterpart does.
"""

from __future__ import annotations

import os
import pty
import socket
import struct
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from benchmarks.processes import DEVICE
from drivers import urgency

FRAME: Final = b"\xf0" * 12


@contextmanager
def bare_chain() -> Iterator[Callable[[], float]]:
    """A function that types one byte and says after how many ms the frame was read."""
    terminal, keys = pty.openpty()
    port_here, port = pty.openpty()
    for fd in (keys, port):
        tty.setraw(fd)
    sends, receives = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    noted, notes = os.pipe()
    children = [
        _forked(urgency.KEYS, lambda: sends.send(os.read(keys, 4096))),
        _forked(urgency.GUARD, lambda: _write_frame(receives.recv(4096), port)),
        _forked(DEVICE, lambda: _note(os.read(port_here, 4096), notes)),
    ]

    def type_once() -> float:
        typed_s = time.monotonic()
        os.write(terminal, b" ")
        (read_s,) = struct.unpack("d", os.read(noted, 8))
        return float((read_s - typed_s) * 1000)

    try:
        yield type_once
    finally:
        for child in children:
            os.kill(child, 9)
            os.waitpid(child, 0)
        for fd in (terminal, keys, port_here, port, noted, notes):
            os.close(fd)
        sends.close()
        receives.close()


def _forked(priority: int, step: Callable[[], object]) -> int:
    """A process that does `step` again and again until it is killed."""
    child = os.fork()
    if child:
        return child
    try:
        urgency.run_before_others(priority)
        while True:
            step()
    finally:
        os._exit(1)


def _write_frame(datagram: bytes, port: int) -> None:
    os.write(port, FRAME)


def _note(frame: bytes, notes: int) -> None:
    os.write(notes, struct.pack("d", time.monotonic()))
