"""A folder of an older homestim is taken over whole; whenever that is cut short, the old one goes on."""

from __future__ import annotations

import datetime as dt
import json
import random
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kiosk.clock import FixedClock
from kiosk.diary import check, durable, folder, journal, migration, months
from kiosk.diary.folder import Meta, NewerVersion, NotWritable
from kiosk.diary.records import TABLES, Entry, Lock, Session, Stored
from kiosk.diary.store import DiaryDamaged, StoreReader, open_reader, open_store
from tests.kiosk.diary.simulated_disk import ROOT, Image, PowerCutError, SimulatedDisk

VERSION_1 = Path(__file__).parent / "data" / "version1"
NOON = dt.datetime(2026, 11, 3, 12, 0, tzinfo=dt.timezone(dt.timedelta(hours=1)))


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    shutil.copytree(VERSION_1, tmp_path / "data")
    return tmp_path / "data"


def everything(reader: StoreReader) -> dict[str, tuple[Stored, ...]]:
    return {kind: reader.facts(kind) for kind in TABLES}


def old_files(data: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(data.rglob("diary.json"))}


def test_the_old_folder_is_read_before_and_after_and_says_the_same(data: Path, clock: FixedClock) -> None:
    reader = open_reader(data, clock)
    before = everything(reader)
    assert [len(before[kind]) for kind in ("entries", "sessions", "locks", "unlocks")] == [2, 2, 2, 1]
    assert isinstance(before["entries"][0].record, Entry)
    assert before["entries"][0].record.note == "Rücken – steif"
    kept = old_files(data)
    with open_store(data, "simulated", clock) as store:
        assert everything(store) == before
        assert everything(reader) == before
    assert json.loads((data / "meta.json").read_bytes())["version"] == folder.FOLDER_VERSION
    assert old_files(data) == kept


async def test_locks_and_rest_times_are_kept_and_go_on(data: Path, clock: FixedClock) -> None:
    with open_store(data, "simulated", clock) as store:
        (open_lock,) = store.locks_open()
        assert isinstance(open_lock.record, Lock)
        assert open_lock.record.cause == "heart"
        assert (await store.lock("U", "d_fall")).record.number == 3
        (session,) = store.all("sessions")
        assert isinstance(session.record, Session)
        assert session.record.ended_at == dt.datetime(2026, 10, 30, 9, 20, tzinfo=NOON.tzinfo)


def test_the_chain_runs_through_the_months_that_were_taken_over(data: Path, clock: FixedClock) -> None:
    with open_store(data, "simulated", clock) as store:
        head, count = store.head()
    assert count > 2
    assert open_reader(data, clock).head() == (head, count)


def test_a_program_that_knows_only_version_1_refuses_the_folder_then(
    data: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_store(data, "simulated", clock).close()
    monkeypatch.setattr(folder, "FOLDER_VERSION", 1)
    with pytest.raises(NewerVersion, match="newer homestim"):
        open_store(data, "simulated", clock)


def image_of_version_1() -> Image:
    image: Image = {str(ROOT): None}
    for path in sorted(VERSION_1.rglob("*")):
        image[str(ROOT / path.relative_to(VERSION_1))] = path.read_bytes() if path.is_file() else None
    return image


def tables_on(disk: SimulatedDisk, meta: Meta) -> dict[str, dict[str, list[Any]]]:
    """As a reader of the folder's version sees them."""
    reader = months.Reader(ROOT, meta.version, journal.AS_JSON, disk)
    return {
        month: {
            name: [msgspec.json.decode(document) for document in table.values()]
            for name, table in reader.tables(month, month == reader.months()[-1]).items()
        }
        for month in reader.months()
    }


def test_cut_short_anywhere_the_old_files_hold_and_the_next_start_does_it_again() -> None:
    image, chance = image_of_version_1(), random.Random(3)
    old = {name: content for name, content in image.items() if name.endswith(migration.DIARY)}
    meta = msgspec.json.decode(image[str(ROOT / "meta.json")], type=Meta)
    expected = tables_on(SimulatedDisk(image), meta)
    seen = 0
    for cut_at in range(1, 200):
        disk = SimulatedDisk(image, cut_at=cut_at)
        try:
            migration.migrate(ROOT, meta, disk, 1024)
        except PowerCutError:
            pass
        for left in disk.outcomes(16, chance):
            seen += 1
            assert {name: left[name] for name in old} == old
            found = msgspec.json.decode(left[str(ROOT / "meta.json")], type=Meta)
            assert tables_on(SimulatedDisk(left), found) == expected
            if found.version == 1:
                again = SimulatedDisk(left)
                found = migration.migrate(ROOT, found, again, 1024)
                assert tables_on(again, found) == expected
                assert check.examine(ROOT, again).whole
        if disk.operations < cut_at:
            break
    else:
        pytest.fail("it never got through")
    print(f"{seen} disks after a power cut")
    assert seen > 100


def test_a_full_disk_is_said_and_the_old_folder_is_as_usable_as_before(
    data: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(durable, "write_all", full)
        with pytest.raises(NotWritable, match="full"):
            open_store(data, "simulated", clock)
    assert folder.read_meta(data).version == 1
    assert len(open_reader(data, clock).facts("locks")) == 2
    open_store(data, "simulated", clock).close()


def test_a_damaged_old_month_is_said_and_left_alone(data: Path, clock: FixedClock) -> None:
    path = data / "journal/2026-10/diary.json"
    path.write_bytes(path.read_bytes()[:-10])
    kept = old_files(data)
    with pytest.raises(DiaryDamaged, match="older homestim"):
        open_store(data, "simulated", clock)
    with pytest.raises(DiaryDamaged):
        open_reader(data, clock).all("entries")
    assert old_files(data) == kept
    assert folder.read_meta(data).version == 1
