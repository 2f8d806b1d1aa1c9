"""Which locks a clinician can open, and the one-time code that is typed at the box for one of them."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Iterable
from typing import Final, Literal

import msgspec

from kiosk.access import codes, enrolment
from kiosk.access.attempts import Attempts
from kiosk.diary.records import Access, Lock, LockClass, Stored
from kiosk.diary.store import Store, StoreReader, open_reader

ROLE: Final = "clinician"
OPENED_BY_CLINICIAN: Final[tuple[LockClass, ...]] = (
    "E", "red", "U", "X", "C", "restore", "skin", "pain", "soreness",
)  # fmt: skip
"""All but P, worst first (safety rule 27). Patient, family and installer open none of them."""

_TRY: Final = "code_attempt"

Refusal = Literal["", "wrong", "wait", "not_enrolled", "no_such_lock"]


class CodeResult(msgspec.Struct, frozen=True):
    """What came of a code: opened (`refused` empty), or why not."""

    refused: Refusal = ""
    wait_s: int = 0
    """Until the next code is looked at."""


class ToOpen(msgspec.Struct, frozen=True):
    """A lock that a clinician can open, and what to read out for it."""

    lock: Lock
    name: str
    """ "12", or "12-1"."""


class CodeState(msgspec.Struct, frozen=True):
    """What the screen for the code has to say."""

    box: str
    """ "3F7A-91C2"; empty: the box is not enrolled, so no code can be right."""
    locks: tuple[ToOpen, ...]
    """Worst first."""


def state_of(reader: StoreReader) -> CodeState:
    """Raises DiaryDamaged, EnrolmentError."""
    known = enrolment.load(reader.folder)
    tries = tuple(reader.facts("access"))
    return CodeState(
        box="" if known is None else known.box,
        locks=tuple(
            ToOpen(lock, codes.lock_name(lock.number, wrong_codes(tries, lock.number)))
            for lock in (_lock(stored) for stored in _openable(reader.locks_open()))
        ),
    )


def find_open(reader: StoreReader, number: int) -> Stored | None:
    """The lock of this number, while it holds and is a clinician's to open."""
    found = [stored for stored in _openable(reader.locks_open()) if _lock(stored).number == number]
    # A number stands for one lock; were it otherwise, none of them is meant for certain.
    return found[0] if len(found) == 1 else None


def wrong_codes(access: Iterable[Stored], number: int) -> int:
    """How many codes were tried for the lock of this number."""
    return sum(
        isinstance(stored.record, Access)
        and stored.record.action == _TRY
        and stored.record.detail == str(number)
        for stored in access
    )


def _openable(stored: Iterable[Stored]) -> list[Stored]:
    theirs = [one for one in stored if _lock(one).class_ in OPENED_BY_CLINICIAN]
    return sorted(theirs, key=lambda one: OPENED_BY_CLINICIAN.index(_lock(one).class_))


def _lock(stored: Stored) -> Lock:
    assert isinstance(stored.record, Lock)
    return stored.record


class Unlocking:
    """Checks codes at the box."""

    def __init__(self, store: Store, attempts: Attempts) -> None:
        self._store = store
        self._attempts = attempts

    async def try_code(self, number: int, typed: str) -> CodeResult:
        """Opens the lock of this number if `typed` is its code; that is durable when it returns.

        The attempt is in the diary before it is looked at. A wrong one changes nothing else. Raises
        StoreReadOnly (then nothing was looked at), DiaryDamaged, EnrolmentError.
        """
        if wait_s := await self._attempts.wait_s(ROLE):
            return CodeResult("wait", wait_s)
        known = await asyncio.to_thread(enrolment.load, self._store.folder)
        if known is None:
            return CodeResult("not_enrolled")
        lock, tries = await asyncio.to_thread(self._find, number)
        if lock is None:
            return CodeResult("no_such_lock")
        await self._attempts.write(Access(role=ROLE, action=_TRY, detail=str(number)))
        right = known.code(number, tries // codes.TRIES_PER_CODE)
        if not hmac.compare_digest(right.encode(), typed.encode()):
            await self._store.add(Access(role=ROLE, action="code_wrong", detail=str(number)))
            return CodeResult("wrong", await self._attempts.wait_s(ROLE))
        await self._store.unlock(lock.envelope.id, "code", note=f"lock {number}")
        await self._attempts.write(Access(role=ROLE, action="unlock", detail=str(number)))
        return CodeResult()

    async def open_at_box(self, number: int) -> CodeResult:
        """Opens the lock of this number for the clinician whose PIN was right; durable when it returns.

        Raises StoreReadOnly (then it is as it was), DiaryDamaged.
        """
        lock, _tries = await asyncio.to_thread(self._find, number)
        if lock is None:
            return CodeResult("no_such_lock")
        await self._store.unlock(lock.envelope.id, "clinician_pin", note=f"lock {number}")
        await self._attempts.write(Access(role=ROLE, action="unlock", detail=str(number)))
        return CodeResult()

    def _find(self, number: int) -> tuple[Stored | None, int]:
        reader = open_reader(self._store.folder, self._store.clock)
        return find_open(reader, number), wrong_codes(reader.facts("access"), number)
