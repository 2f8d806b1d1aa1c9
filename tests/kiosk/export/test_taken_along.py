"""The kiosk takes the diary along: a record first, a child for the work, nothing beside a current."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace

from kiosk.diary.records import Access as AccessRecord
from kiosk.export import child
from kiosk.export.child import Asked
from kiosk.export.outgoing import NotSent, Result, Sent
from kiosk.keys import Key
from kiosk.session.lease import Liveness
from kiosk.terminal.liveness import AlwaysAlive
from kiosk.visit.state import Place
from tests.kiosk.family_desk import desk


@pytest.fixture
def alive() -> Liveness:
    return AlwaysAlive()


async def test_it_is_written_down_and_then_it_is_on_the_stick(tmp_path: Path, alive: Liveness) -> None:
    async with desk(tmp_path, alive) as family:
        await family.at_the_stick()
        family.press(Key.TWO, Key.ENTER)
        await family.until(lambda: family.step == "family_written")
        result = family.application._visit.context.outgoing.result
        assert isinstance(result, Sent)
        assert sorted(path.name for path in (family.stick / result.where).iterdir()) == [
            "diary.csv", "report.html", "report.pdf",
        ]  # fmt: skip
        (record,) = [one.record for one in family.store.all("access")]
        assert record == AccessRecord(role="family", action="export", detail="stick: pdf html csv")


async def test_nothing_is_sent_while_current_can_flow(
    tmp_path: Path, alive: Liveness, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk(tmp_path, alive) as family:
        await family.at_the_stick()
        monkeypatch.setattr(family.application._stop_test, "_under_way", True)
        assert family.application.output_possible
        family.press(Key.ENTER)
        assert family.application._visit.context.outgoing.result == NotSent("busy")
        assert not list(family.stick.iterdir())
        assert not family.store.all("access")


async def test_an_alarm_in_its_place_ends_it(
    tmp_path: Path, alive: Liveness, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def for_ever(asked: Asked) -> Result:
        begun.set()
        try:
            return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]
        finally:
            ended.set()

    monkeypatch.setattr(child, "send_in_child", for_ever)
    async with desk(tmp_path, alive) as family:
        await family.at_the_stick()
        family.press(Key.ENTER)
        await begun.wait()
        visit = family.application._visit
        family.application._take((replace(visit, place=Place("not_confirmed")), ()))
        async with asyncio.timeout(5):
            await ended.wait()
        assert family.step == "not_confirmed"


async def test_leaving_the_kiosk_does_not_wait_for_a_stick(
    tmp_path: Path, alive: Liveness, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def for_ever(asked: Asked) -> Result:
        return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]

    monkeypatch.setattr(child, "send_in_child", for_ever)
    async with asyncio.timeout(10), desk(tmp_path, alive) as family:
        await family.at_the_stick()
        family.press(Key.ENTER)
        assert family.step == "family_writing"


async def test_a_diary_that_takes_nothing_more_is_taken_along_all_the_same(
    tmp_path: Path, alive: Liveness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    async with desk(tmp_path, alive) as family:
        await family.at_the_stick()
        monkeypatch.setattr("kiosk.diary.files.Files.write_at", full)
        family.press(Key.ENTER)
        await family.until(lambda: family.step == "family_written")
        assert isinstance(family.application._visit.context.outgoing.result, Sent)


async def test_a_lock_is_opened_only_behind_a_clinicians_pin(tmp_path: Path, alive: Liveness) -> None:
    """Whatever the screens do: the application asks who is there."""
    async with desk(tmp_path, alive) as box:
        lock = await box.store.lock("E", "rf_chest")
        application = box.application
        await application._errands.pins_and_codes.open_lock(1)
        assert [one.envelope.id for one in box.store.locks_open()] == [lock.envelope.id]
        await application._access.set_pin("clinician", "13579")
        assert (await application._access.check_pin("clinician", "13579")).ok
        application._take((replace(application._visit, place=Place("home")), ()))
        await application._errands.pins_and_codes.open_lock(1)
        assert box.store.locks_open(), "the page was left"
        assert (await application._access.check_pin("clinician", "13579")).ok
        await application._errands.pins_and_codes.open_lock(1)
        assert not box.store.locks_open()
