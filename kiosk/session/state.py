"""What a session is, what happens to it, and what it asks for: the types of `kiosk.session.machine`.

Currents are in half-mA, times are CLOCK_MONOTONIC in seconds.
"""

from __future__ import annotations

import datetime as dt
from typing import Literal

import msgspec

from drivers import messages as guard
from kiosk.diary.records import Record
from kiosk.events import SessionOutcome
from kiosk.held_key import EnterKey
from kiosk.keys import Key
from kiosk.session import rules
from programs.montage import Side as BodySide
from programs.plan import SessionPlan

NEVER_ARMED = "never armed"
PLAN_OVER = "plan_over"
"""The guard's word for a plan that was played to its end."""

Stage = Literal["saving", "arming", "find", "play", "stopping", "ended"]
FindStep = Literal["offer", "feel", "where", "tighten", "strong", "both"]
"""offer: "Ready? It rises slowly". feel: until "I feel it". where: left, right. tighten (muscle programmes
alone): until the muscle is seen or felt to tighten. strong: until "strong, still pleasant". both: every side
is found, Enter begins the session."""


# ── events and effects ──────────────────────────────────────────────────────────────────────────


class Pressed(msgspec.Struct, frozen=True):
    key: Key


class Heard(msgspec.Struct, frozen=True):
    """A message of the guard."""

    message: guard.FromGuard


class SessionSaved(msgspec.Struct, frozen=True):
    """The session's record is durable (rule 29): now it may be armed."""

    session_id: str


class NotSaved(msgspec.Struct, frozen=True):
    """A record could not be written: therapy ends safely."""

    sentence: str


class Deadline(msgspec.Struct, frozen=True):
    """The time of `deadline_s` has come."""


class GuardGone(msgspec.Struct, frozen=True):
    """The link to the guard ended: nothing is known of the output any more."""


class StopRequested(msgspec.Struct, frozen=True):
    """Something outside of the keys wants a stop: a signal, leaving, a dead terminal."""

    why: str


Event = Pressed | Heard | SessionSaved | NotSaved | Deadline | GuardGone | StopRequested


class Send(msgspec.Struct, frozen=True):
    message: guard.ToGuard


class Write(msgspec.Struct, frozen=True):
    """Save a record. `first` marks the session's own record, answered by SessionSaved."""

    record: Record
    corrects: str | None = None
    first: bool = False


class Tone(msgspec.Struct, frozen=True):
    """A sound with a visible twin: "prompt", "phase", "stopped", "not_confirmed", "fault"."""

    name: Literal["prompt", "phase", "stopped", "not_confirmed", "fault"]


class Ended(msgspec.Struct, frozen=True):
    outcome: SessionOutcome


Effect = Send | Write | Tone | Ended


# ── state ───────────────────────────────────────────────────────────────────────────────────────


class SlowRise(msgspec.Struct, frozen=True):
    """A rise that goes on by itself until any key holds it (rule 4)."""

    target_half_mA: int
    running: bool = False
    since_press_half_mA: int = 0
    next_s: float = 0.0


class Side(msgspec.Struct, frozen=True):
    """One channel, one side of the back. Currents are the person's level, in half-mA."""

    channel: int
    side: BodySide
    ceiling_half_mA: int
    reference_half_mA: int | None
    usual_first_feeling_half_mA: int | None
    level_half_mA: int = 0
    """What was asked for last; the guard's refusal sets it back."""
    applied_half_mA: int = 0
    """What the device acknowledged last."""
    contraction_base_half_mA: int | None = None
    """Level at the start of the last contraction (rule 1); None before the first."""
    highest_applied_half_mA: int = 0
    first_feeling_half_mA: int | None = None
    where: Literal["left", "right", "both", "elsewhere"] | None = None
    motor_threshold_half_mA: int | None = None
    """Where the person saw or felt the muscle tighten; None: not asked, or not seen."""
    comfortable_half_mA: int | None = None
    slow: SlowRise | None = None
    left_half_mA: int = 0
    """The level that a rest or a stop came from, which the slow rise goes back towards (rules 4 and 10)."""
    asked_s: float = -1e9
    """When `level_half_mA` was last asked for."""

    @property
    def not_felt_half_mA(self) -> int:
        """A level at which something must have been felt (rule 5)."""
        usual = self.usual_first_feeling_half_mA
        return (
            rules.NOT_FELT_HALF_MA
            if usual is None
            else min(rules.NOT_FELT_HALF_MA, int(usual * rules.NOT_FELT_FACTOR))
        )


class Notice(msgspec.Struct, frozen=True):
    """One short line that goes away by itself.

    `id`: "plateau", "too_soon", "ceiling", "contraction", "held", "let_go", "status", "nothing_yet",
    or what the guard refused.
    """

    id: str
    until_s: float


class Prompt(msgspec.Struct, frozen=True):
    """A question that Enter answers. still_ok ends the session when nobody answers."""

    kind: Literal["still_ok", "still_comfortable"]
    asked_s: float
    tones: int = 0
    held: bool = False
    """Enter is held down since before it was asked: it has to be let go of first."""


class SessionState(msgspec.Struct, frozen=True):
    """All that a screen needs to show the session, and all that the machine needs to go on."""

    plan: SessionPlan
    armed_plan: guard.GuardPlan
    limits: tuple[guard.ChannelLimit, ...]
    device_kind: str
    step_half_mA: int
    """The hardware's own: every level is a whole number of them, and so is what is shown (rule 3)."""
    epoch: int
    first_session: bool
    began_s: float
    stage: Stage
    sides: tuple[Side, ...]
    session_id: str | None = None
    resume: SessionOutcome | None = None
    began_at: dt.datetime | None = None
    """When the session began by the wall clock; before the stop that is gone on from, if there was one."""
    armed_at: dt.datetime | None = None
    """The wall clock at `began_s`: from there on only the monotonic clock counts."""
    seconds_before: int = 0
    """Played before the stop that is gone on from."""
    finding: int = 0
    """Index into `sides` while stage is "find"."""
    find_step: FindStep = "feel"
    selected: int | None = None
    """Index into `sides` that ▲ ▼ move in the session; None is both."""
    status: guard.Status | None = None
    status_s: float = 0.0
    last_up_s: float = -1e9
    last_raise_s: float = -1e9
    last_raise_half_mA: int = rules.FEEL_STEP_HALF_MA
    ups_in_a_row: int = 0
    last_key_s: float = 0.0
    """When a key was pressed last; one that is held repeats, and is not pressed anew."""
    key_event_s: float = -1e9
    """When a key was heard of last, pressed or repeated."""
    enter: EnterKey = EnterKey()
    still_ok_s: float = 0.0
    """When the person last said that all is well."""
    resting: bool = False
    notice: Notice | None = None
    prompt: Prompt | None = None
    fault: guard.Fault | None = None
    refused: guard.Refused | None = None
    stop_why: str | None = None
    waiting_until_s: float | None = None
    """Stage arming or stopping: when the guard's answer is overdue."""
    pad_faults: int = 0
    outcome: SessionOutcome | None = None

    @property
    def holds_lease(self) -> bool:
        """Whether the runner renews the lease: armed, and nothing asked for a stop."""
        return self.stage in ("arming", "find", "play")

    @property
    def output_possible(self) -> bool:
        """Current may flow, or it is not known that none does: STOP stands on the screen."""
        return self.stage in ("arming", "find", "play", "stopping")

    @property
    def rises(self) -> bool:
        """A slow rise runs on some side."""
        for side in self.sides:  # noqa: SIM110 - asked at every key and step of a rise: a generator costs more
            if side.slow is not None and side.slow.running:
                return True
        return False

    @property
    def side(self) -> Side:
        """The side whose level is being found."""
        return self.sides[self.finding]

    @property
    def phase(self) -> guard.Phase | None:
        """The phase that the guard reported last."""
        if (
            self.status is None
            or self.status.phase is None
            or self.status.phase >= len(self.armed_plan.phases)
        ):
            return None
        return self.armed_plan.phases[self.status.phase]

    @property
    def seconds_done(self) -> int:
        """Seconds of the session's phases that were played, finding not counted."""
        if self.stop_why == PLAN_OVER:
            return sum(phase.seconds for phase in self.plan.phases)
        if self.status is None or self.status.phase is None:
            return self.seconds_before
        played_ms = sum(
            p.duration_ms for p in self.armed_plan.phases[: self.status.phase] if p.role != "find"
        )
        phase = self.phase
        if phase is not None and phase.role != "find":
            played_ms += min(self.status.phase_elapsed_ms, phase.duration_ms)
        return self.seconds_before + played_ms // 1000

    @property
    def seconds_left(self) -> int:
        """Seconds of the session's phases still to come."""
        return max(0, sum(phase.seconds for phase in self.plan.phases) - self.seconds_done)
