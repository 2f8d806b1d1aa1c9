"""The tasks of one run: none of them outlives it, and none fails unheard."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def wait_at_most(event: asyncio.Event, seconds: float) -> None:
    """Until it is set, or so long."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


class Tasks:
    """Everything that goes on beside the keys, on the running loop."""

    def __init__(self) -> None:
        self._working: set[asyncio.Task[None]] = set()
        """Waited for at the end."""
        self._reading: set[asyncio.Task[Any]] = set()
        """Of what is only looked at: given up at the end."""

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Its failure is the run's: the loop's exception handler hears of it."""
        task = asyncio.get_running_loop().create_task(work)
        self._working.add(task)
        task.add_done_callback(self._done)

    def read(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Its failure is nobody's concern where nobody waits for it."""
        task = asyncio.get_running_loop().create_task(work)
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)
        task.add_done_callback(lambda task: None if task.cancelled() else task.exception())
        return task

    @property
    def under_way(self) -> bool:
        """Something still goes on."""
        return bool(self._working or self._reading)

    async def wind_up(self) -> None:
        """What is only read is given up, what is written is waited for; that may have begun more."""
        for task in self._reading:
            task.cancel()
        await asyncio.gather(*self._working, *self._reading, return_exceptions=True)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._working.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            failed = {"message": "a task failed", "exception": error, "task": task}
            asyncio.get_running_loop().call_exception_handler(failed)
