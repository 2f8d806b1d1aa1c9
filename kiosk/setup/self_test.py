"""The self-test of a new box on a dummy load (safety rule 23), through the guard like everything else.

STOP test, then the contact check's single pulses of 2 mA. Only where they find 1 kΩ ± 10 % that does not rise
within the pulse, which no body shows, is anything more put out: 5 mA at most, and it ends by the dead-man,
which is what the test is for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, Literal, Protocol, TypeVar

import msgspec

from drivers import messages as guard
from kiosk.clock import Clock
from kiosk.events import ContactCheckEnded
from kiosk.session.contact import ContactRunner
from kiosk.session.lease import LeaseKeeper, Liveness

DUMMY_OHM: Final = 1000
TOLERANCE_OHM: Final = 100
FLAT_OHM: Final = 50
"""[D] How much a resistor may seem to rise within the pulse, by measuring. Skin rises by some 200 Ω."""
MOST_HALF_MA: Final = 10
"""5 mA."""
STEP_HALF_MA: Final = 2
STEP_EVERY_S: Final = 1.1
"""The guard takes 1 mA no sooner than 0.9 s after the one before."""
PULSE_WIDTH_US: Final = 100
FREQUENCY_MHZ: Final = 35_000
LASTS_S: Final = 30
PAD_AREA_MM2: Final = 2_500
"""The smallest that the guard knows: its limits of density are then the lowest."""
DEVICE_WITHIN_S: Final = 20.0
ANSWER_WITHIN_S: Final = 10.0
"""Longer than a whole stop path."""

Outcome = Literal["passed", "no_dummy", "open", "not_measured", "stopped", "not_confirmed", "failed"]
T = TypeVar("T")


class Result(msgspec.Struct, frozen=True):
    """What became of one channel."""

    outcome: Outcome
    load_ohm: int | None = None
    series_ohm: int | None = None
    most_half_mA: int = 0
    """The largest current that the device acknowledged."""
    stopped_after_ms: float = 0.0
    """From the dead-man's trigger to the device's word."""
    detail: str = ""


class Link(Protocol):
    """`drivers.guard.link.GuardLink`, as far as it is needed here."""

    def send(self, message: guard.ToGuard) -> bool: ...

    def listen(
        self, on_message: Callable[[guard.FromGuard], None], on_closed: Callable[[], None]
    ) -> None: ...


class Ended(Exception):  # noqa: N818
    """It cannot go on; `result` says how it ended."""

    def __init__(self, result: Result) -> None:
        super().__init__(result.detail)
        self.result = result


def is_dummy(lead: guard.LeadContact) -> bool:
    """The one thing on which more than a probe may be put out."""
    if lead.load_ohm is None or lead.series_ohm is None:
        return False
    near = abs(lead.load_ohm - DUMMY_OHM) <= TOLERANCE_OHM
    return near and abs(lead.load_ohm - lead.series_ohm) <= FLAT_OHM


def plan() -> guard.GuardPlan:
    """A single phase of the mildest kind."""
    pattern = guard.Pattern("continuous", up_ms=1000)
    work = guard.Phase("work", LASTS_S * 1000, None, PULSE_WIDTH_US, FREQUENCY_MHZ, pattern, 1000)
    return guard.GuardPlan("tens", (work,))


class SelfTest:
    """One connection to a guard of setup's own, from its first word to the last channel."""

    def __init__(self, link: Link, clock: Clock, liveness: Liveness) -> None:
        self._link, self._clock = link, clock
        self._lease = LeaseKeeper(self._send, clock, liveness)
        self._contact = ContactRunner(
            send=self._send, clock=clock, liveness=liveness, on_end=self._contact_ended
        )
        self._heard: asyncio.Queue[guard.FromGuard | None] = asyncio.Queue()
        self._ended_check: asyncio.Future[ContactCheckEnded] | None = None
        self._epoch = 0
        self._asked_epoch = 0
        self._state: guard.GuardState = "no_device"
        self._most_half_mA = 0
        self.device: guard.Device | None = None

    def begin(self) -> None:
        """On the running loop."""
        self._link.listen(self._hear, lambda: self._hear(None))

    async def identify(self) -> guard.Device:
        """Who is on the port; the last word of the guard where nobody comes within the time."""
        found = guard.Device(False, "", "", "", False, "", "", "The guard does not answer.")
        try:
            async with asyncio.timeout(DEVICE_WITHIN_S):
                while not found.present:
                    heard = await self._heard.get()
                    if heard is None:
                        break
                    if isinstance(heard, guard.Device):
                        found = heard
                await self._until("idle")
        except (TimeoutError, Ended):
            pass
        self.device = found
        return found

    async def stop_test(self, pressed: Callable[[], Any], ready: Callable[[], None]) -> bool:
        """`ready` once the device is switched on without a pulse; then a line, or a button, has to stop it.

        Whether the device confirmed that. What `pressed` raises comes out once it is off.
        """
        self._send(guard.Test())
        await self._until("testing")
        ready()
        pressing = asyncio.ensure_future(pressed())
        stopping = asyncio.ensure_future(self._next(guard.Stopped, None))
        await asyncio.wait({pressing, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not stopping.done():
            self._send(guard.Stop("test"))
        stopped = await stopping
        pressing.cancel()
        await asyncio.gather(pressing, return_exceptions=True)
        if not pressing.cancelled():
            pressing.result()
        return stopped.confirmed and stopped.why in ("test", "keyboard", "button")

    async def channel(self, channel: int, pressed: Callable[[], Any]) -> Result:
        """Measures; on the dummy load puts out up to 5 mA, until the dead-man ends it. A line stops it."""
        self._most_half_mA = 0
        self._asked_epoch = self._epoch + 1
        try:
            await self._until("idle")
            lead = await self._measured(channel)
            if not is_dummy(lead):
                outcome: Outcome = "open" if lead.load_ohm is None else "no_dummy"
                return Result(outcome, lead.load_ohm, lead.series_ohm)
            ended = await self._played(channel, pressed)
        except Ended as error:
            return error.result
        finally:
            self._lease.hold(None)
        return msgspec.structs.replace(ended, load_ohm=lead.load_ohm, series_ohm=lead.series_ohm)

    async def _measured(self, channel: int) -> guard.LeadContact:
        assert self.device is not None
        if not self.device.measures_contact:
            raise Ended(Result("not_measured"))
        self._ended_check = asyncio.get_running_loop().create_future()
        self._contact.begin((channel,), self._epoch)
        check = await self._ended_check
        if not check.confirmed:
            raise Ended(Result("not_confirmed", detail=check.how))
        if not check.leads:
            raise Ended(Result("failed", detail=check.how if check.why == "refused" else check.why))
        return check.leads[0]

    async def _played(self, channel: int, pressed: Callable[[], Any]) -> Result:
        epoch = self._asked_epoch = self._epoch + 1
        limit = guard.ChannelLimit(channel, MOST_HALF_MA, PAD_AREA_MM2, known_level=False)
        self._send(guard.Arm(epoch, plan(), (limit,)))
        self._lease.hold(epoch)
        stopping = asyncio.ensure_future(pressed())
        try:
            for half_mA in range(STEP_HALF_MA, MOST_HALF_MA + 1, STEP_HALF_MA):
                await self._raised(epoch, channel, half_mA, stopping)
            if stopping.done():
                return await self._stopped(epoch, "stopped")
            self._lease.hold(None)
            return await self._stopped(epoch, "passed")
        finally:
            stopping.cancel()
            await asyncio.gather(stopping, return_exceptions=True)

    async def _raised(self, epoch: int, channel: int, half_mA: int, stopping: asyncio.Future[Any]) -> None:
        """One step more, once the guard would take it and a person had the time to stop."""
        await asyncio.wait({stopping}, timeout=STEP_EVERY_S)
        if stopping.done():
            self._lease.hold(None)
            self._send(guard.Stop("person"))
            raise Ended(msgspec.structs.replace(await self._stopped(epoch, "stopped"), outcome="stopped"))
        while not (await self._next(guard.Status)).may_raise:
            pass
        self._send(guard.Level(epoch, channel, half_mA))
        while self._most_half_mA < half_mA:
            await self._next(guard.Status)

    async def _stopped(self, epoch: int, outcome: Outcome) -> Result:
        """The end, which is only believed when the device confirms it."""
        stopped = await self._next(guard.Stopped)
        if stopped.epoch != epoch or not stopped.confirmed:
            raise Ended(Result("not_confirmed", detail=stopped.how))
        return Result(outcome, most_half_mA=self._most_half_mA, stopped_after_ms=stopped.duration_ms)

    async def _until(self, state: guard.GuardState) -> None:
        while self._state != state:
            await self._next(guard.Status)

    async def _next(self, kind: type[T], within_s: float | None = ANSWER_WITHIN_S) -> T:
        """The next message of this kind. Raises Ended where the guard says something else that ends it."""
        try:
            async with asyncio.timeout(within_s):
                while True:
                    heard = await self._heard.get()
                    if self._is_of_the_past(heard):
                        continue
                    if isinstance(heard, kind):
                        return heard
                    self._must_go_on(heard)
        except TimeoutError:
            raise Ended(Result("not_confirmed", detail="the guard did not answer")) from None

    def _is_of_the_past(self, heard: guard.FromGuard | None) -> bool:
        """Said of what was asked before, and known; a stop that was not confirmed never is."""
        match heard:
            case guard.Refused(epoch=epoch) | guard.Stopped(epoch=epoch, confirmed=True):
                return epoch < self._asked_epoch
            case _:
                return False

    def _must_go_on(self, heard: guard.FromGuard | None) -> None:
        match heard:
            case None:
                raise Ended(Result("not_confirmed", detail="the guard has ended"))
            case guard.Stopped(confirmed=False, how=how):
                raise Ended(Result("not_confirmed", detail=how))
            case guard.Refused(limit=limit, asked=asked, allowed=allowed):
                raise Ended(Result("failed", detail=f"{limit}: {asked}, allowed {allowed}"))
            case guard.Stopped(why=why) if why not in ("test", "probed"):
                raise Ended(Result("failed", detail=why))
            case _:
                pass

    def _hear(self, message: guard.FromGuard | None) -> None:
        if isinstance(message, guard.Status):
            self._epoch, self._state = message.epoch, message.state
            applied = [one.applied_half_mA for one in message.channels]
            self._most_half_mA = max([self._most_half_mA, *applied])
        checking = self._ended_check is not None and not self._ended_check.done()
        if message is None:
            self._contact.guard_gone()
        else:
            self._contact.hear(message)
        if not checking or isinstance(message, guard.Status):
            self._heard.put_nowait(message)

    def _contact_ended(self, end: ContactCheckEnded) -> None:
        assert self._ended_check is not None
        self._ended_check.set_result(end)

    def _send(self, message: guard.ToGuard) -> None:
        self._link.send(message)
