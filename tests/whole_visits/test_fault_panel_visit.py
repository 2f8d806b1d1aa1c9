"""A trainer orders faults in the middle of a session: real guard and virtual P24."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from drivers import messages as guard
from kiosk.keys import Key
from kiosk.visit import flow
from tests.whole_visits.sitting import LIMIT_MA, feeling, sitting

pytestmark = [pytest.mark.timeout(300), pytest.mark.real_time]


async def test_the_panel_opens_over_a_live_current_and_closes_when_the_fault_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with sitting(tmp_path) as person:
        await feeling(person)
        before = person.application.page()
        sent: list[object] = []
        send = person.application._guard.send
        for sender in (person.application._runner, person.application._runner._lease):
            monkeypatch.setattr(sender, "_send", lambda m: (sent.append(m), send(m)))
        await person.press("f9")
        page = person.application.page()
        assert (page.id, page.stop_row, page.header.simulator) == ("fault_panel", True, True)
        assert person.application.output_possible
        assert person.log.output_now(), "the session goes on underneath"
        await person.press("9", "up", "right")
        leases = len([x for x in sent if isinstance(x, guard.Lease)])
        async with asyncio.timeout(10):
            while len([x for x in sent if isinstance(x, guard.Lease)]) < leases + 3:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert {type(x) for x in sent} == {guard.Lease}, "a trainer's keys are not the patient's"
        await person.press("f9")
        assert person.application.page().id == before.id

        await person.press("f9", "2", "3")
        await asyncio.to_thread(person.log.wait_for_output, above_zero=False, within_s=5.0)
        await person.page("fault", "not_confirmed")
        assert any(event.get("why") == "brown_out" for event in person.log.events())
    person.log.check(limit_mA=LIMIT_MA)


async def test_stop_under_the_open_panel_stops_and_without_a_simulator_there_is_no_panel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with sitting(tmp_path) as person:
        await feeling(person)
        await person.press("f9", "1", "space")
        await asyncio.to_thread(person.log.wait_for_output, above_zero=False, within_s=2.0)
        await person.page("stopped")

        device = person.application._guard.device
        assert device is not None
        # What the guard reports decides, not how the kiosk was started.
        monkeypatch.setattr(person.application._guard, "device", replace(device, simulated=False))
        heard: list[Key] = []
        press = flow.press
        monkeypatch.setattr(flow, "press", lambda v, key, m: (heard.append(key), press(v, key, m))[1])
        person.application.press(Key.TRAINER)
        assert person.application.page().id == "stopped"
        assert heard == [Key.UNKNOWN], "which in a session is a stop"
    person.log.check(limit_mA=LIMIT_MA)
