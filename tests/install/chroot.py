"""`make chroot-test`: the real folder of `make wheels` and the real package, in real Debian 12 and 13.

Not part of `make test`: it needs root, debootstrap and a Debian mirror, and takes minutes. The file
systems are made once, in build/chroot; each test works on a copy. Nothing but debootstrap has a network.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.install.debian import OF_A_BOX, OF_A_SCREEN, debian
from tests.install.plain_box import Installed, in_root
from tests.install.renumber import another_box

BUILD = Path(__file__).parents[2] / "build"
BOX = BUILD / "box"
DESK = Path(__file__).with_name("wayland_desk.py")
SEEN = BUILD / "chroot/seen"
OF_THE_TEST = ("wtype", "grim")
"""A virtual keyboard, and a picture."""
SUITES = ("trixie", "bookworm")
PTYS = (
    *("/bin/sh", "-c"),
    "mount -t devpts -o newinstance,ptmxmode=0666 devpts /dev/pts && mount --bind /dev/pts/ptmx /dev/ptmx"
    ' && mount -t tmpfs tmpfs /dev/shm && exec "$@"',
    "sh",
)
"""Terminals of its own for what comes behind."""


class Debian:
    """A fresh Debian with the installer's folder at /media/box."""

    def __init__(self, suite: str, root: Path, name: str = "", more: tuple[str, ...] = ()) -> None:
        self.root = root
        base = debian(suite, BUILD / "chroot" / (name or suite), (*OF_A_BOX, *more))
        subprocess.run(["cp", "-a", str(base), str(root)], check=True)
        shutil.copytree(BOX, root / "media/box", copy_function=os.link)

    def run(self, *command: str) -> Installed:
        done = subprocess.run(
            in_root(self.root, *command),
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive"},
        )
        return Installed(done.returncode, done.stdout, done.stderr)

    def must(self, *command: str) -> str:
        done = self.run(*command)
        assert done.code == 0, done
        return done.out

    @property
    def current(self) -> str:
        return os.readlink(self.root / "opt/homestim/current")

    def has_a_diary(self) -> None:
        """Written by the installed kiosk's own code, as its own user."""
        program = (
            "import asyncio, datetime\n"
            "from pathlib import Path\n"
            "from kiosk.clock import SystemClock\n"
            "from kiosk.diary.records import Entry\n"
            "from kiosk.diary.store import open_store\n"
            "async def write():\n"
            "    with open_store(Path('/var/lib/homestim'), 'real', SystemClock()) as store:\n"
            "        await store.add(Entry(moment='daily', pain_rest=3))\n"
            "        await store.lock('E', 'd_numb')\n"
            "asyncio.run(write())\n"
        )
        as_kiosk = ("runuser", "-u", "homestim", "--", "/opt/homestim/current/bin/python", "-I", "-c")
        self.must(*as_kiosk, program)
        old = self.root / "var/lib/homestim/meta.json"
        assert json.loads(old.read_text())["kind"] == "real"

    def diary_is_whole(self) -> dict[str, object]:
        found: dict[str, object] = json.loads(self.must("homestim", "check", "--json"))
        assert found["whole"] is True
        return found


@pytest.fixture(params=SUITES)
def box(request: pytest.FixtureRequest, tmp_path: Path) -> Debian:
    return Debian(request.param, tmp_path / "root")


def another(box: Debian, version: str, *, broken: bool = False) -> str:
    """The same program under another number; broken: its kiosk cannot even be imported."""
    another_box(BOX, box.root / "media" / version, version, "kiosk/application.py" if broken else "")
    return f"/media/{version}/install"


@pytest.mark.timeout(3600)
def test_from_bare_debian_through_upgrades_to_removal_without_a_network(box: Debian) -> None:
    assert "homestim setup" in box.must("/media/box/install", "--face", "console")
    version = box.current
    assert version in box.must("homestim", "--version")
    box.has_a_diary()
    before = box.diary_is_whole()

    done = box.run(another(box, "0.9.8", broken=True), "--now")
    assert done.code == 1
    assert "0.9.8 cannot take over" in done.error
    assert box.current == version
    assert box.diary_is_whole() == before

    assert "0.9.9 is installed" in box.must(another(box, "0.9.9"), "--now")
    assert box.current == "0.9.9"
    assert box.diary_is_whole()["head"] == before["head"]
    assert "There is nothing to do" in box.must("/media/0.9.9/install", "--now")
    box.must("/opt/homestim/current/box/install", "--back", "--now")
    assert box.current == version

    box.must("/opt/homestim/current/box/install", "--remove", "--now")
    assert not (box.root / "opt/homestim").exists()
    box.must("/media/box/install", "--face", "console")
    assert box.diary_is_whole()["head"] == before["head"]

    rehearsed = ("runuser", "-u", "homestim", "--", "/usr/local/bin/homestim", "rehearse", "--weeks", "1")
    assert box.must(*rehearsed)
    box.must("/opt/homestim/current/box/install", "--remove", "--purge", "--yes", "--now")
    assert not (box.root / "var/lib/homestim").exists()
    assert "homestim" not in (box.root / "etc/passwd").read_text()


@pytest.mark.timeout(3600)
def test_the_package_is_installed_upgraded_and_taken_off_by_dpkg(box: Debian) -> None:
    (package,) = BUILD.glob("homestim_*.deb")
    shutil.copy(package, box.root / "media/homestim.deb")
    box.must("dpkg", "--install", "/media/homestim.deb")
    assert box.must("homestim", "--version")
    box.has_a_diary()
    before = box.diary_is_whole()
    refused = box.run("dpkg", "--install", "/media/homestim.deb")
    assert refused.code == 0, "nobody uses it: no kiosk runs"
    box.must("dpkg", "--remove", "homestim")
    assert not (box.root / "opt/homestim").exists()
    assert (box.root / "var/lib/homestim/meta.json").exists()
    box.must("dpkg", "--install", "/media/homestim.deb")
    assert box.diary_is_whole()["head"] == before["head"]
    said = box.must("dpkg", "--purge", "homestim")
    assert "The diary stays in /var/lib/homestim" in said
    assert (box.root / "var/lib/homestim/meta.json").exists()


@pytest.mark.timeout(3600)
def test_the_systemd_of_that_debian_has_nothing_against_the_units(box: Debian) -> None:
    box.must("/media/box/install", "--face", "console")
    for unit in ("homestim-guard.service", "homestim-console.service", "homestim-backup.timer"):
        done = box.run("systemd-analyze", "verify", "--man=no", f"/etc/systemd/system/{unit}")
        assert done.code == 0, done
        assert "homestim" not in done.error, done
    if "verify" in box.run("udevadm", "--help").out:
        box.must("udevadm", "verify", "/etc/udev/rules.d/70-homestim.rules")


@pytest.mark.timeout(3600)
def test_on_cage_and_foot_the_kiosk_appears_and_no_key_of_theirs_does_anything(tmp_path: Path) -> None:
    box = Debian("trixie", tmp_path / "root", "trixie-wayland", (*OF_A_SCREEN, *OF_THE_TEST))
    box.must("/media/box/install", "--face", "wayland")
    shutil.copy(DESK, box.root / "media/desk.py")

    def seen(scene: str) -> dict[str, object]:
        as_kiosk = ("setpriv", "--reuid=homestim", "--regid=homestim", "--init-groups", "--")
        box.must("install", "-d", "-o", "homestim", f"/tmp/{scene}")
        done = box.run(*PTYS, *as_kiosk, "/usr/bin/python3", "-I", "/media/desk.py", scene, f"/tmp/{scene}")
        assert done.code == 0, (done, (box.root / f"tmp/{scene}/said").read_text())
        found: dict[str, object] = json.loads(done.out)
        return found

    found = seen("keys")
    assert found.pop("tried", 0) > 20  # type: ignore[operator]
    assert found == {"unheard": ["XF86Copy", "XF86Paste"], "sizes": 1, "new": 0, "runs": True}
    own = seen("keys-of-foots-own")
    assert own["unheard"], "with foot's own configuration these keys would be caught"
    assert own["sizes"] == 2

    found = seen("kiosk")
    SEEN.mkdir(parents=True, exist_ok=True)
    for picture in (box.root / "tmp/kiosk").glob("*.png"):
        shutil.copy(picture, SEEN)
    assert found["first_ended"] == 0, "its unit starts it again, with the letters that it wrote"
    assert "pixelsize=" in str(found["letters"])
    assert found["runs"] is True
