"""The benchmarks' form: stable names, values with their units, and a run that ends."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import BENCHMARKS
from benchmarks.figures import KINDS, Figure, percentile, table
from benchmarks.processes import cpu_pct
from benchmarks.quarter import a_quarter_of_a_core

ROOT = Path(__file__).parents[1]

NAMES_IN_USE = """
roundtrip_p50_ms roundtrip_speedup_vs_science_mode_4 resync_recovered_pct stop_p50_ms stop_p99_ms
stop_max_ms stop_loaded_p99_ms stop_button_hung_p99_ms killed_stop_p99_ms unplug_zero_ms
hung_stop_max_ms stalled_terminal_stop_ms lease_gap_max_ms guard_rss_mb guard_start_ms
stimulating_cpu_pct rehearse_520_weeks_s insert_p50_vs_sqlite insert_speedup_vs_stock
insert_device_bytes insert_flatness open_ms open_rss_growth_mb read_all_ms check_ms
startup_vs_textual startup_10_years_vs_textual rss_vs_textual key_quarter_cpu_p99_ms chart_ms csv_s
review_rss_mb idle_cpu_pct session_cpu_pct key_p99_ms overview_ms report_pdf_s report_html_s
sync_records_per_s sync_bytes_per_box_day sync_requests_per_box_day sync_rss_mb split
"""
"""A figure keeps its name from release to release."""


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_every_figure_has_a_name_in_use_and_one_benchmark_that_gives_it() -> None:
    assert set(KINDS) <= set(NAMES_IN_USE.split())
    given = [name for names in BENCHMARKS.values() for name in names]
    assert sorted(given) == sorted(KINDS)
    for module in BENCHMARKS:
        assert (ROOT / "benchmarks" / f"{module}.py").exists()


def test_a_quick_run_of_two_figures_writes_one_flat_object(tmp_path: Path) -> None:
    out = tmp_path / "build" / "bench.json"
    done = bench("--quick", "--out", str(out), "roundtrip_p50_ms", "resync_recovered_pct")
    assert done.returncode == 0, done.stderr
    found = json.loads(out.read_text(encoding="utf-8"))
    assert set(found) == {"roundtrip_p50_ms", "resync_recovered_pct"}
    assert found["resync_recovered_pct"] == {"value": 100, "unit": "%", "goal": 100}
    roundtrip = found["roundtrip_p50_ms"]
    assert set(roundtrip) == {"value", "unit", "goal", "peer"}
    assert (roundtrip["unit"], roundtrip["goal"]) == ("ms", 1.6)
    assert 1.0 < roundtrip["value"] < roundtrip["peer"]
    assert "50 / 20" in done.stdout
    assert "5 kinds" in done.stdout


def test_an_unknown_figure_is_wrong_usage() -> None:
    done = bench("stop_p51_ms")
    assert done.returncode == 2
    assert "no such figure: stop_p51_ms" in done.stderr


@pytest.mark.parametrize(
    ("name", "value", "short"),
    [
        ("stop_p50_ms", 0.9, False),
        ("stop_p50_ms", 1.1, True),
        ("resync_recovered_pct", 99.9, True),
        ("resync_recovered_pct", 100.0, False),
        ("stop_max_ms", 900.0, False),
    ],
)
def test_a_goal_that_is_missed_is_said(name: str, value: float, short: bool) -> None:
    figure = Figure(name, value, "3")
    assert figure.falls_short is short
    assert ("FALLS SHORT" in table([figure])) is short


def test_a_percentile_is_a_value_that_occurred() -> None:
    values = [float(value) for value in range(1, 101)]
    assert [percentile(values, percent) for percent in (0, 50, 99, 100)] == [1, 50, 99, 100]
    assert percentile([3.0, 9.0], 99) == 9.0


def test_a_process_that_wants_a_whole_core_gets_a_quarter_of_it() -> None:
    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        with a_quarter_of_a_core(busy.pid):
            (held_pct,) = cpu_pct([busy.pid], 0.5)
    finally:
        busy.kill()
        busy.wait()
    assert held_pct < 32
