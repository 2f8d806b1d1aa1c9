"""A button that the guard itself watches: pressed, missing, unplugged (safety rules 14, 15)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from drivers import messages as m
from drivers.stop_inputs import EV_KEY, INPUT_EVENT, KEY_SPACE, PRESSED
from tests.drivers.guard_bench import Client, arm, guarded, in_virtual_time

PRESS = INPUT_EVENT.pack(1, 2, EV_KEY, 30, PRESSED)


SPACE = INPUT_EVENT.pack(1, 2, EV_KEY, KEY_SPACE, PRESSED)


@contextmanager
def button(client: Client, *, name: str = "button", any_key: bool = True) -> Iterator[int]:
    """A grabbed button on a pipe; what is written into it is what the kernel would deliver."""
    reading, writing = os.pipe()
    client.guard.stop_inputs.watch(reading, name, any_key=any_key)
    try:
        yield writing
    finally:
        os.close(writing)


@in_virtual_time
async def test_the_button_stops_while_current_may_flow() -> None:
    async with guarded() as client:
        await client.hello()
        with button(client) as wire:
            await client.armed()
            await client.raised(2)
            assert client.device.flowing
            mark = client.mark()
            os.write(wire, PRESS)
            stopped = await client.until_type(m.Stopped, mark)
            assert (stopped.why, stopped.confirmed) == ("button", True)
            assert not client.device.flowing


@in_virtual_time
async def test_the_button_passes_the_stop_test() -> None:
    async with guarded() as client:
        await client.hello()
        with button(client) as wire:
            client.send(m.Test())
            await client.until_state("testing")
            mark = client.mark()
            os.write(wire, PRESS)
            assert (await client.until_type(m.Stopped, mark)).why == "button"
            await client.until_state("idle", mark)
            mark = client.mark()
            client.send(arm())
            client.keep_lease(1)
            await client.until_state("armed", mark)


@pytest.mark.parametrize("key", ["test", "person", "button", "keyboard that is watched"])
@in_virtual_time
async def test_where_the_button_is_to_be_tested_a_key_stops_and_passes_nothing(key: str) -> None:
    async with guarded() as client:
        await client.hello()
        with button(client) as wire, button(client, name="keyboard", any_key=False) as keyboard:
            mark = client.mark()
            client.send(m.Test(button=True))
            await client.until_state("testing", mark)
            if key == "keyboard that is watched":
                os.write(keyboard, SPACE)
            else:
                client.send(m.Stop(key))
            stopped = await client.until_type(m.Stopped, mark)
            assert stopped.confirmed
            assert stopped.why == (key if key in ("test", "person", "button") else "keyboard")
            await client.until_state("idle", mark)
            assert (await client.ask(arm())).limit == "stop_test"
            mark = client.mark()
            client.send(m.Test(button=True))
            await client.until_state("testing", mark)
            client.send(m.Test())
            os.write(wire, PRESS)
            assert (await client.until_type(m.Stopped, mark)).why == "button"
            await client.until_state("idle", mark)
            client.send(arm())
            client.keep_lease(1)
            await client.until_state("armed", mark)


@in_virtual_time
async def test_a_second_request_takes_nothing_from_the_test_that_is_under_way() -> None:
    async with guarded() as client:
        await client.hello()
        with button(client):
            mark = client.mark()
            client.send(m.Test(button=True))
            await client.until_state("testing", mark)
            assert (await client.ask(m.Test())).limit == "state"
            client.send(m.Stop("test"))
            stopped = await client.until_type(m.Stopped, mark)
            await client.until_state("idle", client.heard.index(stopped))
            assert (await client.ask(arm())).limit == "stop_test"


@in_virtual_time
async def test_a_test_of_the_button_does_not_begin_before_one_is_plugged_in() -> None:
    async with guarded() as client:
        await client.hello()
        with button(client, name="keyboard", any_key=False):
            assert (await client.ask(m.Test(button=True))).limit == "stop_input"
            assert "initialise" not in client.device.names()
        with button(client):
            mark = client.mark()
            client.send(m.Test(button=True))
            await client.until_state("testing", mark)


@pytest.mark.parametrize("watched", [True, False], ids=["by the guard too", "by the kiosk alone"])
@in_virtual_time
async def test_elsewhere_a_key_passes_it_whoever_watches_the_keyboard(watched: bool) -> None:
    async with guarded() as client:
        await client.hello()
        with button(client, name="keyboard", any_key=False) as keyboard:
            mark = client.mark()
            client.send(m.Test())
            await client.until_state("testing", mark)
            if watched:
                os.write(keyboard, SPACE)
            else:
                client.send(m.Stop("test"))
            assert (await client.until_type(m.Stopped, mark)).why == ("keyboard" if watched else "test")
            await client.until_state("idle", mark)
            client.send(arm())
            client.keep_lease(1)
            await client.until_state("armed", mark)


@in_virtual_time
async def test_a_button_that_is_unplugged_is_a_stop_and_has_to_be_tested_anew() -> None:
    async with guarded() as client:
        await client.hello()
        with button(client):
            await client.armed()
            await client.raised(2)
            mark = client.mark()
        assert (await client.until_type(m.Stopped, mark)).why == "stop_input_lost"
        await client.until_state("idle", mark)
        assert (await client.ask(arm(2))).limit == "stop_test"


@in_virtual_time
async def test_without_the_button_that_the_installer_named_nothing_is_armed() -> None:
    async with guarded() as client:
        await client.hello()
        client.guard.stop_inputs.needed = ("/dev/input/by-id/gone",)
        await client.stop_test()
        assert (await client.ask(arm())).limit == "stop_input"


@in_virtual_time
async def test_at_rest_the_button_changes_nothing() -> None:
    async with guarded() as client:
        await client.hello()
        with button(client) as wire:
            mark = client.mark()
            os.write(wire, PRESS)
            await client.stop_test()
            assert [stopped.why for stopped in client.of(m.Stopped, mark)] == ["test"]
