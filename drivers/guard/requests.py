"""What an arming may not ask for, told before anything is switched on. No I/O; limits: `drivers.bounds`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from drivers.bounds import Bound, channel_bounds, first_broken, plan_bounds
from drivers.guard.output import Refusal, highest_targets
from drivers.messages import Arm, Probe
from drivers.stimulator import Capabilities, Stimulator, Targets


class Able(Protocol):
    """A stimulator, or what its kind can do (`drivers.registry.Fit`)."""

    @property
    def kind(self) -> str: ...

    @property
    def capabilities(self) -> Capabilities: ...

    @property
    def refusal(self) -> Callable[[Targets], str | None]: ...


def arm_refusal(arm: Arm, driver: Able) -> Refusal | None:
    """A plan beyond a limit is a fault; one that only this device cannot do is none."""
    beyond = bound_refusal(plan_bounds(arm.plan, arm.limits, driver.capabilities))
    if beyond is not None:
        return beyond
    for phase in arm.plan.phases:
        sentence = driver.refusal(highest_targets(phase, arm.limits))
        if sentence is not None:
            return Refusal("device", sentence, driver.kind)
    return None


def probe_refusal(probe: Probe, driver: Stimulator) -> Refusal | None:
    """A contact check that this device cannot do, or of channels that it does not have."""
    if not driver.capabilities.measures_contact:
        return Refusal("probe", driver.kind, "a stimulator that measures")
    return bound_refusal(channel_bounds(probe.channels, driver.capabilities))


def bound_refusal(bounds: Iterator[Bound]) -> Refusal | None:
    """The first bound that does not hold: a value beyond a limit is a fault (rule 1)."""
    beyond = first_broken(bounds)
    if beyond is None:
        return None
    return Refusal(beyond.limit, str(beyond.asked), f"{beyond.least}…{beyond.most}", fault=True)
