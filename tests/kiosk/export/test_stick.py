"""Files on a stick: whole, read back, and nothing of a stranger's stick is read, followed or overwritten."""

from __future__ import annotations

import errno
import hashlib
import io
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO

import pytest

from kiosk.export import stick
from kiosk.export.stick import Stick, StickError, is_plugged_in, put, sticks
from tests.kiosk.export.diaries import NOW

FILES = {"report.pdf": b"%PDF" + bytes(range(256)) * 5000, "diary.csv": b"kind\r\n"}


def files(contents: Mapping[str, bytes] = FILES) -> dict[str, BinaryIO]:
    """As they are made: open, and read to their end."""
    opened: dict[str, BinaryIO] = {}
    for name, content in contents.items():
        opened[name] = io.BytesIO(content)
        opened[name].seek(0, os.SEEK_END)
    return opened


SAFE = "rw,nosuid,nodev,noexec,relatime"


def test_what_is_said_to_be_on_the_stick_is_there(tmp_path: Path) -> None:
    done = put(tmp_path, files(), NOW)
    assert done.folder == tmp_path / "homestim-20261102-1830"
    assert {path.name: path.read_bytes() for path in done.folder.iterdir()} == FILES
    assert done.sha256 == {name: hashlib.sha256(content).hexdigest() for name, content in FILES.items()}


def test_a_second_time_has_a_folder_of_its_own(tmp_path: Path) -> None:
    first, second = put(tmp_path, files(), NOW), put(tmp_path, files({"diary.csv": b"other"}), NOW)
    assert first.folder != second.folder
    assert (first.folder / "diary.csv").read_bytes() == FILES["diary.csv"]


def test_a_link_that_lies_in_wait_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    place = tmp_path / "stick"
    place.mkdir()
    (place / "homestim-20261102-1830").symlink_to(outside)
    assert put(place, files(), NOW).folder.name == "homestim-20261102-1830-2"
    assert not list(outside.iterdir())
    (tmp_path / "link").symlink_to(place)
    with pytest.raises(StickError):
        put(tmp_path / "link", files(), NOW)


@pytest.mark.parametrize(
    "name", ["../out.pdf", "a/b.pdf", "Report.pdf", ".hidden", "ü.pdf", "con", "", "a.new.pdf"]
)
def test_only_names_of_our_own_are_written(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no name"):
        put(tmp_path, files({name: b""}), NOW)
    assert not list(tmp_path.iterdir())


def test_it_counts_only_when_it_was_read_back_after_the_last_write(tmp_path: Path) -> None:
    """A stick that lies about its size keeps the names and loses the content."""

    def lose() -> None:
        (tmp_path / "homestim-20261102-1830" / "report.pdf").write_bytes(b"\0" * 10)

    with pytest.raises(StickError, match="does not keep"):
        put(tmp_path, files(), NOW, lose)


def test_pulled_out_between_writing_and_reading_it_does_not_count(tmp_path: Path) -> None:
    place = tmp_path / "stick"
    place.mkdir()
    with pytest.raises(StickError, match="not there any more"):
        put(place, files(), NOW, lambda: os.rename(place, tmp_path / "gone"))


@pytest.mark.parametrize(
    ("number", "says"), [(errno.ENOSPC, "full"), (errno.EIO, "not there"), (errno.EROFS, "read-only")]
)
@pytest.mark.parametrize("call", ["mkdir", "write", "fsync", "rename"])
def test_whatever_fails_nothing_half_written_stays(
    call: str, number: int, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real: Callable[..., object] = getattr(os, call)
    calls = 0

    def fails_the_second_time(*given: object, **named: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 2 or call == "mkdir":
            raise OSError(number, os.strerror(number))
        return real(*given, **named)

    monkeypatch.setattr(stick.os, call, fails_the_second_time)
    with pytest.raises(StickError, match=says):
        put(tmp_path, files(), NOW)
    assert not list(tmp_path.iterdir())


def test_pulled_out_at_any_byte_no_name_stands_for_a_piece(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, soak: bool
) -> None:
    """The stick is gone from the k-th byte on, also for what would tidy up: whoever looks at it elsewhere
    sees whole files, or pieces under a name that says so."""
    contents = {"report.pdf": bytes(range(256)) * 3, "diary.csv": b"kind\r\n" * 40}
    size = sum(map(len, contents.values()))
    real_write, left = os.write, 0

    def until_it_is_gone(descriptor: int, data: bytes) -> int:
        nonlocal left
        if left <= 0:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        written = real_write(descriptor, bytes(data)[:left])
        left -= written
        return written

    def gone(*_given: object, **_named: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(stick.os, "write", until_it_is_gone)
    monkeypatch.setattr(stick.os, "unlink", gone)
    cuts = range(0, size, 1 if soak else 37)
    for cut in cuts:
        left = cut
        place = tmp_path / str(cut)
        place.mkdir()
        with pytest.raises(StickError, match="not there any more"):
            put(place, files(contents), NOW)
        for path in place.rglob("*.*"):
            assert path.name.endswith(".new") or path.read_bytes() == contents[path.name]
    print(f"{len(cuts)} cuts of {size} bytes")


def test_a_stick_of_any_kind_is_noticed(tmp_path: Path) -> None:
    """So that the screen can say that it cannot be used."""
    assert not is_plugged_in(tmp_path)
    seen = (("sda", "0", "500"), ("sdb", "1", "0"), ("loop0", "1", "9"), ("sdx", "?", "9"))
    for name, removable, size in seen:
        device = tmp_path / name
        device.mkdir()
        (device / "removable").write_text(removable)
        (device / "size").write_text(size)
    assert not is_plugged_in(tmp_path), "the box's own disk, a card reader with no card"
    (tmp_path / "sdb" / "size").write_text("7864320\n")
    assert is_plugged_in(tmp_path)


def test_only_a_stick_that_can_carry_nothing_dangerous_is_offered() -> None:
    mounts = "\n".join(
        (
            "proc /proc proc rw,nosuid,nodev,noexec 0 0",
            f"/dev/sda1 /media/MY\\040STICK vfat {SAFE} 0 0",
            f"/dev/sdb1 /media/b exfat {SAFE} 0 0",
            f"/dev/sdc1 /media/c ext4 {SAFE} 0 0",
            f"/dev/sdd1 /media/d vfat {SAFE.replace('rw', 'ro')} 0 0",
            "/dev/sde1 /media/e vfat rw,nosuid,nodev 0 0",
            "/dev/sdf1 /media/f vfat rw,noexec,nodev 0 0",
            "/dev/sdg1 /media/g vfat rw,noexec,nosuid 0 0",
            "nonsense",
        )
    )
    assert sticks(mounts) == (
        Stick("/dev/sda1", Path("/media/MY STICK")),
        Stick("/dev/sdb1", Path("/media/b")),
    )


# ── closed before it is read back ──


class AUnit:
    """The box's unit: the stick is read-only `after` looks at the mounts, and the request is gone then."""

    def __init__(self, request: Path, after: int) -> None:
        self.request, self.after = request, after
        self.looks = 0
        self.waited_s = 0.0

    def mounts(self) -> str:
        assert self.looks or self.request.exists(), "it is asked for first"
        self.looks += 1
        flags = SAFE.replace("rw", "ro") if self.looks > self.after else SAFE
        mounted = {"sdb1": SAFE, "sda1": flags}
        return "\n".join(f"/dev/{of} {PLACE.parent}/{of} vfat {said} 0 0" for of, said in mounted.items())

    def wait(self, seconds: float) -> None:
        self.waited_s += seconds


PLACE = Path("/run/homestim-sticks/sda1")


def test_it_waits_until_its_own_stick_is_read_only(tmp_path: Path) -> None:
    unit = AUnit(tmp_path / "stick", after=3)
    stick.finish(PLACE, unit.request, unit.mounts, unit.wait)
    assert unit.looks == 4
    assert 0 < unit.waited_s < stick.FINISH_WITHIN_S


def test_a_box_that_does_not_answer_is_not_waited_for_longer_and_forgets_it(tmp_path: Path) -> None:
    unit = AUnit(tmp_path / "stick", after=10_000)
    stick.finish(PLACE, unit.request, unit.mounts, unit.wait)
    assert unit.waited_s == pytest.approx(stick.FINISH_WITHIN_S)
    assert not unit.request.exists(), "the next stick is not closed while it is written"


def test_where_nothing_closes_sticks_nothing_is_waited_for(tmp_path: Path) -> None:
    unit = AUnit(tmp_path / "no such folder" / "stick", after=0)
    stick.finish(PLACE, unit.request, unit.mounts, unit.wait)
    assert (unit.looks, unit.waited_s) == (0, 0.0)


def test_a_closed_stick_is_none_to_write_on_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = tmp_path / "mounts"
    monkeypatch.setattr(stick, "MOUNTS", mounts)
    line = f"/dev/sda1 {PLACE} vfat {SAFE} 0 0\n"
    mounts.write_text(line + line)
    assert stick.find_sticks().sticks == (str(PLACE),), "a unit sees it twice; it is one"
    assert not stick.find_sticks().finished
    mounts.write_text(line.replace("rw,", "ro,"))
    assert stick.find_sticks().sticks == ()
    assert stick.find_sticks().finished
