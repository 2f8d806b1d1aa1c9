"""An invented clinician's prescription for a plan, as a struct and as the TOML that is installed."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Final, TypedDict

from programs.course import Course
from programs.prescription import Clearance, Clinician, PadsPrescribed, Patient, Prescription

RENEWED_AFTER: Final = dt.timedelta(days=84)
"""At the review after 12 weeks (clinical reference 3.1)."""
DAYS_PER_WEEK: Final = 6
LIMIT_MA: Final = 40.0
CLINICIAN: Final = Clinician(name="Dr. Invented", phone="nobody answers")
PATIENT: Final = Patient(name="Invented Person", pseudonym="REHEARSAL-1")


class InstalledText(TypedDict):
    """Of `PrescriptionInstalled`."""

    toml: str
    sha256: str


def prescribed(course: Course, serial: int, today: dt.date, *, levels_anew: bool) -> Prescription:
    """What the plan names, on the standard pads, from today on."""
    return Prescription(
        serial=serial,
        valid_from=today,
        valid_until=today + RENEWED_AFTER,
        patient=PATIENT,
        clinician=CLINICIAN,
        plan=course.id,
        programmes=course.programmes,
        montages=("M4-par",),
        pads=PadsPrescribed(width_cm=5, height_cm=9),
        days_per_week=DAYS_PER_WEEK,
        week0=True,
        helper_for_pads=True,
        levels_anew=levels_anew,
        limits={"1": LIMIT_MA, "2": LIMIT_MA},
        clearances=tuple(
            Clearance(question=question, by=CLINICIAN.name, on=today) for question in course.needs_clearance
        ),
    )


def to_toml(rx: Prescription) -> InstalledText:
    """The file that a clinician would have sent."""
    lines = [
        f"serial = {rx.serial}",
        f"valid_from = {rx.valid_from}",
        f"valid_until = {rx.valid_until}",
        f'plan = "{rx.plan}"',
        f"programmes = {_strings(rx.programmes)}",
        f"montages = {_strings(rx.montages)}",
        f"days_per_week = {rx.days_per_week}",
        f"week0 = {str(rx.week0).lower()}",
        f"helper_for_pads = {str(rx.helper_for_pads).lower()}",
        f"levels_anew = {str(rx.levels_anew).lower()}",
        "",
        "[patient]",
        f'name = "{rx.patient.name}"',
        f'pseudonym = "{rx.patient.pseudonym}"',
        "",
        "[clinician]",
        f'name = "{rx.clinician.name}"',
        f'phone = "{rx.clinician.phone}"',
        "",
        "[pads]",
        f"width_cm = {rx.pads.width_cm:g}",
        f"height_cm = {rx.pads.height_cm:g}",
        "",
        "[limits]",
        *(f"{key} = {limit_mA:.1f}" for key, limit_mA in rx.limits.items()),
    ]
    for clearance in rx.clearances:
        lines += ["", "[[clearance]]", f'question = "{clearance.question}"', f'by = "{clearance.by}"']
        lines += [f"on = {clearance.on}"]
    text = "\n".join(lines) + "\n"
    return InstalledText(toml=text, sha256=hashlib.sha256(text.encode()).hexdigest())


def _strings(items: tuple[str, ...]) -> str:
    return "[" + ", ".join(f'"{item}"' for item in items) + "]"
