"""The simulator is another process: started, waited for, given faults, and ended with us."""

import asyncio
import contextlib
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from drivers.registry import DRIVERS
from kiosk.settings import SimulatorSpec
from kiosk.simulator import SimulatorError, running_simulator


async def ended(pid: int) -> bool:
    """Waits until the process has ended."""
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(await asyncio.to_thread(lambda: select.select([watched], [], [], 30)[0]))
    finally:
        os.close(watched)


@pytest.mark.parametrize("kind", sorted(DRIVERS))
async def test_a_simulator_is_a_terminal_of_its_own_and_ends_with_the_block(kind: str) -> None:
    async with running_simulator(SimulatorSpec(kind)) as simulator:
        port = os.open(simulator.port, os.O_RDWR | os.O_NOCTTY)
        assert os.isatty(port)
        os.close(port)
        assert os.getsid(simulator.pid) != os.getsid(0)
        pid, folder = simulator.pid, simulator.port.parent
    assert await ended(pid)
    assert folder.name not in os.listdir(folder.parent)


async def test_a_fault_can_be_given_while_it_runs() -> None:
    async with running_simulator(SimulatorSpec("p24")) as simulator:
        port = os.open(simulator.port, os.O_RDWR | os.O_NOCTTY)
        assert simulator.inject("fault unplug")
        await asyncio.to_thread(select.select, [port], [], [], 30)
        # A port that ended reads empty or not at all.
        with contextlib.suppress(OSError):
            assert os.read(port, 1) == b""
        os.close(port)
    assert not simulator.inject("fault unplug")


async def test_one_that_has_ended_already_is_no_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel knows it before the loop does, and then there is no process to send a signal to."""

    def gone(_child: object) -> None:
        raise ProcessLookupError

    async with running_simulator(SimulatorSpec("p24")) as simulator:
        assert simulator.pid is not None
        monkeypatch.setattr(asyncio.subprocess.Process, "terminate", gone)
        os.kill(simulator.pid, signal.SIGTERM)


async def test_what_the_simulator_refuses_comes_back_as_its_sentence(tmp_path: Path) -> None:
    nowhere = tmp_path / "none" / "log"
    with pytest.raises(SimulatorError, match="none/log") as caught:
        async with running_simulator(SimulatorSpec("p24", log=nowhere)):
            pytest.fail("it started")
    assert "Traceback" not in caught.value.sentence


async def test_joining_takes_what_is_there_and_leaves_it_alone(tmp_path: Path) -> None:
    async with running_simulator(SimulatorSpec("p24")) as ours:
        async with running_simulator(SimulatorSpec("p24", join=ours.port)) as joined:
            assert (joined.port, joined.pid) == (ours.port, None)
            assert not joined.inject("fault unplug")
        os.kill(ours.pid, 0)
    with pytest.raises(SimulatorError, match="No simulator runs"):
        async with running_simulator(SimulatorSpec("p24", join=tmp_path / "none")):
            pytest.fail("joined nothing")


async def test_a_cancelled_start_leaves_nothing_behind() -> None:
    async def never() -> None:
        async with running_simulator(SimulatorSpec("p24")) as simulator:
            pids.append(simulator.pid)
            started.set()
            await asyncio.Event().wait()

    pids: list[int] = []
    started = asyncio.Event()
    task = asyncio.create_task(never())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await ended(pids[0])


KIOSK = """
import asyncio
from kiosk import simulator
from kiosk.settings import SimulatorSpec

async def main() -> None:
    async with simulator.running_simulator(SimulatorSpec("p24")) as running:
        print(running.pid, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.mark.slow
async def test_a_killed_kiosk_is_outlived_only_as_long_as_a_stop_takes() -> None:
    kiosk = await asyncio.create_subprocess_exec(sys.executable, "-c", KIOSK, stdout=asyncio.subprocess.PIPE)
    pid = int(await kiosk.stdout.readline())
    kiosk.kill()
    await kiosk.wait()
    # A stop that has to be repeated takes up to three seconds of silence: until then the device is there.
    await asyncio.sleep(4)
    os.kill(pid, 0)
    assert await ended(pid)


def test_sigterm_ends_it_at_once(tmp_path: Path) -> None:
    link = tmp_path / "p24"
    child = subprocess.Popen(
        [sys.executable, "-m", "kiosk", "simulate", "p24", "--link", str(link)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout.readline() == f"ready {link}\n"
    child.send_signal(signal.SIGTERM)
    assert child.wait(20) == 0
    child.stdout.close()
    assert not link.is_symlink()
