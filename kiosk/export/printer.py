"""Paper, through CUPS, where the box has a printer. Asked by its own programs: `lpstat` and `lp`."""

from __future__ import annotations

import shutil
import subprocess
from typing import BinaryIO, Final

from kiosk.errors import KioskError

ANSWERS_WITHIN_S: Final = 10.0
"""A print server that is not there keeps `lpstat` waiting."""
TITLE: Final = "homestim"
"""Stands in the printer's own list of jobs, which others can see: no name, no day."""


class PrinterError(KioskError):
    """Nothing is printed."""


def find_printer() -> str:
    """The default printer, else the first; empty: there is none, or nothing that answers. Blocks."""
    said = _said("lpstat", "-d")
    _, colon, default = said.partition(":")
    if colon and default.strip():
        return default.split()[0]
    every = _said("lpstat", "-e").split()
    return every[0] if every else ""


def print_pdf(printer: str, pdf: BinaryIO) -> None:
    """Hands a PDF to the printer's queue. Raises PrinterError."""
    pdf.seek(0)
    try:
        done = subprocess.run(  # noqa: S603 - a program of CUPS, and a printer that it named
            [_program("lp"), "-d", printer, "-t", TITLE, "-o", "media=A4", "-o", "fit-to-page", "-"],
            stdin=pdf,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=ANSWERS_WITHIN_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PrinterError("The printer does not answer. Nothing is printed.", detail=str(error)) from error
    if done.returncode:
        detail = done.stderr.decode(errors="replace").strip()
        raise PrinterError("The printer did not take it. Nothing is printed.", detail=detail)


def _program(name: str) -> str:
    return shutil.which(name) or name


def _said(program: str, option: str) -> str:
    """What CUPS answers; nothing where there is none."""
    command = [_program(program), option]
    try:
        done = subprocess.run(  # noqa: S603 - a program of CUPS
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=ANSWERS_WITHIN_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode(errors="replace") if done.returncode == 0 else ""
