"""Invented diaries of two years in which everything happens that can make an old record matter: late entries,
sessions over midnight or never closed, clocks that stand ahead, changes, restores, pauses of months."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

import msgspec

from kiosk.clock import FixedClock
from kiosk.diary.records import (
    Acknowledgement,
    Alert,
    Consent,
    Contact,
    Entry,
    Form,
    LevelFound,
    Lock,
    Pads,
    PrescriptionInstalled,
    Record,
    Screening,
    Session,
    Stored,
    Unlock,
)
from kiosk.diary.store import open_store
from programs.library import load_questionnaire, prescription_example, questionnaire_digest
from programs.text import Reason

BEGINS: Final = dt.datetime(2026, 1, 5, 9, 0, tzinfo=dt.timezone(dt.timedelta(hours=1)))
DAYS: Final = 700
TOGETHER: Final = 150
"""Records are written so many at once."""
DAY: Final = dt.timedelta(days=1)
Add = Callable[..., Stored]
BASELINE: Final = load_questionnaire().keys_of("baseline")
PLANS: Final = ("deconditioned", "muscle-tension")


@dataclass
class Life:
    """What is written, and what can still be corrected."""

    rng: Random
    crossings: bool
    """Corrections of months later, and clocks that stand months ahead."""
    clock: FixedClock = field(default_factory=lambda: FixedClock(BEGINS))
    drafts: list[Stored] = field(default_factory=list)
    written: int = 0
    """Of the drafts."""
    serial: int = 0

    def often(self, chance: float) -> bool:
        return self.rng.random() < chance


def lived(folder: Path, seed: int, *, crossings: bool) -> Iterator[dt.datetime]:
    """Such a life into a new folder of kind rehearsal; gives the time whenever more of it is written."""
    life = Life(Random(seed), crossings)
    with open_store(folder, "rehearsal", life.clock, "SIM-1") as store:

        def add(record: Record, at: dt.datetime | None = None, corrects: str | None = None) -> Stored:
            draft = store.draft(record, at, corrects)
            envelope = msgspec.structs.replace(
                draft.envelope, after=len(life.drafts), clock_trusted=life.clock.is_trusted
            )
            life.drafts.append(msgspec.structs.replace(draft, envelope=envelope))
            return life.drafts[-1]

        def write() -> None:
            asyncio.run(store.add_all(life.drafts[life.written :]))
            life.written = len(life.drafts)

        day = 0
        while day < DAYS:
            if crossings and life.often(0.004):
                # What is written later stands behind it, in its month.
                real = life.clock.now()
                write()
                life.clock.time += life.rng.randint(1, 200) * DAY
                _live(life, add)
                write()
                life.clock.time = real
            _live(life, add)
            day += life.rng.choice((1, 1, 1, 2, 3)) if not life.often(0.005) else life.rng.randint(20, 150)
            morning = BEGINS + day * DAY + dt.timedelta(minutes=life.rng.randint(0, 800))
            life.clock.time = max(morning, life.clock.time + dt.timedelta(minutes=5))
            if len(life.drafts) - life.written >= TOGETHER or day >= DAYS:
                write()
                yield life.clock.now()


def _live(life: Life, add: Add) -> None:
    rng, often, clock = life.rng, life.often, life.clock
    clock.is_trusted = not often(0.05)
    if life.serial == 0 or often(0.02):
        life.serial += 1
        add(_prescription(life))
    if often(0.1):
        add(_screening(life, "baseline" if often(0.5) else "daily"))
    if often(0.8):
        late = rng.choice((0, 0, 0, 0, 1, 3)) * DAY
        said = add(_entry(life), at=clock.now() - late)
        clock.advance(60)
        if often(0.2):
            add(_entry(life), corrects=said.envelope.id, at=said.envelope.event_time)
    if often(0.4):
        _session(life, add)
    for chance, record in (
        (0.03, Form(form=rng.choice(("peg", "pgic")), answers={})),
        (0.05, _contact(life)),
        (0.02, Pads(event="new", size="5x9", uses=0, since=clock.now().date())),
        (0.004, Consent(topic=rng.choice(("family", "sync")), given=often(0.5), who="patient")),
        (0.02, Alert(level="info", rule=Reason("diary_gap"))),
    ):
        if often(chance):
            add(record)
    alerts = [one for one in life.drafts if isinstance(one.record, Alert)]
    if alerts and often(0.03):
        add(Acknowledgement(alert=rng.choice(alerts).envelope.id, note="", who="family"))
    _lock(life, add)
    if life.crossings and often(0.002):
        entries = [one for one in life.drafts if isinstance(one.record, Entry)]
        if entries:
            old = rng.choice(entries)
            add(_entry(life), corrects=old.envelope.id, at=old.envelope.event_time)


def _prescription(life: Life) -> PrescriptionInstalled:
    plan, anew = life.rng.choice(PLANS), life.often(0.3)
    text = prescription_example().replace('"deconditioned"', f'"{plan}"')
    lines = [line for line in text.splitlines() if not line.startswith(("serial", "levels_anew"))]
    toml = "\n".join([f"serial = {life.serial}", f"levels_anew = {'true' if anew else 'false'}", *lines])
    return PrescriptionInstalled(serial=life.serial, toml=toml, sha256="")


def _screening(life: Life, asks: Any) -> Screening:
    rng, now = life.rng, life.clock.now()
    keys = BASELINE if asks == "baseline" else ("d_change", "d_ill", "rf_chest")
    answers = {
        key: "yes" if life.often(0.05 if asks == "daily" else 0.002) else "no"
        for key in keys
        if life.often(0.999)
    }
    return Screening(
        asks=asks,
        answers=answers,
        answered_at=dict.fromkeys(answers, now),
        seconds={"daily_unwell": rng.choice((1.0, 5.0))},
        verdict=None if life.often(0.1) else "cleared",
        questionnaire_digest=questionnaire_digest() if life.often(0.95) else "another",
    )


def _entry(life: Life) -> Entry:
    rng = life.rng
    return Entry(
        moment=rng.choice(("daily", "daily", "next_day", "before")),
        pain_rest=rng.choice((None, 1, 2, 2, 3, 5, 7)),
        soreness=rng.choice((None, 0, 0, 1, 4, 6, 8)) if life.often(0.3) else 0,
        skin=rng.choice((None, 0, 1, 2)) if life.often(0.2) else 0,
    )


def _session(life: Life, add: Add) -> None:
    rng, clock = life.rng, life.clock
    if life.often(0.1):  # over midnight
        clock.time = clock.time.replace(hour=23, minute=50)
    kind, programme = rng.choice((("nmes", "nmes_learn"), ("tens", "tens_conv"), ("nmes", "nmes_end")))
    record = Session(
        programme=programme, montage="M4-par", session_kind=kind, planned_seconds=rng.choice((1500, 1800))
    )
    begun = add(record)
    clock.advance(20 * 60)
    for channel in (1, 2):
        add(_level(life, begun.envelope.id, channel, kind))
    if life.often(0.03):
        return  # nobody closed it
    closed = msgspec.structs.replace(
        record,
        state=rng.choice(("done", "done", "ended_early")),
        stop_reason=rng.choice((None, "enough")),
        seconds_done=rng.choice((1500, 300)),
        peak_mA={"1": 12.0} if life.often(0.95) else {},
        ended_at=clock.now(),
    )
    add(closed, corrects=begun.envelope.id, at=begun.envelope.event_time)
    if life.often(0.9):
        skin = rng.choice((0, 0, None))
        add(Entry(moment="after", skin=skin, pain_rest=2, session_id=begun.envelope.id))


def _level(life: Life, session_id: str, channel: int, kind: str) -> LevelFound:
    rng = life.rng
    return LevelFound(
        session_id=session_id,
        waveform="35 Hz 250 us" if kind == "nmes" else "100 Hz 180 us",
        montage="M4-par",
        pads=rng.choice(("5x9", "5x9", "7.5x13")),
        side="left" if channel == 1 else "right",
        channel=channel,
        device_kind=rng.choice(("p24", "p24", "rehastim2")),
        first_feeling_mA=rng.choice((None, 5.0, 6.0)),
        where="left",
        comfortable_mA=rng.choice((None, 10.0, 11.5, 14.0)),
        ceiling_mA=14.0,
        ceiling_set_by=Reason(rng.choice(("no_history", "lower_sore"))),
        motor_threshold_mA=rng.choice((None, 8.0)),
    )


def _contact(life: Life) -> Contact:
    rng = life.rng
    return Contact(
        montage="M4-par",
        pads=rng.choice(("5x9", "7.5x13")),
        channel=rng.choice((1, 2)),
        side="left",
        contact=rng.choice(("good", "good", "dry")),
        load_ohm=900,
        series_ohm=rng.choice((None, 300, 400, 500)),
    )


def _lock(life: Life, add: Add) -> None:
    rng, today = life.rng, life.clock.now().date()
    if life.often(0.03):
        class_ = rng.choice(("E", "C", "P", "P", "soreness", "skin", "pain", "red"))
        add(
            Lock(
                class_=class_,
                cause=rng.choice(("rf_chest", "d_change")),
                until=today + DAY if class_ == "P" else None,
            )
        )
    if life.often(0.003):
        add(Lock(class_="restore", cause="restore"))
    locks = [one for one in life.drafts if isinstance(one.record, Lock)]
    if locks and life.often(0.05):
        add(Unlock(lock_id=rng.choice(locks).envelope.id, by=rng.choice(("code", "file", "day"))))
