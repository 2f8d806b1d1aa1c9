"""A file system with nothing in it but Python and what installing needs of systemd, and a stand-in homestim.

The installing itself is the real one: `systemd/install` runs in a chroot without a network, with the real
venv, the real pip, systemd-sysusers and systemd-tmpfiles. What it installs is a homestim of a few lines that
is well or not as a test wants it; systemctl is a stand-in that notes what it is told, time is virtual, and
nobody waits for the disk.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import py_compile
import shutil
import subprocess
import sysconfig
import zipfile
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

SYSTEMD: Final = Path(__file__).parents[2] / "systemd"
TOOLS: Final = ("/usr/bin/systemd-sysusers", "/usr/bin/systemd-tmpfiles", "/bin/sh", "/usr/bin/cat")
PYTHON: Final = "/usr/bin/python3"
LEFT_OUT: Final = (
    "test",
    "idlelib",
    "tkinter",
    "turtledemo",
    "lib2to3",
    "pydoc_data",
    "ensurepip",
    "config-*",
)
CALLS: Final = "run/calls"
HOME_DATA: Final = "var/lib/homestim"

SYSTEMCTL: Final = """#!/bin/sh
echo "$*" >> /run/calls
unwell=
[ ! -e /run/unwell ] || read -r unwell < /run/unwell
version=$(cd -P /opt/homestim/current 2> /dev/null && pwd || echo none)
case $1 in
is-active) case " $unwell " in *" ${version##*/} "*) echo failed ;; *) echo active ;; esac ;;
show) echo 0 ;;
esac
"""
NO_WAITING: Final = """
import os, time
_now = [time.monotonic()]
time.monotonic = lambda: _now[0]
def _sleep(seconds):
    _now[0] += seconds
time.sleep = _sleep
os.sync = lambda: None
os.fsync = lambda descriptor: None
"""
"""Virtual time, and a disk that nobody waits for: no power goes here."""
PROGRAM: Final = """
import json, os, sys
def main():
    if sys.argv[1:2] != ["doctor"]:
        print("homestim, version {version}")
        return
    assert os.getuid() == 0, "it looks into what is root's"
    found = "/run/doctor-{version}"
    print(open(found).read() if os.path.exists(found) else json.dumps({{"findings": []}}))
"""
IN_USE: Final = """
import json, os
queue = "/run/in_use"
answers = open(queue).read().splitlines() if os.path.exists(queue) else []
if answers:
    print(answers[0])
    if answers[1:]:
        open(queue, "w").write("\\n".join(answers[1:]))
else:
    print('{"state": "free", "sentence": ""}')
"""
TAKE_OVER: Final = """
import argparse, json, os, sys
parser = argparse.ArgumentParser()
for option in ("--data", "--config"):
    parser.add_argument(option)
parser.add_argument("--look", action="store_true")
given = parser.parse_args()
assert os.getuid() != 0, "the diary is the kiosk's user's"
how = json.load(open("/media/how-{version}.json"))
if how["broken"]:
    sys.exit(how["broken"])
path = given.data + "/meta.json"
if os.path.exists(path):
    if not given.look:
        open(path, "w").write(json.dumps({{"version": how["folder_version"]}}))
    print(json.dumps({{"count": len(open(given.data + "/diary").readlines())}}))
else:
    print("{{}}")
"""


def needs_root() -> None:
    """Only root can change its root. Where changes land, tests are root."""
    lacks = os.geteuid() != 0 or any(shutil.which(tool) is None for tool in (*TOOLS, PYTHON, "unshare"))
    if lacks:
        assert os.environ.get("CI") != "true", "root, systemd and unshare have to be here"
        pytest.skip("only root can try out an installation")


class PlainBox:
    """A root of its own; `install` runs in it as on a box."""

    def __init__(self, root: Path, like: Path | None = None) -> None:
        needs_root()
        self.root = root
        like = like or _template()
        shutil.copytree(like / "usr", root / "usr", symlinks=True, copy_function=os.link)
        # Owners, too: what is not /usr is written in place by somebody.
        subprocess.run(
            ["cp", "-a", *(path for path in like.iterdir() if path.name != "usr"), root], check=True
        )

    def bundle(self, version: str, **how: Any) -> Path:
        """A folder to install from, at /media/VERSION of the box; `how` as for `make_bundle`."""
        folder = self.root / "media" / how.pop("place", version)
        make_bundle(folder, version, **how)
        self.behaves(version)
        return folder

    def behaves(self, version: str, *, broken: str = "", folder_version: int = 1) -> None:
        """How a version takes over: `broken` is what it says when it cannot, `folder_version` the form
        that it brings a diary to."""
        how = {"broken": broken, "folder_version": folder_version}
        (self.root / "media" / f"how-{version}.json").write_text(json.dumps(how))

    def install(self, *options: str, of: str | None = None, typed: str | None = None) -> Installed:
        """`install OPTIONS` of /media/OF, or of the version that is installed."""
        place = "/opt/homestim/current/box" if of is None else f"/media/{of}"
        return self.run(f"{place}/install", *options, typed=typed)

    def run(self, *command: str, typed: str | None = None) -> Installed:
        done = subprocess.run(
            in_root(self.root, *command),
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
            input=typed,
        )
        return Installed(done.returncode, done.stdout, done.stderr)

    def doctor_finds(self, version: str, **to_mend: str) -> None:
        """What the doctor of a version says from now on, by check."""
        findings = [{"check": check, "state": "fix", "found": found} for check, found in to_mend.items()]
        findings.append({"check": "sound", "state": "look", "found": "No loudspeaker."})
        (self.root / f"run/doctor-{version}").write_text(json.dumps({"findings": findings}))

    def set_up(self) -> None:
        """As `homestim setup` leaves it."""
        folder = self.root / "etc/homestim"
        folder.mkdir(exist_ok=True)
        (folder / "kiosk.toml").write_text("[device]\n")

    def live(self, entries: int = 1) -> None:
        """Somebody uses it: a diary with so many entries."""
        data = self.root / HOME_DATA
        owner = data.stat()
        (data / "meta.json").write_text(json.dumps({"version": 1}))
        (data / "diary").write_text("entry\n" * entries)
        for path in data.iterdir():
            os.chown(path, owner.st_uid, owner.st_gid)

    def in_use(self, *states: str) -> None:
        """What the diary answers from now on; the last one for good."""
        lines = [json.dumps({"state": one, "sentence": f"It is {one}."}) for one in states]
        path = self.root / "run/in_use"
        path.write_text("\n".join(lines))
        path.chmod(0o666)
        path.parent.chmod(0o777)

    @property
    def current(self) -> str | None:
        link = self.root / "opt/homestim/current"
        return os.readlink(link) if link.is_symlink() else None

    @property
    def calls(self) -> list[str]:
        """What systemctl was told; forgotten by asking."""
        path = self.root / CALLS
        said = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return said

    def tree(self) -> dict[str, tuple[Any, ...]]:
        """Every file with mode, owner and content, but for what only Python writes."""
        found = {}
        for folder, folders, files in os.walk(self.root):
            if folder == str(self.root):
                folders[:] = [
                    one for one in folders if one not in ("usr", "proc", "media", "lib", "lib64", "bin")
                ]
            folders[:] = [one for one in folders if one != "__pycache__"]
            for name in (*folders, *files):
                path = Path(folder, name)
                state = path.lstat()
                content: Any = None
                if path.is_symlink():
                    content = os.readlink(path)
                elif path.is_file():
                    content = hashlib.sha256(path.read_bytes()).hexdigest()
                place = str(path.relative_to(self.root))
                found[place] = (oct(state.st_mode), state.st_uid, state.st_gid, content)
        return found


class Installed:
    def __init__(self, code: int, out: str, error: str) -> None:
        self.code, self.out, self.error = code, out, error
        assert "Traceback" not in error, error

    def __repr__(self) -> str:
        return f"{self.code}\n{self.out}\n{self.error}"


def used_box(root: Path) -> PlainBox:
    """A running box with version 1.0, set up, and a diary of one entry. /media/2.0 is version 2.0, which lies
    ready beside it: somebody used the box when it was to be switched."""
    needs_root()
    return PlainBox(root, _used_template())


@cache
def _used_template() -> Path:
    box = PlainBox(_place() / "used")
    (box.root / "run/systemd/system").mkdir(parents=True)
    box.bundle("1.0")
    box.set_up()
    done = box.install(of="1.0")
    assert done.code == 0, done
    assert "start homestim-guard.service" in box.calls
    box.live()
    for unit in (box.bundle("2.0") / "units").glob("*.service"):
        unit.write_text(unit.read_text() + "# of version 2\n")
    box.in_use("free", "somebody")
    assert box.install(of="2.0").code == 1
    (box.root / "run/in_use").unlink()
    assert box.calls == []
    return box.root


def in_root(root: Path, *command: str) -> list[str]:
    """A command of the box, which has no network."""
    enter = 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"'
    unshare = ["unshare", "--mount", "--pid", "--net", "--fork", "--kill-child"]
    return [*unshare, "/bin/sh", "-c", enter, str(root), *command]


def make_bundle(folder: Path, version: str, *, extra: str = "", damaged: bool = False) -> None:
    """What `make wheels` makes, with a stand-in; `extra` is a line more in its program."""
    shutil.copytree(SYSTEMD, folder)
    wheels = folder / "wheels"
    wheels.mkdir()
    os.link(_pip(), wheels / "pip-1-py3-none-any.whl")
    program = PROGRAM.format(version=version) + extra + "\n"
    name = f"homestim-{version}-py3-none-any.whl"
    write_wheel(
        wheels / name,
        version,
        {
            "kiosk/__init__.py": "",
            "kiosk/cli.py": program,
            "kiosk/ops/__init__.py": "",
            "kiosk/ops/in_use.py": IN_USE,
            "kiosk/ops/take_over.py": TAKE_OVER.format(version=version),
        },
    )
    digest = hashlib.sha256((wheels / name).read_bytes()).hexdigest()
    (wheels / "requirements.txt").write_text(f"homestim=={version} --hash=sha256:{digest}\n")
    if damaged:
        with zipfile.ZipFile(wheels / name, "a") as wheel:
            wheel.writestr("kiosk/more.py", "")


def write_wheel(path: Path, version: str, files: dict[str, str]) -> None:
    info = f"homestim-{version}.dist-info"
    files = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: homestim\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": "[console_scripts]\nhomestim = kiosk.cli:main\n",
    }
    with zipfile.ZipFile(path, "w") as wheel:
        record = ""
        for name, text in files.items():
            wheel.writestr(zipfile.ZipInfo(name, (2025, 1, 1, 0, 0, 0)), text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            record += f"{name},sha256={digest},{len(text.encode())}\n"
        wheel.writestr(zipfile.ZipInfo(f"{info}/RECORD", (2025, 1, 1, 0, 0, 0)), f"{record}{info}/RECORD,,\n")


@cache
def _place() -> Path:
    import atexit
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="homestim-plain-box-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def _pip() -> Path:
    """The environment's own, as one file that Python can run."""
    source = Path(sysconfig.get_path("purelib")) / "pip"
    made = Path(shutil.make_archive(str(_place() / "pip"), "zip", source.parent, "pip"))
    with zipfile.ZipFile(made, "a") as archive:  # compiled once, not with every installation
        for module in source.rglob("*.py"):
            compiled = py_compile.compile(str(module), cfile=str(_place() / "module.pyc"))
            archive.write(str(compiled), str(module.relative_to(source.parent)) + "c")
    return made


@cache
def _template() -> Path:
    """Made once; each box is a tree of links to it. Nobody writes into a file of it."""
    root = _place() / "root"
    for place in (
        "proc",
        "dev",
        "run",
        "tmp",
        "etc",
        "var/lib",
        "var/backups",
        "usr/bin",
        "usr/sbin",
        "media",
    ):
        (root / place).mkdir(parents=True)
    for place in ("bin", "sbin", "lib", "lib64"):
        (root / place).symlink_to(f"usr/{place}")
        (root / "usr" / place).mkdir(exist_ok=True)
    (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (root / "etc/group").write_text("root:x:0:\ndialout:x:20:\naudio:x:29:\ninput:x:101:\n")
    ask = "import sysconfig; print(sysconfig.get_path('stdlib'), sysconfig.get_path('platstdlib'))"
    stdlib, _ = subprocess.check_output([PYTHON, "-I", "-c", ask], text=True).split()
    shutil.copytree(
        stdlib,
        root / stdlib.lstrip("/"),
        ignore=shutil.ignore_patterns(*LEFT_OUT, "site-packages", "dist-packages", "sitecustomize.py"),
    )
    (root / stdlib.lstrip("/") / "sitecustomize.py").write_text(NO_WAITING)
    extensions = [str(path) for path in Path(stdlib, "lib-dynload").glob("*.so")]
    for binary in (PYTHON, *TOOLS):
        _copy_program(root, binary)
    for library in _libraries(PYTHON, *TOOLS, *extensions):
        _copy(root, library)
    systemctl = root / "usr/bin/systemctl"
    systemctl.write_text(SYSTEMCTL)
    systemctl.chmod(0o755)
    return root


def _copy_program(root: Path, place: str) -> None:
    target = root / place.lstrip("/")
    shutil.copy(os.path.realpath(place), target)


def _copy(root: Path, library: str) -> None:
    target = root / library.lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        shutil.copy(os.path.realpath(library), target)


def _libraries(*binaries: str) -> set[str]:
    said = subprocess.run(["ldd", *binaries], capture_output=True, text=True, check=False).stdout
    return {
        field
        for line in said.splitlines()
        for field in line.split()
        if field.startswith("/") and ":" not in field
    }
