"""The garbage collector: it holds every thread while it looks, the one that seeks STOP too."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

USUAL: Final = gc.get_threshold()
SMALL_STEPS: Final = (700, 2, 1_000_000)
"""Young objects are looked at before they are many (1 ms in place of 3 to 16), and the old ones, which take
30 ms, not at all: enough for an hour, not for ever."""


@contextmanager
def without_collecting() -> Iterator[None]:
    """Thousands of objects that stay are made at once: looking through them for garbage is in vain."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def in_small_steps(wanted: bool) -> None:
    """From now on no collection takes long enough to keep a stop waiting; else as usual."""
    gc.set_threshold(*(SMALL_STEPS if wanted else USUAL))
