"""How it lives on a box: its units, how they are shut in, and keys that must not get out."""

from __future__ import annotations

from typing import Final

from kiosk.doctor import guard_status
from kiosk.doctor.box import Box
from kiosk.doctor.finding import Finding, fix, look, ok
from kiosk.doctor.words import _

GUARD: Final = guard_status.UNIT
KIOSKS: Final = ("homestim.service", "homestim-console.service")
TOO_OFTEN: Final = 3
"""Restarts of the guard."""
SHUT_IN: Final = {
    GUARD: {
        "NoNewPrivileges": "yes",
        "ProtectSystem": "strict",
        "DevicePolicy": "closed",
        "PrivateNetwork": "yes",
    },
    "homestim-console.service": {
        "NoNewPrivileges": "yes",
        "ProtectSystem": "strict",
        "DevicePolicy": "closed",
    },
    "homestim.service": {"NoNewPrivileges": "yes", "ProtectSystem": "strict"},
}
"""The walls that hold most; the tests of `systemd/` know all of them."""


def _is_box(box: Box) -> bool:
    return guard_status.properties(box.machine, GUARD, "LoadState").get("LoadState") == "loaded"


def _not_a_box(check: str) -> Finding:
    return look(
        check,
        _("homestim is not installed as units: this is no box, but a computer on which it is tried."),
        _("For a box, install it as docs/install.md says."),
    )


def units(box: Box) -> Finding:
    """Guard and kiosk run, come back, and start with the box."""
    if not _is_box(box):
        return _not_a_box("units")
    state = {
        unit: guard_status.properties(box.machine, unit, "LoadState", "ActiveState", "UnitFileState")
        for unit in (GUARD, *KIOSKS)
    }
    if (ended := _ends_again(box)) is not None:
        return ended
    if state[GUARD].get("ActiveState") != "active":
        return fix(
            "units",
            _("The guard does not run."),
            _("Start it: systemctl restart homestim-guard; why it ended: journalctl -u homestim-guard"),
        )
    enabled = [unit for unit in KIOSKS if state[unit].get("UnitFileState") == "enabled"]
    if not enabled or state[GUARD].get("UnitFileState") != "enabled":
        return fix(
            "units",
            _("homestim does not start with the box."),
            _("Let it: systemctl enable homestim-guard {kiosk}").format(kiosk=(enabled or [KIOSKS[0]])[0]),
        )
    if len(enabled) > 1:
        return fix(
            "units",
            _("Two kiosks would fight for one screen."),
            _("Keep one: systemctl disable homestim-console"),
        )
    if state[enabled[0]].get("ActiveState") != "active":
        return look(
            "units",
            _("The kiosk does not run."),
            _("Start it: systemctl restart {kiosk}; why it ended: journalctl -u {kiosk}").format(
                kiosk=enabled[0]
            ),
        )
    return ok("units", _("Guard and kiosk run and start with the box."))


def _ends_again(box: Box) -> Finding | None:
    """A guard that systemd had to start again and again since somebody last started it."""
    found = guard_status.properties(
        box.machine, GUARD, "ActiveState", "NRestarts", "Result", "ExecMainStatus"
    )
    times = found.get("NRestarts", "")
    if not times.isdecimal() or int(times) < TOO_OFTEN:
        return None
    again = _("The guard ended {times} times and was started again.").format(times=times)
    journal = _("What came before it: journalctl -u homestim-guard -n 50.")
    if found.get("ActiveState") == "active":
        return look("units", again, journal)
    match found.get("Result"):
        case "watchdog":
            why = _("It hung, and its watchdog ended it.")
        case "signal" | "core-dump":
            why = _(
                "A signal ended it ({number}). 9, 24: the kernel, as it starts too slowly; 11: it is damaged."
            ).format(number=found.get("ExecMainStatus", "?"))
        case "oom-kill":
            why = _("The box has too little memory.")
        case "timeout":
            why = _("It did not start in time.")
        case _:
            why = _("It ended by itself and says why.")
    return fix("units", f"{again} {why}", journal)


def sandbox(box: Box) -> Finding:
    """Nothing was taken from the walls around guard and kiosk."""
    if not _is_box(box):
        return _not_a_box("sandbox")
    for unit, walls in SHUT_IN.items():
        found = guard_status.properties(box.machine, unit, "LoadState", *walls)
        if found.get("LoadState") != "loaded":
            continue
        open_ = [name for name, value in walls.items() if found.get(name) != value]
        if open_:
            return fix(
                "sandbox",
                _("{unit} is less shut in than it has to be: {setting}.").format(unit=unit, setting=open_[0]),
                _("Take away what was changed in the unit: systemctl revert {unit}").format(unit=unit),
            )
    return ok("sandbox", _("Guard and kiosk are shut in."))


def keys(box: Box) -> Finding:
    """Ctrl+Alt+Del and SysRq end nothing."""
    if not _is_box(box):
        return _not_a_box("keys")
    sysrq = box.machine.text("/proc/sys/kernel/sysrq")
    if sysrq not in (None, "0"):
        return fix(
            "keys",
            _("Alt+SysRq restarts the box."),
            _("Install homestim's sysctl file, then: sysctl --system"),
        )
    target = guard_status.properties(box.machine, "ctrl-alt-del.target", "LoadState").get("LoadState")
    if target != "masked":
        return fix(
            "keys", _("Ctrl+Alt+Del restarts the box."), _("Close it: systemctl mask ctrl-alt-del.target")
        )
    return ok("keys", _("No key restarts the box."))
