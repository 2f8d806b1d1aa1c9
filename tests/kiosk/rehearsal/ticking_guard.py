"""The guard's own `Arming`, asked at every tick, behind the face of the virtual guard."""

from __future__ import annotations

from drivers import limits
from drivers import messages as m
from drivers.bounds import first_broken, plan_bounds
from drivers.guard.lease import Now
from drivers.guard.output import Arming
from drivers.p24.driver import P24
from drivers.rehastim2.driver import RehaStim2
from drivers.stimulator import Targets
from kiosk.rehearsal.guard import HOW, INITIALISE_MS, STOP_MS

DEVICES = {device.kind: device.capabilities for device in (P24, RehaStim2)}
STATUS_EVERY_MS = 250
RENEW_EVERY_MS = 100


def at(now_ms: int) -> Now:
    return Now(now_ms, now_ms)


class TickingGuard:
    """Plays every tick, renews the lease ten times a second, says four times a second how it is."""

    def __init__(self, device_kind: str) -> None:
        self.kind, self.epoch = device_kind, 0
        self.ticks = 0
        self.unsaid = False
        self._arming: Arming | None = None
        self._now_ms = self._start_ms = self._leased_ms = self._said_ms = self._lease_n = 0
        self._started = self._on_edge = False
        self._targets: Targets = ()
        self._said: object = None

    def hear(self, message: m.ToGuard, now_ms: int) -> list[m.FromGuard]:
        heard = self.advance(now_ms)
        arming = self._arming
        if isinstance(message, m.Arm):
            assert arming is None
            assert first_broken(plan_bounds(message.plan, message.limits, DEVICES[self.kind])) is None
            self.epoch, self._now_ms, self._started = message.epoch, now_ms, False
            most_half_mA = limits.MAX_RAISE_HALF_MA[self.kind]
            self._arming = Arming(message, DEVICES[self.kind], most_half_mA, at(now_ms))
            self._start_ms, self._leased_ms, self._lease_n = now_ms + INITIALISE_MS, now_ms, 0
            return [*heard, *self._tick(now_ms, speak=True)]
        if isinstance(message, m.Stop):
            return [*heard, *self._stop(message.why)]
        if arming is None:
            return heard
        refused = None
        match message:
            case m.Level():
                refused = arming.set_level(message, at(now_ms))
            case m.Next():
                refused = arming.next_phase(at(now_ms))
            case m.Rest():
                arming.rest()
            case m.Present():
                arming.present(at(now_ms))
                return heard
        if refused is not None:
            heard.append(m.Refused(self.epoch, *refused))
            return heard + (self._stop(f"limit_{refused.limit}") if refused.fault else [])
        return heard + self._tick(now_ms, speak=True)

    def advance(self, now_ms: int) -> list[m.FromGuard]:
        heard: list[m.FromGuard] = []
        while self._arming is not None and self._next_ms() <= now_ms:
            heard += self._tick(self._next_ms())
        if self._arming is not None and now_ms > self._now_ms:
            heard += self._tick(now_ms)
        return heard

    def change_ms(self, *, squeezes: bool = True) -> int | None:
        return None if self._arming is None else self._next_ms()

    def status(self, now_ms: int) -> list[m.FromGuard]:
        return self.advance(now_ms)

    def fail(self, kind: str, channel: int | None, now_ms: int) -> list[m.FromGuard]:
        heard = self.advance(now_ms)
        return [*heard, m.Fault(self.epoch, kind, channel, ""), *self._stop(kind)]

    def now(self) -> m.Status:
        """How it is at its last tick."""
        arming = self._arming
        assert arming is not None
        applied = {target.channel: target.half_mA for target in self._targets}
        return m.Status(
            state="armed",
            epoch=self.epoch,
            n=0,
            channels=tuple(
                m.ChannelStatus(channel, level, applied[channel]) for channel, level in arming.levels.items()
            ),
            fraction_permille=arming.fraction,
            may_raise=arming.plateau,
            phase=arming.index,
            phase_elapsed_ms=arming.elapsed_ms,
            confirmed_at_s=self._now_ms / 1000,
        )

    def _next_ms(self) -> int:
        """The next tick: 40 ms later at most, or where the arming wants to be asked; also the millisecond
        after a plateau, so that a key in the same moment finds both guards alike."""
        arming = self._arming
        assert arming is not None
        if not self._started:
            return self._start_ms
        if self._on_edge and arming.plateau:
            return self._now_ms + 1
        return max(self._now_ms + 1, min(arming.due_ms, self._now_ms + 40))

    def _tick(self, now_ms: int, *, speak: bool = False) -> list[m.FromGuard]:
        arming = self._arming
        assert arming is not None
        self.ticks += 1
        self._on_edge = now_ms == arming.due_ms
        self._now_ms = now_ms
        while self._leased_ms + RENEW_EVERY_MS <= now_ms:
            self._leased_ms += RENEW_EVERY_MS
            self._lease_n += 1
            renewed = m.Lease(self.epoch, self._lease_n, self._leased_ms * 1_000_000)
            arming.renew(renewed, at(self._leased_ms))
        if not self._started and now_ms >= self._start_ms:
            self._started = True
            arming.start(at(now_ms))
        self._targets = arming.targets(at(now_ms))
        over = arming.over(at(now_ms))
        if over is not None:
            return self._stop(over)
        status = self.now()
        said = (status.channels, status.may_raise, status.phase)
        if speak or said != self._said or now_ms - self._said_ms >= STATUS_EVERY_MS:
            self._said, self._said_ms = said, now_ms
            return [status]
        return []

    def _stop(self, why: str) -> list[m.FromGuard]:
        self._arming = None
        return [m.Stopped(self.epoch, why, True, HOW, STOP_MS)]
