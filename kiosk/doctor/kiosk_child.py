"""`python -m kiosk.doctor.kiosk_child`: the only part of the doctor that loads the kiosk, apart from it all.

`program`: loads all that the first screen needs and prints the version. `configuration FILE`: exit 1 and a
sentence when the file cannot be used.
"""

from __future__ import annotations

import sys
from importlib import import_module, metadata
from pathlib import Path

NEEDED = (
    "kiosk.cli",
    "kiosk.run",
    "kiosk.app",
    "kiosk.plain",
    "kiosk.terminal.driver",
    "kiosk.review.reading",
    "kiosk.export.command",
    "drivers.guard.command",
)


def main(arguments: list[str]) -> int:
    match arguments:
        case ["program"]:
            for name in NEEDED:
                import_module(name)
            print(_version())
        case ["configuration", file]:
            from kiosk.config import load_config
            from kiosk.errors import KioskError

            try:
                load_config(Path(file))
            except KioskError as error:
                print(error.sentence)
                return 1
        case _:
            return 2
    return 0


def _version() -> str:
    try:
        return f"homestim {metadata.version('homestim')}"
    except metadata.PackageNotFoundError:
        return "homestim"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
