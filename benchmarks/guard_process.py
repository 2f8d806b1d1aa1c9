"""What the guard takes of the machine: memory, time to start, and the processor while current flows.

Beside it an empty asyncio program, started in turn with it.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.figures import Figure
from benchmarks.kiosk_rig import ROOT, kiosks
from benchmarks.processes import cpu_pct, memory_mb
from tests.drivers.p24_bench import simulator

EMPTY_PROGRAM = """
import asyncio, socket, sys
async def main():
    sock = socket.socket(fileno=int(sys.argv[2]))
    sock.send(b"here")
    await asyncio.to_thread(sock.recv, 1)
asyncio.run(main())
"""
CONTRACTION_S = 4.5
"""2 s up, 2 s tight, 1 s down, but for its edges."""


def measure(quick: bool) -> list[Figure]:
    starts = 3 if quick else 15
    with tempfile.TemporaryDirectory() as folder, simulator(Path(folder)) as device:
        port = ["--port", str(device.link), "--device", "p24", "--simulated"]
        pairs = [
            (_started(["-m", "drivers.guard"], port), _started(["-c", EMPTY_PROGRAM], []))
            for _ in range(starts)
        ]
    start_ms, empty_ms = (median(pair[which][0] for pair in pairs) for which in (0, 1))
    empty_mb = median(empty[1] for _, empty in pairs)
    with (
        kiosks(1, plan="tens", screen=False) as (steady,),
        kiosks(1, plan="nmes", screen=False) as (squeezing,),
    ):
        for kiosk in (steady, squeezing):
            kiosk.arm()
            kiosk.order("rise")
            kiosk.log.wait_for_output()
        squeezing.log.wait_for_zero()
        steady_pct = sum(cpu_pct([steady.guard_pid, steady.pid], 2.0 if quick else 10.0))
        squeezing.log.wait_for_output()
        guard_pct, runner_pct = cpu_pct([squeezing.guard_pid, squeezing.pid], CONTRACTION_S)
        guard_mb = memory_mb(squeezing.guard_pid)
    return [
        Figure(
            "guard_rss_mb", guard_mb, "1", empty_mb, "after two contractions; peer: an empty asyncio program"
        ),
        Figure("guard_start_ms", start_ms, str(starts), empty_ms, "to its first word"),
        Figure(
            "stimulating_cpu_pct",
            guard_pct + runner_pct,
            f"{CONTRACTION_S} s",
            note=f"contraction: guard {guard_pct:.1f}, runner {runner_pct:.1f}; continuous: {steady_pct:.1f}",
        ),
    ]


def _started(program: list[str], options: list[str]) -> tuple[float, float]:
    """How long the program took to say its first word on the socket, in ms, and its memory then, in MB."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        began_s = time.monotonic()
        child = subprocess.Popen(
            [sys.executable, *program, "--fd", str(theirs.fileno()), *options],
            cwd=ROOT,
            pass_fds=[theirs.fileno()],
            stderr=subprocess.DEVNULL,
        )
        ours.recv(20_000)
        took_ms = (time.monotonic() - began_s) * 1000
        mb = memory_mb(child.pid)
    child.wait(20)
    return took_ms, mb
