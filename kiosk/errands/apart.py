"""The diary, read where no key waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from kiosk.diary.store import Store, StoreReader, open_reader

T = TypeVar("T")


async def read_apart(store: Store, read: Callable[[StoreReader], T]) -> T:
    """`read` in a thread, with a reader of its own: the store's belongs to the loop's. Raises as `read`."""
    return await asyncio.to_thread(lambda: read(open_reader(store.folder, store.clock)))
