"""A whole visit typed in a real terminal, and everything that can be pulled out from under one.

The kiosk, its guard and the virtual P24 are real processes; what came out is read in the device's own log.
All of them play side by side: a whole visit, the same in plain lines, and scenes that begin before the pads,
on a data folder in which all was answered.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kiosk.clock import SystemClock
from kiosk.diary.records import Entry, LevelFound, Screening, Session
from kiosk.diary.store import open_reader
from tests.monkey.cage import answered_folder
from tests.real_time import again_after_a_stall
from tests.whole_visits import person
from tests.whole_visits.device_log import DeviceLog
from tests.whole_visits.terminal import KEYS, PlainTerminal, Terminal, kiosk, simulated, started

DEMO_PIN = "2580"
LIMIT_MA = 30.0

pytestmark = pytest.mark.timeout(400)


@dataclass
class Scene:
    """A kiosk with current on: the first side's level is being found."""

    folder: Path
    terminal: Terminal
    log: DeviceLog
    simulator: subprocess.Popen[bytes] | None = None

    def seconds_to_zero(self, trigger: Callable[[], object]) -> float:
        """From the trigger to the device's own zero."""
        began_s = time.monotonic()
        trigger()
        return self.log.wait_for_output(above_zero=False) - began_s

    def nothing_comes_back(self, seconds: float = 0.5) -> None:
        """For a while the device is not even told to put anything out."""
        before = len(self.log.outputs())
        time.sleep(seconds)
        assert not any(any(channels.values()) for _, channels in self.log.outputs()[before:])
        assert not self.log.output_now()
        self.log.check(limit_mA=LIMIT_MA)


Act = Callable[[Scene], None]
ACTS: dict[str, Act] = {}
"""What is done to a scene, by the name of its test: each goes on as soon as its current is on."""


def in_a_scene(act: Act) -> Callable[[Day], None]:
    """A test that is played beside the others from the beginning; here it only says how it went."""
    ACTS[act.__name__] = act

    def test(day: Day) -> None:
        day.acts[act.__name__].result()

    test.__name__ = act.__name__
    return test


class Day:
    """The whole visits, and the scenes that begin in the middle of one, side by side."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.answered = answered_folder(folder / "answered")
        self.pool = ThreadPoolExecutor(max_workers=len(ACTS) + 2)
        self.visit = self._begin("whole", self._whole_visit)
        self.plain = self._begin("plain", self._plain_visit)
        self.acts = {name: self._begin(name, self._play, name=name) for name in ACTS}

    def _begin(self, where: str, play: Callable[..., Any], **arguments: str) -> Future[Any]:
        return self.pool.submit(again_after_a_stall(play), tmp_path=self.folder / where, **arguments)

    def _whole_visit(self, tmp_path: Path) -> Path:
        log = DeviceLog(tmp_path / "device.jsonl")
        with kiosk(tmp_path, quick=True) as terminal:
            person.whole_visit(terminal, log)
            terminal.wait_for("Family")
            terminal.press("9")
            terminal.wait_for("nobody may look")
            terminal.press("1")
            terminal.wait_for("Family: may look")
            terminal.press("9")
            terminal.wait_for(DEMO_PIN)
            terminal.press(*DEMO_PIN, "enter")
            terminal.wait_for("This is not an emergency service.")
            terminal.press("0")
            terminal.wait_for("Write in my diary")
            terminal.press("ctrl+c", "ctrl+c")
            assert terminal.wait_for_end() == 0
        return tmp_path

    def _plain_visit(self, tmp_path: Path) -> tuple[Path, str]:
        """The same visit in plain lines, left and come back to; its folder and all that was said."""
        log = DeviceLog(tmp_path / "device.jsonl")
        with closing(PlainTerminal(simulated(tmp_path))) as terminal:
            person.whole_visit(terminal, log)
            terminal.press("ctrl+c", "ctrl+c")
            assert terminal.wait_for_end() == 0
            said = terminal.said
        with closing(PlainTerminal(simulated(tmp_path))) as again:
            again.wait_for("device ready")
            again.press("3")
            again.wait_for("From your own answers. They do not say why.")
            again.press("0")
            again.wait_for("Write in my diary")
            again.press("ctrl+c", "ctrl+c")
            assert again.wait_for_end() == 0
            said += again.said
        return tmp_path, said

    def _play(self, name: str, tmp_path: Path) -> None:
        """Up to the current of the first side; then what the test does."""
        shutil.copytree(self.answered, tmp_path / "data")
        log = DeviceLog(tmp_path / "device.jsonl")
        with ExitStack() as resources:
            simulator = None
            if "unplugged" in name:
                simulator = _simulator(tmp_path / "p24", log.path)
                resources.callback(simulator.communicate)
                resources.callback(simulator.terminate)
                link = f"p24:{tmp_path / 'p24'}"
                run = ["run", "--simulate", link, "--data", str(tmp_path / "data")]
                terminal = Terminal(run, quick=True)
            else:
                terminal = started(tmp_path, quick=True)
            resources.callback(terminal.close)
            person.back_to_the_pads(terminal)
            person.pads_and_stop_test(terminal)
            person.feel(terminal, log, 1)
            log.wait_for_output(above_zero=True, within_s=20)
            ACTS[name](Scene(tmp_path, terminal, log, simulator))


def _simulator(link: Path, log: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "kiosk", "simulate", "p24", "--link", str(link), "--log", str(log)]
    simulator = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert simulator.stdout is not None
    assert simulator.stdout.readline().startswith(b"ready")
    return simulator


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    day = Day(tmp_path_factory.mktemp("day"))
    wait([day.visit, day.plain, *day.acts.values()])
    yield day
    day.pool.shutdown()


def test_a_whole_visit_came_out_right(day: Day) -> None:
    log = DeviceLog(day.visit.result() / "device.jsonl")
    log.check(limit_mA=LIMIT_MA, contraction_raise_mA=2.0)
    assert {channel for _, channels in log.outputs() for channel in channels} == {1, 2}


def test_a_whole_visit_stands_in_the_diary(day: Day) -> None:
    reader = open_reader(day.visit.result() / "data", SystemClock())
    screenings = [stored.record for stored in reader.all("screenings")]
    verdicts = [record.verdict for record in screenings if isinstance(record, Screening)]
    assert verdicts == ["cleared", "cleared"]
    (session,) = [stored.record for stored in reader.all("sessions")]
    assert isinstance(session, Session)
    assert (session.state, session.stop_reason, session.stop_confirmed) == ("ended_early", "enough", True)
    assert set(session.peak_mA) == {"1", "2"}
    levels = [stored.record for stored in reader.all("levels") if isinstance(stored.record, LevelFound)]
    assert [(level.side, level.where) for level in levels] == [("left", "left"), ("right", "right")]
    entries = [stored.record for stored in reader.all("entries") if isinstance(stored.record, Entry)]
    before = next(entry for entry in entries if entry.moment == "before")
    assert (before.pain_rest, before.pain_moving, before.soreness) == (4, 5, 2)
    after = next(entry for entry in entries if entry.moment == "after")
    assert (after.pain_rest, after.skin) == (3, 0)


def test_the_same_visit_is_made_in_plain_lines_and_says_all_the_while_that_current_is_on(day: Day) -> None:
    folder, said = day.plain.result()
    DeviceLog(folder / "device.jsonl").check(limit_mA=LIMIT_MA, contraction_raise_mA=2.0)
    (session,) = open_reader(folder / "data", SystemClock()).all("sessions")
    assert isinstance(session.record, Session)
    assert (session.record.state, session.record.stop_reason) == ("ended_early", "enough")
    assert "\x1b" not in said, "nothing is drawn: there is no screen to be read"
    flat = " ".join(said.split())
    levels = re.findall(r"(?<!back )\b([1-9][0-9.]*) mA, limit 30\.0(.{16})", flat)
    assert len(levels) >= 4
    assert {after for _, after in levels} == {". CURRENT IS ON."}
    assert re.search(r"minutes left\..{60,120}CURRENT IS ON\.", flat)
    assert flat.count("device ready") == flat.count("SIMULATOR. device ready")
    assert "The stimulator reports that its output is off." in said


@in_a_scene
def test_an_unfinished_paste_does_not_swallow_the_stop_key(scene: Scene) -> None:
    assert scene.seconds_to_zero(lambda: scene.terminal.send(b"\x1b[200~ ")) < 1.0
    scene.terminal.wait_for("The stimulator reports that its output is off.")
    scene.nothing_comes_back()


@in_a_scene
def test_a_hung_kiosk_is_zero_by_the_lease_and_does_not_resume(scene: Scene) -> None:
    assert scene.seconds_to_zero(lambda: os.kill(scene.terminal.child.pid, signal.SIGSTOP)) < 1.5
    # What the person tries at a frozen screen: it was meant for that one.
    scene.terminal.send(KEYS["up"] * 5 + b"1\r1")
    os.kill(scene.terminal.child.pid, signal.SIGCONT)
    scene.terminal.wait_for("output is off")
    scene.nothing_comes_back()


@in_a_scene
def test_a_terminal_that_stops_reading_is_zero_within_two_seconds(scene: Scene) -> None:
    assert scene.seconds_to_zero(scene.terminal.stop_reading) < 3.0
    scene.terminal.read_on()
    scene.terminal.wait_for("output is off")
    scene.nothing_comes_back()


@in_a_scene
def test_a_hung_guard_is_zero_by_the_devices_own_watchdog_and_does_not_resume(scene: Scene) -> None:
    guard = _pid_of_guard(scene.terminal)
    assert scene.seconds_to_zero(lambda: os.kill(guard, signal.SIGSTOP)) < 3.5
    os.kill(guard, signal.SIGCONT)
    scene.nothing_comes_back(1.5)


@in_a_scene
def test_an_unplugged_stimulator_is_never_called_off(scene: Scene) -> None:
    assert scene.simulator is not None
    assert scene.simulator.stdin is not None
    scene.simulator.stdin.write(b"fault unplug\n")
    scene.simulator.stdin.flush()
    scene.terminal.wait_for("Switch the stimulator OFF now.")
    scene.terminal.wait_for("It is not known if current still flows.")
    scene.nothing_comes_back()


@in_a_scene
def test_a_terminal_that_becomes_too_small_says_so_and_stop_still_works(scene: Scene) -> None:
    scene.terminal.resize(40, 12)
    scene.terminal.wait_for("too small")
    assert scene.seconds_to_zero(lambda: scene.terminal.send(b" ")) < 1.0


@in_a_scene
def test_ctrl_c_in_mid_session_stops_and_a_second_one_leaves(scene: Scene) -> None:
    assert scene.seconds_to_zero(lambda: scene.terminal.send(b"\x03")) < 1.0
    time.sleep(0.5)
    scene.terminal.send(b"\x03")
    assert scene.terminal.wait_for_end() == 0
    assert "Traceback" not in scene.terminal.text


@in_a_scene
def test_sigterm_in_mid_session_is_zero_first(scene: Scene) -> None:
    assert scene.seconds_to_zero(lambda: os.kill(scene.terminal.child.pid, signal.SIGTERM)) < 1.0
    assert scene.terminal.wait_for_end() == 0
    assert "Traceback" not in scene.terminal.text


@in_a_scene
def test_a_killed_kiosk_is_zero_at_once_and_says_so_when_it_is_back(scene: Scene) -> None:
    assert scene.seconds_to_zero(scene.terminal.child.kill) < 1.0
    scene.terminal.child.wait()
    with kiosk(scene.folder) as again:
        again.wait_for("Your session ended early")
        again.wait_for("Nothing starts by itself.")


def _pid_of_guard(terminal: Terminal) -> int:
    """The kiosk's child that holds the port."""
    pid = terminal.child.pid
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            if b"drivers.guard" in Path(f"/proc/{child}/cmdline").read_bytes():
                return int(child)
    raise AssertionError("no guard")
