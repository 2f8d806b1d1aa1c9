"""The disks of a box: Debian 13, homestim installed as docs/install.md says, a read-only root, data apart.

What is the test's own: a root shell at the second serial port, by which a process is killed and the screen's
text is read; a configuration that says `simulated = true`; with a compositor, a recorder between terminal and
kiosk; and two folders of later versions.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.install.debian import FEW_MODULES, OF_A_BOX, OF_A_SCREEN, debian
from tests.install.foreign import run_emulated
from tests.install.processor import Processor
from tests.install.renumber import another_box
from tests.monkey.cage import answered_folder
from tests.vm.face import TYPESCRIPT, WAYLAND, Face

SUITE: Final = "trixie"
PACKAGES: Final = (*OF_A_BOX, "initramfs-tools", "lz4", "dbus")
INITRAMFS: Final = dict((FEW_MODULES, ("etc/initramfs-tools/modules", "virtio_pci\nvirtio_blk\next4\n")))
"""What it takes to find the root."""
ROOT_SIZE, DATA_SIZE = "3G", "512M"
PORT: Final = "/dev/serial/by-id/usb-QEMU_QEMU_USB_SERIAL_SIMULATED-if00-port0"
"""How udev names the emulated adapter at whose far end the host's virtual P24 is."""
CONFIG: Final = f"""[device]
kind = "p24"
simulated = true
id_path = "{PORT}"
device_id = "SIMP240001"

[guard]
socket = "/run/homestim/guard.sock"

[kiosk]
locked = true
lang = "en"
letters = "/var/lib/homestim/letters.ini"

[sound]
player = []
voice = []
"""
FSTAB: Final = """/dev/vda / ext4 ro,noatime 0 1
/dev/vdb /var ext4 noatime,nodev,nosuid,noexec 0 2
tmpfs /tmp tmpfs nosuid,nodev,size=64m 0 0
"""
READY: Final = "THE-SHELL-IS-THERE"
SHELL: Final = f"""[Unit]
Description=the test's root shell at the second serial port
[Service]
ExecStart=/bin/sh -c 'echo {READY}; exec /bin/bash --noprofile --norc'
StandardInput=tty-force
StandardOutput=tty
# With a terminal for errors too bash would take itself to be spoken with by a person.
StandardError=journal
TTYPath=/dev/{{port}}
ExecStartPre=/usr/bin/stty -F /dev/{{port}} raw -echo
Restart=always
RestartSec=0
[Install]
WantedBy=multi-user.target
"""
NEVER: Final = (
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "e2scrub_all.timer",
    "fstrim.timer",
    "proc-sys-fs-binfmt_misc.automount",
    "systemd-binfmt.service",
    "systemd-pcrphase.service",
)
"""Of no use on a machine that lives for minutes, and emulated minutes are long."""


FRESH: Final = Path("/var/lib/homestim-answered")
"""A second diary, for where the first one's day is over."""
UPGRADES: Final = {"0.9.8": "kiosk/terminal/driver.py", "0.9.9": ""}
"""Later versions in /media → the module of it that cannot be imported: the first takes over the diary, and
its kiosk ends as soon as it draws."""
FROM_INSIDE: Final = """
/media/box/install --face {face} &&
cp /media/kiosk.toml /etc/homestim/kiosk.toml &&
/media/box/install --face {face} &&
update-initramfs -u
"""
RECORDER: Final = f"/usr/bin/script --quiet --flush --append --return --command '{{kiosk}}' {TYPESCRIPT}"


@dataclass(frozen=True)
class Image:
    """What QEMU is started with."""

    face: Face
    processor: Processor
    kernel: Path
    initrd: Path
    root: Path
    data: Path


def make_image(
    box: Path, folder: Path, face: Face, processor: Processor, say: Callable[[str], None]
) -> Image:
    """Fresh disks in `folder`, from the installer's folder `box`. Debian itself is made once.

    Raises subprocess.CalledProcessError.
    """
    base = folder / "debian"
    if not base.is_dir():
        say("a Debian by debootstrap, once")
        of_a_screen = OF_A_SCREEN if face is WAYLAND else ()
        packages = (*PACKAGES, f"linux-image-{processor.debian}", *of_a_screen)
        debian(SUITE, base, packages, processor)
    tree, var = folder / "tree", folder / "var"
    for old in (tree, var):
        shutil.rmtree(old, ignore_errors=True)
    subprocess.run(["cp", "-a", base, tree], check=True)
    dress(tree, face, processor)
    say("homestim installed into it, offline")
    install(box, tree, face, processor)
    answered(tree)
    for version, broken in UPGRADES.items():
        another_box(box, tree / "media" / version, version, broken)
    if face is WAYLAND:
        record(tree)
    for place in ("etc", "var"):
        (tree / place / ".updated").touch()  # after all else: it says so to systemd
    shutil.move(tree / "var", var)
    (tree / "var").mkdir()
    boot = tree / "boot"
    image = Image(
        face, processor, *(folder / name for name in ("vmlinuz", "initrd", "root.ext4", "data.ext4"))
    )
    shutil.copy(next(boot.glob("vmlinuz-*")), image.kernel)
    shutil.copy(next(boot.glob("initrd.img-*")), image.initrd)
    say("the disks")
    for source, disk, size in ((tree, image.root, ROOT_SIZE), (var, image.data, DATA_SIZE)):
        disk.unlink(missing_ok=True)
        subprocess.run(["mkfs.ext4", "-q", "-d", source, disk, size], check=True)
        shutil.rmtree(source)
    return image


def install(box: Path, tree: Path, face: Face, processor: Processor) -> None:
    """As an installer prepares an image: once, the configuration, once more. From inside, where the processor
    is another one."""
    if not processor.is_here:
        shutil.copytree(box, tree / "media/box")
        (tree / "media/kiosk.toml").write_text(CONFIG, encoding="utf-8")
        run_emulated(tree, processor, FROM_INSIDE.format(face=face.name))
        return
    command = [box / "install", "--root", tree, "--face", face.name]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    (tree / "etc/homestim/kiosk.toml").write_text(CONFIG, encoding="utf-8")
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["chroot", tree, "update-initramfs", "-u"], check=True, stdout=subprocess.DEVNULL)


def answered(tree: Path) -> None:
    """Somebody has answered all questions of health within this hour; the next is the skin under the pads."""
    data = tree / "var/lib/homestim"
    owner = data.stat()
    answered_folder(data)
    for path in data.rglob("*"):
        os.chown(path, owner.st_uid, owner.st_gid)
    subprocess.run(["cp", "-a", data, tree / FRESH.relative_to("/")], check=True)


def record(tree: Path) -> None:
    """What the kiosk writes to its terminal goes into a file too."""
    units = tree / "etc/systemd/system"
    unit = (units / f"{WAYLAND.unit}.service").read_text(encoding="utf-8")
    (command,) = (line for line in unit.splitlines() if line.startswith("ExecStart="))
    terminal, _, kiosk = command.partition("/opt/homestim/")
    recorded = RECORDER.format(kiosk=f"/opt/homestim/{kiosk}")
    # The user's shell is none.
    own = f"[Service]\nExecStart=\n{terminal}/usr/bin/env SHELL=/bin/sh {recorded}\n"
    beside = units / f"{WAYLAND.unit}.service.d"
    beside.mkdir()
    (beside / "90-recorder.conf").write_text(own, encoding="utf-8")


def dress(tree: Path, face: Face, processor: Processor) -> None:
    """What makes a file system a machine."""
    for name, content in INITRAMFS.items():
        (tree / name).write_text(content, encoding="utf-8")
    (tree / "etc/fstab").write_text(FSTAB, encoding="utf-8")
    (tree / "etc/hostname").write_text("box\n", encoding="utf-8")
    (tree / "etc/machine-id").write_text(f"{1:032x}\n", encoding="utf-8")
    units = tree / "etc/systemd/system"
    (units / "test-shell.service").write_text(SHELL.format(port=processor.second_port), encoding="utf-8")
    (units / "multi-user.target.wants/test-shell.service").symlink_to(
        "/etc/systemd/system/test-shell.service"
    )
    for unit in (*NEVER, f"serial-getty@{processor.first_port}.service", *face.without):
        (units / unit).symlink_to("/dev/null")
