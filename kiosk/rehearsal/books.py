"""Where a rehearsal's records go: into a new data folder, month by month, or nowhere."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import shutil
from pathlib import Path
from types import TracebackType
from typing import Final

from kiosk.clock import FixedClock
from kiosk.diary import durable
from kiosk.diary import folder as data_folder
from kiosk.diary.records import Acknowledgement, Alert, Record, Stored
from kiosk.diary.store import Store, open_store
from kiosk.errors import KioskError
from kiosk.rehearsal.notes import SEEN_TO

DEVICE_ID: Final = "SIM-REHEARSAL"
TOLD_AFTER_S: Final = 600.0
SEEN_AFTER: Final = dt.timedelta(days=4)
"""What began later stands: something is left to look at."""
RECENT: Final = 50
"""Records back that a correction can still mean when a month is over."""
_NAMES: Final = (data_folder.META, data_folder.META + durable.TEMPORARY_SUFFIX, data_folder.LOCK)
"""What a data folder has beside its journal."""


class Nowhere:
    """Gives ids and forgets."""

    def __init__(self) -> None:
        self.written = 0

    def add(self, record: Record, corrects: str | None = None, at: dt.datetime | None = None) -> str:
        """The id of the record."""
        self.written += 1
        return f"r{self.written}"


class NewFolder:
    """A new data folder of kind rehearsal. A month is kept in memory and written at once when it is over.

    Of a rehearsal that does not come to its end no folder is left: the next one would be refused there.
    """

    def __init__(self, folder: Path, clock: FixedClock) -> None:
        """Raises KioskError when something is there already; FolderError when it cannot be made."""
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise KioskError(
                f"{folder} is not empty. A rehearsal writes into a new folder: name one that is not there.",
                exit_code=2,
            )
        self.written = 0
        self._clock = clock
        self._folder = folder
        self._made = [one for one in (folder, *folder.parents) if not one.exists()]
        """Folders that were not there before, the innermost first."""
        try:
            self._store: Store = open_store(folder, "rehearsal", clock, DEVICE_ID)
        except data_folder.NotWritable:
            self._remove()
            raise
        self._drafts: list[Stored] = []
        self._began: dict[str, dt.datetime] = {}
        """Record that can still be corrected → when it happened."""

    def add(self, record: Record, corrects: str | None = None, at: dt.datetime | None = None) -> str:
        """The id of the record; a correction happened when the corrected one did."""
        now = self._clock.now()
        if self._drafts and self._drafts[0].envelope.entry_time.month != now.month:
            self.write()
        happened = at or (None if corrects is None else self._began.get(corrects))
        draft = self._store.draft(record, happened, corrects)
        self._drafts.append(draft)
        self._began[draft.envelope.id] = draft.envelope.event_time
        self.written += 1
        return draft.envelope.id

    def write(self) -> None:
        """Everything so far becomes durable. Raises StoreReadOnly."""
        drafts, self._drafts = self._drafts, []
        kept = {draft.envelope.id for draft in drafts[-RECENT:]}
        self._began = {id_: at for id_, at in self._began.items() if id_ in kept}
        asyncio.run(self._store.add_all(drafts))

    def _tell_the_family(self) -> None:
        """On the last evening the box tells what the rules of the alerts find of late, and the family
        sees to all of it but the newest."""
        from kiosk.diary.shortening import Memory
        from kiosk.review.alerts import read_alerts
        from kiosk.today import read

        self._clock.advance(TOLD_AFTER_S)
        reader = Memory().shortened(self._store)
        today = read(reader, self._clock)
        for one in read_alerts(reader, today).new:
            id_ = self.add(Alert(level=one.level, rule=one.rule, records=one.records, since=one.since))
            if today.now.date() - one.since >= SEEN_AFTER:
                self.add(Acknowledgement(alert=id_, note=SEEN_TO[0], who="family"))
        self.write()

    def __enter__(self) -> NewFolder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        is_whole = False
        try:
            if kind is None:
                self.write()
                self._tell_the_family()
                is_whole = True
        finally:
            self._store.close()
            if not is_whole:
                self._remove()

    def _remove(self) -> None:
        """What this one made, and nothing that somebody else put there meanwhile."""
        shutil.rmtree(self._folder / data_folder.JOURNAL, ignore_errors=True)
        with contextlib.suppress(OSError):
            for name in _NAMES:
                (self._folder / name).unlink(missing_ok=True)
            for made in self._made:
                made.rmdir()
