"""Where a passphrase comes from: a file, or the keyboard. Never the command line, which others can see."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

import click

from kiosk.errors import KioskError

VARIABLE: Final = "HOMESTIM_PASSPHRASE_FILE"


def passphrase(file: Path | None, *, new: bool) -> bytes:
    """Of `file`, or of the one that HOMESTIM_PASSPHRASE_FILE names (without the end of its line); else typed,
    twice when it is `new`. Raises KioskError."""
    named = file or (Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None)
    if named is not None:
        try:
            return named.read_bytes().rstrip(b"\r\n")
        except OSError as error:
            raise KioskError(f"The passphrase in {named} cannot be read: {error.strerror}.", 2) from error
    if not sys.stdin.isatty():
        raise KioskError(
            f"There is nobody to type the passphrase: name a file with --passphrase-file or {VARIABLE}.", 2
        )
    typed = click.prompt("Passphrase", hide_input=True, confirmation_prompt=new, err=True)
    return str(typed).encode()
