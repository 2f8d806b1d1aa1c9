"""One way of reading ten years, in a process of its own: `python -m benchmarks.storage_child WHAT PATH`.

Prints the milliseconds it took and the growth of the memory in use, imports not counted. What was read is
still held then, whoever read it: giving it back is neither reading nor free memory.
"""

from __future__ import annotations

import atexit
import json
import sqlite3
import sys
import time
from collections.abc import Callable, Sized
from pathlib import Path

from tinydb import TinyDB

from benchmarks.ten_years import NOW
from kiosk.clock import FixedClock
from kiosk.diary.check import examine
from kiosk.diary.records import TABLES
from kiosk.diary.store import open_reader, open_store

MONTH = f"{NOW:%Y-%m}"
HELD: list[Sized] = []


def held(found: list[Sized]) -> int:
    """How many they are in all."""
    HELD.extend(found)
    return sum(map(len, found))


def open_diary(path: Path) -> int:
    store = open_store(path, "rehearsal", FixedClock(NOW))
    atexit.register(store.close)
    return held([store.days("entries", NOW.date().replace(day=1), NOW.date())])


def open_stock(path: Path) -> int:
    return held([TinyDB(path).table("entries")])


def open_sqlite(path: Path) -> int:
    rows = sqlite3.connect(path).execute(
        "SELECT document FROM records WHERE month = ? AND kind = 'entries'", (MONTH,)
    )
    return held([[json.loads(document) for (document,) in rows]])


def read_diary(path: Path) -> int:
    reader = open_reader(path, FixedClock(NOW))
    return held([reader.facts(kind) for kind in TABLES])


def read_stock(path: Path) -> int:
    database = TinyDB(path)
    return held([database.table(kind).all() for kind in database.tables()])


def read_sqlite(path: Path) -> int:
    rows = sqlite3.connect(path).execute("SELECT document FROM records")
    return held([[json.loads(document) for (document,) in rows]])


def check_diary(path: Path) -> int:
    report = examine(path)
    assert report.whole
    return report.count


def check_sqlite(path: Path) -> int:
    return len(sqlite3.connect(path).execute("PRAGMA integrity_check").fetchall())


def rss_mb() -> float:
    """Resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 1e6


def main(what: str, path: str) -> None:
    action: Callable[[Path], int] = globals()[what]
    before_mb = rss_mb()
    began_s = time.perf_counter()
    found = action(Path(path))
    took_ms = (time.perf_counter() - began_s) * 1000
    print(json.dumps({"ms": took_ms, "mb": rss_mb() - before_mb, "found": found}))


if __name__ == "__main__":
    main(*sys.argv[1:])
