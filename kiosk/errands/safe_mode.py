"""Safe mode's two ways on: the doctor's look at the box, and a start with therapy."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from kiosk import words
from kiosk.diary.folder import cannot_use
from kiosk.errands.tasks import Tasks
from kiosk.events import BoxChecked, Event
from kiosk.ops import starts
from kiosk.settings import RunSettings


class SafeMode:
    """For one run of the kiosk."""

    def __init__(
        self,
        *,
        settings: RunSettings,
        tasks: Tasks,
        hear: Callable[[Event], None],
        begin_again: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._tasks = tasks
        self._hear = hear
        self._begin_again = begin_again

    async def check_box(self) -> None:
        """What the doctor finds, unless the kiosk is left meanwhile."""
        from kiosk.ops.box_check import check_box  # Only an installer in safe mode comes here.

        settings = self._settings
        harmless = settings.kind == "simulated"
        work = check_box(settings.data_folder, settings.config_file, words.language(), harmless=harmless)
        checking = self._tasks.read(work)
        await asyncio.wait({checking})
        if not checking.cancelled():
            self._hear(checking.result())

    async def leave(self) -> None:
        """The count of the runs that ended by themselves begins anew."""
        folder = self._settings.data_folder
        try:
            await asyncio.to_thread(starts.leave_safe_mode, folder)
        except OSError as error:
            self._hear(BoxChecked(sentence=cannot_use(folder, error).sentence))
        else:
            self._begin_again()
