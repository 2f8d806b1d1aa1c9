"""A Debian without a desktop in a folder, made once by debootstrap; it needs root and a Debian mirror."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.install.foreign import FOR_THE_START, lay_kernel, run_emulated
from tests.install.processor import HERE, PROCESSORS, Processor

MIRROR: Final = "DEBIAN_MIRROR"
"""The environment's name for a mirror other than debootstrap's own."""
OF_A_BOX: Final = (
    "python3",
    "systemd",
    "systemd-sysv",
    "udev",
    "kbd",
    "console-setup-linux",
    "passwd",
    "util-linux",
)
"""What docs/install.md has installed, without sound."""
FEW_MODULES: Final = "etc/initramfs-tools/conf.d/few", "MODULES=list\nCOMPRESS=lz4\n"
"""A file, and in it: a usual initramfs takes an emulated machine minutes to make, and one to unpack."""
OF_A_SCREEN: Final = ("cage", "foot", "xwayland", "libpam-systemd", "dbus", "fonts-dejavu-core")


def debian(
    suite: str,
    root: Path,
    packages: Sequence[str] = OF_A_BOX,
    processor: Processor = PROCESSORS[HERE],
) -> Path:
    """`root` with that Debian in it. Raises subprocess.CalledProcessError."""
    if not root.is_dir():
        beside = root.with_name(f"{root.name}.new")
        shutil.rmtree(beside, ignore_errors=True)
        beside.parent.mkdir(parents=True, exist_ok=True)
        mirror = [os.environ[MIRROR]] if os.environ.get(MIRROR) else []
        foreign = () if processor.is_here else ("--foreign", f"--arch={processor.debian}")
        wanted = packages if processor.is_here else (*packages, *FOR_THE_START)
        command = ["debootstrap", "--variant=minbase", f"--include={','.join(wanted)}", *foreign]
        subprocess.run([*command, suite, str(beside), *mirror], check=True, stdout=subprocess.DEVNULL)
        if foreign:
            second_stage(beside, processor)
        beside.rename(root)
    return root


def second_stage(root: Path, processor: Processor) -> None:
    """The packages' own scripts, which the first stage cannot run."""
    proc = root / "proc"
    if proc.is_symlink():  # to the one of here
        proc.unlink()
        proc.mkdir()
    fetched = {path.name.partition("_")[0] for path in root.glob("var/cache/apt/archives/*.deb")}
    keep_of_the_lists(root, fetched)
    lay_kernel(root)
    place, content = FEW_MODULES
    (root / place).parent.mkdir(parents=True, exist_ok=True)
    (root / place).write_text(content, encoding="utf-8")
    run_emulated(root, processor, "/debootstrap/debootstrap --second-stage")


def keep_of_the_lists(root: Path, names: set[str]) -> None:
    """debootstrap reads them through several times; with all of Debian in them that takes minutes each."""
    for path in root.glob("var/lib/apt/lists/*_Packages"):
        packages = path.read_text(encoding="utf-8").split("\n\n")
        kept = [one for one in packages if one.partition("\n")[0].removeprefix("Package: ") in names]
        path.write_text("\n\n".join([*kept, ""]), encoding="utf-8")
