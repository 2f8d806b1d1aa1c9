"""`make wheels`: one folder with all that a box needs, carried on a stick, installed without a network.

build/box/            systemd/ as it is, `install` in it
build/box/wheels/     our wheel, every pinned one, pip itself, and requirements.txt with their hashes

The wheels fit the Pythons and processors that are asked for: Debian 12 has Python 3.11, Debian 13 has 3.13.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
INTO: Final = ROOT / "build" / "box"
PYTHONS: Final = ("3.11", "3.13")
SOURCES: Final = ("drivers", "kiosk", "programs", "systemd", "LICENSE", "README.md", "pyproject.toml")
GLIBC: Final = range(17, 37)
"""manylinux_2_N wheels that run on Debian 12 (glibc 2.36) and newer."""
REQUIREMENTS: Final = ROOT / "requirements"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--into", type=Path, default=INTO)
    parser.add_argument("--python", action="append", metavar="3.N", help="of the box; may be repeated")
    parser.add_argument("--machine", default=platform.machine(), help="x86_64 or aarch64")
    given = parser.parse_args()
    make_box(given.into, given.python or PYTHONS, given.machine)
    print(f"{given.into}: carry it to the box and run `sudo {given.into.name}/install` there")
    return 0


def make_box(into: Path, pythons: tuple[str, ...] | list[str], machine: str) -> None:
    """Replaces the folder `into`. Raises subprocess.CalledProcessError."""
    shutil.rmtree(into, ignore_errors=True)
    shutil.copytree(ROOT / "systemd", into)
    wheels = into / "wheels"
    wheels.mkdir()
    for python in pythons:
        download(REQUIREMENTS / "run.txt", wheels, python, machine)
    download(REQUIREMENTS / "pip.txt", wheels, pythons[0], machine)
    ours = our_wheel(wheels)
    name, version = ours.name.split("-")[:2]
    digest = hashlib.sha256(ours.read_bytes()).hexdigest()
    pinned = (REQUIREMENTS / "run.txt").read_text(encoding="utf-8")
    (wheels / "requirements.txt").write_text(
        f"{name}=={version} --hash=sha256:{digest}\n{pinned}", encoding="utf-8"
    )


def download(requirements: Path, wheels: Path, python: str, machine: str) -> None:
    """The wheels, held to their hashes, for a box with that Python and processor."""
    tag = "cp" + python.replace(".", "")
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in GLIBC]
    platforms += [f"manylinux2014_{machine}", f"linux_{machine}", "any"]
    pip(
        "download",
        "--only-binary=:all:",
        "--require-hashes",
        "--no-deps",
        f"--python-version={python}",
        "--implementation=cp",
        *(f"--abi={abi}" for abi in (tag, "abi3", "none")),
        *(f"--platform={one}" for one in platforms),
        f"--requirement={requirements}",
        f"--dest={wheels}",
    )


def our_wheel(wheels: Path) -> Path:
    """Built from a copy: what an earlier build left lying in the tree must not come into it."""
    with tempfile.TemporaryDirectory(prefix="homestim-wheel-") as folder:
        copy = Path(folder)
        for name in SOURCES:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, copy / name)
        pip("wheel", "--no-deps", "--no-build-isolation", f"--wheel-dir={wheels}", str(copy))
    return next(wheels.glob("homestim-*.whl"))


def pip(*arguments: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments],
        check=True,
        # The same files give the same wheel, and so the same version on a box.
        env={**os.environ, "SOURCE_DATE_EPOCH": "1735689600"},
    )


if __name__ == "__main__":
    sys.exit(main())
