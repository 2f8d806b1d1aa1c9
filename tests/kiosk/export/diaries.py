"""Small diaries with just what a test of an export needs."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from kiosk.clock import FixedClock
from kiosk.diary import prescriptions
from kiosk.diary.records import FolderKind, Record
from kiosk.diary.store import StoreReader, open_reader, open_store
from programs.library import prescription_example

NOW = dt.datetime(2026, 11, 2, 18, 30, tzinfo=dt.timezone(dt.timedelta(hours=1)))


def at(days_ago: int, hour: int = 9) -> dt.datetime:
    """An hour of a day before `NOW`."""
    return NOW.replace(hour=hour, minute=0) - dt.timedelta(days=days_ago)


def diary(
    folder: Path,
    *facts: tuple[dt.datetime, Record],
    kind: FolderKind = "real",
    prescribed: str | None = None,
    corrections: Sequence[tuple[int, Record]] = (),
) -> StoreReader:
    """A folder with a prescription, these facts, each entered when it happened, and corrections of some of
    them (number of the fact, what takes its place); read at `NOW`."""
    clock = FixedClock(at(400))

    async def write() -> None:
        with open_store(folder, kind, clock, "P24-0001" if kind == "real" else "SIM0001") as store:
            await prescriptions.install(store, prescribed or prescription_example(), "test.toml")
            written = []
            for when, fact in facts:
                clock.time = when
                written.append(await store.add(fact))
            clock.time = NOW
            for number, fact in corrections:
                await store.correct(fact, written[number].envelope.id)

    asyncio.run(write())
    return open_reader(folder, FixedClock(NOW))
