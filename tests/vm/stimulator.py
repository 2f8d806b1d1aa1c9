"""The virtual P24 in the time of an emulated box: `python -m tests.vm.stimulator LINK LOG TIME SLOWNESS`.

An emulated second takes several real ones. A stimulator in real time would give up on a guard that is well,
so its own clock, with its 2 s watchdog and the times in its log, runs as many times slower than the box's
time (`tests.vm.box_time`).
"""

from __future__ import annotations

import sys
from pathlib import Path

from drivers.virtual.process import virtual_device
from drivers.virtual.pty import run_on_pty
from tests.vm.box_time import BoxTime

LATENCY_S = 0.001


def main(link: str, log: str, shared: str, slowness: str) -> None:
    factor = float(slowness)
    box_time = BoxTime(Path(shared))
    device = virtual_device("p24")
    run_on_pty(
        lambda now_s: device(now_s, latency_s=LATENCY_S, faults=[], seed=0),
        link,
        log,
        clock=lambda: box_time.now_s() / factor,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
