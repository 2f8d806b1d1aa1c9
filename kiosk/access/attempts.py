"""Guessing is slowed down: the more wrong PINs or codes in a row, the longer until the next one counts.

Nobody is shut out for good. Every attempt stands in the diary before it is checked, so that pulling the
plug wins nothing: a delay that was pending begins anew at the next start.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable
from typing import Final

import msgspec

from kiosk.diary.records import Access as AccessRecord
from kiosk.diary.records import Stored
from kiosk.diary.store import Store, StoreReader, open_reader

DELAYS_S: Final = (0, 0, 0, 5, 15, 60, 300)
"""Before the first attempt, the second …; the last one before every further attempt."""

TRIES: Final = frozenset({"pin_attempt", "code_attempt"})
SUCCEEDS: Final = frozenset({"pin_ok", "unlock"})


class Tried(msgspec.Struct, frozen=True):
    """The attempts of one role since its last right one."""

    failures: int = 0
    boot_id: str = ""
    """Of the boot in which the last one was made."""
    at_s: float = 0.0
    """When, on that boot's monotonic clock."""

    def then(self, action: str, boot_id: str, at_s: float) -> Tried:
        """After one more record. An attempt that nothing follows (the power went) was a wrong one."""
        if action in SUCCEEDS:
            return Tried()
        return Tried(self.failures + 1, boot_id, at_s) if action in TRIES else self

    def wait_s(self, boot_id: str, now_s: float, started_s: float) -> int:
        """Whole seconds until the next attempt counts. `started_s`: when this run of the kiosk began."""
        since_s = self.at_s if boot_id == self.boot_id else started_s
        left_s = since_s + DELAYS_S[min(self.failures, len(DELAYS_S) - 1)] - now_s
        return max(0, math.ceil(left_s))


def tried_in(facts: Iterable[Stored], role: str) -> Tried:
    """What the records of the table "access", in the order of writing, say of a role."""
    tried = Tried()
    for stored in facts:
        record = stored.record
        if isinstance(record, AccessRecord) and record.role == role:
            tried = tried.then(record.action, stored.envelope.boot_id, stored.envelope.monotonic_s)
    return tried


class Attempts:
    """Writes attempts down and says how long the next one has to wait."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._started_s = store.clock.monotonic_s()
        self._tried: dict[str, Tried] = {}

    async def wait_s(self, role: str) -> int:
        """Whole seconds until the next attempt of `role` counts. Raises DiaryDamaged."""
        if role not in self._tried:
            facts = await asyncio.to_thread(lambda: self._reader_apart().facts("access"))
            self._tried.setdefault(role, tried_in(facts, role))
        clock = self._store.clock
        return self._tried[role].wait_s(clock.boot_id(), clock.monotonic_s(), self._started_s)

    async def write(self, record: AccessRecord) -> None:
        """Durable when it returns. Raises StoreReadOnly; DiaryDamaged."""
        await self.wait_s(record.role)
        stored = await self._store.add(record)
        envelope, before = stored.envelope, self._tried[record.role]
        self._tried[record.role] = before.then(record.action, envelope.boot_id, envelope.monotonic_s)

    def _reader_apart(self) -> StoreReader:
        # What opens therapy reads the locks besides, whole or not at all.
        return open_reader(self._store.folder, self._store.clock, in_parts=True)
