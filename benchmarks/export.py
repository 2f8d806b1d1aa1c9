"""The exports of ten years of diary, each in a process of its own, from its start to the file on the disk.

The page is of the last twelve weeks, the table of everything; the history is that of the storage's figures.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from statistics import median

from benchmarks.figures import Figure
from benchmarks.small_parent import measured
from benchmarks.ten_years import FIRST_DAY, NOW, make_diary


def measure(quick: bool) -> list[Figure]:
    trials = 1 if quick else 5
    with tempfile.TemporaryDirectory(dir=os.environ.get("HOMESTIM_BENCH_DISK")) as name:
        place = Path(name)
        make_diary(place / "diary")
        last = f"{NOW:%Y-%m-%d}"
        figures = []
        for figure, format_ in (("report_pdf_s", "pdf"), ("report_html_s", "html"), ("csv_s", "csv")):
            usual = [_export(place, format_, "--to", last) for _ in range(trials)]
            if format_ == "csv":
                more_s, more_mb = _export(place, "fhir", "--to", last)
                note = f"FHIR of ten years: {more_s:.1f} s, {more_mb:.0f} MB"
            else:
                more_s, more_mb = _export(place, format_, "--from", f"{FIRST_DAY:%Y-%m-%d}", "--to", last)
                note = f"ten years on the page: {more_s:.2f} s, {more_mb:.0f} MB"
            peak_mb = max(mb for _, mb in usual)
            seconds = median(s for s, _ in usual)
            figures.append(Figure(figure, seconds, str(trials), None, f"{peak_mb:.0f} MB; {note}"))
    return figures


def _export(place: Path, format_: str, *more: str) -> tuple[float, float]:
    """Seconds, and MB at most in use."""
    out = place / f"out.{format_}"
    where = ("--out", str(out), "--data", str(place / "diary"))
    command = (sys.executable, "-m", "kiosk", "report", "--format", format_, *where, *more)
    took = measured(command, XDG_STATE_HOME=str(place / "state"))
    assert out.stat().st_size > 10_000
    return took
