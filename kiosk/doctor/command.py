"""`homestim doctor`: the standard library alone, so that it works where nothing else does."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from kiosk.doctor import bundle, report, words
from kiosk.doctor.box import read_box
from kiosk.doctor.checks import settings
from kiosk.doctor.machine import Machine
from kiosk.doctor.words import _


def main(arguments: Sequence[str] | None = None, machine: Machine | None = None) -> int:
    """0: well. 1: something has to be mended. 2: wrong usage, or report or bundle could not be written."""
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
    box = read_box(machine, _from_here(given.config), _from_here(given.data))
    chosen = given.lang or settings.language(box) or box.text("kiosk", "lang")
    chosen = chosen or words.language_of(machine.environ)
    words.set_language(chosen if chosen in words.LANGUAGES else "en")
    findings = report.examine(box)
    said = report.as_json(findings) if given.json else "\n".join(report.lines(findings))
    if not _print(said):
        return 2
    if given.bundle is not None:
        try:
            bundle.write(given.bundle, box, findings)
        except OSError as error:
            said = _("The bundle {file} cannot be written: {error}.")
            _complain(said.format(file=given.bundle, error=error.strerror or error))
            return 2
        if not given.json and not _print(
            _("The bundle without health data is {file}.").format(file=given.bundle)
        ):
            return 2
    return 0 if report.is_well(findings) else 1


def _from_here(path: str | None) -> str | None:
    """A machine's paths all begin at its root."""
    return os.path.abspath(path) if path else path


def _print(text: str) -> bool:
    """Whether the reader has it, with "?" for what a terminal cannot show."""
    out = sys.stdout
    if out is None:  # closed by whoever started us
        return True
    try:
        encoding = out.encoding or "ascii"
        print(text.encode(encoding, "replace").decode(encoding), flush=True)
    except BrokenPipeError:  # who reads only the beginning has it
        _give_up(out)
    except OSError as error:
        _give_up(out)
        _complain(_("The report cannot be written: {error}.").format(error=error.strerror or error))
        return False
    return True


def _give_up(out: TextIO) -> None:
    """What is still held back would be tried once more at the end, and fail with words of Python's own."""
    with contextlib.suppress(OSError), open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), out.fileno())


def _complain(sentence: str) -> None:
    if sys.stderr is not None:
        with contextlib.suppress(OSError):
            sys.stderr.write(f"homestim: {sentence}\n")
            sys.stderr.flush()
