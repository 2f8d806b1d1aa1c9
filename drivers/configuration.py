"""What a guard that is a unit of its own takes from the box's `kiosk.toml`, so that nothing stands twice.

The kiosk checks the whole file (`kiosk.config`); here every value that is used is checked again, because the
guard trusts no other process.
"""

from __future__ import annotations

import argparse
import tomllib
from typing import Any, NoReturn

from drivers.record import record
from drivers.registry import DRIVERS


class ConfigurationError(Exception):
    """The file cannot be used; the text says which file, which key, what was found and what was expected."""


@record
class Configuration:
    """Empty where the file says nothing."""

    kind: str
    port: str = ""
    device_id: str = ""
    simulated: bool = False
    stop_inputs: tuple[str, ...] = ()
    socket: str = ""


def read(path: str) -> Configuration:
    """`[device]`, `[stop]` and `[guard]` of the file at `path`. Raises ConfigurationError."""
    try:
        with open(path, "rb") as file:
            content = tomllib.load(file)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path} is not TOML: {error}") from error
    tables = {name: _table(path, content, name) for name in ("device", "stop", "guard")}

    def text(table: str, key: str) -> str:
        found = tables[table].get(key, "")
        return found if isinstance(found, str) else _wrong(path, f"{table}.{key}", found, "a text in quotes")

    kind = text("device", "kind")
    if kind not in DRIVERS:
        _wrong(path, "device.kind", kind or None, " or ".join(sorted(DRIVERS)))
    simulated = tables["device"].get("simulated", False)
    if not isinstance(simulated, bool):
        _wrong(path, "device.simulated", simulated, "true or false")
    inputs = tables["stop"].get("inputs", [])
    if not isinstance(inputs, list) or not all(isinstance(one, str) for one in inputs):
        _wrong(path, "stop.inputs", inputs, "a list of texts")
    return Configuration(
        kind,
        text("device", "id_path"),
        text("device", "device_id"),
        simulated,
        tuple(inputs),
        text("guard", "socket"),
    )


def fill_in(args: argparse.Namespace, found: Configuration) -> None:
    """What the command line left open. Another stimulator than the configured one is not opened, and a stop
    input that is configured is needed whatever else is given (safety rules 15, 21). Raises
    ConfigurationError."""
    if args.device not in (None, found.kind):
        raise ConfigurationError(f"this box is set up for a {found.kind}, not for a {args.device}")
    if found.port and args.port not in (None, found.port):
        raise ConfigurationError(f"this box is set up for the stimulator at {found.port}, not at {args.port}")
    if found.device_id and args.device_id not in (None, found.device_id):
        raise ConfigurationError(f"this box is set up for the stimulator {found.device_id}")
    if args.simulated and not found.simulated:
        raise ConfigurationError("this box is set up for a real stimulator, and --simulated was given")
    args.device, args.simulated = found.kind, found.simulated
    args.port = args.port or found.port or None
    args.device_id = args.device_id or found.device_id or None
    args.stop_input = list(dict.fromkeys((*found.stop_inputs, *args.stop_input)))
    if args.fd is None:
        args.socket = args.socket or found.socket or None


def _table(path: str, content: dict[str, Any], name: str) -> dict[str, Any]:
    found = content.get(name, {})
    if not isinstance(found, dict):
        _wrong(path, name, found, "a table")
    return found


def _wrong(path: str, key: str, found: object, expected: str) -> NoReturn:
    said = "nothing" if found is None else repr(found)
    raise ConfigurationError(f"{path}, {key}: found {said}, expected {expected}")
