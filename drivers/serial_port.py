"""A serial port as a stimulator driver needs it: opened by pyserial, then used by its file descriptor alone.

pyserial opens, locks and configures the port. Reading and writing go through the event loop, because
pyserial's `write` can report a time-out after everything left and spins on a full buffer, and its `flush`
can hang for ever.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import stat
import termios
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import serial

from drivers.serial_settings import Direction, SerialSettings
from drivers.stimulator import PortError, Unplugged

_GONE: Final = frozenset({errno.ENOENT, errno.ENXIO, errno.ENODEV, errno.EIO, errno.ENOTDIR})
_READ_BYTES: Final = 16_384
_PTY_MAJORS: Final = frozenset({3, *range(136, 144)})
"""Device majors of a pty's far end on Linux."""


def is_pty(device: int) -> bool:
    """Whether `device` (an st_rdev) is a pseudo-terminal: what it is, whatever name led to it."""
    return os.major(device) in _PTY_MAJORS


def open_port(path: str, settings: SerialSettings) -> serial.Serial:
    """Open, lock and configure the port at `path`. Raises PortError with a sentence that says what to do.

    Read no modem line of what comes back: on a pty that is errno 25. A pty carries no parity, and takes even
    parity at its first opening only: there it is never asked for.
    """
    try:
        found = os.stat(path)
        if not stat.S_ISCHR(found.st_mode):
            raise _not_a_port(path)
        return serial.Serial(
            path,
            baudrate=settings.baud,
            bytesize=8,
            parity="N" if is_pty(found.st_rdev) else settings.parity,
            stopbits=settings.stop_bits,
            rtscts=settings.rts_cts,
            timeout=0,
            exclusive=True,
            # Makes an idle read say "nothing yet" (VMIN 1), so that an empty read can only mean the end.
            inter_byte_timeout=0,
        )
    except (OSError, termios.error, ValueError) as error:
        raise _port_error(path, error) from error


def _port_error(path: str, error: Exception) -> PortError:
    number = error.errno if isinstance(error, OSError) else None
    detail = f"{path}: {error}"
    if number in _GONE:
        return PortError(
            f"The stimulator's port {path} is not there. Check that it is switched on and its cable in.",
            detail,
        )
    if number in (errno.EACCES, errno.EPERM):
        return PortError(
            f"This computer's user may not use the stimulator's port {path}. The person who set up this "
            "computer can allow it.",
            detail,
        )
    if number in (errno.EBUSY, errno.EAGAIN):
        return PortError(
            f"Another program is using the stimulator's port {path}. Close that program, then try again.",
            detail,
        )
    if number == errno.ENOTTY or (number is None and "configure port" in str(error)):
        return _not_a_port(path)
    return PortError(
        f"The stimulator's port {path} does not open. Pull its cable out, put it back, then try again.",
        detail,
    )


def _not_a_port(path: str) -> PortError:
    return PortError(f"{path} is not a serial port. Choose the port that the stimulator is on.")


class SerialLink:
    """An open port on the running loop.

    `on_bytes` gets what arrives; `on_lost` is called once, with Unplugged, when the port ends (EIO or an
    empty read). Frames are written whole and in order; `preempt` puts a frame before everything that has not
    begun to leave. `filler` is a byte that ends or spoils any frame of the protocol, `longest_frame` how many
    of them void a frame of which it is not known how much left.
    """

    def __init__(
        self,
        port: serial.Serial,
        on_bytes: Callable[[bytes], None],
        on_lost: Callable[[Unplugged], None],
        *,
        filler: bytes,
        longest_frame: int,
    ) -> None:
        self._port = port
        self._fd: int = port.fd
        self._on_bytes = on_bytes
        self._on_lost = on_lost
        self._void = filler * longest_frame
        self._queue: deque[bytes] = deque()
        self._written = 0
        """Bytes of the queue's first frame that have left."""
        self._waits_for_room = False
        self._silent = False
        self._unknown_half = False
        """Something was thrown away in mid-frame: the device may be waiting for the rest of it."""
        self.tap: Callable[[Direction, bytes], None] | None = None
        """Gets all bytes, after they left or arrived; it may neither wait nor raise."""
        self.open = True
        self.device: int = os.fstat(self._fd).st_rdev
        """What the port is, by the kernel's number."""
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._fd, self._readable)

    @property
    def unsent(self) -> int:
        """Bytes that the kernel has not taken yet."""
        return sum(map(len, self._queue)) - self._written

    @property
    def half_written(self) -> int:
        """Bytes still missing of a frame that has begun to leave; 0 between frames."""
        return len(self._queue[0]) - self._written if self._written else 0

    @property
    def silent(self) -> bool:
        """Nothing may leave now."""
        return self._silent

    def write(self, frame: bytes) -> None:
        """Queue `frame`; what the port takes at once has left on return. A lost port takes nothing."""
        if not self.open:
            return
        if self._silent:
            raise RuntimeError("the line is to be silent")
        if self._unknown_half:
            self._unknown_half = False
            frame = self._void + frame
        self._queue.append(frame)
        if len(self._queue) == 1:
            self._flush()

    def preempt(self, frame: bytes, *, void: bool = False) -> None:
        """Drop every frame that has not begun to leave, complete the one that has, and write `frame` at once.

        Completing is safe with any parser, and what it completes was within the limits. Where the port is
        full even the kernel's queue is thrown away, and filler voids whatever the device has of it; `void`
        asks for that filler in any case (a frame before this one may have been damaged on its way).
        """
        begun = self._queue[0] if self._written else None
        self._queue.clear()
        if begun is not None:
            self._queue.append(begun)
        if self.open and not self._silent:
            self._queue.append(self._void + frame if void else frame)
            self._flush()
            if self._queue and self.open:
                self._discard()
                self.write(frame)

    def silence(self) -> None:
        """From now on not one byte leaves, whoever asks, until `end_silence`."""
        self._silent = True
        if self.open and (self._queue or self._kernel_queue()):
            self._discard()

    def end_silence(self) -> None:
        self._silent = False

    def forget_input(self) -> None:
        """Throw away what arrived before anybody listened."""
        with suppress(termios.error, OSError):
            termios.tcflush(self._fd, termios.TCIFLUSH)

    def close(self) -> None:
        """Give the port back. What has not left is thrown away, or closing could take half a minute."""
        if not self.open:
            return
        if self._queue or self._kernel_queue():
            self._discard()
        self._end()

    def _flush(self) -> None:
        while self._queue:
            frame = self._queue[0]
            try:
                self._written += os.write(self._fd, frame[self._written :] if self._written else frame)
            except BlockingIOError:
                self._waits_for_room = True
                self._loop.add_writer(self._fd, self._flush)
                return
            except OSError as error:
                self._lose(error.strerror or str(error))
                return
            if self._written == len(frame):
                self._queue.popleft()
                self._written = 0
                self._show("out", frame)
        self._wait_no_more()

    def _wait_no_more(self) -> None:
        if self._waits_for_room:
            self._waits_for_room = False
            self._loop.remove_writer(self._fd)

    def _readable(self) -> None:
        try:
            data = os.read(self._fd, _READ_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            self._lose(error.strerror or str(error))
            return
        if data:
            self._show("in", data)
            self._on_bytes(data)
        else:
            self._lose("empty read")

    def _show(self, direction: Direction, data: bytes) -> None:
        if self.tap is not None:
            self.tap(direction, data)

    def _discard(self) -> None:
        if self._written:
            self._show("out", self._queue[0][: self._written])
        self._queue.clear()
        self._written = 0
        self._unknown_half = True
        self._wait_no_more()
        with suppress(termios.error, OSError):
            termios.tcflush(self._fd, termios.TCOFLUSH)

    def _kernel_queue(self) -> int:
        """Bytes that the kernel holds for the device (a pty always says 0)."""
        try:
            return int.from_bytes(fcntl.ioctl(self._fd, termios.TIOCOUTQ, bytes(4)), "little")
        except OSError:
            return 0

    def _lose(self, why: str) -> None:
        if self.open:
            self._end()
            self._on_lost(
                Unplugged(
                    "The stimulator's cable is out, or the stimulator has no power.", f"port ended: {why}"
                )
            )

    def _end(self) -> None:
        self.open = False
        self._queue.clear()
        self._written = 0
        self._loop.remove_reader(self._fd)
        self._wait_no_more()
        with suppress(OSError):
            self._port.close()
