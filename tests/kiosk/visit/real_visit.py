"""A visit on a real diary: the flow, and a store that keeps what it asks for."""

from __future__ import annotations

import datetime as dt
from typing import Any

from kiosk import today
from kiosk.clock import FixedClock
from kiosk.diary.records import Lock, Screening, Session
from kiosk.diary.store import Store, open_reader
from kiosk.events import (
    BeginSession,
    DeviceSeen,
    Effect,
    Event,
    LoadToday,
    Save,
    Saved,
    SaveScreening,
    StopTestEnded,
    TodayLoaded,
)
from kiosk.visit import flow
from kiosk.visit.state import Moment, Setting, Visit
from programs.library import questionnaire_digest
from tests.kiosk.visit.visit_bench import BASELINE, KEYS, SAFE, START, device

NMES = Session(
    programme="nmes_learn",
    montage="M4-par",
    session_kind="nmes",
    planned_seconds=1500,
    peak_mA={"1": 12.0, "2": 12.0},
)


def baseline(at: dt.datetime = START, **changes: Any) -> Screening:
    facts: dict[str, Any] = {
        "asks": "baseline",
        "answers": dict.fromkeys(BASELINE, "no"),
        "answered_at": dict.fromkeys(BASELINE, at),
        "verdict": "cleared",
        "questionnaire_digest": questionnaire_digest(),
        **changes,
    }
    return Screening(**facts)


def daily(at: dt.datetime, answers: dict[str, str], **changes: Any) -> Screening:
    return Screening(asks="daily", answers=answers, answered_at=dict.fromkeys(answers, at), **changes)


class RealVisit:
    """A person before the screen, with the diary on the disk."""

    def __init__(self, store: Store, clock: FixedClock) -> None:
        self.store, self.clock = store, clock
        self.begun: list[BeginSession] = []
        self.visit, effects = flow.start(Setting(), self.moment)
        self.waiting: list[Effect] = list(effects)

    @property
    def moment(self) -> Moment:
        return Moment(self.clock.now(), self.clock.monotonic_s(), self.clock.boottime_ns() / 1e9)

    async def press(self, *keys: str) -> None:
        for key in keys:
            self.clock.advance(2)
            self._take(flow.press(self.visit, KEYS[key], self.moment))
            await self.settle()

    async def hear(self, event: Event) -> None:
        self._take(flow.hear(self.visit, event, self.moment))
        await self.settle()

    async def until(self, step: str) -> None:
        for _ in range(80):
            if self.visit.step == step:
                return
            await self.press(*SAFE[self.visit.step])
            if self.visit.step == "stop_test" and step != "stop_test":
                await self.hear(StopTestEnded(True, "status 0"))
        raise AssertionError(self.visit.step)

    async def settle(self) -> None:
        while self.waiting:
            effect = self.waiting.pop(0)
            match effect:
                case SaveScreening(tag, record, None) | Save(tag, record, None) if not isinstance(
                    record, Lock
                ):
                    self._hear(Saved(tag, await self.store.add(record)))
                case SaveScreening(tag, record, str(screening_id)) if isinstance(record, Screening):
                    self._hear(Saved(tag, await self.store.update_screening(screening_id, record)))
                case Save(tag, Lock(class_=class_, cause=cause, until=until)):
                    self._hear(Saved(tag, await self.store.lock(class_, cause, until)))
                case Save(tag, record, str(corrects)):
                    self._hear(Saved(tag, await self.store.correct(record, corrects)))
                case LoadToday():
                    self._hear(
                        TodayLoaded(today.read(open_reader(self.store.folder, self.clock), self.clock))
                    )
                case BeginSession():
                    self.begun.append(effect)

    def _hear(self, event: Event) -> None:
        self._take(flow.hear(self.visit, event, self.moment))

    def _take(self, result: tuple[Visit, tuple[Effect, ...]]) -> None:
        self.visit, effects = result
        self.waiting += effects


async def begin(store: Store, clock: FixedClock) -> RealVisit:
    visit = RealVisit(store, clock)
    await visit.settle()
    await visit.hear(DeviceSeen(device()))
    return visit
