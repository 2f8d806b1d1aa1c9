"""The options of `homestim guard`, logging and signals around the guard process."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import Sequence

from drivers.guard.process import Guard
from drivers.guard.report import unit_status
from drivers.limits import SIMULATOR_LATE_S
from drivers.messages import Device
from drivers.registry import DRIVERS, open_stimulator
from drivers.sd_notify import Notifier, from_environment, keep_alive, ping_every_s
from drivers.stop_inputs import keyboards
from drivers.tally import Tally
from drivers.unix_socket import Door, DoorError, uid_of
from drivers.wire_log import WireLog


def main(argv: Sequence[str] | None = None) -> int:
    """`homestim guard`. The exit status is 0 when the output is known to be off."""
    parser = argparse.ArgumentParser(prog="homestim guard")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--fd", type=int, help="a connected SOCK_SEQPACKET socket")
    where.add_argument("--socket", metavar="PATH", help="where to listen for the kiosk")
    parser.add_argument("--port", help="the stimulator's serial port")
    parser.add_argument("--device", choices=sorted(DRIVERS), help="which stimulator is at --port")
    parser.add_argument(
        "--config",
        metavar="FILE",
        help="what is not given here is taken from its [device] and [stop], and where to listen from [guard]",
    )
    parser.add_argument("--state", metavar="DIR", help="folder of the day's tally; without it, in memory")
    parser.add_argument(
        "--client-user",
        metavar="NAME|UID",
        action="append",
        type=_uid,
        help="who may be the client at --socket (may be repeated; otherwise our own user alone); "
        "anybody else who may open it may only stop",
    )
    parser.add_argument(
        "--device-id", metavar="ID", help="what the stimulator has to answer; no other is used"
    )
    parser.add_argument("--allow-untested-firmware", action="store_true", help="for whoever tests it")
    parser.add_argument("--wire-log", metavar="FILE", help="every byte sent and received, as JSON Lines")
    parser.add_argument(
        "--notify", action="store_true", help="tell systemd when ready, and feed its watchdog"
    )
    parser.add_argument("--simulated", action="store_true", help="only a simulator that says it is one")
    parser.add_argument(
        "--late-answers",
        action="store_true",
        help="a simulator may be held up by other programs; only with --simulated",
    )
    parser.add_argument("--stop-input", metavar="EVDEV", action="append", default=[], help="any press stops")
    parser.add_argument("--keyboards", action="store_true", help="watch all keyboards for the stop keys")
    args = parser.parse_args(argv)
    if args.config is not None:
        # Only here: a guard that is a child is started without it.
        from drivers import configuration

        try:
            configuration.fill_in(args, configuration.read(args.config))
        except configuration.ConfigurationError as error:
            parser.error(str(error))
    if args.notify and args.simulated and args.port is None:
        return asyncio.run(_stand_by())
    for option in ("port", "device"):
        if getattr(args, option) is None:
            parser.error(f"--{option} is missing, and no --config says it")
    if args.late_answers and not args.simulated:
        parser.error("--late-answers is for a simulator alone: add --simulated")
    if args.fd is None and args.socket is None:
        parser.error("--fd or --socket is missing, and no --config says where to listen")
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(message)s")
    try:
        return asyncio.run(_serve(args))
    except DoorError as error:
        logging.error("%s", error)
        return 1


def _uid(user: str) -> int:
    try:
        return uid_of(user)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


async def _stand_by() -> int:
    """The unit of a box that is only tried: its kiosk starts a simulator, and a guard for that, by itself.

    Nothing is opened, and nobody is listened to. What looks after the box sees a unit that is well.
    """
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    notifier = from_environment()
    notifier.send("READY=1")
    every_s = ping_every_s(os.environ, os.getpid())
    while not ended.is_set():
        notifier.send("WATCHDOG=1")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(every_s):
                await ended.wait()
    notifier.close()
    return 0


async def _serve(args: argparse.Namespace) -> int:
    client = None if args.fd is None else socket.socket(fileno=args.fd)
    door = None if args.socket is None else Door(args.socket)
    wire_log = None if args.wire_log is None else WireLog(args.wire_log)
    tap = None if wire_log is None else wire_log.note
    late_s = SIMULATOR_LATE_S if args.late_answers else 0.0
    guard = Guard(
        args.device,
        lambda: open_stimulator(args.device, args.port, tap=tap, late_s=late_s),
        simulated=args.simulated,
        client=client,
        listener=None if door is None else door.listener,
        client_uids=frozenset(args.client_user or [os.getuid()]),
        device_id=args.device_id,
        allow_untested_firmware=args.allow_untested_firmware,
        tally=Tally(args.state),
    )
    guard.stop_inputs.needed = tuple(args.stop_input)
    guard.stop_inputs.watched = keyboards if args.keyboards else tuple
    notifier = from_environment() if args.notify else Notifier(None)

    def tell_unit(device: Device) -> None:
        notifier.send(f"STATUS={unit_status(device)}")

    guard.on_device = tell_unit

    def leave() -> None:
        guard.leave("terminated")
        notifier.send("STOPPING=1")

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, leave)
    gc.freeze()
    gc.enable()
    notifier.send("READY=1")
    every_s = ping_every_s(os.environ, os.getpid()) if args.notify else None
    pings = None if every_s is None else asyncio.create_task(keep_alive(notifier, every_s, guard.vitals))
    try:
        return await guard.run()
    finally:
        if pings is not None:
            pings.cancel()
        if door is not None:
            door.close()
        if wire_log is not None:
            wire_log.close()
        notifier.close()
