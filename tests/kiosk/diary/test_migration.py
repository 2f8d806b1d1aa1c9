"""A folder of an older homestim is taken over whole; whenever that is cut short, the old one goes on."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path

import pytest

from kiosk.clock import FixedClock
from kiosk.diary import durable, files, folder, migration
from kiosk.diary.folder import NewerVersion, NotWritable
from kiosk.diary.records import TABLES, Entry, Lock, Session, Stored
from kiosk.diary.store import DiaryDamaged, StoreReader, open_reader, open_store

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


class CutError(Exception):
    """The power is gone."""


def test_cut_short_anywhere_the_old_files_hold_and_the_next_start_does_it_again(
    data: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, kept = everything(open_reader(data, clock)), old_files(data)
    names = ("create", "write_at", "flush_data", "rename", "flush_folder", "make_folder")
    for cut_at in range(1, 200):
        shutil.rmtree(data)
        shutil.copytree(VERSION_1, data)
        calls = 0
        with monkeypatch.context() as patch:
            for name in names:
                real = getattr(files.Files, name)

                def call(self: files.Files, *args: object, real=real, cut_at=cut_at) -> object:
                    nonlocal calls
                    calls += 1
                    if calls == cut_at:
                        raise CutError
                    return real(self, *args)

                patch.setattr(files.Files, name, call)
            try:
                migration.migrate(data, folder.read_meta(data))
            except CutError:
                pass
        assert old_files(data) == kept
        assert everything(open_reader(data, clock)) == before
        with open_store(data, "simulated", clock) as store:
            assert everything(store) == before
        if calls < cut_at:
            break
    else:
        pytest.fail("it never got through")
    assert cut_at > 20


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
