"""Files onto a USB stick: written, read back from the stick itself, and only then "you can take it out".

A stick is somebody else's: nothing on it is read, no name on it is followed, and only a file system that
cannot carry rights or devices is used, mounted without them. Mounting is the system's business.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import hashlib
import logging
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, Final, Literal

import msgspec

from kiosk.diary.folder import reason_of
from kiosk.errors import KioskError
from kiosk.export.outgoing import Places

log = logging.getLogger(__name__)

FILE_SYSTEMS: Final = ("vfat", "exfat")
MUST_BE_MOUNTED: Final = ("nosuid", "nodev", "noexec")
MOUNTS: Final = Path("/proc/self/mounts")
REQUEST: Final = Path("/run/homestim-written/stick")
"""systemd/units/homestim-sticks.path waits for it."""
FINISH_WITHIN_S: Final = 10.0
FINISH_TRIES: Final = 50
BLOCK_DEVICES: Final = Path("/sys/block")
NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,40}\.[a-z0-9]{1,5}")
"""Every file system and every machine takes these; no name comes from a person."""
TEMPORARY_SUFFIX: Final = ".new"
PIECE_BYTES: Final = 1 << 18
MOST_FOLDERS: Final = 100
_GONE: Final = (errno.ENODEV, errno.ENXIO, errno.EIO, errno.ENOENT, errno.ENOTCONN)

Trouble = Literal["gone", "full", "forgets", "refused"]


class StickError(KioskError):
    """Nothing on the stick counts. `sentence` says what to do, `trouble` what is wrong, for the screens."""

    def __init__(self, sentence: str, trouble: Trouble, detail: str = "") -> None:
        super().__init__(sentence, detail=detail)
        self.trouble: Trouble = trouble


class Stick(msgspec.Struct, frozen=True):
    """A stick that may be written on."""

    device: str
    place: Path


class OnStick(msgspec.Struct, frozen=True):
    """What was written and read back."""

    folder: Path
    sha256: Mapping[str, str]
    """File name → the hash of what stands on the stick."""


def sticks(mounts: str) -> tuple[Stick, ...]:
    """The sticks in the text of /proc/self/mounts that are of a kind we use and mounted as they must be."""
    return tuple(stick for stick, flags in _mounted(mounts) if "rw" in flags)


def _mounted(mounts: str) -> tuple[tuple[Stick, frozenset[str]], ...]:
    """Each stick with its flags; one that a unit sees twice at its place is one."""
    found: dict[Stick, frozenset[str]] = {}
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 4 or not fields[0].startswith("/dev/"):
            continue
        device, place, file_system, options = fields[:4]
        flags = options.split(",")
        if file_system in FILE_SYSTEMS and all(flag in flags for flag in MUST_BE_MOUNTED):
            found[Stick(device, Path(_unescaped(place)))] = frozenset(flags)
    return tuple(found.items())


def is_plugged_in(block_devices: Path = BLOCK_DEVICES) -> bool:
    """Whether the machine sees any stick at all, of a kind that we use or not."""

    def says(path: Path) -> int:
        try:
            return int(path.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return 0

    return any(says(device / "removable") and says(device / "size") for device in block_devices.glob("sd*"))


def find_sticks() -> Places:
    """Of this machine. Blocks."""
    mounts = _mounts()
    return Places(
        sticks=tuple(str(one.place) for one in sticks(mounts)),
        finished=any("ro" in flags for _stick, flags in _mounted(mounts)),
        plugged_in=is_plugged_in(),
    )


def _mounts() -> str:
    try:
        return MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""


def finish(
    place: Path,
    request: Path = REQUEST,
    mounts: Callable[[], str] = _mounts,
    wait: Callable[[float], None] = time.sleep,
) -> None:
    """Has the box make the stick read-only, and waits for it: then nothing is left to be written.

    Where no unit of the box does that (a desktop), or it takes too long, the stick is read back all the same.
    """
    try:
        request.touch()
    except OSError as error:
        log.info("the stick stays as it is mounted: %s", error)
        return
    for _ in range(FINISH_TRIES):
        if any(one.place == place and "ro" in flags for one, flags in _mounted(mounts())):
            return
        wait(FINISH_WITHIN_S / FINISH_TRIES)
    log.warning("%s was not made read-only", place)
    with contextlib.suppress(OSError):
        request.unlink()


def put(
    place: Path,
    files: Mapping[str, BinaryIO],
    now: dt.datetime,
    remount_read_only: Callable[[], None] = lambda: None,
) -> OnStick:
    """Writes `files`, each from its beginning, into a new folder at `place` and reads them back.

    `remount_read_only` is called between the two: after it nothing is left to be written. Raises StickError;
    then what was written is removed again as far as the stick allows. Raises ValueError for a name that is
    not one of ours.
    """
    for name in files:
        if not NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name for a stick")
    sums: dict[str, str] = {}
    try:
        with _folder_of(place) as top:
            folder_name = _new_folder(top, now)
            try:
                with _opened(folder_name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, top) as folder:
                    for name, content in files.items():
                        sums[name] = _write(folder, name, content)
                    os.fsync(folder)
                os.fsync(top)
            except OSError:
                _remove(top, folder_name)
                raise
        remount_read_only()
        with (
            _folder_of(place) as top,
            _opened(folder_name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, top) as folder,
        ):
            wrong = [name for name, expected in sums.items() if _sum_of(folder, name) != expected]
    except OSError as error:
        raise _sentence_of(error) from error
    if wrong:
        raise StickError("The stick does not keep what is written on it. Please take another one.", "forgets")
    return OnStick(place / folder_name, sums)


def _new_folder(top: int, now: dt.datetime) -> str:
    """A folder that was not there; its name."""
    name = f"homestim-{now:%Y%m%d-%H%M}"
    for number in range(1, MOST_FOLDERS):
        candidate = name if number == 1 else f"{name}-{number}"
        try:
            os.mkdir(candidate, 0o700, dir_fd=top)
        except FileExistsError:
            continue
        return candidate
    raise OSError(errno.EEXIST, os.strerror(errno.EEXIST))


def _write(folder: int, name: str, content: BinaryIO) -> str:
    """The file is there whole or not at all; the hash of what was meant to be in it."""
    meant = hashlib.sha256()
    content.seek(0)
    beside = name + TEMPORARY_SUFFIX
    with _opened(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, folder) as file:
        while piece := content.read(PIECE_BYTES):
            meant.update(piece)
            rest = memoryview(piece)
            while rest:
                rest = rest[os.write(file, rest) :]
        os.fsync(file)
    os.rename(beside, name, src_dir_fd=folder, dst_dir_fd=folder)
    return meant.hexdigest()


def _sum_of(folder: int, name: str) -> str:
    """Of what the stick holds, not of what the system still remembers."""
    found = hashlib.sha256()
    with _opened(name, os.O_RDONLY | os.O_NOFOLLOW, folder) as file:
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        while piece := os.read(file, PIECE_BYTES):
            found.update(piece)
    return found.hexdigest()


def _remove(top: int, folder_name: str) -> None:
    """What cannot be removed any more stays: the stick may be out already."""
    with contextlib.suppress(OSError):
        with _opened(folder_name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, top) as folder:
            for name in os.listdir(folder):
                os.unlink(name, dir_fd=folder)
        os.rmdir(folder_name, dir_fd=top)


def _sentence_of(error: OSError) -> StickError:
    trouble: Trouble
    if error.errno in _GONE:
        trouble = "gone"
        sentence = "The stick is not there any more, or it is broken. Nothing on it counts. Please try again."
    elif error.errno in (errno.ENOSPC, errno.EDQUOT):
        trouble = "full"
        sentence = "The stick is full. Nothing was written. Please take another one."
    else:
        trouble = "refused"
        sentence = f"The stick cannot be written: {reason_of(error)}. Please take another one."
    return StickError(sentence, trouble, detail=str(error))


@contextlib.contextmanager
def _folder_of(place: Path) -> Iterator[int]:
    descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _opened(name: str, flags: int, folder: int) -> Iterator[int]:
    descriptor = os.open(name, flags | os.O_CLOEXEC, 0o600, dir_fd=folder)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _unescaped(place: str) -> str:
    r"""A mount point as the kernel writes it: "\040" is a space."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), place)
