"""How it lives on a box: the units are sound and shut in; no key of the terminal does a thing of its own."""

from __future__ import annotations

import configparser
import datetime as dt
import os
import re
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kiosk import letters
from kiosk.clock import FixedClock
from kiosk.diary.folder import claim
from kiosk.export import stick
from kiosk.theme.colours import rgb
from kiosk.theme.paper import PAPER
from kiosk.theme.roles import Role

ROOT = Path(__file__).parents[2]
SYSTEMD = ROOT / "systemd"
TMPFILES = SYSTEMD / "tmpfiles.d/homestim.conf"
UNITS = sorted((SYSTEMD / "units").iterdir())
EXPOSURE_AT_MOST = {
    "homestim-guard.service": 1.0,
    "homestim-console.service": 2.0,
    "homestim-backup.service": 1.0,
    "homestim-outbox.service": 1.0,
    # As root, to make a stick read-only.
    "homestim-sticks.service": 3.0,
    # It has a network: nothing else does.
    "homestim-sync.service": 2.0,
    # The compositor needs logind, and a session of its own.
    "homestim.service": 1.1,
}
RUN_USER = "/run/user"
ENDS_A_TTY = ("homestim.service", "homestim-console.service")


def needs(tool: str) -> None:
    """A person's machine may lack the tool; where changes land it is there."""
    if shutil.which(tool) is None:
        assert os.environ.get("CI") != "true", f"{tool} has to be installed here"
        pytest.skip(f"{tool} is not installed")


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=60, check=False)


def settings(unit: Path) -> dict[str, list[str]]:
    """Every setting of a unit with all its values."""
    found: dict[str, list[str]] = {}
    for line in unit.read_text(encoding="utf-8").splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith(("#", ";")):
            found.setdefault(name, []).append(value)
    return found


def verified(tmp_path: Path, units: list[Path]) -> str:
    """What systemd has to say against the units, on a box that has what they start."""
    root = tmp_path / "root"
    (root / "etc/systemd/system").mkdir(parents=True)
    for unit in units:
        shutil.copy(unit, root / "etc/systemd/system")
        for values in settings(unit).values():
            for program in re.findall(r"(?:^|-- )[+-]?(/(?:opt|usr)/\S+)", " ".join(values)):
                path = root / program.lstrip("/")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("#!/bin/sh\n")
                path.chmod(0o755)
    shutil.copytree("/usr/lib/systemd/system", root / "usr/lib/systemd/system", symlinks=True)
    installed = sorted((root / "etc/systemd/system").iterdir())
    done = run("systemd-analyze", "verify", f"--root={root}", "--man=no", *installed)
    return done.stdout + done.stderr


def test_systemd_has_nothing_against_the_units(tmp_path: Path) -> None:
    needs("systemd-analyze")
    assert verified(tmp_path, UNITS) == ""


def test_a_misspelt_setting_would_be_noticed(tmp_path: Path) -> None:
    needs("systemd-analyze")
    unit = tmp_path / "homestim-guard.service"
    text = (SYSTEMD / "units" / unit.name).read_text(encoding="utf-8")
    unit.write_text(text.replace("WatchdogSec=", "WatchdogSeconds="), encoding="utf-8")
    assert "WatchdogSeconds" in verified(tmp_path, [unit])


@pytest.mark.parametrize(("name", "at_most"), sorted(EXPOSURE_AT_MOST.items()))
def test_a_unit_is_shut_in(name: str, at_most: float) -> None:
    needs("systemd-analyze")
    done = run("systemd-analyze", "security", "--offline=true", "--no-pager", SYSTEMD / "units" / name)
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert found is not None, done.stderr
    assert float(found[1]) <= at_most


def test_every_service_has_a_bound() -> None:
    assert {unit.name for unit in UNITS if unit.suffix == ".service"} == set(EXPOSURE_AT_MOST)


def test_the_guard_is_watched_and_stopped_from_outside() -> None:
    guard = settings(SYSTEMD / "units" / "homestim-guard.service")
    assert guard["ExecStopPost"] == ["/usr/lib/homestim/stop-output"]
    assert guard["WatchdogSignal"] == ["SIGKILL"]
    assert guard["StartLimitIntervalSec"] == ["0"]
    assert guard["Restart"] == ["always"]


def test_real_time_leaves_a_slow_board_the_time_to_start() -> None:
    """Where it took twenty times as long, guard and stop-output were killed while they started."""
    (limit,) = settings(SYSTEMD / "units" / "homestim-guard.service")["LimitRTTIME"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert run(sys.executable, "-m", "kiosk", "guard", "--help").returncode == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    start_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert int(limit.removesuffix("s")) >= 20 * start_s


def test_only_the_guards_user_may_open_the_stimulator() -> None:
    groups = {unit.name: " ".join(settings(unit).get("SupplementaryGroups", [])) for unit in UNITS}
    assert [name for name, theirs in groups.items() if "dialout" in theirs] == ["homestim-guard.service"]
    assert "dialout" not in (SYSTEMD / "sysusers.d" / "homestim.conf").read_text(encoding="utf-8")
    for unit in UNITS:
        if unit.name != "homestim-guard.service":
            assert "tty" not in " ".join(
                value for value in settings(unit).get("DeviceAllow", []) if not value.startswith("/dev/tty1 ")
            )


@pytest.mark.parametrize("name", ENDS_A_TTY)
def test_the_screen_always_comes_back(name: str) -> None:
    kiosk = settings(SYSTEMD / "units" / name)
    assert kiosk["Restart"] == ["always"]
    assert kiosk["StartLimitIntervalSec"] == ["0"]
    assert kiosk["User"] == ["homestim"]


def test_only_the_sender_has_a_network_and_it_cannot_see_the_diary() -> None:
    for unit in UNITS:
        if unit.suffix == ".service" and unit.name != "homestim-sync.service":
            assert settings(unit)["PrivateNetwork"] == ["yes"], unit.name
    sender = settings(SYSTEMD / "units" / "homestim-sync.service")
    assert sender["User"] == ["homestim-sync"]
    assert "-/var/lib/homestim" in sender["InaccessiblePaths"][0].split()
    members = re.findall(
        r"^m (\S+) (\S+)", (SYSTEMD / "sysusers.d" / "homestim.conf").read_text(), re.MULTILINE
    )
    assert not [group for user, group in members if user == "homestim-sync"]


def test_no_key_and_no_click_of_the_terminal_does_anything_of_its_own() -> None:
    """One of foot's keys opens a shell, others zoom, scroll and search."""
    ini = configparser.ConfigParser()
    ini.read(SYSTEMD / "foot.ini")
    clicks = dict(ini["mouse-bindings"])
    assert len(clicks.pop("selection-override-modifiers").split("+")) == 4, "no click but with all of these"
    for section in ("key-bindings", "search-bindings", "url-bindings"):
        assert ini[section]
        assert set(dict(ini[section]).values()) == {"none"}
    assert set(clicks.values()) == {"none"}
    assert ini["mouse"]["alternate-scroll-mode"] == "no", "a wheel would raise the current"
    assert ini["scrollback"]["lines"] == "0"
    assert ini["url"]["launch"] == "/bin/true"


def test_what_no_letter_fills_has_the_colour_that_the_kiosk_draws_around_its_page() -> None:
    ini = configparser.ConfigParser()
    ini.read(SYSTEMD / "foot.ini")
    assert rgb(f"#{ini['colors']['background']}") == PAPER[Role.MARGIN].background


def test_nothing_that_foot_does_by_default_is_left_out() -> None:
    """Debian's example names every action with its default."""
    needs("foot")
    example = Path("/etc/xdg/foot/foot.ini").read_text("utf-8")
    ini = configparser.ConfigParser()
    ini.read(SYSTEMD / "foot.ini")
    for section in ("key-bindings", "mouse-bindings"):
        (lines,) = re.findall(rf"^\[{section}\]\n(.*?)(?=\n\[|\Z)", example, re.MULTILINE | re.DOTALL)
        defaults = dict(re.findall(r"^# *([a-z-]+) *= *(.+)$", lines, re.MULTILINE))
        does = {action for action, keys in defaults.items() if not keys.endswith("none")}
        assert does
        assert does <= set(ini[section])


def test_foot_takes_its_configuration_and_the_letters_that_the_kiosk_writes(tmp_path: Path) -> None:
    needs("foot")
    chosen, ini = tmp_path / "letters.ini", tmp_path / "foot.ini"
    letters.write(chosen, letters.Pixels(1920, 1080), "large")
    (included,) = re.findall(r"^include=(.*)$", (SYSTEMD / "foot.ini").read_text("utf-8"), re.MULTILINE)
    assert included in (SYSTEMD / "tmpfiles.d/homestim.conf").read_text("utf-8"), "foot wants it to be there"
    ini.write_text((SYSTEMD / "foot.ini").read_text("utf-8").replace(included, str(chosen)), "utf-8")
    done = run("foot", "--check-config", "-c", ini)
    assert done.returncode == 0, done.stderr
    assert not re.search(r"\b(error|warn)", done.stderr), done.stderr


def test_what_the_installation_puts_into_the_data_folder_keeps_no_kiosk_out_of_it(tmp_path: Path) -> None:
    laid = re.findall(r"^f /var/lib/homestim/(\S+)", TMPFILES.read_text("utf-8"), re.MULTILINE)
    assert laid
    for name in laid:
        (tmp_path / name).touch()
    meta, lock = claim(tmp_path, "real", FixedClock(dt.datetime(2026, 11, 20, tzinfo=dt.UTC)))
    lock.release()
    assert meta.kind == "real"


def test_the_kiosk_reads_its_clock_and_finds_its_diarys_folder_empty() -> None:
    """Found on a machine that booted: /proc/sys was hidden, and a log lay in the new diary's folder."""
    for unit in UNITS:
        said = settings(unit)
        runs = " ".join(said.get("ExecStart", []))
        if "/bin/homestim " not in runs or "homestim guard" in runs:
            continue
        assert "ProcSubset" not in said, unit.name
        if "homestim run" in runs:
            assert "XDG_STATE_HOME=/var/log/homestim" in said["Environment"]
            assert said["LogsDirectory"] == ["homestim"]
    users = (SYSTEMD / "sysusers.d/homestim.conf").read_text("utf-8")
    (home,) = re.findall(r'^u homestim - ".*" (\S+)', users, re.MULTILINE)
    assert home == "-"


def written_places() -> set[str]:
    """Every place that a unit may write to, the system being read-only for it otherwise."""
    found = set()
    for unit in UNITS:
        if unit.suffix == ".service":
            said = settings(unit)
            assert said["ProtectSystem"] == ["strict"], unit.name
            found |= {f"/var/lib/{name}" for name in said.get("StateDirectory", [])}
            found |= {f"/var/log/{name}" for name in said.get("LogsDirectory", [])}
            found |= {f"/run/{name}" for name in said.get("RuntimeDirectory", [])}
            found |= {place for value in said.get("ReadWritePaths", []) for place in value.split()}
    return found


def test_on_a_read_only_root_one_partition_holds_all_that_is_written() -> None:
    """/var on a partition of its own, /run and /tmp in memory."""
    places = written_places()
    assert places
    assert all(place.startswith(("/var/", "/run/")) for place in places)
    listed = re.findall(r"^\| `(/\S+)` \|", (ROOT / "docs/install.md").read_text("utf-8"), re.MULTILINE)
    assert places <= set(listed), "docs/install.md says where a box writes"


def test_what_is_written_to_is_there_before_a_unit_starts() -> None:
    made = set(re.findall(r"^d (\S+)", TMPFILES.read_text("utf-8"), re.MULTILINE))
    for unit in UNITS:
        for value in settings(unit).get("ReadWritePaths", []):
            assert set(value.split()) <= made | {RUN_USER}, f"{unit.name} would not start"


def test_no_unit_closes_the_place_of_its_own_sockets() -> None:
    """ProtectHome= counts /run/user among the homes, and ReadWritePaths= opens nothing that it closed."""
    sessions = [unit for unit in UNITS if RUN_USER in " ".join(settings(unit).get("ReadWritePaths", []))]
    assert sessions
    for unit in sessions:
        assert "ProtectHome" not in settings(unit)
        assert {"-/home", "-/root"} <= set(" ".join(settings(unit)["InaccessiblePaths"]).split())


def test_a_disk_that_is_not_mounted_is_never_taken_for_an_empty_diary() -> None:
    for unit in UNITS:
        said = settings(unit)
        places = [f"/var/lib/{name}" for name in said.get("StateDirectory", [])]
        assert set(places) <= set(" ".join(said.get("RequiresMountsFor", [])).split()), unit.name


DRIVER_OF = {"char-ttyACM": "cdc_acm", "char-ttyUSB": "ftdi_sio", "char-alsa": "snd"}
"""Kind of device, by its name in /proc/devices → the module that puts it there; char-input is built in."""


def test_a_kind_of_device_that_a_unit_may_open_is_there_before_the_unit() -> None:
    """systemd looks the kind up when the unit starts: one that comes later stays shut out for good."""
    found = 0
    for unit in UNITS:
        said = settings(unit)
        kinds = [value.split()[0] for value in said.get("DeviceAllow", []) if value.startswith("char-")]
        for kind in set(kinds) - {"char-input"}:
            loader = f"modprobe@{DRIVER_OF[kind]}.service"
            for name in ("Wants", "After"):
                assert loader in " ".join(said.get(name, [])).split(), (unit.name, kind, name)
            found += 1
    assert found == 3


def test_the_letters_are_made_large_once_the_screen_has_its_driver() -> None:
    """A graphics driver that comes after the kiosk takes the console over, with letters of its own size."""
    said = settings(SYSTEMD / "units/homestim-console.service")
    assert any("prepare-console" in value for value in said["ExecStartPre"])
    for name in ("Wants", "After"):
        assert "systemd-udev-settle.service" in " ".join(said[name]).split()


def test_udev_takes_the_rules() -> None:
    needs("udevadm")
    rules = sorted((SYSTEMD / "udev").iterdir())
    done = run("udevadm", "verify", *rules)
    if "verify" not in run("udevadm", "--help").stdout:
        pytest.skip("this udevadm cannot verify (systemd older than 254)")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "script", ["stop-output", "prepare-console", "release-console", "finish-sticks", "install"]
)
def test_a_script_needs_python_and_nothing_of_ours(script: str) -> None:
    path = SYSTEMD / script
    assert os.access(path, os.X_OK)
    first, *rest = path.read_text(encoding="utf-8").splitlines()
    assert first == "#!/usr/bin/python3"
    imported = {line.split()[1] for line in rest if line.startswith(("import ", "from "))}
    assert not imported & {"drivers", "kiosk", "programs", "serial", "msgspec"}


@pytest.mark.parametrize("script", ["prepare-console", "release-console"])
def test_a_console_that_is_none_is_said_and_is_no_reason_not_to_start(script: str, tmp_path: Path) -> None:
    tty = tmp_path / "tty1"
    tty.write_bytes(b"")
    done = run("/usr/bin/env", "python3", "-I", SYSTEMD / script, tty)
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert script in done.stderr


def test_after_a_crash_the_console_stays_locked(tmp_path: Path) -> None:
    tty = tmp_path / "tty1"
    tty.write_bytes(b"")
    command = ["python3", "-I", str(SYSTEMD / "release-console"), str(tty)]
    crashed = subprocess.run(
        command, env={**os.environ, "SERVICE_RESULT": "core-dump"}, capture_output=True, check=False
    )
    assert crashed.stderr == b"", "it did not even try"


# ── sticks ──

STICKS = "/run/homestim-sticks"
RULE = SYSTEMD / "udev/71-homestim-sticks.rules"


def test_a_stick_is_mounted_as_the_kiosk_wants_it_where_the_kiosk_may_write() -> None:
    rule = RULE.read_text(encoding="utf-8")
    options = re.search(r"--options=(\S+)", rule)
    assert options is not None
    assert set(stick.MUST_BE_MOUNTED) <= set(options[1].split(","))
    assert "x-systemd.device-bound" in options[1], "a stick that was pulled is mounted no more"
    assert set(re.findall(r'ID_FS_TYPE}=="(\S+?)"', rule)) == {"|".join(stick.FILE_SYSTEMS)}
    assert "--owner=homestim" in rule
    assert f"$devnode {STICKS}/$kernel" in rule
    for name in ENDS_A_TTY:
        said = " ".join(settings(SYSTEMD / "units" / name)["ReadWritePaths"]).split()
        assert {STICKS, str(stick.REQUEST.parent)} <= set(said), name
    (waited_for,) = settings(SYSTEMD / "units/homestim-sticks.path")["PathExists"]
    assert waited_for == str(stick.REQUEST)
    (started,) = settings(SYSTEMD / "units/homestim-sticks.service")["ExecStart"]
    assert started.split()[1] == str(stick.REQUEST), "it is taken away, or the unit would never end"


@pytest.mark.parametrize(
    ("tab", "mounted"),
    [("", True), ("/dev/loop0 /boot vfat ro 0 0\n", False), ("/dev/loop1 /boot vfat ro 0 0\n", True)],
)
def test_what_the_box_itself_mounts_is_no_stick_of_the_family(
    tab: str, mounted: bool, tmp_path: Path
) -> None:
    """The rule asks findmnt; here of a table of our own."""
    needs("findmnt")
    asked = re.search(r'PROGRAM!="(\S+) --fstab (.*?)\$devnode"', RULE.read_text(encoding="utf-8"))
    assert asked is not None
    assert asked[1] == "/usr/bin/findmnt"
    (tmp_path / "fstab").write_text(tab)
    done = run("findmnt", "--tab-file", tmp_path / "fstab", *asked[2].split(), "/dev/loop0")
    assert (done.returncode != 0) is mounted


def test_sticks_are_made_read_only_and_nothing_else_is(tmp_path: Path) -> None:
    """In a mount namespace of its own, with file systems in memory."""
    script = f"""set -e
        mount -t tmpfs run /run
        mkdir -p {STICKS}/sda1 {STICKS}/sdb1 /run/elsewhere /run/homestim-written
        for one in {STICKS}/sda1 {STICKS}/sdb1 /run/elsewhere; do
            mount -t tmpfs -o nosuid,nodev,noexec stick $one
        done
        echo kept > {STICKS}/sda1/diary.csv
        touch {stick.REQUEST}
        python3 -I {SYSTEMD / "finish-sticks"} {stick.REQUEST}
        test ! -e {stick.REQUEST}
        cat /proc/self/mounts
    """
    alone = ("unshare", "--map-root-user", "--mount")
    if run(*alone, "true").returncode:
        pytest.skip("no mount namespaces here")
    done = run(*alone, "sh", "-c", script)
    assert done.returncode == 0, done.stderr
    flags = {
        fields[1]: set(fields[3].split(","))
        for fields in (line.split(" ") for line in done.stdout.splitlines())
        if fields[1].startswith("/run")
    }
    for name in ("sda1", "sdb1"):
        assert {"ro", "nosuid", "nodev", "noexec"} <= flags[f"{STICKS}/{name}"]
    assert "rw" in flags["/run/elsewhere"]
    assert "rw" in flags["/run"]


def test_a_stick_that_comes_after_the_kiosk_is_seen_written_and_closed_inside_its_unit() -> None:
    """What ProtectSystem=strict and ReadWritePaths= do, done by hand: the unit's own view of the mounts."""
    script = f"""set -e
        mount -t tmpfs run /run
        mkdir -p {STICKS} /run/seen
        mkfifo /run/seen/go /run/seen/on
        mount --make-rshared /
        unshare --mount --propagation slave sh -c '
            mount --bind {STICKS} {STICKS}; mount --bind /run/seen /run/seen
            mount -o remount,bind,ro /run
            echo ready > /run/seen/on; cat /run/seen/go > /run/seen/x
            echo written > {STICKS}/sda1/report.pdf
            echo written > /run/seen/on; cat /run/seen/go > /run/seen/x
            grep {STICKS}/sda1 /proc/self/mounts
            ! touch {STICKS}/sda1/more 2>/run/seen/x' &
        cat /run/seen/on
        mkdir {STICKS}/sda1; mount -t tmpfs -o nosuid,nodev,noexec /dev/sda1 {STICKS}/sda1
        echo go > /run/seen/go; cat /run/seen/on
        mount -o remount,ro,nosuid,nodev,noexec {STICKS}/sda1
        echo go > /run/seen/go; wait $!
    """
    alone = ("unshare", "--map-root-user", "--mount")
    if run(*alone, "true").returncode:
        pytest.skip("no mount namespaces here")
    done = run(*alone, "sh", "-c", script)
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if STICKS in line]
    seen = "\n".join(line.replace(" tmpfs ", " vfat ") for line in lines)
    assert lines
    assert stick.sticks(seen) == (), "it is read-only for the kiosk too"
    writable = seen.replace(" ro,", " rw,")
    assert [str(one.place) for one in stick.sticks(writable)] == [f"{STICKS}/sda1"], "seen once"
