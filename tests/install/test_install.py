"""The script that installs: what it lays where, when it refuses, and that it goes back by itself."""

from __future__ import annotations

import fcntl
import os
import runpy
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.install.plain_box import HOME_DATA, SYSTEMD, PlainBox, needs_root, used_box

UNITS = "etc/systemd/system"


@pytest.fixture
def box(tmp_path: Path) -> PlainBox:
    """A box that does not run: an image, or a chroot."""
    return PlainBox(tmp_path / "box")


@pytest.fixture
def used(tmp_path: Path) -> PlainBox:
    """A running box with version 1.0, set up, and a diary of one entry."""
    return used_box(tmp_path / "box")


def mode_of(box: PlainBox, place: str) -> str:
    state = (box.root / place).stat()
    return f"{stat.S_IMODE(state.st_mode):o}"


def sharing_was_switched_on(box: PlainBox) -> None:
    """As `systemctl enable homestim-sync.timer` does it."""
    wanted = box.root / UNITS / "timers.target.wants/homestim-sync.timer"
    wanted.symlink_to("/etc/systemd/system/homestim-sync.timer")


def test_a_bare_debian_gets_program_users_units_rules_and_one_command(box: PlainBox) -> None:
    box.bundle("1.0")
    done = box.install(of="1.0")
    assert done.code == 0, done
    assert "homestim setup" in done.out
    assert box.current == "1.0"
    assert box.run("/opt/homestim/current/bin/homestim").out == "homestim, version 1.0\n"
    users = (box.root / "etc/passwd").read_text()
    assert "\nhomestim:" in users
    assert "\nhomestim-guard:" in users
    assert mode_of(box, HOME_DATA) == "700"
    assert mode_of(box, "var/backups/homestim") == "700"
    assert mode_of(box, "etc/homestim") == "750"
    assert mode_of(box, "usr/lib/homestim/stop-output") == "755"
    assert mode_of(box, "usr/local/bin/homestim") == "755"
    assert os.readlink(box.root / UNITS / "ctrl-alt-del.target") == "/dev/null"
    for place in (
        f"{UNITS}/homestim-guard.service",
        "etc/udev/rules.d/70-homestim.rules",
        "etc/sysctl.d/90-homestim.conf",
        "etc/pam.d/homestim",
        "etc/homestim/foot.ini",
    ):
        assert mode_of(box, place) == "644", place


def test_it_starts_with_the_box_only_once_it_is_set_up(box: PlainBox) -> None:
    box.bundle("1.0")
    box.install(of="1.0")
    wanted = box.root / UNITS / "multi-user.target.wants"
    assert not os.path.lexists(wanted / "homestim-guard.service")
    box.set_up()
    done = box.install()
    assert done.code == 0, done
    assert os.path.lexists(wanted / "homestim-guard.service")
    assert os.path.lexists(wanted / "homestim-console.service")
    assert os.path.lexists(box.root / UNITS / "timers.target.wants/homestim-backup.timer")
    assert os.path.lexists(box.root / UNITS / "multi-user.target.wants/homestim-sticks.path")
    assert os.access(box.root / "usr/lib/homestim/finish-sticks", os.X_OK)


def test_the_other_face_takes_the_place_of_the_first(box: PlainBox) -> None:
    box.bundle("1.0")
    box.set_up()
    assert box.install(of="1.0").code == 0
    refused = box.install("--face", "wayland")
    assert refused.code == 1
    assert "apt-get install cage foot" in refused.error
    for place in (
        "usr/bin/cage",
        "usr/bin/foot",
        "usr/bin/Xwayland",
        "usr/lib/x/security/pam_systemd.so",
        "usr/bin/dbus-daemon",
        "usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf",
    ):
        (box.root / place).parent.mkdir(parents=True, exist_ok=True)
        (box.root / place).touch()
    assert box.install("--face", "wayland").code == 0
    enabled = {path.name for path in (box.root / UNITS).glob("*.wants/homestim*.service")}
    assert enabled == {"homestim.service", "homestim-guard.service"}
    assert box.install().out.startswith("homestim 1.0 is installed. There is nothing to do."), (
        "it is remembered"
    )


def test_a_dry_run_says_what_it_would_do_and_changes_nothing(box: PlainBox) -> None:
    box.bundle("1.0")
    before = box.tree()
    done = box.install("--dry-run", of="1.0")
    assert done.code == 0, done
    assert "would install the wheels into /opt/homestim/1.0" in done.out
    assert box.tree() == before


def test_a_second_run_changes_nothing_and_stops_nothing(used: PlainBox) -> None:
    before = used.tree()
    done = used.install(of="1.0")
    assert "There is nothing to do" in done.out
    assert {place for place, _ in used.tree().items() ^ before.items()} <= {"run/calls"}
    assert not [call for call in used.calls if call.startswith(("stop", "start"))]


def test_what_was_broken_by_hand_is_put_right_by_a_second_run(used: PlainBox) -> None:
    (used.root / UNITS / "homestim-guard.service").write_text("[Service]\nExecStart=/bin/true\n")
    (used.root / "usr/lib/homestim/stop-output").unlink()
    done = used.install()
    assert done.code == 0, done
    assert (
        "homestim-guard.service was changed by hand: it is kept as homestim-guard.service.saved" in done.out
    )
    assert "WatchdogSec" in (used.root / UNITS / "homestim-guard.service").read_text()
    assert "/bin/true" in (used.root / UNITS / "homestim-guard.service.saved").read_text()
    assert mode_of(used, "usr/lib/homestim/stop-output") == "755"


def test_a_key_that_was_let_out_by_hand_is_locked_by_a_second_run(used: PlainBox) -> None:
    (used.root / UNITS / "ctrl-alt-del.target").unlink()
    done = used.install()
    assert done.code == 0, done
    assert os.readlink(used.root / UNITS / "ctrl-alt-del.target") == "/dev/null"


def test_groups_that_were_changed_by_hand_are_put_right_by_a_second_run(used: PlainBox) -> None:
    groups = used.root / "etc/group"
    groups.write_text(groups.read_text().replace(":homestim\n", ":\n"))
    done = used.install()
    assert done.code == 0, done
    members = dict(line.split(":", 1) for line in groups.read_text().splitlines())
    for group in ("homestim-guard", "homestim-sync", "audio"):
        assert members[group].endswith(":homestim"), group
    assert "start homestim-guard.service" in used.calls, "with the groups that it has now"
    assert "There is nothing to do" in used.install().out


def test_an_upgrade_lays_the_new_version_beside_the_old_and_switches(used: PlainBox) -> None:
    done = used.install(of="2.0")
    assert done.code == 0, done
    assert used.current == "2.0"
    assert (used.root / "opt/homestim/1.0/bin/homestim").exists()
    calls = used.calls
    stops = [call for call in calls if call.startswith("stop ")]
    assert stops[0] != "stop homestim-guard.service", "the kiosk first: it ends its session itself"
    assert "stop homestim-guard.service" in stops
    assert calls.index("start homestim-guard.service") < calls.index("start homestim-console.service")
    assert not list((used.root / "var/lib").glob("homestim-before*")), "the copy of the diary is gone again"


def test_the_version_before_the_last_is_deleted(used: PlainBox) -> None:
    used.bundle("3.0")
    for version in ("2.0", "3.0"):
        assert used.install(of=version).code == 0
    assert {path.name for path in (used.root / "opt/homestim").iterdir()} == {"2.0", "3.0", "current"}


def test_one_goes_back_by_hand(used: PlainBox) -> None:
    assert "no other version" in used.install("--back").error
    used.install(of="2.0")
    assert used.install("--back").code == 0
    assert used.current == "1.0"
    assert used.install("--back").code == 0
    assert used.current == "2.0"


def test_a_version_that_does_not_stay_up_is_undone_by_itself(used: PlainBox) -> None:
    (used.root / "run/unwell").write_text("2.0")
    done = used.install(of="2.0")
    assert done.code == 1
    assert "2.0 is not well: homestim-guard.service does not go on running" in done.error
    assert "The box is back on 1.0 and runs; nothing is lost." in done.error
    assert used.current == "1.0"
    assert "# of version 2" not in (used.root / UNITS / "homestim-guard.service").read_text()
    assert [call for call in used.calls if call.startswith("start homestim")][-2:] == [
        "start homestim-guard.service",
        "start homestim-console.service",
    ]
    assert (used.root / HOME_DATA / "diary").read_text() == "entry\n"


def test_a_version_that_breaks_what_the_doctor_looks_at_is_undone_by_itself(used: PlainBox) -> None:
    used.doctor_finds("1.0", keys="Alt+SysRq restarts the box.")
    used.doctor_finds("2.0", keys="Alt+SysRq restarts the box.", builds="The guard is of another build.")
    done = used.install(of="2.0")
    assert done.code == 1
    assert "2.0 is not well: builds: The guard is of another build. The box is back on 1.0" in done.error
    assert used.current == "1.0"


KEYS, BUILDS = {"keys": "Alt+SysRq restarts the box."}, {"builds": "The guard is of another build."}


@pytest.mark.parametrize(
    ("before", "after", "broken"),
    [
        (KEYS, KEYS, None),
        (KEYS, {}, None),
        ({}, {"port": "The stimulator's port is not there."}, None),
        (KEYS, KEYS | BUILDS, "builds: The guard is of another build"),
        ({}, None, "its doctor does not answer"),
        (None, KEYS, None),
        (None, None, None),
    ],
)
def test_an_upgrade_answers_for_what_it_broke_and_for_nothing_else(
    before: dict[str, str] | None, after: dict[str, str] | None, broken: str | None
) -> None:
    """What was wrong before, or outside of the program, undoes none; nor does an old doctor that is mute."""
    script = runpy.run_path(str(SYSTEMD / "install"))
    assert script["what_is_new"](before, after) == broken


def test_when_the_old_version_is_not_well_either_it_says_so(used: PlainBox) -> None:
    (used.root / "run/unwell").write_text("1.0 2.0")
    done = used.install(of="2.0")
    assert done.code == 1
    assert "put back to 1.0, which is not well either" in done.error


def test_a_version_that_cannot_take_over_the_diary_stops_nothing(used: PlainBox) -> None:
    used.behaves("2.0", broken="The diary cannot be read.")
    before = used.tree()
    done = used.install(of="2.0")
    assert done.code == 1
    assert "2.0 cannot take over: The diary cannot be read." in done.error
    assert used.current == "1.0"
    assert used.calls == []
    assert used.tree() == before


def test_a_new_version_is_tried_on_a_copy_alone(used: PlainBox) -> None:
    """The box is taken by somebody just after it."""
    used.behaves("2.0", folder_version=2)
    used.in_use("free", "session")
    before = used.tree()
    assert used.install(of="2.0").code == 1
    (used.root / "run/in_use").unlink()
    before.pop("run/in_use")
    assert used.tree() == before


def test_a_diary_in_a_newer_form_is_put_back_with_the_old_version(used: PlainBox) -> None:
    used.behaves("2.0", folder_version=2)
    (used.root / "run/unwell").write_text("2.0")
    before = used.tree()
    done = used.install(of="2.0")
    assert done.code == 1
    assert "The box is back on 1.0" in done.error
    assert (used.root / HOME_DATA / "meta.json").read_text() == '{"version": 1}'
    after = used.tree()
    assert {place for place in after if place.startswith("var/lib/homestim")} == {
        place for place in before if place.startswith("var/lib/homestim")
    }
    assert after[HOME_DATA] == before[HOME_DATA], "owner and mode too"


def test_what_was_entered_with_the_new_version_is_never_put_back(used: PlainBox) -> None:
    """It could be a lock."""
    used.behaves("2.0", folder_version=2)
    (used.root / "run/unwell").write_text("2.0")
    systemctl = used.root / "usr/bin/systemctl"
    program = systemctl.read_text()
    systemctl.unlink()  # it is a link to the template's
    systemctl.write_text(
        program
        + 'if [ "$*" = "start homestim-console.service" ]; then\n'
        + f"    echo lock >> /{HOME_DATA}/diary\n"
        + "fi\n"
    )
    systemctl.chmod(0o755)
    done = used.install(of="2.0")
    assert done.code == 1
    assert "Something was entered with 2.0 already" in done.error
    assert (used.root / HOME_DATA / "diary").read_text().startswith("entry\nlock\n")
    assert used.calls[-1] != "stop homestim-guard.service", "what was stopped runs again"
    assert (used.root / "var/lib/homestim-before-upgrade/diary").read_text() == "entry\n"
    assert mode_of(used, "var/lib/homestim-before-upgrade") == "700"


@pytest.mark.parametrize("options", [("--now",), ()])
def test_never_while_a_session_runs(used: PlainBox, options: tuple[str, ...]) -> None:
    used.in_use("session")
    for command in (("--remove",), ("--empty-box", "--yes"), ("--may-i",), ()):
        done = used.install(*command, *options, of="2.0")
        assert done.code == 1
        assert "It is session. Nothing was changed." in done.error
    assert used.current == "1.0"
    assert used.calls == []


@pytest.mark.parametrize("state", ["somebody", "expected"])
def test_not_shortly_before_a_session_unless_nobody_is_there(used: PlainBox, state: str) -> None:
    used.in_use(state)
    done = used.install(of="2.0")
    assert done.code == 1
    assert f"It is {state}. Nothing was changed. Come later, or add --now" in done.error
    assert used.current == "1.0"
    assert used.install("--now", of="2.0").code == 0
    assert used.current == "2.0"


def test_a_session_that_begins_while_the_wheels_are_installed_is_waited_for(used: PlainBox) -> None:
    used.in_use("free", "session")
    done = used.install(of="2.0")
    assert done.code == 1
    assert "It is session." in done.error
    assert used.current == "1.0"
    assert used.calls == []


def test_a_session_that_begins_while_the_doctor_looks_is_waited_for(used: PlainBox) -> None:
    """It looks for up to a minute, and nothing slow comes between the question and the stop."""
    program = used.root / "opt/homestim/1.0/bin/homestim"
    said = '{"state": "session", "sentence": "It is session."}'
    program.write_text(
        f"""#!/bin/sh\n[ "$1" != doctor ] || echo '{said}' > /run/in_use\necho '{{"findings": []}}'\n"""
    )
    done = used.install(of="2.0")
    assert done.code == 1
    assert "It is session." in done.error
    assert used.current == "1.0"
    assert used.calls == []


def test_a_diary_that_does_not_tell_is_no_yes(used: PlainBox) -> None:
    (used.root / "run/in_use").write_text("what?")
    done = used.install(of="2.0")
    assert done.code == 1
    assert "does not say whether somebody uses the box" in done.error


def test_a_wheel_that_was_damaged_on_its_way_is_not_installed(used: PlainBox) -> None:
    used.bundle("3.0", damaged=True)
    done = used.install(of="3.0")
    assert done.code == 1
    assert "The wheels do not install" in done.error
    assert used.current == "1.0"
    assert not (used.root / "opt/homestim/3.0").exists()


def test_the_same_number_with_other_contents_gets_a_folder_of_its_own(used: PlainBox) -> None:
    used.bundle("1.0", place="other", extra="# other contents")
    done = used.install(of="other")
    assert done.code == 0, done
    assert used.current is not None
    assert used.current.startswith("1.0+")
    assert used.run("/opt/homestim/1.0/bin/homestim").out == "homestim, version 1.0\n"


def test_a_program_that_does_not_run_with_a_newer_debians_python_is_installed_anew(used: PlainBox) -> None:
    (lib,) = (used.root / "opt/homestim/1.0/lib").glob("python3*")
    lib.rename(lib.with_name("python3.9"))
    refused = used.install("--now")
    assert refused.code == 1
    assert "1.0 does not run with Python 3." in refused.error
    done = used.install("--now", of="1.0")
    assert done.code == 0, done
    assert used.run("/opt/homestim/current/bin/homestim").out == "homestim, version 1.0\n"
    assert (used.root / HOME_DATA / "diary").read_text() == "entry\n"
    assert "There is nothing to do" in used.install(of="1.0").out


def test_two_at_once_do_not_meet(used: PlainBox) -> None:
    before = used.tree()
    descriptor = os.open(used.root, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        for command in ((), ("--back",), ("--remove",), ("--empty-box", "--yes"), ("--may-i",)):
            done = used.install(*command, of="2.0")
            assert done.code == 1
            assert "Another install is at work on this box. Nothing was changed." in done.error
    finally:
        os.close(descriptor)
    assert used.tree() == before
    assert used.install("--may-i", of="2.0").code == 0


def test_a_failed_command_is_kept_for_root_alone_and_without_what_was_in_the_diary(used: PlainBox) -> None:
    (used.root / "var/log").mkdir()
    (used.root / "var/log/homestim-install.log").touch(0o644)
    said = (
        "Traceback (most recent call last):\n"
        '  File "/opt/kiosk/ops/take_over.py", line 3, in take_over\n'
        "    raise ValueError(note)\n"
        "kiosk.errors.KioskError: a note of Mrs Smith\n"
        "homestim: a note of Mrs Smith"
    )
    used.behaves("2.0", broken=said)
    assert used.install(of="2.0").code == 1
    log = (used.root / "var/log/homestim-install.log").read_text()
    assert "kiosk.ops.take_over" in log
    assert ": exit 1\n" in log
    assert 'take_over.py", line 3, in take_over\nkiosk.errors.KioskError\n' in log
    assert "Smith" not in log
    assert mode_of(used, "var/log/homestim-install.log") == "600"


def test_removal_keeps_the_diary_and_an_installation_finds_it_again(used: PlainBox) -> None:
    sharing_was_switched_on(used)
    done = used.install("--remove")
    assert done.code == 0, done
    assert "Kept: the diary in /var/lib/homestim" in done.out
    assert (used.root / HOME_DATA / "diary").read_text() == "entry\n"
    assert (used.root / "etc/homestim/kiosk.toml").exists()
    left = [
        place
        for place in used.tree()
        if "homestim" in place and not place.startswith(("var/", "etc/homestim"))
    ]
    assert left == []
    assert used.install(of="1.0").code == 0
    assert used.current == "1.0"
    assert (used.root / HOME_DATA / "diary").read_text() == "entry\n"


def test_nothing_is_deleted_for_good_unasked(used: PlainBox) -> None:
    for command in (("--remove", "--purge"), ("--empty-box",)):
        done = used.install(*command)
        assert done.code == 1
        assert "add --yes. Nothing was changed." in done.error
    assert (used.root / HOME_DATA / "diary").exists()
    assert used.current == "1.0"


TRACES = (
    "var/lib/homestim-before-upgrade",
    "var/lib/homestim-before-upgrade-trial",
    "var/lib/homestim-before-upgrade-put-back",
    "var/lib/homestim-taken-over",
    "root/.local/state/homestim",
)


def traces_lie_about(box: PlainBox) -> None:
    """What an upgrade that was cut short leaves, and what root's own commands log."""
    for place in TRACES:
        (box.root / place / "log").mkdir(parents=True)
        (box.root / place / "log/of_the_person").touch()
    (box.root / "var/log").mkdir()
    (box.root / "var/log/homestim-install.log").touch()


def test_to_empty_a_box_can_be_tried_dry(used: PlainBox) -> None:
    before = used.tree()
    done = used.install("--empty-box", "--dry-run")
    assert done.code == 0, done
    assert "would delete /var/lib/homestim\n" in done.out
    assert "The box is empty" not in done.out
    assert used.tree() == before


def test_a_purge_leaves_nothing(used: PlainBox) -> None:
    (used.root / "var/backups/homestim/old").write_text("a backup")
    traces_lie_about(used)
    assert used.install("--remove", "--purge", "--yes").code == 0
    assert [place for place in used.tree() if "homestim" in place] == []


def test_a_box_that_is_handed_back_knows_nobody_and_can_be_set_up_anew(used: PlainBox) -> None:
    (used.root / "var/lib/homestim-guard/tally.json").write_text("{}")
    (used.root / "var/backups/homestim/old").write_text("a backup")
    (used.root / "etc/homestim/backup-passphrase").write_text("secret")
    sharing_was_switched_on(used)
    traces_lie_about(used)
    done = used.install("--empty-box", "--yes")
    assert done.code == 0, done
    assert "The box is empty." in done.out
    assert not [path for place in TRACES for path in (used.root / place).rglob("*")]
    assert not (used.root / "var/log/homestim-install.log").exists()
    left = {
        str(path.relative_to(used.root))
        for place in ("var/lib/homestim", "var/lib/homestim-guard", "var/backups/homestim", "etc/homestim")
        for path in (used.root / place).iterdir()
    }
    assert left == {"etc/homestim/foot.ini", "var/lib/homestim/letters.ini"}, "nothing but what was laid"
    assert mode_of(used, HOME_DATA) == "700"
    assert used.current == "1.0"
    enabled = {path.name for path in (used.root / UNITS).glob("*.wants/*")}
    assert enabled == {"homestim-backup.timer", "homestim-sticks.path"}
    assert "stop homestim-sync.timer" in used.calls
    used.set_up()
    assert used.install().code == 0


def test_from_outside_it_installs_into_a_file_system_as_from_within(tmp_path: Path) -> None:
    within, outside = PlainBox(tmp_path / "within"), PlainBox(tmp_path / "outside")
    for box in (within, outside):
        box.bundle("1.0")
        box.set_up()
    assert within.install(of="1.0").code == 0
    command = [outside.root / "media/1.0/install", "--root", outside.root, "--face", "console"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    assert outside.tree() == within.tree()


def test_a_root_without_a_name_is_not_this_folder(box: PlainBox) -> None:
    box.bundle("1.0")
    before = box.tree()
    done = box.install("--root", "", of="1.0")
    assert done.code == 2
    assert "argument --root: a folder is missing" in done.error
    assert box.tree() == before


def test_only_root_may() -> None:
    needs_root()
    with tempfile.TemporaryDirectory(prefix="homestim-install-") as folder:
        Path(folder).chmod(0o755)
        script = shutil.copy(SYSTEMD / "install", folder)
        done = subprocess.run([script], capture_output=True, text=True, user=65534, check=False)
    assert done.returncode == 1
    assert done.stderr == "install: Only root can do this: put sudo before it.\n"


def test_a_folder_without_wheels_is_named(box: PlainBox) -> None:
    folder = box.bundle("1.0")
    for wheel in (folder / "wheels").glob("homestim*"):
        wheel.unlink()
    done = box.install(of="1.0")
    assert done.code == 1
    assert "`make wheels` makes build/box" in done.error


def test_the_installed_command_writes_as_the_kiosks_user(used: PlainBox) -> None:
    """What root types must not leave files that the kiosk cannot open."""
    runuser = used.root / "usr/sbin/runuser"
    runuser.write_text('#!/bin/sh\necho runuser "$@"\n')
    runuser.chmod(0o755)
    ident = used.root / "usr/bin/id"
    ident.write_text("#!/bin/sh\necho 0\n")
    ident.chmod(0o755)
    program = "/opt/homestim/current/bin/homestim"
    said = used.run("/usr/local/bin/homestim", "prescribe", "a file").out
    assert said == f"runuser -u homestim -- {program} prescribe a file\n"
    assert used.run("/usr/local/bin/homestim", "setup").out == "homestim, version 1.0\n"
