"""A whole visit to the end of its plan, by Textual's pilot: phases are seconds long, all else is real.

Guard and virtual stimulator are processes; the device's own log says what came out.
"""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path

import pytest

from drivers import limits
from kiosk.clock import SystemClock
from kiosk.diary.records import Entry, Session
from kiosk.diary.store import StoreReader
from kiosk.export.csv_table import rows
from kiosk.export.fhir import write_bundle
from kiosk.page import Overview
from kiosk.review.reading import family_view
from tests.whole_visits.sitting import LIMIT_MA, PHASE_SECONDS, sitting, to_the_level


async def test_a_stop_that_the_guard_confirms_before_the_key_is_heard_is_the_persons(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with sitting(tmp_path) as person:
        await to_the_level(person)
        await person.until(
            lambda: person.application.session is not None and person.application.session.stage == "find"
        )
        with monkeypatch.context() as deaf:
            deaf.setattr(person.application, "_loop", None)  # the key's own event comes too late
            await asyncio.to_thread(person.application.stop_from_input_thread, "space")
        await person.page("stopped")


@pytest.mark.timeout(400)
@pytest.mark.real_time
@pytest.mark.parametrize(
    ("kind", "level_half_mA", "net_charge_us"), [("p24", 4, 0), ("rehastim2", 8, 1)], ids=["P24", "RehaStim2"]
)
async def test_a_visit_to_the_end_of_its_plan(
    tmp_path: Path, kind: str, level_half_mA: int, net_charge_us: int, soak: bool
) -> None:
    if kind != "p24" and not soak:
        pytest.skip("a second minute of real time: make soak")
    async with sitting(tmp_path, kind) as person:
        await to_the_level(person)
        for index, key in enumerate("12"):
            await person.until(
                lambda index=index: (
                    person.application.session is not None
                    and person.application.session.stage == "find"
                    and person.application.session.finding == index
                )
            )
            await person.raise_by(level_half_mA)
            await person.press("enter", key)
            await person.press("enter")  # it tightens
            await person.press("enter")
        await person.press("enter")
        await person.until(
            lambda: person.application.session is not None and person.application.session.stage == "play"
        )
        await person.page("pads_off")
        assert not person.log.output_now()
        await person.press("enter")
        await person.page("pain_after")
        await person.press("2", "enter")
        await person.page("skin_after")
        await person.press("1")
        await person.page("saved")
        await person.press("enter")
        await person.page("home")
        await person.press("9")
        await person.page("consent")
        await person.press("1")
        await person.page("home")
        await person.until(lambda: "Family: may look" in person.application.page().spoken)
        await person.press("9")
        await person.page("pin")
        await person.press(*"2580", "enter")
        await person.page("family")
        body = person.application.page().body
        assert isinstance(body, Overview)
        assert body.days[-1][1] == 3, "today's pain stands in the family's view"

        (session,) = [stored.record for stored in person.store.all("sessions")]
        assert isinstance(session, Session)
        assert (session.state, session.stop_confirmed) == ("done", True)
        assert session.seconds_done == sum(PHASE_SECONDS.values())
        moments = [entry.moment for entry in map(_record, person.store.all("entries"))]
        assert moments == ["before", "after"]
        assert around_the_session(person.store) == {"family": (3, 2), "table": [3, 2], "clinic": [3, 2]}
    person.log.check(limit_mA=LIMIT_MA, contraction_raise_mA=2.0, net_charge_us=net_charge_us)
    step_mA = limits.STEP_HALF_MA[kind] / 2
    warm_mA = 0.4 * level_half_mA / 2 // step_mA * step_mA
    warm = [channels for _, channels in person.log.outputs() if warm_mA in channels.values()]
    assert warm or not warm_mA, "warm-up and cool-down are at 0.4 of the level"


def around_the_session(store: StoreReader) -> dict[str, object]:
    """Pain at rest before and after the one session, wherever it is shown or sent."""
    now = SystemClock().now()
    (session,) = family_view(store, now).sessions
    table = [row["pain_rest_0_to_10"] for row in rows(store, now.date(), now.date()) if "moment" in row]
    bundle = io.StringIO()
    write_bundle(store, now.date(), now.date(), bundle)
    sent = [entry["resource"] for entry in json.loads(bundle.getvalue())["entry"]]
    clinic = [
        one["valueInteger"]
        for one in sent
        if one["resourceType"] == "Observation"
        and any(code["code"] == "pain_rest" for code in one["code"]["coding"])
    ]
    return {"family": (session.pain_before, session.pain_after), "table": table, "clinic": clinic}


def _record(stored: object) -> Entry:
    record = stored.record  # type: ignore[attr-defined]
    assert isinstance(record, Entry)
    return record
