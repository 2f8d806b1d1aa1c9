"""A virtual stimulator of our own: another process behind a pty, exactly as far away as hardware."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
import tempfile
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from drivers import same_code
from kiosk.errors import KioskError
from kiosk.settings import SimulatorSpec

READY_WITHIN_S: Final = 20.0
"""Generous: a small board that is busy starting everything else."""
ENDS_WITHIN_S: Final = 5.0
OUTLIVES_KIOSK_S: Final = 8.0
"""More than the guard's stop, with its tries and its silence, can take."""


class SimulatorError(KioskError):
    """The simulator did not start, or is not where it should be."""


class Simulator:
    """A running simulator. `port` is where the guard finds it."""

    def __init__(self, port: Path, child: asyncio.subprocess.Process | None) -> None:
        self.port = port
        self._child = child

    @property
    def pid(self) -> int | None:
        """Of the process, if it is ours."""
        return None if self._child is None else self._child.pid

    @property
    def ours(self) -> bool:
        """It was started here, so it can be told to have a fault."""
        return self._child is not None

    def inject(self, line: str) -> bool:
        """Gives it one line of control now: `fault KIND[:ARG]` or `replug`. False when it is not ours or has
        ended."""
        child = self._child
        if child is None or child.stdin is None or child.returncode is not None:
            return False
        child.stdin.write(line.encode() + b"\n")
        return True


@asynccontextmanager
async def running_simulator(spec: SimulatorSpec) -> AsyncIterator[Simulator]:
    """A simulator as `spec` says, until the block is left; then it is ended, if it is ours.

    Raises SimulatorError.
    """
    if spec.join is not None:
        yield Simulator(_joined(spec.join), None)
        return
    with tempfile.TemporaryDirectory(prefix="homestim-") as folder:
        child = await _start(spec, Path(folder) / spec.kind)
        try:
            yield Simulator(await _ready(child), child)
        finally:
            await _end(child)


def _joined(port: Path) -> Path:
    if not port.exists():
        raise SimulatorError(
            f"No simulator runs at {port}. Start it with `homestim simulate`, or leave the path out."
        )
    return port


async def _start(spec: SimulatorSpec, link: Path) -> asyncio.subprocess.Process:
    command = same_code.python("kiosk", "simulate", spec.kind, "--link", str(link))
    command += ["--until-exit-of", str(os.getpid())]
    if spec.log is not None:
        command += ["--log", str(spec.log)]
    for fault in spec.faults:
        command += ["--fault", fault]
    return await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=same_code.environment(),
        # Ctrl+C in the terminal is the kiosk's alone: output has to reach zero first.
        start_new_session=True,
    )


async def _ready(child: asyncio.subprocess.Process) -> Path:
    """Waits for the line `ready PATH`."""
    assert child.stdout is not None
    try:
        async with asyncio.timeout(READY_WITHIN_S):
            line = await child.stdout.readline()
    except TimeoutError as error:
        raise SimulatorError("The simulator does not start. Please try again.") from error
    word, _, path = line.decode(errors="replace").rstrip("\n").partition(" ")
    if word != "ready":
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        _, said = await child.communicate()
        words = said.decode(errors="replace").strip().removeprefix("homestim: ")
        raise SimulatorError(words or "The simulator ended without a word. Please try again.")
    return Path(path)


async def _end(child: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):  # it has ended, and the loop has not heard of it yet
        child.terminate()
    try:
        async with asyncio.timeout(ENDS_WITHIN_S):
            await child.wait()
    except TimeoutError:
        child.kill()
        await child.wait()


def end_after(pid: int) -> None:
    """In the simulator: SIGTERM for ourselves when the process `pid` has ended and the guard has stopped us.

    A kiosk that is killed cannot end its simulator itself.
    """
    threading.Thread(target=_end_after, args=(pid,), daemon=True).start()


def _end_after(pid: int) -> None:
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        pass
    else:
        select.select([watched], [], [])
    # Real time on purpose: the guard's stop and its silence have to find the device alive.
    time.sleep(OUTLIVES_KIOSK_S)
    os.kill(os.getpid(), signal.SIGTERM)
