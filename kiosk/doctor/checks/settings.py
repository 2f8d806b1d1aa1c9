"""`settings.toml`: whether it is whole, and whether somebody else can sit down in the person's place.

The kiosk's own judgement is `kiosk.diary.settings_file.load_settings`.
"""

from __future__ import annotations

import tomllib
from typing import Any, Final

from kiosk import plain_file
from kiosk.doctor.box import Box
from kiosk.doctor.finding import Finding, fix, look, ok
from kiosk.doctor.words import _

SETTINGS: Final = "settings.toml"


def language(box: Box) -> str:
    """The one that was chosen at the box; empty where none was, or nobody can tell."""
    try:
        found = _whole(box).get("language", "")
    except (OSError, ValueError):
        return ""
    return found if isinstance(found, str) else ""


def patient_pin(box: Box) -> Finding:
    """On hardware the person has a PIN (safety rule 18), and a file that lost its end is none without one."""
    try:
        settings = _whole(box)
    except (OSError, ValueError):
        damaged = _("The settings {file} are damaged or cannot be read: there is no session.")
        return fix(
            "patient-pin",
            damaged.format(file=f"{box.data}/{SETTINGS}"),
            _("Put the file back from a backup. Without one, move it away, then: homestim setup"),
        )
    if "patient" in settings.get("pins", {}):
        return ok("patient-pin", _("The person has a PIN of her own."))
    if box.simulated or not box.has_device:
        return ok("patient-pin", _("No stimulator of hardware is recorded, so nobody needs a PIN."))
    return look(
        "patient-pin",
        _("The person has no PIN: whoever sits down at the box is taken for her."),
        _("If that is not wanted, let her choose one: homestim setup --again pins"),
    )


def _whole(box: Box) -> dict[str, Any]:
    """What stands in the file; nothing where there is none yet. Raises OSError; ValueError for one that is
    damaged: it begins with whose PINs follow, and they are tables."""
    try:
        text = plain_file.text(box.machine.path(f"{box.data}/{SETTINGS}"))
    except FileNotFoundError:
        return {}
    try:
        found = tomllib.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    pins, pins_of = found.get("pins", {}), found.get("pins_of", [])
    if not isinstance(pins, dict) or not all(isinstance(pin, dict) for pin in pins.values()):
        raise ValueError("what stands for PINs is none")
    if not text or not isinstance(pins_of, list) or not all(role in list(pins) for role in pins_of):
        raise ValueError("it lost its end")
    return found
