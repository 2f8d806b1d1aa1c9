"""A box below a folder: everything on it is well, until a test plants a fault."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from drivers.build import build_id
from kiosk.doctor.box import Box, read_box
from kiosk.doctor.finding import Finding
from kiosk.doctor.machine import Machine, Ran, Space
from kiosk.doctor.report import examine

PORT = "/dev/serial/by-id/usb-STMicroelectronics_STM32_Virtual_COM_Port_1234-if00"
BUTTON = "/dev/input/by-id/usb-Button-event-kbd"
CONFIG = f"""\
[device]
kind = "p24"
id_path = "{PORT}"
device_id = "P24-0815"

[guard]
socket = "/run/homestim/guard.sock"

[stop]
inputs = ["{BUTTON}"]

[kiosk]
locked = true
lang = "de"

[sync]
server = "https://fhir.clinic.example"
outbox = "/var/lib/homestim-outbox"
"""
SETTINGS = "/var/lib/homestim/settings.toml"
WITH_PIN = 'pins_of = ["patient"]\n\n[pins.patient]\nsalt = "00"\nhash = "00"\nn = 32768\nr = 8\np = 1\n'
NOW = dt.datetime(2026, 11, 20, 14, 5, tzinfo=dt.timezone(dt.timedelta(hours=1)))
MOUNTS = """\
22 1 179:1 / / rw,relatime shared:1 - ext4 /dev/mmcblk0p1 rw,errors=remount-ro
40 22 179:2 / /var/lib/homestim rw,nosuid,nodev,noatime shared:9 - ext4 /dev/mmcblk0p2 rw
"""
PROGRAMS = ("foot", "aplay", "espeak-ng", "fc-match", "fc-list", "lpstat", "systemctl")
WELL = {
    "homestim-guard.service": {
        "LoadState": "loaded",
        "ActiveState": "active",
        "UnitFileState": "enabled",
        "WatchdogUSec": "2s",
        "ExecStopPost": "{ path=/usr/lib/homestim/stop-output ; argv[]=/usr/lib/homestim/stop-output }",
        "Restart": "always",
        "NoNewPrivileges": "yes",
        "ProtectSystem": "strict",
        "DevicePolicy": "closed",
        "PrivateNetwork": "yes",
    },
    "homestim.service": {
        "LoadState": "loaded",
        "ActiveState": "active",
        "UnitFileState": "enabled",
        "NoNewPrivileges": "yes",
        "ProtectSystem": "strict",
    },
    "homestim-console.service": {
        "LoadState": "loaded",
        "ActiveState": "inactive",
        "UnitFileState": "disabled",
        "NoNewPrivileges": "yes",
        "ProtectSystem": "strict",
        "DevicePolicy": "closed",
    },
    "ctrl-alt-del.target": {"LoadState": "masked"},
    "homestim-backup.timer": {"LoadState": "loaded"},
}


class Planted:
    """One box. What a test changes on it, `examined` finds."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.programs = set(PROGRAMS)
        self.units = {unit: dict(found) for unit, found in WELL.items()}
        self.device = {"present": True, "device_id": "P24-0815", "firmware": "1.2.3", "sentence": ""}
        self.guard_build = build_id()
        self.kiosk = Ran(0, "homestim 0.1.0\n")
        self.configuration = Ran(0, "")
        self.chain: Ran | None = Ran(0, json.dumps({"count": 1200, "months": 4}))
        self.fonts = "DejaVu Sans Mono"
        self.fonts_with_signs = "DejaVu Sans Mono"
        self.printers = "printer Brother is idle.  enabled since today\n"
        self.free = self.free_for_outbox = Space(20_000_000_000, 1_000_000)
        self.synchronised = True
        self.now = NOW
        self.environ = {"LANG": "C.UTF-8"}
        self.file("/etc/homestim/kiosk.toml", CONFIG)
        self.file("/etc/homestim/foot.ini", "[main]\nfont=DejaVu Sans Mono:size=24\n")
        self.file("/var/lib/homestim/meta.json", "{}")
        self.file(SETTINGS, WITH_PIN)
        self.file("/etc/homestim/backup-passphrase", "a rose is a rose\n")
        self.backed_up()
        self.agreed()
        self.file("/var/lib/homestim-outbox/waiting/00000007.json", "{}")
        self.sent()
        self.file("/dev/ttyACM0")
        self.link(PORT, "../../ttyACM0")
        self.file("/dev/input/event3")
        self.link(BUTTON, "../event3")
        self.file("/proc/self/mountinfo", MOUNTS)
        self.file("/proc/sys/kernel/sysrq", "0\n")
        self.file("/proc/asound/cards", " 0 [Headphones     ]: bcm2835\n")
        self.file("/proc/bus/input/devices", 'N: Name="Keypad"\nH: Handlers=sysrq kbd event2 \nB: KEY=1\n')
        self.file("/usr/share/zoneinfo/Europe/Berlin")
        self.link("/etc/localtime", "/usr/share/zoneinfo/Europe/Berlin")
        self.file("/sys/class/rtc/rtc0/since_epoch", f"{int(NOW.timestamp()) + 3}\n")
        disk = "/sys/devices/platform/mmc/mmcblk0"
        self.file(f"{disk}/device/life_time", "0x02 0x01\n")
        self.file(f"{disk}/device/pre_eol_info", "0x01\n")
        self.file(f"{disk}/mmcblk0p2/partition", "2\n")
        self.link("/sys/dev/block/179:2", f"{disk}/mmcblk0p2")
        self.file("/sys/fs/ext4/mmcblk0p2/errors_count", "0\n")

    def agreed(self, since: dt.datetime = NOW) -> None:
        """When she said yes."""
        consent = {"to": "Back Clinic", "since": since.isoformat()}
        self.file("/var/lib/homestim-outbox/consent.json", json.dumps(consent))

    def sent(self, trouble: str = "", days_ago: float = 0.0, failures: int = 0) -> None:
        """How the sender stands: its trouble, and when it last went well."""
        well = (NOW - dt.timedelta(days=days_ago)).isoformat()
        stands = {"trouble": trouble, "succeeded_at": well, "failures": failures}
        self.file("/var/lib/homestim-outbox/sender.json", json.dumps(stands))

    def backed_up(self, days_ago: float = 0.4) -> None:
        """When the last backup was made; the one before it is much older."""
        vault = f"/var/backups/homestim/homestim-{'0' * 8}"
        for path in (self.root / vault.lstrip("/")).glob("index-*"):
            path.unlink()
        for days in (30.0, days_ago):
            taken = NOW.astimezone(dt.UTC) - dt.timedelta(days=days)
            self.file(f"{vault}/index-{taken:%Y%m%dT%H%M%SZ}")
        self.file(f"{vault}/key.json")

    def file(self, path: str, content: str = "") -> None:
        at = self.root / path.lstrip("/")
        at.parent.mkdir(parents=True, exist_ok=True)
        at.write_text(content)

    def link(self, path: str, target: str) -> None:
        at = self.root / path.lstrip("/")
        at.parent.mkdir(parents=True, exist_ok=True)
        at.unlink(missing_ok=True)
        at.symlink_to(target)

    def remove(self, path: str) -> None:
        (self.root / path.lstrip("/")).unlink()

    def replace(self, path: str, old: str, new: str) -> None:
        at = self.root / path.lstrip("/")
        content = at.read_text()
        assert old in content, content
        at.write_text(content.replace(old, new))

    @property
    def machine(self) -> Machine:
        return Machine(
            root=self.root,
            run=self._run,
            which=lambda program: f"/usr/bin/{program}" if program in self.programs else None,
            space=lambda folder: self.free_for_outbox if folder.name == "homestim-outbox" else self.free,
            now=lambda: self.now,
            synchronised=lambda: self.synchronised,
            environ=self.environ,
        )

    @property
    def box(self) -> Box:
        return read_box(self.machine)

    def examined(self) -> dict[str, Finding]:
        return {finding.check: finding for finding in examine(self.box)}

    def _run(self, command: Sequence[str]) -> Ran | None:
        program, *rest = command
        if program == sys.executable:
            if "check" in rest:
                return self.chain
            return self.configuration if "configuration" in rest else self.kiosk
        if program not in self.programs:
            return None
        match program:
            case "systemctl":
                return self._systemctl(rest)
            case "fc-match":
                return Ran(0, self.fonts)
            case "fc-list":
                return Ran(0, self.fonts_with_signs)
            case "lpstat":
                return Ran(0, self.printers)
        raise AssertionError(command)

    def _systemctl(self, rest: Sequence[str]) -> Ran:
        verb, unit, _option, names = rest
        assert verb == "show", "the doctor changes nothing"
        found = dict(self.units.get(unit, {"LoadState": "not-found", "ActiveState": "inactive"}))
        if unit == "homestim-guard.service":
            found["StatusText"] = json.dumps({**self.device, "build": self.guard_build, "kind": "p24"})
        lines = [f"{name}={found.get(name, '')}" for name in names.split(",")]
        return Ran(0, "\n".join(lines) + "\n")
