"""Files behind a password, in a form that any reader of PDF opens: the report, encrypted with AES-256, and
everything else attached to it, encrypted as well.

The box makes the password up: nobody's birthday, and a keypad can show it where it could not be typed.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import BinaryIO, Final

from kiosk.access.codes import ALPHABET

GROUPS: Final = 4
GROUP_LENGTH: Final = 5
"""Twenty letters of 32: 100 bits, more than anybody guesses offline."""


def new_password(pick: Callable[[str], str] = secrets.choice) -> str:
    """ "4FK2X-…": capital letters and digits that nobody misreads."""
    return "-".join("".join(pick(ALPHABET) for _ in range(GROUP_LENGTH)) for _ in range(GROUPS))


def seal(report: BinaryIO, others: Mapping[str, BinaryIO], password: str, out: BinaryIO) -> None:
    """Writes the PDF `report` with `others` attached to `out`. With the password alone can it be read."""
    from pypdf import PdfWriter

    writer = PdfWriter(clone_from=report)
    for name, content in others.items():
        content.seek(0)
        writer.add_attachment(name, content.read())
    writer.pdf_header = "%PDF-2.0"  # to which AES-256 belongs
    writer.encrypt(password, algorithm="AES-256")
    writer.write(out)
