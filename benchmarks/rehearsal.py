"""Ten years of therapy with an invented patient, played by `homestim rehearse` in a process of its own.

Without the history, and with it written into a new folder; and what that needed of memory.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.figures import Figure

WEEKS = 520
QUICK_WEEKS = 26
CHILD = """
import sys
from kiosk import cli
code = cli.main(sys.argv[1:])
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(status["VmHWM"].split()[0], file=sys.stderr)
sys.exit(code)
"""
"""Says its own highest memory in kB: what the kernel counts of a child begins with its parent's."""


def measure(quick: bool) -> list[Figure]:
    weeks = QUICK_WEEKS if quick else WEEKS
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.json"
        played_s, _ = _rehearse(weeks, out)
        document = json.loads(out.read_bytes())
        data = Path(folder) / "data"
        written_s, rss_mb = _rehearse(weeks, Path(folder) / "again.json", "--data", str(data))
        size_mb = sum(file.stat().st_size for file in data.rglob("*") if file.is_file()) / 1e6
    note = (
        f"{document['summary']['sessions']} sessions; {written_s:.1f} s with the history written "
        f"({size_mb:.0f} MB), peak {rss_mb:.0f} MB of memory"
    )
    return [Figure("rehearse_520_weeks_s", played_s * WEEKS / weeks, f"1 × {weeks} weeks", None, note)]


def _rehearse(weeks: int, out: Path, *more: str) -> tuple[float, float]:
    """Seconds, and the highest resident memory in MB."""
    command = [sys.executable, "-c", CHILD, "rehearse", "--weeks", str(weeks), "--json", *more]
    began_s = time.perf_counter()
    with out.open("wb") as file:
        done = subprocess.run(command, stdout=file, stderr=subprocess.PIPE, text=True, check=False)
    seconds = time.perf_counter() - began_s
    if done.returncode:
        raise RuntimeError(f"rehearse ended with {done.returncode}: {done.stderr}")
    return seconds, int(done.stderr) / 1024
