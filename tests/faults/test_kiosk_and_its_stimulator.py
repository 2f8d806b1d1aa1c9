"""The kiosk of a box when its stimulator, or its guard, goes away and comes back (rules 12, 13, 15, 21).

Application, guard and virtual P24s are the real ones, each its own process; what came out is read in the
devices' own logs. Against virtual devices; on hardware not yet measured.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from drivers import limits as c
from kiosk.visit.steps.device import usable
from tests.faults.guard_rig import BUSY_S, DEVICE_WATCHDOG_S, VirtualDevice, until, virtual_device
from tests.whole_visits.sitting import feeling, to_the_contact_check
from tests.whole_visits.test_guard_unit_visit import Box, box

pytestmark = [pytest.mark.timeout(300), pytest.mark.real_time]

SWITCHES_ON = frozenset({"Ml_init", "Ml_update", "Ll_init", "Ll_channel_config"})
"""What makes a P24 ready for output, or has it."""
MOST_PTYS = 50
WATCHED_S = 1.5
"""Longer than a guard needs to look again, and than a kiosk to ask for anything by itself."""


def frames(device: VirtualDevice, since_s: float = 0.0) -> set[str]:
    return {event["name"] for event in device.log() if event["event"] == "frame" and event["t"] >= since_s}


def opened(device: VirtualDevice) -> bool:
    return any(event["event"] == "connected" for event in device.log())


@contextmanager
def taken(name: str) -> Iterator[None]:
    """The pty of this name is somebody else's; the kernel gives out the lowest number that is free."""
    pairs: list[tuple[int, int]] = []
    while not pairs or (os.ttyname(pairs[-1][1]) != name and len(pairs) < MOST_PTYS):
        pairs.append(os.openpty())
    try:
        yield
    finally:
        for end in itertools.chain.from_iterable(pairs):
            os.close(end)


async def nothing_begins_by_itself(here: Box, since_s: float) -> None:
    """For a while after it was found again nobody presses a key."""
    await here.person.until(lambda: usable(here.person.application._visit), "found again")
    await asyncio.sleep(WATCHED_S)
    assert not frames(here.device, since_s) & SWITCHES_ON
    assert here.device.flowed_after(since_s) == []


async def test_a_stranger_under_its_name_is_left_alone_and_its_own_under_another_is_armed_by_a_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "second").mkdir()
    async with (
        virtual_device(tmp_path / "second", module="tests.faults.other_p24") as second,
        box(tmp_path, monkeypatch) as here,
    ):
        await here.start_guard()
        await to_the_contact_check(here.person)
        assert not opened(second), "another stimulator is plugged in, too, and is nobody's business"

        port = here.device.path
        name_before = os.readlink(port)
        unplugged_s = time.monotonic()
        here.device.fault("unplug")
        await here.says("The stimulator is not found")
        await until(lambda: not os.path.lexists(port))
        with taken(name_before):
            os.symlink(os.readlink(second.path), port)
            await here.says("Another stimulator is plugged in.")
            assert opened(second)
            assert not frames(second) & SWITCHES_ON

            os.unlink(port)
            await here.says("The stimulator is not found")
            here.device.replug()
            await nothing_begins_by_itself(here, unplugged_s)
            assert os.readlink(port) != name_before

        await here.person.press("enter")
        await here.person.page("stop_test")
        await here.person.until(lambda: "Press STOP now." in here.words)
        assert "Ml_init" in frames(here.device, unplugged_s)
        await here.person.press("space")
        await here.person.page("stop_works")
        assert not frames(second) & SWITCHES_ON
        assert here.device.flowed_after(0) == []


async def test_unplugged_in_a_session_it_is_never_called_off_and_nothing_resumes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, soak: bool
) -> None:
    if not soak:
        pytest.skip("ten seconds of real time; without a kiosk in test_guard_faults.py: make soak")

    def unplug(here: Box) -> None:
        here.device.fault("unplug")

    async with box(tmp_path, monkeypatch) as here:
        at_s = await zero_after(unplug, here, BUSY_S)
        await here.person.page("not_confirmed")
        assert "Switch the stimulator OFF now." in here.words
        here.device.replug()
        await here.person.press("enter")
        await nothing_begins_by_itself(here, at_s)


async def test_a_brown_out_in_a_session_ends_it_and_a_person_begins_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, soak: bool
) -> None:
    if not soak:
        pytest.skip("ten seconds of real time; without a kiosk in test_guard_faults.py: make soak")

    def brown_out(here: Box) -> None:
        here.device.fault("brown_out")

    async with box(tmp_path, monkeypatch) as here:
        at_s = await zero_after(brown_out, here, BUSY_S)
        await here.person.page("fault")
        assert "The stimulator reports that its output is off." in here.words
        await nothing_begins_by_itself(here, at_s)
        again_s = time.monotonic()
        await here.person.press("1")
        await here.person.page("stop_test")
        await here.device.until(lambda event: event.get("name") == "Ml_init", again_s)
        assert here.device.flowed_after(again_s) == [], "STOP is tested first, without a pulse"


async def test_a_guard_killed_in_a_session_is_no_confirmed_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with box(tmp_path, monkeypatch) as here:

        def kill(here: Box) -> None:
            here.guards[-1].kill()

        at_s = await zero_after(kill, here, DEVICE_WATCHDOG_S + BUSY_S)
        await here.person.page("not_confirmed")
        assert "It is not known if current still flows." in here.words
        await here.says("The program that drives the stimulator does not run.")
        await here.start_guard()
        await nothing_begins_by_itself(here, at_s + DEVICE_WATCHDOG_S)
        assert here.person.application.page().id == "not_confirmed", "an alarm that only a person ends"


async def zero_after(trouble: Callable[[Box], None], here: Box, within_s: float) -> float:
    """Current flows, then there is trouble, then none flows any more; when the trouble was."""
    await here.start_guard()
    await feeling(here.person)
    at_s = time.monotonic()
    trouble(here)
    assert await here.device.zero_after(at_s) < within_s + c.READ_STATE_EVERY_S["p24"]
    return at_s
