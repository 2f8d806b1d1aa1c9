"""What a new version has to be able to do before a box goes over to it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from kiosk.clock import FixedClock
from kiosk.diary.folder import META
from kiosk.errors import KioskError
from kiosk.ops.take_over import take_over
from tests.kiosk.rehearsal.folders import ENDS, rehearsed

CLOCK = partial(FixedClock, ENDS)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return Path(shutil.copytree(rehearsed(4), tmp_path / "data"))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_it_finds_the_same_again_unless_something_was_entered(data: Path, tmp_path: Path) -> None:
    none = tmp_path / "none.toml"
    first = take_over(data, none, CLOCK)
    before = contents(data)
    assert take_over(data, none, CLOCK, look=True) == first
    assert contents(data) == before, "to look changes nothing"
    assert first["count"] > 20
    assert first["folder_version"] == 2


def test_a_box_that_nobody_used_yet_is_taken_over_and_left_empty(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    assert set(take_over(tmp_path / "data", tmp_path / "none.toml", CLOCK)) == {"build"}
    assert list((tmp_path / "data").iterdir()) == []


def test_a_configuration_of_another_version_is_no_surprise_after_the_switch(tmp_path: Path) -> None:
    config = tmp_path / "kiosk.toml"
    config.write_text('[device]\nkind = "p24"\nsimulated = true\nfuture = 1\n')
    with pytest.raises(KioskError, match="future"):
        take_over(tmp_path, config, CLOCK)


def test_a_diary_of_a_later_version_is_left_alone(data: Path, tmp_path: Path) -> None:
    meta = json.loads((data / META).read_text())
    (data / META).write_text(json.dumps(meta | {"version": 99}))
    before = contents(data)
    with pytest.raises(KioskError, match="newer homestim"):
        take_over(data, tmp_path / "none.toml", CLOCK)
    assert contents(data) == before


def test_a_damaged_diary_is_said_before_anything_is_changed(data: Path, tmp_path: Path) -> None:
    for journal in (data / "journal").rglob("*"):
        if journal.is_file() and journal.stat().st_size > 5000:
            journal.write_bytes(journal.read_bytes()[:2000] + bytes(2000) + journal.read_bytes()[4000:])
    with pytest.raises(KioskError, match="damaged"):
        take_over(data, tmp_path / "none.toml", CLOCK)


def test_the_last_line_is_a_sentence_for_the_installer(data: Path, tmp_path: Path) -> None:
    (data / META).write_text("{")
    command = ["-m", "kiosk.ops.take_over", "--data", str(data), "--config", str(tmp_path / "none.toml")]
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("homestim: ")
