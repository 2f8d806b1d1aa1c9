"""The kiosk's way to an export: another process, its sentence, and its end when nobody waits any more."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from kiosk.diary.records import Entry
from kiosk.errors import KioskError
from kiosk.export.child import export_in_child
from tests.export.diaries import at, diary
from tests.rehearsal.folders import rehearsed


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    return tmp_path / "d"


def test_the_file_is_there_in_the_language_of_the_screen(folder: Path, tmp_path: Path) -> None:
    diary(folder, (at(3), Entry(moment="daily", pain_rest=3)))
    asyncio.run(export_in_child("html", tmp_path / "r.html", folder, "de"))
    assert '<html lang="de">' in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_what_is_wrong_is_said_in_the_childs_own_sentence(folder: Path, tmp_path: Path) -> None:
    diary(folder)
    with pytest.raises(KioskError) as raised:
        asyncio.run(export_in_child("csv", tmp_path / "no" / "r.csv", folder, "en"))
    assert raised.value.sentence.endswith("cannot be written: its folder is not there.")


def test_a_child_that_nobody_waits_for_is_ended_and_leaves_nothing(tmp_path: Path) -> None:
    """A pipe in the place of its file holds it in the middle of writing."""
    long_one = rehearsed(26)
    beside = tmp_path / "r.json.new"
    os.mkfifo(beside)
    pipe = os.open(beside, os.O_RDONLY | os.O_NONBLOCK)

    async def give_up() -> None:
        writing = asyncio.Event()
        asyncio.get_running_loop().add_reader(pipe, writing.set)
        task = asyncio.create_task(export_in_child("fhir", tmp_path / "r.json", long_one, "en"))
        await writing.wait()
        asyncio.get_running_loop().remove_reader(pipe)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    try:
        asyncio.run(give_up())
        while os.read(pipe, 1 << 16):  # up to its end: nobody writes any more
            pass
    finally:
        os.close(pipe)
    assert not beside.exists()
    assert not (tmp_path / "r.json").exists()
