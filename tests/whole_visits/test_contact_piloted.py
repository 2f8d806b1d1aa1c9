"""The contact check by keys, with the real guard and the virtual P24 (safety rule 22).

The device's own log says what was sent.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from drivers import limits
from kiosk.clock import SystemClock
from kiosk.diary.records import Contact
from kiosk.diary.store import open_reader
from kiosk.keys import Key
from kiosk.page import Placement
from tests.whole_visits.sitting import Sitting, sitting, to_the_contact_check

pytestmark = [pytest.mark.timeout(300), pytest.mark.real_time]


def pulses(person: Sitting) -> list[tuple[float, int, float, float]]:
    """(time, channel, mA, µs) of every pulse that the device gave."""
    return [
        (event["t"], entry["channel"], entry["current_mA"], entry["pulse_width_us"])
        for event in person.log.events()
        if event["event"] == "output"
        for entry in event["channels"]
        if entry["current_mA"]
    ]


def within_the_constants(person: Sitting, checks: int = 1) -> None:
    given = pulses(person)
    assert given
    assert {(mA, us) for _t, _channel, mA, us in given} == {
        (limits.PROBE_HALF_MA / 2, limits.PROBE_PULSE_WIDTH_US)
    }
    for channel in (1, 2):
        of_pair = [t for t, other, _mA, _us in given if other == channel]
        assert len(of_pair) <= limits.PROBE_PULSES_PER_PAIR * checks


def contacts(folder: Path) -> list[tuple[int, str]]:
    stored = open_reader(folder / "data", SystemClock()).all("contacts")
    return [(one.record.channel, one.record.contact) for one in stored if isinstance(one.record, Contact)]


def wait_for_a_pulse(person: Sitting) -> None:
    """Until the first one was given: it is over within 300 µs, so that it is looked for in what was."""
    end_s = time.monotonic() + 5.0
    while not pulses(person):
        assert time.monotonic() < end_s, "no pulse came"
        time.sleep(0.01)


async def checked(person: Sitting) -> tuple[str, ...]:
    """The box of the result, after Enter."""
    await person.press("enter")
    await person.page("contact_result")
    body = person.application.page().body
    assert isinstance(body, Placement)
    return body.box


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("pad_off:1", ("OPEN", "GOOD")),
        ("pad_half:2", ("GOOD", "DRY")),
        ("gel_dry:2", ("GOOD", "DRY")),
    ],
)
async def test_the_lead_that_lies_badly_is_named(tmp_path: Path, fault: str, words: tuple[str, str]) -> None:
    async with sitting(tmp_path, faults=(fault,)) as person:
        await to_the_contact_check(person)
        box = await checked(person)
        assert tuple(line.split("● ")[1] for line in box) == words
        within_the_constants(person)
        await person.press("enter")
        await person.page("contact_result")
        await person.press("2")
        await person.page("placement")
        assert not person.log.output_now()
        within_the_constants(person, checks=2)
    assert contacts(tmp_path) == [(1, words[0].lower()), (2, words[1].lower())] * 2


async def test_stop_in_the_middle_of_it_is_the_last_pulse(tmp_path: Path) -> None:
    async with sitting(tmp_path) as person:
        await to_the_contact_check(person)
        await person.press("enter")
        await person.page("probing")
        assert person.application.output_possible
        await asyncio.to_thread(wait_for_a_pulse, person)
        stopped_s = time.monotonic()
        await asyncio.to_thread(person.application.stop_from_input_thread, "space")
        await person.page("contact_stopped")
        assert not person.application.output_possible
        confirmed_s = time.monotonic()
        await asyncio.sleep(3 * limits.PROBE_PAUSE_MS / 1000)  # a check that went on would be seen
        assert [one for one in pulses(person) if one[0] > confirmed_s] == []
        assert confirmed_s - stopped_s < 1.0
        within_the_constants(person)
        await person.press("1")
        await person.page("contact_result")
    assert contacts(tmp_path) == [(1, "good"), (2, "good")]


async def test_leaving_in_the_middle_of_it_ends_at_zero(tmp_path: Path) -> None:
    async with sitting(tmp_path) as person:
        await to_the_contact_check(person)
        await person.press("enter")
        await person.page("probing")
        await asyncio.to_thread(wait_for_a_pulse, person)
        person.application.press(Key.LEAVE)
        person.application.press(Key.LEAVE)
    within_the_constants(person)
    assert not person.log.output_now()
