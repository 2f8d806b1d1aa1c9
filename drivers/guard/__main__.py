"""`python -m drivers.guard`, also `homestim guard`: options, logging and signals around the guard process."""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import signal
import socket
import sys
from collections.abc import Sequence

from drivers.guard.process import Guard
from drivers.registry import DRIVERS, open_stimulator
from drivers.stop_inputs import keyboards
from drivers.tally import Tally


def main(argv: Sequence[str] | None = None) -> int:
    """`homestim guard`. The exit status is 0 when the output is known to be off."""
    parser = argparse.ArgumentParser(prog="homestim guard")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--fd", type=int, help="a connected SOCK_SEQPACKET socket")
    where.add_argument("--socket", metavar="PATH", help="where to listen for the kiosk")
    parser.add_argument("--port", required=True)
    parser.add_argument("--device", required=True, choices=sorted(DRIVERS))
    parser.add_argument("--state", metavar="DIR", help="folder of the day's tally; without it, in memory")
    parser.add_argument("--simulated", action="store_true", help="only a simulator that says it is one")
    parser.add_argument("--stop-input", metavar="EVDEV", action="append", default=[], help="any press stops")
    parser.add_argument("--keyboards", action="store_true", help="watch all keyboards for the stop keys")
    args = parser.parse_args(argv)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(message)s")
    return asyncio.run(_serve(args))


async def _serve(args: argparse.Namespace) -> int:
    client = listener = None
    if args.fd is not None:
        client = socket.socket(fileno=args.fd)
    else:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        listener.bind(args.socket)
        listener.listen(4)
    guard = Guard(
        args.device,
        lambda: open_stimulator(args.device, args.port),
        simulated=args.simulated,
        client=client,
        listener=listener,
        tally=Tally(args.state),
    )
    guard.stop_inputs.needed = tuple(args.stop_input)
    guard.stop_inputs.watched = keyboards if args.keyboards else tuple
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, guard.leave, "terminated")
    gc.freeze()
    return await guard.run()


if __name__ == "__main__":
    sys.exit(main())
