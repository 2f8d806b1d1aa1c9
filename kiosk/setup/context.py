"""What a question needs, and what the answers before it led to."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from kiosk import plain_file
from kiosk.clock import Clock
from kiosk.config import Config, ConfigError, decode_config
from kiosk.diary.records import FolderKind
from kiosk.settings import SimulatorSpec
from kiosk.setup import toml_edit
from kiosk.setup.conversation import Conversation
from kiosk.setup.progress import Progress
from kiosk.setup.progress import save as save_progress

BY_ID_PORTS: Final = Path("/dev/serial/by-id")
BY_ID_INPUTS: Final = Path("/dev/input/by-id")
GUARD_UNIT: Final = Path("/etc/systemd/system/homestim-guard.service")
PASSPHRASE: Final = Path("/etc/homestim/backup-passphrase")
_LISTENS_AT: Final = re.compile(r"^ExecStart=.* --socket (/\S+)", re.MULTILINE)


class Setup(msgspec.Struct, kw_only=True):
    """What a question needs, and what the answers before it led to."""

    talk: Conversation
    clock: Clock
    config_file: Path
    folder: Path
    card_file: Path
    simulator: SimulatorSpec | None = None
    """Instead of a stimulator: the box is one for trying, for ever."""
    ports: Path = BY_ID_PORTS
    inputs: Path = BY_ID_INPUTS
    guard_unit: Path = GUARD_UNIT
    passphrase: Path = PASSPHRASE
    """Where the nightly backup finds its own; root alone reads it."""
    progress: Progress = Progress()

    @property
    def config(self) -> Config:
        """As it stands in the file now. Raises ConfigError."""
        return decode_config(self._text(), str(self.config_file))

    @property
    def kind(self) -> FolderKind:
        return "real" if self.simulator is None else "simulated"

    @property
    def guard_socket(self) -> str:
        """Where the guard of this box listens that is a unit of its own; empty where none is installed.

        Raises ConfigError.
        """
        try:
            unit = plain_file.text(self.guard_unit)
        except FileNotFoundError:
            return ""
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"The unit {self.guard_unit} cannot be read.", detail=str(error)) from error
        found = _LISTENS_AT.search(unit)
        return "" if found is None else found[1]

    def set(self, change: toml_edit.Change) -> None:
        """Durable when it returns, and never what the kiosk refuses. Raises CannotEdit, ConfigError."""
        text = toml_edit.changed(self._text(), change, str(self.config_file))
        decode_config(text, str(self.config_file))
        toml_edit.write(self.config_file, text)

    def note(self, **people: str) -> None:
        """Who can help, for the card."""
        self.progress = msgspec.structs.replace(self.progress, people={**self.progress.people, **people})
        with as_owner(self.folder):
            save_progress(self.folder, self.progress)

    def _text(self) -> str:
        try:
            return plain_file.text(self.config_file)
        except FileNotFoundError:
            return ""
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                f"The configuration file {self.config_file} cannot be read.", detail=str(error)
            ) from error


@contextlib.contextmanager
def as_owner(folder: Path) -> Iterator[None]:
    """Root answers for the kiosk's user, who alone has to read and write what is in `folder`."""
    found = os.stat(folder)
    if os.geteuid() != 0 or found.st_uid == 0:
        yield
        return
    group = os.getegid()
    os.setegid(found.st_gid)
    os.seteuid(found.st_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)
