"""The same made-up ten years in three storages: the diary, TinyDB with its own storage, and SQLite.

50 000 records of the usual kinds and lengths, 420 a month, each written by itself.
"""

from __future__ import annotations

import datetime as dt
import json
import random
import sqlite3
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from kiosk.clock import FixedClock
from kiosk.diary import months
from kiosk.diary.files import Files
from kiosk.diary.records import SCHEMA_VERSION, Entry, Envelope, LevelFound, Record, Screening, Session
from kiosk.diary.store import open_store
from programs.text import Reason

RECORDS: Final = 50_000
MONTHS: Final = 120
FIRST_DAY: Final = dt.datetime(2026, 11, 1, 9, 0, tzinfo=dt.timezone(dt.timedelta(hours=1)))
NOW: Final = dt.datetime(2036, 10, 31, 12, 0, tzinfo=dt.timezone(dt.timedelta(hours=1)))

Document = dict[str, Any]


class Unflushed(Files):
    """The disk without its flushes: to fill a folder in no time."""

    def flush_data(self, descriptor: int) -> None:
        pass

    def flush_folder(self, folder: Path) -> None:
        pass


def documents(count: int = RECORDS, seed: int = 1) -> Iterator[tuple[str, str, Document]]:
    """Month, table, document: an hour or two apart, over ten years when there are 50 000."""
    chance = random.Random(seed)
    step = (NOW - FIRST_DAY) / RECORDS
    for number in range(count):
        at = FIRST_DAY + step * number
        record = _record(chance, number)
        envelope = Envelope(
            id=str(uuid.UUID(int=chance.getrandbits(128), version=4)),
            schema=SCHEMA_VERSION,
            event_time=at,
            entry_time=at,
            clock_trusted=True,
            boot_id=str(uuid.UUID(int=number // 400)),
            monotonic_s=round(number * 6307.2 % 1e6, 3),
            folder="rehearsal",
            device_id="SIM0001",
        )
        text = msgspec.json.encode({"envelope": envelope, "record": record})
        document = msgspec.json.decode(text)
        yield f"{at:%Y-%m}", document["record"]["kind"], document


def _record(chance: random.Random, number: int) -> Record:
    kind = number % 10
    if kind < 5:
        return Entry(moment="daily", pain_rest=chance.randint(0, 10), pain_moving=chance.randint(0, 10))
    if kind < 7:
        answers = {f"d_question_{n}": "no" for n in range(6)}
        return Screening(asks="daily", answers=answers, verdict="cleared", questionnaire_digest="0" * 16)
    if kind == 7:
        return Session(
            programme="nmes_learn",
            montage="M4-par",
            session_kind="nmes",
            planned_seconds=900,
            seconds_done=900,
            state="done",
            peak_mA={"1": 12.5, "2": 13.0},
        )
    return LevelFound(
        session_id=str(uuid.UUID(int=chance.getrandbits(128), version=4)),
        waveform="35 Hz 250 us",
        montage="M4-par",
        pads="5x9",
        side="left",
        channel=1,
        device_kind="p24",
        first_feeling_mA=5.5,
        where="left",
        comfortable_mA=12.5,
        ceiling_mA=30.0,
        ceiling_set_by=Reason("no_history"),
    )


def make_diary(folder: Path) -> None:
    """A data folder of kind rehearsal."""
    open_store(folder, "rehearsal", FixedClock(FIRST_DAY)).close()
    writer = months.Writer(folder, Unflushed())
    for month, table, document in documents():
        writer.add(month, table, [msgspec.json.encode(document)])
    writer.close()


def make_stock(path: Path) -> None:
    """What TinyDB's JSONStorage writes."""
    tables: dict[str, dict[str, Document]] = {}
    for _, name, document in documents():
        table = tables.setdefault(name, {})
        table[str(len(table) + 1)] = document
    path.write_text(json.dumps(tables), encoding="utf-8")


def make_sqlite(path: Path) -> sqlite3.Connection:
    """One table, indexed by month and kind; committed one by one as durably as it can."""
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE records (id INTEGER PRIMARY KEY, month TEXT, kind TEXT, document TEXT)")
    database.execute("CREATE INDEX by_month ON records (month, kind)")
    database.execute("BEGIN")
    database.executemany(
        "INSERT INTO records (month, kind, document) VALUES (?, ?, ?)",
        ((month, kind, json.dumps(document)) for month, kind, document in documents()),
    )
    database.execute("COMMIT")
    return database
