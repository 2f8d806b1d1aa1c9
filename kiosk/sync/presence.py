"""While somebody is at the kiosk, nothing is sent: the kiosk's side of the outbox's lock."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from pathlib import Path

from kiosk.diary.outbox import Outbox, OutboxError

log = logging.getLogger(__name__)


class Presence:
    """Holds the lock from the first step away from home to the step back."""

    def __init__(self, outbox: Path) -> None:
        self._outbox = Outbox(outbox)
        self._held = ExitStack()
        self._is_there = False

    def show(self, is_there: bool) -> None:
        """Never raises: who cannot lock an outbox goes on with the visit."""
        if is_there == self._is_there:
            return
        self._is_there = is_there
        self._held.close()
        if is_there:
            try:
                self._held.enter_context(self._outbox.visit())
            except OutboxError as error:
                log.error("%s", error)
