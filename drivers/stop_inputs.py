"""Stop inputs that do not pass through the kiosk: a button, a pedal, a keypad, and the keyboards, by evdev.

Safety rule 14. A device that the installer named is grabbed: any press on it is a stop and reaches nobody
else. A keyboard is only watched: its codes are compared with the stop keys of the map, nothing is kept.
What is read is the kernel's `struct input_event`, from any file descriptor that delivers it, so that a pipe
can stand in for hardware.
"""

from __future__ import annotations

import asyncio
import fcntl
import glob
import logging
import os
import struct
from collections.abc import Callable, Iterable
from typing import Final

log = logging.getLogger("homestim.guard")

INPUT_EVENT: Final = struct.Struct("@llHHi")
"""seconds, microseconds, type, code, value (linux/input.h)."""
EV_SYN: Final = 0
EV_KEY: Final = 1
SYN_DROPPED: Final = 3
"""The kernel's buffer ran over: what was pressed is not known."""
PRESSED: Final = 1
EVIOCGRAB: Final = 0x40044590

KEY_ESC, KEY_0, KEY_BACKSPACE, KEY_SPACE, KEY_KP0, KEY_KPDOT, KEY_F12 = 1, 11, 14, 57, 82, 83, 88
KEY_KPSLASH, KEY_DELETE, KEY_KPCOMMA = 98, 111, 121
STOP_CODES: Final = frozenset(
    {
        KEY_ESC,
        KEY_0,
        KEY_BACKSPACE,
        KEY_SPACE,
        KEY_KP0,
        KEY_KPDOT,
        KEY_F12,
        KEY_KPSLASH,
        KEY_DELETE,
        KEY_KPCOMMA,
    }
)
"""The stop keys of the one key map, by position on the keyboard: no layout is known here."""

_KEY_BITS_BYTES: Final = 96
_EVIOCGBIT_KEY: Final = 0x80000000 | (_KEY_BITS_BYTES << 16) | (ord("E") << 8) | (0x20 + EV_KEY)


class StopInputs:
    """All that can stop beside the kiosk. `on_stop(name)` at a press, `on_lost(name)` when one is gone.

    Both are called from the running loop's reader, synchronously: the stop may not wait. `needed` are the
    paths that the installer named: each is grabbed, and while one is missing nothing may be armed (rule 15).
    """

    def __init__(self, on_stop: Callable[[str], None], on_lost: Callable[[str], None]) -> None:
        self.needed: tuple[str, ...] = ()
        self.watched: Callable[[], Iterable[str]] = tuple
        """Names what else is to be watched, without grabbing: `keyboards`."""
        self._on_stop = on_stop
        self._on_lost = on_lost
        self._open: dict[int, _Input] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The inputs that are there now."""
        return tuple(item.name for item in self._open.values())

    def is_button(self, name: str) -> bool:
        """It is one of our own, and no keyboard on which other keys are pressed, too."""
        return any(item.name == name and item.any_key for item in self._open.values())

    @property
    def has_button(self) -> bool:
        """One of our own is there."""
        return any(item.any_key for item in self._open.values())

    @property
    def missing(self) -> tuple[str, ...]:
        """What the installer named and is not there."""
        return tuple(name for name in self.needed if name not in self.names)

    def look(self) -> None:
        """Opens what is not open yet: at the start, and when something was plugged in again."""
        for path in self.missing:
            self.open(path, grab=True)
        for path in self.watched():
            if path not in self.names:
                self.open(path, grab=False)

    def open(self, path: str, *, grab: bool) -> bool:
        """Opens an event device; False (and a line in the log) when it is not there or may not be read."""
        try:
            fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            log.debug("stop input %s: %s", path, error)
            return False
        try:
            if grab:
                fcntl.ioctl(fd, EVIOCGRAB, 1)
        except OSError as error:
            log.warning("stop input %s is not grabbed: %s", path, error)
            os.close(fd)
            return False
        log.info("stop input %s", path)
        self.watch(fd, path, any_key=grab)
        return True

    def watch(self, fd: int, name: str, *, any_key: bool) -> None:
        """Reads `input_event`s from `fd` from now on. `any_key`: every press stops, not stop keys alone."""
        os.set_blocking(fd, False)
        self._open[fd] = _Input(name, any_key)
        asyncio.get_running_loop().add_reader(fd, self._readable, fd)

    def close(self) -> None:
        """Gives all of them back."""
        for fd in tuple(self._open):
            self._forget(fd)

    def _readable(self, fd: int) -> None:
        item = self._open[fd]
        try:
            data = os.read(fd, INPUT_EVENT.size * 64)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._forget(fd)
            log.warning("stop input %s is gone", item.name)
            self._on_lost(item.name)
        elif item.stops(data):
            self._on_stop(item.name)

    def _forget(self, fd: int) -> None:
        del self._open[fd]
        asyncio.get_running_loop().remove_reader(fd)
        os.close(fd)


class _Input:
    """One device: what it is called, and the part of an event that has come so far."""

    def __init__(self, name: str, any_key: bool) -> None:
        self.name = name
        self.any_key = any_key
        self._rest = b""

    def stops(self, data: bytes) -> bool:
        """Whether a stop is among the events in `data`. Events that the kernel dropped count as one."""
        data = self._rest + data
        whole = len(data) - len(data) % INPUT_EVENT.size
        self._rest = data[whole:]
        return any(
            (kind == EV_SYN and code == SYN_DROPPED)
            or (kind == EV_KEY and value == PRESSED and (self.any_key or code in STOP_CODES))
            for _s, _us, kind, code, value in INPUT_EVENT.iter_unpack(data[:whole])
        )


def keyboards(folder: str = "/dev/input") -> Iterable[str]:
    """The event devices that have a space bar, or a keypad's 0: what a person types on."""
    for path in sorted(glob.glob(f"{folder}/event*")):
        try:
            fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            bits = fcntl.ioctl(fd, _EVIOCGBIT_KEY, bytes(_KEY_BITS_BYTES))
        except OSError:
            continue
        finally:
            os.close(fd)
        if any(bits[code // 8] >> (code % 8) & 1 for code in (KEY_SPACE, KEY_KP0)):
            yield path
