"""`python -m benchmarks [--quick] [NAME...]`: measures, writes build/bench.json, prints a table.

Exit code 1 only when a benchmark could not be carried out. A goal that is missed is printed, not an error:
the machine may be busy with something else.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import traceback
from importlib import import_module
from pathlib import Path
from typing import Final

from benchmarks.figures import KINDS, Figure, table

BENCHMARKS: Final = {
    "roundtrip": ("roundtrip_p50_ms", "roundtrip_speedup_vs_science_mode_4"),
    "noise": ("resync_recovered_pct",),
    "guard_process": ("guard_rss_mb", "guard_start_ms", "stimulating_cpu_pct"),
    "stop_key": ("stop_p50_ms", "stop_p99_ms", "stop_max_ms", "stop_loaded_p99_ms"),
    "stop_button": ("stop_button_hung_p99_ms",),
    "dead_man": (
        "killed_stop_p99_ms",
        "unplug_zero_ms",
        "hung_stop_max_ms",
        "stalled_terminal_stop_ms",
        "lease_gap_max_ms",
    ),
    "storage": (
        "insert_p50_vs_sqlite",
        "insert_speedup_vs_stock",
        "insert_device_bytes",
        "insert_flatness",
        "open_ms",
        "open_rss_growth_mb",
        "read_all_ms",
        "check_ms",
    ),
    "export": ("report_pdf_s", "report_html_s", "csv_s"),
    "review": ("overview_ms", "chart_ms", "review_rss_mb"),
    "startup": ("startup_vs_textual", "startup_10_years_vs_textual"),
    "rehearsal": ("rehearse_520_weeks_s",),
    "sync": ("sync_records_per_s", "sync_bytes_per_box_day", "sync_requests_per_box_day", "sync_rss_mb"),
    "visit": ("rss_vs_textual", "idle_cpu_pct", "session_cpu_pct", "key_p99_ms", "key_quarter_cpu_p99_ms"),
}
"""Modules here with a `measure(quick) -> list[Figure]`, and which figures each gives."""
ROOT: Final = Path(__file__).parents[1]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="figures; without any, all")
    parser.add_argument("--quick", action="store_true", help="far fewer trials: to see that it works")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench.json", metavar="FILE")
    given = parser.parse_args()
    unknown = set(given.names) - set(KINDS)
    if unknown:
        parser.error(f"no such figure: {', '.join(sorted(unknown))}. There are: {', '.join(KINDS)}")
    # Everyday starts are measured, not compilations, whatever this shell thinks of compiled files.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(ROOT / "build" / "pycache")
    figures, failed = measured(given.names or list(KINDS), given.quick)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    document = {figure.name: figure.entry() for figure in figures}
    given.out.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(table(figures))
    return int(failed)


def measured(names: list[str], quick: bool) -> tuple[list[Figure], bool]:
    """Every benchmark that gives one of `names`, one after the other; and whether one could not be done."""
    figures: list[Figure] = []
    failed = False
    for name, gives in BENCHMARKS.items():
        if not set(gives) & set(names):
            continue
        began_s = time.monotonic()
        try:
            found = import_module(f"benchmarks.{name}").measure(quick)
        except Exception:
            traceback.print_exc()
            failed = True
        else:
            figures += [figure for figure in found if figure.name in names]
        print(f"{name}: {time.monotonic() - began_s:.0f} s", file=sys.stderr, flush=True)
    return figures, failed


if __name__ == "__main__":
    sys.exit(main())
