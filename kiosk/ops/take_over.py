"""`python -m kiosk.ops.take_over`: this version takes over the box's configuration and diary.

The script that installs runs it with a new version twice: on a copy, before anything is changed, and on the
diary itself, once the kiosk is stopped. What an older version wrote is brought to this one's form. `--look`
changes nothing. What it finds is one line of JSON; that a later look finds the same means that nothing was
entered in between.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec

from drivers.build import build_id
from drivers.registry import DRIVERS
from kiosk import today
from kiosk.clock import Clock, SystemClock
from kiosk.config import load_config
from kiosk.diary import folder
from kiosk.diary.check import SENTENCE, examine
from kiosk.diary.settings_file import load_settings
from kiosk.diary.store import open_store
from kiosk.errors import KioskError, run_command
from programs.library import load_questionnaire


def take_over(data: Path, config: Path, clock: Callable[[], Clock], *, look: bool = False) -> dict[str, Any]:
    """Raises KioskError: the configuration, the diary or the content cannot be used by this version.

    The clock is asked for only where there is a diary: an image that is being made has no running system.
    """
    # The whole kiosk can be imported; named as text, for nothing here is built upon it.
    import_module("kiosk.run")
    load_questionnaire()
    found: dict[str, Any] = {"build": build_id()}
    if config.exists():
        device = load_config(config).device
        if device is not None and device.kind not in DRIVERS:
            raise KioskError(f"This version drives no {device.kind}.")
    if not (data / folder.META).exists():
        return found  # nobody has used the box yet
    meta = folder.read_meta(data)
    load_settings(data)
    if not look:
        with open_store(data, meta.kind, clock()) as store:
            today.read(store, store.clock)
    report = examine(data)
    if not report.whole:
        raise KioskError(SENTENCE.format(months=report.damaged_months))
    version = folder.read_meta(data).version
    return found | {"folder_version": version, "head": report.head, "count": report.count}


def main(arguments: list[str]) -> int:
    """Prints what was found as JSON."""
    parser = argparse.ArgumentParser(prog="python -m kiosk.ops.take_over", description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--look", action="store_true", help="change nothing")
    given = parser.parse_args(arguments)
    found = take_over(given.data, given.config, SystemClock, look=given.look)
    sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
    return 0


if __name__ == "__main__":
    # The script shows the last line and keeps the rest of it; where the kiosk logs is not for it to write.
    logging.basicConfig(stream=sys.stderr)
    sys.exit(run_command(lambda: main(sys.argv[1:]), lambda: "/var/log/homestim-install.log"))
