"""One visit typed by a person into `homestim run`: what its screens take, and how fast a key shows.

Memory is the kiosk process's peak, beside a minimal Textual app's; processor is the kiosk process's alone.
"""

from __future__ import annotations

import random
import tempfile
import time
from pathlib import Path

import pyte

from benchmarks.figures import Figure, percentile
from benchmarks.kiosk_rig import Terminal
from benchmarks.processes import cpu_pct, memory_mb
from benchmarks.quarter import a_quarter_of_a_core
from benchmarks.startup import TEXTUAL_PEER
from tests.whole_visits import person
from tests.whole_visits.device_log import DeviceLog
from tests.whole_visits.terminal import KEYS, QUIET_S

CHOSEN_SIDE = "▶".encode()
"""Drawn anew, at the other side, by each of the keys 1 and 2 in a session, and by nothing else."""


def measure(quick: bool) -> list[Figure]:
    idle_s, session_s, keys = (3.0, 3.0, 10) if quick else (10.0, 15.0, 200)
    with tempfile.TemporaryDirectory() as folder:
        log = DeviceLog(Path(folder) / "device.jsonl")
        terminal = PersonsTerminal(Path(folder) / "data", log.path)
        try:
            person.first_questions(terminal)
            (idle_pct,) = cpu_pct([terminal.child.pid], idle_s)
            person.questions_of_the_day(terminal)
            person.pads_and_stop_test(terminal)
            terminal.wait_for("until you feel something")
            peak_mb, peer_mb = memory_mb(terminal.child.pid, "VmHWM"), _peer_peak_mb()
            person.both_levels(terminal, log)
            (session_pct,) = cpu_pct([terminal.child.pid], session_s)
            keys_ms = _keys_ms(terminal, keys)
            with a_quarter_of_a_core(terminal.child.pid) as how:
                slow_ms = _keys_ms(terminal, keys)
        finally:
            terminal.close()
    memory = f"{peak_mb:.0f} MB beside {peer_mb:.0f} MB; home, questions, pain, pads, STOP test, level"
    return [
        Figure("rss_vs_textual", peak_mb / peer_mb, "1", 1.0, memory),
        Figure("idle_cpu_pct", idle_pct, f"{idle_s:.0f} s"),
        Figure("session_cpu_pct", session_pct, f"{session_s:.0f} s"),
        Figure(
            "key_p99_ms", percentile(keys_ms, 99), str(keys), note=f"p50 {percentile(keys_ms, 50):.0f} ms"
        ),
        Figure(
            "key_quarter_cpu_p99_ms",
            percentile(slow_ms, 99),
            str(keys),
            note=f"p50 {percentile(slow_ms, 50):.0f} ms; the kiosk's process, by {how}",
        ),
    ]


class PersonsTerminal(Terminal):
    """What the visit's tests call a terminal: words to wait for, keys of the map to press."""

    def __init__(self, data: Path, log: Path) -> None:
        command = ["-m", "kiosk", "run", "--simulate", "p24", "--data", str(data), "--sim-log", str(log)]
        super().__init__(command)
        self._screen = pyte.Screen(80, 25)
        self._stream = pyte.ByteStream(self._screen)

    def wait_for(self, *texts: str, within_s: float = 30.0) -> str:
        """Until one of `texts` stands on the screen; which one. Raises TimeoutError."""
        end_s = time.monotonic() + within_s
        while True:
            self._stream.feed(self.take_drawn(within_s=0.1))
            flat = " ".join(" ".join(self._screen.display).split())
            for text in texts:
                if text in flat:
                    return text
            if time.monotonic() > end_s:
                raise TimeoutError(f"none of {texts} came; the screen:\n" + "\n".join(self._screen.display))

    def press(self, *keys: str) -> None:
        """Keys of the map, one after the other, as slowly as a person."""
        for key in keys:
            time.sleep(QUIET_S)
            self.type(KEYS.get(key, key.encode()))


def _keys_ms(terminal: PersonsTerminal, trials: int) -> list[float]:
    """From typing to the first bytes that show it."""
    randomness = random.Random(60)
    times_ms = []
    for trial in range(trials):
        time.sleep(randomness.uniform(0.1, 0.25))
        typed_s = terminal.type(b"12"[trial % 2 : trial % 2 + 1])
        times_ms.append((terminal.drawn_s(CHOSEN_SIDE, from_s=typed_s) - typed_s) * 1000)
    return times_ms


def _peer_peak_mb() -> float:
    terminal = Terminal(TEXTUAL_PEER)
    try:
        terminal.drawn_s(b"waiting")
        terminal.type(b"4")
        terminal.drawn_s(b"acted")
        return memory_mb(terminal.child.pid, "VmHWM")
    finally:
        terminal.close()
