"""Programs that are asked one thing: a question on their standard input, the answer on their output."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from drivers import same_code


class Answer(NamedTuple):
    """What the program said, and the code that it ended with."""

    code: int
    output: bytes
    errors: bytes


async def ask(
    command: Sequence[str], question: bytes = b"", environment: Mapping[str, str] | None = None
) -> Answer:
    """Starts `command` and waits for its end; cancelled, ends it. Raises OSError: it cannot be started."""
    child = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
    )
    try:
        output, errors = await child.communicate(question)
    except asyncio.CancelledError:
        with contextlib.suppress(ProcessLookupError):  # it has ended just now
            child.kill()
        # Read on: asyncio never hears the end of a pipe that has filled up, and so never that of its program.
        await child.communicate()
        raise
    assert child.returncode is not None
    return Answer(child.returncode, output, errors)


async def ask_ours(module: str, *arguments: str, question: bytes = b"", by: Sequence[str] = ()) -> Answer:
    """Asks a module of this same code. `by` is put before the command: a program that starts it."""
    return await ask([*by, *same_code.python(module, *arguments)], question, same_code.environment())
