"""A full disk, a folder of somebody else, a read-only one: a plain sentence, and nothing is lost."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kiosk.clock import FixedClock
from kiosk.diary import inbox
from kiosk.diary.folder import FolderError, NotWritable
from kiosk.diary.records import Entry, Stored
from kiosk.diary.store import Store, StoreReadOnly, open_reader, open_store

NOON = dt.datetime(2026, 11, 20, 12, 0, tzinfo=dt.timezone(dt.timedelta(hours=1)))
NOBODY = 65534
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=0700", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no right to mount a small disk here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@contextmanager
def as_somebody_else() -> Iterator[None]:
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


async def fill(store: Store) -> list[Stored]:
    """Until the store refuses; what it acknowledged."""
    saved: list[Stored] = []

    async def add_without_end() -> None:
        while True:
            saved.append(await store.add(Entry(moment="daily", note="x" * 5000)))

    with pytest.raises(StoreReadOnly, match="the disk is full") as caught:
        await add_without_end()
    assert "can still be read" in caught.value.sentence
    return saved


def test_a_full_disk_is_said_and_everything_acknowledged_stays(small_disk: Path, clock: FixedClock) -> None:
    folder = small_disk / "data"
    with open_store(folder, "real", clock) as store:
        saved = asyncio.run(fill(store))
        assert len(saved) > 20
        assert store.facts("entries") == tuple(saved)
    with open_store(folder, "real", clock) as store:
        assert store.facts("entries") == tuple(saved)
        asyncio.run(fill(store))
        with pytest.raises(inbox.InboxError, match="the disk is full"):
            inbox.put(folder, "unlock", b"x" * 60_000)
    assert open_reader(folder, clock).facts("entries")[: len(saved)] == tuple(saved)


def test_on_a_full_disk_a_new_folder_is_refused_in_words(small_disk: Path, clock: FixedClock) -> None:
    film = os.open(small_disk / "film", os.O_WRONLY | os.O_CREAT)
    while os.fstatvfs(film).f_bavail:
        os.write(film, bytes(4096))
    os.close(film)
    with pytest.raises(NotWritable, match="the disk is full"):
        open_store(small_disk / "data", "real", clock)


@needs_root
@pytest.mark.parametrize("mode", [0o700, 0o755])
def test_somebody_elses_folder_is_refused_in_words(clock: FixedClock, mode: int) -> None:
    with subprocess.Popen(["mktemp", "-d"], stdout=subprocess.PIPE, text=True) as made:
        place = Path(made.communicate()[0].strip())
    try:
        place.chmod(0o755)
        with open_store(place / "data", "real", clock) as store:
            saved = asyncio.run(store.add(Entry(moment="daily", pain_rest=1)))
        (place / "data").chmod(mode)
        with as_somebody_else():
            with pytest.raises(NotWritable, match="no right"):
                open_store(place / "data", "real", clock)
            with pytest.raises(FolderError, match="no right"):
                open_reader(place / "data", clock).facts("entries")
        with open_store(place / "data", "real", clock) as store:
            assert store.facts("entries") == (saved,)
    finally:
        subprocess.run(["rm", "-r", str(place)], check=True)
