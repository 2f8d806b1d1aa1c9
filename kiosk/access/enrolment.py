"""What a box and its clinic agreed on at setup: the box's secret for one-time codes, the clinic's key.

`enrolment.json` of the data folder, for its owner's eyes only. The secret has to be on the box, which could
not check a code without it: who reads this file can open this box's locks, and no other's. It is left out
of backups and records; a box that was set up from a copy is enrolled anew (docs/unlocking.md).
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

import msgspec

from kiosk.access import codes
from kiosk.clock import Clock
from kiosk.diary import durable
from kiosk.diary.folder import reason_of
from kiosk.errors import N_, KioskError

ENROLMENT: Final = "enrolment.json"


class EnrolmentError(KioskError):
    """The box is not enrolled, or cannot be."""


class Enrolment(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole file."""

    id: str
    box: str
    """The box's name as it is read out ("3F7A-91C2")."""
    secret: str
    """160 bits, hex."""
    clinic_key: str = ""
    """Ed25519 public key, hex; empty: no signed file is taken."""
    since: str

    def code(self, lock: int, counter: int) -> str:
        """The one-time code that opens a lock."""
        return codes.one_time_code(bytes.fromhex(self.secret), self.box, lock, counter)


def load(folder: Path) -> Enrolment | None:
    """The enrolment; None: the box never was. Raises EnrolmentError."""
    try:
        found = msgspec.json.decode((folder / ENROLMENT).read_bytes(), type=Enrolment)
        if len(bytes.fromhex(found.secret)) != codes.SECRET_BYTES:
            raise ValueError("a secret of another length")
        bytes.fromhex(found.clinic_key)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise EnrolmentError(
            N_("The box's enrolment cannot be read. Its technical contact can enrol it again."),
            detail=f"{folder / ENROLMENT}: {error}",
        ) from error
    return found


def enrol(folder: Path, box_id: str, clock: Clock, clinic_key: bytes | None, *, again: bool) -> Enrolment:
    """Gives the box a new secret and, if there is one, the clinic's key; durable when it returns.

    Raises EnrolmentError: enrolled already (unless `again`), or it cannot be written.
    """
    if not again and (folder / ENROLMENT).exists():
        raise EnrolmentError(
            "This box is enrolled already. With --again it gets a new secret, and the old one opens nothing."
        )
    id_ = secrets.token_hex(8)
    made = Enrolment(
        id=id_,
        box=codes.box_name(box_id, id_),
        secret=secrets.token_hex(codes.SECRET_BYTES),
        clinic_key=(clinic_key or b"").hex(),
        since=clock.now().isoformat(timespec="seconds"),
    )
    try:
        durable.write_file(folder / ENROLMENT, msgspec.json.encode(made))
        owner = os.stat(folder)
        if os.geteuid() == 0 and owner.st_uid != 0:
            # Root enrols for the kiosk's user, who alone has to read it.
            os.chown(folder / ENROLMENT, owner.st_uid, owner.st_gid)
    except OSError as error:
        raise EnrolmentError(
            f"The box cannot be enrolled: {reason_of(error)}. Nothing was changed.", detail=str(error)
        ) from error
    return made
