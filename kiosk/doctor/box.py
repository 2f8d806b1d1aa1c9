"""What `kiosk.toml` says, as far as it can be read: the doctor looks at boxes on which it cannot."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from kiosk import plain_file
from kiosk.doctor.machine import Machine

CONFIG: Final = "/etc/homestim/kiosk.toml"
BOX_DATA: Final = "/var/lib/homestim"


@dataclass(frozen=True, slots=True)
class Box:
    """One box: its machine, its configuration, its data."""

    machine: Machine
    config: str
    """Where the configuration is, or would be."""
    data: str
    problem: str = ""
    """Why the configuration cannot be read; empty: it can, or there is none."""
    there: bool = False
    tables: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def text(self, table: str, key: str, default: str = "") -> str:
        """A text of the configuration, or `default`."""
        found = self.tables.get(table, {}).get(key, default)
        return found if isinstance(found, str) else default

    def texts(self, table: str, key: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """A list of texts of the configuration, or `default`."""
        found = self.tables.get(table, {}).get(key, default)
        if not isinstance(found, list | tuple) or not all(isinstance(one, str) for one in found):
            return default
        return tuple(found)

    @property
    def simulated(self) -> bool:
        """The configuration asks for a simulator."""
        return self.tables.get("device", {}).get("simulated") is True

    @property
    def has_device(self) -> bool:
        """A stimulator is configured."""
        return bool(self.tables.get("device"))


def read_box(machine: Machine, config: str | None = None, data: str | None = None) -> Box:
    """Never raises."""
    config = config or CONFIG
    data = data or _usual_data(machine)
    try:
        content = plain_file.text(machine.path(config))
    except FileNotFoundError:
        return Box(machine, config, data)
    except OSError as error:
        return Box(machine, config, data, problem=f"{error.strerror or error}.", there=True)
    except UnicodeDecodeError as error:
        return Box(machine, config, data, problem=str(error), there=True)
    try:
        found = tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        return Box(machine, config, data, problem=str(error), there=True)
    except RecursionError:
        return Box(machine, config, data, problem="it is nested too deeply.", there=True)
    tables = {name: table for name, table in found.items() if isinstance(table, dict)}
    return Box(machine, config, data, there=True, tables=tables)


def _usual_data(machine: Machine) -> str:
    if machine.path(BOX_DATA).is_dir():
        return BOX_DATA
    base = machine.environ.get("XDG_DATA_HOME") or str(
        Path(machine.environ.get("HOME", "/")) / ".local/share"
    )
    return str(Path(base) / "homestim" / "real")
