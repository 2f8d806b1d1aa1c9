"""`settings.toml` of the data folder: what the person chose, and PIN hashes.

Kiosk and installer both change it: each reads, changes and replaces it under one lock (`change_settings`).
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from kiosk import plain_file
from kiosk.diary import durable
from kiosk.diary.folder import reason_of
from kiosk.errors import N_, KioskError, filled, in_a_row
from programs import checked_toml

SETTINGS: Final = "settings.toml"


REMEDY: Final = N_(
    "Nothing of the diary is lost. Put this file back from a backup; without one, move it away and run: "
    "homestim setup"
)


class SettingsError(KioskError):
    """The settings cannot be read or written."""


class PinHash(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One PIN as scrypt keeps it. `salt` and `hash` in hex; n, r, p are scrypt's cost parameters."""

    salt: str
    hash: str
    n: int
    r: int
    p: int


Letters = Literal["usual", "large"]
Hour = Annotated[int, msgspec.Meta(ge=0, le=23)]
MOST_REMINDERS: Final = 3


class Reminders(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When a soft tone says that something of today is still open."""

    on: bool = True
    hours: Annotated[tuple[Hour, ...], msgspec.Meta(max_length=MOST_REMINDERS)] = (10, 14, 18)
    """Full hours; one tone each."""
    quiet_from: Hour = 20
    quiet_until: Hour = 9
    """Between the two none is heard; both the same: there are no quiet hours."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole file. `language`, `volume` and `letters` None: as configured."""

    language: Literal["en", "de"] | None = None
    volume: Annotated[int, msgspec.Meta(ge=0, le=10)] | None = None
    letters: Letters | None = None
    reminders: Reminders = Reminders()
    pins: Mapping[str, PinHash] = {}
    """Role → its PIN."""


class _File(Settings, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pins_of: tuple[str, ...] = ()
    """Whose PINs follow, and the file's first line: one that was cut short must not look like one without."""


def load_settings(folder: Path) -> Settings:
    """The settings in the data folder; the defaults while there are none. Raises SettingsError, also for a
    file that lost its end: whoever had a PIN has not lost it by that."""
    path = folder / SETTINGS
    try:
        text = plain_file.text(path)
        found = checked_toml.decode(text, _File, str(path))
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeDecodeError) as error:
        said = filled(N_("The settings {path} cannot be read."), path=path)
        raise SettingsError(in_a_row(said, REMEDY), detail=str(error)) from error
    except checked_toml.TomlError as error:
        said = filled(N_("The settings are not valid: {said}"), said=error.sentence)
        raise SettingsError(in_a_row(said, REMEDY)) from error
    lost = [role for role in found.pins_of if role not in found.pins]
    if lost or not text:
        what = filled(N_("the PIN of {role} is missing"), role=lost[0]) if lost else N_("it is empty")
        said = filled(N_("The settings {path} are not whole: {what}."), path=path, what=what)
        raise SettingsError(in_a_row(said, REMEDY))
    kept = {name: getattr(found, name) for name in Settings.__struct_fields__}
    return Settings(**kept)


def change_settings(folder: Path, change: Callable[[Settings], Settings]) -> Settings:
    """Reads the settings, changes them, replaces them; durable when it returns. What is new.

    Whoever else changes them meanwhile waits: no choice and no PIN is lost. Raises SettingsError.
    """
    try:
        # The folder itself is locked: the file is another one after each change.
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise _not_saved(error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        changed = change(load_settings(folder))
        save_settings(folder, changed)
    except OSError as error:
        raise _not_saved(error) from error
    finally:
        os.close(descriptor)
    return changed


def save_settings(folder: Path, settings: Settings) -> None:
    """Replaces the settings; durable when it returns. Raises SettingsError."""
    try:
        durable.write_file(folder / SETTINGS, _as_toml(settings).encode())
    except OSError as error:
        raise _not_saved(error) from error


def _not_saved(error: OSError) -> SettingsError:
    return SettingsError(
        filled(N_("The settings cannot be saved: {reason}. The old ones hold."), reason=reason_of(error)),
        detail=str(error),
    )


def _as_toml(settings: Settings) -> str:
    # A JSON string or integer is a TOML one as well, for the plain text that stands here.
    chosen = {"language": settings.language, "volume": settings.volume, "letters": settings.letters}
    lines = [f"pins_of = {json.dumps([*settings.pins])}"]
    lines += [f"{key} = {json.dumps(value)}" for key, value in chosen.items() if value is not None]
    if settings.reminders != Reminders():
        lines += ["", "[reminders]"]
        reminders = msgspec.structs.asdict(settings.reminders)
        lines += [f"{key} = {json.dumps(value)}" for key, value in reminders.items()]
    for role, pin in settings.pins.items():
        lines += ["", f"[pins.{role}]"]
        lines += [f"{key} = {json.dumps(value)}" for key, value in msgspec.structs.asdict(pin).items()]
    return "\n".join(lines) + "\n"
