"""A box with its diary, its clock and its clinician."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from kiosk.access import enrolment
from kiosk.access.attempts import Attempts
from kiosk.access.enrolment import Enrolment
from kiosk.access.unlocking import Unlocking
from kiosk.clock import FixedClock
from kiosk.diary.folder import read_meta
from kiosk.diary.records import Lock
from kiosk.diary.store import Store, open_store

NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


class Box:
    """`restart` ends the kiosk and starts it anew on the same folder, with or without a boot."""

    def __init__(self, folder: Path, *, enrolled: bool = True) -> None:
        self.folder = folder
        self.clock = FixedClock(NOON)
        self.clinic = Ed25519PrivateKey.generate()
        self._start()
        self.enrolment: Enrolment | None = self.enrol() if enrolled else None

    def _start(self) -> None:
        self.store: Store = open_store(self.folder, "simulated", self.clock)
        self.unlocking = Unlocking(self.store, Attempts(self.store))

    def enrol(self, *, again: bool = False) -> Enrolment:
        key = self.clinic.public_key().public_bytes_raw()
        box_id = read_meta(self.folder).box_id
        self.enrolment = enrolment.enrol(self.folder, box_id, self.clock, key, again=again)
        return self.enrolment

    def code(self, lock: int, counter: int = 0) -> str:
        assert self.enrolment is not None
        return self.enrolment.code(lock, counter)

    def wrong_code(self, lock: int) -> str:
        return f"{(int(self.code(lock)) + 1) % 10**8:08d}"

    def restart(self, *, boot: bool = False) -> None:
        self.store.close()
        if boot:
            self.clock.boot += "+"
            self.clock.uptime_s = 1.0
        self._start()

    def open_numbers(self) -> list[int]:
        return [one.record.number for one in self.store.locks_open() if isinstance(one.record, Lock)]

    def actions(self) -> list[str]:
        return [stored.record.action for stored in self.store.all("access")]

    def private_key_file(self, path: Path) -> Path:
        pem = self.clinic.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path.write_bytes(pem)
        return path

    def public_key_file(self, path: Path) -> Path:
        pem = self.clinic.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        path.write_bytes(pem)
        return path
