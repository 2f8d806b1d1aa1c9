"""The contact check by measurement (safety rule 22): an arming of its own, with its own, much lower limits.

Each pulse that the driver wants is held against them right before it is given to the driver. A device's own
time-out is not counted on here: a probe is single pulses, one for each command, so whatever flows ends with
its pulse, 300 µs after it began, also when nobody is there any more to stop it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable

from drivers import limits as c
from drivers.bounds import probe_bounds
from drivers.contact import Unusable, lead_contacts
from drivers.guard.lease import LeaseHold, Now
from drivers.guard.output import Refusal
from drivers.guard.requests import bound_refusal
from drivers.messages import Contact, Lease, Probe
from drivers.stimulator import DeviceStopped, ProbePulse, Quantity, Recording, Stimulator


class Probing:
    """One contact check, from its epoch to the first reason to stop."""

    def __init__(self, probe: Probe, now: Now) -> None:
        """The first lease runs from now."""
        self.epoch, self.channels = probe.epoch, probe.channels
        self.lease = LeaseHold(probe.epoch, now)
        self._pulses: Counter[int] = Counter()
        """Channel → pulses that went to its pair."""
        self._last_ms = now.ms
        """When the last pulse was over at the latest; one of the check before this may have been just now."""
        self._ended: str | None = None

    def renew(self, lease: Lease, now: Now) -> None:
        """The client was heard from, in time or not."""
        self.lease.renew(lease, now)

    def over(self, now: Now) -> str | None:
        """Why it has ended or has to end now, else None. Once said, it stays."""
        if self._ended is None and self.lease.lapsed(now):
            self._ended = "lease"
        return self._ended

    def wait_ms(self, now: Now) -> int:
        """Until the next pulse is due."""
        return max(0, self._last_ms + c.PROBE_PAUSE_MS - now.ms)

    def take(self, pulse: ProbePulse, now: Now) -> Refusal | None:
        """The last step before the driver: count this pulse, or say why it may not be."""
        before, pause_ms = self._pulses[pulse.channel], now.ms - self._last_ms
        self._pulses[pulse.channel] += 1
        return bound_refusal(probe_bounds(pulse, self.channels, before, pause_ms))

    def given(self, now: Now) -> None:
        """The pulse is over: the device has answered."""
        self._last_ms = now.ms


async def measure(
    probing: Probing,
    driver: Stimulator,
    now: Callable[[], Now],
    pause: Callable[[float], Awaitable[bool]],
    answered: Callable[[], None],
) -> Contact | Refusal | None:
    """All pulses of a probe, one by one. A Refusal: the driver wanted more than it may. None: it is over.

    `pause` waits at most so many seconds and says whether to go on; `answered` is called at each answer of
    the device. Raises StimulatorError.
    """
    recordings: list[Recording] = []
    measures: Quantity | None = None
    for pulse in driver.probe_pulses(probing.channels):
        if pulse.measures != measures:
            measures = pulse.measures
            await driver.begin_probe(measures)
            answered()
        wait_ms = probing.wait_ms(now())
        while await pause(wait_ms / 1000) and (wait_ms := probing.wait_ms(now())):
            pass
        at = now()
        if probing.over(at) is not None:
            return None
        refused = probing.take(pulse, at)
        if refused is not None:
            return refused
        recordings.append(await driver.probe(pulse))
        probing.given(now())
        answered()
    try:
        return Contact(probing.epoch, tuple(lead_contacts(probing.channels, recordings)))
    except Unusable as error:
        sentence = "What the stimulator measured cannot be read."
        raise DeviceStopped(sentence, "result", detail=str(error)) from error
