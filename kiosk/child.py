"""Programs that are asked one thing: a question on their standard input, the answer on their output."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from drivers import same_code
from kiosk.errors import N_, KioskError


class Answer(NamedTuple):
    """What the program said, and the code that it ended with."""

    code: int
    output: bytes
    errors: bytes


async def ask(
    command: Sequence[str], question: bytes = b"", environment: Mapping[str, str] | None = None
) -> Answer:
    """Starts `command` and waits for its end; cancelled, ends it. Raises KioskError: it cannot be started."""
    try:
        child = await start(command, asyncio.subprocess.PIPE, environment)
    except OSError as error:  # no memory, no more processes or files
        raise KioskError(
            N_("The computer cannot start another program now. Please try again."), detail=str(error)
        ) from error
    try:
        output, errors = await child.communicate(question)
    except asyncio.CancelledError:
        await give_up(child)
        raise
    assert child.returncode is not None
    return Answer(child.returncode, output, errors)


async def start(
    command: Sequence[str], says: int, environment: Mapping[str, str] | None = None
) -> asyncio.subprocess.Process:
    """The leader of a session of its own; `says` is what becomes of its output and errors. Raises OSError."""
    starting = asyncio.ensure_future(
        asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=says,
            stderr=says,
            env=environment,
            start_new_session=True,
        )
    )
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        # It may have started something by now, which asyncio would leave alone.
        await give_up(await starting)
        raise


async def give_up(child: asyncio.subprocess.Process) -> None:
    """Ends the leader of a session with all that it has started, and waits for their end.

    What it has started holds its pipes, and until all are closed asyncio does not hear of its end.
    """
    with contextlib.suppress(ProcessLookupError):  # they have ended just now
        os.killpg(child.pid, signal.SIGKILL)
    # Reads on: of a pipe that has filled up meanwhile it would not hear the end either.
    await child.communicate()


async def ask_ours(module: str, *arguments: str, question: bytes = b"", by: Sequence[str] = ()) -> Answer:
    """Asks a module of this same code. `by` is put before the command: a program that starts it.

    Raises KioskError: it cannot be started.
    """
    return await ask([*by, *same_code.python(module, *arguments)], question, same_code.environment())
