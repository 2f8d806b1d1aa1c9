"""The installer's `kiosk.toml`, typed (interfaces.md); a bad one names file, key, found and expected."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final, Literal, get_args

import msgspec

from kiosk import plain_file
from kiosk.errors import KioskError
from kiosk.sound.player import PLAYER, USUAL_VOLUME, VOICE
from programs import checked_toml

INSTALLED_AT: Final = Path("/etc/homestim/kiosk.toml")

Language = Literal["en", "de"]
DeviceKind = Literal["p24", "rehastim2"]

DEFAULT_EMERGENCY_NUMBER: Final = "112"
"""Reaches help in all of the European Union and, from a mobile telephone, in most other countries."""
EMERGENCY_NUMBERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "AU": "000",
        "BR": "192",
        "CA": "911",
        "CN": "120",
        "GB": "999",
        "JP": "119",
        "MX": "911",
        "NZ": "111",
        "US": "911",
    }
)
"""ISO 3166 country → the number that calls an ambulance, where it is not 112."""


class ConfigError(KioskError):
    """The configuration cannot be used; nothing was started."""


class Device(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The one stimulator of this box (safety rules 19 and 21)."""

    kind: DeviceKind
    id_path: str = ""
    """Its /dev/serial/by-id path; nothing else is opened. Of a simulator: where a guard that is a unit of its
    own finds it; a guard that the kiosk starts has one that the kiosk starts, too."""
    device_id: str = ""
    """What it must answer when asked who it is; empty: recorded at setup."""
    simulated: bool = False
    """True: only a simulator is used, and the data are simulated for ever."""


class StopInputs(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Buttons and pedals beside the keyboard."""

    inputs: tuple[str, ...] = ()
    """/dev/input/by-id paths."""


class GuardUnit(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The guard, where it is a unit of its own."""

    socket: str = ""
    """Where it listens for the kiosk; empty: the kiosk starts a guard itself."""


class Kiosk(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The box as a place."""

    locked: bool = False
    """True: nobody leaves the kiosk by key."""
    country: Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}$")] = "DE"
    """ISO 3166, two capital letters. Says which emergency number is shown."""
    lang: Language = "en"
    forms: str = ""
    """A folder with a clinic's own rating forms (docs/forms.md)."""
    cards: bool = True
    """Red and amber alerts are printed, where CUPS has a printer."""
    letters: str = ""
    """A file that the terminal's own configuration includes: the kiosk writes its font size there (foot).
    Empty: how large the letters are is not the kiosk's to say."""


class Sound(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The loudspeaker, if the box has one."""

    volume: Annotated[int, msgspec.Meta(ge=0, le=10)] = USUAL_VOLUME
    """0 switches prompts and reading off; alarms are never softer than 5."""
    player: tuple[str, ...] = PLAYER
    """A command that plays the WAV file on its standard input; empty: no tones."""
    voice: tuple[str, ...] = VOICE
    """A command that reads the text on its standard input aloud; {lang} is en or de, {amplitude} 0 to 200."""


class Roles(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who may do what; has no key yet."""


class Sync(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where records are sent, if the patient wants it. `server` empty: nowhere."""

    server: str = ""
    """The base address of a FHIR R4 server."""
    recipient: str = ""
    """Who that is, in words for the patient; part of her consent."""
    outbox: str = ""
    """A folder that the sending user can read; empty: `outbox` in the data folder."""
    ca: str = ""
    """PEM file of the one authority that is trusted; empty: the system's."""
    certificate: str = ""
    """PEM file of this box's certificate, by which the server knows it."""
    key: str = ""
    """PEM file of its key; empty: in the same file."""
    token_url: str = ""
    """Where this box logs in (OAuth2 client credentials); empty: it does not."""
    client_id: str = ""
    client_secret_file: str = ""
    scope: str = ""
    proxy: str = ""
    names_ids: bool = True
    """The server takes the ids that a box gives; false: each is looked for by its identifier."""
    notes: bool = False
    """Words that somebody typed are sent too."""


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole file. `device` None: no stimulator is configured."""

    device: Device | None = None
    guard: GuardUnit = GuardUnit()
    stop: StopInputs = StopInputs()
    kiosk: Kiosk = Kiosk()
    sound: Sound = Sound()
    roles: Roles = Roles()
    sync: Sync = Sync()


def emergency_number(country: str) -> str:
    """What to dial for an ambulance in `country` (ISO 3166), whatever the language."""
    return EMERGENCY_NUMBERS.get(country, DEFAULT_EMERGENCY_NUMBER)


def load_config(path: Path | None) -> Config:
    """Reads `path`; without one the installed file, and without that the defaults.

    Raises ConfigError.
    """
    if path is None:
        if not INSTALLED_AT.exists():
            return Config()
        path = INSTALLED_AT
    try:
        text = plain_file.text(path)
    except FileNotFoundError as error:
        raise ConfigError(f"There is no configuration file {path}.", exit_code=2) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The configuration file {path} cannot be read.", detail=str(error)) from error
    return decode_config(text, str(path))


def decode_config(text: str, name: str) -> Config:
    """The configuration in `text`; `name` is the file's in messages. Raises ConfigError."""
    try:
        config = checked_toml.decode(text, Config, name)
    except checked_toml.TomlError as error:
        raise _wrong(name, error.key, error.found, _EXPECTED.get(error.key, error.expected)) from error
    if config.device is not None:
        _check_device(name, config.device, config.guard)
    if config.guard.socket:
        _check_guard(name, config)
    return config


def _check_device(name: str, device: Device, guard: GuardUnit) -> None:
    """What a type cannot say: a simulator of the kiosk's has no port, hardware has one, and their ids differ
    (rule 19)."""
    if device.simulated and device.id_path and not guard.socket:
        expected = "no port, because device.simulated is true and no guard.socket is set"
        raise _wrong(name, "device.id_path", repr(device.id_path), expected)
    if not device.simulated and not device.id_path:
        raise _wrong(name, "device.id_path", "nothing", "the stimulator's /dev/serial/by-id path")
    if device.device_id and device.simulated != device.device_id.startswith("SIM"):
        expected = (
            "an id that begins with SIM" if device.simulated else "a stimulator's id, not a simulator's"
        )
        raise _wrong(name, "device.device_id", repr(device.device_id), expected)


def _check_guard(name: str, config: Config) -> None:
    """A guard of its own drives the stimulator of this box, and no relative path finds it."""
    if config.device is None:
        raise _wrong(name, "device", "nothing", "the stimulator of the guard at guard.socket")
    if not config.guard.socket.startswith("/"):
        raise _wrong(name, "guard.socket", repr(config.guard.socket), "a path that begins with /")


def _wrong(name: str, key: str, found: str, expected: str) -> ConfigError:
    at = f"{name}, {key}" if key else name
    return ConfigError(f"{at}: found {found}, expected {expected}. Nothing was started.")


_EXPECTED: Final = {
    "device": "a table",
    "device.kind": " or ".join(get_args(DeviceKind)),
    "kiosk.country": "a country's two capital letters, like DE",
}
"""Key → what may stand there, where the type does not say it plainly."""
