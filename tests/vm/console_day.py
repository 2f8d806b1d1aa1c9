"""The plain console: a day with two power cuts and two upgrades."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from typing import ClassVar, Final

from tests.vm.day import Day, lines_of_diary, saved, who
from tests.vm.machine import Machine

GUARD: Final = "homestim-guard"
WELL: Final = {"ActiveState=active", "WatchdogUSec=2s", "NRestarts=0"}
DOCTOR: Final = "/usr/local/bin/homestim doctor --json --lang en 2>/dev/null"
CUT_AFTER: Final = 40
"""Records, before the power goes."""
AS_KIOSK: Final = "runuser -u homestim -- /opt/homestim/current/bin/python -I -c"
WRITES: Final = """
import asyncio, sys
from pathlib import Path
from kiosk.clock import SystemClock
from kiosk.diary.records import Entry
from kiosk.diary.store import open_store
async def write():
    with open_store(Path('/var/lib/homestim'), 'simulated', SystemClock()) as store:
        for number in range(100000):
            await store.add(Entry(moment='daily', pain_rest=number % 11))
            print('saved', number, flush=True)
asyncio.run(write())
"""
HELD_FOR_S: Final = 3
KEY_HELD: Final = "9"
"""It does nothing on the first page."""
HEARD: Final = """
import glob, os, select, struct, subprocess, time
shown = subprocess.run(["systemctl", "show", "-P", "MainPID", "homestim-console"], capture_output=True)
kiosk = int(shown.stdout)
def heard():
    return int(open(f"/proc/{kiosk}/io").readline().split()[1])
boards = [os.open(path, os.O_RDONLY | os.O_NONBLOCK) for path in glob.glob("/dev/input/event*")]
before, repeats, end_s = heard(), 0, None
print("held?", flush=True)
while end_s is None or time.monotonic() < end_s:
    for board in select.select(boards, [], [], 0.2)[0]:
        data = os.read(board, 24 * 64)
        for at in range(0, len(data), 24):
            _, _, kind, _, value = struct.unpack_from("qqHHi", data, at)
            repeats += kind == 1 and value == 2
            if kind == 1 and value == 0:
                end_s = time.monotonic() + 1
print("counted", repeats, heard() - before, "so far", flush=True)
"""
"""A key is held: how often its keyboard repeats it, and how many bytes reach the kiosk."""
DIARY: Final = "cat /var/lib/homestim/journal/*/*.jsonl"
UPGRADE_WITHIN_S: Final = 3600.0


class ConsoleDay(Day):
    OPTIONS: ClassVar = ("-accel", "tcg", "-icount", "shift=1", "-smp", "1")
    # -icount: the guest's time is counted in its instructions. However slow or busy this machine is, a lease
    # of 500 ms is as long for the guest as it has work for.
    SLOWNESS: ClassVar = 10.0

    def scenes(self) -> tuple[Callable[[Machine], None], ...]:
        return self.first, self.after_the_power_cut, self.after_another, self.upgrades

    def first(self, machine: Machine) -> None:
        picture = machine.picture("kiosk")
        self.row("the kiosk is on the screen, and says SIMULATOR", picture.name, "SIMULATOR" in machine.words)
        self.attempt("the guard's unit, and the doctor", lambda: self.doctor(machine))
        self.attempt("keys that get out of other kiosks", lambda: self.no_key_gets_out(machine))
        self.attempt("a held key", lambda: self.held_key(machine))
        self.attempt("a session by keys, until current flows", lambda: self.session(machine))
        self.attempt("Scroll Lock", lambda: self.scroll_lock(machine))
        self.attempt("the STOP key", lambda: self.zero(machine, lambda: machine.strike("stop")))
        self.attempt(
            "the console stops reading", lambda: self.zero(machine, lambda: self.console(machine, "OFF"))
        )
        machine.picture("while-the-console-stops-reading")
        self.console(machine, "ON")
        self.attempt(
            "the kiosk is killed", lambda: self.zero(machine, lambda: self.killed(machine, machine.face.unit))
        )
        self.attempt("it says so when it is back", lambda: self.it_says_so(machine))
        self.attempt("the power goes in mid-session", lambda: self.zero(machine, machine.kill))

    def after_the_power_cut(self, machine: Machine) -> None:
        self.attempt("it says that it has started again", lambda: self.it_says_so(machine))
        self.attempt("the diary after that", lambda: self.whole(machine))
        self.attempt("the guard is killed", lambda: self.zero(machine, lambda: self.killed(machine, GUARD)))
        self.attempt("it says that this is not known", lambda: self.it_says_so(machine))
        self.attempt("the power goes while the diary is written", lambda: self.cut_in_mid_write(machine))

    def after_another(self, machine: Machine) -> None:
        self.attempt("all that was called saved is there", lambda: self.all_saved(machine))

    def upgrades(self, machine: Machine) -> None:
        machine.asked("mount -o remount,rw /")
        self.attempt("an upgrade whose kiosk cannot draw", lambda: self.returns(machine, "0.9.8"))
        self.attempt("an upgrade", lambda: self.upgrade(machine, "0.9.9"))

    # ── what is done ──

    def doctor(self, machine: Machine) -> tuple[str, bool]:
        """The guard runs, held to its watchdog, and there is nothing to mend."""
        guard = machine.asked(f"systemctl show -p ActiveState,WatchdogUSec,NRestarts {GUARD}").split()
        said, _ = machine.answer(DOCTOR)
        found = json.loads(said)["findings"]
        to_mend = sorted(one["check"] for one in found if one["state"] == "fix")
        seen = f"{machine.asked('uname -m')}, guard: {', '.join(guard)}; {len(found)} checks, to mend: "
        return f"{seen}{', '.join(to_mend) or 'nothing'}", set(guard) == WELL and not to_mend

    def held_key(self, machine: Machine) -> tuple[str, bool]:
        """The keyboard repeats it, the console does not; with repeats switched on it would."""
        repeats, heard = self._heard_while_held(machine)
        machine.asked("printf '\\033[?8h' > /dev/tty1")
        again, heard_then = self._heard_while_held(machine)
        machine.asked("printf '\\033[?8l' > /dev/tty1")
        seen = f"{repeats} repeats, {heard} bytes to the kiosk; switched on again: {again}, {heard_then}"
        return seen, repeats > 10 and heard < repeats / 2 and heard_then >= again

    def _heard_while_held(self, machine: Machine) -> tuple[int, int]:
        machine.told(f"/usr/bin/python3 -I -u -c {shlex.quote(HEARD)}")
        machine.heard_until("held?", within_s=300.0)
        machine.hold(KEY_HELD, down=True)
        self.p24.sleep(HELD_FOR_S)
        machine.hold(KEY_HELD, down=False)
        counted = machine.heard_until("so far", within_s=300.0)
        repeats, heard = counted[counted.index("counted") :].split()[1:3]
        return int(repeats), int(heard)

    def scroll_lock(self, machine: Machine) -> tuple[str, bool]:
        """It does nothing at all: what flowed flows on, or the person's key that is none has stopped it."""
        before = who(machine)
        machine.strike("scroll_lock")
        machine.asked("sleep 2")
        frozen = machine.python(
            "import fcntl, os, struct, termios; print(struct.unpack('I', fcntl.ioctl("
            "os.open('/dev/tty1', os.O_RDONLY | os.O_NOCTTY), termios.TIOCOUTQ, b'0000'))[0])"
        )
        went_on = who(machine) == before and frozen == "0"
        return f"the same kiosk draws on: {went_on}", went_on

    def console(self, machine: Machine, flow: str) -> None:
        """As Scroll Lock would stop and start it, were that key not void."""
        program = (
            f"import fcntl, termios; fcntl.ioctl(open('/dev/tty1', 'rb'), termios.TCXONC, termios.TCO{flow})"
        )
        machine.told(f'/usr/bin/python3 -I -c "{program}"')

    def whole(self, machine: Machine) -> tuple[str, bool]:
        self._lines, seen, whole = lines_of_diary(machine)
        return f"{seen}, {self._lines} lines", whole

    def cut_in_mid_write(self, machine: Machine) -> tuple[str, bool]:
        machine.asked(f"systemctl stop {machine.face.unit}")
        self.whole(machine)
        machine.told(f"{AS_KIOSK} {shlex.quote(WRITES)}")
        heard = machine.heard_until(f"saved {CUT_AFTER}", within_s=600.0)
        self._saved = saved(heard + machine.kill())
        return f"cut after {self._saved} records had been called saved", True

    def all_saved(self, machine: Machine) -> tuple[str, bool]:
        lines, seen, whole = lines_of_diary(machine)
        there = lines - self._lines
        return f"{self._saved} called saved, {there} more lines; {seen}", whole and there >= self._saved

    def returns(self, machine: Machine, version: str) -> tuple[str, bool]:
        """To the version before, by itself."""
        old = version_of(machine)
        said, code, kept = self._installs(machine, version)
        is_back = code == 1 and f"is back on {old} and runs" in said and version_of(machine) == old
        return f"{said}; the kiosk is on the screen, the diary whole: {kept}", is_back and kept

    def upgrade(self, machine: Machine, version: str) -> tuple[str, bool]:
        said, code, kept = self._installs(machine, version)
        is_there = code == 0 and version_of(machine) == version
        return f"{said}; the kiosk is on the screen, the diary whole: {kept}", is_there and kept

    def _installs(self, machine: Machine, version: str) -> tuple[str, int, bool]:
        """What the script said last, its exit status, and whether the diary begins as it was."""
        size = int(machine.asked(f"{DIARY} | wc -c"))
        before = machine.asked(f"{DIARY} | sha256sum")
        said, code = machine.answer(f"/media/{version}/install --now", UPGRADE_WITHIN_S)
        machine.wait_for("device ready")
        machine.picture(f"after-{version}")
        same = machine.asked(f"{DIARY} | head -c {size} | sha256sum") == before
        _, _, whole = lines_of_diary(machine)
        return said.splitlines()[-1], code, same and whole


def version_of(machine: Machine) -> str:
    return machine.asked("readlink /opt/homestim/current")
