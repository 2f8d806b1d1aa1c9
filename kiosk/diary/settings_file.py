"""`settings.toml` of the data folder: what the person chose, and PIN hashes. Written by the kiosk alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

import msgspec

from kiosk.diary import durable
from kiosk.diary.folder import reason_of
from kiosk.errors import KioskError
from programs import checked_toml

SETTINGS: Final = "settings.toml"


class SettingsError(KioskError):
    """The settings cannot be read or written."""


class PinHash(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One PIN as scrypt keeps it. `salt` and `hash` in hex; n, r, p are scrypt's cost parameters."""

    salt: str
    hash: str
    n: int
    r: int
    p: int


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole file. `language` None: as configured."""

    language: Literal["en", "de"] | None = None
    pins: Mapping[str, PinHash] = {}
    """Role → its PIN."""


def load_settings(folder: Path) -> Settings:
    """The settings in the data folder; the defaults while there are none. Raises SettingsError."""
    path = folder / SETTINGS
    try:
        return checked_toml.decode(path.read_text(encoding="utf-8"), Settings, str(path))
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"The settings {path} cannot be read.", detail=str(error)) from error
    except checked_toml.TomlError as error:
        raise SettingsError(error.sentence) from error


def save_settings(folder: Path, settings: Settings) -> None:
    """Replaces the settings; durable when it returns. Raises SettingsError."""
    try:
        durable.write_file(folder / SETTINGS, _as_toml(settings).encode())
    except OSError as error:
        raise SettingsError(
            f"The settings cannot be saved: {reason_of(error)}. The old ones hold.", detail=str(error)
        ) from error


def _as_toml(settings: Settings) -> str:
    # A JSON string or integer is a TOML one as well, for the plain text that stands here.
    lines = [] if settings.language is None else [f"language = {json.dumps(settings.language)}"]
    for role, pin in settings.pins.items():
        lines += ["", f"[pins.{role}]"]
        lines += [f"{key} = {json.dumps(value)}" for key, value in msgspec.structs.asdict(pin).items()]
    return "\n".join(lines) + "\n"
