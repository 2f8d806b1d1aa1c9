"""What ends the output when the kiosk cannot: killed, hung, unplugged, or its terminal no longer reads.

In each trial current really flows before. Three kiosks stand side by side, each with its guard and its
device, so that getting there takes a third of the time.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median

from benchmarks.figures import Figure, percentile
from benchmarks.kiosk_rig import Kiosk, kiosks
from benchmarks.processes import memory_mb

SIDE_BY_SIDE = 3
EMPTY_MB = 12
"""What a Python program has that holds nothing."""
HOLDER = f"""
import socket, sys, time
held = [bytearray(4096) for _ in range(int((float(sys.argv[2]) - {EMPTY_MB}) * 256))]
sock = socket.socket(fileno=int(sys.argv[1]))
sock.send(b"x")
time.sleep(100)
"""


def measure(quick: bool) -> list[Figure]:
    hung_rounds, stalled_rounds, unplug_rounds, killed_rounds = (1, 1, 1, 1) if quick else (7, 4, 4, 10)
    gap_s = 3.0 if quick else 15.0
    killed: list[tuple[float, float]] = []
    with kiosks(SIDE_BY_SIDE) as side_by_side:
        hung_ms = _rounds(side_by_side, hung_rounds, _hang, _wake)
        stalled_ms = _rounds(side_by_side, stalled_rounds, _stall, lambda kiosk: kiosk.terminal.read_on())
        unplug_ms, told_ms = _unplugged(side_by_side, unplug_rounds)
        gap_ms, leases = _lease_gap(side_by_side[0], gap_s)
        killed += _killed(side_by_side)
    for _ in range(killed_rounds - 1):
        with kiosks(SIDE_BY_SIDE) as side_by_side:
            killed += _killed(side_by_side)
    killed_ms, peer_ms = zip(*killed, strict=True)
    return [
        Figure(
            "killed_stop_p99_ms",
            percentile(killed_ms, 99),
            str(len(killed)),
            percentile(peer_ms, 99),
            f"p50 {median(killed_ms):.1f} beside {median(peer_ms):.1f}; "
            "peer: until the kernel has freed a bare process of that size",
        ),
        Figure(
            "unplug_zero_ms",
            max(unplug_ms),
            str(len(unplug_ms)),
            note=f"the most; the kiosk knows of it after {median(told_ms):.1f} ms (p50)",
        ),
        Figure("hung_stop_max_ms", max(hung_ms), str(len(hung_ms)), note=f"p50 {median(hung_ms):.0f} ms"),
        Figure(
            "stalled_terminal_stop_ms",
            max(stalled_ms),
            str(len(stalled_ms)),
            note=f"the most; p50 {median(stalled_ms):.0f} ms",
        ),
        Figure("lease_gap_max_ms", gap_ms, f"{leases} renewals", note="a lease lasts 500 ms"),
    ]


def _rounds(
    side_by_side: list[Kiosk],
    rounds: int,
    strike: Callable[[Kiosk], float],
    mend: Callable[[Kiosk], object],
) -> list[float]:
    """From each strike, which says when it began, to the device's zero, in ms."""
    times_ms = []
    for _ in range(rounds):
        _let_flow(side_by_side)
        struck_s = [strike(kiosk) for kiosk in side_by_side]
        for kiosk, began_s in zip(side_by_side, struck_s, strict=True):
            times_ms.append((kiosk.log.zero_s(after_s=began_s) - began_s) * 1000)
        for kiosk in side_by_side:
            mend(kiosk)
        for kiosk in side_by_side:
            kiosk.stopped()
    return times_ms


def _let_flow(side_by_side: list[Kiosk]) -> None:
    for kiosk in side_by_side:
        kiosk.arm()
        kiosk.order("rise")
    for kiosk in side_by_side:
        kiosk.log.wait_for_output()


def _unplugged(side_by_side: list[Kiosk], rounds: int) -> tuple[list[float], list[float]]:
    """From the unplugging to the device's zero, and to the kiosk's knowing of it; each in ms."""
    zero_ms, told_ms = [], []
    for _ in range(rounds):
        _let_flow(side_by_side)
        for kiosk in side_by_side:
            began_s = time.monotonic()
            kiosk.device.control("fault unplug")
            kiosk.stopped()
            told_ms.append((time.monotonic() - began_s) * 1000)
            zero_ms.append((kiosk.log.zero_s(after_s=began_s) - began_s) * 1000)
            kiosk.device.control("replug")
            kiosk.device.await_ready()
    return zero_ms, told_ms


def _killed(side_by_side: list[Kiosk]) -> list[tuple[float, float]]:
    """From each kill -9 to the device's zero, in ms, and its peer's time. The kiosks are gone afterwards."""
    times_ms = []
    for kiosk in side_by_side:
        # One after the other: what is measured is a few ms long, and three sessions at a time fill two cores.
        _let_flow([kiosk])
        peer_ms = _bare_kill_ms(memory_mb(kiosk.pid))
        began_s = time.monotonic()
        os.kill(kiosk.pid, signal.SIGKILL)
        times_ms.append(((kiosk.log.zero_s(after_s=began_s) - began_s) * 1000, peer_ms))
    return times_ms


def _bare_kill_ms(mb: float) -> float:
    """The same for a program that only holds a socket and as much memory: the kernel frees it all before it
    hangs up."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        with theirs:
            command = [sys.executable, "-c", HOLDER, str(theirs.fileno()), str(mb)]
            child = subprocess.Popen(command, pass_fds=[theirs.fileno()])
        ours.recv(1)
        began_s = time.monotonic()
        child.kill()
        ours.recv(1)
        hung_up_ms = (time.monotonic() - began_s) * 1000
    child.wait()
    return hung_up_ms


def _hang(kiosk: Kiosk) -> float:
    began_s = time.monotonic()
    os.kill(kiosk.pid, signal.SIGSTOP)
    return began_s


def _wake(kiosk: Kiosk) -> None:
    os.kill(kiosk.pid, signal.SIGCONT)


def _stall(kiosk: Kiosk) -> float:
    began_s = time.monotonic()
    kiosk.terminal.stall()
    return began_s


def _lease_gap(kiosk: Kiosk, seconds: float) -> tuple[float, int]:
    """The longest that the kiosk left its lease without renewal, in ms, and how many renewals there were."""
    _let_flow([kiosk])
    time.sleep(seconds)
    kiosk.terminal.type(b" ")
    kiosk.stopped()
    return kiosk.lease_gap_ms, kiosk.leases
