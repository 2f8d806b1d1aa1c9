"""What the clinic sent, or somebody handed in beside the running kiosk: taken in, held, said yes or no to."""

from __future__ import annotations

import logging
from collections.abc import Callable

from kiosk.access import handed_in
from kiosk.access.pins import Access
from kiosk.diary.store import Store
from kiosk.errands.apart import read_apart
from kiosk.errors import KioskError
from kiosk.events import Event, HeldDone, HeldLoaded, TakenIn
from programs.prescription import PrescriptionError

log = logging.getLogger(__name__)


class FromClinic:
    """For one run of the kiosk."""

    def __init__(self, *, store: Store, access: Access, hear: Callable[[Event], None]) -> None:
        self._store = store
        self._access = access
        self._hear = hear

    async def take_in(self) -> None:
        """What lies in the inbox and needs nobody's yes; what fails is tried again at the next time."""
        try:
            taken = await handed_in.take_all(self._store)
        except KioskError:
            log.exception("the inbox is not taken in")
        else:
            if taken:
                self._hear(TakenIn(tuple(handed_in.news_of(order) for order in taken)))

    async def load_held(self) -> None:
        """What waits for the clinician's yes."""
        try:
            held = await read_apart(self._store, handed_in.held)
        except KioskError as error:
            self._hear(HeldLoaded(None, error.sentence))
        else:
            self._hear(HeldLoaded(held))

    async def take_held(self, name: str) -> None:
        """By the clinician who is at the box, whatever the screens say (safety rule 27)."""
        try:
            self._access.must_be_here("clinician")
            order = await handed_in.take_held(self._store, name)
        except (KioskError, PrescriptionError) as error:
            self._hear(HeldDone(error.sentence))
        else:
            self._hear(TakenIn((handed_in.news_of(order),)))
            self._hear(HeldDone())

    async def decline_held(self, name: str) -> None:
        """By the clinician who is at the box, whatever the screens say (safety rule 27)."""
        try:
            self._access.must_be_here("clinician")
            await handed_in.decline_held(self._store, name)
        except KioskError as error:
            self._hear(HeldDone(error.sentence))
        else:
            self._hear(HeldDone())
