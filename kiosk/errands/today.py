"""What of the past matters now: diary and prescription, read anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from kiosk.access.pins import Access
from kiosk.clock import Clock
from kiosk.diary.store import Store, StoreReader
from kiosk.errands.apart import read_apart
from kiosk.errors import KioskError
from kiosk.events import Event, TodayLoaded, TodayNotLoaded
from kiosk.today import Today

if TYPE_CHECKING:
    from kiosk.diary.shortening import Memory
    from kiosk.review.alerts import AlertsNow

ReadToday = Callable[[StoreReader, Clock, str], Today]
"""`kiosk.today.read`: of this diary, now, for this kind of stimulator."""


class TodayReading:
    """For one run of the kiosk: the diary's older months are looked through once."""

    def __init__(
        self,
        *,
        store: Store,
        access: Access,
        device_kind: str,
        read_today: ReadToday,
        hear: Callable[[Event], None],
    ) -> None:
        self._store = store
        self._access = access
        self._device_kind = device_kind
        self._read_today = read_today
        self._hear = hear
        self._memory: Memory | None = None
        """Of the diary's older months."""

    async def load(self) -> AlertsNow | None:
        """What has to be told; None: it cannot be read, and that was heard."""
        try:
            found = await read_apart(self._store, self._found)
        except KioskError as error:
            self._hear(TodayNotLoaded(error.sentence))
            return None
        self._hear(found)
        alerts: AlertsNow = found.alerts
        return alerts

    def _found(self, reader: StoreReader) -> TodayLoaded:
        # Kept off the path to the first screen: nothing is told before the diary was read.
        from kiosk.diary.shortening import Memory
        from kiosk.review.alerts import read_alerts

        if self._memory is None:
            self._memory = Memory()
        reader = self._memory.shortened(reader)
        today = self._read_today(reader, self._store.clock, self._device_kind)
        alerts = read_alerts(reader, today)
        return TodayLoaded(today, alerts, self._access.has_pin("patient"), self._access.has_pin("clinician"))
