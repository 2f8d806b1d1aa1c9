"""Which questions are answered: `setup.json` of the data folder, durable after each of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from kiosk import plain_file
from kiosk.diary import durable
from kiosk.diary.folder import reason_of
from kiosk.errors import KioskError

FILE: Final = "setup.json"


class ProgressError(KioskError):
    """What was answered cannot be read or kept."""


class Progress(msgspec.Struct, frozen=True):
    """Step → what was answered, in one line; in the order in which it was."""

    done: Mapping[str, str] = {}
    people: Mapping[str, str] = {}
    """Who can help, for the card: words and numbers as they were typed."""


def load(folder: Path) -> Progress:
    """Raises ProgressError."""
    try:
        return msgspec.json.decode(plain_file.read(folder / FILE), type=Progress)
    except FileNotFoundError:
        return Progress()
    except (OSError, RecursionError, msgspec.DecodeError) as error:
        raise ProgressError(
            f"{folder / FILE} cannot be read. Remove it, and every question is asked again.",
            detail=str(error),
        ) from error


def save(folder: Path, progress: Progress) -> None:
    """Raises ProgressError."""
    try:
        durable.write_file(folder / FILE, msgspec.json.encode(progress))
    except OSError as error:
        raise ProgressError(
            f"The answers cannot be kept: {reason_of(error)}. The ones before hold.", detail=str(error)
        ) from error
