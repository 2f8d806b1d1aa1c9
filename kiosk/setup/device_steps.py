"""The questions about the stimulator: found, named and recorded; the stop button; the self-test."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import socket
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Final

from drivers.guard.link import GuardLink
from drivers.messages import Device
from drivers.stop_inputs import EV_KEY, INPUT_EVENT, PRESSED
from kiosk import words
from kiosk.diary.folder import reason_of
from kiosk.errors import KioskError
from kiosk.setup import card, self_test, toml_edit
from kiosk.setup.context import Setup
from kiosk.simulator import running_simulator
from kiosk.words import _

PRESS_WITHIN_S: Final = 30.0
CHANNELS: Final = (1, 2)


def stimulator(setup: Setup) -> str:
    """Found by its own name, asked by a guard who it is, recorded (safety rules 19, 21)."""
    if setup.simulator is not None:
        kind, id_path = setup.simulator.kind, ""
    else:
        id_path = _chosen_port(setup)
        names = ("p24", "rehastim2")
        kind = names[setup.talk.choose(_("Which stimulator is it?"), ["P24", "RehaStim2"]) - 1]
    found = asyncio.run(_identified(setup, kind, id_path))
    if not found.present:
        raise KioskError(f"{found.sentence} {_('Then: homestim setup')}")
    setup.talk.say(
        _("Found: {kind}, id {id}, version {version}.").format(
            kind=found.kind, id=found.device_id, version=found.firmware
        )
    )
    if not setup.talk.yes(_("Is this the stimulator of this box? No other one will be used.")):
        raise KioskError(_("Plug in the stimulator of this box, then: homestim setup"))
    change: dict[tuple[str, str], toml_edit.Value] = {
        ("device", "kind"): kind,
        ("device", "device_id"): found.device_id,
    }
    if setup.simulator is not None:
        change[("device", "simulated")] = True
    else:
        change |= _of_a_stimulator(setup, id_path)
    setup.set(change)
    return f"{kind} {found.device_id}"


def _of_a_stimulator(setup: Setup, id_path: str) -> dict[tuple[str, str], toml_edit.Value]:
    """Where it is, and on a box that its guard is a unit: only that one may open the port."""
    change: dict[tuple[str, str], toml_edit.Value] = {("device", "id_path"): id_path}
    if setup.config.device is not None and setup.config.device.simulated:
        change[("device", "simulated")] = False
    if setup.guard_socket:
        change |= {("guard", "socket"): setup.guard_socket, ("kiosk", "locked"): True}
    return change


def _chosen_port(setup: Setup) -> str:
    try:
        names = sorted(entry.name for entry in setup.ports.iterdir())
    except OSError:
        names = []
    if not names:
        raise KioskError(
            _("No stimulator is plugged in. Switch it on and put its cable in, then: homestim setup")
        )
    number = setup.talk.choose(_("Which of these is the stimulator? Nothing else is opened."), names)
    return str(setup.ports / names[number - 1])


async def _identified(setup: Setup, kind: str, id_path: str) -> Device:
    async with _testing(setup, kind, id_path) as test:
        found: Device = await test.identify()
    return found


@contextlib.asynccontextmanager
async def _testing(
    setup: Setup, kind: str, id_path: str, device_id: str = ""
) -> AsyncIterator[self_test.SelfTest]:
    """A guard of setup's own; the box's has to be stopped meanwhile, because a port has one owner.

    Raises KioskError where it runs.
    """
    if setup.simulator is None and any(map(_guard_runs, {setup.config.guard.socket, setup.guard_socket})):
        first = _("The guard has the stimulator. First: systemctl stop homestim homestim-guard.")
        raise KioskError(f"{first} {_('Then: homestim setup')}")
    async with contextlib.AsyncExitStack() as stack:
        port = id_path
        if setup.simulator is not None:
            port = str((await stack.enter_async_context(running_simulator(setup.simulator))).port)
        inputs = setup.config.stop.inputs if device_id else ()
        link = GuardLink.start_child(
            port, kind, simulated=setup.simulator is not None, stop_inputs=inputs, device_id=device_id
        )
        test = self_test.SelfTest(link, setup.clock, setup.talk)
        test.begin()
        try:
            yield test
        finally:
            await link.close()


def _guard_runs(path: str) -> bool:
    """Whether somebody listens there."""
    if not path:
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as visitor:
        visitor.setblocking(False)
        try:
            visitor.connect(path)
        except BlockingIOError:
            return True
        except OSError:
            return False
    return True


def stop_button(setup: Setup) -> str:
    """A button of its own, or the keyboard alone."""
    try:
        names = sorted(entry.name for entry in setup.inputs.iterdir() if "event" in entry.name)
    except OSError:
        names = []
    keyboard_alone = _("None of these: the keyboard alone stops")
    number = setup.talk.choose(_("Which of these is the stop button?"), [*names, keyboard_alone])
    if number > len(names):
        setup.set({("stop", "inputs"): ()})
        return _("the keyboard alone")
    path = setup.inputs / names[number - 1]
    setup.talk.say(_("Press the button now."))
    if not _pressed(path):
        raise KioskError(
            _("Nothing came from {button}. Is it the right one? Then: homestim setup").format(button=path)
        )
    setup.talk.say(_("It works."))
    setup.set({("stop", "inputs"): (str(path),)})
    return str(path)


def _pressed(path: Path) -> bool:
    """Whether a press comes in time."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise KioskError(f"{path}: {reason_of(error)}") from error
    try:
        end_s = time.monotonic() + PRESS_WITHIN_S
        data = b""
        while (left_s := end_s - time.monotonic()) > 0 and select.select([descriptor], [], [], left_s)[0]:
            try:
                data += os.read(descriptor, INPUT_EVENT.size * 64)
            except OSError:
                return False
            whole = len(data) - len(data) % INPUT_EVENT.size
            events, data = data[:whole], data[whole:]
            if any(
                kind == EV_KEY and value == PRESSED
                for *_s, kind, _code, value in INPUT_EVENT.iter_unpack(events)
            ):
                return True
    finally:
        os.close(descriptor)
    return False


def selftest(setup: Setup) -> str:
    """On a resistor of 1 kΩ; never on a body (safety rule 23)."""
    device = setup.config.device
    if device is None:
        raise KioskError(_("There is no stimulator yet: homestim setup --again stimulator"))
    setup.talk.say(
        _("Self-test: it needs a resistor of 1 kΩ in place of the pads. NO PADS ON ANYBODY."),
        _("It goes on only where it measures that resistor, and puts out 5 mA at most."),
    )
    if not setup.talk.yes(_("Are all pads off, and is the resistor on channel 1?")):
        return _skipped(setup)
    return asyncio.run(_tested(setup, device.kind, device.id_path, device.device_id))


def _skipped(setup: Setup) -> str:
    setup.talk.say(_("Left out. It can be done later: homestim setup --again selftest"))
    return _("left out")


async def _tested(setup: Setup, kind: str, id_path: str, device_id: str) -> str:
    talk = setup.talk
    async with _testing(setup, kind, id_path, device_id) as test:
        found = await test.identify()
        if not found.present:
            raise KioskError(f"{found.sentence} {_('Then: homestim setup')}")
        if not found.measures_contact:
            talk.say(_("This stimulator cannot measure what is on its leads, so nothing is put out."))
            return _("not possible with this stimulator")

        def ready() -> None:
            talk.say(_("Press STOP now: the stop button, or Enter here."))

        try:
            if not await test.stop_test(talk.line, ready):
                raise KioskError(_not_confirmed(kind))
        except self_test.Ended as ended:
            raise KioskError(_not_confirmed(kind), detail=ended.result.detail) from ended
        talk.say(_("STOP works: the stimulator reports that its output is off."))
        told = []
        for channel in CHANNELS:
            if channel != CHANNELS[0]:
                talk.say(_("Now put the resistor on channel {n}, then press Enter.").format(n=channel))
                await talk.line()
            talk.say(_("Channel {n} is being tested. Enter stops.").format(n=channel))
            told.append(_told(channel, await test.channel(channel, talk.line), kind))
            talk.say(told[-1])
    return " ".join(told)


def _told(channel: int, result: self_test.Result, kind: str) -> str:
    """What became of one channel. Raises KioskError for all but a good end."""
    at = {
        "n": channel,
        "load": result.load_ohm,
        "rise": None
        if result.load_ohm is None or result.series_ohm is None
        else result.load_ohm - result.series_ohm,
        "mA": words.decimal(result.most_half_mA / 2),
        "ms": round(result.stopped_after_ms),
        "why": result.detail,
    }
    if result.outcome == "passed":
        return _("Channel {n}: {load} Ω, {mA} mA, and the dead-man stopped it within {ms} ms.").format(**at)
    again = _("Then: homestim setup")
    sentences: Mapping[str, str] = {
        "no_dummy": _(
            "Channel {n}: {load} Ω, rising by {rise} Ω: that is not the resistor. Nothing more was put out. "
            "Take all pads off and put the resistor of 1 kΩ on."
        ),
        "open": _("Channel {n}: nothing is on its lead. Put the resistor of 1 kΩ on."),
        "stopped": _("Channel {n}: stopped."),
        "failed": _("Channel {n}: the test ended early ({why})."),
    }
    if result.outcome == "not_confirmed":
        raise KioskError(_not_confirmed(kind), detail=result.detail)
    raise KioskError(f"{sentences[result.outcome].format(**at)} {again}", detail=result.detail)


def _not_confirmed(kind: str) -> str:
    """Safety rule 16."""
    return " ".join(
        (
            _("Switch the stimulator OFF now. It is not known if current still flows."),
            _("Do not touch the pads until it is off."),
            card.how_to_cut_output(kind),
        )
    )
