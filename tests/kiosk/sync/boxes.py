"""Boxes with a diary and an outbox, and what ought to be on the server for them."""

from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path

from kiosk.clock import FixedClock
from kiosk.diary.outbox import Outbox
from kiosk.diary.records import CLINIC, Consent, Entry, Record, Session
from kiosk.diary.store import StoreReader, open_reader, open_store
from kiosk.sync.prepare import Prepared, prepare
from tests.kiosk.export.diaries import NOW, diary

YES = Consent(topic=CLINIC, given=True, who="patient", to="Back Clinic")
NO = Consent(topic=CLINIC, given=False, who="patient", to="Back Clinic")


class Box:
    """A diary in `folder`, to which facts are added, and its outbox."""

    def __init__(self, folder: Path, *facts: tuple[dt.datetime, Record]) -> None:
        self.data = folder / "data"
        diary(self.data, *facts)
        self.outbox = Outbox(folder / "outbox")
        self.clock = FixedClock(NOW)

    @property
    def reader(self) -> StoreReader:
        return open_reader(self.data, self.clock)

    def add(self, *records: Record, corrects: str | None = None) -> list[str]:
        """Their ids. Each a minute after the one before."""

        async def write() -> list[str]:
            ids = []
            with open_store(self.data, "real", self.clock, "P24-0001") as store:
                for record in records:
                    self.clock.time += dt.timedelta(minutes=1)
                    written = store.add(record) if corrects is None else store.correct(record, corrects)
                    ids.append((await written).envelope.id)
            return ids

        return asyncio.run(write())

    def fill(self, *, names_ids: bool = True, notes: bool = False) -> Prepared:
        return prepare(self.reader, self.outbox, names_ids=names_ids, notes=notes)

    def files(self) -> dict[str, bytes]:
        """What waits, by name."""
        found = {}
        for name in self.outbox.waiting_names():
            bundle = self.outbox.bundle(name)
            assert bundle is not None
            found[name] = bundle.content
        return found


def entry(pain: int = 4, note: str = "") -> Entry:
    return Entry(moment="daily", pain_rest=pain, note=note)


def session(state: str = "done") -> Session:
    return Session(
        programme="tens_conv",
        montage="M2",
        session_kind="tens",
        planned_seconds=900,
        state=state,  # type: ignore[arg-type]
        seconds_done=900 if state == "done" else 0,
        peak_mA={"1": 12.5},
        began_at=NOW,
        ended_at=NOW + dt.timedelta(minutes=15) if state == "done" else None,
    )
