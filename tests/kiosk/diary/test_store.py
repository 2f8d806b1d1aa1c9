"""The diary keeps what it acknowledged, says no in plain words, and never blocks."""

import asyncio
import datetime as dt
import errno
import json
import os
import shutil
import stat
import subprocess
import sys
import threading
from collections.abc import Coroutine
from pathlib import Path

import msgspec
import pytest

from kiosk.clock import FixedClock
from kiosk.diary import durable, files, months
from kiosk.diary.check import examine
from kiosk.diary.folder import FolderInUse, NewerVersion, NotADataFolder, NotWritable, WrongKind
from kiosk.diary.records import Access, Entry, LevelFound, Lock, Screening, Session, Stored, Unlock
from kiosk.diary.store import (
    RECENT,
    Damage,
    DiaryDamaged,
    Store,
    StoreError,
    StoreReadOnly,
    open_reader,
    open_store,
)
from kiosk.diary.writer_thread import WriterThread
from programs.text import Reason

CET = dt.timezone(dt.timedelta(hours=1))
NOON = dt.datetime(2026, 11, 20, 12, 0, tzinfo=CET)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def store(folder: Path, clock: FixedClock):
    with open_store(folder, "simulated", clock, "SIM0001") as opened:
        yield opened


def pain(value: int) -> Entry:
    return Entry(moment="daily", pain_rest=value)


def pains(stored: tuple[Stored, ...]) -> list[int | None]:
    return [one.record.pain_rest for one in stored if isinstance(one.record, Entry)]


# ── what is kept ──


async def test_a_record_is_read_back_as_it_was_added(store: Store, folder: Path, clock: FixedClock) -> None:
    level = LevelFound(
        session_id="s", waveform="35 Hz 250 us", montage="M4-par", pads="5x9", side="left", channel=1,
        device_kind="p24", first_feeling_mA=5.5, where="left", comfortable_mA=12.0, ceiling_mA=24.0,
        ceiling_set_by=Reason("prescription", {"mA": 24.0}),
    )  # fmt: skip
    saved = await store.add(level)

    assert open_reader(folder, clock).latest("levels") == saved
    assert saved.record == level
    assert saved.envelope.device_id == "SIM0001"
    assert saved.envelope.folder == "simulated"
    assert saved.envelope.event_time == saved.envelope.entry_time == NOON
    assert saved.envelope.clock_trusted


async def test_everything_is_there_after_opening_again(folder: Path, clock: FixedClock) -> None:
    with open_store(folder, "real", clock) as first:
        box = first.box_id
        for value in range(5):
            await first.add(pain(value))
    with open_store(folder, "real", clock) as again:
        assert pains(again.all("entries")) == [0, 1, 2, 3, 4]
        assert again.box_id == box


async def test_many_at_once_are_written_in_the_order_of_the_calls(store: Store) -> None:
    await asyncio.gather(*(store.add(Entry(moment="daily", note=str(n))) for n in range(20)))
    assert [one.record.note for one in store.all("entries")] == [str(n) for n in range(20)]


async def test_each_month_has_its_own_file_and_reading_joins_them(
    store: Store, folder: Path, clock: FixedClock
) -> None:
    await store.add(pain(3))
    clock.advance(15 * 86400)
    await store.add(pain(5))
    assert months.months_of(folder) == ["2026-11", "2026-12"]
    assert pains(store.all("entries")) == [3, 5]
    assert store.latest("sessions") is None


async def test_a_correction_takes_the_place_of_its_original_and_both_are_kept(
    store: Store, clock: FixedClock
) -> None:
    wrong = await store.add(pain(1))
    clock.advance(86400)
    await store.add(pain(7))
    corrected = await store.correct(pain(2), wrong.envelope.id)
    twice = await store.correct(pain(3), corrected.envelope.id)

    assert pains(store.all("entries")) == [3, 7]
    assert pains(store.facts("entries")) == [1, 7, 2, 3]
    assert twice.envelope.event_time == NOON
    assert pains((store.latest("entries"),)) == [7]
    assert pains(store.days("entries", NOON.date(), NOON.date())) == [3]


async def test_a_correction_in_a_later_month_is_found(store: Store, clock: FixedClock) -> None:
    begun = await store.add(
        Session(programme="nmes_learn", montage="M4-par", session_kind="nmes", planned_seconds=900)
    )
    clock.advance(20 * 86400)
    await store.correct(msgspec.structs.replace(begun.record, state="interrupted"), begun.envelope.id)
    assert store.latest("sessions").record.state == "interrupted"
    assert [one.record.state for one in store.all("sessions")] == ["interrupted"]


async def test_correcting_what_is_not_there_is_refused(store: Store) -> None:
    with pytest.raises(StoreError) as caught:
        await store.correct(pain(2), "nobody")
    assert "no such record" in caught.value.sentence
    await store.add(pain(4))
    assert pains(store.all("entries")) == [4]


async def test_a_record_is_corrected_within_its_own_kind_only(store: Store) -> None:
    lock = await store.lock("C", "heart")
    for id_ in (lock.envelope.id, "nobody"):
        with pytest.raises(StoreError):
            await store.correct(pain(1), id_)
    assert store.facts("entries") == ()


async def test_an_answer_does_not_read_the_month_again(
    store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = await store.add(Screening(asks="daily"))

    def slow(*_: object) -> None:
        raise AssertionError("read on the event loop")

    monkeypatch.setattr(months, "Reader", slow)
    monkeypatch.setattr(store._journals, "tables", slow)
    await store.update_screening(begun.envelope.id, Screening(asks="daily", answers={"d_ill": "no"}))
    monkeypatch.undo()
    assert store.latest("screenings").record.answers == {"d_ill": "no"}


async def test_an_old_record_can_be_corrected_too(store: Store) -> None:
    first = await store.add(pain(1))
    for n in range(RECENT + 5):
        await store.add(Entry(moment="daily", note=str(n)))
    await store.correct(pain(2), first.envelope.id)
    assert pains(store.all("entries"))[0] == 2


async def test_a_screening_is_one_document_also_over_the_end_of_a_month(
    store: Store, clock: FixedClock
) -> None:
    clock.time = dt.datetime(2026, 11, 30, 23, 59, tzinfo=CET)
    begun = await store.add(Screening(asks="daily", answers={"d_ill": "no"}))
    await store.update_screening(begun.envelope.id, Screening(asks="daily", answers={"d_ill": "yes"}))
    assert len(store.facts("screenings")) == 1
    clock.advance(120)
    last = Screening(asks="daily", answers={"d_ill": "yes", "d_numb": "no"}, verdict="P")
    await store.update_screening(begun.envelope.id, last)

    assert [one.record for one in store.all("screenings")] == [last]
    assert store.latest("screenings").envelope.id == begun.envelope.id
    assert store.latest("screenings").envelope.event_time == begun.envelope.event_time


async def test_days_are_the_days_of_the_event_not_of_the_entry(store: Store, clock: FixedClock) -> None:
    await store.add(pain(1), event_time=NOON - dt.timedelta(days=2))
    await store.add(pain(2), event_time=NOON - dt.timedelta(days=3))
    today = await store.add(pain(3))
    late = store.days("entries", dt.date(2026, 11, 17), dt.date(2026, 11, 18))
    assert pains(late) == [2, 1]
    assert all(one.entered_late for one in late)
    assert not today.entered_late
    clock.advance(30 * 86400)
    await store.add(pain(4), event_time=NOON)
    assert pains(store.days("entries", NOON.date(), NOON.date())) == [3, 4]


async def test_a_played_history_is_written_at_once_with_the_times_of_its_clock(
    folder: Path, clock: FixedClock
) -> None:
    with open_store(folder, "rehearsal", clock) as store:
        drafts = []
        for value in range(100):
            drafts.append(store.draft(pain(value % 11), event_time=clock.now() - dt.timedelta(hours=1)))
            clock.advance(86400)
        drafts.append(store.draft(pain(0), corrects=drafts[7].envelope.id))
        assert store.facts("entries") == ()
        await store.add_all(drafts)
        assert store.facts("entries") == tuple(drafts)
        assert len(months.months_of(folder)) == 4
        assert pains(store.all("entries"))[7] == 0
    with open_store(folder, "rehearsal", clock) as again:
        assert again.facts("entries") == tuple(drafts)


async def test_only_a_rehearsal_is_written_at_once(store: Store) -> None:
    with pytest.raises(ValueError, match="rehearsal"):
        await store.add_all([store.draft(pain(1))])
    assert store.facts("entries") == ()


# ── locks ──


async def test_a_lock_holds_until_its_own_unlock(store: Store, clock: FixedClock) -> None:
    first, second = await asyncio.gather(store.lock("E", "d_numb"), store.lock("C", "heart"))
    assert [first.record.number, second.record.number] == [1, 2]
    assert store.locks_open(clock.now()) == (first, second)
    await store.unlock(first.envelope.id, "code", "Dr Example by telephone")
    assert store.locks_open(clock.now()) == (second,)
    clock.advance(400 * 86400)
    assert store.locks_open(clock.now()) == (second,)


async def test_lock_numbers_go_on_after_a_restart(folder: Path, clock: FixedClock) -> None:
    with open_store(folder, "real", clock) as store:
        await store.lock("E", "d_numb")
    clock.advance(40 * 86400)
    with open_store(folder, "real", clock) as store:
        assert (await store.lock("U", "d_fall")).record.number == 2
        assert len(store.locks_open()) == 2


async def test_a_lock_for_today_opens_on_its_day_but_only_by_a_trusted_clock(
    store: Store, clock: FixedClock
) -> None:
    lock = await store.lock("P", "d_ill", until=dt.date(2026, 11, 21))
    clock.advance(11 * 3600)
    assert store.locks_open() == (lock,)
    clock.advance(3600)
    assert clock.now().date() == dt.date(2026, 11, 21)
    assert store.locks_open() == ()
    clock.is_trusted = False
    assert store.locks_open() == (lock,)


async def test_unlocking_what_is_not_locked_is_refused(store: Store) -> None:
    with pytest.raises(StoreError):
        await store.unlock("nobody", "code")
    assert store.facts("unlocks") == ()


# ── clocks ──


async def test_a_clock_behind_the_last_record_is_marked_and_opens_no_old_month(
    store: Store, folder: Path, clock: FixedClock
) -> None:
    await store.add(pain(1))
    clock.time = dt.datetime(2026, 3, 1, 8, 0, tzinfo=CET)
    behind = await store.add(pain(2))
    assert not behind.envelope.clock_trusted
    assert months.months_of(folder) == ["2026-11"]
    clock.time = NOON + dt.timedelta(days=1)
    assert (await store.add(pain(3))).envelope.clock_trusted
    assert pains(store.all("entries")) == [1, 2, 3]
    assert pains((store.latest("entries"),)) == [3]


async def test_a_clock_behind_is_noticed_after_a_restart_too(folder: Path, clock: FixedClock) -> None:
    with open_store(folder, "real", clock) as store:
        await store.add(pain(1))
    clock.advance(-3600)
    with open_store(folder, "real", clock) as store:
        assert not (await store.add(pain(2))).envelope.clock_trusted


async def test_an_untrusted_record_does_not_make_later_ones_untrusted(
    store: Store, clock: FixedClock
) -> None:
    clock.is_trusted = False
    clock.advance(86400)
    await store.add(pain(1))
    clock.is_trusted = True
    clock.advance(-86400)
    assert (await store.add(pain(2))).envelope.clock_trusted


# ── bad records ──


@pytest.mark.parametrize(
    "record",
    [
        Entry(moment="daily", pain_rest=11),
        Entry(moment="daily", pain_rest="5"),  # type: ignore[arg-type]
        Entry(moment="someday"),  # type: ignore[arg-type]
        Entry(moment="daily", note="\udcff"),
        Session(
            programme="a", montage="b", session_kind="tens", planned_seconds=1, peak_mA={"1": float("nan")}
        ),
    ],
)
async def test_a_record_that_could_not_be_read_back_is_not_written(store: Store, record: Entry) -> None:
    with pytest.raises((TypeError, ValueError)):
        await store.add(record)
    assert store.failure is None
    await store.add(pain(1))
    assert pains(store.all("entries")) == [1]


async def test_an_event_without_its_offset_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="offset"):
        await store.add(pain(1), event_time=dt.datetime(2026, 11, 20, 9, 0))  # noqa: DTZ001


# ── folders ──


@pytest.mark.parametrize(
    ("was", "asked"), [("real", "simulated"), ("simulated", "real"), ("real", "rehearsal")]
)
def test_a_folder_of_another_kind_is_refused(folder: Path, clock: FixedClock, was: str, asked: str) -> None:
    open_store(folder, was, clock).close()
    meta = (folder / "meta.json").read_bytes()
    with pytest.raises(WrongKind) as caught:
        open_store(folder, asked, clock)
    assert "--data" in caught.value.sentence
    assert (folder / "meta.json").read_bytes() == meta
    open_store(folder, was, clock).close()


async def test_records_of_another_kind_are_never_read_as_our_own(tmp_path: Path, clock: FixedClock) -> None:
    with open_store(tmp_path / "sim", "simulated", clock) as simulated:
        await simulated.add(pain(1))
    with open_store(tmp_path / "real", "real", clock) as real:
        assert real.all("entries") == ()
    shutil.copytree(tmp_path / "sim/journal/2026-11", tmp_path / "real/journal/2026-11")
    with open_store(tmp_path / "real", "real", clock) as real:
        assert real.all("entries") == ()
        await real.add(pain(2))
        assert pains(real.all("entries")) == [2]


def test_a_folder_of_a_newer_version_is_refused(folder: Path, clock: FixedClock) -> None:
    open_store(folder, "real", clock).close()
    meta = json.loads((folder / "meta.json").read_bytes())
    (folder / "meta.json").write_text(json.dumps({**meta, "version": 99, "kind": "cloud"}))
    with pytest.raises(NewerVersion, match="99"):
        open_store(folder, "real", clock)
    with pytest.raises(NewerVersion):
        open_reader(folder, clock)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"vers\xffion": 1}', b'{"version": 1}', b'{"version": 1, "kind": "other"}'],
)
def test_a_damaged_meta_file_is_refused_and_left_alone(
    folder: Path, clock: FixedClock, content: bytes
) -> None:
    folder.mkdir()
    (folder / "meta.json").write_bytes(content)
    with pytest.raises(NotADataFolder):
        open_store(folder, "real", clock)
    assert (folder / "meta.json").read_bytes() == content


def test_a_file_in_the_folders_place_is_refused(folder: Path, clock: FixedClock) -> None:
    folder.write_text("letter")
    for path in (folder, folder / "below"):
        with pytest.raises(NotADataFolder):
            open_store(path, "real", clock)
    assert folder.read_text() == "letter"


def test_a_folder_with_other_files_is_refused_and_nothing_is_put_there(
    folder: Path, clock: FixedClock
) -> None:
    folder.mkdir()
    (folder / "holiday.jpg").touch()
    with pytest.raises(NotADataFolder, match=r"holiday\.jpg"):
        open_store(folder, "real", clock)
    assert os.listdir(folder) == ["holiday.jpg"]


def test_a_new_partition_is_an_empty_folder(folder: Path, clock: FixedClock) -> None:
    (folder / "lost+found").mkdir(parents=True, mode=0o000)
    for _ in range(2):
        open_store(folder, "real", clock).close()
    assert (folder / "lost+found").is_dir()


@pytest.mark.parametrize("lies", ["beside it", "in its place", "in it, mended"])
def test_a_partition_that_holds_something_is_not_taken(folder: Path, clock: FixedClock, lies: str) -> None:
    folder.mkdir()
    if lies == "in its place":
        (folder / "lost+found").touch()
    else:
        (folder / "lost+found").mkdir()
    if lies == "beside it":
        (folder / "holiday.jpg").touch()
    if lies == "in it, mended":  # the journal, after the partition's own folder was lost
        (folder / "lost+found/#131").mkdir()
    before = sorted(os.listdir(folder))
    with pytest.raises(NotADataFolder):
        open_store(folder, "real", clock)
    assert sorted(os.listdir(folder)) == before


def test_a_first_start_that_was_cut_short_is_taken_up(folder: Path, clock: FixedClock) -> None:
    folder.mkdir()
    (folder / "lock").touch()
    (folder / "meta.json.new").write_bytes(b'{"kin')
    open_store(folder, "real", clock).close()


def test_a_second_writer_is_refused_and_a_reader_is_not(
    store: Store, folder: Path, clock: FixedClock
) -> None:
    with pytest.raises(FolderInUse) as caught:
        open_store(folder, "simulated", clock)
    assert "already running" in caught.value.sentence
    assert open_reader(folder, clock).all("entries") == ()


def test_the_lock_is_free_after_closing(folder: Path, clock: FixedClock) -> None:
    for _ in range(2):
        open_store(folder, "real", clock).close()


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.ENOSPC])
def test_a_folder_that_cannot_be_written_says_why(
    folder: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(files.os, "mkdir", refuse)
    with pytest.raises(NotWritable) as caught:
        open_store(folder, "real", clock)
    words = {errno.EACCES: "no right", errno.EROFS: "read-only", errno.ENOSPC: "full"}
    assert words[number] in caught.value.sentence


def test_only_the_owner_may_read_the_diary(store: Store, folder: Path) -> None:
    asyncio.run(store.add(pain(1)))
    for path in [folder, *folder.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


async def test_a_damaged_month_is_said_and_not_overwritten(folder: Path, clock: FixedClock) -> None:
    with open_store(folder, "real", clock) as store:
        await store.add(pain(1))
        await store.add(pain(2))
    (folder / "journal/2026-11/0001.copy").unlink()
    path = folder / "journal/2026-11/0001.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b'"pain_rest":1', b'"pain_rest":6'))
    damaged = path.read_bytes()
    with pytest.raises(DiaryDamaged, match="2026-11") as caught:
        open_store(folder, "real", clock)
    assert "0 records before the damage can still be read" in caught.value.sentence
    with pytest.raises(DiaryDamaged):
        open_reader(folder, clock).all("entries")
    assert path.read_bytes() == damaged
    # A refused folder is not left locked.
    path.write_bytes(whole)
    open_store(folder, "real", clock).close()


def test_a_reader_of_no_folder_says_so(folder: Path, clock: FixedClock) -> None:
    with pytest.raises(NotADataFolder):
        open_reader(folder, clock)


async def test_a_reader_sees_what_is_written_beside_it(store: Store, folder: Path, clock: FixedClock) -> None:
    reader = open_reader(folder, clock)
    for value in range(3):
        await store.add(pain(value))
        assert pains(reader.all("entries")) == list(range(value + 1))


async def test_a_reader_sees_a_month_that_was_empty_fill_end_and_the_next_begin(
    store: Store, folder: Path, clock: FixedClock
) -> None:
    reader = open_reader(folder, clock)
    await store.lock("C", "heart")
    assert reader.all("entries") == ()
    await store.add(pain(1))
    assert pains(reader.all("entries")) == [1]
    last = await store.add(Screening(asks="daily"))
    assert reader.all("screenings") == (last,)
    changed = await store.update_screening(last.envelope.id, Screening(asks="daily", verdict="P"))
    clock.advance(30 * 86400)
    await store.add(pain(2))
    assert (pains(reader.all("entries")), reader.all("screenings")) == ([1, 2], (changed,))
    await store.add(pain(3))
    assert pains(reader.all("entries")) == [1, 2, 3]
    assert reader.head() == store.head()


# ── when writing fails ──

STEPS = ("open", "pwrite", "fdatasync", "fsync", "ftruncate", "rename", "mkdir")


class FailingAt:
    """Stands before the writer's system calls and fails the k-th with `number`, once or for ever."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, k: int, number: int, for_ever: bool) -> None:
        self.calls = 0
        for name in STEPS:
            real = getattr(os, name)

            def call(*args: object, real=real, **kwargs: object) -> object:
                if not threading.current_thread().name.startswith("diary"):
                    return real(*args, **kwargs)
                self.calls += 1
                if self.calls == k or (for_ever and self.calls > k):
                    raise OSError(number, os.strerror(number))
                return real(*args, **kwargs)

            monkeypatch.setattr(files.os, name, call)


@pytest.mark.parametrize(("number", "for_ever"), [(errno.ENOSPC, True), (errno.EIO, False)])
async def test_after_any_failed_write_nothing_more_is_saved_and_all_acknowledged_can_be_read(
    tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, number: int, for_ever: bool
) -> None:
    for k in range(1, 100):
        folder = tmp_path / str(k)
        with open_store(folder, "real", clock) as store, monkeypatch.context() as patch:
            acknowledged: list[int | None] = []
            failing = FailingAt(patch, k, number, for_ever)
            failures = 0
            for value in range(3):
                try:
                    acknowledged += pains((await store.add(pain(value)),))
                except StoreReadOnly:
                    failures += 1
            patch.undo()
            if failing.calls < k:
                assert acknowledged == [0, 1, 2]
                break
            assert failures == 3 - len(acknowledged)
            assert store.failure is not None
            assert "can still be read" in store.failure.sentence
            read = pains(store.all("entries"))
            # One more than was acknowledged can stand there: written whole, but not known to be durable.
            assert read[: len(acknowledged)] == acknowledged
            assert len(read) <= len(acknowledged) + 1
        with open_store(folder, "real", clock) as again:
            assert pains(again.all("entries")) == read
            await again.add(pain(9))
            assert pains(again.all("entries")) == [*read, 9]
    else:
        pytest.fail("the writes never got through")
    assert k > 10


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("again", [False, True], ids=["then_all_is_well", "while_trying_again_too"])
async def test_opened_anew_it_saves_everything_that_failed_once_and_in_order(
    tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, number: int, again: bool
) -> None:
    for k in range(1, 100):
        folder = tmp_path / str(k)
        with open_store(folder, "real", clock) as store, monkeypatch.context() as patch:
            FailingAt(patch, k, number, False)
            waiting: list[tuple[int, str]] = [(value, "") for value in (0, 1, 1, 2)]
            tries = 0
            while waiting:
                tries += 1
                if tries == 2 and again:
                    FailingAt(patch, k, number, False)
                asked = (
                    store.open_anew(),
                    *(store.add(pain(value), tried=tried) for value, tried in waiting),
                )
                _, *answers = await asyncio.gather(*asked, return_exceptions=True)
                waiting = [
                    (value, error.tried or tried)
                    for (value, tried), error in zip(waiting, answers, strict=True)
                    if isinstance(error, StoreReadOnly)
                ]
                assert tries < 4
            patch.undo()
            assert store.failure is None
            assert pains(store.all("entries")) == [0, 1, 1, 2]
        assert examine(folder).whole
        assert pains(open_reader(folder, clock).all("entries")) == [0, 1, 1, 2]
        if tries == 1:
            break
    assert k > 10


async def test_what_was_changed_before_it_is_tried_again_takes_the_place_of_what_had_come_to_the_disk(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.add(pain(2))
    tried = await tried_with_a_failed_flush(store, monkeypatch, store.add(pain(3)))
    await store.open_anew()
    saved = await store.add(pain(4), tried=tried)
    assert pains(store.all("entries")) == [2, 4]
    assert pains(store.facts("entries")) == [2, 3, 4]
    assert store.latest("entries") == saved


async def test_a_lock_that_had_come_to_the_disk_keeps_its_number_when_it_is_tried_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.lock("U", "rf_fever")
    tried = await tried_with_a_failed_flush(store, monkeypatch, store.lock("E", "rf_chest"))
    await store.open_anew()
    await store.lock("E", "rf_chest", tried=tried)
    await store.lock("skin", "skin")
    locks = [one.record for one in store.facts("locks") if isinstance(one.record, Lock)]
    assert [lock.class_ for lock in locks] == ["U", "E", "skin"]
    assert [lock.number for lock in locks][:2] == [1, 2]
    assert locks[2].number > 2


async def tried_with_a_failed_flush(
    store: Store, monkeypatch: pytest.MonkeyPatch, adding: Coroutine[None, None, Stored]
) -> str:
    """Under which id the record stands that was written whole and not flushed."""

    def fails(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr(files.os, "fdatasync", fails)
        with pytest.raises(StoreReadOnly) as caught:
            await adding
    assert caught.value.tried
    return caught.value.tried


async def test_it_is_not_opened_anew_in_another_folder_nor_without_what_was_acknowledged(
    folder: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_store(folder, "real", clock) as store:
        await store.add(pain(1))
        await tried_with_a_failed_flush(store, monkeypatch, store.add(pain(2)))
        elsewhere = folder.with_name("elsewhere")
        os.rename(folder, elsewhere)
        shutil.copytree(elsewhere, folder)
        with pytest.raises(StoreReadOnly):
            await store.open_anew()
        shutil.rmtree(folder)
        os.rename(elsewhere, folder)
        lines = folder / "journal/2026-11/0001.jsonl"
        whole = lines.read_bytes()
        lines.write_bytes(whole[: whole.index(b"\n") + 1])
        with pytest.raises(StoreReadOnly, match="damaged"):
            await store.open_anew()
        with pytest.raises(StoreReadOnly):
            await store.add(pain(3))
        lines.write_bytes(whole)
        await store.open_anew()
        await store.add(pain(3))
        assert pains(store.all("entries")) == [1, 2, 3]


def test_a_file_is_flushed_before_it_takes_its_name_and_the_folder_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    fsync, rename = os.fsync, os.rename

    def noted_flush(descriptor: int) -> None:
        done.append("flush " + Path(os.readlink(f"/proc/self/fd/{descriptor}")).name)
        fsync(descriptor)

    def noted_rename(old: Path, new: Path) -> None:
        done.append(f"rename {old.name} {new.name}")
        rename(old, new)

    monkeypatch.setattr(files.os, "fsync", noted_flush)
    monkeypatch.setattr(files.os, "fdatasync", noted_flush)
    monkeypatch.setattr(files.os, "rename", noted_rename)
    durable.write_file(tmp_path / "a", b"x")
    assert done == ["flush a.new", "rename a.new a", f"flush {tmp_path.name}"]


async def test_a_short_write_is_completed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.pwrite
    monkeypatch.setattr(files.os, "pwrite", lambda descriptor, data, at: real(descriptor, data[:7], at))
    await store.add(pain(1))
    monkeypatch.undo()
    assert pains(store.all("entries")) == [1]


async def test_a_vanished_folder_is_a_failure_not_a_new_folder(folder: Path, clock: FixedClock) -> None:
    with open_store(folder, "real", clock) as store:
        os.rename(folder, folder.with_name("elsewhere"))
        with pytest.raises(StoreReadOnly):
            await store.add(pain(1))
    assert "data" not in os.listdir(folder.parent)


def waiting_card(monkeypatch: pytest.MonkeyPatch) -> tuple[threading.Event, threading.Event]:
    """From now on a write first tells that it has come to the card, and then waits until it may go on."""
    reached, go_on = threading.Event(), threading.Event()
    real = os.fdatasync

    def slow(descriptor: int) -> None:
        reached.set()
        assert go_on.wait(30)
        real(descriptor)

    monkeypatch.setattr(files.os, "fdatasync", slow)
    return reached, go_on


async def test_a_slow_card_never_holds_up_the_loop(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    reached, go_on = waiting_card(monkeypatch)
    saving = asyncio.create_task(store.add(pain(1)))
    await asyncio.to_thread(reached.wait, 30)
    assert not saving.done()
    assert store.all("entries") == ()
    go_on.set()
    await saving
    assert pains(store.all("entries")) == [1]


async def test_who_waits_may_be_cancelled_and_the_record_is_kept(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached, go_on = waiting_card(monkeypatch)
    first = asyncio.create_task(store.add(pain(1)))
    queued = asyncio.create_task(store.add(pain(2)))
    await asyncio.to_thread(reached.wait, 30)
    for task in (first, queued):
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    go_on.set()
    await store.add(pain(3))
    assert pains(store.all("entries")) == [1, 2, 3]


async def test_in_idle_moments_the_copy_is_made_whole_and_the_past_is_checked(
    folder: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_store(folder, "real", clock) as store:
        await store.add(pain(1))
        clock.advance(30 * 86400)
        await store.add(pain(2))
    for name in ("0001.jsonl", "0001.copy"):
        path = folder / "journal/2026-11" / name
        path.write_bytes(path.read_bytes().replace(b'"pain_rest":1', b'"pain_rest":6'))
    monkeypatch.setattr(WriterThread.__init__, "__defaults__", (0.05,))
    with open_store(folder, "real", clock) as store:
        await store.add(pain(3))
        while not store.damage.months:
            await asyncio.to_thread(os.sched_yield)
        assert store.damage == Damage(months=("2026-11",))
        copy = (folder / "journal/2026-12/0001.copy").read_bytes()
        assert copy == (folder / "journal/2026-12/0001.jsonl").read_bytes()[: len(copy)]
        assert copy.count(b'"t":"entries"') == 2
        await store.add(pain(4))
        with pytest.raises(DiaryDamaged):
            store.all("entries")


WRITER = """
import asyncio, sys
from pathlib import Path
from kiosk.clock import SystemClock
from kiosk.diary.records import Entry
from kiosk.diary.store import open_store

async def main() -> None:
    with open_store(Path(sys.argv[1]), "rehearsal", SystemClock()) as store:
        n = len(store.all("entries"))
        while True:
            await store.add(Entry(moment="daily", note=str(n)))
            print(n, flush=True)
            n += 1

asyncio.run(main())
"""


def test_kill_9_loses_nothing_that_was_acknowledged_and_frees_the_lock(
    folder: Path, clock: FixedClock
) -> None:
    acknowledged = -1
    for round_ in range(4):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE, text=True
        ) as writer:
            for _ in range(5 + 7 * round_):
                acknowledged = int(writer.stdout.readline())
            writer.kill()
            for line in writer.stdout:
                acknowledged = int(line)
        with open_store(folder, "rehearsal", clock) as store:
            notes = [int(one.record.note) for one in store.all("entries")]
        assert notes == list(range(len(notes)))
        assert len(notes) in (acknowledged + 1, acknowledged + 2)
    assert acknowledged > 40


async def test_the_device_in_use_stands_in_each_record(store: Store) -> None:
    store.set_device("SIM0002")
    assert (await store.add(Access(role="family", action="look"))).envelope.device_id == "SIM0002"


async def test_lock_and_unlock_are_records_like_others(store: Store) -> None:
    lock = await store.lock("skin", "grade_2")
    unlock = await store.unlock(lock.envelope.id, "code")
    assert isinstance(lock.record, Lock)
    assert isinstance(unlock.record, Unlock)
    assert store.latest("unlocks") == unlock
