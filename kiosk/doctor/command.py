"""`homestim doctor`: the standard library alone, so that it works where nothing else does."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from kiosk.doctor import bundle, report, words
from kiosk.doctor.box import read_box
from kiosk.doctor.checks import settings
from kiosk.doctor.machine import Machine
from kiosk.doctor.words import _


def main(arguments: Sequence[str] | None = None, machine: Machine | None = None) -> int:
    """0: well. 1: something has to be mended. 2: wrong usage, or the bundle could not be written."""
    parser = argparse.ArgumentParser(
        prog="homestim doctor", description="Every check that an installer needs, each with its remedy."
    )
    parser.add_argument("--json", action="store_true", help="one JSON document")
    parser.add_argument(
        "--bundle", metavar="FILE", type=Path, help="writes a support bundle without health data (zip)"
    )
    parser.add_argument("--data", metavar="DIR", help="data folder, instead of the usual one")
    parser.add_argument("--config", metavar="FILE", help="configuration, instead of /etc/homestim/kiosk.toml")
    parser.add_argument("--lang", choices=words.LANGUAGES, help="language of the report")
    given = parser.parse_args(arguments)
    machine = machine or Machine()
    box = read_box(machine, given.config, given.data)
    chosen = given.lang or settings.language(box) or box.text("kiosk", "lang")
    chosen = chosen or words.language_of(machine.environ)
    words.set_language(chosen if chosen in words.LANGUAGES else "en")
    findings = report.examine(box)
    if given.json:
        print(report.as_json(findings))
    else:
        print("\n".join(report.lines(findings)))
    if given.bundle is not None:
        try:
            bundle.write(given.bundle, box, findings)
        except OSError as error:
            said = _("The bundle {file} cannot be written: {error}.")
            sys.stderr.write(f"homestim: {said.format(file=given.bundle, error=error.strerror or error)}\n")
            return 2
        if not given.json:
            print(_("The bundle without health data is {file}.").format(file=given.bundle))
    return 0 if report.is_well(findings) else 1
