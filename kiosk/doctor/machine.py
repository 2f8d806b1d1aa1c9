"""The machine as the checks see it: files below one root, programs, space, time. Tests give another."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Final

from drivers import same_code
from kiosk import plain_file
from kiosk.clock import kernel_synchronised

PATIENCE_S: Final = 60.0
"""Following the chain of ten years on a small board takes its time."""
MOST_LINKS: Final = 40
"""One after the other, before they are taken for a circle."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a program said."""

    code: int
    output: str
    errors: str = ""


@dataclass(frozen=True, slots=True)
class Space:
    """Of the file system that holds a folder."""

    free_bytes: int
    free_files: int | None
    """None: it has no fixed number of them."""


def run_program(command: Sequence[str]) -> Ran | None:
    """Runs `command` with nothing to read; None where there is no such program, or it does not end."""
    if shutil.which(command[0]) is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603 - our own commands
            list(command),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE_S,
            check=False,
            env=same_code.environment(),
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return Ran(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))


def space_at(folder: Path) -> Space:
    """Raises OSError."""
    found = os.statvfs(folder)
    return Space(found.f_bavail * found.f_frsize, found.f_favail if found.f_files else None)


@dataclass(frozen=True, slots=True)
class Machine:
    """Paths are those of the machine ("/proc/mounts"), wherever `root` lies."""

    root: Path = Path("/")
    run: Callable[[Sequence[str]], Ran | None] = run_program
    which: Callable[[str], str | None] = shutil.which
    space: Callable[[Path], Space] = space_at
    now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC).astimezone()
    synchronised: Callable[[], bool] = kernel_synchronised
    """The kernel says that a time service keeps the clock."""
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def path(self, path: str | PurePath) -> Path:
        """Where `path` of the machine lies."""
        return self.root / str(path).lstrip("/")

    def exists(self, path: str | PurePath) -> bool:
        """Whether something is at the end of `path`."""
        return self.real(path) is not None

    def real(self, path: str | PurePath) -> str | None:
        """`path` with every link followed below the root; None: it leads nowhere."""
        at, followed = str(path), 0
        while True:
            here = self.path(at)
            if not here.is_symlink():
                return os.path.normpath(at) if here.exists() else None
            followed += 1
            if followed > MOST_LINKS:
                return None
            at = os.path.normpath(os.path.join(os.path.dirname(at), os.readlink(here)))

    def text(self, path: str | PurePath) -> str | None:
        """What stands in the file, without the white space around it; None: it cannot be read."""
        try:
            return plain_file.read(self.path(path)).decode(errors="replace").strip()
        except OSError:
            return None

    def names(self, folder: str | PurePath) -> list[str]:
        """What is in the folder, sorted; nothing where there is none."""
        try:
            return sorted(os.listdir(self.path(folder)))
        except OSError:
            return []
