"""Plans for the session's tests, as `programs.progression` would give them."""

from __future__ import annotations

from programs.montage import Lead, Montage, Pad
from programs.plan import ChannelPlan, PlannedPhase, SessionPlan
from programs.program import Pattern
from programs.text import Reason, Text

CONTINUOUS = Pattern("continuous")
SQUEEZE = Pattern("cycle", up_ms=2_000, on_ms=2_000, down_ms=1_000, off_ms=15_000)


def _pad(number: int, x_cm: float, y_cm: float) -> Pad:
    return Pad(number=number, x_cm=x_cm, y_cm=y_cm, where=Text("here", "hier"))


MONTAGE = Montage(
    id="M4-par",
    name=Text("both sides", "beide Seiten"),
    kinds=("tens", "nmes"),
    armable=True,
    source="BAE14",
    leads=(
        Lead(channel=1, colour="red", side="left", pads=(_pad(1, -5.5, 1), _pad(2, -5.5, 13))),
        Lead(channel=2, colour="blue", side="right", pads=(_pad(3, 5.5, 1), _pad(4, 5.5, 13))),
    ),
    pad_width_cm=5,
    pad_height_cm=9,
    spacing=Text("two fingers", "zwei Finger"),
)


def channel(
    number: int,
    ceiling_mA: float = 24.0,
    reference_mA: float | None = None,
    usual_first_feeling_mA: float | None = None,
) -> ChannelPlan:
    return ChannelPlan(number, ceiling_mA, Reason("prescription"), reference_mA, usual_first_feeling_mA)


def tens_plan(*channels: ChannelPlan, seconds: int = 600) -> SessionPlan:
    work = PlannedPhase("work", "tens_conv", seconds, 180, 100.0, CONTINUOUS, 1.0)
    return SessionPlan("tens", "tens_conv", MONTAGE, (work,), channels or (channel(1), channel(2)))


def nmes_plan(*channels: ChannelPlan, work_s: int = 600) -> SessionPlan:
    phases = (
        PlannedPhase("warm_up", "warm_up", 300, 300, 5.0, CONTINUOUS, 0.4),
        PlannedPhase("work", "nmes_learn", work_s, 250, 35.0, SQUEEZE, 1.0),
        PlannedPhase("cool_down", "cool_down", 600, 300, 3.0, CONTINUOUS, 0.4),
    )
    return SessionPlan("nmes", "nmes_learn", MONTAGE, phases, channels or (channel(1), channel(2)))
