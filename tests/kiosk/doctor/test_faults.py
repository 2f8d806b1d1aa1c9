"""Each fault of a box, planted, found and remedied; nothing else is found because of it."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from kiosk.config import ConfigError, decode_config
from kiosk.doctor import words
from kiosk.doctor.checks import CHECKS
from kiosk.doctor.finding import State
from kiosk.doctor.machine import Ran, Space
from tests.kiosk.doctor.boxes import BUTTON, MOUNTS, NOW, PORT, SETTINGS, WITH_PIN, Planted

GUARD = "homestim-guard.service"


@pytest.fixture
def box(tmp_path: Path) -> Planted:
    words.set_language("en")
    return Planted(tmp_path)


def test_a_box_on_which_all_is_well(box: Planted) -> None:
    found = box.examined()
    assert list(found) == [name for name, _check in CHECKS]
    assert {name: one.found for name, one in found.items() if one.state != "ok"} == {}
    assert not [one for one in found.values() if one.remedy], "who is well needs no remedy"


@dataclass(frozen=True)
class Fault:
    """What is planted, which check finds it, and how it is undone."""

    check: str
    state: State
    plant: Callable[[Planted], object]
    mend: Callable[[Planted], object]
    remedy: str
    """A word of the sentence that says what to do."""
    also: frozenset[str] = frozenset()
    """Other checks that cannot be well either."""


def unit(name: str, key: str, value: str) -> Callable[[Planted], object]:
    return lambda box: box.units[name].__setitem__(key, value)


def restarts(times: int, result: str, state: str, *, status: str = "0") -> Callable[[Planted], object]:
    """What systemd says of a guard that it had to start again."""
    said = {"NRestarts": f"{times}", "Result": result, "ActiveState": state, "ExecMainStatus": status}
    return lambda box: box.units[GUARD].update(said)


def put(name: str, value: object) -> Callable[[Planted], object]:
    return lambda box: setattr(box, name, value)


def in_config(old: str, new: str) -> Callable[[Planted], object]:
    return lambda box: box.replace("/etc/homestim/kiosk.toml", old, new)


def file(path: str, content: str) -> Callable[[Planted], object]:
    return lambda box: box.file(path, content)


def device(**changes: object) -> Callable[[Planted], object]:
    return lambda box: box.device.update(changes)


def mounted(old: str, new: str) -> Callable[[Planted], object]:
    return file("/proc/self/mountinfo", MOUNTS.replace(old, new))


def a_pi_says(bits: str) -> Callable[[Planted], object]:
    return file("/sys/devices/platform/soc/soc:firmware/get_throttled", bits)


LIFE = "/sys/devices/platform/mmc/mmcblk0/device/life_time"
RTC = "/sys/class/rtc/rtc0/since_epoch"
ADDED_RTC = "/sys/class/rtc/rtc1"
FULL = Space(50 * 1024 * 1024, 1_000_000)
ROOMY = Space(20_000_000_000, 1_000_000)
DATA_MOUNT = "rw,nosuid,nodev,noatime shared:9 - ext4 /dev/mmcblk0p2 rw"
MOUNTS_AS_THEY_WERE = file("/proc/self/mountinfo", MOUNTS)
EMPTY_STARTS = '{"safe": false, "running": null, "crashes": []}'
STARTS = "/var/lib/homestim/starts.json"

EXPIRED = "The server's certificate has expired, or the date of this box is wrong."


def refused(configuration: str) -> str:
    """What the kiosk says of it."""
    with pytest.raises(ConfigError) as raised:
        decode_config(configuration, "/etc/homestim/kiosk.toml")
    return raised.value.sentence


def clocks(server: dt.datetime) -> str:
    """How the sender stands when the server's clock was another one."""
    return json.dumps({"at": NOW.isoformat(), "server_at": server.isoformat()})


REFUSED = json.dumps(
    {"refused": [{"resource": "Observation/1", "status": 422, "words": "not in my value set"}]}
)
OUTBOX = "/var/lib/homestim-outbox"

FAULTS = {
    "what waits could not be sent for days": Fault(
        "outbox",
        "fix",
        lambda box: box.sent(EXPIRED, days_ago=4, failures=20),
        lambda box: box.sent(),
        "homestim sync --once",
    ),
    "it never went well": Fault(
        "outbox",
        "fix",
        file(f"{OUTBOX}/sender.json", '{"trouble": "The server cannot be reached.", "failures": 2}'),
        lambda box: box.sent(),
        "[sync]",
    ),
    "the server refused something for good": Fault(
        "outbox",
        "look",
        file(f"{OUTBOX}/refused/00000003.json", REFUSED),
        lambda box: box.remove(f"{OUTBOX}/refused/00000003.json"),
        "Tell the clinic",
    ),
    "a yes that was given by a wrong clock": Fault(
        "outbox",
        "fix",
        lambda box: box.agreed(NOW + dt.timedelta(days=300)),
        lambda box: box.agreed(),
        "no and yes once more",
    ),
    "a clock that is a year behind the server's": Fault(
        "outbox",
        "fix",
        file(f"{OUTBOX}/sender.json", clocks(server=NOW + dt.timedelta(days=365))),
        lambda box: box.sent(),
        "timedatectl set-time",
    ),
    "a clock that is a year ahead of the server's": Fault(
        "outbox",
        "fix",
        file(f"{OUTBOX}/sender.json", clocks(server=NOW - dt.timedelta(days=365))),
        lambda box: box.sent(),
        "timedatectl set-time",
    ),
    "a full disk for what is sent": Fault(
        "disk-space", "fix", put("free_for_outbox", FULL), put("free_for_outbox", ROOMY), "larger"
    ),
    "the clinic sent what allows more": Fault(
        "handed-in",
        "look",
        file("/var/lib/homestim/inbox/held/sent-abc", "{}"),
        lambda box: box.remove("/var/lib/homestim/inbox/held/sent-abc"),
        "homestim take",
    ),
    "a module of the kiosk is missing": Fault(
        "program",
        "fix",
        put("kiosk", Ran(1, "", "Traceback …\nModuleNotFoundError: No module named 'textual'\n")),
        put("kiosk", Ran(0, "homestim 0.1.0\n")),
        "Install homestim again",
    ),
    "no configuration": Fault(
        "configuration",
        "look",
        lambda box: box.remove("/etc/homestim/kiosk.toml"),
        lambda box: Planted(box.root),
        "homestim setup",
        frozenset({"port", "port-name", "device-id", "firmware", "stop-inputs"}),
    ),
    "a configuration that the kiosk refuses": Fault(
        "configuration",
        "fix",
        put("configuration", Ran(1, refused("[kiosk]\ncountry = 'Germany'"))),
        put("configuration", Ran(0, "")),
        "homestim setup",
    ),
    "a key of the configuration that nobody knows": Fault(
        "configuration",
        "fix",
        put("configuration", Ran(1, refused("[kiosk]\ncuntry = 'DE'"))),
        put("configuration", Ran(0, "")),
        "homestim setup",
    ),
    "a key of the configuration that is missing": Fault(
        "configuration",
        "fix",
        put("configuration", Ran(1, refused("[device]\nkind = 'p24'"))),
        put("configuration", Ran(0, "")),
        "homestim setup",
    ),
    "a configuration that went between two looks": Fault(
        "configuration",
        "fix",
        put("configuration", Ran(1, "There is no configuration file /etc/homestim/kiosk.toml.")),
        put("configuration", Ran(0, "")),
        "homestim setup",
    ),
    "a configuration that is no TOML": Fault(
        "configuration",
        "fix",
        in_config("[device]", "[device"),
        in_config("[device", "[device]"),
        "homestim setup",
        frozenset({"port", "port-name", "device-id", "firmware", "stop-inputs"}),
    ),
    "guard and kiosk of different builds": Fault(
        "builds", "fix", put("guard_build", "0" * 16), lambda box: Planted.__init__(box, box.root), "restart"
    ),
    "the kiosk crashed lately": Fault(
        "safe-mode",
        "look",
        file(STARTS, '{"safe": false, "running": null, "crashes": [{"boot": "b", "at_s": 5.0}]}'),
        file(STARTS, EMPTY_STARTS),
        "--bundle",
    ),
    "safe mode": Fault(
        "safe-mode",
        "look",
        file(STARTS, '{"safe": true, "running": null, "crashes": []}'),
        file(STARTS, EMPTY_STARTS),
        "Check the box",
    ),
    "a file of starts that nobody can read": Fault(
        "safe-mode", "look", file(STARTS, "[" * 100_000), file(STARTS, EMPTY_STARTS), "Check the box"
    ),
    "a diary that is gone": Fault(
        "diary",
        "fix",
        lambda box: box.remove("/var/lib/homestim/meta.json"),
        file("/var/lib/homestim/meta.json", "{}"),
        "the last backup",
    ),
    "a backup without a passphrase": Fault(
        "backup",
        "look",
        lambda box: box.remove("/etc/homestim/backup-passphrase"),
        file("/etc/homestim/backup-passphrase", "a rose is a rose"),
        "homestim setup --again backup",
    ),
    "a backup that was not made for days": Fault(
        "backup",
        "look",
        lambda box: box.backed_up(days_ago=3.5),
        lambda box: box.backed_up(days_ago=2.5),
        "systemctl start homestim-backup",
    ),
    "a backup that was never made": Fault(
        "backup",
        "look",
        lambda box: (box.root / "var/backups/homestim").rename(box.root / "elsewhere"),
        lambda box: box.backed_up(),
        "systemctl start homestim-backup",
    ),
    "a kiosk that starts a guard of its own beside the unit": Fault(
        "guard",
        "fix",
        in_config('socket = "/run/homestim/guard.sock"', ""),
        lambda box: Planted.__init__(box, box.root),
        "homestim setup --again stimulator",
    ),
    "a diary that is damaged": Fault(
        "diary",
        "fix",
        put("chain", Ran(1, '{"count": 3}', "homestim: damaged")),
        put("chain", Ran(0, '{"count": 3, "months": 1}')),
        "homestim backup",
    ),
    "a diary that the disk changed": Fault(
        "diary",
        "look",
        put("chain", Ran(0, '{"count": 3, "months": 1, "files": [{"state": "mended"}]}')),
        put("chain", Ran(0, '{"count": 3, "months": 1, "files": [{"state": "whole"}]}')),
        "homestim backup",
    ),
    "a diary that nobody can check": Fault(
        "diary",
        "fix",
        put("chain", None),
        put("chain", Ran(0, '{"count": 3, "months": 1}')),
        "program",
    ),
    "a person without a PIN": Fault(
        "patient-pin",
        "look",
        file(SETTINGS, "pins_of = []\n"),
        file(SETTINGS, WITH_PIN),
        "homestim setup --again pins",
    ),
    "settings that nobody made yet": Fault(
        "patient-pin", "look", lambda box: box.remove(SETTINGS), file(SETTINGS, WITH_PIN), "homestim setup"
    ),
    "settings that lost their end": Fault(
        "patient-pin",
        "fix",
        file(SETTINGS, WITH_PIN.partition("[pins")[0]),
        file(SETTINGS, WITH_PIN),
        "from a backup",
    ),
    "settings that are no TOML": Fault(
        "patient-pin", "fix", file(SETTINGS, WITH_PIN[:-20] + "="), file(SETTINGS, WITH_PIN), "from a backup"
    ),
    "settings with a number in the place of the PINs": Fault(
        "patient-pin", "fix", file(SETTINGS, "pins = 3\n"), file(SETTINGS, WITH_PIN), "from a backup"
    ),
    "settings with a number in the place of whose PINs follow": Fault(
        "patient-pin", "fix", file(SETTINGS, "pins_of = 3\n"), file(SETTINGS, WITH_PIN), "from a backup"
    ),
    "settings with roles in the place of the PINs": Fault(
        "patient-pin",
        "fix",
        file(SETTINGS, 'pins = ["patient"]\n'),
        file(SETTINGS, WITH_PIN),
        "from a backup",
    ),
    "settings with a PIN that is none": Fault(
        "patient-pin",
        "fix",
        file(SETTINGS, "[pins]\npatient = 3\n"),
        file(SETTINGS, WITH_PIN),
        "from a backup",
    ),
    "settings that are empty": Fault(
        "patient-pin", "fix", file(SETTINGS, ""), file(SETTINGS, WITH_PIN), "from a backup"
    ),
    "the cable is out": Fault(
        "port",
        "fix",
        lambda box: box.remove("/dev/ttyACM0"),
        file("/dev/ttyACM0", ""),
        "put its cable in",
    ),
    "a port that answers late": Fault(
        "port",
        "look",
        file("/sys/bus/usb-serial/devices/ttyACM0/latency_timer", "16"),
        file("/sys/bus/usb-serial/devices/ttyACM0/latency_timer", "1"),
        "udev",
    ),
    "a port by a name that can change": Fault(
        "port-name", "fix", in_config(PORT, "/dev/ttyACM0"), in_config("/dev/ttyACM0", PORT), "homestim setup"
    ),
    "another stimulator": Fault(
        "device-id", "fix", device(device_id="P24-4711"), device(device_id="P24-0815"), "Plug in"
    ),
    "a stimulator that is not recorded": Fault(
        "device-id",
        "fix",
        in_config('device_id = "P24-0815"', ""),
        lambda box: Planted.__init__(box, box.root),
        "homestim setup",
    ),
    "a firmware that was not tested": Fault(
        "device-id",
        "fix",
        device(present=False, sentence="This stimulator's version (9) has not been tested with homestim."),
        device(present=True),
        "Do what the sentence says",
        frozenset({"firmware"}),
    ),
    "the guard does not run": Fault(
        "units",
        "fix",
        unit(GUARD, "ActiveState", "failed"),
        unit(GUARD, "ActiveState", "active"),
        "restart homestim-guard",
        frozenset({"device-id", "firmware"}),
    ),
    "the kernel ends a guard that starts too slowly": Fault(
        "units",
        "fix",
        restarts(412, "signal", "activating", status="9"),
        restarts(0, "success", "active"),
        "journalctl -u homestim-guard",
        frozenset({"device-id", "firmware"}),
    ),
    "a guard that hangs whenever it starts": Fault(
        "units",
        "fix",
        restarts(5, "watchdog", "activating"),
        restarts(0, "success", "active"),
        "journalctl -u homestim-guard",
        frozenset({"device-id", "firmware"}),
    ),
    "a guard that came back three times": Fault(
        "units",
        "look",
        restarts(3, "success", "active"),
        restarts(2, "success", "active"),
        "journalctl -u homestim-guard",
    ),
    "a watchdog that was switched off": Fault(
        "watchdog",
        "fix",
        unit(GUARD, "WatchdogUSec", "0"),
        unit(GUARD, "WatchdogUSec", "2s"),
        "systemctl revert",
    ),
    "a watchdog that takes too long": Fault(
        "watchdog",
        "fix",
        unit(GUARD, "WatchdogUSec", "1min 30s"),
        unit(GUARD, "WatchdogUSec", "2s"),
        "systemctl revert",
    ),
    "nobody stops the stimulator from outside": Fault(
        "watchdog",
        "fix",
        unit(GUARD, "ExecStopPost", ""),
        lambda box: Planted.__init__(box, box.root),
        "systemctl revert",
    ),
    "a guard that does not come back": Fault(
        "watchdog",
        "fix",
        unit(GUARD, "Restart", "no"),
        unit(GUARD, "Restart", "always"),
        "systemctl revert",
    ),
    "the stop button is out": Fault(
        "stop-inputs",
        "fix",
        lambda box: box.remove(BUTTON),
        lambda box: box.link(BUTTON, "../event3"),
        "Plug it in",
    ),
    "no stop button": Fault(
        "stop-inputs",
        "look",
        in_config(f'["{BUTTON}"]', "[]"),
        in_config("inputs = []", f'inputs = ["{BUTTON}"]'),
        "stop button",
    ),
    "nothing to stop with": Fault(
        "stop-inputs",
        "fix",
        lambda box: (in_config(f'["{BUTTON}"]', "[]")(box), box.file("/proc/bus/input/devices", "")),
        lambda box: Planted.__init__(box, box.root),
        "keyboard",
    ),
    "a full disk": Fault("disk-space", "fix", put("free", FULL), put("free", ROOMY), "larger"),
    "a disk that is nearly full": Fault(
        "disk-space", "look", put("free", Space(300_000_000, None)), put("free", ROOMY), "Delete"
    ),
    "no more files on the disk": Fault(
        "disk-space", "fix", put("free", Space(20_000_000_000, 0)), put("free", ROOMY), "Delete"
    ),
    "a worn disk": Fault("disk-wear", "fix", file(LIFE, "0x0b 0x02"), file(LIFE, "0x02 0x01"), "replaced"),
    "a disk that is nearly worn": Fault(
        "disk-wear", "look", file(LIFE, "0x09 0x02"), file(LIFE, "0x02 0x01"), "ready"
    ),
    "a disk without reserve": Fault(
        "disk-wear",
        "fix",
        file("/sys/devices/platform/mmc/mmcblk0/device/pre_eol_info", "0x03"),
        file("/sys/devices/platform/mmc/mmcblk0/device/pre_eol_info", "0x01"),
        "replaced",
    ),
    "errors of the file system": Fault(
        "disk-wear",
        "fix",
        file("/sys/fs/ext4/mmcblk0p2/errors_count", "4"),
        file("/sys/fs/ext4/mmcblk0p2/errors_count", "0"),
        "backup",
    ),
    "data in memory": Fault(
        "disk-flags",
        "fix",
        mounted("- ext4 /dev/mmcblk0p2", "- tmpfs tmpfs"),
        MOUNTS_AS_THEY_WERE,
        "disk of its own",
    ),
    "a read-only disk": Fault(
        "disk-flags",
        "fix",
        mounted(DATA_MOUNT, DATA_MOUNT.replace("rw,nosuid", "ro,nosuid")),
        MOUNTS_AS_THEY_WERE,
        "remount",
    ),
    "a disk that does not flush": Fault(
        "disk-flags",
        "fix",
        mounted(DATA_MOUNT, DATA_MOUNT + ",nobarrier"),
        MOUNTS_AS_THEY_WERE,
        "/etc/fstab",
    ),
    "a clock of 1970": Fault(
        "clock",
        "fix",
        lambda box: (
            setattr(box, "now", dt.datetime(1970, 1, 1, 0, 10, tzinfo=dt.UTC)),
            box.file(RTC, "600"),
        ),
        lambda box: Planted.__init__(box, box.root),
        "set-time",
    ),
    "no time zone": Fault(
        "clock",
        "look",
        lambda box: (
            box.file("/usr/share/zoneinfo/Etc/UTC"),
            box.link("/etc/localtime", "/usr/share/zoneinfo/Etc/UTC"),
        ),
        lambda box: box.link("/etc/localtime", "/usr/share/zoneinfo/Europe/Berlin"),
        "set-timezone",
    ),
    "nobody keeps the clock": Fault(
        "clock-source",
        "fix",
        lambda box: (box.remove(RTC), setattr(box, "synchronised", False)),
        lambda box: Planted.__init__(box, box.root),
        "hardware clock",
    ),
    "only the network keeps the clock": Fault(
        "clock-source",
        "look",
        lambda box: box.remove(RTC),
        file(RTC, f"{int(NOW.timestamp())}"),
        "hardware clock",
    ),
    "a hardware clock that is wrong": Fault(
        "clock-source",
        "look",
        file(RTC, f"{int(NOW.timestamp()) - 3600}"),
        file(RTC, f"{int(NOW.timestamp())}"),
        "hwclock",
    ),
    "under-voltage now": Fault("power", "fix", a_pi_says("0x50005"), a_pi_says("0x0"), "power supply"),
    "under-voltage some time ago": Fault("power", "look", a_pi_says("0x50000"), a_pi_says("0x0"), "cable"),
    "under-voltage, told by another kernel": Fault(
        "power",
        "fix",
        lambda box: (
            box.file("/sys/class/hwmon/hwmon1/name", "rpi_volt\n"),
            box.file("/sys/class/hwmon/hwmon1/in0_lcrit_alarm", "1\n"),
        ),
        file("/sys/class/hwmon/hwmon1/in0_lcrit_alarm", "0\n"),
        "power supply",
    ),
    "a font that is missing": Fault(
        "font", "fix", put("fonts", "FreeSans"), put("fonts", "DejaVu Sans Mono"), "fonts-dejavu"
    ),
    "a font without signs": Fault(
        "glyphs",
        "fix",
        put("fonts_with_signs", ""),
        put("fonts_with_signs", "DejaVu Sans Mono"),
        "fonts-dejavu",
    ),
    "small letters on the console": Fault(
        "font",
        "look",
        lambda box: box.programs.discard("foot"),
        lambda box: box.file("/usr/share/consolefonts/Lat15-TerminusBold32x16.psf.gz"),
        "console-setup",
    ),
    "a language that was not installed": Fault(
        "locale",
        "fix",
        in_config('lang = "de"', 'lang = "xx"'),
        in_config('lang = "xx"', 'lang = "de"'),
        "Install homestim again",
    ),
    "no UTF-8": Fault(
        "locale", "look", put("environ", {"LANG": "C"}), put("environ", {"LANG": "C.UTF-8"}), "localectl"
    ),
    "no program that plays": Fault(
        "sound",
        "fix",
        lambda box: box.programs.discard("aplay"),
        lambda box: box.programs.add("aplay"),
        "alsa-utils",
    ),
    "no voice": Fault(
        "sound",
        "look",
        lambda box: box.programs.discard("espeak-ng"),
        lambda box: box.programs.add("espeak-ng"),
        "espeak-ng",
    ),
    "no sound card": Fault(
        "sound",
        "fix",
        file("/proc/asound/cards", "--- no soundcards ---\n"),
        file("/proc/asound/cards", " 0 [x]\n"),
        "loudspeaker",
    ),
    "no loudspeaker, by choice": Fault(
        "sound",
        "look",
        in_config("[kiosk]", "[sound]\nplayer = []\n[kiosk]"),
        in_config("player = []", ""),
        "homestim setup",
    ),
    "a printer that was switched off": Fault(
        "printer",
        "look",
        put("printers", "printer Brother disabled since yesterday -\n\treason unknown\n"),
        put("printers", ""),
        "cupsenable",
    ),
    "a kiosk that does not start with the box": Fault(
        "units",
        "fix",
        unit("homestim.service", "UnitFileState", "disabled"),
        unit("homestim.service", "UnitFileState", "enabled"),
        "systemctl enable",
    ),
    "two kiosks for one screen": Fault(
        "units",
        "fix",
        unit("homestim-console.service", "UnitFileState", "enabled"),
        unit("homestim-console.service", "UnitFileState", "disabled"),
        "disable",
    ),
    "a kiosk that does not run": Fault(
        "units",
        "look",
        unit("homestim.service", "ActiveState", "failed"),
        unit("homestim.service", "ActiveState", "active"),
        "journalctl",
    ),
    "a wall that was taken away": Fault(
        "sandbox",
        "fix",
        unit(GUARD, "ProtectSystem", "no"),
        unit(GUARD, "ProtectSystem", "strict"),
        "systemctl revert",
    ),
    "Ctrl+Alt+Del": Fault(
        "keys",
        "fix",
        unit("ctrl-alt-del.target", "LoadState", "loaded"),
        unit("ctrl-alt-del.target", "LoadState", "masked"),
        "mask ctrl-alt-del",
    ),
    "SysRq": Fault(
        "keys",
        "fix",
        file("/proc/sys/kernel/sysrq", "438"),
        file("/proc/sys/kernel/sysrq", "0"),
        "sysctl",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_it_is_found_and_remedied(box: Planted, name: str) -> None:
    fault = FAULTS[name]
    fault.plant(box)
    found = box.examined()
    bad = {check for check, one in found.items() if one.state != "ok"}
    assert bad == {fault.check} | fault.also
    assert found[fault.check].state == fault.state
    assert fault.remedy in found[fault.check].remedy, found[fault.check]
    assert found[fault.check].found.strip()
    fault.mend(box)
    mended = box.examined()
    assert {check: one.found for check, one in mended.items() if one.state != "ok"} == {}


def test_every_check_has_a_fault_that_it_finds() -> None:
    found = {fault.check for fault in FAULTS.values()} | {
        check for one in FAULTS.values() for check in one.also
    }
    assert found == {name for name, _check in CHECKS}


@pytest.mark.parametrize("name", FAULTS)
def test_in_german_every_sentence_is_german(box: Planted, name: str) -> None:
    FAULTS[name].plant(box)
    english = box.examined()
    words.set_language("de")
    try:
        german = box.examined()
    finally:
        words.set_language("en")
    for check, one in german.items():
        assert one.state == english[check].state
        if one.remedy:
            assert one.remedy != english[check].remedy, one
        assert one.found != english[check].found, one
        assert not re.search(r"\b(found|expected|the|is|nothing)\b", one.found), one


def test_a_computer_on_which_it_is_tried_is_no_box(box: Planted) -> None:
    """Units that are not there are no fault of the kiosk."""
    box.units = {}
    box.replace("/etc/homestim/kiosk.toml", 'socket = "/run/homestim/guard.sock"', "")
    found = box.examined()
    assert {check for check, one in found.items() if one.state == "fix"} == set()
    assert {check for check, one in found.items() if one.state == "look"} == {"units", "sandbox", "keys"}


def test_a_box_that_is_not_set_up_yet_has_no_diary_to_lose(box: Planted) -> None:
    box.remove("/var/lib/homestim/meta.json")
    box.file("/etc/homestim/kiosk.toml", '[kiosk]\nlang = "de"\n')
    assert box.examined()["diary"].state == "look"


def test_a_clock_that_was_added_beside_one_without_a_battery_keeps_the_time(box: Planted) -> None:
    box.file(RTC, "600\n")
    assert box.examined()["clock-source"].state == "look"
    box.file(f"{ADDED_RTC}/since_epoch", f"{int(NOW.timestamp())}\n")
    box.file(f"{ADDED_RTC}/name", "rtc-ds1307 1-0068\n")
    assert box.examined()["clock-source"].state == "ok"


def test_a_box_whose_guard_is_not_installed(box: Planted) -> None:
    box.units = {}
    found = box.examined()
    assert {check for check, one in found.items() if one.state == "fix"} >= {"watchdog", "device-id"}


def test_a_simulated_box_needs_no_port(box: Planted) -> None:
    box.file("/etc/homestim/kiosk.toml", '[device]\nkind = "p24"\nsimulated = true\n')
    box.remove(SETTINGS)
    found = box.examined()
    for check in ("port", "port-name", "device-id", "firmware", "patient-pin", "guard"):
        assert found[check].state == "ok", found[check]


def test_a_server_that_is_away_for_a_night_is_no_news(box: Planted) -> None:
    box.sent("The server cannot be reached. Is the network there?", days_ago=0.5, failures=5)
    assert box.examined()["outbox"].state == "ok"


def test_why_nothing_could_be_sent_is_said(box: Planted) -> None:
    box.sent(EXPIRED, days_ago=4)
    assert EXPIRED in box.examined()["outbox"].found


def test_a_clock_that_is_a_year_behind_makes_nothing_late(box: Planted) -> None:
    box.sent(EXPIRED, days_ago=-365, failures=1)
    assert box.examined()["outbox"].state == "ok"


@pytest.mark.parametrize("gone", ["consent.json", "sender.json"])
def test_without_her_yes_nothing_has_to_be_sent(box: Planted, gone: str) -> None:
    box.remove(f"{OUTBOX}/{gone}")
    assert box.examined()["outbox"].state == "ok"


@pytest.mark.parametrize(
    ("result", "status", "why"),
    [
        ("signal", "9", "(9)"),
        ("core-dump", "11", "(11)"),
        ("watchdog", "9", "watchdog"),
        ("oom-kill", "9", "memory"),
        ("timeout", "15", "in time"),
        ("exit-code", "1", "says why"),
    ],
)
def test_it_says_how_a_guard_ends_again_and_again(box: Planted, result: str, status: str, why: str) -> None:
    restarts(7, result, "activating", status=status)(box)
    found = box.examined()["units"].found
    assert "7 times" in found
    assert why in found
