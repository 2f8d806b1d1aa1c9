"""Commands of a Debian in a folder that is for another processor than this one.

They run on a machine that QEMU emulates, with the Debian's own kernel, a first file system made of its own
packages, and the folder as the disk. That takes nothing of the kernel here but a loop device.
"""

from __future__ import annotations

import lzma
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.install.processor import Processor

FOR_THE_START: Final = ("busybox-static",)
"""What a foreign Debian has besides, and a kernel."""
MODULES: Final = ("virtio_pci", "virtio_blk", "crc32c_generic", "ext4")
KERNEL: Final = "kernel-to-prepare"
"""Beside the Debian's folder: with its first file system."""
DISK_SIZE: Final = "3G"
WITHIN_S: Final = 5400.0
INIT: Final = """#!/bin/busybox sh
/bin/busybox mount -t devtmpfs dev /dev
for module in {modules}; do /bin/busybox insmod /$module; done
/bin/busybox mount -t ext4 /dev/vda /root
/bin/busybox mount -t proc proc /root/proc
/bin/busybox mount -t sysfs sys /root/sys
/bin/busybox mount --move /dev /root/dev
exec /bin/busybox switch_root /root /bin/sh /{script}
"""
SCRIPT: Final = "prepare"
AS_ROOT: Final = """
export PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive
mount -t tmpfs tmpfs /run
if ( {command} ); then touch /{done}; fi
umount /run
mount -o remount,ro /
busybox poweroff -f
"""
DONE: Final = "prepared"


def run_emulated(root: Path, processor: Processor, command: str) -> None:
    """A shell's command, as root, without a network; `root` is as it leaves it. `lay_kernel` came before.
    Raises subprocess.SubprocessError, with what was said."""
    kernel = root.with_name(KERNEL)
    disk, said = root.with_name(f"{root.name}.ext4"), root.with_name(f"{root.name}.log")
    (root / SCRIPT).write_text(AS_ROOT.format(command=command, done=DONE), encoding="utf-8")
    disk.unlink(missing_ok=True)
    subprocess.run(["mkfs.ext4", "-q", "-d", root, disk, DISK_SIZE], check=True)
    started = f"console={processor.first_port} quiet mitigations=off apparmor=0 audit=0"
    subprocess.run(
        [
            *(*processor.board, "-cpu", processor.model),
            *("-accel", "tcg,thread=multi", "-smp", "2", "-m", "1024", "-no-reboot"),
            *("-display", "none", "-nic", "none", "-monitor", "none", "-no-user-config"),
            *("-kernel", kernel / "vmlinuz", "-initrd", kernel / "initrd", "-append", started),
            *("-drive", f"file={disk},if=virtio,format=raw,cache=unsafe", "-serial", f"file:{said}"),
            *("-device", "virtio-rng-pci"),
        ],
        check=True,
        timeout=WITHIN_S,
    )
    shutil.rmtree(root)
    with tempfile.TemporaryDirectory(prefix="homestim-disk-") as folder:
        subprocess.run(["mount", "-o", "loop,ro", disk, folder], check=True)
        try:
            subprocess.run(["cp", "-a", folder, root], check=True)
        finally:
            subprocess.run(["umount", folder], check=True)
    disk.unlink()
    (root / SCRIPT).unlink()
    if not (root / DONE).exists():
        raise subprocess.CalledProcessError(1, command, said.read_text(encoding="utf-8", errors="replace"))
    (root / DONE).unlink()


def lay_kernel(root: Path) -> None:
    """From the packages that were fetched for `root`: with what a foreign one starts."""
    into = root.with_name(KERNEL)
    shutil.rmtree(into, ignore_errors=True)
    first = into / "first"
    with tempfile.TemporaryDirectory(prefix="homestim-kernel-") as folder:
        unpacked = Path(folder)
        for package in ("linux-image-[0-9]*", *(f"{name}_*" for name in FOR_THE_START)):
            (archive,) = root.glob(f"var/cache/apt/archives/{package}.deb")
            subprocess.run(["dpkg-deb", "--extract", archive, unpacked], check=True)
        for name in ("bin", "dev", "root"):
            (first / name).mkdir(parents=True)
        shutil.copy(unpacked / "usr/bin/busybox", first / "bin")
        shutil.copy(next(unpacked.glob("boot/vmlinuz-*")), into / "vmlinuz")
        packed = {path.name.partition(".")[0].replace("-", "_"): path for path in unpacked.rglob("*.ko.xz")}
        modules = list(dict.fromkeys(one for name in MODULES for one in _with_needed(name, packed)))
        for name in modules:
            (first / name).write_bytes(lzma.decompress(packed[name].read_bytes()))
    init = first / "init"
    init.write_text(INIT.format(modules=" ".join(modules), script=SCRIPT), encoding="ascii")
    init.chmod(0o755)
    names = "\n".join(str(path.relative_to(first)) for path in sorted(first.rglob("*")))
    pack = ("cpio", "--quiet", "--create", "--format=newc")
    with (into / "initrd").open("wb") as initrd:
        subprocess.run(pack, input=names.encode(), stdout=initrd, cwd=first, check=True)
    shutil.rmtree(first)


def _with_needed(module: str, packed: dict[str, Path]) -> Iterator[str]:
    """What `module` needs, then itself; nothing for one that is built in."""
    if module in packed:
        found = re.search(rb"\0depends=([^\0]*)", lzma.decompress(packed[module].read_bytes()))
        for needed in found[1].decode().split(",") if found else ():
            yield from _with_needed(needed, packed)
        yield module
