"""Installed prescriptions: the newest governs or none does, and its serial only grows (safety rule 28)."""

from __future__ import annotations

import hashlib

import msgspec

from kiosk.diary.records import PrescriptionInstalled, Stored
from kiosk.diary.store import Store, StoreReader
from kiosk.errors import N_, KioskError, filled
from programs import prescription
from programs.prescription import Prescription


class PrescriptionRefused(KioskError):  # noqa: N818
    """A prescription that was not installed."""


class Installed(msgspec.Struct, frozen=True):
    """The prescription that governs while it is valid; when it is not, there is no therapy."""

    stored: Stored
    prescription: Prescription
    toml: str


def newest_installed(reader: StoreReader) -> Installed | None:
    """The one that was installed last. Never an older one: not even when this one is not valid today.

    Raises DiaryDamaged, and programs.prescription.PrescriptionError when it does not fit this version's
    programmes and montages any more.
    """
    stored = reader.latest("prescriptions")
    if stored is None:
        return None
    assert isinstance(stored.record, PrescriptionInstalled)
    name = f"prescription {stored.record.serial}"
    return Installed(stored, prescription.parse(stored.record.toml, name), stored.record.toml)


async def install(store: Store, toml: str, file: str) -> Prescription:
    """Checks the prescription in `toml` and installs it; `file` is its name in messages.

    Raises programs.prescription.PrescriptionError, PrescriptionRefused (an old serial), StoreReadOnly.
    """
    new = prescription.parse(toml, file)
    must_be_newer(store, new, file)
    digest = hashlib.sha256(toml.encode()).hexdigest()
    await store.add(PrescriptionInstalled(serial=new.serial, toml=toml, sha256=digest))
    return new


def must_be_newer(reader: StoreReader, new: Prescription, file: str) -> None:
    """Its serial has to be higher than any that was ever installed, valid or not (safety rule 28).

    Raises PrescriptionRefused.
    """
    serials = [
        fact.record.serial
        for fact in reader.facts("prescriptions")
        if isinstance(fact.record, PrescriptionInstalled)
    ]
    newest = max(serials, default=0)
    if new.serial <= newest:
        raise PrescriptionRefused(
            filled(
                N_(
                    "{file}: serial is {serial}, but prescription {newest} is installed already; "
                    "expected {least} or more. Nothing was changed."
                ),
                file=file,
                serial=new.serial,
                newest=newest,
                least=newest + 1,
            )
        )
