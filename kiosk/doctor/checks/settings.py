"""`settings.toml`: whether it is whole, and whether somebody else can sit down in the person's place."""

from __future__ import annotations

import tomllib
from typing import Final

from kiosk.doctor.box import Box
from kiosk.doctor.finding import Finding, fix, look, ok
from kiosk.doctor.words import _

SETTINGS: Final = "settings.toml"


def patient_pin(box: Box) -> Finding:
    """On hardware the person has a PIN (safety rule 18), and a file that lost its end is none without one."""
    file = f"{box.data}/{SETTINGS}"
    try:
        roles = _with_a_pin(box.machine.path(file).read_text(encoding="utf-8"))
    except FileNotFoundError:
        roles = frozenset()
    except (OSError, ValueError):
        return fix(
            "patient-pin",
            _("The settings {file} are damaged or cannot be read: there is no session.").format(file=file),
            _("Put the file back from a backup. Without one, move it away, then: homestim setup"),
        )
    if "patient" in roles:
        return ok("patient-pin", _("The person has a PIN of her own."))
    if box.simulated or not box.has_device:
        return ok("patient-pin", _("No stimulator of hardware is recorded, so nobody needs a PIN."))
    return look(
        "patient-pin",
        _("The person has no PIN: whoever sits down at the box is taken for her."),
        _("If that is not wanted, let her choose one: homestim setup --again pins"),
    )


def _with_a_pin(text: str) -> frozenset[str]:
    """Whose PIN stands in the file. Raises ValueError for one that is not whole."""
    found = tomllib.loads(text)
    roles = frozenset(found.get("pins", {}))
    if not text or not roles.issuperset(found.get("pins_of", ())):
        raise ValueError("it lost its end")
    return roles
