"""An application whose family looks at its pages: a real diary, no guard, no screen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from msgspec.structs import replace

from drivers.build import build_id
from kiosk.access.pins import Access
from kiosk.application import Application
from kiosk.clock import SystemClock
from kiosk.config import load_config
from kiosk.diary.records import Entry
from kiosk.diary.store import Store, open_store
from kiosk.export.outgoing import Places
from kiosk.keys import Key
from kiosk.session.lease import Liveness
from kiosk.settings import RunOptions, resolve
from kiosk.visit.state import Place
from tests.kiosk.visit.family_album import FULL


class Desk:
    """An application whose family looks at its pages; no guard, no screen."""

    def __init__(self, application: Application, store: Store, stick: Path) -> None:
        self.application, self.store, self.stick = application, store, stick

    @property
    def step(self) -> str:
        return self.application._visit.step

    def press(self, *keys: Key) -> None:
        for key in keys:
            self.application.press(key)

    async def until(self, holds: Callable[[], bool]) -> None:
        """The application says whenever something may have changed."""
        changed = asyncio.Event()
        self.application.on_change(changed.set)
        async with asyncio.timeout(30):
            while not holds():
                await changed.wait()
                changed.clear()

    async def at_the_stick(self) -> None:
        self.press(Key.FIVE)
        await self.until(lambda: self.application._visit.context.outgoing.places is not None)


@asynccontextmanager
async def desk(folder: Path, alive: Liveness) -> AsyncIterator[Desk]:
    (folder / "kiosk.toml").write_text("")
    (folder / "stick").mkdir()
    options = RunOptions(simulate="p24", data=folder / "data")
    settings = resolve(options, load_config(folder / "kiosk.toml"), {"p24"}, build_id())
    clock = SystemClock()
    with open_store(settings.data_folder, settings.kind, clock) as store:
        await store.add(Entry(moment="daily", pain_rest=4))
        places = Places(sticks=(str(folder / "stick"),), plugged_in=True)
        application = Application(settings, store, Access(store), clock, alive, find_sticks=lambda: places)
        visit = application._visit
        context = replace(visit.context, family=FULL)
        application._visit = replace(visit, place=Place("family"), context=context)
        try:
            yield Desk(application, store, folder / "stick")
        finally:
            application._left.set()
            await application._end()
