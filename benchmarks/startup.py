"""From starting the program to the first thing that a key does on its screen: `homestim run`, fresh and on
ten years of diary, and a minimal Textual app, in turn.

The same for all: a key is typed every 10 ms from the first frame on, until its effect stands on the screen.
`homestim run` starts its simulator and its guard besides, and reads the diary behind the first frame. The ten
years are played by `homestim rehearse`.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.figures import Figure
from benchmarks.kiosk_rig import ROOT, Terminal

FIRST_FRAME = b"\x1b[?1049h"
TYPE_EVERY_S = 0.01
TEXTUAL_PEER = ["-m", "benchmarks.textual_peer"]


WEEKS = 520
QUICK_WEEKS = 20


def measure(quick: bool) -> list[Figure]:
    trials = 1 if quick else 10
    fresh_ms, old_ms, peer_ms = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        years = _rehearsed(Path(folder) / "years", QUICK_WEEKS if quick else WEEKS)
        _peer_ms()
        _old_ms(years)
        for _ in range(trials):
            fresh_ms.append(_fresh_ms())
            old_ms.append(_old_ms(years))
            peer_ms.append(_peer_ms())
    fresh, old, theirs = median(fresh_ms), median(old_ms), median(peer_ms)
    beside = f"beside {theirs:.0f} ms"
    return [
        Figure("startup_vs_textual", fresh / theirs, str(trials), 1.0, f"{fresh:.0f} ms {beside}"),
        Figure("startup_10_years_vs_textual", old / theirs, str(trials), 1.0, f"{old:.0f} ms {beside}"),
    ]


def _rehearsed(folder: Path, weeks: int) -> Path:
    """A data folder with so many weeks up to yesterday."""
    command = ["-m", "kiosk", "rehearse", "--weeks", str(weeks), "--data", str(folder)]
    subprocess.run([sys.executable, *command], cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    return folder


def _fresh_ms() -> float:
    with tempfile.TemporaryDirectory() as folder:
        command = ["-m", "kiosk", "run", "--simulate", "p24", "--data", str(Path(folder) / "data")]
        return _first_effect_ms(command, key=b"4", effect=b"Who can help")


def _old_ms(years: Path) -> float:
    """On a copy: what the kiosk writes is not there the next time."""
    with tempfile.TemporaryDirectory() as folder:
        data = shutil.copytree(years, Path(folder) / "data")
        command = ["-m", "benchmarks.rehearsed_kiosk", "run", "--simulate", "p24", "--data", str(data)]
        return _first_effect_ms(command, key=b"4", effect=b"Who can help")


def _peer_ms() -> float:
    return _first_effect_ms(TEXTUAL_PEER, key=b"4", effect=b"acted")


def _first_effect_ms(command: list[str], key: bytes, effect: bytes) -> float:
    terminal = Terminal(command)
    try:
        terminal.drawn_s(FIRST_FRAME)
        while True:
            terminal.type(key)
            try:
                acted_s = terminal.drawn_s(effect, within_s=TYPE_EVERY_S)
            except TimeoutError:
                if time.monotonic() - terminal.began_s > 20.0:
                    raise
            else:
                return (acted_s - terminal.began_s) * 1000
    finally:
        terminal.close()
