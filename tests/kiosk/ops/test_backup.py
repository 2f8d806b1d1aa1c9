"""A backup holds everything, tells nothing, and comes back locked."""

from __future__ import annotations

import asyncio
import datetime as dt
import errno
import io
import json
import os
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

import pytest

from kiosk.cli import main
from kiosk.clock import FixedClock
from kiosk.diary import check, inbox
from kiosk.diary.folder import NotADataFolder, read_meta
from kiosk.diary.outbox import Outbox
from kiosk.diary.records import CLINIC, FAMILY, TABLES, Consent, Entry, Lock
from kiosk.diary.settings_file import SettingsError, load_settings
from kiosk.diary.store import DiaryDamaged, Store, open_reader, open_store
from kiosk.errors import KioskError
from kiosk.export.csv_table import write_table
from kiosk.export.facts import read_facts
from kiosk.export.fhir import write_bundle
from kiosk.ops import backup, commands
from kiosk.ops.backup import BackupError, back_up, restore
from kiosk.review.reading import family_view
from kiosk.review.word_search import find
from kiosk.sync.prepare import prepare
from kiosk.today import read

NOON = dt.datetime(2026, 11, 20, 12, 0, tzinfo=dt.timezone(dt.timedelta(hours=1)))
SECRET = b"correct horse"
NOTE = "a note that nobody else may read"


@pytest.fixture(autouse=True)
def quick_scrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup, "SCRYPT_N", 2**8)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
def store(tmp_path: Path, clock: FixedClock):
    with open_store(tmp_path / "data", "real", clock) as opened:
        yield opened


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    (tmp_path / "stick").mkdir()
    return tmp_path / "stick"


async def fill(store: Store, clock: FixedClock, months: int = 3) -> None:
    for _ in range(months):
        await store.add(Entry(moment="daily", pain_rest=3, note=NOTE))
        await store.lock("E", "d_numb")
        clock.advance(31 * 86400)
    await store.add(Entry(moment="daily", pain_rest=5))
    (store.folder / "settings.toml").write_text('language = "de"\n')
    (store.folder / "enrolment.json").write_text("the box's own secret")
    inbox.put(store.folder, "prescription", b"serial = 4")


def test_what_comes_back_is_what_was_saved_and_therapy_is_locked(
    store: Store, clock: FixedClock, stick: Path, tmp_path: Path
) -> None:
    asyncio.run(fill(store, clock))
    done = back_up(store.folder, stick, SECRET, clock)
    assert done.index.whole
    assert (done.index.head, done.index.count) == store.head()
    before = {kind: store.facts(kind) for kind in TABLES}
    store.close()
    shutil.rmtree(store.folder)

    restore(stick, tmp_path / "new", SECRET, clock)
    reader = open_reader(tmp_path / "new", clock)
    assert reader.box_id == store.box_id
    assert all(reader.facts(kind) == before[kind] for kind in TABLES if kind != "locks")
    *kept, newest = reader.facts("locks")
    assert tuple(kept) == before["locks"]
    assert isinstance(newest.record, Lock)
    assert (newest.record.class_, newest.record.number) == ("restore", 4)
    assert newest in reader.locks_open()
    assert (tmp_path / "new/settings.toml").read_text() == 'language = "de"\n'
    assert [item.content for item in inbox.waiting(tmp_path / "new")] == [b"serial = 4"]
    assert not (tmp_path / "new/enrolment.json").exists()
    for path in (tmp_path / "new").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


@pytest.mark.parametrize("later_days", [0, 40, -400], ids=["at once", "later", "with a clock far behind"])
def test_what_leaves_the_box_needs_a_yes_of_after_the_restore(
    store: Store, clock: FixedClock, stick: Path, tmp_path: Path, later_days: int
) -> None:
    """The yes may have been taken back after the copy was made."""
    asyncio.run(fill(store, clock))
    for topic, to in ((FAMILY, ""), (CLINIC, "the clinic")):
        asyncio.run(store.add(Consent(topic=topic, given=True, who="patient", to=to)))
    asyncio.run(store.add(Consent(topic="another", given=False, who="patient")))
    assert family_view(store, clock.now()).allowed
    outbox = Outbox(tmp_path / "outbox")
    assert prepare(store, outbox).bundles
    said = store.facts("consents")
    back_up(store.folder, stick, SECRET, clock)
    store.close()
    clock.time += dt.timedelta(days=later_days)
    clock.boot, clock.uptime_s = "00000000-0000-4000-8000-000000000002", 50.0
    restore(stick, tmp_path / "new", SECRET, clock)

    with open_store(tmp_path / "new", "real", clock) as new:
        assert new.facts("consents")[: len(said)] == said
        ended = [one.record for one in new.facts("consents")[len(said) :]]
        assert ended == [
            Consent(topic=FAMILY, given=False, who="restore"),
            Consent(topic=CLINIC, given=False, who="restore", to="the clinic"),
        ]
        assert not family_view(new, clock.now()).allowed
        today = read(new, clock)
        assert (today.family_may_look, today.clinic_may_receive) == (False, False)
        assert prepare(new, outbox).bundles == 0
        assert outbox.consented() is None
        assert outbox.waiting_names() == [], "what was made to be sent before goes nowhere either"
        clock.advance(60)
        for yes in (one.record for one in said if isinstance(one.record, Consent) and one.record.given):
            asyncio.run(new.add(yes))
        clock.advance(60)
        asyncio.run(new.add(Entry(moment="daily", pain_rest=2)))
        assert family_view(new, clock.now()).allowed, "she may say it anew"
        assert prepare(new, outbox).bundles


def test_only_what_is_new_is_written(store: Store, clock: FixedClock, stick: Path) -> None:
    asyncio.run(fill(store, clock))
    first = back_up(store.folder, stick, SECRET, clock)
    assert first.written == len(first.index.files) >= 6
    assert back_up(store.folder, stick, SECRET, clock).written == 0
    asyncio.run(store.add(Entry(moment="daily", pain_rest=4)))
    assert back_up(store.folder, stick, SECRET, clock).written == 1


def test_nothing_in_it_can_be_read_without_the_passphrase(
    store: Store, clock: FixedClock, stick: Path, tmp_path: Path
) -> None:
    asyncio.run(fill(store, clock))
    back_up(store.folder, stick, SECRET, clock)
    for path in stick.rglob("*"):
        assert "2026-1" not in path.name or path.name.startswith("index-")
        if path.is_file():
            content = path.read_bytes()
            assert NOTE.encode() not in content
            assert b"entries" not in content
    with pytest.raises(BackupError, match="passphrase"):
        restore(stick, tmp_path / "new", b"another one", clock)
    with pytest.raises(BackupError, match="passphrase"):
        back_up(store.folder, stick, b"another one", clock)
    with pytest.raises(BackupError, match="too short"):
        back_up(store.folder, stick, b"short", clock)
    assert not (tmp_path / "new").exists()


def test_nothing_that_was_tampered_with_comes_back(
    store: Store, clock: FixedClock, stick: Path, tmp_path: Path
) -> None:
    asyncio.run(fill(store, clock))
    done = back_up(store.folder, stick, SECRET, clock)
    store.close()
    names = {saved.name: saved.path for saved in done.index.files}
    for number, (name, path) in enumerate(names.items()):
        tampered = done.place / "objects" / name
        whole = tampered.read_bytes()
        tampered.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        new = tmp_path / f"new{number}"
        assert restore(stick, new, SECRET, clock).lost == (path,)
        tampered.write_bytes(whole)
        for other in (one for one in names.values() if one not in (path, "meta.json", "settings.toml")):
            saved = (store.folder / other).read_bytes().rstrip(b"\0")
            assert (new / other).read_bytes().startswith(saved)
    first, second, *_others = [done.place / "objects" / name for name in names]
    exchanged = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(exchanged)
    assert restore(stick, tmp_path / "exchanged", SECRET, clock).lost == tuple(names.values())[:2]


def test_where_nothing_of_the_diary_is_left_nothing_is_restored(
    store: Store, clock: FixedClock, stick: Path, tmp_path: Path
) -> None:
    asyncio.run(fill(store, clock))
    done = back_up(store.folder, stick, SECRET, clock)
    for saved in done.index.files:
        if saved.path.startswith("journal/"):
            (done.place / "objects" / saved.name).unlink()
    with pytest.raises(BackupError, match=r"damaged\. Nothing was restored\."):
        restore(stick, tmp_path / "new", SECRET, clock)
    for path in done.place.glob("index-*"):
        path.write_bytes(b"rubbish")
    with pytest.raises(BackupError, match=r"damaged\. Nothing was restored\."):
        restore(stick, tmp_path / "new", SECRET, clock)
    assert sorted(os.listdir(tmp_path)) == ["data", "stick"]


def lose(done: backup.Done, *paths: str) -> None:
    """The objects of these files, which all backups share."""
    for saved in done.index.files:
        if saved.path in paths:
            (done.place / "objects" / saved.name).unlink()


@pytest.mark.parametrize("month", ["2026-11", "2026-12"])
def test_a_month_that_every_backup_lost_is_named_and_the_others_come_back_without_therapy(
    store: Store, clock: FixedClock, stick: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    month: str,
) -> None:  # fmt: skip
    asyncio.run(fill(store, clock))
    for _ in range(2):
        done = back_up(store.folder, stick, SECRET, clock)
        asyncio.run(store.add(Entry(moment="daily", pain_rest=9)))
        clock.advance(60)
    done = back_up(store.folder, stick, SECRET, clock)
    written = store.facts("entries")
    store.close()
    lose(done, f"journal/{month}/0001.jsonl")
    with pytest.raises(KioskError) as raised:
        commands.restore(stick, tmp_path / "new", SECRET, clock)
    assert raised.value.exit_code == 1
    assert raised.value.sentence == (
        f"Not all was restored into {tmp_path / 'new'}. Missing: the diary of {month}. "
        "Therapy cannot begin with it; the rest can be read and taken along."
    )
    assert "left of that backup" in capsys.readouterr().out
    looking = open_reader(tmp_path / "new", clock, in_parts=True)
    *known, restored = [one.record for one in looking.facts("locks") if isinstance(one.record, Lock)]
    assert restored.class_ == "restore"
    assert restored.number > max(lock.number for lock in known)
    looking = open_reader(tmp_path / "new", clock, in_parts=True)
    assert looking.facts("entries") == tuple(
        one for one in written if f"{one.envelope.entry_time:%Y-%m}" != month
    )
    assert looking.unreadable == (month,)
    with pytest.raises(DiaryDamaged, match=f"{month} is missing"):
        open_reader(tmp_path / "new", clock).all("locks")


def test_months_in_a_row_that_are_lost_are_named_and_the_others_come_back(
    store: Store, clock: FixedClock, stick: Path, tmp_path: Path
) -> None:
    asyncio.run(fill(store, clock))
    lines = [f"journal/{month}/0001.jsonl" for month in ("2026-11", "2026-12")]
    lose(back_up(store.folder, stick, SECRET, clock), *lines)
    restored = restore(stick, tmp_path / "new", SECRET, clock)
    assert (restored.lost, restored.whole) == (tuple(lines), False)
    looking = open_reader(tmp_path / "new", clock, in_parts=True)
    assert [one.envelope.entry_time.month for one in looking.facts("entries")] == [1, 2]
    assert looking.unreadable == ("2026-11", "2026-12")


def test_of_a_month_without_its_newest_lines_nothing_comes_back(
    store: Store, clock: FixedClock, stick: Path, tmp_path: Path
) -> None:
    """The lines before them would pass for all that was written."""
    asyncio.run(fill(store, clock))
    month = store.folder / "journal/2026-12"
    shutil.copy(month / "0001.jsonl", month / "0002.jsonl")
    (month / "quarantine").mkdir()
    (month / "quarantine/0-ab").write_text("a piece")
    lose(back_up(store.folder, stick, SECRET, clock), "journal/2026-12/0002.jsonl")
    restored = restore(stick, tmp_path / "new", SECRET, clock)
    assert {path.split("/")[1] for path in restored.lost} == {"2026-12"}
    assert len(restored.lost) == 3
    assert not (tmp_path / "new/journal/2026-12").exists()


def test_the_newest_month_that_is_lost_gives_way_to_a_backup_from_before_it(
    store: Store, clock: FixedClock, stick: Path, tmp_path: Path
) -> None:
    asyncio.run(fill(store, clock, months=2))
    first = back_up(store.folder, stick, SECRET, clock)
    clock.advance(31 * 86400)
    asyncio.run(store.add(Entry(moment="daily", pain_rest=9)))
    lose(back_up(store.folder, stick, SECRET, clock), "journal/2027-02/0001.jsonl")
    restored = restore(stick, tmp_path / "new", SECRET, clock)
    assert (restored.index, restored.lost, restored.whole) == (first.index, (), True)


def test_where_no_backup_from_before_is_left_the_lost_newest_month_is_said_and_therapy_is_locked(
    store: Store, clock: FixedClock, stick: Path, tmp_path: Path
) -> None:
    asyncio.run(fill(store, clock))
    lose(back_up(store.folder, stick, SECRET, clock), "journal/2027-02/0001.jsonl")
    with pytest.raises(KioskError, match=r"Missing: the diary of 2027-02\. Therapy is locked"):
        commands.restore(stick, tmp_path / "new", SECRET, clock)
    locks = open_reader(tmp_path / "new", clock).locks_open()
    assert [lock.record.class_ for lock in locks if isinstance(lock.record, Lock)][-1] == "restore"


def test_last_months_that_are_lost_are_said_by_all_who_read_the_diary_also_when_it_was_opened_again(
    store: Store, clock: FixedClock, stick: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asyncio.run(fill(store, clock))
    paths = [f"journal/{month}/0001.jsonl" for month in ("2026-11", "2027-01", "2027-02")]
    done = back_up(store.folder, stick, SECRET, clock)
    lose(done, *paths)
    clock.advance(40 * 86400)
    assert restore(stick, tmp_path / "new", SECRET, clock).lost == tuple(paths)
    reader = open_reader(tmp_path / "new", clock, in_parts=True)
    lock = reader.facts("locks")[-1]
    assert isinstance(lock.record, Lock)
    assert lock.record.lost == ("2027-01", "2027-02"), "of the first one the chain tells"
    assert lock.record.copy_of == dt.datetime.fromisoformat(done.index.taken)
    now = clock.now()
    assert family_view(reader, now).missing == ("2026-11", "2027-01", "2027-02")
    assert find(reader, "sleep 3").unreadable == ("2026-11", "2027-01", "2027-02")
    assert read_facts(reader, None, None).unreadable == ("2026-11", "2027-01", "2027-02")
    table, bundle = io.StringIO(), io.StringIO()
    write_table(reader, now.date(), now.date(), "en", table)
    assert "2026-11 cannot be read" in table.getvalue()
    assert "2027-02 was lost before the diary was restored" in table.getvalue()
    write_bundle(reader, now.date(), now.date(), bundle)
    assert bundle.getvalue().count("cannot be read") == 3
    with pytest.raises(KioskError):
        commands.check(tmp_path / "new", as_json=False)
    said = "Restored from a copy of 2027-02-21 12:00: what was entered later is not in it."
    assert f"{said} Lost: the diary of 2027-01, 2027-02." in capsys.readouterr().out


def test_a_diary_that_came_back_whole_says_of_what_day_it_is_and_of_no_month(
    store: Store, clock: FixedClock, stick: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asyncio.run(fill(store, clock))
    back_up(store.folder, stick, SECRET, clock)
    for again in ("new", "newer"):
        restore(stick, tmp_path / again, SECRET, clock)
    reader = open_reader(tmp_path / "new", clock, in_parts=True)
    assert family_view(reader, clock.now()).missing == ()
    commands.check(tmp_path / "new", as_json=False)
    assert "Restored from a copy of 2027-02-21 12:00" in capsys.readouterr().out
    commands.check(tmp_path / "new", as_json=True)
    (told,) = json.loads(capsys.readouterr().out)["restores"]
    assert (told["copy_of"][:16], told["lost"]) == ("2027-02-21T12:00", [])


def test_lost_settings_are_not_those_of_a_box_without_pins(
    store: Store, clock: FixedClock, stick: Path, tmp_path: Path
) -> None:
    asyncio.run(fill(store, clock))
    lose(back_up(store.folder, stick, SECRET, clock), "settings.toml")
    with pytest.raises(KioskError, match="Missing: the settings and PINs"):
        commands.restore(stick, tmp_path / "new", SECRET, clock)
    with pytest.raises(SettingsError, match="homestim setup"):
        load_settings(tmp_path / "new")
    assert open_reader(tmp_path / "new", clock).facts("entries") == store.facts("entries")


def test_what_the_folder_is_for_is_known_to_each_backup(
    store: Store, clock: FixedClock, stick: Path, tmp_path: Path
) -> None:
    asyncio.run(fill(store, clock))
    lose(back_up(store.folder, stick, SECRET, clock), "meta.json")
    restored = restore(stick, tmp_path / "new", SECRET, clock)
    assert (restored.lost, restored.whole) == (("meta.json",), True)
    made, before = read_meta(tmp_path / "new"), read_meta(store.folder)
    assert (made.kind, made.version, made.box_id) == (before.kind, before.version, before.box_id)
    assert open_reader(tmp_path / "new", clock).facts("entries") == store.facts("entries")


def test_an_object_that_was_damaged_is_written_again_by_the_next_backup(
    store: Store, clock: FixedClock, stick: Path, tmp_path: Path
) -> None:
    asyncio.run(fill(store, clock))
    done = back_up(store.folder, stick, SECRET, clock)
    next((done.place / "objects").iterdir()).write_bytes(b"rubbish")
    assert back_up(store.folder, stick, SECRET, clock).written == 1
    restore(stick, tmp_path / "new", SECRET, clock)


def test_what_cannot_be_read_back_is_said(
    store: Store, clock: FixedClock, stick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(fill(store, clock))
    monkeypatch.setattr(Path, "read_bytes", worn(Path.read_bytes, stick))
    with pytest.raises(BackupError, match="could not be read back"):
        back_up(store.folder, stick, SECRET, clock)


def worn(real, below: Path):
    """A disk that gives back another byte than it got."""

    def read_bytes(path: Path) -> bytes:
        content = real(path)
        return content[:-1] + b"?" if below in path.parents and path.name != "key.json" else content

    return read_bytes


def test_a_power_cut_in_a_backup_leaves_the_one_before(
    store: Store, clock: FixedClock, stick: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(fill(store, clock))
    first = back_up(store.folder, stick, SECRET, clock).index
    asyncio.run(store.add(Entry(moment="daily", pain_rest=9)))

    def cut(*_: object) -> None:
        raise OSError(5, "gone")

    with monkeypatch.context() as patch:
        patch.setattr("kiosk.diary.files.os.rename", cut)
        with pytest.raises(BackupError):
            back_up(store.folder, stick, SECRET, clock)
    assert restore(stick, tmp_path / "new", SECRET, clock).index == first


def test_the_last_backups_are_kept_and_what_only_older_ones_held_is_removed(
    store: Store, clock: FixedClock, stick: Path, tmp_path: Path
) -> None:
    for number in range(backup.KEEP + 3):
        asyncio.run(store.add(Entry(moment="daily", note=str(number))))
        clock.time = NOON - dt.timedelta(hours=number % 2)
        done = back_up(store.folder, stick, SECRET, clock)
    assert len([name for name in os.listdir(done.place) if name.startswith("index-")]) == backup.KEEP
    assert len(os.listdir(done.place / "objects")) == backup.KEEP + 1
    index = restore(stick, tmp_path / "new", SECRET, clock).index
    assert (index.head, index.count) == store.head()


def test_a_damaged_diary_is_saved_as_it_is_and_said(
    store: Store, clock: FixedClock, stick: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    asyncio.run(fill(store, clock))
    store.close()
    damage(store.folder)
    assert not back_up(store.folder, stick, SECRET, clock).index.whole
    commands.restore(stick, tmp_path / "new", SECRET, clock)
    assert "It was damaged when it was saved" in capsys.readouterr().out
    again = check.examine(tmp_path / "new")
    assert [file.month for file in again.damaged] == ["2026-12"]


def test_the_last_backup_of_a_whole_diary_is_kept_and_comes_back_before_newer_ones_of_a_damaged_one(
    store: Store, clock: FixedClock, stick: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asyncio.run(fill(store, clock))
    for day in range(3):
        assert back_up(store.folder, stick, SECRET, clock).index.whole
        asyncio.run(store.add(Entry(moment="daily", pain_rest=day)))
        clock.advance(86400)
    store.close()
    damage(store.folder)
    for _ in range(backup.KEEP + 1):
        assert not back_up(store.folder, stick, SECRET, clock).index.whole
        clock.advance(86400)
    with pytest.raises(KioskError, match=r"what was entered after 2027-02-23 12:00\. Therapy is locked"):
        commands.restore(stick, tmp_path / "new", SECRET, clock)
    said = capsys.readouterr().out
    assert f"passed over: newer backups, {backup.KEEP}." in said
    assert said.count(": its diary is damaged.") == backup.KEEP
    assert "It was damaged" not in said
    assert check.examine(tmp_path / "new").whole
    pains = [one.record.pain_rest for one in open_reader(tmp_path / "new", clock).facts("entries")]
    assert pains[-2:] == [0, 1]


def damage(folder: Path) -> None:
    """Beyond mending."""
    for name in ("0001.jsonl", "0001.copy"):
        path = folder / "journal/2026-12" / name
        path.write_bytes(path.read_bytes().replace(b'"pain_rest":3', b'"pain_rest":4'))


def test_a_backup_with_a_missing_part_gives_way_to_the_one_before_and_that_is_said(
    store: Store, clock: FixedClock, stick: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asyncio.run(fill(store, clock))
    first = back_up(store.folder, stick, SECRET, clock)
    old = set((first.place / "objects").iterdir())
    asyncio.run(store.add(Entry(moment="daily", pain_rest=9)))
    clock.advance(60)
    back_up(store.folder, stick, SECRET, clock)
    (newer,) = set((first.place / "objects").iterdir()) - old
    newer.unlink()
    with pytest.raises(KioskError) as raised:
        commands.restore(stick, tmp_path / "new", SECRET, clock)
    assert raised.value.exit_code == 1
    assert "Missing: what was entered after 2027-02-21 12:00." in raised.value.sentence
    said = capsys.readouterr().out
    assert "Damaged, and passed over: newer backups, 1." in said
    assert "2027-02-21 12:01: missing: the diary of 2027-02." in said
    assert f"as it was on {first.index.taken[:16].replace('T', ' ')}" in said
    reader = open_reader(tmp_path / "new", clock)
    assert [lock.record.class_ for lock in reader.locks_open() if isinstance(lock.record, Lock)][
        -1
    ] == "restore"
    assert reader.latest("entries").record.pain_rest == 5


def test_what_is_lost_beside_the_diary_is_no_reason_for_an_older_diary(
    store: Store, clock: FixedClock, stick: Path, tmp_path: Path
) -> None:
    asyncio.run(fill(store, clock))
    back_up(store.folder, stick, SECRET, clock)
    asyncio.run(store.lock("E", "d_fall"))
    waiting = inbox.put(store.folder, "prescription", b"serial = 5")
    (store.folder / "settings.toml").write_text('language = "en"\n')
    clock.advance(60)
    done = back_up(store.folder, stick, SECRET, clock)
    lose(done, f"inbox/{waiting.name}", "settings.toml")
    restored = restore(stick, tmp_path / "new", SECRET, clock)
    assert (restored.index, restored.passed_over) == (done.index, ())
    assert set(restored.lost) == {f"inbox/{waiting.name}", "settings.toml"}
    locks = [one.record for one in open_reader(tmp_path / "new", clock).locks_open()]
    assert "d_fall" in [lock.cause for lock in locks if isinstance(lock, Lock)]


def test_a_month_whose_first_line_is_damaged_is_no_end_of_a_restore(
    store: Store, clock: FixedClock, stick: Path, tmp_path: Path
) -> None:
    asyncio.run(fill(store, clock))
    store.close()
    for path in (store.folder / "journal/2027-01").iterdir():
        content = path.read_bytes()
        path.write_bytes(content[:5] + b"#" * 60 + content[65:])
    lose(back_up(store.folder, stick, SECRET, clock), "journal/2026-12/0001.jsonl")
    restored = restore(stick, tmp_path / "new", SECRET, clock)
    assert (restored.lost, restored.whole, restored.locked) == (("journal/2026-12/0001.jsonl",), False, True)
    looking = open_reader(tmp_path / "new", clock, in_parts=True)
    assert [one.envelope.entry_time.month for one in looking.facts("entries")] == [11, 2]
    assert looking.unreadable == ("2026-12", "2027-01")


def test_a_diary_that_no_lock_can_be_written_in_opens_for_no_kiosk_and_that_is_said(
    store: Store, clock: FixedClock, stick: Path, tmp_path: Path
) -> None:
    asyncio.run(fill(store, clock, months=1))
    for pain in (3, 4):
        asyncio.run(store.add(Entry(moment="daily", pain_rest=pain)))
    store.close()
    damage(store.folder)
    back_up(store.folder, stick, SECRET, clock)
    with pytest.raises(KioskError, match=r"no lock either\. Therapy cannot begin") as raised:
        commands.restore(stick, tmp_path / "new", SECRET, clock)
    assert raised.value.exit_code == 1
    with pytest.raises(DiaryDamaged):
        open_store(tmp_path / "new", "real", clock)
    assert open_reader(tmp_path / "new", clock, in_parts=True).facts("entries")


def test_a_file_with_a_bad_sector_is_as_one_that_is_missing(
    store: Store, clock: FixedClock, stick: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(fill(store, clock))
    first = back_up(store.folder, stick, SECRET, clock)
    asyncio.run(store.add(Entry(moment="daily", pain_rest=9)))
    clock.advance(60)
    second = back_up(store.folder, stick, SECRET, clock)
    (newest,) = {saved.name for saved in second.index.files} - {saved.name for saved in first.index.files}
    bad: set[int] = set()

    def break_(path: Path) -> None:
        bad.add(path.stat().st_ino)
        os.link(path, tmp_path / path.name)  # or another file would get its number

    break_(first.place / "objects" / newest)
    real = Path.read_bytes

    def read(self: Path) -> bytes:
        if stick in self.parents and self.stat().st_ino in bad:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(self)

    monkeypatch.setattr(Path, "read_bytes", read)
    restored = restore(stick, tmp_path / "new", SECRET, clock)
    assert (restored.index, restored.lost) == (first.index, ())
    assert back_up(store.folder, stick, SECRET, clock).written == 1
    assert restore(stick, tmp_path / "again", SECRET, clock).passed_over == ()
    for path in first.place.glob("index-*"):
        break_(path)
    with pytest.raises(BackupError) as raised:
        restore(stick, tmp_path / "third", SECRET, clock)
    assert raised.value.sentence == f"{first.place} cannot be read: the disk does not answer as it should."
    back_up(store.folder, stick, SECRET, clock)
    assert restore(stick, tmp_path / "third", SECRET, clock).lost == ()


def test_where_the_diarys_own_disk_fails_the_stick_is_not_blamed(
    store: Store, clock: FixedClock, stick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(fill(store, clock))
    real = Path.read_bytes

    def read(self: Path) -> bytes:
        if self.suffix == ".jsonl" and store.folder in self.parents:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(self)

    monkeypatch.setattr(Path, "read_bytes", read)
    with pytest.raises(KioskError, match=f"The data folder {store.folder} cannot be used"):
        back_up(store.folder, stick, SECRET, clock)


def test_a_full_stick_is_said_keeps_the_backup_before_and_no_half_file(
    store: Store, clock: FixedClock, tmp_path: Path
) -> None:
    stick = tmp_path / "full"
    stick.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k,mode=0700", "tmpfs", str(stick)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no right to mount a small stick here")
    try:
        asyncio.run(fill(store, clock))
        first = back_up(store.folder, stick, SECRET, clock)
        for note in range(60):
            asyncio.run(store.add(Entry(moment="daily", note=f"{note}" + "x" * 5000)))
        with pytest.raises(BackupError, match="the disk is full"):
            back_up(store.folder, stick, SECRET, clock)
        assert not list(stick.rglob("*.new"))
        assert restore(stick, tmp_path / "new", SECRET, clock).index == first.index
    finally:
        subprocess.run(["umount", str(stick)], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize("closed", ["the folder", "the box's part"])
def test_a_backup_of_somebody_else_is_said(store: Store, clock: FixedClock, closed: str) -> None:
    # Not below pytest's own folders, into which nobody else may look.
    with tempfile.TemporaryDirectory() as name:
        stick = Path(name)
        place = back_up(store.folder, stick, SECRET, clock).place
        stick.chmod(0o700 if closed == "the folder" else 0o755)
        place.chmod(0o755 if closed == "the folder" else 0o700)
        os.seteuid(65534)
        try:
            with pytest.raises(BackupError, match="you have no right to"):
                restore(stick, Path("/nowhere/new"), SECRET, clock)
        finally:
            os.seteuid(0)


@pytest.mark.parametrize("where", ["nothing", "a file", "another folder"])
def test_what_is_no_backup_is_said(stick: Path, clock: FixedClock, tmp_path: Path, where: str) -> None:
    place = stick / where
    if where == "a file":
        place.touch()
    elif where == "another folder":
        place.mkdir()
        (place / "holiday.jpg").touch()
    with pytest.raises(BackupError, match="no backup"):
        restore(place, tmp_path / "new", SECRET, clock)


def test_a_backup_needs_a_data_folder_and_a_disk(store: Store, clock: FixedClock, stick: Path) -> None:
    with pytest.raises(NotADataFolder):
        back_up(stick, stick, SECRET, clock)
    with pytest.raises(BackupError, match="plugged in"):
        back_up(store.folder, stick / "nowhere", SECRET, clock)
    with pytest.raises(BackupError, match="there already"):
        restore(stick, store.folder, SECRET, clock)


def test_the_three_commands(
    store: Store, clock: FixedClock, stick: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    asyncio.run(fill(store, clock))
    secret = tmp_path / "secret"
    secret.write_bytes(SECRET + b"\n")
    data = ["--data", str(store.folder)]

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(arguments)
        return code, *capfd.readouterr()

    code, out, _ = run("check", *data)
    assert (code, out.splitlines()[0]) == (0, f"The diary is whole: {store.head()[1]} lines in 4 months.")
    assert store.head()[0] in out
    code, out, _ = run("backup", "--to", str(stick), *data, "--passphrase-file", str(secret))
    assert code == 0
    assert "read back" in out
    store.close()
    (store.folder / "meta.json").write_bytes(b"rubbish: the kiosk does not start")
    monkeypatch.setenv("HOMESTIM_PASSPHRASE_FILE", str(secret))
    code, out, _ = run("restore", str(stick), "--into", str(tmp_path / "new"))
    assert code == 0
    assert "Therapy is locked" in out
    code, out, _ = run("check", "--data", str(tmp_path / "new"), "--json")
    assert code == 0
    assert '"whole":true' in out
    monkeypatch.delenv("HOMESTIM_PASSPHRASE_FILE")
    code, _, err = run("backup", "--to", str(stick), "--data", str(tmp_path / "new"))
    assert code == 2
    assert "nobody to type the passphrase" in err
    path = tmp_path / "new/journal/2027-01/0001.jsonl"
    for damaged in (path, path.with_suffix(".copy")):
        damaged.write_bytes(damaged.read_bytes().replace(b"d_numb", b"d_fall"))
    code, out, err = run("check", "--data", str(tmp_path / "new"))
    assert code == 1
    assert "2027-01" in err
    assert "The other months can be read" in err
