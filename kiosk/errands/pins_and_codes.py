"""PINs that are typed at the box, and what opens its locks."""

from __future__ import annotations

from collections.abc import Callable

from kiosk.access import unlocking
from kiosk.access.pins import Access
from kiosk.access.unlocking import Unlocking
from kiosk.diary.store import Store
from kiosk.errands.apart import read_apart
from kiosk.errors import KioskError
from kiosk.events import CheckPin, CodeStateLoaded, CodeTried, Event, PinChecked, TryCode


class PinsAndCodes:
    """For one run of the kiosk."""

    def __init__(self, *, store: Store, access: Access, hear: Callable[[Event], None]) -> None:
        self._store = store
        self._access = access
        self._unlocking = Unlocking(store, access.attempts)
        self._hear = hear

    async def check_pin(self, effect: CheckPin) -> None:
        """Family, patient or clinician."""
        try:
            result = await self._access.check_pin(effect.role, effect.pin)
        except KioskError as error:
            self._hear(PinChecked(False, 0, error.sentence))
        else:
            self._hear(PinChecked(result.ok, result.wait_s))

    async def load_code_state(self) -> None:
        """Which locks a clinician can open."""
        try:
            state = await read_apart(self._store, unlocking.state_of)
        except KioskError as error:
            self._hear(CodeStateLoaded(None, error.sentence))
        else:
            self._hear(CodeStateLoaded(state))

    async def try_code(self, effect: TryCode) -> None:
        """One that the clinic gave, for one lock."""
        try:
            result = await self._unlocking.try_code(effect.number, effect.typed)
        except KioskError as error:
            self._hear(CodeTried(None, error.sentence))
        else:
            self._hear(CodeTried(result))

    async def open_lock(self, number: int) -> None:
        """By the clinician who is at the box, whatever the screens say (safety rule 27)."""
        try:
            self._access.must_be_here("clinician")
            result = await self._unlocking.open_at_box(number)
        except KioskError as error:
            self._hear(CodeTried(None, error.sentence))
        else:
            self._hear(CodeTried(result))
