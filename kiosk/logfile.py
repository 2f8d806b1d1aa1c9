"""The log: the only place where a traceback may stand. Bounded, and never on the terminal."""

from __future__ import annotations

import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final

LOG_FILE: Final = "homestim.log"
MAX_BYTES: Final = 1_000_000
KEPT_FILES: Final = 3


class _LogFile(RotatingFileHandler):
    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=MAX_BYTES, backupCount=KEPT_FILES, encoding="utf-8")
        self.setFormatter(logging.Formatter("%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"))

    def handleError(self, record: logging.LogRecord) -> None:
        """A full disk costs the line. The stock handler would print over the screen."""


class _NoLog(logging.NullHandler):
    pass


def log_to(folder: Path) -> None:
    """From now on the log is `folder`/homestim.log and no other. Where that cannot be written there is none,
    which must not keep anybody from their therapy or from stopping it."""
    handler: logging.Handler
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if (folder / LOG_FILE).is_fifo():
            raise OSError("who opens a pipe waits for its reader")
        handler = _LogFile(folder / LOG_FILE)
        (folder / LOG_FILE).chmod(0o600)
    except OSError:
        handler = _NoLog()
    root = logging.getLogger()
    for old in [one for one in root.handlers if isinstance(one, _LogFile | _NoLog)]:
        root.removeHandler(old)
        old.close()
    root.addHandler(handler)
    root.setLevel(logging.INFO)


def current_log() -> str:
    """Where the log is, for a sentence."""
    files = [one.baseFilename for one in logging.getLogger().handlers if isinstance(one, _LogFile)]
    return files[0] if files else "no log, because none can be written"
