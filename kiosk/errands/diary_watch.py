"""What comes beside the running kiosk: something is handed in, or the diary turns out to be damaged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from kiosk.diary import inbox
from kiosk.diary.store import Damage, Store
from kiosk.errands.tasks import wait_at_most
from kiosk.events import DiaryChecked, Event

LOOK_EVERY_S: Final = 10.0


class DiaryWatch:
    """For one run of the kiosk. The store itself checks its months, in idle moments."""

    def __init__(
        self,
        *,
        store: Store,
        step: Callable[[], str],
        hear: Callable[[Event], None],
        load_today: Callable[[], None],
    ) -> None:
        self._store = store
        self._step = step
        self._hear = hear
        self._load_today = load_today
        self._told = Damage()
        """Damage that was told."""

    async def watch(self, left: asyncio.Event) -> None:
        """Until the kiosk is left."""
        while not left.is_set():
            self._look()
            await wait_at_most(left, LOOK_EVERY_S)

    def _look(self) -> None:
        """On home what was handed in is taken in within seconds."""
        damage = self._store.damage
        if damage != self._told:
            self._hear(DiaryChecked(damage.months, damage.cut_short and not self._told.cut_short))
            self._told = damage
        if self._step() == "home" and inbox.is_waiting(self._store.folder):
            self._load_today()
