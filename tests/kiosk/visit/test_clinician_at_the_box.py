"""The clinician at the box: anybody there can read the prescription, a lock opens behind a PIN alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from kiosk.access.attempts import Attempts
from kiosk.access.pins import Access
from kiosk.access.unlocking import CodeResult, CodeState, ToOpen, Unlocking
from kiosk.clock import FixedClock
from kiosk.diary.records import Access as AccessRecord
from kiosk.diary.records import Lock
from kiosk.diary.store import open_store
from kiosk.events import CheckPin, CodeStateLoaded, CodeTried, OpenLock, PinChecked
from kiosk.visit import flow
from kiosk.visit.state import Moment
from tests.kiosk.visit.visit_album import album, full_prescription
from tests.kiosk.visit.visit_bench import KEYS, START, Walk, today

LOCKS = (
    ToOpen(Lock(class_="E", cause="rf_chest", number=12), "12"),
    ToOpen(Lock(class_="skin", cause="skin_2", number=13), "13"),
)


def at_the_locks(locks: tuple[ToOpen, ...] = LOCKS) -> Walk:
    walk = Walk(clinician_pin=True)
    walk.press("4", "6", "7", "1", "3", "5", "7", "enter")
    assert walk.sent(CheckPin) == [CheckPin("clinician", "1357")]
    walk.hear(PinChecked(True, 0))
    walk.hear(CodeStateLoaded(CodeState("", locks)))
    assert walk.step == "clinician"
    return walk


def test_limits_and_clearances_of_the_prescription_can_be_read_at_the_box() -> None:
    found = full_prescription()
    walk = Walk(today(prescription=found))
    walk.press("4", "6")
    said = ""
    for _ in range(9):
        if walk.step != "prescription":
            break
        said += walk.words
        walk.press("enter")
    assert walk.step == "help"
    for expected in (found.clinician.name, str(found.serial), "limit 35.5 mA", "left back: limit 40.0 mA"):
        assert expected in said, expected
    assert all(one.by in said for one in found.clearances)
    assert "cannot check who wrote it" in said


def test_without_a_pin_of_hers_nobody_is_asked_for_one() -> None:
    walk = Walk()
    walk.press("4", "6", "7")
    assert walk.step == "prescription"


def test_a_lock_is_opened_by_a_key_of_its_own_and_never_by_going_on() -> None:
    walk = at_the_locks()
    assert "Lock 12." in walk.words
    walk.press("enter", "1")
    assert walk.sent(OpenLock) == []
    walk.press("5")
    assert walk.sent(OpenLock) == [OpenLock(12)]
    walk.press("5")
    assert len(walk.sent(OpenLock)) == 1, "one at a time"
    walk.hear(CodeTried(CodeResult()))
    walk.hear(CodeStateLoaded(CodeState("", LOCKS[1:])))
    assert "Lock 12 is open." in walk.words
    assert "Lock 13." in walk.words


def test_another_lock_can_be_chosen_and_is_the_one_that_opens() -> None:
    walk = at_the_locks()
    walk.press("right", "5")
    assert walk.sent(OpenLock) == [OpenLock(13)]


def test_what_cannot_be_opened_is_said_and_stays_closed() -> None:
    walk = at_the_locks()
    walk.press("5")
    walk.hear(CodeTried(None, "The diary cannot be written."))
    walk.hear(CodeStateLoaded(CodeState("", LOCKS)))
    assert "The diary cannot be written." in walk.words
    assert "is open" not in walk.words


def test_a_wrong_pin_opens_nothing_and_waits() -> None:
    walk = Walk(clinician_pin=True)
    walk.press("4", "6", "7", "1", "enter")
    walk.hear(PinChecked(False, 15))
    assert walk.step == "clinician_pin"
    walk.press("1", "enter")
    assert len(walk.sent(CheckPin)) == 1


def test_the_right_pin_of_somebody_else_opens_nothing() -> None:
    """A late answer for the family's PIN does not let anybody in here."""
    walk = Walk(clinician_pin=True)
    walk.press("4", "6", "7")
    walk.hear(PinChecked(True, 0))
    assert walk.step == "clinician_pin"


def test_it_closes_by_itself() -> None:
    walk = at_the_locks()
    walk.wait(301)
    due_s = flow.deadline_s(walk.visit)
    assert due_s is not None
    assert due_s <= walk.uptime_s


def test_no_other_screen_opens_a_lock() -> None:
    for shot in album():
        if shot.visit.step == "clinician":
            continue
        for key in KEYS.values():
            _, effects = flow.press(shot.visit, key, Moment(shot.moment.now, shot.moment.monotonic_s))
            assert not any(isinstance(effect, OpenLock) for effect in effects), shot.name


async def test_what_is_opened_is_durable_with_who_opened_it(tmp_path: Path) -> None:
    clock = FixedClock(START)
    with open_store(tmp_path / "box", "simulated", clock) as store:
        closed = await store.lock("E", "rf_chest")
        assert isinstance(closed.record, Lock)
        unlocking = Unlocking(store, Attempts(store))
        assert await unlocking.open_at_box(99) == CodeResult("no_such_lock")
        assert len(store.locks_open()) == 1
        assert await unlocking.open_at_box(closed.record.number) == CodeResult()
        assert store.locks_open() == ()
        last = [stored.record for stored in store.all("access")][-1]
        assert last == AccessRecord(role="clinician", action="unlock", detail=str(closed.record.number))


async def test_the_pin_of_the_clinician_is_one_of_its_own(tmp_path: Path) -> None:
    with open_store(tmp_path / "box", "simulated", FixedClock(START)) as store:
        access = Access(store)
        await access.set_pin("clinician", "1357")
        assert (await access.check_pin("clinician", "1357")).ok
        for role in ("family", "patient"):
            assert not (await access.check_pin(role, "1357")).ok  # type: ignore[arg-type]


@pytest.mark.parametrize("index", [0, 1, 2])
def test_a_page_that_is_no_more_there_does_not_raise(index: int) -> None:
    walk = Walk(today(prescription=full_prescription()))
    walk.press("4", "6", *["enter"] * index)
    walk.day = today()
    assert walk.page.spoken
