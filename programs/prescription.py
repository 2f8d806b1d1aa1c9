"""What a clinician allowed one person (interfaces.md, "Prescription"; safety rules 27–28)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import msgspec


class Patient(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    pseudonym: str


class Clinician(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    phone: str


class Clearance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The clinician knows of this worse answer and allows the therapy all the same."""

    question: str
    by: str
    on: dt.date
    note: str = ""


class PadsPrescribed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    width_cm: float
    height_cm: float


class Prescription(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"clearances": "clearance"}
):
    """A whole prescription file. `limits` maps a channel ("1", "2") or a programme's id to mA."""

    serial: int
    valid_from: dt.date
    valid_until: dt.date
    patient: Patient
    clinician: Clinician
    plan: str
    programmes: tuple[str, ...]
    montages: tuple[str, ...]
    pads: PadsPrescribed
    days_per_week: int
    week0: bool
    helper_for_pads: bool
    limits: Mapping[str, float] = {}
    clearances: tuple[Clearance, ...] = ()
