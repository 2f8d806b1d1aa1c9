"""`homestim report`: one file, whole or not at all, beside a running kiosk; what is wrong is said."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kiosk import words
from kiosk.cli import main
from kiosk.clock import FixedClock
from kiosk.diary.records import Entry
from kiosk.diary.settings_file import change_settings
from kiosk.diary.store import open_store
from kiosk.export import command
from kiosk.export.outgoing import FORMATS
from tests.kiosk.export.diaries import NOW, at, diary
from tests.kiosk.rehearsal.folders import rehearsed

STARTS = {
    "pdf": b"%PDF-",
    "html": b"<!DOCTYPE html>",
    "csv": b"\xef\xbb\xbfkind,",
    "fhir": b'{"resourceType":"Bundle"',
}


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(words, "_language", words._language)
    monkeypatch.setattr(words, "_translation", words._translation)


def report(*more: str, out: Path, data: Path, format_: str = "pdf") -> int:
    return main(["report", "--format", format_, "--out", str(out), "--data", str(data), *more])


@pytest.mark.parametrize("format_", FORMATS)
def test_every_format_is_written(format_: str, tmp_path: Path) -> None:
    out = tmp_path / f"report.{format_}"
    assert report(out=out, data=rehearsed(26), format_=format_) == 0
    assert out.read_bytes().startswith(STARTS[format_])
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [out.name]


@pytest.mark.parametrize("format_", FORMATS)
def test_the_same_diary_beside_its_writer(format_: str, tmp_path: Path) -> None:
    diary(tmp_path / "d", (at(3), Entry(moment="daily", pain_rest=3)))
    before = sorted((path, path.read_bytes()) for path in (tmp_path / "d").rglob("*") if path.is_file())
    with open_store(tmp_path / "d", "real", FixedClock(NOW)):
        assert report(out=tmp_path / "x", data=tmp_path / "d", format_=format_) == 0
    after = sorted((path, path.read_bytes()) for path in (tmp_path / "d").rglob("*") if path.is_file())
    assert [path for path, _ in before] == [path for path, _ in after]
    assert [content for path, content in before if path.suffix == ".journal"] == [
        content for path, content in after if path.suffix == ".journal"
    ]


def test_the_language_is_that_of_the_screens_or_as_asked(tmp_path: Path) -> None:
    diary(tmp_path / "d")
    change_settings(tmp_path / "d", lambda old: type(old)(language="de"))
    out = tmp_path / "r.html"
    assert report(out=out, data=tmp_path / "d", format_="html") == 0
    assert '<html lang="de">' in out.read_text(encoding="utf-8")
    assert report("--lang", "en", out=out, data=tmp_path / "d", format_="html") == 0
    assert '<html lang="en">' in out.read_text(encoding="utf-8")


def test_damaged_settings_keep_nobody_from_the_diary(tmp_path: Path) -> None:
    diary(tmp_path / "d")
    (tmp_path / "d" / "settings.toml").write_text("language = 7", encoding="utf-8")
    assert report(out=tmp_path / "r.html", data=tmp_path / "d", format_="html") == 0


@pytest.mark.parametrize(
    ("more", "says", "code"),
    [
        (("--from", "2026-11-02", "--to", "2026-11-01"), "lies before", 2),
        (("--from", "tomorrow"), "tomorrow", 2),
        (("--format", "docx"), "docx", 2),
        (("--lang", "fr"), "fr", 2),
    ],
)
def test_wrong_usage_is_said(
    more: tuple[str, ...], says: str, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    diary(tmp_path / "d")
    assert report(*more, out=tmp_path / "x", data=tmp_path / "d") == code
    assert says in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "d"
    diary(data)
    for out, says in (
        (tmp_path, "is a folder"),
        (tmp_path / "missing" / "r.pdf", "folder is not there"),
        (data / "meta.json", "lies in the data folder"),
        (data / "journal" / "r.pdf", "lies in the data folder"),
    ):
        assert report(out=out, data=data) in (1, 2)
        assert says in capsys.readouterr().err
    assert json.loads((data / "meta.json").read_text(encoding="utf-8"))["kind"] == "real"


def test_a_folder_that_holds_no_diary_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert report(out=tmp_path / "x", data=tmp_path / "nothing") in (1, 2)
    assert "nothing" in capsys.readouterr().err


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    diary(tmp_path / "d")
    victim = tmp_path / "victim"
    victim.write_text("mine", encoding="utf-8")
    (tmp_path / "r.html").symlink_to(victim)
    assert report(out=tmp_path / "r.html", data=tmp_path / "d", format_="html") == 0
    assert victim.read_text(encoding="utf-8") == "mine"


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    out = tmp_path / "r.pdf"
    out.write_bytes(b"old")

    def full(file: object) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(command.ExportError, match="the disk is full"):
        command.write_whole(out, full)
    assert out.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["r.pdf"]


def test_nothing_heavy_is_loaded_until_a_report_is_asked_for() -> None:
    """The first screen and the guard pay nothing for it."""
    code = (
        "import sys; import kiosk.cli, kiosk.run, kiosk.export.command;"
        "print([name for name in ('reportlab', 'PIL', 'numpy', 'csv') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60, env=os.environ
    )
    assert done.stdout.strip() == "[]"
