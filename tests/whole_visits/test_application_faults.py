"""The application when something of its own goes wrong: real guard and virtual P24, no screen."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from drivers import messages as guard
from kiosk.clock import SystemClock
from kiosk.diary.records import Session
from kiosk.diary.store import open_reader
from kiosk.events import OutputUnknown
from kiosk.keys import Key
from kiosk.session import machine
from tests.whole_visits.device_log import DeviceLog
from tests.whole_visits.sitting import feeling, sitting

pytestmark = [pytest.mark.timeout(300), pytest.mark.real_time]


async def test_a_mistake_of_the_kiosk_ends_in_zero_and_not_in_a_dead_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments: object) -> None:
        raise RuntimeError("a mistake of our own")

    async def visit() -> None:
        async with sitting(tmp_path) as person:
            await feeling(person)
            monkeypatch.setattr(machine, "step", broken)
            await asyncio.to_thread(person.log.wait_for_output, above_zero=False, within_s=2.0)

    with pytest.raises(RuntimeError, match="a mistake of our own"):
        await visit()
    DeviceLog(tmp_path / "device.jsonl").check(limit_mA=30.0)


async def test_an_unconfirmed_stop_at_rest_is_told_to_the_flow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with sitting(tmp_path) as person:
        await person.until(lambda: person.application.page().header.right.endswith("ready"))
        heard: list[object] = []
        monkeypatch.setattr(person.application, "_hear", heard.append)
        person.application._heard(guard.Stopped(0, "not_off", False, "no answer", 3000.0))
        assert heard == [OutputUnknown("not_off")]


async def test_leaving_in_mid_session_writes_down_how_it_ended(tmp_path: Path) -> None:
    async with sitting(tmp_path) as person:
        await feeling(person)
        person.application.press(Key.LEAVE)
        person.application.press(Key.LEAVE)
    person.log.check(limit_mA=30.0)
    (session,) = open_reader(tmp_path / "data", SystemClock()).all("sessions")
    assert isinstance(session.record, Session)
    assert (session.record.state, session.record.stop_confirmed) == ("ended_early", True)
