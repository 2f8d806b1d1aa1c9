"""What happens to boxes at home: a full card in the last night of a month, a card that turns read-only, two
kiosks on one folder, a folder that is moved away, files of no bytes, settings cut short."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.clock import FixedClock
from kiosk.diary import check, journal, settings_file
from kiosk.diary.folder import DiaryMissing, FolderError, FolderInUse, NotADataFolder, NotWritable
from kiosk.diary.manifest import MANIFEST
from kiosk.diary.records import Entry, Stored
from kiosk.diary.settings_file import PinHash, Settings, SettingsError, change_settings, load_settings
from kiosk.diary.store import Store, StoreReadOnly, open_reader, open_store
from kiosk.ops import commands

NOVEMBER = dt.datetime(2026, 11, 30, 23, 50, tzinfo=dt.timezone(dt.timedelta(hours=1)))
DECEMBER = NOVEMBER + dt.timedelta(hours=1)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOVEMBER)


def mounted(place: Path, *options: str) -> None:
    mount = ["mount", "-t", "tmpfs", "-o", ",".join(("mode=0700", *options)), "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no right to mount a disk here")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "small"
    place.mkdir()
    mounted(place, "size=2m")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def leave_free(place: Path, pages: int) -> None:
    """Fills the disk but for so many pages."""
    film = os.open(place / "film", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.ftruncate(film, 0)
    while (free := os.fstatvfs(film).f_bavail) > pages:
        os.write(film, bytes(4096 * min(16, free - pages)))
    os.close(film)


async def entry(store: Store, note: str = "") -> Stored:
    return await store.add(Entry(moment="daily", note=note))


async def test_a_disk_that_is_full_at_any_stage_of_a_months_end_loses_nothing(
    small_disk: Path, clock: FixedClock
) -> None:
    folder, refused, wrote = small_disk / "data", 0, 0
    with open_store(folder, "real", clock) as store:
        saved = [await entry(store, "november" * 500)]
    for pages in range(80):
        clock.time = NOVEMBER if wrote == 0 else DECEMBER
        (small_disk / "film").unlink(missing_ok=True)
        leave_free(small_disk, pages)
        with open_store(folder, "real", clock) as store:
            assert store.all("entries")[: len(saved)] == tuple(saved)
            clock.time = DECEMBER
            try:
                saved.append(await entry(store, f"{pages} pages"))
                wrote += 1
            except StoreReadOnly:
                refused += 1
                assert "the disk is full" in str(store.failure)
            assert store.all("entries")[: len(saved)] == tuple(saved)
        # A record that was refused may stand there whole all the same.
        saved = list(open_reader(folder, clock).all("entries"))
        if wrote > 3:
            break
    print(f"{refused} times refused at a month's end")
    assert refused > 10
    (small_disk / "film").unlink()
    with open_store(folder, "real", clock) as store:
        saved.append(await entry(store, "room again"))
        assert store.all("entries") == tuple(saved)
    assert check.examine(folder).whole


def test_a_card_that_turns_read_only_is_said_and_everything_saved_can_be_read(
    tmp_path: Path, clock: FixedClock
) -> None:
    place = tmp_path / "card"
    place.mkdir()
    mounted(place, "size=4m")
    store = None
    try:
        store = open_store(place / "data", "real", clock)
        saved = asyncio.run(entry(store))
        storage, lock = store._writer._storage, store._lock
        assert storage is not None
        # A broken file system turns read-only under open files; one that is asked to waits until nobody
        # writes in it: what is open for writing is opened anew for reading.
        for holder in (storage, lock):
            os.close(holder._descriptor)
        subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
        storage._descriptor = os.open(place / "data/journal/2026-11/0001.jsonl", os.O_RDONLY)
        lock._descriptor = os.open(place / "data/lock", os.O_RDONLY)
        with pytest.raises(StoreReadOnly, match="cannot be written"):
            asyncio.run(entry(store))
        assert store.all("entries") == (saved,)
        with pytest.raises(SettingsError, match="read-only"):
            change_settings(place / "data", lambda kept: kept)
        store.close()
        with pytest.raises(NotWritable, match="read-only"):
            open_store(place / "data", "real", clock)
        assert open_reader(place / "data", clock).all("entries") == (saved,)
        assert check.examine(place / "data").whole
    finally:
        if store is not None:
            store.close()
        subprocess.run(["umount", str(place)], check=True)


SECOND = """
import sys
from pathlib import Path
from kiosk.clock import SystemClock
from kiosk.diary.folder import FolderInUse
from kiosk.diary.store import open_store
try:
    open_store(Path(sys.argv[1]), "real", SystemClock())
except FolderInUse as error:
    print(error.sentence)
"""


def files_of(folder: Path) -> dict[Path, bytes]:
    """But for the copy, which the first kiosk makes when it has nothing else to do."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != journal.COPY]
    return {path: path.read_bytes() for path in files}


async def test_a_second_kiosk_on_the_folder_is_refused_in_words_and_changes_nothing(
    tmp_path: Path, clock: FixedClock
) -> None:
    folder = tmp_path / "data"
    with open_store(folder, "real", clock) as store:
        saved = [await entry(store)]
        before = files_of(folder)
        said = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-c", SECOND, str(folder)],
            capture_output=True, text=True, check=True,
            env={**os.environ, "PYTHONPATH": os.getcwd()},
        )  # fmt: skip
        assert "already running" in said.stdout
        with pytest.raises(FolderInUse):
            open_store(folder, "real", clock)
        assert files_of(folder) == before
        saved.append(await entry(store))
        assert store.all("entries") == tuple(saved)


@pytest.mark.parametrize("another", [False, True], ids=["nothing_in_its_place", "another_in_its_place"])
async def test_a_folder_that_is_moved_away_while_open_takes_nothing_more(
    tmp_path: Path, clock: FixedClock, another: bool
) -> None:
    folder, elsewhere = tmp_path / "data", tmp_path / "elsewhere"
    with open_store(folder, "real", clock) as store:
        saved = await entry(store)
        folder.rename(elsewhere)
        if another:
            open_store(folder, "real", clock).close()
        with pytest.raises(StoreReadOnly):
            await entry(store, "nowhere")
    assert open_reader(elsewhere, clock).all("entries") == (saved,)
    if another:
        assert open_reader(folder, clock).all("entries") == ()


@pytest.mark.parametrize("content", [b"", b"{", b"null", bytes(4096)])
async def test_a_manifest_of_no_bytes_or_rubbish_is_made_anew(
    tmp_path: Path, clock: FixedClock, content: bytes
) -> None:
    folder = tmp_path / "data"
    with open_store(folder, "real", clock) as store:
        saved = [await entry(store)]
        clock.time = DECEMBER
        saved.append(await entry(store))
    manifest = folder / "journal" / MANIFEST
    whole = manifest.read_bytes()
    manifest.write_bytes(content)
    assert open_reader(folder, clock).all("entries") == tuple(saved)
    assert check.examine(folder).whole
    with open_store(folder, "real", clock) as store:
        assert store.all("entries") == tuple(saved)
    assert manifest.read_bytes() == whole


def test_settings_that_were_cut_short_are_refused_and_no_pin_becomes_none(tmp_path: Path) -> None:
    pin = PinHash(salt="00", hash="11", n=2, r=1, p=1)
    settings_file.save_settings(tmp_path, Settings(language="de", volume=3, pins={"patient": pin}))
    path = tmp_path / settings_file.SETTINGS
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        try:
            found = load_settings(tmp_path)
        except SettingsError:
            continue
        assert found.pins in ({}, {"patient": pin}), length
        lost = found.pins == {}
        assert not lost or b"[pins" not in whole[:length]
    path.write_bytes(whole)
    assert load_settings(tmp_path).pins == {"patient": pin}


def test_a_power_cut_while_settings_are_saved_leaves_the_old_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = change_settings(tmp_path, lambda kept: Settings(volume=4))
    for name in ("pwrite", "fdatasync", "rename"):
        with monkeypatch.context() as cut:

            def gone(*_: object) -> None:
                raise OSError(5, "gone")

            cut.setattr(f"kiosk.diary.files.os.{name}", gone)
            with pytest.raises(SettingsError, match="The old ones hold"):
                change_settings(tmp_path, lambda kept: Settings(volume=9))
        assert load_settings(tmp_path) == old


async def test_a_diary_whose_journal_is_gone_is_said_and_not_begun_anew(
    tmp_path: Path, clock: FixedClock
) -> None:
    data = tmp_path / "data"
    with open_store(data, "real", clock) as store:
        await entry(store)
    shutil.rmtree(data / "journal")
    with pytest.raises(DiaryMissing, match="missing"):
        open_store(data, "real", clock)
    with pytest.raises(DiaryMissing, match="missing"):
        commands.check(data, as_json=False)
    assert not (data / "journal").exists()


@pytest.mark.parametrize(
    "command",
    [
        ("review",),
        ("report", "--format", "csv", "--out", "{folder}"),
        ("enrol",),
        ("prescription", "show"),
    ],
    ids=" ".join,
)
def test_no_command_takes_a_diary_whose_journal_is_gone_for_an_empty_one(
    tmp_path: Path, clock: FixedClock, command: tuple[str, ...]
) -> None:
    data = tmp_path / "data"
    with open_store(data, "simulated", clock) as store:
        asyncio.run(entry(store))
    shutil.rmtree(data / "journal")
    there = sorted(data.iterdir())
    said = subprocess.run(
        [sys.executable, "-m", "kiosk", *(part.format(folder=tmp_path) for part in command), "--data", data],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert said.returncode == 1, said.stdout
    assert "The diary in " in said.stderr
    assert "is missing" in said.stderr
    assert sorted(data.iterdir()) == there


def test_a_first_start_that_a_power_cut_cut_short_is_begun_again(tmp_path: Path, clock: FixedClock) -> None:
    (tmp_path / "data/journal").mkdir(parents=True)
    (tmp_path / "data/lock").touch()
    open_store(tmp_path / "data", "real", clock).close()
    (tmp_path / "data/meta.json").unlink()
    (tmp_path / "data/journal/2026-11").mkdir()
    with pytest.raises(NotADataFolder, match="other files"):
        open_store(tmp_path / "data", "real", clock)


@pytest.mark.timeout(20)
async def test_a_pipe_in_the_place_of_a_file_is_refused_and_not_waited_for(
    tmp_path: Path, clock: FixedClock
) -> None:
    data = tmp_path / "data"
    with open_store(data, "real", clock) as store:
        await entry(store)
    (path,) = data.glob("journal/*/*.jsonl")
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(FolderError):
        commands.check(data, as_json=False)
    with pytest.raises(FolderError):
        open_store(data, "real", clock)
