"""What an arming may not ask for, told before anything is switched on; limits: `drivers.bounds`.

No I/O, but that `refusal` has the tally keep what is let through.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, Protocol

from drivers.bounds import Bound, channel_bounds, first_broken, plan_bounds
from drivers.guard.output import Refusal, channel_targets
from drivers.limits import MAX_DAY_S
from drivers.messages import Arm, ChannelLimit, Phase, Probe, Test
from drivers.stimulator import Capabilities, Stimulator, Targets
from drivers.stop_inputs import StopInputs
from drivers.tally import Tally

MOST_RESTARTS: Final = 1
"""Of the device, in 24 hours."""


class Able(Protocol):
    """A stimulator, or what its kind can do (`drivers.registry.Fit`)."""

    @property
    def kind(self) -> str: ...

    @property
    def capabilities(self) -> Capabilities: ...

    @property
    def refusal(self) -> Callable[[Targets], str | None]: ...


def button_refusal(test: Test, inputs: StopInputs) -> Refusal | None:
    """A button that is not plugged in cannot be tested, and nobody would learn of it by pressing."""
    return Refusal("stop_input", "none", "a stop button") if test.button and not inputs.has_button else None


def refusal(wanted: Arm | Probe, driver: Stimulator, tally: Tally) -> Refusal | None:
    """Why this cannot be begun now with this device; None: it can, and is counted for today."""
    refused = _day_refusal(tally)
    if refused is None:
        refused = arm_refusal(wanted, driver) if isinstance(wanted, Arm) else probe_refusal(wanted, driver)
    if refused is None and not tally.save(_planned_s(wanted)):
        # What was put out today has to be kept (rule 29).
        refused = Refusal("tally", "not written", "written before arming")
    return refused


def _day_refusal(tally: Tally) -> Refusal | None:
    """What holds for some hours, whatever is asked for (safety rules 21 and 29)."""
    if tally.restarts() > MOST_RESTARTS:
        return Refusal("restarts", str(tally.restarts()), str(MOST_RESTARTS))
    if tally.seconds() >= MAX_DAY_S:
        return Refusal("day", str(int(tally.seconds())), str(MAX_DAY_S))
    return None


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


def highest_targets(phase: Phase, limits: tuple[ChannelLimit, ...]) -> Targets:
    """The most that a phase can ask of the device."""
    ceilings = sorted((limit.channel, limit.ceiling_half_mA) for limit in limits)
    return channel_targets(phase, {ch: mA * phase.scale_permille // 1000 for ch, mA in ceilings})


def probe_refusal(probe: Probe, driver: Stimulator) -> Refusal | None:
    """A contact check that this device cannot do, or of channels that it does not have."""
    if not driver.capabilities.measures_contact:
        return Refusal("probe", driver.kind, "a stimulator that measures")
    return bound_refusal(channel_bounds(probe.channels, driver.capabilities))


def _planned_s(wanted: Arm | Probe) -> float:
    """How long current may flow; the few pulses of a contact check do not count."""
    return sum(phase.duration_ms for phase in wanted.plan.phases) / 1000 if isinstance(wanted, Arm) else 0.0


def bound_refusal(bounds: Iterator[Bound]) -> Refusal | None:
    """The first bound that does not hold: a value beyond a limit is a fault (rule 1)."""
    beyond = first_broken(bounds)
    if beyond is None:
        return None
    return Refusal(beyond.limit, str(beyond.asked), f"{beyond.least}…{beyond.most}", fault=True)
