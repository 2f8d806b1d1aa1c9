"""The line to the guard of this run: taken up, taken up again when the guard is gone, and hung up at the end
only with its word on the output."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Final

from drivers import messages as guard
from drivers.guard.link import GuardLink
from kiosk import guard_unit
from kiosk.errands.tasks import wait_at_most
from kiosk.settings import RunSettings

log = logging.getLogger(__name__)

AGAIN_S: Final = 1.0
"""Until the next try for a guard that is gone."""
AT_REST: Final = frozenset({"no_device", "idle", "unconfirmed"})
"""States of the guard in which no stop is under way any more."""
KNOWN_OFF: Final = frozenset({"no_device", "idle"})
"""Of these a guard that is gone left no output behind."""
LEAVE_WITHIN_S: Final = 8.0
"""Longer than a whole stop path: only then does leaving go on without the guard's word."""


class GuardLine:
    """Whichever process the guard is now. For the loop's thread but where it says otherwise."""

    def __init__(
        self,
        *,
        settings: RunSettings,
        left: asyncio.Event,
        spawn: Callable[[Coroutine[Any, Any, None]], None],
        on_message: Callable[[guard.FromGuard], None],
        on_gone: Callable[[], None],
        on_missing: Callable[[guard.Device], None],
    ) -> None:
        self.device: guard.Device | None = None
        """What it reported last, or that there is nobody to report; None: nothing is known yet."""
        self.epoch = 0
        """Of its last status."""
        self._settings = settings
        self._left = left
        self._spawn = spawn
        self._on_message = on_message
        self._on_gone = on_gone
        self._on_missing = on_missing
        self._port = settings.port
        self._link: GuardLink | None = None
        self._heard_it = False
        """This guard said something: it lets us in."""
        self._state: guard.GuardState = "no_device"
        self._rests = asyncio.Event()
        self._only_stops = False
        """The last stop was said: nothing is begun any more."""

    def take_up(self, port: str | None) -> None:
        """Starts or joins a guard, and goes on trying until the kiosk is left; our own child gets `port`."""
        self._port = port
        self._connect()

    def miss(self, sentence: str) -> None:
        """Nobody can be asked for the stimulator; said once, not with every try."""
        missing = guard_unit.absent(self._settings, sentence)
        if missing != self.device:
            log.error("%s", sentence)
            self.device = missing
            self._on_missing(missing)

    def send(self, message: guard.ToGuard) -> None:
        """Never waits; without a guard it goes nowhere, and after the last stop only another one goes out."""
        if self._only_stops and not isinstance(message, guard.Stop):
            return
        if self._link is not None and not self._link.send(message):
            log.warning("not sent to the guard: %s", type(message).__name__)

    def stop_now(self, why: str) -> None:
        """From any thread: the datagram leaves before this returns."""
        link = self._link
        if link is not None:
            link.stop_now(why)

    def stop_for_good(self, why: str) -> None:
        """The last stop: `hang_up` waits until the guard rests after it."""
        self._only_stops = True
        self._rests.clear()
        self.send(guard.Stop(why))

    async def hang_up(self) -> bool:
        """Whether the output is known to be off. A child says it by its exit, another before we leave: until
        then a stop of the person reaches it, and the end of the line is one."""
        link = self._link
        if link is None:
            return self._state in KNOWN_OFF
        if link.pid is None:
            await wait_at_most(self._rests, LEAVE_WITHIN_S)
        self._link = None
        try:
            async with asyncio.timeout(LEAVE_WITHIN_S):
                code = await link.close()
        except TimeoutError:
            log.error("the guard does not end")
            return False
        if link.pid is not None:
            return code == 0
        return self._rests.is_set() and self._state != "unconfirmed"

    async def close(self) -> None:
        """Without a word."""
        link, self._link = self._link, None
        if link is not None:
            await link.close()

    def _connect(self) -> None:
        self._heard_it = False
        try:
            self._link = guard_unit.start_or_join(self._settings, self._port)
        except guard_unit.GuardMissing as error:
            self.miss(str(error))
            self._spawn(self._replace(None))
        else:
            self._link.listen(self._heard, self._gone)

    def _heard(self, message: guard.FromGuard) -> None:
        self._heard_it = True
        match message:
            case guard.Device():
                self.device = message
            case guard.Status():
                self.epoch, self._state = message.epoch, message.state
                if message.state in AT_REST:
                    self._rests.set()
            case _:
                pass
        self._on_message(message)

    def _gone(self) -> None:
        """The guard ended, or hung up: it stopped the output if it could; the next one asks the device."""
        link, self._link = self._link, None
        self._on_gone()
        self.miss(guard_unit.hung_up(self._settings, heard=self._heard_it))
        if link is not None:
            self._spawn(self._replace(link))

    async def _replace(self, old: GuardLink | None) -> None:
        if old is not None:
            await old.close()
        await wait_at_most(self._left, AGAIN_S)
        if not self._left.is_set():
            self._connect()
