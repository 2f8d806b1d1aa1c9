"""No order of keys, going back, restarting or setting the clock opens a lock: on a real diary, with real
restarts."""

from __future__ import annotations

import asyncio
import datetime as dt
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kiosk import today
from kiosk.clock import FixedClock
from kiosk.diary.records import Lock, Screening
from kiosk.diary.store import Store, open_store
from kiosk.events import BeginSession, DeviceSeen, StopTestEnded
from kiosk.keys import Key
from kiosk.visit.steps.answers import CONFIRMED_CLASSES
from programs.library import load_questionnaire
from programs.screening import Answer
from tests.kiosk.visit.real_visit import RealVisit, baseline
from tests.kiosk.visit.visit_bench import SAFE, START, device

QUESTIONS = load_questionnaire().questions


class Restarting:
    """One person, one diary, and a program that ends and begins again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = FixedClock(START)
        self.boots = 0
        self.locks: dict[str, Lock] = {}
        """Every lock that was ever durable, by id."""
        self.store: Store
        self.visit: RealVisit

    async def begin(self) -> None:
        self.store = open_store(self.folder, "simulated", self.clock, "SIM-1")
        self.visit = RealVisit(self.store, self.clock)
        await self.visit.settle()
        await self.visit.hear(DeviceSeen(device()))

    async def restart(self) -> None:
        self.store.close()
        self.boots += 1
        self.clock.boot = f"00000000-0000-4000-8000-{self.boots:012d}"
        self.clock.uptime_s = 10.0
        await self.begin()

    async def do(self, doing: object) -> None:
        began = len(self.visit.begun)
        held = {stored.envelope.id for stored in self.store.locks_open(self.clock.now())}
        match doing:
            case "safe":
                step = self.visit.visit.step
                await self.visit.press(*SAFE.get(step, ("enter",)))
                if self.visit.visit.step == "stop_test":
                    await self.visit.hear(StopTestEnded(True, "status 0"))
            case "yes":
                for step, key in (("group", "2"), ("single", "2"), ("confirm_yes", "2")):
                    if self.visit.visit.step == step:
                        await self.visit.press(key)
            case "restart":
                await self.restart()
                began = 0
            case ("set", days):
                self.clock.time += dt.timedelta(days=days)
                self.clock.is_trusted = False
            case ("pass", hours):
                self.clock.advance(hours * 3600.0)
            case Key() as key:
                await self.visit.press(key.value)
        self.check(held, began)

    def check(self, held: set[str], began: int) -> None:
        for stored in self.store.all("locks"):
            assert isinstance(stored.record, Lock)
            self.locks[stored.envelope.id] = stored.record
        open_now = {stored.envelope.id for stored in self.store.locks_open(self.clock.now())}
        for lock_id, lock in self.locks.items():
            day_came = (
                lock.until is not None and self.clock.is_trusted and self.clock.now().date() >= lock.until
            )
            assert lock_id in open_now or day_came, lock
        for effect in self.visit.begun[began:]:
            assert isinstance(effect, BeginSession)
            assert not held
            assert not open_now
            assert not self.said_yes()

    def said_yes(self) -> set[str]:
        """Locking answers of the rounds as they were saved last, not taken back and without a lock."""
        locked = {lock.cause for lock in self.locks.values()}
        newest = {}
        for stored in self.store.all("screenings"):
            assert isinstance(stored.record, Screening)
            newest[stored.record.asks] = stored.record
        return {
            key
            for record in newest.values()
            for key, said in record.answers.items()
            if QUESTIONS[key].class_ in CONFIRMED_CLASSES
            and QUESTIONS[key].is_worse(Answer(said))
            and key not in locked
        }


KEYS = [Key.ONE, Key.TWO, Key.THREE, Key.ENTER, Key.BACK, Key.STOP]
ANYTHING = st.one_of(
    st.sampled_from(KEYS),
    st.sampled_from([key for key in Key if key is not Key.LEAVE]),
    st.just("restart"),
    st.tuples(st.just("set"), st.sampled_from([-400, -30, -1, 1, 2, 400])),
    st.tuples(st.just("pass"), st.sampled_from([0.2, 1.5, 26.0])),
)
DOINGS = st.lists(st.sampled_from(["safe", "yes", "yes"]) | ANYTHING, min_size=8, max_size=30)
SICK: list[object] = ["yes", "yes", Key.BACK, "yes", "yes", "restart", "safe"] * 4
"""A life with locks, whatever the sample holds: that changes with what else is imported."""
MEMORY = Path("/dev/shm")
"""Power is not cut here: the diary need not reach a disk."""


async def live_through(folder: Path, doings: list[object], is_new: bool) -> int:
    person = Restarting(folder)
    with open_store(folder, "simulated", person.clock, "SIM-1") as store:
        if not is_new:
            await store.add(baseline())
    await person.begin()
    await person.visit.until("group")
    try:
        for doing in doings:
            await person.do(doing)
        await person.restart()
        person.check(set(), 0)
        assert {lock.cause for lock in today.read(person.store, person.clock).locks} <= {
            lock.cause for lock in person.locks.values()
        }
    finally:
        person.store.close()
    return len(person.locks)


def test_no_keys_restarts_or_clocks_open_a_lock(soak: bool) -> None:
    examples = 400 if soak else 25
    seen = [0, 0]

    sample = settings(
        max_examples=examples,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        derandomize=not soak,
    )

    @sample
    @given(DOINGS, st.booleans())
    @example(SICK, False)
    @example(SICK, True)
    def run(doings: list[object], is_new: bool) -> None:
        with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
            seen[0] += 1
            seen[1] += asyncio.run(live_through(Path(folder) / "data", doings, is_new))

    run()
    print(f"{seen[0]} lives, {seen[1]} locks, none opened")
    assert seen[1] > examples // 8
