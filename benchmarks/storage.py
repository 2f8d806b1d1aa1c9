"""The diary's storage beside TinyDB's own and SQLite (WAL, synchronous=FULL), in one run, on one disk.

Inserts are measured in turns, so that all see the same moments of the disk. Bytes to the device are those of
the block device's own counter (the median of several rounds: others write too); where there is none, those
that the kernel counts for this process.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import msgspec
from tinydb import TinyDB

from benchmarks.figures import Figure
from benchmarks.ten_years import RECORDS, Document, Unflushed, documents, make_diary, make_sqlite, make_stock
from kiosk.diary import months
from kiosk.diary.journal import open_journal

SECTOR_BYTES = 512
Insert = Callable[[Document], object]


def measure(quick: bool) -> list[Figure]:
    with tempfile.TemporaryDirectory(dir=os.environ.get("HOMESTIM_BENCH_DISK")) as name:
        place = Path(name)
        make_diary(place / "diary")
        make_stock(place / "stock.json")
        database = make_sqlite(place / "sqlite.db")
        # First: the inserts below make the newest month four times a usual one.
        figures = _reading(place, trials=1 if quick else 5)
        figures += _inserts(place, database, rounds=2 if quick else 12, stock_inserts=1 if quick else 5)
        figures.append(_flatness(place, rounds=2 if quick else 12))
        database.close()
        return figures


def _inserts(place: Path, database: sqlite3.Connection, rounds: int, stock_inserts: int) -> list[Figure]:
    writer = months.Writer(place / "diary")
    stock = TinyDB(place / "stock.json")
    each = 100
    new = [document for _, _, document in documents(each)]

    def into_sqlite(document: Document) -> object:
        return database.execute(
            "INSERT INTO records (month, kind, document) VALUES (?, ?, ?)",
            (writer.newest, document["record"]["kind"], json.dumps(document)),
        )

    def into_diary(document: Document) -> object:
        return writer.add(writer.newest, document["record"]["kind"], [msgspec.json.encode(document)])

    ours_ms: list[float] = []
    sqlite_ms: list[float] = []
    ours_bytes, sqlite_bytes = [], []
    counter = _device_counter(place)
    for insert in (into_diary, into_sqlite):
        _timed(insert, new[:20])
    for _ in range(rounds):
        for insert, times_ms, sizes in (
            (into_diary, ours_ms, ours_bytes),
            (into_sqlite, sqlite_ms, sqlite_bytes),
        ):
            before = counter()
            times_ms += _timed(insert, new)
            sizes.append((counter() - before) / each)
    stock_ms = _timed(lambda document: stock.table("entries").insert(document), new[:stock_inserts])
    writer.close()
    ours, peer, slow = median(ours_ms), median(sqlite_ms), median(stock_ms)
    trials = f"{rounds} × {each}"
    how = counter.__doc__ or ""
    return [
        Figure("insert_p50_vs_sqlite", ours / peer, trials, 1.0, f"{ours:.3f} ms beside {peer:.3f} ms"),
        Figure("insert_speedup_vs_stock", slow / ours, f"{stock_inserts}", None, f"{slow:.0f} ms"),
        Figure("insert_device_bytes", median(ours_bytes), trials, median(sqlite_bytes), how),
    ]


def _flatness(place: Path, rounds: int) -> Figure:
    """How far the median at 10³, 10⁴ and 10⁵ documents in one journal lies from their mean."""
    sizes = (1_000, 10_000, 100_000)
    new = [document for _, _, document in documents(100)]
    databases = []
    for size in sizes:
        with open_journal(place / f"flat-{size}", files=Unflushed()) as filled:
            filled.table("entries").insert_multiple(new[number % 100] for number in range(size))
        databases.append(open_journal(place / f"flat-{size}"))
        databases[-1].table("entries").insert(new[0])
    times_ms: list[list[float]] = [[] for _ in sizes]
    for _ in range(rounds):
        for database, found in zip(databases, times_ms, strict=True):
            found += _timed(database.table("entries").insert, new)
    for database in databases:
        database.close()
    medians = [median(found) for found in times_ms]
    middle = sum(medians) / len(medians)
    worst = max(abs(one - middle) for one in medians) / middle * 100
    at = ", ".join(f"{one:.3f} ms" for one in medians)
    return Figure("insert_flatness", worst, f"{rounds} × 100", None, f"{at} at 10³, 10⁴, 10⁵")


def _reading(place: Path, trials: int) -> list[Figure]:
    paths = {"diary": place / "diary", "stock": place / "stock.json", "sqlite": place / "sqlite.db"}

    def child(what: str, kind: str) -> tuple[float, float, int]:
        runs = [_child(f"{what}_{kind}", paths[kind]) for _ in range(trials)]
        return median(run["ms"] for run in runs), median(run["mb"] for run in runs), int(runs[0]["found"])

    opened, grown_mb, found = child("open", "diary")
    read, read_mb, all_found = child("read", "diary")
    checked, _, lines = child("check", "diary")
    assert found > 100
    assert all_found >= RECORDS <= lines
    stock_open, stock_mb, _ = child("open", "stock")
    sqlite_open, sqlite_mb, _ = child("open", "sqlite")
    stock_read, _, _ = child("read", "stock")
    sqlite_read, _, _ = child("read", "sqlite")
    sqlite_check, _, _ = child("check", "sqlite")
    return [
        Figure("open_ms", opened, str(trials), sqlite_open, f"stock {stock_open:.0f} ms"),
        Figure(
            "open_rss_growth_mb", grown_mb, str(trials), sqlite_mb, f"peer: SQLite; stock {stock_mb:.0f} MB"
        ),
        Figure("read_all_ms", read, str(trials), sqlite_read, f"stock {stock_read:.0f} ms; {read_mb:.0f} MB"),
        Figure("check_ms", checked, str(trials), sqlite_check, f"{lines} lines"),
    ]


def _timed(insert: Insert, new: list[Document]) -> list[float]:
    times_ms = []
    for document in new:
        began_s = time.perf_counter()
        insert(document)
        times_ms.append((time.perf_counter() - began_s) * 1000)
    return times_ms


def _child(what: str, path: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.storage_child", what, str(path)],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _device_counter(place: Path) -> Callable[[], int]:
    """What tells how many bytes were written so far."""
    device = os.stat(place).st_dev
    stat = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}/stat")

    def by_device() -> int:
        """by the block device's counter"""
        return int(stat.read_text(encoding="ascii").split()[6]) * SECTOR_BYTES

    def by_process() -> int:
        """by the kernel's count for this process"""
        lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("write_bytes"))

    return by_device if stat.exists() else by_process
