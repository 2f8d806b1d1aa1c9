"""Stop inputs by evdev, fed through pipes as a keyboard or a button would feed them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.stop_inputs import (
    EV_KEY,
    EV_SYN,
    INPUT_EVENT,
    KEY_SPACE,
    PRESSED,
    STOP_CODES,
    SYN_DROPPED,
    StopInputs,
    _Input,
    keyboards,
)

KEY_A = 30
RELEASED, REPEATED = 0, 2


def event(kind: int, code: int, value: int) -> bytes:
    return INPUT_EVENT.pack(1, 2, kind, code, value)


class Bench:
    """One input on a pipe, and what was heard of it."""

    def __init__(self, *, any_key: bool) -> None:
        self.heard: asyncio.Queue[str] = asyncio.Queue()
        self.inputs = StopInputs(
            lambda name: self.heard.put_nowait(f"stop {name}"),
            lambda name: self.heard.put_nowait(f"lost {name}"),
        )
        reading, self.writing = os.pipe()
        self.inputs.watch(reading, "keypad", any_key=any_key)

    def feed(self, *events: bytes) -> None:
        os.write(self.writing, b"".join(events))

    async def hears(self) -> str:
        async with asyncio.timeout(5):
            return await self.heard.get()

    def close(self) -> None:
        self.inputs.close()
        if self.writing >= 0:
            os.close(self.writing)

    def unplug(self) -> None:
        os.close(self.writing)
        self.writing = -1


@pytest.fixture
async def keyboard() -> Iterator[Bench]:
    bench = Bench(any_key=False)
    yield bench
    bench.close()


@pytest.fixture
async def button() -> Iterator[Bench]:
    bench = Bench(any_key=True)
    yield bench
    bench.close()


@pytest.mark.parametrize("code", sorted(STOP_CODES))
async def test_every_stop_key_of_a_keyboard_stops(keyboard: Bench, code: int) -> None:
    keyboard.feed(event(EV_KEY, code, PRESSED))
    assert await keyboard.hears() == "stop keypad"


async def test_other_keys_releases_and_repeats_of_a_keyboard_do_not(keyboard: Bench) -> None:
    keyboard.feed(event(EV_KEY, KEY_A, PRESSED), event(EV_KEY, KEY_SPACE, RELEASED))
    keyboard.feed(event(EV_KEY, KEY_SPACE, REPEATED))
    keyboard.unplug()
    assert await keyboard.hears() == "lost keypad", "nothing came before the end"


async def test_any_key_of_a_named_button_stops(button: Bench) -> None:
    button.feed(event(EV_KEY, KEY_A, PRESSED))
    assert await button.hears() == "stop keypad"


async def test_an_event_in_two_pieces_counts_when_it_is_whole(keyboard: Bench) -> None:
    whole = event(EV_KEY, KEY_SPACE, PRESSED)
    keyboard.feed(whole[:7])
    await asyncio.sleep(0)
    assert keyboard.heard.empty()
    keyboard.feed(whole[7:])
    assert await keyboard.hears() == "stop keypad"


async def test_events_that_the_kernel_dropped_count_as_a_stop(keyboard: Bench) -> None:
    keyboard.feed(event(EV_SYN, SYN_DROPPED, 0))
    assert await keyboard.hears() == "stop keypad"


async def test_an_input_that_is_unplugged_is_lost_once(button: Bench) -> None:
    button.unplug()
    assert await button.hears() == "lost keypad"
    assert button.inputs.names == ()


async def test_what_is_not_there_is_said_and_not_watched(button: Bench) -> None:
    assert not button.inputs.open("/dev/input/by-id/nothing", grab=True)
    assert button.inputs.names == ("keypad",)


async def test_what_cannot_be_grabbed_is_not_taken_for_a_button(button: Bench, tmp_path: object) -> None:
    assert not button.inputs.open("/dev/null", grab=True)


@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_are_survived(data: bytes, any_key: bool) -> None:
    item = _Input("x", any_key)
    for cut in range(0, len(data), 5):
        item.stops(data[cut : cut + 5])


def test_keyboards_are_looked_for_and_nothing_else_is_opened(tmp_path: Path) -> None:
    (tmp_path / "event0").write_bytes(b"")
    (tmp_path / "mouse0").symlink_to("/nowhere")
    assert list(keyboards(str(tmp_path))) == [], "a file has no keys"
    assert list(keyboards(str(tmp_path / "none"))) == []
