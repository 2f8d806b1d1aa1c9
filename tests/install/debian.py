"""A Debian without a desktop in a folder, made once by debootstrap; it needs root and a Debian mirror."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

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
OF_A_SCREEN: Final = ("cage", "foot", "xwayland", "libpam-systemd", "dbus", "fonts-dejavu-core")


def debian(suite: str, root: Path, packages: Sequence[str] = OF_A_BOX) -> Path:
    """`root` with that Debian in it. Raises subprocess.CalledProcessError."""
    if not root.is_dir():
        beside = root.with_name(f"{root.name}.new")
        shutil.rmtree(beside, ignore_errors=True)
        beside.parent.mkdir(parents=True, exist_ok=True)
        mirror = [os.environ[MIRROR]] if os.environ.get(MIRROR) else []
        command = ["debootstrap", "--variant=minbase", f"--include={','.join(packages)}", suite, str(beside)]
        subprocess.run([*command, *mirror], check=True, stdout=subprocess.DEVNULL)
        beside.rename(root)
    return root
