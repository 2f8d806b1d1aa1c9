"""What a box costs the clinic's server, and how fast a backlog goes: `homestim sync` against a server on
loopback that stores and answers, and does nothing else."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from statistics import median

from benchmarks.figures import Figure
from kiosk.clock import FixedClock
from kiosk.config import Sync
from kiosk.diary.outbox import Outbox
from kiosk.diary.store import open_reader
from kiosk.sync.incoming import fetch, search_of
from kiosk.sync.prepare import prepare
from kiosk.sync.sender import NOT_ALLOWED, Sender
from kiosk.sync.transport import FhirServer
from tests.kiosk.rehearsal.folders import ENDS
from tests.kiosk.sync.fhir_server import FhirServerProcess, FhirStore, fhir_server
from tests.kiosk.sync.test_fleet import DAYS, life

BOXES_ON_PAPER = 1_000_000
TIMER_HOURS = 4
"""As homestim-sync.timer has it."""
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
    runs, people = (2, 1) if quick else (5, 3)
    with tempfile.TemporaryDirectory() as place, fhir_server(FhirStore()) as server:
        folder = Path(place)
        config = folder / "kiosk.toml"
        config.write_text(f'[sync]\nserver = "{server.url}"\n')
        seconds, rss_mb, records = _backlog(folder, config, server, runs)
        requests, sent_bytes = _daily(folder, people)
    per_s = BOXES_ON_PAPER / 86_400
    note = (
        f"on paper, {BOXES_ON_PAPER:,} boxes: {requests * per_s:.0f} requests, "
        f"{sent_bytes * per_s / 1e6:.2f} MB a second"
    )
    return [
        Figure("sync_records_per_s", records / seconds, str(runs), note=f"{records}, a start included"),
        Figure("sync_rss_mb", rss_mb, str(runs), note="the most of the sending process"),
        Figure("sync_bytes_per_box_day", sent_bytes, f"{people} × {DAYS} days", note=note),
        Figure("sync_requests_per_box_day", requests, f"{people} × {DAYS} days", note="every four hours"),
    ]


def _backlog(folder: Path, config: Path, server: FhirServerProcess, runs: int) -> tuple[float, float, int]:
    """Seconds, MB and resources of a month that is sent at once."""
    data = life(folder / "backlog", 1)[-1]
    seconds, peaks_mb, records = [], [], 0
    for run in range(runs):
        outbox = Outbox(folder / f"outbox{run}")
        records = prepare(open_reader(data, FixedClock(ENDS)), outbox).resources
        server.store.forget()
        command = [sys.executable, "-c", SENDER, "sync", "--once", "--config", str(config)]
        began_s = time.monotonic()
        done = subprocess.run([*command, "--outbox", str(outbox.folder)], capture_output=True, check=True)
        seconds.append(time.monotonic() - began_s)
        peaks_mb.append(float(done.stderr.split()[-1]))
        assert len(server.store.resources) == records
    return median(seconds), max(peaks_mb), records


def _daily(folder: Path, people: int) -> tuple[float, float]:
    """Requests of a box and day, and bytes of what it uploads: by its timer, with a visit each morning."""
    with fhir_server(FhirStore()) as server:
        client = FhirServer(Sync(server=server.url))
        for seed in range(people):
            outbox = Outbox(folder / f"daily{seed}")
            yesterday = None
            for day, today in enumerate(life(folder / f"life{seed}", seed, every=1), -DAYS):
                for hour in range(0, 24, TIMER_HOURS):
                    data = today if hour >= 12 else yesterday
                    clock = FixedClock(ENDS + dt.timedelta(days=day, hours=hour))
                    if data is not None:
                        prepare(open_reader(data, clock), outbox)
                    _send(outbox, client, clock)
                yesterday = today
            server.store.forget()
    return server.requests / (people * DAYS), server.bytes / (people * DAYS)


def _send(outbox: Outbox, client: FhirServer, clock: FixedClock) -> None:
    """Once, and asks what there is for the box."""

    def ask() -> None:
        fetch(outbox, client, search_of(str(uuid.UUID(int=0))))

    done = Sender(outbox, client, clock.now).run(ask=ask)
    assert done.trouble in ("", NOT_ALLOWED), done.trouble
