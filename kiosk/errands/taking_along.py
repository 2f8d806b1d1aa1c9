"""What leaves the box by hand: the diary on a stick, report and cards on paper; and what comes by stick.

Only while no output can be on, and only as long as its screen stands: nothing heavy goes on beside what
comes next.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from kiosk import words
from kiosk.diary.records import Access
from kiosk.diary.store import Store
from kiosk.errands.apart import read_apart
from kiosk.errands.tasks import wait_at_most
from kiosk.errors import KioskError
from kiosk.events import Event, PasswordMade, PlacesSeen, SendOut, SentOut, StickTaken
from kiosk.export.outgoing import NotSent, Places, Result
from programs.text import Reason

if TYPE_CHECKING:
    from kiosk.review.alerts import AlertsNow

log = logging.getLogger(__name__)

LOOK_FOR_STICKS_EVERY_S: Final = 1.0


class TakingAlong:
    """Sticks and paper, for one run of the kiosk; files are read in threads, exports made in a child."""

    def __init__(
        self,
        *,
        store: Store,
        find_sticks: Callable[[], Places],
        step: Callable[[], str],
        output_possible: Callable[[], bool],
        hear: Callable[[Event], None],
        spawn: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        self._store = store
        self._find_sticks = find_sticks
        self._step = step
        self._output_possible = output_possible
        self._hear = hear
        self._spawn = spawn
        self._sending: asyncio.Task[Result] | None = None
        """Writes on a stick, or prints."""
        self._sending_on = ""
        """The step on which it may go on."""
        self._closed = asyncio.Event()

    async def look_for_places(self) -> None:
        """Until the screen is left that asked for it."""
        from kiosk.export import printer

        found: Places | None = None
        paper = await asyncio.to_thread(printer.find_printer)
        while self._step() == "family_stick" and not self._closed.is_set():
            seen = msgspec.structs.replace(await asyncio.to_thread(self._find_sticks), printer=paper)
            if seen != found and self._step() == "family_stick":
                found = seen
                self._hear(PlacesSeen(seen))
            await wait_at_most(self._closed, LOOK_FOR_STICKS_EVERY_S)

    def make_password(self) -> None:
        """One that can be read out and typed."""
        from kiosk.export.sealed import new_password

        self._hear(PasswordMade(new_password()))

    def send_out(self, effect: SendOut) -> None:
        """In a child process, and never where current can flow."""
        if self._output_possible():
            self._hear(SentOut(NotSent("busy")))
            return
        self._spawn(self._hear_sent(self._begin(self._sent_out(effect), "family_writing")))

    async def print_cards(self, alerts: AlertsNow, emergency: str) -> None:
        """What is red or amber goes on paper, each once: without network it reaches nobody by itself."""
        weighty = [one for one in alerts.standing if one.level != "info"]
        if not weighty:
            return
        from kiosk.export import cards, child, printer

        try:
            ids = await read_apart(
                self._store, lambda reader: cards.to_print(weighty, reader.facts("access"))
            )
        except KioskError:  # which of them were printed is not known
            log.exception("no card is printed")
            return
        paper = await asyncio.to_thread(printer.find_printer) if ids else ""
        busy = self._sending is not None or self._output_possible()
        if not paper or busy or self._step() != "home":
            return
        asked = child.question(
            self._store.folder,
            self._store.clock,
            words.language(),
            (),
            printer=paper,
            card=ids,
            emergency=emergency,
        )
        result = await self._outcome(self._begin(child.send_in_child(asked), "home"))
        if result is None:
            return
        if isinstance(result, NotSent):
            log.error("no card was printed: %s %s", result.why, result.sentence)
            return
        with contextlib.suppress(KioskError):  # it is printed once more after a restart
            await self._store.add(cards.printed(ids))

    async def take_from_stick(self, place: Path) -> None:
        """It lies in the inbox then, which home takes in."""
        from kiosk.access.from_stick import take_from

        news: tuple[Reason, ...] = ()
        try:
            news = await read_apart(self._store, lambda reader: take_from(reader, place))
        except (OSError, KioskError):
            log.exception("nothing is taken from the stick")
        self._hear(StickTaken(news))

    def give_up_elsewhere(self) -> None:
        """Its screen was left: nothing heavy goes on beside what comes now."""
        if self._sending is not None and self._step() != self._sending_on:
            self._sending.cancel()
            self._sending = None

    def close(self) -> None:
        """What is half written ends, and does not count."""
        self._closed.set()
        if self._sending is not None:
            self._sending.cancel()

    def _begin(self, work: Coroutine[Any, Any, Result], step: str) -> asyncio.Task[Result]:
        self._sending_on = step
        self._sending = asyncio.get_running_loop().create_task(work)
        return self._sending

    async def _outcome(self, sending: asyncio.Task[Result]) -> Result | None:
        """None: its screen was left before it was done."""
        await asyncio.wait({sending})
        if self._sending is sending:
            self._sending = None
        return None if sending.cancelled() else sending.result()

    async def _hear_sent(self, sending: asyncio.Task[Result]) -> None:
        result = await self._outcome(sending)
        if result is not None:
            self._hear(SentOut(result))

    async def _sent_out(self, effect: SendOut) -> Result:
        from kiosk.export import child

        where = "stick" if effect.stick else "printer"
        what = " ".join(effect.formats)
        try:
            await self._store.add(Access(role="family", action="export", detail=f"{where}: {what}"))
        except KioskError:
            # A diary that takes nothing more is the one that has to be taken along.
            log.exception("an export is not written down: %s: %s", where, what)
        asked = child.question(
            self._store.folder,
            self._store.clock,
            words.language(),
            effect.formats,
            stick=effect.stick,
            printer=effect.printer,
            password=effect.password,
        )
        result = await child.send_in_child(asked)
        if isinstance(result, NotSent):
            log.error("the export failed: %s %s", result.why, result.sentence)
        return result
