"""A test with real processes in real time is tried again when the machine stood still in it.

A lease lapses after half a second and an answer is late after a tenth: where nothing runs for so long, a
session ends by right, and the try says nothing about the product. What fails while everything runs, fails.
"""

from __future__ import annotations

import inspect
import os
import sys
import threading
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, Final

TRIES: Final = 5
LOOK_EVERY_S: Final = 0.02
STALL_S: Final = 0.05
"""Well below every bound that a test sets for what happens in real time."""


class StallWatch:
    """How long a thread that would run at once had to wait at most, on the worst of the processors."""

    def __init__(self) -> None:
        self.longest_s = 0.0
        self._over = threading.Event()
        processors = sorted(os.sched_getaffinity(0))
        self._threads = [threading.Thread(target=self._watch, args=(n,), daemon=True) for n in processors]

    def __enter__(self) -> StallWatch:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _watch(self, processor: int) -> None:
        os.sched_setaffinity(threading.get_native_id(), {processor})
        began_s = time.monotonic()
        over = False
        while not over:
            # The last wait counts as well: a stall may end with it.
            over = self._over.wait(LOOK_EVERY_S)
            now_s = time.monotonic()
            self.longest_s = max(self.longest_s, now_s - began_s - LOOK_EVERY_S)
            began_s = now_s


def again_after_a_stall(test: Callable[..., Any]) -> Callable[..., Any]:
    """`test`, which may be async, and what it returns; each try in its own part of `tmp_path`."""

    def tries(arguments: dict[str, Any]) -> list[_Try]:
        return [_Try(number, arguments) for number in range(1, TRIES + 1)]

    @wraps(test)
    async def run_async(**arguments: Any) -> Any:
        for one in tries(arguments):
            with one:
                return await test(**one.arguments)
        raise AssertionError("the last try swallows nothing")

    @wraps(test)
    def run(**arguments: Any) -> Any:
        for one in tries(arguments):
            with one:
                return test(**one.arguments)
        raise AssertionError("the last try swallows nothing")

    return run_async if inspect.iscoroutinefunction(test) else run


class _Try:
    """Swallows a failure that a stall may have caused, unless it is the last try."""

    def __init__(self, number: int, arguments: dict[str, Any]) -> None:
        self.arguments = dict(arguments)
        self._number = number
        if "tmp_path" in arguments:
            self.arguments["tmp_path"] = Path(arguments["tmp_path"], f"try-{number}")
        self._watch = StallWatch()

    def __enter__(self) -> None:
        if "tmp_path" in self.arguments:
            self.arguments["tmp_path"].mkdir(parents=True)
        self._watch.__enter__()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> bool:
        self._watch.__exit__()
        spoilt = isinstance(error, Exception) and self._watch.longest_s > STALL_S and self._number < TRIES
        if spoilt:
            print(
                f"try {self._number} stood still for {self._watch.longest_s * 1000:.0f} ms: {error!r}",
                file=sys.stderr,
            )
        return spoilt
