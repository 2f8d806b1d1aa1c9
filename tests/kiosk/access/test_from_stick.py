"""A stick brings what the clinic signed for this box, and nothing else of it is read."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from kiosk.access import handed_in, signed
from kiosk.access.from_stick import take_from
from kiosk.diary import inbox
from kiosk.diary.store import open_reader
from programs.library import prescription_example
from tests.kiosk.access.boxes import NOON, Box


@pytest.fixture
def box(tmp_path: Path):
    found = Box(tmp_path / "box")
    asyncio.run(_locked(found))
    yield found
    found.store.close()


async def _locked(box: Box) -> None:
    await box.store.lock("E", "rf_chest")


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    (tmp_path / "stick").mkdir()
    return tmp_path / "stick"


def unlock(box: Box, tmp_path: Path, lock: int = 1, name: str = "") -> bytes:
    assert box.enrolment is not None
    body = signed.Unlocks(name or box.enrolment.box, lock, "Dr. Demo", NOON.date())
    return signed.sign(body, box.private_key_file(tmp_path / "key.pem"))


def taken(box: Box, stick: Path) -> list[str]:
    return [one.rule for one in take_from(open_reader(box.folder, box.clock), stick)]


def test_what_the_clinic_signed_is_taken_in_once(box: Box, stick: Path, tmp_path: Path) -> None:
    (stick / "für die Box.txt").write_bytes(unlock(box, tmp_path))
    assert taken(box, stick) == ["lock_opened"]
    assert box.open_numbers() == [1], "not before home takes it in"
    asyncio.run(handed_in.take_all(box.store))
    assert box.open_numbers() == []
    assert taken(box, stick) == [], "used once"


def test_a_prescription_comes_the_same_way(box: Box, stick: Path, tmp_path: Path) -> None:
    assert box.enrolment is not None
    body = signed.Prescribes(box.enrolment.box, prescription_example())
    (stick / "rx.json").write_bytes(signed.sign(body, box.private_key_file(tmp_path / "key.pem")))
    assert taken(box, stick) == ["prescription_installed"]


def test_what_is_not_signed_for_this_box_is_left_alone(box: Box, stick: Path, tmp_path: Path) -> None:
    good = unlock(box, tmp_path)
    stranger = Box(tmp_path / "other")
    (stick / "1 other box").write_bytes(unlock(box, tmp_path, name="0000-0000"))
    (stick / "2 other clinic").write_bytes(unlock(stranger, tmp_path, name=box.enrolment.box))  # type: ignore[union-attr]
    (stick / "3 changed").write_bytes(good.replace(b"Dr. Demo", b"Dr. Evil"))
    (stick / "4 no such lock").write_bytes(unlock(box, tmp_path, lock=9))
    (stick / "5 plain prescription.toml").write_text(prescription_example())
    (stick / "6 json").write_text("{}")
    (stick / "7 empty").touch()
    for cut in range(0, len(good), 23):
        (stick / f"8 cut {cut}").write_bytes(good[:cut])
    stranger.store.close()
    assert taken(box, stick) == []
    assert not inbox.waiting(box.folder)


def test_no_trap_on_a_stick_is_followed_or_waited_for(box: Box, stick: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(unlock(box, tmp_path))
    (stick / "link").symlink_to(outside)
    os.mkfifo(stick / "pipe")
    (stick / "folder").mkdir()
    (stick / "folder" / "inside").write_bytes(outside.read_bytes())
    (stick / "huge").write_bytes(outside.read_bytes() + b" " * inbox.MAX_BYTES)
    (stick / "zero").symlink_to("/dev/zero")
    assert taken(box, stick) == []
    (tmp_path / "way").symlink_to(stick)
    with pytest.raises(OSError):
        taken(box, tmp_path / "way")


def test_a_box_without_a_clinic_takes_nothing(stick: Path, tmp_path: Path) -> None:
    box, other = Box(tmp_path / "alone", enrolled=False), Box(tmp_path / "other")
    (stick / "file").write_bytes(unlock(other, tmp_path))
    assert taken(box, stick) == []
    box.store.close()
    other.store.close()
