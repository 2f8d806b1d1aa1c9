"""A disk that was full has room again: “Try again” saves what waits. Whole kiosk, real disk; no screen."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from kiosk.application import Application
from kiosk.clock import SystemClock
from kiosk.diary import check
from kiosk.diary.records import Entry
from kiosk.diary.store import open_reader
from kiosk.keys import Key
from kiosk.run import say_lost
from tests.whole_visits.test_application_end import a_kiosk, until


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m,mode=0700", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no right to mount a small disk here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def fill(place: Path) -> Path:
    film = place / "film"
    descriptor = os.open(film, os.O_WRONLY | os.O_CREAT)
    try:
        while os.fstatvfs(descriptor).f_bavail:
            os.write(descriptor, bytes(4096))
    finally:
        os.close(descriptor)
    return film


def pains(place: Path) -> list[int | None]:
    """Of the entries that stand, as another process reads them."""
    stored = open_reader(place / "data", SystemClock()).all("entries")
    return [one.record.pain_rest for one in stored if isinstance(one.record, Entry)]


@asynccontextmanager
async def an_entry_that_the_disk_refused(place: Path) -> AsyncIterator[tuple[Application, Path]]:
    """The kiosk, and what to delete so that there is room again."""
    async with a_kiosk(place / "data") as kiosk:
        running = asyncio.create_task(kiosk.run())
        await until(kiosk, lambda: len(kiosk.page().choices) > 1)
        film = fill(place)
        for key in (Key.TWO, Key.ENTER, Key.SEVEN, Key.ENTER):
            kiosk.press(key)
        await until(kiosk, lambda: kiosk.page().id == "not_saved")
        yield kiosk, film
        kiosk.leave()
        assert await running == 0


async def test_an_entry_is_saved_once_as_soon_as_there_is_room_again(small_disk: Path) -> None:
    async with an_entry_that_the_disk_refused(small_disk) as (kiosk, film):
        for _ in range(3):
            kiosk.press(Key.ONE)
            assert kiosk.page().id == "saving"
            await until(kiosk, lambda: kiosk.page().id == "not_saved")
        assert pains(small_disk) == []
        film.unlink()
        kiosk.press(Key.ONE)
        await until(kiosk, lambda: kiosk.page().id not in ("saving", "not_saved"))
        assert pains(small_disk) == [7]
    assert kiosk.unsaved == 0
    assert pains(small_disk) == [7]
    assert check.examine(small_disk / "data").whole


async def test_leaving_tries_once_more_and_says_what_is_lost(
    small_disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with an_entry_that_the_disk_refused(small_disk) as (kiosk, film):
        for _ in range(2):
            kiosk.press(Key.LEAVE)
        assert "If you leave now, it is lost." in kiosk.page().spoken
    assert kiosk.unsaved == 1
    say_lost(kiosk.unsaved)
    assert "1 entry could not be saved and is lost." in capsys.readouterr().err
    film.unlink()
    assert pains(small_disk) == []


async def test_an_entry_for_which_there_is_room_when_the_kiosk_is_ended_is_saved(small_disk: Path) -> None:
    async with an_entry_that_the_disk_refused(small_disk) as (kiosk, film):
        film.unlink()
    assert kiosk.unsaved == 0
    assert pains(small_disk) == [7]
