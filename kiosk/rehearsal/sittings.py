"""The sessions of a rehearsal with all that comes between: pads, stops, faults, power cuts, sore skin."""

from __future__ import annotations

import datetime as dt
from random import Random
from typing import Final

from msgspec.structs import replace

from kiosk.diary.records import AdverseEvent, Entry, LevelFound, Pads, Record, Session
from kiosk.events import SessionOutcome
from kiosk.rehearsal.clinician import Clinician
from kiosk.rehearsal.guard import VirtualGuard
from kiosk.rehearsal.hands import Hands
from kiosk.rehearsal.life import ChannelToday, Life
from kiosk.rehearsal.patient import Feeling
from kiosk.rehearsal.session import Mishap, PowerCut, SessionPlayer
from kiosk.visit.steps.stimulation import MOST_DEVICE_FAULTS, MOST_PAD_FAULTS, NOT_THE_DEVICE, kind_of
from programs.plan import SessionPlan
from programs.text import Reason

PADS_USES, PADS_DAYS = 30, 80
"""Pads are changed after so many sessions or days (clinical reference 1D, 6)."""
STOPS: Final = (
    ("enough", 40),
    ("pad_loose", 25),
    ("sting", 20),
    ("mistake", 13),
    ("burning", 1),
    ("faint", 1),
)
"""Why a person stops, and how often of a hundred [D]."""
FAULTS: Final = (("electrode", 70), ("low_current", 20), ("no_answer", 10))
FAULT: Final = 0.006
POWER_CUT: Final = 0.0008
GOES_ON_AT_MOST: Final = 5


class Sittings:
    """The sessions of one patient, one after the other."""

    def __init__(self, life: Life, clinician: Clinician, device_kind: str) -> None:
        self._life = life
        self._clinician = clinician
        self._player = SessionPlayer(VirtualGuard(device_kind), life.clock, self._write_session, life.checker)
        self._pads: Pads | None = None
        self._faults_today = 0
        self._levels: dict[int, LevelFound] = {}
        """Of the last session."""
        self._last_record: Session | None = None
        self._session_id = ""

    def new_day(self) -> None:
        """Faults are counted a day."""
        self._faults_today = 0

    def have(self, plan: SessionPlan) -> None:
        """One, from the pads to the answers after it."""
        self._use_pads(plan)
        feelings = {
            lead.channel: self._life.patient.feeling(
                lead.side, plan.programme, plan.kind, plan.work.pulse_width_us
            )
            for lead in plan.montage.leads
        }
        hands = Hands(
            feelings, self._life.rng, wrong_keys=self._life.person.wrong_keys, fades=plan.kind == "tens"
        )
        self._levels = {}
        planned_s = sum(phase.seconds for phase in plan.phases)
        stop, mishap = self._mishap(planned_s)
        try:
            record = self._play(plan, hands, stop, mishap)
        except PowerCut:
            record = self._interrupted()
        if record is not None:
            ended_at = record.ended_at or self._life.clock.now()
            self._count(plan, record, ended_at, feelings)
        if record is None or record.state == "interrupted":
            return
        self._life.passes(self._life.rng.uniform(60, 240))
        grade = self._life.patient.skin(next_day=False)
        entry = Entry(
            moment="after",
            pain_rest=self._life.patient.pain_after(plan.kind),
            skin=grade,
            session_id=self._session_id,
        )
        self._life.book.add(entry)
        self._life.summary.wrote(entry, self._life.clock.now())
        self.skin_is(grade, plan.programme)

    def skin_is(self, grade: int, programme: str) -> None:
        """From grade 2 on the place rests; 3 and 4 are an event besides."""
        if grade >= 3:
            self._adverse("skin", programme, grade)
        if grade >= 2:
            self._clinician.lock("skin", f"skin_{grade}")

    def _mishap(self, planned_s: int) -> tuple[str, Mishap | None]:
        """Why she will stop (empty: she will not), and what comes from outside."""
        rng, after_s = self._life.rng, self._life.rng.uniform(5, planned_s)
        if rng.random() < self._life.person.stops_early:
            return _drawn(rng, STOPS), Mishap(after_s, "stop")
        if rng.random() < FAULT:
            return "", Mishap(after_s, _drawn(rng, FAULTS), rng.choice((1, 2)))
        if rng.random() < POWER_CUT:
            return "", Mishap(after_s, "power")
        return "", None

    def _play(self, plan: SessionPlan, hands: Hands, stop: str, mishap: Mishap | None) -> Session | None:
        """One session with everything that interrupts it: its last record."""
        outcome: SessionOutcome | None = None
        for _ in range(GOES_ON_AT_MOST):
            first = self._life.summary.history.sessions_done == 0
            outcome = self._player.play(plan, hands, first_session=first, resume=outcome, mishap=mishap)
            stopped_by_mishap = mishap is not None and outcome.why != "look"
            reason = stop if stopped_by_mishap and stop else "mistake"
            if stopped_by_mishap:
                mishap = None
            outcome = self._after_stop(plan, outcome, reason, hands)
            if outcome is None or outcome.seconds_left <= 0:
                break
            self._life.passes(self._life.rng.uniform(20, 240))
        return self._last_record

    def _after_stop(
        self, plan: SessionPlan, outcome: SessionOutcome, reason: str, hands: Hands
    ) -> SessionOutcome | None:
        """What follows an end, as in `kiosk.visit.steps.stimulation`; the outcome that is gone on from."""
        kind = kind_of(outcome)
        if kind == "person":
            if outcome.record is not None:
                self._write_session(replace(outcome.record, stop_reason=reason), outcome.session_id)
            if reason in ("burning", "faint"):
                self._adverse(reason, plan.programme)
                self._clinician.lock("red", reason)
            if reason in ("enough", "burning", "faint"):
                return None
            if reason == "pad_loose":
                outcome = replace(outcome, pad_faults=outcome.pad_faults + 1)
                kind = "pads"
        if kind in ("pads", "place"):
            hands.sticks_pads_again()
            if outcome.pad_faults > MOST_PAD_FAULTS:
                self._life.alert("amber", Reason("pad_faults", {"count": outcome.pad_faults}))
                self._clinician.lock("P", "pad_faults")
                return None
        if kind == "nobody":
            self._life.alert("info", Reason("nobody_answered"))
            return None
        if outcome.why in NOT_THE_DEVICE:
            return None
        if kind == "fault":
            self._faults_today += 1
            if self._faults_today > MOST_DEVICE_FAULTS:
                self._clinician.lock("P", "device_faults")
                return None
        return None if kind == "done" else outcome

    def _interrupted(self) -> Session:
        """The power comes back: the session gets its end in the diary."""
        self._life.passes(self._life.rng.uniform(300, 1500))
        self._life.clock.boot = f"{self._life.rng.getrandbits(32):08x}-0000-4000-8000-000000000001"
        assert self._last_record is not None
        record = replace(self._last_record, state="interrupted", stop_reason="restart")
        self._write_session(record, self._session_id)
        return record

    def _count(
        self, plan: SessionPlan, record: Session, ended_at: dt.datetime, feelings: dict[int, Feeling]
    ) -> None:
        """The session into the summary, the checker's book and the patient's muscles, if current flowed."""
        unfelt = any(level.first_feeling_mA is None for level in self._levels.values())
        self._clinician.hears_of_session(plan.kind, unfelt=unfelt)
        possible = record.state == "interrupted" or any(record.peak_mA.values())
        if possible:
            self._life.summary.played(plan, record, ended_at, self._clinician.prescription)
            self._life.checker.played(plan, record.seconds_done, ended_at)
            peaks = {channel: record.peak_mA.get(str(channel), 0.0) for channel in feelings}
            squeeze = max(feeling.squeeze(peaks[channel]) for channel, feeling in feelings.items())
            self._life.patient.has_session(plan.kind, record.seconds_done, squeeze, ended_at)
            if plan.kind == "nmes":
                self._life.patient.hurts_after()
            for level in self._levels.values():
                self._life.summary.found(level, plan, ended_at.date())
                self._life.checker.found(level, plan, ended_at.date())
        self._life.tell(
            "session",
            plan.reasons,
            programme=plan.programme,
            kind=plan.kind,
            minutes=plan.minutes,
            channels=tuple(
                ChannelToday(
                    channel.channel,
                    channel.ceiling_mA,
                    channel.set_by,
                    found.comfortable_mA if (found := self._levels.get(channel.channel)) else None,
                )
                for channel in plan.channels
            ),
            state=record.state,
            seconds_done=record.seconds_done,
            stop_reason=record.stop_reason,
            unfelt=unfelt,
        )

    def _write_session(self, record: Record, corrects: str | None) -> str:
        """What the session machine wants saved."""
        record_id = self._life.book.add(record, corrects=corrects)
        if isinstance(record, LevelFound):
            self._levels[record.channel] = record
        if isinstance(record, Session):
            self._last_record = record
            self._session_id = corrects or record_id
        return record_id

    def _use_pads(self, plan: SessionPlan) -> None:
        today = self._life.today
        size = f"{plan.montage.pad_width_cm:g}x{plan.montage.pad_height_cm:g}"
        worn = self._pads
        old = worn is None or worn.uses >= PADS_USES or worn.size != size
        old = old or (worn is not None and worn.since is not None and (today - worn.since).days >= PADS_DAYS)
        if old or worn is None:
            worn = Pads(event="new", size=size, uses=0, since=today)
            self._life.book.add(worn)
        self._pads = replace(worn, event="used", uses=worn.uses + 1)
        self._life.book.add(self._pads)

    def _adverse(self, symptom: str, programme: str, grade: int | None = None) -> None:
        current_mA = {str(channel): level.comfortable_mA or 0.0 for channel, level in self._levels.items()}
        self._life.book.add(
            AdverseEvent(
                symptom=symptom,
                programme=programme,
                montage="",
                current_mA=current_mA,
                action="stopped",
                grade=grade,
            )
        )


def _drawn(rng: Random, weighted: tuple[tuple[str, int], ...]) -> str:
    return rng.choices([name for name, _ in weighted], [weight for _, weight in weighted])[0]
