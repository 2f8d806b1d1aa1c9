"""What a box costs the clinic's server, and how fast a backlog goes: `homestim sync` against a server on
loopback that stores and answers, and does nothing else."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.figures import Figure
from kiosk.clock import FixedClock
from kiosk.diary.store import open_reader
from kiosk.sync.outbox import Outbox
from kiosk.sync.prepare import prepare
from tests.rehearsal.folders import ENDS
from tests.sync.fhir_server import FhirServerProcess, FhirStore, fhir_server
from tests.sync.test_fleet import DAYS, life

BOXES_ON_PAPER = 1_000_000
SENDER = """
import os, sys
from benchmarks.processes import memory_mb
from kiosk import cli
code = cli.main(sys.argv[1:])
print(memory_mb(os.getpid(), "VmHWM"), file=sys.stderr)
sys.exit(code)
"""
"""`homestim`, which says at its end how much memory it had at most: the kernel's other counters begin with
the parent's."""


def measure(quick: bool) -> list[Figure]:
    runs, people = (2, 2) if quick else (5, 5)
    with tempfile.TemporaryDirectory() as place, fhir_server(FhirStore()) as server:
        folder = Path(place)
        config = folder / "kiosk.toml"
        config.write_text(f'[sync]\nserver = "{server.url}"\n')
        seconds, rss_mb, records = _backlog(folder, config, server, runs)
        requests, sent_bytes = _daily(folder, people)
    per_s = BOXES_ON_PAPER / 86_400
    megabytes = sent_bytes * per_s / 1e6
    note = f"on paper, {BOXES_ON_PAPER:,} boxes: {requests * per_s:.0f} requests, {megabytes:.0f} MB a second"
    return [
        Figure("sync_records_per_s", records / seconds, str(runs), note=f"{records}, a start included"),
        Figure("sync_rss_mb", rss_mb, str(runs), note="the most of the sending process"),
        Figure("sync_bytes_per_box_day", sent_bytes, f"{people} × {DAYS} days", note=note),
        Figure("sync_requests_per_box_day", requests, f"{people} × {DAYS} days", note="sent once a day"),
    ]


def _backlog(folder: Path, config: Path, server: FhirServerProcess, runs: int) -> tuple[float, float, int]:
    """Seconds, MB and resources of a month that is sent at once."""
    data = life(folder / "backlog", 1)[-1]
    seconds, peaks_mb, records = [], [], 0
    for run in range(runs):
        outbox = Outbox(folder / f"outbox{run}")
        records = prepare(open_reader(data, FixedClock(ENDS)), outbox).resources
        server.store.resources.clear()
        command = [sys.executable, "-c", SENDER, "sync", "--once", "--config", str(config)]
        began_s = time.monotonic()
        done = subprocess.run([*command, "--outbox", str(outbox.folder)], capture_output=True, check=True)
        seconds.append(time.monotonic() - began_s)
        peaks_mb.append(float(done.stderr.split()[-1]))
        assert len(server.store.resources) == records
    return median(seconds), max(peaks_mb), records


def _daily(folder: Path, people: int) -> tuple[float, float]:
    """Requests and bytes of a box and day, sent once a day."""
    requests = sent_bytes = 0
    for seed in range(people):
        outbox = Outbox(folder / f"daily{seed}")
        for day, data in enumerate(life(folder / f"life{seed}", seed, every=1), 1 - DAYS):
            prepare(open_reader(data, FixedClock(ENDS + dt.timedelta(days=day))), outbox)
        waiting = [outbox.bundle(name) for name in outbox.waiting_names()]
        requests += len(waiting)
        sent_bytes += sum(len(bundle.content) for bundle in waiting if bundle is not None)
    return requests / (people * DAYS), sent_bytes / (people * DAYS)
