"""The folder that is carried to a box: everything that runs is in it, and nothing that was not pinned."""

from __future__ import annotations

import runpy
import zipfile
from pathlib import Path

import pytest

from tests.install.renumber import renumber

ROOT = Path(__file__).parents[2]
MAKE_BOX = runpy.run_path(str(ROOT / "packaging/make_box.py"))
MAKE_DEB = runpy.run_path(str(ROOT / "packaging/make_deb.py"))
NOT_IN_A_WHEEL = {".po", ".pot", ".pyc"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made: Path = MAKE_BOX["our_wheel"](tmp_path_factory.mktemp("wheels"))
    return made


def test_the_wheel_has_every_file_of_the_program(wheel: Path) -> None:
    """Texts, styles, content, languages: what is missing is noticed by a person in front of a box."""
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
    program = {
        str(path.relative_to(ROOT))
        for package in ("drivers", "kiosk", "programs")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix not in NOT_IN_A_WHEEL
    }
    assert len(program) > 200
    assert program - inside == set()
    assert "kiosk/locale/de/LC_MESSAGES/homestim.mo" in inside
    assert [name for name in inside if name.endswith("data/lib/homestim/stop-output")]


def test_the_wheel_has_no_test_and_nothing_of_an_earlier_build(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.partition("/")[0] for name in archive.namelist()}
    assert {top for top in tops if not top.startswith("homestim-")} == {"drivers", "kiosk", "programs"}


def test_the_same_source_is_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    """Else installing twice would be an upgrade."""
    again: Path = MAKE_BOX["our_wheel"](tmp_path)
    assert again.read_bytes() == wheel.read_bytes()


def test_a_package_holds_the_folder_and_calls_its_script(wheel: Path, tmp_path: Path) -> None:
    box = tmp_path / "box"
    (box / "wheels").mkdir(parents=True)
    (box / "install").write_text("#!/bin/sh\n")
    (box / "wheels" / wheel.name).write_bytes(wheel.read_bytes())
    (box / "wheels/requirements.txt").write_text("homestim==0.1.0\n")
    renumber(box / "wheels" / wheel.name, "7.8.9")
    package: Path = MAKE_DEB["make_deb"](box, tmp_path, "aarch64")
    assert package.name == "homestim_7.8.9_arm64.deb"
    assert package.read_bytes().startswith(b"!<arch>\ndebian-binary")
    for script in ("postinst", "prerm"):
        assert "/opt/homestim/package/install" in (ROOT / "packaging/deb" / script).read_text()


def test_every_wheel_is_held_to_its_hash() -> None:
    for name in ("run.txt", "pip.txt"):
        pinned = (ROOT / "requirements" / name).read_text().replace("\\\n", " ")
        for line in pinned.splitlines():
            if line and not line.strip().startswith("#"):
                assert "==" in line, line
                assert "--hash=sha256:" in line, line
