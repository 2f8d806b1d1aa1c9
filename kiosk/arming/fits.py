"""Whether the stimulator can play a session at all: asked while there is still something to choose."""

from __future__ import annotations

from collections.abc import Callable

from drivers.guard.requests import arm_refusal
from drivers.messages import Arm
from drivers.registry import fit_of
from kiosk.arming.plan import channel_limits, guard_plan
from programs.plan import SessionPlan
from programs.text import Reason

Fits = Callable[[SessionPlan], Reason | None]
"""Why a session cannot be played, or None."""


def fits(device_kind: str) -> Fits:
    """For this kind of stimulator, by what its guard will ask when the session is armed."""
    device = fit_of(device_kind)

    def unfit(plan: SessionPlan) -> Reason | None:
        ceilings = channel_limits(plan)
        if any(limit.ceiling_half_mA < device.capabilities.step_half_mA for limit in ceilings):
            return Reason("limit_too_low")
        refused = arm_refusal(Arm(1, guard_plan(plan, find=True), ceilings), device)
        return None if refused is None else Reason("device_cannot", {"programme": plan.programme})

    return unfit
