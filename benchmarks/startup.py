"""From starting the program to the first thing that a key does on its screen: `homestim run`, and a minimal
Textual app, in turn.

The same for both: a key is typed every 10 ms from the first frame on, until its effect stands on the screen.
`homestim run` gets a fresh data folder and starts its simulator and its guard besides.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.figures import Figure
from benchmarks.kiosk_rig import Terminal

FIRST_FRAME = b"\x1b[?1049h"
TYPE_EVERY_S = 0.01
TEXTUAL_PEER = ["-m", "benchmarks.textual_peer"]


def measure(quick: bool) -> list[Figure]:
    trials = 1 if quick else 10
    ours_ms, peer_ms = [], []
    _peer_ms()
    for _ in range(trials):
        ours_ms.append(_kiosk_ms())
        peer_ms.append(_peer_ms())
    ours, theirs = median(ours_ms), median(peer_ms)
    return [
        Figure(
            "startup_vs_textual", ours / theirs, str(trials), 1.0, f"{ours:.0f} ms beside {theirs:.0f} ms"
        ),
    ]


def _kiosk_ms() -> float:
    with tempfile.TemporaryDirectory() as folder:
        command = ["-m", "kiosk", "run", "--simulate", "p24", "--data", str(Path(folder) / "data")]
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
