"""A whole visit typed in a real terminal, and everything that can be pulled out from under one.

The kiosk, its guard and the virtual P24 are real processes; what came out is read in the device's own log.
To save time one person makes the whole visit; when she stands before the pads, her data folder is copied as a
power cut would leave it, and the other kiosks go on from there, side by side.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from kiosk.clock import SystemClock
from kiosk.diary.records import Entry, LevelFound, Screening, Session
from kiosk.diary.store import open_reader
from tests.visit import person
from tests.visit.device_log import DeviceLog
from tests.visit.terminal import Terminal, kiosk, started

DEMO_PIN = "2580"
LIMIT_MA = 30.0
SCENES = ("paste", "killed", "hung", "stalled", "guard_hung", "ctrl_c", "sigterm", "small", "unplugged")

pytestmark = pytest.mark.timeout(240)


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


class Day:
    """The visit, and the scenes that begin in its middle."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.answered = folder / "answered"
        self.pool = ThreadPoolExecutor(max_workers=len(SCENES) + 1)
        self.scenes: dict[str, Future[Scene]] = {}
        self.resources = ExitStack()
        self.visit = self.pool.submit(self._whole_visit)

    def _whole_visit(self) -> Path:
        folder = self.folder / "whole"
        folder.mkdir()
        log = DeviceLog(folder / "device.jsonl")
        with kiosk(folder) as terminal:
            person.first_questions(terminal)
            person.questions_of_the_day(terminal)
            terminal.wait_for("Is the skin under the pads")
            shutil.copytree(folder / "data", self.answered)
            for name in SCENES:
                self.scenes[name] = self.pool.submit(self._begin, name)
            person.pads_and_stop_test(terminal)
            person.both_levels(terminal, log)
            terminal.wait_for("Warm-up")
            terminal.press("stop")
            terminal.wait_for("The stimulator reports that its output is off.")
            terminal.press("enter")
            terminal.wait_for("Why did you stop?")
            terminal.press("2")
            terminal.wait_for("Take the pads off now.")
            terminal.press("enter")
            terminal.wait_for("How does the skin", "skin")
            terminal.press("1")
            terminal.wait_for("Saved.")
            terminal.press("enter")
            terminal.wait_for("Family")
            terminal.press("9")
            terminal.wait_for("nobody may look")
            terminal.press("1")
            terminal.wait_for("Family: may look")
            terminal.press("9")
            terminal.wait_for(DEMO_PIN)
            terminal.press(*DEMO_PIN, "enter")
            terminal.wait_for("not checked. This is not an emergency service.")
            terminal.press("0")
            terminal.wait_for("Write in my diary")
            terminal.press("ctrl+c", "ctrl+c")
            assert terminal.wait_for_end() == 0
        return folder

    def _begin(self, name: str) -> Scene:
        folder = self.folder / name
        folder.mkdir()
        shutil.copytree(self.answered, folder / "data")
        log = DeviceLog(folder / "device.jsonl")
        simulator = None
        if name == "unplugged":
            simulator = _simulator(folder / "p24", log.path)
            self.resources.callback(simulator.communicate)
            self.resources.callback(simulator.terminate)
            terminal = Terminal(
                ["run", "--simulate", f"p24:{folder / 'p24'}", "--data", str(folder / "data")]
            )
        else:
            terminal = started(folder)
        self.resources.callback(terminal.close)
        person.back_to_the_pads(terminal)
        person.pads_and_stop_test(terminal)
        person.feel(terminal, log, 1)
        log.wait_for_output(above_zero=True, within_s=20)
        return Scene(folder, terminal, log, simulator)


def _simulator(link: Path, log: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "kiosk", "simulate", "p24", "--link", str(link), "--log", str(log)]
    simulator = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert simulator.stdout is not None
    assert simulator.stdout.readline().startswith(b"ready")
    return simulator


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    day = Day(tmp_path_factory.mktemp("day"))
    day.visit.exception()  # wait for it; the test of the visit raises what went wrong
    yield day
    wait(day.scenes.values())
    day.resources.close()
    day.pool.shutdown()


@pytest.fixture
def scene(day: Day, request: pytest.FixtureRequest) -> Scene:
    """The scene of that name, at a moment when something comes out and not in a contraction's rest."""
    scene = day.scenes[request.param].result()
    if "Still OK?" in scene.terminal.text:  # on a slow machine it has waited for minutes
        scene.terminal.press("enter")
    try:
        scene.log.wait_for_output(above_zero=True, within_s=20)
    except AssertionError as error:
        raise AssertionError(f"{error}; the screen:\n{scene.terminal.text}") from error
    return scene


def on(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("scene", [name], indirect=True)


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
    assert any(entry.skin is not None for entry in entries)


@on("paste")
def test_an_unfinished_paste_does_not_swallow_the_stop_key(scene: Scene) -> None:
    assert scene.seconds_to_zero(lambda: scene.terminal.send(b"\x1b[200~ ")) < 1.0
    scene.terminal.wait_for("The stimulator reports that its output is off.")
    scene.nothing_comes_back()


@on("hung")
def test_a_hung_kiosk_is_zero_by_the_lease_and_does_not_resume(scene: Scene) -> None:
    assert scene.seconds_to_zero(lambda: os.kill(scene.terminal.child.pid, signal.SIGSTOP)) < 1.5
    os.kill(scene.terminal.child.pid, signal.SIGCONT)
    scene.terminal.wait_for("output is off")
    scene.nothing_comes_back()


@on("stalled")
def test_a_terminal_that_stops_reading_is_zero_within_two_seconds(scene: Scene) -> None:
    assert scene.seconds_to_zero(scene.terminal.stop_reading) < 3.0
    scene.terminal.read_on()
    scene.terminal.wait_for("output is off")
    scene.nothing_comes_back()


@on("guard_hung")
def test_a_hung_guard_is_zero_by_the_devices_own_watchdog_and_does_not_resume(scene: Scene) -> None:
    guard = _pid_of_guard(scene.terminal)
    assert scene.seconds_to_zero(lambda: os.kill(guard, signal.SIGSTOP)) < 3.5
    os.kill(guard, signal.SIGCONT)
    scene.nothing_comes_back(1.5)


@on("unplugged")
def test_an_unplugged_stimulator_is_never_called_off(scene: Scene) -> None:
    assert scene.simulator is not None
    assert scene.simulator.stdin is not None
    scene.simulator.stdin.write(b"fault unplug\n")
    scene.simulator.stdin.flush()
    scene.terminal.wait_for("Switch the stimulator OFF now.")
    scene.terminal.wait_for("It is not known if current still flows.")
    scene.nothing_comes_back()


@on("small")
def test_a_terminal_that_becomes_too_small_says_so_and_stop_still_works(scene: Scene) -> None:
    scene.terminal.resize(40, 12)
    scene.terminal.wait_for("too small")
    assert scene.seconds_to_zero(lambda: scene.terminal.send(b" ")) < 1.0


@on("ctrl_c")
def test_ctrl_c_in_mid_session_stops_and_a_second_one_leaves(scene: Scene) -> None:
    assert scene.seconds_to_zero(lambda: scene.terminal.send(b"\x03")) < 1.0
    time.sleep(0.5)
    scene.terminal.send(b"\x03")
    assert scene.terminal.wait_for_end() == 0
    assert "Traceback" not in scene.terminal.text


@on("sigterm")
def test_sigterm_in_mid_session_is_zero_first(scene: Scene) -> None:
    assert scene.seconds_to_zero(lambda: os.kill(scene.terminal.child.pid, signal.SIGTERM)) < 1.0
    assert scene.terminal.wait_for_end() == 0
    assert "Traceback" not in scene.terminal.text


@on("killed")
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
