"""Whether the nightly backup is switched on, and was made."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Final

from kiosk.doctor import guard_status
from kiosk.doctor.box import Box
from kiosk.doctor.finding import Finding, look, ok
from kiosk.doctor.words import _

OPENED_BY: Final = "/etc/homestim/backup-passphrase"
"""Without it `homestim-backup.service` is skipped without a word."""
FOLDER: Final = "/var/backups/homestim"
TIMER: Final = "homestim-backup.timer"
TOO_OLD: Final = dt.timedelta(days=3)
_INDEX: Final = re.compile(r"index-(\d{8}T\d{6})Z(?:-\d+)?")


def backup(box: Box) -> Finding:
    """What is entered is lost with its disk, where nobody makes a backup."""
    if guard_status.properties(box.machine, TIMER, "LoadState").get("LoadState") != "loaded":
        return ok("backup", _("Nothing is backed up by itself here: homestim backup does it."))
    if not _has_passphrase(box):
        return look(
            "backup",
            _("There is no nightly backup: it has no passphrase."),
            _("Choose one: homestim setup --again backup"),
        )
    taken = max(_taken(box), default=None)
    remedy = _("Make one: systemctl start homestim-backup; what it says: journalctl -u homestim-backup")
    if taken is None:
        return look("backup", _("There is no backup in {folder} yet.").format(folder=FOLDER), remedy)
    if box.machine.now() - taken > TOO_OLD:
        return look("backup", _("The last backup is of {day}.").format(day=f"{taken:%Y-%m-%d}"), remedy)
    return ok("backup", _("The last backup is of {day}.").format(day=f"{taken:%Y-%m-%d}"))


def _has_passphrase(box: Box) -> bool:
    """It is there, or hidden from whoever asks: then the backups themselves tell."""
    try:
        return box.machine.exists(OPENED_BY)
    except OSError:
        return True


def _taken(box: Box) -> Iterator[dt.datetime]:
    """When each backup in the box's folder was made."""
    for vault in box.machine.names(FOLDER):
        for name in box.machine.names(f"{FOLDER}/{vault}"):
            if found := _INDEX.fullmatch(name):
                try:
                    yield dt.datetime.strptime(found[1], "%Y%m%dT%H%M%S").replace(tzinfo=dt.UTC)
                except ValueError:
                    continue
