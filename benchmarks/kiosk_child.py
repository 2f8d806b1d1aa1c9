"""A kiosk for the stop's benchmarks: the product's screen, session runner, link and guard, and no diary.

The session is gone on from, so that it needs no finding of levels: armed, it shows the session's page. Over
two pipes the benchmark says what to do (`arm`, `rise`, `load loop|json|none`) and hears what happened
(`ready PID` with the guard's pid, `armed`, `stopped WHY`, `gap MS COUNT` before it). A program of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import gc
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from benchmarks import button_guard
from drivers import messages as guard
from drivers.guard.link import GuardLink
from kiosk.app import run_app
from kiosk.clock import SystemClock
from kiosk.diary.records import Record
from kiosk.events import SessionOutcome
from kiosk.held_key import HELD_KEY_S
from kiosk.keys import Key
from kiosk.page import Page
from kiosk.session.lease import Liveness
from kiosk.session.runner import SessionRunner
from kiosk.terminal.liveness import AlwaysAlive, TerminalLiveness
from kiosk.visit import flow
from kiosk.visit.pages import session as session_pages
from kiosk.visit.state import Moment, Setting
from programs.history import CourseHistory
from programs.plan import SessionPlan
from programs.prescription import demonstration_prescription
from programs.progression import next_session
from tests.kiosk.session.plans import channel, tens_plan

BUSY_S = 0.2
RECORDS = 50_000


class BenchConductor:
    """Arms again and again what it is told to; everything else is the product's."""

    def __init__(
        self,
        port: str,
        hear: int,
        tell: int,
        liveness: Liveness,
        plan: SessionPlan,
        button: Path | None,
    ) -> None:
        self._port, self._hear_fd, self._tell_fd = port, hear, tell
        self._button = button
        self._plan = plan
        self._clock = SystemClock()
        self._link: GuardLink | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._left = asyncio.Event()
        self._guard_state, self._epoch = "", 0
        self._stop_tested = self._armed = self._wanted = False
        self._leased_s: list[float] = []
        self._load = Load()
        self._changed: Callable[[], None] = lambda: None
        self._visit, _ = flow.start(Setting(), self._moment())
        self._runner = SessionRunner(
            send=self._send,
            save=self._save,
            clock=self._clock,
            liveness=liveness,
            on_change=self._session_changed,
            on_end=self._session_ended,
            on_tone=lambda name: None,
        )

    # ── for the screen (kiosk.conductor_types.Conductor) ──

    @property
    def output_possible(self) -> bool:
        return self._runner.output_possible

    @property
    def simulated(self) -> bool:
        return True

    def page(self) -> Page:
        if self._runner.state is None:
            return session_pages.beginning(self._visit, self._moment())
        return session_pages.page(self._visit, self._moment(), self._runner.state)

    def press(self, key: Key) -> None:
        self._runner.press(key)

    def on_change(self, callback: Callable[[], None]) -> None:
        self._changed = callback

    def stop_from_input_thread(self, source: str) -> None:
        """As kiosk.application does it: the datagram first."""
        assert self._link is not None
        assert self._loop is not None
        self._link.stop_now(source)
        self._loop.call_soon_threadsafe(self.press, Key.STOP)

    def terminal_answered(self, monotonic_s: float) -> None:
        """The liveness object was told."""

    def leave(self) -> None:
        self._left.set()

    async def run(self) -> int:
        gc.freeze()  # as kiosk.application does
        self._loop = asyncio.get_running_loop()
        if self._button is None:
            self._link = GuardLink.start_child(self._port, "p24", simulated=True)
        else:
            self._link = button_guard.start(self._port, self._button)
        self._link.listen(self._heard, self.leave)
        self._loop.add_reader(self._hear_fd, self._obey)
        await self._left.wait()
        self._runner.close()
        await self._link.close()
        await self._runner.drain()
        return 0

    # ── the guard ──

    def _send(self, message: guard.ToGuard) -> None:
        assert self._link is not None
        self._link.send(message)
        if isinstance(message, guard.Lease):
            self._leased_s.append(time.monotonic())

    def _heard(self, message: guard.FromGuard) -> None:
        assert self._link is not None
        if isinstance(message, guard.Device):
            self._stop_tested &= message.present  # a device that comes back is tested anew
        elif isinstance(message, guard.Status):
            self._guard_state, self._epoch = message.state, message.epoch
            self._stop_tested &= message.state != "no_device"  # what is looked for anew is tested anew
            if message.state == "testing":
                self._send(guard.Stop("test"))
            elif message.state == "idle" and not self._stop_tested:
                self._send(guard.Test())
        elif isinstance(message, guard.Stopped) and message.why == "test":
            self._stop_tested = message.confirmed
            self._tell(f"ready {self._link.pid}")
        self._runner.hear(message)
        self._begin_if_wanted()

    def _begin_if_wanted(self) -> None:
        if self._wanted and self._stop_tested and self._guard_state == "idle":
            self._wanted = self._armed = False
            self._leased_s.clear()
            self._runner.begin(
                self._plan,
                device_kind="p24",
                last_epoch=self._epoch,
                first_session=False,
                resume=_stopped_before(self._plan),
                session_id="benchmark",
            )

    def _session_changed(self) -> None:
        state = self._runner.state
        if state is not None and state.stage == "play" and not self._armed:
            self._armed = True
            self._tell("armed")
        self._changed()

    def _session_ended(self, outcome: SessionOutcome) -> None:
        gaps_s = [after - before for before, after in pairwise(self._leased_s)]
        self._tell(f"gap {max(gaps_s, default=0.0) * 1000:.3f} {len(gaps_s)}")
        self._tell(f"stopped {outcome.why}")
        self._changed()

    async def _save(self, record: Record, corrects: str | None) -> str:
        return "benchmark"

    # ── the benchmark ──

    def _tell(self, line: str) -> None:
        os.write(self._tell_fd, line.encode() + b"\n")

    def _obey(self) -> None:
        """One or more lines; the end of the pipe is the end."""
        lines = os.read(self._hear_fd, 4096).decode().split("\n")
        if lines == [""]:
            self.leave()
        for line in lines:
            word, _, what = line.partition(" ")
            if word == "arm":
                self._wanted = True
                self._begin_if_wanted()
            elif word == "rise":
                # The press that began the session was just now: a second one has to stand apart from it.
                asyncio.get_running_loop().call_later(HELD_KEY_S + 0.1, self.press, Key.ENTER)
            elif word == "load":
                self._load.change(what)

    def _moment(self) -> Moment:
        return Moment(dt.datetime.now(dt.UTC).astimezone(), time.monotonic())


class Load:
    """Work in another thread of the kiosk, which it should never have, to see what it does to a stop."""

    def __init__(self) -> None:
        self._kind = "none"
        self._changed = threading.Event()
        self._thread: threading.Thread | None = None

    def change(self, kind: str) -> None:
        self._kind = kind
        self._changed.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()

    def _run(self) -> None:
        records = [
            {
                "id": f"{n:032x}",
                "kind": "entries",
                "pain": n % 11,
                "at": "2026-11-20T14:05:00+01:00",
                "said": [n],
            }
            for n in range(RECORDS)
        ]
        while True:
            if self._kind == "loop":
                _busy()
            elif self._kind == "json":
                json.dumps(records)
            else:
                self._changed.wait()
                self._changed.clear()


def _busy() -> None:
    """Plain Python for 200 ms."""
    end_s = time.monotonic() + BUSY_S
    n = 0
    while time.monotonic() < end_s:
        n += 1


def _stopped_before(plan: SessionPlan) -> SessionOutcome:
    """The person stopped right after the warm-up, at 10 mA, if there is one."""
    seconds_done = sum(phase.seconds for phase in plan.phases if phase.role == "warm_up")
    return SessionOutcome(
        session_id="benchmark",
        why="person",
        confirmed=True,
        how="",
        seconds_done=seconds_done,
        seconds_left=sum(phase.seconds for phase in plan.phases) - seconds_done,
        channel=None,
        levels_half_mA=tuple((planned.channel, 20) for planned in plan.channels),
        at_s=0.0,
        pad_faults=0,
        found=True,
    )


def _plan(kind: str) -> SessionPlan:
    """tens: continuous, so that something flows all the time. nmes: the demonstration's first session."""
    if kind == "tens":
        return tens_plan(channel(1), channel(2))
    now = dt.datetime.now(dt.UTC).astimezone()
    planned = next_session(demonstration_prescription(now.date()), CourseHistory(), now, True)
    assert isinstance(planned, SessionPlan)
    assert planned.kind == "nmes"
    return planned


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", required=True)
    parser.add_argument("--hear", type=int, required=True)
    parser.add_argument("--tell", type=int, required=True)
    parser.add_argument("--plan", choices=("tens", "nmes"), required=True)
    parser.add_argument("--no-screen", action="store_true")
    parser.add_argument("--button", type=Path, help="a pipe in the place of a stop button")
    given = parser.parse_args()
    plan = _plan(given.plan)
    if given.no_screen:
        silent = BenchConductor(given.port, given.hear, given.tell, AlwaysAlive(), plan, given.button)
        return asyncio.run(silent.run())
    liveness = TerminalLiveness()
    conductor = BenchConductor(given.port, given.hear, given.tell, liveness, plan, given.button)
    return run_app(conductor, liveness)


if __name__ == "__main__":
    sys.exit(main())
