"""A virtual stimulator as its own process, whichever it is: its options, its pty, its end."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Final, cast

from drivers.virtual.device import VirtualStimulator
from drivers.virtual.faults import parse_fault
from drivers.virtual.pty import run_on_pty

PR_SET_TIMERSLACK: Final = 29
"""prctl(2), in nanoseconds."""


def virtual_device(kind: str) -> type[VirtualStimulator]:
    """What stands in for the stimulator `kind` of `drivers.registry`: `DEVICE` of the module of that name."""
    return cast("type[VirtualStimulator]", import_module(f"drivers.virtual.{kind}").DEVICE)


def serve(
    device: type[VirtualStimulator],
    link_path: str,
    log_path: str | None = None,
    latency_ms: float = 1.0,
    watchdog_s: float | None = None,
    faults: Sequence[str] = (),
    seed: int = 0,
) -> None:
    """Run a virtual device on a pty until SIGTERM; `link_path` becomes a link to it; `ready PATH` is printed.

    While it runs, lines on standard input control it: `fault KIND[:ARG][@…]` (a time counts from the start
    of the process) and `replug`. Raises FaultSpecError before anything is opened, OSError for bad paths.
    """
    parsed = [parse_fault(spec, device.fault_kinds) for spec in faults]

    def made(now_s: float) -> VirtualStimulator:
        fresh = device(now_s, latency_s=latency_ms / 1000, faults=parsed, seed=seed)
        if watchdog_s is not None:
            fresh.watchdog_s = watchdog_s
        return fresh

    _keep_time()
    run_on_pty(made, link_path, log_path)


def _keep_time() -> None:
    """A device answers after its latency: the kernel adds up to 50 µs to a wait, to wake less often."""
    import ctypes

    ctypes.CDLL(None).prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0)


def main(device: type[VirtualStimulator], arguments: Sequence[str] | None = None) -> None:
    """`python -m drivers.virtual.<kind> --link PATH …`, the options of `homestim simulate`."""
    import argparse

    parser = argparse.ArgumentParser(description="A virtual stimulator on a pty.")
    parser.add_argument("--link", required=True, metavar="PATH")
    parser.add_argument("--log", metavar="FILE")
    parser.add_argument("--latency", type=float, default=1.0, metavar="MS")
    parser.add_argument("--watchdog", type=float, metavar="S", help="instead of the device's own")
    parser.add_argument("--fault", action="append", default=[], metavar="SPEC")
    parser.add_argument("--seed", type=int, default=0, metavar="N")
    given = parser.parse_args(arguments)
    serve(device, given.link, given.log, given.latency, given.watchdog, given.fault, given.seed)
