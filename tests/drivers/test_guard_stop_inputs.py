"""A button that the guard itself watches: pressed, missing, unplugged (safety rules 14, 15)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from drivers import messages as m
from drivers.stop_inputs import EV_KEY, INPUT_EVENT, PRESSED
from tests.drivers.guard_bench import Client, arm, guarded, in_virtual_time

PRESS = INPUT_EVENT.pack(1, 2, EV_KEY, 30, PRESSED)


@contextmanager
def button(client: Client) -> Iterator[int]:
    """A grabbed button on a pipe; what is written into it is what the kernel would deliver."""
    reading, writing = os.pipe()
    client.guard.stop_inputs.watch(reading, "button", any_key=True)
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
