"""The stimulator and what stops it. The port itself is never opened here: it is the guard's alone."""

from __future__ import annotations

import re
from typing import Final

from kiosk.doctor import guard_status, words
from kiosk.doctor.box import Box
from kiosk.doctor.finding import Finding, fix, look, ok
from kiosk.doctor.guard_status import UNIT, GuardStatus
from kiosk.doctor.words import _

BY_ID: Final = "/dev/serial/by-id/"
FTDI_LATENCY_MS: Final = 1
LONGEST_WATCHDOG_S: Final = 5.0
"""A guard that hangs for longer is not noticed in time."""


def _none_configured(check: str) -> Finding:
    return look(check, _("No stimulator is recorded for this box."), _("Record it: homestim setup"))


def port(box: Box) -> Finding:
    """It is there, and its answer is not delayed."""
    if not box.has_device:
        return _none_configured("port")
    path = box.text("device", "id_path")
    if box.simulated and not path:
        return ok("port", _("The box runs on the simulator; there is no port."))
    real = box.machine.real(path)
    if real is None:
        return fix(
            "port",
            _("The stimulator's port {port} is not there.").format(port=path),
            _("Switch the stimulator on and put its cable in. If it is another one: homestim setup"),
        )
    latency = box.machine.text(f"/sys/bus/usb-serial/devices/{real.rpartition('/')[2]}/latency_timer")
    if latency is not None and latency.isdecimal() and int(latency) > FTDI_LATENCY_MS:
        return look(
            "port",
            _("The port answers {ms} ms late.").format(ms=latency),
            _("Install homestim's udev rules, then put the cable out and in again."),
        )
    return ok("port", _("The stimulator's port is there: {port}.").format(port=path))


def port_name(box: Box) -> Finding:
    """The name means this stimulator, whichever is plugged in first (safety rule 21)."""
    if not box.has_device:
        return _none_configured("port-name")
    path = box.text("device", "id_path")
    if (box.simulated and not path) or path.startswith(BY_ID):
        return ok("port-name", _("The port's name stays the same when something else is plugged in."))
    return fix(
        "port-name",
        _("The port is recorded as {port}; after a restart that can be another device.").format(port=path),
        _("Record the stimulator by its own name: homestim setup"),
    )


def device_id(box: Box) -> Finding:
    """The stimulator that is plugged in is the one of this box."""
    if not box.has_device:
        return _none_configured("device-id")
    recorded = box.text("device", "device_id")
    if not recorded and not box.simulated:
        return fix(
            "device-id",
            _("It is not recorded which stimulator belongs to this box: any of its kind would be used."),
            _("Record it: homestim setup"),
        )
    told = _told(box)
    if isinstance(told, Finding):
        return told
    if not told.present:
        return fix("device-id", *_why_absent(told.sentence))
    if recorded and told.device_id != recorded:
        found = _("Stimulator {found} is plugged in, and {recorded} belongs to this box.")
        return fix(
            "device-id",
            found.format(found=told.device_id, recorded=recorded),
            _("Plug in the one of this box, or set the box up again: homestim setup"),
        )
    return ok("device-id", _("The stimulator of this box is there: {id}.").format(id=told.device_id))


def _why_absent(said: str) -> tuple[str, str]:
    """What was found and its remedy: as the guard says it, or as the screens say it in another language."""
    if words.language == "en":
        return said, _("Do what the sentence says, then check again.")
    from kiosk.visit.pages.device_words import device_lines, device_port

    found, *remedy = device_lines(said, _)
    port = device_port(said)
    return f"{found} ({port})" if port else found, " ".join(remedy)


def firmware(box: Box) -> Finding:
    """The guard uses only versions that were tested; here it is named."""
    if not box.has_device:
        return _none_configured("firmware")
    told = _told(box, "firmware")
    if isinstance(told, Finding):
        return told
    if not told.present:
        return look(
            "firmware",
            _("The version of the stimulator is not known: it does not answer."),
            _("First see to what is said of the stimulator."),
        )
    return ok("firmware", _("The stimulator's version {version} was tested.").format(version=told.firmware))


def _told(box: Box, check: str = "device-id") -> GuardStatus | Finding:
    """What the guard says, or why nobody can say it now."""
    told = guard_status.read(box.machine)
    if told is not None:
        return told
    if not box.text("guard", "socket"):
        return ok(check, _("The kiosk asks the stimulator itself when it starts."))
    return fix(
        check,
        _("The guard does not run, so nobody can ask the stimulator."),
        _("Start it: systemctl restart homestim-guard; why it ended: journalctl -u homestim-guard"),
    )


def guard(box: Box) -> Finding:
    """Where the guard is a unit, the kiosk knows of it: one that it starts itself may not open the port."""
    found = guard_status.properties(box.machine, UNIT, "LoadState")
    if found.get("LoadState") != "loaded":
        return ok("guard", _("No guard runs as a unit; the kiosk watches its own."))
    if not box.has_device or (box.simulated and not box.text("device", "id_path")):
        return ok("guard", _("No stimulator of hardware is recorded, so the guard's unit has nothing to do."))
    if not box.text("guard", "socket"):
        return fix(
            "guard",
            _("The kiosk is not told where the guard's unit listens: it finds no stimulator."),
            _("Record the stimulator once more: homestim setup --again stimulator"),
        )
    return ok("guard", _("The kiosk knows where the guard's unit listens."))


def watchdog(box: Box) -> Finding:
    """systemd ends a guard that hangs, and the stimulator is stopped from outside."""
    names = ("LoadState", "WatchdogUSec", "ExecStopPost", "Restart")
    found = guard_status.properties(box.machine, UNIT, *names)
    if found.get("LoadState") != "loaded":
        if not box.text("guard", "socket"):
            return ok("watchdog", _("No guard runs as a unit; the kiosk watches its own."))
        return fix(
            "watchdog",
            _("The guard's unit is not installed."),
            _("Install homestim again; the data stay."),
        )
    watched_s = _seconds(found.get("WatchdogUSec", ""))
    if not watched_s or watched_s > LONGEST_WATCHDOG_S or "stop-output" not in found.get("ExecStopPost", ""):
        return fix(
            "watchdog",
            _("A guard that hangs would not be ended and stopped from outside."),
            _("Take away what was changed in the unit: systemctl revert homestim-guard"),
        )
    if found.get("Restart") != "always":
        return fix(
            "watchdog",
            _("The guard would not come back after an error."),
            _("Take away what was changed in the unit: systemctl revert homestim-guard"),
        )
    return ok("watchdog", _("A guard that hangs is ended after {seconds:g} s.").format(seconds=watched_s))


_UNITS_S: Final = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0}


def _seconds(said: str) -> float:
    """A time as systemd prints it ("2s", "1min 30s"); 0 for what is none."""
    parts = re.findall(r"(\d+(?:\.\d+)?)(us|ms|s|min)(?![a-z])", said)
    return sum(float(number) * _UNITS_S[unit] for number, unit in parts)


def stop_inputs(box: Box) -> Finding:
    """Every button that is recorded is there, and there is something to stop with at all."""
    recorded = box.texts("stop", "inputs")
    missing = [path for path in recorded if not box.machine.exists(path)]
    if missing:
        return fix(
            "stop-inputs",
            _("The stop button {button} is not there: no session can begin.").format(button=missing[0]),
            _("Plug it in. If the box has another one: homestim setup"),
        )
    if recorded:
        return ok("stop-inputs", _("Every stop button is there: {n}.").format(n=len(recorded)))
    if not _has_keyboard(box):
        return fix(
            "stop-inputs",
            _("There is neither a stop button nor a keyboard."),
            _("Plug in a keyboard or keypad, and a stop button: homestim setup"),
        )
    return look(
        "stop-inputs",
        _("Only the keyboard stops: no button of its own is recorded."),
        _("Plug a stop button in, then: homestim setup"),
    )


def _has_keyboard(box: Box) -> bool:
    devices = (box.machine.text("/proc/bus/input/devices") or "").split("\n\n")
    return any(re.search(r"^H: Handlers=.*\bkbd\b", device, re.MULTILINE) for device in devices)
