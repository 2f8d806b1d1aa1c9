"""Records into the diary; that they are saved is heard only once they are durable."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from kiosk.diary.records import Lock, Record, Screening, Session, Stored
from kiosk.diary.store import Store, StoreReadOnly
from kiosk.errors import KioskError
from kiosk.events import Event, Save, Saved, SaveFailed, SaveScreening, SessionNotSaved


class Saving:
    """For one run of the kiosk."""

    def __init__(self, *, store: Store, hear: Callable[[Event], None]) -> None:
        self._store = store
        self._hear = hear

    async def save(self, effect: Save | SaveScreening) -> None:
        """For the visit."""
        try:
            stored = await self._saved(effect)
        except KioskError as error:
            self._hear(SaveFailed(effect.tag, error.sentence, _tried(error)))
        else:
            self._hear(Saved(effect.tag, stored))

    async def open_anew(self) -> None:
        """After a failed write. What comes behind it is refused when this fails, and tells."""
        with contextlib.suppress(KioskError):
            await self._store.open_anew()

    async def for_session(self, record: Record, corrects: str | None) -> str:
        """The record's id (`kiosk.session.runner.Save`). Raises KioskError when it is not written: the visit
        keeps it, unless it says that a session begins, which then does not."""
        try:
            if corrects is None:
                stored = await self._store.add(record)
            else:
                stored = await self._store.correct(record, corrects)
        except KioskError as error:
            if not (isinstance(record, Session) and record.state == "begun"):
                self._hear(SessionNotSaved(record, corrects, error.sentence, _tried(error)))
            raise
        return stored.envelope.id

    async def _saved(self, effect: Save | SaveScreening) -> Stored:
        record = effect.record
        if isinstance(effect, SaveScreening):
            if effect.id is None:
                return await self._store.add(record, tried=effect.tried)
            assert isinstance(record, Screening)
            return await self._store.update_screening(effect.id, record)
        if isinstance(record, Lock):
            return await self._store.lock(record.class_, record.cause, record.until, tried=effect.tried)
        if effect.corrects is not None:
            return await self._store.correct(record, effect.corrects, tried=effect.tried)
        return await self._store.add(record, effect.event_time, tried=effect.tried)


def _tried(error: KioskError) -> str:
    return error.tried if isinstance(error, StoreReadOnly) else ""
