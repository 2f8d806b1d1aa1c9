"""A disk in memory that forgets what was not flushed: any sector, any name, in any combination.

It is stricter than a file system has to be: flushing a file does not keep its name, what is renamed can have
the new name without ever having had the old one, and a file's length is kept or lost on its own.
"""

from __future__ import annotations

import errno
import os
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kiosk.diary.files import Files, Place

SECTOR_BYTES = 512
ROOT = Path("/data")

Image = dict[str, bytes | None]
"""Path → content; None is a folder. What is on the disk when the power comes back."""


class PowerCutError(Exception):
    """From here on nothing reaches the disk."""


@dataclass(eq=False)
class Content:
    """A file: as programs see it, and as it is on the disk."""

    live: bytearray
    kept: bytes = b""


@dataclass
class NameChange:
    """Something in `folder` that was not flushed: `name` now leads to `content`, and no longer `old`."""

    folder: str
    name: str
    content: Content | None
    old: str | None = None


Fault = Callable[["SimulatedDisk", str], None]
"""Called with the name of each operation before it is carried out; may raise."""


class SimulatedDisk(Files):
    """Begins with `image`. Its power is cut before operation `cut_at`; `fault` is asked before each."""

    def __init__(
        self, image: Image | None = None, *, cut_at: int | None = None, fault: Fault | None = None
    ) -> None:
        image = {str(ROOT): None, str(ROOT / "journal"): None} if image is None else image
        self._kept: dict[str, Content | None] = {
            path: None if content is None else Content(bytearray(content), content)
            for path, content in image.items()
        }
        self._names = dict(self._kept)
        self._listed: dict[str, list[str]] | None = None
        """Folder → what is in it, until a name changes."""
        self._pending: list[NameChange] = []
        self._open: dict[int, Content] = {}
        self._cut_at = cut_at
        self._fault = fault
        self.operations = 0
        """How many that change the disk, or make a change last."""
        self.flushes = 0
        self.most_written: int | None = None
        """A write takes at most so many bytes."""

    # ── Files ──

    def read(self, path: Place, start: int = 0, most: int = sys.maxsize) -> bytes:
        return bytes(self._file(str(path)).live[start : start + most])

    def names(self, folder: Place) -> list[str]:
        if str(folder) not in self._names:
            raise FileNotFoundError(str(folder))
        if self._listed is None:
            self._listed = {}
            for path in self._names:
                above, _slash, name = path.rpartition("/")
                self._listed.setdefault(above, []).append(name)
        return list(self._listed.get(str(folder), ()))

    def is_folder(self, path: Place) -> bool:
        return self._names.get(str(path), False) is None

    def make_folder(self, path: Place) -> None:
        if str(path) in self._names:
            raise FileExistsError(str(path))
        self._operation("make_folder")
        self._name(NameChange(os.path.dirname(path), str(path), None))

    def create(self, path: Place) -> int:
        self._operation("create")
        content = self._names.get(str(path))
        if content is None:
            content = Content(bytearray())
            self._name(NameChange(os.path.dirname(path), str(path), content))
        content.live.clear()
        return self._opened(content)

    def open(self, path: Place) -> int:
        return self._opened(self._file(str(path)))

    def identity(self, folder: str) -> int:
        if folder not in self._names:
            raise FileNotFoundError(folder)
        return 1

    def write_at(self, descriptor: int, content: bytes | memoryview, at: int) -> int:
        self._operation("write")
        content = content[: self.most_written]
        live = self._open[descriptor].live
        if len(live) < at:
            live.extend(bytes(at - len(live)))
        live[at : at + len(content)] = content
        return len(content)

    def cut(self, descriptor: int, length: int) -> None:
        self._operation("cut")
        live = self._open[descriptor].live
        if length == len(live):
            return
        del live[length:]
        live.extend(bytes(length - len(live)))

    def flush_data(self, descriptor: int) -> None:
        self._operation("flush")
        self.flushes += 1
        content = self._open[descriptor]
        content.kept = bytes(content.live)

    def close(self, descriptor: int) -> None:
        del self._open[descriptor]

    def rename(self, old: Place, new: Place) -> None:
        self._operation("rename")
        content = self._file(str(old))
        del self._names[str(old)]
        self._listed = None
        self._name(NameChange(os.path.dirname(new), str(new), content, str(old)))

    def flush_folder(self, folder: Place) -> None:
        self._operation("flush_folder")
        for change in [one for one in self._pending if one.folder == str(folder)]:
            self._keep(self._kept, change)
            self._pending.remove(change)

    def lose_all_programs(self) -> None:
        """Whoever had files open is gone."""
        self._open.clear()

    # ── what a power cut leaves ──

    def outcomes(self, most: int, chance: random.Random) -> Iterator[Image]:
        """Every disk that a power cut at this moment can leave, or `most` of them: none and all of what was
        not flushed, each alone, all but each, and others by `chance`."""
        contents = {content for content in self._kept.values() if content is not None}
        contents |= {change.content for change in self._pending if change.content is not None}
        units: list[tuple[Content | NameChange, int]] = [(change, 0) for change in self._pending]
        for content in sorted(contents, key=id):
            units += [(content, sector) for sector in _unflushed(content)]
        for mask in _masks(len(units), most, chance):
            yield self._outcome([unit for bit, unit in enumerate(units) if mask >> bit & 1])

    def _outcome(self, chosen: list[tuple[Content | NameChange, int]]) -> Image:
        names = dict(self._kept)
        sectors: dict[Content, list[int]] = {}
        for unit, sector in chosen:
            if isinstance(unit, NameChange):
                self._keep(names, unit)
            else:
                sectors.setdefault(unit, []).append(sector)
        image: Image = {}
        for name in sorted(names):
            content = names[name]
            if name == str(ROOT) or image.get(name[: name.rindex("/")], b"") is None:
                image[name] = None if content is None else _left_of(content, sectors.get(content, []))
        return image

    # ── inside ──

    def _operation(self, name: str) -> None:
        self.operations += 1
        if self._cut_at is not None and self.operations >= self._cut_at:
            raise PowerCutError
        if self._fault is not None:
            self._fault(self, name)

    def _file(self, path: str) -> Content:
        content = self._names.get(path)
        if content is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return content

    def _opened(self, content: Content) -> int:
        descriptor = max(self._open, default=2) + 1
        self._open[descriptor] = content
        return descriptor

    def _name(self, change: NameChange) -> None:
        self._names[change.name] = change.content
        self._listed = None
        self._pending.append(change)

    @staticmethod
    def _keep(names: dict[str, Content | None], change: NameChange) -> None:
        if change.old is not None:
            names.pop(change.old, None)
        names[change.name] = change.content


LENGTH = -1
"""In the place of a sector: the length of the file."""


def _unflushed(content: Content) -> list[int]:
    live, kept = bytes(content.live), content.kept
    if live == kept:
        return []
    places = range(0, max(len(live), len(kept)), SECTOR_BYTES)
    changed = [at for at in places if _sector(live, at) != _sector(kept, at)]
    return changed + [LENGTH] * (len(live) != len(kept))


def _left_of(content: Content, chosen: list[int]) -> bytes:
    if not chosen:
        return content.kept
    live = bytes(content.live)
    length = len(live) if LENGTH in chosen or len(live) == len(content.kept) else len(content.kept)
    left = bytearray(content.kept[:length].ljust(length, b"\0"))
    for at in chosen:
        if LENGTH < at < length:
            left[at : at + SECTOR_BYTES] = _sector(live, at)
    return bytes(left[:length])


def _sector(content: bytes, at: int) -> bytes:
    return content[at : at + SECTOR_BYTES].ljust(SECTOR_BYTES, b"\0")


def _masks(bits: int, most: int, chance: random.Random) -> Iterator[int]:
    whole = (1 << bits) - 1
    if whole < most:
        yield from range(whole + 1)
        return
    chosen = {0, whole}
    chosen |= {1 << bit for bit in range(bits)} | {whole ^ 1 << bit for bit in range(bits)}
    yield from sorted(chosen)
    for _ in range(most - len(chosen)):
        yield chance.getrandbits(bits)
