"""What the family sees of the diary: read in a child process, and given up when the family leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from kiosk import words
from kiosk.diary.store import Store
from kiosk.errands.tasks import Tasks
from kiosk.errors import KioskError
from kiosk.events import Event, FamilyLoaded, FamilyNotLoaded, WordsFound

if TYPE_CHECKING:
    from kiosk.review.family import FamilyView, Found


class FamilyReading:
    """For one run of the kiosk."""

    def __init__(self, *, store: Store, outbox: str, tasks: Tasks, hear: Callable[[Event], None]) -> None:
        self._store = store
        self._outbox = outbox
        self._tasks = tasks
        self._hear = hear
        self._reading: asyncio.Task[FamilyView] | None = None
        """Ahead, while the PIN is typed."""
        self._searching: asyncio.Task[Found] | None = None
        """Looks for words in the diary."""

    def read_ahead(self) -> None:
        """The PIN is being typed."""
        if self._reading is None:
            self._reading = self._read()

    def give_up_view(self) -> None:
        """The PIN's screen is left: the next time it is read anew."""
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    def give_up_search(self) -> None:
        """Nothing heavy goes on beside what comes now."""
        if self._searching is not None:
            self._searching.cancel()
            self._searching = None

    async def load(self) -> None:
        """The view, as it is read already or now."""
        try:
            view = await (self._reading or self._read())
        except KioskError as error:
            self._hear(FamilyNotLoaded(error.sentence))
        else:
            self._hear(FamilyLoaded(view))

    async def find_words(self, wanted: str) -> None:
        """In the whole diary; a search that is still under way gives way to this one."""
        from kiosk.review.child import found_in_child

        searching = self._tasks.read(
            found_in_child(self._store.folder, self._store.clock, wanted, words.language())
        )
        self.give_up_search()
        self._searching = searching
        await asyncio.wait({searching})
        if searching.cancelled():
            return
        error = searching.exception()
        if error is None:
            self._hear(WordsFound(searching.result()))
        elif isinstance(error, KioskError):
            self._hear(WordsFound(None, error.sentence))
        else:
            raise error

    def _read(self) -> asyncio.Task[FamilyView]:
        from kiosk.review.child import family_view_in_child

        return self._tasks.read(family_view_in_child(self._store.folder, self._store.clock, self._outbox))
