"""A guard to talk to: a child of our own, or the one that is a unit of its own behind a socket.

Where there is a socket no child is ever started: two guards would fight for one port (safety rules 19, 21).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from drivers.guard.link import GuardLink
from drivers.messages import Device
from kiosk.settings import RunSettings

ENDED: Final = "The guard has ended."


class GuardMissing(Exception):  # noqa: N818
    """There is no guard to join now; the text is a sentence for the log, and `device_words` knows it."""


def start_or_join(settings: RunSettings, port: str | None) -> GuardLink:
    """The guard of this run; a child gets `port`. Never waits. Raises GuardMissing."""
    if settings.guard_socket is not None:
        return _join(settings.guard_socket)
    assert port is not None
    folder = settings.guard_folder
    return GuardLink.start_child(
        port,
        settings.device_kind,
        simulated=settings.simulator is not None,
        late_answers=settings.simulator is not None,
        state_dir=str(folder),
        log_path=str(folder / "guard.log"),
        wire_log=str(folder / "wire.jsonl"),
        stop_inputs=settings.config.stop.inputs,
        device_id=recorded_device_id(settings),
    )


def _join(path: str) -> GuardLink:
    try:
        return GuardLink.connect(path)
    except PermissionError as error:
        raise GuardMissing(f"The guard at {path} does not let this user in.") from error
    except OSError as error:
        raise GuardMissing(f"The guard at {path} is not running.") from error


def hung_up(settings: RunSettings, *, heard: bool) -> str:
    """Why the guard is gone: it ended, or it takes another client alone and never said a word."""
    if heard or settings.guard_socket is None:
        return ENDED
    return f"The guard at {settings.guard_socket} does not let this user in."


def absent(settings: RunSettings, sentence: str) -> Device:
    """No stimulator, because nobody can be asked for it."""
    return Device(
        False, settings.device_kind, "", "", settings.kind == "simulated", settings.build, "", sentence
    )


def admitted(settings: RunSettings, device: Device) -> Device:
    """What the guard reports; a stimulator that is not this run's counts as absent.

    A guard that is a unit of its own was configured by itself: a session on its simulator would stand in the
    diary of real ones, and a stimulator of another kind has other steps (safety rules 19, 20, 21).
    """
    if not device.present:
        return device
    recorded = recorded_device_id(settings)
    if device.simulated and settings.kind != "simulated":
        return _refused(device, "This is a simulator. The box is set up for a real stimulator.")
    if not device.simulated and settings.kind == "simulated":
        return _refused(device, "This is a real stimulator, and the simulator was chosen.")
    if device.kind != settings.device_kind or (recorded and device.device_id != recorded):
        return _refused(device, "Another stimulator is plugged in. Plug in the one of this box.")
    return device


def _refused(device: Device, sentence: str) -> Device:
    return replace(device, present=False, sentence=sentence)


def recorded_device_id(settings: RunSettings) -> str:
    """What the configured stimulator has to answer (safety rule 21); "" where another one is run, or none is
    recorded yet."""
    device = settings.config.device
    if device is None or settings.device_kind != device.kind:
        return ""
    return device.device_id if device.simulated == (settings.kind == "simulated") else ""
