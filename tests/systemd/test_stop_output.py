"""`systemd/stop-output`: one file of the standard library that stops a stimulator when the guard is gone."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.guard_rig import VirtualDevice, kiosk, virtual_device

STOP_OUTPUT = Path(__file__).parents[2] / "systemd" / "stop-output"
NOT_KNOWN = (
    "Switch the stimulator OFF now. It is not known if current still flows. "
    "Do not touch the pads until it is off."
)
"""Safety rule 16."""
STOP_FRAMES = {"p24": "Ml_stop", "rehastim2": "StopChannelListMode"}


async def stop_output(*arguments: str | Path) -> tuple[int, str]:
    """Its exit status and its words. It finds no package, no site and no folder of ours."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-S",
        str(STOP_OUTPUT),
        *map(str, arguments),
        cwd="/",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(20):
        said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


def at(device: VirtualDevice) -> tuple[str, str, str, str]:
    return "--port", device.path, "--device", device.kind


@pytest.mark.parametrize("kind", ["p24", "rehastim2"])
async def test_it_ends_the_output_that_a_killed_guard_has_left(tmp_path: Path, kind: str) -> None:
    async with kiosk(tmp_path, kind=kind) as client:
        await client.current_flows()
        assert client.link.pid is not None
        os.kill(client.link.pid, signal.SIGKILL)
        await client.closed.wait()
        began_s = time.monotonic()
        code, said = await stop_output(*at(client.device))
        assert (code, "output is off" in said) == (0, True), said
        # The device's own time-out is a second away at least: it was the frame that ended it.
        assert await client.device.zero_after(began_s) < 1.0
        names = [one["name"] for one in client.device.log() if one["event"] == "frame" and one["t"] > began_s]
        assert names[0] == STOP_FRAMES[kind]


async def test_a_frame_that_the_guard_left_half_written_does_not_swallow_the_stop(tmp_path: Path) -> None:
    async with virtual_device(tmp_path) as device:
        port = os.open(device.path, os.O_RDWR | os.O_NOCTTY)
        os.write(port, bytes.fromhex("f08155817e815b8104102003"))  # the first part of an Ml_update
        os.close(port)
        assert (await stop_output(*at(device)))[0] == 0
        assert "Ml_stop" in device.frames_between(0.0, time.monotonic())


@pytest.mark.parametrize("kind", ["p24", "rehastim2"])
async def test_without_an_answer_it_is_silent_for_three_seconds_and_says_that_it_is_not_known(
    tmp_path: Path, kind: str
) -> None:
    async with virtual_device(tmp_path, "--fault", "mute", kind=kind) as device:
        code, said = await stop_output(*at(device))
        ended_s = time.monotonic()
        assert code == 1
        assert NOT_KNOWN in said
        frames = [one for one in device.log() if one["event"] == "frame"]
        assert sum(one["name"] == STOP_FRAMES[kind] for one in frames) == 3
        assert ended_s - frames[-1]["t"] > 3.0


@pytest.mark.parametrize(
    "fault", ["ack_lost:2", "flipped:out", "garbage:400", "truncated:out", "byte_lost:in"]
)
async def test_one_damaged_answer_costs_a_try_and_no_more(tmp_path: Path, fault: str) -> None:
    async with virtual_device(tmp_path, "--fault", f"{fault}@n=1") as device:
        code, said = await stop_output(*at(device))
        assert code == 0, said


async def test_a_device_that_ignores_the_stop_is_not_called_off(tmp_path: Path) -> None:
    async with kiosk(tmp_path) as client:
        await client.current_flows()
        client.device.fault("stop_ignored")
        assert client.link.pid is not None
        os.kill(client.link.pid, signal.SIGKILL)
        await client.closed.wait()
        began_s = time.monotonic()
        code, said = await stop_output(*at(client.device))
        assert code == 1
        assert "did not say" in said
        # Its questions for the status did not feed the device's time-out.
        assert await client.device.zero_after(began_s) < 2.5


async def test_a_port_that_another_program_holds_gets_the_stop_and_keeps_its_answers(tmp_path: Path) -> None:
    async with virtual_device(tmp_path) as device:
        port = os.open(device.path, os.O_RDWR | os.O_NOCTTY)
        try:
            fcntl.flock(port, fcntl.LOCK_EX)
            code, said = await stop_output(*at(device))
            assert code == 1
            assert "Another program" in said
            await device.until(lambda one: one.get("name") == "Ml_stop", 0.0)
            assert os.read(port, 4096)
        finally:
            os.close(port)


async def test_a_port_that_is_not_there_leaves_it_unknown(tmp_path: Path) -> None:
    code, said = await stop_output("--port", tmp_path / "nothing", "--device", "p24")
    assert code == 1
    assert NOT_KNOWN in said


async def test_port_and_kind_come_from_the_configuration(tmp_path: Path) -> None:
    async with virtual_device(tmp_path, kind="rehastim2") as device:
        config = tmp_path / "kiosk.toml"
        config.write_text(f'[device]\nkind = "rehastim2"\nid_path = "{device.path}"\n')
        code, said = await stop_output("--config", config)
        # Nothing has initialised it: it answers no command, and asks for that instead.
        assert (code, "output is off" in said) == (0, True), said


@pytest.mark.parametrize(
    "content",
    [None, "", "[kiosk]\nlocked = true\n", '[device]\nkind = "p24"\nid_path = ""\nsimulated = true\n'],
    ids=["no file", "an empty file", "no device", "a simulator that the kiosk starts"],
)
async def test_without_a_stimulator_there_is_nothing_to_stop(tmp_path: Path, content: str | None) -> None:
    config = tmp_path / "kiosk.toml"
    if content is not None:
        config.write_text(content)
    code, said = await stop_output("--config", config)
    assert (code, "No stimulator is configured" in said) == (0, True)


MISTYPED: dict[str, Callable[[Path], object]] = {
    "no text": lambda at: at.write_bytes(bytes(range(256))),
    "no TOML": lambda at: at.write_text('[device\nkind = "p24"\n'),
    "a folder": lambda at: at.mkdir(),
    "a link that leads nowhere": lambda at: at.symlink_to("/nowhere/kiosk.toml"),
    "a link to itself": lambda at: at.symlink_to(at),
    "a pipe": lambda at: os.mkfifo(at),
    "too long": lambda at: at.write_text("#" * 2_000_000),
    "nested too deeply": lambda at: at.write_text("a = " + "[" * 100_000),
    "a device that is a number": lambda at: at.write_text("device = 3\n"),
    "a list of devices": lambda at: at.write_text('[[device]]\nkind = "p24"\nid_path = "/dev/null"\n'),
    "an empty device": lambda at: at.write_text("[device]\n"),
    "no port": lambda at: at.write_text('[device]\nkind = "p24"\n'),
    "a port that is a number": lambda at: at.write_text('[device]\nkind = "p24"\nid_path = 5\n'),
    "a port that is a list": lambda at: at.write_text('[device]\nkind = "p24"\nid_path = ["/dev/null"]\n'),
    "a port that ends in its midst": lambda at: at.write_text(
        '[device]\nkind = "p24"\nid_path = "/dev/tty\\u0000x"\n'
    ),
    "no kind": lambda at: at.write_text('[device]\nid_path = "/dev/null"\n'),
    "a kind that is none": lambda at: at.write_text('[device]\nkind = "p42"\nid_path = "/dev/null"\n'),
    "a kind that is a list": lambda at: at.write_text('[device]\nkind = ["p24"]\nid_path = "/dev/null"\n'),
    "a device that may be simulated": lambda at: at.write_text('[device]\nkind = "p24"\nsimulated = 1\n'),
}


@pytest.mark.parametrize("what", MISTYPED)
async def test_what_somebody_mistyped_is_no_stimulator_that_is_off(tmp_path: Path, what: str) -> None:
    """The stimulator is as connected as before, and nobody has stopped it."""
    config = tmp_path / "kiosk.toml"
    MISTYPED[what](config)
    code, said = await stop_output("--config", config)
    assert (code, NOT_KNOWN in said) == (1, True), said
    assert "Traceback" not in said


async def test_a_stimulator_that_is_named_is_stopped_whatever_stands_in_the_configuration(
    tmp_path: Path,
) -> None:
    config = tmp_path / "kiosk.toml"
    config.write_text("[device")
    async with virtual_device(tmp_path) as device:
        code, said = await stop_output(*at(device), "--config", config)
        assert code == 0, said


@pytest.mark.parametrize(
    ("arguments", "code"), [(["--port", "/nowhere", "--device", "p24"], 1), ([], 0), (["-x"], 2)]
)
def test_the_command_runs_the_same_file(arguments: list[str], code: int, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "kiosk", "stop-output", "--config", str(tmp_path / "none"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == code, done.stderr
    assert "stop-output" in done.stdout + done.stderr


async def test_a_port_without_its_kind_is_a_wrong_use(tmp_path: Path) -> None:
    code, said = await stop_output("--port", "/dev/null", "--config", tmp_path / "none")
    assert code == 2
    assert "--device p24 or rehastim2" in said
