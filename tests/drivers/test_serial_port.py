"""The port: what opening it can say, and which bytes leave in which order when it is full or to be silent."""

from __future__ import annotations

import asyncio
import errno
import os
import select
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import serial

from drivers import serial_port
from drivers.hasomed import FrameScanner
from drivers.p24.codec import SCIENCE_MODE_4, MlStop, Packet, command_frame
from drivers.registry import DRIVERS, open_stimulator
from drivers.serial_port import SerialLink, is_pty, open_port
from drivers.serial_settings import SerialSettings
from drivers.stimulator import PortError, Unplugged

SETTINGS = SerialSettings(460_800, "E", 1, rts_cts=False)
FRAME = Packet(1, 32, bytes(range(100))).to_frame()
STOP = command_frame(MlStop(), 5)
FILLER = b"\x0f"


@contextmanager
def pty() -> Iterator[tuple[int, str]]:
    """(the device's end, the host's path)."""
    master, slave = os.openpty()
    tty.setraw(master)
    os.set_blocking(master, False)
    path = os.ttyname(slave)
    os.close(slave)
    try:
        yield master, path
    finally:
        os.close(master)


class Host:
    """A link on a pty, and what it told us."""

    def __init__(self, path: str) -> None:
        self.received = bytearray()
        self.lost: list[Unplugged] = []
        self.is_lost = asyncio.Event()
        self.port = open_port(path, SETTINGS)
        self.link = SerialLink(
            self.port,
            self.received.extend,
            self._on_lost,
            filler=FILLER,
            longest_frame=SCIENCE_MODE_4.longest_frame,
        )

    def _on_lost(self, error: Unplugged) -> None:
        self.lost.append(error)
        self.is_lost.set()


def read_all(master: int) -> bytes:
    data = bytearray()
    while True:
        try:
            data += os.read(master, 65_536)
        except BlockingIOError:
            return bytes(data)


def bodies_in(data: bytes) -> list[bytes]:
    return FrameScanner(SCIENCE_MODE_4).feed(data)


(FRAME_BODY,) = bodies_in(FRAME)
(STOP_BODY,) = bodies_in(STOP)


@contextmanager
def half_written() -> Iterator[tuple[int, Host]]:
    """A full port of which the device reads nothing, with a frame in it that has only begun to leave."""
    for noise in range(len(FRAME)):
        with pty() as (master, path):
            host = Host(path)
            os.write(host.port.fd, bytes(5_000 + noise))
            time.sleep(0.01)  # the kernel moves some of it on, and makes room once more
            while host.link.unsent == 0:
                host.link.write(FRAME)
            still_full = not select.select([], [host.port.fd], [], 0.01)[1]
            if host.link.half_written and still_full:
                yield master, host
                host.link.close()
                return
            host.link.close()
    raise AssertionError("no frame was ever taken in part")


# ── opening ─────────────────────────────────────────────────────────────────────────────────────


def test_a_missing_port_is_said(tmp_path: Path) -> None:
    with pytest.raises(PortError) as error:
        open_port(str(tmp_path / "ttyACM9"), SETTINGS)
    assert str(tmp_path / "ttyACM9") in error.value.sentence
    assert "is not there. Check" in error.value.sentence


@pytest.mark.parametrize("path", ["/dev/null", "/etc/hostname", "/tmp"])
def test_what_is_no_serial_port_is_said(path: str) -> None:
    with pytest.raises(PortError) as error:
        open_port(path, SETTINGS)
    assert "is not a serial port" in error.value.sentence


def test_a_port_that_another_program_has_is_said() -> None:
    with pty() as (_master, path):
        first = open_port(path, SETTINGS)
        with pytest.raises(PortError) as error:
            open_port(path, SerialSettings(460_800, "N", 1, rts_cts=False))
        assert "Another program" in error.value.sentence
        first.close()


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EACCES, "may not use"),
        (errno.EPERM, "may not use"),
        (errno.EBUSY, "Another program"),
        (errno.ENODEV, "is not there"),
        (errno.EIO, "is not there"),
        (errno.EINVAL, "does not open"),
    ],
)
def test_each_refusal_has_its_sentence(number: int, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise serial.SerialException(number, os.strerror(number))

    monkeypatch.setattr(serial_port.serial, "Serial", refuse)
    with pty() as (_master, path), pytest.raises(PortError) as error:
        open_port(path, SETTINGS)
    assert words in error.value.sentence
    assert os.strerror(number) in str(error.value)


def test_a_pty_is_known_by_what_it_is_and_not_by_its_name(tmp_path: Path) -> None:
    with pty() as (_master, path):
        disguise = tmp_path / "usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0"
        disguise.symlink_to(path)
        assert is_pty(os.stat(disguise).st_rdev)
    assert not is_pty(os.stat("/dev/null").st_rdev)
    assert not is_pty(os.makedev(188, 0))  # the first USB serial port


def test_a_pty_is_never_asked_for_the_parity_that_it_takes_only_once() -> None:
    with pty() as (_master, path):
        for _ in range(3):
            port = open_port(path, SerialSettings(460_800, "E", 1, rts_cts=False))
            assert port.parity == "N"
            port.close()


def test_parity_is_set_on_anything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(serial_port.serial, "Serial", lambda *_, **options: asked.append(options))
    open_port("/dev/null", SerialSettings(460_800, "E", 1, rts_cts=False))
    assert (asked[0]["parity"], asked[0]["stopbits"], asked[0]["baudrate"]) == ("E", 1, 460_800)


async def test_every_registered_driver_opens_on_a_pty() -> None:
    for kind in DRIVERS:
        with pty() as (_master, path):
            driver = open_stimulator(kind, path)
            assert driver.kind == kind
            await driver.close()
    with pytest.raises(PortError):
        open_stimulator("p24", "/dev/null")


# ── reading ─────────────────────────────────────────────────────────────────────────────────────


async def test_bytes_arrive_and_an_idle_port_is_no_lost_port() -> None:
    with pty() as (master, path):
        host = Host(path)
        os.write(master, b"\x01\x02")
        async with asyncio.timeout(5):
            while len(host.received) < 2:  # noqa: ASYNC110 - what a link gets is no event
                await asyncio.sleep(0.001)
        assert bytes(host.received) == b"\x01\x02"
        host.link._readable()  # woken for nothing
        assert host.link.open
        host.link.close()


async def test_the_other_end_going_away_is_noticed_once() -> None:
    master, slave = os.openpty()
    path = os.ttyname(slave)
    os.close(slave)
    host = Host(path)
    os.close(master)
    async with asyncio.timeout(5):
        await host.is_lost.wait()
    host.link.write(FRAME)
    host.link.preempt(STOP)
    host.link.silence()
    host.link.close()
    assert len(host.lost) == 1
    assert not host.link.open
    assert not host.port.is_open


async def test_a_write_to_a_port_that_is_gone_says_so_too() -> None:
    master, slave = os.openpty()
    path = os.ttyname(slave)
    os.close(slave)
    host = Host(path)
    os.close(master)
    host.link.write(FRAME)
    assert len(host.lost) == 1


# ── writing ─────────────────────────────────────────────────────────────────────────────────────


async def test_a_write_leaves_before_it_returns() -> None:
    with pty() as (master, path):
        host = Host(path)
        host.link.write(FRAME)
        assert read_all(master) == FRAME
        assert (host.link.unsent, host.link.half_written) == (0, 0)
        host.link.close()


async def test_a_full_port_gets_the_rest_when_it_has_room_again() -> None:
    with half_written() as (master, host):
        host.link.write(STOP)
        assert host.link.unsent > len(STOP)
        data = bytearray()
        async with asyncio.timeout(5):
            while host.link.unsent:
                data += read_all(master)
                await asyncio.sleep(0.001)
        data += read_all(master)
        bodies = bodies_in(bytes(data))
        assert bodies[-2:] == [FRAME_BODY, STOP_BODY]
        assert len(bodies) == data.count(FRAME) + 1


async def test_a_stop_completes_the_frame_that_has_begun_and_drops_the_others() -> None:
    with half_written() as (master, host):
        for _ in range(3):
            host.link.write(FRAME)
        missing = host.link.half_written
        data = read_all(master)  # the device reads again, before our loop has noticed
        host.link.preempt(STOP)
        assert host.link.unsent == 0
        rest = read_all(master)
        assert rest == FRAME[-missing:] + STOP
        assert bodies_in(data + rest)[-2:] == [FRAME_BODY, STOP_BODY]


async def test_a_stop_into_a_full_port_throws_away_what_stands_in_its_way() -> None:
    with half_written() as (master, host):
        host.link.preempt(STOP)
        data = bytearray()
        async with asyncio.timeout(5):
            while host.link.unsent:
                data += read_all(master)
                await asyncio.sleep(0.001)
        data += read_all(master)
        assert bodies_in(bytes(data))[-1] == STOP_BODY
        # Whatever the device had of the frame before is voided by a longest frame's worth of filler.
        assert bytes(data).endswith(FILLER * SCIENCE_MODE_4.longest_frame + STOP)


async def test_a_stop_can_be_told_to_void_what_may_have_been_damaged() -> None:
    with pty() as (master, path):
        host = Host(path)
        host.link.preempt(STOP, void=True)
        assert read_all(master) == FILLER * SCIENCE_MODE_4.longest_frame + STOP
        host.link.close()


@pytest.mark.parametrize("begun", range(1, len(FRAME), 7))
def test_the_filler_voids_any_half_frame(begun: int) -> None:
    stream = FRAME[:begun] + FILLER * SCIENCE_MODE_4.longest_frame + STOP
    assert bodies_in(stream) == [STOP_BODY]
    # The same for a parser that believes a length and waits for all of it.
    assert begun + SCIENCE_MODE_4.longest_frame >= len(FRAME)


# ── silence ─────────────────────────────────────────────────────────────────────────────────────


async def test_in_silence_not_one_byte_leaves() -> None:
    with pty() as (master, path):
        host = Host(path)
        host.link.silence()
        with pytest.raises(RuntimeError):
            host.link.write(FRAME)
        host.link.preempt(STOP)
        await asyncio.sleep(0.01)
        assert read_all(master) == b""
        host.link.end_silence()
        host.link.write(STOP)
        assert read_all(master) == STOP
        host.link.close()


async def test_silence_drops_what_waits_and_voids_it_afterwards() -> None:
    with half_written() as (master, host):
        host.link.write(FRAME)
        host.link.silence()
        assert host.link.unsent == 0
        before = read_all(master)
        await asyncio.sleep(0.02)
        assert read_all(master) == b""
        host.link.end_silence()
        host.link.write(STOP)
        after = read_all(master)
        assert after == FILLER * SCIENCE_MODE_4.longest_frame + STOP
        assert bodies_in(before + after)[-1] == STOP_BODY


async def test_closing_a_full_port_does_not_wait() -> None:
    with half_written() as (_master, host):
        host.link.close()
        host.link.close()
        assert not host.port.is_open
        assert host.lost == []
