"""What the clinic sent and allows more waits for a clinician's yes at the box; that alone makes it hold."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kiosk.access import handed_in, signed
from kiosk.diary import inbox
from kiosk.diary.prescriptions import newest_installed
from kiosk.diary.records import Access, Unlock
from kiosk.errors import KioskError
from tests.kiosk.access.boxes import Box
from tests.kiosk.access.test_handed_in import send_and_take, serial, unlocks, with_serial

MORE = ("days_per_week = 4", "days_per_week = 5")


@pytest.fixture
def make(box: Box, tmp_path: Path) -> Callable[[signed.Body], bytes]:
    key = box.private_key_file(tmp_path / "clinic.pem")
    return lambda body: signed.sign(body, key)


@pytest.fixture
def sent(box: Box, make: Callable[[signed.Body], bytes]) -> Callable[[int], bytes]:
    """A prescription of this serial that allows more than the one in force."""
    assert box.enrolment is not None
    name = box.enrolment.box
    return lambda number: make(signed.Prescribes(name, with_serial(number, MORE)))


async def in_force(box: Box) -> int:
    installed = newest_installed(box.store)
    return 0 if installed is None else installed.prescription.serial


def steps(box: Box) -> list[tuple[str, str]]:
    records = [one.record for one in box.store.facts("access")]
    return [(one.role, one.action) for one in records if isinstance(one, Access)]


async def begun(box: Box) -> None:
    inbox.put(box.folder, handed_in.PRESCRIPTION, serial(1))
    await handed_in.take_all(box.store)


async def test_it_holds_once_the_clinician_took_it_and_the_diary_says_who(
    box: Box, sent: Callable[[int], bytes]
) -> None:
    await begun(box)
    await send_and_take(box, sent(7))
    (waiting,) = handed_in.held(box.store)
    assert await in_force(box) == 1
    assert isinstance(waiting.order, handed_in.Installs)
    await handed_in.take_held(box.store, waiting.name)
    assert await in_force(box) == 7
    assert steps(box) == [("clinician", "take")]
    assert handed_in.held(box.store) == ()
    await handed_in.take_all(box.store)
    assert len(box.store.facts("prescriptions")) == 2, "it is not taken a second time"


async def test_what_was_declined_never_comes_again_and_changes_nothing(
    box: Box, sent: Callable[[int], bytes]
) -> None:
    await begun(box)
    await send_and_take(box, sent(7))
    (waiting,) = handed_in.held(box.store)
    await handed_in.decline_held(box.store, waiting.name)
    assert await in_force(box) == 1
    assert steps(box) == [("clinician", "decline")]
    assert handed_in.held(box.store) == ()
    assert [path.name for path in (box.folder / "inbox" / "refused").iterdir()] == [waiting.name]
    with pytest.raises(KioskError, match="does not wait"):
        await handed_in.take_held(box.store, waiting.name)


async def test_a_lock_opens_by_the_clinicians_yes_alone(
    box: Box, make: Callable[[signed.Body], bytes]
) -> None:
    await box.store.lock("E", "rf_ces")
    await send_and_take(box, make(unlocks(box, 1)))
    (waiting,) = handed_in.held(box.store)
    assert isinstance(waiting.order, handed_in.Opens)
    assert box.open_numbers() == [1]
    await handed_in.take_held(box.store, waiting.name)
    assert box.open_numbers() == []
    opened = box.store.all("unlocks")[0].record
    assert isinstance(opened, Unlock)
    assert opened.by == "file"


async def test_what_is_not_valid_any_more_says_why_and_is_not_taken(
    box: Box, sent: Callable[[int], bytes]
) -> None:
    await begun(box)
    await send_and_take(box, sent(7))
    await send_and_take(box, sent(8))
    older, newer = handed_in.held(box.store)
    await handed_in.take_held(box.store, newer.name)
    (left,) = handed_in.held(box.store)
    assert (left.name, left.order) == (older.name, None)
    assert "prescription 8 is installed already" in left.sentence
    with pytest.raises(KioskError, match="installed already"):
        await handed_in.take_held(box.store, left.name)
    await handed_in.decline_held(box.store, left.name)
    assert await in_force(box) == 8


async def test_a_file_that_somebody_changed_while_it_waited_is_not_there(
    box: Box, sent: Callable[[int], bytes]
) -> None:
    await begun(box)
    await send_and_take(box, sent(7))
    (waiting,) = handed_in.held(box.store)
    path = box.folder / "inbox" / "held" / waiting.name
    path.write_bytes(path.read_bytes().replace(b"per_week = 5", b"per_week = 7"))
    assert handed_in.held(box.store) == ()
    with pytest.raises(KioskError, match="does not wait"):
        await handed_in.take_held(box.store, waiting.name)
    assert await in_force(box) == 1


@pytest.mark.parametrize("moment", ["released", "recorded"])
async def test_a_power_cut_while_it_is_taken_leaves_it_waiting_or_taken_once(
    box: Box, sent: Callable[[int], bytes], monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    await begun(box)
    await send_and_take(box, sent(7))
    (waiting,) = handed_in.held(box.store)

    class PowerCut(BaseException):
        pass

    def cut(*_: object) -> None:
        raise PowerCut

    with monkeypatch.context() as patched:
        patched.setattr(type(box.store), "take", cut) if moment == "released" else patched.setattr(
            inbox, "done", cut
        )
        with pytest.raises(PowerCut):
            await handed_in.take_held(box.store, waiting.name)
    box.restart()
    await handed_in.take_all(box.store)
    if moment == "released":
        assert await in_force(box) == 1, "nobody said yes to its end"
        assert [one.name for one in handed_in.held(box.store)] == [waiting.name]
        await handed_in.take_held(box.store, waiting.name)
    assert await in_force(box) == 7
    assert len(box.store.facts("prescriptions")) == 2
    assert handed_in.held(box.store) == ()


async def test_taking_says_that_no_attempt_was_made(box: Box, sent: Callable[[int], bytes]) -> None:
    """It neither forgets wrong PINs nor counts as one."""
    await begun(box)
    await send_and_take(box, sent(7))
    await box.store.add(Access(role="clinician", action="pin_attempt"))
    await box.store.add(Access(role="clinician", action="pin_wrong"))
    before = await box.unlocking._attempts.wait_s("clinician")
    (waiting,) = handed_in.held(box.store)
    await handed_in.decline_held(box.store, waiting.name)
    box.restart()
    assert await box.unlocking._attempts.wait_s("clinician") == before
