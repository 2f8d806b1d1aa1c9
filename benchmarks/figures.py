"""The figures: names, which stay from release to release, units and goals, and one measured value."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Kind:
    """What a figure is measured in, and what it should reach."""

    unit: str
    goal: float | None
    at_least: bool = False
    """The goal is a lower bound; else an upper one."""


KINDS: Final = {
    "roundtrip_p50_ms": Kind("ms", 1.6),
    "roundtrip_speedup_vs_science_mode_4": Kind("×", 5, at_least=True),
    "resync_recovered_pct": Kind("%", 100, at_least=True),
    "stop_p50_ms": Kind("ms", 1),
    "stop_p99_ms": Kind("ms", 5),
    "stop_max_ms": Kind("ms", None),
    "stop_loaded_p99_ms": Kind("ms", 100),
    "stop_button_hung_p99_ms": Kind("ms", 5),
    "killed_stop_p99_ms": Kind("ms", 10),
    "unplug_zero_ms": Kind("ms", None),
    "hung_stop_max_ms": Kind("ms", 550),
    "stalled_terminal_stop_ms": Kind("ms", 2000),
    "lease_gap_max_ms": Kind("ms", None),
    "guard_rss_mb": Kind("MB", 26),
    "guard_start_ms": Kind("ms", 150),
    "stimulating_cpu_pct": Kind("% of a core", 3),
    "overview_ms": Kind("ms", 300),
    "chart_ms": Kind("ms", 50),
    "review_rss_mb": Kind("MB", 150),
    "report_pdf_s": Kind("s", 3),
    "report_html_s": Kind("s", 1.5),
    "csv_s": Kind("s", 2),
    "rehearse_520_weeks_s": Kind("s", 20),
    "insert_p50_vs_sqlite": Kind("×", 0.8),
    "insert_speedup_vs_stock": Kind("×", 100, at_least=True),
    "insert_device_bytes": Kind("B", 5120),
    "insert_flatness": Kind("%", 25),
    "open_ms": Kind("ms", 15),
    "open_rss_growth_mb": Kind("MB", 15),
    "read_all_ms": Kind("ms", 250),
    "check_ms": Kind("ms", 1000),
    "startup_vs_textual": Kind("×", 1.4),
    "startup_10_years_vs_textual": Kind("×", 1.5),
    "rss_vs_textual": Kind("×", 2),
    "idle_cpu_pct": Kind("% of a core", 0.5),
    "session_cpu_pct": Kind("% of a core", 8),
    "key_p99_ms": Kind("ms", 60),
    "key_quarter_cpu_p99_ms": Kind("ms", 250),
    "sync_records_per_s": Kind("1/s", None, at_least=True),
    "sync_bytes_per_box_day": Kind("B", None),
    "sync_requests_per_box_day": Kind("", None),
    "sync_rss_mb": Kind("MB", None),
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One value, from how many `trials`, beside its `peer` (same unit, same run) where there is one."""

    name: str
    value: float
    trials: str
    peer: float | None = None
    note: str = ""

    @property
    def kind(self) -> Kind:
        return KINDS[self.name]

    @property
    def falls_short(self) -> bool:
        """There is a goal, and it is not reached."""
        goal = self.kind.goal
        if goal is None:
            return False
        return self.value < goal if self.kind.at_least else self.value > goal

    def entry(self) -> dict[str, Any]:
        """As it stands in bench.json."""
        fields = {"value": self.value, "unit": self.kind.unit, "goal": self.kind.goal, "peer": self.peer}
        return {
            key: _rounded(field) if isinstance(field, float) else field
            for key, field in fields.items()
            if field is not None
        }


def percentile(values: Iterable[float], percent: float) -> float:
    """Nearest rank: a value that really occurred, and never one below the asked share."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def table(figures: Sequence[Figure]) -> str:
    """For people: one line a figure, what falls short marked in words."""
    head = ("figure", "value", "unit", "goal", "peer", "trials", "")
    rows = [head]
    for figure in figures:
        goal = figure.kind.goal
        bound = "" if goal is None else f"{'≥' if figure.kind.at_least else '≤'} {_rounded(goal):g}"
        peer = "" if figure.peer is None else f"{_rounded(figure.peer):g}"
        note = "; ".join(part for part in ("FALLS SHORT" * figure.falls_short, figure.note) if part)
        value = f"{_rounded(figure.value):g}"
        rows.append((figure.name, value, figure.kind.unit, bound, peer, figure.trials, note))
    widths = [max(len(row[column]) for row in rows) for column in range(len(head) - 1)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]).rstrip()
        for row in rows
    )


def _rounded(value: float) -> float:
    """Four significant digits: more would only be noise."""
    return float(f"{value:.4g}")
