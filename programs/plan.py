"""Today's session as plain numbers: what `programs.progression.next_session` decides and the kiosk arms."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import msgspec

from programs.montage import Kind, Montage
from programs.program import Pattern, waveform
from programs.text import Reason


class PlannedPhase(msgspec.Struct, frozen=True):
    """A part of today's session. `scale` of the person's level (safety.md: warm-up and cool-down 0.4)."""

    role: Literal["warm_up", "work", "cool_down"]
    programme: str
    seconds: int
    pulse_width_us: int
    frequency_Hz: float
    pattern: Pattern
    scale: float

    @property
    def waveform(self) -> str:
        """What makes two levels comparable (safety rule 4): "35 Hz 250 us"."""
        return waveform(self.frequency_Hz, self.pulse_width_us, self.pattern)


class ChannelPlan(msgspec.Struct, frozen=True):
    """One channel's numbers for today, in mA (multiples of 0.5)."""

    channel: int
    ceiling_mA: float
    """C of safety rule 4: what may not be passed today; shown as "limit"."""
    set_by: Reason
    """Who or what set the ceiling: Reason("prescription"), Reason("pads"), Reason("no_history") …"""
    reference_mA: float | None
    """L of rule 4; None: no comparable history, the level is found from zero."""
    usual_first_feeling_mA: float | None = None


class SessionPlan(msgspec.Struct, frozen=True):
    """Today. `reasons` are stored with the session and worded for the patient."""

    kind: Kind
    programme: str
    montage: Montage
    phases: tuple[PlannedPhase, ...]
    channels: tuple[ChannelPlan, ...]
    reasons: tuple[Reason, ...] = ()
    contract_along: bool = False
    """In a muscle programme's on-phases: "Tighten your back muscles with it" (`programs.course.Stage`)."""

    @property
    def minutes(self) -> int:
        """Length without finding the level, in whole minutes."""
        return sum(phase.seconds for phase in self.phases) // 60

    @property
    def work(self) -> PlannedPhase:
        """The phase whose waveform the level is found with (safety rule 6)."""
        return next(phase for phase in self.phases if phase.role == "work")


class NotToday(msgspec.Struct, frozen=True):
    """No session today, and why. `again_on`: the first day on which it could change; None: not by waiting."""

    reasons: tuple[Reason, ...]
    again_on: dt.date | None
