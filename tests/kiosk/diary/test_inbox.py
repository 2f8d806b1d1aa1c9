"""What other commands hand in is taken once, whole, and only after it is written down."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import pytest

from kiosk.clock import FixedClock
from kiosk.diary import inbox
from kiosk.diary.records import Note, PrescriptionInstalled
from kiosk.diary.store import Store, StoreReadOnly, open_store

NOON = dt.datetime(2026, 11, 30, 12, 0, tzinfo=dt.timezone(dt.timedelta(hours=1)))
PRESCRIPTION = PrescriptionInstalled(serial=3, toml="serial = 3", sha256="0")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
def store(tmp_path: Path, clock: FixedClock):
    with open_store(tmp_path / "data", "real", clock) as opened:
        yield opened


def test_what_is_put_waits_until_it_is_done(store: Store) -> None:
    put = inbox.put(store.folder, "prescription", b"serial = 3")
    assert inbox.waiting(store.folder) == (put,)
    assert (put.kind, put.content) == ("prescription", b"serial = 3")
    inbox.done(store.folder, put)
    inbox.done(store.folder, put)
    assert inbox.waiting(store.folder) == ()
    assert (store.folder / "inbox/taken" / put.name).read_bytes() == b"serial = 3"


def test_the_oldest_comes_first_and_the_same_twice_is_one(store: Store) -> None:
    items = [inbox.put(store.folder, "unlock", bytes([n])) for n in range(5)]
    for n, item in enumerate(items):
        os.utime(store.folder / "inbox" / item.name, ns=(n, n))
    again = inbox.put(store.folder, "unlock", bytes([3]))
    assert again == items[3]
    os.utime(store.folder / "inbox" / again.name, ns=(3, 3))
    assert inbox.waiting(store.folder) == tuple(items)


def test_what_is_refused_is_kept_for_a_person_to_look_at(store: Store) -> None:
    item = inbox.put(store.folder, "unlock", b"forged")
    inbox.refuse(store.folder, item)
    assert inbox.waiting(store.folder) == ()
    assert (store.folder / "inbox/refused" / item.name).read_bytes() == b"forged"


def test_only_whole_files_under_their_own_name_are_taken(store: Store, tmp_path: Path) -> None:
    good = inbox.put(store.folder, "unlock", b"good")
    box = store.folder / "inbox"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"good")
    (box / f"other-{good.digest}").symlink_to(elsewhere)
    os.mkfifo(box / f"pipe-{good.digest}")
    (box / f"cut-{good.digest}").write_bytes(b"goo")
    (box / f"large-{good.digest}").write_bytes(b"g" * (inbox.MAX_BYTES + 1))
    (box / f"folder-{good.digest}").mkdir()
    (box / "note.txt").write_bytes(b"good")
    (box / f".unlock-{good.digest}.17").write_bytes(b"good")
    assert inbox.waiting(store.folder) == (good,)


def test_a_file_too_large_or_a_folder_that_is_not_there_is_refused_in_words(store: Store) -> None:
    with pytest.raises(inbox.InboxError, match="too large"):
        inbox.put(store.folder, "unlock", b"x" * (inbox.MAX_BYTES + 1))
    with pytest.raises(inbox.InboxError, match="cannot be handed in"):
        inbox.put(store.folder / "nowhere", "unlock", b"x")
    with pytest.raises(ValueError, match="no kind"):
        inbox.put(store.folder, "../unlock", b"x")


async def test_taking_writes_the_record_and_then_moves_the_file(store: Store) -> None:
    item = inbox.put(store.folder, "prescription", b"serial = 3")
    prescription, note = await store.take(item, PRESCRIPTION, Note(text="by telephone", author="clinician"))
    assert (store.latest("prescriptions"), store.latest("notes")) == (prescription, note)
    assert prescription.envelope.id != note.envelope.id
    assert inbox.waiting(store.folder) == ()


async def test_a_power_cut_between_record_and_file_does_not_write_it_twice(
    store: Store, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = inbox.put(store.folder, "prescription", b"serial = 3")
    with monkeypatch.context() as cut:
        cut.setattr(inbox, "done", lambda *_: None)
        (first,) = await store.take(item, PRESCRIPTION)
    assert inbox.waiting(store.folder) == (item,)
    clock.advance(3 * 86400)
    store.close()
    with open_store(store.folder, "real", clock) as again:
        (second,) = await again.take(item, PRESCRIPTION)
        assert second == first
        assert again.facts("prescriptions") == (first,)
        assert inbox.waiting(again.folder) == ()


async def test_an_item_that_cannot_be_written_down_stays_in_the_inbox(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = inbox.put(store.folder, "prescription", b"serial = 3")

    def refuse(*_: object) -> int:
        raise OSError(5, "I/O error")

    monkeypatch.setattr("kiosk.diary.files.os.pwrite", refuse)
    with pytest.raises(StoreReadOnly):
        await store.take(item, PRESCRIPTION)
    assert inbox.waiting(store.folder) == (item,)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands in for somebody else")
def test_what_root_hands_in_belongs_to_the_folders_owner(store: Store) -> None:
    os.chown(store.folder, 4711, 4711)
    item = inbox.put(store.folder, "prescription", b"serial = 3")
    for path in (store.folder / "inbox", store.folder / "inbox" / item.name):
        assert (path.stat().st_uid, path.stat().st_gid) == (4711, 4711)
