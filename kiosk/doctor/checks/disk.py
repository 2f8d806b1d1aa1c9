"""The disk that holds the diary: room, wear, and whether what is flushed really stays."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from kiosk.doctor.box import Box
from kiosk.doctor.finding import Finding, fix, look, ok
from kiosk.doctor.words import _

FULL_BYTES: Final = 100 * 1024 * 1024
SCARCE_BYTES: Final = 500 * 1024 * 1024
SCARCE_FILES: Final = 1000
MB: Final = 1024 * 1024
WORSE: Final = ("ok", "look", "fix")

WORN_TENTHS: Final = 9
"""Of its life, as an eMMC tells it in tenths: time to order another."""
_FORGETFUL: Final = ("tmpfs", "ramfs", "overlay")
"""What they hold is gone when the box is switched off."""
_NO_FLUSH: Final = ("nobarrier", "barrier=0", "nobh")


@dataclass(frozen=True, slots=True)
class Mount:
    """The file system that a folder lies on."""

    place: str
    device: str
    """Major and minor number."""
    kind: str
    options: frozenset[str]
    source: str


def mount_of(box: Box, folder: str) -> Mount | None:
    """The nearest mount above `folder`; None: the system does not tell."""
    best: Mount | None = None
    for line in (box.machine.text("/proc/self/mountinfo") or "").splitlines():
        before, dash, after = line.partition(" - ")
        fields, behind = before.split(), after.split()
        if not dash or len(fields) < 6 or len(behind) < 3:
            continue
        place = re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), fields[4])
        options = frozenset([*fields[5].split(","), *behind[2].split(",")])
        if PurePosixPath(folder).is_relative_to(place) and (best is None or len(place) >= len(best.place)):
            best = Mount(place, fields[2], behind[0], options, behind[1])
    return best


def _folder(box: Box, folder: str = "") -> str:
    """The data folder (or `folder`), or what will hold it."""
    at = PurePosixPath(folder or box.data)
    while not box.machine.exists(at) and at != at.parent:
        at = at.parent
    return str(at)


def space(box: Box) -> Finding:
    """Room for what is entered, and where that is another disk, for what is sent."""
    folders = dict.fromkeys((_folder(box), _folder(box, box.text("sync", "outbox"))))
    return max((_space(box, folder) for folder in folders), key=lambda found: WORSE.index(found.state))


def _space(box: Box, folder: str) -> Finding:
    try:
        found = box.machine.space(box.machine.path(folder))
    except OSError as error:
        return fix(
            "disk-space",
            _("The disk under {folder} does not answer: {error}.").format(
                folder=folder, error=error.strerror
            ),
            _("Make a backup if it still goes, and put another disk in."),
        )
    files = found.free_files
    said = _("{mb} MB are free under {folder}.").format(mb=found.free_bytes // MB, folder=folder)
    remedy = _("Delete what is not homestim's from the disk, or put a larger one in.")
    if found.free_bytes < FULL_BYTES or files == 0:
        return fix("disk-space", said, remedy)
    if found.free_bytes < SCARCE_BYTES or (files is not None and files < SCARCE_FILES):
        return look("disk-space", said, remedy)
    return ok("disk-space", said)


def wear(box: Box) -> Finding:
    """What the disk says of its own life, and whether its file system saw errors."""
    mount = mount_of(box, _folder(box))
    real = None if mount is None else box.machine.real(f"/sys/dev/block/{mount.device}")
    if real is None:
        return ok("disk-wear", _("The disk does not tell how worn it is."))
    name = PurePosixPath(real).name
    errors = box.machine.text(f"/sys/fs/ext4/{name}/errors_count")
    if errors not in (None, "0"):
        return fix(
            "disk-wear",
            _("The file system saw errors: {count}.").format(count=errors),
            _("Make a backup now (homestim backup), then have the disk replaced."),
        )
    for disk in (real, str(PurePosixPath(real).parent)):
        life = box.machine.text(f"{disk}/device/life_time")
        if life is None:
            continue
        reserve = box.machine.text(f"{disk}/device/pre_eol_info")
        tenths = max((int(part, 16) for part in life.split() if _is_hex(part)), default=0)
        if reserve not in (None, "0x00", "0x01") or tenths > WORN_TENTHS:
            return fix(
                "disk-wear",
                _("The disk is worn out."),
                _("Make a backup now (homestim backup), then have the disk replaced."),
            )
        if tenths == WORN_TENTHS:
            return look(
                "disk-wear", _("The disk is nearly worn out."), _("Have another one ready for this year.")
            )
        return ok(
            "disk-wear", _("At most {percent} % of the disk's life are used.").format(percent=tenths * 10)
        )
    return ok("disk-wear", _("The disk does not tell how worn it is."))


def _is_hex(text: str) -> bool:
    return bool(re.fullmatch(r"0x[0-9a-fA-F]+", text))


def flags(box: Box) -> Finding:
    """How the data's file system is mounted: what the diary calls saved has to survive a power cut."""
    folder = _folder(box)
    mount = mount_of(box, folder)
    if mount is None:
        return look(
            "disk-flags",
            _("It is not known how the disk is mounted."),
            _("Look at the data folder's mount: findmnt --target {folder}").format(folder=folder),
        )
    at = {"folder": folder, "place": mount.place, "kind": mount.kind}
    if mount.kind in _FORGETFUL:
        return fix(
            "disk-flags",
            _("{folder} lies on {kind}: everything entered is lost when the box is switched off.").format(
                **at
            ),
            _("Mount a disk of its own for the data."),
        )
    if "ro" in mount.options:
        return fix(
            "disk-flags",
            _("{place} is read-only: nothing can be saved.").format(**at),
            _("See why (dmesg), then: mount -o remount,rw {place}").format(**at),
        )
    if mount.options & set(_NO_FLUSH):
        return fix(
            "disk-flags",
            _("{place} is mounted without barriers: what is saved can be lost in a power cut.").format(**at),
            _("Take the option out of /etc/fstab and start the box again."),
        )
    return ok("disk-flags", _("{place} ({kind}) keeps what is flushed.").format(**at))
